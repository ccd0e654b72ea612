//! Sets the size of the stack: documents nest up to 128 levels, and WebAssembly has 1 MiB unless it is told otherwise.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-zstack-size=8388608");
    println!("cargo::rerun-if-changed=build.rs");
}
