//! Starting and stopping a server: the signing secret, the database, the listeners, and daily maintenance.

mod prepared;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;

use crate::app::App;
use crate::auth::limits::Limits;
use crate::auth::tokens::{REFRESH_MS, Tokens};
use crate::clock::{Clock, now_ms};
use crate::config::{Config, Proxies};
use crate::devices::Devices;
pub use crate::error::ServeError;
use crate::fair_semaphore::FairSemaphore;
use crate::http;
use crate::metrics::Metrics;
use crate::net::{Certificate, Connections, Listener};
use crate::notifications::Notifications;
use crate::per_account::PerAccount;
use crate::secrets::{is_yet_to_be_made, make_secret, secrets};
use crate::shares::Shares;
use crate::store::StoreError;
use crate::store::database::Database;

use self::prepared::{Listening, Prepared, Sockets, certificate};

/// The maximum number of connections on the metrics port.
const OPERATOR_CONNECTIONS_MAX: usize = 32;
/// The maximum number of requests in progress, per account and for all accounts. Further requests wait for a permit.
const REQUESTS_EACH_MAX: usize = 64;
const REQUESTS_MAX: usize = 2_048;
/// The maximum number of exports in progress per account.
const EXPORTS_MAX: usize = 2;
/// How long a stopping server waits for its database.
const SHUTDOWN_MAX: Duration = Duration::from_secs(1);
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(86_400);
/// How often the server looks for changes by other processes, and how often it stores the activity of devices.
const CHANGES_INTERVAL: Duration = Duration::from_secs(1);
const DEVICES_EVERY: Duration = Duration::from_secs(60);
const NOTE_TIME_EVERY: Duration = Duration::from_secs(3_600);

/// A server that runs in the background of this process.
pub struct Running {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    /// Replaces the certificate for new connections, if the server uses HTTPS.
    certificate: Option<watch::Sender<Certificate>>,
    /// Replaces the routes for new requests.
    routes: watch::Sender<Router>,
    app: Arc<App>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    store: Arc<Database>,
}

impl Running {
    /// The address on which the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The address of the separate port for metrics, if there is one.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.certificate.is_some() { "https" } else { "http" }, self.address)
    }

    /// Applies new settings, and reads the files that they name again: certificate, key and secrets. Open connections keep the previous
    /// certificate. Returns the flags whose new values take effect only after a restart.
    ///
    /// # Errors
    /// Returns an error if the settings cannot be used. Then the server keeps all previous settings.
    pub fn reload(&self, config: Config) -> Result<Vec<&'static str>, ServeError> {
        let taken_over = self.take_over(config);
        self.app.metrics.reloaded(taken_over.is_ok());
        taken_over
    }

    fn take_over(&self, mut config: Config) -> Result<Vec<&'static str>, ServeError> {
        // The next start would reject such settings, and so does a reload.
        config.check()?;
        let before = self.app.config();
        let fixed = keep_fixed(&before, &mut config);
        config.check()?;
        let renewed = certificate(&config)?;
        if is_yet_to_be_made(&config) {
            make_secret(&config.data)?.keep();
        }
        let secrets = secrets(&config)?;
        if let (Some(certificate), Some(renewed)) = (&self.certificate, renewed) {
            certificate.send_replace(renewed);
        }
        if self.app.tokens.replace(&secrets) {
            // Devices whose tokens are still valid connect again.
            self.app.notifications.end_all();
        }
        let app = Arc::clone(&self.app);
        tokio::spawn(async move { compare_secrets(&app.store, &app.tokens).await });
        self.app.limits.set_per_minute(config.auth_per_minute);
        self.app.set_config(config);
        drop(self.routes.send_replace(http::router(&self.app)));
        Ok(fixed)
    }

    /// Stops the server: streams end, requests in progress are completed, and the database is closed.
    ///
    /// # Errors
    /// Returns an error if the server had already stopped.
    pub async fn stop(self) -> Result<(), ServeError> {
        self.stop.send_replace(true);
        let ended = ended(self.serving.await);
        match timeout(SHUTDOWN_MAX, self.app.devices.store(&self.store)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "cannot store the last activity of the devices"),
            Err(_) => tracing::error!("cannot store the last activity of the devices: the database does not respond in time"),
        }
        self.store.close().await;
        ended
    }
}

fn ended(served: Result<(), JoinError>) -> Result<(), ServeError> {
    served.map_err(|error| ServeError::Broken(std::io::Error::other(error)))
}

/// Serves until `shutdown` completes. On Unix, SIGHUP makes the server apply the settings that `read_again` returns.
///
/// # Errors
/// Returns a [`ServeError`] if the settings are invalid, an address is in use, or the database cannot be opened.
pub async fn serve(
    config: Config,
    read_again: impl Fn() -> Result<Config, String>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    // Before the start, which may take long: without a handler, the signal ends the process.
    let mut hang_ups = HangUps::new()?;
    let mut running = start(config).await?;
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = shutdown.as_mut() => {
                tracing::info!("stopping");
                return running.stop().await;
            }
            served = &mut running.serving => return ended(served),
            () = hang_ups.next() => {
                let settings = read_again().inspect_err(|_| running.app.metrics.reloaded(false));
                match settings.and_then(|config| running.reload(config).map_err(|error| error.to_string())) {
                    Ok(fixed) if fixed.is_empty() => tracing::info!("reloaded the settings"),
                    Ok(fixed) => tracing::warn!(restart = %fixed.join(" "), "reloaded the settings, except those that need a restart"),
                    Err(error) => tracing::error!(%error, "cannot use the new settings; the previous ones stay in use"),
                }
            },
        }
    }
}

/// SIGHUP, which asks a server to read its settings again.
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
/// Returns a [`ServeError`] if the settings are invalid, an address is in use, or the database cannot be opened.
pub async fn start(config: Config) -> Result<Running, ServeError> {
    let Prepared { config, connections, certificate, passwords, store, secrets, sockets } = prepared::prepare(config).await?;
    let (stop, stopping) = watch::channel(false);
    let certificate = certificate.map(watch::Sender::new);
    if certificate.is_none() && !config.bind.ip().is_loopback() && config.proxies() == Proxies::None {
        tracing::warn!("plain HTTP on an address that others can reach; clients reject it. Give --tls-cert, or --behind-proxy");
    }
    if config.trusts_any_forwarded_for() {
        tracing::warn!(
            "clients that reach the server directly may claim any address in X-Forwarded-For: name the proxy with --trusted-proxies, or leave \
             --behind-proxy out"
        );
    }
    let app = Arc::new(App {
        store: Arc::clone(&store),
        tokens: Tokens::new(&secrets),
        passwords,
        limits: Limits::new(config.auth_per_minute, config.max_pushes),
        notifications: Notifications::new(connections.limit()),
        sessions: Default::default(),
        devices: Devices::default(),
        memory: Default::default(),
        unsent: Default::default(),
        requests: PerAccount::new(REQUESTS_EACH_MAX),
        permits: FairSemaphore::new(REQUESTS_MAX),
        parsing: FairSemaphore::new(std::thread::available_parallelism().map_or(1, |processors| usize::from(processors).div_ceil(2))),
        exports: Shares::new(EXPORTS_MAX, usize::MAX),
        digest_checks: Default::default(),
        metrics: Metrics::new(store.commits(), config.contract.contract),
        connections: connections.clone(),
        certificate: certificate.as_ref().map(watch::Sender::subscribe),
        clock: Clock::start(now_ms()),
        checked: Default::default(),
        epoch: Default::default(),
        stopping: stopping.clone(),
        config: RwLock::new(Arc::new(config.clone())),
    });
    compare_secrets(&app.store, &app.tokens).await;
    let hearing = Arc::downgrade(&app);
    store.listen(move |notification| {
        if let Some(app) = hearing.upgrade() {
            tokio::spawn(async move { app.hear(notification).await });
        }
    });
    let tls = certificate.as_ref().map(watch::Sender::subscribe);
    let (routes, router) = watch::channel(http::router(&app));
    let listener = Listener { router, tls, connections, deadlines: config.deadlines, stopping: stopping.clone() };
    let Sockets { main: (socket, address), metrics } = sockets;
    let metrics_address = metrics.map(|socket| serve_metrics(socket, &app, &listener));
    let serving = tokio::spawn(listener.serve(socket));
    tokio::spawn(maintain(Arc::clone(&app), stopping.clone()));
    tokio::spawn(note_time(Arc::clone(&app), stopping.clone()));
    tokio::spawn(watch_others(Arc::clone(&app), stopping));
    tracing::info!(%address, secure = certificate.is_some(), data = store.place(), "listening");
    Ok(Running { address, metrics_address, certificate, routes, app, stop, serving, store })
}

/// Warns if another server of the database signs with a secret that this one does not accept.
async fn compare_secrets(store: &Database, tokens: &Tokens) {
    match store.sign_with(&tokens.names()).await {
        Ok(true) => tracing::warn!(
            "another server of this database signs with a secret that this one does not have, so devices that reach both are signed out; give all \
             servers the same --signing-secret-file, and reload those that have an older one"
        ),
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "cannot compare the signing secret with that of other servers"),
    }
}

/// Keeps the previous values of settings that are read only at the start, and returns the flags of those that differ.
fn keep_fixed(before: &Config, after: &mut Config) -> Vec<&'static str> {
    fn keep<T: PartialEq + Clone>(before: &T, after: &mut T) -> bool {
        let differs = before != after;
        after.clone_from(before);
        differs
    }
    // Settings that are used together are kept together.
    let gets_certificate = before.tls_cert.is_some() != after.tls_cert.is_some();
    if gets_certificate {
        (after.tls_cert, after.tls_key) = (before.tls_cert.clone(), before.tls_key.clone());
    }
    let gets_proxy = before.behind_proxy != after.behind_proxy;
    let gets_proxies = gets_proxy && keep(&before.trusted_proxies, &mut after.trusted_proxies);
    after.behind_proxy = before.behind_proxy;
    after.contract = before.contract;
    let differs = [
        ("--bind", keep(&before.bind, &mut after.bind)),
        ("--data", keep(&before.data, &mut after.data)),
        ("--store", keep(&before.store, &mut after.store)),
        ("--store-ca", keep(&before.store_ca, &mut after.store_ca)),
        ("--store-connections", keep(&before.store_connections, &mut after.store_connections)),
        ("--contract", keep(&before.contract_file, &mut after.contract_file)),
        ("--metrics-bind", keep(&before.metrics_bind, &mut after.metrics_bind)),
        ("--tls-cert", gets_certificate),
        ("--behind-proxy", gets_proxy),
        ("--trusted-proxies", gets_proxies),
        ("--max-connections", keep(&before.max_connections, &mut after.max_connections)),
        ("--max-connections-per-network", keep(&before.max_connections_per_network, &mut after.max_connections_per_network)),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(flag, _)| flag).collect()
}

/// Serves the operator's routes on a separate port, and returns its address.
fn serve_metrics((socket, address): Listening, app: &Arc<App>, template: &Listener) -> SocketAddr {
    let connections = Connections::new(usize::MAX, OPERATOR_CONNECTIONS_MAX);
    // The sender is dropped: these routes never change.
    let (_, router) = watch::channel(http::operator_router(app));
    let listener = Listener { router, tls: None, connections, ..template.clone() };
    tokio::spawn(listener.serve(socket));
    address
}

/// Notifies waiting tasks of changes by other processes, and stores the last activity of devices.
async fn watch_others(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut stored = Instant::now();
    loop {
        let announced = app.notifications.announced();
        match app.store.missed_notifications(app.sessions.keys(None)).await {
            Ok(missed) => {
                for (user, rev) in missed.revisions {
                    announced.get(&user).into_iter().for_each(|announced| app.notifications.correct(user, *announced, rev));
                }
                missed.ended.into_iter().for_each(|key| app.sessions.end(key));
            }
            Err(error) => tracing::error!(%error, "cannot look for changes by other processes"),
        }
        if stored.elapsed() >= DEVICES_EVERY {
            stored = Instant::now();
            if let Err(error) = app.devices.store(&app.store).await {
                tracing::error!(%error, "cannot store the last activity of the devices");
            }
        }
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(CHANGES_INTERVAL) => {}
        }
    }
}

/// Records the time every hour, so that the next start can detect whether the clock has jumped.
async fn note_time(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(NOTE_TIME_EVERY) => {}
        }
        let now = now_ms();
        if app.clock.has_jumped(now) {
            tracing::error!(
                "the clock was set to another time while the server was running; nothing is purged or signed out until the server is restarted"
            );
        } else if let Err(error) = app.store.note_time(now).await {
            tracing::error!(%error, "cannot store the time");
        }
        // The operator's commands erase accounts too.
        http::handlers::finish_erasing(&app.store).await;
        complete_digests(&app.store).await;
    }
}

async fn complete_digests(store: &Database) {
    if let Err(error) = store.complete_digests().await {
        tracing::error!(%error, "cannot compute the digests of accounts");
    }
}

/// Daily maintenance: purges tombstones, and deletes expired sessions.
async fn maintain(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    http::handlers::finish_erasing(&app.store).await;
    complete_digests(&app.store).await;
    loop {
        if app.clock.has_jumped(now_ms()) {
            tracing::error!("nothing is purged, because the clock was set to another time while the server was running");
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = tokio::time::sleep(MAINTENANCE_INTERVAL) => continue,
            }
        }
        let config = app.config();
        let (tombstone_days, backup_days, now) = (config.tombstone_days, config.backup_days, now_ms());
        let done = async {
            let tombstones = app.store.purge(tombstone_days, backup_days, now).await?;
            let sessions = app.store.forget_sessions(now.saturating_sub(REFRESH_MS)).await?;
            Ok::<_, StoreError>((tombstones, sessions))
        };
        if let Err(error) = app.store.check_digests().await {
            tracing::error!(%error, "cannot check the digests of accounts");
        }
        match done.await {
            Ok((tombstones, sessions)) => tracing::info!(tombstones, sessions, "purged"),
            Err(error) => tracing::error!(%error, "cannot purge"),
        }
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(MAINTENANCE_INTERVAL) => {}
        }
    }
}
