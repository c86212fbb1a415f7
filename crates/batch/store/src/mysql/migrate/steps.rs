//! The steps of the migrations, with the numbers of PostgreSQL's. Nobody has a schema of versions 1 and 2 on MySQL, so what a
//! later version added to a table of ours stands in the table's first step.

use cardgenius_failure::error::DatabaseError;

use crate::identifiers::Names;
use crate::migrate::{Place, render};

/// How a step is taken, and how it is taken again: DDL takes effect by itself here, and has no IF NOT EXISTS for some of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it stands, any number of times.
    Plain,
    /// Adds our columns to the customer's table, those that are not there.
    Columns,
    /// Builds our index over the customer's table, where it is not there.
    Index,
    /// Makes the customer's output, with a key that compares as the input's.
    Output,
    /// Makes a trigger, in the place of that of an earlier time; its name as templates have it.
    Trigger(&'static str),
}

/// A step, of one statement.
pub struct Step {
    /// The name of its file, or of its view with a number.
    pub name: &'static str,
    /// Where it belongs.
    pub place: Place,
    /// How it is taken.
    pub kind: Kind,
    /// Its SQL, with the customer's names to be filled in.
    pub template: &'static str,
}

macro_rules! step {
    ($name:literal, $place:ident, $kind:expr) => {
        Step {
            name: $name,
            place: Place::$place,
            kind: $kind,
            template: include_str!(concat!("../../../../../../sql/mysql/migrations/", $name, ".sql")),
        }
    };
}

/// A view for people.
macro_rules! view {
    ($name:literal, $file:literal) => {
        Step {
            name: $name,
            place: Place::Source,
            kind: Kind::Plain,
            template: include_str!(concat!("../../../../../../sql/mysql/views/", $file, ".sql")),
        }
    };
}

/// All of them, in their order.
pub const STEPS: [Step; 34] = [
    step!("0001_01_schema_version", Source, Kind::Plain),
    step!("0001_02_catalogues", Source, Kind::Plain),
    step!("0001_03_runs", Source, Kind::Plain),
    step!("0001_04_instances", Source, Kind::Plain),
    step!("0001_05_claims", Source, Kind::Plain),
    step!("0001_06_schedule", Source, Kind::Plain),
    step!("0001_07_control", Source, Kind::Plain),
    step!("0001_08_audit", Source, Kind::Plain),
    step!("0001_09_input_columns", Source, Kind::Columns),
    step!("0001_10_input_unsettled", Source, Kind::Index),
    step!("0001_11_output", Target, Kind::Output),
    step!("0001_12_fence", SecondTarget, Kind::Plain),
    step!("0002_02_fires", Source, Kind::Plain),
    step!("0002_03_control_1_inserted", Source, Kind::Trigger("control_inserted")),
    step!("0002_03_control_2_updated", Source, Kind::Trigger("control_updated")),
    step!("0002_03_control_3_insert_audited", Source, Kind::Trigger("control_insert_audited")),
    step!("0002_03_control_4_update_audited", Source, Kind::Trigger("control_update_audited")),
    step!("0002_03_control_5_delete_audited", Source, Kind::Trigger("control_delete_audited")),
    step!("0004_01_names_gone", Source, Kind::Plain),
    step!("0004_02_claims_gone", Source, Kind::Plain),
    step!("0004_03_runs_gone", Source, Kind::Plain),
    step!("0004_04_control_gone", Source, Kind::Plain),
    step!("0002_03_control_6_row", Source, Kind::Plain),
    step!("0004_05_pause_gone", Source, Kind::Plain),
    step!("0004_06_schedule_gone", Source, Kind::Plain),
    step!("0004_07_fires_gone", Source, Kind::Plain),
    step!("0004_08_instances_gone", Source, Kind::Plain),
    step!("0004_09_history_gone", Source, Kind::Plain),
    step!("0004_21_claim_keys", Source, Kind::Plain),
    view!("0003_11_view_status", "status"),
    view!("0003_12_view_progress", "progress"),
    view!("0003_13_view_stuck", "stuck"),
    view!("0003_14_view_recent_runs", "recent_runs"),
    view!("0003_15_view_slow_chunks", "slow_chunks"),
];

/// Our columns of the customer's table.
pub const COLUMNS: [&str; 4] = ["claim_id", "attempts", "crashes", "processed_at"];

/// The statement that adds columns, without the lines of those that are not missing.
pub fn adding_only(statement: &str, is_missing: impl Fn(&str) -> bool) -> String {
    let is_wanted = |line: &&str| {
        let column = line.trim_start().strip_prefix("ADD COLUMN ").and_then(|rest| rest.split_once(' '));
        column.is_none_or(|(column, _)| is_missing(column))
    };
    statement.lines().filter(is_wanted).map(|line| format!("{line}\n")).collect()
}

/// The same statement, where the server cannot do it in an instant: beside the running work, by building the table anew.
pub fn not_instant(statement: &str) -> String {
    statement.replace("ALGORITHM = INSTANT", "ALGORITHM = INPLACE, LOCK = NONE")
}

/// The same statement, for a server that cannot do it beside the running work at all: as a table with a FULLTEXT index is altered.
/// On one line, for a message.
pub fn with_a_lock(statement: &str) -> String {
    let without_comment: Vec<&str> = statement.lines().filter(|line| !line.starts_with("--")).map(str::trim).collect();
    let statement = without_comment.join(" ").replace("ALGORITHM = INPLACE, LOCK = NONE", "LOCK = SHARED");
    format!("{};", statement.replace("ALGORITHM = INPLACE LOCK = NONE", "LOCK = SHARED").trim_end())
}

/// The query for how the output's key is to compare: as the input's beside it, or as finely as the server can.
pub const fn user_key_query(second_target: bool) -> &'static str {
    if second_target {
        include_str!("../sql/migrate_finest_key.sql")
    } else {
        include_str!("../sql/migrate_user_key.sql")
    }
}

/// The statement that removes a trigger, by its name in the templates.
pub fn drop_trigger(names: &Names, name: &str) -> Result<String, DatabaseError> {
    let trigger = render(names, &format!("{{{{{name}}}}}"))?;
    render(&names.clone().with("trigger", trigger), include_str!("../sql/migrate_drop_trigger.sql"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> &'static str {
        STEPS.iter().find(|step| step.kind == Kind::Columns).unwrap().template
    }

    #[test]
    fn only_the_lines_of_missing_columns_are_kept() {
        let statement = adding_only(columns(), |column| column == "crashes");
        assert_eq!(statement.matches("ADD COLUMN").count(), 1, "{statement}");
        assert!(
            statement.contains("ADD COLUMN crashes") && statement.ends_with("ALGORITHM = INSTANT\n"),
            "{statement}"
        );
        let all = adding_only(columns(), |column| COLUMNS.contains(&column));
        assert_eq!(all, columns());
        assert_eq!(all.matches("ADD COLUMN").count(), COLUMNS.len());
    }

    #[test]
    fn what_cannot_be_done_in_an_instant_is_done_beside_the_running_work() {
        assert!(not_instant(columns()).ends_with("ALGORITHM = INPLACE, LOCK = NONE\n"));
        let by_hand = with_a_lock(&not_instant(columns()));
        assert!(by_hand.starts_with("ALTER TABLE {{input}}") && by_hand.ends_with("LOCK = SHARED;"), "{by_hand}");
        let index = STEPS.iter().find(|step| step.kind == Kind::Index).unwrap().template;
        assert!(with_a_lock(index).ends_with("' LOCK = SHARED;"), "{}", with_a_lock(index));
    }
}
