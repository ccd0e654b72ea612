//! A device of this crate's own engine, for comparison with other clients: `device URL EMAIL PASSWORD COLLECTION…` signs in, and for each
//! line of input syncs and prints all records of the collections as one line of JSON.

use std::io::BufRead;

use stronglog_sync::client::Client;
use stronglog_sync::store::Query;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, email, password, collections @ ..] = arguments.as_slice() else { return Err("name URL EMAIL PASSWORD COLLECTION…".into()) };
    let device = Client::builder().server(url).notifications(false).open().await?;
    device.account().login(email, password, Some("the Rust device")).await?;
    for line in std::io::stdin().lock().lines() {
        line?;
        device.sync_now().await?;
        let mut parts = Vec::new();
        for collection in collections {
            parts.push(format!("\"{collection}\":[{}]", device.json(collection)?.list(&Query::default())?.join(",")));
        }
        println!("{{{}}}", parts.join(","));
    }
    Ok(())
}
