//! The enums of responses in `operations.rs`.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::calls::{Call, Content, Variant};
use super::docs;
use super::headers::Headers;
use crate::model::Status;

const STATUS_FIELD: &str = "/// Which status it is.\nstatus: StatusCode,";

/// The code of the responses of all operations. One enum serves operations that answer alike; it has the name of the first of them, and
/// the others have an alias.
pub fn emit(calls: &[Call<'_>], headers: &Headers<'_>) -> Vec<String> {
    let mut known: BTreeMap<Answers, &Call<'_>> = BTreeMap::new();
    let item = |call| {
        let answers = Answers::of(call, headers);
        let code = match known.get(&answers) {
            Some(first) => {
                let (name, first_name) = (&call.response_name, &first.response_name);
                format!("/// What [`{}`] may answer, like [`{}`].\npub type {name} = {first_name};\n\n", call.type_name, first.type_name)
            }
            None => answers.declaration(call),
        };
        known.entry(answers).or_insert(call);
        code
    };
    calls.iter().map(item).collect()
}

/// The possible answers of an operation, as code that does not name the operation.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Answers {
    variants: String,
    implementation: String,
}

impl Answers {
    fn of(call: &Call<'_>, headers: &Headers<'_>) -> Self {
        let (mut variants, mut read, mut write) = (String::new(), String::new(), String::new());
        for variant in &call.variants {
            let described = if variant.response.description.is_empty() { "No description." } else { &variant.response.description };
            let headers = headers.docs(variant.response);
            variants.push_str(&docs(&format!("{}: {described}{headers}", variant.response.status.text())));
            let _ = writeln!(variants, "{},", variant.declaration());
            let _ = writeln!(read, "{}", variant.read_arm());
            let _ = writeln!(write, "{}", variant.write_arm());
        }
        let exhaustive = call.variants.iter().any(|variant| variant.response.status == Status::Default && variant.guards().is_empty());
        if !exhaustive {
            let _ = writeln!(read, "_ => Self::Undeclared {{ status, body: body.to_vec() }},");
        }
        let implementation = format!(
            "fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Self, Report> {{\nOk(match status.as_u16() {{\n{read}}})\n}}\n\n\
             fn write(&self) -> Written {{\nmatch self {{\n{write}Self::Undeclared {{ status, body }} => (*status, None, body.clone()),\n}}\n}}\n\n\
             fn undeclared(status: StatusCode, body: Vec<u8>) -> Self {{\nSelf::Undeclared {{ status, body }}\n}}\n"
        );
        Answers { variants, implementation }
    }

    fn declaration(&self, call: &Call<'_>) -> String {
        let (Answers { variants, implementation }, name) = (self, &call.response_name);
        format!(
            "/// What [`{}`] may answer.\n#[derive(Clone, Debug, PartialEq)]\npub enum {name} {{\n{variants}\
             /// A status that the contract does not declare.\nUndeclared {{\n{STATUS_FIELD}\n/// The body as it came.\nbody: Vec<u8>,\n}},\n}}\n\n\
             impl Outcome for {name} {{\n{implementation}}}\n\n",
            call.type_name
        )
    }
}

impl Variant<'_> {
    fn has_status(&self) -> bool {
        !matches!(self.response.status, Status::Code(_))
    }

    /// What a response of this status must fulfil to belong to this variant.
    fn guards(&self) -> Vec<&'static str> {
        let is_json = self.response.media.len() > 1 && matches!(self.content, Some((_, Content::Json { .. })));
        let covers_empty = matches!(self.response.status, Status::Range(2 | 3) | Status::Default);
        let guards = [(is_json, "has_json(headers)"), (covers_empty && self.content.is_some(), "has_body(status)")];
        guards.into_iter().filter_map(|(applies, guard)| applies.then_some(guard)).collect()
    }

    fn declaration(&self) -> String {
        match (self.has_status(), &self.content) {
            (false, None) => self.name.clone(),
            (false, Some((_, content))) => format!("{}({})", self.name, content.ty()),
            (true, None) => format!("{} {{\n{STATUS_FIELD}\n}}", self.name),
            (true, Some((media_type, content))) => {
                let about = super::docs(&format!("The body, `{media_type}`."));
                format!("{} {{\n{STATUS_FIELD}\n{about}body: {},\n}}", self.name, content.ty())
            }
        }
    }

    fn read_arm(&self) -> String {
        let guards = self.guards().join(" && ");
        let guard = if guards.is_empty() { guards } else { format!(" if {guards}") };
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
            // A range is not a media type: the server sets one as a header.
            Some((media_type, _)) if media_type.contains('*') => {
                format!("{pattern} => bytes({status}, \"application/octet-stream\", body),")
            }
            Some((media_type, _)) => format!("{pattern} => bytes({status}, {media_type:?}, body),"),
        }
    }
}
