//! What the program can be told, and by which means: docs/configuration.md.
//!
//! Each section is a plain struct with defaults and a `validate`. [`load()`] puts the layers on top of each other:
//! defaults, file, environment, flags.

mod catalog;
mod cross;
mod database;
mod database_url;
mod environment;
mod error;
mod exposure;
mod file;
mod http;
mod keys;
mod layer;
mod lease;
mod limits;
mod load;
mod log;
mod metrics;
mod pipeline;
mod retention;
mod retry;
mod run;
mod schedule;
mod secret;
mod sign_in;
mod throttle;
mod time_zone;
mod violation;

use serde::{Deserialize, Serialize};

pub use self::{
    catalog::CatalogConfig,
    database::{MigrateConfig, SourceColumns, SourceConfig, TargetConfig},
    database_url::DatabaseUrl,
    error::{ConfigError, Fault},
    http::HttpConfig,
    keys::{Keys, Kind, leaves, variable_name},
    layer::Origin,
    lease::LeaseConfig,
    limits::LimitsConfig,
    load::{Flag, Inputs, Loaded, load},
    log::{LogConfig, LogFormat},
    metrics::MetricsConfig,
    pipeline::PipelineConfig,
    retention::RetentionConfig,
    retry::RetryConfig,
    run::RunConfig,
    schedule::{FurtherSchedule, ScheduleConfig, WEEKLY},
    secret::{REDACTED, Secret},
    sign_in::{Password, SignIn},
    throttle::ThrottleConfig,
    violation::{Bound, Violation},
};

/// Everything that the program can be told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Where users and their spending are read.
    pub source: SourceConfig,
    /// Where recommendations are written.
    pub target: TargetConfig,
    /// How `cardgenius migrate` signs in.
    pub migrate: MigrateConfig,
    /// The cards.
    pub catalog: CatalogConfig,
    /// The life of a chunk.
    pub pipeline: PipelineConfig,
    /// The lease of an instance.
    pub lease: LeaseConfig,
    /// Attempts and waits.
    pub retry: RetryConfig,
    /// Time limits on the database.
    pub limits: LimitsConfig,
    /// What slows and pauses the work.
    pub throttle: ThrottleConfig,
    /// The run as a whole.
    pub run: RunConfig,
    /// When runs are opened.
    pub schedule: ScheduleConfig,
    /// The pages about the program itself.
    pub http: HttpConfig,
    /// The metrics.
    pub metrics: MetricsConfig,
    /// What is remembered, and for how long.
    pub retention: RetentionConfig,
    /// The log.
    pub log: LogConfig,
}

impl Config {
    /// Every number with its bounds.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        [
            self.pipeline.bounds(),
            self.lease.bounds(),
            self.retry.bounds(),
            self.limits.bounds(),
            self.throttle.bounds(),
            self.run.bounds(),
            self.schedule.bounds(),
            self.http.bounds(),
            self.metrics.bounds(),
            self.retention.bounds(),
        ]
        .concat()
    }

    /// Every rule that is broken, those between sections last.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        [
            self.source.validate(),
            self.target.validate(),
            self.migrate.validate(),
            self.catalog.validate(),
            self.pipeline.validate(),
            self.lease.validate(),
            self.retry.validate(),
            self.limits.validate(),
            self.throttle.validate(),
            self.run.validate(),
            self.schedule.validate(),
            self.http.validate(),
            self.metrics.validate(),
            self.retention.validate(),
            self.log.validate(),
            self.cross_violations(),
        ]
        .concat()
    }
}
