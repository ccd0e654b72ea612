//! TLS from certificate files. The acceptor and the expiry of a certificate stay together, so that the reported expiry is that of the
//! certificate in use.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{InconsistentKeys, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::validity::expiry_of;

/// The label of a key that a passphrase protects.
const ENCRYPTED: &[u8] = b"BEGIN ENCRYPTED PRIVATE KEY";

/// A certificate with its key, ready for connections.
#[derive(Clone)]
pub struct Certificate {
    pub acceptor: TlsAcceptor,
    /// When it expires, in milliseconds since the Unix epoch, if its dates can be read.
    pub expires_at: Option<i64>,
}

/// Reads a certificate chain and its key, both PEM files.
///
/// # Errors
/// Returns an error if a file cannot be read or parsed, or the certificate and the key do not match.
pub fn certificate(cert: &Path, key: &Path) -> io::Result<Certificate> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| io::Error::other(format!("{}: {error}", path.display()));
    let chain =
        CertificateDer::pem_file_iter(cert).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(|error| failed(cert, &error))?;
    let Some(first) = chain.first() else { return Err(failed(cert, &"it has no certificate in PEM format")) };
    let expires_at = expiry_of(first);
    let key_der = private_key(key).map_err(|error| failed(key, &error))?;
    let signing_key = rustls::crypto::ring::sign::any_supported_type(&key_der)
        .map_err(|_| failed(key, &"the key is of a kind that the server does not know; use ECDSA P-256, P-384, Ed25519 or RSA"))?;
    let pair = CertifiedKey::new(chain, signing_key);
    match pair.keys_match() {
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            return Err(failed(cert, &format!("the key in {} is that of another certificate", key.display())));
        }
        // The kind of the key may not tell.
        Ok(()) | Err(rustls::Error::InconsistentKeys(_)) => {}
        Err(error) => return Err(failed(cert, &error)),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Certificate { acceptor: TlsAcceptor::from(Arc::new(config)), expires_at })
}

/// The first private key of a PEM file.
fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound if text.windows(ENCRYPTED.len()).any(|window| window == ENCRYPTED) => {
            "the key is encrypted; write it without a passphrase".to_owned()
        }
        pem::Error::NoItemsFound => "it has no private key in PEM format".to_owned(),
        other => other.to_string(),
    })
}
