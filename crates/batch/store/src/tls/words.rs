//! Why TLS failed, in words that an operator can act on.

use std::error::Error;

use cardgenius_failure::error::ErrorKind;
use rustls::{AlertDescription, CertificateError};

/// A connection that TLS refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// [`ErrorKind::Refused`] where no time will heal it, else [`ErrorKind::Unreachable`].
    pub(crate) kind: ErrorKind,
    /// For the operator.
    pub(crate) words: String,
}

/// What of an error's causes comes from the TLS library, if anything. `option` is the address's name for the file of
/// trusted certificates.
pub(crate) fn refusal(error: &(dyn Error + 'static), option: &str) -> Option<Refusal> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(of_library(tls, option));
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

fn of_library(error: &rustls::Error, option: &str) -> Refusal {
    let refused = |words: String| Refusal { kind: ErrorKind::Refused, words };
    match error {
        rustls::Error::InvalidCertificate(fault) => match fault {
            // A new certificate, or a clock that is put right, heals these.
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => {
                Refusal { kind: ErrorKind::Unreachable, words: format!("the server's certificate is refused: {fault}") }
            }
            fault => refused(of_certificate(fault, option)),
        },
        rustls::Error::PeerIncompatible(_) | rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            refused(format!(
                "the server and this program have no version or cipher of TLS in common, and TLS 1.2 is the oldest here: {error}"
            ))
        }
        error => Refusal { kind: ErrorKind::Unreachable, words: format!("TLS failed: {error}") },
    }
}

fn of_certificate(fault: &CertificateError, option: &str) -> String {
    const ISSUE: &str = "-extfile <(printf 'subjectAltName=DNS:HOST')";
    match fault {
        CertificateError::UnknownIssuer => format!(
            "the server's certificate is refused: an authority has signed it that is not trusted. Name the file of that \
             authority's certificate with {option}; a self-signed certificate is named itself"
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
            "the server's certificate is refused: {fault}. Connect to a name that it holds, or issue one with the host's name: \
             openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -out server.crt {ISSUE}"
        ),
        // The library has no names of its own for these two.
        fault if format!("{fault:?}").contains("CaUsedAsEndEntity") => format!(
            "the server's certificate is refused: it is an authority's own, and the file of {option} does not hold this very \
             certificate. Put it there, or issue the server's own: \
             openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -out server.crt {ISSUE}"
        ),
        fault if format!("{fault:?}").contains("UnsupportedCertVersion") => format!(
            "the server's certificate is refused: its version is 1. Issue one of version 3, with the host's name: \
             openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -out server.crt {ISSUE}"
        ),
        fault => format!("the server's certificate is refused: {fault}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(fault: CertificateError) -> Refusal {
        let io = std::io::Error::new(std::io::ErrorKind::InvalidData, rustls::Error::InvalidCertificate(fault));
        refusal(&io, "sslrootcert").unwrap()
    }

    #[test]
    fn what_no_time_heals_is_refused_and_what_time_heals_is_waited_for() {
        assert_eq!(told(CertificateError::Expired).kind, ErrorKind::Unreachable);
        assert_eq!(told(CertificateError::NotValidYet).kind, ErrorKind::Unreachable);
        let unknown = told(CertificateError::UnknownIssuer);
        assert_eq!(unknown.kind, ErrorKind::Refused);
        assert!(unknown.words.contains("with sslrootcert"), "{}", unknown.words);
        assert!(told(CertificateError::NotValidForName).words.contains("openssl x509"));
    }

    #[test]
    fn an_error_that_is_none_of_tls_is_none() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert!(refusal(&refused, "ssl-ca").is_none());
    }
}
