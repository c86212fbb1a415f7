//! Answers that are good for a moment: the databases are asked at most once a second, however many ask, and seldom enough
//! that one who watches keeps no session busy for more than a twentieth of the time.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// An answer is good for so long at least.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// And for so many times what it took.
const REST: u32 = 20;

/// The last answer and until when it is good, under the lock that lets one ask at a time.
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
            Some((until, answer)) if Instant::now() < *until => answer.clone(),
            _ => {
                let begun = Instant::now();
                let answer = asking.await;
                *last = Some((Instant::now() + GOOD_FOR.max(begun.elapsed() * REST), answer.clone()));
                answer
            }
        }
    }
}
