//! Calls the server of Express with the generated Rust client.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::parcels::client::Client;
use super::parcels::headers;
use super::parcels::operations::{self, security};
use super::parcels::runtime::http::{CallError, Credentials, File};
use super::parcels::types::{GetBrokenHow, State};

type Caller = Client<reqwest::Client, Credentials>;

pub async fn call(url: &str) {
    let with = |credentials: Credentials| Client::new(url, reqwest::Client::new()).with_hooks(credentials);
    let usual = with(Credentials::new().secret(security::API_KEY, "k3y").secret(security::BEARER, "t0ken"));
    parameters(&usual).await;
    let id = parcels(&usual, &with(Credentials::new().secret(security::API_KEY, "wrong"))).await;
    photos(&with(Credentials::new().secret(security::SESSION, "a;b=c ü")), id).await;
    photos(&with(Credentials::new().secret(security::QUERY_KEY, "k & y")), id).await;
    bodies(&usual, id).await;

    let call = operations::RemoveParcel { id };
    let half = with(Credentials::new().secret(security::BEARER, "t0ken"));
    let rejected = half.remove_parcel(&call).await.expect("an answer").body;
    assert!(matches!(&rejected, operations::RemoveParcelResponse::Status4xx { status, .. } if status.as_u16() == 401), "{rejected:?}");
    let removed = with(Credentials::new().basic(security::BASIC, "ana", "pä:ss")).remove_parcel(&call).await.expect("an answer").body;
    assert!(matches!(removed, operations::RemoveParcelResponse::NoContent), "{removed:?}");
    let gone = usual.get_parcel(&operations::GetParcel { id }).await.expect("an answer").body;
    assert!(matches!(&gone, operations::GetParcelResponse::NotFound(problem) if problem.message == "no such parcel"), "{gone:?}");
    broken(&usual).await;
}

/// A value of a generated type.
fn of<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the contract allows it")
}

async fn parameters(client: &Caller) {
    let mut sent = json!({
        "states": ["lost & found", "packed"], "ids": [3, 1, 2], "zones": ["Nord", "Süd"], "marks": ["a&b", "名"],
        "size": { "min": 1, "max": 20 }, "span": { "from": "2024-02-29", "to": "2024-03-01" },
        "place": { "city": "Köln & Bonn", "zip": "50667" }, "filter": { "any": ["a,b", "c&d=e+f"], "not": null },
        "text": "a+b c&d=e%41 ü/?#名", "link": "https://example.com/a?b=c:d@e", "urgent": false, "weight": 0.5,
        "trace": "a, b", "hops": [1, 2, 3], "session": "s 1;ü"
    });
    let value = |name: &str| sent[name].clone();
    let call = operations::ListParcels {
        states: of(value("states")),
        ids: of(value("ids")),
        zones: of(value("zones")),
        marks: of(value("marks")),
        size: of(value("size")),
        span: of(value("span")),
        place: of(value("place")),
        filter: of(value("filter")),
        text: of(value("text")),
        link: of(value("link")),
        urgent: of(value("urgent")),
        weight: of(value("weight")),
        since: Some("2024-02-29T12:30:00.5+02:00".to_owned()),
        x_trace: of(value("trace")),
        x_hops: of(value("hops")),
        session: of(value("session")),
    };
    let reply = client.list_parcels(&call).await.expect("an answer");
    assert_eq!(reply.header(&headers::X_TOTAL), Ok(Some(0)));
    assert_eq!(reply.header(&headers::X_HOPS), Ok(Some(vec![1, 2, 3])));
    let operations::ListParcelsResponse::Ok(seen) = reply.body else { panic!("not listed: {:?}", reply.body) };
    // The same instant, because the validator may have turned it into a `Date`.
    let instants = ["2024-02-29T12:30:00.5+02:00", "2024-02-29T10:30:00.500Z"];
    assert!(seen.since.as_deref().is_some_and(|since| instants.contains(&since)), "{:?}", seen.since);
    sent["since"] = json!(seen.since);
    assert_eq!(serde_json::to_value(&seen).expect("JSON"), sent);
}

async fn parcels(client: &Caller, intruder: &Caller) -> i64 {
    let parts = json!([{ "kind": "letter", "pages": 2 }, { "kind": "box", "size": { "max": 4 } }]);
    let parcel = json!({ "name": "Pu-Erh", "state": "packed", "grams": 9_007_199_254_740_991_i64, "note": null, "parts": parts });
    let mut call = operations::AddParcel { body: of(parcel.clone()) };
    call.body.secret = Some("s".to_owned());
    let reply = client.add_parcel(&call).await.expect("an answer");
    let operations::AddParcelResponse::Created(added) = &reply.body else { panic!("not added: {:?}", reply.body) };
    assert_eq!((&added.state, &added.parts, &added.note), (&State::Packed, &of(parcel["parts"].clone()), &Some(None)));
    assert_eq!(reply.header(&headers::LOCATION), Ok(Some(format!("/parcels/{}", added.id))));
    let again = client.add_parcel(&call).await.expect("an answer").body;
    assert!(matches!(&again, operations::AddParcelResponse::Conflict(text) if text == "there is a parcel \"Pu-Erh\""), "{again:?}");

    call.body.name = "Oolong".to_owned();
    let rejected = intruder.add_parcel(&call).await.expect("an answer").body;
    assert!(matches!(&rejected, operations::AddParcelResponse::Status4xx { status, .. } if status.as_u16() == 401), "{rejected:?}");
    call.body.name = "O".to_owned();
    assert!(matches!(client.add_parcel(&call).await, Err(CallError::Request(_))), "a name that is too short is not sent");
    added.id
}

async fn photos(client: &Caller, id: i64) {
    let content = vec![137, 80, 78, 71, 13, 10, 0, 255];
    let photo = File::new("a \"b\" ü.png", content.clone()).with_media_type("image/png");
    let body = operations::AddPhotoBody { photo, caption: Some("ü\r\n--x".to_owned()) };
    let kept = client.add_photo(&operations::AddPhoto { id, body }).await.expect("an answer").body;
    let operations::AddPhotoResponse::Created(kept) = kept else { panic!("not kept: {kept:?}") };
    assert_eq!((kept.name.as_str(), kept.bytes, kept.caption.as_deref()), ("a \"b\" ü.png", 8, Some("ü\r\n--x")));
    let found = client.get_photo(&operations::GetPhoto { id }).await.expect("an answer").body;
    assert!(matches!(&found, operations::GetPhotoResponse::Ok(found) if *found == content), "{found:?}");
}

async fn bodies(client: &Caller, id: i64) {
    // The validator decodes a list before it splits it, so no item has a comma.
    let lines = vec!["a;b".to_owned(), "c/d".to_owned(), "ü".to_owned()];
    let label = client.set_label(&operations::SetLabel { id, lines, body: "für dich\n".to_owned() }).await.expect("an answer").body;
    assert!(matches!(&label, operations::SetLabelResponse::Ok(text) if text == "a;b|c/d|ü: für dich\n"), "{label:?}");
    let way = json!({ "route": { "from": "Köln & Bonn", "to": "a/b;c=d" }, "stops": ["a.b", "c/d", "ü"] });
    let call = operations::GetRoute { route: of(way["route"].clone()), stops: of(way["stops"].clone()) };
    let seen = client.get_route(&call).await.expect("an answer").body;
    assert!(matches!(&seen, operations::GetRouteResponse::Ok(seen) if json!(seen) == way), "{seen:?}");
    let form = json!({ "to": "a&b=c ü+", "extras": ["x,y", "z"] });
    let quoted = client.quote(&operations::Quote { body: of(form.clone()) }).await.expect("an answer").body;
    assert!(matches!(&quoted, operations::QuoteResponse::Ok(seen) if json!(seen) == form), "{quoted:?}");
}

async fn broken(client: &Caller) {
    let busy = client.get_broken(&operations::GetBroken { how: GetBrokenHow::Status }).await.expect("an answer").body;
    let operations::GetBrokenResponse::Undeclared { status, body } = busy else { panic!("declared: {busy:?}") };
    assert_eq!((status.as_u16(), body.as_slice()), (503, b"<h1>busy</h1>".as_slice()));
    let nothing = client.get_broken(&operations::GetBroken { how: GetBrokenHow::Nothing }).await.expect("an answer").body;
    assert!(matches!(&nothing, operations::GetBrokenResponse::Undeclared { status, body } if status.as_u16() == 204 && body.is_empty()));
    let rejected = client.get_broken(&operations::GetBroken { how: GetBrokenHow::Reason }).await.expect("an answer");
    assert_eq!((rejected.body, rejected.raw.as_slice()), (operations::GetBrokenResponse::BadRequest, b"because".as_slice()));
    for (how, sent) in [(GetBrokenHow::Body, r#"{"id":"one","name":"a","state":"packed"}"#), (GetBrokenHow::Text, "not JSON"), (GetBrokenHow::Empty, "")] {
        let error = client.get_broken(&operations::GetBroken { how }).await.expect_err("the contract does not allow it");
        let CallError::Response(invalid) = error else { panic!("{how}: {error}") };
        assert_eq!((invalid.status.as_u16(), invalid.body.as_slice()), (200, sent.as_bytes()));
        assert_eq!(invalid.headers["x-how"], how.as_str());
    }
}
