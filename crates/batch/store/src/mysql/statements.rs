//! The statements that only MySQL and MariaDB have, or have in a way of their own.

use super::marks::marked;
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
                Ok(Self {
                    $($name: marked(names, include_str!(concat!("sql/", stringify!($name), ".sql")), $doing)?,)*
                })
            }
        }
    };
}

statements! {
    claim_candidates: "looking for users to claim",
    claim_lock_users: "claiming users",
    claim_mark: "claiming users",
    inspect_columns: "inspecting the tables' columns",
    inspect_duplicate_users: "looking for duplicate users",
    inspect_fulltext: "looking for a FULLTEXT index",
    inspect_keys: "inspecting the tables' keys",
    inspect_null_users: "looking for users without user_id",
    inspect_referenced: "looking for foreign keys of the tables",
    inspect_references: "looking for foreign keys that reference the tables",
    inspect_server: "inspecting the server",
    inspect_settings: "inspecting the server's settings",
    inspect_tables: "inspecting the tables",
    inspect_triggers: "inspecting the tables' triggers",
    migrate_foreign_columns: "looking at the table of users",
    output_insert: "loading recommendations",
    output_load: "loading recommendations",
    pressure_blocked_mariadb: "looking for sessions that wait for ours",
    pressure_blocked_mysql: "looking for sessions that wait for ours",
    pressure_instances: "looking for instances",
    pressure_place: "looking where the server keeps its data",
    requeue_everybody: "looking for users to set back to new",
    requeue_failed: "looking for failed users to set back to new",
    requeue_hold: "setting users back to new",
    requeue_hold_failed: "setting failed users back to new",
    requeue_next: "looking for the next user",
    requeue_next_failed: "looking for the next failed user",
    requeue_set: "setting users back to new",
    requeue_users: "looking for users to set back to new",
    session_holder: "looking whose session it is",
    session_identity: "taking a name for the session",
    session_kill: "ending sessions",
    session_to_kill: "ending sessions",
    sessions_of: "looking for sessions",
    slot_holder: "looking who holds a slot",
    slot_release: "giving a slot back",
    slot_try: "taking a slot",
    slot_wait: "waiting for a slot",
    strangers: "looking for what is not ours",
    sweep_allowed: "looking whether this instance may sweep",
    users_fail: "failing users",
    users_there: "looking for users that are gone",
    warnings: "looking what the server has against rows",
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TableNames;

    #[test]
    fn every_statement_names_only_what_exists() {
        OwnStatements::render(&Names::mysql(&TableNames::default())).unwrap();
    }
}
