//! `client.rs`: one method per operation.

use std::fmt::Write;

use super::calls::Call;
use crate::emit::Plan;

/// Emits the client, with one method per operation.
pub fn emit(plan: &Plan<'_>, calls: &[Call<'_>]) -> String {
    let (mut methods, mut streams) = (String::new(), String::new());
    for call in calls {
        let (about, method, operation) = (call.line(), &call.method_name, &call.type_name);
        let _ = match call.streams {
            true => writeln!(streams, "{about}{method}({operation}),"),
            false => writeln!(methods, "{about}{method}({operation}) -> {},", call.response_name),
        };
    }
    let methods = if methods.is_empty() { methods } else { format!("calls! {{\n{methods}}}\n\n") };
    let streams = if streams.is_empty() { streams } else { format!("streams! {{\n{streams}}}\n\n") };
    format!(
        "//! The client: one method for each operation.\n\
         #![allow(unused_imports, rustdoc::bare_urls, rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags)]\n\n\
         use super::operations;\nuse super::runtime as rt;\nuse super::runtime::calls::{{calls, streams}};\n\
         use super::runtime::http::{{self, Hooks, NoHooks, Transport}};\n\n\
         /// A client of {} over any [`Transport`], `reqwest::Client` for one (feature `reqwest`).\n\
         #[derive(Clone, Debug)]\npub struct Client<T, H = NoHooks> {{\nbase_url: String,\ntransport: T,\nhooks: H,\n}}\n\n\
         impl<T: Transport> Client<T> {{\n\
         /// A client of the server at `base_url`, which may have a path.\n\
         pub fn new(base_url: impl Into<String>, transport: T) -> Self {{\nClient {{ base_url: base_url.into(), transport, hooks: NoHooks }}\n}}\n}}\n\n\
         impl<T: Transport, H: Hooks> Client<T, H> {{\n\
         /// The same client with other hooks, such as [`Credentials`](http::Credentials).\n\
         pub fn with_hooks<N: Hooks>(self, hooks: N) -> Client<T, N> {{\nClient {{ base_url: self.base_url, transport: self.transport, hooks }}\n}}\n}}\n\n\
         {methods}{streams}",
        plan.contract.title
    )
}
