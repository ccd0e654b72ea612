//! The devices of an account: one that is lost is signed out from another, and a forgotten password is replaced.

mod support;

use serde_json::json;
use support::{EMAIL, PASSWORD, Setup};

const NEW_PASSWORD: &str = "another horse battery staple";

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_device_is_signed_out_from_another_one_and_loses_nothing() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    let named = |device: &str, command: &str| {
        let arguments = [command, "--server", &setup.server.url(), "--email", EMAIL, "--device-name", device];
        desk.run(device, &arguments).ok()
    };
    named("phone", "register");
    named("laptop", "login");
    desk.measure("phone", 80.0);
    desk.run("phone", &["sync"]).ok();
    desk.run("laptop", &["devices"]).ok().says(&["laptop", "(this device)", "phone", "has received everything", "reached revision 0 of 1"]);
    let listed = desk.run("laptop", &["devices", "--json"]).ok().lines();
    let phone = listed.iter().find(|device| device["name"] == "phone").expect("the phone");
    assert_eq!((&phone["lastSyncedRev"], &phone["isUpToDate"], &phone["isCurrent"]), (&json!(1), &json!(true), &json!(false)));

    desk.run("laptop", &["status"]).ok().says(&["laptop (this device): last synced", "phone: last synced", "has received everything"]);
    let of_phone =
        |listed: &[serde_json::Value]| listed.iter().find(|device| device["name"] == "phone").map(|device| device["unsent"].clone());
    let unsent = desk.measure("phone", 78.0);
    desk.run("phone", &["devices"]).ok().says(&["has received everything, 1 edit not sent"]);
    desk.run("phone", &["status"]).ok().says(&["phone (this device): last synced", "has received everything, 1 edit not sent"]);
    assert_eq!(of_phone(&desk.run("phone", &["devices", "--json"]).ok().lines()), Some(json!(1)));
    assert_eq!(of_phone(&desk.run("laptop", &["devices", "--json"]).ok().lines()), Some(json!(null)), "nobody else knows");
    desk.run("phone", &["delete", "user-bodyweight-logs", &unsent]).ok();
    let status = desk.run("laptop", &["status", "--json"]).ok().json();
    assert_eq!(status["devices"].as_array().map(Vec::len), Some(2), "{status}");
    assert_eq!(desk.run("laptop", &["status", "--json", "--check"]).ended(0).json()["devices"], json!(null), "a check asks nobody");
    desk.run("laptop", &["devices", "rename", "phone", "old phone"]).ok().says(&["renamed phone to old phone"]);
    desk.run("laptop", &["devices", "revoke", "phone"]).failed(1, &["cannot find a signed-in device \"phone\"", "stronglog devices"]);
    desk.run("laptop", &["devices", "revoke", ""]).failed(1, &["cannot find"]);
    let id = phone["id"].as_str().expect("an id");
    desk.run("laptop", &["devices", "revoke", &id[..6]]).ok().says(&["signed out old phone", "stay there"]);
    assert_eq!(desk.run("laptop", &["devices", "--json"]).ok().lines().len(), 1);

    let unsent = desk.measure("phone", 79.0);
    desk.run("phone", &["sync"]).ended(4);
    assert_eq!(desk.run("phone", &["list", "user-bodyweight-logs", "--json"]).ok().lines().len(), 2, "its records stay");
    named("phone", "login");
    desk.run("laptop", &["sync"]).ok();
    desk.run("laptop", &["get", "user-bodyweight-logs", &unsent]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced_with_the_recovery_code() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    let url = setup.server.url();
    let registered = desk.run("phone", &["register", "--server", &url, "--email", EMAIL, "--json"]).ok().json();
    let code = registered["recoveryCode"].as_str().expect("a code").to_owned();
    let recover = ["recover", "--server", &url, "--email", EMAIL, "--password-stdin"];
    desk.feed("laptop", &recover, &format!("00000-00000-00000-00000\n{NEW_PASSWORD}\n")).failed(4, &["cannot set a new password"]);
    desk.feed("laptop", &recover, &format!("{code}\n")).failed(2, &["fewer than two lines", "recovery code"]);

    let output = desk.feed("laptop", &recover, &format!("{}\n{NEW_PASSWORD}\n", code.to_lowercase())).ok();
    output.says(&["set a new password", EMAIL, "recovery code", "not shown again"]);
    desk.run("phone", &["sync"]).ended(4);
    setup.login("tablet").failed(4, &["cannot sign in"]);
    desk.feed("laptop", &recover, &format!("{code}\n{PASSWORD}\n")).failed(4, &["cannot set a new password"]);

    let made = desk.feed("laptop", &["account", "recovery-code", "--password-stdin", "--json"], &format!("{NEW_PASSWORD}\n")).ok().json();
    let code = made["recoveryCode"].as_str().expect("a code");
    desk.feed("laptop", &["account", "recovery-code", "--password-stdin"], "wrong\n").failed(4, &["cannot create a recovery code"]);
    desk.feed("phone", &recover, &format!("{code}\n{PASSWORD}\n")).ok();
    setup.login("tablet").ok();
}
