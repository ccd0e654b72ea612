//! The time zone of the local times in the export of an app.

use jiff::tz::TimeZone;

use crate::exit::{Failure, Outcome};

/// The zone in which the times of a file are read.
#[derive(Clone, Debug)]
pub struct Zone {
    rules: TimeZone,
    name: String,
    is_chosen: bool,
}

impl Zone {
    /// The zone that the user has named, or this machine's zone, which may be unknown: see [`check`](Self::check).
    ///
    /// # Errors
    /// Returns an error if there is no such zone.
    pub fn of(chosen: Option<&str>) -> Outcome<Self> {
        let rules = match chosen {
            Some(name) => TimeZone::get(name).map_err(|_| Failure::usage(unknown(name)))?,
            None => TimeZone::system(),
        };
        // The file of a machine's zone may be a copy without a name.
        let name = rules.iana_name().map_or_else(|| "this machine's zone, which has no name".to_owned(), str::to_owned);
        Ok(Zone { rules, name, is_chosen: chosen.is_some() })
    }

    /// Checks that local times can be read in this zone.
    ///
    /// # Errors
    /// Returns an error if the zone is unknown.
    pub fn check(&self) -> Outcome<()> {
        match self.rules.is_unknown() {
            true => Err(Failure::usage(
                "cannot tell in which time zone the file was written, because this machine's zone is unknown; name it, as in --zone \
                 Europe/Berlin",
            )),
            false => Ok(()),
        }
    }

    pub fn rules(&self) -> &TimeZone {
        &self.rules
    }

    /// Its name in the IANA database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the user has named it.
    pub fn is_chosen(&self) -> bool {
        self.is_chosen
    }
}

/// The message for a zone that cannot be used. Small containers, for example, have no database of zones.
fn unknown(name: &str) -> String {
    let why = match TimeZone::get("Europe/Berlin") {
        Ok(_) => "it is not a name of the IANA database, such as Europe/Berlin",
        Err(_) => "this machine has no database of time zones; install it, as with the package tzdata",
    };
    format!("cannot use {name:?} as a time zone: {why}")
}
