//! How parameters are written and read: one table of every style, with what the Rust client sends and the Rust server reads. The TypeScript
//! client is tested with the same table. `docs/wire.md` is the table for people: `INSTA_UPDATE=always cargo test wire` updates it.

use std::fmt::Write as _;
use std::path::Path;

use contractc::Compilation;
use contractc::interpret::validate;
use contractc::model::{Contract, SchemaId, TextShape};
use contractc::runtime::check::Types;
use contractc::runtime::http::{
    HeaderMap, Incoming, Method, Operation, Outcome, Parameter, Place, Rejection, Request, Security, Shape, StatusCode, Writer, Written,
};
use contractc::runtime::json::Json;
use contractc::runtime::report::{At, Checker, Report};
use contractc::runtime::rule::{LoadedRule, Rule};
use serde_json::{Value, json};

/// An operation with one parameter. The path depends on whether that is a path parameter.
struct Call<const IN_PATH: bool> {
    parameter: Parameter,
    value: Value,
}

struct NoAnswer;

impl Outcome for NoAnswer {
    fn read(_: StatusCode, _: &HeaderMap, _: &[u8]) -> Result<Self, Report> {
        Ok(NoAnswer)
    }

    fn write(&self) -> Written {
        (StatusCode::NO_CONTENT, None, Vec::new())
    }

    fn undeclared(_: StatusCode, _: Vec<u8>) -> Self {
        NoAnswer
    }
}

impl<const IN_PATH: bool> Operation for Call<IN_PATH> {
    const ID: &'static str = "call";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = if IN_PATH { "/p/{v}" } else { "/p" };
    const SECURITY: Security = &[];
    const ACCEPT: &'static str = "";
    type Response = NoAnswer;

    fn write(&self, to: &mut Writer) {
        if IN_PATH {
            to.required(&self.value, &self.parameter);
        } else {
            to.optional(&Some(self.value.clone()), &self.parameter);
        }
    }

    fn receive(_: &Incoming<'_>) -> Result<Self, Rejection> {
        Err(Rejection::new(StatusCode::NOT_FOUND, Report::new("path", "is not served")))
    }
}

/// An exploded object of any members in the query, next to a parameter `limit`.
fn open_parameter() -> Parameter {
    static ANYTHING: Rule = Rule::Any;
    let shape = Shape::of(Types::OBJECT).others(&Shape::TEXT).besides(&["limit"]);
    Parameter::new(Place::Query, "v", shape, &ANYTHING)
}

#[test]
fn members_of_an_open_object_do_not_repeat_another_parameter() {
    let send = |value: Value| Call::<false> { parameter: open_parameter(), value }.request("https://example.com");
    for name in ["limit", "limit[from]"] {
        let report = send(json!({ "a": "1", name: "7" })).expect_err("`limit` is a parameter of its own");
        assert_eq!(report.violations[0].pointer, "/query/v");
        assert_eq!(report.violations[0].message, format!("has the member \"{name}\", which is also a separate parameter"));
    }
    let request = send(json!({ "a": "1" })).expect("a member of its own");
    assert_eq!(request.uri().query(), Some("a=1"));
}

#[test]
fn members_of_another_parameter_are_not_read_as_those_of_an_open_object() {
    let uri = "https://example.com/p?a=1&limit=7&limit[from]=2&b[c]=3".parse().expect("a URL");
    let headers = HeaderMap::new();
    let incoming = Incoming::new(Call::<false>::PATH, &uri, &headers, &[]).expect("the path");
    let read = incoming.optional::<Value>(&open_parameter()).unwrap_or_else(|rejection| panic!("{rejection:?}"));
    assert_eq!(read, Some(json!({ "a": "1", "b[c]": "3" })));
}

#[test]
fn parameters_are_sent_and_read_as_the_table_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(folder.join("tests/wire/table.json")).expect("the table");
    let rows: Vec<Value> = serde_json::from_str(&text).expect("the table is JSON");
    let mut page = String::from(HEAD);
    let mut place = String::new();
    let mut wrong = Vec::new();
    for row in &rows {
        let (sent, read) = exchange(row);
        let expected_read = row.get("read").unwrap_or(&row["value"]);
        let expected = if row["refused"] == true { None } else { Some((&row["sent"], expected_read)) };
        let found = sent.as_ref().ok().map(|sent| (sent, &read));
        if found != expected {
            wrong.push(format!("{row}\n  sent {sent:?}, read {read}"));
        }
        if row["in"] != place.as_str() {
            place = row["in"].as_str().expect("a place").to_owned();
            let _ = write!(page, "\n## In a {place}\n\n{COLUMNS}");
        }
        line(&mut page, row, &sent, &read);
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    let path = folder.join("docs/wire.md");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|mode| mode == "always") {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "docs/wire.md differs from the table: INSTA_UPDATE=always cargo test wire");
}

const HEAD: &str = "# Parameters on the wire

What both generated clients send for a parameter `v`, and what the generated server reads. The rules are those of OpenAPI 3.1 and RFC 6570:
items are percent-encoded, then joined. A test makes this page; the Rust client, the TypeScript client and the server share its table.

- A text is of the first kind that the schema accepts: a number or boolean that is written so, then a string. `5` is a number where the schema accepts
  numbers and some words; where it accepts both `5` and `\"5\"`, a warning says so. A schema without `type` has the type that its keywords are about.
- Null is an undefined value, and so is an empty list or object: nothing is sent. A required parameter with such a value is rejected.
- *Rejected* means that the client reports a violation and sends nothing, because the server could not read the value as it is.
- The segments `.` and `..` of a path are rejected: every URL parser removes them, even percent-encoded.
- Of two parameters in one segment, as in `{name}.{ext}`, the first has the character that begins the text between them percent-encoded: `a.b` is
  sent as `a%2Eb`. It is rejected where the character separates its items.
- A header carries its value as it is, without percent-encoding, and without line breaks, other than ASCII, or a comma in an item of a list.
- A cookie has one pair for each item of an exploded list.
- `allowReserved` keeps the reserved characters that do not structure a query, and percent-encoded bytes.
- The server accepts `+` for a space in a query, and `%2C` for a comma in a list whose items cannot contain one.
- Query parameters that the contract does not declare are ignored.
";

const COLUMNS: &str = "| style | explode | schema | value | sent | read |\n|---|---|---|---|---|---|\n";

fn line(page: &mut String, row: &Value, sent: &Result<Value, Report>, read: &Value) {
    let code = |text: &str| format!("`{}`", text.replace('|', "\\|").replace('\n', "\\n").replace('\r', "\\r"));
    let reserved = if row["allowReserved"] == true { " `allowReserved`" } else { "" };
    let (schema, value) = (&row["schema"], row["value"].to_string());
    let kind = match &schema["type"] {
        Value::String(kind) if kind == "array" && schema["items"]["type"].is_string() => {
            format!("array of {}", schema["items"]["type"].as_str().unwrap_or_default())
        }
        Value::String(kind) if schema.as_object().is_some_and(|schema| schema.len() == 1 || schema.contains_key("properties")) => {
            kind.clone()
        }
        Value::Array(_) => "string or null".to_owned(),
        _ => code(&schema.to_string()),
    };
    let (style, explode) = (row["style"].as_str().unwrap_or_default(), &row["explode"]);
    let sent = match sent {
        Ok(Value::String(text)) if text.is_empty() => "an empty text".to_owned(),
        Ok(Value::String(text)) => code(text),
        Ok(_) => "nothing".to_owned(),
        Err(report) => format!("*rejected*: {}", report.violations[0].message.replace('|', "\\|")),
    };
    let same = if sent.starts_with('*') || sent == "nothing" {
        String::new()
    } else if *read == row["value"] {
        "the value".to_owned()
    } else {
        code(&read.to_string())
    };
    let _ = writeln!(page, "| {style}{reserved} | {explode} | {kind} | {} | {sent} | {same} |", code(&value));
}

/// Sends the value of a row, and returns the text of the parameter and what the server reads.
fn exchange(row: &Value) -> (Result<Value, Report>, Value) {
    let parameter = parameter(row);
    let in_path = row["in"] == "path";
    let value = row["value"].clone();
    let written = if in_path {
        Call::<true> { parameter, value }.request("https://example.com/base")
    } else {
        Call::<false> { parameter, value }.request("https://example.com/base")
    };
    let request = match written {
        Ok(request) => request,
        Err(report) => return (Err(report), Value::Null),
    };
    let sent = sent(&request, row["in"].as_str().expect("a place"));
    // The URL parser of the transport keeps the path and the query.
    let url = reqwest::Url::parse(&request.uri().to_string()).expect("a URL");
    assert_eq!((url.path(), url.query()), (request.uri().path(), request.uri().query()), "{row}");
    let uri: http::Uri = request.uri().to_string().replace("https://example.com/base", "https://example.com").parse().expect("a URL");
    let template = if in_path { Call::<true>::PATH } else { Call::<false>::PATH };
    let incoming = Incoming::new(template, &uri, request.headers(), &[]).unwrap_or_else(|| panic!("{row}: {uri} does not match"));
    let read = incoming.optional::<Value>(&parameter).unwrap_or_else(|rejection| panic!("{row}: {rejection:?}"));
    (Ok(sent), read.unwrap_or(Value::Null))
}

fn sent(request: &Request, place: &str) -> Value {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().expect("ASCII").to_owned());
    let text = match place {
        "path" => request.uri().path().strip_prefix("/base/p/").map(str::to_owned),
        "query" => request.uri().query().map(str::to_owned),
        "header" => header("v"),
        _ => header("cookie"),
    };
    json!(text)
}

/// The parameter of a row, as the compiler understands it.
fn parameter(row: &Value) -> Parameter {
    let mut declared = json!({ "name": "v", "in": row["in"], "required": row["in"] == "path" });
    if row["style"] == "json" {
        declared["content"] = json!({ "application/json": { "schema": row["schema"] } });
    } else {
        for key in ["style", "explode", "schema", "allowReserved"] {
            if let Some(value) = row.get(key) {
                declared[key] = value.clone();
            }
        }
    }
    let path = if row["in"] == "path" { "/p/{v}" } else { "/p" };
    let operation = json!({ "parameters": [declared], "responses": { "204": { "description": "Done." } } });
    let document = json!({ "openapi": "3.1.0", "info": { "title": "Wire", "version": "1" }, "paths": { path: { "get": operation } } });
    let compilation = Compilation::from_text("wire.json", document.to_string().as_bytes());
    // Schemas without `type` are among the rows.
    assert!(compilation.render().is_empty() || row["schema"].get("type").is_none(), "{row}: {}", compilation.render());
    let contract: &Contract = compilation.contract.as_ref().expect("the document is valid");
    let model = &contract.operations[0].parameters[0];
    let (shape, schema, encoding) = (leaked(&contract.text_shape(model.schema)), model.schema, model.encoding);
    let rule: &'static Accepted = Box::leak(Box::new(Accepted { compilation, schema }));
    let check: &'static Rule = Box::leak(Box::new(Rule::Loaded(rule)));
    let parameter = Parameter::new(encoding.place, "v", shape, check).style(encoding.style, encoding.explode);
    if encoding.reserved { parameter.reserved() } else { parameter }
}

/// The values that a schema accepts, according to the compiler.
struct Accepted {
    compilation: Compilation,
    schema: SchemaId,
}

impl LoadedRule for Accepted {
    fn check(&self, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        let contract = self.compilation.contract.as_ref().expect("the document is valid");
        let Err(report) = validate(contract, self.schema, value.to_text().as_bytes()) else { return };
        for violation in report.violations {
            let step = violation.pointer.strip_prefix('/').unwrap_or_default();
            let within = match value {
                Json::Array(_) if !step.is_empty() => at.item(step.parse().expect("an index")),
                _ if !step.is_empty() => at.member(step),
                _ => at,
            };
            out.violation(within, violation.keyword, || violation.message);
        }
    }
}

/// The shape as in generated code, where it lives as long as the program.
fn leaked(text: &TextShape) -> Shape {
    let kept = |inner: &TextShape| -> &'static Shape { Box::leak(Box::new(leaked(inner))) };
    let members: Vec<(&'static str, Shape)> =
        text.members.iter().map(|(name, member)| (&*Box::leak(name.clone().into_boxed_str()), leaked(member))).collect();
    let mut shape = Shape::of(text.types).members(Box::leak(members.into_boxed_slice()));
    let places: Vec<Shape> = text.places.iter().map(leaked).collect();
    shape = shape.places(Box::leak(places.into_boxed_slice()));
    shape.items = text.items.as_deref().map(kept);
    shape.others = text.others.as_deref().map(kept);
    shape
}
