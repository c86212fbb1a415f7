//! The account under which a private server runs: database servers refuse to run as root.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{Uid, User};

use crate::EmbeddedError;

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
    /// The owner's own account, or for root an unprivileged one: the first of `names` that exists.
    pub(crate) fn detect(names: &[&str]) -> Result<Self, EmbeddedError> {
        if Uid::effective().is_root() { Self::unprivileged(names) } else { Ok(Self::Own) }
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

    /// Writes a file that only the account may read.
    pub(crate) fn write(&self, path: &Path, contents: &[u8]) -> Result<(), EmbeddedError> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| file.write_all(contents))
            .and_then(|()| self.take_over(path))
            .map_err(|source| EmbeddedError::File { path: path.to_owned(), source })
    }

    /// Hands a file that the owner wrote to the account.
    fn take_over(&self, path: &Path) -> std::io::Result<()> {
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
