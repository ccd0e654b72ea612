//! What a user can do about an error of the operating system.

use std::io::{Error, ErrorKind};

/// The error, followed by what to do about it.
pub fn with_advice(error: &Error) -> String {
    let advice = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory | ErrorKind::InvalidFilename => "check the path",
        ErrorKind::PermissionDenied => "check its owner and permissions",
        ErrorKind::ReadOnlyFilesystem => "choose a place that can be written",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => "free some space",
        ErrorKind::AlreadyExists => "move it away, or choose another name",
        ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => "stop the program that uses it",
        _ => "check that the disk works, and try again",
    };
    format!("{error}; {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_follows_the_error() {
        let text = with_advice(&Error::from(ErrorKind::PermissionDenied));
        assert_eq!(text, "permission denied; check its owner and permissions");
    }
}
