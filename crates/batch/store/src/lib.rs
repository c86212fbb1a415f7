//! The pipeline's ports on real databases: PostgreSQL, and MySQL with MariaDB.
//!
//! What is done, and in which order, is in [`protocol`], once. How each kind of database does a step is in a folder of its
//! name. SQL lives in files, one statement a file; identifiers from the configuration reach it through one quoting function
//! ([`identifiers`]), everything else as bound parameters.

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod address;
mod amount;
pub mod bounded_read;
pub mod config;
pub mod desk;
pub mod family;
mod free_disk;
pub mod identifiers;
pub mod inspection;
pub mod migrate;
pub mod mysql;
pub mod password_file;
mod pool;
pub mod postgres;
pub mod protocol;
pub mod rows;
pub mod schedule;
pub mod server;
mod sign_in_words;
pub mod statement;
pub mod text_rows;
mod tls;
