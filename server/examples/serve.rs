//! A server to try things on: `cargo run -p stronglog-server --example serve -- FOLDER` prints its URL, and stops when its input ends.

use std::io::Read;

use stronglog_server::config::Config;
use stronglog_server::serve::start;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder for the data")?;
    let server = start(Config { auth_per_minute: 1_000_000, ..Config::local(folder) }).await?;
    println!("{}", server.url());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    server.stop().await?;
    Ok(())
}
