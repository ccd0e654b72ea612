//! `server.rs`: a trait with all operations, and the routes that call it.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::calls::Call;
use crate::emit::Plan;

/// Emits the server side: a trait with all operations, and the routes that call it.
pub fn emit(plan: &Plan<'_>, calls: &[Call<'_>]) -> String {
    let (mut methods, mut streams) = (String::new(), String::new());
    let mut routes = BTreeSet::new();
    // A path without a fragment goes before the same path with one.
    let (plain, others): (Vec<_>, Vec<_>) = calls.iter().partition(|call| call.operation.template() == call.operation.path);
    let served: BTreeSet<&str> =
        plain.iter().chain(&others).filter(|call| routes.insert(call.operation.route())).map(|call| call.method_name.as_str()).collect();
    for call in calls.iter().filter(|call| served.contains(call.method_name.as_str())) {
        let (about, method, operation) = (call.line(), &call.method_name, &call.type_name);
        let _ = match call.streams {
            true => writeln!(streams, "{about}{method}({operation}),"),
            false => writeln!(methods, "{about}{method}({operation}) -> {},", call.response_name),
        };
    }
    let streams = if streams.is_empty() { streams } else { format!("streams {{\n{streams}}}\n") };
    format!(
        "//! The server side: implement [`Api`], and [`router`] serves it. Requests are parsed and validated before they reach it; a request\n\
         //! that breaks the contract is answered with `application/problem+json`.\n\
         #![allow(unused_imports, rustdoc::bare_urls, rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags)]\n\n\
         use super::operations;\nuse super::runtime as rt;\nuse super::runtime::calls::api;\n\n\
         api! {{\n/// All operations of {}. `parts` holds the headers of the request, and the extensions that middleware has set.\n\
         /// An operation that is not overridden answers 501.\n\
         pub trait Api;\ncalls {{\n{methods}}}\n{streams}}}\n",
        plan.contract.title
    )
}
