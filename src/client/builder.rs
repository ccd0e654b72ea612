//! The builder of a client: its database, its server, and the steps at the start of the app.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc, watch};
use uuid::Uuid;

use super::{Client, Inner};
use crate::api::collection::Contract;
use crate::driver::notifications::{Notifications, listen};
use crate::driver::{Driver, with_clock_and_rng};
use crate::engine::{Engine, Settings};
use crate::error::{Error, Kind};
use crate::store::memory::MemoryStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, StoreError};
use crate::task::{Snapshot, Task};
use crate::transport::{Link, MemoryTokens, SlowResponse, TokenStore};

/// Builds a [`Client`].
///
/// ```no_run
/// # async fn example(pem: Vec<u8>) -> Result<(), stronglog_sync::Error> {
/// use stronglog_sync::Client;
///
/// let client = Client::builder()
///     .database("log.sqlite")
///     .server("https://sync.example.com")
///     .certificate_authority(pem)
///     .open()
///     .await?;
/// # Ok(())
/// # }
/// ```
pub struct ClientBuilder {
    contract: &'static Contract,
    views: &'static str,
    database: Option<PathBuf>,
    server: Option<String>,
    authority_pem: Option<Vec<u8>>,
    tokens: Box<dyn TokenStore>,
    settings: Settings,
    notifications: bool,
    paused: bool,
    slow_response: Option<SlowResponse>,
}

impl ClientBuilder {
    /// Creates a builder for a client with the records of this contract.
    pub fn new(contract: &'static Contract) -> Self {
        ClientBuilder {
            contract,
            views: "",
            database: None,
            server: None,
            authority_pem: None,
            tokens: Box::new(MemoryTokens::default()),
            settings: Settings::default(),
            notifications: true,
            paused: false,
            slow_response: None,
        }
    }

    /// The contract of the records: `CONTRACT` of the generated code. The views of another contract are dropped.
    pub fn contract(self, contract: &'static Contract) -> Self {
        ClientBuilder { contract, views: "", ..self }
    }

    /// A script with views for people who read the database with SQL: `sql/views.sql`, which the compiler generates from the contract.
    pub fn views(mut self, script: &'static str) -> Self {
        self.views = script;
        self
    }

    /// Stores the records in this SQLite file, which is created if it does not exist. The default is a database in memory, which is lost
    /// when the client is dropped.
    pub fn database(mut self, path: impl AsRef<Path>) -> Self {
        self.database = Some(path.as_ref().to_owned());
        self
    }

    /// The server's base URL. It must use `https` unless the server runs on this machine. Without a server, the records stay on the device.
    pub fn server(mut self, base_url: impl Into<String>) -> Self {
        self.server = Some(base_url.into());
        self
    }

    /// Also trusts certificates signed by this authority, given as PEM.
    pub fn certificate_authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authority_pem = Some(pem.into());
        self
    }

    /// Where to keep the tokens when the app is not running. By default they are in memory, and the user must sign in at each start.
    pub fn tokens(mut self, tokens: impl TokenStore) -> Self {
        self.tokens = Box::new(tokens);
        self
    }

    /// How often to pull, and how much to request and send at a time. The defaults suit an app.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Whether to keep a connection open for change notifications, so that edits of other devices arrive at once. On by default.
    pub fn notifications(mut self, notifications: bool) -> Self {
        self.notifications = notifications;
        self
    }

    /// Whether to open the client paused, so that it syncs nothing until [`Client::resume`] is called. Off by default.
    pub fn paused(mut self, paused: bool) -> Self {
        self.paused = paused;
        self
    }

    /// Calls `notice` when a request has waited this long for the server's response, and again at growing intervals. Its argument is the
    /// time waited so far. A request without a timely response fails with an error.
    pub fn on_slow_answer(mut self, after: Duration, notice: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        self.slow_response = Some(SlowResponse { after, notice: Box::new(notice) });
        self
    }

    /// Opens the database, and starts to sync if a user is signed in and the client is not paused. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Returns an error if the database cannot be opened, the tokens cannot be read, or the server's URL or the certificate is invalid.
    pub async fn open(self) -> Result<Client, Error> {
        let link = self
            .server
            .map(|url| Link::new(self.contract, &url, self.authority_pem.as_deref(), self.tokens, self.slow_response).map(Arc::new))
            .transpose()?;
        let database = self.database;
        let (contract, views) = (self.contract, self.views);
        let opened = tokio::task::spawn_blocking(move || open_store(database.as_deref(), contract, views)).await;
        let (mut store, snapshot) = opened.map_err(|_| Kind::Stopped)??;
        reread_quarantine(&mut *store, contract)?;
        let (signals, received) = mpsc::unbounded_channel();
        let engine = Engine::new(contract, self.settings, snapshot);
        let (status, status_received) = watch::channel(engine.status(0));
        let (changes, _) = broadcast::channel(64);
        let store = Arc::new(Mutex::new(store));
        let driver = Driver {
            engine,
            store: store.clone(),
            link: link.clone(),
            signals: received,
            sender: signals.downgrade(),
            status,
            changes: changes.clone(),
            requests: Default::default(),
            waiting: Vec::new(),
            was_waiting: false,
            started: Instant::now(),
        };
        tokio::spawn(driver.run());
        let (heard, notifications) = watch::channel(Notifications::Unknown);
        if let Some(link) = link.clone().filter(|_| self.notifications) {
            tokio::spawn(listen(link, signals.downgrade(), status_received.clone(), heard));
        }
        let inner = Inner { contract, store, signals, status: status_received, notifications, changes, link };
        let client = Client { inner: Arc::new(inner) };
        if self.paused {
            client.pause();
        }
        client.resume_session().await?;
        Ok(client)
    }
}

/// The path of the token file next to the database. A copy of the database does not include it (R20).
fn installation_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".installation");
    name.into()
}

fn open_store(database: Option<&Path>, contract: &'static Contract, views: &str) -> Result<(Box<dyn Store>, Snapshot), Error> {
    let device = with_clock_and_rng(|clock| clock.new_id());
    let mut store: Box<dyn Store> = match database {
        Some(path) => Box::new(SqliteStore::open(path, device, contract, views)?),
        None => Box::new(MemoryStore::new(device)),
    };
    if let Some(path) = database {
        check_installation(&mut *store, &installation_path(path))?;
    }
    let snapshot = Snapshot::of(&mut *store)?;
    Ok((store, snapshot))
}

/// Gives the device a new id if its database is a copy, that is, if the token in the database differs from the one in the file (R20).
fn check_installation(store: &mut dyn Store, beside: &Path) -> Result<(), Error> {
    let inside = store.meta()?.installation;
    let outside = std::fs::read_to_string(beside).ok().and_then(|text| Uuid::parse_str(text.trim()).ok());
    if inside.is_some() && inside == outside {
        return Ok(());
    }
    let token = with_clock_and_rng(|clock| clock.new_id());
    let task = Task::NewDevice { installation: Some(token) };
    with_clock_and_rng(|clock| task.run(store, clock))?;
    write_private(beside, &token.to_string()).map_err(|error| {
        let path = beside.display();
        StoreError::new(format!("cannot write {path}: {error}; make its folder writable"))
    })?;
    Ok(())
}

/// Writes a file that only its owner can read, unless it exists with another mode.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::File::options();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

/// Reads quarantined changes again if the contract has changed since the last attempt.
fn reread_quarantine(store: &mut dyn Store, contract: &'static Contract) -> Result<(), Error> {
    if store.meta()?.contract == contract.version {
        return Ok(());
    }
    let readable = store.quarantined()?.into_iter().filter_map(|quarantined| Task::reread(&quarantined.raw, contract));
    for task in readable.chain([Task::Current(contract)]) {
        with_clock_and_rng(|clock| task.run(store, clock))?;
    }
    Ok(())
}
