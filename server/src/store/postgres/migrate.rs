//! Numbered migrations. Servers of different versions may run at the same time. A migration first adds what the new version needs; only a
//! later migration removes what the old version needed.

use tokio_postgres::types::Type;

use super::STANDBY;
use super::convert::signed;
use super::link::Link;
use crate::store::StoreError;

/// The first one turns an empty database into version 1. Each has the oldest version whose programs still work on its result.
const MIGRATIONS: &[(&str, i64)] =
    &[(include_str!("schema_1.sql"), 1), (include_str!("schema_2.sql"), 1), (include_str!("schema_3.sql"), 1)];

/// An arbitrary number. It makes servers that start at the same time wait for each other.
const LOCK: i64 = 0x5354_524f_4e47;

/// The state of a database that must hold before it has tables.
const STATE: &str = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean, current_setting('server_encoding'),
    current_schema(), coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), to_regclass('migrations') IS NOT NULL,
    (SELECT count(*) = 2 FROM pg_attribute WHERE attrelid = to_regclass('migrations') AND attname IN ('version', 'oldest'))";

/// Checks that the database can hold the tables. Otherwise, the error says what to do.
async fn check_usable(link: &Link) -> Result<(), StoreError> {
    let row = link.query_typed_one(STATE, &[]).await?;
    let (is_read_only, encoding): (bool, String) = (row.try_get(0)?, row.try_get(1)?);
    let (schema, may_create): (Option<String>, bool) = (row.try_get(2)?, row.try_get(3)?);
    let (has_migrations, are_ours): (bool, bool) = (row.try_get(4)?, row.try_get(5)?);
    if is_read_only {
        return Err(StoreError::new(STANDBY));
    }
    if encoding != "UTF8" {
        let message = "and UTF8 is required; create one with `createdb -E UTF8 -T template0`";
        return Err(StoreError::new(format!("its encoding is {encoding}, {message}")));
    }
    let Some(schema) = schema else {
        return Err(StoreError::new("its search_path names no existing schema; set it to `public`"));
    };
    if has_migrations && !are_ours {
        let message =
            format!("the table `migrations` in the schema {schema} belongs to another program; give the server a separate database");
        return Err(StoreError::new(message));
    }
    if !has_migrations && !may_create {
        let message = format!("the role may not create tables in the schema {schema}; run `GRANT CREATE ON SCHEMA {schema} TO` the role");
        return Err(StoreError::new(message));
    }
    Ok(())
}

/// Brings the tables to the version of this program, within the open transaction.
pub async fn migrate(link: &Link, new_epoch: &str) -> Result<(), StoreError> {
    check_usable(link).await?;
    link.query_typed("SELECT pg_advisory_xact_lock($1)", &[(&LOCK, Type::INT8)]).await?;
    link.batch_execute(
        "CREATE TABLE IF NOT EXISTS migrations (version bigint PRIMARY KEY, oldest bigint NOT NULL, at timestamptz NOT NULL DEFAULT now())",
    )
    .await?;
    let row = link.query_typed_one("SELECT coalesce(max(version), 0), coalesce(max(oldest), 0) FROM migrations", &[]).await?;
    let (version, oldest): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let ours = signed(MIGRATIONS.len() as u64)?;
    if oldest > ours {
        let message = format!(
            "the database has version {version}, which needs a program of version {oldest} or newer, and this one has {ours}; update this program"
        );
        return Err(StoreError::new(message));
    }
    for (number, (sql, oldest)) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > version) {
        link.batch_execute(sql).await?;
        let sql = "INSERT INTO migrations (version, oldest) VALUES ($1, $2)";
        link.execute_typed(sql, &[(&number, Type::INT8), (oldest, Type::INT8)]).await?;
    }
    begin_epochs(link, new_epoch).await
}

/// Checks that the tables exist and have the version of this program.
pub async fn check(link: &Link) -> Result<(), StoreError> {
    let found: bool = link.query_typed_one("SELECT to_regclass('migrations') IS NOT NULL", &[]).await?.try_get(0)?;
    if !found {
        return Err(StoreError::new("no server has used it yet; start one, which creates the tables"));
    }
    let version: i64 = link.query_typed_one("SELECT coalesce(max(version), 0) FROM migrations", &[]).await?.try_get(0)?;
    let ours = signed(MIGRATIONS.len() as u64)?;
    if version == ours {
        return Ok(());
    }
    let act = if version < ours { "start a server of this version, which migrates it" } else { "update this program" };
    Err(StoreError::new(format!("the database has version {version}, and this program supports {ours}; {act}")))
}

/// Begins the first epoch of a new database, or another one if the data was copied to another cluster, where it may be older than what
/// devices have seen. Within a cluster, even after a failover or a point-in-time recovery, each cursor proves its own history (R22).
async fn begin_epochs(link: &Link, new_epoch: &str) -> Result<(), StoreError> {
    let cluster: i64 = link.query_typed_one("SELECT system_identifier FROM pg_control_system()", &[]).await?.try_get(0)?;
    let parameters = &[(&new_epoch as &(dyn tokio_postgres::types::ToSql + Sync), Type::TEXT), (&cluster, Type::INT8)];
    let Some(row) = link.query_typed_opt("SELECT cluster FROM server", &[]).await? else {
        link.execute_typed("INSERT INTO epochs (name) VALUES ($1)", &parameters[..1]).await?;
        link.execute_typed("INSERT INTO server (epoch, cluster) VALUES ($1, $2)", parameters).await?;
        return Ok(());
    };
    if row.try_get::<_, i64>(0)? == cluster {
        return Ok(());
    }
    tracing::warn!("the database was copied from another cluster; it is treated as restored from a backup");
    link.execute_typed("INSERT INTO epochs (name, parent) SELECT $1, epoch FROM server", &parameters[..1]).await?;
    link.execute_typed("INSERT INTO restores (user_id, epoch, rev) SELECT user_id, $1, rev FROM heads", &parameters[..1]).await?;
    // The digests are computed again, because the copy may have been changed.
    link.execute_typed("UPDATE heads SET digest = NULL", &[]).await?;
    link.execute_typed("UPDATE server SET epoch = $1, cluster = $2", parameters).await?;
    Ok(())
}
