//! Rust source as tokens: comments are gone, strings and paths can be told apart.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::workspace::File;

/// The file's tokens without documentation and without items for tests only.
pub fn of_production(file: &File) -> Vec<TokenTree> {
    let stream: TokenStream = file.text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.path));
    without_tests_and_documents(stream)
}

fn without_tests_and_documents(stream: TokenStream) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut tokens = stream.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if is_punct(&token, '#') {
            let inner = tokens.next_if(|next| is_punct(next, '!'));
            match tokens.next_if(|next| matches!(next, TokenTree::Group(_))) {
                Some(TokenTree::Group(attribute)) => match words(&attribute).as_str() {
                    text if text.starts_with("doc") => {}
                    "cfg(test)" if inner.is_none() => {
                        // The item ends with its body or with a semicolon.
                        tokens.by_ref().find(|token| is_punct(token, ';') || is_body(token));
                    }
                    _ => kept.push(attribute.into()),
                },
                _ => kept.push(token),
            }
            continue;
        }
        kept.push(match token {
            TokenTree::Group(group) => {
                let inside = without_tests_and_documents(group.stream()).into_iter().collect();
                Group::new(group.delimiter(), inside).into()
            }
            other => other,
        });
    }
    kept
}

fn words(group: &Group) -> String {
    group.stream().to_string().replace(' ', "")
}

fn is_body(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

pub fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

/// Every path, such as `std::fs::read`; `use a::{b, c::d}` gives `a::b` and `a::c::d`. A lone name is a path too.
pub fn paths(tokens: &[TokenTree]) -> Vec<String> {
    let mut found = Vec::new();
    collect_paths("", tokens, &mut found);
    found
}

fn collect_paths(prefix: &str, tokens: &[TokenTree], found: &mut Vec<String>) {
    let mut position = 0;
    while position < tokens.len() {
        match &tokens[position] {
            TokenTree::Ident(first) => {
                let mut path = format!("{prefix}{first}");
                position += 1;
                while is_separator(tokens, position) {
                    match tokens.get(position + 2) {
                        Some(TokenTree::Ident(next)) => path = format!("{path}::{next}"),
                        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                            let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                            collect_paths(&format!("{path}::"), &inside, found);
                        }
                        _ => break,
                    }
                    position += 3;
                }
                found.push(path);
            }
            TokenTree::Group(group) => {
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                collect_paths("", &inside, found);
                position += 1;
            }
            _ => position += 1,
        }
    }
}

fn is_separator(tokens: &[TokenTree], position: usize) -> bool {
    [position, position + 1].iter().all(|at| tokens.get(*at).is_some_and(|token| is_punct(token, ':')))
}

/// The text between the quotes of every string; escapes stay as they were written.
pub fn strings(tokens: &[TokenTree]) -> Vec<String> {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if let (Some(begin), true) = (text.find('"'), text.trim_end_matches('#').ends_with('"')) {
                    found.push(text[begin + 1..text.rfind('"').unwrap()].to_owned());
                }
            }
            TokenTree::Group(group) => found.extend(strings(&group.stream().into_iter().collect::<Vec<_>>())),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
fn sample(text: &str) -> Vec<TokenTree> {
    of_production(&File::new("sample.rs", text))
}

#[test]
fn grouped_imports_become_whole_paths() {
    let found = paths(&sample("use std::{fs, time::{Duration, Instant as I}}; fn f() { tokio::spawn(x.y()); }"));
    for path in ["std::fs", "std::time::Duration", "std::time::Instant", "tokio::spawn"] {
        assert!(found.contains(&path.to_owned()), "{path} is not in {found:?}");
    }
}

#[test]
fn comments_documents_and_test_modules_are_not_seen() {
    let text = "//! \"a\"\n/// \"b\"\n/* \"c\" */ fn f() { g(r#\"raw \"d\"\"#); } // \"e\"\n\
                #[cfg(test)] mod tests { const F: &str = \"f\"; } #[cfg(test)] #[path = \"g\"] mod more; \
                #[cfg(unix)] const H: &str = \"h\";";
    assert_eq!(strings(&sample(text)), ["raw \"d\"", "h"]);
}
