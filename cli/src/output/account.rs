//! The `--json` output of the commands about the account and its devices.

use schemars::JsonSchema;
use serde::Serialize;
use stronglog_sync::api;

/// `register`, `login`, `recover`
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignInOutput {
    pub account: String,
    pub email: String,
    pub server: String,
    /// The code that sets a new password, after `register` and `recover`. It is not shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_code: Option<String>,
    /// The actions that only the user can take after the first sync, each with its command.
    pub acts: Vec<String>,
}

/// `logout`
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogoutOutput {
    pub signed_out: bool,
    pub all_devices: bool,
}

/// `devices`, a line for each signed-in device.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceOutput {
    pub id: String,
    pub name: Option<String>,
    pub platform: Option<String>,
    /// Milliseconds since the Unix epoch, like all times here.
    pub signed_in_at: i64,
    pub last_seen_at: i64,
    /// When it last had everything that the server had.
    pub last_synced_at: Option<i64>,
    /// The account's revision that it had reached then.
    pub last_synced_rev: Option<i64>,
    /// Whether it has received everything that the server has.
    pub is_up_to_date: bool,
    pub is_current: bool,
    /// The number of this device's edits that the server does not have. Unknown for other devices.
    pub unsent: Option<u64>,
}

impl DeviceOutput {
    /// `unsent` is the number of edits of this device that the server does not have.
    pub fn of(device: &api::Device, user_rev: i64, unsent: u64) -> Self {
        let last_synced_rev = device.last_synced_rev.as_ref().map(|rev| **rev);
        DeviceOutput {
            id: device.id.to_string(),
            name: device.name.as_ref().map(|name| name.0.clone()),
            platform: device.platform.as_ref().map(|platform| platform.0.clone()),
            signed_in_at: *device.signed_in_at,
            last_seen_at: *device.last_seen_at,
            last_synced_at: device.last_synced_at.as_ref().map(|at| **at),
            last_synced_rev,
            is_up_to_date: last_synced_rev == Some(user_rev),
            is_current: device.is_current,
            unsent: device.is_current.then_some(unsent),
        }
    }
}

/// `account password`
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordOutput {
    pub done: bool,
    /// It is not shown again. Absent if it could not be created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_code: Option<String>,
}

/// `account recovery-code`
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodeOutput {
    /// It is not shown again.
    pub recovery_code: String,
}

/// `account show`
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountOutput {
    pub account: String,
    pub email: String,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Live records.
    pub records: i64,
    /// Their size in bytes of JSON.
    pub bytes: i64,
    /// The maximum number of live records, if the server limits it.
    pub records_max: Option<i64>,
    /// The maximum size in bytes of JSON, if the server limits it.
    pub bytes_max: Option<i64>,
}

impl AccountOutput {
    pub fn of(account: &api::Account, records_max: Option<i64>, bytes_max: Option<i64>) -> Self {
        AccountOutput {
            account: account.user_id.to_string(),
            email: account.email.to_string(),
            created_at: *account.created_at,
            records: account.record_count,
            bytes: account.bytes,
            records_max,
            bytes_max,
        }
    }
}
