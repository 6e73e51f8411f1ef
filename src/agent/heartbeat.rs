//! The heartbeat: `UpdateInstanceInformation`, short at the start, then in full every five minutes.

use std::time::Duration;

use super::{
    Node,
    backoff::{Backoff, jitter},
    facts::{AGENT_NAME, AGENT_VERSION, Facts, PLATFORM_TYPE},
};
use crate::ssm::UpdateInstanceInformation;

const INTERVAL: Duration = Duration::from_secs(300);

/// Beats for ever.
pub async fn run(node: &Node) {
    let mut backoff = Backoff::connection();
    beat(node, &mut backoff, || short(node)).await;
    beat(node, &mut backoff, || full(node)).await;
    // So that a fleet that was started at once does not beat at once.
    tokio::time::sleep(jitter(INTERVAL)).await;
    loop {
        beat(node, &mut backoff, || full(node)).await;
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn beat(node: &Node, backoff: &mut Backoff, request: impl Fn() -> UpdateInstanceInformation) {
    while let Err(error) = node.api.call(request()).await {
        if error.is_denied() {
            node.renewal.request();
        }
        let wait = backoff.next_delay();
        tracing::warn!("the heartbeat failed, next try in {} s: {error}", wait.as_secs());
        tokio::time::sleep(wait).await;
    }
    backoff.reset();
}

fn short(node: &Node) -> UpdateInstanceInformation {
    UpdateInstanceInformation {
        instance_id: node.instance_id.clone(),
        agent_name: Some(AGENT_NAME.to_owned()),
        agent_version: Some(AGENT_VERSION.to_owned()),
        platform_type: Some(PLATFORM_TYPE.to_owned()),
        ..UpdateInstanceInformation::default()
    }
}

fn full(node: &Node) -> UpdateInstanceInformation {
    let facts = Facts::read(&node.api.endpoints().service("ssm"));
    let known = |text: String| (!text.is_empty()).then_some(text);
    UpdateInstanceInformation {
        agent_status: Some("Active".to_owned()),
        computer_name: known(facts.computer_name),
        ip_address: known(facts.ip_address),
        platform_name: known(facts.platform_name),
        platform_version: known(facts.platform_version),
        ssm_connection_channel: Some("ssmmessages".to_owned()),
        ..short(node)
    }
}
