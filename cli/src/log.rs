//! The log of the server. A separate thread writes it, so that nothing waits for a program that reads it slowly, or not at all.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::time::{Duration, Instant};

/// The number of lines that may wait to be written. Further lines are lost.
const WAITING_MAX: usize = 8_192;
/// How long the end of the process waits for the last lines.
const SHUTDOWN_MAX: Duration = Duration::from_secs(1);

/// A handle for writing lines to the log.
#[derive(Clone)]
pub struct Log {
    waiting: SyncSender<Entry>,
    lost: Arc<AtomicU64>,
}

enum Entry {
    Line(Vec<u8>),
    /// Everything before this message is written.
    End(Sender<()>),
}

impl Log {
    /// Starts to write lines to an output.
    ///
    /// # Errors
    /// Returns an error if the thread cannot be started.
    pub fn to(output: impl Write + Send + 'static) -> io::Result<Self> {
        let (waiting, entries) = sync_channel(WAITING_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write(output, &entries, &counted))?;
        Ok(Log { waiting, lost })
    }

    /// Waits until the lines so far are written, unless nobody reads them.
    pub fn finish(&self) {
        let end = Instant::now() + SHUTDOWN_MAX;
        let (sender, written) = channel();
        let mut entry = Entry::End(sender);
        while let Err(TrySendError::Full(back)) = self.waiting.try_send(entry) {
            if Instant::now() >= end {
                return;
            }
            entry = back;
            std::thread::sleep(Duration::from_millis(5));
        }
        // It does not matter whether it ends in time.
        let _ = written.recv_timeout(SHUTDOWN_MAX);
    }
}

/// Each call is one line.
impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.waiting.try_send(Entry::Line(in_one_line(line))).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line in which the line breaks of messages are replaced. Programs that collect logs treat each line as an event.
fn in_one_line(line: &[u8]) -> Vec<u8> {
    let parts = line.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|part| !part.is_empty());
    let mut whole = parts.collect::<Vec<_>>().join(&b' ');
    whole.push(b'\n');
    whole
}

/// Writes lines until the process ends. A line that cannot be written, on a full disk or into a closed pipe, must not stop the server.
fn write(mut output: impl Write, entries: &Receiver<Entry>, lost: &AtomicU64) {
    for entry in entries {
        match entry {
            Entry::Line(line) => {
                let _ = output.write_all(&line);
                let lost = lost.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let _ = writeln!(output, "lost {lost} lines of the log, because they were read too slowly");
                }
            }
            Entry::End(written) => {
                let _ = output.flush();
                let _ = written.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::sync_channel;

    use super::*;

    /// An output that nobody reads until it is released.
    struct Blocked(Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // An error means that it is released for good.
            let _ = self.0.recv();
            self.1.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_message_of_several_lines_is_one_line_of_the_log() {
        assert_eq!(in_one_line(b"cannot use it:\n  line 6: unknown key\n"), b"cannot use it: line 6: unknown key\n");
    }

    #[test]
    fn nobody_waits_for_a_log_that_nobody_reads() {
        let (release, blocked) = sync_channel(0);
        let text = Arc::new(Mutex::new(Vec::new()));
        let mut log = Log::to(Blocked(blocked, Arc::clone(&text))).expect("a thread");
        for number in 0..2 * WAITING_MAX {
            log.write_all(format!("line {number}\n").as_bytes()).expect("it is always taken");
        }
        drop(release);
        log.finish();
        let text = String::from_utf8(text.lock().expect("no panic").clone()).expect("text");
        assert!(text.starts_with("line 0\n") && text.contains("lost 8"), "{} bytes", text.len());
    }
}
