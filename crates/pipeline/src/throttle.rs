//! How much of its full speed an instance may use just now. Whoever watches the database says so, over a watch channel;
//! the claim loop obeys.

use std::sync::Arc;

use tokio::sync::watch;

/// How much of its full speed an instance may use just now, and why not all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Headroom {
    /// 0 (claim nobody) to 1 (flat out).
    pub share: f64,
    /// Why it is below 1, for people; none when it is 1.
    pub reason: Option<Arc<str>>,
}

impl Headroom {
    /// All of it: flat out.
    #[must_use]
    pub const fn full() -> Self {
        Self { share: 1.0, reason: None }
    }

    /// What to follow where nobody watches the database: always full.
    #[must_use]
    pub fn unthrottled() -> watch::Receiver<Self> {
        watch::Sender::new(Self::full()).subscribe()
    }
}

impl Default for Headroom {
    fn default() -> Self {
        Self::full()
    }
}
