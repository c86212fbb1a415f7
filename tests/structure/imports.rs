//! What the source itself reaches for: the engine is pure, the pipeline knows no driver.

use crate::dependencies::is_driver;
use crate::tokens;
use crate::workspace::{File, files_of};
use crate::{none, only};

/// Beginnings of paths that lead out of a pure calculation. `std::io` and `std::time` are named by their parts:
/// `Duration` is a number.
const OUTSIDE_WORLD: [&str; 19] = [
    "std::fs",
    "std::env",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::io",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "futures",
    "tracing",
    "log",
    "chrono::Utc",
    "chrono::Local",
    "println",
    "eprintln",
    "dbg",
    "async",
];

fn starts_with_path(path: &str, beginning: &str) -> bool {
    path.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn impure_paths_of_the_engine(files: &[File]) -> Vec<String> {
    let engine = files.iter().filter(|file| file.package() == Some("engine") && file.is_production_source());
    paths_that(engine, |path| OUTSIDE_WORLD.iter().any(|outside| starts_with_path(path, outside)))
}

fn drivers_in_the_pipeline(files: &[File]) -> Vec<String> {
    let pipeline = files.iter().filter(|file| file.package() == Some("pipeline") && file.is("rs"));
    paths_that(pipeline, |path| path.split_once("::").is_some_and(|(first, _)| is_driver(first)))
}

fn paths_that<'a>(files: impl Iterator<Item = &'a File>, forbidden: impl Fn(&str) -> bool) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files {
        let paths = tokens::paths(&tokens::of_production(file));
        violations
            .extend(paths.into_iter().filter(|path| forbidden(path)).map(|path| format!("{} uses {path}", file.path)));
    }
    violations
}

#[test]
fn the_engines_source_does_no_input_or_output_and_reads_no_clock() {
    none(&impure_paths_of_the_engine(&files_of("rs")));
}

#[test]
fn the_pipelines_source_names_no_driver() {
    none(&drivers_in_the_pipeline(&files_of("rs")));
}

#[test]
fn an_engine_that_reads_the_clock_or_the_environment_is_found() {
    let check = |text: &str| impure_paths_of_the_engine(&[File::new("crates/engine/src/fast/mod.rs", text)]);
    only(&check("fn f() { let begun = std::time::Instant::now(); }"), "std::time::Instant");
    only(&check("use std::{collections::BTreeMap, env};"), "std::env");
    only(&check("async fn f() {}"), "async");
    only(&check("fn f() { println!(\"x\"); }"), "println");
    none(&check("use std::time::Duration; /// `std::fs`\n fn f() {} #[cfg(test)] mod tests { use std::fs; }"));
}

#[test]
fn a_pipeline_that_names_a_driver_is_found() {
    let check = |text: &str| drivers_in_the_pipeline(&[File::new("crates/batch/pipeline/src/claim.rs", text)]);
    only(&check("fn f(error: tokio_postgres::Error) {}"), "tokio_postgres::Error");
    only(&check("use mysql_async::{Conn};"), "mysql_async");
    none(&check("fn postgres() {}"));
}
