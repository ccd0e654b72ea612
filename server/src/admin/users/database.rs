//! Accounts in a Postgres database. The open streams of all servers are notified of changes.

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};
use uuid::Uuid;

use super::{Erased, Limits, SignedIn, User, oldest};
use crate::admin::Error;
use crate::fair_semaphore::SERVER;
use crate::store::StoreError;
use crate::store::accounts::Notification;
use crate::store::postgres::{Link, Store, Transaction, number, revoke_all, signed};

/// An account, and its sessions since the time that is the first parameter.
const USER: &str = "SELECT users.user_id, email, users.created_at, disabled, count(session_id), max(rotated_at),
    record_count, record_bytes, rev, records_max, bytes_max, erasing FROM users JOIN heads ON heads.user_id = users.user_id
    LEFT JOIN sessions ON sessions.user_id = users.user_id AND NOT revoked AND rotated_at >= $1";
const BY_USER: &str = "GROUP BY users.user_id, heads.user_id";

pub async fn list(store: &Store) -> Result<Vec<User>, Error> {
    let rows = store.query(SERVER, &format!("{USER} WHERE NOT erasing {BY_USER} ORDER BY email"), &[(&oldest(), Type::INT8)]).await?;
    Ok(rows.iter().map(user).collect::<Result<_, _>>()?)
}

pub async fn show(store: &Store, who: &str) -> Result<User, Error> {
    let transaction = store.begin(SERVER).await?;
    find_any(transaction.link(), who).await
}

pub async fn sessions(store: &Store, who: &str) -> Result<Vec<SignedIn>, Error> {
    let sql = "SELECT session_id, device_name, created_at, rotated_at FROM sessions
        WHERE user_id = $1 AND NOT revoked AND rotated_at >= $2 ORDER BY rotated_at DESC, session_id";
    let user = show(store, who).await?;
    let rows = store.query(SERVER, sql, &[(&user.id, Type::UUID), (&oldest(), Type::INT8)]).await?;
    let read = |row: &Row| {
        Ok::<_, StoreError>(SignedIn { id: get(row, 0)?, device_name: get(row, 1)?, created_at: get(row, 2)?, seen_at: get(row, 3)? })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

pub async fn limit(store: &Store, who: &str, limits: Limits) -> Result<User, Error> {
    change(store, who, async |link, user| {
        let limit = |max: Option<u64>| max.map(signed).transpose();
        let (records, bytes) = (limit(limits.records_max)?, limit(limits.bytes_max)?);
        let sql = "UPDATE heads SET records_max = $2, bytes_max = $3 WHERE user_id = $1";
        link.execute_typed(sql, &[(&user, Type::UUID), (&records, Type::INT8), (&bytes, Type::INT8)]).await?;
        Ok(())
    })
    .await
}

pub async fn disable(store: &Store, who: &str) -> Result<User, Error> {
    let user = change(store, who, async |link, user| {
        link.execute_typed("UPDATE users SET disabled = true WHERE user_id = $1", &[(&user, Type::UUID)]).await?;
        revoke_all(link, user, None).await
    });
    signed_out(store, user.await?)
}

pub async fn enable(store: &Store, who: &str) -> Result<User, Error> {
    change(store, who, async |link, user| {
        link.execute_typed("UPDATE users SET disabled = false WHERE user_id = $1", &[(&user, Type::UUID)]).await?;
        Ok(())
    })
    .await
}

pub async fn set_password(store: &Store, who: &str, hash: &str) -> Result<User, Error> {
    let user = change(store, who, async |link, user| {
        let sql = "UPDATE users SET password_hash = $2, recovery_hash = NULL WHERE user_id = $1";
        link.execute_typed(sql, &[(&user, Type::UUID), (&hash, Type::TEXT)]).await?;
        revoke_all(link, user, None).await
    });
    signed_out(store, user.await?)
}

pub async fn delete(store: &Store, who: &str) -> Result<(User, Erased), Error> {
    let user = show(store, who).await?;
    store.erase(user.id).await?;
    store.announce(Notification::Ended(user.id));
    match store.erase_data(user.id).await {
        Ok(()) => Ok((user, Erased { log_is_empty: true })),
        Err(cause) => Err(Error::HalfErased { id: user.id, cause }),
    }
}

/// Tells the servers that an account's sessions have ended.
fn signed_out(store: &Store, user: User) -> Result<User, Error> {
    store.announce(Notification::Ended(user.id));
    Ok(user)
}

/// Changes an account in one transaction, and returns the account as it was before.
async fn change(store: &Store, who: &str, work: impl AsyncFnOnce(&Link, Uuid) -> Result<(), StoreError>) -> Result<User, Error> {
    let transaction: Transaction = store.begin(SERVER).await?;
    let user = find(transaction.link(), who).await?;
    work(transaction.link(), user.id).await?;
    transaction.commit().await?;
    Ok(user)
}

/// An account that can be used.
async fn find(link: &Link, who: &str) -> Result<User, Error> {
    let user = find_any(link, who).await?;
    if user.is_erasing { Err(Error::NoAccount { who: who.to_owned(), erasing: vec![user.id] }) } else { Ok(user) }
}

/// An account that can be used, or whose erasure is not complete.
async fn find_any(link: &Link, who: &str) -> Result<User, Error> {
    // An email address contains an @, and an id does not. An account that is being erased has no email address.
    let (email, id) = (who.to_lowercase(), Uuid::parse_str(who).ok());
    let sql = format!("{USER} WHERE ((email = $2 AND NOT erasing) OR users.user_id = $3) {BY_USER}");
    let parameters = &[(&oldest() as _, Type::INT8), (&email as _, Type::TEXT), (&id as _, Type::UUID)];
    let found = link.query_typed_opt(&sql, parameters).await?;
    let Some(row) = found else {
        let erasing = link.query_typed("SELECT user_id FROM users WHERE erasing", &[]).await?;
        let erasing = erasing.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
        return Err(Error::NoAccount { who: who.to_owned(), erasing });
    };
    Ok(user(&row)?)
}

fn user(row: &Row) -> Result<User, StoreError> {
    let count = |column: usize| number(get(row, column)?);
    let limit = |column: usize| get::<Option<i64>>(row, column)?.map(number).transpose();
    Ok(User {
        id: get(row, 0)?,
        email: get(row, 1)?,
        created_at: get(row, 2)?,
        is_disabled: get(row, 3)?,
        sessions: count(4)?,
        seen_at: get(row, 5)?,
        records: count(6)?,
        bytes: count(7)?,
        rev: count(8)?,
        limits: Limits { records_max: limit(9)?, bytes_max: limit(10)? },
        is_erasing: get(row, 11)?,
    })
}

fn get<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T, StoreError> {
    Ok(row.try_get(column)?)
}
