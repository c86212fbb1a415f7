//! One fault at a time, at a known moment, made to the real program on real servers: each arrow of the life of a chunk, the
//! server, the network, other people's sessions. After each the audit, and during each a reader.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

// What the whole-program tests have is used here in part.
#[allow(dead_code)]
#[path = "../whole_program/combinations.rs"]
mod combinations;
#[allow(dead_code)]
#[path = "../whole_program/comparison.rs"]
mod comparison;
#[allow(dead_code)]
#[path = "../../crates/engine/tests/oracle/number.rs"]
mod number;
#[allow(dead_code)]
#[path = "../../crates/engine/tests/oracle/people.rs"]
mod people;
#[allow(dead_code)]
#[path = "../whole_program/place.rs"]
mod place;
#[path = "../points.rs"]
mod points;
#[path = "../program.rs"]
mod program;
#[allow(dead_code)]
#[path = "../../crates/engine/tests/oracle/rules.rs"]
mod rules;
#[path = "../whole_program/running.rs"]
mod running;

mod arrows;
mod dba;
mod dba_elsewhere;
mod frozen;
mod full_disk;
mod full_disk_elsewhere;
mod ground;
mod instances;
mod leases;
mod leases_elsewhere;
mod mutants;
mod network;
mod network_elsewhere;
mod other_sessions;
mod poison;
mod scene;
mod scene_elsewhere;
mod server;
mod server_elsewhere;
mod sides;
mod suspects;
mod the_reader;
mod users_elsewhere;
