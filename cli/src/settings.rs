//! The configuration file of `serve`: TOML, with a key for each flag. Flags override the environment, which overrides the file.

use std::any::TypeId;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use clap::builder::{OsStr, Resettable};
use clap::error::ContextKind;
use clap::{Arg, ArgAction, Command, FromArgMatches};
use toml::de::{DeTable, DeValue};

use crate::args::{Arguments, options};
use crate::exit::{Exit, Failure, Outcome};

/// Flags that are not allowed in a file.
const NOT_IN_A_FILE: [&str; 3] = ["config", "check", "help"];
/// The keys whose values nobody else may read.
const SECRETS: [&str; 2] = ["signing-secret", "previous-signing-secret"];

/// Parses the command line of `serve`, or of another command with its flags, again. Takes settings from the file that neither a flag nor
/// the environment sets.
///
/// # Errors
/// Returns an error if the file cannot be read, or has unknown keys or wrong values. The message names each with its line.
pub fn with_file(words: impl IntoIterator<Item = OsString>, command: &[&str], path: &Path) -> Outcome<Arguments> {
    let cannot = |why: String| Failure::Other(Exit::Usage, format!("cannot use the configuration file {}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| cannot(error.to_string()))?;
    let settings = read(&serve(), &text).map_err(|findings| cannot(format!("\n  {}", findings.join("\n  "))))?;
    if settings.iter().any(Setting::is_secret) {
        stronglog_server::secrets::check_private(path).map_err(|error| cannot(error.to_string()))?;
    }
    // Another command has some of the flags of `serve`.
    let command = change(options(), command, |command| {
        let known = |setting: &Setting| command.get_arguments().any(|arg| arg.get_id() == setting.id.as_str());
        let settings: Vec<_> = settings.into_iter().filter(known).collect();
        settings.into_iter().fold(command, Setting::apply)
    });
    // Parsed before without the file, so only combinations are reported here.
    let matches = command.try_get_matches_from(words).map_err(|error| Failure::usage(plain(&error)))?;
    Arguments::from_arg_matches(&matches).map_err(|error| Failure::usage(plain(&error)))
}

/// Changes the command below another one.
fn change(command: Command, path: &[&str], work: impl FnOnce(Command) -> Command) -> Command {
    match path {
        [] => work(command),
        [first, rest @ ..] => command.mut_subcommand(first, |command| change(command, rest, work)),
    }
}

/// The command whose flags are the keys.
fn serve() -> Command {
    let command = options();
    command.find_subcommand("serve").cloned().unwrap_or_default()
}

/// A key of the file with its values.
#[derive(Debug)]
struct Setting {
    key: String,
    id: String,
    values: Vec<String>,
}

impl Setting {
    /// Whether nobody else may read the value: a secret, or the address of a database with a password in it.
    fn is_secret(&self) -> bool {
        let has_password = |url: &String| {
            let user = url.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
            user.is_some_and(|(user, _)| user.contains(':')) || url.contains("password=")
        };
        SECRETS.contains(&self.key.as_str()) || (self.key == "store" && self.values.iter().any(has_password))
    }

    fn apply(serve: Command, setting: Setting) -> Command {
        let Setting { id, values, .. } = setting;
        serve.mut_arg(id, |arg| arg.default_values(values.into_iter().map(OsStr::from)))
    }
}

/// Reads all settings, or reports the error of each.
fn read(serve: &Command, text: &str) -> Result<Vec<Setting>, Vec<String>> {
    let line = |at: usize| text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let problem = |error: &toml::de::Error| format!("line {}: {}", line(error.span().map_or(0, |span| span.start)), error.message());
        return Err(errors.iter().map(problem).collect());
    }
    let (mut settings, mut findings) = (Vec::new(), Vec::new());
    for (key, value) in table.get_ref() {
        let found = setting(serve, key.get_ref(), value.get_ref());
        match found {
            Ok(setting) => settings.push(setting),
            Err(finding) => findings.push((line(key.span().start), finding)),
        }
    }
    // The table is sorted by key.
    findings.sort();
    if findings.is_empty() {
        Ok(settings)
    } else {
        Err(findings.into_iter().map(|(line, problem)| format!("line {line}: {problem}")).collect())
    }
}

fn setting(serve: &Command, key: &str, value: &DeValue<'_>) -> Result<Setting, String> {
    let known = |arg: &&Arg| arg.get_long() == Some(key) && !NOT_IN_A_FILE.contains(&key);
    let arg = serve.get_arguments().find(known).ok_or_else(|| unknown(serve, key))?;
    let values = match value {
        DeValue::Array(values) if matches!(arg.get_action(), ArgAction::Append) => {
            values.iter().map(|value| scalar(arg, key, value.get_ref())).collect::<Result<Vec<_>, _>>()?
        }
        value => vec![scalar(arg, key, value)?],
    };
    for value in &values {
        check(arg, key, value)?;
    }
    Ok(Setting { key: key.to_owned(), id: arg.get_id().to_string(), values })
}

/// Returns the text of a value that has the type of the flag's values.
fn scalar(arg: &Arg, key: &str, value: &DeValue<'_>) -> Result<String, String> {
    let kind = arg.get_value_parser().type_id();
    let is_number = [TypeId::of::<u16>(), TypeId::of::<u32>(), TypeId::of::<u64>()].iter().any(|number| kind == *number);
    match value {
        DeValue::Boolean(value) if kind == TypeId::of::<bool>() => Ok(value.to_string()),
        // The command line knows no other base than ten. It reports a number that is too large.
        DeValue::Integer(value) if is_number => {
            Ok(i128::from_str_radix(value.as_str(), value.radix()).map_or_else(|_| value.to_string(), |number| number.to_string()))
        }
        DeValue::String(value) if kind != TypeId::of::<bool>() && !is_number => Ok(value.to_string()),
        DeValue::Table(_) => Err(format!("unknown section {key:?}; the file has no sections, only keys such as `bind`")),
        _ if kind == TypeId::of::<bool>() => Err(format!("{key} must be true or false")),
        _ if is_number => Err(format!("{key} must be a number without quotes")),
        _ if matches!(arg.get_action(), ArgAction::Append) => {
            Err(format!("{key} must be a string in quotes, or a list of such strings in brackets"))
        }
        _ => Err(format!("{key} must be a string in quotes")),
    }
}

/// Checks a value as the command line would.
fn check(arg: &Arg, key: &str, value: &str) -> Result<(), String> {
    let bare = Command::new("serve").no_binary_name(true).arg(arg.clone().env(Resettable::Reset).required(false));
    bare.try_get_matches_from([format!("--{key}={value}")]).map(drop).map_err(|error| plain(&error))
}

/// The error for an unknown key, with the most similar known key.
fn unknown(serve: &Command, key: &str) -> String {
    let probe = serve.clone().no_binary_name(true).mut_args(|arg| arg.env(Resettable::Reset));
    let meant = probe.try_get_matches_from([format!("--{key}=1")]).err().and_then(|error| match error.get(ContextKind::SuggestedArg) {
        Some(clap::error::ContextValue::String(flag)) => Some(flag.trim_start_matches('-').to_owned()),
        _ => None,
    });
    match meant.filter(|meant| !NOT_IN_A_FILE.contains(&meant.as_str())) {
        Some(meant) => format!("unknown key {key:?}; did you mean {meant:?}?"),
        None => format!("unknown key {key:?}; the keys are the flags of `stronglog serve --help` without their dashes"),
    }
}

/// The first paragraph of an error of the command line.
fn plain(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.split("\n\n").next().unwrap_or_default().trim();
    first.strip_prefix("error: ").unwrap_or(first).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    fn refused(text: &str) -> Vec<String> {
        read(&serve(), text).expect_err("a finding")
    }

    fn config(text: &str, flags: &[&str]) -> stronglog_server::config::Config {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("server.toml");
        fs::write(&path, text).expect("written");
        let words = ["stronglog", "serve"].iter().chain(flags).map(OsString::from);
        match with_file(words, &["serve"], &path).expect("good settings").command {
            args::Command::Serve(serve) => serve.config,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_sets_what_no_flag_does() {
        let text =
            "bind = \"127.0.0.1:9\"\nclosed = true\nauth-per-minute = 7\nallow-origin = [\"https://a.example\", \"https://b.example\"]\n";
        let read = config(text, &[]);
        assert_eq!((read.bind.port(), read.closed, read.auth_per_minute, read.allow_origin.len()), (9, true, 7, 2));
        let read = config(text, &["--bind", "127.0.0.1:10", "--closed=false", "--allow-origin", "https://c.example"]);
        assert_eq!((read.bind.port(), read.closed, read.auth_per_minute, read.allow_origin.len()), (10, false, 7, 1));
    }

    #[test]
    fn a_number_is_written_as_toml_writes_it() {
        let read = config("max-records = 0x10\nmax-bytes = 1_000\nauth-per-minute = 0b111\ntombstone-days = 0o12\n", &[]);
        assert_eq!((read.max_records, read.max_bytes, read.auth_per_minute, read.tombstone_days), (16, 1_000, 7, 10));
        assert!(
            refused("max-records = 18446744073709551616\n")[0].contains("max-records"),
            "{:?}",
            refused("max-records = 18446744073709551616\n")
        );
        assert!(
            refused("max-records = 9007199254740992\n")[0].contains("9007199254740991"),
            "{:?}",
            refused("max-records = 9007199254740992\n")
        );
    }

    #[test]
    fn every_flag_is_a_key() {
        for arg in serve().get_arguments().filter(|arg| !arg.is_global_set()) {
            let key = arg.get_long().expect("a flag");
            if !NOT_IN_A_FILE.contains(&key) {
                let problem = refused(&format!("{key} = 1979-05-27\n"));
                assert!(problem[0].starts_with(&format!("line 1: {key} must be ")), "{problem:?}");
            }
        }
    }

    #[test]
    fn findings_come_all_at_once_with_line_and_hint() {
        let text = "# settings\nbindd = \"127.0.0.1:9\"\nbind = \"nowhere\"\nclosed = \"yes\"\nauth-per-minute = 0\ndata = 5\n[tls]\ncert = \"x\"\n";
        let problem = refused(text);
        let expected = [
            "line 2: unknown key \"bindd\"; did you mean \"bind\"?",
            "line 3: invalid value 'nowhere' for '--bind <ADDRESS>'",
            "line 4: closed must be true or false",
            "line 5: invalid value '0' for '--auth-per-minute <NUMBER>'",
            "line 6: data must be a string in quotes",
            "line 7: unknown key \"tls\"",
        ];
        assert_eq!(problem.len(), expected.len(), "{problem:#?}");
        for (problem, expected) in problem.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{problem}");
        }
        assert!(refused("bind = \n")[0].starts_with("line 1: "), "{:?}", refused("bind = \n"));
        assert!(refused("check = true\n")[0].contains("unknown key"), "a check is no setting");
    }
}
