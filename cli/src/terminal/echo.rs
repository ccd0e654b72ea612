//! The echo of the terminal, which a prompt for a password switches off. Whatever ends the process must switch it on again.

#[cfg(unix)]
pub use unix::{restore, restore_on_signals};

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::Result;
    use std::sync::OnceLock;

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
    use tokio::signal::unix::{SignalKind, signal};

    /// The exit code after a signal is this plus the signal's number.
    const SIGNALLED: i32 = 128;

    /// The terminal and its settings before the first prompt.
    static BEFORE: OnceLock<(File, Termios)> = OnceLock::new();

    /// From now on, every other signal that ends the process restores the current settings of the terminal. Ctrl-C and SIGTERM end each
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
