//! What WebAssembly and TypeScript share: the types of all JSON that is passed between them, and the limits of a record. `web/src/border.ts` is
//! generated from the Rust definitions.
//! `UPDATE_BORDER=1 cargo test` in web/engine writes the file.

use std::path::Path;

use stronglog_sync::record::{LEVELS_MAX, WRITTEN_BYTES_MAX};
use ts_rs::{Config, TS};

use crate::account::{AccountCall, TokenAnswer, WrittenCall};
use crate::messages::{Call, Command, Happened, Turn, UserRequest};
use crate::rows::{OpInfo, Put, QuarantineMove, Remembered, Selection, Writes};

const HEAD: &str = "// Generated from the Rust types in web/engine by its tests: `UPDATE_BORDER=1 cargo test` in that folder writes it anew.\n\n\
                    import type { EngineStatus } from \"./api.js\";\n";

fn declared<T: TS>(config: &Config) -> String {
    format!("\nexport {}\n", T::decl(config))
}

fn border() -> String {
    let config = Config::default().with_large_int("number");
    let head = format!(
        "{HEAD}\n/** The maximum size of a record that an app writes, in bytes of JSON. */\nexport const WRITTEN_BYTES_MAX = {WRITTEN_BYTES_MAX};\n\
         /** The maximum number of levels of its arrays and objects. */\nexport const LEVELS_MAX = {LEVELS_MAX};\n"
    );
    [
        declared::<Happened>,
        declared::<UserRequest>,
        declared::<Turn>,
        declared::<Command>,
        declared::<Call>,
        declared::<AccountCall>,
        declared::<WrittenCall>,
        declared::<TokenAnswer>,
        declared::<Selection>,
        declared::<Writes>,
        declared::<Put>,
        declared::<Remembered>,
        declared::<OpInfo>,
        declared::<QuarantineMove>,
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
