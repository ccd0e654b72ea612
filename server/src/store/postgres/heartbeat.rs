//! Servers say that they run, so that nobody copies data which they go on writing. What the database itself knows of their connections is not
//! enough: behind a pooler it sees those of the pooler.

use std::time::Duration;

use tokio_postgres::types::Type;
use uuid::Uuid;

use super::Connections;
use crate::places::SERVER;
use crate::store::StoreError;

const BEAT_EVERY: Duration = Duration::from_secs(5);
/// How long a server counts as running after it last said so, in seconds.
const LASTS_SECS: f64 = 20.0;

/// The number of servers that run on the database. Older ones do not say so, and are known by the name of their connections.
pub const SERVERS: &str = "SELECT greatest(
        (SELECT count(*) FROM leases WHERE name LIKE 'server %' AND expires_at > now()),
        (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'stronglog')
    )";

/// Servers that have not said so for a day are forgotten.
const BEAT: &str = "WITH gone AS (DELETE FROM leases WHERE name LIKE 'server %' AND expires_at < now() - interval '1 day')
    INSERT INTO leases (name, holder, expires_at) VALUES ('server ' || $1::text, $1, now() + make_interval(secs => $2))
    ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at";

/// Says again and again that a server runs.
pub async fn beat(connections: Connections, server: Uuid) {
    loop {
        let once =
            async { connections.take(SERVER).await?.execute_typed(BEAT, &[(&server, Type::UUID), (&LASTS_SECS, Type::FLOAT8)]).await };
        if let Err(error) = once.await {
            tracing::debug!(%error, "cannot tell the database that this server runs");
        }
        tokio::time::sleep(BEAT_EVERY).await;
    }
}

/// Says that a server has stopped.
pub async fn end(connections: &Connections, server: Uuid) -> Result<(), StoreError> {
    let sql = "DELETE FROM leases WHERE name = 'server ' || $1::text";
    connections.take(SERVER).await?.execute_typed(sql, &[(&server, Type::UUID)]).await.map(drop)
}
