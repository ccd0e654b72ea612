//! Bodies, read whole and inflated within the limit, so that nothing behind here meets more than 1 MiB.

use std::io::Read;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header;
use http_body_util::LengthLimitError;
use tokio::time::timeout;

use crate::feed::BATCH_BYTES_MAX;
use crate::problem::Failure;

/// The largest window that a zstd body may ask for, as a power of two: what inflating takes in memory.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// How long a body may take to come.
const BODY_TIME_MAX: Duration = Duration::from_secs(60);

/// Reads the body, inflates it, and hands it on.
pub async fn whole(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let encoding = parts.headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or_default().trim().to_ascii_lowercase());
    let inflated = match read(body).await {
        Ok(bytes) => inflate(bytes, encoding.as_deref()),
        Err(failure) => Err(failure),
    };
    match inflated {
        Ok(bytes) => {
            parts.headers.remove(header::CONTENT_ENCODING);
            parts.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
            next.run(Request::from_parts(parts, Body::from(bytes))).await
        }
        Err(failure) => failure.into_response(),
    }
}

async fn read(body: Body) -> Result<Bytes, Failure> {
    let read = timeout(BODY_TIME_MAX, to_bytes(body, BATCH_BYTES_MAX)).await.map_err(|_| Failure::unreadable("the body took too long"))?;
    read.map_err(|error| {
        let too_large = std::error::Error::source(&error).is_some_and(|source| source.is::<LengthLimitError>());
        if too_large { Failure::too_large() } else { Failure::unreadable("the body broke off") }
    })
}

fn inflate(bytes: Bytes, encoding: Option<&str>) -> Result<Bytes, Failure> {
    match encoding {
        None | Some("" | "identity") => Ok(bytes),
        Some("gzip" | "x-gzip") => bounded(flate2::read::MultiGzDecoder::new(bytes.as_ref())),
        Some("zstd") => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes.as_ref()).map_err(|_| broken())?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|_| broken())?;
            bounded(decoder)
        }
        Some(_) => Err(Failure::unsupported("the body may be compressed with gzip or zstd")),
    }
}

/// Inflates up to the limit and no further: a bomb goes off in 1 MiB.
fn bounded(decoder: impl Read) -> Result<Bytes, Failure> {
    let mut inflated = Vec::new();
    decoder.take(BATCH_BYTES_MAX as u64 + 1).read_to_end(&mut inflated).map_err(|_| broken())?;
    if inflated.len() > BATCH_BYTES_MAX { Err(Failure::too_large()) } else { Ok(Bytes::from(inflated)) }
}

fn broken() -> Failure {
    Failure::unreadable("the body is not compressed as its Content-Encoding says")
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn status(bytes: Vec<u8>, encoding: &str) -> StatusCode {
        inflate(Bytes::from(bytes), Some(encoding)).map_or_else(|failure| failure.into_response().status(), |_| StatusCode::OK)
    }

    #[test]
    fn bombs_are_refused_while_inflating() {
        let zeros = |length| zstd::encode_all(std::io::repeat(b' ').take(length), 1).expect("zstd writes");
        assert_eq!(status(zeros(BATCH_BYTES_MAX as u64), "zstd"), StatusCode::OK, "at the limit");
        assert_eq!(status(zeros(BATCH_BYTES_MAX as u64 + 1), "zstd"), StatusCode::PAYLOAD_TOO_LARGE);
        let bomb = zeros(256 << 20);
        assert!(bomb.len() < BATCH_BYTES_MAX, "{} bytes for 256 MiB", bomb.len());
        assert_eq!(status(bomb, "zstd"), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn what_is_not_compressed_as_it_says_is_malformed() {
        assert_eq!(status(b"{}".to_vec(), "gzip"), StatusCode::BAD_REQUEST);
        assert_eq!(status(b"{}".to_vec(), "zstd"), StatusCode::BAD_REQUEST);
        assert_eq!(status(b"{}".to_vec(), "br"), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
}
