//! Every parameter that is known, and the refresh that brings them page by page.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{facts::Facts, tree::Name};
use crate::ssm;

/// All parameters by name. The list of names is sorted when it is [tidied](Names::tidy), not with each page.
#[derive(Clone, Debug, Default)]
pub struct Names {
    sorted: Vec<Name>,
    added: Vec<Name>,
    facts: HashMap<Name, Facts>,
    generation: u64,
    /// Whether all of them were listed once.
    whole: bool,
    /// Changes whenever they do.
    revision: u64,
}

impl Names {
    /// The names, sorted. What came since they were last tidied is missing.
    pub fn sorted(&self) -> &[Name] {
        &self.sorted
    }

    /// The facts of a parameter.
    pub fn facts(&self, name: &str) -> Option<&Facts> {
        self.facts.get(name)
    }

    /// A name that is known.
    pub fn known(&self, name: &str) -> Option<&Name> {
        self.facts.get_key_value(name).map(|(name, _)| name)
    }

    /// Whether all of them were listed once.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// A number that is another one whenever they are others.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Parameters known.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// A refresh begins: what it does not bring is gone when it ends.
    pub fn begin(&mut self) {
        self.generation += 1;
    }

    /// Takes over a page.
    pub fn land(&mut self, page: &[ssm::ParameterMetadata]) {
        self.revision += 1;
        for source in page {
            let Some(name) = source.name.as_deref() else { continue };
            let facts = Facts { generation: self.generation, ..Facts::from(source) };
            match self.facts.get_mut(name) {
                Some(known) => *known = facts,
                None => {
                    let name: Name = Arc::from(name);
                    self.added.push(name.clone());
                    self.facts.insert(name, facts);
                }
            }
        }
    }

    /// The refresh is whole. The names it did not bring are gone.
    pub fn finish(&mut self) {
        (self.whole, self.revision) = (true, self.revision + 1);
        let generation = self.generation;
        let before = self.facts.len();
        self.facts.retain(|_, facts| facts.generation == generation);
        if self.facts.len() != before {
            self.rebuild();
        }
    }

    /// A parameter is gone.
    pub fn remove(&mut self, name: &str) {
        if self.facts.remove(name).is_some() {
            self.revision += 1;
            self.rebuild();
        }
    }

    /// Names that came and are not sorted in yet.
    pub fn untidy(&self) -> usize {
        self.added.len()
    }

    /// Sorts the new names in. The old ones are in order already, which the sort makes use of.
    pub fn tidy(&mut self) {
        if !self.added.is_empty() {
            self.sorted.append(&mut self.added);
            self.sorted.sort();
        }
    }

    fn rebuild(&mut self) {
        let kept: HashSet<&Name> = self.facts.keys().collect();
        self.sorted.retain(|name| kept.contains(name));
        self.added.retain(|name| kept.contains(name));
    }
}
