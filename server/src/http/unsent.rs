//! Responses that the peer has not read yet. Each waits in memory, so their number and size are bounded per session, account and network,
//! and in total. The number of responses being compressed is bounded too.

use std::io::Write;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use uuid::Uuid;

use super::address::address;
use crate::app::App;
use crate::auth::limits::{Sender, network};
use crate::budgets::{Held, OVERHEAD_BYTES, Unsent};
use crate::problem::{Failure, SHARE_RETRY_SECS};
use crate::shares::{Exhausted, Share};
use crate::store::accounts::SessionKey;

/// Up to this size, a response is compressed at once.
const SMALL_BYTES: usize = 32 * 1_024;
/// The minimum size of a compressed response. Below it, compression costs more than it saves.
const COMPRESSED_BYTES_MIN: u16 = 1_024;

/// Marks a response to be compressed while it is sent.
#[derive(Clone, Copy)]
struct Compressed;

/// Whether a response is compressed while it is sent.
pub fn is_compressed(_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions) -> bool {
    extensions.get::<Compressed>().is_some()
}

/// Reserves memory for a small response before the request is handled, so that a completed request is never rejected afterwards. In a
/// response's extensions, this has the caller and the memory.
#[derive(Clone)]
pub struct Room(SessionKey, Arc<Mutex<Option<Held>>>);

impl Room {
    /// Reserves the memory of one small response.
    ///
    /// # Errors
    /// Returns an error if the session has left too many responses unread.
    pub fn take(app: &App, key: SessionKey) -> Result<Self, Failure> {
        let held = app.unsent.of_session(key).map_err(refused)?;
        Ok(Room(key, Arc::new(Mutex::new(Some(held)))))
    }
}

/// Counts a response until the peer has read it. A response without a known length is produced while it is sent, and has its own limits.
pub async fn counted(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let network = network(address(&parts, &app.config()));
    let encoding = Encoding::accepted(&parts.headers);
    // Without a token there are only static pages and small responses.
    let held = match parts.headers.contains_key(header::AUTHORIZATION) {
        true => None,
        false => match app.unsent.of_network(network) {
            Ok(held) => Some(held),
            Err(exhausted) => return refused(exhausted).into_response(),
        },
    };
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let is_worthwhile = SizeAbove::new(COMPRESSED_BYTES_MIN).and(NotForContentType::SSE).should_compress(&response);
    let encoding = encoding.filter(|_| is_worthwhile);
    let room = response.extensions_mut().remove::<Room>();
    let length = response.body().size_hint().exact().and_then(|length| usize::try_from(length).ok());
    match (length, room) {
        (Some(1..), Some(room)) => hold(&app, room, encoding, response).await.unwrap_or_else(IntoResponse::into_response),
        (Some(1..), None) => match held.map_or_else(|| app.unsent.of_network(network), Ok) {
            Ok(held) => permitted(&app.unsent, encoding, response.map(|body| Body::new(Holding { body, _held: held }))),
            Err(exhausted) => refused(exhausted).into_response(),
        },
        _ => permitted(&app.unsent, encoding, response),
    }
}

fn refused(exhausted: Exhausted) -> Failure {
    match exhausted {
        Exhausted::Share => Failure::rate_limited(SHARE_RETRY_SECS),
        Exhausted::Total => Failure::unavailable("too many responses are waiting to be read; read them or try again in a moment"),
    }
}

/// Reserves memory for a response as long as any of its bytes is in memory, and compresses it. A large response, from a pull, counts toward
/// the account.
async fn hold(app: &App, Room(key, room): Room, encoding: Option<Encoding>, response: Response) -> Result<Response, Failure> {
    let (mut parts, body) = response.into_parts();
    let length = body.size_hint().exact().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let mut held = if length > OVERHEAD_BYTES { Some(app.unsent.of_account(key, length).map_err(refused)?) } else { None };
    let whole = body.collect().await.map_err(|_| Failure::unavailable("the response could not be compressed; try again in a moment"))?;
    let mut bytes = whole.to_bytes();
    if let Some(encoding) = encoding
        && let Some(smaller) = compressed(app, key.user, encoding, bytes.clone()).await
    {
        bytes = smaller;
        if let Some(held) = &mut held {
            held.shrink_to(bytes.len());
        }
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
        parts.headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    let room = room.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(Response::from_parts(parts, Body::from(Bytes::from_owner(Counted { bytes, _held: (held, room) }))))
}

/// Compresses bytes in the account's turn, on a blocking thread, so that the threads that serve everybody stay free. Returns `None` if that
/// fails, or if the turn does not come in time.
async fn compressed(app: &App, account: Uuid, encoding: Encoding, bytes: Bytes) -> Option<Bytes> {
    if bytes.len() <= SMALL_BYTES {
        return encoding.compress(&bytes).ok().map(Bytes::from);
    }
    let _permit = app.parsing.take(account).await?;
    let done = tokio::task::spawn_blocking(move || encoding.compress(&bytes)).await.ok()?;
    done.ok().map(Bytes::from)
}

/// How a response is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Zstd,
    Gzip,
}

impl Encoding {
    /// The best encoding that a client accepts.
    fn accepted(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
        let all: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        let accepts = |encoding: &Encoding| {
            all.iter().any(|one| {
                let (name, quality) = one.split_once(';').unwrap_or((one, ""));
                let is_refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
                name.trim().eq_ignore_ascii_case(encoding.name()) && !is_refused
            })
        };
        [Encoding::Zstd, Encoding::Gzip].into_iter().find(accepts)
    }

    fn name(self) -> &'static str {
        match self {
            Encoding::Zstd => "zstd",
            Encoding::Gzip => "gzip",
        }
    }

    fn compress(self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Encoding::Zstd => zstd::bulk::compress(bytes, 1),
            Encoding::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
        }
    }
}

/// Bytes with the share reserved for them.
struct Counted {
    bytes: Bytes,
    _held: (Option<Share<Sender>>, Option<Held>),
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Allows a response to be compressed while it is sent, unless too many are.
fn permitted(unsent: &Unsent, encoding: Option<Encoding>, mut response: Response) -> Response {
    let permit = encoding.and_then(|_| Arc::clone(&unsent.compressed).try_acquire_owned().ok());
    let Some(permit) = permit else { return response };
    response.extensions_mut().insert(Compressed);
    response.map(|body| Body::new(Holding { body, _held: permit }))
}

/// A body, and a value that is held until the body is sent.
struct Holding<T> {
    body: Body,
    _held: T,
}

impl<T: Unpin> HttpBody for Holding<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_encoding_that_a_client_accepts_is_used() {
        let table = [
            ("gzip, deflate, br, zstd", Some(Encoding::Zstd)),
            ("GZIP;q=0.5", Some(Encoding::Gzip)),
            ("zstd;q=0, gzip", Some(Encoding::Gzip)),
            ("zstd; q=0.0, identity", None),
            ("br", None),
            ("", None),
        ];
        for (accepted, expected) in table {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            assert_eq!(Encoding::accepted(&headers), expected, "{accepted}");
        }
    }
}
