//! `client.ts`: a client with one method per operation.

use std::fmt::Write;

use super::calls::{Call, operation_line};
use super::code::{Code, docs, key};
use crate::emit::Plan;

/// The client, with one method per operation.
pub fn emit(plan: &Plan<'_>, calls: &[Call<'_>]) -> String {
    let (mut methods, mut bound) = (String::new(), Vec::new());
    for call in calls {
        let optional = if call.is_plain() { "?" } else { "" };
        let (name, takes) = (key(&call.name), format!("call{optional}: operations.{}", call.call_name));
        let flat = format!("  {name}({takes}, options?: CallOptions): Promise<operations.{}>;", call.result_name);
        let broken = || format!("  {name}(\n    {takes},\n    options?: CallOptions,\n  ): Promise<operations.{}>;", call.result_name);
        let signature = if flat.chars().count() <= 120 { flat } else { broken() };
        let _ = writeln!(methods, "{}{signature}", docs(&operation_line(call), 2));
        let default = if call.is_plain() { "call = {}" } else { "call" };
        let send = format!("send(client, operations.{}, call, options)", call.name);
        bound.push((key(&call.name), Code::Arrow(format!("({default}, options)"), Box::new(Code::Text(send)))));
    }
    format!(
        "// The client: one method for each operation. Code that needs few of them can do with `send` and the operations alone.\n\n\
         import * as operations from \"./operations.js\";\n\
         import {{ send, type CallOptions, type ClientOptions }} from \"./runtime/index.js\";\n\n\
         {}\
         export interface Client {{\n{methods}}}\n\n\
         /** Makes a client of the server at `client.baseUrl`. */\n\
         export function createClient(client: ClientOptions): Client {{\n  return {};\n}}\n",
        docs(&format!("A client of {}. Every method throws a `CallError` where a call comes to nothing.", plan.contract.title), 0),
        Code::Object(bound).laid_out(2, 9, 1)
    )
}
