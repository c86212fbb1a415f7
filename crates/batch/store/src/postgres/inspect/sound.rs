//! Facts of sound databases, for the tests to spoil.

use super::facts::{Column, Database, Facts, Index, Relation, Trigger};
use super::needs::{self, FENCE, Need, OUTPUT, OWN_TABLES, Role};
use crate::config::TableNames;
use crate::inspection::Part;
use crate::migrate::SCHEMA_VERSION;

/// As `migrate` leaves an ordinary database, seen by its owner.
pub(super) fn facts() -> Facts {
    let tables = TableNames::default();
    let mut input = relation("user_spending_data", &needs::input(&tables));
    let not_null = ["user_id", "processing_status", "attempts", "crashes"];
    for column in &mut input.columns {
        column.not_null = not_null.contains(&column.name.as_str());
    }
    input.indexes.push(index("user_spending_data_pkey", &["user_id"]));
    let unsettled = index("cardgenius_unsettled_user_spending_data", &["processing_status", "user_id"]);
    input.indexes.push(Index { key: false, ..unsettled });
    let mut output = relation("card_recommendations", &OUTPUT);
    output.indexes.push(index("card_recommendations_pkey", &["user_id", "rank"]));
    Facts {
        database: database(Part::Both),
        input,
        output,
        own: OWN_TABLES.map(|(name, _)| relation(name, &[])).into(),
        schema_version: Some((SCHEMA_VERSION, "0.1.0".into())),
        ..Facts::default()
    }
}

/// The same with the recommendations in a second database: what each of the two says.
pub(super) fn facts_of_two() -> [Facts; 2] {
    let Facts { input, output, own, schema_version, .. } = facts();
    let (source, target) = (Part::Source, Part::Target);
    let fence = Some(relation(FENCE.0, &[]));
    [
        Facts { part: source, database: database(source), input, own, schema_version, ..Facts::default() },
        Facts { part: target, database: database(target), output, fence, ..Facts::default() },
    ]
}

fn database(part: Part) -> Database {
    Database {
        called: part.called(),
        version: 150_000,
        version_shown: "15.0".into(),
        role: "app".into(),
        autovacuum: true,
        encoding: "UTF8".into(),
        backends: [100, 101, 100],
        ..Database::default()
    }
}

fn relation(name: &str, needs: &[Need<'_>]) -> Relation {
    Relation {
        schema: "public".into(),
        name: name.into(),
        schema_exists: true,
        schema_usage: true,
        kind: Some("r".into()),
        persistence: "p".into(),
        rights: ["SELECT", "INSERT", "UPDATE", "DELETE"].map(String::from).into(),
        columns: needs.iter().map(needed_column).collect(),
        ..Relation::default()
    }
}

fn needed_column(need: &Need<'_>) -> Column {
    let (of_type, modifier) = match need.role {
        Role::Key | Role::Text => ("varchar", 54),
        Role::Status | Role::Reason => ("text", -1),
        Role::Amount | Role::Money => ("numeric", numeric(12, 2)),
        Role::Rate => ("numeric", numeric(5, 4)),
        Role::Whole | Role::Count => ("int2", -1),
        Role::Id => ("uuid", -1),
        Role::Time => ("timestamptz", -1),
        Role::Place => ("tid", -1),
    };
    Column { modifier, ..column(need.name, of_type) }
}

/// The modifier of numeric(precision, scale).
pub(super) const fn numeric(precision: i32, scale: i32) -> i32 {
    (precision << 16 | scale) + 4
}

/// A column without a limit, on which everything is permitted.
pub(super) fn column(name: &str, of_type: &str) -> Column {
    Column {
        name: name.into(),
        of_type: of_type.into(),
        shown_type: of_type.into(),
        modifier: -1,
        rights: ["SELECT", "INSERT", "UPDATE"].map(String::from).into(),
        ..Column::default()
    }
}

/// A valid unique index.
pub(super) fn index(name: &str, columns: &[&str]) -> Index {
    Index {
        name: name.into(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        valid: true,
        key: true,
    }
}

/// A trigger on everything.
pub(super) fn trigger(name: &str) -> Trigger {
    Trigger { name: name.into(), on_insert: true, on_delete: true, on_update: true, of_columns: Vec::new() }
}

/// A column of the table, to be spoilt.
pub(super) fn of<'a>(relation: &'a mut Relation, name: &str) -> &'a mut Column {
    relation.columns.iter_mut().find(|column| column.name == name).unwrap()
}
