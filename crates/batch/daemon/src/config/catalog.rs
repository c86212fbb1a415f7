//! Which catalogue of cards.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::violation::Violation;

/// The catalogue that runs compute with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogConfig {
    /// File of the catalogue. Default: none, which means the built-in catalogue, so that a first run needs no file.
    pub path: Option<PathBuf>,
}

impl CatalogConfig {
    /// Every rule that a field of this section breaks.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let empty = self.path.as_ref().is_some_and(|path| path.as_os_str().is_empty());
        empty.then(|| Violation::new("catalog.path", "must not be empty")).into_iter().collect()
    }
}
