//! A device and its server: registering, signing in and out, syncing, and the messages when that fails.

mod support;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::json;
use support::{Desk, EMAIL, PASSWORD, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_agree() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    let id = desk.measure("phone", 80.0);
    setup.register("phone").ok().says(&["created the account", "in sync: sent 1, received 0"]);
    setup.login("laptop").ok().says(&["signed in as", "in sync: sent 0, received 1"]);
    desk.run("laptop", &["get", "user-bodyweight-logs", &id]).ok().says(&["\"weightKg\": 80"]);

    desk.run("laptop", &["put", "user-bodyweight-logs", "--id", &id, "--set", "weightKg=81"]).ok();
    desk.run("laptop", &["status", "--check"]).ended(3).says(&["1 edit", EMAIL]);
    desk.run("laptop", &["sync"]).ok().says(&["in sync: sent 1"]);
    desk.run("laptop", &["status", "--check"]).ok().says(&["nothing", "just now"]);
    let synced = desk.run("phone", &["sync", "--json"]).ok().json();
    assert_eq!((&synced["synced"], &synced["traffic"]["pulled"]), (&json!(true), &json!(1)));
    assert_eq!(desk.run("phone", &["get", "user-bodyweight-logs", &id, "--json"]).ok().json()["weightKg"], 81);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_losing_version_of_a_conflict_comes_back_when_it_is_asked_for() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    let id = desk.measure("phone", 80.0);
    setup.register("phone").ok();
    setup.login("laptop").ok();
    desk.run("laptop", &["put", "user-bodyweight-logs", "--id", &id, "--set", "weightKg=90"]).ok();
    desk.run("phone", &["put", "user-bodyweight-logs", "--id", &id, "--set", "weightKg=70"]).ok();
    for device in ["phone", "laptop"] {
        desk.run(device, &["sync"]).ok();
    }
    let weight = |device: &str| desk.run(device, &["get", "user-bodyweight-logs", &id, "--json"]).ok().json()["weightKg"].clone();
    assert_eq!([weight("phone"), weight("laptop")], [70, 70], "the later edit has won");
    let lost = desk.run("laptop", &["conflicts", "--json"]).ok().lines();
    assert_eq!((&lost[0]["why"], &lost[0]["record"]["weightKg"]), (&json!("lost"), &json!(90)));
    desk.run("laptop", &["conflicts", "restore", &lost[0]["number"].to_string()]).ok();
    for device in ["laptop", "phone"] {
        desk.run(device, &["sync"]).ok();
    }
    assert_eq!([weight("phone"), weight("laptop")], [90, 90]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_signs_in_again_is_one_device() {
    let setup = Setup::new().await;
    setup.register("phone").ok();
    setup.login("phone").ok();
    setup.login("phone").ok();
    assert_eq!(setup.desk.run("phone", &["devices", "--json"]).ok().lines().len(), 1, "the sessions before have ended");

    // Its access token is no longer accepted, as after 15 minutes.
    let tokens = setup.desk.path("phone/tokens.json");
    let text = std::fs::read_to_string(&tokens).expect("the tokens");
    std::fs::write(&tokens, text.replace("\"accessToken\":\"", "\"accessToken\":\"x")).expect("written");
    assert_ne!(text, std::fs::read_to_string(&tokens).expect("the tokens"), "{text}");
    setup.login("phone").ok();
    assert_eq!(setup.desk.run("phone", &["devices", "--json"]).ok().lines().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_the_profile_rejects_leaves_no_device() {
    let setup = Setup::new().await;
    setup.register("phone").ok();
    let url = setup.server.url();
    setup.desk.run("tablet", &["register", "--server", &url, "--email", "bo@example.com"]).ok();
    setup.desk.run("phone", &["login", "--email", "bo@example.com"]).failed(1, &["belong to ana@example.com"]);
    assert_eq!(setup.desk.run("tablet", &["devices", "--json"]).ok().lines().len(), 1);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_can_read_the_tokens() {
    use std::os::unix::fs::PermissionsExt;
    let setup = Setup::new().await;
    setup.register("phone").ok();
    let mode = |name: &str| std::fs::metadata(setup.desk.path(name)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode("phone/tokens.json"), 0o600);
    assert_eq!(mode("phone"), 0o700);
    let remembered = std::fs::read_to_string(setup.desk.path("phone/device.json")).expect("what the device remembers");
    assert!(remembered.contains(EMAIL) && !remembered.contains(PASSWORD), "{remembered}");
    setup.desk.run("phone", &["logout"]).ok().says(&["the records stay"]);
    assert!(!setup.desk.path("phone/tokens.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_signed_out_device_are_exit_code_4() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let login = ["login", "--server", &setup.server.url(), "--email", EMAIL, "--password-stdin"];
    desk.feed("laptop", &login, "wrong password\n").failed(4, &["cannot sign in", "401"]);
    desk.feed("laptop", &login, "").failed(2, &["standard input is empty"]);
    desk.feed("laptop", &login, &format!("{PASSWORD}\n")).ok();
    let asked = ["login", "--server", &setup.server.url(), "--email", EMAIL];
    desk.feed("tablet", &asked, "").failed(2, &["--password-stdin", "STRONGLOG_PASSWORD"]);

    desk.run("phone", &["logout", "--all-devices"]).ok();
    desk.run("phone", &["sync"]).failed(4, &["not signed in"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_server_nothing_is_lost_and_the_exit_code_is_5() {
    let setup = Setup::new().await;
    setup.register("phone").ok();
    let Setup { desk, server } = setup;
    server.stop().await.expect("the server stops");
    desk.measure("phone", 80.0);
    desk.run("phone", &["sync"]).ended(5).says(&["the server is not available", "1 edit not sent yet"]);
    desk.run("phone", &["account", "show"]).failed(5, &["the server was not reached"]);
    assert_eq!(desk.run("phone", &["status", "--json"]).ok().json()["pending"], 1);
    desk.run("phone", &["logout", "--all-devices"]).failed(5, &["cannot sign out"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_says_why_edits_wait_until_a_sync_succeeds() {
    let desk = Desk::new();
    let mut config = stronglog_server::config::Config::local(desk.path("server"));
    config.max_records = 2;
    let server = stronglog_server::serve::start(config).await.expect("the server starts");
    let setup = Setup { desk, server };
    setup.register("phone").ok();
    let desk = &setup.desk;
    let failure = || desk.run("phone", &["status", "--json"]).ok().json()["failure"].clone();
    assert_eq!(failure(), json!(null));
    let ids = [80.0, 81.0, 82.0, 83.0].map(|kg| desk.measure("phone", kg));
    assert_eq!(failure(), json!(null), "no sync has failed");
    desk.run("phone", &["sync"]).ended(1);
    assert_eq!(failure()["cause"], "full");
    let full = [
        "the last sync failed just now: the server responded with 507",
        "its limit is 2 records",
        "delete records that you no longer need",
    ];
    desk.run("phone", &["status", "--check"]).ended(3).says(&full);
    let away = setup.server.url();
    desk.redirect("phone", "http://127.0.0.1:9");
    desk.run("phone", &["sync"]).ended(5);
    assert_eq!(failure()["cause"], "offline");
    desk.run("phone", &["status"])
        .ok()
        .says(&["the last sync failed just now: ", "check the address and the network; `stronglog sync` tries again"])
        .says_each_once(&["check the ", "was not reached", "the other devices"]);
    desk.redirect("phone", &away);
    ids[..2].iter().for_each(|id| _ = desk.run("phone", &["delete", "user-bodyweight-logs", id]).ok());
    desk.run("phone", &["sync"]).ok();
    assert_eq!(failure(), json!(null), "the last sync succeeded");
    setup.login("laptop").ok();
    desk.run("laptop", &["logout", "--all-devices"]).ok();
    desk.run("phone", &["sync"]).ended(4);
    assert_eq!(failure()["cause"], "needsAuth");
    let signed_out = desk.run("phone", &["status", "--check"]).ended(3).says(&["the last sync failed just now: the session has ended"]);
    signed_out.says_each_once(&["sign in again with `stronglog login`"]);
    setup.login("phone").ok();
    assert_eq!(failure(), json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_is_named_while_a_command_waits_for_it() {
    let setup = Setup::new().await;
    setup.register("phone").ok();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = format!("http://{}", silent.local_addr().expect("its address"));
    let commands: [&[&str]; 6] = [&["sync"], &["login", "--email", EMAIL], &["verify"], &["devices"], &["logout"], &["sync", "--json"]];
    setup.desk.redirect("phone", &server);
    let waiting = commands.map(|words| {
        let mut command = setup.desk.command(words);
        command.env("STRONGLOG_DATA", setup.desk.path("phone")).env("STRONGLOG_PASSWORD", PASSWORD);
        (words, command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the command starts"))
    });
    for (words, mut child) in waiting {
        let mut line = String::new();
        BufReader::new(child.stderr.take().expect("its messages")).read_line(&mut line).expect("a line");
        child.kill().and_then(|()| child.wait()).expect("the command ends");
        let output = match words {
            [.., "--json"] => format!("{{\"waitingFor\":\"{server}\",\"seconds\":5}}\n"),
            _ => format!("waiting for a response from {server}, 5 s so far\n"),
        };
        assert_eq!(line, output, "{words:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_shown_given_a_new_password_and_erased() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    let id = desk.measure("phone", 80.0);
    setup.register("phone").ok();
    desk.run("phone", &["account", "show"]).ok().says(&[EMAIL, "1 of 500,000"]);
    let passwords = format!("{PASSWORD}\nanother horse battery staple\n");
    desk.feed("phone", &["account", "password", "--password-stdin"], &passwords).ok().says(&[
        "changed the password",
        "recovery code",
        "not shown again",
    ]);
    setup.login("laptop").failed(4, &["cannot sign in"]);
    desk.feed("phone", &["account", "erase", "--password-stdin"], "another horse battery staple\n").failed(2, &["--yes"]);
    desk.feed("phone", &["account", "erase", "--password-stdin", "--yes"], "wrong\n").failed(4, &["cannot erase the account"]);
    desk.feed("phone", &["account", "erase", "--password-stdin", "--yes"], "another horse battery staple\n").ok().says(&["erased"]);
    desk.run("phone", &["get", "user-bodyweight-logs", &id]).ok();
    desk.run("phone", &["sync"]).failed(4, &["not signed in"]);
    desk.run("phone", &["status"]).ok().says(&["none; create one with"]);
    let fresh = |device: &str, how: &str| desk.run(device, &[how, "--server", &setup.server.url(), "--email", "new@example.com"]);
    fresh("phone", "register").ok().says(&["in sync: sent 1, received 0"]);
    fresh("tablet", "login").ok().says(&["in sync: sent 0, received 1"]);
}

/// The other device of an account that was erased, with an edit that was never sent.
#[tokio::test(flavor = "multi_thread")]
async fn the_records_of_an_account_that_is_gone_are_taken_along_into_another() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let sent = desk.measure("phone", 80.0);
    desk.run("phone", &["sync"]).ok();
    setup.login("laptop").ok();
    let deleted = desk.measure("laptop", 70.0);
    desk.run("laptop", &["sync"]).ok();
    desk.run("laptop", &["delete", "user-bodyweight-logs", &deleted]).ok();
    desk.run("laptop", &["sync"]).ok();
    let unsent = desk.measure("laptop", 81.0);
    desk.feed("phone", &["account", "erase", "--password-stdin", "--yes"], &format!("{PASSWORD}\n")).ok();
    desk.run("laptop", &["sync"]).ended(4);
    let server = setup.server.url();
    let to = |device: &str, how: &str, more: &[&str]| {
        let words = [&[how, "--server", &server, "--email", "new@example.com"], more].concat();
        desk.run(device, &words)
    };
    to("laptop", "register", &[]).failed(1, &["belong to", "--adopt"]);
    to("tablet", "register", &[]).ok();
    to("laptop", "login", &[]).failed(1, &["belong to", "--adopt"]);
    to("laptop", "login", &["--adopt"]).ok().says(&["in sync"]);
    desk.run("tablet", &["sync"]).ok();
    for device in ["laptop", "tablet"] {
        let ids: Vec<String> = desk
            .run(device, &["list", "user-bodyweight-logs", "--json"])
            .ok()
            .lines()
            .iter()
            .map(|record| record["id"].as_str().expect("an id").to_owned())
            .collect();
        assert!(ids.len() == 2 && ids.contains(&sent) && ids.contains(&unsent), "{device}: {ids:?}");
        desk.run(device, &["verify"]).ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_belongs_to_one_account_and_nothing_is_created_for_another_one() {
    let setup = Setup::new().await;
    setup.register("phone").ok();
    let url = setup.server.url();
    let other = |command, device| setup.desk.run(device, &[command, "--server", &url, "--email", "ben@example.com"]);
    other("register", "phone").failed(1, &["cannot create an account", EMAIL, "--data DIR"]);
    other("login", "laptop").failed(4, &["cannot sign in"]);
    other("register", "laptop").ok();
    other("login", "phone").failed(1, &["cannot sign in as ben@example.com", EMAIL, "--data DIR"]);
    setup.desk.run("phone", &["logout"]).ok();
    other("register", "phone").failed(1, &["cannot create an account", EMAIL]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_log_out_the_status_names_the_account_and_the_way_back() {
    let setup = Setup::new().await;
    setup.register("phone").ok();
    setup.desk.run("phone", &["logout"]).ok();
    let output = setup.desk.run("phone", &["status"]).ok().says(&[EMAIL, &setup.server.url(), "signed out", "stronglog login"]);
    assert!(!output.stdout.contains("alone"), "{}", output.stdout);
    setup.desk.run("phone", &["status", "--check"]).ended(3);
}

/// A device that was offline while another device deleted most records and the server purged the tombstones.
async fn far_behind() -> Setup {
    let setup = Setup::new().await;
    let records: String = (0..120).map(|day| json!({ "date": day, "weightKg": 80 }).to_string() + "\n").collect();
    setup.desk.feed("phone", &["put", "user-bodyweight-logs"], &records).ok();
    setup.register("phone").ok();
    setup.login("laptop").ok();
    let listed = setup.desk.run("phone", &["list", "user-bodyweight-logs", "--json", "--limit", "100"]).ok().lines();
    let ids: Vec<&str> = listed.iter().map(|record| record["id"].as_str().expect("an id")).collect();
    setup.desk.run("phone", &[&["delete", "user-bodyweight-logs"], &ids[..]].concat()).ok();
    setup.desk.run("phone", &["sync"]).ok();
    let Setup { desk, server } = setup;
    let bind = server.addr();
    server.stop().await.expect("the server stops");
    desk.run("phone", &["admin", "purge", "--data", "server", "--tombstone-days", "0", "--backup-days", "0"]).ok();
    let config = stronglog_server::config::Config { bind, ..stronglog_server::config::Config::local(desk.path("server")) };
    let server = stronglog_server::serve::start(config).await.expect("the server starts again");
    Setup { desk, server }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_waits_for_a_decision_of_the_user_in_silence() {
    let setup = far_behind().await;
    let desk = &setup.desk;
    let act = "stronglog sync --confirm delete";
    for _ in 0..2 {
        desk.run("laptop", &["sync"]).ended(3).says(&["your decision is needed", "100 records", act, "--confirm push-again"]);
    }
    desk.run("laptop", &["sync", "--watch"]).ended(3).says(&[act]);
    let output = desk.run("laptop", &["sync", "--json"]).ended(3).json();
    assert_eq!((&output["status"]["state"], &output["status"]["toBeDeleted"]), (&json!("needsConfirmation"), &json!(100)));
    assert!(output["acts"][0].as_str().is_some_and(|output| output.contains(act)), "{output}");
    desk.run("laptop", &["status", "--check"]).ended(3).says(&[act]);
    assert_eq!(desk.run("laptop", &["status", "--json"]).ok().json()["toBeDeleted"], 100);
    setup.login("laptop").ended(3).says(&[act]);
    desk.run("laptop", &["account", "show"]).ok();
    desk.run("laptop", &["sync", "--confirm", "delete"]).ok().says(&["in sync"]);
    assert_eq!(desk.run("laptop", &["list", "user-bodyweight-logs", "--json"]).ok().lines().len(), 20);
    desk.run("laptop", &["status", "--check"]).ok();
}

/// A server that answers every request the same way: with 503, or by closing the connection.
fn unavailable(answer: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let read = std::io::Read::read(&mut stream, &mut [0; 16_384]);
            // A client that has disconnected needs no response.
            _ = read.and_then(|_| std::io::Write::write_all(&mut stream, answer.as_bytes()));
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_and_a_dropped_connection_end_alike() {
    let setup = Setup::new().await;
    setup.register("phone").ok();
    for answer in ["HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", ""] {
        setup.desk.redirect("phone", &unavailable(answer));
        let output = setup.desk.run("phone", &["sync"]).ended(5);
        output.says(&["the server is not available", "last error: "]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_sync_server_is_an_unreachable_server_for_every_command() {
    let portal = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
    let busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    for answer in [portal, busy, ""] {
        let setup = Setup::new().await;
        setup.register("phone").ok();
        let server = unavailable(answer);
        for command in [["account", "show"].as_slice(), &["devices"], &["verify"], &["logout", "--all-devices"]] {
            setup.desk.redirect("phone", &server);
            let ran = setup.desk.run("phone", command).ended(5);
            assert!(answer != portal || ran.stderr.contains("a proxy or captive portal"), "{ran:?}");
            setup.login("phone").ok();
        }
        setup.desk.run("phone", &["login", "--email", EMAIL, "--server", &server]).ended(5);
        setup.desk.redirect("phone", &server);
        let out = setup.desk.run("phone", &["logout"]).ok().says(&["signed out"]);
        assert!(out.stderr.contains("but the server could not be reached"), "{out:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_finds_every_request_too_large_rejects_no_edit() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    (0..5).for_each(|kg| _ = desk.measure("phone", 80.0 + f64::from(kg)));
    let proxy = "HTTP/1.1 413 Payload Too Large\r\nContent-Type: text/html\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
    desk.redirect("phone", &unavailable(proxy));
    desk.run("phone", &["sync"]).ended(5).says(&["the server is not available", "5 edits not sent yet"]);
    assert_eq!(desk.run("phone", &["blocked", "--json"]).ok().stdout, "");
    desk.redirect("phone", &setup.server.url());
    desk.run("phone", &["sync"]).ok().says(&["in sync: sent 5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_for_the_server_that_gave_it() {
    let (setup, other) = (Setup::new().await, Setup::new().await);
    let desk = &setup.desk;
    setup.register("phone").ok();
    let (own, elsewhere) = (setup.server.url(), other.server.url());
    for command in [&["sync"][..], &["status"], &["devices"], &["verify"], &["account", "show"], &["logout"]] {
        let words = [command, &["--server", &elsewhere]].concat();
        desk.run("phone", &words).failed(4, &[&format!("this device is signed in at {own}")]);
        desk.run("phone", &["sync"]).ok();
    }
    let seen = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listener = format!("http://{}", seen.local_addr().expect("its address"));
    let mut login = desk.command(&["login", "--email", EMAIL, "--server", &listener]);
    login.env("STRONGLOG_DATA", desk.path("phone")).env("STRONGLOG_PASSWORD", PASSWORD).stderr(Stdio::null());
    let mut login = login.spawn().expect("the command starts");
    let mut request = [0; 2_048];
    let length = std::io::Read::read(&mut seen.accept().expect("a connection").0, &mut request).expect("a request");
    login.kill().and_then(|()| login.wait()).expect("the command ends");
    let request = String::from_utf8_lossy(&request[..length]).to_lowercase();
    assert!(request.starts_with("post /api/v1/auth/login") && !request.contains("authorization"), "{request}");
    desk.run("phone", &["sync"]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_is_given_up() {
    let setup = Setup::new().await;
    setup.register("phone").ok();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // A response before the request would be a different error.
            _ = std::io::Read::read(&mut stream, &mut [0; 4_096]);
            let mut write = |bytes: &[u8]| std::io::Write::write_all(&mut stream, bytes).is_ok();
            let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x1_0000], b"\r\n"].concat();
            let begun = write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
            while begun && write(&chunk) {}
        }
    });
    setup.desk.redirect("phone", &format!("http://{address}"));
    let output = setup.desk.run("phone", &["sync"]).ended(5);
    output.says(&["received more than 16777216 bytes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_whose_account_was_erased_can_have_another() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    let id = desk.measure("phone", 80.0);
    setup.register("phone").ok();
    setup.login("laptop").ok();
    desk.run("phone", &["account", "erase", "--yes"]).ok();
    setup.register("phone").ok().says(&["in sync: sent 1"]);
    setup.login("laptop").failed(1, &["belong to an account of", "if it was erased or lost", "--adopt"]);
    let adopts = ["login", "--adopt", "--server", &setup.server.url(), "--email", EMAIL];
    desk.run("laptop", &adopts).ok();
    desk.run("laptop", &["get", "user-bodyweight-logs", &id]).ok();
    desk.run("laptop", &["verify"]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_given_with_the_sync_that_asks_for_it_counts() {
    let setup = far_behind().await;
    setup.desk.run("laptop", &["sync", "--confirm", "push-again"]).ok().says(&["in sync: sent 100"]);
    assert_eq!(setup.desk.run("laptop", &["list", "user-bodyweight-logs", "--json"]).ok().lines().len(), 120);
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_names_each_record_that_differs() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    let ids = [81.0, 82.0, 83.0, 84.0].map(|kg| desk.measure("phone", kg));
    setup.register("phone").ok();
    let agreed = desk.run("phone", &["verify", "--json"]).ok().json();
    assert_eq!(agreed, json!({ "compared": 4, "skipped": 0, "differences": [] }));
    let other = "0194a2c0-1111-7abc-8def-0123456789ab";
    let damage = rusqlite::Connection::open(desk.path("phone/device.db")).expect("the database");
    damage.execute("DELETE FROM records WHERE id = ?1", [&ids[0]]).expect("deleted");
    damage.execute("UPDATE records SET record = replace(record, '82', '92') WHERE id = ?1", [&ids[1]]).expect("changed");
    let renamed = "UPDATE records SET record = replace(record, ?1, ?2), id = ?2 WHERE id = ?1";
    damage.execute(renamed, [ids[2].as_str(), other]).expect("renamed");
    drop(damage);
    let differ = desk.run("phone", &["verify", "--json"]).ended(3).json();
    let found: std::collections::BTreeMap<&str, &str> = differ["differences"]
        .as_array()
        .expect("differences")
        .iter()
        .map(|difference| (difference["id"].as_str().expect("an id"), difference["kind"].as_str().expect("a kind")))
        .collect();
    let expected =
        [(ids[0].as_str(), "onlyOnServer"), (ids[1].as_str(), "version"), (ids[2].as_str(), "onlyOnServer"), (other, "onlyHere")];
    assert_eq!(found, expected.into_iter().collect());
    desk.run("phone", &["verify"]).ended(3).says(&[&format!("{}  only on the server", ids[0]), "in different versions"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_whose_end_nobody_saw_is_taken_up_by_a_sign_in() {
    let setup = Setup::new().await;
    setup.register("phone").ok();
    setup.register("laptop").failed(1, &["ana@example.com already has one", "`stronglog login`", "`stronglog account recovery-code`"]);
    setup.desk.run("laptop", &["status"]).ok().says(&["account  none"]);
    let act = ["belong to an account of ana@example.com", "if it still exists", "`stronglog login`", "`stronglog account recovery-code`"];
    setup.register("phone").failed(1, &act);
    setup.login("phone").ok();
}

#[test]
fn a_proxy_that_cannot_be_reached_is_named_and_its_password_is_not() {
    let desk = Desk::new();
    let login = ["login", "--server", "https://sync.example.com", "--email", EMAIL];
    let settings = [("STRONGLOG_PASSWORD", "long enough for all"), ("HTTPS_PROXY", "http://ana:hunter2@127.0.0.1:9")];
    let said = desk.feed_with("phone", &login, "", &settings).failed(5, &["uses the proxy in the environment variable HTTPS_PROXY"]);
    assert!(!said.stderr.contains("hunter2"), "{}", said.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_lost_is_listed_as_a_deletion() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let id = desk.measure("phone", 80.0);
    desk.run("phone", &["sync"]).ok();
    setup.login("laptop").ok();
    desk.run("phone", &["delete", "user-bodyweight-logs", &id]).ok();
    desk.run("laptop", &["put", "user-bodyweight-logs", "--id", &id, "--set", "weightKg=81"]).ok();
    desk.run("laptop", &["sync"]).ok();
    desk.run("phone", &["sync"]).ok();
    desk.run("phone", &["conflicts"]).ok().says(&["replaced by another edit", "a deletion; `stronglog conflicts restore"]);
}
