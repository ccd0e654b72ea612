//! Problems between a device and its server: connections that break during large responses, caches, and clocks that differ.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use support::proxy::{self, Deal};
use support::{EMAIL, Setup};

const PASS: usize = 0;

/// A server behind a proxy, and the index of the way in which the proxy handles requests for pages and pushes.
async fn behind(deals: &'static [fn() -> Deal]) -> (Setup, String, Arc<AtomicUsize>) {
    let setup = Setup::new().await;
    let chosen = Arc::new(AtomicUsize::new(PASS));
    let choice = Arc::clone(&chosen);
    let proxy = proxy::start(setup.server.addr(), move |request| match choice.load(Ordering::Relaxed).checked_sub(1) {
        Some(deal) if request.contains("/changes") && !request.contains("/stream") => deals[deal](),
        _ => Deal::Pass,
    });
    (setup, proxy, chosen)
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_compared_over_a_connection_that_breaks_under_large_answers() {
    let (setup, proxy, chosen) = behind(&[|| Deal::CutAfter(60_000)]).await;
    let desk = &setup.desk;
    desk.run("phone", &["register", "--server", &proxy, "--email", EMAIL]).ok();
    let records = (0..300).map(|number| json!({ "date": number, "weightKg": 80, "note": "x".repeat(600) }).to_string() + "\n");
    desk.feed("phone", &["put", "user-bodyweight-logs"], &records.collect::<String>()).ok();
    desk.run("phone", &["sync"]).ok();
    chosen.store(1, Ordering::Relaxed);
    let verified = desk.run("phone", &["verify", "--json"]).ok().json();
    assert_eq!((&verified["compared"], &verified["differences"]), (&json!(300), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_compared_through_a_proxy_that_bounds_answers() {
    const TOO_LARGE: &str = "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const TOO_SLOW: &str = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let records = (0..300).map(|number| json!({ "date": number, "weightKg": 80 }).to_string() + "\n");
    desk.feed("phone", &["put", "user-bodyweight-logs"], &records.collect::<String>()).ok();
    desk.run("phone", &["sync"]).ok();
    for answer in [TOO_LARGE, TOO_SLOW] {
        let is_large = |request: &str| ["limit=1000", "limit=500", "limit=250"].iter().any(|limit| request.contains(limit));
        let bounded = proxy::start(setup.server.addr(), move |request| match is_large(request) {
            true => Deal::Answer(answer),
            false => Deal::Pass,
        });
        desk.redirect("phone", &bounded);
        let verified = desk.run("phone", &["verify", "--json"]).ok().json();
        assert_eq!((&verified["compared"], &verified["differences"]), (&json!(300), &json!([])));
        let never = proxy::start(setup.server.addr(), move |_| Deal::Answer(answer));
        desk.redirect("phone", &never);
        desk.run("phone", &["verify"]).failed(5, &[&answer[9..12]]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_to_wait_is_not_available() {
    const LIMITED: &str = "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/problem+json\r\nRetry-After: 30\r\n\
        Content-Length: 92\r\nConnection: close\r\n\r\n\
        {\"type\":\"about:blank\",\"title\":\"limited\",\"status\":429,\"code\":\"rate_limited\",\"retryable\":true}";
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    desk.redirect("phone", &proxy::start(setup.server.addr(), |_| Deal::Answer(LIMITED)));
    for command in [&["sync"][..], &["verify"], &["devices"], &["account", "show"]] {
        desk.run("phone", command).ended(5);
    }
}

fn without_account(answer: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let lines = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("x-account:"));
    format!("{}\r\n\r\n{body}", lines.collect::<Vec<_>>().join("\r\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_names_no_account_is_ignored_once_the_server_has_named_it() {
    let (setup, proxy, chosen) = behind(&[|| Deal::Change(without_account)]).await;
    let desk = &setup.desk;
    desk.run("phone", &["register", "--server", &proxy, "--email", EMAIL]).ok();
    desk.run("tablet", &["login", "--server", &setup.server.url(), "--email", EMAIL]).ok();
    desk.measure("tablet", 80.0);
    desk.run("tablet", &["sync"]).ok();
    chosen.store(1, Ordering::Relaxed);
    let ignored = desk.run("phone", &["sync"]).ended(5);
    assert!(ignored.stdout.contains("names no account"), "{ignored:?}");
    assert_eq!(desk.run("phone", &["list", "user-bodyweight-logs", "--json"]).ok().lines().len(), 0);
    desk.run("phone", &["verify"]).failed(5, &["names no account"]);

    // A server of the first contract names no account, and a device that signs in there needs none.
    desk.run("phone", &["login", "--server", &proxy, "--email", EMAIL]).ok();
    assert_eq!(desk.run("phone", &["list", "user-bodyweight-logs", "--json"]).ok().lines().len(), 1);
}

const DAY_MS: i64 = 86_400_000;

/// The response of a server whose clock is ahead by this much.
fn shifted(answer: &str, ahead_ms: i64) -> String {
    const NAME: &str = "\"serverTime\":";
    let Some((before, after)) = answer.split_once(NAME) else { return answer.to_owned() };
    let end = after.find(|char: char| !char.is_ascii_digit()).expect("more after the time");
    let time: i64 = after[..end].parse().expect("a time");
    format!("{before}{NAME}{}{}", time + ahead_ms, &after[end..])
}

const CLOCKS: &[fn() -> Deal] = &[
    || Deal::Change(|answer| shifted(answer, DAY_MS)),
    || Deal::Change(|answer| shifted(answer, -20 * 60_000)),
    || Deal::Change(|answer| shifted(answer, -DAY_MS)),
];

fn status(setup: &Setup, device: &str) -> (Value, Value, String) {
    let output = setup.desk.run(device, &["status", "--json"]).ok().json();
    (output["serverClockAheadMs"].clone(), output["correctsClock"].clone(), output["acts"].to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_reports_that_its_clock_differs_from_the_server_clock() {
    let (setup, proxy, chosen) = behind(CLOCKS).await;
    let desk = &setup.desk;
    desk.run("phone", &["register", "--server", &proxy, "--email", EMAIL]).ok();
    assert_eq!(status(&setup, "phone"), (Value::Null, json!(false), "[]".to_owned()));

    chosen.store(1, Ordering::Relaxed);
    let behind = "this device's clock is 24 hours behind the server's; set the clock that is wrong";
    desk.run("phone", &["sync"]).ok().says(&[behind, "may lose against earlier ones"]);
    let json = desk.run("phone", &["sync", "--json"]).ok().json();
    let ahead = json["status"]["serverClockAheadMs"].as_i64().expect("a difference");
    assert!((ahead - DAY_MS).abs() < 60_000, "{ahead}");
    let (ahead, is_corrected, acts) = status(&setup, "phone");
    assert!(ahead.as_i64().is_some_and(|ahead| (ahead - DAY_MS).abs() < 60_000) && is_corrected == json!(false), "{ahead}");
    assert!(acts.contains("stronglog sync") && acts.contains("ten minutes"), "{acts}");
    desk.run("phone", &["status", "--check"]).ended(3);

    chosen.store(2, Ordering::Relaxed);
    desk.run("phone", &["sync"]).ok().says(&["20 minutes ahead of the server's", "may have to wait"]);
    chosen.store(PASS, Ordering::Relaxed);
    desk.run("phone", &["sync"]).ok();
    assert_eq!(status(&setup, "phone").0, Value::Null, "once the clocks agree, nothing is reported");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_signs_in_with_a_wrong_clock_takes_the_server_time_at_once() {
    let (setup, proxy, chosen) = behind(CLOCKS).await;
    let desk = &setup.desk;
    chosen.store(3, Ordering::Relaxed);
    let before = desk.measure("phone", 80.0);
    let created = |id: &str| desk.run("phone", &["get", "user-bodyweight-logs", id, "--json"]).ok().json()["clientCreatedAt"].as_i64();
    let wrong = created(&before);
    desk.run("phone", &["register", "--server", &proxy, "--email", EMAIL]).ok();
    let (_, is_corrected, acts) = status(&setup, "phone");
    assert_eq!((is_corrected, acts.as_str()), (json!(true), "[]"));
    desk.run("phone", &["status"]).ok().says(&["sync gives the edits of this device the server's time"]);
    let after = desk.measure("phone", 81.0);
    let passed = created(&after).zip(created(&before)).map(|(after, before)| after - before).expect("two times");
    assert!((0..60_000).contains(&passed), "what was made before is dated alike: {passed}");
    let corrected = wrong.zip(created(&before)).map(|(wrong, corrected)| wrong - corrected).expect("two times");
    assert!((DAY_MS - 60_000..DAY_MS + 60_000).contains(&corrected), "{corrected}");
}
