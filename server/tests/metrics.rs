//! The metrics, read by the rules of the OpenMetrics text format; the names that the dashboard and the alerts use; and ids of requests.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use support::{Server, WEIGHTS, now, weight};

/// A metric family as the text declares it.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: String,
    unit: String,
    /// The labels of each sample with its suffix, and its value.
    samples: BTreeMap<(String, String), f64>,
}

/// Parses a text by the rules of the format, and fails if it violates one.
fn parse(text: &str) -> BTreeMap<String, Family> {
    let body = text.strip_suffix("# EOF\n").expect("the text ends with # EOF");
    let (mut families, mut current) = (BTreeMap::<String, Family>::new(), String::new());
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let (word, rest) = rest.split_once(' ').expect("a word");
            let (name, value) = rest.split_once(' ').expect("a name and a value");
            if name != current {
                assert!(!families.contains_key(name), "{name} is declared twice");
                current = name.to_owned();
            }
            let family = families.entry(name.to_owned()).or_default();
            let member = match word {
                "HELP" => &mut family.help,
                "TYPE" => &mut family.kind,
                "UNIT" => &mut family.unit,
                other => panic!("unknown line # {other}"),
            };
            assert!(member.is_empty() && family.samples.is_empty(), "{line}");
            *member = value.to_owned();
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.strip_suffix('}').expect("closed braces");
        let suffix = name.strip_prefix(&current).unwrap_or_else(|| panic!("{name} is no sample of {current}"));
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line} has no number"));
        let family = families.get_mut(&current).expect("declared before");
        let before = family.samples.insert((suffix.to_owned(), labels.to_owned()), value);
        assert!(before.is_none(), "{series} is there twice");
    }
    families
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.starts_with(|first: char| first.is_ascii_lowercase())
}

/// Checks the naming conventions of Prometheus.
fn check(name: &str, family: &Family) {
    assert!(is_name(name) && (name.starts_with("stronglog_") || name.starts_with("process_")), "{name}");
    assert!(family.help.len() > 5 && family.help.ends_with('.'), "{name}: {:?}", family.help);
    assert!(family.unit.is_empty() || name.ends_with(&format!("_{}", family.unit)), "{name} in {}", family.unit);
    for unit in ["_ms", "_milliseconds", "_kb", "_mb", "_minutes", "_percent"] {
        assert!(!name.ends_with(unit), "{name} is not in a base unit");
    }
    let suffixes: &[&str] = match family.kind.as_str() {
        "counter" => &["_total"],
        "gauge" => &[""],
        "info" => &["_info"],
        "histogram" => &["_bucket", "_sum", "_count"],
        other => panic!("{name} is a {other}"),
    };
    for ((suffix, labels), value) in &family.samples {
        assert!(suffixes.contains(&suffix.as_str()), "{name}{suffix} of a {}", family.kind);
        assert!(*value >= 0.0, "{name}{suffix}{{{labels}}} {value}");
        for label in labels.split("\",").filter(|label| !label.is_empty()) {
            assert!(label.split_once("=\"").is_some_and(|(name, _)| is_name(name)), "{labels}");
        }
    }
    if family.kind == "histogram" {
        check_buckets(name, family);
    }
}

/// Buckets count up to the sum of all, and the last has no bound.
fn check_buckets(name: &str, family: &Family) {
    let mut series: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for ((_, labels), value) in family.samples.iter().filter(|((suffix, _), _)| suffix == "_bucket") {
        let (bound, others) = labels.strip_prefix("le=\"").and_then(|rest| rest.split_once('"')).expect("a bound");
        let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().expect("a number") };
        series.entry(others.trim_start_matches(',').to_owned()).or_default().push((bound, *value));
    }
    for (labels, mut buckets) in series {
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        assert!(buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{name}{{{labels}}} {buckets:?}");
        let count = family.samples[&("_count".to_owned(), labels.clone())];
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, count)), "{name}{{{labels}}}");
        assert!(family.samples.contains_key(&("_sum".to_owned(), labels)), "{name} has a sum");
    }
}

async fn text(server: &Server) -> String {
    let response = server.http.get(server.url("/metrics")).send().await.expect("an answer");
    assert_eq!(response.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.text().await.expect("a whole answer")
}

/// A server that has done a bit of everything.
async fn busy_server() -> Server {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    server.push(&sam, &[sam.change(WEIGHTS, &weight(now()), 1)]).await;
    server.get("/api/v1/changes", &sam.access).await;
    server.get("/nowhere", &sam.access).await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_keep_to_the_format_and_to_the_conventions() {
    let server = busy_server().await;
    let families = parse(&text(&server).await);
    families.iter().for_each(|(name, family)| check(name, family));
    let value = |name: &str, suffix: &str, labels: &str| {
        let family = families.get(name).unwrap_or_else(|| panic!("{name} is not there"));
        family.samples.get(&(suffix.to_owned(), labels.to_owned())).copied().unwrap_or_else(|| panic!("{labels} is not in {family:?}"))
    };
    assert_eq!(value("stronglog_accounts", "", ""), 1.0);
    assert_eq!(value("stronglog_sessions", "", ""), 1.0);
    assert_eq!(value("stronglog_write_queue", "", ""), 0.0);
    assert_eq!(value("stronglog_last_backup_timestamp_seconds", "", ""), 0.0, "there was none");
    assert_eq!(value("stronglog_pushed_changes", "_total", "outcome=\"accepted\""), 1.0);
    assert!(value("stronglog_commit_duration_seconds", "_count", "") >= 2.0);
    assert!(value("stronglog_database_size_bytes", "", "") >= 8_192.0 && value("stronglog_connections", "", "") >= 1.0);
    let info = &families["stronglog_build"].samples;
    assert!(info.keys().any(|(_, labels)| labels.contains(&format!("version=\"{}\"", env!("CARGO_PKG_VERSION")))), "{info:?}");
    stronglog_server::admin::back_up(server.folder.path(), &server.folder.path().join("monday.backup")).expect("a backup");
    let families = parse(&text(&server).await);
    let at = families["stronglog_last_backup_timestamp_seconds"].samples.values().sum::<f64>();
    assert!((at - now() as f64 / 1_000.0).abs() < 60.0, "{at}");
}

/// Names of metrics in an expression of Prometheus.
fn metrics_in(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("stronglog_") || word.starts_with("process_")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn dashboard_and_alerts_use_metrics_that_are_there() {
    let server = busy_server().await;
    let families = parse(&text(&server).await);
    let there: BTreeSet<String> =
        families.iter().flat_map(|(name, family)| family.samples.keys().map(move |(suffix, _)| format!("{name}{suffix}"))).collect();
    let packaging = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging");
    let read = |name: &str| std::fs::read_to_string(packaging.join(name)).expect("a file");
    let dashboard: serde_json::Value = serde_json::from_str(&read("grafana-dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let mut expressions: Vec<String> = targets.map(|target| target["expr"].as_str().expect("an expression").to_owned()).collect();
    assert!(expressions.len() >= 10, "{}", expressions.len());
    let alerts = read("prometheus-alerts.yaml");
    let rules: Vec<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    let names: Vec<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(rules.len() == names.len() && names.len() >= 8, "{names:?}");
    expressions.extend(rules.into_iter().map(str::to_owned));
    for expression in &expressions {
        let used = metrics_in(expression);
        assert!(!used.is_empty() || expression.contains("up{"), "{expression} uses no metric");
        let missing: Vec<_> = used.difference(&there).collect();
        assert!(missing.is_empty(), "{expression} uses {missing:?}, which the server does not have");
    }
    let guide = std::fs::read_to_string(packaging.join("../docs/operations.md")).expect("a file");
    for name in names {
        assert!(guide.contains(&format!("| {name} |")), "docs/operations.md does not say what {name} means");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_an_id_in_its_answer_and_in_what_went_wrong() {
    let server = Server::start().await;
    let ask = |id: Option<&'static str>| {
        let request = server.http.get(server.url("/api/v1/changes"));
        let request = id.into_iter().fold(request, |request, id| request.header("x-request-id", id));
        async { request.send().await.expect("an answer") }
    };
    let response = ask(Some("web-1.2")).await;
    assert_eq!((response.status().as_u16(), &response.headers()["x-request-id"]), (401, &"web-1.2".parse().expect("a value")));
    let problem: serde_json::Value = serde_json::from_slice(&response.bytes().await.expect("a whole answer")).expect("JSON");
    assert_eq!(problem["instance"], "web-1.2");
    let mut made = BTreeSet::new();
    for given in [None, None, Some("not an id")] {
        let response = ask(given).await;
        let id = response.headers()["x-request-id"].to_str().expect("a text").to_owned();
        let problem: serde_json::Value = serde_json::from_slice(&response.bytes().await.expect("a whole answer")).expect("JSON");
        assert_eq!(problem["instance"], id.as_str());
        assert!(id.len() == 32 && made.insert(id.clone()), "{id}");
    }
}
