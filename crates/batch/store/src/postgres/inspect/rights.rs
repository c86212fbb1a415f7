//! Rights that are missing, with the statements that grant exactly those.

use super::facts::{Database, Facts, Relation};
use super::needs::{self, FENCE, Need, OUTPUT, OWN_TABLES};
use crate::config::TableNames;
use crate::identifiers::quote;
use crate::inspection::{Part, Refusal};

/// What one role lacks in one database.
struct Lacking<'a> {
    database: &'a Database,
    /// For people.
    rights: Vec<String>,
    /// For the owner.
    grants: Vec<String>,
}

/// A refusal, if the role lacks a right.
pub(super) fn refusals(facts: &Facts, tables: &TableNames, found: &mut Vec<Refusal>) {
    let mut lacking = Lacking::new(&facts.database);
    if facts.part.has_source() {
        lacking.schema(&facts.input);
        lacking.input(&facts.input, &needs::input(tables));
        for (table, (_, privileges)) in facts.own.iter().zip(OWN_TABLES) {
            lacking.whole_table(table, privileges);
        }
    }
    if facts.part.has_target() {
        if facts.part == Part::Target || facts.output.schema != facts.input.schema {
            lacking.schema(&facts.output);
        }
        lacking.output(&facts.output);
    }
    if let Some(fence) = &facts.fence {
        lacking.whole_table(fence, FENCE.1);
    }
    found.extend(lacking.refusal());
}

impl<'a> Lacking<'a> {
    const fn new(database: &'a Database) -> Self {
        Self { database, rights: Vec::new(), grants: Vec::new() }
    }

    /// Adds a right: `privilege` as people and SQL write it, `object` for people, `quoted` for SQL.
    fn add(&mut self, privilege: &str, object: &str, quoted: &str) {
        self.rights.push(format!("{privilege} on {object}"));
        self.grants.push(format!("GRANT {privilege} ON {quoted} TO {};", quote(&self.database.role)));
    }

    fn schema(&mut self, relation: &Relation) {
        if relation.schema_exists && !relation.schema_usage {
            self.add("USAGE", &format!("SCHEMA {}", relation.schema), &format!("SCHEMA {}", quote(&relation.schema)));
        }
    }

    fn input(&mut self, relation: &Relation, needs: &[Need<'_>]) {
        self.columns(relation, "SELECT", needs, |need| need.read);
        self.columns(relation, "UPDATE", needs, |need| need.written);
    }

    fn output(&mut self, relation: &Relation) {
        self.columns(relation, "SELECT", &OUTPUT, |need| need.read);
        self.columns(relation, "INSERT", &OUTPUT, |need| need.written);
        self.whole_table(relation, &["DELETE"]);
        let of_others =
            relation.closed_sequences.iter().filter(|(column, _)| OUTPUT.iter().all(|need| need.name != column));
        for (column, sequence) in of_others {
            let object = format!("SEQUENCE {sequence} (the default of {}.{column})", relation.shown());
            self.add("USAGE", &object, &format!("SEQUENCE {sequence}"));
        }
    }

    /// A privilege on those of the needed columns that are there.
    fn columns(&mut self, relation: &Relation, privilege: &str, needs: &[Need<'_>], needed: fn(&Need<'_>) -> bool) {
        if !relation.is_table() {
            return;
        }
        let closed = needs.iter().filter(|need| needed(need)).map(|need| need.name);
        let closed: Vec<&str> =
            closed.filter(|name| relation.column(name).is_some_and(|column| !column.may(privilege))).collect();
        if closed.is_empty() {
            return;
        }
        let quoted: Vec<String> = closed.iter().map(|name| quote(name)).collect();
        self.rights.push(format!("{privilege} on {} ({})", relation.shown(), closed.join(", ")));
        self.grants.push(format!(
            "GRANT {privilege} ({}) ON {} TO {};",
            quoted.join(", "),
            relation.quoted(),
            quote(&self.database.role)
        ));
    }

    fn whole_table(&mut self, relation: &Relation, privileges: &[&str]) {
        if !relation.is_table() {
            return;
        }
        let lacking: Vec<&str> = privileges
            .iter()
            .copied()
            .filter(|privilege| !relation.rights.iter().any(|held| held == privilege))
            .collect();
        if !lacking.is_empty() {
            self.add(&lacking.join(", "), &relation.shown(), &relation.quoted());
        }
    }

    fn refusal(self) -> Option<Refusal> {
        (!self.grants.is_empty()).then(|| {
            let message = format!(
                "role {} lacks rights in {}: {}; let the owner or a superuser run:",
                self.database.role,
                self.database.called,
                self.rights.join("; ")
            );
            Refusal::with_statements("missing-right", message, &self.grants)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::inspect::sound::{self, of};

    fn message(facts: &Facts) -> String {
        let mut found = Vec::new();
        refusals(facts, &TableNames::default(), &mut found);
        match &found[..] {
            [refusal] if refusal.name == "missing-right" => refusal.message.clone(),
            other => panic!("expected one refusal, found {other:?}"),
        }
    }

    #[test]
    fn the_grants_are_exactly_what_is_missing_one_to_a_line_and_quoted() {
        let mut facts = sound::facts();
        facts.database.role = "card\"genius".into();
        facts.input.schema_usage = false;
        of(&mut facts.input, "claim_id").rights.retain(|right| right != "UPDATE");
        of(&mut facts.input, "crashes").rights.clear();
        facts.output.rights.retain(|right| right != "DELETE");
        facts.own[1].rights.clear();
        let message = message(&facts);
        let grants: Vec<&str> = message.lines().skip(1).collect();
        assert_eq!(
            grants,
            [
                r#"GRANT USAGE ON SCHEMA "public" TO "card""genius";"#,
                r#"GRANT SELECT ("crashes") ON "public"."user_spending_data" TO "card""genius";"#,
                r#"GRANT UPDATE ("claim_id", "crashes") ON "public"."user_spending_data" TO "card""genius";"#,
                r#"GRANT SELECT, INSERT, DELETE ON "public"."cardgenius_catalogues" TO "card""genius";"#,
                r#"GRANT DELETE ON "public"."card_recommendations" TO "card""genius";"#,
            ]
        );
    }

    #[test]
    fn no_right_is_asked_for_that_is_not_used() {
        let mut facts = sound::facts();
        for column in &mut facts.input.columns {
            column.rights.retain(|right| right == "SELECT");
        }
        for column in &mut facts.output.columns {
            column.rights.clear();
        }
        let message = message(&facts);
        let written =
            r#"UPDATE ("processing_status", "processing_error", "claim_id", "attempts", "crashes", "processed_at") ON"#;
        assert!(message.contains(written), "{message}");
        assert!(message.contains(r#"SELECT ("user_id") ON "public"."card_recommendations""#), "{message}");
    }

    #[test]
    fn a_sequence_behind_a_default_of_the_output_is_granted_too() {
        let mut facts = sound::facts();
        let sequence = "\"public\".\"card_recommendations_id_seq\"".to_owned();
        facts.output.closed_sequences = vec![("id".into(), sequence)];
        assert!(
            message(&facts).ends_with("GRANT USAGE ON SEQUENCE \"public\".\"card_recommendations_id_seq\" TO \"app\";")
        );
    }

    #[test]
    fn with_two_databases_each_role_is_told_what_it_lacks_where() {
        let [_, mut facts] = sound::facts_of_two();
        facts.database.role = "loader".into();
        facts.fence.as_mut().unwrap().rights.clear();
        let message = message(&facts);
        assert!(message.starts_with("role loader lacks rights in the target database"), "{message}");
        let grant = r#"GRANT SELECT, INSERT, UPDATE, DELETE ON "public"."cardgenius_fence" TO "loader";"#;
        assert!(message.ends_with(grant), "{message}");
    }

    /// The privileges that a statement needs on a table that its template names.
    fn used(sql: &str, table: &str) -> Vec<&'static str> {
        let words: Vec<&str> = sql.split_whitespace().collect();
        let name = format!("{{{{{table}}}}}");
        let mut used = Vec::new();
        for place in 1..words.len() {
            if words[place].trim_end_matches([',', ';', ')']) != name {
                continue;
            }
            match words[place - 1] {
                "INTO" => used.push("INSERT"),
                // LOCK TABLE needs one of the rights to change rows.
                "UPDATE" | "TABLE" => used.push("UPDATE"),
                "FROM" if place > 1 && words[place - 2] == "DELETE" => used.push("DELETE"),
                "FROM" | "JOIN" => used.push("SELECT"),
                other => panic!("{other} {name}: teach this test what right it needs"),
            }
        }
        if !used.is_empty() {
            let says = |text: &str| sql.contains(text);
            if says("WHERE") || says("RETURNING") || says("ON CONFLICT") {
                used.push("SELECT");
            }
            if says("DO UPDATE") || says("FOR UPDATE") || says("FOR SHARE") {
                used.push("UPDATE");
            }
        }
        used
    }

    #[test]
    fn the_rights_on_our_own_tables_are_those_that_the_statements_use() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/postgres/sql");
        let statements: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| !path.file_name().unwrap().to_str().unwrap().starts_with("migrate_"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
        assert!(statements.len() > 30, "the statements are somewhere else now");
        for (table, rights) in OWN_TABLES.into_iter().chain([FENCE]) {
            let short = match table {
                "cardgenius_schema_version" => "versions",
                other => other.strip_prefix("cardgenius_").unwrap(),
            };
            let used: Vec<&str> = statements.iter().flat_map(|sql| used(sql, short)).collect();
            for right in ["SELECT", "INSERT", "UPDATE", "DELETE"] {
                // Only the schedule touches these.
                let elsewhere = matches!(short, "schedule" | "fires");
                let (asked, used) = (rights.contains(&right), used.contains(&right));
                assert!(asked == used || (asked && elsewhere), "{table}: {right} asked for {asked}, used {used}");
            }
        }
    }
}
