//! The pipeline's ports on real databases: PostgreSQL, MySQL and MariaDB.
//!
//! SQL lives in files, one statement a file; identifiers from the configuration reach it through one quoting function
//! ([`identifiers`]), everything else as bound parameters.

pub mod config;
pub mod desk;
pub mod identifiers;
pub mod migrate;
pub mod mysql;
pub mod postgres;
pub mod schedule;
pub mod text_rows;
