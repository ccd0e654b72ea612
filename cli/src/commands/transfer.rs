//! `export` and `import`: all records as lines of JSON.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use crate::args::{Export, Import};
use crate::exit::{Exit, Failure, Outcome};
use crate::home::Home;
use crate::output::{ExportOutput, ImportOutput, RefusedLine};
use crate::terminal::{counted, good, remark, say, say_json};

pub async fn export(home: &Home, export: &Export, json: bool) -> Outcome {
    let client = home.open_local().await?;
    if export.file == Path::new("-") {
        let mut out = Noticing { out: BufWriter::new(std::io::stdout().lock()), closed: false };
        let written = client.export(&mut out);
        if out.closed {
            return Err(Failure::ClosedPipe);
        }
        written?;
        return Ok(Exit::Done);
    }
    let cannot = |error| Failure::new(format!("cannot write {}: {error}", export.file.display()));
    let file = File::create(&export.file).map_err(cannot)?;
    let records = client.export(BufWriter::new(&file))?;
    file.sync_all().map_err(cannot)?;
    if json {
        say_json(&ExportOutput { records, file: export.file.display().to_string() })?;
    } else {
        say!("{} wrote {} to {}", good("✓"), counted(records, "record"), export.file.display())?;
    }
    Ok(Exit::Done)
}

/// Notices that the reader has gone, which is no failure of the export.
struct Noticing<W> {
    out: W,
    closed: bool,
}

impl<W> Noticing<W> {
    fn notice<T>(&mut self, result: std::io::Result<T>) -> std::io::Result<T> {
        self.closed |= result.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe);
        result
    }
}

impl<W: Write> Write for Noticing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let result = self.out.write(bytes);
        self.notice(result)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let result = self.out.flush();
        self.notice(result)
    }
}

pub async fn import(home: &Home, import: &Import, json: bool) -> Outcome {
    let client = home.open_local().await?;
    let imported = if import.file == Path::new("-") {
        client.import(std::io::stdin().lock())?
    } else {
        let file = File::open(&import.file).map_err(|error| Failure::new(format!("cannot read {}: {error}", import.file.display())))?;
        client.import(BufReader::new(file))?
    };
    let exit = if imported.refused.is_empty() { Exit::Done } else { Exit::Attention };
    if json {
        let refused = imported.refused.iter().map(|(line, error)| RefusedLine { line: *line as u64, error: error.to_string() });
        say_json(&ImportOutput { written: imported.written, refused: refused.collect() })?;
        return Ok(exit);
    }
    for (line, error) in &imported.refused {
        remark!("line {line}: {error}");
    }
    say!("{} wrote {}", good("✓"), counted(imported.written, "record"))?;
    if !imported.refused.is_empty() {
        say!("  {} left out, for the reasons above", counted(imported.refused.len() as u64, "line"))?;
    }
    Ok(exit)
}
