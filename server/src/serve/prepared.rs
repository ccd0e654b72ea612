//! What a server needs before it serves. Whatever can be checked is checked before anything is created, and a start that is refused removes
//! what it has created.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};

use crate::app::new_epoch;
use crate::auth::passwords::Passwords;
use crate::clock::{self, now_ms};
use crate::config::{Config, Proxies, Secret};
use crate::error::ServeError;
use crate::net::{self, Certificate, Connections};
use crate::secrets::{is_yet_to_be_made, make_secret, secrets};
use crate::store::collections::Collections;
use crate::store::database::Database;
use crate::store::sqlite::made::Made;
use crate::store::sqlite::{Store, servable};

/// The maximum number of connections that wait to be accepted.
const WAITING_CONNECTIONS_MAX: u32 = 1_024;

/// A socket that listens, and its address.
pub type Listening = (TcpListener, SocketAddr);

/// Everything that a start needs and that may be missing or unusable.
pub struct Prepared {
    pub config: Config,
    pub connections: Connections,
    pub certificate: Option<Certificate>,
    pub passwords: Passwords,
    pub store: Arc<Database>,
    pub secrets: Vec<Secret>,
    pub sockets: Sockets,
}

/// The sockets of the main port and of the port for metrics.
pub struct Sockets {
    pub main: Listening,
    pub metrics: Option<Listening>,
}

/// Checks the settings and everything that they name, and opens the database.
///
/// # Errors
/// Returns an error if the server cannot start with the settings. Then nothing is left that was not there before.
pub async fn prepare(config: Config) -> Result<Prepared, ServeError> {
    config.check()?;
    let config = Config { contract: config.read_contract()?, ..config };
    let main = reserve(config.bind)?;
    let metrics = config.metrics_bind.map(reserve).transpose()?;
    let certificate = certificate(&config)?;
    let known = if is_yet_to_be_made(&config) { None } else { Some(secrets(&config)?) };
    let connections = connections(&config)?;
    let passwords = Passwords::new().map_err(ServeError::Passwords)?;
    let (store, mut made) = open(&config).await?;
    let rest = async {
        check_data(&store, &config).await?;
        let sockets = Sockets { main: main.listen()?, metrics: metrics.map(Reserved::listen).transpose()? };
        let secrets = match known {
            Some(secrets) => secrets,
            None => {
                made.and(make_secret(&config.data)?);
                secrets(&config)?
            }
        };
        Ok((sockets, secrets))
    };
    match rest.await {
        Ok((sockets, secrets)) => {
            made.keep();
            Ok(Prepared { config, connections, certificate, passwords, store: Arc::new(store), secrets, sockets })
        }
        Err(error) => {
            store.discard(made).await;
            Err(error)
        }
    }
}

/// Opens the database of the settings. A database in a folder that a server cannot serve is not changed.
async fn open(config: &Config) -> Result<(Database, Made), ServeError> {
    let Some(store) = &config.store else {
        let (store, made) = Store::begin(&config.data, &new_epoch(), |present| {
            let seen_at = servable(present, &Collections::of(config.contract.contract))?;
            if config.accept_clock { Ok(()) } else { Ok::<_, ServeError>(clock::check(seen_at, now_ms())?) }
        })?;
        return Ok((Database::Sqlite(store), made));
    };
    let (ca, connections) = (config.store_ca.as_deref(), config.store_connections.into());
    let store = Database::at(store.reveal(), ca, connections, config.deadlines.database, &new_epoch()).await?;
    Ok((store, Made::default()))
}

/// Compares the contract with that of the data, and the clock with the time when the server last ran, and records both.
async fn check_data(store: &Database, config: &Config) -> Result<(), ServeError> {
    let (before, now) = (store.seen_at().await?, now_ms());
    if !config.accept_clock {
        clock::check(before, now)?;
    }
    store.adopt(Collections::of(config.contract.contract)).await?;
    store.note_time(now).await?;
    Ok(())
}

/// The certificate that the settings name, if any. One that is not valid now is also used, for clients that only warn.
pub fn certificate(config: &Config) -> Result<Option<Certificate>, ServeError> {
    let (Some(cert), Some(key)) = (&config.tls_cert, &config.tls_key) else { return Ok(None) };
    let certificate = net::certificate(cert, key).map_err(ServeError::Certificate)?;
    if let Some(problem) = certificate.validity.and_then(|validity| validity.problem(cert, now_ms())) {
        tracing::warn!("clients reject the certificate: {problem}");
    }
    Ok(Some(certificate))
}

/// An address that no other program can listen on. Connections are refused until [`listen`](Self::listen).
struct Reserved {
    socket: TcpSocket,
    address: SocketAddr,
}

fn reserve(address: SocketAddr) -> Result<Reserved, ServeError> {
    let reserved = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // Otherwise the port of a server that has just stopped stays occupied for a while.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(socket)
    };
    let socket = reserved().map_err(|cause| ServeError::Listen { address, cause })?;
    Ok(Reserved { socket, address })
}

impl Reserved {
    fn listen(self) -> Result<(TcpListener, SocketAddr), ServeError> {
        let Reserved { socket, address } = self;
        let listening = socket.listen(WAITING_CONNECTIONS_MAX).and_then(|socket| {
            let address = socket.local_addr()?;
            Ok((socket, address))
        });
        listening.map_err(|cause| ServeError::Listen { address, cause })
    }
}

/// The connection limits. Behind a proxy, all connections come from one network, so only the total is limited.
fn connections(config: &Config) -> Result<Connections, ServeError> {
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let each_max = match config.proxies() {
        Proxies::None => number(config.max_connections_per_network),
        Proxies::Nearest | Proxies::Networks(_) => usize::MAX,
    };
    Ok(Connections::new(each_max, net::connections_max(number(config.max_connections))?))
}
