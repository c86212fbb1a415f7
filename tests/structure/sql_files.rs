//! One statement per `.sql` file of the program, and no file that nobody includes.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::HashSet;

use crate::tokens;
use crate::workspace::{File, files, files_of};
use crate::{none, only};

/// The files that the program sends to a server, one by one. PostgreSQL's migrations are scripts that take effect as a
/// whole; on MySQL each statement of one would take effect by itself.
fn is_sent(file: &File) -> bool {
    file.is("sql") && (file.path.starts_with("crates/") || file.path.starts_with("sql/mysql/migrations/"))
}

/// Statements between semicolons that are neither in comments nor in quotes.
fn statement_count(text: &str) -> usize {
    let mut count = 0;
    let mut pending = false;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some(skipped) = comment(rest) {
            rest = &rest[skipped..];
        } else if let Some(skipped) = quoted(rest) {
            pending = true;
            rest = &rest[skipped..];
        } else {
            match character {
                ';' => {
                    count += usize::from(pending);
                    pending = false;
                }
                character => pending |= !character.is_whitespace(),
            }
            rest = &rest[character.len_utf8()..];
        }
    }
    count + usize::from(pending)
}

/// The length of the comment that `text` begins with.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("--") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.starts_with("/*").then(|| text.find("*/").map_or(text.len(), |end| end + 2))
}

/// The length of the quotation that `text` begins with: `'...'`, `"..."`, backquotes, or `$tag$...$tag$`.
fn quoted(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    if ['\'', '"', '`'].contains(&first) {
        return Some(text[1..].find(first).map_or(text.len(), |end| end + 2));
    }
    let tag_end = text.strip_prefix('$')?.find('$')? + 2;
    let tag = &text[..tag_end];
    let is_tag = tag[1..tag_end - 1].chars().all(|character| character.is_alphanumeric() || character == '_');
    let starts_as_name = !tag[1..].starts_with(|character: char| character.is_ascii_digit());
    (is_tag && starts_as_name).then(|| text[tag_end..].find(tag).map_or(text.len(), |end| tag_end + end + tag_end))
}

fn files_with_other_than_one_statement(files: &[File]) -> Vec<String> {
    let counts = files.iter().filter(|file| is_sent(file)).map(|file| (statement_count(&file.text), &file.path));
    counts.filter(|(count, _)| *count != 1).map(|(count, path)| format!("{path} has {count} statements")).collect()
}

fn files_that_nobody_includes(files: &[File]) -> Vec<String> {
    let mut named = HashSet::new();
    for file in files.iter().filter(|file| file.is("rs")) {
        let stream: TokenStream = file.text.parse().unwrap();
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let strings = tokens::strings(&tokens);
        let names_of_files = strings.iter().filter_map(|text| text.strip_suffix(".sql")?.rsplit('/').next());
        named.extend(names_of_files.map(str::to_owned));
        // A macro may put the name together from an identifier or a string, where it stands beside its `include_str`.
        let paths = tokens::paths(&tokens);
        if paths.iter().any(|path| path == "include_str") && strings.iter().any(|text| text == ".sql") {
            named.extend(paths);
            named.extend(strings);
        }
    }
    let orphans = files.iter().filter(|file| file.is("sql") && !named.contains(file.stem()));
    orphans.map(|file| format!("{} is included nowhere", file.path)).collect()
}

#[test]
fn every_sql_file_of_the_program_holds_one_statement() {
    let files = files_of("sql");
    assert!(files.iter().any(is_sent));
    none(&files_with_other_than_one_statement(&files));
}

#[test]
fn every_sql_file_is_included_somewhere() {
    none(&files_that_nobody_includes(&files()));
}

#[test]
fn a_file_with_two_statements_or_none_is_found() {
    let check =
        |text: &str| files_with_other_than_one_statement(&[File::new("crates/batch/store/src/postgres/x.sql", text)]);
    only(&check("DELETE FROM a; DELETE FROM b"), "2 statements");
    only(&check("-- nothing; at; all\n"), "0 statements");
    none(&check("SELECT ';', \";\" /* ; */ -- ;\n, $1, $x$ ; $x$ FROM t WHERE n = $2;\n"));
    none(&check("SELECT 'it''s; one' FROM t;"));
}

#[test]
fn a_file_that_nobody_includes_is_found() {
    let source = File::new("crates/batch/store/src/a.rs", "const A: &str = include_str!(\"sql/a.sql\"); fn b() {}");
    let sql = |name: &str| File::new(&format!("crates/batch/store/src/sql/{name}.sql"), "SELECT 1");
    only(&files_that_nobody_includes(&[source, sql("a"), sql("b")]), "sql/b.sql");
    let by_macro =
        "macro_rules! s { ($n:ident) => { include_str!(concat!(\"sql/\", stringify!($n), \".sql\")) } } s!(b);";
    none(&files_that_nobody_includes(&[File::new("crates/batch/store/src/b.rs", by_macro), sql("b")]));
}
