//! How much a yes takes. Every question comes through here: what changes more than the policies of its places allow to one
//! key has to be typed, whoever asks; and where several places are known, each says in which of them something happens. A question
//! that did not come through here is one that nothing comes of.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    State,
    node::natural,
    overlay::{Overlay, Question, Then},
    shells::Tab,
};
use crate::console::{
    effect::Reach,
    origin::{Known, NodeId, Origin},
    text::{clean, count, cut},
};

/// So many nodes have a line each where a question says what it is about. Of more the first names stand there, and all of them
/// below the rest.
const FEW: usize = 8;
/// Columns of the longest name. What is cut has its id all the same.
const LONGEST: usize = 48;
/// Characters of the longest name that has to be typed. For a longer one its number does, or the word that the question wants.
const TYPED: usize = 48;

/// A node that something agreed to reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The node.
    pub node: NodeId,
    /// Its name, or its id where that is all that is known. Fit for a terminal.
    pub name: String,
}

impl Target {
    fn told(&self) -> String {
        let id = clean(&self.node.id);
        if self.name == id { id } else { format!("{} ({id})", cut(&self.name, LONGEST)) }
    }
}

impl Then {
    /// What a yes reaches in each origin: of nodes and other things their number, and the name of the first.
    fn reaches(&self) -> Vec<(Origin, Reach<'_>)> {
        match self {
            Self::Change(changes) => changes.iter().map(|(origin, change)| (*origin, change.reach())).collect(),
            Self::OpenShells(nodes) => nodes.iter().map(|node| (node.origin, Reach::Nodes(vec![&node.id]))).collect(),
            // One shell begins with its key, a look at nodes changes nothing, and the rest is the console's own.
            Self::Sample(_)
            | Self::Anew { .. }
            | Self::Quit
            | Self::CloseShell
            | Self::RemoveForwards(_)
            | Self::Paste(_)
            | Self::OpenLink(_)
            | Self::CopyLink(_)
            | Self::CopyLine(_)
            | Self::Copy { .. }
            | Self::DropForm => Vec::new(),
        }
    }
}

impl State {
    /// Puts a question to the user: with one key for an answer or, where it reaches more than the policies of its places say,
    /// with the number of what it reaches to be typed; of one thing its name. What it reaches is read from what is done after
    /// a yes, unless the question knows better. All of it can be read below the rest, and the places above it. What a question
    /// wants typed at least, such as `delete`, gives way to the name in production too, whatever number is set there.
    pub(super) fn pose(&mut self, mut question: Question) {
        let in_doubt = |overlay: &Overlay| matches!(overlay, Overlay::Form(form) if form.in_doubt);
        if matches!(question.then, Then::Change(_)) && self.overlays.iter().any(in_doubt) {
            question = question.in_doubt();
        }
        let reaches = question.then.reaches();
        let above = self.confirm_above(reaches.iter().map(|(origin, _)| *origin));
        let things: usize = reaches.iter().map(|(_, reach)| reach.count()).sum();
        let reached = match (question.reached, question.targets.len()) {
            (Some(reached), _) => reached.max(1),
            (None, 0) => things,
            (None, targets) => targets,
        };
        let name = match (question.targets.as_slice(), reaches.as_slice()) {
            ([one], _) => Some(one.name.clone()),
            ([], [(origin, reach)]) => reach.first().map(|first| match reach {
                Reach::Nodes(_) => self.node_name(&NodeId::new(*origin, first)),
                Reach::Things(_) => clean(first),
            }),
            _ => None,
        };
        let in_production =
            reaches.iter().any(|(origin, _)| self.origins.get(*origin).is_some_and(Known::is_production));
        let least = question.least.take();
        let many = !reaches.is_empty() && (reached > above || in_production && least.is_some());
        let word = match (many, least) {
            (true, _) if reached > 1 => Some(reached.to_string()),
            (true, least) => {
                let name = name.filter(|name| can_be_typed(name)).or(least);
                Some(name.unwrap_or_else(|| reached.to_string()))
            }
            (false, least) => least,
        };
        if let Some(word) = word.filter(|_| question.typed.is_none()) {
            question = question.typing(&word);
        }
        if !are_few(&question.targets) && !question.is_listed {
            let list = self.all_targets("All of them", &question.targets);
            question.lines.extend(list);
        }
        if self.origins.are_several_known() {
            let places = self.places_of(&question.then);
            let places: Vec<&str> = places.into_iter().map(|origin| self.origins.label(origin)).collect();
            if !places.is_empty() {
                question = question.in_places(&places);
            }
        }
        self.overlays.push(Overlay::Question(Box::new(question.weighed())));
    }

    /// Where something happens after a yes. Nowhere of what is the console's own.
    fn places_of(&self, then: &Then) -> BTreeSet<Origin> {
        let of_tab = |id: &u64| self.shells.tab(*id).map(|tab| tab.origin);
        match then {
            Then::Change(changes) => changes.iter().map(|(origin, _)| *origin).collect(),
            Then::OpenShells(nodes) => nodes.iter().map(|node| node.origin).collect(),
            Then::Sample(nodes) => {
                nodes.iter().map(|node| node.origin).filter(|origin| self.may_probe(*origin)).collect()
            }
            Then::CloseShell => self.shells.current().map(|tab| tab.origin).into_iter().collect(),
            Then::Anew { tab } => of_tab(tab).into_iter().collect(),
            Then::Paste(pasted) => pasted.tabs.iter().filter_map(of_tab).collect(),
            Then::RemoveForwards(ids) => {
                let removed = self.forwards.list.iter().filter(|forward| ids.contains(&forward.id));
                removed.filter_map(|forward| forward.origin).collect()
            }
            Then::Quit
            | Then::OpenLink(_)
            | Then::CopyLink(_)
            | Then::CopyLine(_)
            | Then::Copy { .. }
            | Then::DropForm => BTreeSet::new(),
        }
    }

    /// Above how many things a change in these origins is typed: the least of their numbers.
    fn confirm_above(&self, origins: impl Iterator<Item = Origin>) -> usize {
        let usual = self.settings.confirm_above;
        origins.map(|origin| self.origins.confirm_above(origin, usual)).min().unwrap_or_else(|| usual.under(None))
    }

    /// Nodes as what a question is about, by name.
    pub(super) fn targets_of(&self, nodes: impl IntoIterator<Item = NodeId>) -> Vec<Target> {
        let target = |node: NodeId| Target { name: self.node_name(&node), node };
        let mut targets: Vec<_> = nodes.into_iter().map(target).collect();
        targets.sort_by(|a, b| {
            natural(&a.name, &b.name).then_with(|| (&a.node.id, a.node.origin).cmp(&(&b.node.id, b.node.origin)))
        });
        targets
    }

    /// A node as every question names it: with its id.
    pub(super) fn told_node(&self, node: &NodeId) -> String {
        Target { node: node.clone(), name: self.node_name(node) }.told()
    }

    /// One of several things a question is about, after its place where several are known.
    pub(super) fn told_in(&self, origin: Origin, thing: &str) -> String {
        match self.origins.are_several_known() {
            true => format!("{}: {thing}", self.origins.label(origin)),
            false => thing.to_owned(),
        }
    }

    /// What a question says of its nodes at first sight: each of a few, the first names of many; by origin, where there are
    /// several.
    pub(super) fn told_targets(&self, targets: &[Target]) -> Vec<String> {
        let few = are_few(targets);
        let mut lines = Vec::new();
        for (whose, own) in self.by_place(targets) {
            let whose = if whose.is_empty() { whose } else { format!("{whose}: ") };
            if few {
                lines.extend(own.iter().map(|target| format!("  {whose}{}", target.told())));
                continue;
            }
            let names: Vec<_> = own.iter().take(FEW).map(|target| cut(&target.name, 24)).collect();
            let more = match own.len().saturating_sub(names.len()) {
                0 => String::new(),
                more => format!(" and {more} more, named below"),
            };
            lines.push(format!("  {whose}{}{more}", names.join(", ")));
        }
        lines
    }

    /// Every node with its name and its id, below a heading that counts them; by origin, where there are several.
    pub(super) fn all_targets(&self, heading: &str, targets: &[Target]) -> Vec<String> {
        let mut lines = vec![String::new(), format!("{heading}, {}:", count(targets.len(), "node"))];
        for (whose, own) in self.by_place(targets) {
            lines.extend((!whose.is_empty()).then(|| format!("{whose}, {}:", count(own.len(), "node"))));
            lines.extend(own.iter().map(|target| format!("  {}", target.told())));
        }
        lines
    }

    /// Targets by the name of their place, which is empty where there is one alone.
    fn by_place<'a>(&self, targets: &'a [Target]) -> Vec<(String, Vec<&'a Target>)> {
        let mut places: BTreeMap<Origin, Vec<&Target>> = BTreeMap::new();
        for target in targets {
            places.entry(target.node.origin).or_default().push(target);
        }
        let several = self.origins.are_several_known();
        let whose = |origin: Origin| if several { self.origins.label(origin).to_string() } else { String::new() };
        places.into_iter().map(|(origin, own)| (whose(origin), own)).collect()
    }
}

/// Whether each of these has a line of its own where a question says what it is about.
pub(super) fn are_few(targets: &[Target]) -> bool {
    targets.len() <= FEW
}

/// A shell as a question names it: with the id of its node.
pub(super) fn told_shell(tab: &Tab) -> String {
    Target { node: NodeId::new(tab.origin, &*tab.node), name: clean(&tab.name) }.told()
}

/// Whether somebody can be asked to type a name: it is short, and all of it is on every keyboard.
fn can_be_typed(name: &str) -> bool {
    (1..=TYPED).contains(&name.len()) && name.chars().all(|c| c.is_ascii_graphic())
}
