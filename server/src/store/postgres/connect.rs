//! Where the database is, and connections to it.

use std::error::Error as _;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::key_files::pem_error;
use crate::net::Deadlines;
use crate::store::StoreError;

/// The maximum time to connect, in total and to each of several hosts.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
const HOST_TIME_MAX: Duration = Duration::from_secs(2);
/// The maximum time of a statement that reads a whole table.
pub const SCAN_TIME_MAX: Duration = Duration::from_secs(3_600);
/// How soon the loss of the other machine is noticed.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(10);
const UNANSWERED_MAX: Duration = Duration::from_secs(15);

/// A connection with its client and its trusted certificates.
type Connected<S> = (Client, Connection<Socket, S>, MakeRustlsConnect);

/// Where a database is, and how to reach it.
#[derive(Clone)]
pub struct Address {
    config: Config,
    tls: MakeRustlsConnect,
    ca: Option<PathBuf>,
    connections: usize,
    answer_max: Duration,
    /// The number of the host that responded last.
    answered: Arc<AtomicUsize>,
}

impl Address {
    /// Reads an address such as `postgres://user:password@host/name`. `ca` is the CA certificate of the database, if the
    /// system does not trust it.
    ///
    /// # Errors
    /// Returns an error if the text is not the address of a Postgres database, or the certificate cannot be used.
    pub fn new(url: &str, ca: Option<&Path>, connections: usize) -> Result<Self, StoreError> {
        let mut config = read(url)?;
        if config.get_application_name().is_none() {
            config.application_name("stronglog");
        }
        config.connect_timeout(CONNECT_TIME_MAX).keepalives_idle(KEEP_ALIVE_AFTER).tcp_user_timeout(UNANSWERED_MAX);
        Ok(Address {
            config,
            tls: MakeRustlsConnect::new(tls(ca)?),
            ca: ca.map(Path::to_owned),
            connections,
            answer_max: Deadlines::default().database,
            answered: Arc::default(),
        })
    }

    /// Reads an address for an operator's commands, which may take long. The database can distinguish them from servers.
    #[must_use]
    pub fn for_operator(mut self) -> Self {
        self.config.application_name("stronglog admin");
        self.answer_max = SCAN_TIME_MAX;
        self
    }

    /// The same target, with this maximum time of a statement.
    #[must_use]
    pub fn answered_within(mut self, answer_max: Duration) -> Self {
        self.answer_max = answer_max;
        self
    }

    /// The maximum number of connections.
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// The trusted certificates of a connection. They are read for each connection, because the CA certificate or those of the machine may
    /// have been renewed.
    async fn tls(&self) -> MakeRustlsConnect {
        if self.config.get_ssl_mode() == SslMode::Disable || !self.config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_))) {
            return self.tls.clone();
        }
        let ca = self.ca.clone();
        // A machine has many certificates.
        let read = tokio::task::spawn_blocking(move || tls(ca.as_deref())).await;
        match read.map_err(StoreError::new).flatten() {
            Ok(tls) => MakeRustlsConnect::new(tls),
            Err(error) => {
                tracing::warn!(%error, "cannot read the CA certificates again; those read at the start stay in use");
                self.tls.clone()
            }
        }
    }

    /// How long a statement may take.
    pub fn answer_max(&self) -> Duration {
        self.answer_max
    }

    /// Opens a connection. Also returns its trusted certificates, for a request to cancel a statement.
    pub async fn connect(&self) -> Result<Connected<impl tokio_postgres::tls::TlsStream + Unpin + use<>>, StoreError> {
        let hosts = each_host(&self.config);
        let time_max = if hosts.len() > 1 { HOST_TIME_MAX } else { CONNECT_TIME_MAX };
        let (mut failed, tls) = (None, self.tls().await);
        // The host that responded last comes first.
        let first = self.answered.load(Ordering::Relaxed);
        for number in (0..hosts.len()).map(|number| (first + number) % hosts.len()) {
            match timeout(time_max, hosts[number].connect(tls.clone())).await {
                Ok(Ok((client, connection))) => {
                    self.answered.store(number, Ordering::Relaxed);
                    return Ok((client, connection, tls));
                }
                Ok(Err(error)) => failed = Some(StoreError::from(error)),
                // The error of a host that responds is more useful.
                Err(_) => failed = failed.or_else(|| Some(StoreError::silent())),
            }
        }
        Err(failed.unwrap_or_else(StoreError::silent))
    }
}

/// Separate settings for each host, so that a host that does not answer does not use up the time of the others.
fn each_host(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    if hosts.len() < 2 || !addresses.is_empty() {
        return vec![config.clone()];
    }
    let each = hosts.iter().enumerate().map(|(number, host)| {
        let mut one = Config::new();
        match host {
            Host::Tcp(name) => one.host(name),
            #[cfg(unix)]
            Host::Unix(path) => one.host_path(path),
        };
        ports.get(number).or(ports.first()).iter().for_each(|port| _ = one.port(**port));
        config.get_user().iter().for_each(|user| _ = one.user(*user));
        config.get_password().iter().for_each(|password| _ = one.password(password));
        config.get_dbname().iter().for_each(|name| _ = one.dbname(*name));
        config.get_options().iter().for_each(|options| _ = one.options(*options));
        config.get_application_name().iter().for_each(|name| _ = one.application_name(*name));
        config.get_tcp_user_timeout().iter().for_each(|timeout| _ = one.tcp_user_timeout(**timeout));
        one.ssl_mode(config.get_ssl_mode()).ssl_negotiation(config.get_ssl_negotiation()).channel_binding(config.get_channel_binding());
        one.target_session_attrs(config.get_target_session_attrs());
        one.keepalives(config.get_keepalives()).keepalives_idle(config.get_keepalives_idle()).connect_timeout(HOST_TIME_MAX);
        one
    });
    each.collect()
}

/// Reads an address. Errors repeat only the names of options, because any other part may belong to a password.
fn read(url: &str) -> Result<Config, StoreError> {
    let failed = |why: &str| {
        StoreError::new(format!("cannot read the address of the database: {why}; give one such as postgres://user:password@host/name"))
    };
    let (before, options) = url.split_once('?').unwrap_or((url, ""));
    // An @ ends the password, and nothing after it contains these characters: a password with them must be percent-encoded.
    let rest = before.split_once("://").map_or("", |(_, rest)| rest);
    let name = rest.split_once('/').map_or("", |(_, name)| name);
    if rest.matches('@').count() > 1 || rest.contains('#') || name.contains(['@', '/']) || options.contains('@') {
        return Err(failed("write the characters @ / ? # % of a user name or password as %40 %2F %3F %23 %25"));
    }
    if before.split_once("://").is_some_and(|(scheme, _)| !["postgres", "postgresql"].contains(&scheme)) {
        return Err(failed("the address is not a Postgres URL; it must begin with postgres://"));
    }
    // A certificate is always checked against the host name, so these modes ask for no more than `require` already provides.
    let options = options.split('&').map(|option| match option {
        "sslmode=verify-full" | "sslmode=verify-ca" => "sslmode=require",
        other => other,
    });
    let options = options.collect::<Vec<_>>().join("&");
    let url = if options.is_empty() { before.to_owned() } else { format!("{before}?{options}") };
    let config = Config::from_str(&url).map_err(|error| match error.source() {
        Some(cause) => failed(&cause.to_string()),
        None => failed(&error.to_string()),
    })?;
    // Somebody on the network path could downgrade it.
    if config.get_ssl_mode() == SslMode::Prefer && config.get_hosts().iter().any(is_elsewhere) {
        return Err(StoreError::new(
            "cannot use the address of the database: it does not say whether the connection is encrypted; add ?sslmode=require, or \
             ?sslmode=disable if the database is on a private network",
        ));
    }
    Ok(config)
}

/// Whether a host is another machine.
fn is_elsewhere(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name != "localhost" && !name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => false,
    }
}

/// Formats the address without the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        };
        let hosts: Vec<String> = self.config.get_hosts().iter().map(host).collect();
        let name = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        write!(f, "postgres {name} at {}", hosts.join(","))
    }
}

fn tls(ca: Option<&Path>) -> Result<ClientConfig, StoreError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(StoreError::new)?;
    let Some(path) = ca else {
        return Ok(builder.with_platform_verifier().map_err(StoreError::new)?.with_no_client_auth());
    };
    let failed = |error: &dyn fmt::Display| StoreError::new(format!("cannot use the certificate {}: {error}", path.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| failed(&pem_error(&error)))? {
        roots.add(certificate.map_err(|error| failed(&pem_error(&error)))?).map_err(|error| failed(&error))?;
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::{Address, read};

    type Certified = rcgen::CertifiedKey<rcgen::KeyPair>;

    fn certificate() -> Certified {
        rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate")
    }

    /// The address of a database that ends each connection once it is encrypted.
    async fn database(certified: &Certified) -> String {
        let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let config = config.with_no_client_auth().with_single_cert(vec![certified.cert.der().clone()], key).expect("settings");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(config));
            while let Ok((mut stream, _)) = listener.accept().await {
                stream.read_exact(&mut [0; 8]).await.expect("a request to encrypt");
                stream.write_all(b"S").await.expect("agreed");
                // The client may reject the certificate.
                let _ = acceptor.accept(stream).await;
            }
        });
        format!("postgres://sam@127.0.0.1:{port}/log?sslmode=require")
    }

    /// What ends a connection.
    async fn end(address: &Address) -> String {
        address.connect().await.map(drop).expect_err("the connection ends").to_string()
    }

    #[tokio::test]
    async fn a_renewed_ca_certificate_is_trusted_by_the_next_connection() {
        let (before, after) = (certificate(), certificate());
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, before.cert.pem()).expect("written");
        let address = Address::new(&database(&after).await, Some(&ca), 1).expect("an address");
        assert!(end(&address).await.contains("invalid peer certificate"), "{}", end(&address).await);
        std::fs::write(&ca, after.cert.pem()).expect("renewed");
        assert!(!end(&address).await.contains("certificate"), "{}", end(&address).await);
        std::fs::write(&ca, "half a file").expect("written");
        assert!(end(&address).await.contains("invalid peer certificate"), "that of the start stays in use: {}", end(&address).await);
    }

    /// Names the file of trusted certificates to the process of the test. It is never the machine's own, which `SSL_CERT_FILE` may name.
    const TRUSTED: &str = "STRONGLOG_TEST_TRUSTED_CERTIFICATES";

    /// The environment names the machine's trusted certificates, so this test program is started again.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_certificate_that_the_machine_trusts_since_is_trusted_by_the_next_connection() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let name = "store::postgres::connect::tests::a_machine_that_trusts_another_certificate_since";
        let mut command = std::process::Command::new(std::env::current_exe().expect("this program"));
        let output = command
            .args([name, "--exact", "--nocapture"])
            .env(TRUSTED, file.path())
            .env("SSL_CERT_FILE", file.path())
            .output()
            .expect("a process");
        let message = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && message.contains("trusted since"), "{message}\n{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Does nothing unless the process was started for it.
    #[tokio::test]
    async fn a_machine_that_trusts_another_certificate_since() {
        let Some(trusted) = std::env::var_os(TRUSTED) else { return };
        let (before, after) = (certificate(), certificate());
        std::fs::write(&trusted, before.cert.pem()).expect("written");
        let address = Address::new(&database(&after).await, None, 1).expect("an address");
        assert!(end(&address).await.contains("invalid peer certificate"), "{}", end(&address).await);
        std::fs::write(&trusted, after.cert.pem()).expect("renewed");
        assert!(!end(&address).await.contains("certificate"), "{}", end(&address).await);
        println!("trusted since");
    }

    #[test]
    fn no_part_of_a_password_is_in_a_message() {
        for password in ["p@zz/w0rd", "pa/zz", "p#zz", "p?zz", "p?z=zz", "p@zz@w0rd#"] {
            let error =
                read(&format!("postgres://sl:{password}@db.example.com/log")).expect_err("it must be written otherwise").to_string();
            assert!(error.contains("%40") && !error.contains("zz"), "{password}: {error}");
        }
        read("postgres://sl:p%40ss%2Fw0rd@db.example.com/log?sslmode=require").expect("written so, it is read");
        read("postgres:///log?host=/var/run/postgresql").expect("a socket");
    }

    #[test]
    fn an_address_of_another_machine_says_whether_the_connection_is_encrypted() {
        for host in ["db.example.com", "192.0.2.7", "localhost,db2", "localhost.example.com"] {
            let message = read(&format!("postgres://sl@{host}/log")).expect_err("not said").to_string();
            assert!(message.contains("sslmode=require"), "{message}");
            read(&format!("postgres://sl@{host}/log?sslmode=disable")).expect("said");
        }
        for host in ["localhost", "127.0.0.1:5433", "[::1]", "%2Fvar%2Frun%2Fpostgresql"] {
            read(&format!("postgres://sl@{host}/log")).expect("this machine");
        }
    }

    #[test]
    fn addresses_of_providers_are_read_and_what_is_not_is_named() {
        for option in ["sslmode=verify-full", "sslmode=verify-ca&connect_timeout=3", "sslmode=require&channel_binding=require"] {
            read(&format!("postgres://sl@db.example.com/log?{option}")).unwrap_or_else(|error| panic!("{option}: {error}"));
        }
        for (option, name) in [("sslmode=allow", "sslmode"), ("sslrootcert=ca.pem", "sslrootcert")] {
            let error = read(&format!("postgres://sl@db.example.com/log?{option}")).expect_err("not known").to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
