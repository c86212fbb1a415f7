//! Which roles are strangers: what they made is neither called by a session of ours nor taken over by a migration
//! (docs/adr/0020).

use crate::config::TableNames;
use crate::identifiers::{Names, UnknownName};

/// What is asked of a database about its strangers.
pub(super) const QUESTION: &str = include_str!("sql/strangers.sql");

/// Whether the owner of the recommendations is trusted where the table of users is in another database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputOwner {
    /// The database is at work: the table was there when it was migrated.
    Trusted,
    /// The table itself is in question.
    InQuestion,
}

/// The names for these tables, and the roles that are no strangers.
pub(super) fn names(tables: &TableNames, output_owner: OutputOwner) -> Result<Names, UnknownName> {
    let trusted = if output_owner == OutputOwner::Trusted { "true" } else { "false" };
    let names = Names::new(tables).with("output_owner_is_trusted", trusted);
    let roles = names.render(include_str!("sql/trusted_roles.sql"))?;
    Ok(names.with("trusted_roles", roles))
}
