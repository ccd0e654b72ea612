//! Compares the records of a device with those of the server, one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use uuid::Uuid;

use crate::api::collection::Contract;
use crate::client::Client;
use crate::cursor::Cursor;
use crate::driver::wall_ms;
use crate::engine::Message;
use crate::engine::response::{self, ServerResponse};
use crate::error::{Error, Fate, Kind};
use crate::pull;
use crate::store::{Key, Loaded, Past, Quarantined, Query, Refused, Row, RowState, Select, Store, StoreError, Write};
use crate::task::Task;
use crate::transport::{Link, Tokens};
use crate::wire::{Change, Page};

const DOING: &str = "compare the records with the server's";
/// The maximum number of changes in a page.
const PAGE_CHANGES_MAX: u64 = 1_000;

/// The result of [`Client::verify`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The number of records that were compared.
    pub compared: u64,
    /// The number of records that were not compared: edits that the server does not have yet, changes that this device has not pulled yet,
    /// and versions that this app cannot read.
    pub skipped: u64,
    /// The records in which the two differ.
    pub differences: Vec<Difference>,
}

/// A record in which the device and the server differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The path of the record's collection.
    pub collection: String,
    /// The record's id.
    pub id: Uuid,
    /// How they differ.
    pub kind: DifferenceKind,
}

/// How a device and the server differ in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// Only the device has the record.
    OnlyHere,
    /// Only the server has the record.
    OnlyOnServer,
    /// Both have the record, in different versions.
    Version,
}

impl Client {
    /// Compares each record of this device with the server's. It does not compare edits and changes that are still in transit, so call
    /// [`Client::sync_now`] first. If the device could not read a change, for example because it was damaged in transit, and the server now
    /// returns a readable version, the device takes it. Nothing else changes.
    ///
    /// # Errors
    /// Returns an error if nobody is signed in, the server cannot be reached, or the database cannot be read.
    pub async fn verify(&self) -> Result<Verified, Error> {
        Ok(self.compare_all().await?.verified)
    }

    /// Compares as [`verify`](Self::verify) does, and resolves each difference. The device takes the server's version and keeps its own in
    /// the conflict history. If the server lacks a record, the next sync pulls everything again and decides whether the record was deleted or
    /// the server has lost it. Returns the differences that there were.
    ///
    /// # Errors
    /// Returns an error if nobody is signed in, a resync has not ended yet, for example because it waits for
    /// [`confirm_resync`](Self::confirm_resync), the server cannot be reached, or the database cannot be read or written.
    pub async fn repair(&self) -> Result<Verified, Error> {
        let Comparison { verified, mut differing, .. } = self.compare_all().await?;
        let keys: Vec<Key> = differing.keys().copied().collect();
        if keys.is_empty() {
            return Ok(verified);
        }
        let mut is_resyncing = false;
        self.with(|store| {
            let mut plan = |loaded: &mut Loaded| {
                // A resync decides what to do with records that the server lacks, and may be asking the user.
                is_resyncing = loaded.meta.resync.is_some();
                if is_resyncing {
                    return Err(Refused);
                }
                let now = wall_ms();
                // It is computed again when the database is opened.
                loaded.meta.digest = None;
                if differing.values().any(|found| found.server.is_none()) {
                    pull::pull_again(&mut loaded.meta);
                }
                let entries = loaded.entries.iter().zip(std::mem::take(&mut differing));
                Ok(entries.flat_map(|(entry, (_, found))| repaired(entry.row.as_ref(), found, now)).collect())
            };
            store.update(&Select::Keys(keys), &mut plan).map(drop)
        })?;
        if is_resyncing {
            return Err(Error::argument(
                "cannot repair: the device is pulling everything again, or waits for an answer about records that the server no longer has; \
                 sync, answer if the status asks, and compare again",
            ));
        }
        self.run(Task::Current(self.contract()))?;
        Ok(verified)
    }

    async fn compare_all(&self) -> Result<Comparison, Error> {
        let link = self.link(DOING)?;
        let tokens = link.tokens().await?.ok_or(Kind::SignIn { doing: DOING })?;
        let mut comparison = Comparison::default();
        let mut unreadable = self.quarantined()?;
        let (mut since, mut limit) = (None, PAGE_CHANGES_MAX);
        loop {
            let page = match self.fetch(link, &tokens, since.clone(), limit).await {
                // A smaller response may succeed.
                Err(error) if error.is_cut() && limit > 1 => {
                    limit /= 2;
                    continue;
                }
                fetched => fetched?,
            };
            for change in page.changes.iter().flatten() {
                let before = unreadable.len();
                unreadable.retain(|known| !is_of(known, change));
                if unreadable.len() < before {
                    self.run(Task::Release(Box::new(change.clone())))?;
                }
            }
            self.with(|store| comparison.take(store, &page))?;
            since = Some(page.next_cursor);
            if !page.has_more {
                break;
            }
        }
        Ok(self.with(|store| comparison.finish(store, self.contract()))?)
    }

    /// Fetches a page of the global feed. An expired token is refreshed once.
    async fn fetch(&self, link: &Link, tokens: &Tokens, since: Option<String>, limit: u64) -> Result<Page, Error> {
        let message = Message::Pull { since, limit };
        let mut response: ServerResponse = link.exchange(tokens.account, &message).await?;
        if response.status == 401 {
            let stale = link.tokens().await?.ok_or(Kind::SignIn { doing: DOING })?;
            link.refresh(&stale).await?.ok_or(Kind::SignIn { doing: DOING })?;
            response = link.exchange(tokens.account, &message).await?;
        }
        if matches!(response.status, 408 | 413) {
            return Err(Kind::Offline { doing: DOING, message: response.described(), fate: Fate::Cut }.into());
        }
        let meta = self.with(|store| store.meta())?;
        let page = response.of_server(&meta).and_then(|response| response::page(&response, link.contract));
        page.map_err(|message| Kind::Foreign { doing: DOING, message }.into())
    }
}

/// Whether an unreadable change belongs to the record in `change`, or is the same change if it does not name its record.
fn is_of(quarantined: &Quarantined, change: &Change) -> bool {
    match quarantined.id {
        Some(id) => id == change.record.id && quarantined.collection.as_deref() == Some(change.collection.path),
        None => quarantined.stored.is_some_and(|stored| stored.rev == change.rev),
    }
}

#[derive(Default)]
struct Comparison {
    verified: Verified,
    /// The records that the server has, live or deleted.
    on_server: BTreeSet<Key>,
    /// The account's newest revision when the last page was read.
    user_rev: u64,
    /// The revision of the device's version of each record that differs, and the server's version, if there is one.
    differing: BTreeMap<Key, Found>,
}

/// A difference as it was found.
struct Found {
    here: Option<u64>,
    server: Option<Change>,
}

impl Comparison {
    fn take(&mut self, store: &mut dyn Store, page: &Page) -> Result<(), StoreError> {
        let seen = store.meta()?.cursor.and_then(|cursor| cursor.parse::<Cursor>().ok()).map_or(0, |cursor| cursor.rev);
        self.user_rev = page.user_rev;
        for change in &page.changes {
            match change {
                Ok(change) => {
                    let key = Key { collection: change.collection, id: change.record.id };
                    self.on_server.insert(key);
                    self.compare(store.get(key)?.as_ref(), change, change.rev > seen);
                }
                Err(unreadable) => {
                    self.on_server.extend(unreadable.key());
                    self.verified.skipped += 1;
                }
            }
        }
        Ok(())
    }

    fn compare(&mut self, row: Option<&Row>, change: &Change, not_pulled: bool) {
        // Sync may continue in the meantime, and the row may be newer than the page.
        let is_newer = |row: &Row| row.base_rev.is_some_and(|rev| rev > change.rev);
        if not_pulled || row.is_some_and(|row| row.state != RowState::Clean || is_newer(row)) {
            self.verified.skipped += 1;
            return;
        }
        let here = row.filter(|row| !row.record.deleted);
        let kind = match (here, change.record.deleted) {
            (None, true) => return,
            (None, false) => Some(DifferenceKind::OnlyOnServer),
            (Some(_), true) => Some(DifferenceKind::OnlyHere),
            (Some(row), false) => (!row.record.is_equal(&change.record) || row.op != change.op).then_some(DifferenceKind::Version),
        };
        self.verified.compared += 1;
        let key = Key { collection: change.collection, id: change.record.id };
        if let Some(kind) = kind {
            self.verified.differences.push(difference(key, kind));
            self.differing.insert(key, Found { here: row.and_then(|row| row.base_rev), server: Some(change.clone()) });
        }
    }

    /// Adds the records that the server did not list.
    fn finish(mut self, store: &mut dyn Store, contract: &Contract) -> Result<Self, StoreError> {
        store.snapshot(&mut |store| {
            for collection in contract.collections.iter().copied() {
                store.visit(collection, &Query::default(), &mut |row| {
                    if !self.on_server.contains(&row.key()) {
                        let is_newer = row.base_rev.is_some_and(|rev| rev > self.user_rev);
                        match row.state {
                            RowState::Clean if !is_newer => {
                                self.verified.differences.push(difference(row.key(), DifferenceKind::OnlyHere));
                                self.differing.insert(row.key(), Found { here: row.base_rev, server: None });
                            }
                            _ => self.verified.skipped += 1,
                        }
                    }
                    ControlFlow::Continue(())
                })?;
            }
            Ok(())
        })?;
        Ok(self)
    }
}

/// The writes with which the device takes the server's version, unless the row has changed since the difference was found. `row` is the
/// device's version.
fn repaired(row: Option<&Row>, found: Found, now: i64) -> Vec<Write> {
    let is_changed = row.is_some_and(|row| row.state != RowState::Clean) || row.and_then(|row| row.base_rev) != found.here;
    let Some(change) = found.server.filter(|_| !is_changed) else { return Vec::new() };
    let lost = row.filter(|row| !row.record.deleted).map(|row| pull::remember(row, Past::Lost, change.op, now));
    let adopted = pull::clean(&change, row.map_or(0, |row| row.seen));
    lost.into_iter().chain([Write::Put(adopted)]).collect()
}

fn difference(key: Key, kind: DifferenceKind) -> Difference {
    Difference { collection: key.collection.path.to_owned(), id: key.id, kind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::CONTRACT;
    use crate::api::runtime::schema::parse;
    use crate::merge::Op;
    use crate::record::Record;

    fn record(stamp: i64) -> Record {
        let text = format!(r#"{{"id":"{}","clientCreatedAt":1,"clientUpdatedAt":{stamp},"isDeleted":false}}"#, Uuid::from_u128(7));
        Record::read(parse(text.as_bytes()).expect("JSON").root()).expect("a record")
    }

    /// The result of a comparison if the page has revision 5 of a record and the device has this revision.
    fn found(rev: u64) -> Vec<DifferenceKind> {
        let (collection, op) = (CONTRACT.collections[0], Op { id: Uuid::nil(), device: Uuid::nil(), seq: rev });
        let row = Row { collection, record: record(2), op, base_rev: Some(rev), state: RowState::Clean, seen: 0 };
        let change = Change { collection, rev: 5, op: Op { seq: 5, ..op }, record: record(1), lost: None };
        let mut comparison = Comparison::default();
        comparison.compare(Some(&row), &change, false);
        comparison.verified.differences.iter().map(|difference| difference.kind).collect()
    }

    #[test]
    fn what_was_synced_after_the_page_is_no_difference() {
        assert_eq!(found(4), [DifferenceKind::Version]);
        assert_eq!(found(9), []);
    }
}
