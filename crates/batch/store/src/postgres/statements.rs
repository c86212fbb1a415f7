//! The statements that only PostgreSQL has, or has in a way of its own.

use crate::identifiers::{Names, UnknownName};
use crate::statement::Statement;

macro_rules! statements {
    ($($name:ident: $doing:literal,)*) => {
        /// Every statement by the name of its file.
        #[derive(Clone, Debug)]
        pub(super) struct OwnStatements { $(pub(super) $name: Statement,)* }

        impl OwnStatements {
            /// Fills in the names.
            pub(super) fn render(names: &Names) -> Result<Self, UnknownName> {
                Ok(Self { $($name: Statement {
                    sql: names.render(include_str!(concat!("sql/", stringify!($name), ".sql")))?,
                    doing: $doing,
                    marks: Vec::new(),
                },)* })
            }
        }
    };
}

statements! {
    claim_plan: "preparing to claim",
    claim_suspect: "looking which user cannot be claimed",
    claim_suspect_mark: "claiming a user",
    claim_users: "claiming users",
    constraints_now: "checking deferred constraints",
    lease_session: "preparing the lease's connection",
    output_copy: "loading recommendations",
    output_copy_binary: "loading recommendations",
    output_types: "looking at the columns of the recommendations",
    pressure_archive: "looking at the archiver",
    pressure_blocked: "looking for sessions that wait for ours",
    pressure_place: "looking where the server keeps its data",
    pressure_slots: "looking at the replication slots",
    pressure_standbys: "looking at the standbys",
    pressure_upkeep: "looking for upkeep on the tables",
    requeue_everybody: "setting users back to new",
    requeue_failed: "setting failed users back to new",
    requeue_next: "looking for the next user",
    requeue_next_failed: "looking for the next failed user",
    requeue_plan: "preparing to set users back to new",
    requeue_users: "setting users back to new",
    sample_plan: "preparing to count users",
    sessions_alive: "looking whether sessions have ended",
    sessions_end: "ending sessions",
    slot_holder: "looking who holds a slot",
    slot_try: "taking a slot",
    slot_wait: "waiting for a slot",
    stop_query_session: "preparing to ask the stop query",
    sweep_allowed: "looking whether this instance may sweep",
    users_fail: "failing users",
    users_gone: "looking for users that are gone",
    transaction_limits: "setting limits",
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TableNames;

    #[test]
    fn every_statement_names_only_what_exists() {
        OwnStatements::render(&Names::new(&TableNames::default())).unwrap();
    }
}
