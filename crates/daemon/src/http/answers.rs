//! Answers that are good for a moment: the databases are asked at most once a second, however many ask.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// An answer is good for so long.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// The last answer, under the lock that lets one ask at a time.
#[derive(Debug)]
pub(super) struct Answers<T> {
    last: Mutex<Option<(Instant, T)>>,
}

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self { last: Mutex::new(None) }
    }
}

impl<T: Clone> Answers<T> {
    /// The last answer, or one that is asked for now.
    pub(super) async fn get(&self, asking: impl Future<Output = T>) -> T {
        let mut last = self.last.lock().await;
        match &*last {
            Some((at, answer)) if at.elapsed() < GOOD_FOR => answer.clone(),
            _ => {
                let answer = asking.await;
                *last = Some((Instant::now(), answer.clone()));
                answer
            }
        }
    }
}
