//! What the command writes and asks: text for people, JSON for scripts, questions on the terminal.

use std::io::{self, IsTerminal, Read, Write};

use console::{Style, style};
use serde::Serialize;

use crate::exit::{Exit, Failure, Outcome};

/// Writes a line for people to standard output, and gives an error where it is closed.
macro_rules! say {
    ($($argument:tt)*) => {
        std::io::Write::write_fmt(&mut std::io::stdout().lock(), format_args!("{}\n", format_args!($($argument)*)))
    };
}

/// Writes a remark to standard error, which no script reads.
macro_rules! remark {
    ($($argument:tt)*) => {
        // A closed standard error has nobody who could miss the remark.
        _ = std::io::Write::write_fmt(&mut std::io::stderr().lock(), format_args!("{}\n", format_args!($($argument)*)))
    };
}

pub(crate) use {remark, say};

/// Writes a value as one line of JSON.
///
/// # Errors
/// The output cannot be written.
pub fn say_json(value: &impl Serialize) -> Outcome<()> {
    let text = serde_json::to_string(value).map_err(|error| Failure::new(format!("cannot write the output as JSON: {error}")))?;
    Ok(say!("{text}")?)
}

/// Names and values in two columns.
///
/// # Errors
/// The output cannot be written.
pub fn say_fields(fields: &[(&str, String)]) -> Outcome<()> {
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in fields {
        say!("{}  {value}", faint(format!("{name:width$}")))?;
    }
    Ok(())
}

pub fn bold(text: impl std::fmt::Display) -> String {
    style(text).bold().to_string()
}

pub fn faint(text: impl std::fmt::Display) -> String {
    style(text).dim().to_string()
}

pub fn good(text: impl std::fmt::Display) -> String {
    style(text).green().to_string()
}

pub fn bad(text: impl std::fmt::Display) -> String {
    style(text).red().bold().to_string()
}

/// The word `error` as it begins a message on standard error.
pub fn error_word() -> String {
    Style::new().for_stderr().red().bold().apply_to("error").to_string()
}

/// A number with its thousands apart.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun, in singular or plural.
pub fn counted(number: u64, noun: &str) -> String {
    let plural = match (number, noun.strip_suffix('y')) {
        (1, _) => noun.to_owned(),
        (_, Some(stem)) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    };
    format!("{} {plural}", thousands(number))
}

/// A number of bytes, in the unit that suits it.
pub fn bytes(count: u64) -> String {
    indicatif::HumanBytes(count).to_string()
}

/// A moment in milliseconds since the Unix epoch, as this place's clocks show it.
pub fn moment(at_ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(at_ms) {
        Ok(moment) => moment.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => at_ms.to_string(),
    }
}

/// How long ago a moment was.
pub fn ago(at_ms: i64) -> String {
    let seconds = jiff::Timestamp::now().as_millisecond().saturating_sub(at_ms) / 1_000;
    match seconds {
        ..5 => "just now".to_owned(),
        5..120 => format!("{seconds} seconds ago"),
        120..7_200 => format!("{} minutes ago", seconds / 60),
        7_200..172_800 => format!("{} hours ago", seconds / 3_600),
        _ => moment(at_ms),
    }
}

/// Where a password comes from.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    pub question: &'a str,
    /// The environment variable that may hold it.
    pub variable: &'static str,
    /// Whether to read it from standard input.
    pub stdin: bool,
    /// Whether to ask twice, because a typing error would lock the user out.
    pub twice: bool,
}

/// A password: from standard input, from the environment, or from the terminal without an echo. Never from the arguments, which every
/// process of the machine can read.
///
/// # Errors
/// There is nobody to ask.
pub async fn password(asking: Asking<'_>) -> Outcome<String> {
    if asking.stdin {
        return first_line();
    }
    if let Some(password) = std::env::var_os(asking.variable) {
        return password.into_string().map_err(|_| Failure::usage(format!("cannot use {}: it is not UTF-8", asking.variable)));
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "cannot ask for the password: standard input is no terminal; give it with --password-stdin or in {}",
            asking.variable
        )));
    }
    let first = ask_hidden(format!("{}: ", asking.question)).await?;
    if asking.twice && ask_hidden(format!("{} again: ", asking.question)).await? != first {
        return Err(Failure::usage("the two passwords differ; try again"));
    }
    Ok(first)
}

fn first_line() -> Outcome<String> {
    let mut text = String::new();
    let cannot = |error| Failure::new(format!("cannot read the password from standard input: {error}"));
    io::stdin().lock().take(4_096).read_to_string(&mut text).map_err(cannot)?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(Failure::usage("cannot read the password: standard input is empty; send it as a line")),
    }
}

async fn ask_hidden(question: String) -> Outcome<String> {
    ask(move || rpassword::prompt_password(question)).await
}

/// Asks for a line.
///
/// # Errors
/// There is nobody to ask.
pub async fn ask_line(question: String) -> Outcome<String> {
    ask(move || {
        let mut out = io::stderr().lock();
        write!(out, "{question}: ")?;
        out.flush()?;
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        Ok(line.trim().to_owned())
    })
    .await
}

/// Asks on a thread of its own, so that Ctrl-C is heard while the question stands.
async fn ask(question: impl FnOnce() -> io::Result<String> + Send + 'static) -> Outcome<String> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    // Whoever has stopped waiting needs no answer.
    std::thread::spawn(move || _ = answer.send(question()));
    let cannot = |what: String| Failure::Other(Exit::Usage, format!("cannot ask on the terminal: {what}"));
    answered.await.map_err(|error| cannot(error.to_string()))?.map_err(|error| cannot(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "record"), "1 record");
        assert_eq!(counted(2_000, "record"), "2,000 records");
        assert_eq!(counted(0, "entry"), "0 entries");
    }
}
