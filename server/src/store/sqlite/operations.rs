//! The operations on the database, each in one transaction. The counterpart for Postgres is `store/postgres/operations.rs`. `Database`
//! documents the methods and their errors.

use std::sync::PoisonError;

use rusqlite::{Connection, OptionalExtension, Row, params};
use stronglog_sync::digest::Digest;
use uuid::Uuid;

use super::purge::Purge;
use super::{Store, UserRecords, accounts, check_collections, epoch, follow, seen_at, sessions_ended, users};
use crate::fair_semaphore::SERVER;
use crate::store::accounts::{
    Account, Created, Denied, Device, DeviceActivity, Exchange, Live, MissedNotifications, Notification, Population, Session, SessionKey,
    SignedIn, Totals,
};
use crate::store::collections::Collections;
use crate::store::{Quota, Records, StoreError, Usage};

impl Store {
    /// Decides on one snapshot of the records of a user whose session is live.
    pub async fn read_records<T, E>(
        &self,
        key: SessionKey,
        quota: Quota,
        decide: impl FnOnce(&dyn Records) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + From<Denied> + Send + 'static,
    {
        self.read_for(key.user, move |connection| {
            admit(connection, key)?;
            decide(&UserRecords::of(connection, key.user, quota))
        })
        .await
    }

    /// Changes the records of a user whose session is live, in one transaction.
    pub async fn write_records<T, E>(
        &self,
        key: SessionKey,
        quota: Quota,
        decide: impl FnOnce(&mut dyn Records) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + From<Denied> + Send + 'static,
    {
        self.write_for(key.user, move |connection| {
            admit(connection, key)?;
            decide(&mut UserRecords::of(connection, key.user, quota))
        })
        .await
    }

    /// Where the data is.
    pub fn place(&self) -> String {
        self.folder.display().to_string()
    }

    /// There is no other server.
    pub fn announce(&self, _: Notification) {}

    /// There is no other server.
    pub fn listen(&self, _: impl Fn(Notification)) {}

    /// No other server runs on the file.
    pub async fn sign_with(&self, _: &[Uuid]) -> Result<bool, StoreError> {
        Ok(false)
    }

    pub async fn register(&self, account: Account, session: Session) -> Result<Created, StoreError> {
        self.write(move |connection| {
            let created = accounts::create(connection, &account)?;
            if created == Created::New {
                accounts::begin_session(connection, &session)?;
            }
            Ok(created)
        })
        .await
    }

    pub async fn by_email(&self, email: String) -> Result<Option<Account>, StoreError> {
        self.read(move |connection| accounts::by_email(connection, &email)).await
    }

    pub async fn sign_in(&self, session: Session, password_hash: String) -> Result<SignedIn, StoreError> {
        self.write_for(session.user, move |connection| {
            let account = accounts::by_user(connection, session.user)?.filter(|account| account.password_hash == password_hash);
            Ok(match account {
                None => SignedIn::WrongPassword,
                Some(account) if account.is_disabled => SignedIn::Disabled,
                Some(_) => {
                    accounts::begin_session(connection, &session)?;
                    SignedIn::Begun
                }
            })
        })
        .await
    }

    pub async fn account(&self, key: SessionKey) -> Result<Account, Denied> {
        self.read_for(key.user, move |connection| {
            admit(connection, key)?;
            accounts::by_user(connection, key.user)?.ok_or(Denied::SessionEnded)
        })
        .await
    }

    pub async fn renew_hash(&self, user: Uuid, before: String, after: String) -> Result<(), StoreError> {
        self.write_for(user, move |connection| {
            let sql = "UPDATE users SET password_hash = ?3 WHERE user_id = ?1 AND password_hash = ?2 AND NOT erasing";
            Ok(connection.execute(sql, rusqlite::params![user, before, after]).map(drop)?)
        })
        .await
    }

    pub async fn set_password(&self, key: SessionKey, password_hash: String) -> Result<(), Denied> {
        self.write_for(key.user, move |connection| {
            admit(connection, key)?;
            accounts::set_password(connection, key.user, &password_hash)?;
            Ok(accounts::revoke_all(connection, key.user, Some(key.session))?)
        })
        .await
    }

    pub async fn set_recovery(&self, key: SessionKey, recovery_hash: String) -> Result<(), Denied> {
        self.write_for(key.user, move |connection| {
            admit(connection, key)?;
            Ok(accounts::set_recovery(connection, key.user, Some(&recovery_hash))?)
        })
        .await
    }

    pub async fn recover(&self, user: Uuid, recovery_hash: String, password_hash: String) -> Result<bool, StoreError> {
        self.write_for(user, move |connection| {
            let known = accounts::by_user(connection, user)?.and_then(|account| account.recovery_hash);
            if known.as_ref() != Some(&recovery_hash) {
                return Ok(false);
            }
            accounts::set_password(connection, user, &password_hash)?;
            accounts::revoke_all(connection, user, None)?;
            Ok(true)
        })
        .await
    }

    pub async fn session(&self, key: SessionKey, turn: Uuid) -> Result<Option<Session>, StoreError> {
        self.read_for(turn, move |connection| accounts::session(connection, key.user, key.session)).await
    }

    pub async fn exchange<T: Send + 'static>(
        &self,
        key: SessionKey,
        now_ms: i64,
        decide: impl Fn(&Session, bool) -> (Exchange, T) + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        self.write_for(key.user, move |connection| {
            let Some(session) = accounts::session(connection, key.user, key.session)? else { return Ok(None) };
            let (exchange, value) = decide(&session, accounts::is_live(connection, key.user, key.session)?);
            match exchange {
                Exchange::Rotate(next) => accounts::rotate(connection, &session, next, now_ms)?,
                Exchange::Revoke => accounts::revoke(connection, key.user, key.session).map(drop)?,
                Exchange::Keep => {}
            }
            Ok(Some(value))
        })
        .await
    }

    pub async fn admit(&self, key: SessionKey) -> Result<(), Denied> {
        self.read_for(key.session, move |connection| admit(connection, key)).await
    }

    pub async fn revoke(&self, key: SessionKey, session: Uuid) -> Result<bool, Denied> {
        self.write_for(key.user, move |connection| {
            admit(connection, key)?;
            Ok(accounts::revoke(connection, key.user, session)?)
        })
        .await
    }

    pub async fn revoke_all(&self, key: SessionKey) -> Result<(), Denied> {
        self.write_for(key.user, move |connection| {
            admit(connection, key)?;
            Ok(accounts::revoke_all(connection, key.user, None)?)
        })
        .await
    }

    pub async fn devices(&self, key: SessionKey) -> Result<Vec<Device>, Denied> {
        self.read_for(key.user, move |connection| {
            admit(connection, key)?;
            Ok(accounts::devices(connection, key.user)?)
        })
        .await
    }

    pub async fn rename_device(&self, key: SessionKey, session: Uuid, name: String) -> Result<bool, Denied> {
        self.write_for(key.user, move |connection| {
            admit(connection, key)?;
            Ok(accounts::rename_device(connection, key.user, session, &name)?)
        })
        .await
    }

    pub async fn record_activity(&self, news: Vec<(SessionKey, DeviceActivity)>) -> Result<(), StoreError> {
        self.write(move |connection| {
            news.iter().try_for_each(|(key, activity)| accounts::record_activity(connection, key.user, key.session, *activity))
        })
        .await
    }

    pub async fn ended(&self, sessions: Vec<SessionKey>) -> Result<Vec<SessionKey>, StoreError> {
        self.read(move |connection| {
            let is_over = |key: &SessionKey| accounts::is_live(connection, key.user, key.session).map(|is_live| !is_live);
            sessions.into_iter().filter_map(|key| is_over(&key).map(|over| over.then_some(key)).transpose()).collect()
        })
        .await
    }

    pub async fn missed_notifications(&self, open: Vec<SessionKey>) -> Result<MissedNotifications, StoreError> {
        let ended = self.read(sessions_ended).await?;
        let before = self.sessions_ended.lock().unwrap_or_else(PoisonError::into_inner).replace(ended);
        let ended = if before.is_some_and(|before| before != ended) { self.ended(open).await? } else { Vec::new() };
        // No other process writes records.
        Ok(MissedNotifications { revisions: Vec::new(), ended })
    }

    pub async fn epoch(&self) -> Result<String, StoreError> {
        self.read(epoch).await
    }

    pub async fn adopt(&self, collections: Collections) -> Result<(), StoreError> {
        self.write(move |connection| {
            check_collections(connection, &collections)?;
            connection.execute("UPDATE server SET collections = ?1 WHERE collections IS NOT ?1", [collections.text()])?;
            Ok(())
        })
        .await
    }

    pub async fn seen_at(&self) -> Result<i64, StoreError> {
        self.read(seen_at).await
    }

    pub async fn note_time(&self, now_ms: i64) -> Result<(), StoreError> {
        self.write(move |connection| Ok(connection.execute("UPDATE server SET seen_at = ?1", [now_ms]).map(drop)?)).await
    }

    /// Reads a page, and writes one to the disk.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.read(epoch).await?;
        self.write(|connection| Ok(connection.execute("UPDATE server SET epoch = epoch", []).map(drop)?)).await
    }

    pub async fn population(&self, since_ms: i64) -> Result<Population, StoreError> {
        self.read(move |connection| super::population(connection, since_ms)).await
    }

    pub async fn without_digest(&self) -> Result<Vec<Uuid>, StoreError> {
        self.read_for(SERVER, |connection| {
            let mut statement = connection.prepare("SELECT user_id FROM users WHERE digest IS NULL AND rev > 0 AND NOT erasing")?;
            let users = statement.query_map([], |row| row.get(0))?;
            Ok(users.collect::<Result<_, _>>()?)
        })
        .await
    }

    pub async fn with_records(&self) -> Result<Vec<Uuid>, StoreError> {
        self.read_for(SERVER, |connection| {
            let mut statement = connection.prepare("SELECT user_id FROM users WHERE rev > 0 AND NOT erasing")?;
            let users = statement.query_map([], |row| row.get(0))?;
            Ok(users.collect::<Result<_, _>>()?)
        })
        .await
    }

    pub async fn totals(&self, user: Uuid) -> Result<Option<Totals>, StoreError> {
        self.read_for(SERVER, move |connection| {
            let sql = "SELECT rev, digest, record_count, record_bytes, tombstone_count,
                (SELECT count(*) FROM records WHERE records.user_id = users.user_id AND deleted) FROM users WHERE user_id = ?1";
            let read = |row: &Row<'_>| {
                let digest = row.get::<_, Option<String>>(1)?.as_deref().and_then(Digest::read);
                let usage = Usage { records: row.get(2)?, bytes: row.get(3)?, tombstones: row.get(4)? };
                Ok(Totals { rev: row.get(0)?, digest, usage, tombstones: row.get(5)? })
            };
            Ok(connection.query_row(sql, [user], read).optional()?)
        })
        .await
    }

    /// Makes the rows of an account follow their records, if something else than the server has changed them.
    pub async fn follow_records(&self, user: Uuid) -> Result<(), StoreError> {
        if !self.read_for(SERVER, move |connection| follow::is_needed(connection, user)).await? {
            return Ok(());
        }
        let followed = self.write_for(SERVER, move |connection| follow::follow(connection, user)).await?;
        tracing::error!(account = %user, followed, "rows of the database contradicted their records, and now follow them");
        Ok(())
    }

    pub async fn live_after(&self, user: Uuid, rev: u64, rows_max: usize) -> Result<Vec<Live>, StoreError> {
        self.read_for(SERVER, move |connection| {
            let sql = "SELECT rev, collection, id, octet_length(record) FROM records
                WHERE user_id = ?1 AND rev > ?2 AND NOT deleted ORDER BY rev LIMIT ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let live = |row: &Row<'_>| Ok(Live { rev: row.get(0)?, collection: row.get(1)?, id: row.get(2)?, bytes: row.get(3)? });
            Ok(statement.query_map(params![user, rev, rows_max], live)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Sets the totals of an account that still has this revision. Tombstones are counted at the same moment, because a purge changes their
    /// number and not the revision.
    pub async fn set_totals(&self, user: Uuid, rev: u64, digest: Digest, records: u64, bytes: u64) -> Result<bool, StoreError> {
        self.write_for(SERVER, move |connection| {
            let sql = "UPDATE users SET digest = ?3, record_count = ?4, record_bytes = ?5,
                tombstone_count = (SELECT count(*) FROM records WHERE records.user_id = users.user_id AND deleted)
                WHERE user_id = ?1 AND rev = ?2";
            Ok(connection.execute(sql, params![user, rev, digest.to_string(), records, bytes])? == 1)
        })
        .await
    }

    pub async fn purge(&self, tombstone_days: u32, backup_days: u32, now_ms: i64) -> Result<u64, StoreError> {
        let purge = Purge::new(tombstone_days, backup_days, now_ms);
        let (mut users, mut count) = (self.read_for(SERVER, users).await?, 0);
        while !users.is_empty() {
            let step = move |connection: &Connection| purge.step(connection, &mut users).map(|purged| (purged, users));
            let (purged, left) = self.write_for(SERVER, step).await?;
            (users, count) = (left, count + purged);
        }
        Ok(count)
    }

    pub async fn forget_sessions(&self, rotated_before_ms: i64) -> Result<u64, StoreError> {
        self.write(move |connection| Ok(accounts::forget_sessions(connection, rotated_before_ms)? as u64)).await
    }
}

/// Rejects a session that has ended.
fn admit(connection: &Connection, key: SessionKey) -> Result<(), Denied> {
    if accounts::is_live(connection, key.user, key.session)? { Ok(()) } else { Err(Denied::SessionEnded) }
}
