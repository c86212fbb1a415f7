//! TLS to the database, as the URL's `ssl-mode` asks (the meaning of "--ssl-mode" in the MySQL manual).

use std::path::Path;
use std::str::FromStr;

use mysql_async::SslOpts;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// How far the server's certificate is trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SslMode {
    /// No encryption.
    Disabled,
    /// Encrypted where the server can, whoever it is.
    #[default]
    Preferred,
    /// Encrypted, whoever it is.
    Required,
    /// And signed by an authority that we trust, for whatever name.
    VerifyCa,
    /// And for the host that we asked for.
    VerifyIdentity,
}

impl FromStr for SslMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_uppercase().as_str() {
            "DISABLED" => Ok(Self::Disabled),
            "PREFERRED" => Ok(Self::Preferred),
            "REQUIRED" => Ok(Self::Required),
            "VERIFY_CA" => Ok(Self::VerifyCa),
            "VERIFY_IDENTITY" => Ok(Self::VerifyIdentity),
            _ => Err(format!(
                "ssl-mode={} is not known: use DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY",
                text.chars().take(40).collect::<String>()
            )),
        }
    }
}

/// Why no TLS connection can be prepared.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of `ssl-ca`.
    #[error("cannot read the certificates of ssl-ca={path}: {reason}")]
    RootFile {
        /// As given.
        path: String,
        /// In the reader's words.
        reason: String,
    },
    /// None to verify with.
    #[error(
        "no root certificates to verify the server with: install the system's (ca-certificates) or name a file with ssl-ca"
    )]
    NoRoots,
}

/// The name to ask a certificate for where any name will do. The driver compares the name in any case, and lets a wrong one
/// pass by finding this word in the error's text. The TLS library does not write that word any more; it does write, after the
/// chain was found good, the name that was asked for. Should either change, connections are refused, not let through.
const ANY_NAME: &str = "NotValidForName";

/// The driver's options for this much trust, none for no TLS; root certificates from `root_file`, else the system's.
///
/// # Errors
/// Certificates that cannot be read.
pub fn options(mode: SslMode, root_file: Option<&Path>) -> Result<Option<SslOpts>, TlsError> {
    let verifying = || {
        let roots = roots(root_file)?.into_iter().map(Into::into).collect();
        Ok::<_, TlsError>(SslOpts::default().with_disable_built_in_roots(true).with_root_certs(roots))
    };
    Ok(match mode {
        SslMode::Disabled => None,
        SslMode::Preferred | SslMode::Required => {
            Some(SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true))
        }
        SslMode::VerifyCa => Some(
            verifying()?.with_danger_skip_domain_validation(true).with_danger_tls_hostname_override(Some(ANY_NAME)),
        ),
        SslMode::VerifyIdentity => Some(verifying()?),
    })
}

/// Each certificate by itself, and only those that can be used: the driver takes all or nothing.
fn roots(file: Option<&Path>) -> Result<Vec<Vec<u8>>, TlsError> {
    let mut store = RootCertStore::empty();
    let mut roots = Vec::new();
    match file {
        Some(path) => {
            let unreadable = |reason: String| TlsError::RootFile { path: path.display().to_string(), reason };
            let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
                store.add(certificate.clone()).map_err(|error| unreadable(error.to_string()))?;
                roots.push(certificate.to_vec());
            }
        }
        None => {
            for certificate in rustls_native_certs::load_native_certs().certs {
                if store.add(certificate.clone()).is_ok() {
                    roots.push(certificate.to_vec());
                }
            }
        }
    }
    if roots.is_empty() { Err(TlsError::NoRoots) } else { Ok(roots) }
}
