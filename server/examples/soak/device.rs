//! Devices that push, pull and listen like users' devices, and record the acknowledged edits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use uuid::Uuid;

use crate::{Counts, Result, count, over};

const PASSWORD: &str = "correct horse battery staple";
/// The longest pause between two pushes of a device.
const PAUSE_MS_MAX: u64 = 20_000;

/// An account, and the records that the server has acknowledged.
pub struct Account {
    email: String,
    access: Mutex<String>,
    /// By id: the change as it was pushed, and its revision.
    acknowledged: Mutex<BTreeMap<String, (Value, u64)>>,
}

impl Account {
    pub async fn register(http: &reqwest::Client, url: &str, number: usize) -> Result<Self> {
        let email = format!("user{number}@example.com");
        let body = json!({ "email": email, "password": PASSWORD });
        // The server may not listen yet.
        for _ in 0..100 {
            if let Ok((201, pair)) = post(http, &format!("{url}/api/v1/auth/register"), None, &body).await {
                let access = Mutex::new(pair["accessToken"].as_str().unwrap_or_default().to_owned());
                return Ok(Account { email, access, acknowledged: Mutex::default() });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err("the server registers nobody".into())
    }

    pub fn access(&self) -> String {
        self.access.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Signs in, because the access token has expired.
    async fn sign_in(&self, http: &reqwest::Client, url: &str) {
        let body = json!({ "email": self.email, "password": PASSWORD });
        if let Ok((200, pair)) = post(http, &format!("{url}/api/v1/auth/login"), None, &body).await
            && let Some(access) = pair["accessToken"].as_str()
        {
            access.clone_into(&mut self.access.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// The ids of all acknowledged records.
    pub fn acknowledged(&self) -> Vec<String> {
        self.known().keys().cloned().collect()
    }

    /// The ids of all records that the server has.
    pub async fn held(&self, http: &reqwest::Client, url: &str) -> Result<BTreeSet<String>> {
        self.sign_in(http, url).await;
        let (mut held, mut since) = (BTreeSet::new(), String::new());
        loop {
            let (status, page) = get(http, &format!("{url}/api/v1/changes?limit=1000{since}"), &self.access()).await?;
            if status != 200 {
                return Err(format!("{status} at the end: {page}").into());
            }
            held.extend(
                page["changes"].as_array().into_iter().flatten().filter_map(|change| change["record"]["id"].as_str().map(str::to_owned)),
            );
            since = format!("&since={}", page["nextCursor"].as_str().unwrap_or_default());
            if page["hasMore"] != true {
                return Ok(held);
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, (Value, u64)>> {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One device of an account.
pub struct Device {
    account: Arc<Account>,
    http: reqwest::Client,
    url: String,
    counts: Arc<Counts>,
    id: Uuid,
    seq: u64,
    /// Edits that have not been acknowledged.
    outbox: Vec<Value>,
    cursor: Option<String>,
}

impl Device {
    pub fn new(account: Arc<Account>, http: reqwest::Client, url: String, counts: Arc<Counts>) -> Self {
        Device { account, http, url, counts, id: Uuid::from_u128(rand::random()), seq: 0, outbox: Vec::new(), cursor: None }
    }

    /// Edits, pushes and pulls until the soak is over, and then until everything is acknowledged.
    pub async fn live(mut self, mut stopping: Receiver<bool>) {
        while !over(&mut stopping, Duration::from_millis(rand::random::<u64>() % PAUSE_MS_MAX)).await {
            for _ in 0..1 + rand::random::<u64>() % 5 {
                let edit = self.edit();
                self.outbox.push(edit);
            }
            self.push().await;
            self.pull().await;
        }
        for _ in 0..100 {
            if self.outbox.is_empty() && self.cursor.is_some() {
                return;
            }
            self.push().await;
            self.pull().await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn edit(&mut self) -> Value {
        self.seq += 1;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        let id = Uuid::from_u128(rand::random());
        json!({
            "collection": "user-bodyweight-logs",
            "op": { "id": Uuid::from_u128(rand::random()), "deviceId": self.id, "seq": self.seq },
            "record": { "id": id, "clientCreatedAt": now, "clientUpdatedAt": now, "isDeleted": false, "date": now, "weightKg": 81.5 },
        })
    }

    async fn push(&mut self) {
        let sent: Vec<Value> = self.outbox.iter().take(500).cloned().collect();
        if sent.is_empty() {
            return;
        }
        let mut body = json!({ "changes": sent });
        if let Some(cursor) = &self.cursor {
            body["cursor"] = json!(cursor);
        }
        match post(&self.http, &format!("{}/api/v1/changes/batch", self.url), Some(&self.account.access()), &body).await {
            Ok((200, result)) => {
                count(&self.counts.pushes);
                let outcomes = result["outcomes"].as_array().cloned().unwrap_or_default();
                for (change, outcome) in self.outbox.drain(..outcomes.len().min(sent.len())).zip(outcomes) {
                    if let (Some(id), Some(rev)) = (outcome["id"].as_str(), outcome["rev"].as_u64()) {
                        self.account.known().insert(id.to_owned(), (change, rev));
                        count(&self.counts.records);
                    }
                }
            }
            Ok((status, problem)) => self.failed(status, &problem).await,
            Err(_) => count(&self.counts.put_off),
        }
    }

    async fn pull(&mut self) {
        loop {
            let since = self.cursor.as_ref().map(|cursor| format!("&since={cursor}")).unwrap_or_default();
            match get(&self.http, &format!("{}/api/v1/changes?limit=500{since}", self.url), &self.account.access()).await {
                Ok((200, page)) => {
                    count(&self.counts.pulls);
                    self.cursor = page["nextCursor"].as_str().map(str::to_owned);
                    if page["hasMore"] != true {
                        return;
                    }
                }
                Ok((status, problem)) => return self.failed(status, &problem).await,
                Err(_) => return count(&self.counts.put_off),
            }
        }
    }

    async fn failed(&mut self, status: u16, problem: &Value) {
        match (status, problem["restoredRev"].as_u64()) {
            (401, _) => self.account.sign_in(&self.http, &self.url).await,
            // The server went back: what it has lost is pushed again (R11).
            (410, Some(restored_rev)) => {
                count(&self.counts.resyncs);
                self.cursor = None;
                let again: Vec<Value> =
                    self.account.known().values().filter(|(_, rev)| *rev > restored_rev).map(|(change, _)| change.clone()).collect();
                self.outbox.extend(again);
            }
            (410, None) => self.cursor = None,
            _ => count(&self.counts.put_off),
        }
    }
}

/// Listens for new revisions, and again whenever the stream ends.
pub async fn listen(account: Arc<Account>, url: String, counts: Arc<Counts>, mut stopping: Receiver<bool>) {
    // A stream has no end, so it has no time limit either.
    let Ok(http) = reqwest::Client::builder().build() else { return };
    loop {
        if let Ok(response) = http.get(format!("{url}/api/v1/changes/stream")).bearer_auth(account.access()).send().await {
            let mut pieces = response.bytes_stream();
            while let Some(Ok(_)) = pieces.next().await {
                count(&counts.events);
            }
        }
        if over(&mut stopping, Duration::from_secs(2)).await {
            return;
        }
    }
}

/// Signs in with right and with wrong passwords, twice a second.
pub async fn log_in(accounts: Vec<Arc<Account>>, http: reqwest::Client, url: String, counts: Arc<Counts>, mut stopping: Receiver<bool>) {
    let mut number = 0;
    while !over(&mut stopping, Duration::from_millis(500)).await {
        let account = &accounts[number % accounts.len()];
        number += 1;
        if number.is_multiple_of(2) {
            account.sign_in(&http, &url).await;
        } else {
            let body = json!({ "email": account.email, "password": "a wrong one" });
            // A wrong password is rejected or delayed; either is fine.
            let _ = post(&http, &format!("{url}/api/v1/auth/login"), None, &body).await;
        }
        count(&counts.log_ins);
    }
}

async fn post(http: &reqwest::Client, url: &str, access: Option<&str>, body: &Value) -> Result<(u16, Value)> {
    let request = http.post(url).header("content-type", "application/json").body(body.to_string());
    answer(if let Some(access) = access { request.bearer_auth(access) } else { request }).await
}

async fn get(http: &reqwest::Client, url: &str, access: &str) -> Result<(u16, Value)> {
    answer(http.get(url).bearer_auth(access)).await
}

async fn answer(request: reqwest::RequestBuilder) -> Result<(u16, Value)> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    Ok((status, serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null)))
}
