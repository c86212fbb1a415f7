//! The failpoints, by their names in the sources.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// The names in the sources: a point that no scenario passes would be there for nothing.
pub fn points_in_the_sources() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let crates = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut folders =
        vec![format!("{crates}/batch/pipeline/src").into(), PathBuf::from(format!("{crates}/batch/store/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                for macro_call in ["failpoint!(\"", "taken_out!(\"", "hold_against(\""] {
                    let names = text.split(macro_call).skip(1).filter_map(|rest| rest.split('"').next());
                    found.extend(names.map(str::to_owned));
                }
            }
        }
    }
    found
}
