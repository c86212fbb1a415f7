//! How a private PostgreSQL server is to be.

use std::path::PathBuf;
use std::time::Duration;

use crate::EmbeddedError;
use crate::durability::Durability;
use crate::password::Password;

/// Settings that the private server sets itself, because finding it, watching it and removing it rest on them.
const RESERVED: [&str; 11] = [
    "data_directory",
    "external_pid_file",
    "lc_messages",
    "listen_addresses",
    "log_destination",
    "log_min_messages",
    "logging_collector",
    "port",
    "unix_socket_directories",
    "unix_socket_group",
    "unix_socket_permissions",
];

/// Collation and character classes of the server's databases. The encoding is always UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Locale {
    /// `C.UTF-8`: order by code point.
    #[default]
    CUtf8,
    /// A locale of the machine's C library, such as `en_US.UTF-8`; the machine must have it.
    Libc(String),
    /// A locale of ICU, such as `en-US`; needs PostgreSQL 15 or later.
    Icu(String),
}

/// How a private PostgreSQL server is to be. Starts with [`PostgresOptions::default`] or
/// [`PostgresOptions::for_tests`]; each method changes one thing.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    pub(crate) binaries: Option<PathBuf>,
    pub(crate) base_folder: Option<PathBuf>,
    pub(crate) durability: Durability,
    pub(crate) locale: Locale,
    pub(crate) superuser: String,
    pub(crate) password: Option<Password>,
    pub(crate) loopback_tcp: bool,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) ready_limit: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            binaries: None,
            base_folder: None,
            durability: Durability::Production,
            locale: Locale::CUtf8,
            superuser: "cardgenius".to_owned(),
            password: None,
            loopback_tcp: false,
            settings: Vec::new(),
            files: Vec::new(),
            ready_limit: Duration::from_secs(60),
        }
    }
}

impl PostgresOptions {
    /// The defaults, with [`Durability::Test`].
    #[must_use]
    pub fn for_tests() -> Self {
        Self::default().durability(Durability::Test)
    }

    /// Takes the server's programs from this folder instead of searching the machine for them.
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

    /// Whether commits survive a crash of the machine.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Collation and character classes.
    #[must_use]
    pub fn locale(mut self, locale: Locale) -> Self {
        self.locale = locale;
        self
    }

    /// The name of the first role, a superuser; `cardgenius` unless told.
    #[must_use]
    pub fn superuser(mut self, name: impl Into<String>) -> Self {
        self.superuser = name.into();
        self
    }

    /// Asks every client for a password (SCRAM-SHA-256), and gives the superuser this one. Without it every client that
    /// reaches the server is trusted; the socket's folder then keeps other accounts away.
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

    /// A server setting, by the name it has in `postgresql.conf`. A later one of the same name wins.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// A file that is written into the data folder before the first start (mode 0600), such as `server.key` or a
    /// `pg_hba.conf` of one's own.
    #[must_use]
    pub fn file(mut self, name: impl Into<String>, contents: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.into(), contents.into()));
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
    pub(crate) fn validate(&self, major: u32) -> Result<(), EmbeddedError> {
        if matches!(self.locale, Locale::Icu(_)) && major < 15 {
            return refuse("locale", format!("ICU locales for a whole server need PostgreSQL 15, this one is {major}"));
        }
        if self.superuser.is_empty() || self.superuser.starts_with("pg_") {
            return refuse("superuser", "the name must not be empty and must not begin with pg_".to_owned());
        }
        self.password.iter().try_for_each(Password::validate)?;
        if let Some((name, _)) = self.files.iter().find(|(name, _)| name.is_empty() || name.contains('/')) {
            return refuse(name, "a file's name must be a plain name in the data folder".to_owned());
        }
        self.settings.iter().try_for_each(|(name, value)| validate_setting(name, value))
    }
}

/// Refuses a setting that the private server sets itself, or that cannot be passed on.
pub(crate) fn validate_setting(name: &str, value: &str) -> Result<(), EmbeddedError> {
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '.';
    if name.is_empty() || !name.chars().all(plain) {
        return refuse(name, "a setting's name has letters, digits, underscores and dots only".to_owned());
    }
    if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        return refuse(name, "the private server sets it itself".to_owned());
    }
    if value.contains(['\n', '\0']) {
        return refuse(name, "a setting's value must be one line".to_owned());
    }
    Ok(())
}

fn refuse(name: &str, reason: String) -> Result<(), EmbeddedError> {
    Err(EmbeddedError::Option { name: name.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(options: &PostgresOptions) -> String {
        options.validate(14).unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_are_accepted_and_durable() {
        let options = PostgresOptions::default();
        options.validate(13).unwrap();
        assert_eq!(options.durability, Durability::Production);
    }

    #[test]
    fn a_setting_that_the_private_server_sets_itself_is_refused_by_name() {
        let refusal = refusal(&PostgresOptions::default().setting("Port", "5433"));
        assert!(refusal.contains("Port"), "{refusal}");
    }

    #[test]
    fn a_setting_of_two_lines_is_refused() {
        assert!(refusal(&PostgresOptions::default().setting("work_mem", "4MB\nstart")).contains("one line"));
    }

    #[test]
    fn a_file_outside_the_data_folder_is_refused() {
        assert!(refusal(&PostgresOptions::default().file("../x", "")).contains("plain name"));
    }

    #[test]
    fn an_icu_locale_on_an_older_server_is_refused_with_the_version_it_needs() {
        assert!(refusal(&PostgresOptions::default().locale(Locale::Icu("en-US".into()))).contains("PostgreSQL 15"));
    }

    #[test]
    fn the_password_does_not_show_in_debug_output() {
        let text = format!("{:?}", PostgresOptions::default().password("s3cret"));
        assert!(text.contains("hidden") && !text.contains("s3cret"), "{text}");
    }
}
