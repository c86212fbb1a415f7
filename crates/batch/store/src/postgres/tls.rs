//! TLS to PostgreSQL, for its driver (libpq's meaning, "SSL Support" in the PostgreSQL manual).

use std::path::Path;

use tokio_postgres_rustls::MakeRustlsConnect;

use crate::tls::{TlsError, Trust, client_config};

/// The address's name for the file of trusted certificates.
pub(super) const ROOT_FILE: &str = "sslrootcert";

/// A connector for this much trust; root certificates from `root_file`, else the system's.
///
/// # Errors
/// Certificates that cannot be read.
pub fn connector(trust: Trust, root_file: Option<&Path>) -> Result<MakeRustlsConnect, TlsError> {
    client_config(trust, root_file, ROOT_FILE).map(MakeRustlsConnect::new)
}
