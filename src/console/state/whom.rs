//! Which nodes are meant where they are typed, and what they are called there: names where a name says which one, else ids.

use std::collections::{HashMap, HashSet};

use super::{
    State,
    compose::{self, Written},
    form::Form,
    node::Node,
};
use crate::console::{origin::NodeId, text::clean};

impl State {
    /// What a form for a command says, with the ids of the nodes that are named in it.
    ///
    /// # Errors
    /// In words, with the name of the field that is not in order.
    pub(super) fn written(&self, form: &Form) -> Result<Written, (&'static str, String)> {
        let mut written = compose::written(form)?;
        written.nodes = self.meant(&written.send.instance_ids).map_err(|problem| ("targets", problem))?;
        written.send.instance_ids = written.nodes.iter().map(|node| node.id.clone()).collect();
        Ok(written)
    }

    /// What nodes are called among the targets of a command.
    pub(super) fn called_there(&self, nodes: &[NodeId]) -> Vec<String> {
        let named = self.by_name();
        let called = |id: &NodeId| {
            let Some(node) = self.fleet.node(id) else {
                let several = self.origins.are_several();
                return if several { format!("{}@{}", id.id, self.origins.label(id.origin)) } else { id.id.clone() };
            };
            let alone = named.get(node.name.as_str()).is_some_and(|(_, count)| *count == 1);
            let says = compose::is_plain(&node.name) && self.fleet.by_id(&node.name).next().is_none();
            if alone && says { node.name.clone() } else { self.fleet.said(node) }
        };
        nodes.iter().map(called).collect()
    }

    /// The nodes that words among the targets of a command mean, each once.
    ///
    /// # Errors
    /// In words, if a word is the name of several or of none.
    fn meant(&self, words: &[String]) -> Result<Vec<NodeId>, String> {
        let mut named = None;
        let mut nodes = Vec::with_capacity(words.len());
        for word in words {
            let listed: Vec<&Node> = self.fleet.by_id(word).take(2).collect();
            match listed.as_slice() {
                [] => {}
                [node] => {
                    nodes.push(node.node_id());
                    continue;
                }
                [one, other, ..] => {
                    let (word, one, other) = (clean(word), self.fleet.said(one), self.fleet.said(other));
                    return Err(format!("{word} is a node of several origins: name it {one} or {other}"));
                }
            }
            match named.get_or_insert_with(|| self.by_name()).get(word.as_str()) {
                Some((node, 1)) => nodes.push(node.node_id()),
                Some((_, count)) => return Err(format!("{count} nodes are called {}: name them by id", clean(word))),
                None => nodes.push(self.unlisted(word)?),
            }
        }
        let mut seen = HashSet::new();
        nodes.retain(|node| seen.insert(node.clone()));
        Ok(nodes)
    }

    /// A node that no list has, by its id; with its origin, as `id@origin`, where that could be one of several.
    ///
    /// # Errors
    /// In words, if it is no id, or nobody knows of which origin.
    fn unlisted(&self, word: &str) -> Result<NodeId, String> {
        let (id, origin) = word.split_once('@').map_or((word, None), |(id, origin)| (id, Some(origin)));
        if !compose::is_id(id) {
            return Err(format!("no node is called {}", clean(word)));
        }
        match origin {
            None if self.origins.are_several() => {
                let (id, first) = (clean(id), self.origins.label(self.origins.first()));
                Err(format!("{id} is not listed: say in which origin it is, as {id}@{first}"))
            }
            None => Ok(NodeId::new(self.origins.first(), id)),
            Some(name) => match self.origins.called(name).filter(|origin| self.origins.has(*origin)) {
                Some(origin) => Ok(NodeId::new(origin, id)),
                None => Err(format!("no origin that is looked at is called {}", clean(name))),
            },
        }
    }

    /// The first node of each name that this side of the screen looks at, and how many have it.
    fn by_name(&self) -> HashMap<&str, (&Node, usize)> {
        let mut named: HashMap<&str, (&Node, usize)> = HashMap::new();
        for node in self.fleet.own() {
            named.entry(&node.name).or_insert((node, 0)).1 += 1;
        }
        named
    }
}
