//! Accepts connections, each with its time-outs, and lets them finish at the end.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;

use super::access::Peer;

/// How many connections are open at once; more wait to be accepted.
const CONNECTIONS: usize = 512;
/// How long a client may take to send the head of a request, and how long a quiet connection stays open.
const HEAD: Duration = Duration::from_secs(15);
/// How long requests may take to finish at the end.
const FAREWELL: Duration = Duration::from_secs(10);
/// How long to wait where the system has no room for another connection.
const BREATH: Duration = Duration::from_millis(100);

/// Serves until `stop`; then requests that have begun finish.
///
/// # Errors
/// The listener is of no use any more.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let room = std::sync::Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &room) => accepted?,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let service = ServiceBuilder::new()
            .map_request(move |mut request: axum::http::Request<hyper::body::Incoming>| {
                request.extensions_mut().insert(Peer(peer));
                request
            })
            .service(router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection broke");
            }
            drop(place);
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(FAREWELL) => tracing::warn!("requests were cut off at the end"),
    }
    Ok(())
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

/// The next connection, as soon as there is room for one; `None` where this one came to nothing.
async fn accept(listener: &TcpListener, room: &std::sync::Arc<Semaphore>) -> io::Result<Option<Accepted>> {
    let place = room.clone().acquire_owned().await.map_err(io::Error::other)?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Answers are small and written at once; waiting for more to send only delays them.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection was gone before it began");
                return Ok(None);
            }
            Ok(Some((stream, peer, place)))
        }
        Err(error) => {
            // The peer hung up, or there are too many open files: neither is a reason to leave.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(BREATH).await;
            Ok(None)
        }
    }
}
