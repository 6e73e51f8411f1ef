//! Sessions: what the service asks for over the control channel, each served by a task of its own over a data channel, all of
//! them on a thread that waits for nothing else: not for the disk, and not for what the rest of the agent does.

pub mod account;
mod delivery;
mod handshake;
mod link;
mod paste;
mod plan;
mod port;
mod program;
mod serve;
mod terms;
mod thread;
mod transcript;
mod words;

use std::{
    collections::{HashMap, HashSet},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{task::spawn_blocking, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Node, outbox::Outbox};
use crate::wire::{
    envelope::kind,
    messages::{SessionRequest, TaskComplete, TaskMessage},
};
use plan::Plan;
use terms::{LogTerms, Terms};
use thread::SessionThread;
use transcript::{Orphan, Text, Transcript, Transcripts};

/// So many sessions at a time, as AWS's agent has it.
const LIMIT: usize = 1000;
/// How long sessions have to end when the agent does.
const FAREWELL: Duration = Duration::from_secs(3);
/// How long a session waits at its beginning for the disk to say whether it takes the transcript.
const DISK: Duration = Duration::from_millis(200);
/// Why a session ends that is under way when its agent is stopped.
const STOPPED: &str = "The agent on the node was stopped.";
/// Why a session ends that was under way when its agent was killed.
const RESTARTED: &str = "The agent on the node was restarted.";

/// The sessions of a node.
pub struct Sessions {
    node: Arc<Node>,
    outbox: Arc<Outbox>,
    transcripts: Transcripts,
    live: Mutex<HashMap<String, CancellationToken>>,
    tasks: TaskTracker,
    thread: SessionThread,
}

impl Sessions {
    /// None yet. Transcripts are kept in `directory`.
    pub fn new(node: Arc<Node>, outbox: Arc<Outbox>, directory: PathBuf) -> io::Result<Self> {
        let transcripts = Transcripts::open(directory)?;
        let (live, tasks, thread) = (Mutex::default(), TaskTracker::new(), SessionThread::default());
        Ok(Self { node, outbox, transcripts, live, tasks, thread })
    }

    /// Ends the sessions that were under way when the last agent was killed, and delivers their transcripts.
    pub fn resume(self: &Arc<Self>) -> io::Result<()> {
        for Orphan { session_id, terms, text } in self.transcripts.orphans()? {
            let sessions = self.clone();
            self.tasks.spawn(async move {
                sessions.complete(&session_id, Err(RESTARTED.to_owned()), &terms);
                sessions.settle(&session_id, &terms, &text, false).await;
            });
        }
        Ok(())
    }

    /// Gives up transcripts that nobody would take for too long.
    pub fn expire(&self) {
        let live: HashSet<String> = self.lock().keys().cloned().collect();
        if let Err(error) = self.transcripts.expire(self.node.clock.now(), |id| live.contains(id)) {
            tracing::warn!("cannot tidy the transcripts: {error}");
        }
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
            Err(sentence) => return self.complete(&session_id, Err(sentence), &LogTerms::default()),
        };
        if self.node.is_stopping() {
            return self.complete(&session_id, Err(STOPPED.to_owned()), &LogTerms::default());
        }
        let thread = match self.thread.get() {
            Ok(thread) => thread,
            Err(error) => {
                let sentence = format!("the node cannot start a thread for sessions: {error}");
                return self.complete(&session_id, Err(sentence), &LogTerms::default());
            }
        };
        let cancel = CancellationToken::new();
        {
            let mut live = self.lock();
            if live.contains_key(&session_id) {
                return;
            }
            if live.len() >= LIMIT {
                drop(live);
                let full = Err(format!("the node has {LIMIT} sessions already"));
                return self.complete(&session_id, full, &LogTerms::default());
            }
            live.insert(session_id.clone(), cancel.clone());
        }
        let sessions = self.clone();
        let work = async move {
            tracing::info!("session {session_id} begins");
            let terms = plan.1.log.clone();
            let text = sessions.transcripts.text(&session_id);
            let mut transcript = None;
            let streamed = CancellationToken::new();
            let stream = sessions.stream(&session_id, &terms, &text, &streamed);
            let run = async {
                let mut outcome = delivery::check(&sessions.node, &terms).await;
                if outcome.is_ok() {
                    let begun = transcript.insert(sessions.transcripts.begin(&session_id, &terms, &text));
                    outcome = sessions.run(&session_id, plan, begun, &cancel).await;
                    begun.finish();
                }
                sessions.lock().remove(&session_id);
                streamed.cancel();
                if sessions.node.is_stopping() {
                    outcome = Err(STOPPED.to_owned());
                }
                sessions.complete(&session_id, outcome, &terms);
            };
            let ((), streamed) = tokio::join!(run, stream);
            // Neither the note nor the text comes to the disk after it was taken away.
            if let Some(transcript) = transcript {
                transcript.settled().await;
            }
            sessions.settle(&session_id, &terms, &text, streamed).await;
        };
        self.tasks.spawn_on(work, &thread);
    }

    async fn run(
        &self,
        session_id: &str,
        plan: (Plan, Terms),
        transcript: &mut Transcript,
        cancel: &CancellationToken,
    ) -> Result<(), String> {
        // Nearly always it says at once whether it refuses.
        let _ = timeout(DISK, transcript.settled()).await;
        serve::serve(&self.node, session_id, plan, transcript, cancel).await
    }

    /// Sends the transcript to its log group as it grows, if the document says so. Answers whether all of it arrived.
    async fn stream(&self, session_id: &str, terms: &LogTerms, text: &Text, done: &CancellationToken) -> bool {
        if terms.group.is_empty() || !terms.stream {
            return false;
        }
        match delivery::stream(&self.node, session_id, text, terms, done).await {
            Ok(()) => true,
            Err(sentence) => {
                tracing::error!("session {session_id}: {sentence}");
                // All of it is sent again: a line too many is better than one that nobody has.
                false
            }
        }
    }

    /// Delivers what is left to deliver of a session that has ended, then forgets it.
    async fn settle(&self, session_id: &str, terms: &LogTerms, text: &Text, streamed: bool) {
        if terms.is_wanted()
            && text.is_there()
            && let Err(sentence) = delivery::deliver(&self.node, session_id, text, terms, streamed).await
        {
            match text.rest().len() {
                0 => tracing::error!("session {session_id}: {sentence}; it is tried again when the agent starts"),
                lost => {
                    tracing::error!("session {session_id}: {sentence}; {lost} bytes that the disk refused are lost")
                }
            }
            return;
        }
        let (transcripts, session_id) = (self.transcripts.clone(), session_id.to_owned());
        let _ = spawn_blocking(move || transcripts.end(&session_id)).await;
    }

    /// Ends a session, if it is there.
    pub fn terminate(&self, session_id: &str) {
        if let Some(cancel) = self.lock().get(session_id) {
            cancel.cancel();
        }
    }

    /// Ends all sessions, a shell does not outlive its agent, and waits until the service knows. What cannot be said or
    /// delivered in time is left to the next start.
    pub async fn end_all(&self) {
        self.tasks.close();
        self.lock().values().for_each(CancellationToken::cancel);
        let ended = async {
            self.tasks.wait().await;
            self.outbox.tasks_acknowledged().await;
        };
        if timeout(FAREWELL, ended).await.is_err() {
            tracing::warn!("some sessions did not end in time");
        }
    }

    fn complete(&self, session_id: &str, outcome: Result<(), String>, terms: &LogTerms) {
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
            s3_url_suffix: if terms.bucket.is_empty() { String::new() } else { terms.object_key(session_id) },
            s3_bucket: terms.bucket.clone(),
            cwl_stream: if terms.group.is_empty() { String::new() } else { session_id.to_owned() },
            cwl_group: terms.group.clone(),
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
