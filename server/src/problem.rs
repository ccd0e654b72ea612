//! The failures of a request, each declared once with its status, code and detail (RFC 9457). Internal errors are logged and never sent.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use stronglog_sync::api::runtime::http::{Outcome, Rejection, Reply};
use stronglog_sync::api::{AccountUsage, Cursor, Problem, ProblemCode, QuotaProblem, Report, Revision, Schema, ViolationType};

use crate::feed::{self, Refusal};
use crate::http::request_id;
use crate::store::accounts::Denied;
use crate::store::{Quota, StoreError, Usage};

/// The failure of a request.
#[derive(Clone, Debug)]
pub struct Failure {
    status: StatusCode,
    code: Code,
    detail: String,
    /// The number of seconds after which the same request may succeed.
    retry_after_secs: Option<u64>,
    /// The members that tell a client how to pull everything again. Boxed, because most failures do not have them.
    gone: Option<Box<Gone>>,
    errors: Vec<ViolationType>,
}

/// The reason why a cursor cannot be followed.
#[derive(Clone, Debug)]
struct Gone {
    /// The revision that the server went back to, if it did.
    restored_rev: Option<u64>,
    /// The cursor from which to pull.
    since: Option<String>,
}

/// The code of a failure. The contract's `ProblemCode` is closed since its first release, so newer codes have a separate problem document.
#[derive(Clone, Debug)]
enum Code {
    Problem(ProblemCode),
    /// The account would exceed its quota. Boxed, because most functions return a failure.
    QuotaExceeded(Box<(Usage, Quota)>),
}

/// How long a device waits before it retries a push to a full account.
const FULL_RETRY_SECS: u64 = 300;
/// How long a device waits before it retries if too many requests of its account are in progress.
pub const SHARE_RETRY_SECS: u64 = 1;

impl Failure {
    fn new(status: StatusCode, code: ProblemCode, detail: impl Into<String>) -> Self {
        Self::with_code(status, Code::Problem(code), detail)
    }

    fn with_code(status: StatusCode, code: Code, detail: impl Into<String>) -> Self {
        Failure { status, code, detail: detail.into(), retry_after_secs: None, gone: None, errors: Vec::new() }
    }

    /// The request violates the contract.
    pub fn malformed(report: &Report) -> Self {
        let detail = "the request does not satisfy the contract";
        Failure { errors: feed::violations(report), ..Self::new(StatusCode::BAD_REQUEST, ProblemCode::MalformedRequest, detail) }
    }

    /// The request cannot be parsed far enough to be validated.
    pub fn unreadable(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ProblemCode::MalformedRequest, detail)
    }

    /// The body stopped arriving. Its content may be valid, so the client may send the same again.
    pub fn interrupted(detail: &str) -> Self {
        let failure = Self::new(StatusCode::REQUEST_TIMEOUT, ProblemCode::Unavailable, detail);
        Failure { retry_after_secs: Some(1), ..failure }
    }

    /// The record of a single-record request violates the contract.
    pub fn invalid_record(report: &Report) -> Self {
        let detail = "the record does not satisfy the contract";
        Failure { errors: feed::violations(report), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::InvalidRecord, detail) }
    }

    /// The request has no token, or a token that this server did not issue.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ProblemCode::Unauthorized, "the request has no token that this server issued")
    }

    /// The access token has expired.
    pub fn token_expired() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ProblemCode::TokenExpired, "the token has expired")
    }

    /// The session has ended (R26).
    pub fn session_ended() -> Self {
        let detail = "the session has ended: this device was signed out, the password was changed, or the account is disabled or gone; sign in again";
        Self::new(StatusCode::UNAUTHORIZED, ProblemCode::TokenRevoked, detail)
    }

    /// The refresh token was revoked or already exchanged.
    pub fn token_revoked() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ProblemCode::TokenRevoked, "the token was revoked or has already been exchanged; sign in again")
    }

    /// A sign-in with a wrong email address or password.
    pub fn wrong_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ProblemCode::InvalidCredentials, "the email address or the password is wrong")
    }

    /// A wrong recovery code, or an email address without one.
    pub fn wrong_recovery_code() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ProblemCode::InvalidCredentials, "the email address or the recovery code is wrong")
    }

    /// A request was confirmed with a wrong password.
    pub fn wrong_password() -> Self {
        Self::new(StatusCode::FORBIDDEN, ProblemCode::InvalidCredentials, "the password is wrong")
    }

    /// The server does not accept new accounts.
    pub fn closed() -> Self {
        Self::new(StatusCode::FORBIDDEN, ProblemCode::Forbidden, "this server does not accept new accounts")
    }

    /// The operator has disabled the account.
    pub fn disabled() -> Self {
        Self::new(StatusCode::FORBIDDEN, ProblemCode::Forbidden, "the operator of this server has disabled the account")
    }

    /// The email address already has an account.
    pub fn email_taken() -> Self {
        Self::new(StatusCode::CONFLICT, ProblemCode::EmailTaken, "an account with this email address already exists")
    }

    /// No signed-in device has the session.
    pub fn no_device() -> Self {
        Self::new(StatusCode::NOT_FOUND, ProblemCode::NotFound, "no signed-in device has this id")
    }

    /// The path does not exist.
    pub fn no_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, ProblemCode::NotFound, "unknown path")
    }

    /// The path does not support the method.
    pub fn no_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, ProblemCode::MethodNotAllowed, "method not allowed on this path")
    }

    /// The body is too large.
    pub fn too_large(bytes_max: usize) -> Self {
        let detail = format!("the body is larger than {bytes_max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ProblemCode::PayloadTooLarge, detail)
    }

    /// The server does not support the media type or the encoding.
    pub fn unsupported(detail: &str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ProblemCode::UnsupportedMediaType, detail)
    }

    /// The body has a transfer coding that the server does not undo.
    pub fn unknown_transfer_coding() -> Self {
        let detail = "unknown Transfer-Encoding; available: chunked";
        Self::new(StatusCode::NOT_IMPLEMENTED, ProblemCode::MalformedRequest, detail)
    }

    /// The client's contract is too old.
    pub fn upgrade_required(oldest: &str) -> Self {
        let detail = format!("this server supports contract {oldest} and later");
        Self::new(StatusCode::UPGRADE_REQUIRED, ProblemCode::UpgradeRequired, detail)
    }

    /// The client takes more than its share: it has sent too many requests, or has too many in progress.
    pub fn rate_limited(retry_after_secs: u64) -> Self {
        let failure = Self::new(StatusCode::TOO_MANY_REQUESTS, ProblemCode::RateLimited, "too many requests");
        Failure { retry_after_secs: Some(retry_after_secs), ..failure }
    }

    /// The server is temporarily unable to respond to any client.
    pub fn unavailable(detail: &str) -> Self {
        let failure = Self::new(StatusCode::SERVICE_UNAVAILABLE, ProblemCode::Unavailable, detail);
        Failure { retry_after_secs: Some(5), ..failure }
    }

    /// The failure with another time to wait.
    pub fn after(self, secs: u64) -> Self {
        Failure { retry_after_secs: Some(secs), ..self }
    }

    /// The failure as a client of contract 1.0.0 can read it.
    pub fn in_first_contract(mut self) -> Self {
        if let Some(gone) = &mut self.gone {
            gone.since = None;
        }
        self
    }

    /// Whether the request was not authenticated.
    pub fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// Converts the failure to the typed response of an operation.
    pub fn reply<T: Outcome>(self) -> Reply<T> {
        let body = self.body().into_bytes();
        // A status that the operation does not declare is sent unchanged.
        let outcome = T::read(self.status, &HeaderMap::new(), &body).unwrap_or_else(|_| T::undeclared(self.status, body));
        Reply { headers: self.headers(), ..outcome.into() }
    }

    fn body(&self) -> String {
        let (type_, title) = ("about:blank".to_owned(), self.status.canonical_reason().unwrap_or("Refused").to_owned());
        let (status, retryable) = (i64::from(self.status.as_u16()), self.retry_after_secs.is_some());
        let retry_after_ms = self.retry_after_secs.and_then(|secs| i64::try_from(secs * 1_000).ok());
        let code = match &self.code {
            Code::Problem(code) => *code,
            Code::QuotaExceeded(full) => {
                let (detail, usage) = (self.detail.clone(), usage(full.0, full.1));
                return QuotaProblem { type_, title, status, retryable, detail, retry_after_ms, usage }.to_json();
            }
        };
        let gone = self.gone.as_deref();
        let problem = Problem {
            type_,
            title,
            status,
            code,
            retryable,
            detail: Some(self.detail.clone()),
            errors: (!self.errors.is_empty()).then(|| self.errors.clone()),
            instance: request_id::current(),
            restored_rev: gone.and_then(|gone| gone.restored_rev?.try_into().ok()).map(Revision),
            since: gone.and_then(|gone| gone.since.clone()).map(Cursor),
            retry_after_ms,
            server_time: None,
        };
        problem.to_json()
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(secs) = self.retry_after_secs {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""));
        }
        headers
    }
}

/// The usage and quota of an account, as the contract's type.
pub fn usage(held: Usage, quota: Quota) -> AccountUsage {
    let signed = |number| i64::try_from(number).unwrap_or(i64::MAX);
    AccountUsage {
        record_count: signed(held.records),
        bytes: signed(held.bytes),
        records_max: quota.records_max.map(signed),
        bytes_max: quota.bytes_max.map(signed),
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers();
        response
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if error.is_share_exhausted() {
            return Self::rate_limited(SHARE_RETRY_SECS);
        }
        if error.is_busy() {
            return Self::unavailable("the server is busy; try again in a moment");
        }
        if error.is_silent() {
            return Self::unavailable("the server's database does not respond; try again in a moment");
        }
        if error.is_not_loaded() {
            // Nobody sees this failure, because the store runs the decision again.
            return Self::unavailable("the server is reading its data; try again in a moment");
        }
        if let Some(damage) = error.damage() {
            tracing::error!(
                %damage,
                request = request_id::current(),
                "a stored record was damaged, and not by the server: write it again on a device that has it, or restore a backup"
            );
            return Self::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemCode::Unavailable, damage);
        }
        tracing::error!(%error, request = request_id::current(), "the store failed");
        Self::unavailable("the server cannot reach its data")
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::SessionEnded => Self::session_ended(),
            Denied::Store(error) => error.into(),
        }
    }
}

impl From<feed::Error> for Failure {
    fn from(error: feed::Error) -> Self {
        match error {
            feed::Error::Refused(refusal) => refusal.into(),
            feed::Error::Store(error) => error.into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        let failure = |status, code| Self::new(status, code, detail.clone());
        match refusal {
            Refusal::QuotaExceeded { usage, quota } => {
                let failure = Self::with_code(StatusCode::INSUFFICIENT_STORAGE, Code::QuotaExceeded(Box::new((usage, quota))), detail);
                Failure { retry_after_secs: Some(FULL_RETRY_SECS), ..failure }
            }
            Refusal::InvalidCursor => failure(StatusCode::BAD_REQUEST, ProblemCode::InvalidCursor),
            Refusal::CursorExpired { since } => {
                let gone = Some(Box::new(Gone { restored_rev: None, since: Some(since) }));
                Failure { gone, ..failure(StatusCode::GONE, ProblemCode::CursorExpired) }
            }
            Refusal::EpochChanged { restored_rev, since } => {
                let gone = Some(Box::new(Gone { restored_rev: Some(restored_rev), since: Some(since) }));
                Failure { gone, ..failure(StatusCode::GONE, ProblemCode::EpochChanged) }
            }
            Refusal::Lagging => Self::unavailable(&detail),
            Refusal::NotFound => failure(StatusCode::NOT_FOUND, ProblemCode::NotFound),
        }
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        match rejection.status {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::unsupported("the body must be application/json"),
            StatusCode::NOT_FOUND => Self::no_path(),
            _ => Self::malformed(&rejection.report),
        }
    }
}
