//! The connection to the server: HTTPS with reqwest, and the tokens that authenticate each request.

mod bounded;

use std::sync::{Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Mutex;
use uuid::Uuid;

#[cfg(any(target_os = "android", target_os = "linux"))]
use self::bounded::RESPONSE_TIMEOUT;
pub(crate) use self::bounded::SlowResponse;
use self::bounded::{Bounded, NoResponse};
use crate::api::collection::Contract;
use crate::api::operations::{GetChanges, RefreshTokens, RefreshTokensResponse, StreamChanges};
use crate::api::runtime::http::{Bearer, CallError, Hooks, Operation, Request, Response, Transport, call};
use crate::api::{ContractVersion, Problem, RefreshRequest, RefreshToken, TokenPair};
use crate::engine::Message;
use crate::engine::response::ServerResponse;
use crate::error::{Error, Fate, Kind};
pub use crate::tokens::{MemoryTokens, TokenError, TokenStore, Tokens};

/// The timeout for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The header in which the server names the account of the request (R29).
const ACCOUNT_HEADER: &str = "x-account";

impl Tokens {
    /// The tokens of a sign-in.
    ///
    /// # Errors
    /// Returns an error if the account's id is not a UUID.
    pub fn of(pair: &TokenPair) -> Result<Self, Error> {
        let account = Uuid::parse_str(&pair.user_id).map_err(|_| {
            Error::argument(
                "cannot sign in: the server sent an account id that is not a UUID; check that the address belongs to a sync server",
            )
        })?;
        Ok(Tokens { account, access_token: pair.access_token.clone(), refresh_token: pair.refresh_token.to_string() })
    }
}

/// The traffic of sync since the client was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Traffic {
    /// Pull and push requests that got a response.
    pub requests: u64,
    /// Edits that were pushed and processed by the server.
    pub pushed: u64,
    /// Changes that were pulled and stored.
    pub pulled: u64,
    /// Size of the request bodies in bytes.
    pub sent_bytes: u64,
    /// Size of the response bodies in bytes, after decompression.
    pub received_bytes: u64,
}

impl Traffic {
    /// The traffic since an earlier count of the same client.
    #[must_use]
    pub fn since(self, before: Traffic) -> Self {
        Traffic {
            requests: self.requests - before.requests,
            pushed: self.pushed - before.pushed,
            pulled: self.pulled - before.pulled,
            sent_bytes: self.sent_bytes - before.sent_bytes,
            received_bytes: self.received_bytes - before.received_bytes,
        }
    }
}

/// A server's URL, the HTTP client and the tokens.
pub(crate) struct Link {
    pub(crate) contract: &'static Contract,
    pub(crate) base_url: String,
    pub(crate) http: Bounded,
    tokens: Box<dyn TokenStore>,
    /// The tokens in use. A refresh holds the lock, so that concurrent requests wait for its result.
    current: Mutex<Option<Tokens>>,
    traffic: SyncMutex<Traffic>,
}

impl Link {
    /// # Errors
    /// Returns an error if the address is not a URL or uses plain HTTP to another machine, or if the certificate is not a PEM certificate.
    pub(crate) fn new(
        contract: &'static Contract,
        base_url: &str,
        authority_pem: Option<&[u8]>,
        tokens: Box<dyn TokenStore>,
        slow_response: Option<SlowResponse>,
    ) -> Result<Self, Error> {
        let (base_url, loopback) =
            address(base_url).map_err(|why| Error::argument(format!("cannot use {base_url:?} as the server's address: {why}")))?;
        // This fails if the process has already installed a provider, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // Only the address that the user has typed gets the password and the tokens.
            .redirect(reqwest::redirect::Policy::custom(|attempt| {
                let to = attempt.url().clone();
                attempt.error(format!("it redirects to {to}"))
            }))
            .user_agent(concat!("stronglog-sync/", env!("CARGO_PKG_VERSION")));
        #[cfg(any(target_os = "android", target_os = "linux"))]
        {
            // Sending may take as long as waiting for the response.
            http = http.tcp_user_timeout(RESPONSE_TIMEOUT);
        }
        if loopback {
            // Compression and proxies are useless on the loopback interface.
            http = http.no_gzip().no_zstd().no_proxy();
        }
        if let Some(pem) = authority_pem {
            let unusable =
                |why: String| Error::argument(format!("cannot use the certificate authority: {why}; give a PEM file with its certificate"));
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|error| unusable(error.to_string()))?;
            if certificates.is_empty() {
                return Err(unusable("it has no certificate".to_owned()));
            }
            http = http.tls_certs_merge(certificates);
        }
        let client = http
            .build()
            .map_err(|error| Error::argument(format!("cannot create the HTTP client: {error}; check this machine's certificates")))?;
        Ok(Link {
            contract,
            base_url,
            http: Bounded { client, slow_response },
            tokens,
            current: Mutex::new(None),
            traffic: SyncMutex::default(),
        })
    }

    /// The tokens in use, loaded from the token store the first time.
    pub(crate) async fn tokens(&self) -> Result<Option<Tokens>, Error> {
        let mut current = self.current.lock().await;
        if current.is_none() {
            *current = self.tokens.load()?;
        }
        Ok(current.clone())
    }

    pub(crate) fn traffic(&self) -> Traffic {
        *self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Traffic)) {
        count(&mut self.traffic.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Saves new tokens, or deletes them. Returns the previous tokens, if they can be read.
    pub(crate) async fn set_tokens(&self, tokens: Option<Tokens>) -> Result<Option<Tokens>, Error> {
        let mut current = self.current.lock().await;
        let before = self.tokens.load().unwrap_or_else(|_| current.clone());
        self.tokens.save(tokens.as_ref())?;
        *current = tokens;
        Ok(before)
    }

    /// Replaces `stale` tokens with new ones, unless another task has already done so. Returns `None` if the user must sign in.
    pub(crate) async fn refresh(&self, stale: &Tokens) -> Result<Option<Tokens>, Error> {
        let mut current = self.current.lock().await;
        // Another process may have refreshed the tokens, and a used refresh token must not be sent again.
        if let Some(kept) = self.tokens.load()?.filter(|kept| kept != stale && kept.account == stale.account) {
            *current = Some(kept.clone());
            return Ok(Some(kept));
        }
        self.tokens.check_writable()?;
        let fresh = self.renewed(stale).await?;
        self.tokens.save(fresh.as_ref())?;
        *current = fresh.clone();
        Ok(fresh)
    }

    /// Exchanges and spends a refresh token. Returns `None` if its session has ended.
    pub(crate) async fn renewed(&self, tokens: &Tokens) -> Result<Option<Tokens>, Error> {
        const DOING: &str = "refresh the sign-in";
        let body = RefreshRequest { refresh_token: RefreshToken(tokens.refresh_token.clone()) };
        let request = RefreshTokens { body, x_contract_version: version_of(self.contract) };
        let reply = call(&request, &self.base_url, &self.http, &crate::api::runtime::http::NoHooks).await;
        match reply.map_err(|error| called(DOING, error))?.body {
            RefreshTokensResponse::Ok(pair) => {
                let fresh = Tokens::of(&pair)?;
                if fresh.account != tokens.account {
                    return Err(Kind::Foreign { doing: DOING, message: of_another(fresh.account, tokens.account) }.into());
                }
                Ok(Some(fresh))
            }
            RefreshTokensResponse::Unauthorized(_) | RefreshTokensResponse::Forbidden(_) => Ok(None),
            other => Err(refusal(DOING, other)),
        }
    }

    /// Sends a message of the engine. The engine has decided that `account` owns the records (R15). This compares the token with it,
    /// because another account may have signed in since. A response of another account is an error; the engine would reject it too.
    pub(crate) async fn exchange(&self, account: Uuid, message: &Message) -> Result<ServerResponse, Error> {
        let mut request = self.request(message)?;
        let Some(tokens) = self.tokens().await? else {
            // Another call has found out that the session has ended. The server would respond in the same way.
            return Ok(ServerResponse::session_ended());
        };
        if tokens.account != account {
            return Err(Kind::SignIn { doing: "sync" }.into());
        }
        Bearer(tokens.access_token).before(GetChanges::ID, GetChanges::SECURITY, &mut request);
        let sent = request.body().len() as u64;
        let response = self.http.send(request).await.map_err(|error| no_response("sync", &error))?;
        self.count(|traffic| {
            traffic.requests += 1;
            traffic.sent_bytes += sent;
            traffic.received_bytes += response.body().len() as u64;
        });
        server_response(response).of_account(account).map_err(|message| Kind::Foreign { doing: "sync", message }.into())
    }

    fn request(&self, message: &Message) -> Result<Request, Error> {
        let call = message.call();
        let mut request = http::Request::builder().method(call.method).uri(format!("{}{}", self.base_url, call.target));
        request = request.header("X-Contract-Version", self.contract.version);
        if call.body.is_some() {
            request = request.header(http::header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(call.body.unwrap_or_default());
        request.map_err(|error| Error::argument(format!("cannot write the request: {error}; check the server's address")))
    }

    /// Opens the connection for change notifications. The response body is a stream of events.
    pub(crate) async fn listen(&self, tokens: &Tokens) -> Result<reqwest::Response, Error> {
        let request = self.http.client.get(format!("{}{}", self.base_url, StreamChanges::PATH));
        let request = request.bearer_auth(&tokens.access_token).header("X-Contract-Version", self.contract.version);
        let request = request.header(http::header::ACCEPT, "text/event-stream");
        request.send().await.map_err(|error| offline("listen for changes", &error))
    }
}

/// The message for refreshed tokens of the wrong account. They are not kept.
fn of_another(received: Uuid, own: Uuid) -> String {
    format!(
        "received tokens of the account {received} instead of {own}; a proxy in front of the server may mix up responses, so report it to its operator"
    )
}

/// The base address of a server for requests, and whether it is on this machine.
fn address(text: &str) -> Result<(String, bool), String> {
    let text = text.trim().trim_end_matches('/');
    let url = reqwest::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or("it must begin with https://, as in https://sync.example.com")?;
    let loopback = is_loopback(&url);
    if url.scheme() == "http" && !loopback {
        return Err("only https is safe outside this machine".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("it must not contain a user name, a query or a fragment".to_owned());
    }
    // A host name in another script is written as browsers send it.
    Ok((url.as_str().trim_end_matches('/').to_owned(), loopback))
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The version of the app's contract, as named in requests.
pub(crate) fn version_of(contract: &Contract) -> Option<ContractVersion> {
    Some(ContractVersion(contract.version.to_owned()))
}

/// Converts an error of the generated client.
pub(crate) fn called(doing: &'static str, error: CallError<NoResponse>) -> Error {
    match error {
        CallError::Request(report) => Error::argument(format!("cannot {doing}: {report}")),
        CallError::Transport(error) => no_response(doing, &error),
        CallError::Response(invalid) => {
            let response =
                ServerResponse { status: invalid.status.as_u16(), account: None, retry_after_ms: None, body: invalid.body.clone() };
            let message = if response.has_json_body() { invalid.to_string() } else { response.described() };
            Kind::Foreign { doing, message }.into()
        }
    }
}

/// The error of an unsuccessful response.
pub(crate) fn refusal<R: crate::api::runtime::http::Outcome>(doing: &'static str, response: R) -> Error {
    use crate::api::Schema;
    let (status, _, body) = response.write();
    match Problem::from_json(&body) {
        Ok(problem) => Kind::Refused { doing, problem: Box::new(problem) }.into(),
        Err(_) => {
            let response = ServerResponse { status: status.as_u16(), account: None, retry_after_ms: None, body };
            Kind::Foreign { doing, message: response.described() }.into()
        }
    }
}

fn no_response(doing: &'static str, error: &NoResponse) -> Error {
    match error {
        NoResponse::Failed(error) => offline(doing, error),
        NoResponse::Silent | NoResponse::TooLarge => {
            let fate = if let NoResponse::TooLarge = error { Fate::Cut } else { Fate::Silent };
            Kind::Offline { doing, message: error.to_string(), fate }.into()
        }
    }
}

fn offline(doing: &'static str, error: &reqwest::Error) -> Error {
    // The outer error only says that sending failed; the innermost source says why.
    let mut message = error.to_string();
    let is_plain = error.url().is_some_and(|url| url.scheme() == "http");
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        message = tls_failure(inner).unwrap_or_else(|| inner.to_string());
        source = inner.source();
    }
    if is_plain && message.starts_with("invalid HTTP") {
        message = "it does not speak plain HTTP on this port; if it speaks TLS, its address begins with https://".to_owned();
    }
    let is_remote = error.url().is_some_and(|url| !is_loopback(url));
    let proxy = proxy_variable().filter(|_| is_remote && error.is_connect()).map(|variable| {
        format!("; the connection uses the proxy in the environment variable {variable}; to bypass it, add the server to NO_PROXY")
    });
    let fate = if error.is_connect() || error.is_redirect() || error.is_builder() { Fate::NotSent } else { Fate::Cut };
    let message = format!("the server was not reached ({message}){}", proxy.unwrap_or_default());
    Kind::Offline { doing, message, fate }.into()
}

/// The variable from which the HTTP client takes the proxy. Its value may contain a password.
#[expect(clippy::disallowed_methods, reason = "the message tells what the HTTP client takes from the environment")]
fn proxy_variable() -> Option<&'static str> {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].into_iter().find(is_set)
}

fn server_response(response: Response) -> ServerResponse {
    let account = response.headers().get(ACCOUNT_HEADER).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let retry_after_ms = retry_after_ms(response.headers());
    ServerResponse { status: response.status().as_u16(), account, retry_after_ms, body: response.into_body() }
}

/// Explains a failed TLS connection to the person who typed the address.
fn tls_failure(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<std::io::Error>() {
        // An `io::Error` does not list the error that it wraps among its sources.
        return tls_failure(error.get_ref()?);
    }
    match error.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(why) => Some(format!("its certificate is not accepted: {}", certificate_failure(why))),
        rustls::Error::InvalidMessage(_) => {
            Some("it does not speak TLS on this port; on this machine, its address may begin with http://".to_owned())
        }
        _ => None,
    }
}

fn certificate_failure(why: &rustls::CertificateError) -> String {
    use rustls::CertificateError as Why;
    match why {
        // Two authorities may have the same name, for example after one was replaced.
        Why::UnknownIssuer | Why::BadSignature | Why::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed by an unknown authority; if the authority is yours, pass its certificate (`stronglog --ca FILE`, `ClientBuilder::certificate_authority`)"
                .to_owned()
        }
        Why::Other(other) => format!(
            "it cannot be a server's ({other}); to create one with `openssl req -x509`, pass -addext basicConstraints=CA:FALSE"
        ),
        other => other.to_string(),
    }
}

/// The delay that the server asks for: seconds, or a date by the server's clock, which the response also contains.
fn retry_after_ms(headers: &http::HeaderMap) -> Option<u64> {
    let text = |name: http::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let after = text(http::header::RETRY_AFTER)?;
    if let Ok(seconds) = after.parse::<u64>() {
        return Some(seconds.saturating_mul(1_000));
    }
    let (until, now) = (httpdate::parse_http_date(after).ok()?, httpdate::parse_http_date(text(http::header::DATE)?).ok()?);
    until.duration_since(now).ok().and_then(|wait| u64::try_from(wait.as_millis()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_tls_is_found_in_what_wraps_it() {
        let failure = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let wrapped = std::io::Error::other(std::io::Error::other(failure));
        assert!(tls_failure(&wrapped).is_some_and(|message| message.contains("signed by an unknown authority")));
        assert_eq!(tls_failure(&std::io::Error::other("refused")), None);
    }

    #[test]
    fn a_certificate_authority_has_a_certificate() {
        for pem in ["", "a log", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            let link =
                Link::new(&crate::api::CONTRACT, "https://example.com", Some(pem.as_bytes()), Box::new(MemoryTokens::default()), None);
            assert!(link.is_err_and(|error| error.to_string().contains("certificate")), "{pem}");
        }
    }

    #[test]
    fn an_address_is_https_or_on_this_machine() {
        for (text, is_here) in [("https://sync.example.com/", false), (" http://localhost:8080", true), ("http://[::1]:8080/log", true)] {
            assert_eq!(address(text), Ok((text.trim().trim_end_matches('/').to_owned(), is_here)));
        }
        assert_eq!(address("https://M\u{fc}ller.example/log/"), Ok(("https://xn--mller-kva.example/log".to_owned(), false)));
        for text in ["", "sync.example.com", "localhost:8080", "ftp://127.0.0.1", "https://"] {
            assert!(address(text).is_err_and(|why| why.contains("begin with https://")), "{text}");
        }
        assert!(address("http://example.com").is_err_and(|why| why.contains("only https")));
        for text in ["https://ana:secret@example.com", "https://example.com/?a=1", "https://example.com/#a"] {
            assert!(address(text).is_err_and(|why| why.contains("a user name")), "{text}");
        }
    }

    #[test]
    fn the_server_asks_to_wait_for_seconds_or_until_a_time_of_its_own_clock() {
        let wait = |after: &'static str, date: Option<&'static str>| {
            let mut headers = http::HeaderMap::new();
            headers.insert(http::header::RETRY_AFTER, http::HeaderValue::from_static(after));
            headers.extend(date.map(|date| (http::header::DATE, http::HeaderValue::from_static(date))));
            retry_after_ms(&headers)
        };
        let now = Some("Sun, 29 Nov 2026 08:00:00 GMT");
        assert_eq!((wait("120", None), wait(" 5 ", now), wait("0", now)), (Some(120_000), Some(5_000), Some(0)));
        assert_eq!(wait("Sun, 29 Nov 2026 08:02:00 GMT", now), Some(120_000));
        assert_eq!(wait("Sun, 29 Nov 2026 07:00:00 GMT", now), None, "a time in the past is no wait");
        for after in ["-5", "soon", "1.5", ""] {
            assert_eq!(wait(after, now), None, "{after}");
        }
        assert_eq!(wait("Sun, 29 Nov 2026 08:02:00 GMT", None), None, "without the server's clock the date says nothing");
    }
}
