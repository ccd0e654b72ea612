//! `operations.rs`: each operation as a value for clients and servers, and the files that build on it.

use std::fmt::Write;

use super::calls::{Call, Content, calls, operation_docs};
use super::headers::Headers;
use super::names::Names;
use super::parameters::Parameters;
use super::security::Schemes;
use super::uses::rust_type;
use super::{Source, client, docs, responses, scope, server};
use crate::emit::Plan;

/// Emits the files. There is a file for headers only if there are headers.
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
        head: scope::head(&format!("{DOCS}{}", headers.of_all()), scope::OPERATIONS),
        items: calls.iter().zip(&responses.items).map(item).chain([responses.module, parameters.emit(), schemes.emit()]).collect(),
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
        let operation = call.operation;
        let (about, fields) = (docs(&operation_docs(operation)), self.fields(call));
        let derives = if fields.is_empty() { ": Copy Default " } else { "" };
        let _ = writeln!(
            code,
            "operation! {{\n{about}pub struct {} as {:?} {derives}{{\n{fields}}}\n{} {:?} as {},\nanswers {} in {:?},\n}}\n",
            call.type_name,
            operation.id,
            operation.method.name().to_ascii_uppercase(),
            operation.template(),
            self.schemes.of(operation),
            call.response_name,
            operation.accept(self.plan.contract),
        );
        code.push_str(responses);
        if let Some((_, Content::Multipart(body), ..)) = &call.body {
            code.push_str(&body.emit(self.plan, self.names));
        }
    }

    /// The lines of the parameters and the body.
    fn fields(&self, call: &Call<'_>) -> String {
        let mut fields = String::new();
        for (parameter, field) in &call.parameters {
            let ty = rust_type(self.plan, self.names, parameter.schema);
            let (ty, how) = if parameter.required { (ty, "required") } else { (format!("Option<{ty}>"), "optional") };
            let about = docs(&self.parameters.about(call.operation, parameter));
            let _ = writeln!(fields, "{about}{field}: {ty} = {how}(&{}),", self.parameters.path(call.operation, parameter));
        }
        if let Some((media_type, content, required, field)) = &call.body {
            let ty = content.ty();
            let (ty, how) = if *required { (ty.to_owned(), "body") } else { (format!("Option<{ty}>"), "optional_body") };
            let described = call.operation.body.as_ref().and_then(|body| body.description.clone());
            let about = docs(&described.unwrap_or_else(|| format!("The body, `{media_type}`.")));
            let kind = match content {
                Content::Json { media_type, check, .. } => format!("json({media_type:?}, {check})"),
                Content::JsonOrText { check, .. } => format!("json_or_text({media_type:?}, {check})"),
                Content::Text { check, .. } => format!("text({media_type:?}, {check})"),
                Content::Form { form, .. } => form.clone(),
                Content::Multipart(_) => "rt::http::MultipartBody".to_owned(),
                Content::File => format!("rt::http::file({media_type:?})"),
                Content::Bytes => format!("bytes({media_type:?})"),
            };
            let _ = writeln!(fields, "{about}{field}: {ty} = {how}({kind}),");
        }
        fields
    }
}
