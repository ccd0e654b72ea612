//! Implements the transport for `reqwest`.

use super::http::{Request, Response, StreamTransport, Transport};

/// For `reqwest::Client::builder().redirect(…)`: follows redirects within an origin only. By default, reqwest sends all headers except
/// `Authorization` and cookies to wherever the server redirects it, including an API key.
#[cfg(not(target_arch = "wasm32"))]
pub fn within_origin() -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(|attempt| {
        let is_within = attempt.previous().iter().all(|url| url.origin() == attempt.url().origin());
        match attempt.previous().len() {
            0..=10 if is_within => attempt.follow(),
            _ => attempt.stop(),
        }
    })
}

impl Transport for reqwest::Client {
    type Error = reqwest::Error;

    async fn send(&self, request: Request) -> Result<Response, reqwest::Error> {
        let mut response = self.execute(reqwest::Request::try_from(request)?).await?;
        let mut whole = http::Response::new(Vec::new());
        *whole.status_mut() = response.status();
        *whole.headers_mut() = std::mem::take(response.headers_mut());
        *whole.body_mut() = response.bytes().await?.to_vec();
        Ok(whole)
    }
}

impl StreamTransport for reqwest::Client {
    type Stream = reqwest::Response;

    async fn open(&self, request: Request) -> Result<reqwest::Response, reqwest::Error> {
        self.execute(reqwest::Request::try_from(request)?).await
    }
}
