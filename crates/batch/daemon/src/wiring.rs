//! From the configuration to what each crate wants to be told. The only place that knows which database is which kind.

use std::collections::BTreeSet;
use std::time::Duration;

use cardgenius_engine::catalogue::Catalogue;
use cardgenius_pipeline::config::PipelineConfig;
use cardgenius_pipeline::throttle::ThrottleConfig;
use cardgenius_pipeline::verdict::{Band, Limits};
use cardgenius_store::config::{CallLimits, DatabaseConfig, StoreConfig, TableNames};
use cardgenius_store::family::same_database;
use cardgenius_store::inspection::Intent;
use cardgenius_store::migrate::MigrateConfig;
use uuid::Uuid;

use crate::config::{Config, ConfigError, Password, SignIn};

const fn milliseconds(value: u64) -> Duration {
    Duration::from_millis(value)
}

/// What the pipeline is told.
#[must_use]
pub fn pipeline_config(config: &Config) -> PipelineConfig {
    let (pipeline, lease, retry) = (&config.pipeline, &config.lease, &config.retry);
    PipelineConfig {
        workers: pipeline.workers,
        chunk_rows: pipeline.chunk_rows,
        min_chunk_rows: pipeline.min_chunk_rows,
        chunk_target: milliseconds(pipeline.chunk_target_ms),
        max_users_per_second: pipeline.max_users_per_second,
        chunks_in_flight: pipeline.chunks_in_flight,
        sessions: pipeline.sessions,
        chunk_deadline: milliseconds(pipeline.chunk_deadline_ms),
        max_passes: pipeline.max_passes,
        grace: milliseconds(pipeline.grace_ms),
        locked_wait: milliseconds(config.run.locked_wait_ms),
        max_poison_share: pipeline.max_poison_share,
        poison_min_users: pipeline.poison_min_users,
        lease: milliseconds(lease.lease_ms),
        renew: milliseconds(lease.renew_ms),
        sweep: milliseconds(lease.sweep_ms),
        attempts: retry.attempts,
        retry_base: milliseconds(retry.base_ms),
        retry_max: milliseconds(retry.max_ms),
        outage: milliseconds(retry.outage_ms),
    }
}

/// What the throttle is told; none: there is none.
#[must_use]
pub fn throttle_config(config: &Config) -> Option<ThrottleConfig> {
    const BYTES_OF_MIB: f64 = 1_048_576.0;
    let throttle = &config.throttle;
    let band = |slow: u64, pause: u64, unit: f64| {
        (pause > 0).then_some(Band { slow: slow as f64 * unit, pause: pause as f64 * unit })
    };
    let milliseconds_of = |slow, pause| band(slow, pause, 0.001);
    let mib_of = |slow, pause| band(slow, pause, BYTES_OF_MIB);
    throttle.enabled.then(|| ThrottleConfig {
        look: milliseconds(throttle.look_ms),
        limits: Limits {
            replica_lag: milliseconds_of(throttle.replica_lag_slow_ms, throttle.replica_lag_pause_ms),
            replica_behind: mib_of(throttle.replica_behind_slow_mib, throttle.replica_behind_pause_mib),
            slot_wal: mib_of(throttle.slot_wal_slow_mib, throttle.slot_wal_pause_mib),
            archive_behind: mib_of(throttle.archive_behind_slow_mib, throttle.archive_behind_pause_mib),
            blocked: milliseconds_of(throttle.blocked_slow_ms, throttle.blocked_pause_ms),
            free_disk: mib_of(throttle.free_disk_slow_mib, throttle.free_disk_pause_mib),
            upkeep_share: throttle.upkeep_share,
            ignored: throttle.ignored.clone(),
        },
        stop_query: throttle.stop_query.clone(),
    })
}

/// What the store is told, for this start of this instance.
///
/// # Errors
/// No database is named, or a password file cannot be read.
pub fn store_config(config: &Config, instance_id: Uuid) -> Result<StoreConfig, ConfigError> {
    let source = config.source_sign_in()?;
    Ok(StoreConfig {
        target: second_database(config, &source)?,
        source: database(&source),
        tables: tables(config),
        limits: limits(config),
        sessions: config.pipeline.sessions,
        looks: 0,
        instance_id,
        host: host_name(),
    })
}

/// What a run intends, for the inspection before it: with the texts of the catalogue, where there is one already.
#[must_use]
pub fn intent(config: &Config, catalogue: Option<(&Catalogue, &str)>) -> Intent {
    let text = catalogue.map_or("", |(_, text)| text);
    let characters: BTreeSet<char> = text.chars().filter(|character| !character.is_ascii()).collect();
    let cards =
        || catalogue.into_iter().map(|(catalogue, _)| catalogue).flat_map(Catalogue::cards).filter(|card| card.active);
    let mut redemption_methods: Vec<String> =
        cards().flat_map(|card| &card.redemption_options).map(|option| option.published_method().to_owned()).collect();
    redemption_methods.sort_unstable();
    redemption_methods.dedup();
    Intent {
        allow_cascade: config.target.allow_cascade,
        card_names: cards().map(|card| card.card_name.clone()).collect(),
        redemption_methods,
        characters: characters.into_iter().collect(),
    }
}

/// What a migration is told.
///
/// # Errors
/// As [`store_config`].
pub fn migrate_config(config: &Config) -> Result<MigrateConfig, ConfigError> {
    Ok(MigrateConfig {
        source: database(&config.migrate_sign_in()?),
        target: match config.target.url {
            // With an address of its own it need not know the daemon's.
            Some(_) => second_database(config, &config.source_sign_in()?)?,
            None => None,
        },
        tables: tables(config),
        limits: limits(config),
    })
}

/// The target, if it is another database than the source: one transaction cannot span two.
fn second_database(config: &Config, source: &SignIn) -> Result<Option<DatabaseConfig>, ConfigError> {
    let target = config.target_sign_in()?;
    Ok((!same_database(source.url.expose(), target.url.expose())).then(|| database(&target)))
}

/// The customer's names.
#[must_use]
pub fn tables(config: &Config) -> TableNames {
    TableNames {
        source_schema: config.source_schema(),
        source_table: config.source.table.clone(),
        target_schema: config.target_schema(),
        target_table: config.target.table.clone(),
        monthly_income: config.source.columns.monthly_income.clone(),
        credit_score: config.source.columns.credit_score.clone(),
    }
}

fn database(sign_in: &SignIn) -> DatabaseConfig {
    let (password, password_file) = match &sign_in.password {
        Password::InUrl => (None, None),
        Password::Text(secret) => (Some(secret.expose().to_owned()), None),
        Password::File(path) => (None, Some(path.clone())),
    };
    DatabaseConfig { url: sign_in.url.expose().to_owned(), password, password_file }
}

const fn limits(config: &Config) -> CallLimits {
    let limits = &config.limits;
    CallLimits {
        connect: milliseconds(limits.connect_ms),
        acquire: milliseconds(limits.acquire_ms),
        statement: milliseconds(limits.statement_ms),
        lock: milliseconds(limits.lock_ms),
        slot: CallLimits::SLOT,
        load: milliseconds(limits.load_ms),
        renewal: milliseconds(limits.renew_statement_ms),
    }
}

/// This machine's name, for people.
pub(crate) fn host_name() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "unknown".to_owned())
}
