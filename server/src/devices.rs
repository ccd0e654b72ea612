//! The last activity of the signed-in devices. It is kept in memory and stored once a minute, so that no request writes for it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::auth::tokens::Caller;
use crate::store::StoreError;
use crate::store::accounts::{Denied, Device, Doings, SessionKey};
use crate::store::database::Database;

/// Observations that are not stored yet, by session.
#[derive(Default)]
pub struct Devices {
    news: Mutex<News>,
}

type News = HashMap<SessionKey, Doings>;

impl Devices {
    /// A request of a device was answered.
    pub fn saw(&self, caller: Caller, now_ms: i64) {
        self.news().entry(caller.key()).or_default().seen_at = now_ms;
    }

    /// A device has everything up to a revision, which is the user's newest.
    pub fn synced(&self, caller: Caller, now_ms: i64, rev: u64) {
        self.news().entry(caller.key()).or_default().synced = Some((now_ms, rev));
    }

    /// The signed-in devices of the caller's account, the one seen last first.
    ///
    /// # Errors
    /// The session has ended, or the store failed.
    pub async fn list(&self, database: &Database, caller: Caller) -> Result<Vec<Device>, Denied> {
        let mut devices = database.devices(caller.key()).await?;
        let news = self.news();
        for device in &mut devices {
            if let Some(new) = news.get(&SessionKey { user: caller.user, session: device.session }) {
                device.doings = Doings { seen_at: new.seen_at.max(device.doings.seen_at), synced: new.synced.or(device.doings.synced) };
            }
        }
        devices.sort_by_key(|device| std::cmp::Reverse(device.doings.seen_at));
        Ok(devices)
    }

    /// Stores what is new. What cannot be stored stays for the next time.
    ///
    /// # Errors
    /// The store failed.
    pub async fn store(&self, database: &Database) -> Result<(), StoreError> {
        let news: Vec<_> = self.news().iter().map(|(key, doings)| (*key, *doings)).collect();
        if news.is_empty() {
            return Ok(());
        }
        database.note_doings(news.clone()).await?;
        let stored = news;
        let mut news = self.news();
        for (key, doings) in stored {
            if news.get(&key) == Some(&doings) {
                news.remove(&key);
            }
        }
        Ok(())
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
