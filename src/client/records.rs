//! The records of one collection: typed for apps, and as JSON for programs that choose collections at run time.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::ops::ControlFlow;

use uuid::Uuid;

use super::query::check;
use super::{Changes, Client, refused_edit};
use crate::api::Report;
use crate::api::collection::{Collection, Synced};
use crate::api::runtime::json::Json;
use crate::api::runtime::schema::parse;
use crate::driver::wall_ms;
use crate::error::Error;
use crate::outbox::{EditError, LocalEdit};
use crate::pull;
use crate::record::{patch, record_id, rewrite};
use crate::store::{Key, Query, StoreError};

/// The typed records of one collection.
pub struct Records<'a, T> {
    pub(super) json: JsonRecords<'a>,
    pub(super) records: PhantomData<T>,
}

impl<T: Synced> Records<'_, T> {
    /// Writes a new or changed record, and returns it as stored, with its stamp.
    ///
    /// The record's `client_updated_at` identifies the version that was edited. If sync or another part of the app has written another
    /// version in the meantime, the last write wins and the replaced version goes to the conflict history. [`edit`](Self::edit) always
    /// edits the current version.
    ///
    /// ```
    /// use stronglog_sync::Client;
    /// use stronglog_sync::api::registry::Collections;
    /// # use stronglog_sync::api::{BodyweightKg, Id, Timestamp, UserBodyweightLog};
    /// # fn log(client: &Client) -> UserBodyweightLog {
    /// #     UserBodyweightLog {
    /// #         id: Id(client.new_id().to_string()), client_created_at: Timestamp(1), client_updated_at: Timestamp(1),
    /// #         date: Timestamp(1_700_000_000_000), weight_kg: BodyweightKg(81.5), server_id: None, server_updated_at: None,
    /// #         unknown: Default::default(),
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), stronglog_sync::Error> {
    /// # let client = Client::builder().open().await?;
    /// let mut log = client.user_bodyweight_logs().put(&log(&client))?;
    /// log.weight_kg = BodyweightKg(0.0);
    /// let error = client.user_bodyweight_logs().put(&log).unwrap_err();
    /// assert!(error.is_invalid());
    /// assert_eq!(error.report().unwrap().violations[0].pointer, "/weightKg");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the record violates the contract or the database cannot be written.
    pub fn put(&self, record: &T) -> Result<T, Error> {
        let stored = self.json.put(&record.to_json())?;
        self.typed(&stored)
    }

    /// Edits the current version of a record, and returns it as stored. Reading and writing happen in one transaction, so neither sync nor
    /// another process can write in between. Members that `change` does not touch keep their JSON text.
    ///
    /// ```
    /// use stronglog_sync::Client;
    /// use stronglog_sync::api::registry::Collections;
    /// # use stronglog_sync::api::{BodyweightKg, Id, Timestamp, UserBodyweightLog};
    /// # fn log(client: &Client) -> UserBodyweightLog {
    /// #     UserBodyweightLog {
    /// #         id: Id(client.new_id().to_string()), client_created_at: Timestamp(1), client_updated_at: Timestamp(1),
    /// #         date: Timestamp(1_700_000_000_000), weight_kg: BodyweightKg(81.5), server_id: None, server_updated_at: None,
    /// #         unknown: Default::default(),
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), stronglog_sync::Error> {
    /// # let client = Client::builder().open().await?;
    /// # let id = client.user_bodyweight_logs().put(&log(&client))?.id;
    /// let log = client.user_bodyweight_logs().edit(&id, |log| log.weight_kg = BodyweightKg(82.0))?;
    /// assert_eq!(*log.weight_kg, 82.0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no such record, the changed record violates the contract, or the database cannot be written.
    pub fn edit(&self, id: &str, change: impl FnOnce(&mut T)) -> Result<T, Error> {
        let stored = self.json.edit(id, |text| {
            let mut record = T::from_json(text.as_bytes())?;
            let before = record.to_json();
            change(&mut record);
            patch(text, &before, &record.to_json())
        })?;
        self.typed(&stored)
    }

    /// Writes many records in one transaction, all or none. This is much faster than writing them one by one.
    ///
    /// # Errors
    /// Returns an error if a record violates the contract or the database cannot be written. In that case nothing is written.
    pub fn put_all(&self, records: &[T]) -> Result<(), Error> {
        let texts: Vec<String> = records.iter().map(T::to_json).collect();
        self.json.put_all(&texts).map(drop)
    }

    /// Writes a default record that ships with the app, unless the device has a record with its id. Any edit by a user, on any device, wins
    /// over it.
    ///
    /// # Errors
    /// Returns an error if the record violates the contract or the database cannot be written.
    pub fn seed(&self, record: &T) -> Result<(), Error> {
        self.json.seed(&record.to_json())
    }

    /// The live record with this id.
    ///
    /// # Errors
    /// Returns an error if the id is not a UUID or the database cannot be read.
    pub fn get(&self, id: &str) -> Result<Option<T>, Error> {
        self.json.get(id)?.map(|text| self.typed(&text)).transpose()
    }

    /// The live records that the query selects, in its order.
    ///
    /// ```
    /// use stronglog_sync::Client;
    /// use stronglog_sync::api::registry::Collections;
    /// use stronglog_sync::Query;
    /// # use stronglog_sync::api::{BodyweightKg, Id, Timestamp, UserBodyweightLog};
    /// # fn log(client: &Client) -> UserBodyweightLog {
    /// #     UserBodyweightLog {
    /// #         id: Id(client.new_id().to_string()), client_created_at: Timestamp(1), client_updated_at: Timestamp(1),
    /// #         date: Timestamp(1_700_000_000_000), weight_kg: BodyweightKg(81.5), server_id: None, server_updated_at: None,
    /// #         unknown: Default::default(),
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), stronglog_sync::Error> {
    /// # let client = Client::builder().open().await?;
    /// client.user_bodyweight_logs().put(&log(&client))?;
    /// let newest = Query { index: vec!["date".to_owned()], descending: true, limit: Some(10), ..Query::default() };
    /// assert_eq!(client.user_bodyweight_logs().list(&newest)?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the contract does not declare the index, a value has another type than its member, or the database cannot be
    /// read.
    pub fn list(&self, query: &Query) -> Result<Vec<T>, Error> {
        self.json.list(query)?.iter().map(|text| self.typed(text)).collect()
    }

    /// Deletes a record: here at once, and on the other devices after the next sync. The conflict history keeps its content.
    ///
    /// # Errors
    /// Returns an error if there is no such record or the database cannot be written.
    pub fn delete(&self, id: &str) -> Result<(), Error> {
        self.json.delete(id)
    }

    /// Deletes many records in one transaction, all or none. This is much faster than deleting them one by one.
    ///
    /// # Errors
    /// Returns an error if one of the records does not exist or the database cannot be written. In that case nothing is deleted.
    pub fn delete_all<I: AsRef<str>>(&self, ids: &[I]) -> Result<(), Error> {
        self.json.delete_all(ids)
    }

    /// Subscribes to changes of this collection's records, made here or on another device.
    ///
    /// ```
    /// use stronglog_sync::Client;
    /// use stronglog_sync::api::registry::Collections;
    /// # use stronglog_sync::api::{BodyweightKg, Id, Timestamp, UserBodyweightLog};
    /// # fn log(client: &Client) -> UserBodyweightLog {
    /// #     UserBodyweightLog {
    /// #         id: Id(client.new_id().to_string()), client_created_at: Timestamp(1), client_updated_at: Timestamp(1),
    /// #         date: Timestamp(1_700_000_000_000), weight_kg: BodyweightKg(81.5), server_id: None, server_updated_at: None,
    /// #         unknown: Default::default(),
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), stronglog_sync::Error> {
    /// # let client = Client::builder().open().await?;
    /// let mut changes = client.user_bodyweight_logs().watch();
    /// let stored = client.user_bodyweight_logs().put(&log(&client))?;
    /// let changed = changes.next().await.unwrap_or_default();
    /// assert_eq!(changed[0].id.to_string(), *stored.id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(&self) -> Changes {
        self.json.watch()
    }

    /// The id of a record that every device creates. It is derived from `key`, so that all devices create the same record.
    pub fn deterministic_id(&self, key: &str) -> Option<String> {
        T::COLLECTION.deterministic_id(key)
    }

    fn typed(&self, text: &str) -> Result<T, Error> {
        T::from_json(text.as_bytes()).map_err(|report| {
            StoreError::new(format!(
                "cannot read a stored record, which violates the contract: {report}; update the app, or restore the database from a copy"
            ))
            .into()
        })
    }
}

/// The state of a record on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Presence {
    /// The device has never had the record, or has forgotten its deletion.
    Missing,
    /// The record, as JSON text.
    Live(String),
    /// The record is deleted.
    Deleted,
}

/// The records of one collection, as JSON text.
pub struct JsonRecords<'a> {
    pub(super) client: &'a Client,
    pub(super) collection: &'static Collection,
}

impl JsonRecords<'_> {
    /// Writes a new or changed record, and returns it as stored. The members that sync owns and the id of a new record may be missing.
    ///
    /// The record's `clientUpdatedAt` identifies the version that was edited, as in [`Records::put`]. `isDeleted: true` deletes the record.
    ///
    /// # Errors
    /// Returns an error if the record violates the contract, there is no record to delete, or the database cannot be written.
    pub fn put(&self, record: &str) -> Result<String, Error> {
        let (id, text) = self.complete(record)?;
        let stored = self.client.edit(self.key(id), &LocalEdit::Put(text))?;
        Ok(stored.map(|record| record.text).unwrap_or_default())
    }

    /// Edits the current version of a record in one transaction, and returns it as stored. To keep the JSON text of the members that do not
    /// change, use [`rewrite`](crate::record::rewrite).
    ///
    /// # Errors
    /// Returns an error if there is no such record, `change` fails, the changed record violates the contract, or the database cannot be
    /// written.
    pub fn edit(&self, id: &str, change: impl FnOnce(&str) -> Result<String, Report>) -> Result<String, Error> {
        Ok(self.client.change(self.key(self.id(id)?), change)?.text)
    }

    /// Writes many records in one transaction, all or none, and returns them as stored.
    ///
    /// # Errors
    /// Returns an error if a record violates the contract or the database cannot be written. In that case nothing is written.
    pub fn put_all<R: AsRef<str>>(&self, records: &[R]) -> Result<Vec<String>, Error> {
        let complete = records.iter().enumerate().map(|(index, record)| {
            let (id, text) = self.complete(record.as_ref()).map_err(|error| error.at(Some((index + 1, records.len()))))?;
            Ok((self.key(id), LocalEdit::Put(text)))
        });
        let (keys, edits): (Vec<Key>, Vec<LocalEdit>) = complete.collect::<Result<Vec<_>, Error>>()?.into_iter().unzip();
        let stored = self.client.edit_all(&keys, &edits)?;
        Ok(stored.into_iter().map(|record| record.map(|record| record.text).unwrap_or_default()).collect())
    }

    /// Writes a default record that ships with the app, unless the device has a record with its id.
    ///
    /// # Errors
    /// Returns an error if the record violates the contract or the database cannot be written.
    pub fn seed(&self, record: &str) -> Result<(), Error> {
        let (id, text) = self.complete(record)?;
        self.client.edit(self.key(id), &LocalEdit::Seed(text)).map(drop)
    }

    /// The live record with this id.
    ///
    /// # Errors
    /// Returns an error if the id is not a UUID or the database cannot be read.
    pub fn get(&self, id: &str) -> Result<Option<String>, Error> {
        self.client.admit(self.collection)?;
        let key = self.key(self.id(id)?);
        let row = self.client.with(|store| store.get(key))?;
        Ok(row.filter(|row| !row.record.deleted).map(|row| row.record.text))
    }

    /// The state of the record with this id on this device, live or deleted.
    ///
    /// # Errors
    /// Returns an error if the id is not a UUID or the database cannot be read.
    pub fn presence(&self, id: &str) -> Result<Presence, Error> {
        self.client.admit(self.collection)?;
        let key = self.key(self.id(id)?);
        Ok(match self.client.with(|store| store.get(key))? {
            None => Presence::Missing,
            Some(row) if row.record.deleted => Presence::Deleted,
            Some(row) => Presence::Live(row.record.text),
        })
    }

    /// The live records that the query selects, in its order.
    ///
    /// # Errors
    /// Returns an error if the contract does not declare the index, a value has another type than its member, or the database cannot be
    /// read.
    pub fn list(&self, query: &Query) -> Result<Vec<String>, Error> {
        self.client.admit(self.collection)?;
        check(query, self.collection)?;
        let rows = self.client.with(|store| store.list(self.collection, query))?;
        Ok(rows.into_iter().map(|row| row.record.text).collect())
    }

    /// Calls `visit` with each live record in the order of the query, from one snapshot, until it returns `Break`. Other calls of this
    /// client block in the meantime.
    ///
    /// # Errors
    /// Returns an error if the contract does not declare the index, a value has another type than its member, or the database cannot be
    /// read.
    pub fn visit(&self, query: &Query, mut visit: impl FnMut(&str) -> ControlFlow<()>) -> Result<(), Error> {
        self.client.admit(self.collection)?;
        check(query, self.collection)?;
        Ok(self.client.with(|store| store.visit(self.collection, query, &mut |row| visit(&row.record.text)))?)
    }

    /// Deletes a record.
    ///
    /// # Errors
    /// Returns an error if there is no such record or the database cannot be written.
    pub fn delete(&self, id: &str) -> Result<(), Error> {
        self.client.edit(self.key(self.id(id)?), &LocalEdit::Delete).map(drop)
    }

    /// Deletes many records in one transaction, all or none.
    ///
    /// # Errors
    /// Returns an error if one of the records does not exist or the database cannot be written. In that case nothing is deleted.
    pub fn delete_all<I: AsRef<str>>(&self, ids: &[I]) -> Result<(), Error> {
        let ids: BTreeSet<Uuid> = ids.iter().map(|id| self.id(id.as_ref())).collect::<Result<_, _>>()?;
        let keys: Vec<Key> = ids.into_iter().map(|id| self.key(id)).collect();
        self.client.edit_all(&keys, &vec![LocalEdit::Delete; keys.len()]).map(drop)
    }

    /// Subscribes to changes of this collection's records, made here or on another device.
    pub fn watch(&self) -> Changes {
        Changes::new(self.client.inner.changes.subscribe(), Some(self.collection))
    }

    pub(super) fn key(&self, id: Uuid) -> Key {
        Key { collection: self.collection, id }
    }

    pub(super) fn id(&self, id: &str) -> Result<Uuid, Error> {
        record_id(id).ok_or_else(|| {
            let path = self.collection.path;
            Error::argument(format!("cannot find {path} {id:?}: a record's id is a UUID in lower case, with hyphens"))
        })
    }

    /// The id and text of a record, with the missing members that sync owns filled in. A record that was never stored has no
    /// `clientUpdatedAt`; the edit sets it.
    pub(super) fn complete(&self, record: &str) -> Result<(Uuid, String), Error> {
        let invalid = |id, report| refused_edit(self.collection, id, EditError::Invalid(report));
        let tape = parse(record.as_bytes()).map_err(|report| invalid(None, report))?;
        let id = match tape.root().get("id") {
            Some(Json::String(text)) => record_id(text).ok_or_else(|| invalid(None, not_an_id()))?,
            Some(_) => return Err(invalid(None, not_an_id())),
            None => pull::singleton_id(self.collection).unwrap_or_else(|| self.client.new_id()),
        };
        // The server's time, as far as it is known: the time of creation is not corrected later.
        let now = self.client.with(|store| store.meta())?.clock.server_ms(wall_ms()).to_string();
        let absent = |name: &str| tape.root().get(name).is_none();
        let mut members = Vec::new();
        members.extend(absent("isDeleted").then(|| ("isDeleted", Some("false".to_owned()))));
        members.extend(absent("id").then(|| ("id", Some(format!("\"{id}\"")))));
        members.extend(absent("clientCreatedAt").then_some(("clientCreatedAt", Some(now))));
        Ok((id, rewrite(record, &members).map_err(|report| invalid(Some(id), report))?))
    }
}

fn not_an_id() -> Report {
    let mut report = Report::new("pattern", "is not a UUID in lower case, with hyphens");
    report.violations.iter_mut().for_each(|violation| violation.pointer = "/id".to_owned());
    report
}
