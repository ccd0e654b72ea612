//! Export of a device's records to JSON Lines, and import from them.

mod export;
mod import;
mod lines;

pub use self::export::{ExportOptions, Exported};
pub use self::import::{ImportCounts, ImportOptions, Imported, OnConflict};
pub use self::lines::FileCounts;

#[cfg(feature = "simulation")]
pub use self::{export::export_from, import::import_into};
