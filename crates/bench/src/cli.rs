//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use serde::Serialize;

/// Measures the program against the floor: what the database must do in any case.
#[derive(Clone, Debug, Parser, Serialize)]
#[command(name = "cardgenius-bench", version)]
pub struct Options {
    /// What to measure, one after the other
    #[arg(value_enum, required = true)]
    pub cases: Vec<Case>,

    /// Users to process [default: 200000; weekly: 50000; flat: 2000000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub users: Option<u64>,

    /// Users of the whole table, where most are completed already [default: 20000000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub table_users: Option<u64>,

    /// How often each contender has its turn [default: 3; flat, instances: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: Option<u32>,

    /// Who has a turn, in this order [default: all]
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Contender::ALL)]
    pub contenders: Vec<Contender>,

    /// The program under measure [default: `cardgenius` beside this one]
    #[arg(long, value_name = "PATH")]
    pub program: Option<PathBuf>,

    /// A variable of the environment for the program, NAME=VALUE; without any it runs with its default settings
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<String>,

    /// Where the private server's folder is made [default: the machine's temporary folder]
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,

    /// Where the JSON and the programs' logs go [default: `bench` in the folder that cargo builds in]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,

    /// Seed of the made-up users
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Spoils each run's rows before the audit: for the test that the audit sees it
    #[arg(long, hide = true)]
    pub spoil: bool,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Case {
    /// The first backfill: all users are new, none has rows
    First,
    /// All users processed again: old rows are replaced
    Again,
    /// Few new users, spread among many who are completed
    Weekly,
    /// Whether the last claims cost what the first did, and the memory
    Flat,
    /// One, two and four instances on one database
    Instances,
    /// The first backfill on MariaDB
    Mariadb,
}

impl Case {
    /// As on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Again => "again",
            Self::Weekly => "weekly",
            Self::Flat => "flat",
            Self::Instances => "instances",
            Self::Mariadb => "mariadb",
        }
    }
}

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Contender {
    /// What the database must do, as one would write it by hand
    Floor,
    /// The same, with claims that join by place and rows in binary form
    Lowered,
    /// The program
    Program,
    /// The program, its rows thrown away on the way to the server
    Discard,
}

impl Contender {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Floor, Self::Lowered, Self::Program, Self::Discard];

    /// Whether it is a floor: by hand, and without books.
    pub const fn is_floor(self) -> bool {
        matches!(self, Self::Floor | Self::Lowered)
    }

    /// As on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Lowered => "lowered",
            Self::Program => "program",
            Self::Discard => "discard",
        }
    }
}
