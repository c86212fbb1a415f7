//! The password of a private server's superuser.

use std::fmt;

use crate::EmbeddedError;

/// A password, which does not show itself in debug output.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(String);

impl Password {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// It as plain text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Refuses what would not reach the server as it is.
    pub(crate) fn validate(&self) -> Result<(), EmbeddedError> {
        if self.0.is_empty() || self.0.contains(['\n', '\r', '\0']) {
            let reason = "it must be one line that is not empty".to_owned();
            return Err(EmbeddedError::Option { name: "password".to_owned(), reason });
        }
        Ok(())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(hidden)")
    }
}
