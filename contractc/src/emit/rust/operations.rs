//! `operations.rs`: each operation as a value that clients and servers write and read, and the files that build on it.

use std::fmt::Write;

use super::headers::Headers;
use super::names::{Names, Unique, type_name, value_name, variant_name};
use super::parameters::{Parameters, form_path};
use super::security::Schemes;
use super::{Source, docs, scope};
use crate::emit::Plan;
use crate::model::{Content as MediaContent, Media, Operation, Parameter, Response, SchemaId, Status};
use crate::shapes::Type;

/// Emits the files. The file of the headers is only present if there are headers.
pub fn emit(plan: &Plan<'_>, names: &Names) -> Vec<(&'static str, Source)> {
    let calls = calls(plan, names);
    let headers = Headers::new(plan);
    let parameters = Parameters::new(plan, names);
    let schemes = Schemes::new(plan);
    let emitter = Emitter { plan, names, headers: &headers, parameters: &parameters, schemes: &schemes };
    let item = |call| {
        let mut code = String::new();
        emitter.operation(call, &mut code);
        code
    };
    let operations = Source::Raw {
        head: scope::head(DOCS, scope::OPERATIONS),
        items: calls.iter().map(item).chain([parameters.emit(), schemes.emit()]).collect(),
    };
    let mut files = vec![
        ("operations.rs", operations),
        ("client.rs", super::client::emit(plan, &calls).into()),
        ("server.rs", super::server::emit(plan, &calls).into()),
    ];
    files.extend(headers.emit(names).map(|code| ("headers.rs", code.into())));
    files
}

const DOCS: &str = "The operations of the contract: what each takes, and what each may answer.";

/// An operation with its Rust names.
pub struct Call<'p> {
    pub operation: &'p Operation,
    /// `PushChanges`
    pub type_name: String,
    /// `PushChangesResponse`
    pub response_name: String,
    /// `push_changes`
    pub method_name: String,
    parameters: Vec<(&'p Parameter, String)>,
    /// The media type and content of the body, whether the body is required, and its field.
    body: Option<(String, Content, bool, String)>,
    variants: Vec<Variant<'p>>,
    /// Whether the response is a stream, which servers write incrementally and clients must read themselves.
    pub streams: bool,
}

/// Methods that every client has in addition to those for operations.
const CLIENT_METHODS: [&str; 3] = ["clone", "new", "with_hooks"];

const STATUS_FIELD: &str = "/// Which status it is.\nstatus: StatusCode,";

struct Variant<'p> {
    response: &'p Response,
    name: String,
    content: Option<(String, Content)>,
}

/// The content of a body.
enum Content {
    Json {
        ty: String,
        check: String,
    },
    Text {
        ty: String,
        check: String,
    },
    /// With the path of the form's constant.
    Form {
        ty: String,
        form: String,
    },
    Bytes,
}

fn calls<'p>(plan: &'p Plan<'p>, names: &Names) -> Vec<Call<'p>> {
    let (mut types, mut methods) = (Unique::reserving(scope::names(scope::OPERATIONS)), Unique::reserving(CLIENT_METHODS));
    names.sorted().iter().for_each(|(name, _)| _ = types.take((*name).to_owned(), ""));
    let mut calls = Vec::new();
    for operation in &plan.contract.operations {
        let words = [operation.id.clone()];
        let type_name = types.take(type_name(&words), "Call");
        let response_name = types.take(format!("{type_name}Response"), "");
        let method_name = methods.take(value_name(&operation.id), "_");
        let mut fields = Unique::default();
        let parameters = operation.parameters.iter().map(|parameter| (parameter, fields.take(value_name(&parameter.name), "_"))).collect();
        let body = operation.body.as_ref().and_then(|body| Some((body.required, body.media.first()?))).map(|(required, media)| {
            let content = content(plan, names, media, &operation.id);
            (media.media_type.clone(), content, required, fields.take("body".to_owned(), "_"))
        });
        let mut unique = Unique::default();
        unique.take("Undeclared".to_owned(), "");
        let variants: Vec<_> = operation.responses.iter().map(|response| variant(plan, names, response, &mut unique)).collect();
        let is_stream = |response: &Response| {
            response.status.is_success() && response.media.first().is_some_and(|media| media.content(plan.contract) == MediaContent::Events)
        };
        let streams = operation.responses.iter().any(is_stream);
        calls.push(Call { operation, type_name, response_name, method_name, parameters, body, variants, streams });
    }
    calls
}

fn variant<'p>(plan: &Plan<'_>, names: &Names, response: &'p Response, unique: &mut Unique) -> Variant<'p> {
    let name = match response.status {
        Status::Code(code) => http::StatusCode::from_u16(code)
            .ok()
            .and_then(|status| status.canonical_reason())
            .map_or_else(|| format!("Status{code}"), variant_name),
        Status::Range(hundreds) => format!("Status{hundreds}xx"),
        Status::Default => "Default".to_owned(),
    };
    let content = response.media.first().map(|media| (media.media_type.clone(), content(plan, names, media, "")));
    Variant { response, name: unique.take(name, ""), content }
}

fn content(plan: &Plan<'_>, names: &Names, media: &Media, operation: &str) -> Content {
    let ty = |default: &str| media.schema.map_or(default.to_owned(), |schema| rust_type(plan, names, schema));
    let check = || media.schema.map_or("check_nothing".to_owned(), |schema| check_path(plan, names, schema));
    match media.content(plan.contract) {
        MediaContent::Json => Content::Json { ty: ty("Value"), check: check() },
        MediaContent::Text => Content::Text { ty: ty("String"), check: check() },
        // A response cannot be a form.
        MediaContent::Form if !operation.is_empty() => Content::Form { ty: ty("Value"), form: form_path(operation) },
        _ => Content::Bytes,
    }
}

pub fn rust_type(plan: &Plan<'_>, names: &Names, schema: SchemaId) -> String {
    super::types::rust_type(names, &quote::quote!(types::), plan.shapes.root_type(schema).unwrap_or(&Type::Any)).to_string()
}

/// The path of the validator for a schema that an operation uses.
pub fn check_path(plan: &Plan<'_>, names: &Names, schema: SchemaId) -> String {
    match (plan.shapes.of(plan.contract, schema), names.root_function(plan, schema)) {
        (Some(declaration), _) => format!("validators::{}", names.function(declaration)),
        (None, Some(function)) => format!("validators::{function}"),
        (None, None) => "check_nothing".to_owned(),
    }
}

struct Emitter<'p> {
    plan: &'p Plan<'p>,
    names: &'p Names,
    headers: &'p Headers<'p>,
    parameters: &'p Parameters<'p>,
    schemes: &'p Schemes,
}

impl Emitter<'_> {
    fn operation(&self, call: &Call<'_>, code: &mut String) {
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
        self.response(call, code);
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
                Content::Bytes => "incoming.bytes()".to_owned(),
            };
            let read = if *required { read } else { format!("if incoming.has_body() {{ Some({read}) }} else {{ None }}") };
            let _ = writeln!(fields, "{field}: {read},");
        }
        let _ = writeln!(code, "fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {{\nOk(Self {{\n{fields}}})\n}}");
    }

    fn response(&self, call: &Call<'_>, code: &mut String) {
        let name = &call.response_name;
        let _ = writeln!(code, "/// What [`{}`] may answer.\n#[derive(Clone, Debug, PartialEq)]\npub enum {name} {{", call.type_name);
        for variant in &call.variants {
            let described = if variant.response.description.is_empty() { "No description." } else { &variant.response.description };
            let headers = self.headers.docs(variant.response);
            code.push_str(&docs(&format!("{}: {described}{headers}", variant.response.status.text())));
            let _ = writeln!(code, "{},", variant.declaration());
        }
        let _ = writeln!(
            code,
            "/// A status that the contract does not declare.\nUndeclared {{\n{STATUS_FIELD}\n/// The body as it came.\nbody: Vec<u8>,\n}},\n}}\n"
        );
        let (mut read, mut write) = (String::new(), String::new());
        for variant in &call.variants {
            let _ = writeln!(read, "{}", variant.read_arm());
            let _ = writeln!(write, "{}", variant.write_arm());
        }
        let exhaustive = call.variants.iter().any(|variant| variant.response.status == Status::Default && !variant.guarded());
        if !exhaustive {
            let _ = writeln!(read, "_ => Self::Undeclared {{ status, body: body.to_vec() }},");
        }
        let _ = writeln!(
            code,
            "impl Outcome for {name} {{\nfn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Self, Report> {{\nOk(match status.as_u16() {{\n{read}}})\n}}\n\n\
             fn write(&self) -> Written {{\nmatch self {{\n{write}Self::Undeclared {{ status, body }} => (*status, None, body.clone()),\n}}\n}}\n\n\
             fn undeclared(status: StatusCode, body: Vec<u8>) -> Self {{\nSelf::Undeclared {{ status, body }}\n}}\n}}\n"
        );
    }
}

impl Content {
    fn ty(&self) -> &str {
        match self {
            Content::Json { ty, .. } | Content::Text { ty, .. } | Content::Form { ty, .. } => ty,
            Content::Bytes => "Vec<u8>",
        }
    }
}

impl Variant<'_> {
    fn has_status(&self) -> bool {
        !matches!(self.response.status, Status::Code(_))
    }

    /// Whether a body that is not JSON does not belong to this variant.
    fn guarded(&self) -> bool {
        self.response.media.len() > 1 && matches!(self.content, Some((_, Content::Json { .. })))
    }

    fn declaration(&self) -> String {
        match (self.has_status(), &self.content) {
            (false, None) => self.name.clone(),
            (false, Some((_, content))) => format!("{}({})", self.name, content.ty()),
            (true, None) => format!("{} {{\n{STATUS_FIELD}\n}}", self.name),
            (true, Some((media_type, content))) => {
                format!("{} {{\n{STATUS_FIELD}\n/// The body, `{media_type}`.\nbody: {},\n}}", self.name, content.ty())
            }
        }
    }

    fn read_arm(&self) -> String {
        let guard = if self.guarded() { " if has_json(headers)" } else { "" };
        let pattern = match self.response.status {
            Status::Code(code) => code.to_string(),
            Status::Range(hundreds) => format!("{hundreds}00..={hundreds}99"),
            Status::Default => "_".to_owned(),
        };
        let read = match &self.content {
            Some((_, Content::Json { check, .. })) => format!("read_json(body, {check})?"),
            Some((_, Content::Text { check, .. })) => format!("read_text(body, {check})?"),
            _ => "body.to_vec()".to_owned(),
        };
        let name = &self.name;
        let value = match (self.has_status(), &self.content) {
            (false, None) => format!("Self::{name}"),
            (false, Some(_)) => format!("Self::{name}({read})"),
            (true, None) => format!("Self::{name} {{ status }}"),
            (true, Some(_)) => format!("Self::{name} {{ status, body: {read} }}"),
        };
        format!("{pattern}{guard} => {value},")
    }

    fn write_arm(&self) -> String {
        let name = &self.name;
        let (pattern, status) = match (self.response.status, &self.content) {
            (Status::Code(code), None) => (format!("Self::{name}"), format!("{code}u16")),
            (Status::Code(code), Some(_)) => (format!("Self::{name}(body)"), format!("{code}u16")),
            (_, None) => (format!("Self::{name} {{ status }}"), "status".to_owned()),
            (_, Some(_)) => (format!("Self::{name} {{ status, body }}"), "status".to_owned()),
        };
        match &self.content {
            None => format!("{pattern} => empty({status}),"),
            Some((media_type, Content::Json { .. })) => format!("{pattern} => json({status}, {media_type:?}, body),"),
            Some((media_type, Content::Text { .. })) => format!("{pattern} => text({status}, {media_type:?}, body),"),
            Some((media_type, Content::Bytes | Content::Form { .. })) => format!("{pattern} => bytes({status}, {media_type:?}, body),"),
        }
    }
}

pub fn operation_docs(operation: &Operation) -> String {
    let mut text = operation.summary.clone().map(|summary| format!("{}.", summary.trim_end_matches('.'))).unwrap_or_default();
    let _ = write!(text, "\n\n`{} {}`", operation.method.name().to_ascii_uppercase(), operation.path);
    if let Some(description) = &operation.description {
        let _ = write!(text, "\n\n{description}");
    }
    if operation.deprecated {
        text.push_str("\n\nDeprecated.");
    }
    text.trim().to_owned()
}

/// Code for a field that may be optional.
fn optional(required: bool, field: &str, write: &dyn Fn(&str) -> String) -> String {
    if required { write(&format!("&self.{field}")) } else { format!("if let Some(value) = &self.{field} {{\n{}}}\n", write("value")) }
}

fn method(required: bool) -> &'static str {
    if required { "required" } else { "optional" }
}
