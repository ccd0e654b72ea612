//! The demo app, embedded in the program if it was built before.

use stronglog_server::site::Site;

use crate::exit::{Failure, Outcome};

/// The files of the app. Empty if the app was not built.
const FILES: Site = include!(concat!(env!("OUT_DIR"), "/demo.rs"));

/// The app's files.
///
/// # Errors
/// Returns an error if the program was built without the app.
pub fn site() -> Outcome<Site> {
    carried(FILES)
}

fn carried(files: Site) -> Outcome<Site> {
    if files.is_empty() {
        return Err(Failure::new(
            "cannot serve the demo app: this program was built without it; run `cargo xtask web`, then build the program again",
        ));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_the_app_says_how_to_build_it() {
        let failure = carried(&[]).expect_err("there is nothing to serve");
        assert!(failure.to_string().contains("cargo xtask web"), "{failure}");
    }

    #[test]
    fn an_app_that_is_there_is_whole() {
        let files = match site() {
            Ok(files) => files,
            Err(failure) => return assert!(FILES.is_empty(), "{failure}"),
        };
        let page = files.iter().find(|file| file.path == "/index.html").expect("the page");
        let page = std::str::from_utf8(page.bytes).expect("text");
        let links: Vec<&str> = page.split(['"', '\'']).filter(|text| text.starts_with('/') && text.len() > 1).collect();
        assert!(!links.is_empty(), "{page}");
        for link in links {
            assert!(files.iter().any(|file| file.path == link), "{link} is missing");
        }
    }
}
