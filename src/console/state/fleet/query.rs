//! The filter of the fleet: loose words and tokens such as `ping:lost,inactive`, `!tag:Env=prod`, `agent<3.3`, `seen>5m`.
//! Which of them hold for a node, and which of them the service can answer itself.

use std::time::Duration;

use super::{
    columns::{Column, date, disk, missing, verdict_word},
    ping_word,
};
use crate::{
    console::{
        probe::usage::FULL,
        state::{
            filter::{
                Matching, Op, Part, TagTest, Words, age, begins, find_folded, is_date, like, meant, parts, quoted,
                told, unknown,
            },
            node::{Node, Verdict, natural},
        },
    },
    ssm::{InstanceInformationStringFilter, PingStatus, Timestamp},
};

/// A key of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// As it is typed.
    pub name: &'static str,
    /// What it is good for, with an example.
    pub about: &'static str,
    fact: Fact,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    Name,
    Id,
    Host,
    Ip,
    Platform,
    Agent,
    Activation,
    Role,
    Origin,
    PatchGroup,
    Ping,
    Compliance,
    Severity,
    Marked,
    Latest,
    Seen,
    Registered,
    Missing,
    Failed,
    Disk,
    Tag,
}

const fn key(name: &'static str, fact: Fact, about: &'static str) -> Key {
    Key { name, about, fact }
}

/// Every key.
pub const KEYS: &[Key] = &[
    key("name", Fact::Name, "name:web"),
    key("id", Fact::Id, "id:mi-0a"),
    key("ping", Fact::Ping, "ping:lost,inactive"),
    key("compliance", Fact::Compliance, "compliance:missing"),
    key("platform", Fact::Platform, "platform:linux"),
    key("os", Fact::Platform, "os:debian"),
    key("agent", Fact::Agent, "agent<3.3"),
    key("latest", Fact::Latest, "latest:no"),
    key("ip", Fact::Ip, "ip:10.0."),
    key("host", Fact::Host, "host:ip-10"),
    key("seen", Fact::Seen, "seen>5m"),
    key("tag", Fact::Tag, "tag:Env=prod"),
    key("group", Fact::PatchGroup, "group:web"),
    key("missing", Fact::Missing, "missing>10"),
    key("failed", Fact::Failed, "failed>0"),
    key("disk", Fact::Disk, "disk:full"),
    key("severity", Fact::Severity, "severity:critical"),
    key("registered", Fact::Registered, "registered<7d"),
    key("activation", Fact::Activation, "activation:1b2c"),
    key("role", Fact::Role, "role:SSM"),
    key("origin", Fact::Origin, "origin:stage"),
    key("marked", Fact::Marked, "marked:yes"),
];

/// A parsed filter.
#[derive(Clone, Debug, Default)]
pub struct Query {
    conditions: Vec<Condition>,
    words: Words,
    /// What is to be said about it.
    pub remarks: Vec<String>,
}

/// One token.
#[derive(Clone, Debug)]
struct Condition {
    fact: Fact,
    op: Op,
    not: bool,
    wanted: Vec<Wanted>,
    /// As typed.
    typed: String,
    /// Whether the service was asked for it.
    served: bool,
}

/// One of its values.
#[derive(Clone, Debug, Default)]
struct Wanted {
    text: String,
    /// Whether it must be the whole value, case and all: it was typed with `=`.
    exact: bool,
    number: i64,
    age: Duration,
    /// What is asked of a tag.
    tag: Option<TagTest>,
}

/// A node and what is known about it besides.
pub struct Row<'a> {
    /// The node.
    pub node: &'a Node,
    /// Whether it is marked.
    pub marked: bool,
    /// Whether the service said that it matches.
    pub served: bool,
    /// The time.
    pub now: Timestamp,
}

/// What the service can be asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Served {
    /// The tokens as typed.
    pub tokens: Vec<String>,
    /// The filters of `DescribeInstanceInformation`.
    pub filters: Vec<InstanceInformationStringFilter>,
}

impl Query {
    /// Reads a filter; `served` are the tokens the service was asked for. Every text is a filter: what makes no sense is
    /// told in [`Query::remarks`] and has no effect.
    pub fn parse(text: &str, served: &[String]) -> Self {
        let mut query = Self::default();
        for part in parts(text) {
            let known = part.key.as_ref().map(|(name, _)| KEYS.iter().find(|key| key.name == *name));
            match (known, &part.key) {
                (Some(Some(key)), Some((_, op))) => match condition(key, *op, &part) {
                    Ok(mut condition) if !condition.wanted.is_empty() => {
                        condition.served = served.contains(&condition.typed);
                        query.conditions.push(condition);
                    }
                    Ok(_) => {}
                    Err(remark) => query.remarks.push(remark),
                },
                _ => query.words.add(&part),
            }
        }
        query
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty() && self.words.is_empty()
    }

    /// Whether marks matter to it.
    pub fn is_about_marks(&self) -> bool {
        self.conditions.iter().any(|condition| condition.fact == Fact::Marked)
    }

    /// Whether a node passes.
    pub fn passes(&self, row: &Row<'_>, matching: &mut Matching) -> bool {
        let holds = |condition: &Condition| {
            condition.served && row.served && row.node.tags.is_none() && condition.fact == Fact::Tag
                || condition.wanted.iter().any(|wanted| condition.holds(wanted, row)) != condition.not
        };
        self.conditions.iter().all(holds) && {
            let (names, rest) = row.node.text();
            self.words.is_empty() || self.words.pass(names, rest, matching)
        }
    }

    /// What of it the service can answer. Filters for tags stand alone there, so they go first.
    pub fn for_service(&self) -> Served {
        let mut tags = Served::default();
        let mut others = Served::default();
        for condition in self.conditions.iter().filter(|condition| !condition.not && condition.op == Op::Is) {
            let Some((key, values)) = condition.filter() else { continue };
            let served = if condition.fact == Fact::Tag { &mut tags } else { &mut others };
            served.tokens.push(condition.typed.clone());
            served.filters.push(InstanceInformationStringFilter { key, values });
        }
        if tags.tokens.is_empty() { others } else { tags }
    }
}

/// What is to be said about a filter: of values that make no sense, and of keys there are not. `tag` knows the tags that go by
/// a name, whatever the case.
pub fn remarks<'a>(text: &str, tag: impl Fn(&str) -> Option<&'a str>) -> Vec<String> {
    let keys: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    let unknown = unknown(text, &keys).into_iter().map(|(name, value)| told_unknown(&name, &value, tag(&name)));
    Query::parse(text, &[]).remarks.into_iter().chain(unknown).collect()
}

/// Says that there is no such key, which one may be meant, and which there are. `tag` is a tag of that name.
fn told_unknown(name: &str, value: &str, tag: Option<&str>) -> String {
    let names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
    let near = meant(name, &names).and_then(|near| KEYS.iter().find(|key| key.name == near));
    let tag = tag.map(|tag| format!("tag:{}={value}", quoted(tag)));
    told(name, tag.as_deref().or(near.map(|near| near.about)), &names)
}

fn condition(key: &Key, op: Op, part: &Part) -> Result<Condition, String> {
    let mut wanted = Vec::new();
    let values = part.values();
    for value in &values {
        wanted.push(read(key, op, value, wanted.last()).map_err(|what| format!("{}: {what}", part.bare))?);
    }
    if op != Op::Is && matches!(key.fact, Fact::Ping | Fact::Marked | Fact::Latest | Fact::Compliance | Fact::Severity)
    {
        return Err(format!("{} has no more or less; write {}", key.name, key.about));
    }
    let typed = part.bare.clone();
    Ok(Condition { fact: key.fact, op, not: part.not, wanted, typed, served: false })
}

fn read(key: &Key, op: Op, value: &str, before: Option<&Wanted>) -> Result<Wanted, String> {
    let (text, exact) = match value.strip_prefix('=') {
        Some(rest) if key.fact != Fact::Tag && op == Op::Is => (rest, true),
        _ => (value, false),
    };
    let mut wanted = Wanted { text: text.to_owned(), exact, ..Wanted::default() };
    match key.fact {
        Fact::Missing | Fact::Failed if text != "none" => {
            wanted.number = text.parse().map_err(|_| format!("a number is wanted, such as {}", key.about))?;
        }
        Fact::Disk if text == "full" => wanted.number = FULL.into(),
        // As in `disk:>=80`, which is `disk>=80`.
        Fact::Disk if text != "none" => {
            let number = text.trim_start_matches(['>', '=']).trim_end_matches('%').parse();
            wanted.number = number.map_err(|_| "full or a number is wanted, such as disk>80".to_owned())?;
        }
        Fact::Seen | Fact::Registered if text != "none" && !is_date(text) => {
            wanted.age = age(text).ok_or_else(|| format!("an age is wanted, such as {}", key.about))?;
        }
        Fact::Tag => {
            let test = TagTest::read(text, before.and_then(|before| before.tag.as_ref()));
            wanted = Wanted { text: test.value.clone(), tag: Some(test), ..Wanted::default() };
        }
        _ => {}
    }
    Ok(wanted)
}

impl Condition {
    fn holds(&self, wanted: &Wanted, row: &Row<'_>) -> bool {
        let node = row.node;
        let text = |value: &str| self.text(wanted, value);
        let word = |words: &[&str]| words.iter().any(|word| self.word(wanted, word));
        match self.fact {
            Fact::Name => text(&node.name),
            Fact::Id => text(&node.id),
            Fact::Host => text(&node.computer),
            Fact::Ip => text(&node.ip),
            Fact::Activation => text(&node.activation),
            Fact::Role => text(&node.role),
            // A region is looked for as often as a profile: any part of the name is enough.
            Fact::Origin if self.op == Op::Is && !wanted.exact && wanted.text != "none" => {
                find_folded(&node.origin_label, &wanted.text)
            }
            Fact::Origin => text(&node.origin_label),
            Fact::PatchGroup => text(&Column::PatchGroup.value(node, row.now)),
            Fact::Platform if self.op != Op::Is || wanted.exact => text(&node.platform),
            Fact::Platform => find_folded(&node.platform, &wanted.text) || begins(&node.platform_type, &wanted.text),
            Fact::Agent => self.version(wanted, &node.agent),
            Fact::Ping => word(&[ping_word(&node.ping), node.ping.as_str()]),
            Fact::Compliance => match node.verdict() {
                Verdict::NonCompliant => word(&[verdict_word(Verdict::NonCompliant), "missing"]),
                Verdict::Compliant => word(&[verdict_word(Verdict::Compliant)]),
                Verdict::NeverScanned => word(&[verdict_word(Verdict::NeverScanned), "unknown"]),
                Verdict::Unasked => word(&["unknown"]),
            },
            Fact::Severity => node.verdict() == Verdict::NonCompliant && word(&[node.severity().as_str()]),
            Fact::Marked => row.marked == matches!(wanted.text.as_str(), "yes" | "true" | "1" | "y"),
            Fact::Latest => word(&[node.latest.map_or("unknown", |latest| if latest { "yes" } else { "no" })]),
            Fact::Seen => self.age(wanted, node.last_seen, row.now),
            Fact::Registered => self.age(wanted, node.registered, row.now),
            Fact::Missing => self.number(wanted, missing(node)),
            Fact::Failed => self.number(wanted, node.patches.iter().flatten().map(|p| p.failed).next()),
            Fact::Disk => match (disk(node).map(i64::from), self.op) {
                (used, Op::Is) if wanted.text == "none" => used.is_none(),
                (None, _) => false,
                (Some(used), Op::Is) if !wanted.exact => used >= wanted.number,
                (Some(used), op) => op.holds(used.cmp(&wanted.number)),
            },
            Fact::Tag => wanted.tag.as_ref().is_some_and(|test| test.holds(node.tag(&test.key))),
        }
    }

    /// One of a few words: the beginning is enough.
    fn word(&self, wanted: &Wanted, word: &str) -> bool {
        if wanted.exact { word == wanted.text } else { begins(word, &wanted.text) }
    }

    fn text(&self, wanted: &Wanted, value: &str) -> bool {
        match self.op {
            Op::Is if wanted.exact => value == wanted.text,
            Op::Is if wanted.text.contains('*') => like(&value.to_lowercase(), &wanted.text.to_lowercase()),
            Op::Is => begins(value, &wanted.text) || value.is_empty() && wanted.text == "none",
            op => !value.is_empty() && op.holds(natural(value, &wanted.text)),
        }
    }

    /// A version is compared as far as the wanted one goes: 3.3.40.0 is a 3.3, and not more than that.
    fn version(&self, wanted: &Wanted, value: &str) -> bool {
        if wanted.exact || wanted.text.contains('*') || value.is_empty() {
            return self.text(wanted, value);
        }
        let places = wanted.text.trim_end_matches('.').split('.').count();
        let end = value.match_indices('.').nth(places.saturating_sub(1)).map_or(value.len(), |(at, _)| at);
        let order = natural(&value[..end], wanted.text.trim_end_matches('.'));
        self.op.holds(order) || self.op == Op::Is && value == wanted.text
    }

    fn age(&self, wanted: &Wanted, at: Option<Timestamp>, now: Timestamp) -> bool {
        match (at, wanted.text.as_str()) {
            (at, "none") => at.is_none() && self.op == Op::Is,
            (None, _) => false,
            (Some(at), day) if is_date(day) => self.op.holds(date(at).as_str().cmp(day)),
            (Some(at), _) if self.op == Op::Is => now.since(at) <= wanted.age,
            (Some(at), _) => self.op.holds(now.since(at).cmp(&wanted.age)),
        }
    }

    fn number(&self, wanted: &Wanted, value: Option<i32>) -> bool {
        match (value, wanted.text.as_str()) {
            (value, "none") => value.is_none() && self.op == Op::Is,
            (None, _) => false,
            (Some(value), _) => self.op.holds(i64::from(value).cmp(&wanted.number)),
        }
    }

    /// The same condition as a filter of `DescribeInstanceInformation`, where that lets through what this does and nothing
    /// less.
    fn filter(&self) -> Option<(String, Vec<String>)> {
        let texts = || self.wanted.iter().map(|wanted| wanted.text.clone()).collect::<Vec<_>>();
        let all = |whole: fn(&str) -> bool| self.wanted.iter().all(|wanted| whole(&wanted.text));
        match self.fact {
            Fact::Id if all(is_id) => Some(("InstanceIds".to_owned(), texts())),
            Fact::Agent if all(|text| text.split('.').count() == 4 && !text.contains('*')) => {
                Some(("AgentVersion".to_owned(), texts()))
            }
            Fact::Activation if all(|text| text.len() == 36) => Some(("ActivationIds".to_owned(), texts())),
            Fact::Ping => {
                let statuses = [PingStatus::Online, PingStatus::ConnectionLost, PingStatus::Inactive];
                let wanted = |status: &&PingStatus| {
                    let words = [ping_word(status), status.as_str()];
                    self.wanted.iter().any(|wanted| words.iter().any(|word| self.word(wanted, word)))
                };
                let values: Vec<_> = statuses.iter().filter(wanted).map(|status| status.as_str().to_owned()).collect();
                (!values.is_empty()).then(|| ("PingStatus".to_owned(), values))
            }
            Fact::Platform => {
                let kind = |wanted: &Wanted| {
                    ["Linux", "Windows", "MacOS"].into_iter().find(|kind| kind.eq_ignore_ascii_case(&wanted.text))
                };
                let kinds: Option<Vec<_>> = self.wanted.iter().map(|w| kind(w).map(str::to_owned)).collect();
                kinds.map(|kinds| ("PlatformTypes".to_owned(), kinds))
            }
            Fact::Tag => {
                let key = self.wanted.first()?.tag.as_ref()?.key.clone();
                let plain = |wanted: &Wanted| {
                    wanted.tag.as_ref().is_some_and(|test| test.key == key && test.op == Op::Is)
                        && !wanted.text.contains('*')
                };
                match self.wanted.iter().all(plain) {
                    true => Some((format!("tag:{key}"), texts())),
                    false if self.wanted.len() == 1 && self.wanted[0].text == "*" => {
                        Some(("tag-key".to_owned(), vec![key]))
                    }
                    false => None,
                }
            }
            _ => None,
        }
    }
}

/// Whether a text is the whole id of a node.
fn is_id(text: &str) -> bool {
    let hex = text.strip_prefix("mi-").or_else(|| text.strip_prefix("i-"));
    hex.is_some_and(|hex| matches!(hex.len(), 8 | 17) && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}
