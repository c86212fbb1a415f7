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
    /// Why this instance cannot register, though the database answers; none once it has, and before it has tried.
    unregistered: Mutex<Option<String>>,
    /// Why this instance's last part in a run failed; none where it did not.
    setback: Mutex<Option<String>>,
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
        Ok(Arc::new(Self {
            config,
            started_at,
            metrics,
            store: OnceLock::new(),
            catalogue: Mutex::default(),
            unregistered: Mutex::default(),
            setback: Mutex::default(),
        }))
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

    /// Whether this instance could register, and why not.
    pub fn registers(&self, fault: Option<String>) {
        *self.unregistered.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Why nothing that this instance writes is committed just now, as far as it knows: it asks no database.
    #[must_use]
    pub fn commit_fault(&self) -> Option<String> {
        let unregistered = self.unregistered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        unregistered.map(|why| format!("this instance cannot register: {why}")).or_else(|| {
            let why = "this instance's lease ran out: its renewals were not committed in time; see the log";
            self.metrics.lease_ran_out().then(|| why.to_owned())
        })
    }

    /// So many of this instance's parts in runs have failed one after the other, the last of them for this reason.
    pub fn parts_failed(&self, times: u32, why: Option<String>) {
        self.metrics.parts_failed(times);
        let setback =
            why.map(|why| format!("this instance's part in a run failed, {times} in a row; the last time: {why}"));
        *self.setback.lock().unwrap_or_else(PoisonError::into_inner) = setback;
    }

    /// Why this instance's last part in a run failed.
    #[must_use]
    pub fn setback(&self) -> Option<String> {
        self.setback.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
