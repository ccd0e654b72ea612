//! Objects of TypeScript that WebAssembly reads member by member: the texts in them are too long to be part of a JSON text.

/// Declares an object once: the type that Rust reads, with a getter for each member, and the interface of the same name in the module's
/// TypeScript declarations.
macro_rules! host_object {
    (#[doc = $about:literal] $name:ident { $($(#[doc = $doc:literal])+ $member:ident: $kind:ident,)+ }) => {
        #[wasm_bindgen(typescript_custom_section)]
        const DECLARATION: &str = concat!(
            "/**", $about, " */\nexport interface ", stringify!($name), " {\n",
            $("  /**", $($doc,)+ " */\n  readonly ", stringify!($member), ": ", host_object!(@typescript $kind), ";\n",)+
            "}",
        );

        #[wasm_bindgen]
        extern "C" {
            #[doc = $about]
            #[wasm_bindgen(typescript_type = $name)]
            pub type $name;
            $(#[wasm_bindgen(method, getter, structural)]
            fn $member(this: &$name) -> host_object!(@rust $kind);)+
        }
    };
    (@rust text) => { String };
    (@rust optional_text) => { Option<String> };
    (@rust number) => { f64 };
    (@rust flag) => { bool };
    (@typescript text) => { "string" };
    (@typescript optional_text) => { "string | undefined" };
    (@typescript number) => { "number" };
    (@typescript flag) => { "boolean" };
}

pub(crate) use host_object;
