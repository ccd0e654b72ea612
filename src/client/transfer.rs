//! Export of a device's records to JSON Lines, and import from them.

mod export;
mod import;
mod lines;

pub use self::export::{ExportOptions, Exported};
pub use self::import::{FileCounts, ImportCounts, ImportOptions, Imported, OnConflict};
