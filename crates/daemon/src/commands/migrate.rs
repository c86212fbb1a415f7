//! `cardgenius migrate`: brings the schema to what this version needs, or prints the SQL for the DBA who runs it himself.

use cardgenius_engine::visible::Shown;
use cardgenius_store::family::Family;
use cardgenius_store::migrate;

use super::{failure, output, refuse};
use crate::config::{Config, DatabaseUrl};
use crate::exit::Exit;
use crate::wiring;

/// Migrates, saying each step.
#[must_use]
pub fn run(config: &Config) -> Exit {
    super::on_a_runtime(apply(config))
}

pub(crate) async fn apply(config: &Config) -> Exit {
    let migration = match wiring::migrate_config(config) {
        Ok(migration) => migration,
        Err(error) => return refuse(error),
    };
    match migrate::migrate(&migration, &mut |step: &str| say(step)).await {
        Ok(()) => Exit::Done,
        Err(error) => failure::of_database(&error),
    }
}

/// Prints the SQL; needs no database.
#[must_use]
pub fn print(config: &Config) -> Exit {
    let family = |url: &DatabaseUrl| Family::of_url(url.expose());
    // Without an address the SQL is that of the database which is usual here.
    let source = config.source.url.as_ref().map_or(Family::Postgres, family);
    match migrate::print(&wiring::tables(config), source, config.target.url.as_ref().map(family)) {
        Ok(script) => {
            output::print_as_is(&script);
            Exit::Done
        }
        Err(error) => failure::of_database(&error),
    }
}

fn say(step: &str) {
    output::print(&Shown(step).to_string());
}
