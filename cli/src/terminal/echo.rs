//! The echo of the terminal, which a prompt for a password switches off. Whatever ends the process must switch it on again.

#[cfg(unix)]
pub use unix::{hidden_line, restore, restore_on_signals};

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{BufRead, BufReader, ErrorKind, Result, Write};
    use std::sync::OnceLock;

    use rustix::process::{Signal, getpid, kill_process};
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use tokio::signal::unix::{SignalKind, signal};

    /// The exit code after a signal is this plus the signal's number.
    const SIGNALLED: i32 = 128;

    /// The terminal and its settings before the first prompt.
    static BEFORE: OnceLock<(File, Termios)> = OnceLock::new();

    /// From now on, every other signal that ends or stops the process restores the current settings of the terminal. Ctrl-C and SIGTERM end each
    /// command that prompts, which then calls [`restore`].
    ///
    /// # Errors
    /// Returns an error if the terminal's settings cannot be read, or the signal cannot be received.
    pub fn restore_on_signals() -> Result<()> {
        let terminal = File::open("/dev/tty")?;
        let settings = tcgetattr(&terminal)?;
        if BEFORE.set((terminal, settings)).is_err() {
            return Ok(());
        }
        let kinds =
            [SignalKind::hangup(), SignalKind::quit(), SignalKind::alarm(), SignalKind::user_defined1(), SignalKind::user_defined2()];
        for kind in kinds {
            let mut received = signal(kind)?;
            tokio::spawn(async move {
                if received.recv().await.is_some() {
                    restore();
                    std::process::exit(SIGNALLED + kind.as_raw_value());
                }
            });
        }
        let job_control = |signal: Signal| SignalKind::from_raw(signal.as_raw());
        let (mut stopped, mut continued) = (signal(job_control(Signal::TSTP))?, signal(job_control(Signal::CONT))?);
        tokio::spawn(async move {
            while stopped.recv().await.is_some() {
                let present = BEFORE.get().and_then(|(terminal, _)| Some((terminal, tcgetattr(terminal).ok()?)));
                restore();
                // A process may always stop itself. Its threads stop one after the other, so this one waits for the signal to go on.
                _ = kill_process(getpid(), Signal::STOP);
                continued.recv().await;
                if let Some((terminal, settings)) = present {
                    // This fails if the terminal has been closed, and then there is nothing to hide.
                    _ = tcsetattr(terminal, OptionalActions::Now, &settings);
                }
            }
        });
        Ok(())
    }

    /// Asks a question on the terminal, and reads a line that it does not show. The terminal still edits the line, and sends the signals of
    /// Ctrl-C, Ctrl-Z and Ctrl-\.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be used, or the input ends without a line.
    pub fn hidden_line(question: &str) -> Result<String> {
        let mut terminal = File::options().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        // Only the end of the line is shown.
        hidden.local_modes.insert(LocalModes::ECHONL);
        terminal.write_all(question.as_bytes())?;
        tcsetattr(&terminal, OptionalActions::Now, &hidden)?;
        let mut line = String::new();
        let read = BufReader::new(&terminal).read_line(&mut line);
        tcsetattr(&terminal, OptionalActions::Now, &before)?;
        if read? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        Ok(line)
    }

    /// Restores the settings that the terminal had before the first prompt.
    pub fn restore() {
        if let Some((terminal, settings)) = BEFORE.get() {
            // This fails if the terminal has been closed, and then there is nothing to restore.
            _ = tcsetattr(terminal, OptionalActions::Now, settings);
        }
    }
}

/// Asks a question on the terminal, and reads a line that it does not show.
///
/// # Errors
/// Returns an error if the terminal cannot be used.
#[cfg(not(unix))]
pub fn hidden_line(question: &str) -> std::io::Result<String> {
    rpassword::prompt_password(question)
}

/// Elsewhere, no signal ends a process at a prompt.
///
/// # Errors
/// Returns no error.
#[cfg(not(unix))]
pub fn restore_on_signals() -> std::io::Result<()> {
    Ok(())
}

/// Elsewhere, the prompt itself restores the terminal.
#[cfg(not(unix))]
pub fn restore() {}
