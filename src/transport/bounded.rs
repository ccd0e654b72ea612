//! The HTTP client for requests whose answers are small: it gives up on one that is too large or takes too long.

use std::fmt;
use std::time::Duration;

use crate::api::runtime::http::{Request, Response, Transport};

/// The time for a request and its answer. A page of a mebibyte takes half of it at 8 KiB a second.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(300);
/// The limit for the body of an answer, after decompression. The contract's largest answer, a page, is a fraction of it.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An HTTP client with limits, which also hold if something other than a sync server answers.
pub(crate) struct Bounded {
    /// For requests without these limits: the connection for change notifications stays open.
    pub(crate) client: reqwest::Client,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    Failed(reqwest::Error),
    TooLarge,
}

impl Transport for Bounded {
    type Error = Unanswered;

    async fn send(&self, request: Request) -> Result<Response, Unanswered> {
        let mut request = reqwest::Request::try_from(request)?;
        *request.timeout_mut() = Some(EXCHANGE_TIMEOUT);
        let mut response = self.client.execute(request).await?;
        let mut whole = http::Response::new(Vec::new());
        *whole.status_mut() = response.status();
        *whole.headers_mut() = std::mem::take(response.headers_mut());
        while let Some(bytes) = response.chunk().await? {
            if whole.body().len() + bytes.len() > ANSWER_BYTES_MAX {
                return Err(Unanswered::TooLarge);
            }
            whole.body_mut().extend_from_slice(&bytes);
        }
        Ok(whole)
    }
}

impl From<reqwest::Error> for Unanswered {
    fn from(error: reqwest::Error) -> Self {
        Unanswered::Failed(error)
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unanswered::Failed(error) => error.fmt(f),
            Unanswered::TooLarge => write!(f, "its answer is larger than {ANSWER_BYTES_MAX} bytes, so it does not come from a sync server"),
        }
    }
}

impl std::error::Error for Unanswered {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Unanswered::Failed(error) => Some(error),
            Unanswered::TooLarge => None,
        }
    }
}
