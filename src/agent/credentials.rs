//! The node's role token: asked for with the node's own key, renewed at half its life.

use std::{sync::Arc, time::Duration};

use reqwest::Url;
use tokio::sync::Notify;

use super::{
    api::{Api, CallError},
    backoff::Backoff,
    identity::Identity,
};
use crate::{
    ssm::{RequestManagedInstanceRoleToken, RequestManagedInstanceRoleTokenOutput},
    wire::{
        json,
        sigv4::{Credentials, Request},
    },
};

/// The shortest wait between two tokens, whatever lifetime the service claims.
const SHORTEST: Duration = Duration::from_secs(5);

/// Keeps an [`Api`] in credentials.
pub struct Renewal {
    api: Arc<Api>,
    identity: Arc<Identity>,
    wanted: Notify,
}

impl Renewal {
    /// For a registered node.
    pub fn new(api: Arc<Api>, identity: Arc<Identity>) -> Self {
        Self { api, identity, wanted: Notify::new() }
    }

    /// The service has refused the present credentials: ask for new ones soon.
    pub fn request(&self) {
        self.wanted.notify_one();
    }

    /// Renews for ever.
    pub async fn run(&self) {
        let mut unreachable = Backoff::connection();
        let mut refused = Backoff::refused();
        let mut denied = Backoff::denied();
        loop {
            let wait = match self.token().await {
                Ok(answer) => {
                    unreachable.reset();
                    refused.reset();
                    denied.reset();
                    let left = answer.token_expiration_date.since(self.api.clock().now());
                    self.api.set_credentials(Credentials {
                        access_key_id: answer.access_key_id,
                        secret_access_key: answer.secret_access_key,
                        session_token: Some(answer.session_token),
                    });
                    (left / 2).max(SHORTEST)
                }
                Err(error) if error.is_denied() => {
                    tracing::error!(
                        "the service does not accept this node ({error}). If it was deregistered, remove the data directory and \
                         register again with a new activation"
                    );
                    // Whoever has been refused asks less often, however much the others want a token. A restart asks at once.
                    tokio::time::sleep(denied.next_delay()).await;
                    continue;
                }
                Err(CallError::Api(error)) => {
                    tracing::warn!("no role token: {error}");
                    refused.next_delay()
                }
                Err(error) => {
                    tracing::debug!("no role token: {error}");
                    unreachable.next_delay()
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.wanted.notified() => tokio::time::sleep(SHORTEST.min(wait)).await,
            }
        }
    }

    async fn token(&self) -> Result<RequestManagedInstanceRoleTokenOutput, CallError> {
        let request = RequestManagedInstanceRoleToken { fingerprint: self.identity.registration.fingerprint.clone() };
        let endpoints = self.api.endpoints();
        let url = format!("{}/", endpoints.service("ssm"));
        let body = json::encode_request(&request)?;
        let address = Url::parse(&url).map_err(CallError::transport)?;
        let host = match (address.host_str(), address.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let length = body.len().to_string();
        let target = json::target::<RequestManagedInstanceRoleToken>();
        let headers = [
            ("content-length", length.as_str()),
            ("content-type", json::CONTENT_TYPE),
            ("host", &host),
            (json::TARGET_HEADER, &target),
        ];
        let request = Request { method: "POST", path: "/", query: "", headers: &headers };
        let key = self.identity.key();
        let time = self.api.clock().now();
        let headers = key
            .sign(self.identity.instance_id(), &endpoints.region, time, request, &body)
            .map_err(CallError::transport)?;
        self.api.post_json::<RequestManagedInstanceRoleToken>(&url, headers, body).await
    }
}
