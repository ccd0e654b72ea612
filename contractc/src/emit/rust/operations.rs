//! `operations.rs`: each operation as a value that clients and servers write and read, and the files that build on it.

use std::fmt::Write;

use super::calls::{Call, Content, calls, operation_docs};
use super::headers::Headers;
use super::names::Names;
use super::parameters::Parameters;
use super::security::Schemes;
use super::uses::rust_type;
use super::{Source, client, docs, responses, scope, server};
use crate::emit::Plan;

/// Emits the files. The file of the headers is only present if there are headers.
pub fn emit(plan: &Plan<'_>, names: &Names) -> Vec<(&'static str, Source)> {
    let calls = calls(plan, names);
    let headers = Headers::new(plan);
    let parameters = Parameters::new(plan, names);
    let schemes = Schemes::new(plan);
    let emitter = Emitter { plan, names, parameters: &parameters, schemes: &schemes };
    let responses = responses::emit(&calls, &headers);
    let item = |(call, responses): (&Call<'_>, &String)| {
        let mut code = String::new();
        emitter.operation(call, responses, &mut code);
        code
    };
    let operations = Source::Raw {
        head: scope::head(DOCS, scope::OPERATIONS),
        items: calls.iter().zip(&responses).map(item).chain([parameters.emit(), schemes.emit()]).collect(),
    };
    let mut files = vec![
        ("operations.rs", operations),
        ("client.rs", client::emit(plan, &calls).into()),
        ("server.rs", server::emit(plan, &calls).into()),
    ];
    files.extend(headers.emit(names).map(|code| ("headers.rs", code.into())));
    files
}

const DOCS: &str = "The operations of the contract: what each takes, and what each may answer.";

struct Emitter<'p> {
    plan: &'p Plan<'p>,
    names: &'p Names,
    parameters: &'p Parameters<'p>,
    schemes: &'p Schemes,
}

impl Emitter<'_> {
    fn operation(&self, call: &Call<'_>, responses: &str, code: &mut String) {
        self.structure(call, code);
        let operation = call.operation;
        let _ = writeln!(
            code,
            "impl Operation for {} {{\nconst ID: &'static str = {:?};\nconst METHOD: Method = Method::{};\nconst PATH: &'static str = {:?};\n\
             const SECURITY: Security = {};\nconst ACCEPT: &'static str = {:?};\ntype Response = {};\n",
            call.type_name,
            operation.id,
            operation.method.name().to_ascii_uppercase(),
            operation.path,
            self.schemes.of(operation),
            operation.accept(),
            call.response_name
        );
        self.request(call, code);
        self.receive(call, code);
        code.push_str("}\n\n");
        code.push_str(responses);
        if let Some((_, Content::Multipart(body), ..)) = &call.body {
            code.push_str(&body.emit(self.plan, self.names));
        }
    }

    fn structure(&self, call: &Call<'_>, code: &mut String) {
        let operation = call.operation;
        code.push_str(&docs(&operation_docs(operation)));
        let has_fields = !call.parameters.is_empty() || call.body.is_some();
        let derive = if has_fields { "Clone, Debug, PartialEq" } else { "Clone, Copy, Debug, Default, PartialEq" };
        let _ = writeln!(code, "#[derive({derive})]\npub struct {} {{", call.type_name);
        for (parameter, field) in &call.parameters {
            let ty = rust_type(self.plan, self.names, parameter.schema);
            let ty = if parameter.required { ty } else { format!("Option<{ty}>") };
            let text = parameter.description.clone().unwrap_or_else(|| format!("`{}`", parameter.name));
            let _ = writeln!(code, "{}pub {field}: {ty},", docs(&text));
        }
        if let Some((media_type, content, required, field)) = &call.body {
            let ty = content.ty();
            let ty = if *required { ty.to_owned() } else { format!("Option<{ty}>") };
            let described = operation.body.as_ref().and_then(|body| body.description.clone());
            let text = described.unwrap_or_else(|| format!("The body, `{media_type}`."));
            let _ = writeln!(code, "{}pub {field}: {ty},", docs(&text));
        }
        code.push_str("}\n\n");
    }

    fn request(&self, call: &Call<'_>, code: &mut String) {
        let mut body = String::new();
        for (parameter, field) in &call.parameters {
            let (method, path) = (method(parameter.required), self.parameters.path(call.operation, parameter));
            let _ = writeln!(body, "to.{method}(&{path}, &self.{field});");
        }
        if let Some((media_type, content, required, field)) = &call.body {
            let write = |value: &str| match content {
                Content::Json { check, .. } => format!("to.json({media_type:?}, {value}, {check});\n"),
                Content::Text { check, .. } => format!("to.text({media_type:?}, {value}, {check});\n"),
                Content::Form { form, .. } => format!("to.form({media_type:?}, {value}, &{form});\n"),
                Content::Multipart(_) => format!("to.multipart({value});\n"),
                Content::File => format!("to.file({value});\n"),
                Content::Bytes => format!("to.bytes({media_type:?}, {value});\n"),
            };
            body.push_str(&optional(*required, field, &write));
        }
        let _ = writeln!(code, "fn write(&self, to: &mut Writer) {{\n{body}}}\n");
    }

    fn receive(&self, call: &Call<'_>, code: &mut String) {
        let mut fields = String::new();
        for (parameter, field) in &call.parameters {
            let (method, path) = (method(parameter.required), self.parameters.path(call.operation, parameter));
            let _ = writeln!(fields, "{field}: incoming.{method}(&{path})?,");
        }
        if let Some((media_type, content, required, field)) = &call.body {
            let read = match content {
                Content::Json { check, .. } => format!("incoming.json({check})?"),
                Content::Text { check, .. } => format!("incoming.text({media_type:?}, {check})?"),
                Content::Form { form, .. } => format!("incoming.form({media_type:?}, &{form})?"),
                Content::Multipart(_) => "incoming.multipart()?".to_owned(),
                Content::File => "incoming.file()".to_owned(),
                Content::Bytes => "incoming.bytes()".to_owned(),
            };
            let read = if *required { read } else { format!("if incoming.has_body() {{ Some({read}) }} else {{ None }}") };
            let _ = writeln!(fields, "{field}: {read},");
        }
        let _ = writeln!(code, "fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {{\nOk(Self {{\n{fields}}})\n}}");
    }
}

/// Code for a field that may be optional.
fn optional(required: bool, field: &str, write: &dyn Fn(&str) -> String) -> String {
    if required { write(&format!("&self.{field}")) } else { format!("if let Some(value) = &self.{field} {{\n{}}}\n", write("value")) }
}

fn method(required: bool) -> &'static str {
    if required { "required" } else { "optional" }
}
