//! Statements whose parameters have numbers, for servers that know but `?`.

use crate::identifiers::{Names, UnknownName};
use crate::statement::{Filled, Mark, Statement};

/// Names that are not known before the database was looked at.
const LATE_NAMES: [(&str, Filled); 2] = [("{{input_key}}", Filled::InputKey), ("{{output_key}}", Filled::OutputKey)];

/// A statement without its comments, which may speak of parameters too; each `$n` is a `?`, and it is known whose. The names
/// are filled in between: a customer's table may be called `a$1`.
///
/// # Errors
/// A name that does not exist.
pub(crate) fn marked(names: &Names, template: &str, doing: &'static str) -> Result<Statement, UnknownName> {
    let text = without_comments(template);
    let (mut sql, mut marks) = (String::with_capacity(text.len() + 64), Vec::new());
    let mut rest = &*text;
    while let Some((at, length, filled)) = next_mark(rest) {
        sql.push_str(&names.render(&rest[..at])?);
        if matches!(filled, Filled::Value(_)) {
            sql.push('?');
        }
        marks.push(Mark { filled, end: sql.len() });
        rest = &rest[at + length..];
    }
    sql.push_str(&names.render(rest)?);
    Ok(Statement { sql, doing, marks })
}

/// Where the next one begins, how long it is, and what it is.
fn next_mark(text: &str) -> Option<(usize, usize, Filled)> {
    let parameter = text.match_indices('$').find_map(|(at, _)| {
        let digits = text[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let number = text[at + 1..at + 1 + digits].parse::<usize>().ok()?;
        Some((at, 1 + digits, Filled::Value(number.checked_sub(1)?)))
    });
    let names = LATE_NAMES.into_iter().filter_map(|(name, filled)| Some((text.find(name)?, name.len(), filled)));
    names.chain(parameter).min_by_key(|(at, ..)| *at)
}

fn without_comments(template: &str) -> String {
    let lines: Vec<&str> = template.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TableNames;

    #[test]
    fn each_parameter_is_a_mark_and_known_by_its_number() {
        let tables = TableNames { source_table: "a$1".into(), ..TableNames::default() };
        let template =
            "-- $1 is a key\nSELECT '$[*]', $2 FROM {{input}}\n  -- and $2 is not\nWHERE a = $1 AND b = $2\n";
        let statement = marked(&Names::mysql(&tables), template, "asking").unwrap();
        assert_eq!(statement.sql, "SELECT '$[*]', ? FROM `public`.`a$1`\nWHERE a = ? AND b = ?");
        let marks: Vec<Filled> = statement.marks.iter().map(|mark| mark.filled).collect();
        assert_eq!(marks, [1, 0, 1].map(Filled::Value));
        assert!(statement.marks.iter().all(|mark| statement.sql[..mark.end].ends_with('?')));
    }

    #[test]
    fn the_name_of_a_key_is_left_open() {
        let template = "SELECT 1 FROM {{input}} FORCE INDEX ({{input_key}}) WHERE a = $1";
        let statement = marked(&Names::mysql(&TableNames::default()), template, "asking").unwrap();
        assert_eq!(statement.sql, "SELECT 1 FROM `public`.`user_spending_data` FORCE INDEX () WHERE a = ?");
        assert_eq!(statement.marks[0].filled, Filled::InputKey);
        assert!(statement.sql[..statement.marks[0].end].ends_with("FORCE INDEX ("));
    }

    #[test]
    fn no_statement_has_a_comment_behind_its_words() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/mysql/sql");
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!without_comments(&text).contains("--"), "{}: a comment wants a line of its own", path.display());
        }
    }
}
