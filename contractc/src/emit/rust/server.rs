//! `server.rs`: a trait of all operations, and the routes that call it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::docs;
use super::operations::{Call, operation_docs};
use crate::emit::Plan;
use crate::model::Method;

/// The server side: a trait of all operations, and the routes that call it.
pub fn emit(plan: &Plan<'_>, calls: &[Call<'_>]) -> String {
    let (mut methods, mut handlers) = (String::new(), String::new());
    let mut routes: BTreeMap<String, Vec<&Call<'_>>> = BTreeMap::new();
    for call in calls {
        let summary = docs(&operation_docs(call.operation), "");
        let output = if call.streams { "Response".to_owned() } else { format!("Reply<{}>", call.response_name) };
        let _ = writeln!(
            methods,
            "{summary}fn {}(&self, parts: Parts, call: {}) -> impl Future<Output = {output}> + Send {{\nlet _ = (parts, call);\n{}()\n}}\n",
            call.method_name,
            call.type_name,
            if call.streams { "no_stream" } else { "not_implemented" }
        );
        routes.entry(route(&call.operation.path)).or_default().push(call);
        let answer = if call.streams {
            format!("api.{}(parts, call).await", call.method_name)
        } else {
            format!("answer(api.{}(parts, call).await)", call.method_name)
        };
        let _ = writeln!(
            handlers,
            "async fn {}<A: Api>(State(api): State<Arc<A>>, parts: Parts, body: Bytes) -> Response {{\n\
             match receive(&parts, &body) {{\nOk(call) => {answer},\nErr(refusal) => *refusal,\n}}\n}}\n",
            call.method_name
        );
    }
    let (mut table, mut count) = (String::new(), 0);
    for (path, calls) in routes {
        // Two templates may be one route to the router: the first of a method is served there.
        let mut by_method: BTreeMap<Method, &Call<'_>> = BTreeMap::new();
        calls.into_iter().for_each(|call| _ = by_method.entry(call.operation.method).or_insert(call));
        for (method, call) in by_method {
            count += 1;
            let _ = writeln!(table, "({}::ID, {path:?}, routing::{}({}::<A>)),", call.type_name, method.name(), call.method_name);
        }
    }
    format!(
        "//! The server side: implement [`Api`], and [`router`] serves it. Requests are parsed and validated before they reach it; what breaks\n\
         //! the contract is answered with `application/problem+json`.\n\
         #![allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags)]\n\n\
         use std::future::Future;\nuse std::sync::Arc;\n\nuse axum::Router;\nuse axum::body::Bytes;\nuse axum::extract::State;\nuse axum::response::Response;\nuse axum::routing::{{self, MethodRouter}};\nuse http::request::Parts;\n\n\
         use super::operations::*;\nuse super::runtime::axum::{{{}}};\nuse super::runtime::http::{{Operation, Reply}};\n\n\
         /// All operations of {}. `parts` are the request's own: headers, and what middleware has left in the extensions.\n\
         /// An operation that is not overridden answers 501.\n\
         pub trait Api: Send + Sync + 'static {{\n{methods}}}\n\n\
         /// The routes of all operations.\npub fn router<A: Api>(api: Arc<A>) -> Router {{\nrouter_where(api, |_| true)\n}}\n\n\
         /// The routes of the operations whose id `serves` accepts: the others may be served by other means.\n\
         pub fn router_where<A: Api>(api: Arc<A>, serves: impl Fn(&str) -> bool) -> Router {{\n\
         let routes: [(&str, &str, MethodRouter<Arc<A>>); {count}] = [\n{table}];\n\
         let served = routes.into_iter().filter(|(id, ..)| serves(id));\n\
         served.fold(Router::new(), |router, (_, path, route)| router.route(path, route)).with_state(api)\n}}\n\n{handlers}",
        if calls.iter().any(|call| call.streams) {
            "answer, no_stream, not_implemented, receive"
        } else {
            "answer, not_implemented, receive"
        },
        plan.contract.title
    )
}

/// A path as the router wants it: a segment with a parameter in it is a parameter as a whole.
fn route(path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    let segments = path
        .split('/')
        .enumerate()
        .map(|(index, segment)| if segment.contains('{') { format!("{{p{index}}}") } else { segment.to_owned() });
    segments.collect::<Vec<_>>().join("/")
}
