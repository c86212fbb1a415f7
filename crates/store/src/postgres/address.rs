//! A database's URL, as libpq writes it, taken apart for the driver.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use url::Url;

use super::tls::Verify;
use crate::config::{CallLimits, DatabaseConfig};

/// Where the database is, and how its TLS is to be.
#[derive(Clone)]
pub struct Address {
    /// For the driver; without password if that comes from elsewhere.
    pub config: Config,
    /// How far its certificate is trusted.
    pub verify: Verify,
    /// Certificates to trust, instead of the system's.
    pub root_file: Option<PathBuf>,
    /// `host:port/database`, for messages: no secret.
    pub shown: String,
}

fn refused(reason: impl Into<String>) -> StoreError {
    StoreError::new(ErrorKind::Refused, reason)
}

/// Takes a URL apart.
///
/// # Errors
/// A URL that is none, or an option that is not known; never quotes the URL, which may hold a password.
pub fn parse(database: &DatabaseConfig, limits: &CallLimits, application_name: &str) -> Result<Address, StoreError> {
    let scheme = database.url.split_once("://").map_or("", |(scheme, _)| scheme);
    if !matches!(scheme, "postgres" | "postgresql") {
        return Err(refused(format!(
            "the database's URL must start with postgres://, not with {:?}: write postgres://user@host:5432/database",
            scheme.chars().take(20).collect::<String>()
        )));
    }
    let (plain, ssl) = without_ssl_options(&database.url)?;
    let mut config = Config::from_str(&plain).map_err(|error| {
        // The driver quotes option names, never values.
        let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        refused(format!("the database's URL cannot be understood: {cause}"))
    })?;
    config.ssl_mode(ssl.mode);
    config.application_name(application_name);
    config.connect_timeout(limits.connect);
    config.tcp_user_timeout(limits.load);
    config.keepalives_idle(Duration::from_secs(30));
    config.keepalives_interval(Duration::from_secs(10));
    config.keepalives_retries(3);
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    if config.get_hosts().is_empty() {
        return Err(refused("the database's URL names no host: write postgres://user@host:5432/database"));
    }
    let shown = shown(&config);
    Ok(Address { config, verify: ssl.verify, root_file: ssl.root_file, shown })
}

fn shown(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(tokio_postgres::config::Host::Tcp(name)) => name.clone(),
        Some(tokio_postgres::config::Host::Unix(path)) => path.display().to_string(),
        None => String::new(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!("{host}:{port}/{}", config.get_dbname().unwrap_or(""))
}

struct Ssl {
    mode: SslMode,
    verify: Verify,
    root_file: Option<PathBuf>,
}

/// The driver knows neither `verify-ca`, `verify-full` nor `sslrootcert`: they are ours.
fn without_ssl_options(url: &str) -> Result<(String, Ssl), StoreError> {
    let mut ssl = Ssl { mode: SslMode::Prefer, verify: Verify::Nothing, root_file: None };
    let Some((base, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), ssl));
    };
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8_lossy();
        match key {
            "sslmode" => (ssl.mode, ssl.verify) = ssl_mode(&value)?,
            "sslrootcert" if value == "system" => ssl.root_file = None,
            "sslrootcert" => ssl.root_file = Some(PathBuf::from(value.as_ref())),
            _ => kept.push(pair),
        }
    }
    let plain = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    Ok((plain, ssl))
}

fn ssl_mode(value: &str) -> Result<(SslMode, Verify), StoreError> {
    match value {
        "disable" => Ok((SslMode::Disable, Verify::Nothing)),
        "allow" | "prefer" => Ok((SslMode::Prefer, Verify::Nothing)),
        "require" => Ok((SslMode::Require, Verify::Nothing)),
        "verify-ca" => Ok((SslMode::Require, Verify::Authority)),
        "verify-full" => Ok((SslMode::Require, Verify::Full)),
        other => Err(refused(format!(
            "sslmode={other} is not known: use disable, prefer, require, verify-ca or verify-full"
        ))),
    }
}

/// Whether two URLs certainly mean the same database, so that one transaction can serve both.
#[must_use]
pub fn same_database(one: &str, other: &str) -> bool {
    let place = |url: &str| {
        let url = Url::parse(url).ok()?;
        let query: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(key, _)| matches!(key.as_ref(), "host" | "port" | "dbname" | "user"))
            .map(|(k, v)| (k.into(), v.into()))
            .collect();
        Some((
            url.host_str().map(str::to_owned),
            url.port().unwrap_or(5432),
            url.username().to_owned(),
            url.path().to_owned(),
            query,
        ))
    };
    one == other || place(one).is_some_and(|place_of_one| Some(place_of_one) == place(other))
}
