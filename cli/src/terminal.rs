//! Input and output: text for people, JSON for scripts, questions on the terminal.

pub mod echo;

use std::io::{self, IsTerminal, Read, Write};

use console::{Style, style};
use serde::Serialize;

use crate::exit::{Exit, Failure, Outcome};

/// The form in which commands write their results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text for people.
    Text,
    /// One JSON value per line, for programs.
    Json,
}

impl Format {
    pub fn is_json(self) -> bool {
        self == Format::Json
    }
}

/// Writes a line for people to standard output. Returns an error if it is closed.
macro_rules! say {
    ($($argument:tt)*) => {
        std::io::Write::write_fmt(&mut std::io::stdout().lock(), format_args!("{}\n", format_args!($($argument)*)))
    };
}

/// Writes a line to standard error.
macro_rules! remark {
    ($($argument:tt)*) => {
        // If standard error is closed, the line is lost.
        _ = std::io::Write::write_fmt(&mut std::io::stderr().lock(), format_args!("{}\n", format_args!($($argument)*)))
    };
}

pub(crate) use {remark, say};

/// Writes a value as one line of JSON.
///
/// # Errors
/// Returns an error if the output cannot be written.
pub fn say_json(value: &impl Serialize) -> Outcome<()> {
    let text = serde_json::to_string(value)
        .map_err(|error| Failure::new(format!("cannot write the output as JSON: {error}; this is a bug, please report it")))?;
    Ok(say!("{text}")?)
}

/// Writes a value as one line of JSON to standard error.
pub fn remark_json(value: &impl Serialize) {
    // The types of the output have no keys but strings, so this does not fail.
    _ = serde_json::to_string(value).map(|text| remark!("{text}"));
}

/// Writes names and values in two columns.
///
/// # Errors
/// Returns an error if the output cannot be written.
pub fn say_fields(fields: &[(&str, String)]) -> Outcome<()> {
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in fields {
        say!("{}  {value}", faint(format!("{name:width$}")))?;
    }
    Ok(())
}

/// Text that other people, devices or servers have chosen, for one line of a terminal: line breaks and tabs become spaces, and characters that
/// would control the terminal or change the direction of the line are escaped.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' | '\r' | '\t' => out.push(' '),
            _ if is_unsafe(char) => out.extend(char.escape_unicode()),
            _ => out.push(char),
        }
    }
    out
}

/// Whether a character controls the terminal, changes the direction of the text after it, breaks the line, or is an invisible tag.
fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || matches!(char, '\u{e0000}'..='\u{e007f}')
}

/// Formats JSON with one member per line. Numbers and strings keep their text, but characters that [`plain`] escapes are escaped as in JSON.
pub fn indented(json: &str) -> String {
    let (mut out, mut depth, mut in_string, mut escaped) = (String::with_capacity(json.len() * 2), 0_usize, false, false);
    let break_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    for char in json.chars() {
        if in_string {
            in_string = char != '"' || escaped;
            escaped = char == '\\' && !escaped;
            match is_unsafe(char) {
                true => char.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
                false => out.push(char),
            }
            continue;
        }
        match char {
            ' ' | '\n' | '\r' | '\t' => {}
            '{' | '[' => {
                depth += 1;
                out.push(char);
                break_line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if out.trim_end().ends_with(['{', '[']) {
                    out.truncate(out.trim_end().len());
                } else {
                    break_line(&mut out, depth);
                }
                out.push(char);
            }
            ',' => {
                out.push(char);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                in_string = char == '"';
                out.push(char);
            }
        }
    }
    out
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

/// The word `error`, styled for standard error.
pub fn error_word() -> String {
    Style::new().for_stderr().red().bold().apply_to("error").to_string()
}

/// Formats a number with thousands separators.
pub fn thousands(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

/// Formats a count with its noun, in singular or plural.
pub fn counted(number: u64, noun: &str) -> String {
    let plural = match (number, noun.strip_suffix('y')) {
        (1, _) => noun.to_owned(),
        (_, Some(stem)) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    };
    format!("{} {plural}", thousands(number))
}

/// Formats a number of bytes in a suitable unit.
pub fn bytes(count: u64) -> String {
    indicatif::HumanBytes(count).to_string()
}

/// Formats a time, in milliseconds since the Unix epoch, in the local time zone.
pub fn moment(at_ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(at_ms) {
        Ok(moment) => moment.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => at_ms.to_string(),
    }
}

/// Formats the time elapsed since `at_ms`.
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
    /// Whether to ask twice, because a typing error would prevent the user from signing in again.
    pub twice: bool,
}

/// Reads a password from standard input, the environment, or the terminal without echo. It never reads one from the arguments, which every
/// process on the machine can see.
///
/// # Errors
/// Returns an error if there is no password, and no terminal to ask on.
pub async fn password(asking: Asking<'_>) -> Outcome<String> {
    if asking.stdin {
        return first_line();
    }
    if let Some(password) = std::env::var_os(asking.variable) {
        return password.into_string().map_err(|_| Failure::usage(format!("cannot use {}: it is not UTF-8", asking.variable)));
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "cannot ask for the password: standard input is not a terminal; use --password-stdin, or set {}",
            asking.variable
        )));
    }
    let first = ask_hidden(format!("{}: ", asking.question)).await?;
    if asking.twice && ask_hidden(format!("{} again: ", asking.question)).await? != first {
        return Err(Failure::usage("cannot use the password: the two entries differ; try again"));
    }
    Ok(first)
}

fn first_line() -> Outcome<String> {
    let mut text = String::new();
    let cannot = |error| Failure::new(format!("cannot read the password from standard input: {error}; pass it as one line of UTF-8"));
    io::stdin().lock().take(4_096).read_to_string(&mut text).map_err(cannot)?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(Failure::usage("cannot read the password: standard input is empty; pass it as one line")),
    }
}

async fn ask_hidden(question: String) -> Outcome<String> {
    echo::restore_on_signals().map_err(|error| cannot_ask(&error))?;
    ask(move || echo::hidden_line(&question)).await
}

/// Asks for a line on the terminal.
///
/// # Errors
/// Returns an error if the terminal cannot be read.
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

/// Asks on a separate thread, so that Ctrl-C works while the question is open.
async fn ask(question: impl FnOnce() -> io::Result<String> + Send + 'static) -> Outcome<String> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    // If the receiver was dropped, the answer is discarded.
    std::thread::spawn(move || _ = answer.send(question()));
    answered.await.map_err(|error| cannot_ask(&error))?.map_err(|error| match error.kind() {
        // Not on Unix, where Ctrl-C is a signal.
        io::ErrorKind::Interrupted => Failure::Interrupted,
        _ => cannot_ask(&error),
    })
}

fn cannot_ask(error: &dyn std::fmt::Display) -> Failure {
    Failure::Other(Exit::Usage, format!("cannot ask on the terminal: {error}; pass the answer as an option, see --help"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indented_json_keeps_the_text_of_numbers_and_strings() {
        let json = r#"{"a": 12345678901234567890123,"b":[1.0,{}],"c":"x, \"{y}\" \\","d":[]}"#;
        let message = indented(json);
        assert_eq!(
            message,
            "{\n  \"a\": 12345678901234567890123,\n  \"b\": [\n    1.0,\n    {}\n  ],\n  \"c\": \"x, \\\"{y}\\\" \\\\\",\n  \"d\": []\n}"
        );
    }

    #[test]
    fn text_of_others_cannot_control_the_terminal() {
        assert_eq!(plain("a\nb\tc"), "a b c");
        assert_eq!(plain("\u{1b}[2J\u{9b}1m\u{202e}gpj.exe"), "\\u{1b}[2J\\u{9b}1m\\u{202e}gpj.exe");
        let untouched = "Kniebeuge – 🏋🏽‍♀️ שלום";
        assert_eq!(plain(untouched), untouched);
        assert_eq!(indented("{\"a\":\"\u{7f}\u{e0041}\u{2066}x\"}"), "{\n  \"a\": \"\\u007f\\udb40\\udc41\\u2066x\"\n}");
    }

    #[test]
    fn counts_have_separators_and_a_plural() {
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(counted(1, "record"), "1 record");
        assert_eq!(counted(2_000, "record"), "2,000 records");
        assert_eq!(counted(0, "entry"), "0 entries");
        assert_eq!(counted(2, "day"), "2 days");
    }
}
