//! Statements whose parameters have numbers, for servers that know but `?`.

use crate::identifiers::{Names, UnknownName};
use crate::statement::{Mark, Statement};

/// A statement without its comments, which may speak of parameters too; each `$n` is a `?`, and it is known whose. The names
/// are filled in between: a customer's table may be called `a$1`.
///
/// # Errors
/// A name that does not exist.
pub(crate) fn marked(names: &Names, template: &str, doing: &'static str) -> Result<Statement, UnknownName> {
    let text = without_comments(template);
    let (mut sql, mut marks) = (String::with_capacity(text.len() + 64), Vec::new());
    let mut pieces = text.split('$');
    sql.push_str(&names.render(pieces.next().unwrap_or_default())?);
    for piece in pieces {
        let behind = piece.trim_start_matches(|character: char| character.is_ascii_digit());
        match piece[..piece.len() - behind.len()].parse::<usize>() {
            Ok(number) if number > 0 => {
                sql.push('?');
                marks.push(Mark { value: number - 1, end: sql.len() });
                sql.push_str(&names.render(behind)?);
            }
            _ => {
                sql.push('$');
                sql.push_str(&names.render(piece)?);
            }
        }
    }
    Ok(Statement { sql, doing, marks })
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
        let marks: Vec<usize> = statement.marks.iter().map(|mark| mark.value).collect();
        assert_eq!(marks, [1, 0, 1]);
        assert!(statement.marks.iter().all(|mark| statement.sql[..mark.end].ends_with('?')));
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
