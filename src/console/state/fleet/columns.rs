//! The columns of the list: what they are called, what stands in them, and how they are put into an order.

use std::{borrow::Cow, cmp::Ordering, collections::HashMap, sync::Arc};

use super::ping_word;
use crate::{
    console::{
        probe::vitals::Vitals,
        state::node::{Node, Verdict, natural_key},
        text,
    },
    ssm::{PingStatus, Timestamp},
};

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    Name,
    Ping,
    Compliance,
    Disk,
    Platform,
    Ip,
    Agent,
    LastSeen,
    Tags,
    Id,
    Host,
    Missing,
    PatchGroup,
    Registered,
    Activation,
    Role,
    /// What its origin is called. It is shown without being chosen while there are several.
    Origin,
    /// The value of one tag.
    Tag(Arc<str>),
}

/// The columns that are no tags: their name in settings and their heading.
static NAMED: [(Column, &str, &str); 17] = [
    (Column::Name, "name", "Name"),
    (Column::Ping, "ping", "Ping"),
    (Column::Compliance, "compliance", "Compliance"),
    (Column::Disk, "disk", "Disk"),
    (Column::Platform, "platform", "Platform"),
    (Column::Ip, "ip", "IP"),
    (Column::Agent, "agent", "Agent"),
    (Column::LastSeen, "seen", "Seen"),
    (Column::Tags, "tags", "Tags"),
    (Column::Id, "id", "Id"),
    (Column::Host, "host", "Host"),
    (Column::Missing, "missing", "Missing"),
    (Column::PatchGroup, "group", "Patch group"),
    (Column::Registered, "registered", "Registered"),
    (Column::Activation, "activation", "Activation"),
    (Column::Role, "role", "Role"),
    (Column::Origin, "origin", "Origin"),
];

/// Why nothing stands in a column.
#[derive(Clone, Copy)]
enum Missing {
    /// There is nothing.
    Nothing,
    /// Nobody knows.
    Unknown,
}

/// Columns that are shown where nothing else is said, of those there are.
const USUAL: usize = 10;

impl Column {
    /// Every column that is no tag, the usual ones first.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMED.iter().map(|(column, ..)| column.clone())
    }

    /// The columns that are shown where nothing else is said.
    pub fn usual() -> Vec<Self> {
        Self::all().take(USUAL).collect()
    }

    /// The column of a name, as in `name` and `tag:Env`.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(key) = name.strip_prefix("tag:") {
            return (!key.is_empty()).then(|| Self::Tag(key.into()));
        }
        let known = NAMED.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(name));
        known.map(|(column, ..)| column.clone())
    }

    /// Its name in settings and in filters.
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Tag(key) => format!("tag:{key}").into(),
            _ => self.facts().0.into(),
        }
    }

    /// Its heading.
    pub fn title(&self) -> Cow<'static, str> {
        match self {
            Self::Tag(key) => key.to_string().into(),
            _ => self.facts().1.into(),
        }
    }

    fn facts(&self) -> (&'static str, &'static str) {
        let known = NAMED.iter().find(|(column, ..)| column == self);
        known.map_or(("tag", "Tag"), |(_, name, title)| (*name, *title))
    }

    /// What stands in it, as plain text.
    pub fn value<'a>(&self, node: &'a Node, now: Timestamp) -> Cow<'a, str> {
        let when = |at: Option<Timestamp>| at.map(|at| text::span(now.since(at))).unwrap_or_default().into();
        match self {
            Self::Name => node.name.as_str().into(),
            Self::Id => node.id.as_str().into(),
            Self::Ping => ping_word(&node.ping).into(),
            Self::Platform => node.platform.as_str().into(),
            Self::Agent => node.agent.as_str().into(),
            Self::Ip => node.ip.as_str().into(),
            Self::Host => node.computer.as_str().into(),
            Self::Activation => node.activation.as_str().into(),
            Self::Role => node.role.as_str().into(),
            Self::Origin => (*node.origin_label).into(),
            Self::Compliance => verdict_word(node.verdict()).into(),
            Self::Disk => disk(node).map(|percent| format!("{percent}%").into()).unwrap_or_default(),
            Self::Tags => node.tags_text().into(),
            Self::LastSeen => when(node.last_seen),
            Self::Registered => node.registered.map(|at| date(at).into()).unwrap_or_default(),
            Self::Missing => missing(node).map(|n| n.to_string().into()).unwrap_or_default(),
            Self::PatchGroup => node.patches.iter().flatten().next().map_or("", |p| p.group.as_str()).into(),
            Self::Tag(key) => node.tag(key).unwrap_or_default().into(),
        }
    }

    /// For each node a number, in the order of the column. Names and ids go as far as 16 bytes do, and may differ in
    /// [`Column::compare`] where their numbers do not. What is not known stands last in either order.
    pub(super) fn ranks(&self, nodes: &[Arc<Node>], reversed: bool) -> Vec<u128> {
        let rank = |known: Result<u128, Missing>| match known {
            Ok(rank) if reversed => (u128::MAX >> 1) - (rank >> 1),
            Ok(rank) => rank >> 1,
            Err(Missing::Nothing) => u128::MAX - 1,
            Err(Missing::Unknown) => u128::MAX,
        };
        if !self.is_text() {
            return nodes.iter().map(|node| rank(self.known(node))).collect();
        }
        // Most columns say the same of many nodes: each text is compared once.
        let values: Vec<_> = nodes.iter().map(|node| self.text(node)).collect();
        let mut places: HashMap<&str, u128> = values.iter().flatten().map(|text| (&**text, 0)).collect();
        let mut texts: Vec<(Vec<u8>, &str)> = places.keys().map(|text| (natural_key(text), *text)).collect();
        texts.sort_unstable();
        let (mut place, mut last) = (0, None);
        for (key, text) in &texts {
            place += u128::from(last.replace(key).is_some_and(|last| last != key));
            places.insert(text, place << 1);
        }
        let place = |value: &Result<Cow<'_, str>, Missing>| match value {
            Ok(text) => Ok(places.get(&**text).copied().unwrap_or_default()),
            Err(missing) => Err(*missing),
        };
        values.iter().map(|value| rank(place(value))).collect()
    }

    /// Whether texts stand in it that many nodes may share.
    fn is_text(&self) -> bool {
        use Column::*;
        let others = matches!(self, Name | Id | Ping | Compliance | Disk | Missing | LastSeen | Registered);
        !others
    }

    fn text<'a>(&self, node: &'a Node) -> Result<Cow<'a, str>, Missing> {
        match self {
            Self::Tag(_) | Self::Tags if node.tags.is_none() => Err(Missing::Unknown),
            Self::Tag(key) => node.tag(key).filter(|value| !value.is_empty()).map(Cow::from).ok_or(Missing::Nothing),
            _ => Some(self.value(node, Timestamp::default())).filter(|value| !value.is_empty()).ok_or(Missing::Nothing),
        }
    }

    fn known(&self, node: &Node) -> Result<u128, Missing> {
        Ok(match self {
            Self::Name => leading(&node.key),
            Self::Id => leading(node.id.as_bytes()),
            Self::Ping => ping_rank(&node.ping) << 1,
            Self::Compliance => {
                let verdict = match node.verdict() {
                    Verdict::NonCompliant => 0,
                    Verdict::NeverScanned => 1,
                    Verdict::Unasked => 2,
                    Verdict::Compliant => 3,
                };
                verdict << 64 | most_first(missing(node).unwrap_or(0))
            }
            Self::Missing => most_first(missing(node).ok_or(Missing::Unknown)?),
            Self::Disk => most_first(disk(node).ok_or(Missing::Unknown)?.into()),
            Self::LastSeen => newest_first(node.last_seen.ok_or(Missing::Nothing)?),
            Self::Registered => newest_first(node.registered.ok_or(Missing::Nothing)?),
            _ => return Err(Missing::Nothing),
        })
    }

    /// Whether a rank says everything there is to say: nothing was cut off to make it.
    pub(super) fn is_whole(&self, rank: u128, reversed: bool) -> bool {
        let rank = if reversed { (u128::MAX >> 1).wrapping_sub(rank) } else { rank };
        // The last of the 16 bytes is there if the text was that long.
        !matches!(self, Self::Name | Self::Id) || rank & 0x7f == 0
    }

    /// The order of two nodes whose ranks are the same and not whole.
    pub(super) fn compare(&self, a: &Node, b: &Node) -> Ordering {
        match self {
            Self::Name => a.key.cmp(&b.key),
            _ => a.id.cmp(&b.id),
        }
    }

    /// Whether the largest or the newest stands first, of its own accord.
    pub fn falls(&self) -> bool {
        matches!(self, Self::Missing | Self::Disk | Self::LastSeen | Self::Registered)
    }

    /// Whether numbers stand in it.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

/// The word for a verdict.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Compliant => "compliant",
        Verdict::NonCompliant => "non-compliant",
        Verdict::NeverScanned => "never scanned",
        Verdict::Unasked => "",
    }
}

/// Patches a node misses, once that is known.
pub fn missing(node: &Node) -> Option<i32> {
    node.patches.iter().flatten().map(|patches| patches.missing).next()
}

/// The share of its fullest disk that is used, in percent, once it has told.
pub fn disk(node: &Node) -> Option<u8> {
    node.sampled.last().map(Vitals::disk)
}

/// A day.
pub fn date(at: Timestamp) -> String {
    at.civil().strftime("%Y-%m-%d").to_string()
}

/// What needs attention first.
fn ping_rank(ping: &PingStatus) -> u128 {
    match ping {
        PingStatus::ConnectionLost => 0,
        PingStatus::Inactive => 1,
        PingStatus::Other(_) => 2,
        PingStatus::Online => 3,
    }
}

/// From the signed order to the unsigned one, and around.
fn newest_first(at: Timestamp) -> u128 {
    u128::from(!(at.as_millis().cast_unsigned() ^ 1 << 63)) << 1
}

fn most_first(n: i32) -> u128 {
    u128::from(u32::MAX - n.unsigned_abs()) << 1
}

/// The first 16 bytes as a number.
fn leading(bytes: &[u8]) -> u128 {
    let mut first = [0; 16];
    let length = bytes.len().min(16);
    first[..length].copy_from_slice(&bytes[..length]);
    u128::from_be_bytes(first)
}
