//! Rights that are missing, with the statements that grant exactly those.

use super::facts::{Facts, Table};
use super::needs::{self, FENCE, Need, OUTPUT, OWN_TABLES};
use crate::config::TableNames;
use crate::identifiers::quote_mysql;
use crate::inspection::Refusal;

/// What the account lacks: for people, and for whoever grants.
#[derive(Default)]
struct Lacking {
    rights: Vec<String>,
    grants: Vec<String>,
}

/// A refusal, if the account lacks a right. Of a table on which it has none at all the server says nothing: that table is
/// refused as not there.
pub(super) fn refusal(facts: &Facts, tables: &TableNames) -> Option<Refusal> {
    let (mut lacking, account) = (Lacking::default(), facts.server.quoted_account());
    if facts.part.has_source() {
        let needs = needs::input(tables);
        lacking.columns(&facts.input, &account, ("SELECT", &needs), |need| need.read);
        lacking.columns(&facts.input, &account, ("UPDATE", &needs), |need| need.written);
        for (table, (_, privileges)) in facts.own.iter().zip(OWN_TABLES) {
            lacking.whole_table(table, &account, privileges);
        }
    }
    if facts.part.has_target() {
        lacking.columns(&facts.output, &account, ("SELECT", &OUTPUT), |need| need.read);
        lacking.columns(&facts.output, &account, ("INSERT", &OUTPUT), |need| need.written);
        lacking.whole_table(&facts.output, &account, &["DELETE"]);
    }
    if let Some(fence) = &facts.fence {
        lacking.whole_table(fence, &account, FENCE.1);
    }
    (!lacking.grants.is_empty()).then(|| {
        let message = format!(
            "account {} lacks rights in {}: {}; let an administrator run:",
            facts.server.account,
            facts.part.called(),
            lacking.rights.join("; ")
        );
        Refusal::with_statements("missing-right", message, &lacking.grants)
    })
}

impl Lacking {
    /// A privilege on those of the needed columns that are there.
    fn columns(
        &mut self,
        table: &Table,
        account: &str,
        (privilege, needs): (&str, &[Need<'_>]),
        needed: fn(&Need<'_>) -> bool,
    ) {
        let closed = needs.iter().filter(|need| needed(need)).map(|need| need.name);
        let closed: Vec<&str> =
            closed.filter(|name| table.column(name).is_some_and(|column| !column.may(privilege))).collect();
        if !table.is_table() || closed.is_empty() {
            return;
        }
        let quoted: Vec<String> = closed.iter().map(|name| quote_mysql(name)).collect();
        self.rights.push(format!("{privilege} on {} ({})", table.shown(), closed.join(", ")));
        self.grants.push(format!("GRANT {privilege} ({}) ON {} TO {account};", quoted.join(", "), table.quoted()));
    }

    fn whole_table(&mut self, table: &Table, account: &str, privileges: &[&str]) {
        if !table.is_table() {
            return;
        }
        let holds = |privilege: &str| match privilege {
            "DELETE" => table.may_delete,
            other => table.columns.iter().all(|column| column.may(other)),
        };
        let lacking: Vec<&str> = privileges.iter().copied().filter(|privilege| !holds(privilege)).collect();
        if !lacking.is_empty() {
            let lacking = lacking.join(", ");
            self.rights.push(format!("{lacking} on {}", table.shown()));
            self.grants.push(format!("GRANT {lacking} ON {} TO {account};", table.quoted()));
        }
    }
}
