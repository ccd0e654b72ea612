//! TLS from certificate files. The acceptor and the validity of a certificate stay together, so that the reported expiry is that of the
//! certificate in use.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{InconsistentKeys, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::validity::Validity;
use crate::key_files::{check_private, pem_error};

/// The label of a key that a passphrase protects.
const ENCRYPTED: &[u8] = b"BEGIN ENCRYPTED PRIVATE KEY";

/// A certificate with its key, ready for connections.
#[derive(Clone)]
pub struct Certificate {
    pub acceptor: TlsAcceptor,
    /// When it and its issuers are valid, if all their dates can be read.
    pub validity: Option<Validity>,
}

/// Reads a certificate chain and its key, both PEM files.
///
/// # Errors
/// Returns an error if a file cannot be read or parsed, or the certificate and the key do not match.
pub fn certificate(cert: &Path, key: &Path) -> io::Result<Certificate> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| io::Error::other(format!("{}: {error}", path.display()));
    let chain = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| failed(cert, &pem_error(&error)))?;
    if chain.is_empty() {
        return Err(failed(cert, &"it has no certificate in PEM format"));
    }
    let validity = Validity::of(chain.iter().map(AsRef::as_ref));
    let key_der = private_key(key).map_err(|error| failed(key, &error))?;
    check_private(key).map_err(|error| failed(key, &error))?;
    let signing_key = rustls::crypto::ring::sign::any_supported_type(&key_der).map_err(|_| {
        failed(key, &"the type or size of the key is not supported; use ECDSA P-256 or P-384, Ed25519, or RSA of 2048 to 4096 bits")
    })?;
    let pair = CertifiedKey::new(chain, signing_key);
    match pair.keys_match() {
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            return Err(failed(cert, &mismatch(&pair, key)));
        }
        // The label may not reveal that the key is encrypted.
        Ok(()) | Err(rustls::Error::InconsistentKeys(_)) => {}
        Err(error) => return Err(failed(cert, &error)),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Certificate { acceptor: TlsAcceptor::from(Arc::new(config)), validity })
}

/// Says why a key is not that of the first certificate.
fn mismatch(pair: &CertifiedKey, key: &Path) -> String {
    let is_of = |cert: &CertificateDer<'static>| CertifiedKey::new(vec![cert.clone()], Arc::clone(&pair.key)).keys_match().is_ok();
    match pair.cert.iter().position(is_of) {
        Some(index) => format!(
            "the server's own certificate must come first, before those of its issuers, but the key in {} is that of certificate {}",
            key.display(),
            index + 1
        ),
        None => format!("the key in {} does not match the certificate; give both files of one pair", key.display()),
    }
}

/// The first private key of a PEM file.
fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        Error::NoItemsFound if text.windows(ENCRYPTED.len()).any(|window| window == ENCRYPTED) => {
            "the key is encrypted; write it without a passphrase".to_owned()
        }
        Error::NoItemsFound => "it has no private key in PEM format".to_owned(),
        other => pem_error(&other),
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Why a certificate and a key with a mode cannot be used.
    fn refused(cert: &str, key: &str, mode: u32) -> String {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [cert_path, key_path] = ["chain.pem", "key.pem"].map(|name| folder.path().join(name));
        std::fs::write(&cert_path, cert).expect("written");
        std::fs::write(&key_path, key).expect("written");
        std::fs::set_permissions(&key_path, PermissionsExt::from_mode(mode)).expect("changed");
        certificate(&cert_path, &key_path).map(drop).err().map(|error| error.to_string()).unwrap_or_default()
    }

    fn made() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_key_that_others_read_is_rejected() {
        let (cert, key) = made();
        assert_eq!((refused(&cert, &key, 0o600), refused(&cert, &key, 0o640)), (String::new(), String::new()));
        assert!(refused(&cert, &key, 0o644).contains("run `chmod 600"), "{}", refused(&cert, &key, 0o644));
    }

    #[test]
    fn files_that_cannot_be_used_are_described() {
        let ((cert, key), (issuer, other)) = (made(), made());
        let last = refused(&format!("{issuer}{cert}"), &key, 0o600);
        assert!(last.contains("must come first") && last.contains("that of certificate 2"), "{last}");
        assert!(refused(&cert, &other, 0o600).contains("does not match the certificate"));
        let half = cert.lines().take(5).collect::<Vec<_>>().join("\n");
        assert!(refused(&half, &key, 0o600).contains("it is cut off"), "{}", refused(&half, &key, 0o600));
        let unknown = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert!(refused(&cert, unknown, 0o600).contains("RSA of 2048 to 4096 bits"), "{}", refused(&cert, unknown, 0o600));
    }
}
