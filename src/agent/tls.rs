//! Whom to trust: the system's certificate authorities, or exactly those of the file that `AWS_CA_BUNDLE` names.

use std::{fs, sync::Arc};

use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_tungstenite::Connector;

/// The trust of one agent.
#[derive(Clone, Default)]
pub struct Tls {
    bundle: Option<Bundle>,
}

#[derive(Clone)]
struct Bundle {
    certificates: Vec<reqwest::Certificate>,
    sockets: Arc<ClientConfig>,
}

impl Tls {
    /// Reads `AWS_CA_BUNDLE`, if it is set.
    pub fn from_environment() -> Result<Self, String> {
        match std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) {
            None => Ok(Self::default()),
            Some(path) => {
                let pem = fs::read(&path)
                    .map_err(|error| format!("cannot read AWS_CA_BUNDLE {}: {error}", path.to_string_lossy()))?;
                Self::from_pem(&pem).map_err(|error| format!("AWS_CA_BUNDLE {}: {error}", path.to_string_lossy()))
            }
        }
    }

    /// Trusts the certificates of a PEM bundle and no others.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| error.to_string())?;
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
        if roots.is_empty() {
            return Err("there is no certificate in it".to_owned());
        }
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let sockets = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|error| error.to_string())?;
        Ok(Self { bundle: Some(Bundle { certificates, sockets: Arc::new(sockets) }) })
    }

    /// The trust for calls.
    pub(super) fn apply(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        match &self.bundle {
            Some(bundle) => builder.tls_certs_only(bundle.certificates.iter().cloned()),
            None => builder,
        }
    }

    /// The trust for sockets; the system's if absent.
    pub(super) fn connector(&self) -> Option<Connector> {
        self.bundle.as_ref().map(|bundle| Connector::Rustls(bundle.sockets.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_must_hold_a_certificate() {
        assert!(Tls::from_pem(b"").is_err());
        assert!(Tls::from_pem(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_err());
        let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        assert!(Tls::from_pem(made.cert.pem().as_bytes()).unwrap().connector().is_some());
    }
}
