//! What WebAssembly and TypeScript share: the types of all JSON that is passed between them, the members of stored JSON that TypeScript reads,
//! the operations that TypeScript calls itself, and limits. `web/src/border.ts` is generated from the Rust definitions:
//! `UPDATE_BORDER=1 cargo test` in web/engine writes the file.

use std::path::Path;

use serde::Deserialize;
use stronglog_sync::api::operations::{ListDevices, MakeRecoveryCode, RecoverAccount, RenameDevice, RevokeDevice};
use stronglog_sync::api::runtime::http::Operation;
use stronglog_sync::engine::response::SESSION_ENDED;
use stronglog_sync::limits::{
    BYTES_WITHOUT_REVISION_MAX, FIRST_REVISION_MS_MAX, NOTIFICATIONS_RETRY_MS, RESPONSE_BYTES_MAX, SILENCE_MS_MAX,
};
use stronglog_sync::record::{LEVELS_MAX, WRITTEN_BYTES_MAX};
use stronglog_sync::store::{Block, Meta, Resync};
use ts_rs::{Config, TS};
use uuid::Uuid;

use crate::account::{AccountCall, TokenResponse, WrittenCall};
use crate::messages::{Call, Command, Happened, Turn, UserRequest};
use crate::rows::{OpInfo, Put, QuarantineMove, Remembered, RowInfo, Selection, Writes, write};

const HEAD: &str = "// Generated from the Rust types in web/engine by its tests: `UPDATE_BORDER=1 cargo test` in that folder regenerates it.\n\n\
                    import type { EngineStatus } from \"./api.js\";\n";

fn declared<T: TS>(config: &Config) -> String {
    format!("\nexport {}\n", T::decl(config))
}

/// The members of the device's stored state that TypeScript reads. A database of an earlier version may lack them.
#[derive(Deserialize, TS)]
struct StoredMeta {
    #[ts(optional = nullable)]
    owner: Option<Uuid>,
    #[ts(optional = nullable)]
    resync: Option<StoredResync>,
    #[ts(optional = nullable)]
    contract: Option<String>,
}

#[derive(Deserialize, TS)]
struct StoredResync {
    number: u64,
}

/// The members of a row's `info` that TypeScript reads.
#[derive(Deserialize, TS)]
struct StoredInfo {
    op: StoredOp,
    #[ts(optional = nullable)]
    block: Option<StoredBlock>,
}

#[derive(Deserialize, TS)]
struct StoredBlock {
    code: String,
    message: String,
    #[ts(optional = nullable)]
    violations: Option<Vec<StoredViolation>>,
}

#[derive(Deserialize, TS)]
struct StoredViolation {
    pointer: String,
    message: String,
}

#[derive(Deserialize, TS)]
struct StoredOp {
    seq: u64,
}

fn operation<O: Operation>() -> String {
    format!("  {0}: {{ operation: {0:?}, method: {1:?}, path: {2:?} }},\n", O::ID, O::METHOD.as_str(), O::PATH)
}

/// The values that both languages use, each with its description.
fn constants() -> String {
    let constant =
        |description: &str, name: &str, value: &dyn std::fmt::Display| format!("/** {description} */\nexport const {name} = {value};\n");
    [
        constant("The maximum size of a record that an app writes, in bytes of JSON.", "WRITTEN_BYTES_MAX", &WRITTEN_BYTES_MAX),
        constant("The maximum number of levels of its arrays and objects.", "LEVELS_MAX", &LEVELS_MAX),
        constant("The maximum size of a response body.", "RESPONSE_BYTES_MAX", &RESPONSE_BYTES_MAX),
        constant(
            "The longest wait for the first change notification, which the server sends at once.",
            "FIRST_REVISION_MS_MAX",
            &FIRST_REVISION_MS_MAX,
        ),
        constant(
            "The longest silence of the change notifications after that. The server sends a comment every 20 seconds.",
            "SILENCE_MS_MAX",
            &SILENCE_MS_MAX,
        ),
        constant(
            "A program that sends more than this without a revision is not a sync server.",
            "BYTES_WITHOUT_REVISION_MAX",
            &BYTES_WITHOUT_REVISION_MAX,
        ),
        constant("The delay before change notifications are opened again.", "NOTIFICATIONS_RETRY_MS", &NOTIFICATIONS_RETRY_MS),
        constant("The body of a server's response for an ended session.", "SESSION_ENDED", &format!("{SESSION_ENDED:?}")),
    ]
    .concat()
}

/// The operations that TypeScript calls without the engine.
fn operations() -> String {
    let operations = [
        operation::<ListDevices>(),
        operation::<RenameDevice>(),
        operation::<RevokeDevice>(),
        operation::<MakeRecoveryCode>(),
        operation::<RecoverAccount>(),
    ];
    format!(
        "/** The operations that are called without the engine. */\nexport const OPERATIONS = {{\n{}}} as const;\n",
        operations.concat()
    )
}

fn border() -> String {
    let config = Config::default().with_large_int("number");
    let head = format!("{HEAD}\n{}{}", constants(), operations());
    [
        declared::<Happened>,
        declared::<UserRequest>,
        declared::<Turn>,
        declared::<Command>,
        declared::<Call>,
        declared::<AccountCall>,
        declared::<WrittenCall>,
        declared::<TokenResponse>,
        declared::<Selection>,
        declared::<Writes>,
        declared::<Put>,
        declared::<Remembered>,
        declared::<OpInfo>,
        declared::<QuarantineMove>,
        declared::<StoredMeta>,
        declared::<StoredResync>,
        declared::<StoredInfo>,
        declared::<StoredOp>,
        declared::<StoredBlock>,
        declared::<StoredViolation>,
    ]
    .iter()
    .fold(head, |file, declare| file + &declare(&config))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test that keeps a generated file up to date reads and writes it")]
fn the_typescript_types_are_those_of_the_rust_ones() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/border.ts");
    if std::env::var_os("UPDATE_BORDER").is_some() {
        std::fs::write(&file, border()).expect("web/src is writable");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == border(), "web/src/border.ts is not what the Rust types say; run UPDATE_BORDER=1 cargo test in web/engine");
}

#[test]
fn stored_json_has_the_members_that_typescript_reads() {
    let (owner, contract) = (Some(Uuid::from_u128(1)), "1.2.3".to_owned());
    let meta = Meta { owner, contract: contract.clone(), resync: Some(Resync { number: 7, ..Resync::default() }), ..Meta::default() };
    let read: StoredMeta = serde_json::from_str(&write(&meta)).expect("the device's state");
    assert_eq!((read.owner, read.contract, read.resync.map(|resync| resync.number)), (owner, Some(contract), Some(7)));
    let read: StoredInfo = serde_json::from_str(&write(&RowInfo::default())).expect("a row's info");
    assert!(read.op.seq == 0 && read.block.is_none());
    let block = r#"{"code":"a","message":"b","violations":[{"pointer":"/c","keyword":"d","message":"e"}]}"#;
    let block: Block = serde_json::from_str(block).expect("a block");
    let StoredBlock { code, message, violations } = serde_json::from_str(&write(&block)).expect("a block");
    let violations = violations.into_iter().flatten().map(|violation| [violation.pointer, violation.message]).collect::<Vec<_>>();
    assert_eq!((&*code, &*message, violations.concat().join(" ")), ("a", "b", "/c e".to_owned()));
}
