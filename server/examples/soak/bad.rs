//! Bad clients: they send nothing, half a request or garbage, or do not read the response.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;

use crate::device::Account;
use crate::{Counts, count, over};

/// How many bad clients of each kind there are.
const EACH: usize = 8;

pub fn all(tasks: &mut JoinSet<()>, port: u16, account: &Arc<Account>, counts: &Arc<Counts>, stopping: &Receiver<bool>) {
    let access = &account.access();
    let login = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let push =
        format!("POST /api/v1/changes/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {access}\r\n");
    let empty_gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0].repeat(400);
    let kinds: [Vec<u8>; 8] = [
        Vec::new(),
        b"PRI * HTT".to_vec(),
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ".to_vec(),
        b"\0\xff garbage that is no protocol\r\n\r\n".to_vec(),
        format!("{login}Content-Length: 8000\r\n\r\n{{\"email\":").into_bytes(),
        [format!("{login}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", empty_gzip.len()).as_bytes(), &empty_gzip].concat(),
        format!("{push}Content-Length: 24\r\n\r\n{{\"changes\":[{{\"record\":7}}").into_bytes(),
        format!("GET /api/v1/account/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {access}\r\n\r\n").into_bytes(),
    ];
    for text in kinds {
        for _ in 0..EACH {
            tasks.spawn(annoy(port, text.clone(), Arc::clone(counts), stopping.clone()));
        }
    }
}

/// Repeatedly connects, sends a text, reads a little, and waits.
async fn annoy(port: u16, text: Vec<u8>, counts: Arc<Counts>, mut stopping: Receiver<bool>) {
    loop {
        let attempt = async {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
            stream.write_all(&text).await?;
            count(&counts.bad);
            stream.read(&mut [0; 64]).await
        };
        // Whatever the server does to such a client is fine.
        let _ = tokio::time::timeout(Duration::from_secs(20), attempt).await;
        if over(&mut stopping, Duration::from_millis(500)).await {
            return;
        }
    }
}
