//! The location of the data for a command of `admin`.

use std::path::Path;

use stronglog_server::admin::Place;

use crate::args::ServerFolder;
use crate::exit::{Failure, Outcome};

/// The Postgres database, if one is named, or the folder.
pub fn place(folder: &ServerFolder) -> Outcome<Place> {
    match &folder.store {
        Some(store) => Place::database(store.reveal(), folder.store_ca.as_deref()).map_err(|error| Failure::usage(error.to_string())),
        None => Ok(Place::folder(&folder.data)),
    }
}

/// The folder, for tasks for which Postgres has its own programs.
pub fn folder_only<'a>(folder: &'a ServerFolder, doing: &str) -> Outcome<&'a Path> {
    match &folder.store {
        Some(_) => Err(Failure::usage(format!(
            "cannot {doing} a Postgres database; use its own programs, pg_basebackup with an archive of the write-ahead log, or pg_dump and \
             pg_restore; devices then send again what the restored database lacks"
        ))),
        None => Ok(&folder.data),
    }
}
