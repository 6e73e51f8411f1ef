//! Which nodes are meant where they are typed, and what they are called there: names where a name says which one, else ids.

use std::collections::{HashMap, HashSet};

use super::{
    State,
    compose::{self, Written},
    form::Form,
};
use crate::console::text::clean;

impl State {
    /// What a form for a command says, with the ids of the nodes that are named in it.
    ///
    /// # Errors
    /// In words, with the name of the field that is not in order.
    pub(super) fn written(&self, form: &Form) -> Result<Written, (&'static str, String)> {
        let mut written = compose::written(form)?;
        written.send.instance_ids = self.meant(&written.send.instance_ids).map_err(|problem| ("targets", problem))?;
        Ok(written)
    }

    /// What nodes are called among the targets of a command.
    pub(super) fn called_there(&self, ids: &[String]) -> Vec<String> {
        let named = self.by_name();
        let called = |id: &String| {
            let node = self.fleet.node(id)?;
            let alone = named.get(node.name.as_str()).is_some_and(|(_, count)| *count == 1);
            let says = compose::is_plain(&node.name) && self.fleet.node(&node.name).is_none();
            (alone && says).then(|| node.name.clone())
        };
        ids.iter().map(|id| called(id).unwrap_or_else(|| id.clone())).collect()
    }

    /// The ids of the nodes that words among the targets of a command mean, each once.
    ///
    /// # Errors
    /// In words, if a word is the name of several or of none.
    fn meant(&self, words: &[String]) -> Result<Vec<String>, String> {
        let mut named = None;
        let mut ids = Vec::with_capacity(words.len());
        for word in words {
            if self.fleet.node(word).is_some() {
                ids.push(word.clone());
                continue;
            }
            match named.get_or_insert_with(|| self.by_name()).get(word.as_str()) {
                Some((id, 1)) => ids.push((*id).to_owned()),
                Some((_, count)) => return Err(format!("{count} nodes are called {}: name them by id", clean(word))),
                None if compose::is_id(word) => ids.push(word.clone()),
                None => return Err(format!("no node is called {}", clean(word))),
            }
        }
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        Ok(ids)
    }

    /// The first node of each name, and how many have it.
    fn by_name(&self) -> HashMap<&str, (&str, usize)> {
        let mut named: HashMap<&str, (&str, usize)> = HashMap::new();
        for node in self.fleet.nodes().iter() {
            named.entry(&node.name).or_insert((&node.id, 0)).1 += 1;
        }
        named
    }
}
