//! Whether what a run writes fits into the columns: keys, names of cards, ways of redeeming.

use super::{Intent, KeyColumn, Refusal};

/// A target whose keys may be shorter than the source's.
pub(crate) fn narrower_target(source: Option<&KeyColumn>, target: Option<&KeyColumn>) -> Option<String> {
    let (source, target) = (source?, target?);
    let limit = target.characters?;
    source.characters.is_none_or(|characters| characters > limit).then(|| {
        format!(
            "{}.user_id is {}, and {}.user_id ({}) may hold keys of more than {limit} characters: such a user fails in every run; give {}.user_id that type",
            target.table, target.shown_type, source.table, source.shown_type, target.table
        )
    })
}

/// A column into which texts of the catalogue go.
pub(crate) struct TextColumn<'a> {
    /// `schema.table.column`.
    pub(crate) shown: String,
    /// Its type as people write it.
    pub(crate) shown_type: &'a str,
    /// How many characters it holds; none: without a limit.
    pub(crate) characters: Option<i64>,
    /// Whether its character set has a character.
    pub(crate) has: &'a dyn Fn(char) -> bool,
}

/// The texts that go into a column of the table of recommendations.
pub(crate) fn texts_for<'a>(column: &str, intent: &'a Intent) -> &'a [String] {
    match column {
        "card_name" => &intent.card_names,
        "redemption_method" => &intent.redemption_methods,
        _ => &[],
    }
}

/// What of the catalogue does not fit into a column.
pub(crate) fn misfits(column: &TextColumn<'_>, texts: &[String]) -> Vec<Refusal> {
    let mut found = Vec::new();
    let (shown, shown_type) = (&column.shown, column.shown_type);
    let longest = texts.iter().map(|text| (text.chars().count(), text)).max();
    if let (Some(limit), Some((length, text))) = (column.characters, longest)
        && i64::try_from(length).is_ok_and(|length| length > limit)
    {
        found.push(Refusal::new(
            "narrow-column",
            format!(
                "{shown} is {shown_type}, and the catalogue's {text:?} has {length} characters: widen the column to {length} characters or more, or shorten the catalogue's text"
            ),
        ));
    }
    let foreign = texts.iter().find_map(|text| Some((text, text.chars().find(|one| !(column.has)(*one))?)));
    if let Some((text, character)) = foreign {
        found.push(Refusal::new(
            "narrow-encoding",
            format!(
                "{shown} is {shown_type}, whose character set has no {character:?}, which the catalogue's {text:?} holds: give the column a character set that has it, such as utf8mb4, or change the catalogue's text"
            ),
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_or_holds_a_foreign_character_is_named() {
        let has = |character: char| character.is_ascii();
        let column =
            |characters| TextColumn { shown: "t.card_name".into(), shown_type: "varchar(5)", characters, has: &has };
        assert_eq!(misfits(&column(Some(5)), &["Gold".into(), "Money".into()]), []);
        let found = misfits(&column(Some(5)), &["Gold".into(), "Silver".into()]);
        assert!(found[0].message.contains("\"Silver\" has 6 characters"), "{found:?}");
        let found = misfits(&column(None), &["Gold ₹".into()]);
        assert_eq!((found[0].name, found.len()), ("narrow-encoding", 1));
    }

    #[test]
    fn a_target_of_shorter_keys_is_told_and_one_of_longer_keys_is_not() {
        let key = |characters| KeyColumn { characters, ..KeyColumn::default() };
        for (source, target, told) in [
            (Some(50), Some(50), false),
            (Some(50), Some(100), false),
            (Some(100), None, false),
            (None, None, false),
            (Some(100), Some(50), true),
            (None, Some(50), true),
        ] {
            assert_eq!(
                narrower_target(Some(&key(source)), Some(&key(target))).is_some(),
                told,
                "{source:?} {target:?}"
            );
        }
    }
}
