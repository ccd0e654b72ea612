//! The accept loop, and the task that serves each connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::activity::{Activity, ConnectionState, Watched};
use super::connections::{Admitted, Connections};
use super::timeouts::Deadlines;
use super::tls::Certificate;

/// How long requests in progress may take after the server stops. Docker kills a process 10 seconds after asking it to stop.
const STOP_MAX: Duration = Duration::from_secs(7);
/// How long a connection may take to end after it was asked to end.
const LINGER_MAX: Duration = Duration::from_secs(2);
/// How long to wait after a failed accept. Its cause, such as running out of file descriptors, usually persists.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The maximum interval at which each connection is checked.
const LOOK_EVERY_MAX: Duration = Duration::from_secs(5);
/// The HTTP/1 buffer size for a request, and for a response that the peer does not read. A stalled connection costs twice as much.
const BUFFER_BYTES: usize = 16 * 1_024;

/// The settings and shared state for serving connections.
#[derive(Clone)]
pub struct Listener {
    /// The current routes. They may be replaced while the server runs.
    pub router: watch::Receiver<Router>,
    /// The current certificate. It may be replaced while the server runs.
    pub tls: Option<watch::Receiver<Certificate>>,
    pub connections: Connections,
    pub deadlines: Deadlines,
    /// Becomes true when the server shuts down.
    pub stopping: watch::Receiver<bool>,
}

impl Listener {
    /// Accepts connections until the server stops, and returns once all of them are closed.
    pub async fn serve(mut self, listener: TcpListener) {
        let mut stopping = self.stopping.clone();
        // Each connection holds a sender, so the channel closes when the last connection ends.
        let (open, mut closed) = mpsc::channel::<Infallible>(1);
        loop {
            tokio::select! {
                () = stopped(&mut stopping) => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => self.admit(stream, peer, &open),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
        drop((listener, open));
        closed.recv().await;
    }

    fn admit(&mut self, stream: TcpStream, peer: SocketAddr, open: &mpsc::Sender<Infallible>) {
        let activity = Activity::new(self.deadlines);
        let Some(admitted) = self.connections.admit(peer.ip(), &activity) else { return };
        let (listener, open) = (self.clone(), open.clone());
        tokio::spawn(async move {
            let _open = open;
            listener.look_after(stream, peer, &activity, &admitted).await;
        });
    }

    async fn look_after(self, stream: TcpStream, peer: SocketAddr, activity: &Arc<Activity>, admitted: &Admitted) {
        let mut stopping = self.stopping.clone();
        let greeted = async {
            // Responses are written in one piece, so delaying packets to merge them (Nagle) would only add latency.
            let _ = stream.set_nodelay(true);
            let tls = self.tls.as_ref().map(|tls| tls.borrow().acceptor.clone());
            match tls {
                None => self.converse(stream, peer, activity).await,
                Some(tls) => {
                    let handshake = tokio::select! {
                        () = stopped(&mut stopping) => return,
                        handshake = timeout(self.deadlines.first_request, tls.accept(stream)) => handshake,
                    };
                    match handshake {
                        Ok(Ok(stream)) => self.converse(stream, peer, activity).await,
                        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                        Err(_) => tracing::debug!("a TLS handshake took too long"),
                    }
                }
            }
        };
        tokio::select! {
            () = greeted => {}
            () = admitted.displaced() => {}
        }
    }

    /// Serves a connection until it ends, is idle for too long, or does not read its responses.
    async fn converse(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: SocketAddr, activity: &Arc<Activity>) {
        let (router, answered) = (self.router.clone(), Arc::clone(activity));
        let service = service_fn(move |request| answer(router.borrow().clone(), request, peer, Arc::clone(&answered)));
        let builder = protocols();
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let mut stopping = self.stopping.clone();
        let Deadlines { first_request, idle, stall, .. } = self.deadlines;
        let look_every = (first_request.min(idle).min(stall) / 4).min(LOOK_EVERY_MAX);
        // Set once the connection has been asked to end: the deadline for that.
        let mut end: Option<Instant> = None;
        loop {
            let wake = end.unwrap_or_else(|| Instant::now() + look_every);
            let linger = tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection was lost");
                    }
                    return;
                }
                // The server waits only for requests in progress.
                () = stopped(&mut stopping), if end.is_none() => if activity.idle().is_some() { LINGER_MAX } else { STOP_MAX },
                () = sleep_until(wake) => match activity.connection_state(Instant::now()) {
                    _ if end.is_some() => return,
                    ConnectionState::Busy => continue,
                    ConnectionState::Idle => LINGER_MAX,
                    ConnectionState::Stalled => {
                        tracing::debug!("a client did not read its response");
                        return;
                    }
                },
            };
            connection.as_mut().graceful_shutdown();
            end = Some(Instant::now() + linger);
        }
    }
}

/// Waits until the server stops.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A dropped sender means that the server has stopped.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    activity: Arc<Activity>,
) -> Result<Response<Watched>, Infallible> {
    let answering = activity.begin();
    let mut request = request.map(|body| answering.await_body(body));
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = TowerToHyperService::new(router).call(request).await?;
    Ok(response.map(|body| answering.watch(body)))
}

/// HTTP/1 and HTTP/2 with protocol detection and bounded buffers.
fn protocols() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // The idle deadline of the connection also covers the request head.
    builder.http1().header_read_timeout(None).max_buf_size(BUFFER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .max_concurrent_streams(100)
        .max_header_list_size(16 * 1_024)
        .initial_stream_window_size(64 * 1_024)
        .initial_connection_window_size(256 * 1_024)
        .max_send_buf_size(BUFFER_BYTES);
    builder
}
