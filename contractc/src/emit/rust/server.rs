//! `server.rs`: a trait with all operations, and the routes that call it.

use std::fmt::Write;

use super::calls::{Call, operation_docs};
use super::docs;
use crate::emit::Plan;

/// Emits the server side: a trait with all operations, and the routes that call it.
pub fn emit(plan: &Plan<'_>, calls: &[Call<'_>]) -> String {
    let (mut methods, mut routes) = (String::new(), String::new());
    for call in calls {
        let summary = docs(&operation_docs(call.operation));
        let (method, operation) = (&call.method_name, &call.type_name);
        let output = if call.streams { "Response".to_owned() } else { format!("Reply<operations::{}>", call.response_name) };
        let default = if call.streams { "no_stream" } else { "not_implemented" };
        let _ = writeln!(
            methods,
            "{summary}fn {method}(&self, parts: Parts, call: operations::{operation}) -> impl Future<Output = {output}> + Send {{\n\
             let _ = (parts, call);\n{default}()\n}}\n"
        );
        let _ = writeln!(
            routes,
            "Route::new(|api: Arc<A>, parts, call: operations::{operation}| async move {{ A::{method}(&api, parts, call).await }}),"
        );
    }
    format!(
        "//! The server side: implement [`Api`], and [`router`] serves it. Requests are parsed and validated before they reach it; a request\n\
         //! that breaks the contract is answered with `application/problem+json`.\n\
         #![allow(unused_imports, rustdoc::bare_urls, rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags)]\n\n\
         use std::future::Future;\nuse std::sync::Arc;\n\nuse axum::Router;\nuse axum::response::Response;\nuse http::request::Parts;\n\n\
         use super::operations;\nuse super::runtime::axum::{{Route, no_stream, not_implemented}};\nuse super::runtime::http::Reply;\n\n\
         /// All operations of {}. `parts` holds the headers of the request, and the extensions that middleware has set.\n\
         /// An operation that is not overridden answers 501.\n\
         pub trait Api: Send + Sync + 'static {{\n{methods}}}\n\n\
         /// The routes of all operations.\npub fn router<A: Api>(api: Arc<A>) -> Router {{\nrouter_where(api, |_| true)\n}}\n\n\
         /// The routes of the operations whose id `serves` accepts: the others may be served by other means.\n\
         pub fn router_where<A: Api>(api: Arc<A>, serves: impl Fn(&str) -> bool) -> Router {{\n\
         Route::router(api, routes().into_iter().filter(|route| serves(route.id())))\n}}\n\n\
         // Apart from `router_where`, so that it is compiled once for every use of that.\n\
         fn routes<A: Api>() -> [Route<A>; {}] {{\n[\n{routes}]\n}}\n",
        plan.contract.title,
        calls.len()
    )
}
