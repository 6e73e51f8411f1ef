//! What is on its way to the service over the control channel and not yet acknowledged. Replies lie on the disk, and only
//! their names are kept here; everything is sent again after a reconnect, and from time to time.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};
use uuid::Uuid;

use super::journal::{self, Entry, StoredReply};
use crate::{
    ssm::Timestamp,
    wire::envelope::{Envelope, kind},
};

/// When a message that was not acknowledged is sent again on a channel that stands.
const RESEND: Duration = Duration::from_secs(30);
/// How often something is sent at most that is not in the journal.
const MEMORY_TRIES: u32 = 10;

/// The messages that wait for an acknowledgement.
#[derive(Default)]
pub struct Outbox {
    waiting: Mutex<VecDeque<Waiting>>,
    changed: Notify,
    acknowledged: Notify,
}

struct Waiting {
    message_id: Uuid,
    body: Body,
    sent: Option<Instant>,
    tries: u32,
}

enum Body {
    /// A reply in the journal.
    Reply(PathBuf),
    /// What does not outlive this process.
    Memory { kind: &'static str, payload: String },
}

impl Outbox {
    /// Stores a reply and queues it. If it cannot be stored (the disk is full) it is kept in memory and sent all the same.
    pub fn reply(&self, entry: &Entry, number: u32, payload: String) {
        let reply = StoredReply { message_id: Uuid::new_v4(), payload };
        match entry.store_reply(number, &reply) {
            Ok(path) => self.push(reply.message_id, Body::Reply(path)),
            Err(error) => {
                tracing::warn!("cannot store a reply: {error}");
                self.push(reply.message_id, Body::Memory { kind: kind::JOB_REPLY, payload: reply.payload });
            }
        }
    }

    /// Queues a reply that is worth nothing after a restart: that a command has begun, that a cancellation has come.
    pub fn passing_reply(&self, payload: String) {
        self.push(Uuid::new_v4(), Body::Memory { kind: kind::JOB_REPLY, payload });
    }

    /// Queues replies that are in the journal already; those that wait here anyway are sent again now.
    pub fn requeue(&self, replies: Vec<(Uuid, PathBuf)>) {
        for (message_id, path) in replies {
            let waiting = self.remove(message_id);
            let body = waiting.map_or(Body::Reply(path), |waiting| waiting.body);
            self.push(message_id, body);
        }
    }

    /// Queues the end of a session; the payload is an `agent_task_complete`.
    pub fn task(&self, payload: String) {
        self.push(Uuid::new_v4(), Body::Memory { kind: kind::TASK_COMPLETE, payload });
    }

    /// Resolves when the service has acknowledged the end of every session that was queued.
    pub async fn tasks_acknowledged(&self) {
        let is_task = |waiting: &Waiting| matches!(waiting.body, Body::Memory { kind: kind::TASK_COMPLETE, .. });
        while self.lock().iter().any(is_task) {
            self.acknowledged.notified().await;
        }
    }

    /// Resolves when there may be something to send.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// A new channel: everything is to be sent, in order.
    pub fn restart(&self) {
        for waiting in self.lock().iter_mut() {
            waiting.sent = None;
        }
        self.changed.notify_one();
    }

    /// The next message that is due, marked as sent.
    pub fn next_due(&self, now: Instant, created: Timestamp) -> Option<Envelope> {
        loop {
            let (message_id, kind, payload) = self.take_due(now)?;
            if let Some(payload) = payload {
                return Some(Envelope { message_id, ..Envelope::new(kind, created, payload.into_bytes()) });
            }
            self.remove(message_id);
        }
    }

    /// Marks the next due message as sent. Without a payload there is nothing to send any more.
    fn take_due(&self, now: Instant) -> Option<(Uuid, &'static str, Option<String>)> {
        let mut queue = self.lock();
        let due = |waiting: &Waiting| waiting.sent.is_none_or(|sent| now.duration_since(sent) >= RESEND);
        let index = queue.iter().position(due)?;
        let waiting = &mut queue[index];
        waiting.sent = Some(now);
        waiting.tries += 1;
        let message_id = waiting.message_id;
        Some(match &waiting.body {
            // A reply that is gone from the disk was forgotten with its command.
            Body::Reply(path) => {
                (message_id, kind::JOB_REPLY, journal::read_reply(path).ok().flatten().map(|reply| reply.payload))
            }
            Body::Memory { kind, payload } => {
                (message_id, kind, (waiting.tries <= MEMORY_TRIES).then(|| payload.clone()))
            }
        })
    }

    /// Notes an acknowledgement. One for something unknown is a repetition.
    pub fn acknowledge(&self, message_id: &str) {
        let Ok(message_id) = Uuid::parse_str(message_id) else { return };
        if let Some(Waiting { body: Body::Reply(path), .. }) = self.remove(message_id)
            && let Err(error) = journal::acknowledge_reply(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            // It stays in the journal and will be sent once more after a restart, which harms nobody.
            tracing::warn!("cannot note that a reply has arrived: {error}");
        }
    }

    fn push(&self, message_id: Uuid, body: Body) {
        self.lock().push_back(Waiting { message_id, body, sent: None, tries: 0 });
        self.changed.notify_one();
    }

    fn remove(&self, message_id: Uuid) -> Option<Waiting> {
        let mut queue = self.lock();
        let index = queue.iter().position(|waiting| waiting.message_id == message_id)?;
        let removed = queue.remove(index);
        self.acknowledged.notify_one();
        removed
    }

    /// Nothing panics while the lock is held, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::journal::{Job, Journal};

    fn setup() -> (tempfile::TempDir, Entry) {
        let dir = tempfile::tempdir().unwrap();
        let entry = Journal::open(dir.path().to_owned()).unwrap().entry("c-1").unwrap();
        let job = Job {
            command_id: "c-1".into(),
            job_id: "j".into(),
            content: "{}".into(),
            received: Timestamp::default(),
            boot_id: String::new(),
        };
        entry.accept(&job).unwrap();
        (dir, entry)
    }

    fn texts(outbox: &Outbox, now: Instant) -> Vec<String> {
        std::iter::from_fn(|| outbox.next_due(now, Timestamp::from_millis(1)))
            .map(|envelope| String::from_utf8(envelope.payload).unwrap())
            .collect()
    }

    #[test]
    fn replies_are_sent_in_order_and_again_until_acknowledged() {
        let (_dir, entry) = setup();
        let outbox = Outbox::default();
        let now = Instant::now();
        outbox.reply(&entry, 1, "one".into());
        outbox.reply(&entry, 2, "two".into());
        assert_eq!(texts(&outbox, now), ["one", "two"]);
        assert!(texts(&outbox, now).is_empty());
        assert_eq!(texts(&outbox, now + RESEND), ["one", "two"]);
        outbox.restart();
        let first = outbox.next_due(now, Timestamp::from_millis(1)).unwrap();
        outbox.acknowledge(&first.message_id.to_string());
        outbox.acknowledge("not an id");
        outbox.restart();
        assert_eq!(texts(&outbox, now), ["two"]);
        assert_eq!(entry.replies(false).unwrap().len(), 1);
    }

    #[test]
    fn a_later_agent_sends_what_an_earlier_one_could_not() {
        let (_dir, entry) = setup();
        Outbox::default().reply(&entry, 1, "one".into());
        let outbox = Outbox::default();
        outbox.requeue(entry.replies(false).unwrap());
        outbox.requeue(entry.replies(false).unwrap());
        assert_eq!(texts(&outbox, Instant::now()), ["one"]);
    }

    #[test]
    fn the_end_of_a_session_is_not_announced_for_ever() {
        let outbox = Outbox::default();
        outbox.task("end".into());
        let mut now = Instant::now();
        let mut sent = 0;
        for _ in 0..50 {
            sent += texts(&outbox, now).len();
            now += RESEND;
        }
        assert_eq!(sent, MEMORY_TRIES as usize);
    }
}
