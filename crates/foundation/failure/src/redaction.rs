//! What a log may say of a database's words. A message that refuses a row may quote a user's amounts, and a customer's trigger says
//! whatever it likes: every number of it is shown as `N`. What is no datum stays, where the servers' own messages are known: the
//! names of encodings, types, columns, keys and constraints, and the limits of types.

/// The servers' own messages that have numbers which are no data. A hole is `{n}`, a name within quotes; `{t}`, a type;
/// `{b}`, bytes that are no text; `{c}`, a clause with names in backquotes; or `{v}`, a value, whose numbers are not shown.
const KNOWN: [&str; 29] = [
    // PostgreSQL
    "value too long for type {t}",
    "invalid byte sequence for encoding \"{n}\": {b}",
    "character with byte sequence {b} in encoding \"{n}\" has no equivalent in encoding \"{n}\"",
    "invalid input syntax for type {t}: \"{v}\"",
    "invalid input value for enum {t}: \"{v}\"",
    "value \"{v}\" is out of range for type {t}",
    "null value in column \"{n}\" of relation \"{n}\" violates not-null constraint",
    "null value in column \"{n}\" violates not-null constraint",
    "new row for relation \"{n}\" violates check constraint \"{n}\"",
    "new row for relation \"{n}\" violates partition constraint",
    "no partition of relation \"{n}\" found for row",
    "value for domain {t} violates check constraint \"{n}\"",
    "domain {t} does not allow null values",
    "duplicate key value violates unique constraint \"{n}\"",
    "conflicting key value violates exclusion constraint \"{n}\"",
    "insert or update on table \"{n}\" violates foreign key constraint \"{n}\"",
    "update or delete on table \"{n}\" violates foreign key constraint \"{n}\" on table \"{n}\"",
    "missing data for column \"{n}\"",
    // MySQL, MariaDB
    "Data too long for column '{n}' at row {v}",
    "Data truncated for column '{n}' at row {v}",
    "Out of range value for column '{n}' at row {v}",
    "Incorrect {t} value for column {c}",
    "Column '{n}' cannot be null",
    "Field '{n}' doesn't have a default value",
    "Check constraint '{n}' is violated.",
    "CONSTRAINT {c} failed for {c}",
    "Cannot add or update a child row: a foreign key constraint fails ({c})",
    "Cannot delete or update a parent row: a foreign key constraint fails ({c})",
    "Duplicate entry for key '{n}'",
];

/// A database's words as a log may have them. The code and the constraint's name behind them stay.
#[must_use]
pub fn without_figures(text: &str) -> String {
    let Some((message, rest)) = text.rsplit_once(" (SQLSTATE ") else { return folded(text) };
    let (named, hint) = rest.split_once(", hint: ").map_or((rest, None), |(named, hint)| (named, Some(hint)));
    let hint = hint.map_or_else(String::new, |hint| format!(", hint: {}", folded(hint)));
    format!("{} (SQLSTATE {named}{hint}", of_message(message))
}

/// What was being done stands in front of the server's message, and is folded.
fn of_message(message: &str) -> String {
    let begins = std::iter::once(0).chain(message.match_indices(": ").map(|(place, colon)| place + colon.len()));
    for begin in begins {
        if let Some(known) = KNOWN.iter().find_map(|template| filled(template, &message[begin..])) {
            return folded(&message[..begin]) + &known;
        }
    }
    folded(message)
}

/// The text with what each hole of the template may show; none if it is another message.
fn filled(template: &str, text: &str) -> Option<String> {
    let Some((literal, hole)) = template.split_once('{') else { return (text == template).then(|| text.to_owned()) };
    let (kind, template) = hole.split_once('}')?;
    let text = text.strip_prefix(literal)?;
    let (next, _) = template.split_once('{').unwrap_or((template, ""));
    let end = if next.len() == template.len() {
        // The last hole: what follows it ends the message.
        text.strip_suffix(next)?.len()
    } else if kind == "v" {
        // A value may hold whatever it likes: what follows it is found from the end.
        text.rfind(next)?
    } else {
        text.find(next)?
    };
    let (held, text) = text.split_at(end);
    let shown = match kind {
        "n" => (!next.starts_with(|quote| held.contains(quote))).then(|| held.to_owned()),
        "t" => is_type(held).then(|| held.to_owned()),
        "b" => held.chars().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, 'x' | ' ')).then(|| held.to_owned()),
        "c" => Some(outside_backquotes(held)),
        _ => Some(folded(held)),
    }?;
    Some(format!("{literal}{shown}{}", filled(template, text)?))
}

/// Whether it may be a type's name: its digits belong to a word, or stand in brackets as its limits.
fn is_type(text: &str) -> bool {
    let mut before = ' ';
    let mut is_limit = false;
    text.chars().all(|character| {
        let belongs = match character {
            '(' => !std::mem::replace(&mut is_limit, true) && before.is_alphanumeric(),
            ')' => std::mem::take(&mut is_limit),
            digit if digit.is_ascii_digit() => is_limit || before.is_alphanumeric() || before == '_',
            ',' | '-' => is_limit,
            other => !is_limit && (other.is_alphabetic() || matches!(other, ' ' | '_' | '.' | '"' | '[' | ']')),
        };
        before = character;
        belongs
    })
}

fn outside_backquotes(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let shown: Vec<String> =
        parts.map(|(place, part)| if place % 2 == 1 { part.to_owned() } else { folded(part) }).collect();
    shown.join("`")
}

fn folded(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut within = false;
    for character in text.chars() {
        within = character.is_ascii_digit() || (within && matches!(character, '.' | ','));
        if !within {
            shown.push(character);
        } else if character.is_ascii_digit() && !shown.ends_with('N') {
            shown.push('N');
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_refusal_quotes_is_said_without_its_figures() {
        for (message, shown) in [
            ("spends 12,345.67 a month", "spends N a month"),
            ("invalid input syntax for type numeric: \"99.5x\"", "invalid input syntax for type numeric: \"Nx\""),
            ("only 3, not 4", "only N not N"),
            ("no figure", "no figure"),
            (
                "owes 12 (SQLSTATE P0001), constraint c_2, hint: pay 12",
                "owes N (SQLSTATE P0001), constraint c_2, hint: pay N",
            ),
        ] {
            assert_eq!(without_figures(message), shown);
        }
    }

    #[test]
    fn what_is_no_datum_stays_in_the_messages_of_both_families() {
        for (state, message) in [
            ("22001", "value too long for type character varying(50)"),
            ("22001", "value too long for type character(10)"),
            ("22021", "invalid byte sequence for encoding \"UTF8\": 0xeb 0x31"),
            (
                "22P05",
                "character with byte sequence 0xe2 0x82 0xb9 in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\"",
            ),
            ("23502", "null value in column \"line_2\" of relation \"cards2\" violates not-null constraint"),
            ("23514", "new row for relation \"cards2\" violates check constraint \"at_most_10\""),
            ("23514", "value for domain points4 violates check constraint \"points4_check1\""),
            ("23505", "duplicate key value violates unique constraint \"cards_pkey1\""),
            ("23503", "insert or update on table \"cards2\" violates foreign key constraint \"cards2_user_id_fkey1\""),
            (
                "23503",
                "update or delete on table \"cards2\" violates foreign key constraint \"clicks_fkey1\" on table \"clicks3\"",
            ),
            ("22001), error 1406", "Data too long for column 'line_2' at row N"),
            ("22003), error 1264", "Out of range value for column 'avg2' at row N"),
            ("23000), error 1048", "Column 'line_2' cannot be null"),
            ("HY000), error 3819", "Check constraint 'cards_chk_1' is violated."),
            ("23000), error 4025", "CONSTRAINT `CONSTRAINT_1` failed for `shop2`.`cards`"),
            ("23000), error 1062", "Duplicate entry for key 'cards_ibfk_1'"),
            ("22007), error 1366", "Incorrect decimal value for column `shop2`.`cards`.`net_2` at row N"),
            (
                "23000), error 1451",
                "Cannot delete or update a parent row: a foreign key constraint fails (`shop2`.`clicks`, CONSTRAINT `clicks_ibfk_1` FOREIGN KEY (`user_id`, `rank`) REFERENCES `cards` (`user_id`, `rank`))",
            ),
        ] {
            let text = format!("{message} (SQLSTATE {state})");
            assert_eq!(without_figures(&text), text);
            let text = format!("refused by the database: {message} (SQLSTATE {state})");
            assert_eq!(without_figures(&text), text, "with what was being done in front");
        }
    }

    #[test]
    fn no_figure_of_a_user_gets_through_whatever_stands_around_it() {
        for message in [
            // Values that the servers quote.
            "invalid input syntax for type numeric: \"a7777\"",
            "invalid input syntax for type integer: \"7777\" for type \"x\"",
            "invalid input value for enum status4: \"utf7777\"",
            "value \"7777\" is out of range for type integer",
            "date/time field value out of range: \"7777-13-01\"",
            "Incorrect decimal value: '7777x'",
            "Truncated incorrect DOUBLE value: '7777'",
            "Data too long for column 'a' at row 7777",
            // A trigger's own words, with codes or words of the server's.
            "spends Rs7777 a month",
            "value too long for type 7777",
            "value too long for type x: spends 7777",
            "value too long for type rupees (7777",
            "invalid byte sequence for encoding \"UTF8\": spends 7777",
            "duplicate key value violates unique constraint \"a\" of \"7777\" rupees",
            "spends 7777: value too long for type character varying(50)",
            "new row for relation \"a\" violates check constraint \"b\", spends 7777",
            "Cannot delete or update a parent row: a foreign key constraint fails (7777)",
            "CONSTRAINT 7777 failed for `a`",
        ] {
            for state in ["22P02", "23514", "P0001", "45000), error 1644", "22007), error 1366"] {
                let text = format!("{message} (SQLSTATE {state})");
                assert!(!without_figures(&text).contains("7777"), "{}", without_figures(&text));
            }
        }
    }
}
