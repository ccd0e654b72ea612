//! The settings of a server: the configuration file, the signing secrets, the check before a start, and SIGHUP.
#![cfg(unix)]

mod support;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use support::{Desk, EMAIL, Ran, Serving, signal, wait_for};

const SECRET: &str = "q7Zk3vN0s8yR2mT5wX9bC4dF6gH1jL0pKuVe";
const OTHER_SECRET: &str = "Zt4uW8eRk2mQ6xN1vB9cY3pL7sD5fG0hJaXo";

/// Writes a file that only its owner can read.
fn write(desk: &Desk, name: &str, text: &str) {
    fs::write(desk.path(name), text).expect("written");
    fs::set_permissions(desk.path(name), fs::Permissions::from_mode(0o600)).expect("private");
}

fn check(desk: &Desk, arguments: &[&str]) -> Ran {
    Ran::of(desk.command(&[&["serve", "--check"], arguments].concat()).output().expect("the command starts"))
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}

#[test]
fn a_check_names_everything_that_would_fail_and_leaves_nothing_behind() {
    let desk = Desk::new();
    write(&desk, "secret", SECRET);
    write(&desk, "server.toml", &format!("bind = \"127.0.0.1:{}\"\ndata = \"data\"\nsigning-secret-file = \"secret\"\n", free_port()));
    check(&desk, &["--config", "server.toml"]).ok().says(&["strong", "data will be created", "is free"]);
    assert!(!desk.path("data").exists(), "a check creates nothing");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().map(|address| (taken, address.to_string())).expect("an address");
    fs::write(desk.path("file"), "").expect("written");
    for (name, other) in [("one", "two"), ("two", "one")] {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        write(&desk, &format!("{name}.pem"), &made.cert.pem());
        write(&desk, &format!("{other}.key"), &made.signing_key.serialize_pem());
    }
    let arguments = ["--config", "server.toml", "--bind", &taken.1, "--data", "file/data", "--tls-cert", "one.pem", "--tls-key", "one.key"];
    let bad = check(&desk, &arguments).ended(1).says(&["cannot listen on", "cannot write to file", "certificate", "cannot be used"]);
    assert!(bad.stdout.contains("strong"), "what is good is reported too: {}", bad.stdout);
    let matching = ["--config", "server.toml", "--tls-cert", "one.pem", "--tls-key", "two.key", "--json"];
    let findings = check(&desk, &matching).ok().json();
    assert_eq!(findings["grade"], "good", "{findings}");
    check(&desk, &["--config", "server.toml", "--tls-cert", "one.pem"])
        .ended(1)
        .says(&["--tls-cert and --tls-key must be used together; give both"]);
    check(&desk, &["--config", "server.toml", "--trusted-proxies", "10.0.0.0/8"])
        .ended(1)
        .says(&["--trusted-proxies needs --behind-proxy"]);
}

#[test]
fn a_secret_that_others_read_is_rejected() {
    let desk = Desk::new();
    write(&desk, "secret", SECRET);
    let bind = format!("127.0.0.1:{}", free_port());
    let arguments = ["--bind", &bind, "--signing-secret-file", "secret"];
    check(&desk, &arguments).ok();
    for (mode, good) in [(0o640, true), (0o644, false), (0o660, false)] {
        fs::set_permissions(desk.path("secret"), fs::Permissions::from_mode(mode)).expect("changed");
        let ran = check(&desk, &arguments).ended(if good { 0 } else { 1 });
        assert!(good || ran.stdout.contains("run `chmod 600 secret`"), "{mode:o}: {}", ran.stdout);
    }
    write(&desk, "secret", "hunter2\n");
    check(&desk, &arguments).ended(1).says(&["secret 1 in it is weak"]);
    write(&desk, "secret", "\n");
    check(&desk, &arguments).ended(1).says(&["it is empty", "openssl rand"]);
    check(&desk, &["--bind", &bind]).ended(1).says(&["no signing secret"]);
    fs::write(desk.path("open.toml"), format!("signing-secret = \"{SECRET}\"\n")).expect("written");
    fs::set_permissions(desk.path("open.toml"), fs::Permissions::from_mode(0o644)).expect("changed");
    let printed = check(&desk, &["--bind", &bind, "--config", "open.toml"]).failed(2, &["open.toml", "chmod 600"]);
    assert!(!printed.stderr.contains(SECRET), "{}", printed.stderr);
}

#[test]
fn flags_override_the_environment_which_overrides_the_file() {
    let desk = Desk::new();
    let ports = [free_port(), free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    write(&desk, "server.toml", &format!("bind = \"{}\"\ndev = true\n", ports[0]));
    let run = |flag: Option<&str>, variable: Option<&str>| {
        let mut command = desk.command(&["serve", "--check", "--config", "server.toml"]);
        flag.iter().for_each(|address| _ = command.args(["--bind", address]));
        variable.iter().for_each(|address| _ = command.env("STRONGLOG_BIND", address));
        Ran::of(command.output().expect("the command starts"))
    };
    run(None, None).ok().says(&[&format!("{} is free", ports[0])]);
    run(None, Some(&ports[1])).ok().says(&[&format!("{} is free", ports[1])]);
    run(Some(&ports[2]), Some(&ports[1])).ok().says(&[&format!("{} is free", ports[2])]);
}

#[test]
fn a_wrong_file_is_rejected_with_line_and_hint() {
    let desk = Desk::new();
    write(&desk, "server.toml", "dev = true\nbnid = \"127.0.0.1:0\"\n\nauth-per-minute = \"many\"\n");
    let printed =
        check(&desk, &["--config", "server.toml"]).failed(2, &["server.toml", "line 2: unknown key \"bnid\"", "\"bind\"?", "line 4"]);
    assert!(printed.stderr.contains("a number without quotes"), "{}", printed.stderr);
    check(&desk, &["--config", "none.toml"]).failed(2, &["none.toml", "No such file"]);
}

#[test]
fn sighup_takes_over_settings_and_secrets() {
    let desk = Desk::new();
    write(&desk, "secret", SECRET);
    let settings = "data = \"server\"\nsigning-secret-file = \"secret\"\n";
    write(&desk, "server.toml", settings);
    let mut server = Serving::start(&desk, &["--config", "server.toml"]);
    let register = |device: &str, email: &str| desk.run(device, &["register", "--server", &server.url, "--email", email]);
    register("phone", EMAIL).ok();

    // A new secret signs, and the one before it stays valid.
    write(&desk, "secret", &format!("{OTHER_SECRET}\n{SECRET}\n"));
    write(&desk, "server.toml", &format!("{settings}closed = true\n"));
    signal(&server.child, "HUP");
    wait_for(&mut server.log, "reloaded the settings");
    let register = |device: &str, email: &str| desk.run(device, &["register", "--server", &server.url, "--email", email]);
    register("other", "bea@example.com").failed(4, &["does not accept new accounts"]);
    desk.measure("phone", 80.0);
    desk.run("phone", &["sync"]).ok();

    // A file that cannot be used changes nothing.
    write(&desk, "server.toml", "closed = \"perhaps\"\n");
    signal(&server.child, "HUP");
    wait_for(&mut server.log, "cannot use the new settings; the previous ones stay in use");
    desk.run("phone", &["sync"]).ok();

    // Without the old secret, tokens that it signed are rejected.
    write(&desk, "secret", OTHER_SECRET);
    write(&desk, "server.toml", &format!("{settings}bind = \"127.0.0.1:1\"\n"));
    signal(&server.child, "HUP");
    wait_for(&mut server.log, "reloaded the settings");
    desk.run("phone", &["sync"]).ended(4);
    let login = ["login", "--server", &server.url, "--email", EMAIL];
    desk.run("phone", &login).ok();
}

#[test]
fn addresses_are_logged_if_the_operator_wants_it() {
    for (flag, logged) in [("--log-addresses", true), ("--log-addresses=false", false)] {
        let desk = Desk::new();
        let mut server = Serving::start(&desk, &["--dev", "--data", "server", flag]);
        desk.run("phone", &["register", "--server", &server.url, "--email", EMAIL]).ok();
        let line = wait_for(&mut server.log, "/api/v1/auth/register");
        assert_eq!(line.contains("client=\"127.0.0.1\""), logged, "{line}");
        assert!(line.contains("request=\""), "{line}");
    }
}

#[test]
fn a_start_that_an_occupied_port_prevents_leaves_nothing_behind() {
    let desk = Desk::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    desk.run("operator", &["serve", "--dev", "--bind", &address, "--data", "server"]).failed(1, &[&address]);
    assert!(!desk.path("server").exists());
    let metrics = ["serve", "--dev", "--bind", "127.0.0.1:0", "--metrics-bind", &address, "--data", "server"];
    desk.run("operator", &metrics).failed(1, &[&address]);
    assert!(!desk.path("server").exists());
}
