//! Implements the transport for `reqwest`.

use super::http::{Request, Response, StreamTransport, Transport};

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
