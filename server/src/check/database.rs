//! A Postgres database: whether it accepts writes, its version, its rows, the clock, connections, and the archive of its write-ahead log.

use super::Finding;
#[cfg(feature = "postgres")]
use crate::auth::tokens::Tokens;
use crate::config::Config;
use crate::fair_semaphore::SERVER;
#[cfg(feature = "postgres")]
use crate::secrets::{is_yet_to_be_made, secrets};
use crate::store::StoreError;
use crate::store::collections::Collections;
use crate::store::database::Database;

/// Checks the database that the settings name.
pub async fn database(config: &Config) -> Vec<Finding> {
    let Some(store) = &config.store else { return Vec::new() };
    let collections = Collections::of(config.contract.contract);
    let mut findings: Vec<Finding> = match Database::probe(store.reveal(), config.store_ca.as_deref(), &collections).await {
        Ok((place, seen_at)) => {
            let found = Finding::good("database", format!("{place} responds and accepts writes"));
            [Some(found), super::settings::ran(config, seen_at)].into_iter().flatten().collect()
        }
        Err(error) => return vec![Finding::bad("database", format!("cannot be used: {error}"))],
    };
    findings.extend(inside(config).await.unwrap_or_else(|error| vec![Finding::bad("version", error.to_string())]));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
    findings
}

#[cfg(not(feature = "postgres"))]
async fn inside(_: &Config) -> Result<Vec<Finding>, StoreError> {
    Ok(Vec::new())
}

#[cfg(feature = "postgres")]
async fn inside(config: &Config) -> Result<Vec<Finding>, StoreError> {
    use crate::store::postgres::{Address, Store};

    let Some(store) = &config.store else { return Ok(Vec::new()) };
    let address = Address::new(store.reveal(), config.store_ca.as_deref(), 1)?.for_operator();
    let store = Store::attach(address).await?;
    let findings = async {
        let version = Finding::good("version", "the database has this program's tables");
        let rest = [signers(&store, config).await?, Some(archive(&store).await?)];
        let found = vec![version, rows(&store).await?, clock(&store).await?, connections(&store, config).await?];
        Ok(found.into_iter().chain(rest.into_iter().flatten()).collect())
    };
    let findings = findings.await;
    store.close().await;
    findings
}

/// Checks that every account has a head and every head an account, and that no record is newer than its head.
#[cfg(feature = "postgres")]
async fn rows(store: &crate::store::postgres::Store) -> Result<Finding, StoreError> {
    let sql = "SELECT count(*) FROM users FULL JOIN heads USING (user_id)
        WHERE email IS NULL OR rev IS NULL OR rev < (SELECT max(rev) FROM records WHERE records.user_id = heads.user_id)";
    Ok(match one(store, sql).await? {
        0 => Finding::good("integrity", "every account has a newest revision"),
        found => Finding::bad("integrity", format!("{found} accounts and newest revisions do not match; restore a backup")),
    })
}

#[cfg(feature = "postgres")]
async fn clock(store: &crate::store::postgres::Store) -> Result<Finding, StoreError> {
    let newest = one(store, "SELECT coalesce(max(server_updated_at), 0) FROM heads").await?;
    let now = one(store, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").await?;
    Ok(super::clock(newest.max(now), crate::clock::now_ms(), "the database or its newest write"))
}

/// The limits on connections: their names, values, and the number of connections that count against them. The tightest limit comes first.
#[cfg(feature = "postgres")]
const LIMITS: &str = "SELECT name, most, used FROM (VALUES
        ('max_connections of the database server',
            current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint,
            (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')),
        ('the connection limit of the database',
            (SELECT datconnlimit::bigint FROM pg_database WHERE datname = current_database()),
            (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend')),
        ('the connection limit of the role',
            (SELECT rolconnlimit::bigint FROM pg_roles WHERE rolname = current_user),
            (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user AND backend_type = 'client backend'))
    ) AS limits (name, most, used) WHERE most >= 0 ORDER BY most - used LIMIT 1";

/// Whether there are enough connections for all servers.
#[cfg(feature = "postgres")]
async fn connections(store: &crate::store::postgres::Store, config: &Config) -> Result<Finding, StoreError> {
    let limits = store.query(SERVER, LIMITS, &[]).await?;
    let limit = limits.first().ok_or_else(|| StoreError::new("the database returned no row; this is a bug, please report it"))?;
    let (name, most, used): (String, i64, i64) = (limit.try_get(0)?, limit.try_get(1)?, limit.try_get(2)?);
    let each = i64::from(config.store_connections) + 1;
    let detail = format!("{used} of {most} are open, and a server opens up to {each}");
    Ok(match most - used < each {
        true => Finding::warning("connections", format!("{detail}: raise {name}, or lower store-connections")),
        false => Finding::good("connections", detail),
    })
}

/// Whether this server accepts tokens of the running servers. Another check finds secrets that cannot be used.
#[cfg(feature = "postgres")]
async fn signers(store: &crate::store::postgres::Store, config: &Config) -> Result<Option<Finding>, StoreError> {
    if is_yet_to_be_made(config) {
        return Ok(None);
    }
    let Ok(secrets) = secrets(config) else { return Ok(None) };
    Ok(Some(match store.is_signed_with_others(&Tokens::new(&secrets).names()).await? {
        true => Finding::bad(
            "servers",
            "another server on this database signs with a secret that this one does not know, so devices that reach both are signed out; \
             give all servers the same signing-secret-file, and reload those with an older one",
        ),
        false => Finding::good("servers", "every running server signs with this secret"),
    }))
}

/// Whether the database's archive for point-in-time recovery works.
#[cfg(feature = "postgres")]
async fn archive(store: &crate::store::postgres::Store) -> Result<Finding, StoreError> {
    let fails = one(
        store,
        "SELECT count(*) FROM pg_stat_archiver WHERE last_failed_time > coalesce(last_archived_time, '-infinity')
            AND current_setting('archive_mode') <> 'off'",
    );
    Ok(match fails.await? {
        0 => Finding::good("backup", "made with Postgres's own tools; its archive of the write-ahead log reports no failure"),
        _ => Finding::bad("backup", "the database cannot archive its write-ahead log; check its log and archive_command"),
    })
}

/// The number that a statement returns.
#[cfg(feature = "postgres")]
async fn one(store: &crate::store::postgres::Store, sql: &str) -> Result<i64, StoreError> {
    let rows = store.query(SERVER, sql, &[]).await?;
    let row = rows.first().ok_or_else(|| StoreError::new("the database returned no row; this is a bug, please report it"))?;
    Ok(row.try_get(0)?)
}
