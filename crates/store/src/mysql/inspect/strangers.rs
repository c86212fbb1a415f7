//! What bears a name of ours and is not ours. Tables have no owner here: an account that may CREATE in the database can make a table or
//! view before the first migration does, and CREATE TABLE IF NOT EXISTS would take it over; one with the right TRIGGER can have
//! statements of its own run at each write of ours, with the rights of the account that it names as their definer.

use super::facts::Table;
use crate::identifiers::quote_mysql;

/// Our tables, each with its columns and their types.
const TABLES: [(&str, &str); 10] = [
    ("cardgenius_schema_version", "version int, oldest_program varchar, applied_by varchar, applied_at datetime"),
    ("cardgenius_catalogues", "catalogue_hash char, catalogue_text longtext, stored_at datetime"),
    (
        "cardgenius_runs",
        "run_id char, source_table varchar, kind varchar, opened_for text, scheduled_for datetime, as_of date, catalogue_hash char, engine_version varchar, state varchar, opened_by char, opened_at datetime, backlog bigint, closed_by char, closed_at datetime, users_left bigint, reason text, max_users bigint, open_source varchar",
    ),
    (
        "cardgenius_instances",
        "instance_id char, host varchar, process_id int, program_version varchar, started_at datetime, renewed_at datetime, lease_until datetime, held_since datetime, stopped_at datetime, throttle_share double, throttle_reason text, throttle_since datetime",
    ),
    (
        // The first and the last user are VARCHAR until a later step.
        "cardgenius_claims",
        "claim_id char, run_id char, owner char, state varchar, users int, parts int, completed int, failed int, superseded int, returned int, left_locked int, rows_loaded bigint, claimed_at datetime, closed_at datetime",
    ),
    (
        "cardgenius_schedule",
        "name varchar, source_table varchar, last_fire datetime, next_fire datetime, updated_at datetime, decided_until datetime",
    ),
    (
        "cardgenius_control",
        "source_table varchar, paused tinyint, reason text, changed_by varchar, changed_at datetime",
    ),
    (
        "cardgenius_audit",
        "audit_id bigint, happened_at datetime, actor varchar, action varchar, run_id char, detail text",
    ),
    (
        "cardgenius_fires",
        "source_table varchar, name varchar, fire_at datetime, outcome varchar, run_id char, decided_by char, decided_at datetime",
    ),
    ("cardgenius_fence", "claim_id char, part int, loaded tinyint, written_at datetime"),
];

/// Our views for people.
const VIEWS: [&str; 5] = [
    "cardgenius_status",
    "cardgenius_progress",
    "cardgenius_stuck",
    "cardgenius_recent_runs",
    "cardgenius_slow_chunks",
];

/// The triggers that a migration makes, all of them on the switch; it makes them anew each time.
const TRIGGERS: [&str; 5] = [
    "cardgenius_control_inserted",
    "cardgenius_control_updated",
    "cardgenius_control_insert_audited",
    "cardgenius_control_update_audited",
    "cardgenius_control_delete_audited",
];

/// When the question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mysql) enum Asked {
    /// Before a migration: by an account that sees all of a table, and before anything is taken over.
    BeforeTheFirstStep,
    /// For a run: by an account that sees the columns only on which it has a right.
    AtWork,
}

/// The names that a source has, or, without one, a second target.
pub(in crate::mysql) fn names(of_source: bool) -> Vec<&'static str> {
    let tables = TABLES.iter().map(|(name, _)| *name).filter(|name| (*name == "cardgenius_fence") != of_source);
    tables.chain(VIEWS.into_iter().filter(|_| of_source)).collect()
}

/// What of a table, or of what stands in its place, is not ours.
pub(super) fn faults(table: &Table, asked: Asked) -> Vec<String> {
    let (shown, Some(kind)) = (table.shown(), table.kind.as_deref()) else { return Vec::new() };
    let called = kind.to_lowercase();
    if VIEWS.contains(&&*table.name.to_lowercase()) {
        let other = !kind.eq_ignore_ascii_case("VIEW");
        return other.then(|| bears(&shown, "view", &called)).into_iter().collect();
    }
    let ours = TABLES.iter().any(|(name, _)| name.eq_ignore_ascii_case(&table.name));
    if !table.is_table() {
        let output = format!(
            "{shown} is a {called}, where the table of recommendations shall stand: rename it, or correct target.table"
        );
        return vec![if ours { bears(&shown, "table", &called) } else { output }];
    }
    if !ours {
        // The customer's own, which the inspection judges.
        return Vec::new();
    }
    let mut found = Vec::new();
    let before = asked == Asked::BeforeTheFirstStep;
    if let Some(engine) = table.engine.as_deref().filter(|engine| before && !engine.eq_ignore_ascii_case("InnoDB")) {
        found.push(format!("the table {shown} has the engine {engine}, and so is not ours: rename it or drop it"));
    }
    for (name, of_type) in columns(&table.name) {
        let fits = table.column(name).map_or(!before, |column| column.data_type.eq_ignore_ascii_case(of_type));
        if !fits {
            found.push(format!(
                "the table {shown} has no column {name} of type {of_type}, and so is not ours: rename it or drop it"
            ));
        }
    }
    found.extend(triggers(table));
    found
}

fn bears(shown: &str, of_ours: &str, kind: &str) -> String {
    format!("{shown} bears the name of a {of_ours} of ours and is a {kind}: rename it or drop it")
}

fn columns(table: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_table = TABLES.iter().find(|(name, _)| name.eq_ignore_ascii_case(table)).map_or("", |(_, columns)| columns);
    of_table.split(", ").filter_map(|column| column.split_once(' '))
}

/// They run at each of our writes.
fn triggers(table: &Table) -> impl Iterator<Item = String> {
    let on_the_switch = table.name.eq_ignore_ascii_case("cardgenius_control");
    let ours = move |name: &str| on_the_switch && TRIGGERS.iter().any(|known| known.eq_ignore_ascii_case(name));
    table.triggers.iter().filter(move |trigger| !ours(&trigger.name)).map(|trigger| {
        let definer = if trigger.definer.is_empty() { "hidden from this account" } else { &trigger.definer };
        format!(
            "our table {} has the trigger {} (definer {definer}), which is not ours and would run at our writes: DROP TRIGGER {}.{};",
            table.shown(),
            trigger.name,
            quote_mysql(&table.schema),
            quote_mysql(&trigger.name)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_that_migrations_make() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sql/mysql/migrations");
        let mut made = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let Some((_, rest)) = text.split_once("CREATE TABLE IF NOT EXISTS {{") else { continue };
            let name = match rest.split_once("}}").unwrap().0 {
                "output" => continue,
                "versions" => "cardgenius_schema_version".to_owned(),
                name => format!("cardgenius_{name}"),
            };
            made += 1;
            assert!(columns(&name).count() > 2, "{name}");
            for (column, of_type) in columns(&name) {
                let of_type = if of_type == "tinyint" { "BOOLEAN".into() } else { of_type.to_uppercase() };
                assert!(text.contains(&format!("\n    {column} {of_type}")), "{name}.{column} {of_type}");
            }
        }
        assert_eq!(made, TABLES.len());
        assert_eq!((names(true).len(), names(false).len()), (14, 1));
    }
}
