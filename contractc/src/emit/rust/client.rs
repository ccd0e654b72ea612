//! `client.rs`: one method per operation.

use std::fmt::Write;

use super::calls::{Call, operation_docs};
use super::docs;
use crate::emit::Plan;

/// Emits the client, with one method per operation.
pub fn emit(plan: &Plan<'_>, calls: &[Call<'_>]) -> String {
    let mut methods = String::new();
    for call in calls {
        let summary = docs(&operation_docs(call.operation));
        let head = format!(
            "{summary}///\n/// # Errors\n/// See [`CallError`].\npub async fn {}(&self, call: &operations::{})",
            call.method_name, call.type_name
        );
        let (result, bound, function) = if call.streams {
            ("T::Stream".to_owned(), " where T: StreamTransport", "open")
        } else {
            (format!("Reply<operations::{}>", call.response_name), "", "call")
        };
        let _ = writeln!(
            methods,
            "{head} -> Result<{result}, CallError<T::Error>>{bound} {{\nhttp::{function}(call, &self.base_url, &self.transport, &self.hooks).await\n}}\n"
        );
    }
    let code = format!(
        "//! The client: one method for each operation.\n\
         #![allow(unused_imports, rustdoc::bare_urls, rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags)]\n\n\
         use super::operations;\nuse super::runtime::http::{{self, CallError, Hooks, NoHooks, Reply, StreamTransport, Transport}};\n\n\
         /// A client of {} over any [`Transport`], `reqwest::Client` for one (feature `reqwest`).\n\
         #[derive(Clone, Debug)]\npub struct Client<T, H = NoHooks> {{\nbase_url: String,\ntransport: T,\nhooks: H,\n}}\n\n\
         impl<T: Transport> Client<T> {{\n\
         /// A client of the server at `base_url`, which may have a path.\n\
         pub fn new(base_url: impl Into<String>, transport: T) -> Self {{\nClient {{ base_url: base_url.into(), transport, hooks: NoHooks }}\n}}\n}}\n\n\
         impl<T: Transport, H: Hooks> Client<T, H> {{\n\
         /// The same client with other hooks, such as [`Credentials`](http::Credentials).\n\
         pub fn with_hooks<N: Hooks>(self, hooks: N) -> Client<T, N> {{\nClient {{ base_url: self.base_url, transport: self.transport, hooks }}\n}}\n\n\
         {methods}}}\n",
        plan.contract.title
    );
    code
}
