//! A run on a real server moves the metrics as it should, and the sampler reads what only the database knows.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use cardgenius_daemon::any_store::AnyStore;
use cardgenius_daemon::catalogue_file::CatalogueText;
use cardgenius_daemon::config::MetricsConfig;
use cardgenius_daemon::metrics::Metrics;
use cardgenius_daemon::observer::MetricsObserver;
use cardgenius_daemon::sampler::Sampler;
use cardgenius_embedded::PostgresOptions;
use cardgenius_engine::Engine;
use cardgenius_engine::catalogue::Catalogue;
use cardgenius_pipeline::compute::Workers;
use cardgenius_pipeline::config::PipelineConfig;
use cardgenius_pipeline::finish::Shared;
use cardgenius_pipeline::hours::AtAnyHour;
use cardgenius_pipeline::lease::LeaseKeeper;
use cardgenius_pipeline::observe::{HeldBack, Observe, Waits};
use cardgenius_pipeline::policy::Policy;
use cardgenius_pipeline::ports::{Run, RunRequest, RunState, Store};
use cardgenius_pipeline::progress::Progress;
use cardgenius_pipeline::run::{Ended, take_part};
use cardgenius_pipeline::throttle::Headroom;
use cardgenius_store::config::{CallLimits, DatabaseConfig, StoreConfig, TableNames};
use cardgenius_store::migrate::MigrateConfig;
use cardgenius_store::migrate::migrate;
use cardgenius_testkit::{Database, TestServer, populate, until};
use chrono::NaiveDate;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const CUSTOMER: &str = include_str!("../../sql/postgres/customer/user_spending_data.sql");

const LEASE: Duration = Duration::from_secs(600);

/// An instance at a database of its own, its metrics, and a sampler beside it.
struct Place<'s> {
    database: Database<'s>,
    store: Arc<AnyStore>,
    metrics: Arc<Metrics>,
    observer: Arc<MetricsObserver>,
    stop: CancellationToken,
}

impl<'s> Place<'s> {
    async fn fresh(server: &'s TestServer) -> Self {
        let database = server.empty();
        database.psql(CUSTOMER);
        let (source, tables) =
            (DatabaseConfig { url: database.url(), ..DatabaseConfig::default() }, TableNames::default());
        let (limits, target) = (CallLimits::default(), None);
        migrate(&MigrateConfig { source: source.clone(), target: None, tables: tables.clone(), limits }, &mut |_| {})
            .await
            .unwrap();
        let (instance_id, host) = (Uuid::new_v4(), "here".to_owned());
        let config = StoreConfig { source, target, tables, limits, sessions: 2, looks: 0, instance_id, host };
        let metrics = Metrics::new().unwrap();
        let observer = MetricsObserver::new(metrics.clone());
        let store = Arc::new(AnyStore::new(&config).unwrap().observed_by(observer.clone()));
        Self { database, store, metrics, observer, stop: CancellationToken::new() }
    }

    fn sample(&self) -> tokio::task::JoinHandle<()> {
        let config = MetricsConfig { sample_ms: 1_000 };
        tokio::spawn(Sampler::run(self.store.clone(), self.metrics.clone(), config, self.stop.clone()))
    }

    async fn open(&self) -> Run {
        let text = CatalogueText::read(None).unwrap();
        self.store
            .open_or_join(&RunRequest {
                kind: "backfill".into(),
                trigger: "test".into(),
                scheduled_for: None,
                max_users: None,
                as_of: NaiveDate::from_ymd_opt(2026, 4, 1).unwrap(),
                catalogue_hash: "0".repeat(64),
                catalogue_text: String::from_utf8(text.bytes().to_vec()).unwrap(),
                abandon_after: LEASE,
            })
            .await
            .unwrap()
    }

    async fn take_part(&self, run: &Run) -> Ended {
        let config = PipelineConfig { chunk_rows: 1_000, ..PipelineConfig::default() };
        let observer: Arc<dyn Observe> = self.observer.clone();
        let keeper = LeaseKeeper::start(self.store.as_ref(), LEASE, LEASE).await.unwrap().observed_by(observer.clone());
        let engine = Arc::new(Engine::compile(&Catalogue::parse(run.catalogue_text.as_bytes()).unwrap(), run.as_of));
        let shared = Shared {
            encoder: Arc::new(self.store.encoder(&engine).await.unwrap()),
            store: self.store.clone(),
            engine,
            workers: Workers::new(NonZeroUsize::MIN).unwrap().observed_by(observer.clone()),
            lease: keeper.view(),
            sessions: Semaphore::new(config.sessions),
            slots: watch::Sender::new(None),
            policy: Policy::new(&config),
            config,
            progress: Progress::default(),
            run_id: run.run_id,
            observer,
            outages: Waits::new(HeldBack::Outage),
            headroom: Headroom::unthrottled(),
            hours: Arc::new(AtAnyHour),
            stop: CancellationToken::new(),
        };
        Box::pin(take_part(Arc::new(shared), run.run_id)).await
    }

    /// A series' value now.
    fn value(&self, series: &str) -> f64 {
        let text = self.metrics.render();
        let mut found = text.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        found.next().unwrap_or_else(|| panic!("no series {series} in:\n{text}")).parse().unwrap()
    }

    async fn until_is(&self, series: &str, expected: f64) {
        until(&format!("{series} is {expected}"), async || (self.value(series) == expected).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_moves_the_metrics_and_the_sampler_reads_the_rest() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let place = Place::fresh(&server).await;
    populate(&place.database.connect().await, &place.database.tables, 3_000, 17).await;
    place.database.psql(
        "UPDATE {{input}} SET avg_amazon_gmv = -1 WHERE user_id IN (SELECT user_id FROM {{input}} ORDER BY user_id LIMIT 7);
         ANALYZE {{input}}",
    );
    let sampling = place.sample();
    place.until_is("cardgenius_backlog_users{status=\"new\"}", 3_000.0).await;
    assert_eq!(place.value("cardgenius_database_up{database=\"source\"}"), 1.0);
    assert_eq!(place.value("cardgenius_database_up{database=\"target\"}"), 1.0, "it is the source");
    assert_eq!(place.value("cardgenius_pool_size{database=\"source\"}"), 4.0);

    let run = place.open().await;
    place.metrics.run_opened(&run);
    assert_eq!(place.value("cardgenius_run_in_progress{kind=\"backfill\"}"), 1.0);
    assert_eq!(place.value("cardgenius_run_users"), 3_000.0);
    assert!(matches!(place.take_part(&run).await, Ended::Closed(RunState::Done)));
    place.metrics.run_closed(&run.kind, RunState::Done);

    let bytes = place.value("cardgenius_copy_bytes_total");
    assert!((10.0 * 2_993.0 * 50.0..10.0 * 2_993.0 * 300.0).contains(&bytes), "{bytes} bytes");
    for (series, expected) in [
        ("cardgenius_users_total{outcome=\"completed\"}", 2_993.0),
        ("cardgenius_users_total{outcome=\"failed\"}", 7.0),
        ("cardgenius_users_total{outcome=\"returned\"}", 0.0),
        ("cardgenius_rows_copied_total", 29_930.0),
        ("cardgenius_chunks_total{outcome=\"settled\"}", 3.0),
        ("cardgenius_chunk_users_sum", 3_000.0),
        ("cardgenius_chunks_in_flight", 0.0),
        ("cardgenius_workers_active", 0.0),
        ("concurrent_workers_active", 0.0),
        ("batch_processing_time_seconds_count", 3.0),
        ("cardgenius_stage_duration_seconds_count{stage=\"compute\"}", 3.0),
        ("cardgenius_stage_duration_seconds_count{stage=\"load\"}", 3.0),
        ("cardgenius_stage_duration_seconds_count{stage=\"finish\"}", 3.0),
        // One of 1,000 users in groups of 16: 63 a chunk.
        ("user_processing_time_seconds_count", 189.0),
        // A claim and a finish for each chunk.
        ("cardgenius_row_lock_seconds_count", 6.0),
        ("cardgenius_runs_total{kind=\"backfill\",state=\"done\"}", 1.0),
        ("cardgenius_run_in_progress{kind=\"backfill\"}", 0.0),
        ("cardgenius_lease_valid", 1.0),
    ] {
        assert_eq!(place.value(series), expected, "{series}");
    }
    assert!(place.value("cardgenius_row_lock_longest_seconds") > 0.0);
    let stages: f64 = ["claim", "compute", "load", "finish"]
        .map(|stage| place.value(&format!("cardgenius_stage_duration_seconds_sum{{stage=\"{stage}\"}}")))
        .iter()
        .sum();
    assert!(stages > 0.0);

    place.until_is("cardgenius_backlog_users{status=\"new\"}", 0.0).await;
    place.until_is("cardgenius_backlog_users{status=\"failed\"}", 7.0).await;
    place.until_is("cardgenius_backlog_users{status=\"completed\"}", 2_993.0).await;
    place.until_is("cardgenius_instances{state=\"live\"}", 1.0).await;
    until("the last success is read", async || {
        (place.value("cardgenius_last_success_timestamp_seconds{kind=\"backfill\"}") > 1.6e9).then_some(())
    })
    .await;
    place.stop.cancel();
    sampling.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_run_a_pause_a_dead_instance_and_an_orphan_are_sampled_and_an_outage_keeps_the_last_figures() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let place = Place::fresh(&server).await;
    populate(&place.database.connect().await, &place.database.tables, 100, 23).await;
    place.store.register(LEASE).await.unwrap();
    let run = place.open().await;
    place.database.psql(&format!(
        "UPDATE cardgenius_control SET paused = true;
         INSERT INTO cardgenius_instances (instance_id, host, process_id, program_version, lease_until)
             VALUES (gen_random_uuid(), 'gone', 1, '0', clock_timestamp() - interval '1 second');
         INSERT INTO {{{{claims}}}} (claim_id, run_id, owner, state, users, first_user_id, last_user_id, completed, rows_loaded,
             closed_at)
             VALUES (gen_random_uuid(), '{}', gen_random_uuid(), 'finished', 40, 'a', 'b', 40, 400, clock_timestamp());
         UPDATE {{{{input}}}} SET processing_status = 'pending'
             WHERE user_id IN (SELECT user_id FROM {{{{input}}}} ORDER BY user_id LIMIT 3)",
        run.run_id
    ));
    let sampling = place.sample();
    for (series, expected) in [
        ("cardgenius_run_in_progress{kind=\"backfill\"}", 1.0),
        ("cardgenius_run_settled_users", 40.0),
        ("cardgenius_run_progress_ratio", 0.4),
        ("cardgenius_paused", 1.0),
        ("cardgenius_instances{state=\"live\"}", 1.0),
        ("cardgenius_instances{state=\"expired\"}", 1.0),
        ("cardgenius_pending_without_claim_users", 3.0),
        ("cardgenius_backlog_users{status=\"new\"}", 97.0),
    ] {
        place.until_is(series, expected).await;
    }
    assert!(place.value("cardgenius_run_started_timestamp_seconds") > 1.6e9);
    assert!(place.value("cardgenius_run_last_progress_timestamp_seconds") > 1.6e9);
    assert!(place.value("cardgenius_paused_since_timestamp_seconds") > 1.6e9);
    // Nobody can work with a table that is gone; what was known stays.
    place.database.psql("ALTER TABLE cardgenius_control RENAME TO elsewhere");
    place.until_is("cardgenius_database_up{database=\"source\"}", 0.0).await;
    assert_eq!(place.value("cardgenius_paused"), 1.0);
    place
        .database
        .psql("ALTER TABLE elsewhere RENAME TO cardgenius_control; UPDATE cardgenius_control SET paused = false");
    place.until_is("cardgenius_database_up{database=\"source\"}", 1.0).await;
    place.until_is("cardgenius_paused", 0.0).await;
    place.stop.cancel();
    sampling.await.unwrap();
}
