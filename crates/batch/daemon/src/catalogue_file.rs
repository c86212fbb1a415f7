//! The text of the catalogue: a file's, or the built-in one.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use cardgenius_engine::catalogue::{Catalogue, CatalogueFaults, DEFAULT_TEXT, MAX_BYTES};

use cardgenius_store::bounded_read::{self, Reads};
use cardgenius_text::Shown;

/// A catalogue's file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the catalogue {}: {source}", Shown(path.display()))]
pub struct CatalogueUnreadable {
    /// As it was given.
    pub path: PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

/// A catalogue's text, not judged yet.
#[derive(Clone, Debug)]
pub struct CatalogueText {
    path: Option<PathBuf>,
    text: Vec<u8>,
}

impl CatalogueText {
    /// Reads the file, or takes the built-in catalogue where there is none.
    ///
    /// # Errors
    ///
    /// [`CatalogueUnreadable`]; also for a file that is larger than any catalogue.
    pub fn read(path: Option<&Path>) -> Result<Self, CatalogueUnreadable> {
        let text = match path {
            Some(path) => bounded_read::bytes(path, MAX_BYTES)
                .map_err(|source| CatalogueUnreadable { path: path.to_owned(), source })?,
            None => DEFAULT_TEXT.as_bytes().to_vec(),
        };
        Ok(Self { path: path.map(Path::to_owned), text })
    }

    /// The same in the middle of other work, which does not wait long for a disk that is gone.
    ///
    /// # Errors
    ///
    /// Those of [`CatalogueText::read`]; also for a file that takes longer.
    pub async fn read_in_time(path: Option<&Path>) -> Result<Self, CatalogueUnreadable> {
        // One for the watch, one for a run that is due.
        static READS: Reads = Reads::new(2);
        let Some(path) = path.map(Path::to_owned) else { return Self::read(None) };
        let unreadable = |source| CatalogueUnreadable { path: path.clone(), source };
        let reading = path.clone();
        READS.in_time(move || Self::read(Some(&reading))).await.map_err(unreadable)?
    }

    /// The exact bytes, which a run keeps with their hash.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.text
    }

    /// The catalogue.
    ///
    /// # Errors
    ///
    /// All its faults.
    pub fn parse(&self) -> Result<Catalogue, CatalogueFaults> {
        Catalogue::parse(&self.text)
    }
}

/// Its name for people: the path, or that it is built in.
impl fmt::Display for CatalogueText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => Shown(path.display()).fmt(f),
            None => f.write_str("the built-in catalogue"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_has_no_fault() {
        let text = CatalogueText::read(None).unwrap();
        assert!(text.parse().is_ok());
        assert_eq!(text.to_string(), "the built-in catalogue");
    }
}
