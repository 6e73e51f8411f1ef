//! The client beside a service that throttles as AWS does: so many calls a second and no more, in pages of 50.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{Client, Settings};
use crate::ssm::DescribeInstanceInformation;

const NODES: usize = 3_000;
const PAGE: usize = 50;
/// Calls a second, and as many at once after a pause.
const RATE: f64 = 30.0;

struct Service {
    tokens: f64,
    at: Instant,
    accepted: usize,
    refused: usize,
}

async fn answer(State(service): State<Arc<Mutex<Service>>>, body: Bytes) -> (StatusCode, String) {
    let mut service = service.lock().unwrap();
    let now = Instant::now();
    service.tokens = (service.tokens + now.duration_since(service.at).as_secs_f64() * RATE).min(RATE);
    service.at = now;
    if service.tokens < 1.0 {
        service.refused += 1;
        let refusal = json!({ "__type": "ThrottlingException", "message": "Rate exceeded" });
        return (StatusCode::BAD_REQUEST, refusal.to_string());
    }
    service.tokens -= 1.0;
    service.accepted += 1;
    let request: Value = serde_json::from_slice(&body).unwrap();
    let from: usize = request["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let nodes: Vec<_> = (from..from + PAGE).map(|n| json!({ "InstanceId": format!("mi-{n:017}") })).collect();
    let next = (from + PAGE < NODES).then(|| (from + PAGE).to_string());
    (StatusCode::OK, json!({ "InstanceInformationList": nodes, "NextToken": next }).to_string())
}

#[tokio::test]
async fn a_service_that_throttles_is_listed_whole_and_is_not_pressed() {
    let service = Service { tokens: RATE, at: Instant::now(), accepted: 0, refused: 0 };
    let service = Arc::new(Mutex::new(service));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", post(answer)).with_state(service.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = Client::connect(Settings::with_keys(&url, "us-east-1", "AKIDEXAMPLE", "secret")).await.unwrap();
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
    assert_eq!(service.accepted, NODES / PAGE);
    assert!(service.refused > 0 && service.refused * 4 < service.accepted, "{} refused", service.refused);
}
