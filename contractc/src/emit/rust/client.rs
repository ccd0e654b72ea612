//! `client.rs`: one method per operation whose response is not a stream.

use std::fmt::Write;

use super::docs;
use super::operations::{Call, operation_docs};
use crate::emit::Plan;

/// Emits the client, with one method per operation.
pub fn emit(plan: &Plan<'_>, calls: &[Call<'_>]) -> String {
    let mut methods = String::new();
    for call in calls.iter().filter(|call| !call.streams) {
        let summary = docs(&operation_docs(call.operation));
        let _ = writeln!(
            methods,
            "{summary}///\n/// # Errors\n/// See [`CallError`].\npub async fn {}(&self, call: &operations::{}) -> Result<Reply<operations::{}>, CallError<T::Error>> {{\n\
             http::call(call, &self.base_url, &self.transport, &self.hooks).await\n}}\n",
            call.method_name, call.type_name, call.response_name
        );
    }
    let code = format!(
        "//! The client: one method for each operation that answers at once.\n\
         #![allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags)]\n\n\
         use super::operations;\nuse super::runtime::http::{{self, CallError, Hooks, NoHooks, Reply, Transport}};\n\n\
         /// A client of {} over any [`Transport`], `reqwest::Client` for one (feature `reqwest`).\n\
         #[derive(Clone, Debug)]\npub struct Client<T, H = NoHooks> {{\nbase_url: String,\ntransport: T,\nhooks: H,\n}}\n\n\
         impl<T: Transport> Client<T> {{\n\
         /// A client of the server at `base_url`, which may have a path.\n\
         pub fn new(base_url: impl Into<String>, transport: T) -> Self {{\nClient {{ base_url: base_url.into(), transport, hooks: NoHooks }}\n}}\n}}\n\n\
         impl<T: Transport, H: Hooks> Client<T, H> {{\n\
         /// The same client with other hooks, such as [`Bearer`](http::Bearer).\n\
         pub fn with_hooks<N: Hooks>(self, hooks: N) -> Client<T, N> {{\nClient {{ base_url: self.base_url, transport: self.transport, hooks }}\n}}\n\n\
         {methods}}}\n",
        plan.contract.title
    );
    code
}
