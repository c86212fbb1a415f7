//! Errors of the benchmark. They are for people only: no code decides by them.

use std::error::Error;

/// What went wrong.
pub type Failure = Box<dyn Error + Send + Sync>;

/// What most functions here return.
pub type Outcome<T> = Result<T, Failure>;

/// Says what was being done when something failed.
pub trait Doing<T> {
    /// The same, with a failure named by what was being done.
    fn doing(self, what: &str) -> Outcome<T>;
}

impl<T, E: Into<Failure>> Doing<T> for Result<T, E> {
    fn doing(self, what: &str) -> Outcome<T> {
        self.map_err(|error| format!("{what}: {}", chain(error.into().as_ref())).into())
    }
}

/// A failure and its causes, in one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
