//! Run Command: the history, a command with its results, and a result's text.

use std::collections::{BTreeMap, HashMap};

use super::{
    cursor::Cursor,
    feed::{Feed, Feeds},
    viewer::{Tone, Viewer},
};
use crate::{
    console::{
        origin::Origin,
        text::{clean, plain_lines},
        update::Whole,
    },
    ssm::{self, CommandInvocationStatus, CommandStatus},
};

/// As many characters `ListCommandInvocations` shows of an output; more is cut.
const SHOWN_BY_LIST: usize = 2_500;
/// Where standard error begins in the output that `ListCommandInvocations` shows.
const ERROR_MARK: &str = "----------ERROR-------";

/// What happened to a node in a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    Failed,
    TimedOut,
    Cancelled,
    Running,
    Pending,
    Success,
}

impl Outcome {
    /// Every outcome, odd ones first.
    pub const ALL: [Outcome; 6] =
        [Self::Failed, Self::TimedOut, Self::Cancelled, Self::Running, Self::Pending, Self::Success];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Cancelled => "cancelled",
            Self::Running => "running",
            Self::Pending => "pending",
            Self::Success => "success",
        }
    }

    /// Whether nothing will follow.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Running | Self::Pending)
    }

    fn of(status: Option<&CommandInvocationStatus>) -> Self {
        match status {
            Some(CommandInvocationStatus::Success) => Self::Success,
            Some(CommandInvocationStatus::Failed) => Self::Failed,
            Some(CommandInvocationStatus::TimedOut) => Self::TimedOut,
            Some(CommandInvocationStatus::Cancelled) => Self::Cancelled,
            Some(CommandInvocationStatus::InProgress | CommandInvocationStatus::Cancelling) => Self::Running,
            _ => Self::Pending,
        }
    }
}

/// The outcome of a whole command.
pub fn command_outcome(command: &ssm::Command) -> Outcome {
    match command.status {
        Some(CommandStatus::Success) => Outcome::Success,
        Some(CommandStatus::Failed) => Outcome::Failed,
        Some(CommandStatus::TimedOut) => Outcome::TimedOut,
        Some(CommandStatus::Cancelled) => Outcome::Cancelled,
        Some(CommandStatus::InProgress | CommandStatus::Cancelling) => Outcome::Running,
        _ => Outcome::Pending,
    }
}

/// One node's part in a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The node.
    pub node: String,
    /// Its name when the command was sent.
    pub name: String,
    /// What happened.
    pub outcome: Outcome,
    /// AWS's status details, such as `DeliveryTimedOut`.
    pub details: String,
    /// The exit code, once there is one.
    pub code: Option<i32>,
    /// The output: as much as is known.
    pub lines: Vec<(Tone, String)>,
    /// Whether the list showed only the beginning and the whole is still to be fetched.
    pub cut: bool,
    /// Something is missing even in the whole.
    pub note: Option<String>,
}

/// Nodes with the same result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What happened.
    pub outcome: Outcome,
    /// The exit code.
    pub code: Option<i32>,
    /// The status details.
    pub details: String,
    /// The places of its invocations in the list.
    pub members: Vec<usize>,
    /// The members' result, as a key that stays the same over refreshes.
    pub key: u64,
}

/// A command that is looked at.
#[derive(Clone, Debug)]
pub struct Results {
    /// Where the command was sent.
    pub origin: Origin,
    /// The command's id.
    pub id: String,
    /// The state of `ListCommandInvocations`.
    pub feed: Feed,
    /// The state of fetching whole outputs.
    pub whole_feed: Feed,
    /// The invocations.
    pub invocations: Vec<Invocation>,
    /// The invocations by result, odd ones first.
    pub groups: Vec<Group>,
    /// Whether every node is listed instead of the groups.
    pub by_node: bool,
    /// Where one is.
    pub cursor: Cursor,
    /// The result kept for comparing: the key of a group.
    pub picked: Option<u64>,
    wholes: HashMap<String, Whole>,
    landing: Vec<ssm::CommandInvocation>,
}

impl Results {
    /// A command that was not looked at yet.
    pub fn new(origin: Origin, id: String) -> Self {
        Self {
            origin,
            id,
            feed: Feed::default(),
            whole_feed: Feed::default(),
            invocations: Vec::new(),
            groups: Vec::new(),
            by_node: false,
            cursor: Cursor::default(),
            picked: None,
            wholes: HashMap::new(),
            landing: Vec::new(),
        }
    }

    /// A refresh begins.
    pub fn begin(&mut self) {
        self.landing.clear();
    }

    /// Takes over a page; shown at once while nothing was known before.
    pub fn land(&mut self, page: Vec<ssm::CommandInvocation>) {
        self.landing.extend(page);
        if self.landing.len() > self.invocations.len() {
            self.rebuild();
        }
    }

    /// The refresh is whole.
    pub fn finish(&mut self) {
        self.rebuild();
    }

    fn rebuild(&mut self) {
        let wholes = &self.wholes;
        self.invocations = self.landing.iter().map(|i| invocation(i, wholes)).collect();
        self.invocations.sort_by(|a, b| super::node::natural(&a.name, &b.name).then_with(|| a.node.cmp(&b.node)));
        self.regroup();
    }

    fn regroup(&mut self) {
        let mut groups: BTreeMap<u64, Group> = BTreeMap::new();
        for (at, invocation) in self.invocations.iter().enumerate() {
            let key = fingerprint(invocation);
            let group = groups.entry(key).or_insert_with(|| Group {
                outcome: invocation.outcome,
                code: invocation.code,
                details: invocation.details.clone(),
                members: Vec::new(),
                key,
            });
            group.members.push(at);
        }
        self.groups = groups.into_values().collect();
        // Odd ones first: what went wrong before what went well, the few before the many.
        self.groups.sort_by_key(|group| (group.outcome, group.members.len(), group.members.first().copied()));
        let len = self.len();
        self.cursor.clamp(len);
    }

    /// Rows of the list that is shown.
    pub fn len(&self) -> usize {
        if self.by_node { self.invocations.len() } else { self.groups.len() }
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes over the whole output of a node.
    pub fn take_whole(&mut self, whole: Whole) {
        if let Some(invocation) = self.invocations.iter_mut().find(|i| i.node == whole.node) {
            apply_whole(invocation, &whole);
        }
        self.wholes.insert(whole.node.clone(), whole);
        self.regroup();
    }

    /// The nodes whose output was cut and that ended: their whole output is to be fetched.
    pub fn wanting(&self) -> Vec<String> {
        let wanting = |i: &&Invocation| i.cut && i.outcome.is_final() && !self.wholes.contains_key(&i.node);
        self.invocations.iter().filter(wanting).map(|i| i.node.clone()).collect()
    }

    /// Invocations by outcome.
    pub fn tally(&self) -> [(Outcome, usize); 6] {
        Outcome::ALL.map(|outcome| (outcome, self.invocations.iter().filter(|i| i.outcome == outcome).count()))
    }

    /// The invocations under the cursor: a group's, or one.
    pub fn current(&self) -> Vec<&Invocation> {
        if self.by_node {
            return self.invocations.get(self.cursor.at).into_iter().collect();
        }
        let members = self.groups.get(self.cursor.at).map(|group| group.members.as_slice()).unwrap_or_default();
        members.iter().filter_map(|at| self.invocations.get(*at)).collect()
    }

    /// The key of the result under the cursor.
    pub fn current_key(&self) -> Option<u64> {
        self.current().first().map(|invocation| fingerprint(invocation))
    }

    /// One invocation with the result of a key.
    pub fn with_key(&self, key: u64) -> Option<&Invocation> {
        self.invocations.iter().find(|invocation| fingerprint(invocation) == key)
    }

    /// The text of what is under the cursor.
    pub fn view(&self) -> Option<Viewer> {
        let current = self.current();
        let first = current.first()?;
        let title = match current.len() {
            1 => format!("{} · {}", first.name, result_words(first)),
            n => format!("{n} nodes with the same result · {}", result_words(first)),
        };
        let mut viewer = Viewer::new(title, format!("{}-{}.txt", self.id, first.node), first.lines.clone());
        viewer.note = match (&first.note, first.cut) {
            (Some(note), _) => Some(note.clone()),
            (None, true) if first.outcome.is_final() => Some("the beginning; fetching the rest…".to_owned()),
            _ => None,
        };
        Some(viewer)
    }
}

/// What became of an invocation, in words.
pub fn result_words(invocation: &Invocation) -> String {
    let mut words = invocation.outcome.word().to_owned();
    if let Some(code) = invocation.code.filter(|code| *code >= 0) {
        words.push_str(&format!(" · exit {code}"));
    }
    let told = [invocation.outcome.word().replace(' ', ""), "InProgress".to_owned()];
    if !invocation.details.is_empty() && !told.iter().any(|told| invocation.details.eq_ignore_ascii_case(told)) {
        words.push_str(&format!(" · {}", invocation.details));
    }
    words
}

fn invocation(source: &ssm::CommandInvocation, wholes: &HashMap<String, Whole>) -> Invocation {
    let node = source.instance_id.as_deref().map(clean).unwrap_or_default();
    let name = source.instance_name.as_deref().map(clean).filter(|name| !name.is_empty());
    let outcome = Outcome::of(source.status.as_ref());
    let details = source.status_details.as_deref().map(clean).unwrap_or_default();
    let output: String = source.command_plugins.iter().filter_map(|plugin| plugin.output.as_deref()).collect();
    let cut = source
        .command_plugins
        .iter()
        .filter_map(|plugin| plugin.output.as_deref())
        .any(|output| output.chars().count() >= SHOWN_BY_LIST || output.contains("--output truncated--"));
    // The exit code of the step that decided: the last one that did not succeed, else the last.
    let code = source.command_plugins.iter().rev().filter_map(|plugin| plugin.response_code);
    let code = code.clone().find(|code| *code != 0).or_else(|| code.clone().next()).filter(|_| outcome.is_final());
    let (stdout, stderr) = output.split_once(ERROR_MARK).unwrap_or((&output, ""));
    let mut invocation = Invocation {
        name: name.unwrap_or_else(|| node.clone()),
        lines: toned(stdout, stderr),
        node,
        outcome,
        details,
        code,
        cut,
        note: None,
    };
    if let Some(whole) = wholes.get(&invocation.node).filter(|_| outcome.is_final()) {
        apply_whole(&mut invocation, whole);
    }
    invocation
}

fn apply_whole(invocation: &mut Invocation, whole: &Whole) {
    invocation.lines = toned(&whole.stdout, &whole.stderr);
    invocation.cut = false;
    invocation.note = whole.cut.clone();
    invocation.code = whole.code.or(invocation.code);
}

fn toned(stdout: &str, stderr: &str) -> Vec<(Tone, String)> {
    let mut lines: Vec<_> = plain_lines(stdout).into_iter().map(|line| (Tone::Plain, line)).collect();
    while lines.last().is_some_and(|(_, line)| line.trim().is_empty()) {
        lines.pop();
    }
    let mut errors = plain_lines(stderr).into_iter().skip_while(|line| line.trim().is_empty()).peekable();
    if errors.peek().is_some() {
        lines.push((Tone::Heading, "standard error".to_owned()));
        lines.extend(errors.map(|line| (Tone::Error, line)));
    }
    lines
}

/// Equal for equal results: outcome, exit code and every line, without trailing space.
fn fingerprint(invocation: &Invocation) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (invocation.outcome, invocation.code, &invocation.details).hash(&mut hasher);
    for (tone, line) in &invocation.lines {
        (*tone as u8, line.trim_end()).hash(&mut hasher);
    }
    hasher.finish()
}

/// A command of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Where it was sent.
    pub origin: Origin,
    /// As the service listed it.
    pub command: ssm::Command,
}

impl Listed {
    fn is(&self, origin: Origin, id: &str) -> bool {
        self.origin == origin && self.command.command_id.as_deref() == Some(id)
    }
}

/// The pane.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    /// The state of `ListCommands`.
    pub feed: Feeds,
    /// The history, the newest first.
    pub list: Vec<Listed>,
    /// Where one is in it.
    pub cursor: Cursor,
    /// The command that is looked at.
    pub results: Option<Results>,
    /// The text that is read.
    pub viewer: Option<Viewer>,
    landing: HashMap<Origin, Vec<ssm::Command>>,
}

impl Commands {
    /// A refresh of an origin begins.
    pub fn begin(&mut self, origin: Origin) {
        self.landing.insert(origin, Vec::new());
    }

    /// Takes over a page.
    pub fn land(&mut self, origin: Origin, page: Vec<ssm::Command>) {
        let landing = self.landing.entry(origin).or_default();
        landing.extend(page);
        let landed = landing.len();
        if self.list.iter().filter(|listed| listed.origin == origin).count() < landed {
            self.finish_list(origin);
        }
    }

    /// The refresh of an origin is whole. The cursor stays on its command.
    pub fn finish_list(&mut self, origin: Origin) {
        let landed = self.landing.get(&origin).into_iter().flatten();
        let landed: Vec<_> = landed.map(|command| Listed { origin, command: command.clone() }).collect();
        self.relist(|listed| listed.origin != origin, landed);
    }

    /// Forgets the commands that are not of these origins.
    pub fn keep_origins(&mut self, scope: &[Origin]) {
        self.feed.keep(scope);
        self.relist(|listed| scope.contains(&listed.origin), Vec::new());
    }

    fn relist(&mut self, kept: impl Fn(&Listed) -> bool, more: Vec<Listed>) {
        let here = self.current().and_then(|listed| Some((listed.origin, listed.command.command_id.clone()?)));
        let at_top = self.cursor.at == 0;
        self.list.retain(kept);
        self.list.extend(more);
        self.list.sort_by_key(|listed| std::cmp::Reverse(listed.command.requested_date_time));
        let row = here.and_then(|(origin, id)| self.list.iter().position(|listed| listed.is(origin, &id)));
        if let (Some(row), false) = (row, at_top) {
            self.cursor.at = row;
        }
        self.cursor.clamp(self.list.len());
    }

    /// The command under the cursor.
    pub fn current(&self) -> Option<&Listed> {
        self.list.get(self.cursor.at)
    }

    /// The command that is looked at, from the history.
    pub fn opened(&self) -> Option<&Listed> {
        let results = self.results.as_ref()?;
        self.list.iter().find(|listed| listed.is(results.origin, &results.id))
    }

    /// Whether something that is shown has not ended.
    pub fn is_running(&self) -> bool {
        match &self.results {
            Some(results) => {
                let open = results.invocations.iter().any(|i| !i.outcome.is_final());
                open || results.invocations.is_empty()
                    || self.opened().is_some_and(|c| !command_outcome(&c.command).is_final())
            }
            None => self.list.iter().any(|listed| !command_outcome(&listed.command).is_final()),
        }
    }
}

/// What a command does, in one line: its comment, its script's first line, or its document.
pub fn summary(command: &ssm::Command) -> String {
    let script = command.parameters.get("commands").and_then(|lines| lines.iter().find(|l| !l.trim().is_empty()));
    let comment = command.comment.as_ref().filter(|comment| !comment.is_empty());
    let text = comment.or(script).or(command.document_name.as_ref());
    text.map(|text| clean(&ssm::redact::mask(text))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn sample(node: &str, status: CommandInvocationStatus, output: &str) -> ssm::CommandInvocation {
        let plugin = ssm::CommandPlugin {
            output: Some(output.to_owned()),
            response_code: Some(i32::from(status == CommandInvocationStatus::Failed)),
            ..Default::default()
        };
        ssm::CommandInvocation {
            instance_id: Some(node.to_owned()),
            status_details: Some(status.as_str().to_owned()),
            status: Some(status),
            command_plugins: vec![plugin],
            ..Default::default()
        }
    }

    #[test]
    fn identical_results_stand_together_and_odd_ones_first() {
        let mut results = Results::new(Origin::default(), "c".to_owned());
        results.land(vec![
            sample("mi-1", CommandInvocationStatus::Success, "same \n"),
            sample("mi-2", CommandInvocationStatus::Success, "same\n"),
            sample("mi-3", CommandInvocationStatus::Success, "other\n"),
            sample("mi-4", CommandInvocationStatus::Failed, "boom\n----------ERROR-------\nwhy"),
        ]);
        results.finish();
        let sizes: Vec<_> = results.groups.iter().map(|g| (g.outcome, g.members.len())).collect();
        assert_eq!(sizes, [(Outcome::Failed, 1), (Outcome::Success, 1), (Outcome::Success, 2)]);
        let viewer = results.view().unwrap();
        assert_eq!(viewer.title, "mi-4 · failed · exit 1");
        assert_eq!(viewer.lines.last(), Some(&(Tone::Error, "why".to_owned())));
    }

    #[test]
    fn a_cut_output_is_fetched_whole_once() {
        let mut results = Results::new(Origin::default(), "c".to_owned());
        results.land(vec![sample("mi-1", CommandInvocationStatus::Success, &"x".repeat(SHOWN_BY_LIST))]);
        assert_eq!(results.wanting(), ["mi-1"]);
        results.take_whole(Whole { node: "mi-1".to_owned(), stdout: "all\n".to_owned(), ..Whole::default() });
        assert_eq!(results.wanting(), Vec::<String>::new());
        assert_eq!(results.invocations[0].lines, [(Tone::Plain, "all".to_owned())]);
    }
}
