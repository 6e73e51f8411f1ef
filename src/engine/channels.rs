//! Who is on the line: the control channels of nodes, and the tokens with which channels are opened.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::mpsc;

use super::random;
use crate::ssm::{ApiError, Timestamp};

/// Messages that may wait for a slow node; what does not fit is sent again later.
const QUEUE: usize = 64;
/// How long a token of a node opens a channel.
const TOKEN_LIFE: Duration = Duration::from_secs(300);
/// How long one of a client does. AWS says no more of its own than that they last until the connection stands.
pub const CLIENT_TOKEN_LIFE: Duration = Duration::from_secs(60);
/// Unused tokens that are kept; a caller who only asks for tokens pushes out the oldest.
const TOKENS: usize = 100_000;

/// What a token opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The control channel of a node.
    Control {
        /// `mi-…`.
        instance_id: String,
    },
    /// The agent's end of a session.
    Agent {
        /// The session.
        session_id: String,
    },
    /// The client's end of a session.
    Client {
        /// The session.
        session_id: String,
    },
}

/// The control channels and the tokens of one engine. In memory: after a restart everybody asks anew.
#[derive(Debug, Default)]
pub struct Channels {
    lines: Mutex<HashMap<String, Line>>,
    tokens: Mutex<HashMap<String, (Purpose, Timestamp)>>,
}

#[derive(Debug)]
struct Line {
    id: uuid::Uuid,
    queue: mpsc::Sender<Vec<u8>>,
}

/// A node's open control channel, as the task that serves the socket holds it.
#[derive(Debug)]
pub struct OpenLine {
    id: uuid::Uuid,
    /// What is to be sent. It ends when another channel of the same node takes over.
    pub outgoing: mpsc::Receiver<Vec<u8>>,
}

impl Channels {
    /// Opens a node's line. An older one of the same node ends.
    pub fn open(&self, instance_id: &str) -> OpenLine {
        let (queue, outgoing) = mpsc::channel(QUEUE);
        let id = uuid::Uuid::new_v4();
        self.lines().insert(instance_id.to_owned(), Line { id, queue });
        OpenLine { id, outgoing }
    }

    /// Closes a line, unless another one has taken over.
    pub fn close(&self, instance_id: &str, line: &OpenLine) {
        let mut lines = self.lines();
        if lines.get(instance_id).is_some_and(|current| current.id == line.id) {
            lines.remove(instance_id);
        }
    }

    /// Whether a node can be sent something now.
    pub fn is_open(&self, instance_id: &str) -> bool {
        self.lines().get(instance_id).is_some_and(|line| line.queue.capacity() > 0)
    }

    /// Hands a message to a node's line. `false` if there is none or if it is full.
    pub fn send(&self, instance_id: &str, message: Vec<u8>) -> bool {
        self.lines().get(instance_id).is_some_and(|line| line.queue.try_send(message).is_ok())
    }

    /// Hangs up on a node, for one that is no longer registered.
    pub fn hang_up(&self, instance_id: &str) {
        self.lines().remove(instance_id);
    }

    /// Hangs up on everybody.
    pub fn clear(&self) {
        self.lines().clear();
    }

    /// A fresh token, good once and for one purpose.
    pub fn issue(&self, purpose: Purpose, now: Timestamp) -> Result<String, ApiError> {
        let token = random::secret()?;
        let mut tokens = self.tokens();
        tokens.retain(|_, (_, expires)| *expires > now);
        if tokens.len() >= TOKENS {
            return Err(ApiError::new("ThrottlingException", "Rate exceeded"));
        }
        let life = match purpose {
            Purpose::Client { .. } => CLIENT_TOKEN_LIFE,
            Purpose::Control { .. } | Purpose::Agent { .. } => TOKEN_LIFE,
        };
        tokens.insert(token.clone(), (purpose, now.plus(life)));
        Ok(token)
    }

    /// Takes a token. `None` if it is unknown, used or expired.
    pub fn redeem(&self, token: &str, now: Timestamp) -> Option<Purpose> {
        let (purpose, expires) = self.tokens().remove(token)?;
        (expires > now).then_some(purpose)
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<String, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, (Purpose, Timestamp)>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_one_thing_once() {
        let channels = Channels::default();
        let now = Timestamp::from_millis(1_000_000);
        let purpose = Purpose::Control { instance_id: "mi-1".into() };
        let token = channels.issue(purpose.clone(), now).unwrap();
        assert_eq!(channels.redeem(&token, now), Some(purpose.clone()));
        assert_eq!(channels.redeem(&token, now), None);
        let token = channels.issue(purpose, now).unwrap();
        assert_eq!(channels.redeem(&token, now.plus(TOKEN_LIFE)), None);
    }

    #[test]
    fn a_new_line_takes_over() {
        let channels = Channels::default();
        let mut first = channels.open("mi-1");
        let mut second = channels.open("mi-1");
        assert!(matches!(first.outgoing.try_recv(), Err(mpsc::error::TryRecvError::Disconnected)));
        channels.close("mi-1", &first);
        assert!(channels.send("mi-1", vec![1]));
        assert_eq!(second.outgoing.try_recv(), Ok(vec![1]));
        channels.close("mi-1", &second);
        assert!(!channels.send("mi-1", vec![1]));
    }

    #[test]
    fn a_full_line_refuses() {
        let channels = Channels::default();
        let _line = channels.open("mi-1");
        assert_eq!((0..QUEUE + 1).filter(|_| channels.send("mi-1", Vec::new())).count(), QUEUE);
        assert!(!channels.is_open("mi-1"));
    }
}
