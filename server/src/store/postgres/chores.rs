//! The server's chores: erasing accounts, purging tombstones, computing digests, forgetting sessions.

use std::time::Duration;

use stronglog_sync::digest::Digest;
use tokio_postgres::types::{FromSql, Type};
use uuid::Uuid;

use super::connect::SCAN_TIME_MAX;
use super::convert::{number, signed};
use super::link::{Link, Parameter};
use super::{Store, Use};
use crate::fair_semaphore::SERVER;
use crate::store::accounts::{Live, Totals};
use crate::store::{PURGED_AT_ONCE, StoreError, Usage};

/// The number of rows of an account that one step erases.
const ERASED_AT_ONCE: i64 = 500;
/// How long a server's lease on a maintenance task lasts: less than the day after which the task is due again.
const CHORE_SECS: i64 = 20 * 3_600;
const DAY_MS: i64 = 86_400_000;
/// How long a check waits for a commit.
const COMMIT_TIME_MAX: Duration = Duration::from_secs(10);

impl Store {
    pub async fn erase(&self, user: Uuid) -> Result<(), StoreError> {
        let transaction = self.begin(user).await?;
        let (link, user) = (transaction.link(), [(&user as _, Type::UUID)]);
        // Pushes in progress end before, and later ones find no session.
        link.query_typed("SELECT FROM heads WHERE user_id = $1 FOR UPDATE", &user).await?;
        // No email address has this form.
        link.execute_typed("UPDATE users SET erasing = true, email = user_id::text, password_hash = '' WHERE user_id = $1", &user).await?;
        link.execute_typed("INSERT INTO erased (user_id) VALUES ($1) ON CONFLICT DO NOTHING", &user).await?;
        link.execute_typed("DELETE FROM sessions WHERE user_id = $1", &user).await?;
        transaction.commit().await
    }

    pub async fn finish_erasing(&self) -> Result<(), StoreError> {
        for row in self.query(SERVER, "SELECT user_id FROM users WHERE erasing", &[]).await? {
            self.erase_data(row.try_get(0)?).await?;
        }
        Ok(())
    }

    /// Erases the data of an erased account in steps, between which others write, and then the account itself.
    pub async fn erase_data(&self, user: Uuid) -> Result<(), StoreError> {
        let mut next = Some(Uuid::nil());
        while let Some(from) = next {
            next = self.erase_some(user, ("records", "id"), (&from, Type::UUID)).await?;
        }
        let mut next = Some(i64::MIN);
        while let Some(from) = next {
            next = self.erase_some(user, ("boundaries", "rev"), (&from, Type::INT8)).await?;
        }
        let transaction = self.begin(user).await?;
        for table in ["restores", "heads", "users"] {
            let sql = format!("DELETE FROM {table} WHERE user_id = $1");
            transaction.link().execute_typed(&sql, &[(&user, Type::UUID)]).await?;
        }
        transaction.commit().await
    }

    /// Erases rows of an account, beginning with a key. Returns the last key if there may be more. As long as anybody reads an older snapshot,
    /// the index keeps what earlier steps have erased, which is not read again.
    async fn erase_some<K: for<'r> FromSql<'r> + Ord>(
        &self,
        user: Uuid,
        (table, key): (&str, &str),
        from: Parameter<'_>,
    ) -> Result<Option<K>, StoreError> {
        let transaction = self.begin(user).await?;
        let link = transaction.link();
        // A push in progress ends before, and leaves nothing behind.
        link.query_typed("SELECT FROM heads WHERE user_id = $1 FOR UPDATE", &[(&user, Type::UUID)]).await?;
        // By place: see `purge_some`.
        let sql = format!(
            "DELETE FROM {table} WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM {table} WHERE user_id = $1 AND {key} >= $2 ORDER BY {key} LIMIT $3
            )) RETURNING {key}"
        );
        let erased = link.query_typed(&sql, &[(&user, Type::UUID), from, (&ERASED_AT_ONCE, Type::INT8)]).await?;
        transaction.commit().await?;
        if signed(erased.len() as u64)? < ERASED_AT_ONCE {
            return Ok(None);
        }
        let keys = erased.iter().map(|row| row.try_get(0)).collect::<Result<Vec<K>, _>>()?;
        Ok(keys.into_iter().max())
    }

    pub async fn without_digest(&self) -> Result<Vec<Uuid>, StoreError> {
        let rows = self.scan("SELECT user_id FROM heads WHERE digest IS NULL AND rev > 0", &[]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    pub async fn with_records(&self) -> Result<Vec<Uuid>, StoreError> {
        let rows = self.scan("SELECT user_id FROM heads WHERE rev > 0", &[]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    pub async fn totals(&self, user: Uuid) -> Result<Option<Totals>, StoreError> {
        let sql = "SELECT rev, digest, record_count, record_bytes, tombstone_count,
            (SELECT count(*) FROM records WHERE user_id = $1 AND deleted) FROM heads WHERE user_id = $1";
        let rows = self.query(SERVER, sql, &[(&user, Type::UUID)]).await?;
        let read = |row: &tokio_postgres::Row| {
            let at = |column: usize| -> Result<u64, StoreError> { number(row.try_get(column)?) };
            let usage = Usage { records: at(2)?, bytes: at(3)?, tombstones: at(4)? };
            let digest = row.try_get::<_, Option<&str>>(1)?.and_then(Digest::read);
            Ok::<_, StoreError>(Totals { rev: at(0)?, digest, usage, tombstones: at(5)? })
        };
        rows.first().map(read).transpose()
    }

    pub async fn live_after(&self, user: Uuid, rev: u64, rows_max: usize) -> Result<Vec<Live>, StoreError> {
        let sql = "SELECT rev, collection, id, octet_length(record)::bigint FROM records
            WHERE user_id = $1 AND rev > $2 AND NOT deleted ORDER BY rev LIMIT $3";
        let (rev, rows_max) = (signed(rev)?, signed(rows_max as u64)?);
        let rows = self.query(SERVER, sql, &[(&user, Type::UUID), (&rev, Type::INT8), (&rows_max, Type::INT8)]).await?;
        let live = |row: &tokio_postgres::Row| {
            let (rev, bytes) = (number(row.try_get(0)?)?, number(row.try_get(3)?)?);
            Ok(Live { rev, collection: row.try_get(1)?, id: row.try_get(2)?, bytes })
        };
        rows.iter().map(live).collect()
    }

    /// Sets the totals of an account that still has this revision. Tombstones are counted at the same moment, because a purge changes their
    /// number and not the revision.
    pub async fn set_totals(&self, user: Uuid, rev: u64, digest: Digest, records: u64, bytes: u64) -> Result<bool, StoreError> {
        let (rev, digest, records, bytes) = (signed(rev)?, digest.to_string(), signed(records)?, signed(bytes)?);
        let sql = "UPDATE heads SET digest = $3, record_count = $4, record_bytes = $5,
            tombstone_count = (SELECT count(*) FROM records WHERE user_id = $1 AND deleted)
            WHERE user_id = $1 AND rev = $2 RETURNING user_id";
        let parameters: [Parameter<'_>; 5] =
            [(&user, Type::UUID), (&rev, Type::INT8), (&digest, Type::TEXT), (&records, Type::INT8), (&bytes, Type::INT8)];
        Ok(!self.change(SERVER, sql, &parameters).await?.is_empty())
    }

    /// Purges once a day, on one of the servers.
    pub async fn purge(&self, tombstone_days: u32, backup_days: u32, now_ms: i64) -> Result<u64, StoreError> {
        if !self.take_lease("purge").await? {
            return Ok(0);
        }
        self.purge_now(tombstone_days, backup_days, now_ms).await
    }

    /// Purges, even while another server purges. The database may be restored to any moment of the last days, so only older deletions are
    /// purged.
    pub async fn purge_now(&self, tombstone_days: u32, backup_days: u32, now_ms: i64) -> Result<u64, StoreError> {
        let before = now_ms.saturating_sub(i64::from(tombstone_days.max(backup_days)) * DAY_MS);
        let sql = "SELECT DISTINCT user_id FROM records WHERE deleted AND server_updated_at < $1";
        let users = self.scan(sql, &[(&before, Type::INT8)]).await?;
        let (mut count, mut failed) = (0, None);
        for row in users {
            match self.purge_user(row.try_get(0)?, before).await {
                Ok(purged) => count += purged,
                Err(error) if error.is_silent() => return Err(error),
                // An account that cannot be purged does not hold up the others.
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

    /// Purges the oldest tombstones of an account from a time on. Returns their number and the time of the newest, if there are any. Rows
    /// that an earlier step deleted are still in the index, and are not read again. Rows are deleted by their place, which cannot change under
    /// the lock of the head: by their keys, a plan from old statistics reads all rows of the account, for each key or once.
    async fn purge_some(&self, user: Uuid, from: i64, before: i64) -> Result<Option<(u64, i64)>, StoreError> {
        let transaction = self.begin(SERVER).await?;
        transaction.link().query_typed("SELECT FROM heads WHERE user_id = $1 FOR UPDATE", &[(&user, Type::UUID)]).await?;
        let sql = "WITH gone AS (
                DELETE FROM records WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM records WHERE user_id = $1 AND deleted AND server_updated_at >= $2 AND server_updated_at < $3
                    ORDER BY server_updated_at LIMIT $4
                )) RETURNING rev, server_updated_at
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

    /// Whether this server runs a maintenance task. If a server vanishes while running it, the task waits for the next day.
    async fn take_lease(&self, name: &str) -> Result<bool, StoreError> {
        let sql = "INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
            WHERE leases.expires_at < now() OR leases.holder = excluded.holder
            RETURNING name";
        let secs = CHORE_SECS as f64;
        let taken = self.change(SERVER, sql, &[(&name, Type::TEXT), (&self.server, Type::UUID), (&secs, Type::FLOAT8)]).await?;
        Ok(!taken.is_empty())
    }

    pub async fn forget_sessions(&self, rotated_before_ms: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM sessions WHERE rotated_at < $1 RETURNING user_id";
        Ok(self.query_within(Use::Write, SERVER, SCAN_TIME_MAX, sql, &[(&rotated_before_ms, Type::INT8)]).await?.len() as u64)
    }
}

/// Checks that the database accepts commits, with a logical message that no one receives and that changes no row.
pub async fn check_commits(link: &Link) -> Result<(), StoreError> {
    let sql = "SELECT pg_logical_emit_message(true, 'stronglog', '')";
    link.query_within(COMMIT_TIME_MAX, sql, &[]).await.map(drop).map_err(|error| match error.is_silent() {
        true => StoreError::new(
            "it responds to reads but accepts no commit in time: its disk may be stalled, or a synchronous standby (see \
             synchronous_standby_names) may be down",
        ),
        false => error,
    })
}
