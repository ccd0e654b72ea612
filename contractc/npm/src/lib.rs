//! The command `contractc` for Node. This crate only passes the files and streams of `system.js` to `contractc::command`.

mod system;

use std::ffi::OsString;
use std::io::{BufReader, LineWriter, Write};

use contractc::command::{self, System};
use system::{Input, Node, Stream, has_colors, random};
use wasm_bindgen::prelude::wasm_bindgen;

/// Runs the command, and returns its exit code. The first argument is the name of the program.
#[wasm_bindgen]
pub fn run(arguments: Vec<String>) -> i32 {
    let mut output = LineWriter::new(Stream::Output);
    let system = System {
        disk: &Node,
        input: &mut BufReader::new(Input),
        output: &mut output,
        errors: &mut Stream::Errors,
        random: [random(), random()],
    };
    match command::run(arguments.into_iter().map(OsString::from), system) {
        Ok(code) => i32::from(code),
        Err(usage) => {
            let mut stream = if usage.use_stderr() { Stream::Errors } else { Stream::Output };
            let text = usage.render();
            let text = if has_colors(stream as u8) { text.ansi().to_string() } else { text.to_string() };
            // The exit code reports the failure even if the stream is closed.
            stream.write_all(text.as_bytes()).ok();
            usage.exit_code()
        }
    }
}
