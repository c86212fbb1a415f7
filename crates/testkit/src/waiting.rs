//! Waiting for what sends no signal.

use std::time::{Duration, Instant};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// After this long a test hangs, and had better say so. Not a measure of speed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Looks again and again until `look` finds something, and returns it.
///
/// # Panics
/// It never does; `what` is named.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited for {what}, and it never came");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
