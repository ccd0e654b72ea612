//! The echo of the terminal, which a prompt for a password switches off. Whatever ends the process must switch it on again.

#[cfg(unix)]
pub use unix::{restore, restore_on_signals};

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::Result;
    use std::sync::OnceLock;

    use rustix::process::{Signal, getpid, kill_process};
    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
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

    /// Restores the settings that the terminal had before the first prompt.
    pub fn restore() {
        if let Some((terminal, settings)) = BEFORE.get() {
            // This fails if the terminal has been closed, and then there is nothing to restore.
            _ = tcsetattr(terminal, OptionalActions::Now, settings);
        }
    }
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
