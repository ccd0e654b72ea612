//! The output of `--json`: one type for each command, from which `stronglog schema` generates the JSON Schemas.

mod account;
mod admin;
mod quickstart;

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use serde_json::{Map, Value};
use stronglog_sync::SyncFailure;
use stronglog_sync::client::{Blocked, DifferenceKind, FileCounts, ImportCounts, Imported, Verified};
use stronglog_sync::status::{CollectionStatus, Status};
use stronglog_sync::store::{BlockedViolation, Past, PastVersion, Quarantined};
use stronglog_sync::transport::Traffic;

pub use account::{AccountOutput, DeviceOutput, LogoutOutput, PasswordOutput, RecoveryCodeOutput, SignInOutput};
pub use admin::{
    AdminOutput, CopyOutput, FindingOutput, FindingsOutput, ResetPasswordOutput, RotatedOutput, StatsOutput, UserOutput, UserSessionOutput,
};
pub use quickstart::{DemoOutput, KeptOutput, QuickstartOutput, StepOutput, WinnerOutput};

use crate::exit::Failure;
use crate::logs::MissingRecord;
use crate::summary::user_actions;
use crate::synced::Synced;

/// Written to standard error when a command fails.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorOutput {
    /// What was being done, what was seen, and what to do next.
    pub error: String,
    /// The exit code.
    pub exit: u8,
}

impl ErrorOutput {
    pub fn of(failure: &Failure) -> Self {
        ErrorOutput { error: failure.to_string(), exit: failure.exit() as u8 }
    }
}

/// Written to standard error while a command waits for a server that does not respond.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingOutput {
    /// The server's address.
    pub waiting_for: String,
    /// How long the server has not responded so far.
    pub seconds: u64,
}

/// Written to standard error while `sync --watch` runs: the server's change notifications no longer arrive, or arrive again.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsOutput {
    /// Whether edits of other devices arrive at once. If not, they arrive at the next poll.
    pub notifications_arrive: bool,
}

/// `sync`; with `--watch`, a line for each change.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncOutput {
    /// Whether the server has everything that was written here, and nothing needs attention.
    pub synced: bool,
    pub status: Status,
    /// The actions that only the user can take, each with its command.
    pub acts: Vec<String>,
    /// The transferred records.
    pub traffic: Traffic,
    pub seconds: f64,
}

impl SyncOutput {
    pub fn of(synced: &Synced) -> Self {
        SyncOutput {
            synced: synced.status.is_synced(),
            status: synced.status.clone(),
            acts: user_actions(&synced.status),
            traffic: synced.traffic,
            seconds: synced.took.as_secs_f64(),
        }
    }
}

/// `status`
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusOutput {
    /// The profile directory.
    pub data: String,
    /// The server that the device syncs with.
    pub server: Option<String>,
    /// The account that is signed in; absent after a sign-out.
    pub account: Option<String>,
    /// The email address of the last sign-in.
    pub email: Option<String>,
    /// Edits that the server has not acknowledged yet.
    pub pending: u64,
    /// When the oldest of them was made, in milliseconds since the Unix epoch.
    pub pending_since: Option<i64>,
    /// Edits that the server has rejected permanently.
    pub blocked: u64,
    /// Changes that this version of the program cannot read.
    pub quarantined: u64,
    /// Records that a resync would delete here; above 0 while `sync --confirm` is awaited.
    pub to_be_deleted: u64,
    /// Since when records of this device have differed from the server's, although everything was fetched again.
    pub differs_since: Option<i64>,
    /// When this device last found that it differed from the server, and fetched everything again.
    pub last_difference_at: Option<i64>,
    /// How far the server's clock is ahead of this device's, in milliseconds, or behind it if negative, at the last sync. Set if they differ
    /// by more than five minutes.
    pub server_clock_ahead_ms: Option<i64>,
    /// Whether edits of this device get the server's time nevertheless.
    pub corrects_clock: bool,
    /// Why the last sync failed; absent if it succeeded.
    pub failure: Option<FailureOutput>,
    /// The actions that only the user can take, each with its command.
    pub acts: Vec<String>,
    pub last_successful_server_sync_timestamp: Option<i64>,
    pub last_successful_client_push_timestamp: Option<i64>,
    /// The account's devices, and when each last synced. Absent if nobody is signed in, if the server does not respond, or with `--check`.
    pub devices: Option<Vec<DeviceOutput>>,
    pub collections: std::collections::BTreeMap<String, CollectionStatus>,
}

/// Why the last sync failed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureOutput {
    #[serde(flatten)]
    pub failure: SyncFailure,
    /// What to do about it.
    pub advice: String,
}

/// `list`, a line for each record; `get` and `put`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordOutput {
    pub id: String,
    /// Milliseconds since the Unix epoch.
    pub client_created_at: i64,
    /// Milliseconds since the Unix epoch.
    pub client_updated_at: i64,
    pub is_deleted: bool,
    /// The members of the collection: see docs/data-models.md.
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

/// `delete`
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteOutput {
    pub collection: String,
    pub deleted: Vec<String>,
}

/// `conflicts`, a line for each past version.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConflictOutput {
    /// The number for `conflicts restore`.
    pub number: i64,
    pub collection: String,
    pub id: String,
    pub why: Why,
    /// When it lost or was deleted on this device, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The complete version.
    pub record: Value,
}

/// Why a version is no longer current.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// It was edited on two devices, and the other edit won.
    Lost,
    /// It was deleted.
    Deleted,
    /// The server rejected the edit, and the user discarded it.
    Discarded,
}

impl ConflictOutput {
    pub fn of(past: &PastVersion) -> Self {
        ConflictOutput {
            number: past.number,
            collection: past.collection.path.to_owned(),
            id: past.record.id.to_string(),
            why: match past.why {
                Past::Deleted => Why::Deleted,
                Past::Discarded => Why::Discarded,
                _ => Why::Lost,
            },
            at: past.at,
            record: value(&past.record.text),
        }
    }
}

/// `conflicts restore`
#[derive(Debug, Serialize, JsonSchema)]
pub struct RestoreOutput {
    pub restored: i64,
}

/// `blocked`, a line for each rejected edit.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlockedOutput {
    pub collection: String,
    pub id: String,
    /// When the edit was made, in milliseconds since the Unix epoch.
    pub since: i64,
    /// The contract's code for the reason.
    pub code: String,
    pub message: String,
    /// The members of the record that violate the contract.
    pub violations: Vec<ViolationOutput>,
    pub record: Value,
}

/// A member of a record that violates the contract.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ViolationOutput {
    /// The member, as a JSON Pointer relative to the record.
    pub pointer: String,
    /// The violated keyword of the contract.
    pub keyword: String,
    pub message: String,
}

impl ViolationOutput {
    fn of(violation: &BlockedViolation) -> Self {
        let BlockedViolation { pointer, keyword, message, .. } = violation.clone();
        ViolationOutput { pointer, keyword, message }
    }
}

impl BlockedOutput {
    pub fn of(blocked: &Blocked) -> Self {
        BlockedOutput {
            collection: blocked.key.collection.path.to_owned(),
            id: blocked.key.id.to_string(),
            since: blocked.since,
            code: blocked.reason.code.clone(),
            message: blocked.reason.message.clone(),
            violations: blocked.reason.violations.iter().map(ViolationOutput::of).collect(),
            record: value(&blocked.record.text),
        }
    }
}

/// `blocked retry`, `blocked discard`
#[derive(Debug, Serialize, JsonSchema)]
pub struct BlockedActionOutput {
    /// The number of rejected edits that were retried or discarded.
    pub records: u64,
}

/// `quarantine`, a line for each change.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuarantineOutput {
    pub collection: Option<String>,
    pub id: Option<String>,
    pub reason: String,
    /// When it arrived, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The change, unchanged.
    pub raw: String,
}

impl QuarantineOutput {
    pub fn of(quarantined: &Quarantined) -> Self {
        QuarantineOutput {
            collection: quarantined.collection.clone(),
            id: quarantined.id.map(|id| id.to_string()),
            reason: quarantined.reason.clone(),
            at: quarantined.at,
            raw: quarantined.raw.clone(),
        }
    }
}

/// `verify`
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyOutput {
    /// How many records were compared.
    pub compared: u64,
    /// How many were not compared: they are unsent, not yet pulled, or unreadable for this version.
    pub skipped: u64,
    pub differences: Vec<DifferenceOutput>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DifferenceOutput {
    pub collection: String,
    pub id: String,
    /// `onlyHere`, `onlyOnServer` or `version`.
    pub kind: &'static str,
}

impl VerifyOutput {
    pub fn of(verified: &Verified) -> Self {
        let kind = |kind| match kind {
            DifferenceKind::OnlyHere => "onlyHere",
            DifferenceKind::OnlyOnServer => "onlyOnServer",
            _ => "version",
        };
        let differences = verified.differences.iter().map(|difference| DifferenceOutput {
            collection: difference.collection.clone(),
            id: difference.id.to_string(),
            kind: kind(difference.kind),
        });
        VerifyOutput { compared: verified.compared, skipped: verified.skipped, differences: differences.collect() }
    }
}

/// `export` to a file
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportOutput {
    pub records: u64,
    /// Changes that this version cannot read; with --quarantined.
    pub quarantined: u64,
    /// Such changes that are on this device and not in the file.
    pub quarantined_left_out: u64,
    /// Past versions; with --history.
    pub history: u64,
    pub file: String,
}

/// `import`
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportOutput {
    /// How many records were written; none in a dry run.
    pub written: u64,
    pub dry_run: bool,
    /// The result for the records of each collection; in a dry run, the expected result.
    pub collections: std::collections::BTreeMap<String, ImportCountsOutput>,
    /// Older versions of records that the file has more than once.
    pub superseded: u64,
    /// Lines of the conflict history, and changes that this version cannot read.
    pub skipped: u64,
    /// Whether the file has its counts, and exactly that many records.
    pub has_end: bool,
    /// Whether `stronglog export` began the file, and its end is missing.
    pub cut_off: bool,
    pub refused: Vec<RefusedLine>,
    /// Workouts and sets from earlier imports that the file of the other app no longer has.
    pub no_longer_in_file: Vec<LeftOutput>,
    /// The time zone in which the times of another app's file were read, if the file does not name it.
    pub zone: Option<String>,
}

/// A workout or a set on the device that the file no longer has.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeftOutput {
    pub collection: String,
    pub id: String,
    /// A description of the workout, or of the set and its workout.
    pub what: String,
}

impl LeftOutput {
    fn of(missing: &MissingRecord) -> Self {
        LeftOutput { collection: missing.collection.to_owned(), id: missing.id.clone(), what: missing.what.clone() }
    }
}

/// The result for the records of a collection.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportCountsOutput {
    pub added: u64,
    pub replaced: u64,
    pub deleted: u64,
    pub unchanged: u64,
    /// The version on this device stayed.
    pub kept: u64,
    /// The record stayed deleted on this device.
    pub kept_deleted: u64,
}

impl ImportOutput {
    pub fn of(imported: &Imported, missing: &[MissingRecord], dry_run: bool, zone: Option<String>) -> Self {
        let counts = |counts: &ImportCounts| ImportCountsOutput {
            added: counts.added,
            replaced: counts.replaced,
            deleted: counts.deleted,
            unchanged: counts.unchanged,
            kept: counts.kept,
            kept_deleted: counts.kept_deleted,
        };
        ImportOutput {
            written: if imported.written { imported.total().written() } else { 0 },
            dry_run,
            collections: imported.collections.iter().map(|(path, known)| ((*path).to_owned(), counts(known))).collect(),
            superseded: imported.superseded,
            skipped: imported.skipped,
            has_end: imported.counts == FileCounts::Exact,
            cut_off: imported.counts == FileCounts::CutOff,
            refused: imported.refused.iter().map(|(line, error)| RefusedLine { line: *line as u64, error: error.clone() }).collect(),
            no_longer_in_file: missing.iter().map(LeftOutput::of).collect(),
            zone,
        }
    }
}

/// A line that was not imported.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RefusedLine {
    pub line: u64,
    pub error: String,
}

/// `account password`, `account erase`
#[derive(Debug, Serialize, JsonSchema)]
pub struct DoneOutput {
    pub done: bool,
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// The schema of each command's `--json` output.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("account erase", schema_for!(DoneOutput)),
        ("account password", schema_for!(PasswordOutput)),
        ("account recovery-code", schema_for!(RecoveryCodeOutput)),
        ("account show", schema_for!(AccountOutput)),
        ("admin backup", schema_for!(AdminOutput)),
        ("admin backup --keep", schema_for!(RotatedOutput)),
        ("admin doctor", schema_for!(FindingsOutput)),
        ("admin copy", schema_for!(CopyOutput)),
        ("admin purge", schema_for!(AdminOutput)),
        ("admin restore", schema_for!(AdminOutput)),
        ("admin stats", schema_for!(StatsOutput)),
        ("admin user delete", schema_for!(UserOutput)),
        ("admin user disable", schema_for!(UserOutput)),
        ("admin user enable", schema_for!(UserOutput)),
        ("admin user limit", schema_for!(UserOutput)),
        ("admin user list", schema_for!(UserOutput)),
        ("admin user reset-password", schema_for!(ResetPasswordOutput)),
        ("admin user sessions", schema_for!(UserSessionOutput)),
        ("admin user show", schema_for!(UserOutput)),
        ("blocked", schema_for!(BlockedOutput)),
        ("blocked discard", schema_for!(BlockedActionOutput)),
        ("blocked retry", schema_for!(BlockedActionOutput)),
        ("conflicts", schema_for!(ConflictOutput)),
        ("conflicts restore", schema_for!(RestoreOutput)),
        ("delete", schema_for!(DeleteOutput)),
        ("devices", schema_for!(DeviceOutput)),
        ("devices rename", schema_for!(DoneOutput)),
        ("devices revoke", schema_for!(DoneOutput)),
        ("error", schema_for!(ErrorOutput)),
        ("export", schema_for!(ExportOutput)),
        ("get", schema_for!(RecordOutput)),
        ("import", schema_for!(ImportOutput)),
        ("list", schema_for!(RecordOutput)),
        ("login", schema_for!(SignInOutput)),
        ("logout", schema_for!(LogoutOutput)),
        ("notifications", schema_for!(NotificationsOutput)),
        ("put", schema_for!(RecordOutput)),
        ("quarantine", schema_for!(QuarantineOutput)),
        ("quickstart", schema_for!(QuickstartOutput)),
        ("recover", schema_for!(SignInOutput)),
        ("register", schema_for!(SignInOutput)),
        ("serve --check", schema_for!(FindingsOutput)),
        ("status", schema_for!(StatusOutput)),
        ("sync", schema_for!(SyncOutput)),
        ("verify", schema_for!(VerifyOutput)),
        ("waiting", schema_for!(WaitingOutput)),
    ]
}
