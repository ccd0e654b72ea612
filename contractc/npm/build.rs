//! Sets the size of the stack: documents nest up to 128 levels, and WebAssembly has only 1 MiB by default.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-zstack-size=8388608");
    println!("cargo::rerun-if-changed=build.rs");
}
