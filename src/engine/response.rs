//! Interprets a response: a page, the result of a push, or one of a closed set of failures.

use uuid::Uuid;

use crate::api::collection::Contract;
use crate::api::runtime::json::Json;
use crate::api::runtime::schema::parse;
use crate::api::{Problem, ProblemCode, Report, Schema};
use crate::retry::{Failure, LONGEST_MS};
use crate::rules::{self, Rule};
use crate::store::Meta;
use crate::wire::{Edit, Outcome, Page, PushResult, read_page, read_push_result};

/// The purpose of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Push,
    Pull,
}

/// An HTTP response, which may not come from the sync server.
#[derive(Clone, Debug)]
pub struct ServerResponse {
    /// The HTTP status.
    pub status: u16,
    /// The `X-Account` header: the account of the request. Servers of contract 1.0.0 do not send it.
    pub account: Option<String>,
    /// The `Retry-After` header, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

/// The body of a server's response for an ended session.
pub const SESSION_ENDED: &str = r#"{"code":"unauthorized","title":"the session has ended"}"#;

impl ServerResponse {
    /// A server's response for an ended session, for a transport that already knows that the session has ended.
    pub fn session_ended() -> Self {
        ServerResponse { status: 401, account: None, retry_after_ms: None, body: SESSION_ENDED.into() }
    }

    /// Returns the response, unless it belongs to another account's request (R29).
    ///
    /// # Errors
    /// Returns a message if it belongs to another account.
    pub fn of_account(self, own: Uuid) -> Result<Self, String> {
        check_account(self.account.as_deref(), own).map(|()| self)
    }

    /// Returns the response, unless it names no account although the server of this device does (R29). A cache may keep a body without the
    /// headers that tell whom it is for.
    ///
    /// # Errors
    /// Returns a message if it names none.
    pub fn of_server(self, meta: &Meta) -> Result<Self, String> {
        let is_named = self.account.is_some() || self.status != OK || !meta.names_account;
        // A body that is not JSON is reported as such later: it may be the page of a captive portal.
        if is_named || !rules::on(Rule::AnswersNameAccount) || !self.has_json_body() { Ok(self) } else { Err(UNNAMED.to_owned()) }
    }

    /// Whether the body is JSON, unlike that of a captive portal.
    pub(crate) fn has_json_body(&self) -> bool {
        parse(&self.body).is_ok()
    }

    /// The code and the title of a problem document, if it is one. The code may be unknown: the client then uses the status.
    fn problem(&self) -> Option<(String, String, Option<String>)> {
        let tape = parse(&self.body).ok()?;
        let text = |name: &str| match tape.root().get(name) {
            Some(Json::String(text)) => Some(text.to_owned()),
            _ => None,
        };
        Some((text("code")?, text("title")?, text("detail")))
    }

    /// Describes the response.
    pub(crate) fn described(&self) -> String {
        match self.problem() {
            Some((_, title, detail)) => {
                let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
                format!("the server responded with {} ({title}){detail}", self.status)
            }
            None => {
                format!("received status {} from something that is not a sync server, perhaps a proxy or captive portal", self.status)
            }
        }
    }
}

/// Checks that a response does not name a different account from its request (R29). `account` is the header `X-Account`.
///
/// # Errors
/// Returns a message if it does.
pub(crate) fn check_account(account: Option<&str>, own: Uuid) -> Result<(), String> {
    match account {
        Some(account) if account != own.to_string() && rules::on(Rule::AnswersAreOfAccount) => Err(format!(
            "received a response for the account {account} instead of {own}; a proxy in front of the server may mix up responses, so report it to its operator"
        )),
        _ => Ok(()),
    }
}

/// The error for a response that names no account.
const UNNAMED: &str = "received a response that names no account, which this server has named before; if a cache in front of the server mixes up \
     responses, report it to its operator; if a proxy now removes the header X-Account, sign in again";

const OK: u16 = 200;
const REQUEST_TIMEOUT: u16 = 408;

/// The page in the response to a pull.
///
/// # Errors
/// Returns a message for the status if the response is not a page.
pub fn page(response: &ServerResponse, contract: &'static Contract) -> Result<Page, String> {
    if response.status != OK {
        return Err(response.described());
    }
    let mut page = read_page(&response.body, contract).map_err(|report| violation(response, "page", &report))?;
    page.names_account = response.account.is_some();
    let mut revs = page.changes.iter().flatten().map(|change| change.rev);
    if revs.all(|rev| rev <= page.user_rev) { Ok(page) } else { Err(ABOVE.to_owned()) }
}

/// The error for a revision that could never be replaced, because a server with lower revisions would not send a newer one.
const ABOVE: &str = "the server sent a revision above its newest one; report it to its operator";

/// The error for a response that acknowledges edits that this push did not send.
const OF_ANOTHER_PUSH: &str =
    "received the response to another push; a proxy in front of the server may mix up responses, so report it to its operator";

/// The result in the response to a push of `sent`.
///
/// # Errors
/// Returns a message for the status if the response is not a result.
pub fn push_result(response: &ServerResponse, contract: &'static Contract, sent: &[Edit]) -> Result<PushResult, String> {
    if response.status != OK {
        return Err(response.described());
    }
    let result = read_push_result(&response.body, contract, sent).map_err(|report| violation(response, "push result", &report))?;
    let mut result = result.ok_or(OF_ANOTHER_PUSH)?;
    result.names_account = response.account.is_some();
    let mut revs = result.outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Accepted(receipt) | Outcome::Duplicate(receipt) => Some(receipt.rev),
        Outcome::Superseded { winner, .. } => winner.as_ref().as_ref().ok().map(|winner| winner.rev),
        Outcome::Rejected { .. } => None,
    });
    if revs.all(|rev| rev <= result.user_rev) { Ok(result) } else { Err(ABOVE.to_owned()) }
}

fn violation(response: &ServerResponse, what: &str, report: &Report) -> String {
    if response.has_json_body() {
        format!("the server sent an invalid {what} ({report}); update the app or the server")
    } else {
        response.described()
    }
}

/// Classifies an unsuccessful response.
pub fn failure(response: &ServerResponse) -> Failure {
    if response.status == REQUEST_TIMEOUT {
        return Failure::Narrow;
    }
    let Ok(problem) = Problem::from_json(&response.body) else { return by_status(response) };
    let since = problem.since.map(|since| since.0);
    let retry_after_ms = response.retry_after_ms.or(problem.retry_after_ms.map(i64::unsigned_abs));
    match problem.code {
        ProblemCode::Unauthorized | ProblemCode::TokenExpired | ProblemCode::TokenRevoked => Failure::Unauthorized,
        ProblemCode::InvalidCredentials | ProblemCode::Forbidden => Failure::Forbidden,
        ProblemCode::CursorExpired | ProblemCode::InvalidCursor => Failure::Gone { restored_rev: None, since },
        ProblemCode::EpochChanged => {
            Failure::Gone { restored_rev: Some(problem.restored_rev.map_or(0, |rev| rev.0.unsigned_abs())), since }
        }
        ProblemCode::PayloadTooLarge => Failure::Refused { too_large: true },
        // The server lists the errors of an invalid edit. Without any, the request was damaged in transit.
        ProblemCode::MalformedRequest if problem.errors.is_none_or(|errors| errors.is_empty()) => Failure::Busy { retry_after_ms },
        ProblemCode::MalformedRequest | ProblemCode::InvalidRecord => Failure::Refused { too_large: false },
        ProblemCode::UpgradeRequired => Failure::UpgradeRequired,
        ProblemCode::RateLimited | ProblemCode::Unavailable => Failure::Busy { retry_after_ms },
        ProblemCode::NotFound | ProblemCode::MethodNotAllowed | ProblemCode::EmailTaken | ProblemCode::UnsupportedMediaType => {
            Failure::Unreachable
        }
    }
}

/// Classifies a response without a known problem code by its status. It comes from a newer server, a proxy, a captive portal or another
/// program.
fn by_status(response: &ServerResponse) -> Failure {
    match response.status {
        // A proxy that asks for its own password says nothing about the session.
        401 if response.problem().is_some() => Failure::Unauthorized,
        // A proxy that wants another version of HTTP says nothing about this program.
        426 if response.problem().is_some() => Failure::UpgradeRequired,
        413 if response.problem().is_some() => Failure::Refused { too_large: true },
        413 => Failure::Narrow,
        507 => Failure::Full,
        // The program that asks for a wait here may soon be gone.
        429 | 500..=599 => Failure::Busy { retry_after_ms: response.retry_after_ms.map(|wait| wait.min(LONGEST_MS)) },
        _ => Failure::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_request_says_nothing_about_its_edits() {
        let answered = |status, code: &str, errors: &str| {
            let body = format!(r#"{{"type":"about:blank","title":"t","status":{status},"code":"{code}","retryable":false{errors}}}"#);
            failure(&ServerResponse { status, account: None, retry_after_ms: None, body: body.into_bytes() })
        };
        assert_eq!(answered(400, "malformed_request", ""), Failure::Busy { retry_after_ms: None });
        assert_eq!(answered(400, "malformed_request", r#","errors":[]"#), Failure::Busy { retry_after_ms: None });
        assert_eq!(answered(408, "unavailable", ""), Failure::Narrow, "half of it may arrive in time");
        let named = r#","errors":[{"pointer":"/changes/0","keyword":"type","message":"m"}]"#;
        assert_eq!(answered(400, "malformed_request", named), Failure::Refused { too_large: false });
    }
}
