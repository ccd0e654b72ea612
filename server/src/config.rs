//! How the server is set up: by flags, by the environment, and by defaults that are safe.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

pub use crate::net::Deadlines;
use crate::site::Site;

const CONNECTIONS_MAX: u32 = 10_000;
const NETWORK_CONNECTIONS_MAX: u32 = 512;

/// The settings of a server.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    /// Address and port to listen on.
    #[arg(long, env = "STRONGLOG_BIND", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub bind: SocketAddr,
    /// Folder of the database. Made on the first start.
    #[arg(long, env = "STRONGLOG_DATA", default_value = "stronglog-data", value_name = "FOLDER")]
    pub data: PathBuf,
    /// Secret that tokens are signed with: at least 32 characters, not easily guessed. Better set in the environment.
    #[arg(long, env = "STRONGLOG_SIGNING_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub signing_secret: Option<Secret>,
    /// For trying things out: makes a signing secret and keeps it in the data folder.
    #[arg(long, env = "STRONGLOG_DEV")]
    pub dev: bool,
    /// Certificate chain (PEM). Without it, put a proxy in front that speaks HTTPS.
    #[arg(long, env = "STRONGLOG_TLS_CERT", requires = "tls_key", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM).
    #[arg(long, env = "STRONGLOG_TLS_KEY", requires = "tls_cert", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Origin of a web app that may use the server, such as https://app.example.com. May be given more than once.
    #[arg(long, env = "STRONGLOG_ALLOW_ORIGIN", value_delimiter = ',', value_name = "ORIGIN")]
    pub allow_origin: Vec<String>,
    /// Take no new accounts.
    #[arg(long, env = "STRONGLOG_CLOSED")]
    pub closed: bool,
    /// A proxy in front says in X-Forwarded-For whom it speaks for.
    #[arg(long, env = "STRONGLOG_BEHIND_PROXY")]
    pub behind_proxy: bool,
    /// How many days deletions are remembered. A device that was away for longer pulls everything again.
    #[arg(long, env = "STRONGLOG_TOMBSTONE_DAYS", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=36500), value_name = "DAYS")]
    pub tombstone_days: u32,
    /// How many days a backup may be restored for. Deletions that it does not know are remembered for as long.
    #[arg(long, env = "STRONGLOG_BACKUP_DAYS", default_value_t = crate::store::sqlite::backup::BACKUP_DAYS, value_name = "DAYS")]
    pub backup_days: u32,
    /// How many sign-ins, sign-ups and other uses of a password one network may try in a minute; one account, a quarter of that.
    #[arg(long, env = "STRONGLOG_AUTH_PER_MINUTE", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..), value_name = "NUMBER")]
    pub auth_per_minute: u32,
    /// How many connections may be open. Where there are more, idle ones are closed.
    #[arg(long, env = "STRONGLOG_MAX_CONNECTIONS", default_value_t = CONNECTIONS_MAX, value_parser = clap::value_parser!(u32).range(1..), value_name = "NUMBER")]
    pub max_connections: u32,
    /// How many connections one network may have open. Not counted behind a proxy, nor on this machine.
    #[arg(long, env = "STRONGLOG_MAX_CONNECTIONS_PER_NETWORK", default_value_t = NETWORK_CONNECTIONS_MAX, value_parser = clap::value_parser!(u32).range(1..), value_name = "NUMBER")]
    pub max_connections_per_network: u32,
    /// The times after which connections are closed.
    #[arg(skip)]
    pub deadlines: Deadlines,
    /// A web app to serve wherever the API is not.
    #[arg(skip)]
    pub site: Option<Site>,
}

impl Config {
    /// For this machine alone, on a free port: what a test or a tour starts.
    pub fn local(data: impl Into<PathBuf>) -> Self {
        Config {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: data.into(),
            signing_secret: None,
            dev: true,
            tls_cert: None,
            tls_key: None,
            allow_origin: Vec::new(),
            closed: false,
            behind_proxy: false,
            tombstone_days: 400,
            backup_days: crate::store::sqlite::backup::BACKUP_DAYS,
            auth_per_minute: 40,
            max_connections: CONNECTIONS_MAX,
            max_connections_per_network: NETWORK_CONNECTIONS_MAX,
            deadlines: Deadlines::default(),
            site: None,
        }
    }
}

/// A text that is not to be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What makes it unfit to sign tokens with, if anything does.
    pub fn weakness(&self) -> Option<&'static str> {
        const USUAL: [&str; 8] = ["secret", "password", "changeme", "change-me", "change_me", "default", "example", "stronglog"];
        let lower = self.0.to_lowercase();
        let mut distinct: Vec<char> = self.0.chars().collect();
        distinct.sort_unstable();
        distinct.dedup();
        match () {
            () if self.0.chars().count() < 32 => Some("it is shorter than 32 characters"),
            () if distinct.len() < 10 => Some("it repeats a few characters"),
            () if USUAL.iter().any(|word| lower.contains(word)) => Some("it contains a word that is tried first"),
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
    fn weak_secrets_are_told_and_none_is_shown() {
        let table = [
            ("short", Some("it is shorter than 32 characters")),
            ("0123401234012340123401234012340123401234", Some("it repeats a few characters")),
            ("please-CHANGE-me-0123456789-abcdefghijk", Some("it contains a word that is tried first")),
            ("q7Zk3vN0s8yR2mT5wX9bC4dF6gH1jL0pKuVe", None),
        ];
        for (text, weakness) in table {
            let secret = Secret::new(text);
            assert_eq!(secret.weakness(), weakness, "{text}");
            assert!(!format!("{secret:?}").contains(text));
        }
    }
}
