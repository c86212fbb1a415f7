//! What bears a name of ours and is a table, but of another form than ours. CREATE TABLE IF NOT EXISTS would take it over, and a later step
//! or a run would fail of it.

use super::facts::Table;

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
    TABLES.iter().map(|(name, _)| *name).filter(|name| (*name == "cardgenius_fence") != of_source).collect()
}

/// In what a table under a name of ours differs from ours.
pub(super) fn faults(table: &Table, asked: Asked) -> Vec<String> {
    if !table.is_table() {
        return Vec::new();
    }
    let (mut found, shown, before) = (Vec::new(), table.shown(), asked == Asked::BeforeTheFirstStep);
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
    found
}

fn columns(table: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_table = TABLES.iter().find(|(name, _)| name.eq_ignore_ascii_case(table)).map_or("", |(_, columns)| columns);
    of_table.split(", ").filter_map(|column| column.split_once(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_that_migrations_make() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../sql/mysql/migrations");
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
        assert_eq!((names(true).len(), names(false).len()), (9, 1));
    }
}
