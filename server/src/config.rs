//! The settings of a server: flags, environment variables, and safe defaults.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use http::HeaderValue;
use stronglog_sync::api::SERVER_CONTRACT;
use stronglog_sync::api::collection::ServerContract;
use stronglog_sync::contract;
use url::{Host, Url};

use crate::error::ServeError;
pub use crate::net::Deadlines;
use crate::site::Site;
use crate::store::Quota;

/// The default number of days for which deletions are kept.
pub const TOMBSTONE_DAYS: u32 = 400;
/// The default number of days for which a backup may be restored.
pub const BACKUP_DAYS: u32 = 90;
/// The default quota of an account: fifty years of daily training, many times over.
const RECORDS_MAX: u64 = 500_000;
const BYTES_MAX: u64 = 512 << 20;
/// The history keeps one row per push forever, in addition to the account's quota.
const PUSHES_MAX: u32 = 250_000;
/// The maximum of a quota: the largest number that every JSON reader reads exactly.
pub const QUOTA_MAX: u64 = (1 << 53) - 1;
const STORE_CONNECTIONS: u16 = 16;
const CONNECTIONS_MAX: u32 = 10_000;
const NETWORK_CONNECTIONS_MAX: u32 = 512;

/// The settings of a server. Build them with `..Config::local(folder)`: a later version may add members.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    /// Address and port to listen on.
    #[arg(long, env = "STRONGLOG_BIND", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub bind: SocketAddr,
    /// Folder of the database. Created on the first start.
    #[arg(long, env = "STRONGLOG_SERVER_DATA", default_value = "stronglog-data", value_name = "FOLDER")]
    pub data: PathBuf,
    /// Postgres database to use instead of the folder, such as `postgres://user:password@host/name?sslmode=require`. Any number of servers can share it.
    #[arg(long, env = "STRONGLOG_STORE", hide_env_values = true, value_name = "URL")]
    pub store: Option<Secret>,
    /// CA certificate of the database (PEM), if the system does not trust it.
    #[arg(long, env = "STRONGLOG_STORE_CA", value_name = "FILE")]
    pub store_ca: Option<PathBuf>,
    /// Maximum number of connections that this server opens to the database.
    #[arg(long, env = "STRONGLOG_STORE_CONNECTIONS", default_value_t = STORE_CONNECTIONS, value_parser = clap::value_parser!(u16).range(1..), value_name = "NUMBER")]
    pub store_connections: u16,
    /// Secret that tokens are signed with: at least 32 characters, not easily guessed. Prefer the environment variable, or a file.
    #[arg(long, env = "STRONGLOG_SIGNING_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub signing_secret: Option<Secret>,
    /// File with the secret on its first line. Tokens signed with the secrets on the lines below it stay valid.
    #[arg(long, env = "STRONGLOG_SIGNING_SECRET_FILE", value_name = "FILE")]
    pub signing_secret_file: Option<PathBuf>,
    /// Previous secret. Tokens signed with it stay valid.
    #[arg(long, env = "STRONGLOG_PREVIOUS_SIGNING_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub previous_signing_secret: Option<Secret>,
    /// Development mode: generates a signing secret and keeps it in the data folder.
    #[arg(long, env = "STRONGLOG_DEV", value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_parser = clap::builder::BoolishValueParser::new())]
    pub dev: bool,
    /// Certificate chain (PEM). Without one, run a proxy that speaks HTTPS in front of the server.
    #[arg(long, env = "STRONGLOG_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM).
    #[arg(long, env = "STRONGLOG_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Origin of a web app that may use the server, such as `https://app.example.com`. May be given more than once.
    #[arg(long, env = "STRONGLOG_ALLOW_ORIGIN", value_delimiter = ',', value_name = "ORIGIN")]
    pub allow_origin: Vec<Origin>,
    /// Do not accept new accounts.
    #[arg(long, env = "STRONGLOG_CLOSED", value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_parser = clap::builder::BoolishValueParser::new())]
    pub closed: bool,
    /// A proxy in front of the server sets X-Forwarded-For.
    #[arg(long, env = "STRONGLOG_BEHIND_PROXY", value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_parser = clap::builder::BoolishValueParser::new())]
    pub behind_proxy: bool,
    /// Network of a proxy whose X-Forwarded-For is trusted, such as 10.0.0.0/8. May be given more than once. By default, only the nearest is.
    #[arg(long, env = "STRONGLOG_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORK")]
    pub trusted_proxies: Vec<Network>,
    /// Log the addresses of clients.
    #[arg(long, env = "STRONGLOG_LOG_ADDRESSES", value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_parser = clap::builder::BoolishValueParser::new())]
    pub log_addresses: bool,
    /// Address and port for /metrics. By default the main port serves them, to direct connections from this machine only.
    #[arg(long, env = "STRONGLOG_METRICS_BIND", value_name = "ADDRESS")]
    pub metrics_bind: Option<SocketAddr>,
    /// Start even if the clock is far from when the server last ran.
    #[arg(long, env = "STRONGLOG_ACCEPT_CLOCK", value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_parser = clap::builder::BoolishValueParser::new())]
    pub accept_clock: bool,
    /// Days for which deletions are kept. A device that was offline for longer pulls everything again.
    #[arg(long, env = "STRONGLOG_TOMBSTONE_DAYS", default_value_t = TOMBSTONE_DAYS, value_parser = clap::value_parser!(u32).range(1..=36500), value_name = "DAYS")]
    pub tombstone_days: u32,
    /// Days for which a backup may be restored. Deletions that a backup does not contain are kept for as long.
    #[arg(long, env = "STRONGLOG_BACKUP_DAYS", default_value_t = BACKUP_DAYS, value_name = "DAYS")]
    pub backup_days: u32,
    /// Password attempts (sign-in, registration, confirmation) per minute from one network. A quarter of them may be for one account.
    #[arg(long, env = "STRONGLOG_AUTH_PER_MINUTE", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..), value_name = "NUMBER")]
    pub auth_per_minute: u32,
    /// Maximum number of open connections. Above it, idle ones are closed.
    #[arg(long, env = "STRONGLOG_MAX_CONNECTIONS", default_value_t = CONNECTIONS_MAX, value_parser = clap::value_parser!(u32).range(1..), value_name = "NUMBER")]
    pub max_connections: u32,
    /// Maximum number of open connections from one network. Not counted behind a proxy or from this machine.
    #[arg(long, env = "STRONGLOG_MAX_CONNECTIONS_PER_NETWORK", default_value_t = NETWORK_CONNECTIONS_MAX, value_parser = clap::value_parser!(u32).range(1..), value_name = "NUMBER")]
    pub max_connections_per_network: u32,
    /// Maximum number of live records of one account; 0 means no limit. The deletion of a record that the account holds is always accepted.
    #[arg(long, env = "STRONGLOG_MAX_RECORDS", default_value_t = RECORDS_MAX, value_parser = clap::value_parser!(u64).range(..=QUOTA_MAX), value_name = "NUMBER")]
    pub max_records: u64,
    /// Maximum size of the records of one account, in bytes of JSON; 0 means no limit.
    #[arg(long, env = "STRONGLOG_MAX_BYTES", default_value_t = BYTES_MAX, value_parser = clap::value_parser!(u64).range(..=QUOTA_MAX), value_name = "BYTES")]
    pub max_bytes: u64,
    /// Contract to serve instead of StrongLog's: a contract.json that `contractc generate --only contract` has written.
    #[arg(long = "contract", env = "STRONGLOG_CONTRACT", value_name = "FILE")]
    pub contract_file: Option<PathBuf>,
    /// The contract of the records, unless a file has it: `SERVER_CONTRACT` of the generated code.
    #[arg(skip = &SERVER_CONTRACT)]
    pub contract: &'static ServerContract,
    /// How many pushes with accepted edits an account has at once. It gets one more each second.
    #[arg(skip = PUSHES_MAX)]
    pub max_pushes: u32,
    /// The times after which connections are closed.
    #[arg(skip)]
    pub deadlines: Deadlines,
    /// A web app to serve on every path that is not part of the API.
    #[arg(skip)]
    pub site: Option<Site>,
}

impl Config {
    /// The settings of a test or a quickstart: this machine only, on a free port.
    pub fn local(data: impl Into<PathBuf>) -> Self {
        Config {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: data.into(),
            store: None,
            store_ca: None,
            store_connections: STORE_CONNECTIONS,
            signing_secret: None,
            signing_secret_file: None,
            previous_signing_secret: None,
            dev: true,
            tls_cert: None,
            tls_key: None,
            allow_origin: Vec::new(),
            closed: false,
            behind_proxy: false,
            trusted_proxies: Vec::new(),
            log_addresses: false,
            metrics_bind: None,
            accept_clock: false,
            tombstone_days: TOMBSTONE_DAYS,
            backup_days: BACKUP_DAYS,
            auth_per_minute: 40,
            max_connections: CONNECTIONS_MAX,
            max_connections_per_network: NETWORK_CONNECTIONS_MAX,
            max_records: RECORDS_MAX,
            max_bytes: BYTES_MAX,
            contract_file: None,
            contract: &SERVER_CONTRACT,
            max_pushes: PUSHES_MAX,
            deadlines: Deadlines::default(),
            site: None,
        }
    }

    /// How much an account without its own limits may hold.
    pub(crate) fn quota(&self) -> Quota {
        Quota::of(self.max_records, self.max_bytes)
    }

    /// The contract of the records. A contract from a file stays in memory, because it is read only once.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or is not a compiled contract.
    pub(crate) fn read_contract(&self) -> Result<&'static ServerContract, ServeError> {
        let Some(path) = &self.contract_file else { return Ok(self.contract) };
        let cannot = |cause: String| ServeError::Contract { path: path.clone(), cause };
        let text = std::fs::read(path).map_err(|error| cannot(error.to_string()))?;
        contract::load(&text).map_err(|error| cannot(error.to_string()))
    }

    /// Whether the records are StrongLog's.
    pub(crate) fn is_of_stronglog(&self) -> bool {
        std::ptr::eq(self.contract, &SERVER_CONTRACT)
    }

    /// Whose `X-Forwarded-For` the server trusts.
    pub(crate) fn proxies(&self) -> Proxies<'_> {
        match (self.behind_proxy, self.trusted_proxies.as_slice()) {
            (false, _) => Proxies::None,
            (true, []) => Proxies::Nearest,
            (true, networks) => Proxies::Networks(networks),
        }
    }

    /// Whether clients may reach the server directly, and `X-Forwarded-For` of any client is trusted.
    pub(crate) fn trusts_any_forwarded_for(&self) -> bool {
        self.proxies() == Proxies::Nearest && self.tls_cert.is_some() && !self.bind.ip().is_loopback()
    }

    /// Checks the settings that depend on each other.
    ///
    /// # Errors
    /// Returns an error if a setting needs another one.
    pub fn check(&self) -> Result<(), ServeError> {
        match () {
            () if self.tls_cert.is_some() != self.tls_key.is_some() => {
                Err(ServeError::Settings("--tls-cert and --tls-key must be used together; give both"))
            }
            () if !self.trusted_proxies.is_empty() && !self.behind_proxy => {
                Err(ServeError::Settings("--trusted-proxies needs --behind-proxy"))
            }
            () if self.metrics_bind == Some(self.bind) && self.bind.port() != 0 => {
                Err(ServeError::Settings("--bind and --metrics-bind are the same address; give one of them another port"))
            }
            () => Ok(()),
        }
    }
}

/// Whose `X-Forwarded-For` the server trusts. Two settings decide it together, so neither is used without the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxies<'a> {
    /// Nobody's.
    None,
    /// That of the peer, whoever it is.
    Nearest,
    /// That of addresses in these networks.
    Networks(&'a [Network]),
}

/// The origin of a web app, as browsers write it in `Origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl Origin {
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = |why: &str| format!("{why}; give an origin such as https://app.example.com");
        let text = text.trim();
        let url = Url::parse(text).map_err(|_| expected(if text == "*" { "not every origin can be allowed" } else { "not a URL" }))?;
        let host = url.host().ok_or_else(|| expected("a host is missing"))?;
        if !["https", "http"].contains(&url.scheme()) {
            return Err(expected("the scheme of a web app is https or http"));
        }
        if host.to_string().contains('*') {
            return Err(expected("wildcards are not supported; name each origin"));
        }
        // A URL may have any of these; no name of the DNS does.
        let is_label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
        if let Host::Domain(name) = host
            && !name.strip_suffix('.').unwrap_or(name).split('.').all(is_label)
        {
            return Err(expected("the name of the host is not valid"));
        }
        // Browsers send an origin in this form, and it is compared as text.
        let usual = url.origin().ascii_serialization();
        if text != usual {
            return Err(format!("browsers write this origin in another way; give {usual}"));
        }
        HeaderValue::from_str(text).map(Origin).map_err(|_| expected("not a URL"))
    }
}

/// A network: an address, and the number of leading bits that all members share. IPv4 is the network `::ffff:0:0/96` of IPv6, so that both
/// ways to write an address mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: Ipv6Addr,
    bits: u32,
}

impl Network {
    /// Whether an address belongs to the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        (self.address.to_bits() ^ as_v6(address).to_bits()).leading_zeros() >= self.bits
    }
}

fn as_v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let expected = || "not a network; give an address such as 192.0.2.1 or a network such as 10.0.0.0/8".to_owned();
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| expected())?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(all), str::parse).map_err(|_| expected())?;
        if bits > all { Err(expected()) } else { Ok(Network { address: as_v6(address), bits: bits + 128 - all }) }
    }
}

/// A text that is never shown or logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The reason why the text must not be used to sign tokens, if there is one.
    pub fn weakness(&self) -> Option<&'static str> {
        const USUAL: [&str; 8] = ["secret", "password", "changeme", "change-me", "change_me", "default", "example", "stronglog"];
        let lower = self.0.to_lowercase();
        let mut distinct: Vec<char> = self.0.chars().collect();
        distinct.sort_unstable();
        distinct.dedup();
        match () {
            () if self.0.chars().count() < 32 => Some("it is shorter than 32 characters"),
            () if distinct.len() < 10 => Some("it repeats a few characters"),
            () if USUAL.iter().any(|word| lower.contains(word)) => Some("it contains a commonly guessed word"),
            () => None,
        }
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Secret(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_secrets_are_reported_and_none_is_shown() {
        let table = [
            ("short", Some("it is shorter than 32 characters")),
            ("0123401234012340123401234012340123401234", Some("it repeats a few characters")),
            ("please-CHANGE-me-0123456789-abcdefghijk", Some("it contains a commonly guessed word")),
            ("q7Zk3vN0s8yR2mT5wX9bC4dF6gH1jL0pKuVe", None),
        ];
        for (text, weakness) in table {
            let secret = Secret::new(text);
            assert_eq!(secret.weakness(), weakness, "{text}");
            assert!(!format!("{secret:?}").contains(text));
        }
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        for good in ["https://app.example.com", "http://localhost:5173", "https://[2001:db8::1]:8443"] {
            assert!(good.parse::<Origin>().is_ok(), "{good}");
        }
        assert_eq!(" https://app.example.com".parse::<Origin>(), "https://app.example.com".parse(), "a list may have spaces");
        for bad in ["*", "null", "", "app.example.com", "https://a b", "not an origin", "https://*.example.com"] {
            assert!(bad.parse::<Origin>().is_err_and(|message| message.contains("https://app.example.com")), "{bad}");
        }
        for bad in
            ["https://app.example.com:", "https://app.example.com:99999", "https://a..example", "https://.example", "https://1.2.3.4.5"]
                .into_iter()
                .chain(["https://-", "https://a_-.example", "ftp://example.com", "javascript://example.com"])
        {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
        for (unusual, usual) in [
            ("https://app.example.com:08080", "https://app.example.com:8080"),
            ("https://[2001:DB8:0::1]", "https://[2001:db8::1]"),
            ("https://192.168.1", "https://192.168.0.1"),
            ("https://app.example.com:", "https://app.example.com"),
            ("https://app.example.com/", "https://app.example.com"),
            ("https://a@example.com", "https://example.com"),
            ("https://APP.example.com", "https://app.example.com"),
            ("https://app.example.com:443", "https://app.example.com"),
            ("http://app.example.com:80", "http://app.example.com"),
            ("https://b\u{fc}cher.example", "https://xn--bcher-kva.example"),
        ] {
            assert!(unusual.parse::<Origin>().is_err_and(|message| message.contains(&format!("give {usual}"))), "{unusual}");
        }
    }

    #[test]
    fn a_network_contains_what_shares_its_bits() {
        let table = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("0.0.0.0/0", "203.0.113.7", true),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("2001:db8::/32", "2001:db8:7::1", true),
            ("2001:db8::/32", "10.0.0.1", false),
            ("::ffff:127.0.0.0/104", "127.0.0.1", true),
            ("::ffff:127.0.0.0/104", "::ffff:127.0.0.1", true),
            ("::ffff:127.0.0.0/104", "10.0.0.1", false),
            ("::ffff:192.0.2.1", "192.0.2.1", true),
        ];
        for (network, address, expected) in table {
            let network: Network = network.parse().expect("a network");
            assert_eq!(network.contains(address.parse().expect("an address")), expected, "{address} in {network:?}");
        }
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/x"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
