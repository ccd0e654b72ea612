//! A Postgres database as one end of a copy, in one transaction. No server runs on the database during the copy.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio_postgres::Row as Answered;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::table::{Batch, Gathered, Kind, Origin, Row, Sum, TABLES, Table, Value};
use crate::admin::Error;
use crate::app::new_epoch;
use crate::fair_semaphore::SERVER;
use crate::store::StoreError;
use crate::store::postgres::{Address, SERVERS, Store, Transaction};

/// How long the connections of a server that has stopped may still be listed.
const CLOSED_WITHIN: Duration = Duration::from_secs(2);
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

pub struct Side {
    store: Store,
    transaction: Transaction,
}

impl Side {
    /// A database with data, read from one snapshot.
    pub async fn source(address: &Address) -> Result<Self, Error> {
        Side::of(Store::attach(address.clone()).await?, READ).await
    }

    /// A database. Creates the tables if they do not exist.
    pub async fn target(address: &Address) -> Result<Self, Error> {
        Side::of(Store::open(address.clone(), &new_epoch()).await?, "BEGIN").await
    }

    async fn of(store: Store, begin: &str) -> Result<Self, Error> {
        wait_for_closed_connections(&store).await?;
        let transaction = Transaction::begin_long(store.connection(SERVER).await?, begin).await?;
        check_unserved(&store, &transaction).await?;
        Ok(Side { store, transaction })
    }

    /// Reads another snapshot. From then on nothing is written until the copy is complete; a server that starts in the meantime waits and
    /// then fails.
    pub async fn lock(&mut self) -> Result<(), Error> {
        let transaction = Transaction::begin_long(self.store.connection(SERVER).await?, READ).await?;
        let tables: Vec<_> = TABLES.iter().map(|table| table.name).chain(["server"]).collect();
        transaction.link().batch_execute(&format!("LOCK TABLE {} IN SHARE MODE", tables.join(", "))).await?;
        check_unserved(&self.store, &transaction).await?;
        self.transaction = transaction;
        Ok(())
    }

    pub async fn holds_data(&self) -> Result<bool, StoreError> {
        let link = self.transaction.link();
        // No account is created until the transaction ends.
        link.batch_execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").await?;
        Ok(link.query_typed_one("SELECT EXISTS (SELECT FROM users)", &[]).await?.try_get(0)?)
    }

    pub async fn origin(&self) -> Result<Origin, StoreError> {
        let link = self.transaction.link();
        let row = link.query_typed_one("SELECT epoch, seen_at, collections FROM server", &[]).await?;
        let erased = link.query_typed("SELECT user_id FROM erased", &[]).await?;
        let erased = erased.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Ok(Origin { epoch: row.try_get(0)?, seen_at: row.try_get(1)?, collections: row.try_get(2)?, erased })
    }

    pub async fn begin(&mut self, origin: &Origin) -> Result<(), StoreError> {
        let link = self.transaction.link();
        link.batch_execute("DELETE FROM restores; DELETE FROM epochs").await?;
        let sql = "UPDATE server SET epoch = $1, seen_at = $2, collections = $3";
        link.execute_typed(sql, &[(&origin.epoch, Type::TEXT), (&origin.seen_at, Type::INT8), (&origin.collections, Type::TEXT)]).await?;
        let sql = "INSERT INTO erased (user_id) SELECT unnest($1) ON CONFLICT DO NOTHING";
        link.execute_typed(sql, &[(&origin.erased, Type::UUID_ARRAY)]).await?;
        Ok(())
    }

    pub async fn read(&self, table: &'static Table, to: Sender<Batch>) -> Result<Sum, StoreError> {
        // SQLite compares bytes, and so does this order.
        let ordered = |(name, kind): &(&str, Kind)| if *kind == Kind::Text { format!("{name} COLLATE \"C\"") } else { (*name).to_owned() };
        let key = table.columns.iter().take(table.key).map(ordered).collect::<Vec<_>>().join(", ");
        let sql = format!("SELECT {} FROM {} ORDER BY {key}", table.list(), table.name);
        let none: [(&(dyn ToSql + Sync), Type); 0] = [];
        let mut rows = pin!(self.transaction.link().client().query_typed_raw(&sql, none).await?);
        let mut gathered = Gathered::new();
        while let Some(row) = rows.try_next().await? {
            let values = table.columns.iter().enumerate().map(|(column, (_, kind))| read(&row, column, *kind));
            if let Some(batch) = gathered.add(values.collect::<Result<Row, _>>()?) {
                send(&to, batch).await?;
            }
        }
        let (last, sum) = gathered.end();
        send(&to, last).await?;
        Ok(sum)
    }

    pub async fn write(&self, table: &'static Table, mut from: Receiver<Batch>) -> Result<(), StoreError> {
        let sql = format!("COPY {} ({}) FROM STDIN BINARY", table.name, table.list());
        let types: Vec<Type> = table.columns.iter().map(|(_, kind)| type_of(*kind)).collect();
        let sink = self.transaction.link().client().copy_in(&sql).await?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        while let Some(batch) = from.recv().await {
            for row in &batch {
                writer.as_mut().write_raw(row.iter().map(parameter)).await?;
            }
        }
        writer.finish().await?;
        Ok(())
    }

    pub async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await?;
        self.store.close().await;
        Ok(())
    }
}

/// Checks that no server runs on the database.
async fn check_unserved(store: &Store, transaction: &Transaction) -> Result<(), Error> {
    let row = transaction.link().query_typed_one(SERVERS, &[]).await?;
    let running: i64 = row.try_get(0).map_err(StoreError::from)?;
    if running > 0 { Err(Error::Served(store.place())) } else { Ok(()) }
}

/// Waits a moment for a server that has just stopped: Postgres lists its connections until their processes have ended.
async fn wait_for_closed_connections(store: &Store) -> Result<(), Error> {
    let deadline = Instant::now() + CLOSED_WITHIN;
    let connection = store.connection(SERVER).await?;
    loop {
        let row = connection.query_typed_one(SERVERS, &[]).await?;
        let running: i64 = row.try_get(0).map_err(StoreError::from)?;
        if running == 0 || Instant::now() >= deadline {
            return Ok(());
        }
        tokio::time::sleep(CLOSED_WITHIN / 20).await;
    }
}

async fn send(to: &Sender<Batch>, batch: Batch) -> Result<(), StoreError> {
    to.send(batch).await.map_err(|_| StoreError::new("the copy stopped before all rows were written; see the other error"))
}

fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Id => Type::UUID,
        Kind::Text => Type::TEXT,
        Kind::Number => Type::INT8,
        Kind::Flag => Type::BOOL,
        Kind::Bytes => Type::BYTEA,
    }
}

fn parameter(value: &Value) -> &(dyn ToSql + Sync) {
    match value {
        Value::Null(Kind::Id) => &None::<Uuid>,
        Value::Null(Kind::Text) => &None::<String>,
        Value::Null(Kind::Number) => &None::<i64>,
        Value::Null(Kind::Flag) => &None::<bool>,
        Value::Null(Kind::Bytes) => &None::<Vec<u8>>,
        Value::Id(id) => id,
        Value::Text(text) => text,
        Value::Number(number) => number,
        Value::Flag(flag) => flag,
        Value::Bytes(bytes) => bytes,
    }
}

fn read(row: &Answered, column: usize, kind: Kind) -> Result<Value, StoreError> {
    let value = match kind {
        Kind::Id => row.try_get::<_, Option<_>>(column)?.map(Value::Id),
        Kind::Text => row.try_get::<_, Option<_>>(column)?.map(Value::Text),
        Kind::Number => row.try_get::<_, Option<_>>(column)?.map(Value::Number),
        Kind::Flag => row.try_get::<_, Option<_>>(column)?.map(Value::Flag),
        Kind::Bytes => row.try_get::<_, Option<_>>(column)?.map(Value::Bytes),
    };
    Ok(value.unwrap_or(Value::Null(kind)))
}
