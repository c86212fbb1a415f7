//! What the daemon's parts know of each other, and what its pages show.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use cardgenius_store::postgres::PostgresStore;
use chrono::{DateTime, Utc};

use crate::config::Config;

/// The daemon, as its pages see it.
pub struct State {
    /// As it was at the start.
    pub config: Config,
    /// When this instance started, by its own clock.
    pub started_at: DateTime<Utc>,
    store: OnceLock<Arc<PostgresStore>>,
    /// The catalogue's hash, or what is wrong with it.
    catalogue: Mutex<Option<Result<String, String>>>,
}

impl State {
    /// Before anything was reached.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let started_at = DateTime::<Utc>::from(SystemTime::now());
        Self { config, started_at, store: OnceLock::new(), catalogue: Mutex::default() }
    }

    /// From now on there are databases that were found sound.
    pub fn has_store(&self, store: Arc<PostgresStore>) {
        // Told once only.
        let _ = self.store.set(store);
    }

    /// The databases, once they were found sound.
    #[must_use]
    pub fn store(&self) -> Option<&Arc<PostgresStore>> {
        self.store.get()
    }

    /// The configured catalogue's hash, or what is wrong with it; whether that is news.
    pub fn has_catalogue(&self, catalogue: Result<String, String>) -> bool {
        let mut known = self.catalogue.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = known.as_ref() != Some(&catalogue);
        *known = Some(catalogue);
        is_news
    }

    /// The configured catalogue's hash, or what is wrong with it; none before it was first read.
    #[must_use]
    pub fn catalogue(&self) -> Option<Result<String, String>> {
        self.catalogue.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
