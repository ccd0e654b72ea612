//! Sync over loopback between SQLite files, compared with the time SQLite alone takes for the same rows. `cargo bench --bench sync` prints
//! the tables of BENCHMARKS.md; an argument after `--` selects one of `initial`, `push`, `idle`, `memory` and `notifications`. A device
//! whose memory is measured runs in its own process, which is this program started again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use stronglog_server::config::Config;
use stronglog_server::serve::{Running, start};
use stronglog_sync::api::CONTRACT;
use stronglog_sync::store::sqlite::SqliteStore;
use stronglog_sync::{Client, Query};
use uuid::Uuid;

const PASSWORD: &str = "correct horse battery staple";
const EMAIL: &str = "sam@example.com";
/// The maximum number of changes on a page. The plain insert commits as many rows at a time.
const PAGE: usize = 1_000;
/// The maximum number of edits in a push.
const PUSH: usize = 500;
const COLLECTION: &str = "logged-sets";

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result {
    let runtime = tokio::runtime::Runtime::new()?;
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "--device") {
        Some(at) => runtime.block_on(measured_device(&arguments[at + 1], Path::new(&arguments[at + 2]))),
        None => runtime.block_on(all(arguments.get(1).map(String::as_str).filter(|word| !word.starts_with('-')))),
    }
}

async fn all(only: Option<&str>) -> Result {
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let records: usize = std::env::var("SYNC_BENCH_RECORDS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir()?;
    let server = start(Config { auth_per_minute: 10_000, ..Config::local(folder.path().join("server")) }).await?;
    let phone = device(&server, &folder.path().join("phone.db")).await?;
    phone.account().register(EMAIL, PASSWORD, None).await?;
    fill(&phone, records)?;
    sync(&phone).await?;

    println!("| what | measured | beside it | ratio | target |\n|---|---|---|---|---|");
    if wanted("initial") {
        initial_sync(&server, folder.path(), records).await?;
    }
    if wanted("push") {
        push(&server, folder.path(), &phone, records.min(10_000)).await?;
    }
    if wanted("idle") {
        idle(&server, folder.path()).await?;
    }
    if wanted("memory") {
        memory(&server, folder.path(), records)?;
    }
    if wanted("notifications") {
        notifications(&server, folder.path()).await?;
    }
    server.stop().await?;
    Ok(())
}

async fn device(server: &Running, path: &Path) -> Result<Client> {
    Ok(Client::builder().database(path).server(server.url()).notifications(false).open().await?)
}

async fn sync(client: &Client) -> Result {
    let status = client.sync_now().await?;
    if status.is_synced() { Ok(()) } else { Err(format!("not in sync: {status:?}").into()) }
}

/// Writes the sets of a year's workouts, as an app would.
fn fill(client: &Client, records: usize) -> Result {
    let handle = client.json(COLLECTION)?;
    let reference = |number: usize| Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | number as u128);
    let record = |number: usize| {
        format!(
            r#"{{"workoutLogId":"{}","exerciseDefinitionId":"{}","setType":"standard","orderInWorkout":{},"orderInExercise":{},"targetWeightKg":{},"targetReps":5,"loggedWeightKg":{},"loggedReps":{},"restTimeSecs":120,"notes":"felt good, last repetition slow, keep the elbows in and the back tight next time"}}"#,
            reference(number / 20),
            reference(1_000_000 + number % 40),
            number % 20,
            number % 5,
            60 + number % 80,
            60 + number % 80,
            3 + number % 6
        )
    };
    for chunk in (0..records).collect::<Vec<_>>().chunks(PAGE) {
        handle.put_all(&chunk.iter().map(|number| record(*number)).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Pulls everything from the server into an empty device, compared with inserting the same rows with rusqlite alone.
async fn initial_sync(server: &Running, folder: &Path, records: usize) -> Result {
    let mut ratios = Vec::new();
    for run in 0..3 {
        let path = folder.join(format!("laptop{run}.db"));
        let laptop = device(server, &path).await?;
        laptop.account().login(EMAIL, PASSWORD, None).await?;
        let begun = Instant::now();
        sync(&laptop).await?;
        let synced = begun.elapsed();
        let count = laptop.json(COLLECTION)?.list(&Query { limit: Some(records + 1), ..Query::default() })?.len();
        if count != records {
            return Err(format!("{count} records of {records} have come").into());
        }
        drop(laptop);
        let plain = plain_insert(&path, &folder.join(format!("plain{run}.db")), PAGE)?;
        ratios.push((synced.as_secs_f64() / plain.as_secs_f64(), synced, plain));
    }
    ratios.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (ratio, synced, plain) = ratios[1];
    let rate = records as f64 / synced.as_secs_f64();
    println!("| initial sync of {records} records | {synced:.2?} ({rate:.0} records/s) | {plain:.2?}, plain insert | {ratio:.2} | ≤ 1.5 |");
    Ok(())
}

/// Inserts the rows of one device's database into another database with the same schema, views, indexes and pragmas. The rows are loaded
/// into memory first.
fn plain_insert(from: &Path, to: &Path, batch: usize) -> Result<Duration> {
    type Stored = (String, String, String, i64, i64, Vec<u8>, Vec<u8>, i64, Option<i64>);
    let source = Connection::open(from)?;
    let mut statement = source
        .prepare("SELECT collection, id, record, is_deleted, stamp, op_id, op_device, op_seq, base_rev FROM records ORDER BY base_rev")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?))
    })?;
    let rows: Vec<Stored> = rows.collect::<std::result::Result<_, _>>()?;
    let store = SqliteStore::open(to, Uuid::nil(), &CONTRACT, "")?;
    let connection = store.connection();
    let sql = "INSERT INTO records (collection, id, record, is_deleted, stamp, op_id, op_device, op_seq, base_rev, state, seen)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0)";
    let begun = Instant::now();
    for chunk in rows.chunks(batch) {
        let transaction = connection.unchecked_transaction()?;
        let mut insert = transaction.prepare_cached(sql)?;
        for row in chunk {
            insert.execute(params![row.0, row.1, row.2, row.3, row.4, row.5, row.6, row.7, row.8])?;
        }
        drop(insert);
        transaction.commit()?;
    }
    Ok(begun.elapsed())
}

/// Pushes pending rows to the server, durable on both sides, compared with a plain insert into either database.
async fn push(server: &Running, folder: &Path, phone: &Client, records: usize) -> Result {
    let path = folder.join("pusher.db");
    let pusher = device(server, &path).await?;
    pusher.account().register("kim@example.com", PASSWORD, None).await?;
    sync(&pusher).await?;
    fill(&pusher, records)?;
    let begun = Instant::now();
    sync(&pusher).await?;
    let pushed = begun.elapsed();
    drop(pusher);
    let device_side = plain_insert(&path, &folder.join("plain-push.db"), PUSH)?;
    let server_side = plain_server_insert(folder, records)?;
    let both = device_side + server_side;
    let ratio = pushed.as_secs_f64() / both.as_secs_f64();
    println!("| push of {records} dirty rows | {pushed:.2?} | {both:.2?}, two plain inserts | {ratio:.2} | ≤ 2 |");
    sync(phone).await
}

/// Inserts the rows of the last account into an empty server's database.
fn plain_server_insert(folder: &Path, records: usize) -> Result<Duration> {
    let source = Connection::open(folder.join("server/stronglog.db"))?;
    let columns = "user_id, id, collection, rev, op_id, device_id, seq, stamp, deleted, server_id, server_updated_at, record";
    let user: Vec<u8> = source.query_row("SELECT user_id FROM users WHERE email = 'kim@example.com'", [], |row| row.get(0))?;
    let mut statement = source.prepare(&format!("SELECT {columns} FROM records WHERE user_id = ?1 ORDER BY rev"))?;
    let rows = statement
        .query_map([&user], |row| (0..12).map(|column| row.get(column)).collect::<rusqlite::Result<Vec<rusqlite::types::Value>>>())?;
    let rows: Vec<_> = rows.collect::<std::result::Result<_, _>>()?;
    assert_eq!(rows.len(), records, "the server has what was pushed");
    let path = folder.join("plain-server.db");
    let plain = Connection::open(&path)?;
    let pragmas: (i64, String) = (source.query_row("PRAGMA page_size", [], |row| row.get(0))?, "WAL".to_owned());
    plain.execute_batch(&format!("PRAGMA page_size = {}; PRAGMA journal_mode = {}; PRAGMA synchronous = FULL;", pragmas.0, pragmas.1))?;
    let mut schema = source.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")?;
    for sql in schema.query_map([], |row| row.get::<_, String>(0))? {
        plain.execute_batch(&sql?)?;
    }
    plain.execute("INSERT INTO users (user_id, email, password_hash, created_at) VALUES (?1, 'x', 'x', 0)", [&user])?;
    let begun = Instant::now();
    for chunk in rows.chunks(PUSH) {
        let transaction = plain.unchecked_transaction()?;
        let mut insert = transaction
            .prepare_cached(&format!("INSERT INTO records ({columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"))?;
        for row in chunk {
            insert.execute(rusqlite::params_from_iter(row))?;
        }
        drop(insert);
        transaction.commit()?;
    }
    Ok(begun.elapsed())
}

/// A sync cycle without changes, with few and with very many rows on the device.
async fn idle(server: &Running, folder: &Path) -> Result {
    const FEW: usize = 1_000;
    const MANY: usize = 1_000_000;
    let path = folder.join("idle.db");
    let idler = device(server, &path).await?;
    idler.account().register("pat@example.com", PASSWORD, None).await?;
    sync(&idler).await?;
    fill(&idler, FEW)?;
    sync(&idler).await?;
    let few = cycle(&idler).await?;
    let before = idler.traffic();
    sync(&idler).await?;
    let after = idler.traffic();
    let (requests, bytes) = (after.requests - before.requests, after.received_bytes - before.received_bytes);
    println!("| idle cycle | {requests} request, {bytes} bytes of body | | | 1, < 300 |");
    multiply(&path, MANY)?;
    let many = cycle(&idler).await?;
    let ratio = many.as_secs_f64() / few.as_secs_f64();
    println!("| idle cycle with {MANY} rows | {many:.2?} | {few:.2?}, with {FEW} | {ratio:.2} | ≤ 3 |");
    Ok(())
}

/// The median of many idle cycles.
async fn cycle(client: &Client) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..41 {
        let begun = Instant::now();
        sync(client).await?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// Copies the rows of a device's database under new ids until it has `rows` rows.
fn multiply(path: &Path, rows: usize) -> Result {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(60))?;
    connection.execute_batch("CREATE TEMP TABLE few AS SELECT * FROM records")?;
    let few: usize = connection.query_row("SELECT count(*) FROM few", [], |row| row.get(0))?;
    for copy in 0..rows / few - 1 {
        connection.execute(
            "INSERT INTO records (collection, id, record, is_deleted, stamp, op_id, op_device, op_seq, base_rev, state, seen)
             SELECT collection, printf('%08x', ?1) || substr(id, 9), record, is_deleted, stamp, op_id, op_device, op_seq, base_rev, 0, 0
             FROM few",
            [copy + 1],
        )?;
    }
    Ok(())
}

/// The peak memory of an initial sync, measured in a separate process.
fn memory(server: &Running, folder: &Path, records: usize) -> Result {
    let output = Command::new(std::env::current_exe()?).arg("--device").arg(server.url()).arg(folder.join("measured.db")).output()?;
    let text = String::from_utf8(output.stdout)?;
    let words: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [idle, peak] = words[..] else {
        return Err(format!("the measured device said {text:?} and {}", String::from_utf8_lossy(&output.stderr)).into());
    };
    let above = (peak - idle) / 1_024;
    println!("| memory of the initial sync of {records} | {above} MiB above the idle process | {} MiB, idle | | ≤ 64 MiB |", idle / 1_024);
    Ok(())
}

/// The device process: signs in, prints its memory, syncs, and prints its peak memory, both in KiB.
async fn measured_device(url: &str, path: &Path) -> Result {
    let client = Client::builder().database(path).server(url).notifications(false).open().await?;
    client.pause();
    client.account().login(EMAIL, PASSWORD, None).await?;
    let idle = memory_kib("VmRSS:")?;
    client.resume();
    sync(&client).await?;
    println!("{idle} {}", memory_kib("VmHWM:")?);
    Ok(())
}

fn memory_kib(name: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(name)).ok_or("no such line")?;
    Ok(line.split_whitespace().nth(1).ok_or("no number")?.parse()?)
}

/// The time from a write on one device until it is stored on another, with change notifications.
async fn notifications(server: &Running, folder: &Path) -> Result {
    const SAMPLES: usize = 100;
    let open = |name: &str| {
        let path: PathBuf = folder.join(name);
        async move { Client::builder().database(path).server(server.url()).open().await }
    };
    let (near, far) = (open("near.db").await?, open("far.db").await?);
    near.account().register("lee@example.com", PASSWORD, None).await?;
    far.account().login("lee@example.com", PASSWORD, None).await?;
    sync(&near).await?;
    sync(&far).await?;
    let mut changes = far.json(COLLECTION)?.watch();
    let plain = Connection::open(folder.join("commits.db"))?;
    plain.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE edits (record TEXT NOT NULL);")?;
    let (mut times, mut limits) = (Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        // After two seconds without writes, a write is sent at once; the following ones are debounced.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        let begun = Instant::now();
        fill(&near, 1)?;
        tokio::time::timeout(Duration::from_secs(30), changes.next()).await?.ok_or("the device is gone")?;
        times.push(begun.elapsed());
        // The edit is made durable on its device, on the server and on the other device, one after the other.
        let begun = Instant::now();
        (0..3).try_for_each(|_| plain.execute("INSERT INTO edits VALUES (?1)", ["x".repeat(500)]).map(drop))?;
        limits.push(begun.elapsed());
    }
    let (seen, limit) = (Spread::of(times), Spread::of(limits));
    println!("| an edit is on another device | {seen} | {limit}, three durable commits | | p99 ≤ 100 ms |");
    Ok(())
}

/// The distribution of a hundred durations.
struct Spread(Vec<Duration>);

impl Spread {
    fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Spread(durations)
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |percent: usize| self.0[(self.0.len() * percent).div_ceil(100) - 1];
        write!(f, "p50 {:.2?}, p90 {:.2?}, p99 {:.2?}, slowest {:.2?}", at(50), at(90), at(99), at(100))
    }
}
