//! `completions` and `schema`: machine-readable descriptions of the command line.

use std::io::Write;

use clap::CommandFactory;

use crate::args::Arguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::output;
use crate::terminal::say;

pub fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "stronglog", &mut script);
    let mut out = std::io::stdout().lock();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Exit::Done)
}

pub fn schema(command: Option<&str>) -> Outcome {
    let schemas = output::schemas();
    let found = match command {
        None => serde_json::to_string_pretty(&schemas.into_iter().collect::<std::collections::BTreeMap<_, _>>()),
        Some(name) => {
            let known: Vec<&str> = schemas.iter().map(|(name, _)| *name).collect();
            let unknown = Failure::usage(format!("unknown command {name:?}; schemas are available for: {}", known.join(", ")));
            let (_, schema) = schemas.into_iter().find(|(known, _)| *known == name).ok_or(unknown)?;
            serde_json::to_string_pretty(&schema)
        }
    };
    say!("{}", found.map_err(|error| Failure::new(format!("cannot write the schema: {error}; this is a bug, please report it")))?)?;
    Ok(Exit::Done)
}
