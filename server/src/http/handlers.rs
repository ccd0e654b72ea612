//! The handlers of the generated routes: accounts, sessions, devices, the change stream and the sync configuration.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::response::{IntoResponse, Response};
use http::request::Parts;
use stronglog_sync::api::Timestamp;
use stronglog_sync::api::operations::{
    ChangePassword, ChangePasswordResponse, DeleteAccount, DeleteAccountResponse, GetAccount, GetAccountResponse, GetAccountUsage,
    GetAccountUsageResponse, GetSyncConfig, GetSyncConfigResponse, ListDevices, ListDevicesResponse, Login, LoginResponse, Logout,
    LogoutResponse, MakeRecoveryCode, MakeRecoveryCodeResponse, RecoverAccount, RecoverAccountResponse, RefreshTokens,
    RefreshTokensResponse, Register, RegisterResponse, RenameDevice, RenameDeviceResponse, RevokeDevice, RevokeDeviceResponse,
    StreamChanges,
};
use stronglog_sync::api::runtime::http::{Outcome, Reply};
use stronglog_sync::api::server::Api;
use stronglog_sync::api::{
    self, ContractVersion, ContractVersions, Email, Epoch, Id, Limits, Name, Platform, RefreshToken, Revision, SyncConfig, TokenPair,
};
use stronglog_sync::record::RECORD_BYTES_MAX;
use tokio::time::timeout;
use uuid::Uuid;

use super::CHECK_TIME_MAX;
use super::address::address;
use super::edge::OLDEST_VERSION;
use super::stream;
use crate::app::{App, new_id};
use crate::auth::limits::{Who, network, site};
use crate::auth::passwords::PasswordMatch;
use crate::auth::tokens::{ACCESS_SECS, Caller, REFRESH_MS, Refresh};
use crate::clock::now_ms;
use crate::fair_semaphore::UNAUTHENTICATED;
use crate::feed::{BATCH_BYTES_MAX, BATCH_CHANGES_MAX, CLOCK_SKEW_MAX_MS, PAGE_BYTES_MAX, PAGE_CHANGES_MAX};
use crate::problem::{Failure, usage};
use crate::store::StoreError;
use crate::store::accounts::{Account, Created, Exchange, Session, SessionKey, SignedIn};
use crate::store::database::Database;
use crate::store::prefetch::Prefetch;

/// Implements the generated trait. Operations on records are served by `http/records.rs`.
pub struct Handlers(pub Arc<App>);

impl Api for Handlers {
    async fn register(&self, parts: Parts, call: Register) -> Reply<RegisterResponse> {
        reply(self.create(&parts, call).await, RegisterResponse::Created)
    }

    async fn login(&self, parts: Parts, call: Login) -> Reply<LoginResponse> {
        reply(self.sign_in(&parts, call).await, LoginResponse::Ok)
    }

    async fn refresh_tokens(&self, parts: Parts, call: RefreshTokens) -> Reply<RefreshTokensResponse> {
        reply(self.exchange(&parts, call.body.refresh_token.0).await, RefreshTokensResponse::Ok)
    }

    async fn logout(&self, parts: Parts, call: Logout) -> Reply<LogoutResponse> {
        reply(self.sign_out(&parts, call.body.all_devices == Some(true)).await, |()| LogoutResponse::NoContent)
    }

    async fn change_password(&self, parts: Parts, call: ChangePassword) -> Reply<ChangePasswordResponse> {
        reply(self.set_password(&parts, call).await, |()| ChangePasswordResponse::NoContent)
    }

    async fn recover_account(&self, parts: Parts, call: RecoverAccount) -> Reply<RecoverAccountResponse> {
        reply(self.recover(&parts, call).await, |()| RecoverAccountResponse::NoContent)
    }

    async fn make_recovery_code(&self, parts: Parts, call: MakeRecoveryCode) -> Reply<MakeRecoveryCodeResponse> {
        reply(self.recovery_code(&parts, call.body.password.0).await, MakeRecoveryCodeResponse::Ok)
    }

    async fn list_devices(&self, parts: Parts, _: ListDevices) -> Reply<ListDevicesResponse> {
        reply(self.devices(&parts).await, ListDevicesResponse::Ok)
    }

    async fn rename_device(&self, parts: Parts, call: RenameDevice) -> Reply<RenameDeviceResponse> {
        reply(self.rename(&parts, call).await, |()| RenameDeviceResponse::NoContent)
    }

    async fn revoke_device(&self, parts: Parts, call: RevokeDevice) -> Reply<RevokeDeviceResponse> {
        reply(self.revoke(&parts, &call.id).await, |()| RevokeDeviceResponse::NoContent)
    }

    async fn get_account(&self, parts: Parts, _: GetAccount) -> Reply<GetAccountResponse> {
        reply(self.account(&parts).await, GetAccountResponse::Ok)
    }

    async fn get_account_usage(&self, parts: Parts, _: GetAccountUsage) -> Reply<GetAccountUsageResponse> {
        reply(self.usage(&parts).await, GetAccountUsageResponse::Ok)
    }

    async fn delete_account(&self, parts: Parts, call: DeleteAccount) -> Reply<DeleteAccountResponse> {
        reply(self.erase(&parts, call.body.password.0).await, |()| DeleteAccountResponse::NoContent)
    }

    async fn get_sync_config(&self, _: Parts, _: GetSyncConfig) -> Reply<GetSyncConfigResponse> {
        reply(self.limits().await, GetSyncConfigResponse::Ok)
    }

    async fn stream_changes(&self, parts: Parts, _: StreamChanges) -> Response {
        let stream = async { stream::open(&self.0, caller(&parts)?).await };
        stream.await.unwrap_or_else(IntoResponse::into_response)
    }
}

/// A password or a recovery code from a request, and the stored hash.
pub(super) struct Secret {
    pub email: Email,
    pub given: String,
    pub hash: fn(Account) -> Option<String>,
}

impl Handlers {
    async fn create(&self, parts: &Parts, call: Register) -> Result<TokenPair, Failure> {
        let app = &self.0;
        if app.config().closed {
            return Err(Failure::closed());
        }
        let network = self.attempt(parts)?;
        let password_hash = app.passwords.hash(call.body.password.0).await?;
        let now = now_ms();
        let account = Account {
            user: new_id(),
            email: call.body.email.0.to_lowercase(),
            password_hash,
            recovery_hash: None,
            created_at: now,
            is_disabled: false,
        };
        let session = new_session(account.user, call.body.device_name, call.body.platform, now);
        match app.store.register(account, session.clone()).await? {
            Created::EmailTaken => return Err(Failure::email_taken()),
            Created::New => app.limits.learn(session.user, network),
        }
        self.pair(&session, session.generation)
    }

    async fn sign_in(&self, parts: &Parts, call: Login) -> Result<TokenPair, Failure> {
        let app = &self.0;
        let secret = Secret { email: call.body.email, given: call.body.password.0, hash: |account| Some(account.password_hash) };
        let (network, known) = self.check(parts, secret).await?;
        let (user, hash) = known.ok_or_else(Failure::wrong_credentials)?;
        app.limits.learn(user, network);
        let session = new_session(user, call.body.device_name, call.body.platform, now_ms());
        // The account may have been erased, or its password changed, in the meantime.
        match app.store.sign_in(session.clone(), hash).await? {
            SignedIn::WrongPassword => Err(Failure::wrong_credentials()),
            SignedIn::Disabled => Err(Failure::disabled()),
            SignedIn::Begun => self.pair(&session, session.generation),
        }
    }

    /// Verifies a password or recovery code, subject to the rate limits. Returns the caller's network, and the account and the hash if the
    /// secret is right. The check takes the same time if there is no such account.
    pub(super) async fn check(&self, parts: &Parts, secret: Secret) -> Result<(IpAddr, Option<(Uuid, String)>), Failure> {
        let app = &self.0;
        let network = self.attempt(parts)?;
        let email = secret.email.0.to_lowercase();
        let (here, anywhere) = (Who::AccountFrom(email.clone(), network), Who::Account(email.clone()));
        app.limits.take(&here, Instant::now())?;
        let found = app.store.by_email(email).await?;
        let (user, hash) = found.map(|account| (account.user, (secret.hash)(account))).unzip();
        let (hash, counted) = (hash.flatten(), !user.is_some_and(|user| app.limits.knows(user, network)));
        if counted {
            app.limits.take(&anywhere, Instant::now())?;
        }
        let matched = app.passwords.verify(secret.given.clone(), hash.clone()).await?;
        if matched == PasswordMatch::Wrong {
            return Ok((network, None));
        }
        app.limits.give_back(&here);
        if counted {
            app.limits.give_back(&anywhere);
        }
        let renewed = match (matched, user, &hash) {
            (PasswordMatch::RightAsTyped, Some(user), Some(hash)) => self.renew(user, hash, secret.given).await?,
            _ => hash,
        };
        Ok((network, user.zip(renewed)))
    }

    /// Replaces a hash from before passwords were normalized, and returns the current hash.
    async fn renew(&self, user: Uuid, before: &str, password: String) -> Result<Option<String>, Failure> {
        let hash = self.0.passwords.hash(password).await?;
        self.0.store.renew_hash(user, before.to_owned(), hash.clone()).await?;
        Ok(Some(hash))
    }

    /// Exchanges a refresh token. The newest token is rotated. The previous token gets the same response until the newest one is used,
    /// because the first response may have been lost. An older token counts as stolen, and its session is revoked. A newer token is from
    /// before the database went back in time, and becomes the newest.
    async fn exchange(&self, parts: &Parts, text: String) -> Result<TokenPair, Failure> {
        let network = self.network(parts);
        let token = self.genuine(&text, network).await?;
        let (app, now, user) = (Arc::clone(&self.0), now_ms(), token.user);
        let key = SessionKey { user, session: token.session };
        let decide = move |session: &Session, is_live: bool| {
            let age = now.saturating_sub(session.rotated_at);
            let next = token.generation.saturating_add(1);
            match () {
                () if !app.tokens.is_genuine(&token, session) => (Exchange::Keep, Err(Failure::unauthorized())),
                () if !is_live => (Exchange::Keep, Err(Failure::token_revoked())),
                () if age > REFRESH_MS && !app.clock.has_jumped(now) => (Exchange::Keep, Err(Failure::token_expired())),
                () if token.generation >= session.generation => (Exchange::Rotate(next), Ok((session.clone(), next))),
                () if next == session.generation => (Exchange::Keep, Ok((session.clone(), next))),
                () => (Exchange::Revoke, Err(Failure::token_revoked())),
            }
        };
        let exchanged = self.0.store.exchange(key, now, decide).await?.unwrap_or_else(|| Err(Failure::unauthorized()));
        if exchanged.is_err() {
            self.0.end_sessions(user).await?;
        }
        let (session, generation) = exchanged?;
        self.0.limits.learn(user, network);
        self.pair(&session, generation)
    }

    /// Parses a refresh token, and returns it if this server issued it. It takes an attempt before it asks the database, and returns the
    /// attempt if the token is genuine, so that forged tokens do not keep the database busy.
    async fn genuine(&self, text: &str, network: IpAddr) -> Result<Refresh, Failure> {
        let limits = &self.0.limits;
        let token = Refresh::parse(text);
        let known = token.as_ref().map(|token| token.user).filter(|user| limits.knows(*user, network));
        let taken = match known {
            Some(user) => vec![Who::RefreshOf(user, network)],
            None => [Who::Refresh(network)].into_iter().chain(site(network).map(Who::RefreshSite)).collect(),
        };
        taken.iter().try_for_each(|who| limits.take(who, Instant::now()))?;
        let token = token.ok_or_else(Failure::unauthorized)?;
        let key = SessionKey { user: token.user, session: token.session };
        let session = self.0.store.session(key, known.unwrap_or(UNAUTHENTICATED)).await?;
        if !session.is_some_and(|session| self.0.tokens.is_genuine(&token, &session)) {
            return Err(Failure::unauthorized());
        }
        taken.iter().for_each(|who| limits.give_back(who));
        Ok(token)
    }

    async fn sign_out(&self, parts: &Parts, all_devices: bool) -> Result<(), Failure> {
        let caller = caller(parts)?;
        if all_devices {
            self.0.store.revoke_all(caller.key()).await?;
        } else {
            self.0.store.revoke(caller.key(), caller.session).await?;
        }
        Ok(self.0.end_sessions(caller.user).await?)
    }

    async fn set_password(&self, parts: &Parts, call: ChangePassword) -> Result<(), Failure> {
        let caller = caller(parts)?;
        self.confirm(parts, caller, call.body.current_password.0).await?;
        let hash = self.0.passwords.hash(call.body.new_password.0).await?;
        self.0.store.set_password(caller.key(), hash).await?;
        Ok(self.0.end_sessions(caller.user).await?)
    }

    async fn account(&self, parts: &Parts) -> Result<api::Account, Failure> {
        let caller = caller(parts)?;
        let account = self.0.store.account(caller.key()).await?;
        let head = self.0.read(caller, Prefetch::default(), |records| Ok(records.head()?)).await?;
        Ok(api::Account {
            user_id: Id(caller.user.to_string()),
            email: Email(account.email),
            created_at: Timestamp(account.created_at),
            record_count: signed(head.usage.records),
            bytes: signed(head.usage.bytes),
            user_rev: Revision(signed(head.rev)),
        })
    }

    async fn usage(&self, parts: &Parts) -> Result<api::AccountUsage, Failure> {
        let head = self.0.read(caller(parts)?, Prefetch::default(), |records| Ok(records.head()?)).await?;
        Ok(usage(head.usage, head.quota))
    }

    async fn erase(&self, parts: &Parts, password: String) -> Result<(), Failure> {
        let caller = caller(parts)?;
        self.confirm(parts, caller, password).await?;
        self.0.store.erase(caller.user).await?;
        let store = Arc::clone(&self.0.store);
        tokio::spawn(async move { finish_erasing(&store).await });
        Ok(self.0.end_sessions(caller.user).await?)
    }

    async fn limits(&self) -> Result<SyncConfig, Failure> {
        let read = async {
            let epoch = timeout(CHECK_TIME_MAX, self.0.store.epoch()).await;
            Ok::<_, Failure>(epoch.unwrap_or_else(|_| Err(StoreError::busy()))?)
        };
        let epoch = self.0.epoch.get(read).await?;
        let most = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
        let [min, max] = [OLDEST_VERSION, self.0.config().contract.contract.version].map(|version| ContractVersion(version.to_owned()));
        Ok(SyncConfig {
            server_time: Timestamp(now_ms()),
            limits: Limits {
                page_changes_max: most(PAGE_CHANGES_MAX),
                page_bytes_max: most(PAGE_BYTES_MAX),
                batch_changes_max: most(BATCH_CHANGES_MAX),
                batch_bytes_max: most(BATCH_BYTES_MAX),
                record_bytes_max: most(RECORD_BYTES_MAX),
            },
            tombstone_retention_days: i64::from(self.0.config().tombstone_days),
            clock_skew_max_ms: CLOCK_SKEW_MAX_MS,
            contract_versions: ContractVersions { min, max },
            epoch: Epoch(epoch),
        })
    }

    fn network(&self, parts: &Parts) -> IpAddr {
        network(address(parts, &self.0.config()))
    }

    /// Takes an attempt from the limit of the caller's network, and returns the network.
    fn attempt(&self, parts: &Parts) -> Result<IpAddr, Failure> {
        let network = self.network(parts);
        self.0.limits.take(&Who::Network(network), Instant::now())?;
        if let Some(site) = site(network) {
            self.0.limits.take(&Who::Site(site), Instant::now())?;
        }
        Ok(network)
    }

    /// Confirms a request with the account's password.
    pub(super) async fn confirm(&self, parts: &Parts, caller: Caller, password: String) -> Result<(), Failure> {
        let network = self.attempt(parts)?;
        let account = self.0.store.account(caller.key()).await?;
        // The holder of a stolen access token may guess from many networks.
        let from_elsewhere = (!self.0.limits.knows(caller.user, network)).then(|| Who::Account(account.email.clone()));
        let taken: Vec<Who> = from_elsewhere.into_iter().chain([Who::AccountFrom(account.email, network)]).collect();
        taken.iter().try_for_each(|who| self.0.limits.take(who, Instant::now()))?;
        if self.0.passwords.verify(password, Some(account.password_hash)).await? == PasswordMatch::Wrong {
            return Err(Failure::wrong_password());
        }
        taken.iter().for_each(|who| self.0.limits.give_back(who));
        Ok(())
    }

    /// Issues the tokens of a session; the refresh token has this number.
    fn pair(&self, session: &Session, generation: u32) -> Result<TokenPair, Failure> {
        Ok(TokenPair {
            access_token: self.0.tokens.access(session.user, session.id, now_ms())?,
            refresh_token: RefreshToken(self.0.tokens.refresh(session, generation)),
            expires_in_secs: ACCESS_SECS,
            user_id: Id(session.user.to_string()),
        })
    }
}

/// Erases the data of erased accounts. After a failure, the next start or the next erased account tries again.
pub async fn finish_erasing(store: &Database) {
    match store.finish_erasing().await {
        Ok(()) => {}
        Err(error) => tracing::error!(%error, "the data of erased accounts is not all erased yet"),
    }
}

/// The characters that set the direction of text.
const DIRECTIONS: [char; 12] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
    '\u{2069}',
];

/// A name in its stored form. Replaces characters that a list cannot show, that change the direction of other text, or that Postgres cannot
/// store (U+0000). The length stays the same.
pub fn plain(name: &str) -> String {
    name.replace(|letter: char| letter.is_control() || DIRECTIONS.contains(&letter), "\u{fffd}")
}

fn new_session(user: Uuid, device_name: Option<Name>, platform: Option<Platform>, now: i64) -> Session {
    let (id, salt) = (Uuid::from_u128(rand::random()), rand::random());
    let (device_name, platform) = (device_name.map(|name| plain(&name.0)), platform.map(|platform| plain(&platform.0)));
    Session { user, id, device_name, platform, salt, generation: 1, rotated_at: now, created_at: now }
}

/// Returns the caller, which the authentication layer has added to the request's extensions.
pub(super) fn caller(parts: &Parts) -> Result<Caller, Failure> {
    parts.extensions.get::<Caller>().copied().ok_or_else(Failure::unauthorized)
}

fn reply<T, R: Outcome>(result: Result<T, Failure>, success: impl FnOnce(T) -> R) -> Reply<R> {
    match result {
        Ok(value) => success(value).into(),
        Err(failure) => failure.reply(),
    }
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
