//! Prompts on a terminal: however the command ends, the terminal's settings are restored.

#![cfg(unix)]

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::Desk;

/// Runs a command on a new terminal of its own, answers its questions, and then types a text or sends a signal. Prints how the command
/// ended, and whether the terminal still shows what is typed.
const ON_A_TERMINAL: &str = r#"
import fcntl, json, os, pty, signal, subprocess, sys, termios
command, answers, last = sys.argv[3:], json.loads(sys.argv[1]), json.loads(sys.argv[2])
main, terminal = pty.openpty()
take = lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
child = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True, preexec_fn=take)
shown = b""
def read_until(words):
    global shown
    while words not in shown:
        shown += os.read(main, 4096)
    shown = shown.split(words, 1)[1]
is_hidden = lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO
for question, answer in answers:
    read_until(question.encode())
    if answer is not None:
        os.write(main, answer.encode())
while not is_hidden():
    pass
stopped = None
if last in (signal.SIGTSTP, "\x1a"):
    os.write(main, last.encode()) if isinstance(last, str) else child.send_signal(last)
    stopped = os.WIFSTOPPED(os.waitpid(child.pid, os.WUNTRACED)[1]) and not is_hidden()
    child.send_signal(signal.SIGCONT)
    while not is_hidden():
        pass
    last = "\x03"
os.write(main, last.encode()) if isinstance(last, str) else child.send_signal(last)
code = child.wait()
if stopped is not None:
    print(json.dumps({"code": code, "stopped": stopped, "echoes": not is_hidden()}))
    sys.exit()
print(json.dumps({"code": code, "echoes": not is_hidden(), "lines": bool(termios.tcgetattr(terminal)[3] & termios.ICANON)}))
"#;

/// How `register` ends if this text is typed, or this signal is sent, at its prompt for a password.
fn ended_at_the_password(last: &Value) -> Value {
    let desk = Desk::new();
    let command = desk.command(&["register", "--server", "http://127.0.0.1:9", "--data", "phone"]);
    let answers = json!([["Email: ", "ana@example.com\r"], ["assword: ", null]]).to_string();
    let mut python = Command::new("python3");
    python.args(["-c", ON_A_TERMINAL, &answers, &last.to_string()]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        _ = match value {
            Some(value) => python.env(name, value),
            None => python.env_remove(name),
        };
    }
    let output = python.current_dir(desk.folder.path()).output().expect("python3");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn a_signal_at_the_question_for_a_password_leaves_the_terminal_as_it_was() {
    for (signal, code) in [(15, 143), (1, 129), (3, 131), (10, 138), (12, 140), (14, 142)] {
        assert_eq!(ended_at_the_password(&json!(signal)), json!({ "code": code, "echoes": true, "lines": true }));
    }
}

#[test]
fn keys_that_send_signals_are_no_part_of_a_password() {
    for (key, code) in [("\u{3}", 130), ("\u{1c}", 131)] {
        assert_eq!(ended_at_the_password(&json!(key)), json!({ "code": code, "echoes": true, "lines": true }));
    }
}

#[test]
fn a_command_that_is_stopped_at_the_question_for_a_password_leaves_a_terminal_that_shows_what_is_typed() {
    for stopped in [json!(20), json!("\u{1a}")] {
        assert_eq!(ended_at_the_password(&stopped), json!({ "code": 130, "stopped": true, "echoes": true }));
    }
}
