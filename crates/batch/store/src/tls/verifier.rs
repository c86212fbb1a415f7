//! The judge of a server's certificate. As in libpq, a certificate that stands byte for byte in the file of trusted ones is
//! trusted by itself, whether or not it may sign others: so PostgreSQL's manual makes one, and names it as its own root.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::oid::ObjectIdentifier;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// Checks that the server holds its certificate's key, and of the certificate itself no more than was asked for.
#[derive(Debug)]
pub(super) struct Verifier {
    provider: Arc<CryptoProvider>,
    authority: Option<Authority>,
}

#[derive(Debug)]
struct Authority {
    chains: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
    asks_for_name: bool,
}

impl Verifier {
    pub(super) fn of_nothing(provider: Arc<CryptoProvider>) -> Self {
        Self { provider, authority: None }
    }

    pub(super) fn new(
        provider: Arc<CryptoProvider>,
        roots: RootCertStore,
        trusted: Vec<CertificateDer<'static>>,
        asks_for_name: bool,
    ) -> Result<Self, Error> {
        let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { provider, authority: Some(Authority { chains, trusted, asks_for_name }) })
    }

    fn algorithms(&self) -> &WebPkiSupportedAlgorithms {
        &self.provider.signature_verification_algorithms
    }
}

impl Authority {
    /// A certificate that is trusted by itself needs no chain; its time, and the name if that is asked for, are judged all the same.
    fn judge_itself(
        &self,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let unreadable = |_| Error::InvalidCertificate(CertificateError::BadEncoding);
        let parsed = Certificate::from_der(certificate).map_err(unreadable)?;
        let validity = &parsed.tbs_certificate.validity;
        if now.as_secs() < validity.not_before.to_unix_duration().as_secs() {
            return Err(Error::InvalidCertificate(CertificateError::NotValidYet));
        }
        if now.as_secs() > validity.not_after.to_unix_duration().as_secs() {
            return Err(Error::InvalidCertificate(CertificateError::Expired));
        }
        if !self.asks_for_name || is_named_the_old_way(&parsed, name) {
            return Ok(());
        }
        verify_server_name(&ParsedCertificate::try_from(certificate)?, name)
    }
}

/// By its common name, which counts where there is no subjectAltName.
fn is_named_the_old_way(certificate: &Certificate, name: &ServerName<'_>) -> bool {
    let certificate = &certificate.tbs_certificate;
    let mut extensions = certificate.extensions.iter().flatten();
    if extensions.any(|extension| extension.extn_id == SUBJECT_ALT_NAME) {
        return false;
    }
    let names = certificate.subject.0.iter().flat_map(|part| part.0.iter());
    let mut common = names.filter(|attribute| attribute.oid == COMMON_NAME);
    common.any(|attribute| attribute.value.value().eq_ignore_ascii_case(name.to_str().as_bytes()))
}

impl ServerCertVerifier for Verifier {
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
        match authority.chains.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The chain was good, and the name is not asked for.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !authority.asks_for_name => Ok(ServerCertVerified::assertion()),
            Err(_) if authority.trusted.iter().any(|trusted| trusted.as_ref() == end_entity.as_ref()) => {
                authority.judge_itself(end_entity, server_name, now).map(|()| ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, self.algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, self.algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms().supported_schemes()
    }
}
