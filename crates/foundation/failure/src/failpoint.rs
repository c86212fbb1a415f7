//! Named points on the arrows of a chunk's life, at which a test makes this process die, freeze, or lose an answer.
//!
//! Only with the feature `failpoints`, which only the builds of the tests have: a release holds nothing of it, not even
//! the names, and a test looks. The variable `FAILPOINTS` says what happens, for example
//! `finish.commit=2*off->1*return(kill)`: at the third finish, before its commit.

/// Passes a point: `Err` if the point was told to lose an answer, `Ok` in the ordinary way.
#[cfg(feature = "failpoints")]
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {
        $crate::failpoint::pass($name)
    };
}

/// Passes a point, of which there are none in this build.
#[cfg(not(feature = "failpoints"))]
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {
        ::core::result::Result::<(), $crate::error::DatabaseError>::Ok(())
    };
}

/// Whether a guard was taken out, so that the tests can show that they would notice.
#[cfg(feature = "failpoints")]
#[macro_export]
macro_rules! taken_out {
    ($name:literal) => {
        $crate::failpoint::is_set($name)
    };
}

/// Whether a guard was taken out; none can be in this build.
#[cfg(not(feature = "failpoints"))]
#[macro_export]
macro_rules! taken_out {
    ($name:literal) => {
        false
    };
}

#[cfg(feature = "failpoints")]
pub use self::points::{arm, hold_against, is_set, pass};

/// Arms the points, of which there are none in this build.
#[cfg(not(feature = "failpoints"))]
pub const fn arm() {}

#[cfg(feature = "failpoints")]
mod points {
    use nix::sys::signal::{Signal, raise};
    use tracing::warn;

    use crate::error::{DatabaseError, ErrorKind};

    /// Arms the points that `FAILPOINTS` names, for as long as the process lives.
    pub fn arm() {
        std::mem::forget(fail::FailScenario::setup());
        let armed: Vec<String> = fail::list().into_iter().map(|(name, actions)| format!("{name}={actions}")).collect();
        if !armed.is_empty() {
            warn!(points = armed.join(";"), "this is a build for tests, and failpoints are armed");
        }
    }

    /// Does at the point `name` what it was told to.
    ///
    /// # Errors
    /// The failure that it was told to report.
    pub fn pass(name: &str) -> Result<(), DatabaseError> {
        fail::fail_point!(name, |action| act(name, action.as_deref()));
        Ok(())
    }

    /// Whether the point `name` was told anything.
    #[must_use]
    pub fn is_set(name: &str) -> bool {
        fail::fail_point!(name, |_| true);
        false
    }

    /// Ends the process if the point `name` was told this key: a user whose computation nothing survives.
    pub fn hold_against(name: &str, key: &str) {
        fail::fail_point!(name, |action| if action.as_deref() == Some(key) {
            end(name, Signal::SIGKILL);
        });
    }

    fn act(name: &str, action: Option<&str>) -> Result<(), DatabaseError> {
        let kind = match action {
            Some("kill") => {
                end(name, Signal::SIGKILL);
                return Ok(());
            }
            Some("freeze") => {
                end(name, Signal::SIGSTOP);
                return Ok(());
            }
            Some("commit_in_doubt") => ErrorKind::CommitInDoubt,
            Some("connection_lost") => ErrorKind::ConnectionLost,
            Some("timeout") => ErrorKind::Timeout,
            _ => ErrorKind::Bug,
        };
        Err(DatabaseError::new(kind, format!("the failpoint {name}")))
    }

    fn end(name: &str, signal: Signal) {
        // The log is not buffered: this is the last that is heard of it.
        warn!(%signal, "failpoint {name}");
        let _ = raise(signal);
    }
}
