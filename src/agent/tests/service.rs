//! A service for tests: it checks signatures, hands out tokens, and gives its sockets to the test.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{
        Request, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

use crate::{
    ssm::Timestamp,
    wire::{
        digest::sha256_hex,
        envelope::{Envelope, kind},
        messages::{OpenChannel, channel_token_xml},
        rsa_auth,
        sigv4::{self, Authorization},
    },
};

pub const LONG: Duration = Duration::from_secs(20);
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// The service and what it has seen.
pub struct Service {
    pub address: SocketAddr,
    pub seen: Arc<Seen>,
    control: mpsc::UnboundedReceiver<Peer>,
    data: mpsc::UnboundedReceiver<Peer>,
}

/// What the handlers share.
pub struct Seen {
    pub public_key: Mutex<String>,
    pub calls: Mutex<Vec<(String, Value)>>,
    pub objects: Mutex<HashMap<String, Vec<u8>>>,
    pub refuse_activation: Mutex<Option<&'static str>>,
    control: mpsc::UnboundedSender<Peer>,
    data: mpsc::UnboundedSender<Peer>,
}

/// The agent's end of a socket, as the service holds it.
pub struct Peer {
    pub open: OpenChannel,
    socket: WebSocket,
}

impl Peer {
    /// The next envelope.
    pub async fn next(&mut self) -> Envelope {
        loop {
            match timeout(LONG, self.socket.recv()).await.expect("the agent is silent") {
                Some(Ok(Message::Binary(bytes))) => return Envelope::decode(&bytes).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("not an envelope: {other:?}"),
            }
        }
    }

    /// The next envelope's bytes; `None` when the agent has closed the socket.
    pub async fn next_bytes(&mut self) -> Option<Bytes> {
        loop {
            match timeout(LONG, self.socket.recv()).await.expect("the agent is silent") {
                Some(Ok(Message::Binary(bytes))) => return Some(bytes),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }

    pub async fn send(&mut self, kind: &str, payload: Value) -> Envelope {
        let message = Envelope::new(kind, Timestamp::now(), payload.to_string().into_bytes());
        self.send_bytes(message.encode().into()).await;
        message
    }

    pub async fn send_bytes(&mut self, bytes: Bytes) {
        self.socket.send(Message::Binary(bytes)).await.unwrap();
    }

    pub async fn acknowledge_reply(&mut self, reply: &Envelope) {
        let payload = json!({"jobId": "", "acknowledgedMessageId": reply.message_id.to_string()});
        self.send(kind::JOB_REPLY_ACK, payload).await;
    }
}

impl Service {
    pub async fn start() -> Self {
        let (control_to, control) = mpsc::unbounded_channel();
        let (data_to, data) = mpsc::unbounded_channel();
        let seen = Arc::new(Seen {
            public_key: Mutex::default(),
            calls: Mutex::default(),
            objects: Mutex::default(),
            refuse_activation: Mutex::default(),
            control: control_to,
            data: data_to,
        });
        let router = Router::new()
            .route("/", post(call))
            .route("/v1/{kind}/{id}", get(socket).post(token))
            .route("/{*object}", any(object))
            .with_state(seen.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, seen, control, data }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub async fn control(&mut self) -> Peer {
        timeout(LONG, self.control.recv()).await.expect("no control channel").unwrap()
    }

    pub async fn data(&mut self) -> Peer {
        timeout(LONG, self.data.recv()).await.expect("no data channel").unwrap()
    }
}

impl Seen {
    /// Panics unless the request is signed as it should be.
    fn check(&self, method: &str, uri: &Uri, headers: &HeaderMap, body: &[u8], service: &str) {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        let request =
            sigv4::Request { method, path: uri.path(), query: uri.query().unwrap_or_default(), headers: &headers };
        let claim = Authorization::parse(&request).unwrap();
        claim.check_scope(service, Timestamp::now()).unwrap();
        if claim.access_key_id.starts_with("mi-") {
            let key = self.public_key.lock().unwrap().clone();
            rsa_auth::verify(&claim, &request, &sha256_hex(body), &key).unwrap();
        } else {
            assert_eq!(claim.session_token, Some("session"));
            let hash = request.header("x-amz-content-sha256").map_or_else(|| sha256_hex(body), str::to_owned);
            claim.verify(&request, &hash, SECRET).unwrap();
        }
    }
}

async fn call(State(seen): State<Arc<Seen>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap().to_owned();
    let operation = target.strip_prefix("AmazonSSM.").unwrap().to_owned();
    let request: Value = serde_json::from_slice(&body).unwrap();
    let answer = match operation.as_str() {
        "RegisterManagedInstance" => {
            assert!(!headers.contains_key("authorization"));
            if let Some(code) = *seen.refuse_activation.lock().unwrap() {
                return (StatusCode::BAD_REQUEST, json!({"__type": code}).to_string()).into_response();
            }
            *seen.public_key.lock().unwrap() = request["PublicKey"].as_str().unwrap().to_owned();
            json!({"InstanceId": "mi-0123456789abcdef0"})
        }
        _ => {
            seen.check("POST", &uri, &headers, &body, "ssm");
            match operation.as_str() {
                "RequestManagedInstanceRoleToken" => json!({"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": SECRET,
                    "SessionToken": "session", "UpdateKeyPair": false,
                    "TokenExpirationDate": Timestamp::now().plus(Duration::from_secs(3600))}),
                "GetParameters" => {
                    json!({"Parameters": [{"Name": "/greeting", "Type": "String", "Value": "hello", "Version": 1}]})
                }
                _ => json!({}),
            }
        }
    };
    seen.calls.lock().unwrap().push((operation, request));
    answer.to_string().into_response()
}

async fn token(State(seen): State<Arc<Seen>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    seen.check("POST", &uri, &headers, &body, "ssmmessages");
    (StatusCode::CREATED, channel_token_xml("CreateControlChannel", "the-token")).into_response()
}

async fn socket(State(seen): State<Arc<Seen>>, uri: Uri, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    seen.check("GET", &uri, &headers, b"", "ssmmessages");
    let control = uri.path().contains("control-channel");
    upgrade.on_upgrade(move |mut socket| async move {
        let Some(Ok(Message::Text(text))) = socket.recv().await else { panic!("no open message") };
        let open: OpenChannel = serde_json::from_str(&text).unwrap();
        assert_eq!(*open.token_value, "the-token");
        let to = if control { &seen.control } else { &seen.data };
        let _ = to.send(Peer { open, socket });
    })
}

async fn object(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap();
    seen.check(parts.method.as_str(), &parts.uri, &parts.headers, &body, "s3");
    seen.objects.lock().unwrap().insert(parts.uri.path().to_owned(), body.to_vec());
    StatusCode::OK.into_response()
}
