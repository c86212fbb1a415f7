//! Files are small, and are named by what they do.

use proc_macro2::TokenTree;

use crate::tokens;
use crate::workspace::{File, files};
use crate::{none, only};

const MOST_LINES: usize = 500;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 10] =
    ["utils", "util", "common", "helpers", "helper", "types", "misc", "shared", "stuff", "tools"];

fn is_source(file: &File) -> bool {
    ["rs", "sql", "sh"].iter().any(|extension| file.is(extension))
}

fn files_that_are_too_long(files: &[File]) -> Vec<String> {
    let lengths = files.iter().filter(|file| is_source(file)).map(|file| (file.text.lines().count(), &file.path));
    lengths
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, path)| format!("{path} has {lines} lines, more than {MOST_LINES}"))
        .collect()
}

fn names_that_say_nothing(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| is_source(file)) {
        let parts = file.path.split('/').map(|part| part.split('.').next().unwrap());
        violations.extend(
            parts.filter(|part| EMPTY_NAMES.contains(part)).map(|part| format!("{} is named {part}", file.path)),
        );
        if file.is("rs") {
            let mut modules = Vec::new();
            inline_modules(&tokens::of_production(file), &mut modules);
            modules.retain(|module| EMPTY_NAMES.contains(&module.as_str()));
            violations.extend(modules.iter().map(|module| format!("{} has a module {module}", file.path)));
        }
    }
    violations
}

fn inline_modules(tokens: &[TokenTree], found: &mut Vec<String>) {
    for (position, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(keyword) if keyword == "mod" => {
                if let Some(TokenTree::Ident(name)) = tokens.get(position + 1) {
                    found.push(name.to_string());
                }
            }
            TokenTree::Group(group) => inline_modules(&group.stream().into_iter().collect::<Vec<_>>(), found),
            _ => {}
        }
    }
}

#[test]
fn no_source_file_is_longer_than_500_lines() {
    none(&files_that_are_too_long(&files()));
}

#[test]
fn no_file_folder_or_module_has_a_name_that_says_nothing() {
    none(&names_that_say_nothing(&files()));
}

#[test]
fn a_file_of_501_lines_is_found() {
    let of = |lines: usize| File::new("crates/batch/store/src/claim.rs", &"//\n".repeat(lines));
    only(&files_that_are_too_long(&[of(500), of(501)]), "501 lines");
}

#[test]
fn a_module_named_utils_is_found_as_a_file_a_folder_or_inline() {
    only(&names_that_say_nothing(&[File::new("crates/batch/store/src/utils.rs", "")]), "utils");
    only(&names_that_say_nothing(&[File::new("tests/common/mod.rs", "")]), "common");
    only(&names_that_say_nothing(&[File::new("crates/batch/store/src/lib.rs", "mod a { mod helpers {} }")]), "helpers");
    none(&names_that_say_nothing(&[File::new("crates/batch/store/src/card_types.rs", "fn types() {}")]));
}
