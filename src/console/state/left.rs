//! How the console was left, and how it takes that up again: what one looked at, and the rows that were there, so that the
//! first frame shows a fleet before anybody was asked. Values, outputs and parameters are not among it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Pane, State, compliance::grouping::Grouping, list::columns::LeftColumns, node::Node, split::LeftSplit};
use crate::{
    config::view::View,
    console::{origin::Origin, text::clean},
    ssm::{self, PingStatus, Timestamp},
};

/// Rows that are kept; reading more would be seen before the first frame.
pub const MOST_ROWS: usize = 1_000;

/// How it was left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Left {
    /// Whose fleets they were.
    pub places: Vec<Whose>,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The pane, by its title.
    pub pane: String,
    /// How the fleet was looked at.
    pub fleet: View,
    /// The columns that the settings had for these places then. If they have others now, those count.
    pub configured: Option<Vec<String>>,
    /// The columns that were chosen for other lists, by the names of the lists.
    pub columns: BTreeMap<String, LeftColumns>,
    /// Whether details stand beside the fleet.
    pub detail: bool,
    /// Whether all columns of the fleet are shown.
    pub wide: bool,
    /// What compliance is grouped by: a tag, or `patch-group`.
    pub grouping: Option<String>,
    /// The nodes.
    pub nodes: Vec<Row>,
    /// The nodes that were watched, with what was told of them last. No more than their ids and states.
    pub watched: Vec<Row>,
    /// The sides of the screen, if it was split.
    pub split: Option<LeftSplit>,
}

/// What tells one fleet from another, as far as it was known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Whose {
    /// What the place is called.
    pub place: String,
    pub profile: Option<String>,
    pub region: String,
    pub endpoint: Option<String>,
    pub account: Option<String>,
}

/// A node as it was last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Row {
    /// What the place is called whose node it is.
    pub place: String,
    pub id: String,
    pub name: String,
    pub ping: String,
    pub tags: Vec<(String, String)>,
}

impl State {
    /// How the console is left now.
    pub fn left(&self) -> Left {
        let (pane, fleet) = self.left_front();
        let rows = self.fleet.nodes().iter().take(MOST_ROWS).filter(|_| self.settings.cache);
        let rows = rows.map(|node| Row {
            place: self.origins.label(node.origin).to_owned(),
            id: node.id.clone(),
            name: node.name.clone(),
            ping: node.ping.as_str().to_owned(),
            tags: node.tags.clone().unwrap_or_default(),
        });
        // Rows that came from the last time are as old as they were then.
        let at = self.fleet.cached_at.or(self.fleet.feed.all().at).unwrap_or(self.now);
        Left {
            places: self.origins.everywhere().into_iter().filter_map(|origin| self.whose(origin)).collect(),
            at: at.as_millis(),
            pane: pane.title().to_owned(),
            fleet: fleet.as_view(fleet.view.as_deref().unwrap_or_default()),
            configured: fleet.configured.clone(),
            columns: self.columns.left(),
            detail: fleet.detail,
            wide: fleet.wide,
            grouping: match &self.compliance.grouping {
                Grouping::Severity => None,
                Grouping::PatchGroup => Some("patch-group".to_owned()),
                Grouping::Tag(key) => Some(format!("tag:{key}")),
            },
            nodes: rows.collect(),
            watched: self.left_watched(),
            split: self.left_split(),
        }
    }

    fn whose(&self, origin: Origin) -> Option<Whose> {
        let known = self.origins.get(origin)?;
        let facts = known.facts.clone();
        Some(Whose {
            place: known.place.name.clone(),
            profile: facts.profile,
            region: facts.region,
            endpoint: facts.endpoint,
            account: facts.account,
        })
    }

    /// Takes up how the console was left.
    pub fn resume(&mut self, left: Left) {
        if let Some(pane) = Pane::ALL.into_iter().find(|pane| pane.title() == left.pane && *pane != Pane::Shell) {
            self.pane = pane;
        }
        // A column that is not there any more is no reason to sort by another.
        self.fleet.set_view(&left.fleet);
        self.fleet.configured = left.configured;
        self.columns.resume(&left.columns);
        self.take_columns();
        (self.fleet.detail, self.fleet.wide) = (left.detail, left.wide);
        self.compliance.grouping = match left.grouping.as_deref() {
            Some("patch-group") => Grouping::PatchGroup,
            Some(text) => text.strip_prefix("tag:").map_or(Grouping::Severity, |key| Grouping::Tag(clean(key))),
            None => Grouping::Severity,
        };
        let scope: Vec<_> = self.origins.known().map(|(origin, known)| (origin, known.place.name.clone())).collect();
        let named = |place: &str| scope.iter().find(|(_, name)| name == place).map(|(origin, _)| *origin);
        if self.settings.cache {
            let rows = left.nodes.iter().take(MOST_ROWS);
            let nodes: Vec<_> = rows.filter_map(|row| Some(node(row, named(&row.place)?))).collect();
            if !nodes.is_empty() {
                self.fleet.remember(nodes.into_iter(), Timestamp::from_millis(left.at));
                self.label_fleet();
            }
        }
        // Rows are remembered to have something to show; what is watched was asked for, and all of it is.
        self.watch.resume(left.watched.iter().filter_map(|row| Some((named(&row.place)?, row))));
        self.remembered = left.places.into_iter().filter_map(|whose| Some((named(&whose.place)?, whose))).collect();
        self.fleet.rearrange();
        self.places = Default::default();
        if let Some(split) = &left.split {
            self.resume_split(split);
        }
        self.settle(&mut Vec::new());
    }

    /// The remembered rows of an origin go if they turn out to be those of another fleet.
    pub(super) fn check_remembered(&mut self, origin: Origin) {
        let (Some(before), Some(here)) = (self.remembered.get(&origin), self.whose(origin)) else { return };
        let account = before.account.as_ref().zip(here.account.as_ref());
        if (&before.profile, &before.region, &before.endpoint) != (&here.profile, &here.region, &here.endpoint)
            || account.is_some_and(|(before, here)| before != here)
        {
            self.remembered.remove(&origin);
            self.watch.forget_resumed(origin);
            self.fleet.forget_remembered(origin);
        }
    }
}

fn node(row: &Row, origin: Origin) -> Node {
    let mut node = Node { origin, ..Node::default() };
    node.update(&ssm::InstanceInformation {
        instance_id: Some(row.id.clone()),
        name: Some(row.name.clone()),
        ping_status: Some(PingStatus::from(row.ping.as_str())),
        ..Default::default()
    });
    let tags: Vec<_> =
        row.tags.iter().map(|(key, value)| ssm::Tag { key: key.clone(), value: value.clone() }).collect();
    node.set_tags(&tags);
    // What it says of the node is of the last time: it is asked again.
    (node.remembered, node.tags_remembered) = (true, true);
    node
}
