//! Databases that a server cannot use, and what `serve --check` says about a database.

#[path = "support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use stronglog_server::check::{self, Grade};
use stronglog_server::config::{Config, Secret};
use stronglog_server::serve::start;
use support::Server;
use support::postgres::Postgres;

/// The secret of the servers.
const SECRET: &str = "q7Zk3vN0s8yR2mT5wX9bC4dF6gH1jL0pKuVe";

#[tokio::test]
async fn an_address_that_cannot_be_used_is_named_without_its_password() {
    for url in ["postgres://sam:hush@127.0.0.1:1/none", "postgres://sam:hush@host/name?sslmode=maybe", "mysql://sam:hush@host"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = Config { store: Some(Secret::new(url)), ..Config::local(folder.path()) };
        assert!(!format!("{config:?}").contains("hush"));
        let error = start(config).await.err().expect("no server").to_string();
        assert!(error.contains("database") && !error.contains("hush"), "{error}");
    }
}

/// The reason why a server cannot use the database at an address; a check of the settings must report the same.
async fn refused(url: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = Config { store: Some(Secret::new(url)), ..Config::local(folder.path()) };
    let found = check::settings(&config).await.into_iter().find(|finding| finding.grade == Grade::Bad).map(|finding| finding.detail);
    let error = start(config).await.err().expect("it cannot start").to_string();
    let (found, output) = (found.expect("the check finds it"), error.rsplit(": ").next().expect("a reason"));
    assert!(found.contains(output), "the check says {found:?}, and the start {error:?}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_a_server_cannot_use_is_rejected_by_the_check_too() {
    let postgres = Postgres::start();
    let url = postgres.url();
    let (server, _) = url.rsplit_once('/').expect("an address with the name of a database");
    let at = |name: &str| format!("{server}/{name}");
    postgres.sql("CREATE DATABASE latin OWNER stronglog ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    assert!(refused(&at("latin")).await.contains("its encoding is LATIN1"));
    postgres.sql("CREATE DATABASE nowhere OWNER stronglog");
    postgres.sql("ALTER DATABASE nowhere SET search_path = missing");
    assert!(refused(&at("nowhere")).await.contains("search_path"));
    postgres.sql("CREATE DATABASE others");
    assert!(refused(&at("others")).await.contains("GRANT CREATE ON SCHEMA public"));
    postgres.sql("CREATE TABLE public.migrations (id bigint)");
    assert!(refused(&postgres.url()).await.contains("`migrations` in the schema public belongs to another program"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_of_a_database_leaves_nothing_in_it() {
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = Config { store: Some(Secret::new(postgres.url())), ..Config::local(folder.path()) };
    let bad = check::settings(&config).await.into_iter().find(|finding| finding.grade == Grade::Bad);
    assert_eq!(bad, None);
    assert_eq!(postgres.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_compares_the_secret_with_running_servers_and_counts_the_connections_of_the_role() {
    const OTHER: &str = "Zt4uW8eRk2mQ6xN1vB9cY3pL7sD5fG0hJaXo";
    let postgres = Postgres::start();
    let with = |secret: &str, previous: Option<&str>| Config {
        store: Some(Secret::new(postgres.url())),
        signing_secret: Some(Secret::new(secret)),
        previous_signing_secret: previous.map(Secret::new),
        ..Config::local("unused")
    };
    let server = Server::start_with(|config| {
        config.store = Some(Secret::new(postgres.url()));
        config.signing_secret = Some(Secret::new(SECRET));
    })
    .await;
    let found = async |config: &Config, name: &str| {
        let found = check::database(config).await.into_iter().find(|finding| finding.name == name).expect("a finding");
        (found.grade, found.detail)
    };
    let since = Instant::now();
    while found(&with(OTHER, None), "servers").await.0 != Grade::Bad {
        assert!(since.elapsed() < Duration::from_secs(20), "nobody notices that the secrets differ");
    }
    for accepted in [with(SECRET, None), with(OTHER, Some(SECRET))] {
        assert_eq!(found(&accepted, "servers").await.0, Grade::Good);
    }
    postgres.sql("ALTER ROLE stronglog CONNECTION LIMIT 12");
    let (grade, detail) = found(&with(SECRET, None), "connections").await;
    assert_eq!(grade, Grade::Warning, "{detail}");
    assert!(detail.contains("raise the connection limit of the role"), "{detail}");
    server.running.stop().await.expect("the server stops");
    assert_eq!(found(&with(OTHER, None), "servers").await.0, Grade::Good, "a server that has stopped signs nothing");
}
