//! The account under which a private server runs: database servers refuse to run as root.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{Uid, User};

use crate::EmbeddedError;

/// Accounts that a server may run under when the owner is root, the first that exists.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// Under which account the server's processes run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    /// The owner's own account.
    Own,
    /// Another one, because the owner is root.
    Other {
        /// User id.
        uid: u32,
        /// Primary group id.
        gid: u32,
    },
}

impl Account {
    /// The owner's own account, or for root an unprivileged one.
    pub(crate) fn detect() -> Result<Self, EmbeddedError> {
        if Uid::effective().is_root() { Self::unprivileged(&UNPRIVILEGED) } else { Ok(Self::Own) }
    }

    fn unprivileged(names: &[&str]) -> Result<Self, EmbeddedError> {
        names
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self::Other { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
            .ok_or_else(|| EmbeddedError::NoAccount { names: names.join(" or ") })
    }

    /// Makes `command` run under this account; the standard library drops root's supplementary groups with it.
    pub(crate) fn apply(&self, command: &mut Command) {
        if let Self::Other { uid, gid } = self {
            command.uid(*uid).gid(*gid);
        }
    }

    /// Hands a file that the owner wrote to the account.
    pub(crate) fn take_over(&self, path: &Path) -> std::io::Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid } => std::os::unix::fs::chown(path, Some(*uid), Some(*gid)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_account_that_exists_is_taken() {
        let account = Account::unprivileged(&["no-such-account-here", "nobody"]).unwrap();
        assert!(matches!(account, Account::Other { uid, .. } if uid != 0), "{account:?}");
    }

    #[test]
    fn without_an_unprivileged_account_the_error_names_those_looked_for() {
        let error = Account::unprivileged(&["no-such-account-here", "nor-this-one"]).unwrap_err();
        assert!(error.to_string().contains("no-such-account-here or nor-this-one"), "{error}");
    }
}
