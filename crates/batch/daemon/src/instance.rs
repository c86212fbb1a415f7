//! One start of the program on one database: checked, its lease kept, its part in a run taken, and ended cleanly.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::any_store::AnyStore;
use cardgenius_engine::Engine;
use cardgenius_engine::catalogue::Catalogue;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::compute::Workers;
use cardgenius_pipeline::config::PipelineConfig;
use cardgenius_pipeline::finish::Shared;
use cardgenius_pipeline::lease::{LeaseKeeper, LeaseView};
use cardgenius_pipeline::observe::{HeldBack, Observe, Waits};
use cardgenius_pipeline::policy::Policy;
use cardgenius_pipeline::ports::{Run, RunRequest, Store};
use cardgenius_pipeline::progress::Progress;
use cardgenius_pipeline::run::{Ended, take_part};
use cardgenius_pipeline::sweep::keep_sweeping;
use cardgenius_pipeline::throttle::{Headroom, ThrottleConfig, Watcher};
use tokio::sync::{Semaphore, watch as channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{info, warn};

use crate::config::{Config, RunConfig};
use crate::{backfill_hours, watch, wiring};

/// For each of the last calls on a database, when a stop was asked for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A live instance: it holds a lease, and sweeps those that died.
pub struct Instance {
    store: Arc<AnyStore>,
    config: PipelineConfig,
    throttle: Option<ThrottleConfig>,
    run: RunConfig,
    lease: LeaseView,
    observer: Arc<dyn Observe>,
    /// Ends the tasks below; not before everything that needs the lease is over.
    over: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Instance {
    /// Registers, and starts renewing the lease and sweeping.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn start(
        store: Arc<AnyStore>,
        config: &Config,
        observer: Arc<dyn Observe>,
    ) -> Result<Self, DatabaseError> {
        let throttle = wiring::throttle_config(config);
        let (config, run) = (wiring::pipeline_config(config), config.run.clone());
        let keeper =
            LeaseKeeper::start(store.as_ref(), config.lease, config.renew).await?.observed_by(observer.clone());
        let (over, lease) = (CancellationToken::new(), keeper.view());
        let tasks = vec![
            tokio::spawn(keeper.keep(store.clone(), over.clone())),
            tokio::spawn(keep_sweeping(store.clone(), config.lease, config.sweep, observer.clone(), over.clone())),
        ];
        Ok(Self { store, config, run, throttle, lease, observer, over, tasks })
    }

    /// Opens the run that is asked for, or finds the open one.
    ///
    /// # Errors
    /// The run could not be opened.
    pub async fn open(&self, request: &RunRequest) -> Result<Run, DatabaseError> {
        self.store.open_or_join(request).await
    }

    /// Works at a run until it is over or `stop` asks to end, with the run's catalogue and date.
    pub async fn take_part(&self, run: &Run, stop: CancellationToken) -> Ended {
        info!(
            run.id = %run.run_id, kind = run.kind, users = run.backlog, as_of = %run.as_of, opened = run.opened_here,
            "{}", if run.opened_here { "opened a run" } else { "joined the open run, with its catalogue and its date" }
        );
        let watched = CancellationToken::new();
        let (headroom, throttling) = self.throttle(&stop, &watched).await;
        let preparing = Box::pin(self.shared(run, headroom, stop.clone()));
        let shared = match stop.run_until_cancelled(preparing).await {
            Some(Ok(shared)) => Arc::new(shared),
            unprepared => {
                watched.cancel();
                return unprepared.and_then(Result::err).map_or(Ended::Stopped, Ended::Failed);
            }
        };
        let watching = tokio::spawn(watch::watch(shared.clone(), run.clone(), watched.clone()));
        // Among the connections' own tasks: a claim's answer comes in hundreds of pieces, each of which would have to wake a
        // thread that waits outside.
        let part = AbortOnDropHandle::new(tokio::spawn(take_part(shared, run.run_id)));
        let ended = part.await.unwrap_or_else(|error| {
            Ended::Failed(DatabaseError::caused(ErrorKind::Bug, "the task that takes part in the run panicked", error))
        });
        watched.cancel();
        // They change nothing of the run; if one panicked or hangs, the run is none the worse.
        for mut task in [Some(watching), throttling].into_iter().flatten() {
            if timeout(LAST_WORDS, &mut task).await.is_err() {
                task.abort();
            }
        }
        ended
    }

    /// Watches the databases until `over`. The first look is over when this returns, unless a stop is asked for.
    async fn throttle(
        &self,
        stop: &CancellationToken,
        over: &CancellationToken,
    ) -> (channel::Receiver<Headroom>, Option<JoinHandle<()>>) {
        let Some(config) = self.throttle.clone() else { return (Headroom::unthrottled(), None) };
        let starting = Box::pin(Watcher::start(self.store.clone(), config, self.observer.clone()));
        match stop.run_until_cancelled(starting).await {
            Some((watcher, headroom)) => (headroom, Some(tokio::spawn(watcher.keep(over.clone())))),
            None => (Headroom::unthrottled(), None),
        }
    }

    async fn shared(
        &self,
        run: &Run,
        headroom: channel::Receiver<Headroom>,
        stop: CancellationToken,
    ) -> Result<Shared<AnyStore, Engine>, DatabaseError> {
        let catalogue = Catalogue::parse(run.catalogue_text.as_bytes()).map_err(|faults| {
            let doing = "this version of the program cannot use the open run's catalogue";
            DatabaseError::caused(ErrorKind::Refused, doing, faults)
        })?;
        let engine = Arc::new(Engine::compile(&catalogue, run.as_of));
        let threads = NonZeroUsize::new(self.config.workers).unwrap_or(NonZeroUsize::MIN);
        Ok(Shared {
            encoder: Arc::new(self.store.encoder(&engine).await?),
            store: self.store.clone(),
            engine,
            workers: Workers::new(threads)?.observed_by(self.observer.clone()),
            lease: self.lease.clone(),
            sessions: Semaphore::new(self.config.sessions),
            slots: channel::Sender::new(None),
            policy: Policy::new(&self.config),
            config: self.config.clone(),
            progress: Progress::default(),
            run_id: run.run_id,
            observer: self.observer.clone(),
            outages: Waits::new(HeldBack::Outage),
            headroom,
            hours: backfill_hours::of_run(&run.kind, &self.run),
            stop,
        })
    }

    /// Ends the lease and the tasks that kept it.
    pub async fn end(self) {
        self.over.cancel();
        // A stop must not wait for a database that does not answer: nothing of this is needed, it only saves others a sweep.
        for mut task in self.tasks {
            if timeout(LAST_WORDS, &mut task).await.is_err() {
                task.abort();
            }
        }
        match timeout(LAST_WORDS, self.store.deregister()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                warn!(kind = error.kind().name(), %error, "could not end the lease; it runs out by itself");
            }
            Err(_) => warn!("could not end the lease in time; it runs out by itself"),
        }
    }
}
