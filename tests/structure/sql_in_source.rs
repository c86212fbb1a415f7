//! Statements live in `.sql` files, not in strings.

use crate::tokens;
use crate::workspace::{File, files_of};
use crate::{none, only};

/// Whether a string is a statement. An error message may well say `grant SELECT on it`: that is none.
fn is_statement(text: &str) -> bool {
    let words: Vec<&str> = text.split(|character: char| !character.is_alphanumeric() && character != '_').collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let is_pair = |first: &str, second: &str| lower.windows(2).any(|pair| pair[0] == first && pair[1] == second);
    let begins = words.len() > 1 && ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"].contains(&words[0]);
    // "select a card from the list" is English in a help text, but begins differently as a statement.
    let selects = lower.first().is_some_and(|word| word == "select") && lower.contains(&"from".to_owned());
    let capitals = words.iter().position(|word| *word == "SELECT").is_some_and(|at| words[at..].contains(&"FROM"));
    let updates = lower.iter().position(|word| word == "update").is_some_and(|at| {
        // Between the two stands a name of up to three parts, and perhaps an alias.
        lower[at..].iter().take(6).any(|word| word == "set")
    });
    begins || selects || capitals || updates || is_pair("insert", "into") || is_pair("delete", "from")
}

fn statements_in_strings(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| file.is_production_source()) {
        let strings = tokens::strings(&tokens::of_production(file));
        let statements = strings.into_iter().filter(|text| is_statement(text));
        violations.extend(statements.map(|text| format!("{} holds a statement in a string: {text}", file.path)));
    }
    violations
}

#[test]
fn no_statement_stands_in_a_string_of_the_source() {
    none(&statements_in_strings(&files_of("rs")));
}

#[test]
fn a_statement_in_a_string_is_found_however_it_is_written() {
    for statement in [
        "SELECT 1",
        "select user_id from users",
        "INSERT INTO t VALUES ($1)",
        "update public.users as u set status = 'new'",
        "delete from t",
        "WITH c AS (SELECT a FROM t) TABLE c",
    ] {
        let text = format!("const STATEMENT: &str = r#\"\n  {statement}\"#;");
        only(&statements_in_strings(&[File::new("crates/batch/store/src/claim.rs", &text)]), statement);
    }
}

#[test]
fn a_message_that_names_a_privilege_is_no_statement() {
    let text = "fn f() -> &'static str { /* SELECT 1 */ \"grant SELECT and UPDATE on {table} to the role\" }";
    none(&statements_in_strings(&[File::new("crates/batch/store/src/doctor.rs", text)]));
}

#[test]
fn a_statement_in_a_test_is_let_be() {
    let text = "#[cfg(test)] mod tests { const S: &str = \"SELECT 1\"; }";
    none(&statements_in_strings(&[File::new("crates/batch/store/src/claim.rs", text)]));
}
