//! Files with keys, certificates and secrets: their permissions, and descriptions of their errors.

use std::path::Path;

use rustls::pki_types::pem::Error;

/// Checks that only the owner of a file can change it, and that other users cannot read it.
///
/// # Errors
/// Returns an error if its mode allows more, or cannot be read.
pub fn check_private(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path)?.permissions()) & 0o777;
        if mode & 0o027 != 0 {
            let message = format!("other users may read or change it (mode {mode:04o}); run `chmod 600 {}`", path.display());
            return Err(std::io::Error::other(message));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Describes why a PEM file cannot be read.
pub fn pem_error(error: &Error) -> String {
    let line = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match error {
        Error::MissingSectionEnd { end_marker } => {
            format!("it is cut off: the line -----END {}----- is missing", line(end_marker))
        }
        Error::IllegalSectionStart { line: found } => format!("the line {:?} begins no PEM section", line(found)),
        Error::Base64Decode(cause) => format!("it is damaged: the lines of a PEM section are not Base64 ({cause})"),
        Error::Io(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::pem_error;

    #[test]
    fn a_damaged_file_is_described_in_words() {
        for (text, wanted) in [
            ("-----BEGIN CERTIFICATE-----\nAAAA\n", "cut off: the line -----END CERTIFICATE----- is missing"),
            ("-----BEGIN CERTIFICATE\nAAAA\n", "the line \"-----BEGIN CERTIFICATE\" begins no PEM section"),
            ("-----BEGIN CERTIFICATE-----\nA*A\n-----END CERTIFICATE-----\n", "not Base64"),
        ] {
            let error = CertificateDer::from_pem_slice(text.as_bytes()).expect_err("it is damaged");
            assert!(pem_error(&error).contains(wanted), "{}", pem_error(&error));
        }
    }
}
