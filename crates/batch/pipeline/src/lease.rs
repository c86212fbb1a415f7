//! The lease: this instance's word that it is alive, renewed by the database's clock and trusted by our own.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::observe::{Observe, Unobserved};
use crate::ports::Store;
use cardgenius_failure::error::DatabaseError;

/// What the rest of the program knows of the lease.
///
/// It is counted by the monotonic clock from when the last successful renewal was *sent*, so it ends here no later than
/// in the database, whatever the wall clocks do.
#[derive(Clone, Debug)]
pub struct LeaseView {
    valid_until: watch::Receiver<Instant>,
}

impl LeaseView {
    /// Whether the lease certainly holds now.
    #[must_use]
    pub fn holds(&self) -> bool {
        Instant::now() < *self.valid_until.borrow()
    }

    /// Waits until the lease holds: whoever could not renew starts no claim and no finish.
    pub async fn held(&mut self) {
        while !self.holds() {
            if self.valid_until.changed().await.is_err() {
                // Nobody renews any more: the program is ending, and there is nothing to wait for.
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Renews the lease until told to stop.
#[derive(Debug)]
pub struct LeaseKeeper {
    valid_until: watch::Sender<Instant>,
    lease: Duration,
    renew: Duration,
    observer: Arc<dyn Observe>,
}

impl LeaseKeeper {
    /// Registers this instance and starts its lease.
    ///
    /// # Errors
    /// The database could not be asked, or refused.
    pub async fn start<S: Store>(store: &S, lease: Duration, renew: Duration) -> Result<Self, DatabaseError> {
        let sent = Instant::now();
        store.register(lease).await?;
        let (valid_until, _) = watch::channel(sent + lease);
        Ok(Self { valid_until, lease, renew, observer: Arc::new(Unobserved) })
    }

    /// The same keeper, with `observer` told how long the lease holds and of every renewal.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observe>) -> Self {
        observer.lease_started(*self.valid_until.borrow());
        self.observer = observer;
        self
    }

    /// A view for those who must know.
    #[must_use]
    pub fn view(&self) -> LeaseView {
        LeaseView { valid_until: self.valid_until.subscribe() }
    }

    /// Renews every `renew` until `stop`. A renewal that fails is tried again every second: the lease is long enough for
    /// several.
    pub async fn keep<S: Store>(self, store: Arc<S>, stop: CancellationToken) {
        let mut wait = self.renew;
        while stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
            let sent = Instant::now();
            match store.renew(self.lease).await {
                Ok(()) => {
                    self.valid_until.send_replace(sent + self.lease);
                    self.observer.lease_renewed(sent + self.lease);
                    wait = self.renew;
                }
                Err(error) => {
                    self.observer.lease_not_renewed(error.kind());
                    warn!(kind = error.kind().name(), %error, "the lease could not be renewed; trying again");
                    wait = self.renew.min(Duration::from_secs(1));
                }
            }
        }
    }
}
