//! Rows of the last time, shown until the service says which nodes there are.

use super::{Fleet, Node};
use crate::{console::origin::Origin, ssm::Timestamp};

impl Fleet {
    /// Shows nodes of the last time until the service says which there are.
    pub fn remember(&mut self, nodes: impl Iterator<Item = Node>, at: Timestamp) {
        self.nodes = nodes.collect();
        self.index = self.nodes.iter().enumerate().map(|(at, node)| (node.id.clone(), at)).collect();
        self.cached_at = Some(at);
        self.outdated = true;
    }

    /// Drops what is only remembered of an origin.
    pub fn forget_remembered(&mut self, origin: Origin) {
        self.keep(|node| !node.remembered || node.origin != origin);
        self.cached_at.take_if(|_| self.nodes.iter().all(|node| !node.remembered));
        self.outdated = true;
    }
}
