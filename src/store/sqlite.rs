//! The store in a SQLite file. Every change is one durable transaction, and SQL queries can read the records through the contract's views.

mod failure;
mod listing;
mod rows;

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

pub use rusqlite;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use self::failure::DAMAGED;
pub(crate) use self::failure::failed;
use self::listing::{Listing, indexes};
use self::rows::{KNOWN_REV, RECORD_COLUMNS, put, read_history, read_quarantined, read_row};
use crate::api::collection::{Collection, Contract};
use crate::store::{
    Counts, Edits, Entry, Key, Loaded, Meta, PastVersion, Plan, Quarantined, Query, Resync, Row, Select, Store, StoreError, Write,
    index_of, quarantine_digest,
};

/// The migrations from an empty file to the current schema. `user_version` counts the ones that were applied.
const MIGRATIONS: &[&str] = &[include_str!("sqlite/schema.sql"), include_str!("sqlite/schema_2.sql"), include_str!("sqlite/schema_3.sql")];
/// Marks a device's database. Databases of earlier versions have no mark.
const APPLICATION_ID: i64 = 0x534c_6f44;
/// The conditions for pending and for blocked rows. `state > 0` lets SQLite use the partial index.
const WAITING: &str = "state = 1 AND state > 0";
const REFUSED: &str = "state = 2 AND state > 0";
/// How long to wait for another process that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A device's database in a SQLite file. Several processes may open the same file.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    contract: &'static Contract,
}

impl SqliteStore {
    /// Opens a database for records of this contract, and creates it if it does not exist. `device` is the device id of a new database.
    /// `views` is a script that creates views for people who read the records with SQL, or empty. The compiler generates it from the
    /// contract: `sql/views.sql`.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or written, is not a database, or was created by a later version.
    pub fn open(path: &Path, device: Uuid, contract: &'static Contract, views: &str) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(path, flags).map_err(failed("open the database"));
        let which = |error: StoreError| StoreError { message: format!("{}: {}", path.display(), error.message), ..error };
        opened.and_then(|connection| Self::set_up(connection, device, contract, views)).map_err(which)
    }

    /// Creates a database in memory, which is lost when it is closed.
    ///
    /// # Errors
    /// Returns an error if SQLite cannot create the database.
    pub fn in_memory(device: Uuid, contract: &'static Contract) -> Result<Self, StoreError> {
        Self::set_up(Connection::open_in_memory().map_err(failed("open a database in memory"))?, device, contract, "")
    }

    /// The SQLite connection, for reading with SQL. Its types come from the re-exported [`rusqlite`].
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    fn set_up(mut connection: Connection, device: Uuid, contract: &'static Contract, views: &str) -> Result<Self, StoreError> {
        connection.busy_timeout(BUSY_TIMEOUT).map_err(failed("open the database"))?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch("PRAGMA page_size = 8192").map_err(failed("open the database"))?;
        check_owner(&connection)?;
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;")
            .map_err(failed("open the database"))?;
        migrate(&mut connection)?;
        let store = SqliteStore { connection, contract };
        store.make_meta(device)?;
        store.make_digest()?;
        store.make_indexes(views)?;
        Ok(store)
    }

    fn make_meta(&self, device: Uuid) -> Result<(), StoreError> {
        let count = "SELECT count(*) FROM meta";
        let rows: u64 = self.connection.query_row(count, [], |row| row.get(0)).map_err(failed("initialize the database"))?;
        if rows > 0 {
            return Ok(());
        }
        let json = json_of(&Meta { device, ..Meta::default() })?;
        self.connection
            .execute("INSERT INTO meta (one, json) VALUES (1, ?1) ON CONFLICT DO NOTHING", [json])
            .map(drop)
            .map_err(failed("initialize the database"))
    }

    /// Computes the digest of the rows of a database without one: a new database, or one of an earlier version (R27).
    fn make_digest(&self) -> Result<(), StoreError> {
        let failed = failed("initialize the database");
        if meta_in(&self.connection)?.digest.is_some() {
            return Ok(());
        }
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate).map_err(&failed)?;
        let sum = rows::known(&transaction).map_err(&failed)?;
        let json = json_of(&Meta { digest: Some(sum), ..meta_in(&transaction)? })?;
        transaction.execute("UPDATE meta SET json = ?1", [json]).map_err(&failed)?;
        transaction.commit().map_err(&failed)
    }

    /// Recreates the indexes and views if they belong to another version of the contract.
    fn make_indexes(&self, views: &str) -> Result<(), StoreError> {
        let failed = failed("create the contract's indexes and views");
        let script = indexes(self.contract) + views;
        let is_current = || self.connection.query_row("SELECT views = ?1 FROM meta", [&script], |row| row.get(0)).map_err(&failed);
        if is_current()? {
            return Ok(());
        }
        // Other processes may open the database at the same time: the first one creates them.
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate).map_err(&failed)?;
        if is_current()? {
            return Ok(());
        }
        let old = "SELECT format('DROP VIEW \"%w\"', name) FROM sqlite_schema WHERE type = 'view' UNION ALL
                   SELECT format('DROP INDEX \"%w\"', name) FROM sqlite_schema
                   WHERE type = 'index' AND tbl_name = 'records' AND sql IS NOT NULL AND name NOT LIKE 'records_unacknowledged%'";
        let mut statement = transaction.prepare(old).map_err(&failed)?;
        let drops: Vec<String> = statement.query_map([], |row| row.get(0)).and_then(Iterator::collect).map_err(&failed)?;
        drop(statement);
        transaction.execute_batch(&format!("{}; {script}", drops.join(";"))).map_err(&failed)?;
        transaction.execute("UPDATE meta SET views = ?1", [&script]).map_err(&failed)?;
        transaction.commit().map_err(failed)
    }

    /// The quarantined changes that arrived after this number of resyncs, with the revision that the digest counts for the row of the same
    /// record.
    fn quarantined_rows(&self, resyncs: u64) -> Result<Vec<(Quarantined, Option<u64>)>, StoreError> {
        let failed = failed("read the quarantined changes");
        let mut changes = read_quarantined(&self.connection).map_err(&failed)?;
        changes.retain(|change| change.seen == resyncs);
        let sql = format!("SELECT {KNOWN_REV} FROM records WHERE collection = ?1 AND id = ?2");
        let mut statement = self.connection.prepare_cached(&sql).map_err(&failed)?;
        let mut known_rev = |change: &Quarantined| {
            let id = change.id.map(|id| id.to_string());
            statement.query_row(params![change.collection, id], |row| row.get(0)).optional().map(Option::flatten)
        };
        let with_rev = changes.into_iter().map(|change| known_rev(&change).map(|rev| (change, rev)));
        with_rev.collect::<Result<_, _>>().map_err(&failed)
    }

    fn rows(&self, condition: &str, parameters: impl rusqlite::Params) -> Result<Vec<Row>, StoreError> {
        let failed = failed("read records");
        let sql = format!("SELECT {RECORD_COLUMNS} FROM records {condition}");
        let mut statement = self.connection.prepare_cached(&sql).map_err(&failed)?;
        let rows = statement.query_map(parameters, |row| read_row(row, self.contract)).map_err(&failed)?;
        rows.filter_map(Result::transpose).collect::<Result<_, _>>().map_err(failed)
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let failed = failed("migrate the database");
    // An up-to-date database is not written, so that it can be read on a full disk and while another program writes to it.
    let current: usize = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(&failed)?;
    if current == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
    let taken: usize = transaction.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(&failed)?;
    if taken > MIGRATIONS.len() {
        return Err(StoreError::new(format!(
            "cannot open the database: it has version {taken}, and this program supports versions up to {}; update the program",
            MIGRATIONS.len()
        )));
    }
    for script in &MIGRATIONS[taken..] {
        transaction.execute_batch(script).map_err(&failed)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len()).map_err(&failed)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(&failed)?;
    transaction.commit().map_err(&failed)
}

/// Checks that a database is new or belongs to this program. A database of another program is not written.
fn check_owner(connection: &Connection) -> Result<(), StoreError> {
    let sql = "SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema),
                   (SELECT count(*) FROM sqlite_schema WHERE name IN ('meta', 'records'))
               FROM pragma_user_version, pragma_application_id";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let (version, mark, count, own): (i64, i64, u64, u64) = connection.query_row(sql, [], read).map_err(failed("read the database"))?;
    let is_whole = if version == 0 { count == 0 } else { own == 2 };
    if is_whole && [0, APPLICATION_ID].contains(&mark) {
        return Ok(());
    }
    let why = match own {
        2 if [0, APPLICATION_ID].contains(&mark) => "its version number is missing; restore it from a copy, or move it away and sync again",
        _ => "it belongs to another program; choose another file",
    };
    Err(StoreError::new(format!("cannot open the database: {why}")))
}

fn json_of(meta: &Meta) -> Result<String, StoreError> {
    serde_json::to_string(meta)
        .map_err(|error| StoreError::new(format!("cannot write the device's state: {error}; this is a bug, please report it")))
}

fn meta_in(connection: &Connection) -> Result<Meta, StoreError> {
    let mut statement = connection.prepare_cached("SELECT json FROM meta").map_err(failed("read the database"))?;
    let json: String = statement.query_row([], |row| row.get(0)).map_err(failed("read the database"))?;
    Meta::read(&json).map_err(|error| StoreError::new(format!("cannot read the device's state: {error}; restore the database from a copy")))
}

impl Store for SqliteStore {
    fn update(&mut self, select: &Select, plan: &mut Plan<'_>) -> Result<(), StoreError> {
        let failed = failed("write to the database");
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        let meta = meta_in(&transaction)?;
        let entries = load(&transaction, self.contract, select, &meta)?;
        let mut loaded = Loaded { meta, entries };
        let Ok(writes) = plan(&mut loaded) else { return Ok(()) };
        for write in &writes {
            carry_out(&transaction, write).map_err(&failed)?;
        }
        loaded.meta.version += 1;
        let json = json_of(&loaded.meta)?;
        transaction.prepare_cached("UPDATE meta SET json = ?1").and_then(|mut update| update.execute([json])).map_err(&failed)?;
        transaction.commit().map_err(failed)
    }

    fn meta(&mut self) -> Result<Meta, StoreError> {
        meta_in(&self.connection)
    }

    fn pending(&mut self, edits: Edits, limit: usize) -> Result<Vec<Row>, StoreError> {
        let which = match edits {
            Edits::All => "",
            Edits::Known => "AND (is_deleted OR base_rev IS NOT NULL)",
            Edits::Deletions => "AND is_deleted",
        };
        let mut found = Vec::new();
        for collection in self.contract.collections {
            if found.len() < limit {
                let left = limit - found.len();
                let condition = format!("WHERE {WAITING} {which} AND collection = ?1 ORDER BY op_seq LIMIT ?2");
                found.extend(self.rows(&condition, params![collection.path, left])?);
            }
        }
        Ok(found)
    }

    fn get(&mut self, key: Key) -> Result<Option<Row>, StoreError> {
        Ok(self.rows("WHERE collection = ?1 AND id = ?2", params![key.collection.path, key.id.to_string()])?.pop())
    }

    fn snapshot(&mut self, job: &mut dyn FnMut(&mut dyn Store) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.connection.execute_batch("BEGIN").map_err(failed("read the database"))?;
        let done = job(self);
        done.and(self.connection.execute_batch("ROLLBACK").map_err(failed("read the database")))
    }

    fn visit(
        &mut self,
        collection: &'static Collection,
        query: &Query,
        visit: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let failed = failed("read records");
        let listing = Listing::new(collection, index_of(collection, query)?, query);
        let sql = format!("SELECT {RECORD_COLUMNS} FROM records {}", listing.sql);
        let mut statement = self.connection.prepare_cached(&sql).map_err(&failed)?;
        let rows =
            statement.query_map(rusqlite::params_from_iter(listing.parameters), |row| read_row(row, self.contract)).map_err(&failed)?;
        for row in rows.filter_map(Result::transpose) {
            if visit(row.map_err(&failed)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn live(&mut self) -> Result<u64, StoreError> {
        let count = self.connection.query_row("SELECT count(*) FROM records WHERE is_deleted = 0", [], |row| row.get(0));
        count.map_err(failed("count records"))
    }

    fn counts(&mut self) -> Result<Counts, StoreError> {
        let failed = failed("count records");
        let mut counts = Counts::default();
        let mut statement = self.connection.prepare_cached(&counting()).map_err(&failed)?;
        let read = statement.query_row([], |row| {
            counts.pending = row.get(0)?;
            counts.pending_since = row.get(1)?;
            counts.blocked = row.get(2)?;
            counts.quarantined = row.get(3)?;
            Ok(())
        });
        read.map_err(&failed)?;
        let meta = meta_in(&self.connection)?;
        let quarantined = if counts.quarantined == 0 { Vec::new() } else { self.quarantined_rows(meta.resyncs)? };
        counts.quarantine_digest = quarantine_digest(quarantined.iter().map(|(change, rev)| (change, *rev)));
        let is_undecided = meta.resync.as_ref().is_some_and(Resync::is_undecided);
        if let Some(sweep) = meta.sweep().filter(|_| is_undecided) {
            // `Sweep::keeps` in SQL.
            let sql = "SELECT count(*), coalesce(sum(state = 0 AND seen <> ?1 AND NOT (seen < ?3 AND coalesce(base_rev > ?2, 0))
                         AND NOT ((?5 IS NULL OR op_device = ?5) AND coalesce(base_rev > ?4, 0))), 0)
                       FROM records WHERE is_deleted = 0";
            let restored_in = i64::try_from(sweep.restored_in).unwrap_or(i64::MAX);
            let only_of = sweep.only_of.as_ref().map(|device| device.as_bytes().as_slice());
            let parameters = params![sweep.number, sweep.restored_rev, restored_in, sweep.deleted_up_to, only_of];
            (counts.live, counts.unseen) =
                self.connection.query_row(sql, parameters, |row| Ok((row.get(0)?, row.get(1)?))).map_err(&failed)?;
        }
        Ok(counts)
    }

    fn blocked(&mut self) -> Result<Vec<Row>, StoreError> {
        self.rows(&format!("WHERE {REFUSED} ORDER BY collection, op_seq"), [])
    }

    fn history(&mut self, limit: usize) -> Result<Vec<PastVersion>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        read_history(&self.connection, self.contract, "ORDER BY number DESC LIMIT ?1", limit).map_err(failed("read the conflict history"))
    }

    fn past(&mut self, number: i64) -> Result<Option<PastVersion>, StoreError> {
        let found =
            read_history(&self.connection, self.contract, "WHERE number = ?1", number).map_err(failed("read the conflict history"))?;
        Ok(found.into_iter().next())
    }

    fn quarantined(&mut self) -> Result<Vec<Quarantined>, StoreError> {
        read_quarantined(&self.connection).map_err(failed("read the quarantined changes"))
    }

    fn check(&mut self) -> Result<(), StoreError> {
        // The quick check reads every page, but compares no index with its table, which takes ten times as long.
        let found: Result<String, _> = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
        let found = found.map_err(failed("check the database"))?;
        match found.lines().next_back() {
            Some("ok") => Ok(()),
            why => Err(StoreError::new(format!("cannot use the database: {}{DAMAGED}", why.unwrap_or_default()))),
        }
    }
}

fn counting() -> String {
    let counted = |condition: &str| format!("(SELECT count(*) FROM records WHERE {condition})");
    let (waiting, refused) = (counted(WAITING), counted(REFUSED));
    format!("SELECT {waiting}, (SELECT min(pending_since) FROM records WHERE {WAITING}), {refused}, (SELECT count(*) FROM quarantine)")
}

fn load(transaction: &Transaction<'_>, contract: &Contract, select: &Select, meta: &Meta) -> Result<Vec<Entry>, StoreError> {
    let failed = failed("read records");
    let rows = match select {
        Select::Keys(keys) => with_keys(transaction, contract, keys).map_err(&failed)?,
        Select::Unacknowledged => all(transaction, contract, "WHERE state > 0 ORDER BY op_seq", [])?,
        Select::Unseen { limit } => match &meta.resync {
            Some(resync) => all(transaction, contract, "WHERE seen <> ?1 LIMIT ?2", params![resync.number, limit])?,
            None => Vec::new(),
        },
    };
    let any: bool = transaction.query_row("SELECT EXISTS (SELECT 1 FROM quarantine)", [], |row| row.get(0)).map_err(&failed)?;
    let sql = "SELECT EXISTS (SELECT 1 FROM quarantine WHERE collection = ?1 AND id = ?2)";
    let mut statement = transaction.prepare_cached(sql).map_err(&failed)?;
    let mut entry = |(index, row): (usize, Option<Row>)| {
        let key = match select {
            Select::Keys(keys) => keys.get(index).copied(),
            Select::Unacknowledged | Select::Unseen { .. } => row.as_ref().map(Row::key),
        };
        let is_quarantined = match key.filter(|_| any) {
            Some(key) => statement.query_row(params![key.collection.path, key.id.to_string()], |row| row.get(0))?,
            None => false,
        };
        Ok(Entry { row, is_quarantined })
    };
    rows.into_iter().enumerate().map(&mut entry).collect::<rusqlite::Result<_>>().map_err(failed)
}

fn with_keys(transaction: &Transaction<'_>, contract: &Contract, keys: &[Key]) -> rusqlite::Result<Vec<Option<Row>>> {
    let sql = format!("SELECT {RECORD_COLUMNS} FROM records WHERE collection = ?1 AND id = ?2");
    let mut statement = transaction.prepare_cached(&sql)?;
    let mut id = Uuid::encode_buffer();
    let one = |key: &Key| {
        let id: &str = key.id.hyphenated().encode_lower(&mut id);
        let mut rows = statement.query_map(params![key.collection.path, id], |row| read_row(row, contract))?;
        rows.next().transpose().map(Option::flatten)
    };
    keys.iter().map(one).collect()
}

fn all(
    transaction: &Transaction<'_>,
    contract: &Contract,
    condition: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<Option<Row>>, StoreError> {
    let failed = failed("read records");
    let sql = format!("SELECT {RECORD_COLUMNS} FROM records {condition}");
    let mut statement = transaction.prepare_cached(&sql).map_err(&failed)?;
    statement.query_map(parameters, |row| read_row(row, contract)).and_then(Iterator::collect).map_err(failed)
}

fn carry_out(transaction: &Transaction<'_>, write: &Write) -> rusqlite::Result<()> {
    let execute = |sql: &str, parameters: &[&dyn rusqlite::ToSql]| transaction.prepare_cached(sql)?.execute(parameters).map(drop);
    match write {
        Write::Put(row) => put(transaction, row),
        Write::Remove(key) => {
            execute("DELETE FROM records WHERE collection = ?1 AND id = ?2", params![key.collection.path, key.id.to_string()])
        }
        Write::Remember(past) => rows::remember(transaction, past),
        Write::Quarantine(quarantined) => rows::quarantine(transaction, quarantined),
        Write::Release(key) => {
            execute("DELETE FROM quarantine WHERE collection = ?1 AND id = ?2", params![key.collection.path, key.id.to_string()])
        }
        Write::ReleaseRev(rev) => execute("DELETE FROM quarantine WHERE id IS NULL AND rev = ?1", params![rev]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::CONTRACT;

    #[test]
    fn what_every_cycle_asks_for_walks_over_no_records_that_are_in_sync() {
        let store = SqliteStore::in_memory(Uuid::nil(), &CONTRACT).expect("a database");
        let waiting = format!("SELECT {RECORD_COLUMNS} FROM records WHERE {WAITING} AND collection = 'x' ORDER BY op_seq LIMIT 5");
        let refused = format!("SELECT {RECORD_COLUMNS} FROM records WHERE {REFUSED} ORDER BY collection, op_seq");
        for sql in [counting(), waiting, refused] {
            let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a query");
            let steps: Vec<String> =
                statement.query_map([], |row| row.get(3)).and_then(Iterator::collect).expect("what SQLite means to do");
            let over_records: Vec<_> = steps.iter().filter(|step| step.contains("records")).collect();
            assert!(!over_records.is_empty(), "{steps:?}");
            assert!(over_records.iter().all(|step| step.contains("INDEX records_unacknowledged")), "{steps:?}");
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
        }
    }
}
