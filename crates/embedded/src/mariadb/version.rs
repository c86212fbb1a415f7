//! Which server of the MySQL family this is, and which are new enough.

use std::fmt;

/// Who makes the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// MariaDB.
    MariaDb,
    /// MySQL, or one built from it.
    MySql,
}

impl Vendor {
    /// The oldest version with SKIP LOCKED and what else CardGenius needs.
    pub(crate) const fn oldest(self) -> (u32, u32, u32) {
        match self {
            Self::MariaDb => (10, 6, 0),
            Self::MySql => (8, 0, 19),
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::MariaDb => "MariaDB",
            Self::MySql => "MySQL",
        })
    }
}

/// The version of an installed server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MariadbVersion {
    /// Who makes it.
    pub vendor: Vendor,
    /// Major, minor and patch.
    pub number: (u32, u32, u32),
    /// The whole version as the server prints it, such as `10.11.14-MariaDB-0+deb12u2`.
    pub text: String,
}

impl MariadbVersion {
    /// Understands what `mariadbd --version` and `mysqld --version` write.
    pub(crate) fn parse(output: &str) -> Option<Self> {
        let text = output.split_whitespace().skip_while(|word| *word != "Ver").nth(1)?;
        let mut numbers = text.split(|character: char| !character.is_ascii_digit()).map(str::parse);
        let mut number = || numbers.next()?.ok();
        let vendor = if text.contains("MariaDB") { Vendor::MariaDb } else { Vendor::MySql };
        Some(Self { vendor, number: (number()?, number()?, number()?), text: text.to_owned() })
    }

    /// Why it cannot be used, if it is too old.
    pub(crate) fn too_old(&self) -> Option<String> {
        (self.number < self.vendor.oldest()).then(|| format!("{self} is older than {}", dotted(self.vendor.oldest())))
    }
}

/// The oldest versions that are usable, as an operator is told.
pub(crate) fn oldest_versions() -> String {
    format!(
        "{} of {}, {} of {}",
        dotted(Vendor::MariaDb.oldest()),
        Vendor::MariaDb,
        dotted(Vendor::MySql.oldest()),
        Vendor::MySql
    )
}

impl fmt::Display for MariadbVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.vendor, self.text)
    }
}

fn dotted((major, minor, patch): (u32, u32, u32)) -> String {
    format!("{major}.{minor}.{patch}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(output: &str) -> (Vendor, (u32, u32, u32)) {
        let version = MariadbVersion::parse(output).unwrap();
        (version.vendor, version.number)
    }

    #[test]
    fn vendor_and_version_are_read_from_what_the_server_says_of_itself() {
        let debian = "/usr/sbin/mariadbd  Ver 10.11.14-MariaDB-0+deb12u2 for debian-linux-gnu on x86_64 (Debian 12)\n";
        assert_eq!(parsed(debian), (Vendor::MariaDb, (10, 11, 14)));
        assert_eq!(
            parsed("mysqld  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)"),
            (Vendor::MySql, (8, 0, 36))
        );
        assert_eq!(parsed("mysqld  Ver 8.4.2-0ubuntu1 for Linux on x86_64 ((Ubuntu))"), (Vendor::MySql, (8, 4, 2)));
    }

    #[test]
    fn what_names_no_version_is_not_understood() {
        for output in ["", "postgres (PostgreSQL) 15.1", "mysqld Ver", "mysqld Ver 8.0 for Linux"] {
            assert_eq!(MariadbVersion::parse(output), None, "{output}");
        }
    }

    #[test]
    fn versions_without_skip_locked_are_too_old() {
        let reason = |output| MariadbVersion::parse(output).unwrap().too_old();
        for old in ["x Ver 10.5.29-MariaDB", "x Ver 8.0.18", "x Ver 5.7.44"] {
            assert!(reason(old).is_some(), "{old}");
        }
        for usable in ["x Ver 10.6.0-MariaDB", "x Ver 11.4.2-MariaDB", "x Ver 8.0.19", "x Ver 9.1.0"] {
            assert_eq!(reason(usable), None, "{usable}");
        }
        assert_eq!(reason("x Ver 10.5.29-MariaDB").unwrap(), "MariaDB 10.5.29-MariaDB is older than 10.6.0");
    }
}
