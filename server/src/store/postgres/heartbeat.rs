//! Servers report that they are running, so that nobody copies data while they write it, and which secret they sign with. The database's
//! own list of connections is not enough: behind a pooler it shows those of the pooler.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::Connections;
use crate::fair_semaphore::SERVER;
use crate::store::StoreError;

const BEAT_EVERY: Duration = Duration::from_secs(5);
/// How long a server counts as running after its last report, in seconds.
const LASTS_SECS: f64 = 20.0;

/// The number of servers that run on the database. Older servers do not report it, and are identified by the name of their connections.
pub const SERVERS: &str = "SELECT greatest(
        (SELECT count(*) FROM leases WHERE name LIKE 'server %' AND expires_at > now()),
        (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'stronglog')
    )";

/// Reports a running server, and forgets servers without a report for a day.
const BEAT: &str = "WITH gone AS
        (DELETE FROM leases WHERE (name LIKE 'server %' OR name LIKE 'signs %' OR name LIKE 'check %') AND expires_at < now() - interval '1 day')
    INSERT INTO leases (name, holder, expires_at)
    SELECT kind || $1::text, report.holder, now() + make_interval(secs => $2) FROM (VALUES ('server ', $1), ('signs ', $3)) AS report (kind, holder)
    WHERE report.holder IS NOT NULL
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at";

/// Identifies the secrets with which the other servers sign.
const SIGNERS: &str = "SELECT DISTINCT holder FROM leases
    WHERE name LIKE 'signs %' AND name <> 'signs ' || $1::text AND expires_at > now()";

/// The id of the server's signing secret; `None` until it is loaded.
pub type SigningSecretId = Arc<Mutex<Option<Uuid>>>;

/// The task that reports periodically that a server is running.
pub struct Heart {
    task: JoinHandle<()>,
    /// Dropped to end the task.
    stop: oneshot::Sender<Infallible>,
}

impl Heart {
    pub fn start(connections: Connections, server: Uuid, signing_secret: SigningSecretId) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            loop {
                if let Err(error) = beat_once(&connections, server, &signing_secret).await {
                    tracing::debug!(%error, "cannot report to the database that this server is running");
                }
                if timeout(BEAT_EVERY, &mut stopped).await.is_ok() {
                    return;
                }
            }
        });
        Heart { task, stop }
    }

    /// Ends the task after a report in progress, which would otherwise arrive after the one of the server's end.
    pub async fn stop(self, time_max: Duration) {
        let Heart { mut task, stop } = self;
        drop(stop);
        if timeout(time_max, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Reports that a server is running, and with which secret it signs.
pub async fn beat_once(connections: &Connections, server: Uuid, signing_secret: &SigningSecretId) -> Result<(), StoreError> {
    let secret_id = *signing_secret.lock().unwrap_or_else(PoisonError::into_inner);
    let parameters = [(&server as _, Type::UUID), (&LASTS_SECS as _, Type::FLOAT8), (&secret_id as _, Type::UUID)];
    connections.take_to_write(SERVER).await?.execute_typed(BEAT, &parameters).await.map(drop)
}

/// Reports that a server has stopped.
pub async fn end(connections: &Connections, server: Uuid) -> Result<(), StoreError> {
    let sql = "DELETE FROM leases WHERE name IN ('server ' || $1::text, 'signs ' || $1::text, 'check ' || $1::text)";
    connections.take_to_write(SERVER).await?.execute_typed(sql, &[(&server, Type::UUID)]).await.map(drop)
}

/// Identifies the secrets with which the other running servers sign.
pub async fn signers(connections: &Connections, server: Uuid) -> Result<Vec<Uuid>, StoreError> {
    let rows = connections.take(SERVER).await?.query_typed(SIGNERS, &[(&server, Type::UUID)]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
