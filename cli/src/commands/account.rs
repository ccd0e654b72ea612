//! `register`, `login`, `logout` and `account`: who this device syncs as.

use stronglog_sync::account::SignOut;
use stronglog_sync::transport::Traffic;

use crate::args::{Account, Logout, SignIn};
use crate::commands::sync::{exit_of, say_outcome};
use crate::exit::{Exit, Failure, Outcome};
use crate::home::{Home, Notifications};
use crate::output::{AccountOutput, DoneOutput, LogoutOutput, SignInOutput};
use crate::progress::{self, Shown};
use crate::terminal::{Asking, ask_line, bytes, counted, good, moment, password, remark, say, say_fields, say_json};

const PASSWORD: &str = "STRONGLOG_PASSWORD";
const NEW_PASSWORD: &str = "STRONGLOG_NEW_PASSWORD";

pub async fn register(home: &Home, sign_in: &SignIn, json: bool) -> Outcome {
    let client = home.open(Notifications::Off).await?;
    let email = email(sign_in).await?;
    let asking = Asking { question: "New password", variable: PASSWORD, stdin: sign_in.password_stdin, twice: true };
    let password = password(asking).await?;
    let account = client.account().register(&email, &password, Some(&device_name(sign_in))).await?;
    signed_in(home, &client, &account.to_string(), &email, json, "created the account").await
}

pub async fn login(home: &Home, sign_in: &SignIn, json: bool) -> Outcome {
    let client = home.open(Notifications::Off).await?;
    let email = email(sign_in).await?;
    let asking = Asking { question: "Password", variable: PASSWORD, stdin: sign_in.password_stdin, twice: false };
    let password = password(asking).await?;
    let account = client.account().login(&email, &password, Some(&device_name(sign_in))).await?;
    signed_in(home, &client, &account.to_string(), &email, json, "signed in as").await
}

/// Remembers the sign-in, and syncs for the first time.
async fn signed_in(home: &Home, client: &stronglog_sync::Client, account: &str, email: &str, json: bool, done: &str) -> Outcome {
    home.remember(email)?;
    let server = home.remembered()?.server.unwrap_or_default();
    if !json {
        say!("{} {done} {email} at {server}", good("✓"))?;
    }
    let synced = progress::sync(client, "syncing", Traffic::default(), None, if json { Shown::Never } else { Shown::OnTerminal }).await?;
    if json {
        say_json(&SignInOutput { account: account.to_owned(), email: email.to_owned(), server })?;
    } else {
        say_outcome(&synced)?;
    }
    // The sign-in itself has worked; what the first sync left is to be looked at.
    Ok(if synced.status.is_synced() { Exit::Done } else { exit_of(&synced.status) })
}

async fn email(sign_in: &SignIn) -> Outcome<String> {
    if let Some(email) = &sign_in.email {
        return Ok(email.clone());
    }
    if sign_in.password_stdin || !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return Err(Failure::usage(
            "cannot ask for the address: standard input is no terminal; give it with --email or in STRONGLOG_EMAIL",
        ));
    }
    ask_line("Email".to_owned()).await
}

/// What the account calls this device, unless the user says so: the machine's name.
fn device_name(sign_in: &SignIn) -> String {
    let named = sign_in.device_name.clone();
    let host = || std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok();
    named.or_else(host).filter(|name| !name.is_empty()).unwrap_or_else(|| "stronglog".to_owned())
}

pub async fn logout(home: &Home, logout: &Logout, json: bool) -> Outcome {
    if home.tokens()?.is_none() {
        return Err(Failure::Other(Exit::SignIn, "cannot sign out: nobody is signed in on this device".to_owned()));
    }
    let client = home.open(Notifications::Off).await?;
    client.pause();
    let which = if logout.all_devices { SignOut::AllDevices } else { SignOut::ThisDevice };
    match client.account().sign_out(which).await {
        // The tokens are forgotten here in any case. For the other devices the server is needed.
        Err(error) if error.is_offline() && !logout.all_devices => {
            remark!("the server was not told, so it ends this sign-in by itself later: {error}");
        }
        other => other?,
    }
    let pending = client.status().pending;
    if json {
        say_json(&LogoutOutput { signed_out: true, all_devices: logout.all_devices })?;
    } else {
        say!("{} signed out; the records stay on this device", good("✓"))?;
        if pending > 0 {
            say!("  {} will be sent after the next sign-in", counted(pending, "edit"))?;
        }
    }
    Ok(Exit::Done)
}

pub async fn run(home: &Home, action: &Account, json: bool) -> Outcome {
    let client = home.open(Notifications::Off).await?;
    client.pause();
    match action {
        Account::Show => {
            let account = client.account().read().await?;
            if json {
                say_json(&AccountOutput::of(&account))?;
                return Ok(Exit::Done);
            }
            say_fields(&[
                ("account", account.email.to_string()),
                ("id", account.user_id.to_string()),
                ("since", moment(*account.created_at)),
                ("records", counted(account.record_count.unsigned_abs(), "record")),
                ("size", bytes(account.bytes.unsigned_abs())),
            ])?;
            return Ok(Exit::Done);
        }
        Account::Password { password_stdin } => {
            let (current, new) = two_passwords(*password_stdin).await?;
            client.account().change_password(&current, &new).await?;
        }
        Account::Erase { password_stdin, yes } => {
            let account = client.account().read().await?;
            if !yes {
                confirm_erase(&account.email, *password_stdin).await?;
            }
            let asking = Asking { question: "Password", variable: PASSWORD, stdin: *password_stdin, twice: false };
            client.account().erase(&password(asking).await?).await?;
        }
    }
    if json {
        say_json(&DoneOutput { done: true })?;
    } else if matches!(action, Account::Erase { .. }) {
        say!("{} erased the account; the records stay on this device", good("✓"))?;
    } else {
        say!("{} changed the password; every other device has to sign in again", good("✓"))?;
    }
    Ok(Exit::Done)
}

async fn two_passwords(stdin: bool) -> Outcome<(String, String)> {
    if stdin {
        let mut lines = std::io::stdin().lines().map_while(Result::ok);
        return match (lines.next(), lines.next()) {
            (Some(current), Some(new)) => Ok((current, new)),
            _ => Err(Failure::usage("cannot read the passwords: standard input must be two lines, the current and the new one")),
        };
    }
    let current = password(Asking { question: "Current password", variable: PASSWORD, stdin: false, twice: false }).await?;
    let new = password(Asking { question: "New password", variable: NEW_PASSWORD, stdin: false, twice: true }).await?;
    Ok((current, new))
}

async fn confirm_erase(email: &str, stdin_is_taken: bool) -> Outcome<()> {
    if stdin_is_taken || !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return Err(Failure::usage("cannot ask whether the account is to be erased: standard input is no terminal; say --yes if it is"));
    }
    let answer = ask_line(format!("This erases {email} and all its records on the server. Type the address to go on")).await?;
    if answer == email { Ok(()) } else { Err(Failure::new("nothing was erased: the address was another one")) }
}
