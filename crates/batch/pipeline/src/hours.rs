//! The hours in which a run may claim. Which they are, and what time it is, is told from outside: the pipeline has no
//! calendar.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Nobody may be claimed at this hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shut {
    /// Until somebody may, by the clock as it is set now.
    pub opens_in: Duration,
    /// For people: until when, and by which setting.
    pub reason: Arc<str>,
}

/// When users may be claimed.
pub trait Hours: fmt::Debug + Send + Sync + 'static {
    /// Whether nobody may be claimed just now. Asked before each claim, and every few seconds while they are shut.
    fn shut(&self) -> Option<Shut>;
}

/// Always.
#[derive(Clone, Copy, Debug, Default)]
pub struct AtAnyHour;

impl Hours for AtAnyHour {
    fn shut(&self) -> Option<Shut> {
        None
    }
}
