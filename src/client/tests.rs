//! The client beside services that throttle, refuse and repeat themselves.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{Client, Error, Inner, Settings, credentials::Credentials, endpoint::Endpoint, transport::Transport};
use crate::ssm::DescribeInstanceInformation;

const NODES: usize = 3_000;
const PAGE: usize = 50;
/// The calls, from 1, that are refused: a first one, and one that comes again too early.
const REFUSED: [usize; 2] = [31, 32];

#[derive(Default)]
struct Service {
    calls: usize,
    accepted: usize,
}

async fn answer(State(service): State<Arc<Mutex<Service>>>, body: Bytes) -> (StatusCode, String) {
    let mut service = service.lock().unwrap();
    service.calls += 1;
    if REFUSED.contains(&service.calls) {
        let refusal = json!({ "__type": "ThrottlingException", "message": "Rate exceeded" });
        return (StatusCode::BAD_REQUEST, refusal.to_string());
    }
    service.accepted += 1;
    let request: Value = serde_json::from_slice(&body).unwrap();
    let from: usize = request["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let nodes: Vec<_> = (from..from + PAGE).map(|n| json!({ "InstanceId": format!("mi-{n:017}") })).collect();
    let next = (from + PAGE < NODES).then(|| (from + PAGE).to_string());
    (StatusCode::OK, json!({ "InstanceInformationList": nodes, "NextToken": next }).to_string())
}

/// A service that does not throttle but where it says so: how to reach it.
async fn served(router: Router) -> Settings {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Settings::with_keys(&url, "us-east-1", "AKIDEXAMPLE", "secret")
}

/// A client of [`served`].
async fn client(router: Router) -> Client {
    Client::connect(served(router).await).await.unwrap()
}

/// A client to whom the same is EC2 too.
async fn client_with_ec2(router: Router) -> Client {
    let settings = served(router).await;
    let url = settings.endpoint_url.clone().unwrap();
    let (credentials, resolved) = Credentials::load(&settings).await.unwrap();
    let endpoint = Endpoint::new(&resolved.region, Some(&url)).unwrap().with_named(vec![("ec2", url)]);
    let transport = Transport::new(endpoint.clone(), credentials).unwrap();
    Client(Arc::new(Inner { settings, profile: None, endpoint, transport }))
}

#[tokio::test]
async fn a_service_that_throttles_is_listed_whole_and_it_is_told() {
    let service = Arc::<Mutex<Service>>::default();
    let client = client(Router::new().route("/", post(answer)).with_state(service.clone())).await;
    let throttles = client.throttles();
    let mut seen = throttles.clone();
    let told = tokio::spawn(async move { seen.wait_for(Option::is_some).await.unwrap().unwrap().operation });

    let list = DescribeInstanceInformation { max_results: Some(50), ..Default::default() };
    let mut pages = std::pin::pin!(client.pages(list));
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await {
        ids.extend(page.expect("no error reaches the user").into_iter().filter_map(|node| node.instance_id));
    }

    assert_eq!(ids.len(), NODES);
    assert!(ids.iter().enumerate().all(|(n, id)| *id == format!("mi-{n:017}")));
    assert_eq!(told.await.unwrap(), "DescribeInstanceInformation");
    assert_eq!(*throttles.borrow(), None, "what is over is said too");
    let service = service.lock().unwrap();
    assert_eq!((service.accepted, service.calls), (NODES / PAGE, NODES / PAGE + REFUSED.len()));
}

#[tokio::test]
async fn a_call_that_is_given_up_is_not_told_as_throttled_for_ever() {
    let refuse = async || {
        let refusal = json!({ "__type": "ThrottlingException", "message": "Rate exceeded" });
        (StatusCode::BAD_REQUEST, refusal.to_string())
    };
    let client = client(Router::new().route("/", post(refuse))).await;
    let mut throttles = client.throttles();
    let asking = tokio::spawn(async move { client.call(DescribeInstanceInformation::default()).await });
    let told = throttles.wait_for(Option::is_some).await.unwrap().unwrap();
    assert_eq!(told.operation, "DescribeInstanceInformation");
    asking.abort();
    // The client goes with the call; what it said last stays.
    let _ = asking.await;
    assert_eq!(*throttles.borrow(), None);
}

#[tokio::test]
async fn tags_of_instances_come_in_pages_and_end_although_the_service_repeats_itself() {
    let page = |token: &str, more: &str| {
        format!(
            "<DescribeTagsResponse><tagSet><item><resourceId>i-1</resourceId><key>after{token}</key><value/></item></tagSet>\
             <nextToken>{more}</nextToken></DescribeTagsResponse>"
        )
    };
    // After "b" it has nothing else to say.
    let calls = Arc::new(Mutex::new(Vec::new()));
    let answer = async move |State((calls, last)): State<(Arc<Mutex<Vec<String>>>, &'static str)>, form: String| {
        let token = form.split_once("NextToken=").map_or("", |(_, token)| token).to_owned();
        let mut calls = calls.lock().unwrap();
        calls.push(token.clone());
        let more = match token.as_str() {
            // Who does not stop by himself shall be told apart, and not be waited for.
            _ if calls.len() > 9 => "",
            "" => "a",
            "a" => "b",
            _ => last,
        };
        page(&token, more)
    };
    let router = |last: &'static str| Router::new().route("/", post(answer)).with_state((calls.clone(), last));
    let ids = ["i-1".to_owned()];

    let tags = client_with_ec2(router("")).await.instance_tags(&ids).await.unwrap();
    let keys: Vec<_> = tags["i-1"].iter().map(|tag| tag.key.as_str()).collect();
    assert_eq!(keys, ["after", "aftera", "afterb"]);
    assert_eq!(std::mem::take(&mut *calls.lock().unwrap()), ["", "a", "b"]);

    let error = client_with_ec2(router("b")).await.instance_tags(&ids).await.unwrap_err();
    assert!(matches!(&error, Error::Protocol(what) if what.contains("NextToken")), "{error}");
    assert_eq!(*calls.lock().unwrap(), ["", "a", "b"]);
}

#[tokio::test]
async fn what_ec2_refuses_is_told_as_a_permission_that_is_missing() {
    for (said, advice) in [
        ("You are not authorized to perform this operation.", "lacks a permission"),
        (
            "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/eve is not authorized \
             to perform: ec2:DescribeTags because no identity-based policy allows the ec2:DescribeTags action",
            "No policy allows ec2:DescribeTags",
        ),
    ] {
        let body = format!(
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>{said}</Message></Error></Errors></Response>"
        );
        let calls = Arc::<Mutex<usize>>::default();
        let answer = async move |State(calls): State<Arc<Mutex<usize>>>| {
            *calls.lock().unwrap() += 1;
            (StatusCode::FORBIDDEN, body.clone())
        };
        let router = Router::new().route("/", post(answer)).with_state(calls.clone());
        let error = client_with_ec2(router).await.instance_tags(&["i-1".to_owned()]).await.unwrap_err();
        assert_eq!(error.code(), Some("UnauthorizedOperation"));
        assert!(error.advice().is_some_and(|told| told.contains(advice)), "{error}: {:?}", error.advice());
        assert_eq!(*calls.lock().unwrap(), 1, "a refusal is not tried again");
    }
}

#[tokio::test]
async fn refused_keys_are_fetched_anew_once_and_not_for_every_call() {
    for code in ["UnrecognizedClientException", "ExpiredTokenException"] {
        let refuse = async move || {
            let refusal = json!({ "__type": code, "message": "The security token is of no use." });
            (StatusCode::BAD_REQUEST, refusal.to_string())
        };
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let keys = r#"{"Version": 1, "AccessKeyId": "AKIAOLD", "SecretAccessKey": "s"}"#;
        std::fs::write(path("keys"), format!("echo asked >> {}\necho '{keys}'\n", path("asked").display())).unwrap();
        let profile = format!("[default]\ncredential_process = sh {}\n", path("keys").display());
        std::fs::write(path("credentials"), profile).unwrap();
        let served = served(Router::new().route("/", post(refuse))).await;
        let settings = Settings { keys: None, credentials_file: Some(path("credentials")), ..served };
        let client = Client::connect(settings).await.unwrap();
        let ask = async || client.call(DescribeInstanceInformation::default()).await.unwrap_err();
        futures_util::future::join_all((0..5).map(|_| ask())).await;
        for _ in 0..3 {
            assert_eq!(ask().await.code(), Some(code));
        }
        assert_eq!(std::fs::read_to_string(path("asked")).unwrap().lines().count(), 2, "{code}");
    }
}
