//! Foreign keys of the customer's tables that reference the recommendations. A run deletes a user's ten rows before it writes the new
//! ones, and what the database does to the rows that reference them is said before the first run.

use super::{Inspection, Refusal};

/// A foreign key that references the table of recommendations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Its name.
    pub(crate) constraint: String,
    /// The table that it belongs to, `schema.table`.
    pub(crate) table: String,
    /// What the database does when a recommendation is deleted.
    pub(crate) on_delete: OnDelete,
}

/// What a foreign key does when the row that it references is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnDelete {
    /// The referencing row is deleted too.
    Cascade,
    /// The reference is set to NULL.
    SetNull,
    /// The reference is set to its default.
    SetDefault,
    /// The deletion is refused at once.
    Refuse,
    /// The deletion is judged at the end of the transaction, when the new rows are there.
    JudgeAtTheEnd,
}

impl OnDelete {
    /// As SQL says it, and what becomes of the referencing rows; none where they stay as they are.
    const fn harm(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Cascade => Some(("CASCADE", "deletes its rows")),
            Self::SetNull => Some(("SET NULL", "sets its references to NULL")),
            Self::SetDefault => Some(("SET DEFAULT", "sets its references to their default")),
            Self::Refuse | Self::JudgeAtTheEnd => None,
        }
    }
}

/// Judges the foreign keys that reference the table `output`.
pub(crate) fn judge(output: &str, references: &[Reference], allow_cascade: bool, found: &mut Inspection) {
    for reference in references {
        let Reference { constraint, table, on_delete } = reference;
        let named = format!("the foreign key {constraint} of {table} references {output}");
        let replaced = "a run deletes the ten rows of each user before it writes the new ones";
        match on_delete.harm() {
            Some((action, harm)) if allow_cascade => found.warnings.push(format!(
                "{named} with ON DELETE {action}: {replaced}, and so each run {harm}, as target.allow_cascade permits"
            )),
            Some((action, harm)) => found.refusals.push(Refusal::new(
                "cascading-reference",
                format!(
                    "{named} with ON DELETE {action}: {replaced}, and so each run {harm}; drop that foreign key, or let it reference the table of users, or set target.allow_cascade = true if those rows are meant to go"
                ),
            )),
            None if *on_delete == OnDelete::Refuse => found.warnings.push(format!(
                "{named}, and keeps rows that are referenced from being deleted: {replaced}, so each user with a referenced row fails in every run, and keeps the old rows; drop that foreign key, or let it reference the table of users"
            )),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(on_delete: OnDelete, allow_cascade: bool) -> Inspection {
        let reference = Reference { constraint: "of_card".into(), table: "shop.clicks".into(), on_delete };
        let mut found = Inspection::default();
        judge("public.card_recommendations", &[reference], allow_cascade, &mut found);
        found
    }

    #[test]
    fn a_foreign_key_that_changes_other_rows_is_refused_unless_that_is_permitted() {
        for on_delete in [OnDelete::Cascade, OnDelete::SetNull, OnDelete::SetDefault] {
            let refused = judged(on_delete, false);
            assert_eq!((refused.refusals[0].name, refused.warnings.len()), ("cascading-reference", 0));
            assert!(refused.refusals[0].message.starts_with("the foreign key of_card of shop.clicks references"));
            let permitted = judged(on_delete, true);
            assert_eq!((permitted.refusals.len(), permitted.warnings.len()), (0, 1));
        }
    }

    #[test]
    fn a_foreign_key_that_refuses_is_warned_of_and_one_that_is_judged_at_the_end_is_not() {
        let warned = judged(OnDelete::Refuse, false);
        assert_eq!((warned.refusals.len(), warned.warnings.len()), (0, 1));
        assert_eq!(judged(OnDelete::JudgeAtTheEnd, false), Inspection::default());
    }
}
