//! Bodies of type `multipart/form-data`: the server reads what the client, browsers, curl and Python write.

#[path = "../../tests/support/no_content.rs"]
mod no_content;

use contractc::runtime::check::Types;
use contractc::runtime::http::{
    ANYTHING, File, HeaderMap, Incoming, IncomingParts, Method, Multipart, MultipartBody, Operation, Part, Parts, Rejection, Security,
    Shape, Writer,
};
use contractc::runtime::json::Json;
use contractc::runtime::report::{At, Checker, Report};
use contractc::runtime::rule::{LoadedRule, Rule};
use serde_json::{Value, json};

use no_content::NoContent;

const MEMBER: Shape = Shape::of(Types::OBJECT).members(&[("userId", Shape::TEXT)]);

/// The parts as in `operations.rs`.
static PARTS: [Part; 7] = [
    Part::file("file"),
    Part::value("name", Shape::TEXT, &ANYTHING),
    Part::value("count", Shape::INTEGER, &ANYTHING),
    Part::value("members", Shape::of(Types::ARRAY).items(&MEMBER), &ANYTHING),
    Part::value("a \"name\"", Shape::of(Types::ARRAY).items(&Shape::TEXT), &ANYTHING).of_types(&["application/json"]),
    Part::file("photos").of_counts(1, 2).of_types(&["image/png", "image/*"]),
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
        to.required_file(&PARTS[0], &self.file);
        to.required(&PARTS[1], &self.name);
        to.value(&PARTS[2], &self.count);
        to.value(&PARTS[3], &self.members);
        to.value(&PARTS[4], &self.texts);
        to.files(&PARTS[5], &self.photos);
        to.value(&PARTS[6], &self.limit);
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
    type Response = NoContent;

    fn write(&self, to: &mut Writer) {
        to.body(&self.0, MultipartBody);
    }

    fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {
        incoming.body(MultipartBody).map(Upload)
    }
}

fn received(media_type: &str, body: &[u8]) -> Result<Body, String> {
    receive::<Upload>(media_type, body).map(|upload| upload.0)
}

fn receive<O: Operation>(media_type: &str, body: &[u8]) -> Result<O, String> {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", media_type.parse().expect("a header"));
    let uri = O::PATH.parse().expect("a path");
    let incoming = Incoming::new(O::PATH, &uri, &headers, body).expect("the path is that of the operation");
    O::receive(&incoming).map_err(|rejection| rejection.report.to_string())
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
    let report = Upload(Body { photos, name: json!(""), ..Body::default() })
        .request("https://example.com")
        .expect_err("the contract does not accept it");
    assert_eq!(report.violations.len(), 1);
    assert_eq!((report.violations[0].pointer.as_str(), report.violations[0].keyword), ("/photos", "contentType"));
    let parts = "--b\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"x\"\r\nContent-Type: text/html\r\n\r\n\r\n";
    let error = received("multipart/form-data; boundary=b", form(parts).as_bytes()).expect_err("the contract does not accept it");
    assert!(error.contains("/photos has the media type \"text/html\"; expected image/png, image/*"), "{error}");
    let broken = File::new("1.png", "").with_media_type("image/png\r\nX-Injected: 1");
    let report =
        Upload(Body { file: broken, name: json!(""), ..Body::default() }).request("https://example.com").expect_err("it is no media type");
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

/// A body whose lists are required.
#[derive(Clone, Debug, PartialEq)]
struct Lists {
    tags: Value,
    files: Vec<File>,
}

static LISTS: [Part; 2] = [Part::value("tags", Shape::of(Types::ARRAY).items(&Shape::TEXT), &ANYTHING), Part::file("files")];

impl Multipart for Lists {
    fn write(&self, to: &mut Parts<'_>) {
        to.required(&LISTS[0], &self.tags);
        to.required_files(&LISTS[1], &self.files);
    }

    fn read(from: &IncomingParts<'_>) -> Result<Self, Report> {
        Ok(Lists { tags: from.required(&LISTS[0])?, files: from.required_files(&LISTS[1])? })
    }
}

impl Operation for Lists {
    const ID: &'static str = "lists";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/lists";
    const SECURITY: Security = &[];
    const ACCEPT: &'static str = "";
    type Response = NoContent;

    fn write(&self, to: &mut Writer) {
        to.body(self, MultipartBody);
    }

    fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {
        incoming.body(MultipartBody)
    }
}

#[test]
fn a_required_list_that_is_empty_is_neither_sent_nor_received() {
    let file = File::new("1.txt", "1");
    let lists = Lists { tags: json!(["a"]), files: vec![file] };
    assert!(lists.request("https://example.com").is_ok());
    for (lists, pointer) in [(Lists { tags: json!([]), ..lists.clone() }, "/tags"), (Lists { files: Vec::new(), ..lists }, "/files")] {
        let report = lists.request("https://example.com").expect_err("an empty list has no part");
        assert_eq!((report.violations[0].pointer.as_str(), report.violations[0].keyword), (pointer, "required"));
    }
    // A client that calls its parts `tags[]` gets a violation.
    let body = "--b\r\nContent-Disposition: form-data; name=\"tags[]\"\r\n\r\na\r\n--b--";
    let error = receive::<Lists>("multipart/form-data; boundary=b", body.as_bytes()).expect_err("the body has no part of that name");
    assert!(error.contains("is missing the part \"tags\""), "{error}");
}

#[test]
fn a_field_of_files_that_is_left_empty_has_no_file() {
    let left_empty =
        "--b\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n";
    let body = received("multipart/form-data; boundary=b", form(left_empty).as_bytes()).expect("no photo is needed");
    assert_eq!(body.photos, None);
}

#[test]
fn a_list_of_files_has_as_many_as_the_contract_accepts() {
    for (count, expected) in [(0, Some("has 0 files; expected at least 1")), (2, None), (3, Some("has 3 files; expected at most 2"))] {
        let photos = Some(vec![File::new("1.png", "").with_media_type("image/png"); count]);
        let sent = Upload(Body { photos, name: json!(""), ..Body::default() }).request("https://example.com");
        assert_eq!(sent.err().map(|report| report.violations[0].message.clone()).as_deref(), expected);
    }
    let photo = "--b\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"1.png\"\r\nContent-Type: image/png\r\n\r\n\r\n";
    let error = received("multipart/form-data; boundary=b", form(&photo.repeat(3)).as_bytes()).expect_err("three are too many");
    assert!(error.contains("/photos has 3 files; expected at most 2"), "{error}");
}
