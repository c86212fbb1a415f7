//! The statements of the protocol that every kind of database has, in a file of that name for each kind: with the same
//! parameters, and answers of the same columns.

use crate::identifiers::{Names, UnknownName};
use crate::statement::Statement;

macro_rules! statements {
    ($($name:ident: $doing:literal,)*) => {
        /// Every statement by the name of its file.
        #[derive(Clone, Debug)]
        #[allow(missing_docs)]
        pub struct Statements { $(pub(crate) $name: Statement,)* }

        impl Statements {
            /// In PostgreSQL's words, with the names filled in.
            ///
            /// # Errors
            /// A file that names something unknown, which a test would have found.
            pub fn of_postgres(names: &Names) -> Result<Self, UnknownName> {
                Ok(Self { $($name: Statement {
                    sql: names.render(include_str!(concat!("../postgres/sql/", stringify!($name), ".sql")))?,
                    doing: $doing,
                    marks: Vec::new(),
                },)* })
            }

            /// In the words of MySQL and MariaDB, with the names filled in.
            ///
            /// # Errors
            /// As [`Statements::of_postgres`].
            pub fn of_mysql(names: &Names) -> Result<Self, UnknownName> {
                Ok(Self { $($name: crate::mysql::marks::marked(
                    names,
                    include_str!(concat!("../mysql/sql/", stringify!($name), ".sql")),
                    $doing,
                )?,)* })
            }
        }
    };
}

statements! {
    answer: "asking whether the database answers",
    backlog_by_status: "counting the users by status",
    backlog_count: "counting the backlog",
    catalogue_store: "storing the catalogue",
    claim_close: "closing a claim",
    claim_insert: "writing a claim",
    claim_lock: "locking a claim",
    claim_settle: "settling a claim",
    claims_own_open: "looking for claims that this instance still holds",
    daemon_look: "looking what there is to do",
    desk_audit: "writing the audit",
    desk_failures: "counting the failed users by cause",
    desk_instances: "looking at the instances",
    desk_last_runs: "looking at the last runs",
    desk_run: "looking at the open run",
    desk_schema: "looking at the schema's version",
    desk_schedules: "looking at the schedules",
    desk_switch: "looking at the switch",
    desk_switch_set: "turning the switch",
    fence_insert: "setting the target's fence",
    fence_passes: "looking at the target's fence",
    fence_tombstone: "closing the target's fence",
    fire_record: "recording what became of a schedule's time",
    fires_settled: "looking which of a schedule's times were dealt with",
    input_probe: "asking whether the table of users takes updates",
    instance_register: "registering this instance",
    instance_stop: "deregistering this instance",
    instance_throttle: "writing down how fast this instance may go",
    instances_live: "counting the live instances",
    left_count: "counting the users that are left",
    left_free: "looking which users are left",
    left_seen: "looking which users are left",
    left_there: "looking which users are left",
    lease_renew: "renewing the lease",
    names_gone: "looking for tables that were renamed",
    orphans_hold: "looking for orphaned users",
    orphans_return: "healing orphaned users",
    output_delete: "deleting the recommendations to be replaced",
    owner_alive: "looking whether an owner lives",
    prune_audit: "pruning the audit",
    prune_catalogues: "pruning catalogues",
    prune_catalogues_due: "looking for catalogues to prune",
    prune_catalogues_lock: "locking the runs to prune catalogues",
    prune_claims: "pruning claims",
    prune_fence: "pruning the target's fence",
    prune_fires: "pruning fires of schedules",
    prune_instances: "pruning instances",
    prune_runs: "pruning runs",
    rehearsal_claim: "rehearsing a claim",
    rehearsal_rows: "rehearsing a load",
    rehearsal_status: "rehearsing a claim",
    rehearsal_user: "looking for a user to rehearse with",
    run_abandon: "closing an abandoned run",
    run_close: "closing the run",
    run_count_open_claims: "counting the run's open claims",
    run_find_open: "looking for an open run",
    run_lock: "locking the run",
    run_lock_limited: "looking whether the run is open",
    run_lock_shared: "looking whether the run is open",
    run_open: "opening a run",
    run_room: "looking how many more users the run may take",
    run_totals: "adding up the run",
    schedule_add: "writing down a schedule",
    schedule_decide: "writing down when a schedule is due next",
    schedule_lock: "locking a schedule",
    schema_in_force: "looking at the schema's version",
    server_ready: "looking whether the server takes writes",
    sample_state: "sampling the state for the metrics",
    sample_successes: "looking for the last successful runs",
    sweep_dead_claims: "looking for claims of dead instances",
    sweep_dead_sessions: "looking for sessions of dead instances",
    switch_probe: "trying the switch",
    switch_probe_again: "trying the switch",
    switch_probe_back: "trying the switch",
    switch_probe_seen: "trying the switch",
    users_complete_listed: "completing users",
    users_complete_range: "completing users",
    users_condemn: "failing users that end the process",
    users_count_pending: "counting users that are still pending",
    users_exhaust: "failing a user whose attempts are spent",
    users_hold: "locking a claim's users",
    users_return: "returning users",
    users_unknown: "counting the users of unknown status",
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TableNames;

    #[test]
    fn every_statement_names_only_what_exists() {
        Statements::of_postgres(&Names::new(&TableNames::default())).unwrap();
    }
}
