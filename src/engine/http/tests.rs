//! The engine over its port: real sockets, real signatures, the clock by hand.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};

use super::*;
use crate::{
    engine::tests::{Harness, code},
    ssm::GetParameter,
    wire::{
        rsa_auth::NodeKey,
        sigv4::{self, Credentials, Signing},
    },
};

struct Served {
    harness: Harness,
    url: String,
    http: reqwest::Client,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Served {
    async fn start(tls: Option<TlsFiles>, http: reqwest::Client) -> Self {
        Self::start_with(tls, http, connections::PATIENCE).await
    }

    async fn start_with(tls: Option<TlsFiles>, http: reqwest::Client, patience: Duration) -> Self {
        let harness = Harness::new();
        let listen = Listen { address: "127.0.0.1:0".into(), tls, insecure: false };
        let mut server = Server::bind(Arc::clone(&harness.engine), &listen).await.unwrap();
        server.patience = patience;
        let url = server.url();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(async { drop(stopped.await) }));
        Self { harness, url, http, stop, task }
    }

    fn account(&self) -> Credentials {
        let text = std::fs::read_to_string(self.harness.directory().join("credentials")).unwrap();
        let value =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = ")).unwrap().to_owned();
        Credentials {
            access_key_id: value("aws_access_key_id"),
            secret_access_key: value("aws_secret_access_key").into(),
            session_token: None,
        }
    }

    async fn send(&self, target: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> (u16, Value) {
        let mut request = self.http.post(format!("{}/", self.url)).body(body);
        request = request.header("content-type", json::CONTENT_TYPE).header("x-amz-target", target);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let response = request.send().await.unwrap();
        assert!(response.headers().contains_key(json::REQUEST_ID_HEADER));
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }

    async fn call(&self, who: &Credentials, operation: &str, body: &Value) -> (u16, Value) {
        self.call_bytes(who, operation, body.to_string().into_bytes()).await
    }

    async fn call_bytes(&self, who: &Credentials, operation: &str, body: Vec<u8>) -> (u16, Value) {
        let target = format!("AmazonSSM.{operation}");
        let url = format!("{}/", self.url);
        let signing =
            Signing { credentials: who, region: "us-east-1", service: "ssm", time: self.harness.engine.now() };
        let covered = [("content-type", json::CONTENT_TYPE), ("x-amz-target", target.as_str())];
        let headers = sigv4::sign(signing, "POST", &url, &covered, sigv4::Body::Bytes(&body)).unwrap();
        self.send(&target, headers, body).await
    }

    /// Calls with a node's own key.
    async fn call_with_key(&self, key: &NodeKey, id: &str, operation: &str, body: &Value) -> (u16, Value) {
        let target = format!("AmazonSSM.{operation}");
        let body = body.to_string().into_bytes();
        let length = body.len().to_string();
        let host = self.url.split_once("://").unwrap().1;
        let covered = [
            ("content-length", length.as_str()),
            ("content-type", json::CONTENT_TYPE),
            ("host", host),
            ("x-amz-target", target.as_str()),
        ];
        let request = sigv4::Request { method: "POST", path: "/", query: "", headers: &covered };
        let headers = key.sign(id, "us-east-1", self.harness.engine.now(), request, &body).unwrap();
        self.send(&target, headers, body).await
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

fn plain() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn a_node_lives_from_its_activation_to_its_end() {
    let served = Served::start(None, plain()).await;
    let root = served.account();
    let (_, activation) = served.call(&root, "CreateActivation", &json!({"IamRole": "Nodes"})).await;
    let key = NodeKey::generate().unwrap();
    let register = json!({
        "ActivationId": activation["ActivationId"],
        "ActivationCode": activation["ActivationCode"],
        "Fingerprint": "f",
        "PublicKey": key.public_key().unwrap(),
        "PublicKeyType": "Rsa",
    });
    let (status, registered) =
        served.send("AmazonSSM.RegisterManagedInstance", Vec::new(), register.to_string().into_bytes()).await;
    assert_eq!(status, 200, "{registered}");
    let id = registered["InstanceId"].as_str().unwrap();

    let fingerprint = json!({"Fingerprint": "f"});
    let token = "RequestManagedInstanceRoleToken";
    let (status, refused) = served.call_with_key(&NodeKey::generate().unwrap(), id, token, &fingerprint).await;
    assert_eq!((status, &refused["__type"]), (400, &json!("InvalidSignatureException")));
    let (status, granted) = served.call_with_key(&key, id, token, &fingerprint).await;
    assert_eq!((status, &granted["UpdateKeyPair"]), (200, &json!(false)), "{granted}");
    let text = |name: &str| granted[name].as_str().unwrap().to_owned();
    let mut node = Credentials {
        access_key_id: text("AccessKeyId"),
        secret_access_key: text("SecretAccessKey").into(),
        session_token: Some(text("SessionToken").into()),
    };

    let report = json!({"InstanceId": id, "AgentVersion": "3.3.0.0", "PlatformType": "Linux"});
    assert_eq!(served.call(&node, "UpdateInstanceInformation", &report).await.0, 200);
    let (_, listed) = served.call(&root, "DescribeInstanceInformation", &json!({})).await;
    assert_eq!(listed["InstanceInformationList"][0]["PingStatus"], "Online");
    let code_of = |answer: (u16, Value)| answer.1["__type"].as_str().unwrap_or_default().to_owned();
    let other = json!({"InstanceId": "mi-00000000000000000", "AgentVersion": "9"});
    assert_eq!(code_of(served.call(&node, "UpdateInstanceInformation", &other).await), "AccessDeniedException");
    assert_eq!(code_of(served.call(&node, "DescribeParameters", &json!({})).await), "AccessDeniedException");
    let with_key = served.call_with_key(&key, id, "GetParameter", &json!({"Name": "x"})).await;
    assert_eq!(code_of(with_key), "AccessDeniedException");

    served.harness.advance(Duration::from_secs(3601));
    assert_eq!(code_of(served.call(&node, "UpdateInstanceInformation", &report).await), "ExpiredTokenException");
    let (_, granted) = served.call_with_key(&key, id, token, &fingerprint).await;
    let stolen = granted["SessionToken"].as_str().unwrap().to_owned();
    let forged = Credentials { session_token: Some(stolen.into()), ..node.clone() };
    let forged = served.call(&forged, "UpdateInstanceInformation", &report).await;
    assert_eq!(code_of(forged), "UnrecognizedClientException");
    node.access_key_id = granted["AccessKeyId"].as_str().unwrap().to_owned();
    node.secret_access_key = granted["SecretAccessKey"].as_str().unwrap().into();
    node.session_token = Some(granted["SessionToken"].as_str().unwrap().into());
    assert_eq!(served.call(&node, "UpdateInstanceInformation", &report).await.0, 200);
    assert_eq!(served.call(&root, "DeregisterManagedInstance", &json!({"InstanceId": id})).await.0, 200);
    let gone = served.call(&node, "UpdateInstanceInformation", &report).await;
    assert_eq!(code_of(gone), "UnrecognizedClientException");
    served.end().await;
}

#[tokio::test]
async fn rubbish_is_answered_and_harms_nothing() {
    let served = Served::start(None, plain()).await;
    let root = served.account();
    let code_of = |(_, answer): &(u16, Value)| answer["__type"].as_str().unwrap_or_default().to_owned();
    for body in ["{", "[]", "7", r#"{"Name":7}"#, r#"{"Name":"x","WithDecryption":"yes"}"#, "\u{0}"] {
        let answer = served.call_bytes(&root, "GetParameter", body.into()).await;
        assert_eq!((answer.0, code_of(&answer).as_str()), (400, "SerializationException"), "{body}");
    }
    let answer = served.call_bytes(&root, "GetParameter", vec![b' '; BODY_LIMIT + 1]).await;
    assert_eq!((answer.0, code_of(&answer).as_str()), (413, "RequestEntityTooLargeException"));
    // Far too large: the client may finish sending, and then hears the reason.
    let mut raw = TcpStream::connect(served.url.trim_start_matches("http://")).await.unwrap();
    let length = 4 * BODY_LIMIT;
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    raw.write_all(head.as_bytes()).await.unwrap();
    raw.write_all(&vec![b' '; length]).await.unwrap();
    let mut refused = String::new();
    raw.read_to_string(&mut refused).await.unwrap();
    assert!(refused.starts_with("HTTP/1.1 413 ") && refused.contains("RequestEntityTooLargeException"), "{refused}");
    // Badly framed is not too large.
    let mut raw = TcpStream::connect(served.url.trim_start_matches("http://")).await.unwrap();
    raw.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n").await.unwrap();
    let mut refused = String::new();
    raw.read_to_string(&mut refused).await.unwrap();
    assert!(refused.starts_with("HTTP/1.1 400 ") && refused.contains("SerializationException"), "{refused}");
    for target in ["AmazonSSM.ListOpsItemEvents", "AmazonSSM.", "AmazonEC2.GetParameter", "GetParameter", ""] {
        let answer = served.send(target, Vec::new(), b"{}".to_vec()).await;
        assert_eq!((answer.0, code_of(&answer).as_str()), (400, "UnknownOperationException"), "{target}");
    }
    let unsigned = served.send("AmazonSSM.GetParameter", Vec::new(), b"{}".to_vec()).await;
    assert_eq!(code_of(&unsigned), "MissingAuthenticationTokenException");
    let half = vec![("authorization".to_owned(), "AWS4-HMAC-SHA256 Credential=x".to_owned())];
    let half = served.send("AmazonSSM.GetParameter", half, b"{}".to_vec()).await;
    assert_eq!(code_of(&half), "IncompleteSignatureException");
    let nested = "[".repeat(100_000);
    let answer = served.call_bytes(&root, "GetParameter", nested.into()).await;
    assert_eq!(code_of(&answer), "SerializationException");
    assert_eq!(served.http.post(format!("{}/_reset", served.url)).send().await.unwrap().status(), 404);
    assert_eq!(served.http.get(format!("{}/health", served.url)).send().await.unwrap().status(), 200);
    served.end().await;
}

#[tokio::test]
async fn a_handler_that_panics_is_an_internal_error() {
    async fn broken(_: Ctx, request: GetParameter) -> Result<crate::ssm::GetParameterOutput, ApiError> {
        assert!(request.name.is_empty(), "a fault in a handler");
        Ok(crate::ssm::GetParameterOutput::default())
    }
    let mut harness = Harness::new();
    harness.router = Router::default().handle(broken);
    let answer = harness.call(GetParameter { name: "x".into(), with_decryption: None }).await;
    assert_eq!(code(answer), "InternalServerError");
}

#[tokio::test]
async fn an_engine_that_can_keep_nothing_ends_with_a_word() {
    let Served { harness, task, stop: _stop, .. } = Served::start(None, plain()).await;
    harness.engine.store.break_for_tests();
    let error = tokio::time::timeout(Duration::from_secs(20), task).await.unwrap().unwrap().unwrap_err();
    assert!(error.to_string().contains("has died"), "{error}");
}

#[tokio::test]
async fn what_is_under_way_is_finished_before_the_end() {
    let served = Served::start(None, plain()).await;
    let address = served.url.strip_prefix("http://").unwrap().to_owned();
    let mut idle = TcpStream::connect(&address).await.unwrap();
    idle.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 15];
    idle.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");

    let mut slow = TcpStream::connect(&address).await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: AmazonSSM.GetParameter\r\ncontent-length: 2\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    // The server has read the head once it has answered a later request of somebody else.
    assert_eq!(served.http.get(format!("{}/health", served.url)).send().await.unwrap().status(), 200);
    let engine = Arc::clone(&served.harness.engine);
    served.stop.send(()).unwrap();
    engine.stopping().cancelled().await;
    slow.write_all(b"}").await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("MissingAuthenticationTokenException"), "{answer}");
    served.task.await.unwrap().unwrap();
    assert!(TcpStream::connect(&address).await.is_err());
}

#[tokio::test]
async fn tls_is_spoken_and_a_silent_client_holds_nobody_up() {
    let home = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let tls = TlsFiles { certificate: home.path().join("cert.pem"), key: home.path().join("key.pem") };
    std::fs::write(&tls.certificate, made.cert.pem()).unwrap();
    std::fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
    let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap();
    let served = Served::start(Some(tls.clone()), http).await;
    assert!(served.url.starts_with("https://127.0.0.1:"));
    let _silent = TcpStream::connect(served.url.strip_prefix("https://").unwrap()).await.unwrap();
    assert_eq!(served.call(&served.account(), "DescribeParameters", &json!({})).await.0, 200);
    served.end().await;

    let engine = Harness::new().engine;
    std::fs::write(&tls.key, "not a key").unwrap();
    let listen = Listen { address: "127.0.0.1:0".into(), tls: Some(tls), insecure: false };
    let error = Server::bind(engine, &listen).await.err().unwrap();
    assert!(error.contains("key.pem"), "{error}");
}

#[tokio::test]
async fn an_open_address_needs_tls_or_a_word() {
    let engine = Harness::new().engine;
    let listen = |insecure| Listen { address: "0.0.0.0:0".into(), tls: None, insecure };
    let error = Server::bind(Arc::clone(&engine), &listen(false)).await.err().unwrap();
    assert!(error.contains("--tls-cert") && error.contains("--insecure-http"), "{error}");
    Server::bind(engine, &listen(true)).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_never_finishes_its_request_is_closed() {
    let served = Served::start_with(None, reqwest::Client::new(), Duration::from_millis(50)).await;
    let address = served.url.trim_start_matches("http://");
    for begun in ["", "POST / HTT", "POST / HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        // Whatever it is told, the connection ends.
        let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{begun:?}");
    }
}
