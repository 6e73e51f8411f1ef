//! The commands of a node: taken into the journal, queued, run by a few workers, cancelled, and picked up again by a later
//! life of the agent.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Node,
    command::{CommandRun, Understood},
    journal::{Entry, Job, Journal, Phase, Progress, boot_id},
    outbox::Outbox,
    report,
};
use crate::{
    ssm::document::flow::AgentStatus,
    wire::messages::{AgentJob, CancelJob, JobAck, TOPIC_CANCEL_COMMAND, TOPIC_SEND_COMMAND, job_status},
};

/// So many commands may wait besides those that run.
const QUEUE: usize = 500;

/// What runs commands.
pub struct Executor {
    node: Arc<Node>,
    journal: Journal,
    outbox: Arc<Outbox>,
    workers: Arc<Semaphore>,
    active: Mutex<HashMap<String, Active>>,
    tasks: TaskTracker,
}

/// A command that runs or waits for a worker.
struct Active {
    run: Arc<CommandRun>,
    cancel: CancellationToken,
}

/// The answer to a job: a code of [`job_status`] and its words.
type Answer = (&'static str, String);

impl Executor {
    /// An executor with `workers` commands at a time.
    pub fn new(node: Arc<Node>, journal: Journal, outbox: Arc<Outbox>, workers: usize) -> Arc<Self> {
        Arc::new(Self {
            node,
            journal,
            outbox,
            workers: Arc::new(Semaphore::new(workers.max(1))),
            active: Mutex::default(),
            tasks: TaskTracker::new(),
        })
    }

    /// Takes up what an earlier life of the agent left: replies that were not acknowledged, commands that were not finished.
    pub fn resume(self: &Arc<Self>) -> io::Result<()> {
        let forgotten = self.journal.expire(self.node.clock.now())?;
        if forgotten > 0 {
            tracing::info!("forgot {forgotten} old commands");
        }
        let boot = boot_id();
        for (entry, job, progress) in self.journal.all()? {
            self.outbox.requeue(entry.replies(false)?);
            match &progress.phase {
                Phase::Finished { .. } => {}
                Phase::AwaitingReboot { boot_id } if *boot_id == boot => {}
                _ => self.start(entry, job, progress),
            }
        }
        Ok(())
    }

    /// Forgets old commands.
    pub fn expire(&self) {
        if let Err(error) = self.journal.expire(self.node.clock.now()) {
            tracing::warn!("cannot tidy the journal: {error}");
        }
    }

    /// Takes a job. When this returns it is on the disk for good, or refused; the acknowledgement says which.
    pub fn deliver(self: &Arc<Self>, message_id: &str, job: AgentJob) -> JobAck {
        let (code, words) = if job.topic.starts_with(TOPIC_CANCEL_COMMAND) {
            self.deliver_cancel(&job)
        } else if job.topic.starts_with(TOPIC_SEND_COMMAND) {
            self.deliver_command(&job)
        } else {
            (job_status::PARSE_ERROR, format!("unknown topic {}", job.topic))
        };
        JobAck {
            job_id: job.job_id,
            acknowledged_message_id: message_id.to_owned(),
            created_date: self.node.clock.now().iso(),
            status_code: code.to_owned(),
            error_message: words,
        }
    }

    fn deliver_command(self: &Arc<Self>, message: &AgentJob) -> Answer {
        let place = command_id(&message.job_id).and_then(|id| Some((id, self.journal.entry(id)?)));
        let Some((command_id, entry)) = place else {
            return (job_status::PARSE_ERROR, "the job's id is not one".to_owned());
        };
        let taken = self.take(command_id, &entry, message).or_else(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                let reclaimed = self.journal.reclaim()?;
                tracing::warn!("{error}: gave up the output of {reclaimed} finished commands");
                self.take(command_id, &entry, message)
            }
            _ => Err(error),
        });
        match taken {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!("cannot write command {command_id} into the journal: {error}");
                // As for a full queue, the service may send it again: nothing has run.
                (job_status::BUFFER_FULL, format!("the agent cannot write to its data directory: {error}"))
            }
        }
    }

    fn take(self: &Arc<Self>, command_id: &str, entry: &Entry, message: &AgentJob) -> io::Result<Answer> {
        if entry.job()?.is_some() {
            // Delivered again: answered from the journal. What runs goes on, what was told is told once more.
            self.outbox.requeue(entry.replies(true)?);
            return Ok(successful());
        }
        if self.lock().len() >= QUEUE {
            return Ok((job_status::BUFFER_FULL, "ProcessorBufferFull".to_owned()));
        }
        let job = Job {
            command_id: command_id.to_owned(),
            job_id: message.job_id.clone(),
            content: message.content.clone(),
            received: self.node.clock.now(),
            boot_id: boot_id(),
        };
        let unreadable = Understood::read(&job.content).err();
        entry.accept(&job)?;
        tracing::info!("command {command_id} accepted");
        // A document that cannot be read ends as it begins, with a failed reply that says why.
        self.start(entry.clone(), job, Progress::default());
        Ok(unreadable.map_or_else(successful, |sentence| (job_status::PARSE_ERROR, sentence)))
    }

    fn deliver_cancel(&self, message: &AgentJob) -> Answer {
        let cancel: Option<CancelJob> = serde_json::from_str(&message.content).ok();
        let place = cancel
            .as_ref()
            .and_then(|cancel| command_id(&cancel.cancel_message_id))
            .and_then(|id| Some((id, self.journal.entry(id)?)));
        let Some((command_id, entry)) = place else {
            return (job_status::PARSE_ERROR, "the cancellation names no command".to_owned());
        };
        if let Err(error) = self.cancel(command_id, &entry) {
            return (job_status::BUFFER_FULL, format!("the agent cannot write to its data directory: {error}"));
        }
        let now = self.node.clock.now();
        let steps = Some(BTreeMap::new());
        self.outbox.passing_reply(report::reply(
            &message.job_id,
            TOPIC_CANCEL_COMMAND,
            AgentStatus::InProgress,
            "",
            steps,
            now,
        ));
        successful()
    }

    /// Writes the cancellation down, then does it. A command that has ended or is unknown stays as it is.
    fn cancel(&self, command_id: &str, entry: &Entry) -> io::Result<()> {
        let active = self.lock().get(command_id).map(|active| (active.run.clone(), active.cancel.clone()));
        match active {
            Some((run, cancel)) => {
                run.track.update(|progress| progress.cancelled = true)?;
                cancel.cancel();
            }
            None => {
                let mut progress = entry.progress()?;
                if entry.job()?.is_some() && matches!(progress.phase, Phase::AwaitingReboot { .. }) {
                    progress.cancelled = true;
                    entry.save(&progress)?;
                }
            }
        }
        Ok(())
    }

    fn start(self: &Arc<Self>, entry: Entry, job: Job, progress: Progress) {
        let command_id = job.command_id.clone();
        let run = Arc::new(CommandRun::new(self.node.clone(), self.outbox.clone(), entry, job, progress));
        let active = Active { run: run.clone(), cancel: run.cancel.clone() };
        self.lock().insert(command_id.clone(), active);
        let executor = self.clone();
        let workers = self.workers.clone();
        self.tasks.spawn(async move {
            // A cancelled command does not wait for a worker: it has nothing to do but say so.
            let _worker = tokio::select! {
                worker = workers.acquire_owned() => worker.ok(),
                () = run.cancel.cancelled() => None,
            };
            run.run().await;
            executor.lock().remove(&command_id);
        });
    }

    /// Kills everything that runs and waits until it is reported, for an agent that leaves nothing behind.
    pub async fn kill_all(&self) {
        self.tasks.close();
        self.lock().values().for_each(|active| active.cancel.cancel());
        self.tasks.wait().await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Active>> {
        // Nothing panics while the lock is held, so a poisoned one is as good as any.
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn successful() -> Answer {
    (job_status::SUCCESSFUL, "Successful".to_owned())
}

/// What stands between `aws.ssm.` and the last part.
fn command_id(job_id: &str) -> Option<&str> {
    job_id.strip_prefix("aws.ssm.")?.rsplit_once('.').map(|(id, _)| id)
}

#[cfg(test)]
mod tests;
