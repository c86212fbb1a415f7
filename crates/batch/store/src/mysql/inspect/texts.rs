//! Whether the catalogue's texts fit into the columns that they go into.

use super::facts::Table;
use crate::inspection::widths::{TextColumn, misfits, texts_for};
use crate::inspection::{Inspection, Intent};

/// What the server's latin1, which is Windows-1252, has beside Latin-1.
const WINDOWS_1252: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";

/// The names and ways of redeeming that do not fit into their columns.
pub(super) fn narrow_columns(output: &Table, intent: &Intent, found: &mut Inspection) {
    for name in ["card_name", "redemption_method"] {
        let Some(column) = output.column(name) else { continue };
        let collation = column.collation.clone().unwrap_or_default();
        let text = TextColumn {
            shown: format!("{}.{name}", output.shown()),
            shown_type: &format!("{} COLLATE {collation}", column.column_type),
            characters: column.characters.filter(|_| column.data_type.ends_with("char")),
            has: &|character| has(&collation, character),
        };
        found.refusals.extend(misfits(&text, texts_for(name, intent)));
    }
}

/// Whether the character set of a collation has a character; of sets that are seldom met it is believed.
fn has(collation: &str, character: char) -> bool {
    match collation.split('_').next() {
        Some("ascii") => character.is_ascii(),
        Some("latin1") => character <= '\u{ff}' || WINDOWS_1252.contains(character),
        Some("utf8" | "utf8mb3" | "ucs2") => character <= '\u{ffff}',
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_set_has_what_it_has() {
        for (collation, character, expected) in [
            ("utf8mb4_bin", '🂡', true),
            ("utf8mb3_general_ci", '🂡', false),
            ("utf8_bin", '₹', true),
            ("latin1_swedish_ci", '₹', false),
            ("latin1_swedish_ci", '€', true),
            ("latin1_bin", 'é', true),
            ("ascii_bin", 'é', false),
        ] {
            assert_eq!(has(collation, character), expected, "{collation} {character}");
        }
    }
}
