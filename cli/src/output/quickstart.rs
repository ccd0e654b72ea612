//! The `--json` output of `quickstart`.

use schemars::JsonSchema;
use serde::Serialize;
use stronglog_sync::transport::Traffic;

/// `quickstart`
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuickstartOutput {
    pub folder: String,
    /// Live records on each device at the end.
    pub records: u64,
    pub steps: Vec<StepOutput>,
    pub conflict: WinnerOutput,
    /// Whether both devices and the server have the same, record by record.
    pub equal: bool,
    /// Where the demo app is served, with --web.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web: Option<DemoOutput>,
    pub seconds: f64,
}

/// The address of the demo app, and an account to sign in with.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DemoOutput {
    pub url: String,
    pub email: String,
    pub password: String,
}

/// One sync of the quickstart.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepOutput {
    pub device: String,
    pub traffic: Traffic,
    pub seconds: f64,
}

/// How the conflict was decided.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WinnerOutput {
    pub collection: String,
    pub id: String,
    pub winner: String,
    pub why: String,
    /// The device that keeps the losing version, and its number for `conflicts restore`.
    pub kept: Option<KeptOutput>,
}

/// Where the losing version is kept.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptOutput {
    pub device: String,
    pub number: i64,
}
