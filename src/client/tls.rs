//! Whom to trust: the system's authorities, or those of `AWS_CA_BUNDLE` alone, as every AWS client does.

use std::sync::Arc;

use tokio_rustls::rustls::{
    self, ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_tungstenite::Connector;

use super::Error;

/// The PEM bundle that `AWS_CA_BUNDLE` names, if it is set. The error is one sentence.
pub(super) fn ca_bundle() -> Result<Option<Vec<u8>>, String> {
    let Some(path) = std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) else { return Ok(None) };
    std::fs::read(&path).map(Some).map_err(|error| format!("AWS_CA_BUNDLE {}: {error}", path.to_string_lossy()))
}

/// How a WebSocket to `url` is secured. `None` leaves it to the WebSocket library, which trusts the system.
pub(super) fn websocket_connector(url: &str) -> Result<Option<Connector>, Error> {
    if !url.starts_with("wss:") {
        return Ok(Some(Connector::Plain));
    }
    let fail = |detail: String| Error::Tls { endpoint: url.to_owned(), detail };
    // The library takes the process's provider; whoever comes first installs it.
    let _ = aws_lc_rs::default_provider().install_default();
    let Some(bundle) = ca_bundle().map_err(fail)? else { return Ok(None) };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bundle) {
        let certificate = certificate.map_err(|error| fail(format!("AWS_CA_BUNDLE: {error}")))?;
        // A bundle may hold authorities of kinds that nobody supports; the others still count.
        let _ = roots.add(certificate);
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(Some(Connector::Rustls(Arc::new(config))))
}

/// Whether the TLS library is somewhere among the causes; an I/O error hides its own.
pub(super) fn is_tls_error(error: &(dyn std::error::Error + 'static)) -> bool {
    if error.is::<rustls::Error>() {
        return true;
    }
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    inner.is_some_and(|inner| is_tls_error(inner)) || error.source().is_some_and(is_tls_error)
}
