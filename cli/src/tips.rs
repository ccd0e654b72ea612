//! Tips for command lines that cannot be parsed.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// Corrects the tip about a value that looks like an option: only an argument without a name can be given after `--`, and the value of an
/// option can be given after `=`.
pub fn corrected(mut error: Error, command: &Command, arguments: &[OsString]) -> Error {
    let tip = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(invalid))) => tip(invalid, command, arguments),
        _ => None,
    };
    if let Some(tip) = tip {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// `invalid` is what was read as an option: the whole argument, or the first letter of several.
fn tip(invalid: &str, command: &Command, arguments: &[OsString]) -> Option<String> {
    let (mut command, mut before) = (command, None);
    for argument in arguments.iter().skip(1).map(|argument| argument.to_str()) {
        match (before, argument) {
            (Some(option), Some(value)) if value.starts_with(invalid) && takes_a_value(command, option) => {
                return Some(format!("to pass '{value}' as the value of '{option}', use '{option}={value}'"));
            }
            _ => {}
        }
        before = argument;
        command = argument.and_then(|name| command.find_subcommand(name)).unwrap_or(command);
    }
    None
}

fn takes_a_value(command: &Command, option: &str) -> bool {
    let is_option = |arg: &clap::Arg| option.strip_prefix("--").is_some_and(|name| arg.get_long() == Some(name));
    command.get_arguments().any(|arg| is_option(arg) && arg.get_action().takes_values())
}
