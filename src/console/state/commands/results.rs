//! A command that is looked at: what happened on each node, and the equal results in groups.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    super::{cursor::Cursor, feed::Feed, list::Lens, node::natural},
    Invocation, Outcome, ResultRows, Step,
    fold::{Fold, Folding, Group},
    invocation::{first_line, invocation},
};
use crate::{
    console::{
        effect::Ran,
        origin::{NodeId, Origin},
        state::list::Sheet,
        update::Whole,
    },
    ssm,
};

/// Nodes of a command of whose output more is fetched unasked.
const WHOLES: usize = 1_000;
/// Bytes of output in all that are put into groups at once; more is done beside the loop.
const AT_ONCE: usize = 256 * 1024;

/// A result that others are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    /// That of a group, by its key.
    Group(u64),
    /// That of a node, by its id.
    Node(String),
}

/// A command that is looked at.
#[derive(Clone, Debug)]
pub struct Results {
    /// Where the command was sent.
    pub origin: Origin,
    /// The command's id.
    pub id: String,
    /// The ids of the commands that were sent together because one takes so many nodes only; the first is [`Results::id`].
    pub ids: Vec<String>,
    /// The state of `ListCommandInvocations`.
    pub feed: Feed,
    /// The state of fetching whole outputs.
    pub whole_feed: Feed,
    /// The state of fetching the text that a store keeps of an output.
    pub kept_feed: Feed,
    /// The state of following what one of them says.
    pub follow_feed: Feed,
    /// The state of fetching what came of an earlier run.
    pub earlier_feed: Feed,
    /// The invocations, in the order they came. One that is there keeps its place.
    pub invocations: Vec<Arc<Invocation>>,
    /// The places of the invocations, by name.
    pub order: Vec<usize>,
    /// The invocations by result, odd ones first.
    pub groups: Vec<Group>,
    /// What is left out of account when results are compared.
    pub fold: Fold,
    /// Whether every node is listed instead of the groups.
    pub by_node: bool,
    /// How they are looked at.
    pub lens: Lens,
    /// Where one is.
    pub cursor: Cursor,
    /// The result kept for comparing.
    pub picked: Option<Picked>,
    places: HashMap<String, usize>,
    asked: HashSet<String>,
    outdated: bool,
    folding: Option<u64>,
    foldings: u64,
}

impl Results {
    /// A command that was not looked at yet.
    pub fn new(origin: Origin, ids: Vec<String>) -> Self {
        Self {
            origin,
            id: ids.first().cloned().unwrap_or_default(),
            ids,
            feed: Feed::default(),
            whole_feed: Feed::default(),
            kept_feed: Feed::default(),
            follow_feed: Feed::default(),
            earlier_feed: Feed::default(),
            invocations: Vec::new(),
            order: Vec::new(),
            groups: Vec::new(),
            fold: Fold::default(),
            by_node: false,
            lens: Lens::default(),
            cursor: Cursor::default(),
            picked: None,
            places: HashMap::new(),
            asked: HashSet::new(),
            outdated: false,
            folding: None,
            foldings: 0,
        }
    }

    /// Its questions and foldings have higher numbers than this. What is asked of one command must not pass for an answer
    /// about another, which may have run on the same nodes.
    #[must_use]
    pub fn numbered_after(mut self, number: u64) -> Self {
        let ours = [&mut self.whole_feed, &mut self.kept_feed, &mut self.follow_feed, &mut self.earlier_feed];
        for feed in std::iter::once(&mut self.feed).chain(ours) {
            *feed = Feed::after(number);
        }
        self.foldings = number;
        self
    }

    /// Takes over a page. `names`: what a node is called, first what it is called here. What is of another command is left out.
    pub fn land(&mut self, page: &[ssm::CommandInvocation], names: impl Fn(&str) -> Vec<String>) {
        let ids = self.ids.clone();
        let own = |source: &&ssm::CommandInvocation| source.command_id.as_ref().is_none_or(|id| ids.contains(id));
        self.lens.outdate(self.here());
        for source in page.iter().filter(own) {
            let mut fresh = invocation(source);
            let known = names(&fresh.node);
            // It is called as it is everywhere.
            if let Some(name) = known.first() {
                fresh.name.clone_from(name);
            }
            fresh.names.extend(known);
            // What is part of another name is replaced after it.
            fresh.names.sort_by_key(|name| std::cmp::Reverse(name.len()));
            fresh.names.dedup();
            match self.places.get(&fresh.node).and_then(|at| self.invocations.get_mut(*at)) {
                Some(known) => {
                    if known.whole && known.outcome == fresh.outcome {
                        // The list shows less than what was fetched since.
                        (fresh.steps, fresh.shown) = (known.steps.clone(), known.shown.clone());
                        (fresh.cut, fresh.note, fresh.kept) = (known.cut, known.note.clone(), known.kept);
                        (fresh.code, fresh.first, fresh.whole) = (known.code, known.first.clone(), true);
                    }
                    if **known != fresh {
                        *known = Arc::new(fresh);
                        self.outdated = true;
                    }
                }
                None => {
                    self.places.insert(fresh.node.clone(), self.invocations.len());
                    self.order.push(self.invocations.len());
                    self.invocations.push(Arc::new(fresh));
                    self.outdated = true;
                }
            }
        }
        self.put_in_order();
    }

    /// A node has another name now.
    pub fn rename(&mut self, node: &str, name: &str) {
        let Some(known) = self.places.get(node).and_then(|at| self.invocations.get_mut(*at)) else { return };
        if known.name == name {
            return;
        }
        let fresh = Arc::make_mut(known);
        name.clone_into(&mut fresh.name);
        fresh.names.insert(0, name.to_owned());
        fresh.names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        self.lens.outdate(self.here());
        self.outdated = true;
        self.put_in_order();
    }

    fn put_in_order(&mut self) {
        let invocations = &self.invocations;
        self.order.sort_by(|a, b| {
            let (a, b) = (&invocations[*a], &invocations[*b]);
            natural(&a.name, &b.name).then_with(|| a.node.cmp(&b.node))
        });
    }

    /// Takes over the whole output of a node, or that of some of its steps. `alone`: it was fetched for this node, and what the
    /// service shows of it stays what it is compared by.
    pub fn take_whole(&mut self, whole: Whole, alone: bool) {
        self.lens.outdate(self.here());
        let Some(known) = self.places.get(&whole.node).and_then(|at| self.invocations.get_mut(*at)) else { return };
        let mut fresh = (**known).clone();
        if alone && !known.is_whole() {
            fresh.shown.get_or_insert_with(|| known.steps.clone());
        }
        for said in whole.steps {
            match &said.step {
                Some(name) => {
                    fresh.steps.iter_mut().filter(|step| step.name == *name).for_each(|step| step.take(said.clone()))
                }
                None => {
                    fresh.code = said.code.filter(|_| fresh.outcome.is_final()).or(fresh.code);
                    fresh.steps.truncate(1);
                    match fresh.steps.first_mut() {
                        Some(step) => step.take(said),
                        None => fresh.steps.push(Step::from(&said)),
                    }
                }
            }
        }
        fresh.first = first_line(&fresh.steps);
        (fresh.cut, fresh.whole) = (false, true);
        (fresh.note, fresh.kept) = (whole.cut, whole.kept);
        *known = Arc::new(fresh);
        self.outdated = true;
    }

    /// Leaves something else out of account.
    pub fn fold_by(&mut self, fold: Fold) {
        self.outdated |= self.fold != fold;
        self.fold = fold;
        self.picked.take_if(|picked| matches!(picked, Picked::Group(_)));
    }

    /// Puts the results into groups again if they changed: at once where that is little work, else the work to be done
    /// elsewhere and its number.
    pub fn settle(&mut self) -> Option<(u64, Arc<Folding>)> {
        if !self.outdated || self.folding.is_some() {
            self.arrange();
            return None;
        }
        self.outdated = false;
        let folding = Folding { fold: self.fold, invocations: self.invocations.clone() };
        let weight: usize = self.invocations.iter().map(|invocation| invocation.weight()).sum();
        if weight <= AT_ONCE {
            self.regroup(folding.groups());
            return None;
        }
        self.arrange();
        self.foldings += 1;
        self.folding = Some(self.foldings);
        Some((self.foldings, Arc::new(folding)))
    }

    /// Groups came back from elsewhere.
    pub fn folded(&mut self, number: u64, groups: Vec<Group>) {
        if self.folding == Some(number) {
            self.folding = None;
            self.regroup(groups);
        }
    }

    /// Whether groups are being made elsewhere.
    pub fn is_folding(&self) -> bool {
        self.folding.is_some()
    }

    /// The number of the work that makes groups elsewhere.
    pub fn folding(&self) -> Option<u64> {
        self.folding
    }

    /// The cursor stays on its group, or goes on with its first node where that has become part of another.
    fn regroup(&mut self, groups: Vec<Group>) {
        self.lens.outdate(self.here());
        let first = self.group(self.cursor.at).filter(|_| !self.by_node && self.cursor.at > 0);
        let first = first.and_then(|group| Some((group.key, *group.members.first()?)));
        if let Some((key, first)) = first
            && !groups.iter().any(|group| group.key == key)
        {
            let other = groups.iter().find(|group| group.members.contains(&first));
            self.lens.stay_on(other.map(|group| group.key.to_string()));
        }
        self.groups = groups;
        self.arrange();
    }

    /// What tells the row under the cursor from all others. At the top nothing: who stands there sees what comes.
    fn here(&self) -> Option<String> {
        let place = self.lens.place(self.cursor.at).filter(|_| self.cursor.at > 0)?;
        Some(ResultRows(self).key(place).into_owned())
    }

    /// Works out anew what is shown if something changed.
    pub fn arrange(&mut self) {
        let (mut lens, mut cursor) = (std::mem::take(&mut self.lens), self.cursor);
        lens.settle(&mut cursor, &ResultRows(self));
        (self.lens, self.cursor) = (lens, cursor);
    }

    /// Lists every node instead of the groups, or the groups again.
    pub fn switch(&mut self) {
        self.list_by(!self.by_node);
    }

    /// Lists every node, or the groups.
    pub fn list_by(&mut self, node: bool) {
        if self.by_node != node {
            (self.by_node, self.cursor) = (node, Cursor::default());
            self.lens.outdate(None);
            self.arrange();
        }
    }

    /// Rows of the list that is shown.
    pub fn len(&self) -> usize {
        self.lens.len()
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The invocations whose output was cut and that ended: more of it is to be fetched. Nobody is named twice, and no more of
    /// them than are fetched unasked.
    pub fn wanting(&mut self) -> Vec<Ran> {
        let left = WHOLES.saturating_sub(self.asked.len());
        let wanting = |i: &&Arc<Invocation>| i.cut && i.outcome.is_final() && !self.asked.contains(&i.node);
        let wanting = self.invocations.iter().filter(wanting).take(left);
        let ran = |i: &Arc<Invocation>| Ran { command: i.command.clone(), node: i.node.clone(), steps: i.cut_steps() };
        let wanting: Vec<_> = wanting.map(ran).collect();
        self.asked.extend(wanting.iter().map(|ran| ran.node.clone()));
        wanting
    }

    /// Whether more of the output of an invocation comes unasked.
    pub(super) fn is_coming(&self, invocation: &Invocation) -> bool {
        match self.asked.contains(&invocation.node) {
            true => self.whole_feed.is_loading(),
            false => self.asked.len() < WHOLES,
        }
    }

    /// Whether some groups are of results that are alike only as far as the service shows them.
    pub fn are_beginnings(&self) -> bool {
        self.groups.iter().any(|group| group.members.len() > 1 && self.members(group).any(Invocation::is_beginning))
    }

    /// Invocations by outcome.
    pub fn tally(&self) -> [(Outcome, usize); 6] {
        Outcome::ALL.map(|outcome| (outcome, self.invocations.iter().filter(|i| i.outcome == outcome).count()))
    }

    /// An invocation by its row in the list of every node.
    pub fn row(&self, row: usize) -> Option<&Invocation> {
        let at = self.order.get(self.lens.place(row)?)?;
        self.invocations.get(*at).map(Arc::as_ref)
    }

    /// A group by its row in the list of groups.
    pub fn group(&self, row: usize) -> Option<&Group> {
        self.groups.get(self.lens.place(row)?)
    }

    /// The invocation of a node.
    pub fn of_node(&self, node: &str) -> Option<&Invocation> {
        self.places.get(node).and_then(|at| self.invocations.get(*at)).map(Arc::as_ref)
    }

    /// The invocations of a group.
    pub fn members(&self, group: &Group) -> impl Iterator<Item = &Invocation> {
        group.members.iter().filter_map(|at| self.invocations.get(*at)).map(Arc::as_ref)
    }

    /// The invocation under the cursor, or the first of the group there; and how many have this result.
    pub fn current(&self) -> Option<(&Invocation, usize)> {
        if self.by_node {
            return self.row(self.cursor.at).map(|invocation| (invocation, 1));
        }
        let group = self.group(self.cursor.at)?;
        Some((self.members(group).next()?, group.members.len()))
    }

    /// The nodes under the cursor: one, or those of the group there.
    pub fn current_nodes(&self) -> Vec<NodeId> {
        let nodes = |invocation: &Invocation| NodeId::new(self.origin, &*invocation.node);
        match self.group(self.cursor.at).filter(|_| !self.by_node) {
            Some(group) => self.members(group).map(nodes).collect(),
            None => self.current().map(|(invocation, _)| nodes(invocation)).into_iter().collect(),
        }
    }

    /// Keeps the result under the cursor for comparing, or no more.
    pub fn pick(&mut self) {
        let here = self.picked_at(self.cursor.at);
        self.picked = if self.picked == here { None } else { here };
    }

    /// Whether the result of a row is kept for comparing.
    pub fn is_picked(&self, row: usize) -> bool {
        self.picked.is_some() && self.picked == self.picked_at(row)
    }

    fn picked_at(&self, row: usize) -> Option<Picked> {
        match self.by_node {
            true => self.row(row).map(|invocation| Picked::Node(invocation.node.clone())),
            false => self.group(row).map(|group| Picked::Group(group.key)),
        }
    }

    /// The results that are to be compared, each that of a node: the one that was picked, or else the one above the cursor, and
    /// the one under it. `None` if these are not two.
    pub fn two(&self) -> Option<(&Invocation, &Invocation)> {
        let first = |group: &Group| self.members(group).next();
        let at = |row: usize| match self.by_node {
            true => self.row(row),
            false => self.group(row).and_then(first),
        };
        let picked = self.picked.as_ref().and_then(|picked| match picked {
            Picked::Group(key) => self.groups.iter().find(|group| group.key == *key).and_then(first),
            Picked::Node(node) => self.of_node(node),
        });
        let here = at(self.cursor.at)?;
        let other = picked.or_else(|| at(self.cursor.at.checked_sub(1)?))?;
        (other.node != here.node).then_some((other, here))
    }
}

#[cfg(test)]
mod tests;
