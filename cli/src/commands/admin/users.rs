//! `admin user`: the accounts of a server.

use std::io::IsTerminal;

use stronglog_server::admin;
use stronglog_server::admin::users::{self, Limits};

use super::place::place;
use crate::args::{AccountArgument, ServerFolder, UserAction};
use crate::commands::account::NEW_PASSWORD;
use crate::commands::table;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{ResetPasswordOutput, UserOutput, UserSessionOutput};
use crate::terminal::{Asking, Format, ask_line, bytes, counted, good, moment, password, remark, say, say_fields, say_json, thousands};

pub async fn run(action: &UserAction, format: Format) -> Outcome {
    match action {
        UserAction::List { folder } => list(folder, format).await?,
        UserAction::Show(account) => show(account, format).await?,
        UserAction::Sessions(account) => sessions(account, format).await?,
        UserAction::Disable(account) => {
            let user = users::disable(&place(&account.folder)?, &account.account).await.map_err(failed)?;
            done(&user, format, &format!("disabled {} and signed out {}", user.email, counted(user.sessions, "device")))?;
        }
        UserAction::Enable(account) => {
            let user = users::enable(&place(&account.folder)?, &account.account).await.map_err(failed)?;
            done(&user, format, &format!("enabled {}; its devices must sign in again", user.email))?;
        }
        UserAction::Limit { account, max_records, max_bytes } => {
            let limits = Limits { records_max: *max_records, bytes_max: *max_bytes };
            let user = users::limit(&place(&account.folder)?, &account.account, limits).await.map_err(failed)?;
            let summary = if limits == Limits::default() { "has the limits of the server again" } else { "has its own limits" };
            done(&user, format, &format!("{} {summary}", user.email))?;
        }
        UserAction::ResetPassword { account, password_stdin, generate } => {
            reset_password(account, *password_stdin, *generate, format).await?
        }
        UserAction::Delete { account, yes } => delete(account, *yes, format).await?,
    }
    Ok(Exit::Done)
}

fn failed(error: admin::Error) -> Failure {
    Failure::new(error.to_string())
}

fn done(user: &users::User, format: Format, summary: &str) -> Outcome<()> {
    if format.is_json() { say_json(&UserOutput::of(user)) } else { Ok(say!("{} {summary}", good("✓"))?) }
}

async fn list(folder: &ServerFolder, format: Format) -> Outcome<()> {
    let users = users::list(&place(folder)?).await.map_err(failed)?;
    if format.is_json() {
        return users.iter().try_for_each(|user| say_json(&UserOutput::of(user)));
    }
    let row = |user: &users::User| {
        let state = if user.is_disabled { "disabled".to_owned() } else { counted(user.sessions, "device") };
        let seen = user.seen_at.map(moment).unwrap_or_default();
        vec![user.email.clone(), user.id.to_string(), moment(user.created_at), state, seen, thousands(user.records), bytes(user.bytes)]
    };
    table::say_rows(&["email", "account", "since", "devices", "seen", "records", "size"], &users.iter().map(row).collect::<Vec<_>>())
}

async fn show(account: &AccountArgument, format: Format) -> Outcome<()> {
    let user = users::show(&place(&account.folder)?, &account.account).await.map_err(failed)?;
    if format.is_json() {
        return say_json(&UserOutput::of(&user));
    }
    let limit = |max: Option<u64>, summary: fn(u64) -> String| match max {
        Some(0) => ", without a limit".to_owned(),
        Some(max) => format!(" of {}", summary(max)),
        None => String::new(),
    };
    say_fields(&[
        ("account", user.id.to_string()),
        ("email", user.email.clone()),
        ("since", moment(user.created_at)),
        ("state", state(&user).to_owned()),
        ("devices", user.sessions.to_string()),
        ("seen", user.seen_at.map(moment).unwrap_or_else(|| "no device is signed in".to_owned())),
        ("records", format!("{}{}", counted(user.records, "record"), limit(user.limits.records_max, thousands))),
        ("size", format!("{}{}", bytes(user.bytes), limit(user.limits.bytes_max, bytes))),
        ("revision", user.rev.to_string()),
    ])
}

fn state(user: &users::User) -> &'static str {
    match (user.is_erasing, user.is_disabled) {
        (true, _) => "being erased",
        (false, true) => "disabled",
        (false, false) => "enabled",
    }
}

async fn sessions(account: &AccountArgument, format: Format) -> Outcome<()> {
    let sessions = users::sessions(&place(&account.folder)?, &account.account).await.map_err(failed)?;
    if format.is_json() {
        return sessions.into_iter().try_for_each(|session| {
            let users::SignedIn { id, device_name, created_at, seen_at, .. } = session;
            say_json(&UserSessionOutput { session: id.to_string(), device: device_name, created_at, seen_at })
        });
    }
    let row = |session: &users::SignedIn| {
        let device = session.device_name.clone().unwrap_or_else(|| "unnamed".to_owned());
        vec![device, session.id.to_string(), moment(session.created_at), moment(session.seen_at)]
    };
    table::say_rows(&["device", "session", "since", "seen"], &sessions.iter().map(row).collect::<Vec<_>>())
}

async fn reset_password(account: &AccountArgument, stdin: bool, generate: bool, format: Format) -> Outcome<()> {
    // Checked before asking for a password.
    users::show(&place(&account.folder)?, &account.account).await.map_err(failed)?;
    let made = generate.then(users::random_password);
    let new = match &made {
        Some(made) => made.clone(),
        None => password(Asking { question: "New password", variable: NEW_PASSWORD, stdin, twice: true }).await?,
    };
    let user = users::reset_password(&place(&account.folder)?, &account.account, &new).await.map_err(failed)?;
    if format.is_json() {
        return say_json(&ResetPasswordOutput { account: user.id.to_string(), email: user.email, password: made });
    }
    say!("{} set the password of {} and signed out {}", good("✓"), user.email, counted(user.sessions, "device"))?;
    if let Some(made) = made {
        say!("  the new password is {made}")?;
    }
    Ok(())
}

async fn delete(account: &AccountArgument, yes: bool, format: Format) -> Outcome<()> {
    let user = users::show(&place(&account.folder)?, &account.account).await.map_err(failed)?;
    // Whoever has begun an erasure has confirmed it.
    if !yes && !user.is_erasing {
        confirm(&user.email).await?;
    }
    let (user, erased) = users::delete(&place(&account.folder)?, &user.id.to_string()).await.map_err(failed)?;
    if !erased.log_is_empty {
        remark!(
            "the write-ahead log still contains the erased records, because a read was in progress; they are removed with the next erasure or when the server stops"
        );
    }
    let erased =
        if user.is_erasing { format!("the rest of the account {}", user.id) } else { format!("{} and all its records", user.email) };
    done(&user, format, &format!("erased {erased}"))
}

async fn confirm(email: &str) -> Outcome<()> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "cannot ask for confirmation: standard input is not a terminal; use --yes to erase the account without confirmation",
        ));
    }
    let answer = ask_line(format!("This erases {email} and all its records. Type the email address to confirm")).await?;
    if answer == email {
        Ok(())
    } else {
        Err(Failure::new("cannot erase the account: the email address typed is a different one; nothing was erased"))
    }
}
