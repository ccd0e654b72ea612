//! The settings of a server, and everything that they name.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use super::{DAY_MS, Finding};
use crate::app::now_ms;
use crate::config::{Config, Secret};
use crate::net::{self, Certificate};
use crate::secrets::{is_yet_to_be_made, secrets};
use crate::store::database::Database;
use crate::store::sqlite::files::private;
use crate::store::sqlite::outside::is_served;

/// How long before a certificate expires it should have been renewed.
const RENEWAL_DAYS: i64 = 14;

/// Checks settings without starting a server and without leaving anything behind.
pub async fn settings(config: &Config) -> Vec<Finding> {
    let place = match &config.store {
        Some(store) => database(config, store).await,
        None => data(&config.data),
    };
    let mut findings = vec![secret(config), certificate(config), place];
    findings.extend(config.contract_file.iter().map(|_| contract(config)));
    if config.store.is_none() && is_served(&config.data) {
        findings.push(Finding::good("address", format!("a server is running in {}, so its ports were not checked", config.data.display())));
    } else {
        findings.extend([Some(config.bind), config.metrics_bind].into_iter().flatten().map(address));
    }
    if let Err(error) = config.check() {
        findings.push(Finding::bad("settings", error.to_string()));
    }
    findings
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
                "none, on an address that others reach: clients refuse plain HTTP; give --tls-cert and --tls-key, or --behind-proxy",
            ),
        };
    };
    match net::certificate(cert, key) {
        Ok(Certificate { expires_at: Some(at), .. }) => validity(cert, at, now_ms()),
        Ok(_) => Finding::warning("certificate", format!("matches its key, but the dates of {} cannot be read", cert.display())),
        Err(error) => Finding::bad("certificate", format!("cannot be used: {error}")),
    }
}

/// The contract of a file.
fn contract(config: &Config) -> Finding {
    match config.read_contract() {
        Ok(known) => Finding::good("contract", format!("{} collections, version {}", known.routes.len(), known.contract.version)),
        Err(error) => Finding::bad("contract", error.to_string()),
    }
}

fn validity(cert: &Path, expires_at: i64, now: i64) -> Finding {
    let days = expires_at.saturating_sub(now).div_euclid(DAY_MS);
    match days {
        ..0 => Finding::bad("certificate", format!("{} expired {} days ago; renew it", cert.display(), -days)),
        0..RENEWAL_DAYS => Finding::warning("certificate", format!("{} expires in {days} days; renew it", cert.display())),
        _ => Finding::good("certificate", format!("matches its key, and expires in {days} days")),
    }
}

/// The database answers, and takes writes.
async fn database(config: &Config, store: &Secret) -> Finding {
    match Database::probe(store.reveal(), config.store_ca.as_deref()).await {
        Ok(place) => Finding::good("database", format!("{place} answers and takes writes")),
        Err(error) => Finding::bad("database", format!("cannot be used: {error}")),
    }
}

/// The folder exists and can be written, or can be created.
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
            format!("cannot write to {}: {error}; give its owner the right, or choose another with --data", there.display()),
        ),
    }
}

fn address(address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::good("address", format!("{address} is free")),
        Err(error) => {
            Finding::bad("address", format!("cannot listen on {address}: {error}; stop what uses it, or choose another with --bind"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Grade;

    #[test]
    fn a_certificate_is_renewed_before_it_expires() {
        for (days, grade) in [(-1, Grade::Bad), (0, Grade::Warning), (13, Grade::Warning), (14, Grade::Good)] {
            assert_eq!(validity(Path::new("chain.pem"), days * DAY_MS, 0).grade, grade, "{days} days");
        }
    }
}
