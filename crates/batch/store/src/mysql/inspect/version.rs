//! Which servers we support, told by the version that a server says when a connection is made.

use std::fmt;

/// A server's version; MariaDB's numbers begin where MySQL's have not come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mysql) struct Version(pub(in crate::mysql) (u16, u16, u16));

/// SKIP LOCKED, checks that are kept, common table expressions: MySQL 8.0.19, MariaDB 10.6 (product.md).
const OLDEST_MYSQL: (u16, u16, u16) = (8, 0, 19);
const OLDEST_MARIADB: (u16, u16, u16) = (10, 6, 0);

impl Version {
    pub(in crate::mysql) const fn is_mariadb(self) -> bool {
        self.0.0 >= 10
    }

    /// What is wrong with it, if it is older than those that we support.
    pub(in crate::mysql) fn fault(self) -> Option<String> {
        let oldest = if self.is_mariadb() { OLDEST_MARIADB } else { OLDEST_MYSQL };
        (self.0 < oldest).then(|| {
            format!(
                "the server is {self}; MySQL 8.0.19 or later, or MariaDB 10.6 or later, is needed: upgrade the server"
            )
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, patch) = self.0;
        write!(f, "{} {major}.{minor}.{patch}", if self.is_mariadb() { "MariaDB" } else { "MySQL" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_lack_what_we_need_are_told_by_their_version() {
        for old in [(5, 7, 44), (8, 0, 18), (10, 5, 29)] {
            assert!(Version(old).fault().is_some(), "{old:?}");
        }
        for new in [(8, 0, 19), (8, 4, 0), (9, 1, 0), (10, 6, 0), (10, 11, 19), (11, 4, 2), (12, 0, 1)] {
            assert_eq!(Version(new).fault(), None, "{new:?}");
        }
        let fault = Version((10, 5, 29)).fault().unwrap();
        assert!(fault.starts_with("the server is MariaDB 10.5.29; MySQL 8.0.19 or later"), "{fault}");
    }
}
