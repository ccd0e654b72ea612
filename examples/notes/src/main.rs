//! Two devices and a server in one program: a note that one device writes without a network reaches the other.

use std::path::Path;

use contract::registry::Collections;
use contract::{Note, Notebook, Schema};
use serde_json::json;
use stronglog_server::config::Config;
use stronglog_server::serve;
use stronglog_sync::{Client, Query};

/// Generated from spec/openapi.yaml.
#[rustfmt::skip]
#[path = "../generated/rust/mod.rs"]
#[allow(dead_code, unused_imports)]
mod contract;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("notes-{}", std::process::id()));
    let done = run(&folder).await;
    std::fs::remove_dir_all(&folder)?;
    done.map(|_| ())
}

/// Keeps the databases in the folder, and returns the notes that have reached the laptop.
pub async fn run(folder: &Path) -> Result<Vec<Note>> {
    let server = serve::start(Config { contract: &contract::SERVER_CONTRACT, ..Config::local(folder.join("server")) }).await?;
    println!("server  is at {}", server.url());

    let phone = device(&folder.join("phone.db"), server.url()).await?;
    let stored = phone.json("notebooks")?.put(&json!({ "name": "Garden" }).to_string())?;
    let notebook = Notebook::from_json(stored.as_bytes())?;
    phone.json("notes")?.put(&json!({ "notebookId": notebook.id.0, "text": "Sow peas.", "color": "green" }).to_string())?;
    println!("phone   wrote a notebook and a note, without a network or an account");

    phone.account().register("ana@example.com", "correct horse battery staple", Some("phone")).await?;
    phone.sync_now().await?;
    println!("phone   signed up and sent them");

    let laptop = device(&folder.join("laptop.db"), server.url()).await?;
    laptop.account().login("ana@example.com", "correct horse battery staple", Some("laptop")).await?;
    laptop.sync_now().await?;
    let notes = laptop.notes().list(&Query::default())?;
    for note in &notes {
        let color = note.color.map_or("no color", |color| color.as_str());
        println!("laptop  received the note {:?} ({color})", &*note.text);
    }

    if let Err(error) = laptop.json("notes")?.put(&json!({ "notebookId": notebook.id.0, "text": "" }).to_string()) {
        println!("laptop  rejects a note without text: {error}");
    }
    server.stop().await?;
    Ok(notes)
}

async fn device(database: &Path, server: String) -> Result<Client> {
    Ok(Client::builder().contract(&contract::CONTRACT).database(database).server(server).open().await?)
}
