//! `stronglog-sync-web-bindgen MODULE FOLDER NAME`: generates the JavaScript module of a WebAssembly module, as `wasm-bindgen --target web`
//! does.
//!
//! The published command line also contains a test runner with an HTTP client and a server, which take most of the time to compile it. The
//! lock file that this program shares with the engine keeps both at one version of wasm-bindgen.

use std::env::args_os;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> anyhow::Result<()> {
    let [module, folder, name] =
        args_os().skip(1).collect::<Vec<_>>().try_into().map_err(|_| anyhow::anyhow!("usage: MODULE FOLDER NAME"))?;
    let name = name.to_string_lossy();
    Bindgen::new()
        .input_path(module)
        .out_name(&name)
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .omit_default_module_path(false)
        .generate(folder)
}
