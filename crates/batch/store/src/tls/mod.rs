//! TLS to a database, the same for every family: what is trusted, and in which words a refusal is told.

mod verifier;
mod words;

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use self::verifier::Verifier;
pub(crate) use self::words::{Refusal, refusal};
use crate::bounded_read;

/// No file of certificates is larger, in bytes: the system's own, of all authorities, is a fortieth of that.
const MAX_BYTES: usize = 8 << 20;

/// How far the server's certificate is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Encrypted, without a look at the server's certificate.
    Anything,
    /// Signed by an authority that we trust, for whatever name.
    Authority,
    /// And for the host that we asked for.
    Name,
}

/// Why no TLS connection can be prepared.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of certificates.
    #[error("cannot read the certificates of {option}={path}: {reason}")]
    RootFile {
        /// The address's option.
        option: &'static str,
        /// As given.
        path: String,
        /// In the reader's words.
        reason: String,
    },
    /// There are none to verify with.
    #[error(
        "no root certificates to verify the server with: install the system's (ca-certificates) or name a file with {0}"
    )]
    NoRoots(&'static str),
    /// From the TLS library.
    #[error("TLS cannot be set up: {0}")]
    Library(#[from] rustls::Error),
}

/// The settings of a connection with this much trust. The certificates come from `root_file`, else from the system;
/// `option` is the address's name for that file.
///
/// # Errors
/// Certificates that cannot be read.
pub(crate) fn client_config(
    trust: Trust,
    root_file: Option<&Path>,
    option: &'static str,
) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = match trust {
        Trust::Anything => Verifier::of_nothing(provider.clone()),
        Trust::Authority | Trust::Name => {
            let certificates = match root_file {
                Some(path) => of_file(path, option)?,
                None => of_the_system(std::env::var_os("SSL_CERT_FILE").as_deref())?,
            };
            let mut roots = RootCertStore::empty();
            match root_file {
                None => drop(roots.add_parsable_certificates(certificates.iter().cloned())),
                Some(path) => {
                    let mut added = certificates.iter().map(|certificate| roots.add(certificate.clone()));
                    added.try_for_each(|added| added).map_err(|error| unreadable(path, option, error))?;
                }
            }
            if roots.is_empty() {
                return Err(TlsError::NoRoots(option));
            }
            Verifier::new(provider.clone(), roots, certificates, trust == Trust::Name)?
        }
    };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn of_file(path: &Path, option: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = bounded_read::bytes(path, MAX_BYTES).map_err(|error| unreadable(path, option, error))?;
    CertificateDer::pem_slice_iter(&text)
        .map(|certificate| certificate.map_err(|error| unreadable(path, option, error)))
        .collect()
}

/// The system's certificates. The variable `SSL_CERT_FILE` names another file of them, which an operator gave: the library would read
/// it without a bound.
fn of_the_system(named: Option<&OsStr>) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    if let Some(path) = named {
        bounded_read::bytes(Path::new(path), MAX_BYTES)
            .map_err(|error| unreadable(Path::new(path), "SSL_CERT_FILE", error))?;
    }
    Ok(rustls_native_certs::load_native_certs().certs)
}

fn unreadable(path: &Path, option: &'static str, reason: impl ToString) -> TlsError {
    TlsError::RootFile { option, path: path.display().to_string(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_of_certificates_is_refused_at_once_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let large = folder.path().join("large");
        std::fs::File::create(&large).unwrap().set_len(MAX_BYTES as u64 + 1).unwrap();
        for path in [pipe.as_path(), Path::new("/dev/zero"), folder.path(), &large] {
            let shown = path.display().to_string();
            let error = client_config(Trust::Name, Some(path), "sslrootcert").unwrap_err().to_string();
            assert!(error.starts_with(&format!("cannot read the certificates of sslrootcert={shown}")), "{error}");
            let error = of_the_system(Some(path.as_os_str())).unwrap_err().to_string();
            assert!(error.starts_with(&format!("cannot read the certificates of SSL_CERT_FILE={shown}")), "{error}");
        }
    }
}
