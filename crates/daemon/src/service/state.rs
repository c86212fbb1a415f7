//! What the daemon's parts know of each other, and what its pages show.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use crate::any_store::AnyStore;
use cardgenius_pipeline::observe::Observe;
use cardgenius_store::inspection::Intent;
use chrono::{DateTime, Utc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::commands::check::sound_store;
use crate::config::Config;
use crate::exit::Exit;
use crate::metrics::Metrics;
use crate::observer::MetricsObserver;
use crate::sampler::Sampler;

/// Sessions for looking: one for what is due and for those who watch, one for the samples, which may take their time.
const LOOKS: usize = 2;

/// The daemon, as its pages see it.
pub struct State {
    /// As it was at the start.
    pub config: Config,
    /// When this instance started, by its own clock.
    pub started_at: DateTime<Utc>,
    /// What is counted and measured.
    pub metrics: Arc<Metrics>,
    store: OnceLock<Arc<AnyStore>>,
    /// The catalogue's hash, or what is wrong with it.
    catalogue: Mutex<Option<Result<String, String>>>,
}

impl State {
    /// Before anything was reached.
    ///
    /// # Errors
    /// The metrics contradict each other: a fault of the program, which was said.
    pub fn new(config: Config) -> Result<Arc<Self>, Exit> {
        let metrics = Metrics::new().map_err(|error| {
            error!(%error, "the metrics contradict each other; please report it");
            Exit::Failed
        })?;
        metrics.workers(config.pipeline.workers);
        let started_at = DateTime::<Utc>::from(SystemTime::now());
        Ok(Arc::new(Self { config, started_at, metrics, store: OnceLock::new(), catalogue: Mutex::default() }))
    }

    /// Databases that were found sound for a run as `intent` says, counted and measured, with sessions for those who watch.
    ///
    /// # Errors
    /// The exit code, after everything that is wrong was said.
    pub async fn sound_store(&self, intent: &Intent) -> Result<Arc<AnyStore>, Exit> {
        let store = Box::pin(sound_store(&self.config, LOOKS, intent)).await?;
        let store = Arc::new(store.observed_by(self.observer()));
        // Told once only.
        let _ = self.store.set(store.clone());
        Ok(store)
    }

    /// Counts what happens.
    #[must_use]
    pub fn observer(&self) -> Arc<dyn Observe> {
        MetricsObserver::new(self.metrics.clone())
    }

    /// Samples what only the database knows, until `over`.
    pub fn sample(&self, store: Arc<AnyStore>, over: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(Sampler::run(store, self.metrics.clone(), self.config.metrics.clone(), over))
    }

    /// The databases, once they were found sound.
    #[must_use]
    pub fn store(&self) -> Option<&Arc<AnyStore>> {
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
