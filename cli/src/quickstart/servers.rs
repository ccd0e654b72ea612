//! The servers of the tour: one on a folder, or two that share a Postgres database.

use std::path::Path;

use stronglog_server::config::{Config, Secret};
use stronglog_server::serve::{Running, start};
use stronglog_server::site::Site;
use uuid::Uuid;

use super::database::Postgres;
use crate::args::Quickstart;
use crate::exit::{Failure, Outcome};

pub struct Servers {
    first: Running,
    /// Over Postgres, the laptop syncs with a different server from the phone.
    second: Option<Running>,
    /// The database, if it was started for the tour. It ends after the servers.
    _postgres: Option<Postgres>,
}

impl Servers {
    pub async fn start(asked: &Quickstart, folder: &Path, site: Option<Site>) -> Outcome<Self> {
        let failed = |error| Failure::new(format!("cannot start the server: {error}"));
        let Some(named) = &asked.postgres else {
            let first = start(Config { site, ..Config::local(folder.join("server")) }).await.map_err(failed)?;
            return Ok(Servers { first, second: None, _postgres: None });
        };
        let postgres = if named.is_none() { Some(Postgres::start()?) } else { None };
        let url = named.clone().or_else(|| postgres.as_ref().map(|own| Secret::new(own.url())));
        // Tokens of one server are valid on the other.
        let secret = Secret::new(format!("{}{}", Uuid::new_v4(), Uuid::new_v4()));
        let shared = |name: &str| Config {
            store: url.clone(),
            signing_secret: Some(secret.clone()),
            dev: false,
            ..Config::local(folder.join(name))
        };
        let first = start(Config { site, ..shared("server") }).await.map_err(failed)?;
        let second = start(shared("server-2")).await.map_err(failed)?;
        Ok(Servers { first, second: Some(second), _postgres: postgres })
    }

    pub fn first(&self) -> &Running {
        &self.first
    }

    /// The other server, if there is one.
    pub fn last(&self) -> &Running {
        self.second.as_ref().unwrap_or(&self.first)
    }

    pub async fn stop(self) -> Outcome<()> {
        for server in [Some(self.first), self.second].into_iter().flatten() {
            server.stop().await.map_err(|error| Failure::new(format!("cannot stop the server: {error}")))?;
        }
        Ok(())
    }
}
