//! The house of ARCHITECTURE.md, held by a test: who may import whom, sizes, names, where SQL lives.
//!
//! Each rule is a function from files to violations; it is asked once about the workspace, and once about a small sample
//! that breaks it, so that a rule that has gone blind is noticed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod dependencies;
mod imports;
mod names_and_sizes;
mod sql_files;
mod sql_in_source;
mod tokens;
mod words;
mod workspace;

/// Fails with every violation on a line of its own.
#[track_caller]
fn none(violations: &[String]) {
    assert!(violations.is_empty(), "{} violation(s):\n  {}", violations.len(), violations.join("\n  "));
}

/// Fails unless the rule found exactly one violation in a sample, and named this.
#[track_caller]
fn only(violations: &[String], named: &str) {
    assert_eq!(violations.len(), 1, "{violations:?}");
    assert!(violations[0].contains(named), "{named} is not in: {}", violations[0]);
}
