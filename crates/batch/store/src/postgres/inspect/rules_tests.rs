//! Each refusal from facts alone.

use super::*;
use crate::migrate::SCHEMA_VERSION;
use crate::postgres::inspect::facts::{Column, Index};
use crate::postgres::inspect::sound::{self, column, index, numeric, of};

fn refused(facts: &Facts) -> Vec<Refusal> {
    refusals(facts, &TableNames::default())
}

/// The only refusal, which must have this name.
fn only(facts: &Facts, name: &str) -> String {
    match &refused(facts)[..] {
        [refusal] if refusal.name == name => refusal.message.clone(),
        other => panic!("expected one {name}, found {other:?}"),
    }
}

fn spoilt(spoil: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = sound::facts();
    spoil(&mut facts);
    facts
}

#[test]
fn sound_databases_are_not_refused() {
    assert_eq!(refused(&sound::facts()), []);
    for facts in sound::facts_of_two() {
        assert_eq!(refused(&facts), []);
    }
}

#[test]
fn a_server_that_takes_no_writes_is_refused_whether_it_is_a_standby_or_set_so() {
    for spoil in [|source: &mut Database| source.standby = true, |source: &mut Database| source.read_only = true] {
        assert!(only(&spoilt(|facts| spoil(&mut facts.database)), "read-only-server").contains("role app"));
    }
    let [_, mut target] = sound::facts_of_two();
    target.database.standby = true;
    assert!(only(&target, "read-only-server").starts_with("the target database"));
}

#[test]
fn an_old_server_is_refused_with_its_version() {
    let database = Database { called: "the database", version_shown: "12.22".into(), ..Database::default() };
    let refusal = old_server(&database);
    assert_eq!(refusal.name, "old-server");
    assert!(refusal.message.contains("12.22") && refusal.message.contains("13 or later"));
}

#[test]
fn an_error_that_shows_what_we_refuse_becomes_a_refusal_and_any_other_stays_one() {
    let name = |kind: ErrorKind, text: &str| {
        refused_by(&DatabaseError::new(kind, text), "the database", "db:5432/cashkaro").map(|refusal| refusal.name)
    };
    let server_said = "error connecting to server: database does not allow writes";
    assert_eq!(name(ErrorKind::Unreachable, server_said), Some("read-only-server"));
    assert_eq!(name(ErrorKind::ReadOnly, "setting limits: …"), Some("read-only-server"));
    let lost = "setting limits: prepared statement \"s32\" does not exist (SQLSTATE 26000)";
    assert_eq!(name(ErrorKind::Bug, lost), Some("unfit-pooler"));
    let twice = "setting limits: prepared statement \"s1\" already exists (SQLSTATE 42P05)";
    assert_eq!(name(ErrorKind::SchemaMismatch, twice), Some("unfit-pooler"));
    let no_blocks = "transaction blocks not allowed in statement pooling mode (SQLSTATE 08P01)";
    assert_eq!(name(ErrorKind::ConnectionLost, no_blocks), Some("unfit-pooler"));
    assert_eq!(name(ErrorKind::Unreachable, "cannot connect to the database: connection refused"), None);
    assert_eq!(name(ErrorKind::Timeout, "inspecting the server: no answer within 60s"), None);
}

#[test]
fn a_table_that_is_absent_is_the_only_thing_said_about_it() {
    let absent = |relation: &mut Relation| {
        let (schema, name) = (relation.schema.clone(), relation.name.clone());
        *relation = Relation { schema, name, schema_exists: true, schema_usage: true, ..Relation::default() };
    };
    let message = only(&spoilt(|facts| absent(&mut facts.input)), "missing-table");
    assert!(message.contains("the table public.user_spending_data") && message.contains("source.table"), "{message}");
    let message = only(&spoilt(|facts| absent(&mut facts.output)), "missing-table");
    assert!(message.contains("public.card_recommendations") && message.contains("cardgenius migrate"), "{message}");
    let message = only(
        &spoilt(|facts| {
            absent(&mut facts.output);
            facts.output.schema_exists = false;
        }),
        "missing-table",
    );
    assert!(message.contains("the schema of the table"), "{message}");
}

#[test]
fn whatever_is_no_table_is_called_what_it_is() {
    for (kind, called) in [("v", "a view"), ("m", "a materialised view"), ("f", "a foreign table"), ("S", "no table")] {
        let message = only(&spoilt(|facts| facts.output.kind = Some(kind.into())), "not-a-table");
        assert!(message.contains(called), "{message}");
    }
    assert_eq!(refused(&spoilt(|facts| facts.output.kind = Some("p".into()))), []);
}

#[test]
fn a_key_must_be_unique_valid_and_of_exactly_these_columns() {
    let with = |key: Index| spoilt(|facts| facts.input.indexes[0] = key);
    assert!(
        only(&with(index("other", &["user_id", "processing_status"])), "missing-key")
            .contains("ADD UNIQUE (\"user_id\")")
    );
    let message = only(&with(Index { valid: false, ..index("broken", &["user_id"]) }), "missing-key");
    assert!(message.contains("broken"), "{message}");
    only(&with(Index { key: false, ..index("partial", &["user_id"]) }), "missing-key");
    assert_eq!(refused(&with(index("another_name", &["user_id"]))), []);
}

#[test]
fn the_outputs_key_may_have_its_columns_in_any_order() {
    let with = |columns: &[&str]| spoilt(|facts| facts.output.indexes[0] = index("key", columns));
    assert_eq!(refused(&with(&["rank", "user_id"])), []);
    assert!(only(&with(&["user_id"]), "missing-key").contains("ADD UNIQUE (\"user_id\", \"rank\")"));
    only(&with(&["user_id", "rank", "card_name"]), "missing-key");
    only(&with(&["user_id", "user_id"]), "missing-key");
}

#[test]
fn users_without_a_key_and_duplicate_ones_are_refused() {
    assert!(only(&spoilt(|facts| facts.users.without_id = true), "null-user").contains("SET NOT NULL"));
    assert!(only(&spoilt(|facts| facts.users.duplicate = Some("CK1".into())), "duplicate-user").contains("CK1"));
}

#[test]
fn users_are_looked_through_only_where_nothing_else_excludes_the_fault() {
    let sound = sound::facts().input;
    assert!(!users_may_lack_ids(&sound) && !users_may_be_twice(&sound));
    let mut loose = sound;
    of(&mut loose, "user_id").not_null = false;
    loose.indexes.clear();
    assert!(users_may_lack_ids(&loose) && users_may_be_twice(&loose));
    loose.row_security = true;
    assert!(!users_may_lack_ids(&loose) && !users_may_be_twice(&loose));
}

#[test]
fn all_our_tables_that_are_absent_are_named_at_once() {
    let message = only(
        &spoilt(|facts| {
            for table in &mut facts.own {
                table.kind = None;
            }
        }),
        "missing-own-table",
    );
    assert!(message.contains("cardgenius_runs, cardgenius_instances") && message.contains("cardgenius migrate"));
    let [_, mut target] = sound::facts_of_two();
    target.fence.as_mut().unwrap().kind = None;
    assert!(only(&target, "missing-fence").contains("the target database"));
}

#[test]
fn a_schema_of_another_version_is_refused_unless_it_still_serves_this_program() {
    let with = |version: Option<(i32, &str)>| {
        spoilt(|facts| facts.schema_version = version.map(|(version, oldest)| (version, oldest.into())))
    };
    assert!(only(&with(None), "old-schema").contains("cardgenius migrate"));
    assert!(only(&with(Some((0, "0.0.1"))), "old-schema").contains(&format!("needs {SCHEMA_VERSION}")));
    let next = SCHEMA_VERSION + 1;
    assert_eq!(refused(&with(Some((next, "0.1.0")))), []);
    assert!(only(&with(Some((next, "99.0.0"))), "new-schema").contains("upgrade the program"));
    assert!(only(&with(Some((next, "tomorrow"))), "unknown-schema").contains("tomorrow"));
}

#[test]
fn the_index_of_unsettled_users_must_be_there_and_valid() {
    let message = only(&spoilt(|facts| facts.input.indexes[1].valid = false), "missing-index");
    assert!(message.contains("not valid"), "{message}");
    let message = only(&spoilt(|facts| drop(facts.input.indexes.remove(1))), "missing-index");
    assert!(message.contains("has no index cardgenius_unsettled_user_spending_data"), "{message}");
}

#[test]
fn row_security_is_refused_on_the_customers_tables_and_on_ours() {
    let message = only(&spoilt(|facts| facts.input.row_security = true), "row-security");
    assert!(message.contains("ALTER ROLE \"app\" BYPASSRLS"), "{message}");
    assert!(only(&spoilt(|facts| facts.output.row_security = true), "row-security").contains("card_recommendations"));
    assert!(only(&spoilt(|facts| facts.own[2].row_security = true), "row-security").contains("cardgenius_runs"));
}

#[test]
fn columns_that_are_absent_are_listed_theirs_and_ours_apart() {
    let facts = spoilt(|facts| facts.input.columns.retain(|column| !column.name.starts_with("avg_a")));
    assert!(only(&facts, "missing-column").contains("lacks the columns avg_amazon_gmv, avg_ajio_gmv:"));
    let facts =
        spoilt(|facts| facts.input.columns.retain(|column| column.name != "claim_id" && column.name != "crashes"));
    let message = only(&facts, "missing-own-column");
    assert!(message.contains("(claim_id, crashes)") && message.contains("cardgenius migrate"), "{message}");
    let facts = spoilt(|facts| facts.output.columns.retain(|column| column.name != "rank"));
    only(&facts, "missing-column");
    let tables = TableNames { credit_score: Some("cibil".into()), ..TableNames::default() };
    assert!(refusals(&sound::facts(), &tables)[0].message.contains("cibil"));
}

#[test]
fn types_that_hold_what_we_read_and_write_are_accepted_and_others_named() {
    let input = |name: &str, of_type: &str, modifier: i32| {
        spoilt(|facts| *of(&mut facts.input, name) = Column { modifier, ..column(name, of_type) })
    };
    for (name, of_type, modifier) in [
        ("user_id", "text", -1),
        ("avg_amazon_gmv", "float8", -1),
        ("avg_amazon_gmv", "int4", -1),
        ("processing_status", "varchar", 13),
        ("processing_error", "varchar", 1_004),
        ("attempts", "int4", -1),
        ("processed_at", "timestamp", -1),
    ] {
        assert_eq!(refused(&input(name, of_type, modifier)), [], "{name} {of_type}");
    }
    for (name, of_type, modifier) in [
        ("user_id", "int8", -1),
        ("user_id", "uuid", -1),
        ("user_id", "bpchar", 54),
        ("avg_amazon_gmv", "money", -1),
        ("avg_amazon_gmv", "text", -1),
        ("processing_status", "int2", -1),
        ("processing_status", "varchar", 12),
        ("processing_error", "varchar", 259),
        ("claim_id", "text", -1),
        ("crashes", "int4", -1),
        ("processed_at", "date", -1),
    ] {
        let message = only(&input(name, of_type, modifier), "wrong-type");
        assert!(message.contains(&format!("{name} is {of_type}: it must")), "{message}");
    }
}

#[test]
fn an_enum_of_states_must_have_all_four_labels() {
    let with = |labels: &[&str]| {
        spoilt(|facts| {
            let labels = labels.iter().map(|label| (*label).to_owned()).collect();
            let column = Column { labels, ..column("processing_status", "public.status") };
            *of(&mut facts.input, "processing_status") = column;
        })
    };
    assert_eq!(refused(&with(&["failed", "paused", "new", "pending", "completed"])), []);
    assert!(only(&with(&["new", "done", "failed"]), "wrong-type").contains("the labels pending, completed:"));
}

#[test]
fn figures_must_fit_without_rounding() {
    let output = |name: &str, of_type: &str, modifier: i32| {
        spoilt(|facts| *of(&mut facts.output, name) = Column { modifier, ..column(name, of_type) })
    };
    for (name, modifier) in [
        ("net_savings", -1),
        ("net_savings", numeric(14, 4)),
        ("redemption_rate", numeric(12, 6)),
        ("redemption_rate", -1),
    ] {
        assert_eq!(refused(&output(name, "numeric", modifier)), [], "{name} {modifier}");
    }
    for (name, of_type, modifier) in [
        ("net_savings", "numeric", numeric(12, 1)),
        ("net_savings", "numeric", numeric(12, 3)),
        ("net_savings", "numeric", numeric(8, 0x7fe)),
        ("net_savings", "float8", -1),
        ("redemption_rate", "numeric", numeric(5, 3)),
        ("redemption_rate", "numeric", numeric(4, 4)),
        ("rank", "numeric", -1),
        ("card_name", "json", -1),
    ] {
        only(&output(name, of_type, modifier), "wrong-type");
    }
}

#[test]
fn a_column_of_the_output_that_nobody_fills_is_refused() {
    let with = |extra: Column| spoilt(|facts| facts.output.columns.push(extra));
    let required = || Column { not_null: true, ..column("segment", "text") };
    assert!(only(&with(required()), "unfilled-column").contains("(segment)"));
    for filled in [
        Column { not_null: false, ..required() },
        Column { has_default: true, ..required() },
        Column { identity: "a".into(), ..required() },
        Column { generated: true, ..required() },
    ] {
        assert_eq!(refused(&with(filled)), []);
    }
}

#[test]
fn a_column_that_we_write_must_be_writable_and_empty_where_we_empty_it() {
    only(&spoilt(|facts| of(&mut facts.output, "net_savings").generated = true), "generated-column");
    only(&spoilt(|facts| of(&mut facts.output, "rank").identity = "a".into()), "generated-column");
    only(&spoilt(|facts| of(&mut facts.input, "attempts").generated = true), "generated-column");
    assert_eq!(refused(&spoilt(|facts| of(&mut facts.input, "avg_ajio_gmv").generated = true)), []);
    assert_eq!(refused(&spoilt(|facts| of(&mut facts.output, "rank").identity = "d".into())), []);
    let message = only(&spoilt(|facts| of(&mut facts.output, "redemption_method").not_null = true), "not-null-column");
    assert!(message.contains("ALTER COLUMN \"redemption_method\" DROP NOT NULL;"), "{message}");
    only(&spoilt(|facts| of(&mut facts.input, "processing_error").not_null = true), "not-null-column");
}
