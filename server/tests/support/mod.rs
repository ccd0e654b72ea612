//! Helpers that several tests share: a real server on a free port, an account on it, and records to push.
#![allow(dead_code)]

#[path = "postgres.rs"]
pub mod postgres;

use contractc::Compilation;
use contractc::sample::Sampler;
use serde_json::{Value, json};
use stronglog_server::admin::Place;
use stronglog_server::config::{Config, Secret};
use stronglog_server::serve::{Running, start};
use stronglog_sync::api::collection::Collection;
use tempfile::TempDir;
use uuid::Uuid;

use self::postgres::Postgres;

pub const PASSWORD: &str = "correct horse battery staple";

/// An HTTP client builder with the TLS provider that this project uses.
pub fn http_client() -> reqwest::ClientBuilder {
    // The tests of a process share the provider; the first test installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// The method, path and operation id of every operation of the contract.
pub fn operations() -> Vec<(reqwest::Method, String, String)> {
    let contract: Value = serde_json::from_str(include_str!("../../../generated/openapi.json")).expect("the whole contract is JSON");
    let paths = contract["paths"].as_object().expect("paths").iter();
    let named = paths.flat_map(|(path, item)| item.as_object().into_iter().flatten().map(move |member| (path, member)));
    let found = named.filter_map(|(path, (method, operation))| {
        Some((method.to_uppercase().parse().ok()?, path.clone(), operation.get("operationId")?.as_str()?.to_owned()))
    });
    let found: Vec<_> = found.collect();
    assert!(found.len() > 60, "{}", found.len());
    found
}

/// Whether the tests of the file that includes this run over Postgres: those in the module `over_postgres` of the test program.
pub fn is_over_postgres() -> bool {
    module_path!().contains("::over_postgres::")
}

/// A server for a single test.
pub struct Server {
    pub running: Running,
    pub folder: TempDir,
    pub http: reqwest::Client,
    /// The database, if it is not in the folder.
    pub postgres: Option<Postgres>,
}

impl Server {
    /// Starts a server that does not limit sign-ins.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let postgres = is_over_postgres().then(Postgres::start);
        let mut config = settings(&folder, postgres.as_ref());
        change(&mut config);
        let running = start(config).await.expect("the server starts");
        Server { running, folder, http: http_client().build().expect("a client"), postgres }
    }

    /// Stops the server, and starts it again on the same folder.
    pub async fn restart(self, between: impl FnOnce(&std::path::Path)) -> Self {
        let Server { running, folder, http, postgres } = self;
        running.stop().await.expect("the server stops");
        between(folder.path());
        let running = start(settings(&folder, postgres.as_ref())).await.expect("the server starts again");
        Server { running, folder, http, postgres }
    }

    /// Opens a new connection for the next request. A full server may close one that is idle at any time.
    pub fn reconnect(&mut self) {
        self.http = http_client().build().expect("a client");
    }

    /// Runs a statement on the database of the server, as another process, and returns the only value that it answers, if there is one.
    pub fn sql(&self, statement: &str) -> String {
        if let Some(postgres) = &self.postgres {
            return postgres.sql(statement);
        }
        let database = rusqlite::Connection::open(self.folder.path().join("stronglog.db")).expect("the database");
        let mut prepared = database.prepare(statement).expect("a statement");
        let mut rows = prepared.query([]).expect("it runs");
        let value = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0).expect("a value");
        match rows.next().expect("it runs").map(value) {
            Some(rusqlite::types::Value::Text(text)) => text,
            Some(rusqlite::types::Value::Integer(number)) => number.to_string(),
            _ => String::new(),
        }
    }

    /// Where the data is, for the commands of an operator.
    pub fn place(&self) -> Place {
        match &self.postgres {
            Some(postgres) => Place::database(&postgres.url(), None).expect("an address"),
            None => Place::folder(self.folder.path()),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url())
    }

    pub async fn register(&self, email: &str) -> Account {
        let body = json!({ "email": email, "password": PASSWORD, "deviceName": "test" });
        let (status, pair) = self.post("/api/v1/auth/register", None, &body).await;
        assert_eq!(status, 201, "{pair}");
        Account {
            user: text(&pair["userId"]),
            access: text(&pair["accessToken"]),
            refresh: text(&pair["refreshToken"]),
            device: Uuid::from_u128(rand::random()),
        }
    }

    pub async fn post(&self, path: &str, access: Option<&str>, body: &Value) -> (u16, Value) {
        let mut request = self.http.post(self.url(path)).header("content-type", "application/json").body(body.to_string());
        if let Some(access) = access {
            request = request.bearer_auth(access);
        }
        answer(request).await
    }

    pub async fn get(&self, path: &str, access: &str) -> (u16, Value) {
        answer(self.http.get(self.url(path)).bearer_auth(access)).await
    }

    /// Pushes edits to the global feed.
    pub async fn push(&self, account: &Account, changes: &[Value]) -> Value {
        let (status, result) = self.post("/api/v1/changes/batch", Some(&account.access), &json!({ "changes": changes })).await;
        assert_eq!(status, 200, "{result}");
        result
    }
}

/// The settings of a server that does not limit sign-ins.
fn settings(folder: &TempDir, postgres: Option<&Postgres>) -> Config {
    let store = postgres.map(|postgres| Secret::new(postgres.url()));
    Config { auth_per_minute: 1_000_000, store, ..Config::local(folder.path()) }
}

/// Sends a request. A response that is not JSON is returned as text.
pub async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a whole answer");
    let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, value)
}

pub struct Account {
    pub user: String,
    pub access: String,
    pub refresh: String,
    pub device: Uuid,
}

impl Account {
    /// The op with this number of the account's only device.
    pub fn op(&self, seq: u64) -> Value {
        json!({ "id": Uuid::from_u128(rand::random()), "deviceId": self.device, "seq": seq })
    }

    /// A record as a change for the global feed.
    pub fn change(&self, collection: &str, record: &Value, seq: u64) -> Value {
        json!({ "collection": collection, "op": self.op(seq), "record": record })
    }
}

/// Generates valid records of any collection, the same ones each time.
pub struct Records {
    compilation: Compilation,
    seed: u64,
}

impl Records {
    pub fn new(seed: u64) -> Self {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/openapi.yaml");
        Records { compilation: Compilation::from_file(&path).expect("the contract can be read"), seed }
    }

    /// A live record with this stamp. A singleton has its fixed id.
    pub fn live(&mut self, collection: &Collection, stamp: i64) -> Value {
        let contract = self.compilation.contract.as_ref().expect("the contract compiles");
        let schema = contract.named(collection.schema).expect("the collection's schema");
        self.seed += 1;
        let mut record = Sampler::new(contract, self.seed).valid(schema).expect("a valid record");
        let id = match collection.singleton {
            Some(key) => collection.deterministic_id(key).expect("an id"),
            None => Uuid::from_u128(rand::random()).to_string(),
        };
        record["id"] = json!(id);
        record["clientCreatedAt"] = json!(stamp);
        record["clientUpdatedAt"] = json!(stamp);
        record
    }
}

/// The tombstone of a record.
pub fn tombstone(record: &Value, stamp: i64) -> Value {
    json!({ "id": record["id"], "clientCreatedAt": record["clientCreatedAt"], "clientUpdatedAt": stamp, "isDeleted": true })
}

/// A small record of a collection that is not a singleton.
pub fn weight(stamp: i64) -> Value {
    json!({
        "id": Uuid::from_u128(rand::random()), "clientCreatedAt": stamp, "clientUpdatedAt": stamp, "isDeleted": false,
        "date": stamp, "weightKg": 81.5, "mood": "fine",
    })
}

pub const WEIGHTS: &str = "user-bodyweight-logs";

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Now, in milliseconds since the Unix epoch.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the end of time")
}

/// The cursor after everything.
pub async fn cursor(server: &Server, account: &Account) -> String {
    let (status, page) = server.get("/api/v1/changes?limit=1000", &account.access).await;
    assert_eq!(status, 200, "{page}");
    text(&page["nextCursor"])
}

/// The ids of all live records.
pub async fn live(server: &Server, account: &Account) -> Vec<String> {
    let (_, page) = server.get("/api/v1/changes?limit=1000", &account.access).await;
    let changes = page["changes"].as_array().expect("changes");
    let live = changes.iter().filter(|change| change["record"]["isDeleted"] == json!(false));
    live.map(|change| text(&change["record"]["id"])).collect()
}

/// Pushes of new body weights, numbered from `from` on.
pub fn weights(account: &Account, from: u64, count: u64) -> Vec<Value> {
    (from..from + count).map(|seq| account.change(WEIGHTS, &weight(now()), seq)).collect()
}

/// Erases an account.
pub async fn erase(server: &Server, account: &Account) {
    let request = server.http.delete(server.url("/api/v1/account")).bearer_auth(&account.access).header("content-type", "application/json");
    let (status, answer) = answer(request.body(json!({ "password": PASSWORD }).to_string())).await;
    assert_eq!(status, 204, "{answer}");
}
