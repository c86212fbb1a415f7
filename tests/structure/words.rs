//! What is true of one developer's machine only does not belong into the project.

use crate::workspace::{File, files};
use crate::{none, only};

/// Written in parts, so that this file does not hold them.
const FOREIGN: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/tmp/tar", "get"), concat!("/ro", "ot/."), concat!("/ho", "me/")];

/// Characters that may stand before a path, where it begins.
fn begins_a_path(before: Option<char>) -> bool {
    before.is_none_or(|character| !character.is_alphanumeric() && !['.', '-', '_', '}', '~'].contains(&character))
}

fn paths_of_one_machine(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            for word in FOREIGN {
                let found = line.match_indices(word).any(|(at, _)| begins_a_path(line[..at].chars().next_back()));
                if found {
                    violations.push(format!("{}:{}: {word}", file.path, number + 1));
                }
            }
        }
    }
    violations
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    none(&paths_of_one_machine(&files()));
}

#[test]
fn a_path_of_one_machine_is_found() {
    for word in FOREIGN {
        let sample = File::new("README.md", &format!("First line\nsee `{word}project`"));
        only(&paths_of_one_machine(&[sample]), &format!("README.md:2: {word}"));
    }
    none(&paths_of_one_machine(&[File::new("README.md", concat!("see docs/wo", "rk/plan.md"))]));
}
