//! What an operator can ask for, one file a command.

pub mod backfill;
pub mod cancel;
mod card_summary;
pub mod catalog;
pub mod check;
pub mod config;
mod desk;
mod failure;
pub mod failures;
pub mod migrate;
pub(crate) mod output;
pub mod pause;
pub mod probe;
pub mod requeue;
pub mod resume;
pub mod run;
pub mod run_now;
pub mod status;

use crate::{
    cli::{CatalogCommand, Cli, Command, ConfigCommand, MigrateOptions},
    config::{Config, load},
    demo,
    exit::Exit,
    runtime, signals, telemetry,
};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::error;

/// What a stop waits for at its end, and what nothing depends on, gets this time.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Does what the command line says.
#[must_use]
pub fn dispatch(cli: &Cli) -> Exit {
    match &cli.command {
        Some(Command::Config(ConfigCommand::Show { json })) => config::show(&cli.inputs(), *json),
        Some(Command::Catalog(CatalogCommand::Check { file })) => catalog::check(file),
        Some(Command::Catalog(CatalogCommand::List { file, json })) => {
            catalog::list(file.as_deref(), &cli.inputs(), *json)
        }
        Some(Command::Demo(options)) => prepared(cli, |config| demo::run(options, config)),
        Some(Command::Migrate(MigrateOptions { print: true, .. })) => prepared(cli, |config| migrate::print(&config)),
        Some(Command::Migrate(_)) => prepared(cli, |config| migrate::run(&config)),
        Some(Command::Probe { url }) => probe::run(url),
        Some(Command::Check { no_rehearsal }) => prepared(cli, |config| check::run(&config, !no_rehearsal)),
        Some(Command::Status { json }) => prepared(cli, |config| status::run(&config, *json)),
        Some(Command::Pause { reason, json }) => prepared(cli, |config| pause::run(&config, reason, *json)),
        Some(Command::Resume { json }) => prepared(cli, |config| resume::run(&config, *json)),
        Some(Command::Cancel { reason, yes, json }) => {
            prepared(cli, |config| cancel::run(&config, reason.as_deref(), (*yes, *json)))
        }
        Some(Command::Requeue(options)) => prepared(cli, |config| requeue::run(&config, options)),
        Some(Command::Failures { run, json }) => prepared(cli, |config| failures::run(&config, *run, *json)),
        Some(Command::RunNow { max_users, json }) => prepared(cli, |config| run_now::run(&config, *max_users, *json)),
        Some(Command::Run(_)) => prepared(cli, run::run),
        None => prepared(cli, |config| backfill::run(config, cli.http.is_some())),
    }
}

fn prepared(cli: &Cli, command: impl FnOnce(Config) -> Exit) -> Exit {
    prepare(cli).map_or_else(|exit| exit, command)
}

/// The runtime that a command's waiting is done on; computing has threads of its own.
pub(crate) fn start_runtime() -> Result<tokio::runtime::Runtime, Exit> {
    runtime::start().map_err(|words| {
        output::complain(&words);
        Exit::Failed
    })
}

/// Work on a runtime of its own. Its end does not wait for a thread that hangs: in a read of a file, or in the system's search for
/// a name.
pub(crate) fn on_a_runtime(work: impl Future<Output = Exit>) -> Exit {
    match start_runtime() {
        Ok(runtime) => {
            let exit = runtime.block_on(work);
            runtime.shutdown_background();
            exit
        }
        Err(exit) => exit,
    }
}

/// Work that goes on until it is over or a signal asks it to end, on a runtime of its own.
pub(crate) fn until_a_signal(work: impl AsyncFnOnce(CancellationToken) -> Exit) -> Exit {
    on_a_runtime(async {
        let stop = CancellationToken::new();
        let logged = match signals::watch(stop.clone()) {
            Ok(logged) => logged,
            Err(error) => {
                error!(%error, "cannot listen for signals");
                return Exit::Failed;
            }
        };
        let exit = work(stop.clone()).await;
        if stop.is_cancelled() {
            // The work may be over before the log was told of the signal that ended it.
            let _ = tokio::time::timeout(LAST_WORDS, logged.cancelled()).await;
        }
        exit
    })
}

/// The outcome of work that matters after a stop as well, unless it is not over [`LAST_WORDS`] after the stop was asked for.
pub(crate) async fn even_if_stopped<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Option<T> {
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        outcome = work => Some(outcome),
        () = patience => None,
    }
}

/// The configuration, checked, with the log set up from it.
///
/// # Errors
///
/// [`Exit::Usage`], after what is wrong was said.
pub fn prepare(cli: &Cli) -> Result<Config, Exit> {
    let config = load(&cli.inputs()).and_then(|loaded| loaded.into_config()).map_err(refuse)?;
    telemetry::init(&config.log).map_err(refuse)?;
    cardgenius_failure::failpoint::arm();
    Ok(config)
}

/// Says why the program will not start. The log is not set up yet, or is the very thing that is wrong.
pub(crate) fn refuse(error: impl std::error::Error) -> Exit {
    output::complain(&error.to_string());
    Exit::Usage
}
