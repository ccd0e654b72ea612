//! Starting and stopping a server: the signing secret, the database, the listeners, and daily maintenance.

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio_rustls::TlsAcceptor;

use crate::app::{App, new_epoch, now_ms};
use crate::auth::limits::Limits;
use crate::auth::passwords::Passwords;
use crate::auth::tokens::{REFRESH_MS, Tokens};
use crate::config::{Config, Secret};
use crate::http;
use crate::metrics::Metrics;
use crate::net::{self, Connections, Listener};
use crate::notifications::Notifications;
use crate::shares::Shares;
use crate::store::StoreError;
use crate::store::sqlite::files::{make_folder, private};
use crate::store::sqlite::{Store, accounts, backup};

/// The maximum number of connections on the metrics port.
const OPERATOR_CONNECTIONS_MAX: usize = 32;
/// The maximum number of requests in progress, per account and for all accounts. Further requests are refused before their bodies are read.
const REQUESTS_EACH_MAX: usize = 64;
const REQUESTS_MAX: usize = 2_048;
/// The maximum number of exports in progress per account.
const EXPORTS_MAX: usize = 2;
const CHORES_EVERY: Duration = Duration::from_secs(86_400);

/// Why a server cannot start, or why it stopped by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The signing secret is weak.
    #[error("the signing secret is weak: {0}; make one with `openssl rand -base64 48` and set STRONGLOG_SIGNING_SECRET")]
    WeakSecret(&'static str),
    /// No signing secret is configured.
    #[error("no signing secret: set STRONGLOG_SIGNING_SECRET to the output of `openssl rand -base64 48`, or try the server out with --dev")]
    NoSecret,
    /// The address is in use, or does not belong to this machine.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address to listen on.
        address: SocketAddr,
        /// The error of the operating system.
        cause: std::io::Error,
    },
    /// The certificate or its key cannot be read, or they do not match.
    #[error("cannot use the certificate: {0}")]
    Certificate(std::io::Error),
    /// The threads that hash passwords cannot be started.
    #[error("cannot start the threads that hash passwords: {0}")]
    Passwords(std::io::Error),
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The accept loop ended unexpectedly.
    #[error("the server stopped by itself: {0}")]
    Broken(std::io::Error),
}

/// A server that runs in the background of this process.
pub struct Running {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    /// Replaces the certificate for new connections, if the server uses HTTPS.
    certificate: Option<Certificate>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    store: Arc<Store>,
}

impl Running {
    /// The address on which the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The address on which the server serves metrics, if they have a port of their own.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.certificate.is_some() { "https" } else { "http" }, self.address)
    }

    /// Reads the certificate and its key again. Open connections keep the previous certificate.
    ///
    /// # Errors
    /// The files cannot be used. The server keeps the previous certificate.
    pub fn reload_certificate(&self) -> Result<(), ServeError> {
        match &self.certificate {
            Some(certificate) => certificate.reload(),
            None => Ok(()),
        }
    }

    /// Stops the server: streams end, requests in progress are answered, and the database is closed.
    ///
    /// # Errors
    /// The server had already stopped by itself.
    pub async fn stop(self) -> Result<(), ServeError> {
        self.stop.send_replace(true);
        let ended = ended(self.serving.await);
        self.store.close().await;
        ended
    }
}

fn ended(served: Result<(), JoinError>) -> Result<(), ServeError> {
    served.map_err(|error| ServeError::Broken(std::io::Error::other(error)))
}

/// Serves until `shutdown` completes. On Unix, SIGHUP makes the server read the certificate again.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
    let mut running = start(config).await?;
    let mut hang_ups = HangUps::new()?;
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = shutdown.as_mut() => {
                tracing::info!("stopping");
                return running.stop().await;
            }
            served = &mut running.serving => return ended(served),
            () = hang_ups.next() => match running.reload_certificate() {
                Ok(()) => tracing::info!("read the certificate again"),
                Err(error) => tracing::error!(%error, "the certificate stays as it was"),
            },
        }
    }
}

/// SIGHUP, which asks a server to read its certificate again.
#[cfg(unix)]
struct HangUps(tokio::signal::unix::Signal);

#[cfg(unix)]
impl HangUps {
    fn new() -> Result<Self, ServeError> {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).map(HangUps).map_err(ServeError::Broken)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(not(unix))]
struct HangUps;

#[cfg(not(unix))]
impl HangUps {
    fn new() -> Result<Self, ServeError> {
        Ok(HangUps)
    }

    async fn next(&mut self) {
        std::future::pending().await
    }
}

/// Starts a server in the background. When this returns, the server accepts connections.
///
/// # Errors
/// See [`ServeError`].
pub async fn start(config: Config) -> Result<Running, ServeError> {
    let secret = signing_secret(&config)?;
    let store = Arc::new(Store::open(&config.data, &new_epoch())?);
    let (stop, stopping) = watch::channel(false);
    let certificate = Certificate::of(&config)?;
    if certificate.is_none() && !config.bind.ip().is_loopback() && !config.behind_proxy {
        tracing::warn!("plain HTTP on an address that others reach: clients refuse it. Give --tls-cert, or --behind-proxy");
    }
    let passwords = Passwords::new().map_err(ServeError::Passwords)?;
    let connections = connections(&config);
    let app = Arc::new(App {
        store: Arc::clone(&store),
        tokens: Tokens::new(secret.reveal()),
        passwords,
        limits: Limits::new(config.auth_per_minute),
        notifications: Notifications::default(),
        bodies: http::body::shares(),
        requests: Shares::new(REQUESTS_EACH_MAX, REQUESTS_MAX),
        parsing: Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)),
        exports: Shares::new(EXPORTS_MAX, usize::MAX),
        metrics: Metrics::new(),
        connections: connections.clone(),
        checked: Mutex::default(),
        stopping: stopping.clone(),
        config: config.clone(),
    });
    let tls = certificate.as_ref().map(|certificate| certificate.acceptor.subscribe());
    let socket = bind(config.bind).await?;
    let address = socket.local_addr().map_err(|cause| ServeError::Listen { address: config.bind, cause })?;
    let listener = Listener { router: http::router(&app), tls, connections, deadlines: config.deadlines, stopping: stopping.clone() };
    let metrics_address = match config.metrics_bind {
        Some(bind_to) => Some(serve_metrics(bind_to, &app, &listener).await?),
        None => None,
    };
    let serving = tokio::spawn(listener.serve(socket));
    tokio::spawn(chores(app, stopping));
    tracing::info!(%address, secure = certificate.is_some(), data = %config.data.display(), "listening");
    Ok(Running { address, metrics_address, certificate, stop, serving, store })
}

/// The certificate files, and their content when they were last read.
struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    acceptor: watch::Sender<TlsAcceptor>,
}

impl Certificate {
    fn of(config: &Config) -> Result<Option<Self>, ServeError> {
        let (Some(cert), Some(key)) = (&config.tls_cert, &config.tls_key) else { return Ok(None) };
        let acceptor = net::acceptor(cert, key).map_err(ServeError::Certificate)?;
        Ok(Some(Certificate { cert: cert.clone(), key: key.clone(), acceptor: watch::Sender::new(acceptor) }))
    }

    fn reload(&self) -> Result<(), ServeError> {
        self.acceptor.send_replace(net::acceptor(&self.cert, &self.key).map_err(ServeError::Certificate)?);
        Ok(())
    }
}

/// Serves the operator's routes on a port of their own, and returns its address.
async fn serve_metrics(bind_to: SocketAddr, app: &Arc<App>, like: &Listener) -> Result<SocketAddr, ServeError> {
    let socket = bind(bind_to).await?;
    let address = socket.local_addr().map_err(|cause| ServeError::Listen { address: bind_to, cause })?;
    let connections = Connections::new(usize::MAX, OPERATOR_CONNECTIONS_MAX);
    let listener = Listener { router: http::operator_router(app), tls: None, connections, ..like.clone() };
    tokio::spawn(listener.serve(socket));
    Ok(address)
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|cause| ServeError::Listen { address, cause })
}

/// The connection limits. Behind a proxy, all connections come from one network, so only the total is limited.
fn connections(config: &Config) -> Connections {
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let each_max = if config.behind_proxy { usize::MAX } else { number(config.max_connections_per_network) };
    Connections::new(each_max, net::connections_max(number(config.max_connections)))
}

/// Daily maintenance: purges tombstones, and deletes expired sessions.
async fn chores(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    loop {
        let (tombstone_days, backup_days, now) = (app.config.tombstone_days, app.config.backup_days, now_ms());
        let done = app.store.write(move |connection| {
            let tombstones = backup::purge(connection, tombstone_days, backup_days, now)?;
            let sessions = accounts::forget_sessions(connection, now.saturating_sub(REFRESH_MS))?;
            Ok::<_, StoreError>((tombstones, sessions))
        });
        match done.await {
            Ok((tombstones, sessions)) => tracing::info!(tombstones, sessions, "purged"),
            Err(error) => tracing::error!(%error, "cannot purge"),
        }
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(CHORES_EVERY) => {}
        }
    }
}

fn signing_secret(config: &Config) -> Result<Secret, ServeError> {
    match &config.signing_secret {
        Some(secret) => match secret.weakness() {
            Some(weakness) if !config.dev => Err(ServeError::WeakSecret(weakness)),
            _ => Ok(secret.clone()),
        },
        None if config.dev => kept_secret(&config.data),
        None => Err(ServeError::NoSecret),
    }
}

/// The signing secret stored in the data folder. It is created on the first start.
fn kept_secret(folder: &Path) -> Result<Secret, ServeError> {
    let path = folder.join("stronglog.secret");
    let failed = |error: std::io::Error| StoreError::new(format!("cannot use {}: {error}", path.display()));
    match std::fs::read_to_string(&path) {
        Ok(text) if Secret::new(text.trim()).weakness().is_none() => return Ok(Secret::new(text.trim())),
        Ok(_) => return Err(ServeError::WeakSecret("the file in the data folder holds it: remove the file")),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error).into()),
    }
    make_folder(folder)?;
    let secret: String = rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect();
    private()
        .create_new(true)
        .write(true)
        .open(&path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, secret.as_bytes()))
        .map_err(failed)?;
    Ok(Secret::new(secret))
}
