//! `cardgenius demo`: the whole thing on a private database, started for it and thrown away.

mod database;
pub mod population;
mod ten_cards;

use std::time::Instant;

use cardgenius_embedded::PrivatePostgres;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::cli::DemoOptions;
use crate::commands::{backfill, migrate, output, start_runtime};
use crate::config::{Config, DatabaseUrl};
use crate::exit::Exit;
use crate::signals;
use crate::watch::grouped;

use self::database::{DATABASE, DemoError};

/// Shows it.
#[must_use]
pub fn run(options: &DemoOptions, mut config: Config) -> Exit {
    // The demo touches no database but its own, whatever is configured.
    config.source = crate::config::SourceConfig::default();
    config.target = crate::config::TargetConfig::default();
    config.migrate = crate::config::MigrateConfig::default();
    match demonstrate(options, config) {
        Ok(exit) => exit,
        Err(failure) => {
            error!("the demo failed: {failure}");
            Exit::Failed
        }
    }
}

fn demonstrate(options: &DemoOptions, mut config: Config) -> Result<Exit, DemoError> {
    // First of all: a Ctrl-C must find the server's owner ready to stop it.
    let stop = CancellationToken::new();
    let Ok(runtime) = start_runtime() else { return Ok(Exit::Failed) };
    runtime.block_on(async { signals::watch(stop.clone()) })?;
    say("starting a private PostgreSQL server");
    let server = database::start()?;
    say(&format!("PostgreSQL {} in {}", server.version(), server.folder().display()));
    config.source.url = Some(DatabaseUrl::new(server.url(DATABASE)));
    let exit = on_server(options, &config, &server, &runtime, &stop)?;
    finish(options, server)?;
    Ok(exit)
}

fn on_server(
    options: &DemoOptions,
    config: &Config,
    server: &PrivatePostgres,
    runtime: &tokio::runtime::Runtime,
    stop: &CancellationToken,
) -> Result<Exit, DemoError> {
    let started = Instant::now();
    database::make_users(server, options, stop)?;
    say(&format!("made up {} users in {:.1} s", grouped(options.users), started.elapsed().as_secs_f64()));
    say("migrating: what the protocol needs is added to the customer's tables");
    let migrated = runtime.block_on(stop.run_until_cancelled(migrate::apply(config)));
    if migrated != Some(Exit::Done) {
        return Ok(migrated.unwrap_or(Exit::Stopped));
    }
    say("the backfill: cardgenius --backfill");
    let exit = runtime.block_on(backfill::backfill(config, stop.clone()));
    if !matches!(exit, Exit::Done | Exit::TooManyFailed) {
        return Ok(exit);
    }
    output::print(&ten_cards::of_one_user(server)?);
    // A few of the made-up users are faulty on purpose; among few users that is a large share.
    Ok(Exit::Done)
}

fn finish(options: &DemoOptions, server: PrivatePostgres) -> Result<(), DemoError> {
    if !options.keep {
        server.stop()?;
        drop(server);
        say("the server is stopped and its folder is gone");
        return Ok(());
    }
    let url = server.url(DATABASE);
    let kept = server.keep()?;
    output::print(&format!(
        "the server is still up:\n  look:  psql '{url}'\n  again: cardgenius --backfill --source-url '{url}'\n  log:   {}\n  end:   {}",
        kept.log.display(),
        kept.end_command
    ));
    Ok(())
}

fn say(what: &str) {
    output::print(&format!("» {what}"));
}
