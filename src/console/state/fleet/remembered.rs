//! Rows of the last time, shown until the service says which nodes there are.

use std::sync::Arc;

use super::{Fleet, Node};
use crate::{console::origin::Origin, ssm::Timestamp};

impl Fleet {
    /// Shows nodes of the last time until the service says which there are.
    pub fn remember(&mut self, nodes: impl Iterator<Item = Node>, at: Timestamp) {
        self.forget(|_, _| true);
        self.nodes = Arc::new(nodes.map(Arc::new).collect());
        self.refreshed = vec![0; self.nodes.len()];
        self.index.clear();
        for (at, node) in self.nodes.iter().enumerate() {
            self.index.entry(node.origin).or_default().insert(node.id.clone(), at);
        }
        self.cached_at = Some(at);
        self.touch();
    }

    /// Drops what is only remembered of an origin.
    pub fn forget_remembered(&mut self, origin: Origin) {
        self.keep(|at, fleet| !fleet.nodes[at].remembered || fleet.nodes[at].origin != origin);
        self.cached_at.take_if(|_| self.nodes.iter().all(|node| !node.remembered));
        self.touch();
    }
}
