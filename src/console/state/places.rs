//! Where one has been: panes and what was opened in them, to go back to and forth again as in a browser.

use std::collections::BTreeSet;

use super::{
    Pane, State,
    compare::Compare,
    compliance::Level as Compliance,
    node_view::{NodeView, Tab},
    parameters::Level as Parameters,
};
use crate::console::{
    effect::{Effect, Query},
    origin::{NodeId, Origin},
};

/// Places that are remembered.
const KEPT: usize = 100;

/// A pane, and how deep one is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The top of a pane.
    Pane(Pane),
    /// A group or a node in compliance.
    Compliance(Compliance),
    /// The view of a node.
    Node { node: NodeId, tab: Tab },
    /// Nodes that are compared, and by what.
    Compared { nodes: Vec<NodeId>, order: Vec<(String, bool)> },
    /// The results of a command, by its id.
    Results(Origin, Vec<String>),
    /// The transcript of a session.
    Transcript { origin: Origin, session: String },
    /// The details or the versions of a parameter.
    Parameter { name: String, versions: bool },
}

impl Place {
    /// Whether it is about these nodes, in whatever order.
    fn is_of(&self, nodes: &[NodeId]) -> bool {
        match self {
            Self::Node { node, .. } => nodes == [node.clone()],
            Self::Compared { nodes: own, .. } => {
                own.len() == nodes.len() && own.iter().collect::<BTreeSet<_>>() == nodes.iter().collect()
            }
            _ => false,
        }
    }
}

/// The places, and which of them one is at.
#[derive(Clone, Debug)]
pub struct Places {
    list: Vec<Place>,
    at: usize,
}

impl Default for Places {
    fn default() -> Self {
        Self { list: vec![Place::Pane(Pane::Fleet)], at: 0 }
    }
}

impl Places {
    /// One came somewhere. What one had gone back from is forgotten, as in a browser.
    fn come(&mut self, place: Place) {
        match (self.list.get_mut(self.at), &place) {
            (Some(here), place) if here == place => return,
            // Another tab of the same node, or the same nodes in another order, is the same place seen from elsewhere.
            (Some(here @ Place::Node { .. }), Place::Node { node, .. }) if here.is_of(std::slice::from_ref(node)) => {
                *here = place;
                return;
            }
            (Some(here @ Place::Compared { .. }), Place::Compared { nodes, .. }) if here.is_of(nodes) => {
                *here = place;
                return;
            }
            _ => {}
        }
        self.list.truncate(self.at + 1);
        self.list.push(place);
        let over = self.list.len().saturating_sub(KEPT);
        self.list.drain(..over);
        self.at = self.list.len() - 1;
    }

    /// One step back or forth.
    fn step(&mut self, back: bool) -> Option<Place> {
        let to = if back { self.at.checked_sub(1)? } else { self.at + 1 };
        let place = self.list.get(to)?.clone();
        self.at = to;
        Some(place)
    }
}

impl State {
    /// Where one is.
    pub fn place(&self) -> Place {
        match self.pane {
            Pane::Fleet => match (&self.node_view, &self.compare) {
                (Some(view), _) => Place::Node { node: view.node.clone(), tab: view.tab },
                (None, compare) => Self::compared(compare.as_ref()).unwrap_or(Place::Pane(Pane::Fleet)),
            },
            Pane::Sessions => match self.sessions.read() {
                Some(session) => Place::Transcript { origin: session.origin, session: session.id.clone() },
                None => Place::Pane(Pane::Sessions),
            },
            Pane::Compliance if self.compliance.level != Compliance::Groups => {
                Place::Compliance(self.compliance.level.clone())
            }
            Pane::Commands => match &self.commands.results {
                Some(results) => Place::Results(results.origin, results.ids.clone()),
                None => Place::Pane(Pane::Commands),
            },
            Pane::Parameters if self.parameters.level != Parameters::Tree => match self.parameters.focus() {
                Some(focus) => {
                    let versions = self.parameters.level != Parameters::Details;
                    Place::Parameter { name: focus.name.to_string(), versions }
                }
                None => Place::Pane(Pane::Parameters),
            },
            pane => Place::Pane(pane),
        }
    }

    fn compared(compare: Option<&Compare>) -> Option<Place> {
        compare.map(|compare| Place::Compared { nodes: compare.nodes.clone(), order: compare.lens.order().to_vec() })
    }

    /// Remembers where one is.
    pub(super) fn settle_place(&mut self) {
        let place = self.place();
        self.places.come(place);
    }

    /// Goes to where one was before, or back to where one came from.
    pub(super) fn walk(&mut self, back: bool, fx: &mut Vec<Effect>) {
        let Some(place) = self.places.step(back) else {
            return self.tell(if back { "This is where it began." } else { "There is nothing after this." });
        };
        match place {
            Place::Pane(pane) => {
                self.go(pane, fx);
                match pane {
                    Pane::Fleet => (self.node_view, self.compare) = (None, None),
                    Pane::Sessions => self.sessions.viewer = None,
                    Pane::Compliance => self.compliance_at(Compliance::Groups, fx),
                    Pane::Commands => (self.commands.results, self.commands.viewer) = (None, None),
                    Pane::Parameters => while self.parameters.back() {},
                    _ => {}
                }
            }
            Place::Node { node, tab } => {
                self.go(Pane::Fleet, fx);
                match &mut self.node_view {
                    Some(view) if view.node == node => view.tab = tab,
                    // A node that is gone has nothing to be looked at.
                    view => *view = self.fleet.node(&node).map(|_| NodeView::of(node, tab)),
                }
            }
            Place::Compared { nodes, order } => {
                self.go(Pane::Fleet, fx);
                self.node_view = None;
                let here = Self::compared(self.compare.as_ref());
                let known = here.is_some_and(|here| here.is_of(&nodes));
                if !known {
                    let mut compare = Compare::of(nodes);
                    compare.lens.set_order(order);
                    compare.outdate(&self.fleet);
                    compare.settle(&self.fleet);
                    self.compare = Some(compare).filter(|compare| !compare.nodes.is_empty());
                }
            }
            Place::Transcript { origin, session } => {
                self.go(Pane::Sessions, fx);
                if self.sessions.read().is_none_or(|read| read.id != session) {
                    self.sessions.viewer = None;
                    self.read_session(origin, &session, fx);
                }
            }
            Place::Compliance(level) => {
                self.go(Pane::Compliance, fx);
                self.compliance_at(level, fx);
            }
            Place::Results(origin, ids) => {
                self.go(Pane::Commands, fx);
                self.commands.viewer = None;
                if self.commands.results.as_ref().is_none_or(|results| results.ids != ids) {
                    self.open_results(origin, ids, fx);
                }
            }
            Place::Parameter { name, versions } => {
                self.go(Pane::Parameters, fx);
                while self.parameters.back() {}
                // What was deleted meanwhile is not there to be opened.
                if self.parameters.facts(&name).is_some() {
                    self.parameters.go_to(&name, self.now);
                    match versions {
                        true => drop(self.parameters.open_versions()),
                        false => self.parameters.open(),
                    }
                }
            }
        }
        // What could not be reached as it was counts as it is now.
        let here = self.place();
        if let Some(place) = self.places.list.get_mut(self.places.at) {
            *place = here;
        }
    }

    fn compliance_at(&mut self, level: Compliance, fx: &mut Vec<Effect>) {
        if self.compliance.level == level {
            return;
        }
        if let Compliance::Patches { node, .. } = &level {
            self.compliance.patches.clear();
            self.compliance.feed.forget();
            let origin = node.origin;
            let query = Query::Patches { node: node.id.clone(), states: self.compliance.states };
            self.compliance.level = level;
            self.ask(origin, query, fx);
        } else {
            self.compliance.level = level;
        }
        self.compliance.recount(&self.fleet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::testing::Bench;

    #[test]
    fn one_goes_back_and_forth() {
        let mut bench = Bench::new(false);
        bench.press("4 2 3 [ [");
        assert_eq!(bench.state.pane, Pane::Parameters);
        bench.press("]");
        assert_eq!(bench.state.pane, Pane::Compliance);
        bench.press("7 ]");
        assert_eq!(bench.state.pane, Pane::Forwards, "a new way ends the old one");
        bench.press("[ [ [ [ [");
        assert_eq!(bench.state.pane, Pane::Fleet);
        assert!(bench.state.notices.all().any(|notice| notice.trouble.what == "This is where it began."));
    }

    #[test]
    fn the_view_of_a_node_and_a_comparison_are_places() {
        use crate::console::{effect::Source, update::Page};
        let mut bench = Bench::new(false);
        let node = |n: usize| crate::ssm::InstanceInformation {
            instance_id: Some(format!("mi-{n}")),
            computer_name: Some(format!("web-{n}")),
            ping_status: Some(crate::ssm::PingStatus::Online),
            ..Default::default()
        };
        bench.answer(Source::Nodes, Page::Nodes((0..3).map(node).collect()));
        let view = |bench: &Bench| bench.state.node_view.as_ref().map(|view| (view.node.id.clone(), view.tab));
        bench.press("enter tab 3 [");
        assert_eq!(view(&bench), Some(("mi-0".to_owned(), Tab::Disk)), "as it was left");
        bench.press("[");
        assert_eq!((view(&bench), bench.state.pane), (None, Pane::Fleet));
        bench.press("] ]");
        assert_eq!(bench.state.pane, Pane::Commands);
        // The nodes are not asked how they are.
        bench.press("[ esc m esc enter [");
        assert!(view(&bench).is_none() && bench.state.compare.is_some());
        bench.press("[ [");
        assert!(bench.state.compare.is_none());
        bench.press("] ]");
        assert_eq!(bench.state.compare.as_ref().map(|compare| compare.nodes.len()), Some(3));
        // What is gone meanwhile is not shown.
        bench.press("] [");
        bench.state.fleet.keep_origins(&[]);
        bench.press("]");
        assert!(bench.state.node_view.is_none());
    }

    #[test]
    fn places_are_not_kept_for_ever() {
        let mut places = Places::default();
        for at in 0..3 * KEPT {
            places.come(Place::Results(Origin::default(), vec![at.to_string()]));
            places.come(Place::Results(Origin::default(), vec![at.to_string()]));
        }
        assert_eq!(places.list.len(), KEPT);
        assert_eq!(places.step(true), Some(Place::Results(Origin::default(), vec![(3 * KEPT - 2).to_string()])));
    }
}
