//! What is needed to sign in to a database, put together from the sections.

use std::path::PathBuf;

use cardgenius_store::password_file;

use super::{Config, ConfigError, database_url::DatabaseUrl, exposure, secret::Secret};

/// Where the password is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Password {
    /// Within the address, or none is needed.
    InUrl,
    /// Here.
    Text(Secret),
    /// In a file, to be read again at each connection.
    File(PathBuf),
}

/// An address and its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The section that it comes from, for messages: `source`, `target` or `migrate`.
    pub section: &'static str,
    /// The address.
    pub url: DatabaseUrl,
    /// Where the password is.
    pub password: Password,
}

impl SignIn {
    /// The password as it is now; none where the address carries it or none is needed. Reads the file each time.
    ///
    /// # Errors
    ///
    /// [`ConfigError::PasswordFile`] where the file cannot be read, is no regular file, is empty or is no text.
    pub fn password(&self) -> Result<Option<Secret>, ConfigError> {
        match &self.password {
            Password::InUrl => Ok(None),
            Password::Text(secret) => Ok(Some(secret.clone())),
            Password::File(path) => match password_file::read(path) {
                Ok(password) => Ok(Some(Secret::new(&password))),
                Err(error) => Err(ConfigError::PasswordFile {
                    field: format!("{}.password_file", self.section),
                    path: path.clone(),
                    reason: error.to_string(),
                }),
            },
        }
    }

    fn new(
        section: &'static str,
        url: &DatabaseUrl,
        password: Option<&Secret>,
        password_file: Option<&PathBuf>,
    ) -> Result<Self, ConfigError> {
        let password = match (password, password_file) {
            (Some(secret), _) => Password::Text(secret.clone()),
            (None, Some(path)) => Password::File(path.clone()),
            (None, None) => Password::InUrl,
        };
        let sign_in = Self { section, url: url.clone(), password };
        // A file that cannot be read is said at the start, not at the first connection.
        sign_in.password()?;
        if let Password::File(path) = &sign_in.password {
            exposure::warn_of(&format!("{section}.password_file"), path);
        }
        Ok(sign_in)
    }
}

impl Config {
    /// How to sign in to the source.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoSource`] where no address is given; [`ConfigError::PasswordFile`] where its file is of no use.
    pub fn source_sign_in(&self) -> Result<SignIn, ConfigError> {
        let source = &self.source;
        let url = source.url.as_ref().ok_or(ConfigError::NoSource)?;
        SignIn::new("source", url, source.password.as_ref(), source.password_file.as_ref())
    }

    /// How to sign in to the target: as to the source, where it has no address of its own.
    ///
    /// # Errors
    ///
    /// Those of [`Config::source_sign_in`].
    pub fn target_sign_in(&self) -> Result<SignIn, ConfigError> {
        let target = &self.target;
        match &target.url {
            Some(url) => SignIn::new("target", url, target.password.as_ref(), target.password_file.as_ref()),
            None => self.source_sign_in(),
        }
    }

    /// How to sign in for migrations: as to the source, where there is no address of its own.
    ///
    /// # Errors
    ///
    /// Those of [`Config::source_sign_in`].
    pub fn migrate_sign_in(&self) -> Result<SignIn, ConfigError> {
        let migrate = &self.migrate;
        match &migrate.url {
            Some(url) => SignIn::new("migrate", url, migrate.password.as_ref(), migrate.password_file.as_ref()),
            None => self.source_sign_in(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn with_file(path: &Path) -> Config {
        let mut config = Config::default();
        config.source.url = Some(DatabaseUrl::new("postgres://ana@db/x"));
        config.source.password_file = Some(path.to_owned());
        config
    }

    #[test]
    fn a_rotated_password_is_read_at_the_next_connection() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, "first \n").unwrap();
        let sign_in = with_file(&path).source_sign_in().unwrap();
        assert_eq!(sign_in.password().unwrap().unwrap().expose(), "first ");
        fs::write(&path, "second\r\n").unwrap();
        assert_eq!(sign_in.password().unwrap().unwrap().expose(), "second");
    }

    #[test]
    fn a_password_file_of_no_use_is_refused_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        fs::write(&empty, "\n").unwrap();
        let binary = folder.path().join("binary");
        fs::write(&binary, [0xff, 0xfe]).unwrap();
        for path in [folder.path().join("absent"), folder.path().to_owned(), empty, binary] {
            let error = with_file(&path).source_sign_in().unwrap_err().to_string();
            assert!(error.contains("`source.password_file`") && error.contains(&*path.to_string_lossy()), "{error}");
        }
    }

    #[test]
    fn target_and_migrations_sign_in_like_the_source_unless_told_otherwise() {
        let mut config = Config::default();
        assert!(matches!(config.target_sign_in(), Err(ConfigError::NoSource)));
        config.source.url = Some(DatabaseUrl::new("postgres://ana@db/x"));
        config.source.password = Some(Secret::new("s"));
        let source = config.source_sign_in().unwrap();
        assert_eq!(config.target_sign_in().unwrap(), source);
        assert_eq!(config.migrate_sign_in().unwrap(), source);
        config.migrate.url = Some(DatabaseUrl::new("postgres://owner@db/x"));
        let migrate = config.migrate_sign_in().unwrap();
        assert_eq!((migrate.section, migrate.url.expose()), ("migrate", "postgres://owner@db/x"));
        assert_eq!(migrate.password, Password::InUrl, "another role does not inherit the source's password");
    }
}
