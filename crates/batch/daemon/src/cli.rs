//! The command line.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use cardgenius_store::desk::Requeue;
use cardgenius_text::Shown;
use clap::{ArgGroup, Args, CommandFactory, Parser, Subcommand, builder::NonEmptyStringValueParser, error::ErrorKind};
use uuid::Uuid;

use crate::{
    commands::output,
    config::{DatabaseUrl, Flag, Inputs},
    exit::Exit,
};

const EXIT_CODES: &str = "\
Exit codes:
  0   done; run: stopped on request
  1   the run failed, or completed no user of a backlog
  3   over, but more users failed than pipeline.max_failed_share allows, or users were left behind
  4   stopped on request before the end
  64  wrong command line, configuration or catalogue
  75  the database could not be reached

Every setting, with its environment variable, default and range: docs/configuration.md and `cardgenius config show`.";

/// Recommends ten credit cards to each user, from database to database.
#[derive(Clone, Debug, Parser)]
#[command(name = "cardgenius", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    /// Compute all new users once, show the progress, and end
    #[arg(long)]
    pub backfill: bool,

    /// With --backfill: threads that compute, 1 to 200 [default: one per core]
    #[arg(long, value_name = "N", requires = "backfill")]
    pub workers: Option<usize>,

    /// With --backfill: users claimed at a time, 1 to 100000 [default: 10000]
    #[arg(long, value_name = "N", requires = "backfill")]
    pub chunk_rows: Option<usize>,

    /// With --backfill: users claimed a second at most, by all live instances together [default: no ceiling]
    #[arg(long, value_name = "N", requires = "backfill")]
    pub max_users_per_second: Option<u64>,

    /// With --backfill: serve metrics, probes and the status at this address, as `run` does [default: nowhere]
    #[arg(long, value_name = "ADDRESS", requires = "backfill")]
    pub http: Option<String>,

    /// What every command takes.
    #[command(flatten)]
    pub global: GlobalOptions,

    /// What to do, where it is not `--backfill`.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that every command takes.
#[derive(Args, Clone, Debug, Default)]
pub struct GlobalOptions {
    /// Configuration file, TOML [environment: CARDGENIUS_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Database to read users from; keep passwords out of it, other users of the machine can read the command line
    #[arg(long, global = true, value_name = "URL")]
    pub source_url: Option<String>,

    /// Database to write recommendations to [default: the source]
    #[arg(long, global = true, value_name = "URL")]
    pub target_url: Option<String>,

    /// Catalogue of cards, JSON [default: the built-in one]
    #[arg(long, global = true, value_name = "FILE")]
    pub catalog: Option<String>,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Stay up: run the weekly batch, take part in any open run, serve metrics
    Run(RunOptions),
    /// Show the whole thing on a private database that is started for it and thrown away
    Demo(DemoOptions),
    /// Bring the database's tables to what this version needs
    Migrate(MigrateOptions),
    /// Look at the catalogue of cards
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask a page of a running daemon: exit 0 if it answers well, else 1
    Probe {
        /// The page
        #[arg(value_name = "URL", default_value = "http://127.0.0.1:9187/livez")]
        url: String,
    },
    /// Inspect the databases and say what would keep a run from starting; changes nothing that stays
    Check {
        /// Only look, and do not rehearse a run with one user in transactions that are undone
        #[arg(long)]
        no_rehearsal: bool,
    },
    /// Show backlog, run, speed and ETA, instances and their leases, schedules, and the last runs
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Pause every instance: nobody claims until `resume`; chunks in flight are finished
    Pause {
        /// Why, for the others; kept in the audit
        #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
        reason: String,

        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End a pause
    Resume {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End the open run; chunks in flight are finished, who is not done stays new
    Cancel {
        /// Why, for the others
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,

        /// Do not ask; needed where there is no terminal
        #[arg(long)]
        yes: bool,

        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Set users back to new, to be computed once more by the next run
    Requeue(RequeueOptions),
    /// Show who is failed, by cause, with examples
    Failures {
        /// Only those that failed in this run
        #[arg(long, value_name = "ID")]
        run: Option<Uuid>,

        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Open a run now, for the instances that are up to take
    RunNow {
        /// Users that it settles at most; the rest stays new [default: all that are new]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        max_users: Option<u64>,

        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Options of `requeue`: whom.
#[derive(Args, Clone, Debug)]
#[group(skip)]
#[command(group(ArgGroup::new("whom").required(true).args(["failed", "error", "run", "user", "everybody"])))]
pub struct RequeueOptions {
    /// All failed users
    #[arg(long)]
    pub failed: bool,

    /// Failed users whose error holds this text; * stands for any text, and N for any number, as `failures` shows it
    #[arg(long, value_name = "PATTERN", value_parser = NonEmptyStringValueParser::new())]
    pub error: Option<String>,

    /// Users that failed in this run
    #[arg(long, value_name = "ID")]
    pub run: Option<Uuid>,

    /// These users, completed or failed
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub user: Vec<String>,

    /// Everybody who is completed or failed: for a new catalogue
    #[arg(long)]
    pub everybody: bool,

    /// Do not ask; needed where there is no terminal
    #[arg(long)]
    pub yes: bool,

    /// As JSON
    #[arg(long)]
    pub json: bool,
}

impl RequeueOptions {
    /// Whom they name; exactly one of them is given.
    #[must_use]
    pub fn what(&self) -> Requeue {
        if let Some(pattern) = &self.error {
            return Requeue::Error(pattern.clone());
        }
        match self.run {
            Some(run_id) => Requeue::Run(run_id),
            None if self.failed => Requeue::Failed,
            None if self.everybody => Requeue::Everybody,
            None => Requeue::Users(self.user.clone()),
        }
    }
}

/// Options of `run`.
#[derive(Args, Clone, Debug)]
pub struct RunOptions {
    /// Where to serve metrics, probes and the status [default: 127.0.0.1:9187]
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<String>,
}

/// Options of `demo`.
#[derive(Args, Clone, Debug)]
pub struct DemoOptions {
    /// Users to make up, 1 to 10000000
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub users: u64,

    /// Keep the database and say how to look into it
    #[arg(long)]
    pub keep: bool,

    /// Seed of the made-up users: the same seed gives the same users
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// Options of `migrate`.
#[derive(Args, Clone, Debug)]
pub struct MigrateOptions {
    /// Print the statements that are due, and change nothing
    #[arg(long)]
    pub print: bool,

    /// Database, with the role that may alter tables [default: migrate.url, else the source]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

/// What can be done with a catalogue.
#[derive(Clone, Debug, Subcommand)]
pub enum CatalogCommand {
    /// Check a catalogue and name every fault: exit 0 without any, else 64
    Check {
        /// The catalogue, JSON
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// List the cards of a catalogue
    List {
        /// The catalogue, JSON [default: the configured one, else the built-in one]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,

        /// As JSON, amounts in rupees
        #[arg(long)]
        json: bool,
    },
}

/// What can be done with the configuration.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show every setting in force and where it comes from, without secrets
    Show {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

impl Cli {
    /// The configuration's layers, as this command line and this process's environment give them.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        Inputs { file: self.global.config.clone(), variables: std::env::vars_os().collect(), flags: self.flags() }
    }

    fn flags(&self) -> Vec<Flag> {
        let number = |value: Option<usize>| value.map(|value| value.to_string());
        let ceiling = self.max_users_per_second.map(|users| users.to_string());
        let migrate_url = match &self.command {
            Some(Command::Migrate(options)) => options.url.clone(),
            _ => None,
        };
        let http = match &self.command {
            Some(Command::Run(options)) => options.http.clone(),
            _ => self.http.clone(),
        };
        [
            ("--source-url", "source.url", self.global.source_url.clone()),
            ("--target-url", "target.url", self.global.target_url.clone()),
            ("--catalog", "catalog.path", self.global.catalog.clone()),
            ("--workers", "pipeline.workers", number(self.workers)),
            ("--chunk-rows", "pipeline.chunk_rows", number(self.chunk_rows)),
            ("--max-users-per-second", "pipeline.max_users_per_second", ceiling),
            ("--url", "migrate.url", migrate_url),
            ("--http", "http.listen", http),
        ]
        .into_iter()
        .filter_map(|(name, field, text)| Some(Flag { name, field, text: text? }))
        .collect()
    }
}

/// Why there is nothing to do.
#[derive(Debug)]
pub enum Refusal {
    /// Help or the version was asked for, or the command line is wrong.
    Clap(clap::Error),
    /// Neither a command nor `--backfill` was given.
    NothingAsked,
}

/// Reads the command line, the program's name first.
///
/// # Errors
///
/// [`Refusal`], to be [reported](Refusal::report).
pub fn parse(arguments: &[OsString]) -> Result<Cli, Refusal> {
    let cli = Cli::try_parse_from(arguments).map_err(|error| Refusal::Clap(quoting_what_is_shown(arguments, error)))?;
    match (cli.backfill, &cli.command) {
        (true, Some(_)) => Err(Refusal::Clap(
            Cli::command().error(ErrorKind::ArgumentConflict, "--backfill cannot be used with a command"),
        )),
        (false, None) => Err(Refusal::NothingAsked),
        _ => Ok(cli),
    }
}

/// The same refusal, of arguments in which whatever a terminal obeys or hides is written out: clap quotes what it could not place.
fn quoting_what_is_shown(arguments: &[OsString], error: clap::Error) -> clap::Error {
    let shown = shown(arguments);
    let is_plain = arguments.iter().zip(&shown).all(|(argument, shown)| argument == OsStr::new(shown));
    if is_plain { error } else { Cli::try_parse_from(shown).err().unwrap_or(error) }
}

fn shown(arguments: &[OsString]) -> Vec<String> {
    arguments.iter().map(|argument| Shown(argument.to_string_lossy()).to_string()).collect()
}

impl Refusal {
    /// The exit code: asking for help is no fault.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Clap(error) if !error.use_stderr() => Exit::Done,
            Self::Clap(_) | Self::NothingAsked => Exit::Usage,
        }
    }

    /// Says it, without the passwords that the command line may hold, and gives the exit code.
    #[must_use]
    pub fn report(&self, arguments: &[OsString]) -> Exit {
        let arguments = shown(arguments);
        let addresses: Vec<_> = arguments.iter().filter_map(|argument| address_within(argument)).collect();
        match self {
            Self::NothingAsked => output::complain(&Cli::command().render_help().to_string()),
            // Help and the version quote nothing. Their reader may be gone, and that is no failure.
            Self::Clap(error) if !error.use_stderr() => drop(error.print()),
            // clap quotes what it could not place.
            Self::Clap(error) => {
                let text = addresses.into_iter().fold(error.render().to_string(), |text, address| {
                    text.replace(address, &DatabaseUrl::new(address).to_string())
                });
                output::complain(&text);
            }
        }
        self.exit()
    }
}

/// The address in an argument, which may stand behind `--flag=`.
fn address_within(argument: &str) -> Option<&str> {
    let scheme_end = argument.find("://")?;
    let start = argument[..scheme_end].rfind('=').map_or(0, |equals| equals + 1);
    Some(&argument[start..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Keys;

    fn parsed(line: &str) -> Result<Cli, Refusal> {
        let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        parse(&arguments)
    }

    #[test]
    fn the_command_line_is_consistent_in_itself() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_sets_a_field_that_exists() {
        let cli = parsed(
            "cardgenius --backfill --workers 3 --chunk-rows 500 --max-users-per-second 7 --http h --source-url s --target-url t --catalog c --config f",
        )
        .unwrap();
        let migrate = parsed("cardgenius migrate --url m").unwrap();
        let run = parsed("cardgenius run --http h").unwrap();
        let flags = [cli.flags(), migrate.flags(), run.flags()].concat();
        assert_eq!(flags.len(), 9);
        let keys = Keys::known().unwrap();
        for flag in flags {
            assert!(keys.kind(flag.field).is_some(), "{}", flag.field);
        }
        assert_eq!(cli.inputs().file.as_deref(), Some("f".as_ref()));
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in
            ["cardgenius --source-url s run", "cardgenius run --source-url s", "cardgenius catalog list --source-url s"]
        {
            assert_eq!(parsed(line).unwrap().global.source_url.as_deref(), Some("s"), "{line}");
        }
    }

    #[test]
    fn wrong_command_lines_are_usage_errors_and_help_is_none() {
        for line in [
            "cardgenius",
            "cardgenius nonsense",
            "cardgenius --backfill run",
            "cardgenius --workers 3",
            "cardgenius run --workers 3",
            "cardgenius --http 127.0.0.1:1",
            "cardgenius run --max-users-per-second 100",
            "cardgenius check --http 127.0.0.1:1",
            "cardgenius --backfill --workers many",
            "cardgenius demo --users 0",
            "cardgenius demo --users 99999999999999",
            "cardgenius catalog",
            "cardgenius catalog check",
            "cardgenius config show extra",
            "cardgenius pause",
            "cardgenius pause --reason",
            "cardgenius requeue",
            "cardgenius requeue --yes",
            "cardgenius requeue --failed --everybody",
            "cardgenius requeue --run nonsense",
        ] {
            assert_eq!(parsed(line).unwrap_err().exit(), Exit::Usage, "{line}");
        }
        for line in ["cardgenius --help", "cardgenius --version", "cardgenius run --help"] {
            assert_eq!(parsed(line).unwrap_err().exit(), Exit::Done, "{line}");
        }
    }
}
