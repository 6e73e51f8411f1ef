//! Equal results in groups. What differs by nature from node to node (names, times, ids, numbers) can be left out of account:
//! a placeholder takes its place where results are compared and in the row of a group, never in a text that is read.

use std::{
    borrow::Cow,
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, LazyLock},
};

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{
    super::{node::natural, viewer::Tone},
    Outcome,
    invocation::Invocation,
};

/// What is left out of account when results are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fold {
    /// Host names, ids of nodes, addresses.
    pub hosts: bool,
    /// Times, dates and durations.
    pub times: bool,
    /// Process ids, hexadecimal numbers, UUIDs.
    pub ids: bool,
    /// Every other number.
    pub numbers: bool,
}

impl Fold {
    /// Whether every character counts.
    pub fn is_exact(self) -> bool {
        self == Self::default()
    }

    /// What is left out, in words: `hosts, times`.
    pub fn words(self) -> String {
        let words = [(self.hosts, "hosts"), (self.times, "times"), (self.ids, "ids"), (self.numbers, "numbers")];
        words.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
    }

    /// What a comparison says of it, if anything is left out.
    pub fn left_out(self) -> Option<String> {
        (!self.is_exact()).then(|| format!("{} left out of account", self.words()))
    }

    /// The same in short: `-hosts -times`.
    pub fn short(self) -> String {
        self.words().split(", ").map(|word| format!("-{word}")).collect::<Vec<_>>().join(" ")
    }

    /// A line of a result as it is compared. A heading, which says how a step ended, counts as it is.
    pub fn compared<'a>(self, tone: Tone, line: &'a str, names: &[String]) -> Cow<'a, str> {
        if tone == Tone::Heading { Cow::Borrowed(line) } else { self.apply(line, names) }
    }

    /// A line with placeholders for what is left out. `names`: what the node is called. Runs of spaces become one, since
    /// columns move with the width of what was in them.
    pub fn apply<'a>(self, line: &'a str, names: &[String]) -> Cow<'a, str> {
        if self.is_exact() {
            return Cow::Borrowed(line);
        }
        let mut line = Cow::Borrowed(line);
        if self.hosts {
            for name in names {
                line = replace_word(line, name);
            }
            line = replace(line, &HOSTS, "<host>");
            line = replace(line, &NODES, "<node>");
            line = replace(line, &ADDRESSES, "<ip>");
        }
        if self.times {
            line = replace(line, &TIMES, "<time>");
            line = replace(line, &RUNS_OF_TIMES, "<time>");
        }
        if self.ids {
            line = replace(line, &PIDS, "${before}<pid>");
            line = replace(line, &HEX, "<id>");
        }
        if self.numbers {
            line = replace(line, &NUMBERS, "<n>");
        }
        replace(line, &SPACES, " ")
    }
}

type Pattern = LazyLock<Option<Regex>>;

static HOSTS: Pattern =
    LazyLock::new(|| Regex::new(r"\bip-\d{1,3}(?:-\d{1,3}){3}(?:\.[A-Za-z0-9.-]*[A-Za-z0-9])?").ok());
static NODES: Pattern = LazyLock::new(|| Regex::new(r"\b(?:mi|i)-[0-9a-f]{8,17}\b").ok());
static ADDRESSES: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?xi)
        \b\d{1,3}(?:\.\d{1,3}){3}\b
        | \b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b
        | \b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b
        | \b(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}\b",
    )
    .ok()
});
static TIMES: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        \b\d{4}[-/]\d{2}[-/]\d{2}(?:[T\ ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\ ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?
        | \b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\ +)?(?:\d{1,2}\ +)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)
            \ +\d{1,4}(?:\ +\d{1,2}:\d{2}(?::\d{2})?(?:\ [AP]M)?)?(?:\ +(?:UTC|[A-Z]{3,4}))?(?:\ +\d{4}\b)?
        | \b\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\ ?[AP]M\b)?
        | (?:\b|\B)(?:\d+(?:\.\d+)?\ ?(?:ns|µs|us|ms|seconds?|secs?|minutes?|mins?|min|hours?|hrs?|days?|weeks?|[smhd])(?:\b|\d))+
        | \b1[5-9]\d{8}(?:\d{3})?\b",
    )
    .ok()
});
static RUNS_OF_TIMES: Pattern = LazyLock::new(|| Regex::new(r"<time>(?:[,\s]+<time>)+").ok());
static PIDS: Pattern =
    LazyLock::new(|| Regex::new(r"(?P<before>\b(?i:pid|tid|process)\s*[=:]?\s*|[A-Za-z_)]\[)\d+\b").ok());
static HEX: Pattern = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:0x[0-9a-f]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{7,64})\b").ok()
});
static NUMBERS: Pattern = LazyLock::new(|| Regex::new(r"\b\d+(?:[.,]\d+)*").ok());
static SPACES: Pattern = LazyLock::new(|| Regex::new(r"  +").ok());

fn replace<'a>(line: Cow<'a, str>, pattern: &Pattern, with: &str) -> Cow<'a, str> {
    let Some(pattern) = pattern.as_ref() else { return line };
    match pattern.replace_all(&line, with) {
        Cow::Borrowed(_) => line,
        Cow::Owned(replaced) => Cow::Owned(replaced),
    }
}

/// Replaces a name where it stands alone: `web-1` is in `web-1.example`, not in `web-10`.
fn replace_word<'a>(line: Cow<'a, str>, name: &str) -> Cow<'a, str> {
    if name.len() < 2 || !line.contains(name) {
        return line;
    }
    let part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut out = String::with_capacity(line.len());
    let mut rest = 0;
    for (at, found) in line.match_indices(name) {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + found.len()..).and_then(|text| text.chars().next());
        if !before.is_some_and(part) && !after.is_some_and(part) {
            out.push_str(line.get(rest..at).unwrap_or_default());
            out.push_str("<host>");
            rest = at + found.len();
        }
    }
    out.push_str(line.get(rest..).unwrap_or_default());
    Cow::Owned(out)
}

/// Nodes with the same result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What happened.
    pub outcome: Outcome,
    /// The exit code.
    pub code: Option<i32>,
    /// The status details.
    pub details: String,
    /// The places of its invocations in the list of all.
    pub members: Vec<usize>,
    /// The members' result, as a key that stays the same over refreshes.
    pub key: u64,
    /// The first line that says something, with placeholders.
    pub first: String,
}

/// Results that are to be put into groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Folding {
    /// What is left out of account.
    pub fold: Fold,
    /// The results.
    pub invocations: Vec<Arc<Invocation>>,
}

impl Folding {
    /// The groups, odd ones first: what went wrong before what went well, the few before the many.
    ///
    /// Reads every character of every result, so for many of them it is no work for the loop.
    pub fn groups(&self) -> Vec<Group> {
        let mut places: HashMap<u64, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        for (at, invocation) in self.invocations.iter().enumerate() {
            let (key, first) = self.read(invocation);
            let place = *places.entry(key).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.members.push(at),
                None => groups.push(Group {
                    outcome: invocation.outcome,
                    code: invocation.code,
                    details: invocation.details.clone(),
                    members: vec![at],
                    key,
                    first,
                }),
            }
        }
        let name =
            |at: &usize| self.invocations.get(*at).map(|invocation| invocation.name.as_str()).unwrap_or_default();
        for group in &mut groups {
            group.members.sort_by(|a, b| natural(name(a), name(b)).then_with(|| a.cmp(b)));
        }
        groups.sort_by(|a, b| {
            let first = |group: &Group| group.members.first().map(name).unwrap_or_default();
            (a.outcome, a.members.len()).cmp(&(b.outcome, b.members.len())).then_with(|| natural(first(a), first(b)))
        });
        groups
    }

    /// Equal for equal results: outcome, exit code and every line, without trailing space. And the first line.
    fn read(&self, invocation: &Invocation) -> (u64, String) {
        let mut hasher = DefaultHasher::new();
        (invocation.outcome, invocation.code, &invocation.details).hash(&mut hasher);
        let mut first = String::new();
        for (tone, line) in invocation.compared() {
            let line = self.fold.compared(tone, &line, &invocation.names);
            (tone as u8, line.trim_end()).hash(&mut hasher);
            if first.is_empty() && tone != Tone::Heading {
                first = line.trim().chars().take(200).collect();
            }
        }
        (hasher.finish(), first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Fold = Fold { hosts: true, times: true, ids: true, numbers: true };

    fn folded(fold: Fold, line: &str) -> String {
        fold.apply(line, &["web-1".to_owned()]).into_owned()
    }

    #[test]
    fn only_what_was_chosen_is_left_out() {
        let line = "web-1 (10.0.0.7, mi-0123456789abcdef0) 10:31:07 sshd[812]: 0xff after 12ms, 3 users";
        let only = |set: fn(&mut Fold)| {
            let mut fold = Fold::default();
            set(&mut fold);
            folded(fold, line)
        };
        assert_eq!(folded(Fold::default(), line), line);
        assert_eq!(only(|f| f.hosts = true), "<host> (<ip>, <node>) 10:31:07 sshd[812]: 0xff after 12ms, 3 users");
        assert_eq!(
            only(|f| f.times = true),
            "web-1 (10.0.0.7, mi-0123456789abcdef0) <time> sshd[812]: 0xff after <time>, 3 users"
        );
        assert_eq!(only(|f| f.ids = true), "web-1 (10.0.0.7, mi-<id>) 10:31:07 sshd[<pid>]: <id> after 12ms, 3 users");
        assert_eq!(folded(ALL, line), "<host> (<ip>, <node>) <time> sshd[<pid>]: <id> after <time>, <n> users");
    }

    #[test]
    fn a_name_is_a_whole_word() {
        let hosts = Fold { hosts: true, ..Fold::default() };
        assert_eq!(folded(hosts, "web-1.example web-10 web-1"), "<host>.example web-10 <host>");
        assert_eq!(folded(hosts, "ip-10-0-0-1.eu-west-1.compute.internal up"), "<host> up");
        assert_eq!(folded(hosts, "fe80::1 and 02:42:ac:11:00:02"), "<ip> and <ip>");
    }

    #[test]
    fn what_usual_programs_print_becomes_the_same() {
        for (one, other) in [
            (
                " 10:31:07 up 41 min,  1 user,  load average: 0.08, 0.02, 0.01",
                " 09:02:11 up 12 days,  3:07,  1 user,  load average: 1.20, 0.90, 12.75",
            ),
            ("Sun Nov 22 10:00:00 UTC 2026", "Mon Nov 23 11:30:59 UTC 2026"),
            ("Nov  3 01:02:03 web-1 cron[77]: done in 1.2s", "Nov 12 21:02:03 web-1 cron[12345]: done in 900ms"),
            ("/dev/sda1   20G  3.1G   16G  17% /", "/dev/sda1  120G 13.1G   96G   7% /"),
            ("2026-11-22T10:00:00.123Z ok", "2026-11-22 10:00:01 ok"),
        ] {
            assert_eq!(folded(ALL, one), folded(ALL, other));
        }
        assert_ne!(folded(ALL, "eth0 up"), folded(ALL, "eth1 up"), "a name with a digit is a name");
    }
}
