//! Sessions: what the service asks for over the control channel, each served by a task of its own over a data channel.

mod link;
mod plan;
mod port;
mod program;
mod serve;
mod words;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Node, outbox::Outbox};
use crate::wire::{
    envelope::kind,
    messages::{SessionRequest, TaskComplete, TaskMessage},
};
use plan::Plan;

/// So many sessions at a time, as AWS's agent has it.
const LIMIT: usize = 1000;
/// How long sessions have to end when the agent does.
const FAREWELL: Duration = Duration::from_secs(3);

/// The sessions of a node.
pub struct Sessions {
    node: Arc<Node>,
    outbox: Arc<Outbox>,
    live: Mutex<HashMap<String, CancellationToken>>,
    tasks: TaskTracker,
}

impl Sessions {
    /// None yet.
    pub fn new(node: Arc<Node>, outbox: Arc<Outbox>) -> Self {
        Self { node, outbox, live: Mutex::default(), tasks: TaskTracker::new() }
    }

    /// Starts the session that a task describes. What goes wrong is told to the service, and by it to the user.
    pub fn start(self: &Arc<Self>, task: &TaskMessage) {
        let request: Result<SessionRequest, _> = serde_json::from_str(&task.content);
        let session_id = match &request {
            Ok(request) if !request.session_id.is_empty() => request.session_id.clone(),
            _ => task.task_id.clone(),
        };
        if !is_harmless(&session_id) {
            tracing::warn!("a session without a usable id was asked for");
            return;
        }
        let plan = request.map_err(|error| format!("the session request cannot be read: {error}"));
        let plan = plan.and_then(|request| Plan::read(&request));
        let plan = match plan {
            Ok(plan) => plan,
            Err(sentence) => return self.complete(&session_id, Err(sentence)),
        };
        let cancel = CancellationToken::new();
        {
            let mut live = self.lock();
            if live.contains_key(&session_id) {
                return;
            }
            if live.len() >= LIMIT {
                drop(live);
                return self.complete(&session_id, Err(format!("the node has {LIMIT} sessions already")));
            }
            live.insert(session_id.clone(), cancel.clone());
        }
        let sessions = self.clone();
        self.tasks.spawn(async move {
            tracing::info!("session {session_id} begins");
            let outcome = serve::serve(&sessions.node, &session_id, plan, &cancel).await;
            sessions.lock().remove(&session_id);
            sessions.complete(&session_id, outcome);
        });
    }

    /// Ends a session, if it is there.
    pub fn terminate(&self, session_id: &str) {
        if let Some(cancel) = self.lock().get(session_id) {
            cancel.cancel();
        }
    }

    /// Ends all sessions: a shell does not outlive its agent.
    pub async fn end_all(&self) {
        self.tasks.close();
        self.lock().values().for_each(CancellationToken::cancel);
        if tokio::time::timeout(FAREWELL, self.tasks.wait()).await.is_err() {
            tracing::warn!("some sessions did not end in time");
        }
    }

    fn complete(&self, session_id: &str, outcome: Result<(), String>) {
        match &outcome {
            Ok(()) => tracing::info!("session {session_id} ended"),
            Err(sentence) => tracing::warn!("session {session_id} failed: {sentence}"),
        }
        let status = if outcome.is_ok() { "Success" } else { "Failed" };
        let complete = TaskComplete {
            schema_version: 1,
            task_id: session_id.to_owned(),
            topic: kind::TASK_COMPLETE.to_owned(),
            final_task_status: status.to_owned(),
            instance_id: self.node.instance_id.clone(),
            output: outcome.err().unwrap_or_default(),
            retry_number: 1,
            ..TaskComplete::default()
        };
        self.outbox.task(serde_json::to_string(&complete).unwrap_or_default());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        // Nothing panics while the lock is held, so a poisoned one is as good as any.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Session ids become part of a path.
fn is_harmless(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@+=,".contains(&byte);
    (1..=128).contains(&id.len()) && id.bytes().all(allowed) && !id.starts_with('.')
}
