//! Which roles are strangers: what they made is neither called by a session of ours nor taken over by a migration
//! (docs/adr/0020).

use crate::config::TableNames;
use crate::identifiers::{Names, UnknownName};

/// What is asked of a database about its strangers.
pub(super) const QUESTION: &str = include_str!("sql/strangers.sql");

/// When it is asked who is a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The database is at work: where the table of users is in another one, the owner of our fence is trusted.
    AtWork,
    /// A migration is to come, and our own tables are themselves in question.
    ByMigration,
}

/// The names for these tables, and the roles that are no strangers.
pub(super) fn names(tables: &TableNames, asked: Asked) -> Result<Names, UnknownName> {
    let names = Names::new(tables).with("at_work", truth(asked == Asked::AtWork));
    let roles = names.render(include_str!("sql/trusted_roles.sql"))?;
    Ok(names.with("trusted_roles", roles))
}

/// The same for [`QUESTION`], which looks at the recommendations only in the database in which they are.
pub(super) fn names_for_question(
    tables: &TableNames,
    asked: Asked,
    output_is_here: bool,
) -> Result<Names, UnknownName> {
    names(tables, asked).map(|names| names.with("output_is_here", truth(output_is_here)))
}

const fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
