//! Which nodes hold a control channel open right now. In memory: after a restart the agents come back by themselves.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::ssm::Timestamp;

/// What is known about a node's control channel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Line {
    /// Nothing since the engine started.
    #[default]
    Unknown,
    /// Open.
    Connected,
    /// Cut, and not opened again since.
    Gone(Timestamp),
}

/// The lines of all nodes.
#[derive(Clone, Debug, Default)]
pub struct Presence(Arc<Mutex<HashMap<String, Entry>>>);

#[derive(Debug, Default)]
struct Entry {
    open: usize,
    gone: Option<Timestamp>,
}

impl Presence {
    /// Notes an open channel; to be closed with [`Presence::disconnect`]. A node may hold two for a moment.
    pub fn connect(&self, instance_id: &str) {
        self.entries(|entries| entries.entry(instance_id.to_owned()).or_default().open += 1);
    }

    /// Notes the end of a channel.
    pub fn disconnect(&self, instance_id: &str, now: Timestamp) {
        self.entries(|entries| {
            if let Some(entry) = entries.get_mut(instance_id) {
                entry.open = entry.open.saturating_sub(1);
                entry.gone = Some(now);
            }
        });
    }

    /// What is known about a node's channel.
    pub fn line(&self, instance_id: &str) -> Line {
        self.entries(|entries| match entries.get(instance_id) {
            None => Line::Unknown,
            Some(entry) if entry.open > 0 => Line::Connected,
            Some(entry) => entry.gone.map_or(Line::Unknown, Line::Gone),
        })
    }

    /// Whether a node's channel is open.
    pub fn is_connected(&self, instance_id: &str) -> bool {
        self.line(instance_id) == Line::Connected
    }

    /// Forgets a node that was deregistered.
    pub fn forget(&self, instance_id: &str) {
        self.entries(|entries| entries.remove(instance_id));
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.entries(HashMap::clear);
    }

    fn entries<T>(&self, work: impl FnOnce(&mut HashMap<String, Entry>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
