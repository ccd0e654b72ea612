//! The Rust side of the interop tests: `interop client URL` and `interop express URL` call servers with generated clients, and `interop server`
//! serves the generated routes and prints its port.

#[allow(dead_code, unused_imports, reason = "generated as the whole of a crate")]
mod api;
mod express;
#[allow(dead_code, unused_imports, reason = "generated as the whole of a crate")]
mod parcels;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use api::client::Client;
use api::operations::{self, security};
use api::runtime::http::{Credential, Credentials, Reply, receive_credentials};
use api::types::{Echo, Kind, NewPet, Pet, Problem};
use http::request::Parts;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["client", url] => runtime.block_on(client(url)),
        ["express", url] => runtime.block_on(express::call(url)),
        ["server"] => runtime.block_on(server()),
        _ => panic!("usage: interop client URL | interop express URL | interop server"),
    }
}

fn new_pet(name: &str) -> NewPet {
    let tags = Some(vec!["a,b".to_owned(), "ü & 名".to_owned()]);
    NewPet { name: name.into(), kind: Kind::Dog, born: Some(Some("2020-02-29".into())), tags, weight: None, unknown: BTreeMap::new() }
}

async fn client(url: &str) {
    let secrets = |key: &str| {
        Credentials::new().secret(security::API_KEY_HEADER, key).secret(security::HTTP_BEARER, "t0ken")
    };
    let client = Client::new(url, reqwest::Client::new()).with_hooks(secrets("s3cret"));
    let added = client.add_pet(&operations::AddPet { body: new_pet("Rex") }).await.expect("an answer").body;
    let operations::AddPetResponse::Created(pet) = added else { panic!("not added: {added:?}") };
    assert_eq!((pet.name.as_str(), &pet.kind, pet.tags.clone()), ("Rex", &Kind::Dog, new_pet("Rex").tags));

    let intruder = Client::new(url, reqwest::Client::new()).with_hooks(secrets("wrong"));
    let rejected = intruder.add_pet(&operations::AddPet { body: new_pet("Rex") }).await.expect("an answer").body;
    assert!(matches!(rejected, operations::AddPetResponse::Unauthorized(_)), "{rejected:?}");
    assert!(client.add_pet(&operations::AddPet { body: new_pet("R") }).await.is_err(), "a name that is too short is not sent");

    let kinds = Some(Some(vec![Kind::Cat, Kind::Dog]));
    let listed = client.list_pets(&operations::ListPets { kind: kinds, limit: Some(5) }).await.expect("an answer");
    assert_eq!(listed.headers.get("x-total").and_then(|total| total.to_str().ok()), Some("1"));
    let operations::ListPetsResponse::Ok(listed) = listed.body else { panic!("not listed") };
    assert_eq!(listed, [pet.clone()]);

    let text = "a/b?c=d;e,ü 名%41".to_owned();
    let call = operations::EchoCall {
        text: text.replace('/', "-"),
        words: Some(vec!["a,b".into(), "c d&e=f".into(), "名".into()]),
        when: Some(Some("2024-02-29T12:30:00.5+02:00".into())),
        x_trace: Some(Some("a, b".into())),
        session: Some(Some("s1".into())),
    };
    let echoed = client.echo(&call).await.expect("an answer").body;
    let operations::EchoCallResponse::Ok(echo) = echoed else { panic!("not echoed: {echoed:?}") };
    assert_eq!((echo.text, Some(echo.words), Some(echo.trace)), (call.text, call.words, call.x_trace));
    assert_eq!((echo.session, echo.when.is_some()), (Some("s1".to_owned()), true));

    let removed = client.remove_pet(&operations::RemovePet { id: pet.id }).await.expect("an answer").body;
    assert!(matches!(removed, operations::RemovePetResponse::NoContent), "{removed:?}");
    let gone = client.get_pet(&operations::GetPet { id: pet.id }).await.expect("an answer").body;
    assert!(matches!(&gone, operations::GetPetResponse::NotFound(problem) if problem.detail == "no such pet"), "{gone:?}");
}

#[derive(Default)]
struct Pets(Mutex<BTreeMap<i64, Pet>>);

fn problem(detail: &str) -> Problem {
    Problem { detail: detail.to_owned(), unknown: BTreeMap::new() }
}

/// Whether a request has this secret for one of the operation's schemes.
fn has_secret<O: api::runtime::http::Operation>(parts: &Parts, secret: &str) -> bool {
    let found = receive_credentials(O::SECURITY, &parts.uri, &parts.headers).unwrap_or_default();
    found.iter().any(|(_, credential)| *credential == Credential::Secret(secret.to_owned()))
}

impl api::server::Api for Pets {
    async fn add_pet(&self, parts: Parts, call: operations::AddPet) -> Reply<operations::AddPetResponse> {
        if !has_secret::<operations::AddPet>(&parts, "s3cret") {
            return operations::AddPetResponse::Unauthorized(problem("wrong key")).into();
        }
        let NewPet { name, kind, born, tags, weight, unknown } = call.body;
        let mut pets = self.0.lock().expect("no panic");
        let pet = Pet { id: pets.len() as i64 + 1, name, kind, born, tags, weight, unknown };
        pets.insert(pet.id, pet.clone());
        operations::AddPetResponse::Created(pet).into()
    }

    async fn list_pets(&self, _: Parts, call: operations::ListPets) -> Reply<operations::ListPetsResponse> {
        let kinds = call.kind.flatten();
        let pets = self.0.lock().expect("no panic");
        let found = pets.values().filter(|pet| kinds.as_ref().is_none_or(|kinds| kinds.contains(&pet.kind)));
        operations::ListPetsResponse::Ok(found.take(call.limit.unwrap_or(10) as usize).cloned().collect()).into()
    }

    async fn get_pet(&self, _: Parts, call: operations::GetPet) -> Reply<operations::GetPetResponse> {
        match self.0.lock().expect("no panic").get(&call.id) {
            Some(pet) => operations::GetPetResponse::Ok(pet.clone()).into(),
            None => operations::GetPetResponse::NotFound(problem("no such pet")).into(),
        }
    }

    async fn remove_pet(&self, parts: Parts, call: operations::RemovePet) -> Reply<operations::RemovePetResponse> {
        let is_known = has_secret::<operations::RemovePet>(&parts, "t0ken");
        match self.0.lock().expect("no panic").remove(&call.id).filter(|_| is_known) {
            Some(_) => operations::RemovePetResponse::NoContent.into(),
            None => operations::RemovePetResponse::NotFound(problem("no such pet")).into(),
        }
    }

    async fn echo(&self, _: Parts, call: operations::EchoCall) -> Reply<operations::EchoCallResponse> {
        let operations::EchoCall { text, words, when, x_trace, session } = call;
        let (trace, session, when) = (x_trace.flatten(), session.flatten(), when.flatten());
        let echo = Echo { text, trace, session, words: words.unwrap_or_default(), when, unknown: BTreeMap::new() };
        operations::EchoCallResponse::Ok(echo).into()
    }
}

async fn server() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address").port());
    axum::serve(listener, api::server::router(Arc::new(Pets::default()))).await.expect("it serves");
}
