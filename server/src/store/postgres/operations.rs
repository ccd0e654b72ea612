//! The operations on accounts, sessions and devices. The counterpart for SQLite is `store/sqlite/operations.rs`.

use tokio_postgres::types::Type;
use uuid::Uuid;

use super::Store;
use super::connect::SCAN_TIME_MAX;
use super::convert::{number, signed};
use super::link::{Link, Parameter};
use super::rows::{account, answered, device, is_true, nothing, one, session};
use crate::fair_semaphore::{SERVER, UNAUTHENTICATED};
use crate::store::StoreError;
use crate::store::accounts::{
    Account, Created, Denied, Device, DeviceActivity, Exchange, MissedNotifications, Population, SESSIONS_MAX, Session, SessionKey,
    SignedIn,
};
use crate::store::collections::{Collections, unknown};

/// The columns that [`account`] reads.
const ACCOUNT: &str = "SELECT user_id, email, password_hash, recovery_hash, created_at, disabled FROM users";

/// Whether the session `$2` of the user `$1` is live (R26).
const IS_LIVE: &str =
    "EXISTS (SELECT FROM sessions JOIN users USING (user_id) WHERE user_id = $1 AND session_id = $2 AND NOT revoked AND NOT disabled)";

/// Above this number of rows, the numbers of accounts and sessions are estimates.
const COUNTED_MAX: i64 = 100_000;

impl Store {
    pub async fn register(&self, account: Account, session: Session) -> Result<Created, StoreError> {
        let transaction = self.begin(UNAUTHENTICATED).await?;
        let sql = "WITH created AS (
                INSERT INTO users (user_id, email, password_hash, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (email) DO NOTHING RETURNING user_id
            )
            INSERT INTO heads (user_id) SELECT user_id FROM created";
        let parameters: [Parameter<'_>; 4] = [
            (&account.user, Type::UUID),
            (&account.email, Type::TEXT),
            (&account.password_hash, Type::TEXT),
            (&account.created_at, Type::INT8),
        ];
        if transaction.link().execute_typed(sql, &parameters).await? == 0 {
            return Ok(Created::EmailTaken);
        }
        begin_session(transaction.link(), &session).await?;
        transaction.commit().await?;
        Ok(Created::New)
    }

    pub async fn by_email(&self, email: String) -> Result<Option<Account>, StoreError> {
        let rows = self.query(UNAUTHENTICATED, &format!("{ACCOUNT} WHERE email = $1"), &[(&email, Type::TEXT)]).await?;
        rows.first().map(account).transpose()
    }

    pub async fn sign_in(&self, session: Session, password_hash: String) -> Result<SignedIn, StoreError> {
        let transaction = self.begin(session.user).await?;
        // Under the lock, so that a password change in the meantime ends this session too.
        let sql = "SELECT disabled FROM users WHERE user_id = $1 AND password_hash = $2 AND NOT erasing FOR SHARE";
        let found = transaction.link().query_typed_opt(sql, &[(&session.user, Type::UUID), (&password_hash, Type::TEXT)]).await?;
        let Some(row) = found else { return Ok(SignedIn::WrongPassword) };
        if row.try_get(0)? {
            return Ok(SignedIn::Disabled);
        }
        begin_session(transaction.link(), &session).await?;
        transaction.commit().await?;
        Ok(SignedIn::Begun)
    }

    pub async fn account(&self, key: SessionKey) -> Result<Account, Denied> {
        let sql = format!("{ACCOUNT} WHERE user_id = $1 AND NOT erasing AND {IS_LIVE}");
        let rows = self.query(key.user, &sql, &of(&key)).await?;
        Ok(account(rows.first().ok_or(Denied::SessionEnded)?)?)
    }

    pub async fn renew_hash(&self, user: Uuid, before: String, after: String) -> Result<(), StoreError> {
        let sql = "UPDATE users SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2 AND NOT erasing";
        self.change(user, sql, &[(&user, Type::UUID), (&before, Type::TEXT), (&after, Type::TEXT)]).await.map(drop)
    }

    pub async fn set_password(&self, key: SessionKey, password_hash: String) -> Result<(), Denied> {
        let transaction = self.begin(key.user).await?;
        let sql = format!("UPDATE users SET password_hash = $3, recovery_hash = NULL WHERE user_id = $1 AND {IS_LIVE}");
        let [user, session] = of(&key);
        let changed = transaction.link().execute_typed(&sql, &[user, session, (&password_hash, Type::TEXT)]).await?;
        if changed == 0 {
            return Err(Denied::SessionEnded);
        }
        revoke_all(transaction.link(), key.user, Some(key.session)).await?;
        Ok(transaction.commit().await?)
    }

    pub async fn set_recovery(&self, key: SessionKey, recovery_hash: String) -> Result<(), Denied> {
        let sql = format!("UPDATE users SET recovery_hash = $3 WHERE user_id = $1 AND {IS_LIVE} RETURNING user_id");
        let [user, session] = of(&key);
        let changed = self.change(key.user, &sql, &[user, session, (&recovery_hash, Type::TEXT)]).await?;
        if changed.is_empty() { Err(Denied::SessionEnded) } else { Ok(()) }
    }

    pub async fn recover(&self, user: Uuid, recovery_hash: String, password_hash: String) -> Result<bool, StoreError> {
        let transaction = self.begin(user).await?;
        let sql = "UPDATE users SET password_hash = $3, recovery_hash = NULL WHERE user_id = $1 AND recovery_hash = $2 AND NOT erasing";
        let spent = &[(&user as _, Type::UUID), (&recovery_hash as _, Type::TEXT), (&password_hash as _, Type::TEXT)];
        if transaction.link().execute_typed(sql, spent).await? == 0 {
            return Ok(false);
        }
        revoke_all(transaction.link(), user, None).await?;
        transaction.commit().await?;
        Ok(true)
    }

    pub async fn session(&self, key: SessionKey, turn: Uuid) -> Result<Option<Session>, StoreError> {
        Ok(self.session_and_state(key, turn).await?.map(|(session, _)| session))
    }

    async fn session_and_state(&self, key: SessionKey, turn: Uuid) -> Result<Option<(Session, bool)>, StoreError> {
        let sql = format!(
            "SELECT device_name, platform, salt, generation, rotated_at, created_at, {IS_LIVE} FROM sessions WHERE user_id = $1 AND session_id = $2"
        );
        let rows = self.query(turn, &sql, &of(&key)).await?;
        rows.first().map(|row| Ok((session(key, row)?, row.try_get(6)?))).transpose()
    }

    pub async fn exchange<T>(
        &self,
        key: SessionKey,
        now_ms: i64,
        decide: impl Fn(&Session, bool) -> (Exchange, T),
    ) -> Result<Option<T>, StoreError> {
        loop {
            let Some((session, is_live)) = self.session_and_state(key, key.user).await? else { return Ok(None) };
            let (exchange, value) = decide(&session, is_live);
            let (change, next) = match exchange {
                Exchange::Keep => return Ok(Some(value)),
                Exchange::Rotate(next) => ("generation = $5, rotated_at = $4", i64::from(next)),
                Exchange::Revoke => ("revoked = true", 0),
            };
            let unchanged = "user_id = $1 AND session_id = $2 AND generation = $3 AND NOT revoked";
            let sql = format!("UPDATE sessions SET {change} WHERE {unchanged} RETURNING user_id");
            let (generation, [user, id]) = (i64::from(session.generation), of(&key));
            // If another request has changed the session in the meantime, the decision runs again.
            if !self
                .change(key.user, &sql, &[user, id, (&generation, Type::INT8), (&now_ms, Type::INT8), (&next, Type::INT8)])
                .await?
                .is_empty()
            {
                return Ok(Some(value));
            }
        }
    }

    pub async fn admit(&self, key: SessionKey) -> Result<(), Denied> {
        let rows = self.query(key.session, &format!("SELECT {IS_LIVE}"), &of(&key)).await?;
        if is_true(&rows)? { Ok(()) } else { Err(Denied::SessionEnded) }
    }

    pub async fn revoke(&self, key: SessionKey, session: Uuid) -> Result<bool, Denied> {
        let sql = format!(
            "WITH ended AS (
                UPDATE sessions SET revoked = true WHERE user_id = $1 AND session_id = $3 AND NOT revoked AND {IS_LIVE} RETURNING user_id
            )
            SELECT {IS_LIVE}, EXISTS (SELECT FROM ended)"
        );
        let [user, own] = of(&key);
        let rows = self.change(key.user, &sql, &[user, own, (&session, Type::UUID)]).await?;
        answered(&rows)
    }

    pub async fn revoke_all(&self, key: SessionKey) -> Result<(), Denied> {
        let sql = format!(
            "WITH ended AS (UPDATE sessions SET revoked = true WHERE user_id = $1 AND NOT revoked AND {IS_LIVE} RETURNING user_id)
            SELECT {IS_LIVE}, EXISTS (SELECT FROM ended)"
        );
        answered(&self.change(key.user, &sql, &of(&key)).await?).map(drop)
    }

    pub async fn devices(&self, key: SessionKey) -> Result<Vec<Device>, Denied> {
        // The list includes the session itself, if it is live.
        let sql = format!(
            "SELECT session_id, device_name, platform, created_at, seen_at, synced_at, synced_rev
            FROM sessions WHERE user_id = $1 AND NOT revoked AND {IS_LIVE}"
        );
        let rows = self.query(key.user, &sql, &of(&key)).await?;
        if rows.is_empty() {
            return Err(Denied::SessionEnded);
        }
        Ok(rows.iter().map(device).collect::<Result<_, _>>()?)
    }

    pub async fn rename_device(&self, key: SessionKey, session: Uuid, name: String) -> Result<bool, Denied> {
        let sql = format!(
            "WITH renamed AS (
                UPDATE sessions SET device_name = $4 WHERE user_id = $1 AND session_id = $3 AND NOT revoked AND {IS_LIVE} RETURNING user_id
            )
            SELECT {IS_LIVE}, EXISTS (SELECT FROM renamed)"
        );
        let [user, own] = of(&key);
        let rows = self.change(key.user, &sql, &[user, own, (&session, Type::UUID), (&name, Type::TEXT)]).await?;
        answered(&rows)
    }

    pub async fn record_activity(&self, news: Vec<(SessionKey, DeviceActivity)>) -> Result<(), StoreError> {
        // Always in the same order, so that two servers do not wait for each other.
        let mut news = news;
        news.sort_by_key(|(key, _)| (key.user, key.session));
        let (keys, activity): (Vec<_>, Vec<_>) = news.into_iter().unzip();
        let (users, sessions) = columns(&keys);
        let seen: Vec<i64> = activity.iter().map(|activity| activity.seen_at).collect();
        let synced_at: Vec<Option<i64>> = activity.iter().map(|activity| activity.synced.map(|(at, _)| at)).collect();
        let synced_rev = activity.iter().map(|activity| activity.synced.map(|(_, rev)| signed(rev)).transpose());
        let synced_rev = synced_rev.collect::<Result<Vec<_>, _>>()?;
        let sql = "UPDATE sessions SET seen_at = greatest(sessions.seen_at, new.seen_at),
                synced_at = coalesce(new.synced_at, sessions.synced_at), synced_rev = coalesce(new.synced_rev, sessions.synced_rev)
            FROM unnest($1, $2, $3, $4, $5) AS new (user_id, session_id, seen_at, synced_at, synced_rev)
            WHERE sessions.user_id = new.user_id AND sessions.session_id = new.session_id";
        let parameters: [Parameter<'_>; 5] = [
            (&users, Type::UUID_ARRAY),
            (&sessions, Type::UUID_ARRAY),
            (&seen, Type::INT8_ARRAY),
            (&synced_at, Type::INT8_ARRAY),
            (&synced_rev, Type::INT8_ARRAY),
        ];
        self.change(SERVER, sql, &parameters).await.map(drop)
    }

    pub async fn ended(&self, sessions: Vec<SessionKey>) -> Result<Vec<SessionKey>, StoreError> {
        Ok(self.ask(sessions).await?.ended)
    }

    pub async fn missed_notifications(&self, open: Vec<SessionKey>) -> Result<MissedNotifications, StoreError> {
        if self.is_time_to_ask() { self.ask(open).await } else { Ok(MissedNotifications::default()) }
    }

    async fn ask(&self, open: Vec<SessionKey>) -> Result<MissedNotifications, StoreError> {
        if open.is_empty() {
            return Ok(MissedNotifications::default());
        }
        let (users, sessions) = columns(&open);
        let sql = "SELECT open.user_id, open.session_id, heads.rev, EXISTS (
                SELECT FROM sessions JOIN users USING (user_id)
                WHERE sessions.user_id = open.user_id AND sessions.session_id = open.session_id AND NOT revoked AND NOT disabled
            )
            FROM unnest($1, $2) AS open (user_id, session_id) LEFT JOIN heads USING (user_id)";
        let mut news = MissedNotifications::default();
        for row in self.query(SERVER, sql, &[(&users, Type::UUID_ARRAY), (&sessions, Type::UUID_ARRAY)]).await? {
            let key = SessionKey { user: row.try_get(0)?, session: row.try_get(1)? };
            match (row.try_get::<_, Option<i64>>(2)?, row.try_get(3)?) {
                (Some(rev), true) => news.revisions.push((key.user, number(rev)?)),
                _ => news.ended.push(key),
            }
        }
        Ok(news)
    }

    pub async fn epoch(&self) -> Result<String, StoreError> {
        one(&self.query(SERVER, "SELECT epoch FROM server", &[]).await?)
    }

    pub async fn adopt(&self, collections: Collections) -> Result<(), StoreError> {
        check_collections(&*self.connection(SERVER).await?, &collections).await?;
        let text = collections.text();
        let sql = "UPDATE server SET collections = $1 WHERE collections IS DISTINCT FROM $1";
        self.change(SERVER, sql, &[(&text, Type::TEXT)]).await.map(drop)
    }

    pub async fn seen_at(&self) -> Result<i64, StoreError> {
        one(&self.query(SERVER, "SELECT seen_at FROM server", &[]).await?)
    }

    pub async fn note_time(&self, now_ms: i64) -> Result<(), StoreError> {
        self.change(SERVER, "UPDATE server SET seen_at = $1", &[(&now_ms, Type::INT8)]).await.map(drop)
    }

    /// Each server writes its own row, so that none waits for another.
    pub async fn check(&self) -> Result<(), StoreError> {
        let sql = "INSERT INTO leases (name, holder, expires_at) VALUES ('check ' || $1::text, $1, now())
            ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at";
        self.connections.take_to_write(SERVER).await?.execute_typed(sql, &[(&self.server, Type::UUID)]).await.map(drop)
    }

    pub async fn population(&self, since_ms: i64) -> Result<Population, StoreError> {
        // Counting millions of rows for each scrape would cost more than everything else.
        let sql = "SELECT
                CASE WHEN (SELECT reltuples FROM pg_class WHERE oid = 'users'::regclass) > $2
                    THEN (SELECT reltuples::bigint FROM pg_class WHERE oid = 'users'::regclass) ELSE (SELECT count(*) FROM users) END,
                CASE WHEN (SELECT reltuples FROM pg_class WHERE oid = 'sessions'::regclass) > $2
                    THEN (SELECT reltuples::bigint FROM pg_class WHERE oid = 'sessions'::regclass)
                    ELSE (SELECT count(*) FROM sessions WHERE NOT revoked AND rotated_at >= $1) END";
        let rows = self.query(SERVER, sql, &[(&since_ms, Type::INT8), (&COUNTED_MAX, Type::INT8)]).await?;
        let row = rows.first().ok_or_else(nothing)?;
        Ok(Population { accounts: number(row.try_get(0)?)?, sessions: number(row.try_get(1)?)?, backed_up_at: None })
    }
}

/// Checks that no record belongs to another collection. If the database has not recorded its collections, this reads all records.
pub async fn check_collections(link: &Link, collections: &Collections) -> Result<(), StoreError> {
    let remembered: Option<String> = link.query_typed_one("SELECT collections FROM server", &[]).await?.try_get(0)?;
    if collections.include(remembered.as_deref()) {
        return Ok(());
    }
    let (sql, paths) = ("SELECT collection FROM records WHERE collection <> ALL($1) LIMIT 1", collections.paths());
    let found = link.query_within(SCAN_TIME_MAX, sql, &[(&paths, Type::TEXT_ARRAY)]).await?;
    found.first().map_or(Ok(()), |row| Err(unknown(row.try_get(0)?)))
}

/// The parameters `$1` and `$2` of a statement about a session.
fn of(key: &SessionKey) -> [Parameter<'_>; 2] {
    [(&key.user, Type::UUID), (&key.session, Type::UUID)]
}

fn columns(keys: &[SessionKey]) -> (Vec<Uuid>, Vec<Uuid>) {
    keys.iter().map(|key| (key.user, key.session)).unzip()
}

async fn begin_session(link: &Link, session: &Session) -> Result<(), StoreError> {
    // Ended sessions make room first, and then the least recently used ones.
    let sql = "DELETE FROM sessions WHERE user_id = $1 AND session_id IN (
            SELECT session_id FROM sessions WHERE user_id = $1 ORDER BY revoked, rotated_at DESC, session_id OFFSET $2
        )";
    link.execute_typed(sql, &[(&session.user, Type::UUID), (&(SESSIONS_MAX - 1), Type::INT8)]).await?;
    let sql = "INSERT INTO sessions (user_id, session_id, device_name, platform, salt, generation, rotated_at, created_at, seen_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    let Session { user, id, device_name, platform, salt, generation, rotated_at, created_at } = session;
    let (salt, generation) = (salt.as_slice(), i64::from(*generation));
    let parameters: [Parameter<'_>; 8] = [
        (user, Type::UUID),
        (id, Type::UUID),
        (device_name, Type::TEXT),
        (platform, Type::TEXT),
        (&salt, Type::BYTEA),
        (&generation, Type::INT8),
        (rotated_at, Type::INT8),
        (created_at, Type::INT8),
    ];
    link.execute_typed(sql, &parameters).await?;
    Ok(())
}

/// Ends all sessions of an account except one, including sessions begun before the account's row was locked.
pub async fn revoke_all(link: &Link, user: Uuid, kept: Option<Uuid>) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET revoked = true WHERE user_id = $1 AND session_id IS DISTINCT FROM $2 AND NOT revoked";
    link.execute_typed(sql, &[(&user, Type::UUID), (&kept, Type::UUID)]).await?;
    Ok(())
}
