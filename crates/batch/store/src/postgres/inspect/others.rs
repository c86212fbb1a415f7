//! The customer's other objects, which a run meets without naming them: foreign keys that reference the recommendations, rules that
//! rewrite our statements, and publications that ask for a replica identity.

use super::facts::{Facts, Relation};
use super::needs::{FENCE, OWN_TABLES};
use crate::identifiers::quote;
use crate::inspection::references::{self, OnDelete, Reference};
use crate::inspection::{Inspection, Intent, Refusal};
use crate::statement::Row;
use cardgenius_failure::error::DatabaseError;

/// What else belongs to a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Others {
    /// Foreign keys that reference it.
    pub(super) references: Vec<Reference>,
    /// Rules that rewrite statements on it.
    pub(super) rewrites: Vec<Rewrite>,
    /// Publications that carry its updates or deletes.
    pub(super) publications: Vec<Publication>,
    /// Tables that inherit from it and are no partitions of it, as schema and name.
    pub(super) children: Vec<(String, String)>,
    /// It is partitioned, and there may be rows that belong to none of its parts.
    pub(super) uncovered: bool,
}

/// A rule.
#[derive(Clone, Debug)]
pub(super) struct Rewrite {
    name: String,
    event: String,
    instead: bool,
}

/// A publication that carries the updates or deletes of a table, or of a part of one.
#[derive(Clone, Debug)]
pub(super) struct Publication {
    name: String,
    /// The table or the part, as schema and name.
    table: (String, String),
    updates: bool,
    deletes: bool,
    /// Whether the table has a replica identity that can be used.
    usable: bool,
    /// An index that would do as one.
    candidate: Option<String>,
    /// Columns of the identity that the publication's column list leaves out.
    unlisted: Vec<String>,
    /// Columns outside the identity that the publication's row filter looks at.
    filtered: Vec<String>,
}

/// Reads a row of `inspect_references.sql`.
pub(super) fn reference(row: &Row) -> Result<Reference, DatabaseError> {
    let (action, deferred): (String, bool) = (row.get(3)?, row.get(4)?);
    let on_delete = match action.as_str() {
        "c" => OnDelete::Cascade,
        "n" => OnDelete::SetNull,
        "d" => OnDelete::SetDefault,
        // NO ACTION, unlike RESTRICT, is content with the new row of the same key, if it waits for it.
        "a" if deferred => OnDelete::JudgeAtTheEnd,
        _ => OnDelete::Refuse,
    };
    Ok(Reference { constraint: row.get(1)?, table: row.get(2)?, on_delete })
}

/// Reads a row of `inspect_rewrites.sql`.
pub(super) fn rewrite(row: &Row) -> Result<Rewrite, DatabaseError> {
    Ok(Rewrite { name: row.get(1)?, event: row.get(2)?, instead: row.get(3)? })
}

/// Reads a row of `inspect_publications.sql`.
pub(super) fn publication(row: &Row) -> Result<Publication, DatabaseError> {
    Ok(Publication {
        name: row.get(3)?,
        table: (row.get(1)?, row.get(2)?),
        updates: row.get(4)?,
        deletes: row.get(5)?,
        usable: row.get(6)?,
        candidate: row.get(7)?,
        unlisted: row.get(8)?,
        filtered: row.get(9)?,
    })
}

/// Judges all of them.
pub(super) fn judge(facts: &Facts, intent: &Intent, found: &mut Inspection) {
    let (input, output) = (&facts.input, &facts.output);
    references::judge(&output.shown(), &output.others.references, intent.allow_cascade, found);
    found.refusals.extend([input, output].into_iter().filter_map(inheritance));
    rewrites(input, output, found);
    if output.others.uncovered {
        found.warnings.push(format!(
            "{} is partitioned, and has no part for whatever belongs to none of the others: users whose rows do fail in every run; add the parts that are missing, or a DEFAULT one",
            output.shown()
        ));
    }
    publications(input, (true, false), found);
    publications(output, (false, true), found);
    let own = facts.own.iter().zip(OWN_TABLES).chain(facts.fence.iter().map(|fence| (fence, FENCE)));
    for (table, (_, rights)) in own {
        publications(table, (rights.contains(&"UPDATE"), rights.contains(&"DELETE")), found);
    }
}

/// A statement on the parent reaches the rows of its children, in which the parent's key does not hold.
fn inheritance(relation: &Relation) -> Option<Refusal> {
    let children: Vec<String> =
        relation.others.children.iter().map(|(schema, name)| format!("{}.{}", quote(schema), quote(name))).collect();
    let statements: Vec<String> =
        children.iter().map(|child| format!("ALTER TABLE {child} NO INHERIT {};", relation.quoted())).collect();
    (!children.is_empty()).then(|| {
        Refusal::with_statements(
            "inheriting-table",
            format!(
                "other tables inherit from {} ({}): a run reaches their rows too, where no key of {} keeps the same user from being there twice, and no index of it finds a user; make it a partitioned table, or end the inheritance:",
                relation.shown(),
                children.join(", "),
                relation.shown()
            ),
            &statements,
        )
    })
}

fn rewrites(input: &Relation, output: &Relation, found: &mut Inspection) {
    let mut refuse = |relation: &Relation, rule: &Rewrite, event: &str| {
        let Rewrite { name, .. } = rule;
        found.refusals.push(Refusal::new(
            "rewriting-rule",
            format!(
                "the rule {name} on {} rewrites every {event}, so that users would not be settled or rows not be replaced; make a trigger of it if it is needed, and drop it: DROP RULE {} ON {};",
                relation.shown(),
                quote(name),
                relation.quoted()
            ),
        ));
    };
    // Our UPDATE begins with WITH, which the server lets no rule rewrite, not even one that only adds to it.
    input.others.rewrites.iter().filter(|rule| rule.event == "2").for_each(|rule| refuse(input, rule, "UPDATE"));
    let of_delete = |rule: &&Rewrite| rule.event == "4" && rule.instead;
    output.others.rewrites.iter().filter(of_delete).for_each(|rule| refuse(output, rule, "DELETE"));
    for Rewrite { name, event, instead } in &output.others.rewrites {
        match event.as_str() {
            "4" if !instead => found.warnings.push(format!(
                "the rule {name} on {} adds a statement to every DELETE: each run deletes the ten rows of each user before it writes the new ones",
                output.shown()
            )),
            "3" => found.warnings.push(format!(
                "the rule {name} on {} is for INSERT: a run loads its rows with COPY, which follows no rules, so that this rule does nothing; a trigger would",
                output.shown()
            )),
            _ => {}
        }
    }
}

/// What a run does to the table, updates and deletes, must be possible for its publications.
fn publications(relation: &Relation, (updates, deletes): (bool, bool), found: &mut Inspection) {
    for publication in &relation.others.publications {
        let what = match (publication.updates && updates, publication.deletes && deletes) {
            (true, true) => "updates and deletes",
            (true, false) => "updates",
            (false, true) => "deletes",
            (false, false) => continue,
        };
        found.refusals.extend(without_identity(publication, what));
        found.refusals.extend(unfit_publication(publication, what));
    }
}

fn without_identity(publication: &Publication, what: &str) -> Option<Refusal> {
    let Publication { name, table: (schema, table), candidate, usable, .. } = publication;
    let alter = format!("ALTER TABLE {}.{} REPLICA IDENTITY", quote(schema), quote(table));
    let advice = match candidate {
        Some(index) => format!("{alter} USING INDEX {};", quote(index)),
        None => format!(
            "give it a primary key; or, which makes the server write each old row into its log as a whole: {alter} FULL;"
        ),
    };
    (!usable).then(|| {
        Refusal::new(
            "no-replica-identity",
            format!(
                "publication {name} carries the {what} of {schema}.{table}, which has no replica identity, so that the server refuses them: {advice}"
            ),
        )
    })
}

fn unfit_publication(publication: &Publication, what: &str) -> Option<Refusal> {
    let Publication { name, table: (schema, table), usable, unlisted, filtered, .. } = publication;
    let fault = if !usable {
        return None;
    } else if !unlisted.is_empty() {
        format!("its column list leaves out {} of the table's replica identity: add them", unlisted.join(", "))
    } else if !filtered.is_empty() {
        format!(
            "its row filter looks at {}, outside the table's replica identity: take them out of the filter, or ALTER TABLE {}.{} REPLICA IDENTITY FULL;",
            filtered.join(", "),
            quote(schema),
            quote(table)
        )
    } else {
        return None;
    };
    Some(Refusal::new(
        "unfit-publication",
        format!(
            "publication {name} carries the {what} of {schema}.{table} in a way in which the server refuses them: {fault}"
        ),
    ))
}
