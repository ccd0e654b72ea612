//! The `--json` output of the operator's commands.

use schemars::JsonSchema;
use serde::Serialize;
use stronglog_server::admin::{Copied, Share, Stats, users};
use stronglog_server::check::Grade;

/// `admin backup`, `admin restore`, `admin purge`
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminOutput {
    /// The backup that was written or restored.
    pub file: Option<String>,
    /// The error that kept the server's database from recording the backup.
    pub not_recorded: Option<String>,
    /// Where the previous database is kept.
    pub previous: Option<String>,
    /// How many accounts of that database a restore kept that the backup lacks.
    pub accounts_kept: Option<u64>,
    /// Why a restore kept no accounts, passwords and signed-in devices of that database: it could not be read.
    pub not_kept: Option<String>,
    /// The number of purged deletions.
    pub purged: Option<u64>,
}

/// `admin user show`; `admin user list`, a line for each account; `disable`, `enable`, `limit` and `delete`, where it is the account as it was
/// before.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserOutput {
    /// The account's id.
    pub account: String,
    pub email: String,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
    pub disabled: bool,
    /// How many devices are signed in.
    pub sessions: u64,
    /// When a device last renewed its sign-in, in milliseconds since the Unix epoch.
    pub seen_at: Option<i64>,
    /// Live records.
    pub records: u64,
    /// How many bytes of JSON they take.
    pub bytes: u64,
    pub revision: u64,
    /// The maximum number of records, if the account has its own limit.
    pub records_max: Option<u64>,
    /// The maximum size in bytes of JSON, if the account has its own limit.
    pub bytes_max: Option<u64>,
}

impl UserOutput {
    pub fn of(user: &users::User) -> Self {
        UserOutput {
            account: user.id.to_string(),
            email: user.email.clone(),
            created_at: user.created_at,
            disabled: user.is_disabled,
            sessions: user.sessions,
            seen_at: user.seen_at,
            records: user.records,
            bytes: user.bytes,
            revision: user.rev,
            records_max: user.limits.records_max,
            bytes_max: user.limits.bytes_max,
        }
    }
}

/// `admin user reset-password`
#[derive(Debug, Serialize, JsonSchema)]
pub struct ResetPasswordOutput {
    pub account: String,
    pub email: String,
    /// The generated password; with --generate.
    pub password: Option<String>,
}

/// `admin user sessions`, a line for each device that is signed in.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserSessionOutput {
    pub session: String,
    pub device: Option<String>,
    /// When it signed in, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// When it last renewed its sign-in, in milliseconds since the Unix epoch.
    pub seen_at: i64,
}

/// `admin backup --keep` and `--every`, a line for each backup.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotatedOutput {
    /// The backup that was written.
    pub file: String,
    /// The older ones that were removed.
    pub removed: Vec<String>,
    /// The error that kept the server's database from recording the backup.
    pub not_recorded: Option<String>,
}

/// `admin copy`
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopyOutput {
    /// The number of rows of each table, by name.
    pub rows: std::collections::BTreeMap<&'static str, u64>,
    /// The epoch, which continues.
    pub epoch: String,
    /// Whether the target already held the same data, so that nothing was done.
    pub was_there: bool,
}

impl CopyOutput {
    pub fn of(copied: &Copied) -> Self {
        CopyOutput { rows: copied.rows.iter().copied().collect(), epoch: copied.epoch.clone(), was_there: copied.was_there }
    }
}

/// `admin stats`
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatsOutput {
    pub accounts: u64,
    /// The accounts that the operator has disabled.
    pub disabled: u64,
    /// Devices that are signed in.
    pub sessions: u64,
    /// Live records.
    pub records: u64,
    /// How many bytes of JSON they take.
    pub bytes: u64,
    /// Deletions that are not purged yet.
    pub deletions: u64,
    pub database_bytes: u64,
    /// The size of the write-ahead log next to a database file.
    pub log_bytes: u64,
    /// When a record was last written, in milliseconds since the Unix epoch.
    pub written_at: Option<i64>,
    /// When the newest backup was made; unknown for a Postgres database.
    pub backed_up_at: Option<i64>,
    pub epoch: String,
    /// How often a backup was restored.
    pub restores: u64,
    /// The accounts with the most data, the largest first.
    pub largest: Vec<ShareOutput>,
}

/// An account's part of the data.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShareOutput {
    pub email: String,
    pub records: u64,
    pub bytes: u64,
}

impl StatsOutput {
    pub fn of(stats: &Stats) -> Self {
        let share = |share: &Share| ShareOutput { email: share.email.clone(), records: share.records, bytes: share.bytes };
        StatsOutput {
            accounts: stats.accounts,
            disabled: stats.disabled,
            sessions: stats.sessions,
            records: stats.records,
            bytes: stats.bytes,
            deletions: stats.tombstones,
            database_bytes: stats.database_bytes,
            log_bytes: stats.log_bytes,
            written_at: stats.written_at,
            backed_up_at: stats.backed_up_at,
            epoch: stats.epoch.clone(),
            restores: stats.restores,
            largest: stats.largest.iter().map(share).collect(),
        }
    }
}

/// `serve --check` and `admin doctor`
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingsOutput {
    /// The most serious grade of all findings.
    pub grade: GradeOutput,
    pub findings: Vec<FindingOutput>,
}

/// The result of one check.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingOutput {
    /// What was checked.
    pub name: &'static str,
    pub grade: GradeOutput,
    /// The result and, unless it is good, what to do.
    pub detail: String,
}

/// How serious a finding is.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GradeOutput {
    Good,
    Warning,
    Bad,
}

impl From<Grade> for GradeOutput {
    fn from(grade: Grade) -> Self {
        match grade {
            Grade::Good => GradeOutput::Good,
            Grade::Warning => GradeOutput::Warning,
            Grade::Bad => GradeOutput::Bad,
        }
    }
}
