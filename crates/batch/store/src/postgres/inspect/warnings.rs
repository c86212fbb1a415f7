//! From facts to warnings: pure. What an operator should know before a run, and may well intend.

use super::facts::{Database, Facts, ForeignCode, OpenSchema, Relation, Trigger};
use super::needs::{self, Need};
use crate::config::TableNames;
use crate::identifiers::quote;

/// Everything worth a word.
pub(super) fn warnings(facts: &Facts) -> Vec<String> {
    let mut found = Vec::new();
    let (input, output) = (&facts.input, &facts.output);
    let written = |trigger: &&Trigger| trigger.on_update && fires(trigger);
    found.extend(triggers(input, "two updates a user pass", input.triggers.iter().filter(written)));
    let loaded = |trigger: &&Trigger| trigger.on_insert || trigger.on_delete;
    found.extend(triggers(output, "ten rows a user pass", output.triggers.iter().filter(loaded)));
    found.extend([input, output].into_iter().flat_map(foreign_code));
    let database = &facts.database;
    found.extend(replication(database));
    if !database.autovacuum {
        found.push(format!(
            "autovacuum or track_counts is off on the server of {}: every run leaves a dead row for each update and each replaced recommendation, and nobody clears them",
            database.called
        ));
    }
    found.extend(pooler(database));
    found.extend(database.stranger_rights.iter().map(|right| format!("in {}: {right}", database.called)));
    found.extend(database.open_schemas.iter().map(|schema| open_schema(schema, [input, output])));
    for relation in [input, output] {
        if relation.column("user_id").is_some_and(|column| column.of_type == "citext") {
            found.push(format!(
                "{}.user_id is citext: our statements compare it as text, which its index does not serve, so that a chunk may cost a look through the whole table; varchar or text would do",
                relation.shown()
            ));
        }
        if let Some(option) = relation.options.iter().find(|option| switches_autovacuum_off(option)) {
            found.push(format!(
                "autovacuum is off on {} ({option}): every run leaves dead rows there that nobody clears; ALTER TABLE {} RESET (autovacuum_enabled);",
                relation.shown(),
                relation.quoted()
            ));
        }
    }
    for (relation, then) in [(input, "with every user gone"), (output, "while the users stay completed")] {
        if relation.persistence == "u" {
            found.push(format!(
                "{} is UNLOGGED: it is empty after a crash of the server, and absent on replicas, {then}; ALTER TABLE {} SET LOGGED;",
                relation.shown(),
                relation.quoted()
            ));
        }
    }
    found
}

/// Whether an update of ours fires it; `UPDATE OF` other columns does not.
fn fires(trigger: &Trigger) -> bool {
    let tables = TableNames::default();
    let ours: Vec<Need<'_>> = needs::input(&tables).into_iter().filter(|need| need.written).collect();
    trigger.of_columns.is_empty() || trigger.of_columns.iter().any(|column| ours.iter().any(|need| need.name == column))
}

fn triggers<'a>(relation: &Relation, load: &str, fired: impl Iterator<Item = &'a Trigger>) -> Option<String> {
    let names: Vec<&str> = fired.map(|trigger| trigger.name.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!("{} has triggers ({}): {load} through each, which slows every run", relation.shown(), names.join(", "))
    })
}

/// The customer's own application role may have made them, which is why they are not refused.
fn foreign_code(relation: &Relation) -> impl Iterator<Item = String> {
    relation.foreign_code.iter().map(|code| {
        let ForeignCode { what, owner } = code;
        format!(
            "{} has {what} belongs to role {owner}: what that role writes into it runs with our rights, and in `cardgenius check` with the rights of the role that checks. Unless {owner} may have those rights, drop it, or ALTER … OWNER TO a role that may and look at what it does first",
            relation.shown()
        )
    })
}

fn replication(database: &Database) -> Option<String> {
    let mut carried: Vec<String> = database
        .replication
        .iter()
        .map(|by| match by.kind.as_str() {
            "publication" => format!("publication {}", by.name),
            kind if by.active => format!("{kind} replication slot {}", by.name),
            kind => format!(
                "{kind} replication slot {} (nobody reads it: the server keeps its log for it, until the disk is full)",
                by.name
            ),
        })
        .collect();
    carried.dedup();
    (!carried.is_empty()).then(|| {
        format!(
            "two updates and ten rows a user in {} are carried elsewhere too, by {}: can that keep up with a run?",
            database.called,
            carried.join(", ")
        )
    })
}

/// A schema that is left out of our sessions' search path, and what that may break.
fn open_schema(schema: &OpenSchema, tables: [&Relation; 2]) -> String {
    let triggers: Vec<&str> =
        tables.iter().flat_map(|table| &table.triggers).map(|trigger| trigger.name.as_str()).collect();
    let affected = if triggers.is_empty() {
        "functions of your triggers, if there are any,".to_owned()
    } else {
        format!("functions of your triggers ({})", triggers.join(", "))
    };
    let left_out = format!(
        "our sessions leave it out of their search_path, so that the {affected} must name what is there with its schema, or have a search_path of their own (ALTER FUNCTION ... SET search_path = ...)"
    );
    let name = quote(&schema.name);
    if schema.creators.is_empty() {
        format!(
            "schema {name} holds functions or operators of other roles ({}), which could be called in place of the server's own: {left_out}; drop those, or make them a trusted role's",
            schema.owners.join(", ")
        )
    } else {
        let creators = schema.creators.join(", ");
        format!(
            "other roles ({creators}) may create objects in schema {name}, and could have functions of theirs called in place of the server's own: {left_out}. To close the schema: REVOKE CREATE ON SCHEMA {name} FROM {creators};"
        )
    }
}

/// Two sessions held at once never share a server process, and one session never changes it, unless somebody between
/// hands the processes out by transaction.
fn pooler(database: &Database) -> Option<String> {
    let [first, second, first_again] = database.backends;
    (first == second || first != first_again).then(|| {
        format!(
            "a pooler in transaction mode is between us and {}: the sessions of an instance that died cannot be found and ended reliably; give the server's own address, or a pool in session mode",
            database.called
        )
    })
}

/// `autovacuum_enabled=false` in any of the ways in which the server lets it be written.
fn switches_autovacuum_off(option: &str) -> bool {
    option.strip_prefix("autovacuum_enabled=").map(str::to_ascii_lowercase).is_some_and(|value| {
        value == "0" || ["false", "no", "off"].iter().any(|no| no.starts_with(value.as_str()) && value != "o")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::inspect::facts::Replication;
    use crate::postgres::inspect::sound::{self, trigger};

    /// The only warning.
    fn only(spoil: impl FnOnce(&mut Facts)) -> String {
        let mut facts = sound::facts();
        spoil(&mut facts);
        match &warnings(&facts)[..] {
            [warning] => warning.clone(),
            other => panic!("expected one warning, found {other:?}"),
        }
    }

    #[test]
    fn nothing_is_said_of_sound_databases() {
        assert!(warnings(&sound::facts()).is_empty());
        for facts in sound::facts_of_two() {
            assert!(warnings(&facts).is_empty());
        }
    }

    #[test]
    fn triggers_that_our_writes_fire_are_named() {
        let warning = only(|facts| facts.input.triggers = vec![trigger("audit_users"), trigger("stamp")]);
        assert!(warning.contains("(audit_users, stamp)") && warning.contains("two updates a user"), "{warning}");
        let warning = only(|facts| facts.output.triggers = vec![trigger("mirror")]);
        assert!(warning.contains("mirror") && warning.contains("ten rows a user"), "{warning}");
    }

    #[test]
    fn triggers_that_our_writes_do_not_fire_are_not() {
        let mut facts = sound::facts();
        let of_amounts = Trigger { of_columns: vec!["avg_ajio_gmv".into()], ..trigger("new_spending_sets_new") };
        let on_insert = Trigger { on_update: false, ..trigger("welcome") };
        facts.input.triggers = vec![of_amounts, on_insert];
        facts.output.triggers = vec![Trigger { on_insert: false, on_delete: false, ..trigger("stamp") }];
        assert!(warnings(&facts).is_empty());
    }

    #[test]
    fn publications_and_slots_are_named_and_a_slot_that_nobody_reads_most_of_all() {
        let by = |kind: &str, name: &str, active| Replication { kind: kind.into(), name: name.into(), active };
        let warning = only(|facts| {
            let carried =
                [by("logical", "etl", false), by("physical", "standby", true), by("publication", "all", true)];
            facts.database.replication = carried.into();
        });
        assert!(
            warning.contains("publication all") && warning.contains("physical replication slot standby,"),
            "{warning}"
        );
        assert!(warning.contains("logical replication slot etl (nobody reads it"), "{warning}");
    }

    #[test]
    fn a_table_that_is_never_vacuumed_is_warned_about() {
        assert!(only(|facts| facts.database.autovacuum = false).starts_with("autovacuum or track_counts is off"));
        for off in ["false", "off", "0", "no", "FALSE", "of", "f"] {
            let warning = only(|facts| facts.output.options = vec![format!("autovacuum_enabled={off}")]);
            assert!(warning.contains("card_recommendations"), "{warning}");
        }
        let mut facts = sound::facts();
        facts.input.options = vec!["autovacuum_enabled=on".into(), "fillfactor=90".into()];
        assert!(warnings(&facts).is_empty());
    }

    #[test]
    fn a_key_that_ignores_case_is_slow() {
        let warning = only(|facts| sound::of(&mut facts.input, "user_id").of_type = "citext".into());
        assert!(warning.starts_with("public.user_spending_data.user_id is citext"), "{warning}");
    }

    #[test]
    fn an_unlogged_output_is_warned_about() {
        assert!(only(|facts| facts.output.persistence = "u".into()).contains("empty after a crash"));
    }

    #[test]
    fn sessions_that_share_or_change_their_server_process_show_a_pooler() {
        for backends in [[7, 7, 7], [7, 8, 9], [7, 7, 8]] {
            let warning = only(|facts| facts.database.backends = backends);
            assert!(warning.starts_with("a pooler in transaction mode"), "{warning}");
        }
    }
}
