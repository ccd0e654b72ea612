//! Access tokens and refresh tokens. Access tokens are self-contained JWTs; refresh tokens are numbered and must be used in order.
//!
//! A refresh token is `rt_` followed by the base64url of user, session, number and seal. The seal is an HMAC over these, keyed with the
//! server's secret and the session's salt. No token is stored, not even as a hash. A stolen database yields no tokens without the secret,
//! and the secret yields none without the database. If an exchange is repeated before the newest token is used, it returns the same token
//! as the lost response.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::hmac;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::now_ms;
use crate::config::Secret;
use crate::problem::Failure;
use crate::store::accounts::{Session, SessionKey};

/// The lifetime of an access token, in seconds.
pub const ACCESS_SECS: i64 = 900;
/// By how much the clocks of servers that share a database may differ, in seconds.
const SKEW_SECS: i64 = 60;
/// The lifetime of a refresh token.
pub const REFRESH_MS: i64 = 90 * 86_400_000;

/// Issues and verifies tokens. The first key signs. Tokens signed with any key are valid, so a secret can be replaced without signing
/// anybody out.
pub struct Tokens(RwLock<Arc<[Keys]>>);

/// The keys that are derived from one secret.
struct Keys {
    signing: EncodingKey,
    verifying: DecodingKey,
    sealing: hmac::Key,
    /// Identifies the secret, and reveals nothing else about it.
    name: hmac::Tag,
}

impl Keys {
    fn of(secret: &Secret) -> Self {
        // Two keys are derived from one secret; neither reveals the other.
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
        let [access, refresh, name] = ["access tokens", "refresh tokens", "name"].map(|purpose| hmac::sign(&root, purpose.as_bytes()));
        Keys {
            signing: EncodingKey::from_secret(access.as_ref()),
            verifying: DecodingKey::from_secret(access.as_ref()),
            sealing: hmac::Key::new(hmac::HMAC_SHA256, refresh.as_ref()),
            name,
        }
    }
}

/// The authenticated caller of a request, taken from the access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub user: Uuid,
    pub session: Uuid,
    /// When the token expires, in seconds since the Unix epoch.
    pub expires_at_secs: i64,
}

impl Caller {
    pub fn key(self) -> SessionKey {
        SessionKey { user: self.user, session: self.session }
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: Uuid,
    /// The session id.
    sid: Uuid,
    iat: i64,
    exp: i64,
    /// The token's id, which makes every token unique.
    jti: Uuid,
}

/// A refresh token that is parsed but not yet verified.
pub struct Refresh {
    pub user: Uuid,
    pub session: Uuid,
    pub generation: u32,
    seal: [u8; 32],
}

impl Tokens {
    /// The first secret signs.
    pub fn new(secrets: &[Secret]) -> Self {
        super::hs256::install();
        Tokens(RwLock::new(secrets.iter().map(Keys::of).collect()))
    }

    /// Replaces all secrets. Returns whether this makes valid tokens invalid.
    pub fn replace(&self, secrets: &[Secret]) -> bool {
        let keys: Arc<[Keys]> = secrets.iter().map(Keys::of).collect();
        let before = std::mem::replace(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner), Arc::clone(&keys));
        before.iter().any(|old| keys.iter().all(|new| new.name.as_ref() != old.name.as_ref()))
    }

    /// An identifier of each secret, which reveals nothing else about it. The secret that signs comes first.
    pub fn names(&self) -> Vec<Uuid> {
        self.keys().iter().filter_map(|keys| Uuid::from_slice(&keys.name.as_ref()[..16]).ok()).collect()
    }

    fn keys(&self) -> Arc<[Keys]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Issues an access token.
    ///
    /// # Errors
    /// Returns an error if the token cannot be signed.
    pub fn access(&self, user: Uuid, session: Uuid, now_ms: i64) -> Result<String, Failure> {
        let iat = now_ms.div_euclid(1_000);
        let claims = Claims { sub: user, sid: session, iat, exp: iat + ACCESS_SECS, jti: Uuid::from_u128(rand::random()) };
        let token = self.keys().first().map(|keys| jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &keys.signing));
        token
            .and_then(Result::ok)
            .ok_or_else(|| Failure::unavailable("the server cannot sign the access token; this is a bug, please report it"))
    }

    /// Verifies the access token of a request and returns its caller.
    ///
    /// # Errors
    /// Returns an error if the token is missing, was not issued by this server, has expired, or is valid for longer than a new one.
    pub fn caller(&self, headers: &HeaderMap) -> Result<Caller, Failure> {
        let mut lines = headers.get_all(http::header::AUTHORIZATION).iter();
        // A proxy in front may have checked a different one of several.
        let line = lines.next().filter(|_| lines.next().is_none());
        let text = line.and_then(|value| value.to_str().ok());
        let (scheme, token) = text.and_then(|text| text.split_once(' ')).ok_or_else(Failure::unauthorized)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Failure::unauthorized());
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        let keys = self.keys();
        let decoded = |keys: &Keys| jsonwebtoken::decode::<Claims>(token.trim(), &keys.verifying, &validation);
        // Only a wrong signature may turn out valid with another key.
        let is_other_key = |error: &jsonwebtoken::errors::Error| matches!(error.kind(), ErrorKind::InvalidSignature);
        let mut results = keys.iter().map(decoded).skip_while(|result| result.as_ref().is_err_and(is_other_key));
        match results.next().ok_or_else(Failure::unauthorized)? {
            // The clock was ahead when the token was issued. A device exchanges its refresh token then, as for one that has expired.
            Ok(token) if token.claims.exp > now_ms().div_euclid(1_000) + ACCESS_SECS + SKEW_SECS => Err(Failure::token_expired()),
            Ok(token) => Ok(Caller { user: token.claims.sub, session: token.claims.sid, expires_at_secs: token.claims.exp }),
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => Err(Failure::token_expired()),
            Err(_) => Err(Failure::unauthorized()),
        }
    }

    /// The refresh token with this number in a session.
    pub fn refresh(&self, session: &Session, generation: u32) -> String {
        let mut bytes = [session.user.as_bytes().as_slice(), session.id.as_bytes(), &generation.to_be_bytes()].concat();
        if let Some(keys) = self.keys().first() {
            bytes.extend_from_slice(hmac::sign(&keys.sealing, &[bytes.as_slice(), &session.salt].concat()).as_ref());
        }
        format!("rt_{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Returns whether a refresh token was issued for this session.
    pub fn is_genuine(&self, token: &Refresh, session: &Session) -> bool {
        let bytes = [token.user.as_bytes().as_slice(), token.session.as_bytes(), &token.generation.to_be_bytes(), &session.salt].concat();
        self.keys().iter().any(|keys| hmac::verify(&keys.sealing, &bytes, &token.seal).is_ok())
    }
}

impl Refresh {
    /// Parses a refresh token.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix("rt_")?).ok()?;
        let (user, rest) = bytes.split_first_chunk::<16>()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (generation, seal) = rest.split_first_chunk::<4>()?;
        let seal: [u8; 32] = seal.try_into().ok()?;
        let (user, session) = (Uuid::from_bytes(*user), Uuid::from_bytes(*session));
        Some(Refresh { user, session, generation: u32::from_be_bytes(*generation), seal })
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use axum::response::IntoResponse;

    use super::*;

    const USER: Uuid = Uuid::from_u128(1);
    const SESSION: Uuid = Uuid::from_u128(2);

    fn caller(tokens: &Tokens, token: &str) -> Result<Caller, StatusCode> {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).expect("a header"));
        tokens.caller(&headers).map_err(|failure| failure.into_response().status())
    }

    #[test]
    fn an_access_token_is_good_for_its_time_and_its_server() {
        let tokens = Tokens::new(&[Secret::new("one secret")]);
        let access = |age_ms| tokens.access(USER, SESSION, now_ms() - age_ms).expect("a token");
        let fresh = caller(&tokens, &access(0)).expect("a good token");
        assert_eq!((fresh.user, fresh.session), (USER, SESSION));
        assert!(caller(&tokens, &access((ACCESS_SECS - 5) * 1_000)).is_ok());
        assert_eq!(caller(&tokens, &access((ACCESS_SECS + 2) * 1_000)), Err(StatusCode::UNAUTHORIZED), "without any leeway");
        assert_eq!(caller(&Tokens::new(&[Secret::new("another secret")]), &access(0)), Err(StatusCode::UNAUTHORIZED));
    }

    #[test]
    fn a_token_of_a_clock_that_was_ahead_is_not_valid_for_longer_than_others() {
        let tokens = Tokens::new(&[Secret::new("one secret")]);
        let access = |ahead_ms| tokens.access(USER, SESSION, now_ms() + ahead_ms).expect("a token");
        assert!(caller(&tokens, &access(30_000)).is_ok(), "of another server, whose clock differs a little");
        for ahead_ms in [120_000, 100 * 86_400_000] {
            assert_eq!(caller(&tokens, &access(ahead_ms)), Err(StatusCode::UNAUTHORIZED), "{ahead_ms} ms ahead");
        }
    }

    #[test]
    fn tokens_of_the_secret_before_stay_valid() {
        let (old, new) = (Secret::new("one secret"), Secret::new("another secret"));
        let tokens = Tokens::new(std::slice::from_ref(&old));
        let access = tokens.access(USER, SESSION, now_ms()).expect("a token");
        let expired = tokens.access(USER, SESSION, now_ms() - 2 * ACCESS_SECS * 1_000).expect("a token");
        assert!(!tokens.replace(&[new.clone(), old]));
        assert!(caller(&tokens, &access).is_ok());
        assert_eq!(caller(&tokens, &expired), Err(StatusCode::UNAUTHORIZED));
        let renewed = tokens.access(USER, SESSION, now_ms()).expect("a token");
        assert!(tokens.replace(&[new]), "tokens of the one before are not valid any longer");
        assert!(caller(&tokens, &renewed).is_ok(), "the first secret signs");
        assert_eq!(caller(&tokens, &access), Err(StatusCode::UNAUTHORIZED), "the one before is gone");
    }

    #[test]
    fn a_refresh_token_is_of_its_session_and_number() {
        let tokens = Tokens::new(&[Secret::new("one secret")]);
        let session = |salt| Session {
            user: USER,
            id: SESSION,
            device_name: None,
            platform: None,
            salt: [salt; 16],
            generation: 3,
            rotated_at: 0,
            created_at: 0,
        };
        let text = tokens.refresh(&session(1), 3);
        assert_eq!(text, tokens.refresh(&session(1), 3), "made, not stored");
        let token = Refresh::parse(&text).expect("a token");
        assert_eq!((token.user, token.session, token.generation), (USER, SESSION, 3));
        assert!(tokens.is_genuine(&token, &session(1)));
        assert!(!tokens.is_genuine(&token, &session(2)), "another salt");
        assert!(!Tokens::new(&[Secret::new("another secret")]).is_genuine(&token, &session(1)));
        assert!(!tokens.is_genuine(&Refresh { generation: 4, ..token }, &session(1)), "the number is sealed");
    }
}
