//! The HTTP client for requests with small responses. It gives up on a response that is too large or takes too long.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::api::runtime::http::{Request, Response, Transport};
use crate::limits::RESPONSE_BYTES_MAX;

/// The time for a request and its response. A push of a mebibyte takes half of it at 4 KiB a second.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(600);
/// The maximum wait for the next part of a response, once the request is sent.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
/// The minimum speed of sending a request, in bytes per second. A server gives up on a slower request.
const SENT_BYTES_PER_SECOND_MIN: u64 = 4_096;
/// The time before the rate of a response counts, and the minimum rate in bytes per second after that.
const SLOW: (Duration, u64) = (Duration::from_secs(20), 512);

/// An HTTP client with limits, which also hold if something other than a sync server responds.
pub(crate) struct Bounded {
    /// For requests without these limits: the connection for change notifications stays open.
    pub(crate) client: reqwest::Client,
    pub(crate) slow_response: Option<SlowResponse>,
}

/// What to do while a request waits for its response.
pub(crate) struct SlowResponse {
    /// The time after which `notice` is called first. Each further wait is twice as long.
    pub(crate) after: Duration,
    /// Gets the time that the request has waited so far.
    pub(crate) notice: Box<dyn Fn(Duration) + Send + Sync>,
}

/// The reason why there is no response.
#[derive(Debug)]
pub(crate) enum NoResponse {
    Failed(reqwest::Error),
    /// The server accepted the connection, and then sent nothing, or too slowly.
    Silent,
    TooLarge,
}

impl Bounded {
    async fn exchange(&self, request: reqwest::Request) -> Result<Response, NoResponse> {
        let silent = |_| NoResponse::Silent;
        let sent_bytes = request.body().and_then(|body| body.as_bytes()).map_or(0, |bytes| bytes.len() as u64);
        let answered = tokio::time::timeout(response_timeout(sent_bytes), self.client.execute(request)).await;
        let mut response = answered.map_err(silent)??;
        let mut whole = http::Response::new(Vec::new());
        *whole.status_mut() = response.status();
        *whole.headers_mut() = std::mem::take(response.headers_mut());
        let began = Instant::now();
        while let Some(bytes) = tokio::time::timeout(RESPONSE_TIMEOUT, response.chunk()).await.map_err(silent)?? {
            if is_too_slow(whole.body().len() + bytes.len(), began.elapsed()) {
                return Err(NoResponse::Silent);
            }
            if whole.body().len() + bytes.len() > RESPONSE_BYTES_MAX {
                return Err(NoResponse::TooLarge);
            }
            whole.body_mut().extend_from_slice(&bytes);
        }
        Ok(whole)
    }
}

/// How long a response may take to begin, including the time to send the request.
fn response_timeout(sent_bytes: u64) -> Duration {
    RESPONSE_TIMEOUT + Duration::from_secs(sent_bytes / SENT_BYTES_PER_SECOND_MIN)
}

/// Whether a response arrives too slowly and is given up.
fn is_too_slow(bytes: usize, elapsed: Duration) -> bool {
    elapsed > SLOW.0 && (bytes as u64) < elapsed.as_secs() * SLOW.1
}

impl Transport for Bounded {
    type Error = NoResponse;

    async fn send(&self, request: Request) -> Result<Response, NoResponse> {
        let mut request = reqwest::Request::try_from(request)?;
        *request.timeout_mut() = Some(EXCHANGE_TIMEOUT);
        let exchange = self.exchange(request);
        let Some(SlowResponse { after, notice }) = &self.slow_response else { return exchange.await };
        tokio::pin!(exchange);
        let (began, mut wait) = (Instant::now(), *after);
        loop {
            tokio::select! {
                answer = &mut exchange => return answer,
                () = tokio::time::sleep(wait) => notice(began.elapsed()),
            }
            wait *= 2;
        }
    }
}

impl From<reqwest::Error> for NoResponse {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() && !error.is_connect() { NoResponse::Silent } else { NoResponse::Failed(error) }
    }
}

impl fmt::Display for NoResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoResponse::Failed(error) => error.fmt(f),
            NoResponse::Silent => {
                f.write_str("the server accepted the connection but did not respond in time, or the network is too slow for the request")
            }
            NoResponse::TooLarge => {
                write!(f, "received more than {RESPONSE_BYTES_MAX} bytes, which no sync server sends")
            }
        }
    }
}

impl std::error::Error for NoResponse {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            NoResponse::Failed(error) => Some(error),
            NoResponse::Silent | NoResponse::TooLarge => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_request_has_the_time_that_a_slow_network_takes_for_it() {
        assert_eq!(response_timeout(500), RESPONSE_TIMEOUT);
        let at_8_kib = Duration::from_secs((1 << 20) / 8_192);
        assert!(response_timeout(1 << 20) > at_8_kib + RESPONSE_TIMEOUT && EXCHANGE_TIMEOUT > response_timeout(1 << 20));
    }

    #[test]
    fn an_answer_that_comes_drop_by_drop_is_given_up_and_a_slow_network_is_not() {
        let after = Duration::from_secs;
        assert!(!is_too_slow(40, after(20)), "it has just begun");
        assert!(is_too_slow(42, after(21)));
        assert!(!is_too_slow(21 * 1_024, after(21)), "a kibibyte a second");
        assert!(is_too_slow(100_000, after(14 * 3_600)));
    }
}
