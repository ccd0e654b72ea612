//! The settings of a server, and everything that they name.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use super::folder::files;
use super::users;
use super::{DAY_MS, Finding};
use crate::admin::Place;
use crate::clock;
use crate::clock::now_ms;
use crate::config::{Config, Secret};
use crate::net::{self, Certificate, Validity};
use crate::secrets::{is_yet_to_be_made, secrets};
use crate::store::StoreError;
use crate::store::collections::Collections;
use crate::store::database::Database;
use crate::store::sqlite::files::private;
use crate::store::sqlite::outside::{existing, is_served};
use crate::store::sqlite::{DATABASE, check_complete, servable};

/// How long before its expiry a certificate should be renewed.
const RENEWAL_DAYS: i64 = 14;

/// Checks settings without starting a server and without leaving anything behind.
pub async fn settings(config: &Config) -> Vec<Finding> {
    let mut findings = vec![user(config), secret(config), certificate(config)];
    match &config.store {
        Some(store) => findings.extend(database(config, store).await),
        None => {
            findings.push(data(&config.data));
            findings.extend(config.data.is_dir().then(|| files(&config.data)));
            findings.extend(present(config));
        }
    }
    findings.extend(proxy(config));
    findings.extend(config.contract_file.iter().map(|_| contract(config)));
    if config.store.is_none() && is_served(&config.data) {
        findings.push(Finding::good("address", format!("a server is running in {}, so its ports were not checked", config.data.display())));
    } else {
        findings.extend(addresses(config));
    }
    if let Err(error) = config.check() {
        findings.push(Finding::bad("settings", error.to_string()));
    }
    findings
}

/// Which user checks which data. What another user may do, and which database another environment names, is not checked.
pub fn user(config: &Config) -> Finding {
    let place = match &config.store {
        Some(store) => {
            Place::database(store.reveal(), config.store_ca.as_deref()).map_or_else(|_| "a database".to_owned(), |place| place.to_string())
        }
        None => config.data.display().to_string(),
    };
    let (user, owner) = (users::current(), users::owner(&config.data).filter(|_| config.store.is_none()));
    match owner {
        Some(owner) if owner != user => Finding::warning(
            "user",
            format!(
                "checked as {user} with the data in {place}, which belongs to {owner}: run this as the user of the server and with its environment, \
                 as docs/operations.md shows"
            ),
        ),
        _ => Finding::good("user", format!("checked as {user}, with the data in {place}")),
    }
}

/// The signing secrets.
pub fn secret(config: &Config) -> Finding {
    if is_yet_to_be_made(config) {
        return Finding::good("secret", "not set; --dev generates one at the first start");
    }
    match secrets(config) {
        Ok(secrets) if secrets.len() > 1 => Finding::good("secret", format!("1 signing secret, and {} older accepted", secrets.len() - 1)),
        Ok(_) => Finding::good("secret", "strong"),
        Err(error) => Finding::bad("secret", error.to_string()),
    }
}

/// The certificate and its key.
pub fn certificate(config: &Config) -> Finding {
    let (Some(cert), Some(key)) = (&config.tls_cert, &config.tls_key) else {
        return match config.bind.ip().is_loopback() || config.behind_proxy {
            true => Finding::good("certificate", "none, and none needed: the server is on loopback or behind a proxy"),
            false => Finding::warning(
                "certificate",
                "none, on an address that others can reach; clients reject plain HTTP, so give --tls-cert and --tls-key, or --behind-proxy",
            ),
        };
    };
    match net::certificate(cert, key) {
        Ok(Certificate { validity: Some(valid), .. }) => validity(cert, valid, now_ms()),
        Ok(_) => Finding::warning("certificate", format!("matches its key, but the dates of {} cannot be read", cert.display())),
        Err(error) => Finding::bad("certificate", format!("cannot be used: {error}")),
    }
}

/// Whose information about client addresses the server trusts.
pub fn proxy(config: &Config) -> Option<Finding> {
    let detail = "behind-proxy with a certificate: a client that reaches the server directly may claim any address in X-Forwarded-For and \
                  evade all limits; name the proxy with --trusted-proxies, or leave --behind-proxy out";
    config.trusts_any_forwarded_for().then(|| Finding::warning("proxy", detail))
}

/// The contract of a file.
fn contract(config: &Config) -> Finding {
    match config.read_contract() {
        Ok(known) => Finding::good("contract", format!("{} collections, version {}", known.routes.len(), known.contract.version)),
        Err(error) => Finding::bad("contract", error.to_string()),
    }
}

fn validity(cert: &Path, valid: Validity, now: i64) -> Finding {
    let days = valid.until.0.saturating_sub(now).div_euclid(DAY_MS);
    match valid.problem(cert, now) {
        Some(problem) => Finding::bad("certificate", problem),
        None if days < RENEWAL_DAYS => Finding::warning("certificate", format!("{} expires in {days} days; renew it", cert.display())),
        None => Finding::good("certificate", format!("matches its key, and expires in {days} days")),
    }
}

/// Checks that the database responds and accepts writes, that its data fits the contract, and that the clock fits the data.
async fn database(config: &Config, store: &Secret) -> Vec<Finding> {
    let collections = match config.read_contract() {
        Ok(known) => Collections::of(known.contract),
        // Another finding reports that.
        Err(_) => return Vec::new(),
    };
    match Database::probe(store.reveal(), config.store_ca.as_deref(), &collections).await {
        Ok((place, seen_at)) => {
            let found = Finding::good("database", format!("{place} responds and accepts writes"));
            [Some(found), ran(config, seen_at)].into_iter().flatten().collect()
        }
        Err(error) => vec![Finding::bad("database", format!("cannot be used: {error}"))],
    }
}

/// Checks that the clock is not far from the time when a server last ran on the data.
pub fn ran(config: &Config, seen_at: i64) -> Option<Finding> {
    let jumped = clock::check(seen_at, now_ms()).err().filter(|_| !config.accept_clock)?;
    Some(Finding::bad("clock", jumped.to_string()))
}

/// Reports problems of the database in the folder that would prevent a server from starting.
fn present(config: &Config) -> Vec<Finding> {
    let path = config.data.join(DATABASE);
    if !path.exists() {
        return check_complete(&config.data).err().map(|error| Finding::bad("database", error.to_string())).into_iter().collect();
    }
    let check = || {
        let connection = existing(&path)?;
        // Another finding reports a contract that cannot be read.
        let Ok(known) = config.read_contract() else { return Ok::<_, StoreError>(None) };
        Ok(ran(config, servable(&connection, &Collections::of(known.contract))?))
    };
    match check() {
        Ok(found) => found.into_iter().collect(),
        Err(error) => vec![Finding::bad("database", format!("{} cannot be used: {error}", path.display()))],
    }
}

/// Checks that the folder exists and can be written, or can be created.
fn data(folder: &Path) -> Finding {
    let there = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let probe = there.join(format!(".stronglog-check-{}", std::process::id()));
    let written = private().create_new(true).write(true).open(&probe).and_then(|_| std::fs::remove_file(&probe));
    match written {
        Ok(()) if folder.exists() => Finding::good("folder", format!("{} can be written", folder.display())),
        Ok(()) => Finding::good("folder", format!("{} will be created", folder.display())),
        Err(error) => Finding::bad(
            "folder",
            format!("cannot write to {}: {error}; make it writable for its owner, or choose another with --data", there.display()),
        ),
    }
}

/// Listens on every address at the same time, as the server does: one may exclude the other.
fn addresses(config: &Config) -> Vec<Finding> {
    let wanted = [("--bind", Some(config.bind)), ("--metrics-bind", config.metrics_bind)];
    let mut held: Vec<TcpListener> = Vec::new();
    let mut check = |flag: &str, address: SocketAddr| match TcpListener::bind(address) {
        Ok(socket) => {
            held.push(socket);
            Finding::good("address", format!("{address} is free"))
        }
        Err(error) if held.iter().any(|socket| socket.local_addr().is_ok_and(|other| other.port() == address.port())) => {
            Finding::bad("address", format!("cannot listen on {address} beside {}: {error}; choose another port with {flag}", config.bind))
        }
        Err(error) => {
            Finding::bad("address", format!("cannot listen on {address}: {error}; stop what uses it, or choose another with {flag}"))
        }
    };
    wanted.into_iter().filter_map(|(flag, address)| Some(check(flag, address?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Grade;

    #[test]
    fn a_certificate_is_renewed_before_it_expires() {
        for (days, grade) in [(-1, Grade::Bad), (0, Grade::Warning), (13, Grade::Warning), (14, Grade::Good)] {
            let valid = Validity { from: (-DAY_MS, 1), until: (days * DAY_MS, 1) };
            assert_eq!(validity(Path::new("chain.pem"), valid, 0).grade, grade, "{days} days");
        }
    }
}
