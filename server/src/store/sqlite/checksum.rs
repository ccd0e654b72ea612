//! The checksum at the end of a backup, after the database, where SQLite does not read. A file copied by another program has no checksum,
//! and ends where a page of the database ends.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use ring::digest::{Context, SHA256};

use super::files::private;

const MARK: &[u8] = b"\nstronglog backup, SHA-256 of what precedes: ";
/// The mark, and the checksum in hexadecimal digits.
const TRAILER: usize = MARK.len() + 64;
/// The first bytes of an SQLite database. The page size follows, in two bytes.
const DATABASE_MAGIC: &[u8] = b"SQLite format 3\0";

/// Whether a file is intact, according to its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Intact,
    Damaged,
    /// The file has no checksum, not even a part of one.
    Unknown,
}

/// Appends the checksum of a file to it, and syncs it.
pub fn append(path: &Path) -> io::Result<()> {
    let mut file = File::options().read(true).append(true).open(path)?;
    let length = file.metadata()?.len();
    let digits = pass_on(&mut file, length, |_| Ok(()))?;
    file.write_all(&[MARK, digits.as_bytes()].concat())?;
    file.sync_all()
}

/// Copies a file without its checksum, and returns whether the checksum is right.
pub fn copy(from: &Path, to: &Path) -> io::Result<Found> {
    let mut file = File::open(from)?;
    let length = file.metadata()?.len();
    let trailer = trailer(&mut file, length)?;
    let content = if trailer.is_some() { length - TRAILER as u64 } else { length };
    file.seek(SeekFrom::Start(0))?;
    // The disk may be full.
    let failed = |error: io::Error| io::Error::other(format!("cannot write {}: {error}; free some space on its disk", to.display()));
    let mut target = private().write(true).create(true).truncate(true).open(to).map_err(failed)?;
    let digits = pass_on(&mut file, content, |bytes| target.write_all(bytes).map_err(failed))?;
    target.sync_all().map_err(failed)?;
    Ok(match trailer {
        None if ends_within_a_page(&mut file, length)? => Found::Damaged,
        None => Found::Unknown,
        Some(trailer) if trailer == digits.as_bytes() => Found::Intact,
        Some(_) => Found::Damaged,
    })
}

/// The checksum at the end of a file.
fn trailer(file: &mut File, length: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(start) = length.checked_sub(TRAILER as u64) else { return Ok(None) };
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::with_capacity(TRAILER);
    file.read_to_end(&mut bytes)?;
    Ok(bytes.strip_prefix(MARK).map(<[u8]>::to_vec))
}

/// Whether a file is a database with extra bytes at its end, or without its end. The rest of a checksum is not a page.
fn ends_within_a_page(file: &mut File, length: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::with_capacity(DATABASE_MAGIC.len() + 2);
    file.take(head.capacity() as u64).read_to_end(&mut head)?;
    let Some(&[high, low]) = head.strip_prefix(DATABASE_MAGIC) else { return Ok(false) };
    let page = match u16::from_be_bytes([high, low]) {
        1 => 65_536,
        bytes => u64::from(bytes),
    };
    Ok(!length.is_multiple_of(page))
}

/// Passes on bytes from the beginning of a file, and returns their checksum in hexadecimal digits.
fn pass_on(from: &mut File, length: u64, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<String> {
    from.seek(SeekFrom::Start(0))?;
    let (mut hash, mut piece, mut left) = (Context::new(&SHA256), vec![0; 1 << 16], length);
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        let read = from.read(&mut piece[..wanted])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        hash.update(&piece[..read]);
        take(&piece[..read])?;
        left -= read as u64;
    }
    Ok(hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_byte_is_noticed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [backup, copied] = ["backup", "copied"].map(|name| folder.path().join(name));
        let content = [DATABASE_MAGIC, &[2, 0], &[7; 512 - 18]].concat();
        std::fs::write(&backup, &content).expect("written");
        assert_eq!(copy(&backup, &copied).expect("copied"), Found::Unknown);
        append(&backup).expect("appended");
        let whole = std::fs::read(&backup).expect("read");
        assert_eq!(copy(&backup, &copied).expect("copied"), Found::Intact);
        assert_eq!(std::fs::read(&copied).expect("read"), content);
        let check = |bytes: &[u8], damage: &str| {
            std::fs::write(&backup, bytes).expect("written");
            assert_eq!(copy(&backup, &copied).expect("copied"), Found::Damaged, "{damage}");
        };
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            check(&bytes, &format!("byte {place}"));
        }
        for lost in 1..TRAILER {
            check(&whole[..whole.len() - lost], &format!("{lost} bytes less"));
        }
        for added in ["\n", "\r\n", "\0\0\0"] {
            check(&[&whole, added.as_bytes()].concat(), &format!("with {added:?} at the end"));
        }
    }
}
