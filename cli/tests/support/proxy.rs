//! A proxy between a device and its server, which handles each request as a test wants.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the proxy does with a request.
pub enum Deal {
    Pass,
    /// The proxy sends its own response.
    Answer(&'static str),
    /// Replaces the first text in the server's response by the second, which has the same length.
    Replace(&'static str, &'static str),
    /// The server's response is changed. Its body keeps its length.
    Change(fn(&str) -> String),
    /// The server gets a push without changes, and the client a response made from its request and the server's response.
    Reject(fn(&str, &str) -> String),
    /// The connection breaks after this many bytes of the server's response.
    CutAfter(u64),
    /// The proxy sends an endless body, and counts the bytes that the client has read.
    Endless(Arc<AtomicUsize>),
}

/// Starts a proxy that runs until the process ends, and returns its address. `deal` gets the first line of each request.
pub fn start(server: SocketAddr, deal: impl Fn(&str) -> Deal + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let deal = Arc::new(deal);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let deal = Arc::clone(&deal);
            // Either side may disconnect at any time.
            std::thread::spawn(move || _ = forward(client, server, &*deal));
        }
    });
    format!("http://{address}")
}

fn forward(mut client: TcpStream, server: SocketAddr, deal: &dyn Fn(&str) -> Deal) -> std::io::Result<()> {
    let request = read(&mut client)?;
    let text = String::from_utf8_lossy(&request).into_owned();
    let deal = deal(text.lines().next().unwrap_or_default());
    if let Deal::Answer(answer) = deal {
        return client.write_all(answer.as_bytes());
    }
    if let Deal::Endless(taken) = deal {
        client.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")?;
        loop {
            taken.fetch_add(client.write(&[b'x'; 16_384])?, Ordering::Relaxed);
        }
    }
    let mut server = TcpStream::connect(server)?;
    let sent = if let Deal::Reject(_) = deal { with_body(&text, r#"{"changes":[]}"#) } else { text.clone() };
    // Each connection has one request.
    server.write_all(sent.replacen("\r\n", "\r\nConnection: close\r\n", 1).as_bytes())?;
    if let Deal::CutAfter(bytes) = deal {
        return std::io::copy(&mut server.take(bytes), &mut client).map(drop);
    }
    let mut answer = Vec::new();
    if let Deal::Replace(..) | Deal::Change(_) | Deal::Reject(_) = deal {
        server.read_to_end(&mut answer)?;
    }
    let answer = String::from_utf8_lossy(&answer);
    match deal {
        Deal::Replace(from, to) => {
            assert_eq!(from.len(), to.len(), "the length of the body is sent before it");
            client.write_all(answer.replace(from, to).as_bytes())
        }
        Deal::Change(change) => client.write_all(change(&answer).as_bytes()),
        Deal::Reject(reject) => client.write_all(reject(&text, &answer).as_bytes()),
        _ => std::io::copy(&mut server, &mut client).map(drop),
    }
}

/// A request or response with this body in place of its own.
pub fn with_body(message: &str, body: &str) -> String {
    let head = message.split_once("\r\n\r\n").map_or(message, |(head, _)| head);
    let others = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length:"));
    format!("{}\r\nContent-Length: {}\r\n\r\n{body}", others.collect::<Vec<_>>().join("\r\n"), body.len())
}

/// Reads a request with its body.
fn read(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let (mut request, mut chunk) = (Vec::new(), [0; 16_384]);
    loop {
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            if body.len() >= length.unwrap_or_default() {
                return Ok(request);
            }
        }
        match client.read(&mut chunk)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => request.extend_from_slice(&chunk[..count]),
        }
    }
}
