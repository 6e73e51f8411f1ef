//! The client beside a service that throttles, in pages of 50.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{Client, Settings};
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

/// A service that does not throttle but where it says so, and a client of it.
async fn served(router: Router) -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Client::connect(Settings::with_keys(&url, "us-east-1", "AKIDEXAMPLE", "secret")).await.unwrap()
}

#[tokio::test]
async fn a_service_that_throttles_is_listed_whole_and_it_is_told() {
    let service = Arc::<Mutex<Service>>::default();
    let client = served(Router::new().route("/", post(answer)).with_state(service.clone())).await;
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
    let client = served(Router::new().route("/", post(refuse))).await;
    let mut throttles = client.throttles();
    let asking = tokio::spawn(async move { client.call(DescribeInstanceInformation::default()).await });
    let told = throttles.wait_for(Option::is_some).await.unwrap().unwrap();
    assert_eq!(told.operation, "DescribeInstanceInformation");
    asking.abort();
    // The client goes with the call; what it said last stays.
    let _ = asking.await;
    assert_eq!(*throttles.borrow(), None);
}
