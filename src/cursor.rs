//! Cursors: positions in a feed. A cursor is written as `v1.<feed>--<proof>.<epoch>.<revision>` (R2, R22), with `<epoch>_<watermark>`
//! during a pull from the beginning (R10). The proof is part of the feed's name because clients of contract 1.0.0 pass only that part
//! through unread. A cursor without a proof comes from a server of that contract.

use std::fmt;
use std::str::FromStr;

/// The name of the global feed of all collections.
pub const ALL: &str = "all";

/// A parsed cursor. Other clients treat cursors as opaque.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The feed: [`ALL`], or the path of a collection.
    pub feed: String,
    /// Identifies the history that the holder of the cursor has seen. Only the server reads it. May be empty.
    pub proof: String,
    /// The epoch of the server's database, which changes when it is restored from a backup.
    pub epoch: String,
    /// For a pull from the beginning, the revision up to which tombstones had been purged when the pull started. Such a cursor misses no
    /// tombstone even if it is below that revision; an older cursor would. 0 for other cursors.
    pub purge_watermark: u64,
    /// The revision up to which everything was seen.
    pub rev: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dashes = if self.proof.is_empty() { "" } else { "--" };
        write!(f, "v1.{}{dashes}{}.{}", self.feed, self.proof, self.epoch)?;
        if self.purge_watermark > 0 {
            write!(f, "_{}", self.purge_watermark)?;
        }
        write!(f, ".{}", self.rev)
    }
}

/// The error for text that is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCursor;

impl fmt::Display for InvalidCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot read the cursor: its text is not a cursor of version 1; pull again without it")
    }
}

impl std::error::Error for InvalidCursor {}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let mut parts = text.split('.');
        match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("v1"), Some(feed), Some(epoch), Some(rev), None) if !epoch.is_empty() => {
                let (feed, proof) = feed.split_once("--").unwrap_or((feed, ""));
                if feed.is_empty() {
                    return Err(InvalidCursor);
                }
                let step = epoch.rsplit_once('_').and_then(|(epoch, purge_watermark)| Some((epoch, purge_watermark.parse().ok()?)));
                let (epoch, purge_watermark) = step.filter(|(epoch, _)| !epoch.is_empty()).unwrap_or((epoch, 0));
                let rev = rev.parse().map_err(|_| InvalidCursor)?;
                Ok(Cursor { feed: feed.to_owned(), proof: proof.to_owned(), epoch: epoch.to_owned(), purge_watermark, rev })
            }
            _ => Err(InvalidCursor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(proof: &str, purge_watermark: u64, rev: u64) -> Cursor {
        Cursor { feed: ALL.to_owned(), proof: proof.to_owned(), epoch: "e1".to_owned(), purge_watermark, rev }
    }

    #[test]
    fn a_cursor_is_written_as_it_was_read() {
        let cursor: Cursor = "v1.all.e1.4711".parse().expect("a cursor");
        assert_eq!(cursor, all("", 0, 4711));
        assert_eq!(cursor.to_string(), "v1.all.e1.4711");
        let step: Cursor = "v1.all.e1_90.40".parse().expect("a cursor");
        assert_eq!(step, all("", 90, 40));
        assert_eq!(step.to_string(), "v1.all.e1_90.40");
        let proving: Cursor = "v1.all--1a-0000000b.e1_90.40".parse().expect("a cursor");
        assert_eq!(proving, all("1a-0000000b", 90, 40));
        assert_eq!(proving.to_string(), "v1.all--1a-0000000b.e1_90.40");
        let other: Cursor = "v1.all.my_epoch.1".parse().expect("a cursor");
        assert_eq!((other.epoch.as_str(), other.purge_watermark), ("my_epoch", 0));
    }

    #[test]
    fn text_that_is_not_a_cursor_is_rejected() {
        for text in ["", "v2.all.e1.1", "v1.all.e1", "v1.all.e1.x", "v1.all.e1.1.2", "v1..e1.1", "v1.--1.e1.1", "v1.all..1", "v1.all.e1.-1"]
        {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
    }
}
