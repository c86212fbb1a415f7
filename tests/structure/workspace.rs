//! The workspace's files.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders of `crates/` that hold crates, not one crate.
const FOLDERS_OF_CRATES: [&str; 2] = ["batch", "foundation"];

/// One text file.
#[derive(Debug, Clone)]
pub struct File {
    /// Relative to the workspace's root, with `/`.
    pub path: String,
    pub text: String,
}

impl File {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The file's name without its extension.
    pub fn stem(&self) -> &str {
        Path::new(&self.path).file_stem().unwrap().to_str().unwrap()
    }

    /// The crate's folder, if the file lies in one: `store` of `crates/batch/store/src/lib.rs`.
    pub fn package(&self) -> Option<&str> {
        self.place().map(|(package, _)| package)
    }

    /// The crate's folder and the path within it.
    fn place(&self) -> Option<(&str, &str)> {
        let (first, rest) = self.path.strip_prefix("crates/")?.split_once('/')?;
        if FOLDERS_OF_CRATES.contains(&first) { rest.split_once('/') } else { Some((first, rest)) }
    }

    /// Rust source that ends up in a program: not tests, benches or examples.
    pub fn is_production_source(&self) -> bool {
        let Some((_, path)) = self.place() else { return false };
        let is_test = |part: &str| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs");
        path.starts_with("src/") && !path.split('/').any(is_test) && self.is("rs")
    }

    pub fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every text file of the workspace but what building makes.
pub fn files() -> Vec<File> {
    let root = root();
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    assert!(files.len() > 50, "only {} files in {}", files.len(), root.display());
    files
}

/// Those with this extension.
pub fn files_of(extension: &str) -> Vec<File> {
    let files: Vec<File> = files().into_iter().filter(|file| file.is(extension)).collect();
    assert!(!files.is_empty(), "no .{extension} file in the workspace");
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        // A checkout beside another one has a file of that name, with a path of its machine.
        if name == ".git" {
            continue;
        }
        if path.is_dir() {
            if name != "target" {
                collect(root, &path, files);
            }
        } else if let Ok(text) = fs::read_to_string(&path) {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.push(File { path: relative, text });
        }
    }
}

#[test]
fn production_source_is_told_from_tests() {
    let is = |path: &str| File::new(path, "").is_production_source();
    assert!(is("crates/batch/store/src/postgres/claim.rs"));
    assert!(is("crates/batch/store/src/attests.rs"));
    assert!(!is("crates/batch/store/tests/claim.rs"));
    assert!(!is("crates/engine/src/catalogue/tests/cards.rs"));
    assert!(!is("crates/embedded/src/postgres/binaries_tests.rs"));
    assert!(!is("crates/batch/store/src/postgres/sql/claim.sql"));
    assert!(!is("tests/configuration.rs"));
}
