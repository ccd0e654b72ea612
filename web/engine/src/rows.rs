//! Rows, writes and counts as they cross the border. A record crosses as its text; what the engine knows beside it is one JSON text that
//! TypeScript keeps and does not read, and the few members that an index of IndexedDB needs.

use serde::{Deserialize, Serialize};
use stronglog_sync::api::registry;
use stronglog_sync::merge::Op;
use stronglog_sync::record::Record;
use stronglog_sync::store::{Block, Counts, Key, Loaded, Meta, PastVersion, Pending, Quarantined, Row, RowState, Select, Write};
use uuid::Uuid;
use wasm_bindgen::prelude::wasm_bindgen;

/// What the engine knows of a row beside its record.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RowInfo {
    op: OpInfo,
    stamp: i64,
    deleted: bool,
    base_rev: Option<u64>,
    seen: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    lost: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base_stamp: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    block: Option<Block>,
}

#[derive(Serialize, Deserialize)]
struct OpInfo {
    id: Uuid,
    device: Uuid,
    seq: u64,
}

impl OpInfo {
    fn of(op: Op) -> Self {
        OpInfo { id: op.id, device: op.device, seq: op.seq }
    }
}

/// Writes a key: the collection's path, a slash, the record's id.
pub fn write_key(key: Key) -> String {
    format!("{}/{}", key.collection.path, key.id)
}

/// Reads a key.
///
/// # Errors
/// It is none, or this contract does not have the collection.
pub fn read_key(text: &str) -> Result<Key, String> {
    let parts = text.split_once('/').and_then(|(path, id)| Some((registry::collection(path)?, Uuid::parse_str(id).ok()?)));
    let (collection, id) =
        parts.ok_or_else(|| format!("{text:?} is no record's key: a collection of the contract, a slash and an id are needed"))?;
    Ok(Key { collection, id })
}

/// Reads a row.
///
/// # Errors
/// The database is damaged.
pub fn read_row(key: &str, info: &str, text: String) -> Result<Row, String> {
    let Key { collection, id } = read_key(key)?;
    let info: RowInfo = read(info)?;
    let pending = info.since.map(|since| Pending { since, lost: info.lost, base_stamp: info.base_stamp });
    let state = match (pending, info.block) {
        (None, _) => RowState::Clean,
        (Some(pending), None) => RowState::Pending(pending),
        (Some(pending), Some(block)) => RowState::Blocked(pending, block),
    };
    let record = Record { id, stamp: info.stamp, deleted: info.deleted, text };
    let op = Op { id: info.op.id, device: info.op.device, seq: info.op.seq };
    Ok(Row { collection, record, op, base_rev: info.base_rev, state, seen: info.seen })
}

fn write_info(row: &Row) -> String {
    let pending = row.unacknowledged();
    let block = if let RowState::Blocked(_, block) = &row.state { Some(block.clone()) } else { None };
    write(&RowInfo {
        op: OpInfo::of(row.op),
        stamp: row.record.stamp,
        deleted: row.record.deleted,
        base_rev: row.base_rev,
        seen: row.seen,
        since: pending.map(|pending| pending.since),
        lost: pending.is_some_and(|pending| pending.lost),
        base_stamp: pending.and_then(|pending| pending.base_stamp),
        block,
    })
}

/// Reads something of the database's.
pub(crate) fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("cannot read what the database holds: {error}; restore it from a copy"))
}

/// Writes what always can be written.
pub(crate) fn write(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Which rows a plan needs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Selection {
    /// These, whether they are there or not.
    Keys(Vec<String>),
    /// Every row with an unacknowledged edit.
    Unacknowledged,
    /// Rows that the running resync has not seen, at most so many.
    Unseen(usize),
}

impl Selection {
    pub(crate) fn of(select: &Select) -> Self {
        match select {
            Select::Keys(keys) => Selection::Keys(keys.iter().copied().map(write_key).collect()),
            Select::Unacknowledged => Selection::Unacknowledged,
            Select::Unseen { limit } => Selection::Unseen(*limit),
        }
    }
}

/// Rows as they come from the database: four lists of one length. A row that is not there has an empty `info`.
#[wasm_bindgen]
pub struct Rows {
    keys: Vec<String>,
    infos: Vec<String>,
    texts: Vec<String>,
    quarantined: Vec<u8>,
}

#[wasm_bindgen]
impl Rows {
    /// Rows, and for each whether a version of it is quarantined.
    #[wasm_bindgen(constructor)]
    pub fn new(keys: Vec<String>, infos: Vec<String>, texts: Vec<String>, quarantined: Vec<u8>) -> Rows {
        Rows { keys, infos, texts, quarantined }
    }
}

impl Rows {
    pub(crate) fn read(self) -> Result<(Vec<Option<Row>>, Vec<bool>), String> {
        let texts = self.texts.into_iter().zip(self.infos).zip(self.keys);
        let row = |((text, info), key): ((String, String), String)| {
            if info.is_empty() { Ok(None) } else { read_row(&key, &info, text).map(Some) }
        };
        let rows = texts.map(row).collect::<Result<_, String>>()?;
        Ok((rows, self.quarantined.into_iter().map(|quarantined| quarantined != 0).collect()))
    }

    /// What a plan is given.
    pub(crate) fn loaded(self, meta: &str) -> Result<Loaded, String> {
        let (rows, quarantined) = self.read()?;
        Ok(Loaded { meta: read_meta(meta)?, rows, quarantined })
    }
}

/// What the device knows of itself: of a new database nothing but its id.
pub(crate) fn read_meta(text: &str) -> Result<Meta, String> {
    read(text)
}

/// What a plan writes. `json` is a `Writes`; `texts` are the records of its `put`s, one each and in order.
#[wasm_bindgen]
pub struct Plan {
    json: String,
    texts: Vec<String>,
}

#[wasm_bindgen]
impl Plan {
    /// The writes, as JSON.
    pub fn json(&self) -> String {
        self.json.clone()
    }

    /// The records of the rows that are put.
    pub fn texts(&mut self) -> Vec<String> {
        std::mem::take(&mut self.texts)
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Writes {
    meta: String,
    /// Whether a resync has yet to decide whether to ask the user: then, and only then, are unseen rows counted.
    undecided: bool,
    put: Vec<Put>,
    remove: Vec<String>,
    remember: Vec<Remembered>,
    forget: Vec<i64>,
    quarantined: Vec<Aside>,
    /// App writes that the contract refuses, with the reason.
    pub(crate) refused: Vec<(String, String)>,
    /// Keys of app writes that change nothing: their rows are shown again.
    pub(crate) unchanged: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    key: String,
    info: String,
    live: bool,
    seen: u64,
    /// Place in the order of pushes, for rows that wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<(usize, u64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Remembered {
    collection: &'static str,
    text: String,
    why: stronglog_sync::store::Past,
    at: i64,
    op: OpInfo,
    winner: OpInfo,
}

/// One change of what is quarantined, in order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Aside {
    #[serde(rename_all = "camelCase")]
    Quarantine {
        key: Option<String>,
        collection: Option<String>,
        id: Option<Uuid>,
        rev: Option<u64>,
        raw: String,
        reason: String,
        at: i64,
    },
    Release(String),
    ReleaseRev(u64),
}

impl Aside {
    fn of(quarantined: Quarantined) -> Self {
        let key = quarantined.collection.as_deref().zip(quarantined.id).map(|(path, id)| format!("{path}/{id}"));
        let Quarantined { collection, id, stored, raw, reason, at } = quarantined;
        Aside::Quarantine { key, collection, id, rev: stored.map(|stored| stored.rev), raw, reason, at }
    }
}

impl Writes {
    /// Takes in what a plan has decided. Of two writes to one row the later one counts.
    pub(crate) fn take(&mut self, writes: Vec<Write>, texts: &mut Vec<String>) {
        for write in writes {
            match write {
                Write::Put(row) => {
                    self.put.push(Put::of(&row));
                    texts.push(row.record.text);
                }
                Write::Remove(key) => self.remove.push(write_key(key)),
                Write::Remember(past) => self.remember.push(Remembered::of(past)),
                Write::Forget(number) => self.forget.push(number),
                Write::Quarantine(quarantined) => self.quarantined.push(Aside::of(quarantined)),
                Write::Release(key) => self.quarantined.push(Aside::Release(write_key(key))),
                Write::ReleaseRev(rev) => self.quarantined.push(Aside::ReleaseRev(rev)),
            }
        }
    }

    /// The plan, with the device's own row, whose every change counts.
    pub(crate) fn into_plan(mut self, mut meta: Meta, texts: Vec<String>) -> Plan {
        meta.version += 1;
        self.undecided = meta.resync.as_ref().is_some_and(|resync| resync.is_undecided());
        self.meta = write(&meta);
        Plan { json: write(&self), texts }
    }
}

impl Put {
    fn of(row: &Row) -> Self {
        let place = registry::COLLECTIONS.iter().position(|known| known.path == row.collection.path).unwrap_or(usize::MAX);
        let pending = row.unacknowledged().map(|pending| pending.since);
        let waits = matches!(row.state, RowState::Pending(_));
        Put {
            key: write_key(row.key()),
            info: write_info(row),
            live: !row.record.deleted,
            seen: row.seen,
            queue: waits.then_some((place, row.op.seq)),
            since: pending.filter(|_| waits),
            blocked: pending.filter(|_| !waits),
        }
    }
}

impl Remembered {
    fn of(past: PastVersion) -> Self {
        let PastVersion { number: _, collection, record, op, why, winner, at } = past;
        Remembered { collection: collection.path, text: record.text, why, at, op: OpInfo::of(op), winner: OpInfo::of(winner) }
    }
}

/// How much of what there is, as TypeScript counts it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counted {
    pending: u64,
    pending_since: Option<i64>,
    blocked: u64,
    quarantined: u64,
    /// Of [`count_unseen`], in a resync that is undecided.
    #[serde(default)]
    live: u64,
    #[serde(default)]
    unseen: u64,
}

impl Counted {
    pub(crate) fn counts(&self) -> Counts {
        let Counted { pending, pending_since, blocked, quarantined, live, unseen } = *self;
        Counts { live, pending, pending_since, blocked, quarantined, unseen }
    }
}

/// Counts live records, and those of them that the running resync has not seen and would delete: `[live, unseen]`.
///
/// # Errors
/// The database is damaged.
#[wasm_bindgen(js_name = countUnseen)]
pub fn count_unseen(meta: &str, infos: Vec<String>) -> Result<Vec<u32>, String> {
    let meta = read_meta(meta)?;
    let (mut live, mut unseen) = (0, 0);
    for info in &infos {
        let info: RowInfo = read(info)?;
        live += u32::from(!info.deleted);
        let doomed = meta.resync.as_ref().is_some_and(|resync| info.seen != resync.number && !resync.is_lost(info.base_rev));
        unseen += u32::from(doomed && !info.deleted && info.since.is_none());
    }
    Ok(vec![live, unseen])
}

/// Why a row is blocked: `[code, message]`.
///
/// # Errors
/// The database is damaged.
#[wasm_bindgen(js_name = blockOf)]
pub fn block_of(info: &str) -> Result<Vec<String>, String> {
    let info: RowInfo = read(info)?;
    Ok(info.block.map_or_else(Vec::new, |block| vec![block.code, block.message]))
}
