//! The tables of both databases, rows as values, and the sum that shows whether two tables hold the same rows.

use ring::digest::{Context, SHA256};
use uuid::Uuid;

/// The maximum number of rows and of bytes in a batch.
const BATCH_ROWS: usize = 500;
const BATCH_BYTES: usize = 1 << 20;

/// A table in Postgres. SQLite has the columns of `heads` in `users`.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    pub name: &'static str,
    /// The number of leading columns that form the key.
    pub key: usize,
    pub columns: &'static [(&'static str, Kind)],
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Id,
    Text,
    Number,
    Flag,
    Bytes,
}

/// The data outside the tables.
pub struct Origin {
    pub epoch: String,
    /// When a server last recorded the time.
    pub seen_at: i64,
    /// The collections of the data, if a server has recorded them.
    pub collections: Option<String>,
    /// The erased accounts, which no backup may bring back.
    pub erased: Vec<Uuid>,
}

#[derive(Clone, Debug)]
pub enum Value {
    /// A value of this kind is missing.
    Null(Kind),
    Id(Uuid),
    Text(String),
    Number(i64),
    Flag(bool),
    Bytes(Vec<u8>),
}

pub type Row = Vec<Value>;
pub type Batch = Vec<Row>;

use Kind::{Bytes, Flag, Id, Number, Text};

/// All tables. A table comes before the tables that refer to it.
pub static TABLES: [Table; 7] = [
    Table {
        name: "users",
        key: 1,
        columns: &[
            ("user_id", Id),
            ("email", Text),
            ("password_hash", Text),
            ("recovery_hash", Text),
            ("created_at", Number),
            ("disabled", Flag),
            ("erasing", Flag),
        ],
    },
    Table {
        name: "heads",
        key: 1,
        columns: &[
            ("user_id", Id),
            ("rev", Number),
            ("purge_watermark", Number),
            ("server_updated_at", Number),
            ("record_count", Number),
            ("record_bytes", Number),
            ("tombstone_count", Number),
            ("records_max", Number),
            ("bytes_max", Number),
            ("digest", Text),
        ],
    },
    Table {
        name: "sessions",
        key: 2,
        columns: &[
            ("user_id", Id),
            ("session_id", Id),
            ("device_name", Text),
            ("platform", Text),
            ("salt", Bytes),
            ("generation", Number),
            ("rotated_at", Number),
            ("created_at", Number),
            ("seen_at", Number),
            ("synced_at", Number),
            ("synced_rev", Number),
            ("revoked", Flag),
        ],
    },
    Table {
        name: "records",
        key: 2,
        columns: &[
            ("user_id", Id),
            ("id", Id),
            ("collection", Text),
            ("rev", Number),
            ("op_id", Id),
            ("device_id", Id),
            ("seq", Number),
            ("stamp", Number),
            ("deleted", Flag),
            ("server_id", Id),
            ("server_updated_at", Number),
            ("record", Text),
            ("lost_after", Number),
            ("lost_up_to", Number),
        ],
    },
    Table { name: "boundaries", key: 2, columns: &[("user_id", Id), ("rev", Number), ("history_check", Number)] },
    Table { name: "epochs", key: 1, columns: &[("name", Text), ("parent", Text)] },
    Table { name: "restores", key: 2, columns: &[("user_id", Id), ("epoch", Text), ("rev", Number)] },
];

impl Table {
    /// The names of the columns, separated by commas.
    pub fn list(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

/// The number of a table's rows, and the SHA-256 of all of them in order of their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    pub rows: u64,
    hash: [u8; 32],
}

/// Collects the rows that are read into batches, and computes their sum.
pub struct Gathered {
    rows: u64,
    sum: Context,
    batch: Batch,
    bytes: usize,
}

impl Gathered {
    pub fn new() -> Self {
        Gathered { rows: 0, sum: Context::new(&SHA256), batch: Batch::new(), bytes: 0 }
    }

    /// Adds a row, and returns a batch once it is large enough.
    pub fn add(&mut self, row: Row) -> Option<Batch> {
        self.rows += 1;
        self.bytes += row.iter().map(|value| value.sum_up(&mut self.sum)).sum::<usize>();
        self.batch.push(row);
        if self.batch.len() < BATCH_ROWS && self.bytes < BATCH_BYTES {
            return None;
        }
        self.bytes = 0;
        Some(std::mem::take(&mut self.batch))
    }

    /// The last batch, and the sum of all rows.
    pub fn end(self) -> (Batch, Sum) {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.sum.finish().as_ref());
        (self.batch, Sum { rows: self.rows, hash })
    }
}

impl Value {
    /// Adds the value to a sum: its kind, its length and its bytes. Returns the length.
    fn sum_up(&self, sum: &mut Context) -> usize {
        let mut add = |kind: u8, bytes: &[u8]| {
            sum.update(&[kind]);
            sum.update(&(bytes.len() as u64).to_be_bytes());
            sum.update(bytes);
            bytes.len()
        };
        match self {
            Value::Null(_) => add(0, &[]),
            Value::Id(id) => add(1, id.as_bytes()),
            Value::Text(text) => add(2, text.as_bytes()),
            Value::Number(number) => add(3, &number.to_be_bytes()),
            Value::Flag(flag) => add(4, &[u8::from(*flag)]),
            Value::Bytes(bytes) => add(5, bytes),
        }
    }
}
