//! Request bodies. They are read and decompressed within the limit of their route, at a minimum rate, within a memory budget per sender and
//! in total, and only while the session of their request is live.

use std::future::Future;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::address::address;
use crate::app::App;
use crate::auth::limits::network;
use crate::auth::tokens::Caller;
use crate::budgets::Held;
use crate::fair_semaphore::Permit;
use crate::feed::BATCH_BYTES_MAX;
use crate::net::Patience;
use crate::problem::{Failure, SHARE_RETRY_SECS};
use crate::shares::Exhausted;

/// The maximum size of a body that contains no records: the contract's longest strings with every character escaped.
pub const FORM_BYTES_MAX: usize = 8 * 1024;
/// The maximum window of a zstd body, as a power of two. It bounds the memory that decompression takes.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// The maximum time for decompression. An ordinary body of 1 MiB takes a few milliseconds.
const INFLATE_TIME_MAX: Duration = Duration::from_secs(1);
/// After this time, the server waits for a body only while the session of its request is live.
const LOOK_UP_AFTER: Duration = Duration::from_millis(50);
/// How long the server reads the rest of a body that the response does not need, how long the client may pause meanwhile, and how much it
/// reads.
const DISCARD_TIME_MAX: Duration = Duration::from_secs(5);
const DISCARD_PAUSE_MAX: Duration = Duration::from_millis(250);
const DISCARD_BYTES_MAX: usize = 4 * BATCH_BYTES_MAX;
/// By how much the compressed input may exceed twice the output before the body is rejected.
const SLACK_BYTES: usize = 16 * 1024;

/// The settings of the body layer.
#[derive(Clone)]
pub struct Limit {
    pub app: Arc<App>,
    pub bytes_max: usize,
}

/// Reads and decompresses the body, waits for permits, then calls the next layer.
pub async fn whole(State(limit): State<Limit>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let (app, bytes_max) = (&limit.app, limit.bytes_max);
    let caller = parts.extensions.get::<Caller>().copied();
    let read = async {
        let taken = match caller {
            Some(caller) => app.memory.of_session(caller.key(), bytes_max > FORM_BYTES_MAX),
            None => app.memory.of_network(network(address(&parts, &app.config()))),
        };
        let mut held = taken.map_err(exhausted)?;
        let patience = Patience::new(app.config().deadlines.stall);
        let bytes = match caller {
            Some(caller) => while_live(app, caller, read(body, bytes_max, patience, &mut held)).await?,
            None => read(body, bytes_max, patience, &mut held).await?,
        };
        let bytes = inflated(&parts, bytes, bytes_max, &mut held).await?;
        Ok((bytes, held, permits(app, caller).await?))
    };
    match read.await {
        // The memory and the permits are held until the response is ready.
        Ok((bytes, _held, _permits)) => {
            parts.headers.remove(header::CONTENT_ENCODING);
            parts.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
            next.run(Request::from_parts(parts, Body::from(bytes))).await
        }
        Err(failure) => Failure::into_response(failure),
    }
}

/// Reads a body while the session of its request is live. A handler looks up the session only when the body has arrived.
async fn while_live(app: &Arc<App>, caller: Caller, read: impl Future<Output = Result<Bytes, Failure>>) -> Result<Bytes, Failure> {
    let mut read = pin!(read);
    // Most bodies arrive together with their heads.
    if let Ok(read) = timeout(LOOK_UP_AFTER, read.as_mut()).await {
        return read;
    }
    let mut session = app.sessions.watch(caller.key());
    app.look_up(caller.key());
    tokio::select! {
        read = read => read,
        () = session.ended() => Err(Failure::session_ended()),
    }
}

/// Waits for a permit among the requests of the caller's account, and then among all requests. It does so only after the body has arrived,
/// so that a request with a missing body does not block others.
async fn permits(app: &App, caller: Option<Caller>) -> Result<Option<(Permit, Permit)>, Failure> {
    let Some(caller) = caller else { return Ok(None) };
    let own = app.requests.take(caller.key()).await.ok_or_else(|| Failure::rate_limited(SHARE_RETRY_SECS))?;
    let of_all = app.permits.take(caller.user).await.ok_or_else(in_progress)?;
    Ok(Some((own, of_all)))
}

fn exhausted(exhausted: Exhausted) -> Failure {
    match exhausted {
        Exhausted::Share => Failure::rate_limited(SHARE_RETRY_SECS),
        Exhausted::Total => Failure::unavailable("the server is reading too many requests; try again in a moment"),
    }
}

/// Too many requests of all accounts are in progress.
pub fn in_progress() -> Failure {
    Failure::unavailable("too many requests are in progress; try again in a moment")
}

/// Reads a body at the minimum rate.
async fn read(mut body: Body, bytes_max: usize, mut patience: Patience, held: &mut Held) -> Result<Bytes, Failure> {
    let mut bytes = Vec::new();
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(Failure::too_large(bytes_max));
    }
    loop {
        let asked = Instant::now();
        let frame = timeout(patience.left(), body.frame())
            .await
            .map_err(|_| Failure::interrupted("the body arrived too slowly; send it again over a better connection"))?;
        let Some(frame) = frame else { return Ok(Bytes::from(bytes)) };
        let Ok(data) = frame.map_err(|error| broken_off(&error))?.into_data() else {
            continue;
        };
        patience.moved(data.len(), asked.elapsed());
        if bytes.len() + data.len() > bytes_max {
            return Err(Failure::too_large(bytes_max));
        }
        held.grow(data.len()).map_err(exhausted)?;
        bytes.extend_from_slice(&data);
    }
}

/// The body ended with an error: it is malformed, or the rest of it did not arrive.
fn broken_off(error: &axum::Error) -> Failure {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(kind, Some(ErrorKind::InvalidInput | ErrorKind::InvalidData)) {
            return Failure::unreadable("the body is not encoded as its Transfer-Encoding declares");
        }
        cause = error.source();
    }
    Failure::interrupted("the connection closed before the body was complete; send the request again")
}

/// Reads the rest of a body that no other layer has read, whatever the response is, before the response is sent. A client that is still
/// sending may not see the response.
pub async fn rest(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let waits_for_continue = request.headers().contains_key(header::EXPECT);
    let (give_back, mut given_back) = oneshot::channel();
    let returned = |body| Body::new(Returned { body, is_polled: false, give_back: Some(give_back) });
    let response = next.run(request.map(returned)).await;
    match given_back.try_recv() {
        // A client that still waits for `100 Continue` has sent nothing of its body.
        Ok((body, is_polled)) if is_polled || !waits_for_continue => discard(body).await,
        _ => {}
    }
    response
}

/// A body that is given back, with whether it was read at all, if it is dropped before its end.
struct Returned {
    body: Body,
    is_polled: bool,
    /// Used up at the end of the body.
    give_back: Option<oneshot::Sender<(Body, bool)>>,
}

impl HttpBody for Returned {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_polled = true;
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if !matches!(frame, Poll::Pending | Poll::Ready(Some(Ok(_)))) || self.body.is_end_stream() {
            self.give_back = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        if let Some(give_back) = self.give_back.take() {
            // Without a receiver, the request was abandoned.
            let _ = give_back.send((std::mem::take(&mut self.body), self.is_polled));
        }
    }
}

async fn discard(mut body: Body) {
    let more = async {
        let mut length = 0;
        while length <= DISCARD_BYTES_MAX {
            let Ok(Some(Ok(frame))) = timeout(DISCARD_PAUSE_MAX, body.frame()).await else { return };
            length += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    // It does not matter whether it ends in time.
    let _ = timeout(DISCARD_TIME_MAX, more).await;
}

async fn inflated(parts: &Parts, bytes: Bytes, bytes_max: usize, held: &mut Held) -> Result<Bytes, Failure> {
    let Some(encoding) = encoding(&parts.headers)? else { return Ok(bytes) };
    held.grow(bytes_max).map_err(exhausted)?;
    // Runs on a blocking thread, because decompression may take long.
    let inflated = tokio::task::spawn_blocking(move || inflate(&bytes, &encoding, bytes_max));
    inflated.await.map_err(|_| broken())?
}

/// The encoding of a body, from all lines of the header together.
fn encoding(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let mut encodings = Vec::new();
    for line in headers.get_all(header::CONTENT_ENCODING) {
        let line = line.to_str().map_err(|_| unknown_encoding())?.to_ascii_lowercase();
        encodings.extend(line.split(',').map(str::trim).filter(|name| !["", "identity"].contains(name)).map(str::to_owned));
    }
    if encodings.len() > 1 { Err(unknown_encoding()) } else { Ok(encodings.pop()) }
}

fn unknown_encoding() -> Failure {
    Failure::unsupported("unknown Content-Encoding; available: gzip, zstd, one at a time")
}

fn inflate(bytes: &[u8], encoding: &str, bytes_max: usize) -> Result<Bytes, Failure> {
    let input = Input { bytes, taken: 0, until: Instant::now() + INFLATE_TIME_MAX };
    match encoding {
        "gzip" | "x-gzip" => {
            let mut decoder = flate2::bufread::GzDecoder::new(input);
            let inflated = bounded(&mut decoder, bytes_max, |decoder| decoder.get_ref().taken)?;
            only(inflated, decoder.into_inner())
        }
        "zstd" => {
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(Input::STEP, input)).map_err(|_| broken())?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|_| broken())?;
            let mut decoder = decoder.single_frame();
            let inflated = bounded(&mut decoder, bytes_max, |decoder| decoder.get_ref().get_ref().taken)?;
            let rest = decoder.finish();
            if rest.buffer().is_empty() { only(inflated, rest.into_inner()) } else { Err(broken()) }
        }
        _ => Err(unknown_encoding()),
    }
}

/// Decompresses up to the limit, and rejects input that produces too little output for its size.
fn bounded<D: Read>(decoder: &mut D, bytes_max: usize, taken: impl Fn(&D) -> usize) -> Result<Vec<u8>, Failure> {
    let (mut inflated, mut piece) = (Vec::new(), [0; Input::STEP]);
    loop {
        let length = decoder.read(&mut piece).map_err(|_| broken())?;
        if length == 0 {
            return Ok(inflated);
        }
        inflated.extend_from_slice(&piece[..length]);
        if inflated.len() > bytes_max {
            return Err(Failure::too_large(bytes_max));
        }
        if taken(decoder) > 2 * inflated.len() + SLACK_BYTES {
            return Err(broken());
        }
    }
}

/// Accepts a single gzip member or zstd frame, with nothing after it.
fn only(inflated: Vec<u8>, rest: Input<'_>) -> Result<Bytes, Failure> {
    if rest.taken == rest.bytes.len() { Ok(Bytes::from(inflated)) } else { Err(broken()) }
}

fn broken() -> Failure {
    Failure::unreadable("cannot decompress the body: it is not a single gzip member or zstd frame, which its Content-Encoding declares")
}

/// Compressed bytes, read in small steps and for a limited time.
struct Input<'a> {
    bytes: &'a [u8],
    taken: usize,
    until: Instant,
}

impl Input<'_> {
    const STEP: usize = 4 * 1024;
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if Instant::now() > self.until {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        let rest = &self.bytes[self.taken..];
        Ok(&rest[..rest.len().min(Self::STEP)])
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount;
    }
}

impl Read for Input<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.fill_buf()?.read(into)?;
        self.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use http::StatusCode;

    use super::*;

    fn status(bytes: &[u8], encoding: &str) -> StatusCode {
        inflate(bytes, encoding, BATCH_BYTES_MAX).map_or_else(|failure| failure.into_response().status(), |_| StatusCode::OK)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("gzip writes")
    }

    #[test]
    fn bombs_are_rejected_while_inflating() {
        let zeros = |length| zstd::encode_all(std::io::repeat(b' ').take(length), 1).expect("zstd writes");
        assert_eq!(status(&zeros(BATCH_BYTES_MAX as u64), "zstd"), StatusCode::OK, "at the limit");
        assert_eq!(status(&zeros(BATCH_BYTES_MAX as u64 + 1), "zstd"), StatusCode::PAYLOAD_TOO_LARGE);
        let bomb = zeros(256 << 20);
        assert!(bomb.len() < BATCH_BYTES_MAX, "{} bytes for 256 MiB", bomb.len());
        assert_eq!(status(&bomb, "zstd"), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn what_is_not_compressed_as_it_says_is_malformed() {
        assert_eq!(status(b"{}", "gzip"), StatusCode::BAD_REQUEST);
        assert_eq!(status(b"{}", "zstd"), StatusCode::BAD_REQUEST);
        assert_eq!(status(b"{}", "br"), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }

    #[test]
    fn a_body_is_one_member_and_larger_than_it_was() {
        let text = br#"{"changes":[]}"#;
        assert_eq!(status(&gzip(text), "gzip"), StatusCode::OK);
        assert_eq!(status(&[gzip(text), gzip(b"")].concat(), "gzip"), StatusCode::BAD_REQUEST, "two members");
        let frame = |bytes: &[u8]| zstd::encode_all(bytes, 1).expect("zstd writes");
        assert_eq!(status(&frame(text), "zstd"), StatusCode::OK);
        assert_eq!(status(&[frame(text), frame(b"")].concat(), "zstd"), StatusCode::BAD_REQUEST, "two frames");
        let noise: Vec<u8> = (0..BATCH_BYTES_MAX / 2).map(|_| rand::random()).collect();
        assert_eq!(status(&gzip(&noise), "gzip"), StatusCode::OK, "what does not compress is let through");
        // A megabyte of empty stored blocks: a member header, then five bytes per block.
        let empty = [&gzip(b"")[..10], &[0, 0, 0, 0xff, 0xff].repeat(200_000)].concat();
        assert_eq!(status(&empty, "gzip"), StatusCode::BAD_REQUEST, "much that becomes nothing");
    }
}
