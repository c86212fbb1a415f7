//! One layer of the configuration, and where it comes from.

use std::{fmt, path::PathBuf};

use cardgenius_text::Shown;
use figment::{
    Metadata, Profile, Provider, Source,
    value::{Dict, Map, Value},
};
use serde::Serialize;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "layer", content = "name", rename_all = "lowercase")]
pub enum Origin {
    /// The program.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// The environment variable of that name.
    Environment(String),
    /// The flag of that name on the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", Shown(path.display())),
            Self::Environment(name) => write!(f, "environment {}", Shown(name)),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

const FILE: &str = "file";
const ENVIRONMENT: &str = "environment";
const FLAG: &str = "flag";

impl Origin {
    fn metadata(&self) -> Metadata {
        match self {
            Self::Default => Metadata::named("default"),
            Self::File(path) => Metadata::from(FILE, path.as_path()),
            Self::Environment(name) => Metadata::from(ENVIRONMENT, Source::Custom(name.clone())),
            Self::Flag(name) => Metadata::from(FLAG, Source::Custom(name.clone())),
        }
    }

    /// The origin that a layer put into figment's record of it.
    pub(super) fn of(metadata: Option<&Metadata>) -> Self {
        let Some(metadata) = metadata else { return Self::Default };
        let name = || metadata.source.as_ref().and_then(Source::custom).unwrap_or_default().to_owned();
        match metadata.name.as_ref() {
            FILE => Self::File(metadata.source.as_ref().and_then(Source::file_path).unwrap_or("".as_ref()).to_owned()),
            ENVIRONMENT => Self::Environment(name()),
            FLAG => Self::Flag(name()),
            _ => Self::Default,
        }
    }
}

/// Values of one origin.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) origin: Origin,
    pub(super) values: Dict,
}

impl Layer {
    /// A layer of one value, `path` being its field with its sections.
    pub(super) fn of_one(origin: Origin, path: &str, value: Value) -> Self {
        let values = figment::util::nest(path, value).into_dict().unwrap_or_default();
        Self { origin, values }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        self.origin.metadata()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}
