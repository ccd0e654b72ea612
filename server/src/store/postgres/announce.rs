//! Notifications between servers through the database: new revisions and ended sessions. A notification within a push's transaction would
//! make all pushes of all servers wait for one lock. Notifications are therefore sent after the commit, and one statement sends all that
//! have accumulated.
//!
//! A notification may be lost. Each server therefore also polls the database for the users with open streams.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::AsyncMessage;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::connect::Address;
use super::{Connections, SHUTDOWN_MAX};
use crate::fair_semaphore::SERVER;
use crate::store::StoreError;
use crate::store::accounts::Notification;

/// How often a server polls while it receives notifications. Otherwise it polls once a second.
pub const ASK_EVERY: Duration = Duration::from_secs(3);

const CHANNEL: &str = "stronglog";
/// The maximum size of a notification is 8,000 bytes.
const NOTIFICATION_BYTES_MAX: usize = 7_900;
/// How long a server waits before it listens again.
const LISTEN_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Sends the notifications of this server, and listens to the others.
pub struct Announcer {
    connections: Connections,
    unsent: Arc<Unsent>,
    is_listening: Arc<AtomicBool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// The notifications that have not been sent yet.
#[derive(Default)]
struct Unsent {
    news: Mutex<Outbox>,
    came: Notify,
}

#[derive(Default)]
struct Outbox {
    revisions: BTreeMap<Uuid, u64>,
    ended: BTreeSet<Uuid>,
}

impl Announcer {
    pub fn new(connections: Connections) -> Self {
        Announcer { connections, unsent: Arc::default(), is_listening: Arc::default(), tasks: Mutex::default() }
    }

    pub fn announce(&self, notification: Notification) {
        self.unsent.add(notification);
    }

    /// Whether this server receives notifications of others at once.
    pub fn is_listening(&self) -> bool {
        self.is_listening.load(Ordering::Relaxed)
    }

    /// Begins to send and to listen.
    pub fn listen(&self, address: Address, on_notification: impl Fn(Notification) + Send + Sync + 'static) {
        let announcing = tokio::spawn(tell_others(self.connections.clone(), Arc::clone(&self.unsent)));
        let is_listening = Arc::clone(&self.is_listening);
        let listening = tokio::spawn(async move {
            loop {
                let ended = listen(&address, &is_listening, &on_notification).await;
                is_listening.store(false, Ordering::Relaxed);
                if let Err(error) = ended {
                    tracing::warn!(%error, "cannot listen for changes by other servers: polling the database instead");
                }
                tokio::time::sleep(LISTEN_AGAIN_AFTER).await;
            }
        });
        self.tasks().extend([announcing, listening]);
    }

    /// Sends the remaining notifications, and ends.
    pub async fn close(&self) {
        let tasks = std::mem::take(&mut *self.tasks());
        for task in tasks {
            task.abort();
            // The task was aborted.
            let _ = task.await;
        }
        match timeout(SHUTDOWN_MAX, send(&self.connections, self.unsent.take())).await {
            Ok(Ok(())) => {}
            other => tracing::warn!(?other, "cannot notify other servers"),
        }
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Unsent {
    fn add(&self, notification: Notification) {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        match notification {
            Notification::Revision(user, rev) => {
                let known = news.revisions.entry(user).or_default();
                *known = rev.max(*known);
            }
            Notification::Ended(user) => _ = news.ended.insert(user),
        }
        self.came.notify_one();
    }

    fn take(&self) -> Outbox {
        std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Sends new notifications while the server runs. Those that arrive while a statement is in progress go into the next one.
async fn tell_others(connections: Connections, unsent: Arc<Unsent>) {
    loop {
        unsent.came.notified().await;
        if let Err(error) = send(&connections, unsent.take()).await {
            tracing::warn!(%error, "cannot notify other servers: they poll the database");
        }
    }
}

async fn send(connections: &Connections, news: Outbox) -> Result<(), StoreError> {
    let texts = written(&news);
    if texts.is_empty() {
        return Ok(());
    }
    let link = connections.take(SERVER).await?;
    link.query_typed("SELECT pg_notify($1, text) FROM unnest($2) AS text", &[(&CHANNEL, Type::TEXT), (&texts, Type::TEXT_ARRAY)]).await?;
    Ok(())
}

/// The texts of the notifications: `USER REV` for a revision and `USER` for an ended session, separated by commas.
fn written(news: &Outbox) -> Vec<String> {
    let revisions = news.revisions.iter().map(|(user, rev)| format!("{} {rev}", user.simple()));
    let ended = news.ended.iter().map(|user| user.simple().to_string());
    let mut texts: Vec<String> = Vec::new();
    for one in revisions.chain(ended) {
        match texts.last_mut().filter(|text| text.len() + one.len() < NOTIFICATION_BYTES_MAX) {
            Some(text) => {
                text.push(',');
                text.push_str(&one);
            }
            None => texts.push(one),
        }
    }
    texts
}

/// Reads a notification. Notifications of other programs are ignored.
fn read(text: &str) -> impl Iterator<Item = Notification> {
    text.split(',').filter_map(|one| match one.split_once(' ') {
        Some((user, rev)) => Some(Notification::Revision(Uuid::try_parse(user).ok()?, rev.parse().ok()?)),
        None => Some(Notification::Ended(Uuid::try_parse(one).ok()?)),
    })
}

/// Listens until the connection ends.
async fn listen(address: &Address, is_listening: &AtomicBool, on_notification: &impl Fn(Notification)) -> Result<(), StoreError> {
    let (client, mut connection, _) = address.connect().await?;
    let listened = client.batch_execute("LISTEN stronglog");
    let heard = async {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(notification) = message? {
                read(notification.payload()).for_each(on_notification);
            }
        }
        Ok::<_, StoreError>(())
    };
    let began = async {
        listened.await?;
        is_listening.store(true, Ordering::Relaxed);
        Ok(())
    };
    // The response to the statement comes through the same connection, which is read at the same time.
    tokio::try_join!(began, heard).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_arrive_in_notifications_of_bounded_size() {
        let unsent = Unsent::default();
        let user = |number: u128| Uuid::from_u128(number);
        (0..500).for_each(|number| unsent.add(Notification::Revision(user(number), u64::MAX)));
        unsent.add(Notification::Revision(user(1), 7));
        unsent.add(Notification::Ended(user(9)));
        let texts = written(&unsent.take());
        assert!(texts.len() > 1 && texts.iter().all(|text| text.len() <= NOTIFICATION_BYTES_MAX), "{texts:?}");
        let heard: Vec<Notification> = texts.iter().flat_map(|text| read(text)).collect();
        assert_eq!(heard.len(), 501);
        assert!(heard.contains(&Notification::Revision(user(1), u64::MAX)), "an older revision changes nothing");
        assert!(heard.contains(&Notification::Ended(user(9))));
        assert!(written(&unsent.take()).is_empty());
        assert_eq!(read("of another program, 12 x").count(), 0);
    }
}
