//! `register`, `login`, `recover`, `logout` and `account`: the account that this device syncs with.

use stronglog_sync::account::SignOut;
use stronglog_sync::api::ProblemCode;
use stronglog_sync::transport::Traffic;

use crate::args::{Account, Logout, SignIn};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{AccountOutput, DoneOutput, LogoutOutput, PasswordOutput, RecoveryCodeOutput, SignInOutput};
use crate::profile::{Background, Profile};
use crate::progress::{self, Visibility};
use crate::summary::{exit_of, say_synced, user_actions};
use crate::terminal::{
    Asking, Format, ask_line, bold, bytes, counted, good, moment, password, remark, say, say_fields, say_json, thousands,
};

const PASSWORD: &str = "STRONGLOG_PASSWORD";
pub const NEW_PASSWORD: &str = "STRONGLOG_NEW_PASSWORD";
const RECOVERY_CODE: &str = "STRONGLOG_RECOVERY_CODE";

pub async fn register(profile: &Profile, sign_in: &SignIn, format: Format) -> Outcome {
    profile.forget_damaged()?;
    let client = profile.open(Background::Sync).await?;
    profile.check_writable()?;
    let is_owned = client.account().owner()?.is_some();
    if is_owned && !sign_in.adopt {
        let email = sign_in.email.as_deref();
        return Err(other_account(profile, "create an account", email)?);
    }
    let email = email(sign_in).await?;
    let asking = Asking { question: "New password", variable: PASSWORD, stdin: sign_in.password_stdin, twice: true };
    let password = password(asking).await?;
    if is_owned {
        client.account().disown()?;
    }
    // If this is interrupted once the server has the account, `status` and the next sign-in name it.
    let before = profile.remember(Some(&email))?;
    let registered = client.account().register(&email, &password, Some(&device_name(sign_in))).await;
    if registered.is_err() {
        profile.save(&before)?;
    }
    let account = registered.map_err(|error| taken(error, &email))?;
    let recovery_code = new_recovery_code(&client, &password).await;
    let done = Done { account: account.to_string(), email, recovery_code, what: "created the account" };
    signed_in(profile, &client, done, format).await
}

/// The advice for an account that already exists. Its owner may not know that, because the command that created it was interrupted.
const IF_IT_IS_YOURS: &str =
    "sign in to it with `stronglog login`; if you have no recovery code, `stronglog account recovery-code` creates one";

fn taken(error: stronglog_sync::Error, email: &str) -> Failure {
    match error.problem() {
        Some(problem) if problem.code == ProblemCode::EmailTaken => {
            Failure::new(format!("cannot create an account: {email} already has one; if it is yours, {IF_IT_IS_YOURS}"))
        }
        _ => error.into(),
    }
}

/// Sets a new password with the recovery code, and signs in with it.
pub async fn recover(profile: &Profile, sign_in: &SignIn, format: Format) -> Outcome {
    profile.forget_damaged()?;
    let client = profile.open(Background::Sync).await?;
    profile.check_writable()?;
    let email = email(sign_in).await?;
    let code = Asking { question: "Recovery code", variable: RECOVERY_CODE, stdin: false, twice: false };
    let (code, new) = two_secrets(sign_in.password_stdin, code, "the recovery code and the new password").await?;
    client.account().recover(&email, &code, &new).await?;
    let account = client.account().login(&email, &new, Some(&device_name(sign_in))).await.map_err(|error| {
        Failure::new(format!("the new password is set, and every device is signed out, but {error}; use `stronglog login --email {email}`"))
    })?;
    let recovery_code = new_recovery_code(&client, &new).await;
    let done = Done { account: account.to_string(), email, recovery_code, what: "set a new password and signed in as" };
    signed_in(profile, &client, done, format).await
}

/// Creates a recovery code. The account works without one, so a failure is only a remark.
async fn new_recovery_code(client: &stronglog_sync::Client, password: &str) -> Option<String> {
    match client.account().make_recovery_code(password).await {
        Ok(code) => Some(code),
        Err(error) => {
            remark!("cannot create a recovery code: {error}; create one with `stronglog account recovery-code`");
            None
        }
    }
}

fn say_recovery_code(code: &str) -> Outcome<()> {
    say!("  recovery code  {}", bold(code))?;
    Ok(say!("  Write it down: it lets you set a new password if you forget yours, and it is not shown again.")?)
}

pub async fn login(profile: &Profile, sign_in: &SignIn, format: Format) -> Outcome {
    profile.forget_damaged()?;
    let client = profile.open(Background::Sync).await?;
    let email = email(sign_in).await?;
    let asking = Asking { question: "Password", variable: PASSWORD, stdin: sign_in.password_stdin, twice: false };
    let password = password(asking).await?;
    let (account, name) = (client.account(), device_name(sign_in));
    let account = match account.login(&email, &password, Some(&name)).await {
        Err(error) if error.is_other_account() && sign_in.adopt => {
            account.disown()?;
            account.login(&email, &password, Some(&name)).await?
        }
        Err(error) if error.is_other_account() => return Err(other_account(profile, &format!("sign in as {email}"), Some(&email))?),
        other => other?,
    };
    let done = Done { account: account.to_string(), email, recovery_code: None, what: "signed in as" };
    signed_in(profile, &client, done, format).await
}

/// A successful sign-in.
struct Done {
    account: String,
    email: String,
    recovery_code: Option<String>,
    what: &'static str,
}

/// The error for an account that would share a profile with another account. Both have the same address if the first was erased, or if its
/// server has lost it.
fn other_account(profile: &Profile, doing: &str, email: Option<&str>) -> Outcome<Failure> {
    let owner = profile.remembered()?.email.unwrap_or_else(|| "another account".to_owned());
    let folder = profile.folder().display();
    let same = email == Some(owner.as_str());
    let (belong, act) = match email {
        _ if same => (
            format!("an account of {owner}"),
            format!("if it still exists, {IF_IT_IS_YOURS}; if it was erased or lost, take over its records with --adopt"),
        ),
        _ => {
            let other = email.unwrap_or("the new account");
            let act = "take over the records with --adopt";
            (owner.clone(), format!("give {other} a separate profile with --data DIR, use `stronglog login --email {owner}`, or {act}"))
        }
    };
    Ok(Failure::new(format!("cannot {doing}: the records in the profile {folder} belong to {belong}; {act}")))
}

/// Saves the sign-in, and syncs for the first time.
async fn signed_in(profile: &Profile, client: &stronglog_sync::Client, done: Done, format: Format) -> Outcome {
    let Done { account, email, recovery_code, what } = done;
    profile.remember(Some(&email))?;
    let server = profile.remembered()?.server.unwrap_or_default();
    if !format.is_json() {
        say!("{} {what} {email} at {server}", good("✓"))?;
        recovery_code.as_deref().map_or(Ok(()), say_recovery_code)?;
    }
    let synced = progress::sync(
        client,
        "syncing",
        Traffic::default(),
        None,
        if format.is_json() { Visibility::Never } else { Visibility::OnTerminal },
    )
    .await?;
    if format.is_json() {
        say_json(&SignInOutput { account, email, server, recovery_code, acts: user_actions(&synced.status) })?;
    } else {
        say_synced(&synced)?;
    }
    Ok(exit_of(&synced.status))
}

async fn email(sign_in: &SignIn) -> Outcome<String> {
    if let Some(email) = &sign_in.email {
        return Ok(email.clone());
    }
    if sign_in.password_stdin || !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return Err(Failure::usage(
            "cannot ask for the email address: standard input is not a terminal; use --email, or set STRONGLOG_EMAIL",
        ));
    }
    ask_line("Email".to_owned()).await
}

/// The name of this device in the account's list of devices. The default is the machine's name.
fn device_name(sign_in: &SignIn) -> String {
    sign_in.device_name.clone().or_else(host_name).filter(|name| !name.is_empty()).unwrap_or_else(|| "stronglog".to_owned())
}

/// The machine's name. Shells do not export it, so it is not in a program's environment.
fn host_name() -> Option<String> {
    let asked = || std::process::Command::new("hostname").output().ok().and_then(|said| String::from_utf8(said.stdout).ok());
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(asked)?;
    Some(name.trim().to_owned())
}

pub async fn logout(profile: &Profile, logout: &Logout, format: Format) -> Outcome {
    profile.check_server()?;
    if profile.tokens()?.is_none() {
        return Err(Failure::Other(Exit::SignIn, "cannot sign out: this device is not signed in".to_owned()));
    }
    // Otherwise the session would end on the server, and its tokens would stay here.
    profile.check_writable()?;
    let client = profile.open(Background::Nothing).await?;
    let which = if logout.all_devices { SignOut::AllDevices } else { SignOut::ThisDevice };
    match client.account().sign_out(which).await {
        // The tokens of this device are deleted in any case. Signing out other devices requires the server.
        Err(error) if error.is_offline() && !logout.all_devices => {
            remark!(
                "signed out on this device, but the server could not be reached ({error}); end the session with `stronglog devices revoke` on another device"
            );
        }
        other => other?,
    }
    let pending = client.status().pending;
    if format.is_json() {
        say_json(&LogoutOutput { signed_out: true, all_devices: logout.all_devices })?;
    } else {
        say!("{} signed out; the records stay on this device", good("✓"))?;
        if pending > 0 {
            say!("  {} will be sent after the next sign-in", counted(pending, "edit"))?;
        }
    }
    Ok(Exit::Done)
}

pub async fn run(profile: &Profile, action: &Account, format: Format) -> Outcome {
    profile.check_server()?;
    let client = profile.open(Background::Nothing).await?;
    match action {
        Account::Show => {
            let account = client.account().read().await?;
            // A server of the first release does not return the limits.
            let usage = client.account().usage().await.ok();
            let (records_max, bytes_max) = usage.map_or((None, None), |usage| (usage.records_max, usage.bytes_max));
            if format.is_json() {
                say_json(&AccountOutput::of(&account, records_max, bytes_max))?;
                return Ok(Exit::Done);
            }
            let of = |used: String, max: Option<String>| match max {
                Some(max) => format!("{used} of {max}"),
                None => used,
            };
            let records_max = records_max.map(|max| thousands(max.unsigned_abs()));
            let bytes_max = bytes_max.map(|max| bytes(max.unsigned_abs()));
            say_fields(&[
                ("account", account.email.to_string()),
                ("id", account.user_id.to_string()),
                ("since", moment(*account.created_at)),
                ("records", of(thousands(account.record_count.unsigned_abs()), records_max)),
                ("size", of(bytes(account.bytes.unsigned_abs()), bytes_max)),
            ])?;
            return Ok(Exit::Done);
        }
        Account::Password { password_stdin } => {
            let current = Asking { question: "Current password", variable: PASSWORD, stdin: false, twice: false };
            let (current, new) = two_secrets(*password_stdin, current, "the current password and the new one").await?;
            client.account().change_password(&current, &new).await?;
            return changed_password(new_recovery_code(&client, &new).await, format);
        }
        Account::RecoveryCode { password_stdin } => {
            let asking = Asking { question: "Password", variable: PASSWORD, stdin: *password_stdin, twice: false };
            let recovery_code = client.account().make_recovery_code(&password(asking).await?).await?;
            if format.is_json() {
                say_json(&RecoveryCodeOutput { recovery_code })?;
            } else {
                say!("{} created a recovery code; the previous one no longer works", good("✓"))?;
                say_recovery_code(&recovery_code)?;
            }
            return Ok(Exit::Done);
        }
        Account::Erase { password_stdin, yes } => {
            let account = client.account().read().await?;
            if !yes {
                confirm_erase(&account.email, *password_stdin).await?;
            }
            let asking = Asking { question: "Password", variable: PASSWORD, stdin: *password_stdin, twice: false };
            client.account().erase(&password(asking).await?).await?;
            profile.remember(None)?;
        }
    }
    if format.is_json() {
        say_json(&DoneOutput { done: true })?;
    } else {
        say!("{} erased the account; the records stay on this device, and will belong to the account that signs in here next", good("✓"))?;
    }
    Ok(Exit::Done)
}

/// Reports a new password, and the recovery code that replaces the one it voided.
fn changed_password(recovery_code: Option<String>, format: Format) -> Outcome {
    if format.is_json() {
        say_json(&PasswordOutput { done: true, recovery_code })?;
        return Ok(Exit::Done);
    }
    say!("{} changed the password; every other device must sign in again, and the previous recovery code no longer works", good("✓"))?;
    recovery_code.iter().try_for_each(|code| say_recovery_code(code))?;
    Ok(Exit::Done)
}

/// Reads a secret and the new password: as two lines of standard input, from the environment, or from the terminal.
async fn two_secrets(stdin: bool, first: Asking<'_>, what: &str) -> Outcome<(String, String)> {
    if stdin {
        let mut lines = std::io::stdin().lines().map_while(Result::ok);
        return match (lines.next(), lines.next()) {
            (Some(first), Some(new)) => Ok((first, new)),
            _ => Err(Failure::usage(format!(
                "cannot read the passwords: standard input has fewer than two lines; pass {what}, one per line"
            ))),
        };
    }
    let first = password(first).await?;
    let new = password(Asking { question: "New password", variable: NEW_PASSWORD, stdin: false, twice: true }).await?;
    Ok((first, new))
}

async fn confirm_erase(email: &str, stdin_is_taken: bool) -> Outcome<()> {
    if stdin_is_taken || !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return Err(Failure::usage(
            "cannot ask for confirmation: standard input is not a terminal; use --yes to erase the account without confirmation",
        ));
    }
    let answer = ask_line(format!("This erases {email} and all its records on the server. Type the email address to confirm")).await?;
    if answer == email {
        Ok(())
    } else {
        Err(Failure::new("cannot erase the account: the email address typed is a different one; nothing was erased"))
    }
}
