//! Bodies of type `multipart/form-data`: the server reads what the client, browsers, curl and Python write.

use contractc::runtime::check::Types;
use contractc::runtime::http::{
    ANYTHING, File, HeaderMap, Incoming, IncomingParts, Method, Multipart, MultipartBody, Operation, Outcome, Part, Parts, Rejection,
    Security, Shape, StatusCode, Writer, Written,
};
use contractc::runtime::json::Json;
use contractc::runtime::report::{At, Checker, Report};
use contractc::runtime::rule::{LoadedRule, Rule};
use serde_json::{Value, json};

const MEMBER: Shape = Shape::of(Types::OBJECT).members(&[("userId", Shape::TEXT)]);

/// The parts as in `operations.rs`.
static PARTS: [Part; 7] = [
    Part::file("file"),
    Part::value("name", Shape::TEXT, &ANYTHING),
    Part::value("count", Shape::INTEGER, &ANYTHING),
    Part::value("members", Shape::of(Types::ARRAY).items(&MEMBER), &ANYTHING),
    Part::value("a \"name\"", Shape::of(Types::ARRAY).items(&Shape::TEXT), &ANYTHING).of_types(&["application/json"]),
    Part::file("photos").of_types(&["image/png", "image/*"]),
    Part::value("limit", Shape::of(Types::INTEGER.or(Types::STRING)), &LIMIT),
];

static LIMIT: Rule = Rule::Loaded(&NumberOrAll);

/// Accepts a number or the word `all`.
struct NumberOrAll;

impl LoadedRule for NumberOrAll {
    fn check(&self, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        if !matches!(value, Json::Number(_) | Json::String("all")) {
            out.violation(at, "oneOf", || "matches none of the variants".to_owned());
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Body {
    file: File,
    name: Value,
    count: Option<Value>,
    members: Option<Value>,
    texts: Option<Value>,
    photos: Option<Vec<File>>,
    limit: Option<Value>,
}

impl Multipart for Body {
    fn write(&self, to: &mut Parts<'_>) {
        to.file(&PARTS[0], Some(&self.file));
        to.value(&PARTS[1], Some(&self.name));
        to.value(&PARTS[2], self.count.as_ref());
        to.value(&PARTS[3], self.members.as_ref());
        to.value(&PARTS[4], self.texts.as_ref());
        to.files(&PARTS[5], self.photos.as_ref());
        to.value(&PARTS[6], self.limit.as_ref());
    }

    fn read(from: &IncomingParts<'_>) -> Result<Self, Report> {
        from.only(&PARTS)?;
        Ok(Body {
            file: from.required_file(&PARTS[0])?,
            name: from.required(&PARTS[1])?,
            count: from.value(&PARTS[2])?,
            members: from.value(&PARTS[3])?,
            texts: from.value(&PARTS[4])?,
            photos: from.files(&PARTS[5])?,
            limit: from.value(&PARTS[6])?,
        })
    }
}

#[derive(Debug, PartialEq)]
struct Upload(Body);

impl Operation for Upload {
    const ID: &'static str = "upload";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/upload";
    const SECURITY: Security = &[];
    const ACCEPT: &'static str = "";
    type Response = NoAnswer;

    fn write(&self, to: &mut Writer) {
        to.body(&self.0, MultipartBody);
    }

    fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {
        incoming.body(MultipartBody).map(Upload)
    }
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

fn received(media_type: &str, body: &[u8]) -> Result<Body, String> {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", media_type.parse().expect("a header"));
    let uri = "/upload".parse().expect("a path");
    let incoming = Incoming::new(Upload::PATH, &uri, &headers, body).expect("the path is that of the operation");
    Upload::receive(&incoming).map(|upload| upload.0).map_err(|rejection| rejection.report.to_string())
}

#[test]
fn the_server_reads_what_the_client_writes() {
    let bytes: Vec<u8> = (0..=255).collect();
    let tricky = b"\r\n--contract-part-00000000\r\n\r\n--contract-part-00000001--".to_vec();
    let bodies = [
        Body { name: json!("n"), ..Body::default() },
        Body {
            file: File::new("a \"b\" \r\n é%.txt", tricky).with_media_type("text/plain; charset=utf-8"),
            name: json!("line\r\nline \u{1F600}"),
            count: Some(json!(-7)),
            members: Some(json!([{ "userId": "1" }, { "userId": "ü" }])),
            texts: Some(json!(["", "\"quoted\"", "1"])),
            photos: Some(vec![File::new("1.png", bytes.clone()), File::new("2.gif", bytes).with_media_type("image/gif")]),
            limit: Some(json!(5)),
        },
        Body { name: json!(""), limit: Some(json!("all")), ..Body::default() },
        Body { name: json!(""), members: Some(json!([{ "userId": "1" }])), ..Body::default() },
    ];
    for mut body in bodies {
        let request = Upload(body.clone()).request("https://example.com").expect("the body can be sent");
        let media_type = request.headers()["content-type"].to_str().expect("text").to_owned();
        // A file without a media type is sent with the first type that the contract names.
        body.file.name.get_or_insert("blob".to_owned());
        body.file.media_type.get_or_insert("application/octet-stream".to_owned());
        body.photos.iter_mut().flatten().for_each(|photo| _ = photo.media_type.get_or_insert("image/png".to_owned()));
        assert_eq!(received(&media_type, request.body()), Ok(body));
    }
}

#[test]
fn a_file_of_another_media_type_is_rejected_on_both_sides() {
    let photos = Some(vec![File::new("1.pdf", "").with_media_type("application/pdf")]);
    let report = Upload(Body { photos, ..Body::default() }).request("https://example.com").expect_err("the contract does not accept it");
    assert_eq!(report.violations.len(), 1);
    assert_eq!((report.violations[0].pointer.as_str(), report.violations[0].keyword), ("/photos", "contentType"));
    let parts = "--b\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"x\"\r\nContent-Type: text/html\r\n\r\n\r\n";
    let error = received("multipart/form-data; boundary=b", form(parts).as_bytes()).expect_err("the contract does not accept it");
    assert!(error.contains("/photos has the media type \"text/html\"; expected image/png, image/*"), "{error}");
    let broken = File::new("1.png", "").with_media_type("image/png\r\nX-Injected: 1");
    let report = Upload(Body { file: broken, ..Body::default() }).request("https://example.com").expect_err("it is no media type");
    assert_eq!(report.violations[0].keyword, "contentType");
}

/// The parts that every body must have, and others.
fn form(others: &str) -> String {
    format!(
        "preamble\r\n--b  \r\ncontent-disposition: form-data; name=file; filename=\"C:\\x\\\"y.txt\"\r\n\r\nabc\r\n\
         --b\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n\r\n{others}--b--\r\nepilogue"
    )
}

#[test]
fn the_server_reads_what_others_write() {
    let parts = "--b\r\nContent-Disposition: form-data; name=\"a %22name%22\"\r\nContent-Type: application/json\r\n\r\n[\"x\", \"y\"]\r\n\
        --b\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"x\"; filename*=UTF-8''na%C3%AFve.png\r\nContent-Type: IMAGE/PNG\r\n\r\n\r\n";
    let body = received("multipart/form-data; charset=utf-8; boundary=\"b\"", form(parts).as_bytes()).expect("it is valid");
    assert_eq!(body.file, File { name: Some("C:\\x\"y.txt".to_owned()), media_type: None, content: b"abc".to_vec() });
    assert_eq!((body.name, body.texts), (json!(""), Some(json!(["x", "y"]))));
    let photo = File { name: Some("naïve.png".to_owned()), media_type: Some("IMAGE/PNG".to_owned()), content: Vec::new() };
    assert_eq!(body.photos, Some(vec![photo]));
}

#[test]
fn what_is_no_form_is_rejected_with_a_reason() {
    let media_type = "multipart/form-data; boundary=b";
    let file = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\r\n";
    for (media_type, body, expected) in [
        ("application/json", "{}", "expected multipart/form-data"),
        ("multipart/form-data", "--b--", "has a media type without a boundary"),
        (media_type, "", "does not contain its boundary"),
        (media_type, "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc", "has a part that does not end with the boundary"),
        (media_type, "--b\r\n\r\nabc\r\n--b--", "has a part without a name"),
        (media_type, "--bc\r\n\r\nabc\r\n--b--", "has a boundary that does not end its line"),
        (media_type, "--b--", "is missing the part \"file\""),
        (media_type, &format!("{file}--b--"), "is missing the part \"name\""),
        (media_type, &form("--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n\r\n"), "/other is not declared"),
        (
            media_type,
            &form("--b\r\nContent-Disposition: form-data; name=\"members\"\r\nContent-Type: application/json\r\n\r\n{\r\n"),
            "/members",
        ),
    ] {
        let error = received(media_type, body.as_bytes()).expect_err(body);
        assert!(error.contains(expected), "{body}: {error}");
    }
}
