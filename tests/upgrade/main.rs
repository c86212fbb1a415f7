//! A rolling upgrade: instances of the last version beside those of this one, on one database.
//!
//! The last version is built from this repository's own history. A target of its own: it compiles.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../whole_program/place.rs"]
#[allow(dead_code)]
mod place;
#[path = "../program.rs"]
mod program;
#[path = "../whole_program/running.rs"]
mod running;

mod last_version;

use cardgenius_testkit::{Counts, Database, Gate, populate};

use crate::last_version::PROGRAM;
use crate::place::{CUSTOMER, SERVER, audited, backfill, migrate, on};
use crate::program::{Start, holds_all};
use crate::running::spawn;

/// The same start, of the program of the last version.
fn of_the_last_version(start: Start) -> Start {
    let mut command = std::process::Command::new(&*PROGRAM);
    command.env_clear().current_dir(start.folder.path()).args(start.command.get_args());
    for (name, value) in start.command.get_envs() {
        command.env(name, value.unwrap());
    }
    Start { command, ..start }
}

/// Users in a schema as the last version migrates it.
async fn of_the_last_schema(users: i64, seed: i64) -> Database<'static> {
    let database = SERVER.empty();
    database.psql(CUSTOMER);
    of_the_last_version(on(&database, &["migrate"])).run().ended(0);
    populate(&database.connect().await, &database.tables, users, seed).await;
    database
}

fn schema(database: &Database<'_>) -> String {
    database.psql("SELECT max(version) FROM cardgenius_schema_version")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_of_the_last_version_goes_on_while_the_schema_is_migrated_and_beside_one_of_this_version() {
    let database = of_the_last_schema(600, 501).await;
    assert_eq!(schema(&database), "1");
    let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
    let old = spawn(of_the_last_version(backfill(&database, 20)));
    gate.reached_by(2).await;
    migrate(&database);
    assert_eq!(schema(&database), "4");
    let new = spawn(backfill(&database, 20));
    new.said("joined the open run");
    gate.reached_by(3).await;
    gate.open().await;
    for instance in [old, new] {
        holds_all(&instance.end().ended(0).stdout, &["(done)", "completed   600 users"]);
    }
    assert_eq!(audited(&database).await, Counts::all_completed(600));
    let owners = database.psql("SELECT count(DISTINCT owner), count(DISTINCT run_id) FROM {{claims}}");
    assert_eq!(owners, "2|1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_version_starts_on_the_new_schema_and_this_one_refuses_the_old_schema_by_name() {
    let database = of_the_last_schema(100, 502).await;
    let refused = on(&database, &["check"]).run().ended(64);
    holds_all(&refused.stderr, &["old-schema", "cardgenius migrate"]);
    migrate(&database);
    of_the_last_version(on(&database, &["check"])).run().ended(0);
    of_the_last_version(backfill(&database, 20)).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(100));
    backfill(&database, 20).run().ended(0);
}
