//! What the program's exit code says.

use std::process::ExitCode;

/// How the program ends. Supervisors and schedulers act on the number: it never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All done.
    Done = 0,
    /// The run failed, or completed no user of a backlog; the reason is in the log.
    Failed = 1,
    /// Over, but more users failed than `pipeline.max_failed_share` allows, or users were left behind.
    TooManyFailed = 3,
    /// Stopped on request before the end; the next start goes on.
    Stopped = 4,
    /// A wrong command line, configuration or catalogue: starting again does not help (`EX_USAGE` of sysexits).
    Usage = 64,
    /// The database could not be reached, or the address of the pages is taken: starting again later may help (`EX_TEMPFAIL` of
    /// sysexits).
    Unreachable = 75,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_that_were_promised() {
        let all = [Exit::Done, Exit::Failed, Exit::TooManyFailed, Exit::Stopped, Exit::Usage, Exit::Unreachable]
            .map(Exit::code);
        assert_eq!(all, [0, 1, 3, 4, 64, 75]);
    }
}
