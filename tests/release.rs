//! What a customer gets has no failpoints. A target of its own: it compiles, and others would have to wait for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "points.rs"]
mod points;

use std::path::Path;
use std::process::Command;

use crate::points::points_in_the_sources;

/// The failpoints' variable and all names, as far as they are found in a program.
fn found_in(program: &Path) -> Vec<String> {
    let bytes = std::fs::read(program).unwrap();
    let holds = |name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
    // Names of one word may stand in a program for other reasons.
    let names = points_in_the_sources().into_iter().filter(|name| name.contains('.'));
    names.chain(["FAILPOINTS".to_owned()]).filter(|name| holds(name)).collect()
}

#[test]
fn the_release_has_no_failpoints_and_the_program_under_test_has_them_all() {
    let tested = found_in(Path::new(env!("CARGO_BIN_EXE_cardgenius")));
    assert_eq!(tested.len(), 1 + points_in_the_sources().iter().filter(|name| name.contains('.')).count());

    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    // The command of the Makefile. Cargo says where it puts the program.
    let built = Command::new(cargo)
        .args(["build", "--release", "--locked", "--package", "cardgenius", "--message-format=json", "--manifest-path"])
        .arg(manifest)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let messages = String::from_utf8(built.stdout).unwrap();
    let programs: Vec<String> = messages
        .lines()
        .filter_map(|line| {
            serde_json::from_str::<serde_json::Value>(line).ok()?["executable"].as_str().map(str::to_owned)
        })
        .collect();
    let [program] = &programs[..] else { panic!("{programs:?}") };
    assert_eq!(found_in(Path::new(program)), [""; 0]);
}
