//! `progenitor-peer DOCUMENT OUT`: generates a formatted Rust client of a JSON document with progenitor, in one file.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(document), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: progenitor-peer DOCUMENT OUT".into());
    };
    let document: openapiv3::OpenAPI = serde_json::from_slice(&std::fs::read(document)?)?;
    let tokens = progenitor_impl::Generator::default().generate_tokens(&document)?;
    std::fs::write(out, prettyplease::unparse(&syn::parse2(tokens)?))?;
    Ok(())
}
