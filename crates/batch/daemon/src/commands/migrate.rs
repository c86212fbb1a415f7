//! `cardgenius migrate`: brings the schema to what this version needs, or prints the SQL for the DBA who runs it himself.

use cardgenius_store::family::Family;
use cardgenius_store::migrate;
use cardgenius_text::Shown;

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
    let mut begun = false;
    let mut told = |step: &str| {
        begun = true;
        say(step);
    };
    let outcome = migrate::migrate(&migration, &mut told).await;
    match outcome {
        Ok(()) => Exit::Done,
        Err(error) => {
            let exit = failure::of_database(&error);
            if begun {
                output::complain(
                    "the migration stopped at the last step named above; what was done before it stays, and the next `cardgenius migrate` goes on from there",
                );
            }
            exit
        }
    }
}

/// Prints the SQL; needs no database.
#[must_use]
pub fn print(config: &Config) -> Exit {
    let family = |url: &DatabaseUrl| Family::of_url(url.expose());
    // Without an address the SQL is that of the database which is usual here.
    let source = config.source_address().map_or(Family::Postgres, family);
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
