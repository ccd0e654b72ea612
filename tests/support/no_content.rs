//! The response of an operation whose response does not matter.

use contractc::runtime::http::{HeaderMap, Outcome, StatusCode, Written};
use contractc::runtime::report::Report;

/// 204 for every response.
pub struct NoContent;

impl Outcome for NoContent {
    fn read(_: StatusCode, _: &HeaderMap, _: &[u8]) -> Result<Self, Report> {
        Ok(NoContent)
    }

    fn write(&self) -> Written {
        (StatusCode::NO_CONTENT, None, Vec::new())
    }

    fn undeclared(_: StatusCode, _: Vec<u8>) -> Self {
        NoContent
    }
}
