//! One user's records in the database.

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params, params};
use stronglog_sync::api::collection::Contract;
use stronglog_sync::digest::Digest;
use stronglog_sync::merge::Op;
use stronglog_sync::record::Record;
use stronglog_sync::wire::{Change, Feed, Lost};
use uuid::Uuid;

use crate::store::{Boundary, Entry, Epoch, Head, Purged, Quota, Records, StoreError, Tombstones, Usage, restored_rev};

/// The records of one user in the open transaction of a connection.
pub struct UserRecords<'c> {
    connection: &'c Connection,
    user: Uuid,
    /// The user's quota, unless the account has its own limits.
    quota: Quota,
}

/// The columns that [`change`] and [`Records::find`] read.
const COLUMNS: &str = "collection, rev, op_id, device_id, seq, id, stamp, deleted, record, server_id, server_updated_at, \
    lost_after, lost_up_to";

impl<'c> UserRecords<'c> {
    /// The records of a user, who exists. `quota` is for accounts without their own limits.
    pub fn of(connection: &'c Connection, user: Uuid, quota: Quota) -> Self {
        UserRecords { connection, user, quota }
    }

    /// Whether there is a tombstone that was accepted before a time.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub fn has_tombstone_before(&self, before_ms: i64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM records WHERE user_id = ?1 AND deleted AND server_updated_at < ?2";
        Ok(self.connection.prepare_cached(sql)?.exists(params![self.user, before_ms])?)
    }

    fn each(
        &self,
        contract: &Contract,
        sql: &str,
        parameters: &[&dyn ToSql],
        take: &mut dyn FnMut(Change) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        while let Some(row) = rows.next()? {
            if take(change(row, contract)?).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Records for UserRecords<'_> {
    fn head(&self) -> Result<Head, StoreError> {
        let sql = "SELECT rev, purge_watermark, server_updated_at, (SELECT epoch FROM server), record_count, record_bytes, tombstone_count,
            records_max, bytes_max, digest FROM users WHERE user_id = ?1";
        let read = |row: &Row<'_>| {
            Ok(Head {
                rev: row.get(0)?,
                purge_watermark: row.get(1)?,
                server_updated_at: row.get(2)?,
                epoch: row.get(3)?,
                usage: Usage { records: row.get(4)?, bytes: row.get(5)?, tombstones: row.get(6)? },
                quota: self.quota.with_own(row.get(7)?, row.get(8)?),
                digest: row.get::<_, Option<String>>(9)?.as_deref().and_then(Digest::read),
            })
        };
        Ok(self.connection.prepare_cached(sql)?.query_row([self.user], read)?)
    }

    fn advance(&mut self, to: Boundary, server_updated_at: i64, usage: Usage, digest: Option<Digest>) -> Result<(), StoreError> {
        let sql = "UPDATE users SET rev = ?2, server_updated_at = ?3, record_count = ?4, record_bytes = ?5, tombstone_count = ?6,
            digest = ?7 WHERE user_id = ?1";
        let Usage { records, bytes, tombstones } = usage;
        let digest = digest.map(|digest| digest.to_string());
        self.connection.prepare_cached(sql)?.execute(params![self.user, to.rev, server_updated_at, records, bytes, tombstones, digest])?;
        let sql = "INSERT INTO boundaries (user_id, rev, history_check) VALUES (?1, ?2, ?3)";
        self.connection.prepare_cached(sql)?.execute(params![self.user, to.rev, to.check])?;
        Ok(())
    }

    fn boundary(&self, rev_max: u64) -> Result<Boundary, StoreError> {
        let sql = "SELECT rev, history_check FROM boundaries WHERE user_id = ?1 AND rev <= ?2 ORDER BY rev DESC LIMIT 1";
        let read = |row: &Row<'_>| Ok(Boundary { rev: row.get(0)?, check: row.get(1)? });
        let newest = self.connection.prepare_cached(sql)?.query_row(params![self.user, rev_max.min(i64::MAX as u64)], read).optional()?;
        Ok(newest.unwrap_or_default())
    }

    fn restored_rev(&self, epoch: &str) -> Result<u64, StoreError> {
        // An epoch without a row for the user began before the user existed.
        let sql = "SELECT name, iif(rev IS NULL, NULL, parent), coalesce(rev, 0) FROM epochs
            LEFT JOIN restores ON restores.epoch = epochs.name AND restores.user_id = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let read = statement.query_map([self.user], |row| Ok(Epoch { name: row.get(0)?, parent: row.get(1)?, rev: row.get(2)? }))?;
        let epochs = read.collect::<Result<Vec<_>, _>>()?;
        Ok(restored_rev(&epochs, epoch, &self.head()?.epoch))
    }

    fn find(&self, contract: &'static Contract, id: Uuid) -> Result<Option<Entry>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM records WHERE user_id = ?1 AND id = ?2");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![self.user, id])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Entry { change: change(row, contract)?, server_id: row.get(9)?, server_updated_at: row.get(10)? }))
    }

    fn put(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let sql = "INSERT INTO records (user_id, id, collection, rev, op_id, device_id, seq, stamp, deleted, server_id, server_updated_at, record,
            lost_after, lost_up_to) VALUES (:user, :id, :collection, :rev, :op, :device, :seq, :stamp, :deleted, :server_id, :server_updated_at, :record,
            :lost_after, :lost_up_to)
            ON CONFLICT (user_id, id) DO UPDATE SET rev = excluded.rev, op_id = excluded.op_id, device_id = excluded.device_id,
            seq = excluded.seq, stamp = excluded.stamp, deleted = excluded.deleted, server_updated_at = excluded.server_updated_at,
            record = excluded.record, lost_after = excluded.lost_after, lost_up_to = excluded.lost_up_to";
        let Change { collection, rev, op, record, lost } = &entry.change;
        self.connection.prepare_cached(sql)?.execute(named_params! {
            ":user": self.user,
            ":id": record.id,
            ":collection": collection.path,
            ":rev": rev,
            ":op": op.id,
            ":device": op.device,
            ":seq": op.seq,
            ":stamp": record.stamp,
            ":deleted": record.deleted,
            ":server_id": entry.server_id,
            ":server_updated_at": entry.server_updated_at,
            ":record": record.text,
            ":lost_after": lost.map(|lost| lost.after),
            ":lost_up_to": lost.map(|lost| lost.up_to),
        })?;
        Ok(())
    }

    fn changes(&self, feed: Feed, after: u64, take: &mut dyn FnMut(Change) -> ControlFlow<()>) -> Result<(), StoreError> {
        match feed {
            Feed::All(contract) => {
                let sql = format!("SELECT {COLUMNS} FROM records WHERE user_id = ?1 AND rev > ?2 ORDER BY rev");
                self.each(contract, &sql, &[&self.user, &after], take)
            }
            Feed::One(collection) => {
                let sql = format!("SELECT {COLUMNS} FROM records WHERE user_id = ?1 AND rev > ?2 AND collection = ?3 ORDER BY rev");
                self.each(collection.contract(), &sql, &[&self.user, &after, &collection.path], take)
            }
        }
    }
}

impl Tombstones for UserRecords<'_> {
    fn purge(&mut self, before_ms: i64, rev_max: u64, count_max: usize) -> Result<Purged, StoreError> {
        let rev_max = i64::try_from(rev_max).unwrap_or(i64::MAX);
        // In the order of their index.
        let sql = "DELETE FROM records WHERE rowid IN (
                SELECT rowid FROM records WHERE user_id = ?1 AND deleted AND server_updated_at < ?2 AND rev <= ?3
                ORDER BY server_updated_at LIMIT ?4
            ) RETURNING rev";
        let mut statement = self.connection.prepare_cached(sql)?;
        let revs = statement.query_map(params![self.user, before_ms, rev_max, count_max], |row| row.get(0))?;
        let revs: Vec<u64> = revs.collect::<Result<_, _>>()?;
        let purged = Purged { count: revs.len() as u64, highest_rev: revs.into_iter().max().unwrap_or(0) };
        if purged.count > 0 {
            let sql = "UPDATE users SET tombstone_count = max(0, tombstone_count - ?2) WHERE user_id = ?1";
            self.connection.prepare_cached(sql)?.execute(params![self.user, purged.count])?;
        }
        Ok(purged)
    }

    fn raise_purge_watermark(&mut self, purge_watermark: u64) -> Result<(), StoreError> {
        self.connection.execute("UPDATE users SET purge_watermark = ?2 WHERE user_id = ?1", params![self.user, purge_watermark])?;
        Ok(())
    }
}

fn change(row: &Row<'_>, contract: &Contract) -> Result<Change, StoreError> {
    let path = row.get_ref(0)?.as_str().map_err(StoreError::new)?;
    let unknown =
        || StoreError::new(format!("the database has the collection {path}, which this program does not know; update the program"));
    let collection = contract.collection(path).ok_or_else(unknown)?;
    Ok(Change {
        collection,
        rev: row.get(1)?,
        op: Op { id: row.get(2)?, device: row.get(3)?, seq: row.get(4)? },
        record: Record { id: row.get(5)?, stamp: row.get(6)?, deleted: row.get(7)?, text: row.get(8)? },
        lost: row.get::<_, Option<u64>>(11)?.zip(row.get(12)?).map(|(after, up_to)| Lost { after, up_to }),
    })
}
