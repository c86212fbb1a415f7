//! From facts to refusals: pure.

use super::facts::{Facts, Table};
use super::forms::{self, Asked};
use super::needs::{self, OWN_TABLES};
use super::{columns, rights};
use crate::config::TableNames;
use crate::identifiers::{quote_mysql, unsettled_index};
use crate::inspection::{READ_ONLY_SERVER, Refusal, version_fault};
use crate::mysql::keys::{INPUT_KEY, Index, OUTPUT_KEY, keys_over};

/// The columns of the index over the unsettled.
const UNSETTLED: [&str; 3] = ["processing_status", "crashes", "user_id"];

/// The smallest limit on a packet in which the keys of a chunk fit, and a catalogue.
pub(super) const LEAST_PACKET_BYTES: u64 = 1 << 20;

/// All that keeps a run from starting.
pub(super) fn refusals(facts: &Facts, tables: &TableNames) -> Vec<Refusal> {
    let mut found = Vec::new();
    found.extend(server(facts));
    let (input, output) = (&facts.input, &facts.output);
    if facts.part.has_source() {
        found.extend(table(facts, input, "create it, or correct source.schema and source.table"));
    }
    if facts.part.has_target() {
        let advice = "run `cardgenius migrate`, which creates it, or correct target.schema and target.table";
        found.extend(table(facts, output, advice));
    }
    if input.is_table() {
        columns::input(input, &needs::input(tables), &mut found);
        found.extend(missing_input_key(input));
        found.extend(users(facts));
        found.extend(missing_index(input, &unsettled_index(tables)));
    }
    if output.is_table() {
        columns::output(output, &mut found);
        found.extend(missing_key(output, &OUTPUT_KEY, "keeps a user's ranks apart"));
    }
    for table in [input, output].into_iter().chain(&facts.own).chain(&facts.fence) {
        found.extend(engine(table));
    }
    if !facts.foreign_columns.is_empty() {
        found.push(Refusal::new("foreign-object", foreign_columns(&input.shown(), &facts.foreign_columns)));
    }
    let strange = facts.strange.iter();
    found.extend(strange.map(|fault| Refusal::new("foreign-object", format!("in {}: {fault}", facts.part.called()))));
    let own = facts.own.iter().chain(&facts.fence).flat_map(|table| forms::faults(table, Asked::AtWork));
    found.extend(own.map(|fault| Refusal::new("foreign-object", format!("in {}: {fault}", facts.part.called()))));
    found.extend(own_tables(facts));
    found.extend(schema_version(facts));
    found.extend(rights::refusal(facts, tables));
    found
}

/// The refusal of a table of users with such columns.
pub(in crate::mysql) fn foreign_columns(shown: &str, columns: &[String]) -> String {
    format!(
        "{shown} has columns of its own ({}) in which we would write: rename them; a column of ours bears a comment that begins with \"CardGenius:\"",
        columns.join(", ")
    )
}

/// What of the server itself will not do.
fn server(facts: &Facts) -> Vec<Refusal> {
    let (mut found, server, called) = (Vec::new(), &facts.server, facts.part.called());
    if server.is_on("read_only") || server.is_on("innodb_read_only") {
        found.push(Refusal::new(
            READ_ONLY_SERVER,
            format!(
                "{called} takes no writes from us: read_only (or innodb_read_only) is on, as on a replica; give the address of the primary, or switch that setting off"
            ),
        ));
    }
    if let Some(bytes) = server.bytes("max_allowed_packet")
        && bytes < LEAST_PACKET_BYTES
    {
        found.push(Refusal::new(
            "small-packets",
            format!(
                "max_allowed_packet on the server of {called} is {bytes} bytes, in which neither a catalogue nor a list of users fits: SET GLOBAL max_allowed_packet = 16777216; (and in the server's configuration)"
            ),
        ));
    }
    if server.is_on("log_bin") && server.setting("binlog_format").is_some_and(|format| format == "STATEMENT") {
        found.push(Refusal::new(
            "statement-binlog",
            format!(
                "the server of {called} writes its binary log with binlog_format=STATEMENT, which takes no change at READ COMMITTED, and could not tell replicas whom SKIP LOCKED has passed over: set binlog_format to ROW"
            ),
        ));
    }
    found
}

/// Nothing there, or something else than a table.
fn table(facts: &Facts, table: &Table, advice: &str) -> Option<Refusal> {
    let (shown, called) = (table.shown(), facts.part.called());
    let Some(kind) = table.kind.as_deref() else {
        let account = &facts.server.account;
        return Some(Refusal::new(
            "missing-table",
            format!(
                "the table {shown} is not in {called}, or account {account} has no right on it: {advice}, or grant"
            ),
        ));
    };
    (!table.is_table()).then(|| {
        Refusal::new(
            "not-a-table",
            format!(
                "{shown} in {called} is a {}, whose rows cannot be locked and replaced safely: name the table itself",
                kind.to_lowercase()
            ),
        )
    })
}

/// Without transactions and row locks nothing of ours holds.
fn engine(table: &Table) -> Option<Refusal> {
    let engine = table.engine.as_deref().filter(|engine| !engine.eq_ignore_ascii_case("InnoDB"))?;
    table.is_table().then(|| {
        Refusal::new(
            "wrong-engine",
            format!(
                "{} is of the engine {engine}, which has no transactions or no row locks that we could rely on: ALTER TABLE {} ENGINE = InnoDB;",
                table.shown(),
                table.quoted()
            ),
        )
    })
}

/// Users are told by a key of the table.
pub(super) fn missing_input_key(input: &Table) -> Option<Refusal> {
    missing_key(input, &INPUT_KEY, "is what a user is told by")
}

fn missing_key(table: &Table, key: &[&str], purpose: &str) -> Option<Refusal> {
    // Without the columns there is another refusal, and no statement that could be run.
    if table.has_key(key) || key.iter().any(|column| table.column(column).is_none()) {
        return None;
    }
    if let Some(refusal) = keys_over(&table.indexes, key).find_map(|index| ignored(table, index)) {
        return Some(refusal);
    }
    let quoted: Vec<String> = key.iter().map(|column| quote_mysql(column)).collect();
    Some(Refusal::new(
        "missing-key",
        format!(
            "{} has no primary or unique key over the whole of ({}) and nothing else, which {purpose}: ALTER TABLE {} ADD UNIQUE ({});",
            table.shown(),
            key.join(", "),
            table.quoted(),
            quoted.join(", ")
        ),
    ))
}

/// An index that our statements must name, and may not.
fn ignored(table: &Table, index: &Index) -> Option<Refusal> {
    let word = index.ignored_until.as_deref()?;
    Some(Refusal::new(
        "ignored-index",
        format!(
            "the server ignores the index {} on {} (IGNORED, or INVISIBLE), by which our statements go, so that each of them would fail: ALTER TABLE {} ALTER INDEX {} {word};",
            index.name,
            table.shown(),
            table.quoted(),
            quote_mysql(&index.name)
        ),
    ))
}

fn users_are_readable(input: &Table) -> bool {
    input.is_table() && input.column("user_id").is_some_and(|column| column.may("SELECT"))
}

/// Whether it is worth looking for users without an id.
pub(super) fn users_may_lack_ids(input: &Table) -> bool {
    users_are_readable(input) && input.column("user_id").is_some_and(|column| column.nullable)
}

/// Whether it is worth looking for users that are there twice.
pub(super) fn users_may_be_twice(input: &Table) -> bool {
    users_are_readable(input) && keys_over(&input.indexes, &INPUT_KEY).next().is_none()
}

fn users(facts: &Facts) -> Vec<Refusal> {
    let (mut found, shown) = (Vec::new(), facts.input.shown());
    if facts.without_id {
        found.push(Refusal::new(
            "null-user",
            format!("{shown} has rows whose user_id is NULL, which nobody could ever claim: delete them, and make the column NOT NULL"),
        ));
    }
    if let Some(user) = &facts.duplicate {
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
                "our own tables are not in {} of {}, or account {} has no right on them ({}): run `cardgenius migrate`, or grant as sql/mysql/roles.sql does",
                facts.input.schema,
                facts.part.called(),
                facts.server.account,
                missing.join(", ")
            ),
        ));
    }
    if let Some(fence) = facts.fence.as_ref().filter(|fence| fence.kind.is_none()) {
        found.push(Refusal::new(
            "missing-fence",
            format!(
                "our table {} is not in {}, or account {} has no right on it: run `cardgenius migrate`, or grant as sql/mysql/roles.sql does",
                fence.shown(),
                facts.part.called(),
                facts.server.account
            ),
        ));
    }
    found
}

/// The table of schema versions, if it can be read.
fn versions(facts: &Facts) -> Option<&Table> {
    let table = facts.own.iter().find(|table| table.name == OWN_TABLES[0].0)?;
    (table.is_table() && table.columns.iter().all(|column| column.may("SELECT"))).then_some(table)
}

/// Whether the version of our schema can be asked for.
pub(super) fn version_is_readable(facts: &Facts) -> bool {
    versions(facts).is_some()
}

fn schema_version(facts: &Facts) -> Option<Refusal> {
    let table = versions(facts)?.shown();
    let (version, oldest) = facts.schema_version.clone().unwrap_or_default();
    let (name, fault) = version_fault(version, oldest.as_deref())?;
    Some(Refusal::new(name, format!("{table}: {fault}")))
}

fn missing_index(input: &Table, name: &str) -> Option<Refusal> {
    let index = input.indexes.iter().find(|index| index.name == name);
    if let Some(index) = index
        && index.columns.iter().map(|column| column.to_lowercase()).eq(UNSETTLED)
    {
        return ignored(input, index);
    }
    let (shown, columns) = (input.shown(), UNSETTLED.join(", "));
    let message = if index.is_some() {
        format!(
            "the index {name} on {shown} is not over ({columns}): ALTER TABLE {} DROP INDEX {}; then run `cardgenius migrate`, which makes it anew",
            input.quoted(),
            quote_mysql(name)
        )
    } else {
        format!(
            "{shown} has no index {name} over ({columns}), without which every claim reads the whole table: run `cardgenius migrate`"
        )
    };
    Some(Refusal::new("missing-index", message))
}
