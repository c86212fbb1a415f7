//! How long users' rows are locked by us.

use cardgenius_pipeline::observe::Observe;
use tokio::time::Instant;

/// From before the statement that locks the first user's row until the transaction's end was answered, or it was
/// dropped: declared after the transaction and dropped with it.
pub(super) struct LockWatch<'a> {
    observer: &'a dyn Observe,
    since: Option<Instant>,
}

impl<'a> LockWatch<'a> {
    pub(super) fn begin(observer: &'a dyn Observe) -> Self {
        Self { observer, since: Some(Instant::now()) }
    }

    /// There was nobody to lock.
    pub(super) const fn nobody(&mut self) {
        self.since = None;
    }
}

impl Drop for LockWatch<'_> {
    fn drop(&mut self) {
        if let Some(since) = self.since {
            self.observer.users_locked(since.elapsed());
        }
    }
}
