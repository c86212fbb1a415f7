//! TLS to the database, as the URL's `sslmode` asks (libpq's meaning, "SSL Support" in the PostgreSQL manual).

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How far the server's certificate is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// `prefer`, `allow`, `require`: encrypted, whoever it is.
    Nothing,
    /// `verify-ca`: signed by an authority that we trust, for whatever name.
    Authority,
    /// `verify-full`: and for the host that we asked for.
    Full,
}

/// Why no TLS connection can be prepared.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of `sslrootcert`.
    #[error("cannot read the certificates of sslrootcert={path}: {reason}")]
    RootFile {
        /// As given.
        path: String,
        /// In the reader's words.
        reason: String,
    },
    /// None to verify with.
    #[error(
        "no root certificates to verify the server with: install the system's (ca-certificates) or name a file with sslrootcert"
    )]
    NoRoots,
    /// From the TLS library.
    #[error("TLS cannot be set up: {0}")]
    Library(#[from] Error),
}

/// A connector for this much trust; root certificates from `root_file`, else the system's.
///
/// # Errors
/// Certificates that cannot be read.
pub fn connector(verify: Verify, root_file: Option<&Path>) -> Result<MakeRustlsConnect, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let config = match verify {
        Verify::Full => builder.with_root_certificates(roots(root_file)?).with_no_client_auth(),
        Verify::Authority => {
            let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(root_file)?), provider.clone())
                .build()
                .map_err(|error| Error::General(error.to_string()))?;
            let lenient = Lenient { provider, authority: Some(inner) };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(lenient)).with_no_client_auth()
        }
        Verify::Nothing => {
            let lenient = Lenient { provider, authority: None };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(lenient)).with_no_client_auth()
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    match file {
        Some(path) => {
            let unreadable = |reason: String| TlsError::RootFile { path: path.display().to_string(), reason };
            let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))?;
            for certificate in certificates {
                store.add(certificate.map_err(|error| unreadable(error.to_string()))?)?;
            }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if store.is_empty() { Err(TlsError::NoRoots) } else { Ok(store) }
}

/// Checks that the server holds its certificate's key, and of the certificate itself no more than was asked for.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    authority: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authority) = &self.authority else {
            return Ok(ServerCertVerified::assertion());
        };
        match authority.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // verify-ca: the chain was good, the name is not asked for.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
