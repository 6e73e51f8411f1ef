//! Connections: accepted, served for as long as their ends have something to say, finished when the engine stops.

use std::{pin::pin, time::Duration};

use axum::{Router as Routes, serve::Listener};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a connection may take over the head of a request, and how long it may be idle between two.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How long requests that are under way have to end once the engine stops.
const FAREWELL: Duration = Duration::from_secs(10);

/// Serves connections until `stop` is ready, then finishes what is under way. Connections that do not finish the head of
/// a request in time are closed, or a peer could hold any number of them for nothing.
pub(super) async fn serve<L: Listener>(
    mut listener: L,
    app: Routes,
    patience: Duration,
    stop: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience);
    let (connections, stopping) = (TaskTracker::new(), CancellationToken::new());
    let mut stop = pin!(stop);
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let service = TowerToHyperService::new(app.clone());
        let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let stopping = stopping.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            let served = tokio::select! {
                served = &mut connection => served,
                () = stopping.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = served {
                tracing::debug!(%error, "a connection");
            }
        });
    }
    drop(listener);
    stopping.cancel();
    connections.close();
    // Half a request is not waited for.
    let _ = tokio::time::timeout(FAREWELL, connections.wait()).await;
}
