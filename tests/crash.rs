//! Kills processes at random times: no acknowledged edit is lost, and the devices converge.
//!
//! The server and the device run in separate processes. Each is this test program, started again with a role.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use stronglog_server::config::Config;
use stronglog_server::serve::{Running, start};
use stronglog_sync::api::CONTRACT;
use stronglog_sync::api::registry::Collections;
use stronglog_sync::transport::{TokenError, TokenStore, Tokens};
use stronglog_sync::{Client, Query};
use uuid::Uuid;

const KILLS: usize = 200;
const ROLE: &str = "STRONGLOG_CRASH_ROLE";
const FOLDER: &str = "STRONGLOG_CRASH_FOLDER";
const ADDRESS: &str = "STRONGLOG_CRASH_ADDRESS";

/// Tokens in a file, because the process that holds them is killed.
struct FileTokens(PathBuf);

impl TokenStore for FileTokens {
    fn load(&self) -> Result<Option<Tokens>, TokenError> {
        match std::fs::read(&self.0) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| TokenError::new(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TokenError::new(error.to_string())),
        }
    }

    fn save(&self, tokens: Option<&Tokens>) -> Result<(), TokenError> {
        let text = serde_json::to_string(&tokens).map_err(|error| TokenError::new(error.to_string()))?;
        let beside = self.0.with_extension("new");
        std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, &self.0)).map_err(|error| TokenError::new(error.to_string()))
    }
}

async fn device(folder: &Path, address: SocketAddr) -> Client {
    let tokens = FileTokens(folder.join("tokens.json"));
    let client = Client::builder().database(folder.join("phone.db")).server(format!("http://{address}")).tokens(tokens);
    client.open().await.expect("a device")
}

async fn serve(folder: &Path, bind: SocketAddr) -> Running {
    start(Config { bind, auth_per_minute: 10_000, ..Config::local(folder.join("server")) }).await.expect("a server")
}

/// A process to kill, with the lines that it has written.
struct Victim {
    process: Child,
    lines: Receiver<String>,
}

impl Victim {
    fn start(role: &str, folder: &Path, address: SocketAddr) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["a_process_with_a_role", "--exact", "--nocapture", "--test-threads=1"]);
        command.env(ROLE, role).env(FOLDER, folder).env(ADDRESS, address.to_string());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a process");
        let (sender, lines) = channel();
        let out = process.stdout.take().expect("its output");
        std::thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).for_each(|line| _ = sender.send(line)));
        Victim { process, lines }
    }

    /// Kills the process, and returns the ids that it has acknowledged.
    fn kill(mut self) -> Vec<Uuid> {
        self.process.kill().expect("killed");
        self.process.wait().expect("gone");
        self.lines.iter().filter_map(|line| Uuid::parse_str(line.trim()).ok()).collect()
    }
}

/// Does nothing unless the process was started with a role: then it is a server, or a device that writes and syncs until it is killed.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_a_role() {
    let (Ok(role), Some(folder), Ok(address)) = (std::env::var(ROLE), std::env::var_os(FOLDER), std::env::var(ADDRESS)) else {
        assert!(std::env::var_os(FOLDER).is_none(), "a folder without a role");
        return;
    };
    let (folder, address) = (PathBuf::from(folder), address.parse().expect("an address"));
    if role == "server" {
        let _server = serve(&folder, address).await;
        return std::future::pending().await;
    }
    let client = device(&folder, address).await;
    let collection = CONTRACT.collections.iter().find(|known| known.path == "user-bodyweight-logs").expect("a collection");
    for number in 0u64.. {
        let id = client.new_id();
        let record = format!(r#"{{"id":"{id}","date":{number},"weightKg":80}}"#);
        client.json(collection.path).expect("a collection").put(&record).expect("written");
        println!("{id}");
        if number % 20 == 0 {
            client.sync_now().await.expect("a status");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_processes_are_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let server = serve(folder, address).await;
    let phone = device(folder, address).await;
    phone.account().register("sam@example.com", "correct horse battery staple", None).await.expect("an account");
    phone.sync_now().await.expect("a status");
    drop(phone);
    server.stop().await.expect("stopped");

    let mut acknowledged = Vec::new();
    let mut random = 0x5EED_u64;
    let mut victims = ["server", "device"].map(|role| Some(Victim::start(role, folder, address)));
    for _ in 0..KILLS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (which, wait) = ((random >> 33) as usize % 2, (random >> 40) % 180);
        tokio::time::sleep(Duration::from_millis(20 + wait)).await;
        let role = ["server", "device"][which];
        acknowledged.extend(victims[which].take().into_iter().flat_map(Victim::kill));
        victims[which] = Some(Victim::start(role, folder, address));
    }
    acknowledged.extend(victims.into_iter().flatten().flat_map(Victim::kill));
    assert!(acknowledged.len() > KILLS, "only {} records were written", acknowledged.len());

    let server = serve(folder, address).await;
    let phone = device(folder, address).await;
    let status = phone.sync_now().await.expect("a status");
    assert!(status.is_synced(), "{status:?}");
    let laptop = Client::builder().server(server.url()).open().await.expect("a device");
    laptop.account().login("sam@example.com", "correct horse battery staple", None).await.expect("signed in");
    laptop.sync_now().await.expect("a status");
    let ids = |client: &Client| {
        let logs = client.user_bodyweight_logs().list(&Query::default()).expect("a list");
        logs.iter().map(|log| Uuid::parse_str(&log.id).expect("an id")).collect::<std::collections::BTreeSet<Uuid>>()
    };
    let (near, far) = (ids(&phone), ids(&laptop));
    assert_eq!(near, far, "the devices agree");
    let lost: Vec<&Uuid> = acknowledged.iter().filter(|id| !far.contains(id)).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged records are lost: {lost:?}", lost.len(), acknowledged.len());
    println!("{} records survived {KILLS} kills", acknowledged.len());
    server.stop().await.expect("stopped");
}
