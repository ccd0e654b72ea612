//! Runs every operation of the generated client against the real server, and checks that it does what the contract says.

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stronglog_sync::api::client::Client;
use stronglog_sync::api::operations::*;
use stronglog_sync::api::runtime::http::{Bearer, Hooks, Request, Security};
use stronglog_sync::api::{self, CONTRACT, Cursor, Id, Schema};
use support::{Account, PASSWORD, Records, Server, WEIGHTS, now, weight};

/// Adds the token, and records which operations were called.
#[derive(Clone)]
struct Noting {
    bearer: Bearer,
    called: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Hooks for Noting {
    fn before(&self, operation: &'static str, security: Security, request: &mut Request) {
        self.called.lock().expect("no panic elsewhere").insert(operation);
        self.bearer.before(operation, security, request);
    }
}

type TestClient = Client<reqwest::Client, Noting>;

fn client(server: &Server, access: &str, called: &Arc<Mutex<BTreeSet<&'static str>>>) -> TestClient {
    let hooks = Noting { bearer: Bearer(access.to_owned()), called: Arc::clone(called) };
    Client::new(server.running.url(), server.http.clone()).with_hooks(hooks)
}

/// Returns the response's body if the response is the expected one.
macro_rules! expect {
    ($call:expr, $variant:path) => {
        match $call.await.expect("an answer that the contract allows").body {
            $variant(body) => body,
            other => panic!("{other:?}"),
        }
    };
}

fn typed<T: Schema>(value: &Value) -> T {
    T::from_value(value).unwrap_or_else(|report| panic!("{report}: {value}"))
}

/// Normalizes a value so that 1 and 1.0 are equal.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => Value::Object(members.iter().map(|(name, value)| (name.clone(), plain(value))).collect()),
        other => other.clone(),
    }
}

fn version() -> Option<api::ContractVersion> {
    Some(api::ContractVersion(CONTRACT.version.to_owned()))
}

/// One collection: a record is pushed, read, written, listed and deleted.
macro_rules! collection {
    (
        $path:literal, $server:expr, $client:expr, $account:expr, $records:expr,
        $list:ident $List:ident $Listed:ident, $push:ident $Push:ident $Pushed:ident, $get:ident $Get:ident $Got:ident,
        $put:ident $Put:ident $Written:ident, $delete:ident $Delete:ident $Deleted:ident
    ) => {{
        let x_contract_version = version();
        let record = $records.live(CONTRACT.collection($path).expect("a collection"), now());
        let id = Id(support::text(&record["id"]));
        let body = typed(&json!({ "changes": [{ "op": $account.op(1), "record": record }] }));
        let pushed = expect!($client.$push(&$Push { body, x_contract_version: version() }), $Pushed::Ok);
        assert_eq!(*pushed.user_rev, *pushed.prev_user_rev + 1, "{}: {pushed:?}", $path);
        let got = expect!($client.$get(&$Get { id: id.clone(), x_contract_version: version() }), $Got::Ok);
        assert_eq!(got.rev, pushed.user_rev);
        // Read without the generated types, so that the comparison sees every member.
        let (_, got) = $server.get(&format!("/api/v1/{}/{}", $path, id.0), &$account.access).await;
        for (name, value) in record.as_object().expect("an object") {
            if name != "serverId" && name != "serverUpdatedAt" {
                assert_eq!(plain(&got["record"][name]), plain(value), "{}: the member {name} came back", $path);
            }
        }
        let mut edited = record.clone();
        edited["addedLater"] = json!({ "by": ["a newer app"] });
        edited["clientUpdatedAt"] = json!(now() + 1);
        let body = typed(&json!({ "op": $account.op(2), "baseRev": got["rev"], "record": edited }));
        let written = expect!($client.$put(&$Put { id: id.clone(), body, x_contract_version: version() }), $Written::Ok);
        assert!(written.to_json().contains("\"accepted\""), "{}: {written:?}", $path);
        let since = Some(Cursor(format!("v1.{}.{}.{}", $path, epoch($client).await, *pushed.user_rev)));
        let page = expect!($client.$list(&$List { since, limit: Some(10), x_contract_version: version() }), $Listed::Ok);
        let listed: Value = serde_json::from_str(&page.to_json()).expect("JSON");
        assert_eq!(listed["changes"].as_array().map(Vec::len), Some(1), "{}: {listed}", $path);
        assert_eq!(plain(&listed["changes"][0]["record"]["addedLater"]), plain(&edited["addedLater"]), "{}: members of newer apps survive", $path);
        let deletion = $Delete { id, op_id: None, device_id: None, seq: None, client_updated_at: None, base_rev: None, x_contract_version };
        let deleted = expect!($client.$delete(&deletion), $Deleted::Ok);
        assert!(deleted.to_json().contains("\"accepted\""), "{}: {deleted:?}", $path);
        let again = expect!($client.$delete(&deletion), $Deleted::Ok);
        assert!(again.to_json().contains("\"duplicate\""), "{}: deleting twice changes nothing: {again:?}", $path);
        let gone = expect!($client.$get(&$Get { id: deletion.id, x_contract_version: version() }), $Got::Ok).to_json();
        assert!(gone.contains("\"isDeleted\":true") && !gone.contains("addedLater"), "{}: {gone}", $path);
    }};
}

async fn epoch(client: &TestClient) -> String {
    let config = expect!(client.get_sync_config(&GetSyncConfig { x_contract_version: version() }), GetSyncConfigResponse::Ok);
    config.epoch.0
}

/// The operations of all collections, parents and children alike.
async fn collections(server: &Server, client: &TestClient, account: &Account) {
    let mut records = Records::new(7);
    training(server, client, account, &mut records).await;
    plans(server, client, account, &mut records).await;
}

/// The collections of what was trained.
async fn training(server: &Server, client: &TestClient, account: &Account, records: &mut Records) {
    collection!(
        "user-settings", server, client, account, records,
        list_user_settings_changes ListUserSettingsChanges ListUserSettingsChangesResponse,
        push_user_settings PushUserSettings PushUserSettingsResponse,
        get_user_settings GetUserSettings GetUserSettingsResponse,
        put_user_settings PutUserSettings PutUserSettingsResponse,
        delete_user_settings DeleteUserSettings DeleteUserSettingsResponse
    );
    collection!(
        "exercise-definitions", server, client, account, records,
        list_exercise_definition_changes ListExerciseDefinitionChanges ListExerciseDefinitionChangesResponse,
        push_exercise_definitions PushExerciseDefinitions PushExerciseDefinitionsResponse,
        get_exercise_definition GetExerciseDefinition GetExerciseDefinitionResponse,
        put_exercise_definition PutExerciseDefinition PutExerciseDefinitionResponse,
        delete_exercise_definition DeleteExerciseDefinition DeleteExerciseDefinitionResponse
    );
    collection!(
        "workout-logs", server, client, account, records,
        list_workout_log_changes ListWorkoutLogChanges ListWorkoutLogChangesResponse,
        push_workout_logs PushWorkoutLogs PushWorkoutLogsResponse,
        get_workout_log GetWorkoutLog GetWorkoutLogResponse,
        put_workout_log PutWorkoutLog PutWorkoutLogResponse,
        delete_workout_log DeleteWorkoutLog DeleteWorkoutLogResponse
    );
    collection!(
        "logged-sets", server, client, account, records,
        list_logged_set_changes ListLoggedSetChanges ListLoggedSetChangesResponse,
        push_logged_sets PushLoggedSets PushLoggedSetsResponse,
        get_logged_set GetLoggedSet GetLoggedSetResponse,
        put_logged_set PutLoggedSet PutLoggedSetResponse,
        delete_logged_set DeleteLoggedSet DeleteLoggedSetResponse
    );
}

/// The collections of plans, goals and progress.
async fn plans(server: &Server, client: &TestClient, account: &Account, records: &mut Records) {
    collection!(
        "workout-templates", server, client, account, records,
        list_workout_template_changes ListWorkoutTemplateChanges ListWorkoutTemplateChangesResponse,
        push_workout_templates PushWorkoutTemplates PushWorkoutTemplatesResponse,
        get_workout_template GetWorkoutTemplate GetWorkoutTemplateResponse,
        put_workout_template PutWorkoutTemplate PutWorkoutTemplateResponse,
        delete_workout_template DeleteWorkoutTemplate DeleteWorkoutTemplateResponse
    );
    collection!(
        "workout-template-exercise-instances", server, client, account, records,
        list_workout_template_exercise_instance_changes ListWorkoutTemplateExerciseInstanceChanges ListWorkoutTemplateExerciseInstanceChangesResponse,
        push_workout_template_exercise_instances PushWorkoutTemplateExerciseInstances PushWorkoutTemplateExerciseInstancesResponse,
        get_workout_template_exercise_instance GetWorkoutTemplateExerciseInstance GetWorkoutTemplateExerciseInstanceResponse,
        put_workout_template_exercise_instance PutWorkoutTemplateExerciseInstance PutWorkoutTemplateExerciseInstanceResponse,
        delete_workout_template_exercise_instance DeleteWorkoutTemplateExerciseInstance DeleteWorkoutTemplateExerciseInstanceResponse
    );
    collection!(
        "program-definitions", server, client, account, records,
        list_program_definition_changes ListProgramDefinitionChanges ListProgramDefinitionChangesResponse,
        push_program_definitions PushProgramDefinitions PushProgramDefinitionsResponse,
        get_program_definition GetProgramDefinition GetProgramDefinitionResponse,
        put_program_definition PutProgramDefinition PutProgramDefinitionResponse,
        delete_program_definition DeleteProgramDefinition DeleteProgramDefinitionResponse
    );
    collection!(
        "active-program-instances", server, client, account, records,
        list_active_program_instance_changes ListActiveProgramInstanceChanges ListActiveProgramInstanceChangesResponse,
        push_active_program_instances PushActiveProgramInstances PushActiveProgramInstancesResponse,
        get_active_program_instance GetActiveProgramInstance GetActiveProgramInstanceResponse,
        put_active_program_instance PutActiveProgramInstance PutActiveProgramInstanceResponse,
        delete_active_program_instance DeleteActiveProgramInstance DeleteActiveProgramInstanceResponse
    );
    collection!(
        "progression-rules", server, client, account, records,
        list_progression_rule_changes ListProgressionRuleChanges ListProgressionRuleChangesResponse,
        push_progression_rules PushProgressionRules PushProgressionRulesResponse,
        get_progression_rule GetProgressionRule GetProgressionRuleResponse,
        put_progression_rule PutProgressionRule PutProgressionRuleResponse,
        delete_progression_rule DeleteProgressionRule DeleteProgressionRuleResponse
    );
    collection!(
        "user-goals", server, client, account, records,
        list_user_goal_changes ListUserGoalChanges ListUserGoalChangesResponse,
        push_user_goals PushUserGoals PushUserGoalsResponse,
        get_user_goal GetUserGoal GetUserGoalResponse,
        put_user_goal PutUserGoal PutUserGoalResponse,
        delete_user_goal DeleteUserGoal DeleteUserGoalResponse
    );
    collection!(
        "user-bodyweight-logs", server, client, account, records,
        list_user_bodyweight_log_changes ListUserBodyweightLogChanges ListUserBodyweightLogChangesResponse,
        push_user_bodyweight_logs PushUserBodyweightLogs PushUserBodyweightLogsResponse,
        get_user_bodyweight_log GetUserBodyweightLog GetUserBodyweightLogResponse,
        put_user_bodyweight_log PutUserBodyweightLog PutUserBodyweightLogResponse,
        delete_user_bodyweight_log DeleteUserBodyweightLog DeleteUserBodyweightLogResponse
    );
    collection!(
        "applied-progression-logs", server, client, account, records,
        list_applied_progression_log_changes ListAppliedProgressionLogChanges ListAppliedProgressionLogChangesResponse,
        push_applied_progression_logs PushAppliedProgressionLogs PushAppliedProgressionLogsResponse,
        get_applied_progression_log GetAppliedProgressionLog GetAppliedProgressionLogResponse,
        put_applied_progression_log PutAppliedProgressionLog PutAppliedProgressionLogResponse,
        delete_applied_progression_log DeleteAppliedProgressionLog DeleteAppliedProgressionLogResponse
    );
}

/// The global feed: pushed changes come back in order, and a poll without changes is small.
async fn feed(client: &TestClient, account: &Account) {
    let (first, second) = (weight(now()), weight(now()));
    let changes = [account.change(support::WEIGHTS, &first, 101), account.change(support::WEIGHTS, &second, 102)];
    let start =
        expect!(client.get_changes(&GetChanges { since: None, limit: Some(1000), x_contract_version: version() }), GetChangesResponse::Ok);
    assert!(!start.has_more);
    let push = PushChanges { body: typed(&json!({ "changes": changes, "cursor": start.next_cursor.0 })), x_contract_version: version() };
    let pushed = expect!(client.push_changes(&push), PushChangesResponse::Ok);
    assert_eq!((*pushed.prev_user_rev, *pushed.user_rev), (*start.user_rev, *start.user_rev + 2));
    let again = expect!(client.push_changes(&push), PushChangesResponse::Ok);
    assert_eq!(again.user_rev, pushed.user_rev, "a repeated push burns no revision");
    let pull = |since, limit| GetChanges { since: Some(since), limit: Some(limit), x_contract_version: version() };
    let page = expect!(client.get_changes(&pull(start.next_cursor, 1)), GetChangesResponse::Ok);
    assert!(page.has_more && page.changes.len() == 1);
    let rest = expect!(client.get_changes(&pull(page.next_cursor, 1)), GetChangesResponse::Ok);
    assert!(!rest.has_more && rest.changes.len() == 1);
    let idle = expect!(client.get_changes(&pull(rest.next_cursor, 1)), GetChangesResponse::Ok).to_json();
    assert!(idle.len() < 300 && idle.contains("\"changes\":[]"), "{} bytes: {idle}", idle.len());
}

fn json_lines(text: &[u8]) -> Vec<Value> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("each line is JSON")).collect()
}

/// Signing in and out, and the effect on the tokens.
async fn accounts(server: &Server, client: &TestClient, account: &Account, called: &Arc<Mutex<BTreeSet<&'static str>>>) {
    let body = typed(&json!({ "email": "SAM@example.com", "password": PASSWORD }));
    let pair = expect!(client.login(&Login { body, x_contract_version: version() }), LoginResponse::Ok);
    assert_eq!(pair.user_id.0, account.user, "case makes no difference in an address");
    let other =
        support::Account { access: pair.access_token, refresh: pair.refresh_token.0, user: account.user.clone(), device: account.device };
    let body = typed(&json!({ "refreshToken": other.refresh }));
    let renewed = expect!(client.refresh_tokens(&RefreshTokens { body, x_contract_version: version() }), RefreshTokensResponse::Ok);
    let body = typed(&json!({ "email": "sam@example.com", "password": PASSWORD }));
    let taken = client.register(&Register { body, x_contract_version: version() }).await.expect("an answer");
    assert!(matches!(taken.body, RegisterResponse::Conflict(_)), "{taken:?}");
    let body = typed(&json!({ "currentPassword": PASSWORD, "newPassword": "squat bench deadlift press" }));
    let changed = client.change_password(&ChangePassword { body, x_contract_version: version() }).await.expect("an answer");
    assert!(matches!(changed.body, ChangePasswordResponse::NoContent), "{changed:?}");
    let refresh = |token: &str| json!({ "refreshToken": token });
    let (status, _) = server.post("/api/v1/auth/refresh", None, &refresh(&renewed.refresh_token.0)).await;
    assert_eq!(status, 401, "changing the password signs other devices out");
    let (status, own) = server.post("/api/v1/auth/refresh", None, &refresh(&account.refresh)).await;
    assert_eq!(status, 200, "and keeps this one: {own}");
    devices(client).await;
    recovery(client).await;
    let held = expect!(client.get_account(&GetAccount { x_contract_version: version() }), GetAccountResponse::Ok);
    assert_eq!((held.email.0.as_str(), held.record_count), ("sam@example.com", 2));
    let usage = expect!(client.get_account_usage(&GetAccountUsage { x_contract_version: version() }), GetAccountUsageResponse::Ok);
    assert_eq!((usage.record_count, usage.bytes), (held.record_count, held.bytes));
    assert_eq!((usage.records_max, usage.bytes_max), (Some(500_000), Some(512 << 20)), "unless the operator says otherwise");
    let export = expect!(client.export_account(&ExportAccount { x_contract_version: version() }), ExportAccountResponse::Ok);
    let mut lines = json_lines(&export);
    assert_eq!(lines.len(), CONTRACT.collections.len() + 2, "all records, tombstones included");
    let mut removed = |name: &str| lines.iter_mut().map(|line| line.as_object_mut()?.remove(name)).collect::<Vec<Option<Value>>>();
    let (begins, ends) = (removed("begin"), removed("end"));
    assert_eq!(begins.first(), Some(&Some(json!({ "format": 1 }))), "the first line says that there is an end");
    assert_eq!(ends.last(), Some(&Some(json!({ "records": lines.len() }))), "the last line also has their number");
    assert_eq!(begins.iter().chain(&ends).flatten().count(), 2);
    for line in lines {
        api::FeedChange::from_json(line.to_string().as_bytes()).expect("each line is a change of the feed");
    }
    let old = Some(typed(&json!("1.0.0")));
    let export = expect!(client.export_account(&ExportAccount { x_contract_version: old }), ExportAccountResponse::Ok);
    let is_plain = |line: &Value| line.get("begin").is_none() && line.get("end").is_none();
    assert!(json_lines(&export).iter().all(is_plain), "clients of an earlier contract get no new member");
    let out = client.logout(&Logout { body: typed(&json!({})), x_contract_version: version() }).await.expect("an answer");
    assert!(matches!(out.body, LogoutResponse::NoContent), "{out:?}");
    let (status, _) = server.post("/api/v1/auth/refresh", None, &refresh(&support::text(&own["refreshToken"]))).await;
    assert_eq!(status, 401, "signed out");
    let (status, _) = server.get("/api/v1/changes", &account.access).await;
    assert_eq!(status, 401, "and at once, whatever the lifetime of the access token");
    let body = typed(&json!({ "email": "sam@example.com", "password": "squat bench deadlift press" }));
    let pair = expect!(client.login(&Login { body, x_contract_version: version() }), LoginResponse::Ok);
    let client = &self::client(server, &pair.access_token, called);
    let erase = |password: &str| DeleteAccount { body: typed(&json!({ "password": password })), x_contract_version: version() };
    let refused = client.delete_account(&erase(PASSWORD)).await.expect("an answer");
    assert!(matches!(refused.body, DeleteAccountResponse::Forbidden(_)), "the old password confirms nothing: {refused:?}");
    let erased = client.delete_account(&erase("squat bench deadlift press")).await.expect("an answer");
    assert!(matches!(erased.body, DeleteAccountResponse::NoContent), "{erased:?}");
    let (status, _) = server.get("/api/v1/changes", &pair.access_token).await;
    assert_eq!(status, 401, "an erased account's token is worth nothing");
}

/// The devices that are signed in.
async fn devices(client: &TestClient) {
    let list = || ListDevices { x_contract_version: version() };
    let mine = expect!(client.list_devices(&list()), ListDevicesResponse::Ok).devices;
    assert!(mine.iter().all(|device| device.is_current), "the other one was signed out with the password: {mine:?}");
    let body = typed(&json!({ "email": "sam@example.com", "password": "squat bench deadlift press", "platform": "Firefox on Android" }));
    expect!(client.login(&Login { body, x_contract_version: version() }), LoginResponse::Ok);
    let other = expect!(client.list_devices(&list()), ListDevicesResponse::Ok).devices.into_iter().find(|device| !device.is_current);
    let other = other.expect("the device that has just signed in");
    assert_eq!(other.platform.as_ref().map(|platform| platform.0.as_str()), Some("Firefox on Android"));
    let body = typed(&json!({ "name": "old phone" }));
    let renamed = client.rename_device(&RenameDevice { id: other.id.clone(), body, x_contract_version: version() }).await;
    assert!(matches!(renamed.expect("an answer").body, RenameDeviceResponse::NoContent));
    let named = expect!(client.list_devices(&list()), ListDevicesResponse::Ok).devices;
    assert!(named.iter().any(|device| device.name.as_ref().is_some_and(|name| name.0 == "old phone")), "{named:?}");
    let revoke = RevokeDevice { id: other.id, x_contract_version: version() };
    let revoked = client.revoke_device(&revoke).await.expect("an answer").body;
    assert!(matches!(revoked, RevokeDeviceResponse::NoContent), "{revoked:?}");
    let again = client.revoke_device(&revoke).await.expect("an answer").body;
    assert!(matches!(again, RevokeDeviceResponse::NotFound(_)), "{again:?}");
}

/// The code for a forgotten password: a wrong one is rejected.
async fn recovery(client: &TestClient) {
    let body = typed(&json!({ "password": "squat bench deadlift press" }));
    let made = expect!(client.make_recovery_code(&MakeRecoveryCode { body, x_contract_version: version() }), MakeRecoveryCodeResponse::Ok);
    assert_eq!(made.recovery_code.0.len(), 23);
    let body = typed(&json!({ "email": "sam@example.com", "recoveryCode": "00000", "newPassword": "a password of a thief" }));
    let refused = client.recover_account(&RecoverAccount { body, x_contract_version: version() }).await.expect("an answer").body;
    assert!(matches!(refused, RecoverAccountResponse::Unauthorized(_)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_does_what_the_contract_says() {
    let server = Server::start().await;
    let called = Arc::default();
    let anybody = client(&server, "", &called);
    let body = typed(&json!({ "email": "sam@example.com", "password": PASSWORD, "deviceName": "Sam's phone" }));
    let pair = expect!(anybody.register(&Register { body, x_contract_version: version() }), RegisterResponse::Created);
    let account = Account {
        user: pair.user_id.0,
        access: pair.access_token,
        refresh: pair.refresh_token.0,
        device: uuid::Uuid::from_u128(rand::random()),
    };
    let client = client(&server, &account.access, &called);
    collections(&server, &client, &account).await;
    feed(&client, &account).await;
    accounts(&server, &client, &account, &called).await;
    let called = called.lock().expect("no panic elsewhere").clone();
    let all: BTreeSet<String> = support::operations().into_iter().map(|(.., id)| id).collect();
    let left: Vec<_> = all.iter().filter(|id| !called.contains(id.as_str())).collect();
    assert_eq!(left, ["streamChanges"], "which has a test of its own");
    server.running.stop().await.expect("an orderly end");
}

/// A client of contract 1.0.0, or one that names no contract, gets no member that was added later.
#[tokio::test]
async fn members_of_a_later_contract_are_sent_to_clients_that_know_it() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    server.push(&account, &[account.change(WEIGHTS, &weight(now()), 1)]).await;
    for (version, is_sent) in [(None, false), (Some("1.0.0"), false), (Some("1.1.0"), true), (Some(CONTRACT.version), true)] {
        let mut request = server.http.get(server.url("/api/v1/changes")).bearer_auth(&account.access);
        if let Some(version) = version {
            request = request.header("x-contract-version", version);
        }
        let (status, page) = support::answer(request).await;
        assert_eq!((status, page["digest"].is_string()), (200, is_sent), "{version:?}: {page}");
    }
}
