//! Writing a device's records to a file of JSON lines, and reading such a file again.

mod export;
mod import;
mod lines;

pub use self::export::{ExportOptions, Exported};
pub use self::import::{ImportCounts, ImportOptions, Imported, OnConflict};
