//! How a private server of the MySQL family is to be.

use std::path::PathBuf;
use std::time::Duration;

use crate::EmbeddedError;
use crate::durability::Durability;
use crate::password::Password;

/// Settings that the private server sets itself, because finding it, watching it and removing it rest on them.
const RESERVED: [&str; 12] = [
    "basedir",
    "bind_address",
    "datadir",
    "init_file",
    "lc_messages",
    "log_error",
    "pid_file",
    "port",
    "skip_networking",
    "socket",
    "tmpdir",
    "user",
];

/// How a private server of the MySQL family is to be. Starts with [`MariadbOptions::default`] or
/// [`MariadbOptions::for_tests`]; each method changes one thing.
#[derive(Debug, Clone)]
pub struct MariadbOptions {
    pub(crate) binaries: Option<PathBuf>,
    pub(crate) base_folder: Option<PathBuf>,
    pub(crate) durability: Durability,
    pub(crate) password: Option<Password>,
    pub(crate) loopback_tcp: bool,
    pub(crate) local_infile: bool,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) ready_limit: Duration,
}

impl Default for MariadbOptions {
    fn default() -> Self {
        Self {
            binaries: None,
            base_folder: None,
            durability: Durability::Production,
            password: None,
            loopback_tcp: false,
            local_infile: true,
            settings: Vec::new(),
            ready_limit: Duration::from_secs(60),
        }
    }
}

impl MariadbOptions {
    /// The defaults, with [`Durability::Test`].
    #[must_use]
    pub fn for_tests() -> Self {
        Self::default().durability(Durability::Test)
    }

    /// Takes the server's program from this folder instead of searching the machine for it.
    #[must_use]
    pub fn binaries(mut self, folder: impl Into<PathBuf>) -> Self {
        self.binaries = Some(folder.into());
        self
    }

    /// Makes the server's folder in this one instead of the machine's temporary folder. The server's account must be
    /// able to write there, and the path must leave room for a Unix socket's (107 bytes in all).
    #[must_use]
    pub fn base_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.base_folder = Some(folder.into());
        self
    }

    /// Whether commits survive a crash of the machine. In production the binary log is on, by row; for tests it is off.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Gives the superuser this password. Without it the superuser needs none; the socket's folder then keeps other
    /// accounts of the machine away.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Password::new(password));
        self
    }

    /// Listens on a port of 127.0.0.1 as well. Any account of this machine can reach it, so give a password too where
    /// that matters.
    #[must_use]
    pub fn loopback_tcp(mut self) -> Self {
        self.loopback_tcp = true;
        self
    }

    /// Whether clients may send files (LOAD DATA LOCAL INFILE); they may unless told.
    #[must_use]
    pub fn local_infile(mut self, allowed: bool) -> Self {
        self.local_infile = allowed;
        self
    }

    /// A server setting, by the name it has in `my.cnf`. A later one of the same name wins.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// How long a start may take until connections are accepted; 60 s unless told.
    #[must_use]
    pub fn ready_limit(mut self, limit: Duration) -> Self {
        self.ready_limit = limit;
        self
    }

    /// The password as plain text.
    pub(crate) fn password_text(&self) -> Option<&str> {
        self.password.as_ref().map(Password::text)
    }

    /// Refuses what the server could only misunderstand.
    pub(crate) fn validate(&self) -> Result<(), EmbeddedError> {
        self.password.iter().try_for_each(Password::validate)?;
        self.settings.iter().try_for_each(|(name, value)| validate_setting(name, value))
    }
}

/// Refuses a setting that the private server sets itself, or that cannot be passed on.
pub(crate) fn validate_setting(name: &str, value: &str) -> Result<(), EmbeddedError> {
    let refuse = |reason: &str| Err(EmbeddedError::Option { name: name.to_owned(), reason: reason.to_owned() });
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '-';
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || !name.chars().all(plain) {
        return refuse("a setting's name begins with a letter and has letters, digits, underscores and dashes only");
    }
    if RESERVED.contains(&name.to_ascii_lowercase().replace('-', "_").as_str()) {
        return refuse("the private server sets it itself");
    }
    if value.contains(['\n', '\0']) {
        return refuse("a setting's value must be one line");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(options: &MariadbOptions) -> String {
        options.validate().unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_are_accepted_and_durable() {
        let options = MariadbOptions::default();
        options.validate().unwrap();
        assert_eq!(options.durability, Durability::Production);
    }

    #[test]
    fn a_setting_that_the_private_server_sets_itself_is_refused_however_it_is_written() {
        for name in ["port", "Bind-Address", "pid_file"] {
            assert!(refusal(&MariadbOptions::default().setting(name, "1")).contains(name));
        }
    }

    #[test]
    fn a_setting_that_cannot_be_passed_on_is_refused() {
        assert!(refusal(&MariadbOptions::default().setting("sql_mode", "ANSI\nstart")).contains("one line"));
        assert!(refusal(&MariadbOptions::default().setting("--port", "1")).contains("begins with a letter"));
    }

    #[test]
    fn the_password_does_not_show_in_debug_output() {
        let text = format!("{:?}", MariadbOptions::default().password("s3cret"));
        assert!(text.contains("hidden") && !text.contains("s3cret"), "{text}");
    }
}
