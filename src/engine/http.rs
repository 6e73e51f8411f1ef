//! One port: `POST /` for the API, the health page, and the routes that other parts bring.

mod connections;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router as Routes,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::Response,
    routing::{any, get, post},
    serve::ListenerExt,
};
use futures_util::StreamExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{
    Caller, Ctx, Engine, Payload, Router, activations, associations,
    auth::{Authenticated, DEFAULT_REGION},
    commands, compliance, control, documents, ec2messages, groups, inventory, kms, logs, nodes, output, parameters,
    patch, random, relay, router, sessions, sts, tags,
    tls::{TlsFiles, TlsListener},
};
use crate::{
    ssm::{ApiError, Service, model},
    wire::json,
};

/// The largest body of an API request. `PutInventory` may carry 30 items, AWS takes 1 MiB of them together.
pub(super) const BODY_LIMIT: usize = 4 << 20;

/// So much of a body that is too large is read and thrown away: a client that is cut off while it sends sees a broken
/// connection and tries again, one that may finish reads why it was refused.
const DRAIN_LIMIT: usize = 64 << 20;

/// Where to listen and how.
#[derive(Clone, Debug, Default)]
pub struct Listen {
    /// `127.0.0.1:7700`; port 0 takes a free one.
    pub address: String,
    /// Speak TLS.
    pub tls: Option<TlsFiles>,
    /// Speak plain HTTP although the address can be reached from elsewhere.
    pub insecure: bool,
}

/// What every request handler shares.
#[derive(Clone, Debug)]
pub struct App {
    /// The engine.
    pub engine: Arc<Engine>,
    router: Arc<Router>,
    scheme: &'static str,
}

impl App {
    /// Where the caller of a request reached the engine: `http://127.0.0.1:7700`.
    pub fn base_url(&self, headers: &HeaderMap) -> String {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        format!("{}://{host}", self.scheme)
    }
}

/// A bound engine that is about to serve.
pub struct Server {
    engine: Arc<Engine>,
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    address: SocketAddr,
    patience: Duration,
}

impl Server {
    /// Takes the port.
    ///
    /// Errors: the address is taken or not an address, TLS files are unusable, or plain HTTP (or a switch that is for
    /// loopback only) was asked for on an address that others can reach.
    pub async fn bind(engine: Arc<Engine>, listen: &Listen) -> Result<Self, String> {
        let tls = listen.tls.as_ref().map(TlsFiles::acceptor).transpose()?;
        let tcp = TcpListener::bind(&listen.address).await.map_err(|error| {
            format!("cannot listen on {}: {error} (choose another address with --listen)", listen.address)
        })?;
        let address = tcp.local_addr().map_err(|error| error.to_string())?;
        let loopback = address.ip().is_loopback();
        if !loopback && (engine.settings.accept_any_credentials || engine.settings.reset_hook) {
            return Err(format!(
                "{address} can be reached from other machines; --accept-any-credentials and --reset-hook are for \
                 loopback addresses only"
            ));
        }
        if !loopback && tls.is_none() && !listen.insecure {
            return Err(format!(
                "{address} can be reached from other machines: give --tls-cert and --tls-key, or say --insecure-http if \
                 everybody on that network may read along"
            ));
        }
        Ok(Self { engine, tcp, tls, address, patience: connections::PATIENCE })
    }

    /// The address that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The engine's endpoint.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme(), self.address)
    }

    fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Serves until `stop` is ready, then finishes what is under way.
    ///
    /// Errors: TLS cannot be served, or nothing can be kept any more.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        let app =
            routes(App { engine: Arc::clone(&self.engine), router: Arc::new(operations()), scheme: self.scheme() });
        let scheduler = tokio::spawn(Arc::clone(&self.engine).run_scheduler());
        let engine = Arc::clone(&self.engine);
        let (broke, broken) = tokio::sync::oneshot::channel();
        let stop = async move {
            tokio::select! {
                () = stop => {}
                // A process that only answers errors helps nobody: whoever watches over it starts another.
                () = engine.store.broken() => drop(broke.send(())),
            }
            engine.stopping().cancel();
        };
        match self.tls {
            None => {
                // Latency matters more than packets; a socket that refuses is about to fail anyway.
                let listener = self.tcp.tap_io(|stream| drop(stream.set_nodelay(true)));
                connections::serve(listener, app, self.patience, stop).await;
            }
            Some(acceptor) => {
                let listener = TlsListener::start(self.tcp, acceptor)?;
                connections::serve(listener, app, self.patience, stop).await;
            }
        }
        self.engine.stopping().cancel();
        let _ = scheduler.await;
        match broken.await {
            Ok(()) => Err(std::io::Error::other(
                "the thread that writes the database has died of a fault; what was acknowledged is kept. Start the engine \
                 again, and report the panic that it printed",
            )),
            Err(_) => Ok(()),
        }
    }
}

/// Every operation of the engine.
pub(super) fn operations() -> Router {
    Router::default()
        .merge(activations::operations())
        .merge(associations::operations())
        .merge(commands::operations())
        .merge(compliance::operations())
        .merge(documents::operations())
        .merge(ec2messages::operations())
        .merge(inventory::operations())
        .merge(kms::operations())
        .merge(logs::operations())
        .merge(nodes::operations())
        .merge(parameters::operations())
        .merge(patch::operations())
        .merge(sessions::operations())
        .merge(tags::operations())
}

/// Every route of the engine.
fn routes(app: App) -> Routes {
    Routes::new()
        .route("/", post(api).get(health))
        .route("/health", get(health))
        .route("/_reset", post(reset))
        .route("/v1/control-channel/{instance_id}", post(control::token).get(control::socket))
        .route("/v1/data-channel/{session_id}", post(relay::token).get(relay::socket))
        .route("/{bucket}/{*key}", any(output::object))
        .merge(groups::routes())
        .with_state(app)
}

async fn health() -> &'static str {
    "fleetdeck\n"
}

async fn reset(State(app): State<App>) -> Response {
    if !app.engine.settings.reset_hook {
        return respond(StatusCode::NOT_FOUND, "text/plain", Vec::new());
    }
    match app.engine.reset().await {
        Ok(()) => respond(StatusCode::OK, "text/plain", Vec::new()),
        Err(error) => failure(&error),
    }
}

async fn api(State(app): State<App>, request: Request) -> Response {
    let request_id = random::uuid();
    let (parts, body) = request.into_parts();
    let mut response = match read_body(body).await {
        Ok(body) if is_form(&parts) => query_api(&app, &parts, &body, &request_id).await,
        Ok(body) => match json_api(&app, &parts, &body, &request_id).await {
            Ok(answer) => respond(StatusCode::OK, json::CONTENT_TYPE, answer),
            Err(error) => failure(&error),
        },
        Err(error) => failure(&error),
    };
    if let Ok(id) = request_id.parse() {
        response.headers_mut().insert(json::REQUEST_ID_HEADER, id);
    }
    response
}

/// Reads the body of an API request.
///
/// Errors: `RequestEntityTooLargeException`; `SerializationException` for one that breaks off.
async fn read_body(body: Body) -> Result<Bytes, ApiError> {
    let mut pieces = body.into_data_stream();
    let (mut bytes, mut length) = (Vec::new(), 0);
    while length <= DRAIN_LIMIT {
        let slow = || ApiError::new("RequestTimeoutException", "The body did not come in time.").with_status(408);
        let piece = tokio::time::timeout(connections::PATIENCE, pieces.next()).await.map_err(|_| slow())?;
        let Some(piece) = piece else { break };
        let piece =
            piece.map_err(|_| ApiError::new("SerializationException", "The body broke off or is badly framed."))?;
        length += piece.len();
        if length <= BODY_LIMIT {
            bytes.extend_from_slice(&piece);
        } else {
            bytes = Vec::new();
        }
    }
    if length <= BODY_LIMIT {
        return Ok(bytes.into());
    }
    let message = format!("A request may have {BODY_LIMIT} bytes.");
    Err(ApiError::new("RequestEntityTooLargeException", message).with_status(413))
}

async fn json_api(app: &App, parts: &Parts, body: &Bytes, request_id: &str) -> Result<Vec<u8>, ApiError> {
    let unknown = || ApiError::bare("UnknownOperationException");
    let target = parts.headers.get(json::TARGET_HEADER).and_then(|target| target.to_str().ok()).ok_or_else(unknown)?;
    let (prefix, operation) = json::split_target(target).ok_or_else(unknown)?;
    let service =
        Service::of_target(prefix).filter(|service| app.router.has(*service, operation)).ok_or_else(unknown)?;
    let unsigned = operation == "RegisterManagedInstance";
    let Authenticated { caller, region } = if unsigned {
        Authenticated { caller: Caller::Anonymous, region: DEFAULT_REGION.to_owned() }
    } else {
        app.engine.authenticate(parts, Payload::Body(body), service.name()).await?
    };
    let body = router::parse(body)?;
    if !unsigned {
        caller.authorize(service, operation, &body)?;
    }
    let ctx = Ctx {
        engine: Arc::clone(&app.engine),
        caller,
        region,
        request_id: request_id.to_owned(),
        base_url: app.base_url(&parts.headers),
    };
    app.router.dispatch(ctx, service, operation, body).await
}

async fn query_api(app: &App, parts: &Parts, body: &Bytes, request_id: &str) -> Response {
    let answer = match app.engine.authenticate(parts, Payload::Body(body), "sts").await {
        Ok(who) => sts::answer(sts::action(body).unwrap_or_default(), &who.caller, request_id),
        Err(error) => Err(error),
    };
    match answer {
        Ok(xml) => respond(StatusCode::OK, "text/xml", xml.into_bytes()),
        Err(error) => {
            let (status, xml) = sts::error(&error, request_id);
            respond(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), "text/xml", xml.into_bytes())
        }
    }
}

fn is_form(parts: &Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

fn failure(error: &ApiError) -> Response {
    let body = json::encode_error(error, model::ssm().message_member(&error.code));
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = respond(status, json::CONTENT_TYPE, body);
    if let Ok(code) = error.code.parse() {
        response.headers_mut().insert(json::ERROR_TYPE_HEADER, code);
    }
    response
}

/// An answer of one piece.
pub(super) fn respond(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests;
