//! From facts to refusals: pure.

use super::facts::{Database, Facts, Relation};
use super::needs;
use super::{columns, rights};
use crate::config::TableNames;
use crate::identifiers::{quote, unsettled_index};
use crate::inspection::{READ_ONLY_SERVER, Refusal, version_fault};
use cardgenius_failure::error::{DatabaseError, ErrorKind};

/// All that keeps a run from starting.
pub(super) fn refusals(facts: &Facts, tables: &TableNames) -> Vec<Refusal> {
    let mut found = Vec::new();
    let (input, output) = (&facts.input, &facts.output);
    let database = &facts.database;
    if database.standby || database.read_only {
        found.push(read_only(database.called, &format!("role {}", database.role)));
    }
    let of_strangers = database.strangers.iter();
    found.extend(of_strangers.map(|fault| Refusal::new("foreign-object", format!("in {}: {fault}", database.called))));
    if facts.part.has_source() {
        found.extend(table(database, input, "create it, or correct source.schema and source.table"));
    }
    if facts.part.has_target() {
        let advice = "run `cardgenius migrate`, which creates it, or correct target.schema and target.table";
        found.extend(table(database, output, advice));
    }
    if input.is_table() {
        columns::input(input, &needs::input(tables), &mut found);
        found.extend(hidden_key_type(input));
        found.extend(missing_input_key(input));
        found.extend(users(facts));
    }
    if output.is_table() {
        columns::output(output, &mut found);
        found.extend(missing_key(output, &["user_id", "rank"], "keeps a user's ranks apart"));
    }
    found.extend(own_tables(facts));
    found.extend(schema_version(facts));
    found.extend(missing_index(input, &unsettled_index(tables)));
    row_security(facts, &mut found);
    rights::refusals(facts, tables, &mut found);
    found
}

/// A server older than those that we support.
pub(super) fn old_server(database: &Database) -> Refusal {
    Refusal::new(
        "old-server",
        format!(
            "{} runs on PostgreSQL {}; version 13 or later is needed: upgrade the server",
            database.called, database.version_shown
        ),
    )
}

/// A server that takes no writes from us; `whom` is the place or the role.
pub(super) fn read_only(called: &str, whom: &str) -> Refusal {
    Refusal::new(
        READ_ONLY_SERVER,
        format!(
            "{called} takes no writes from us ({whom}): it is a standby, or default_transaction_read_only is on for the role or the database; give the address of the primary, or switch that setting off"
        ),
    )
}

/// What we refuse, where an error is the first sign of it; `place` is where the database is.
pub(in crate::postgres) fn refused_by(error: &DatabaseError, called: &str, place: &str) -> Option<Refusal> {
    let text = error.to_string();
    // The driver asks the server before it lets us in, and has no code of its own for the answer.
    if error.kind() == ErrorKind::ReadOnly || text.ends_with("database does not allow writes") {
        return Some(read_only(called, place));
    }
    // invalid_sql_statement_name, duplicate_prepared_statement; and PgBouncer's own words in statement mode
    let fault = if text.contains("(SQLSTATE 26000)") || text.contains("(SQLSTATE 42P05)") {
        "loses prepared statements between transactions (PgBouncer carries them from version 1.21 on, where max_prepared_statements is set)"
    } else if text.contains("statement pooling mode") {
        "lets no transaction through"
    } else {
        return None;
    };
    Some(Refusal::new(
        "unfit-pooler",
        format!(
            "a pooler is between us and {called} ({place}) that {fault}: give the server's own address, or a pool in session mode"
        ),
    ))
}

/// Nothing there, or something else than a table.
fn table(database: &Database, relation: &Relation, advice: &str) -> Option<Refusal> {
    let shown = relation.shown();
    let Some(kind) = relation.kind.as_deref() else {
        let what = if relation.schema_exists { "the table" } else { "the schema of the table" };
        return Some(Refusal::new("missing-table", format!("{what} {shown} is not in {}: {advice}", database.called)));
    };
    let kind = match kind {
        "r" | "p" => return None,
        "v" => "a view",
        "m" => "a materialised view",
        "f" => "a foreign table",
        _ => "no table",
    };
    Some(Refusal::new(
        "not-a-table",
        format!(
            "{shown} in {} is {kind}, whose rows cannot be locked and replaced safely: name the table itself",
            database.called
        ),
    ))
}

/// Operators of a key that our sessions do not see: the server would compare the keys as text, in another order than the index has.
fn hidden_key_type(input: &Relation) -> Option<Refusal> {
    let key = input.column("user_id").filter(|key| key.of_type == "citext" && key.shown_type != "citext")?;
    Some(Refusal::new(
        "hidden-key-type",
        format!(
            "{}.user_id is {}, whose operators are in a schema that our sessions leave out, because other roles may create objects there or because it is not in the search_path of our role: take CREATE on that schema from them and put the schema into the role's search_path, or make the column varchar",
            input.shown(),
            key.shown_type
        ),
    ))
}

/// Users are told by a key of the table.
pub(super) fn missing_input_key(input: &Relation) -> Option<Refusal> {
    missing_key(input, &["user_id"], "is what a user is told by")
}

fn missing_key(relation: &Relation, key: &[&str], purpose: &str) -> Option<Refusal> {
    // Without the columns there is another refusal, and no statement that could be run.
    if relation.has_key(key) || key.iter().any(|column| relation.column(column).is_none()) {
        return None;
    }
    let columns = key.join(", ");
    let quoted: Vec<String> = key.iter().map(|column| quote(column)).collect();
    let unfit = relation.indexes.iter().find(|index| index.columns == key);
    let unfit = unfit.map_or_else(String::new, |index| {
        format!(" (the index {} is not one: not unique, not valid, partial, or deferrable)", index.name)
    });
    Some(Refusal::new(
        "missing-key",
        format!(
            "{} has no primary or unique key on ({columns}), which {purpose}{unfit}: ALTER TABLE {} ADD UNIQUE ({});",
            relation.shown(),
            relation.quoted(),
            quoted.join(", ")
        ),
    ))
}

/// Whether the table of users can be read so far as to look at its keys.
pub(super) fn users_are_readable(input: &Relation) -> bool {
    input.is_table()
        && input.schema_usage
        && !input.row_security
        && input.column("user_id").is_some_and(|column| column.may("SELECT"))
}

/// Whether it is worth looking for users without a key.
pub(super) fn users_may_lack_ids(input: &Relation) -> bool {
    users_are_readable(input) && input.column("user_id").is_some_and(|column| !column.not_null)
}

/// Whether it is worth looking for users that are there twice.
pub(super) fn users_may_be_twice(input: &Relation) -> bool {
    users_are_readable(input) && !input.has_key(&["user_id"])
}

fn users(facts: &Facts) -> Vec<Refusal> {
    let (mut found, shown) = (Vec::new(), facts.input.shown());
    if facts.users.without_id {
        found.push(Refusal::new(
            "null-user",
            format!(
                "{shown} has rows whose user_id is NULL, which nobody could ever claim: delete them, then ALTER TABLE {} ALTER COLUMN \"user_id\" SET NOT NULL;",
                facts.input.quoted()
            ),
        ));
    }
    if let Some(user) = &facts.users.duplicate {
        let user: String = user.chars().take(60).collect();
        found.push(Refusal::new(
            "duplicate-user",
            format!("{shown} has more than one row with the user_id {user}, perhaps others too: keep one of each"),
        ));
    }
    found
}

fn own_tables(facts: &Facts) -> Vec<Refusal> {
    let mut found = Vec::new();
    let missing: Vec<&str> =
        facts.own.iter().filter(|table| table.kind.is_none()).map(|table| table.name.as_str()).collect();
    if !missing.is_empty() {
        found.push(Refusal::new(
            "missing-own-table",
            format!(
                "our own tables are not in schema {} of {} ({}): run `cardgenius migrate`",
                facts.input.schema,
                facts.database.called,
                missing.join(", ")
            ),
        ));
    }
    if let Some(fence) = facts.fence.as_ref().filter(|fence| fence.kind.is_none()) {
        found.push(Refusal::new(
            "missing-fence",
            format!("our table {} is not in {}: run `cardgenius migrate`", fence.shown(), facts.database.called),
        ));
    }
    found
}

/// The table of schema versions, if it can be read.
fn versions(facts: &Facts) -> Option<&Relation> {
    facts.own.iter().find(|table| table.name == needs::OWN_TABLES[0].0).filter(|table| {
        table.is_table()
            && table.schema_usage
            && !table.row_security
            && table.rights.iter().any(|right| right == "SELECT")
    })
}

/// Whether the version of our schema can be asked for.
pub(super) fn version_is_readable(facts: &Facts) -> bool {
    versions(facts).is_some()
}

fn schema_version(facts: &Facts) -> Option<Refusal> {
    let table = versions(facts)?.shown();
    let (version, oldest) = facts.schema_version.clone().unzip();
    let (name, fault) = version_fault(version, oldest.as_deref())?;
    Some(Refusal::new(name, format!("{table}: {fault}")))
}

fn missing_index(input: &Relation, name: &str) -> Option<Refusal> {
    let message = match input.indexes.iter().find(|index| index.name == name) {
        _ if !input.is_table() => return None,
        Some(index) if index.valid => return None,
        Some(_) => format!(
            "the index {name} on {} is not valid, because its making was broken off: run `cardgenius migrate`, which makes it anew",
            input.shown()
        ),
        None => format!(
            "{} has no index {name}, without which every claim reads the whole table: run `cardgenius migrate`",
            input.shown()
        ),
    };
    Some(Refusal::new("missing-index", message))
}

/// We switch row security off in every transaction, so that a policy is an error and not an empty table.
fn row_security(facts: &Facts, found: &mut Vec<Refusal>) {
    let (database, tables) = (&facts.database, [&facts.input, &facts.output]);
    for table in tables.into_iter().chain(&facts.own).chain(&facts.fence).filter(|table| table.row_security) {
        found.push(Refusal::new(
            "row-security",
            format!(
                "row-level security on {} applies to role {} and would hide rows from it: ALTER ROLE {} BYPASSRLS; (by a superuser), or work as the table's owner, or ALTER TABLE {} DISABLE ROW LEVEL SECURITY; (a policy that lets everything through does not do, because policies may change while a run is on)",
                table.shown(),
                database.role,
                quote(&database.role),
                table.quoted()
            ),
        ));
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
