//! What is delivered for operations: the roles, the unit files, the image, Compose and Kubernetes, each shown with the real
//! part that will read it, as far as that runs without a machine of its own.
//!
//! The parts come from Debian's packages (`deploy/prerequisites.sh tests` installs them) and, for Kubernetes' schemas, from a
//! Python package of a fixed version. Whatever is missing is named, and fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../program.rs"]
mod program;
#[path = "../whole_program/running.rs"]
mod running;

mod compose;
mod documents;
mod exact_rights;
mod kubernetes;
mod least_rights;
mod place;
mod rights_at_work;
mod units;
