//! From facts to warnings: pure. What an operator should know before a run, and may well intend.

use super::facts::{Facts, Table};
use super::rules::LEAST_PACKET_BYTES;
use crate::mysql::migrate::COLUMNS;

/// Under which a catalogue of some thousand cards may not pass in one statement.
const ROOMY_PACKET_BYTES: u64 = 8 << 20;

/// Everything worth a word.
pub(super) fn warnings(facts: &Facts, index: &str) -> Vec<String> {
    let (mut found, server, called) = (Vec::new(), &facts.server, facts.part.called());
    found.extend(triggers(&facts.input, "two updates a user pass", |event| event == "UPDATE"));
    found.extend(triggers(&facts.output, "ten rows a user pass", |event| event != "UPDATE"));
    if facts.part.has_target() && !server.is_on("local_infile") {
        found.push(format!(
            "local_infile is OFF on the server of {called}: rows go there by INSERT, which takes several times as long as a load; SET GLOBAL local_infile = ON; (and in the server's configuration)"
        ));
    }
    if server.is_on("wsrep_on") {
        found.push(format!(
            "the server of {called} is a node of a Galera cluster: a chunk's transaction is certified by all nodes, and may be undone at its commit by a change elsewhere; it is tried again then, but give all instances the address of one and the same node, whose row locks they share"
        ));
    }
    if let Some(bytes) = server.bytes("max_allowed_packet")
        && (LEAST_PACKET_BYTES..ROOMY_PACKET_BYTES).contains(&bytes)
    {
        found.push(format!(
            "max_allowed_packet on the server of {called} is {bytes} bytes: a large catalogue may not fit in it; 16777216 or more would do"
        ));
    }
    found.extend(locked_migration(facts, index));
    for table in [&facts.input, &facts.output] {
        if table.kind.as_deref() == Some("SYSTEM VERSIONED") {
            found.push(format!(
                "{} is system-versioned: every run leaves an old version of each changed user or recommendation in it",
                table.shown()
            ));
        }
    }
    found
}

/// A migration of a table that the server alters only while it keeps writers waiting.
fn locked_migration(facts: &Facts, index: &str) -> Option<String> {
    let (input, fulltext) = (&facts.input, facts.fulltext.as_ref()?);
    let migrated = COLUMNS.iter().all(|name| input.column(name).is_some())
        && input.indexes.iter().any(|known| known.name == index);
    (!migrated).then(|| {
        format!(
            "{} has the FULLTEXT index {fulltext}, and so the server may add our columns and our index only with LOCK=SHARED, which keeps writers waiting: `cardgenius migrate` will stop with the statement to run in a quiet hour, and goes on after it when it is run again",
            input.shown()
        )
    })
}

fn triggers(table: &Table, load: &str, fired: impl Fn(&str) -> bool) -> Option<String> {
    let names: Vec<&str> =
        table.triggers.iter().filter(|(_, event)| fired(event)).map(|(name, _)| name.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!("{} has triggers ({}): {load} through each, which slows every run", table.shown(), names.join(", "))
    })
}
