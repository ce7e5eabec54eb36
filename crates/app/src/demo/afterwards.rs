//! Afterwards: the dashboard over what the demo left, until somebody has seen enough.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::narrator::Narrator;
use super::stage::Stage;
use crate::cli::Failure;
use crate::http::access::{Access, Rates};
use crate::http::{self, Desk};
use crate::metrics::Metrics;
use crate::requests::Requests;
use crate::system::{LogObserver, SystemClock};
use crate::tokens::Tokens;
use crate::waiting::Held;

/// Serves the dashboard on a free port of this machine, until Ctrl-C.
///
/// # Errors
/// No port can be had.
pub(super) async fn serve(stage: &Stage, narrator: &Narrator) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::refused(format!("the dashboard cannot be served: {}", error.kind()));
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    narrator.tell(&format!("\nLook at it in a browser: http://{address}\nCtrl-C to leave."));
    let stop = CancellationToken::new();
    let serving = tokio::spawn(http::listen::serve(listener, http::router(&desk(stage)), stop.clone()));
    tokio::signal::ctrl_c().await.map_err(failed)?;
    stop.cancel();
    serving.await.map_err(|_| Failure::refused("the dashboard came to a sudden end"))?.map_err(failed)
}

fn desk(stage: &Stage) -> Arc<Desk> {
    Arc::new(Desk {
        store: stage.store.clone(),
        door: stage.door.clone(),
        requests: Requests::new(stage.store.queue.clone(), Arc::new(LogObserver)),
        tokens: Tokens::new(stage.store.tokens.clone()),
        templates: stage.templates.clone(),
        languages: stage.config.languages.clone(),
        access: Access::Open,
        watched: Access::Open,
        metrics: Metrics::new(Arc::new(SystemClock::start())),
        rates: Rates::per_second(stage.config.http.rate),
        schema: None,
        settings: stage.config.http.clone(),
        pulse: None,
        held: Held::by(&stage.config),
        inbox: Some(stage.inbox.clone()),
    })
}
