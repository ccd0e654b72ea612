//! Purges, erasure, and many concurrent pushes, on the real server.

mod support;

use serde_json::{Value, json};
use stronglog_server::admin;
use support::{Account, Server, WEIGHTS, cursor, erase, live, now, tombstone, weight, weights};

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_forgets_old_deletions_and_the_cursors_before_them() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    let record = weight(now());
    server.push(&account, &[account.change(WEIGHTS, &record, 1)]).await;
    let before = cursor(&server, &account).await;
    let result = server.push(&account, &[account.change(WEIGHTS, &tombstone(&record, now()), 2)]).await;
    let deleted_at = result["outcomes"][0]["serverUpdatedAt"].as_i64().expect("a time");
    let at_end = cursor(&server, &account).await;
    assert_eq!(
        admin::purge(&server.place(), admin::PurgeOptions { tombstone_days: 1, backup_days: 90, accept_clock: false })
            .await
            .expect("purged"),
        0,
        "the deletion is of today"
    );
    // Waits for the next millisecond, so that the deletion is older than a limit of zero days.
    while now() <= deleted_at {
        std::hint::spin_loop();
    }
    assert_eq!(
        admin::purge(&server.place(), admin::PurgeOptions { tombstone_days: 0, backup_days: 0, accept_clock: false })
            .await
            .expect("purged"),
        1
    );
    let (status, problem) = server.get(&format!("/api/v1/changes?since={before}"), &account.access).await;
    assert_eq!((status, &problem["code"]), (410, &json!("cursor_expired")), "{problem}");
    let (status, page) = server.get(&format!("/api/v1/changes?since={at_end}"), &account.access).await;
    assert_eq!((status, page["changes"].as_array().map(Vec::len)), (200, Some(0)), "{page}");
    let (status, _) = server.get(&format!("/api/v1/{WEIGHTS}/{}", support::text(&record["id"])), &account.access).await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_devices_push_at_once_and_every_revision_is_given_once() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    let pushes = (0..40).map(|device| {
        let (server, account) = (&server, &account);
        let mine = Account {
            device: uuid::Uuid::from_u128(device),
            user: account.user.clone(),
            access: account.access.clone(),
            refresh: String::new(),
        };
        async move { server.push(&mine, &weights(&mine, 1, 5)).await }
    });
    let results = futures_util::future::join_all(pushes).await;
    let outcomes = results.iter().flat_map(|result| result["outcomes"].as_array().expect("outcomes"));
    let mut revs: Vec<u64> = outcomes.map(|outcome| outcome["rev"].as_u64().expect("accepted")).collect();
    revs.sort_unstable();
    assert_eq!(revs, (1..=200).collect::<Vec<u64>>());
    assert_eq!(live(&server, &account).await.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_push_of_a_group_takes_no_other_with_it() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    let stale = json!({ "changes": weights(&account, 1, 1), "cursor": "v1.all.elsewhere.1" });
    let pushes = (0..20_u64).map(|number| {
        let (server, account, stale) = (&server, &account, &stale);
        async move {
            if number % 2 == 0 {
                server.push(account, &weights(account, 100 + number, 1)).await["userRev"].as_u64().is_some()
            } else {
                server.post("/api/v1/changes/batch", Some(&account.access), stale).await.0 == 410
            }
        }
    });
    assert!(futures_util::future::join_all(pushes).await.into_iter().all(|right| right));
    assert_eq!(live(&server, &account).await.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_account_is_unusable_at_once_and_its_data_goes_in_steps() {
    let server = Server::start().await;
    let (sam, alex) = (server.register("sam@example.com").await, server.register("alex@example.com").await);
    for number in 0..6 {
        server.push(&sam, &weights(&sam, 500 * number + 1, 500)).await;
    }
    erase(&server, &sam).await;
    assert_eq!(server.get("/api/v1/changes", &sam.access).await.0, 401);
    let login = json!({ "email": "sam@example.com", "password": support::PASSWORD });
    assert_eq!(server.post("/api/v1/auth/login", None, &login).await.0, 401);
    let refresh = json!({ "refreshToken": sam.refresh });
    assert_eq!(server.post("/api/v1/auth/refresh", None, &refresh).await.0, 401);
    server.register("sam@example.com").await;
    server.push(&alex, &weights(&alex, 1, 1)).await;
    // A stop in the middle is made up for by the next start.
    let server = server.restart(|_| {}).await;
    let left = async {
        let left = |table: &str| server.sql(&format!("SELECT count(*) FROM {table}"));
        while ["records", "boundaries", "users"].map(left) != ["1", "1", "2"] {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), left).await.expect("what is left is of the others");
    assert_eq!(live(&server, &alex).await.len(), 1);
}

/// Old clients reject members that their contract does not have.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_the_first_contract_gets_only_what_that_contract_allows() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/released/1.0.0.yaml");
    let contract = contractc::Compilation::from_file(&path).expect("the contract can be read").contract.expect("the contract compiles");
    let check = |schema: &str, value: &Value| {
        let id = contract.named(schema).expect("a schema");
        let result = contractc::interpret::validate(&contract, id, value.to_string().as_bytes());
        assert!(result.is_ok(), "{schema}: {result:?} in {value}");
    };
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    for version in ["1.0.0", "1.1.0"] {
        let headers = |request: reqwest::RequestBuilder| request.bearer_auth(&account.access).header("x-contract-version", version);
        let get = |query: &str| support::answer(headers(server.http.get(server.url(&format!("/api/v1/changes{query}")))));
        let push = json!({ "changes": weights(&account, 1, 1) });
        let request = server.http.post(server.url("/api/v1/changes/batch")).header("content-type", "application/json");
        let (_, result) = support::answer(headers(request.body(push.to_string()))).await;
        let (_, page) = get("").await;
        let (status, gone) = get("?since=v1.all.other.9").await;
        assert_eq!(status, 410, "{gone}");
        if version == "1.0.0" {
            check("FeedPushResult", &result);
            check("FeedPage", &page);
            check("Problem", &gone);
        } else {
            assert!(result["proof"].is_string() && gone["since"].is_string(), "{result} {gone}");
        }
    }
}
