//! From the store to the nodes: what may be sent, what has to be sent again, what is overdue.

use std::{sync::Arc, time::Duration};

use crate::{
    engine::{Engine, control, random, store::invocations::Delivery},
    ssm::ApiError,
    wire::{
        envelope::kind,
        messages::{AgentJob, CancelJob, TOPIC_CANCEL_COMMAND, TOPIC_SEND_COMMAND},
    },
};

/// A delivery that is not confirmed within this time is sent again. Nodes know the ids of the jobs that they have.
const CONFIRMATION: Duration = Duration::from_secs(15);

/// Sends as much of a command as its rate control allows.
pub(in crate::engine) async fn command(engine: &Arc<Engine>, seq: i64) {
    let channels = Arc::clone(&engine.channels);
    match engine.store.claim(seq, engine.now(), move |instance_id| channels.is_open(instance_id)).await {
        Ok(deliveries) => deliveries.iter().for_each(|delivery| deliver(engine, delivery)),
        Err(error) => tracing::error!(%error, "a command could not be sent; it is tried again"),
    }
}

/// Hands a delivery to the node's line. If the line is gone or full, the delivery is sent again later.
pub(in crate::engine) fn deliver(engine: &Engine, delivery: &Delivery) {
    let Delivery { command_id, instance_id, job, cancel } = delivery;
    let job_id = format!("aws.ssm.{command_id}.{instance_id}");
    let send = |topic: &str, job_id: String, content: Result<String, serde_json::Error>| {
        let topic = format!("{topic}.us.east.1.1");
        let job = AgentJob { content: content.ok()?, job_id, topic, schema_version: 1 };
        let envelope = control::message(engine, kind::JOB, &job)?;
        engine.channels.send(instance_id, envelope.encode()).then_some(())
    };
    if let Some(job) = job {
        send(TOPIC_SEND_COMMAND, job_id.clone(), serde_json::to_string(job));
    }
    if *cancel {
        let own_id = format!("aws.ssm.{}.{instance_id}", random::uuid());
        send(TOPIC_CANCEL_COMMAND, own_id, serde_json::to_string(&CancelJob { cancel_message_id: job_id }));
    }
}

/// A node is on the line again: what it may have missed, and what waited for it.
pub(in crate::engine) async fn node_connected(engine: Arc<Engine>, instance_id: String) {
    match engine.store.due_on_node(&instance_id).await {
        Ok(due) => {
            for delivery in &due.unconfirmed {
                resend(&engine, delivery).await;
            }
            for seq in due.commands {
                command(&engine, seq).await;
            }
        }
        Err(error) => tracing::error!(instance_id, %error, "a node's commands could not be looked up"),
    }
}

/// Does what is due by the clock: deadlines, delayed and unconfirmed deliveries.
pub(in crate::engine) async fn tick(engine: &Arc<Engine>) -> Result<(), ApiError> {
    let now = engine.now();
    let channels = Arc::clone(&engine.channels);
    let reachable = move |instance_id: &str| channels.is_open(instance_id);
    let due = engine.store.due_commands(now, now.minus(CONFIRMATION), reachable).await?;
    for delivery in &due.unconfirmed {
        if engine.channels.is_open(&delivery.instance_id) {
            resend(engine, delivery).await;
        }
    }
    for seq in due.commands {
        command(engine, seq).await;
    }
    Ok(())
}

async fn resend(engine: &Engine, delivery: &Delivery) {
    deliver(engine, delivery);
    if let Err(error) = engine.store.note_resent(&delivery.command_id, &delivery.instance_id, engine.now()).await {
        tracing::error!(%error, "a delivery could not be noted");
    }
}
