//! The operations on accounts, sessions and devices, and the server's chores. The counterpart for SQLite is `store/sqlite/operations.rs`.

use stronglog_sync::digest::Digest;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::Store;
use super::connect::SCAN_TIME_MAX;
use super::convert::{number, signed};
use super::link::Link;
use super::rows::{account, answered, device, is_true, nothing, one, session};
use crate::places::{SERVER, STRANGERS};
use crate::store::accounts::{
    Account, Created, Denied, Device, DeviceActivity, Exchange, Live, MissedNotifications, Population, SESSIONS_MAX, Session, SessionKey,
    SignedIn,
};
use crate::store::collections::{Collections, unknown};
use crate::store::{PURGED_AT_ONCE, StoreError};

/// The columns that [`account`] reads.
const ACCOUNT: &str = "SELECT user_id, email, password_hash, recovery_hash, created_at, disabled FROM users";

/// Whether the session `$2` of the user `$1` is live (R26).
const IS_LIVE: &str =
    "EXISTS (SELECT FROM sessions JOIN users USING (user_id) WHERE user_id = $1 AND session_id = $2 AND NOT revoked AND NOT disabled)";

/// The number of records of an account that one step erases.
const ERASED_AT_ONCE: i64 = 500;
/// Above this number of rows, the numbers of accounts and sessions are estimates.
const COUNTED_MAX: i64 = 100_000;
/// How long a server's lease on a chore lasts: less than the day after which the chore is due again.
const CHORE_SECS: i64 = 20 * 3_600;
const DAY_MS: i64 = 86_400_000;

impl Store {
    pub async fn register(&self, account: Account, session: Session) -> Result<Created, StoreError> {
        let transaction = self.begin(STRANGERS).await?;
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
        let rows = self.query(STRANGERS, &format!("{ACCOUNT} WHERE email = $1"), &[(&email, Type::TEXT)]).await?;
        rows.first().map(account).transpose()
    }

    pub async fn sign_in(&self, session: Session, password_hash: String) -> Result<SignedIn, StoreError> {
        let transaction = self.begin(session.user).await?;
        // Under the lock, so that who changes the password meanwhile ends this session too.
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
        self.query(user, sql, &[(&user, Type::UUID), (&before, Type::TEXT), (&after, Type::TEXT)]).await.map(drop)
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
        let changed = self.query(key.user, &sql, &[user, session, (&recovery_hash, Type::TEXT)]).await?;
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
            // What another request has changed meanwhile is decided again.
            if !self
                .query(key.user, &sql, &[user, id, (&generation, Type::INT8), (&now_ms, Type::INT8), (&next, Type::INT8)])
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
        let rows = self.query(key.user, &sql, &[user, own, (&session, Type::UUID)]).await?;
        answered(&rows)
    }

    pub async fn revoke_all(&self, key: SessionKey) -> Result<(), Denied> {
        let sql = format!(
            "WITH ended AS (UPDATE sessions SET revoked = true WHERE user_id = $1 AND NOT revoked AND {IS_LIVE} RETURNING user_id)
            SELECT {IS_LIVE}, EXISTS (SELECT FROM ended)"
        );
        answered(&self.query(key.user, &sql, &of(&key)).await?).map(drop)
    }

    pub async fn devices(&self, key: SessionKey) -> Result<Vec<Device>, Denied> {
        // The session itself is among them, if it is live.
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
        let rows = self.query(key.user, &sql, &[user, own, (&session, Type::UUID), (&name, Type::TEXT)]).await?;
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
        self.query(SERVER, sql, &parameters).await.map(drop)
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

    pub async fn erase(&self, user: Uuid) -> Result<(), StoreError> {
        let transaction = self.begin(user).await?;
        let (link, user) = (transaction.link(), [(&user as _, Type::UUID)]);
        // Pushes that are under way end before, and later ones find no session.
        link.query_typed("SELECT FROM heads WHERE user_id = $1 FOR UPDATE", &user).await?;
        // No email address is like this.
        link.execute_typed("UPDATE users SET erasing = true, email = user_id::text, password_hash = '' WHERE user_id = $1", &user).await?;
        link.execute_typed("INSERT INTO erased (user_id) VALUES ($1) ON CONFLICT DO NOTHING", &user).await?;
        link.execute_typed("DELETE FROM sessions WHERE user_id = $1", &user).await?;
        transaction.commit().await
    }

    pub async fn finish_erasing(&self) -> Result<(), StoreError> {
        for row in self.query(SERVER, "SELECT user_id FROM users WHERE erasing", &[]).await? {
            let user: Uuid = row.try_get(0)?;
            while !self.erase_some(user).await? {}
        }
        Ok(())
    }

    /// Erases some of an account's rows, or the account itself once none is left. Returns whether the account is gone.
    pub async fn erase_some(&self, user: Uuid) -> Result<bool, StoreError> {
        let transaction = self.begin(user).await?;
        let link = transaction.link();
        // A push that is under way ends before, and leaves nothing behind.
        link.query_typed("SELECT FROM heads WHERE user_id = $1 FOR UPDATE", &[(&user, Type::UUID)]).await?;
        let mut left = ERASED_AT_ONCE;
        for (table, key) in [("records", "id"), ("boundaries", "rev")] {
            let sql =
                format!("DELETE FROM {table} WHERE user_id = $1 AND {key} IN (SELECT {key} FROM {table} WHERE user_id = $1 LIMIT $2)");
            let erased = link.execute_typed(&sql, &[(&user, Type::UUID), (&left, Type::INT8)]).await?;
            left = left.saturating_sub(signed(erased)?);
        }
        if left > 0 {
            for table in ["restores", "heads", "users"] {
                link.execute_typed(&format!("DELETE FROM {table} WHERE user_id = $1"), &[(&user, Type::UUID)]).await?;
            }
        }
        transaction.commit().await?;
        Ok(left > 0)
    }

    pub async fn without_digest(&self) -> Result<Vec<Uuid>, StoreError> {
        let rows = self.scan("SELECT user_id FROM heads WHERE digest IS NULL AND rev > 0", &[]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    pub async fn rev(&self, user: Uuid) -> Result<Option<u64>, StoreError> {
        let rows = self.query(SERVER, "SELECT rev FROM heads WHERE user_id = $1", &[(&user, Type::UUID)]).await?;
        rows.first().map(|row| number(row.try_get(0)?)).transpose()
    }

    pub async fn live_after(&self, user: Uuid, rev: u64, rows_max: usize) -> Result<Vec<Live>, StoreError> {
        let sql = "SELECT rev, collection, id FROM records WHERE user_id = $1 AND rev > $2 AND NOT deleted ORDER BY rev LIMIT $3";
        let (rev, rows_max) = (signed(rev)?, signed(rows_max as u64)?);
        let rows = self.query(SERVER, sql, &[(&user, Type::UUID), (&rev, Type::INT8), (&rows_max, Type::INT8)]).await?;
        rows.iter().map(|row| Ok(Live { rev: number(row.try_get(0)?)?, collection: row.try_get(1)?, id: row.try_get(2)? })).collect()
    }

    pub async fn set_digest(&self, user: Uuid, rev: u64, digest: Digest) -> Result<bool, StoreError> {
        let (rev, digest) = (signed(rev)?, digest.to_string());
        let sql = "UPDATE heads SET digest = $3 WHERE user_id = $1 AND rev = $2 RETURNING user_id";
        let set = self.query(SERVER, sql, &[(&user, Type::UUID), (&rev, Type::INT8), (&digest, Type::TEXT)]).await?;
        Ok(!set.is_empty())
    }

    /// Purges once a day, on one of the servers.
    pub async fn purge(&self, tombstone_days: u32, backup_days: u32, now_ms: i64) -> Result<u64, StoreError> {
        if !self.take_lease("purge").await? {
            return Ok(0);
        }
        self.purge_now(tombstone_days, backup_days, now_ms).await
    }

    /// Purges, even while another server does. The database may be restored to any moment of the last days, so only older deletions are purged.
    pub async fn purge_now(&self, tombstone_days: u32, backup_days: u32, now_ms: i64) -> Result<u64, StoreError> {
        let before = now_ms.saturating_sub(i64::from(tombstone_days.max(backup_days)) * DAY_MS);
        let sql = "SELECT DISTINCT user_id FROM records WHERE deleted AND server_updated_at < $1";
        let users = self.scan(sql, &[(&before, Type::INT8)]).await?;
        let (mut count, mut failed) = (0, None);
        for row in users {
            match self.purge_user(row.try_get(0)?, before).await {
                Ok(purged) => count += purged,
                Err(error) if error.is_silent() => return Err(error),
                // The others do not wait for an account that cannot be purged.
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(count), Err)
    }

    /// Purges the tombstones of an account in steps, between which others write.
    async fn purge_user(&self, user: Uuid, before: i64) -> Result<u64, StoreError> {
        let (mut count, mut from) = (0, i64::MIN);
        while let Some((purged, newest)) = self.purge_some(user, from, before).await? {
            (count, from) = (count + purged, newest);
        }
        Ok(count)
    }

    /// Purges the oldest tombstones of an account from a time on. Returns their number and the time of the newest, if there are any. What an
    /// earlier step deleted is still in the index, and is not read again.
    async fn purge_some(&self, user: Uuid, from: i64, before: i64) -> Result<Option<(u64, i64)>, StoreError> {
        let transaction = self.begin(SERVER).await?;
        transaction.link().query_typed("SELECT FROM heads WHERE user_id = $1 FOR UPDATE", &[(&user, Type::UUID)]).await?;
        let sql = "WITH gone AS (
                DELETE FROM records WHERE user_id = $1 AND id IN (
                    SELECT id FROM records WHERE user_id = $1 AND deleted AND server_updated_at >= $2 AND server_updated_at < $3
                    ORDER BY server_updated_at LIMIT $4
                ) RETURNING rev, server_updated_at
            ), purged AS (SELECT count(*) AS count, max(rev) AS highest_rev, max(server_updated_at) AS newest FROM gone)
            UPDATE heads SET tombstone_count = greatest(0, tombstone_count - count),
                purge_watermark = greatest(purge_watermark, highest_rev)
            FROM purged WHERE user_id = $1 AND count > 0 RETURNING count, newest";
        let at_once = signed(PURGED_AT_ONCE as u64)?;
        let parameters: [Parameter<'_>; 4] = [(&user, Type::UUID), (&from, Type::INT8), (&before, Type::INT8), (&at_once, Type::INT8)];
        let row = transaction.link().query_typed_opt(sql, &parameters).await?;
        let purged = row.map(|row| Ok::<_, StoreError>((number(row.try_get(0)?)?, row.try_get(1)?))).transpose()?;
        transaction.commit().await?;
        Ok(purged)
    }

    /// Whether this server does a chore. If a server vanishes while doing it, the chore waits for the next day.
    async fn take_lease(&self, name: &str) -> Result<bool, StoreError> {
        let sql = "INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
            WHERE leases.expires_at < now() OR leases.holder = excluded.holder
            RETURNING name";
        let secs = CHORE_SECS as f64;
        let taken = self.query(SERVER, sql, &[(&name, Type::TEXT), (&self.server, Type::UUID), (&secs, Type::FLOAT8)]).await?;
        Ok(!taken.is_empty())
    }

    pub async fn forget_sessions(&self, rotated_before_ms: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM sessions WHERE rotated_at < $1 RETURNING user_id";
        Ok(self.scan(sql, &[(&rotated_before_ms, Type::INT8)]).await?.len() as u64)
    }

    pub async fn epoch(&self) -> Result<String, StoreError> {
        one(&self.query(SERVER, "SELECT epoch FROM server", &[]).await?)
    }

    pub async fn adopt(&self, collections: Collections) -> Result<(), StoreError> {
        check_collections(&*self.connection(SERVER).await?, &collections).await?;
        let text = collections.text();
        let sql = "UPDATE server SET collections = $1 WHERE collections IS DISTINCT FROM $1";
        self.query(SERVER, sql, &[(&text, Type::TEXT)]).await.map(drop)
    }

    pub async fn seen_at(&self) -> Result<i64, StoreError> {
        one(&self.query(SERVER, "SELECT seen_at FROM server", &[]).await?)
    }

    pub async fn note_time(&self, now_ms: i64) -> Result<(), StoreError> {
        self.query(SERVER, "UPDATE server SET seen_at = $1", &[(&now_ms, Type::INT8)]).await.map(drop)
    }

    /// Writes a row of this server's own, so that none waits for another.
    pub async fn check(&self) -> Result<(), StoreError> {
        let sql = "INSERT INTO leases (name, holder, expires_at) VALUES ('check ' || $1::text, $1, now())
            ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at";
        self.connection(SERVER).await?.execute_typed(sql, &[(&self.server, Type::UUID)]).await.map(drop)
    }

    pub async fn population(&self, since_ms: i64) -> Result<Population, StoreError> {
        // Counting millions of rows for each scrape would cost more than all else.
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

type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// The parameters `$1` and `$2` of a statement about a session.
fn of(key: &SessionKey) -> [Parameter<'_>; 2] {
    [(&key.user, Type::UUID), (&key.session, Type::UUID)]
}

fn columns(keys: &[SessionKey]) -> (Vec<Uuid>, Vec<Uuid>) {
    keys.iter().map(|key| (key.user, key.session)).unzip()
}

async fn begin_session(link: &Link, session: &Session) -> Result<(), StoreError> {
    // Those that have ended make room first, and then those that were used longest ago.
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
