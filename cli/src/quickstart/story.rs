//! The output of the quickstart: the steps of the tour, and commands to try next.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::compare::Compared;
use super::training::Year;
use super::{EMAIL, described};
use crate::exit::Outcome;
use crate::output::{KeptOutput, QuickstartOutput, StepOutput, WinnerOutput};
use crate::synced::Synced;
use crate::terminal::{Format, bad, bold, bytes, counted, faint, good, say, say_json, thousands};

/// The maximum number of differences shown.
const DIFFERENCES: usize = 5;

/// Prints the steps of the tour. With `--json`, collects their results instead.
pub struct Story {
    pub format: Format,
    pub steps: Vec<StepOutput>,
}

/// What exists at the end of the tour.
pub struct Next<'a> {
    pub folder: &'a Path,
    pub address: SocketAddr,
    pub password: &'a str,
    /// Whether the server keeps running.
    pub running: bool,
    /// The replaced version in the conflict history.
    pub kept: Option<&'a KeptOutput>,
}

impl Story {
    pub fn begin(&self, url: &str, folder: &Path) -> Outcome<()> {
        self.say(&format!("{} from nothing to two devices in sync", bold("StrongLog Sync,")))?;
        self.say(&faint(format!("a server at {url}, all data in {}", folder.display())))
    }

    /// The server of the laptop, which shares the database of the first.
    pub fn second_server(&self, url: &str) -> Outcome<()> {
        self.say(&faint(format!("the laptop has another server at {url}; both share a Postgres database")))
    }

    pub fn chapter(&self, title: &str) -> Outcome<()> {
        self.say(&format!("\n{}", bold(title)))
    }

    pub fn trained(&self, year: &Year, took: Duration) -> Outcome<()> {
        let wrote = format!("wrote {} in {:.1} s, in all twelve collections:", counted(year.len(), "record"), took.as_secs_f64());
        self.say(&format!("   {} {wrote}", good("✓")))?;
        self.say(&format!("     {}, …", described(year)))
    }

    pub fn edit(&self, device: &str, what: &str) -> Outcome<()> {
        self.say(&format!("   {device:6}  {what}"))
    }

    pub fn synced(&mut self, device: &str, synced: &Synced) -> Outcome<()> {
        self.step(device, synced);
        let traffic = synced.traffic;
        let speed = if synced.moved() >= 100 { format!(", {} records/s", thousands(synced.speed())) } else { String::new() };
        let moved = match (traffic.pushed, traffic.pulled) {
            (0, 0) => "had nothing to send or receive".to_owned(),
            (sent, 0) => format!("sent {}", counted(sent, "record")),
            (0, received) => format!("received {}", counted(received, "record")),
            (sent, received) => format!("sent {} and received {}", counted(sent, "record"), thousands(received)),
        };
        let size = bytes(traffic.sent_bytes + traffic.received_bytes);
        let requests = counted(traffic.requests, "request");
        self.say(&format!("   {} {device:6}  {moved}", good("✓")))?;
        self.say(&faint(format!("             {size} in {requests}, {:.2} s{speed}", synced.took.as_secs_f64())))
    }

    pub fn winner(&self, winner: &WinnerOutput) -> Outcome<()> {
        let WinnerOutput { winner, why, kept, .. } = winner;
        self.say(&format!("   {} the conflict: the {}'s edit won on both devices, because {why}", good("✓"), bold(winner)))?;
        match kept {
            Some(kept) => self.say(&faint(format!("             the other edit is in the conflict history of the {}", kept.device))),
            None => Ok(()),
        }
    }

    pub fn compared(&self, compared: &Compared) -> Outcome<()> {
        let Compared { records, deletions, differences } = compared;
        if differences.is_empty() {
            let same = format!("all three have the same {}; {} are known", counted(*records, "record"), counted(*deletions, "deletion"));
            return self.say(&format!("   {} {same}", good("✓")));
        }
        self.say(&format!("   {} {}:", bad("✗"), counted(differences.len() as u64, "difference")))?;
        differences.iter().take(DIFFERENCES).try_for_each(|difference| self.say(&format!("     {difference}")))
    }

    pub fn end(&self, output: &QuickstartOutput, next: &Next<'_>) -> Outcome<()> {
        if self.format.is_json() {
            return say_json(output);
        }
        self.say(&format!("\nThis took {:.1} s. The data is in {}", output.seconds, bold(next.folder.display())))?;
        self.say(&faint("   server/ is the server's data directory; phone/ and laptop/ are the devices' profile directories"))?;
        if let Some(web) = &output.web {
            self.say(&format!("\n{}", bold("The demo app, a third device in your browser")))?;
            self.say(&format!("   {}", bold(&web.url)))?;
            self.say(&format!("   sign in as {} with the password {}", bold(&web.email), bold(&web.password)))?;
        }
        self.say(&format!("\n{}", bold("Try next")))?;
        for line in next.lines() {
            self.say(&line)?;
        }
        Ok(())
    }

    fn say(&self, line: &str) -> Outcome<()> {
        if !self.format.is_json() {
            say!("{line}")?;
        }
        Ok(())
    }
}

impl Next<'_> {
    /// Commands that work as printed.
    fn lines(&self) -> Vec<String> {
        let command = command();
        let at = |name: &str| quoted(&self.folder.join(name).display().to_string());
        let mut lines = Vec::new();
        if !self.running {
            lines.push(faint("   # start the server again, in another terminal"));
            lines.push(format!("   {command} serve --dev --bind {} --data {}", self.address, at("server")));
        }
        let (loser, number) = self.kept.map_or(("laptop", 1), |kept| (kept.device.as_str(), kept.number));
        lines.push(faint(format!("   # the records on the {loser}, and the edit that was replaced")));
        lines.push(format!("   export STRONGLOG_DATA={}", at(loser)));
        lines.push(format!("   {command} status"));
        lines.push(format!("   {command} list workout-logs --by startTime --descending --limit 5"));
        lines.push(format!("   {command} conflicts"));
        lines.push(faint("   # restore it, send it to the server, and receive it on the other device"));
        lines.push(format!("   {command} conflicts restore {number} && {command} sync"));
        let other = if loser == "laptop" { "phone" } else { "laptop" };
        lines.push(format!("   {command} --data {} sync", at(other)));
        lines.push(faint("   # add a third device"));
        lines.push(format!(
            "   echo {} | {command} --data {} --server http://{} login --email {EMAIL} --password-stdin",
            self.password,
            at("tablet"),
            self.address
        ));
        lines
    }
}

/// The shortest path to this program from the working directory.
fn command() -> String {
    let Ok(program) = std::env::current_exe() else { return "stronglog".to_owned() };
    let here = std::env::current_dir().unwrap_or_default();
    let short = program.strip_prefix(&here).unwrap_or(&program);
    // A shell would look up a bare name in `PATH`.
    let is_bare = short.components().count() == 1;
    quoted(&if is_bare { Path::new(".").join(short) } else { short.to_owned() }.display().to_string())
}

/// A word for a shell, quoted if necessary.
fn quoted(word: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || "/\\:._-+,@%".contains(char);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    // On Windows, file names cannot contain this character.
    if cfg!(windows) { format!("\"{word}\"") } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_split_or_change_it() {
        assert_eq!(quoted("/tmp/stronglog-quickstart-x/phone"), "/tmp/stronglog-quickstart-x/phone");
        for word in ["/tmp/sp ace/phone", "/tmp/$HOME", "/tmp/it's", "~x", "a;b", "*"] {
            let quoted = quoted(word);
            let echoed = std::process::Command::new("sh").args(["-c", &format!("printf %s {quoted}")]).output().expect("a shell");
            assert_eq!(String::from_utf8_lossy(&echoed.stdout), word, "{quoted}");
        }
    }
}
