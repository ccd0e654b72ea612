//! A soak test: thousands of devices, sign-ins and bad clients against a server in a separate process, with a backup, a restart and a
//! restore. At the end, no acknowledged record may be missing, and memory and descriptors must have stayed flat.
//!
//! `cargo xtask soak MINUTES` builds and runs it.

mod bad;
mod device;
mod watch;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use device::{Account, Device};
use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;
use watch::Samples;

const ACCOUNTS: usize = 200;
const DEVICES_EACH: usize = 10;
const STREAMS: usize = 400;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The totals for the report.
#[derive(Default)]
pub struct Counts {
    pushes: AtomicU64,
    records: AtomicU64,
    pulls: AtomicU64,
    events: AtomicU64,
    log_ins: AtomicU64,
    bad: AtomicU64,
    resyncs: AtomicU64,
    /// Requests without an answer, or with one that asks to wait.
    put_off: AtomicU64,
}

pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// The server's process.
struct Server {
    program: String,
    folder: std::path::PathBuf,
    port: u16,
    process: Child,
}

impl Server {
    fn start(program: &str, folder: &Path, port: u16) -> Result<Self> {
        let process = Command::new(program)
            .args(["serve", "--dev", "--log", "error", "--auth-per-minute", "1000000", "--bind", &format!("127.0.0.1:{port}")])
            .arg("--data")
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Server { program: program.to_owned(), folder: folder.to_owned(), port, process })
    }

    /// Stops the server, does something with its folder, and starts it again.
    fn restart(&mut self, between: impl FnOnce(&Self) -> Result) -> Result {
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        self.process.wait()?;
        between(self)?;
        self.process = Self::start(&self.program, &self.folder, self.port)?.process;
        Ok(())
    }

    fn admin(&self, task: &str, file: &Path) -> Result {
        let mut command = Command::new(&self.program);
        command.args(["admin", task]).arg(file).arg("--data").arg(&self.folder).stdout(Stdio::null());
        let status = command.status()?;
        if status.success() { Ok(()) } else { Err(format!("admin {task}: {status}").into()) }
    }
}

#[tokio::main]
async fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [program, minutes] = arguments.as_slice() else { return Err("usage: soak STRONGLOG MINUTES".into()) };
    let length = Duration::from_secs_f64(minutes.parse::<f64>()? * 60.0);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir()?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut server = Server::start(program, &folder.path().join("data"), port)?;
    let url = format!("http://127.0.0.1:{port}");
    let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
    let accounts = accounts(&http, &url).await?;
    let counts = Arc::new(Counts::default());
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let mut devices = JoinSet::new();
    for account in &accounts {
        for _ in 0..DEVICES_EACH {
            let device = Device::new(Arc::clone(account), http.clone(), url.clone(), Arc::clone(&counts));
            devices.spawn(device.live(stopping.clone()));
        }
    }
    let mut others = JoinSet::new();
    for account in accounts.iter().cycle().take(STREAMS) {
        others.spawn(device::listen(Arc::clone(account), url.clone(), Arc::clone(&counts), stopping.clone()));
    }
    others.spawn(device::log_in(accounts.clone(), http.clone(), url.clone(), Arc::clone(&counts), stopping.clone()));
    bad::all(&mut others, port, &accounts[0], &counts, &stopping);
    println!("{} devices of {ACCOUNTS} accounts, {STREAMS} streams, for {minutes} minutes", ACCOUNTS * DEVICES_EACH);
    let samples = days(&mut server, folder.path(), length).await?;
    stop.send_replace(true);
    devices.join_all().await;
    others.shutdown().await;
    report(&counts, length);
    let lost = lost(&accounts, &http, &url).await?;
    samples.check(server.process.id())?;
    Command::new("kill").arg(server.process.id().to_string()).status()?;
    server.process.wait()?;
    if lost > 0 { Err(format!("{lost} acknowledged records are missing").into()) } else { Ok(()) }
}

/// What happens meanwhile: a backup after a quarter of the time, a restart after half of it, and after three quarters the backup is restored.
async fn days(server: &mut Server, folder: &Path, length: Duration) -> Result<Samples> {
    let (start, backup, mut samples) = (Instant::now(), folder.join("backup"), Samples::default());
    for quarter in 1..=4 {
        while start.elapsed() < length * quarter / 4 {
            tokio::time::sleep(Duration::from_secs(2)).await;
            samples.take(server.process.id(), start.elapsed());
        }
        match quarter {
            1 => server.admin("backup", &backup)?,
            2 => server.restart(|_| Ok(()))?,
            3 => server.restart(|server| server.admin("restore", &backup))?,
            _ => {}
        }
        println!("{:4} s: {}", start.elapsed().as_secs(), ["backed up", "restarted", "restored", "over"][quarter as usize - 1]);
    }
    Ok(samples)
}

async fn accounts(http: &reqwest::Client, url: &str) -> Result<Vec<Arc<Account>>> {
    let mut accounts = Vec::new();
    for number in 0..ACCOUNTS {
        accounts.push(Arc::new(Account::register(http, url, number).await?));
    }
    Ok(accounts)
}

fn report(counts: &Counts, length: Duration) {
    let secs = length.as_secs_f64();
    for (name, counter) in [
        ("pushes", &counts.pushes),
        ("records acknowledged", &counts.records),
        ("pulls", &counts.pulls),
        ("events heard", &counts.events),
        ("log-ins", &counts.log_ins),
        ("bad requests", &counts.bad),
        ("resyncs", &counts.resyncs),
        ("requests put off", &counts.put_off),
    ] {
        let number = counter.load(Ordering::Relaxed);
        println!("{number:9} {name}, {:.1}/s", number as f64 / secs);
    }
}

/// The number of acknowledged records that the server does not have.
async fn lost(accounts: &[Arc<Account>], http: &reqwest::Client, url: &str) -> Result<usize> {
    let mut lost = 0;
    for account in accounts {
        let held = account.held(http, url).await?;
        let acknowledged = account.acknowledged();
        lost += acknowledged.iter().filter(|id| !held.contains(*id)).count();
    }
    println!("{lost} acknowledged records lost");
    Ok(lost)
}

/// Waits, or returns true if the soak is over.
pub async fn over(stopping: &mut Receiver<bool>, wait: Duration) -> bool {
    tokio::select! {
        _ = stopping.wait_for(|stopping| *stopping) => true,
        () = tokio::time::sleep(wait) => false,
    }
}
