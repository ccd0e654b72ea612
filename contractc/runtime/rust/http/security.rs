//! Security: which credentials an operation needs, how a client sends them, and how a server reads them.

use std::fmt;
use std::sync::Arc;

use super::super::report::Report;
use super::parameter::{Place, encoded, invalid_header};
use super::text::{Pair, cookies, decoded, pairs};
use super::{HeaderMap, Hooks, Refusal, Request};

/// A security scheme of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// The name in the contract.
    pub name: &'static str,
    /// How a request carries its credential.
    pub kind: SchemeKind,
}

/// How a request carries a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemeKind {
    /// `Authorization: Bearer`, also for OAuth 2.0 and OpenID Connect.
    Bearer,
    /// `Authorization: Basic`
    Basic,
    /// An API key.
    ApiKey(Place, &'static str),
    /// Something that the application implements itself, such as mutual TLS.
    Other,
}

/// What an operation needs: one of several sets of schemes. A request must satisfy all schemes of a set. An empty set makes credentials
/// optional; no set at all means that none are needed.
pub type Security = &'static [&'static [Scheme]];

/// The credential for one scheme. It is not printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A bearer token or an API key, or a user and a password with a colon between them.
    Secret(String),
    /// A user and a password.
    Basic {
        /// The user; it must not contain a colon.
        user: String,
        /// The password.
        password: String,
    },
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(…)")
    }
}

/// Returns the current credential, for example a token that is renewed in the background. `None` if there is none.
type Source = Arc<dyn Fn() -> Option<Credential> + Send + Sync>;

/// Sends credentials to the operations that declare their schemes, and to no others.
#[derive(Clone, Default)]
pub struct Credentials {
    sources: Vec<(Scheme, Source)>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sources.iter().map(|(scheme, _)| scheme.name)).finish()
    }
}

impl Credentials {
    /// No credentials.
    pub fn new() -> Self {
        Credentials::default()
    }

    /// Adds a bearer token or an API key.
    pub fn secret(self, scheme: Scheme, secret: impl Into<String>) -> Self {
        let credential = Credential::Secret(secret.into());
        self.source(scheme, move || Some(credential.clone()))
    }

    /// Adds a user and a password.
    pub fn basic(self, scheme: Scheme, user: impl Into<String>, password: impl Into<String>) -> Self {
        let credential = Credential::Basic { user: user.into(), password: password.into() };
        self.source(scheme, move || Some(credential.clone()))
    }

    /// Adds a source, which is called for the credential of each request.
    pub fn source(mut self, scheme: Scheme, source: impl Fn() -> Option<Credential> + Send + Sync + 'static) -> Self {
        self.sources.push((scheme, Arc::new(source)));
        self
    }

    fn of(&self, scheme: &Scheme) -> Option<Credential> {
        self.sources.iter().find(|(known, _)| known == scheme).and_then(|(_, source)| source())
    }
}

impl Hooks for Credentials {
    /// Adds the credentials of the first set that they satisfy and that a request can carry. Nothing is added if they satisfy none; the
    /// server then responds with 401. If they satisfy only sets that a request cannot carry, it is not sent.
    fn before(&self, _: &'static str, security: Security, request: &mut Request) {
        let mut refused = None;
        for found in security.iter().filter_map(|set| self.complete(set)) {
            let (uri, headers) = (request.uri().clone(), request.headers().clone());
            let Err(reason) = send_all(&found, request) else { return };
            (*request.uri_mut(), *request.headers_mut()) = (uri, headers);
            refused.get_or_insert(reason);
        }
        if let Some(reason) = refused {
            refuse(reason, request);
        }
    }
}

impl Credentials {
    /// The credentials of a set; `None` if one is missing or there are none. The application itself satisfies a scheme that generated code
    /// does not know, so its credential is not needed.
    fn complete(&self, set: &[Scheme]) -> Option<Vec<(Scheme, Credential)>> {
        let mut found = Vec::new();
        for scheme in set {
            match self.of(scheme) {
                Some(credential) => found.push((*scheme, credential)),
                None if scheme.kind == SchemeKind::Other => {}
                None => return None,
            }
        }
        (!found.is_empty()).then_some(found)
    }
}

/// Adds the credentials of a set to a request.
fn send_all(found: &[(Scheme, Credential)], request: &mut Request) -> Result<(), String> {
    for (index, (scheme, credential)) in found.iter().enumerate() {
        let fault = |reason: &str| fault(scheme, reason);
        let text = scheme.text(credential).map_err(fault)?;
        let place = scheme.place();
        match found[..index].iter().find(|(other, _)| place.is_some() && other.place() == place) {
            Some((other, sent)) if other.text(sent).as_ref() != Ok(&text) => {
                return Err(fault(&format!("would replace that of {:?}", other.name)));
            }
            // The same credential serves both.
            Some(_) => {}
            None => scheme.send(credential, request).map_err(fault)?,
        }
    }
    Ok(())
}

impl Scheme {
    /// A scheme of the contract.
    pub const fn new(name: &'static str, kind: SchemeKind) -> Self {
        Scheme { name, kind }
    }

    /// Adds a credential to a request.
    ///
    /// # Errors
    /// Returns why the credential does not fit the scheme.
    pub fn send(&self, credential: &Credential, request: &mut Request) -> Result<(), &'static str> {
        let text = self.text(credential)?;
        let pair = |name: &str| format!("{}={}", encoded(name, b""), encoded(&text, b""));
        match self.kind {
            SchemeKind::ApiKey(Place::Query, name) => {
                let uri = request.uri();
                // An argument of the call may already be the key, in a contract that declares it as a parameter too.
                if pairs(uri.query().unwrap_or_default(), '&').iter().any(|(sent, _)| sent == name) {
                    return Ok(());
                }
                let separator = if uri.query().is_some() { '&' } else { '?' };
                let text = format!("{uri}{separator}{}", pair(name));
                *request.uri_mut() = text.parse().map_err(|_| "cannot be added to this URL")?;
                Ok(())
            }
            SchemeKind::ApiKey(Place::Cookie, name) => cookie(request, &pair(name)),
            SchemeKind::ApiKey(_, name) if name.eq_ignore_ascii_case("cookie") => cookie(request, &text),
            SchemeKind::ApiKey(_, name) => header(request, name, &text),
            _ => header(request, "authorization", &text),
        }
    }

    /// Where a request carries the credential; `None` if the contract does not say.
    fn place(&self) -> Option<(Place, String)> {
        match self.kind {
            SchemeKind::ApiKey(Place::Header, name) => Some((Place::Header, name.to_ascii_lowercase())),
            SchemeKind::ApiKey(place, name) => Some((place, name.to_owned())),
            SchemeKind::Bearer | SchemeKind::Basic => Some((Place::Header, "authorization".to_owned())),
            SchemeKind::Other => None,
        }
    }

    /// A credential as the scheme sends it.
    fn text(&self, credential: &Credential) -> Result<String, &'static str> {
        let basic = |pair: &str| Ok(format!("Basic {}", base64(pair.as_bytes())));
        match (self.kind, credential) {
            (SchemeKind::Bearer, Credential::Secret(token)) => Ok(format!("Bearer {token}")),
            (SchemeKind::ApiKey(..), Credential::Secret(key)) => Ok(key.clone()),
            (SchemeKind::Basic, Credential::Basic { user, password }) => basic(&format!("{user}:{password}")),
            (SchemeKind::Basic, Credential::Secret(pair)) if pair.contains(':') => basic(pair),
            (SchemeKind::Basic, Credential::Secret(_)) => Err("is not a user and a password"),
            (SchemeKind::Bearer, Credential::Basic { .. }) => Err("is not a token"),
            (SchemeKind::ApiKey(..), Credential::Basic { .. }) => Err("is not a key"),
            (SchemeKind::Other, _) => Err("cannot be sent, because the contract does not say how; set it in a hook"),
        }
    }

    /// Reads the credential from a request. `None` if the request does not have it.
    pub fn receive(&self, uri: &http::Uri, headers: &HeaderMap) -> Option<Credential> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let authorization = |scheme: &str| {
            let (found, rest) = text("authorization")?.split_once(' ')?;
            found.eq_ignore_ascii_case(scheme).then(|| rest.trim().to_owned())
        };
        let named = |found: Vec<Pair<'_>>, name: &str, is_query: bool| {
            let value = found.into_iter().find(|(known, _)| known == name);
            value.map(|(_, value)| Credential::Secret(decoded(value, is_query)))
        };
        match self.kind {
            SchemeKind::Bearer => authorization("Bearer").map(Credential::Secret),
            SchemeKind::Basic => {
                let text = String::from_utf8(from_base64(&authorization("Basic")?)?).ok()?;
                let (user, password) = text.split_once(':')?;
                Some(Credential::Basic { user: user.to_owned(), password: password.to_owned() })
            }
            SchemeKind::ApiKey(Place::Query, name) => named(pairs(uri.query().unwrap_or_default(), '&'), name, true),
            SchemeKind::ApiKey(Place::Cookie, name) => named(cookies(headers), name, false),
            SchemeKind::ApiKey(_, name) => text(name).map(|key| Credential::Secret(key.to_owned())),
            SchemeKind::Other => None,
        }
    }
}

/// Reads the credentials of the first set that a request satisfies. They are empty if none are needed. `None` means that the response must
/// be 401. The application decides whether a credential is valid. A set with a scheme that only the application knows is never satisfied
/// here: read its other credentials by [`Scheme::receive`].
pub fn receive_credentials(security: Security, uri: &http::Uri, headers: &HeaderMap) -> Option<Vec<(Scheme, Credential)>> {
    let complete = |set: &[Scheme]| -> Option<Vec<(Scheme, Credential)>> {
        set.iter().map(|scheme| Some((*scheme, scheme.receive(uri, headers)?))).collect()
    };
    let found = security.iter().filter(|set| !set.is_empty()).find_map(|set| complete(set));
    let is_optional = security.is_empty() || security.iter().any(|set| set.is_empty());
    found.or(is_optional.then(Vec::new))
}

/// Adds a credential to a request. One that does not fit its scheme keeps the request from being sent.
pub(super) fn send(scheme: &Scheme, credential: &Credential, request: &mut Request) {
    if let Err(reason) = scheme.send(credential, request) {
        refuse(fault(scheme, reason), request);
    }
}

fn fault(scheme: &Scheme, reason: &str) -> String {
    format!("the credential of {:?} {reason}", scheme.name)
}

fn refuse(message: String, request: &mut Request) {
    request.extensions_mut().insert(Refusal(Report::new("security", message)));
}

/// Adds to the cookies of a request, which are one header.
fn cookie(request: &mut Request, text: &str) -> Result<(), &'static str> {
    let sent = request.headers().get(http::header::COOKIE).and_then(|value| value.to_str().ok());
    let cookies = sent.map_or_else(|| text.to_owned(), |sent| format!("{sent}; {text}"));
    header(request, "cookie", &cookies)
}

fn header(request: &mut Request, name: &str, value: &str) -> Result<(), &'static str> {
    if let Some(reason) = invalid_header(value) {
        return Err(reason);
    }
    let pair = http::HeaderName::try_from(name).ok().zip(http::HeaderValue::try_from(value).ok());
    let (name, mut value) = pair.ok_or("cannot be sent: its header name is not valid")?;
    value.set_sensitive(true);
    request.headers_mut().insert(name, value);
    Ok(())
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            text.push(if digit <= chunk.len() { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    text
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = DIGITS.iter().position(|known| *known == byte)?;
        bits = bits << 6 | u32::try_from(digit).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}
