//! Why a configuration is refused.

use std::{fmt, io, path::PathBuf};

use cardgenius_text::Shown;

use super::layer::Origin;

/// A configuration that cannot be used. Every one of these ends the program with exit code 64.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named cannot be read.
    #[error("cannot read the configuration file {}: {source}", Shown(path.display()))]
    File {
        /// As it was given.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is no TOML. The line itself is not shown: it may hold a password.
    #[error("the configuration file {} is not valid TOML: line {line}, column {column}: {}", Shown(path.display()), Shown(reason))]
    Syntax {
        /// As it was given.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// The parser's reason.
        reason: String,
    },
    /// All that is wrong with keys and values.
    #[error("{}", list(.0))]
    Faults(Vec<Fault>),
    /// A command needs a database and none is named.
    #[error(
        "no source database is named: give --source-url, CARDGENIUS_SOURCE__URL, DATABASE_URL, or `source.url` in the \
         configuration file"
    )]
    NoSource,
    /// A file of a password cannot be used.
    #[error("`{field}`: cannot use the password file {}: {reason}", Shown(path.display()))]
    PasswordFile {
        /// As `source.password_file`.
        field: String,
        /// As it was given.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The program's own defaults cannot be turned into keys: a bug, which a test would find.
    #[error("bug: the defaults of the configuration cannot be listed: {0}")]
    Defaults(#[from] serde_json::Error),
}

/// One thing that is wrong with a key or a value. Values are named only by [`Fault::Field`]'s rules, never those of secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A key that the file has and the program does not know.
    UnknownKey {
        /// With its sections.
        key: String,
        /// Where it stands.
        origin: Origin,
        /// The known key that looks most like it.
        nearest: String,
    },
    /// A variable that begins like ours and is not.
    UnknownVariable {
        /// Its name.
        name: String,
        /// The known name that looks most like it.
        nearest: String,
    },
    /// A variable whose value is not text.
    NotUnicode {
        /// Its name.
        name: String,
    },
    /// A value that breaks a rule.
    Field {
        /// With its section.
        field: String,
        /// Where the value comes from.
        origin: Origin,
        /// Goes on from the field's name.
        rule: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { key, origin, nearest } => {
                write!(f, "unknown key `{}` ({origin}): the nearest known key is `{nearest}`", Shown(key))
            }
            Self::UnknownVariable { name, nearest } => {
                write!(f, "unknown environment variable {}: the nearest known one is {nearest}", Shown(name))
            }
            Self::NotUnicode { name } => write!(f, "environment variable {} is not valid UTF-8", Shown(name)),
            Self::Field { field, origin, rule } => write!(f, "`{}` ({origin}) {}", Shown(field), Shown(rule)),
        }
    }
}

fn list(faults: &[Fault]) -> String {
    match faults {
        [fault] => format!("the configuration is refused: {fault}"),
        _ => faults.iter().fold(format!("the configuration is refused, {} faults:", faults.len()), |text, fault| {
            format!("{text}\n  {fault}")
        }),
    }
}
