//! What an operator can ask for, one file a command.

mod card_summary;
pub mod catalog;
pub mod config;
pub(crate) mod output;

use crate::{
    cli::{CatalogCommand, Cli, Command, ConfigCommand},
    config::{Config, load},
    exit::Exit,
    telemetry,
};

/// Does what the command line says.
#[must_use]
pub fn dispatch(cli: &Cli) -> Exit {
    match &cli.command {
        Some(Command::Config(ConfigCommand::Show { json })) => config::show(&cli.inputs(), *json),
        Some(Command::Catalog(CatalogCommand::Check { file })) => catalog::check(file),
        Some(Command::Catalog(CatalogCommand::List { file, json })) => {
            catalog::list(file.as_deref(), &cli.inputs(), *json)
        }
        Some(Command::Run | Command::Demo(_) | Command::Migrate(_) | Command::Check) | None => match prepare(cli) {
            Ok(_) => {
                output::complain("this command is not wired up in this build yet");
                Exit::Failed
            }
            Err(exit) => exit,
        },
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
    Ok(config)
}

/// Says why the program will not start. The log is not set up yet, or is the very thing that is wrong.
fn refuse(error: impl std::error::Error) -> Exit {
    output::complain(&error.to_string());
    Exit::Usage
}
