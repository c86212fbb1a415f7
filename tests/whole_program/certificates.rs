//! Certificates, made here, for the tests of TLS on every family of databases.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

/// An authority of our own.
pub struct Authority {
    /// Its certificate.
    pub certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new one.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// A certificate for this host, and its key.
    pub fn sign(&self, host: &str) -> (String, String) {
        self.sign_as(CertificateParams::new(vec![host.to_owned()]).unwrap())
    }

    /// A certificate for this host whose time is over, and its key.
    pub fn sign_expired(&self, host: &str) -> (String, String) {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2021, 1, 1));
        self.sign_as(params)
    }

    fn sign_as(&self, params: CertificateParams) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// A certificate as `openssl req -new -x509 -nodes -subj /CN=host` makes it, which PostgreSQL's manual says to do: an authority's
/// own, without a subjectAltName. With its key.
pub fn as_in_the_manual(host: &str) -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, host);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// Files that a server under another account can read.
pub struct Readable(TempDir);

impl Readable {
    /// A folder without files.
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        allow(folder.path(), 0o755);
        Self(folder)
    }

    /// A file in it.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        allow(&path, 0o644);
        path
    }
}

fn allow(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
