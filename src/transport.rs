//! The connection to the server: HTTPS with reqwest, and the tokens that authenticate each request.

use std::fmt;
use std::sync::{Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::api::collection::Contract;
use crate::api::operations::{GetChanges, RefreshTokens, RefreshTokensResponse, StreamChanges};
use crate::api::runtime::http::{Bearer, Hooks, Operation, Request, Response, Transport, call};
use crate::api::{ContractVersion, RefreshRequest, RefreshToken, TokenPair};
use crate::engine::Message;
use crate::engine::answer::Answered;
use crate::error::{Error, Kind};

/// The timeout for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The timeout for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest silence on the connection for change notifications. The server sends a comment every 20 seconds.
pub(crate) const SILENCE_TIMEOUT: Duration = Duration::from_secs(50);

/// The tokens of a signed-in device. `Debug` does not show them; serialization does.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// The account that the tokens belong to.
    pub account: Uuid,
    /// The access token, which authenticates each request and expires after minutes.
    pub access_token: String,
    /// The refresh token, which gets new tokens once. Using it twice signs the device out.
    pub refresh_token: String,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens {{ account: {}, … }}", self.account)
    }
}

impl Tokens {
    /// The tokens of a sign-in.
    ///
    /// # Errors
    /// Returns an error if the account's id is not a UUID.
    pub fn of(pair: &TokenPair) -> Result<Self, Error> {
        let account = Uuid::parse_str(&pair.user_id)
            .map_err(|_| Error::argument("cannot sign in: the server sent an account id that is not a UUID"))?;
        Ok(Tokens { account, access_token: pair.access_token.clone(), refresh_token: pair.refresh_token.to_string() })
    }
}

/// Where an app keeps its tokens, for example a file that only the user can read, or a keychain.
pub trait TokenStore: Send + Sync + 'static {
    /// Loads the tokens that were saved last, if there are any.
    ///
    /// # Errors
    /// Returns an error if the tokens cannot be read.
    fn load(&self) -> Result<Option<Tokens>, TokenError>;

    /// Replaces the saved tokens, or deletes them.
    ///
    /// # Errors
    /// Returns an error if the tokens cannot be written or deleted.
    fn save(&self, tokens: Option<&Tokens>) -> Result<(), TokenError>;
}

/// The error of a [`TokenStore`] that cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenError(String);

impl TokenError {
    /// Creates an error. The message says what was being done, what was seen and what to do next.
    pub fn new(message: impl Into<String>) -> Self {
        TokenError(message.into())
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TokenError {}

/// A [`TokenStore`] in memory. The tokens are lost when the process ends.
#[derive(Debug, Default)]
pub struct MemoryTokens(SyncMutex<Option<Tokens>>);

impl TokenStore for MemoryTokens {
    fn load(&self) -> Result<Option<Tokens>, TokenError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn save(&self, tokens: Option<&Tokens>) -> Result<(), TokenError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = tokens.cloned();
        Ok(())
    }
}

/// The traffic of sync since the client was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// Pull and push requests that were answered.
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

/// A server's URL, the HTTP client and the tokens.
pub(crate) struct Link {
    pub(crate) contract: &'static Contract,
    pub(crate) base_url: String,
    pub(crate) http: reqwest::Client,
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
    ) -> Result<Self, Error> {
        let url = reqwest::Url::parse(base_url)
            .map_err(|error| Error::argument(format!("cannot use {base_url:?} as the server's address: {error}")))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(Error::argument(format!(
                "cannot use {base_url:?} as the server's address: only https is safe outside this machine"
            )));
        }
        // This fails if the process has already installed a provider, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(ANSWER_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("stronglog-sync/", env!("CARGO_PKG_VERSION")));
        if loopback {
            // Compression and proxies are useless on the loopback interface.
            http = http.no_gzip().no_zstd().no_proxy();
        }
        if let Some(pem) = authority_pem {
            let certificate = reqwest::Certificate::from_pem(pem)
                .map_err(|error| Error::argument(format!("cannot use the certificate authority: {error}; a PEM file is needed")))?;
            http = http.tls_certs_merge([certificate]);
        }
        let http = http.build().map_err(|error| Error::argument(format!("cannot set up HTTP: {error}")))?;
        Ok(Link {
            contract,
            base_url: base_url.trim_end_matches('/').to_owned(),
            http,
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

    /// Saves new tokens, or deletes them.
    pub(crate) async fn set_tokens(&self, tokens: Option<Tokens>) -> Result<(), Error> {
        let mut current = self.current.lock().await;
        self.tokens.save(tokens.as_ref())?;
        *current = tokens;
        Ok(())
    }

    /// Replaces `stale` tokens with new ones, unless another task has already done so. Returns `None` if the user must sign in.
    pub(crate) async fn refresh(&self, stale: &Tokens) -> Result<Option<Tokens>, Error> {
        let mut current = self.current.lock().await;
        // Another process may have refreshed the tokens, and a used refresh token must not be sent again.
        if let Some(kept) = self.tokens.load()?.filter(|kept| kept != stale && kept.account == stale.account) {
            *current = Some(kept.clone());
            return Ok(Some(kept));
        }
        let body = RefreshRequest { refresh_token: RefreshToken(stale.refresh_token.clone()) };
        let request = RefreshTokens { body, x_contract_version: version_of(self.contract) };
        let reply = call(&request, &self.base_url, &self.http, &crate::api::runtime::http::NoHooks).await;
        let fresh = match reply.map_err(|error| called("refresh the sign-in", error))?.body {
            RefreshTokensResponse::Ok(pair) => Some(Tokens::of(&pair)?),
            RefreshTokensResponse::Unauthorized(_) | RefreshTokensResponse::Forbidden(_) => None,
            _ => {
                return Err(
                    Kind::Foreign { doing: "refresh the sign-in", message: "the server sent an unexpected response".to_owned() }.into()
                );
            }
        };
        self.tokens.save(fresh.as_ref())?;
        *current = fresh.clone();
        Ok(fresh)
    }

    /// Sends a message of the engine, but only with a token of `account` (R15).
    pub(crate) async fn exchange(&self, account: Uuid, message: &Message) -> Result<Answered, Error> {
        let mut request = self.request(message)?;
        let Some(tokens) = self.tokens().await? else {
            // Another call has found out that the session has ended. A server would answer the same.
            return Ok(Answered { status: 401, retry_after_ms: None, body: Vec::new() });
        };
        if tokens.account != account {
            return Err(Kind::SignIn { doing: "sync" }.into());
        }
        Bearer(tokens.access_token).before(GetChanges::ID, GetChanges::SECURITY, &mut request);
        let sent = request.body().len() as u64;
        let response = self.http.send(request).await.map_err(|error| offline("sync", &error))?;
        self.count(|traffic| {
            traffic.requests += 1;
            traffic.sent_bytes += sent;
            traffic.received_bytes += response.body().len() as u64;
        });
        Ok(answered(response))
    }

    fn request(&self, message: &Message) -> Result<Request, Error> {
        let call = message.call();
        let mut request = http::Request::builder().method(call.method).uri(format!("{}{}", self.base_url, call.target));
        request = request.header("X-Contract-Version", self.contract.version);
        if call.body.is_some() {
            request = request.header(http::header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(call.body.unwrap_or_default());
        request.map_err(|error| Error::argument(format!("cannot write the request: {error}")))
    }

    /// Opens the connection for change notifications. The response body is a stream of events.
    pub(crate) async fn listen(&self, tokens: &Tokens) -> Result<reqwest::Response, Error> {
        let request = self.http.get(format!("{}{}", self.base_url, StreamChanges::PATH));
        let request = request.bearer_auth(&tokens.access_token).header("X-Contract-Version", self.contract.version);
        let request = request.header(http::header::ACCEPT, "text/event-stream");
        request.send().await.map_err(|error| offline("listen for changes", &error))
    }
}

/// The version of the contract that the app was built from, as requests name it.
pub(crate) fn version_of(contract: &Contract) -> Option<ContractVersion> {
    Some(ContractVersion(contract.version.to_owned()))
}

/// Converts an error of the generated client.
pub(crate) fn called(doing: &'static str, error: crate::api::runtime::http::CallError<reqwest::Error>) -> Error {
    use crate::api::runtime::http::CallError;
    match error {
        CallError::Request(report) => Error::argument(format!("cannot {doing}: {report}")),
        CallError::Transport(error) => offline(doing, &error),
        CallError::Response(invalid) => Kind::Foreign { doing, message: invalid.to_string() }.into(),
    }
}

fn offline(doing: &'static str, error: &reqwest::Error) -> Error {
    // The outer error only says that sending failed; the innermost source says why.
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        message = inner.to_string();
        source = inner.source();
    }
    Kind::Offline { doing, message }.into()
}

fn answered(response: Response) -> Answered {
    let header = response.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after_ms = header.and_then(|text| text.trim().parse::<u64>().ok()).map(|seconds| seconds.saturating_mul(1_000));
    Answered { status: response.status().as_u16(), retry_after_ms, body: response.into_body() }
}
