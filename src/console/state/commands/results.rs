//! A command that is looked at: what happened on each node, and the equal results in groups.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    super::{
        cursor::Cursor,
        feed::Feed,
        list::Lens,
        node::natural,
        viewer::{Of, Tone, Viewer},
    },
    Outcome, ResultRows,
    fold::{Fold, Folding, Group},
};
use crate::{
    console::{
        origin::Origin,
        state::list::Sheet,
        text::{clean, plain_lines},
        update::Whole,
    },
    ssm,
};

/// As many characters `ListCommandInvocations` shows of an output; more is cut.
const SHOWN_BY_LIST: usize = 2_500;
/// Where standard error begins in the output that `ListCommandInvocations` shows.
const ERROR_MARK: &str = "----------ERROR-------";
/// Nodes of a command of whose output more is fetched unasked.
const WHOLES: usize = 1_000;
/// Bytes of an output that are looked at for a glance: it is cleaned anew for each frame, and one line can be megabytes.
const GLANCE: usize = 64 * 1024;
/// Bytes of output in all that are put into groups at once; more is done beside the loop.
const AT_ONCE: usize = 256 * 1024;

/// One node's part in a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The command.
    pub command: String,
    /// The node.
    pub node: String,
    /// Its name when the command was sent.
    pub name: String,
    /// Everything it is called, for leaving that out of account.
    pub names: Vec<String>,
    /// What happened.
    pub outcome: Outcome,
    /// AWS's status details, such as `DeliveryTimedOut`.
    pub details: String,
    /// The exit code, once there is one.
    pub code: Option<i32>,
    /// Standard output as far as it is known. Raw: not fit for a terminal.
    pub stdout: Arc<str>,
    /// Standard error, likewise.
    pub stderr: Arc<str>,
    /// The first line that says something.
    pub first: String,
    /// Whether the list showed only the beginning and the whole is still to be fetched.
    pub cut: bool,
    /// Something is missing even in the whole; why.
    pub note: Option<String>,
    /// Whether what is missing is kept somewhere and can be fetched.
    pub kept: bool,
    /// Whether the output is what `GetCommandInvocation` or a store answered.
    whole: bool,
}

impl Invocation {
    /// The output in lines fit for a terminal, at most so many of each stream.
    fn lines(&self, most: usize) -> Vec<(Tone, String)> {
        toned(head(&self.stdout, most), head(&self.stderr, most))
    }
}

/// As much of a text as has so many lines, and is no more than what is looked at for a glance.
fn head(text: &str, lines: usize) -> &str {
    if lines == usize::MAX {
        return text;
    }
    let text = text.get(..text.floor_char_boundary(GLANCE)).unwrap_or(text);
    let end = text.match_indices('\n').nth(lines).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
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
    /// The result kept for comparing: the key of a group.
    pub picked: Option<u64>,
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
        for feed in [&mut self.feed, &mut self.whole_feed, &mut self.kept_feed, &mut self.earlier_feed] {
            *feed = Feed::after(number);
        }
        self.foldings = number;
        self
    }

    /// Takes over a page. `names`: what else a node is called. What is of another command is left out.
    pub fn land(&mut self, page: &[ssm::CommandInvocation], names: impl Fn(&str) -> Vec<String>) {
        let ids = self.ids.clone();
        let own = |source: &&ssm::CommandInvocation| source.command_id.as_ref().is_none_or(|id| ids.contains(id));
        self.lens.outdate(self.here());
        for source in page.iter().filter(own) {
            let mut fresh = invocation(source);
            fresh.names.extend(names(&fresh.node));
            // What is part of another name is replaced after it.
            fresh.names.sort_by_key(|name| std::cmp::Reverse(name.len()));
            fresh.names.dedup();
            match self.places.get(&fresh.node).and_then(|at| self.invocations.get_mut(*at)) {
                Some(known) => {
                    if known.whole && known.outcome == fresh.outcome {
                        // The list shows less than what was fetched since.
                        (fresh.stdout, fresh.stderr) = (known.stdout.clone(), known.stderr.clone());
                        (fresh.cut, fresh.note, fresh.kept) = (known.cut, known.note.clone(), known.kept);
                        (fresh.code, fresh.whole) = (known.code, true);
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
        let invocations = &self.invocations;
        self.order.sort_by(|a, b| {
            let (a, b) = (&invocations[*a], &invocations[*b]);
            natural(&a.name, &b.name).then_with(|| a.node.cmp(&b.node))
        });
    }

    /// Takes over the whole output of a node.
    pub fn take_whole(&mut self, whole: Whole) {
        self.lens.outdate(self.here());
        let Some(known) = self.places.get(&whole.node).and_then(|at| self.invocations.get_mut(*at)) else { return };
        let mut fresh = (**known).clone();
        fresh.first = first_line(&whole.stdout, &whole.stderr);
        fresh.stdout = whole.stdout.into();
        fresh.stderr = whole.stderr.into();
        (fresh.cut, fresh.whole) = (false, true);
        (fresh.note, fresh.kept) = (whole.cut, whole.kept);
        fresh.code = whole.code.or(fresh.code);
        *known = Arc::new(fresh);
        self.outdated = true;
    }

    /// Leaves something else out of account.
    pub fn fold_by(&mut self, fold: Fold) {
        self.outdated |= self.fold != fold;
        self.fold = fold;
        self.picked = None;
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
        let weight: usize = self.invocations.iter().map(|i| i.stdout.len() + i.stderr.len()).sum();
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

    /// The cursor stays on its group.
    fn regroup(&mut self, groups: Vec<Group>) {
        self.lens.outdate(self.here());
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
            // They have other columns.
            self.lens.unsort();
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

    /// The commands and nodes whose output was cut and that ended: more of it is to be fetched. Nobody is named twice, and no
    /// more of them than are fetched unasked.
    pub fn wanting(&mut self) -> Vec<(String, String)> {
        let left = WHOLES.saturating_sub(self.asked.len());
        let wanting = |i: &&Arc<Invocation>| i.cut && i.outcome.is_final() && !self.asked.contains(&i.node);
        let wanting = self.invocations.iter().filter(wanting).take(left);
        let wanting: Vec<_> = wanting.map(|i| (i.command.clone(), i.node.clone())).collect();
        self.asked.extend(wanting.iter().map(|(_, node)| node.clone()));
        wanting
    }

    /// Whether more of the output of an invocation comes unasked.
    fn is_coming(&self, invocation: &Invocation) -> bool {
        match self.asked.contains(&invocation.node) {
            true => self.whole_feed.is_loading(),
            false => self.asked.len() < WHOLES,
        }
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
    pub fn current_nodes(&self) -> Vec<String> {
        match self.group(self.cursor.at).filter(|_| !self.by_node) {
            Some(group) => self.members(group).map(|invocation| invocation.node.clone()).collect(),
            None => self.current().map(|(invocation, _)| invocation.node.clone()).into_iter().collect(),
        }
    }

    /// The key of the result under the cursor.
    pub fn current_key(&self) -> Option<u64> {
        if !self.by_node {
            return self.group(self.cursor.at).map(|group| group.key);
        }
        let at = self.order.get(self.lens.place(self.cursor.at)?)?;
        self.groups.iter().find(|group| group.members.contains(at)).map(|group| group.key)
    }

    /// One invocation with the result of a key, and how many there are.
    pub fn with_key(&self, key: u64) -> Option<(&Invocation, usize)> {
        let group = self.groups.iter().find(|group| group.key == key)?;
        Some((self.members(group).next()?, group.members.len()))
    }

    /// What results have in common that differ only in what is left out of account; a result's own text where there is one
    /// only.
    pub fn common(&self, invocation: &Invocation, of: usize, most: usize) -> Vec<(Tone, String)> {
        let mut lines = invocation.lines(most);
        if of > 1 && !self.fold.is_exact() {
            for (_, line) in lines.iter_mut().filter(|(tone, _)| *tone != Tone::Heading) {
                *line = self.fold.apply(line, &invocation.names).into_owned();
            }
        }
        lines
    }

    /// The text of what is under the cursor: its beginning for a glance, or all of it.
    pub fn view(&self, most: usize) -> Option<Viewer> {
        let (first, of) = self.current()?;
        Some(self.viewer(first, of, most))
    }

    /// The text of a node that is read, as it is now.
    pub fn view_again(&self, of: &Of) -> Option<Viewer> {
        Some(self.viewer(self.of_node(&of.node)?, of.nodes, usize::MAX))
    }

    fn viewer(&self, first: &Invocation, of: usize, most: usize) -> Viewer {
        let title = match of {
            1 => format!("{} · {}", first.name, result_words(first)),
            n if self.fold.is_exact() => format!("{n} nodes with the same result · {}", result_words(first)),
            n => format!("{n} nodes, the same but for {} · {}", self.fold.words(), result_words(first)),
        };
        let lines = self.common(first, of, most);
        let mut viewer = Viewer::new(title, format!("{}-{}.txt", self.id, first.node), lines);
        (viewer.note, viewer.kept) = match &first.note {
            Some(note) => (Some(note.clone()), first.kept),
            None if !first.cut || !first.outcome.is_final() => (None, first.kept),
            None if self.is_coming(first) => (Some("the beginning; fetching the rest…".to_owned()), false),
            None => (Some("the beginning".to_owned()), true),
        };
        viewer.running = !first.outcome.is_final();
        viewer.of = Some(Of { command: self.id.clone(), node: first.node.clone(), nodes: of });
        viewer
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

fn invocation(source: &ssm::CommandInvocation) -> Invocation {
    let node = source.instance_id.as_deref().map(clean).unwrap_or_default();
    let name = source.instance_name.as_deref().map(clean).filter(|name| !name.is_empty());
    let outcome = Outcome::of(source.status.as_ref());
    let details = source.status_details.as_deref().map(clean).unwrap_or_default();
    let outputs = || source.command_plugins.iter().filter_map(|plugin| plugin.output.as_deref());
    let output: String = outputs().collect();
    let cut =
        outputs().any(|output| output.chars().count() >= SHOWN_BY_LIST || output.contains("--output truncated--"));
    // The exit code of the step that decided: the last one that did not succeed, else the last.
    let code = source.command_plugins.iter().rev().filter_map(|plugin| plugin.response_code);
    let code = code.clone().find(|code| *code != 0).or_else(|| code.clone().next()).filter(|_| outcome.is_final());
    let (stdout, stderr) = output.split_once(ERROR_MARK).unwrap_or((&output, ""));
    let mut names = Vec::new();
    if let Some(name) = &name {
        names.push(name.clone());
        names.extend(name.split_once('.').map(|(short, _)| short.to_owned()));
    }
    Invocation {
        command: source.command_id.clone().unwrap_or_default(),
        name: name.unwrap_or_else(|| node.clone()),
        names,
        first: first_line(stdout, stderr),
        stdout: stdout.into(),
        stderr: stderr.into(),
        node,
        outcome,
        details,
        code,
        cut,
        note: None,
        kept: false,
        whole: false,
    }
}

/// The first line of an output that says something.
fn first_line(stdout: &str, stderr: &str) -> String {
    const LOOKED_AT: usize = 4_096;
    let beginning = |text: &str| {
        let end = (0..=LOOKED_AT.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.get(..end).unwrap_or_default().to_owned()
    };
    let lines = [beginning(stdout), beginning(stderr)].map(|text| plain_lines(&text));
    let first = lines.iter().flatten().map(|line| line.trim()).find(|line| !line.is_empty());
    first.unwrap_or_default().chars().take(200).collect()
}

/// Both streams of an output as one text, without what is empty at the end.
pub(in crate::console::state) fn toned(stdout: &str, stderr: &str) -> Vec<(Tone, String)> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssm::CommandInvocationStatus;

    pub fn sample(node: &str, status: CommandInvocationStatus, output: &str) -> ssm::CommandInvocation {
        let plugin = ssm::CommandPlugin {
            output: Some(output.to_owned()),
            response_code: Some(i32::from(status == CommandInvocationStatus::Failed)),
            ..Default::default()
        };
        ssm::CommandInvocation {
            command_id: Some("c".to_owned()),
            instance_id: Some(node.to_owned()),
            status_details: Some(status.as_str().to_owned()),
            status: Some(status),
            command_plugins: vec![plugin],
            ..Default::default()
        }
    }

    fn results(page: &[ssm::CommandInvocation]) -> Results {
        let mut results = Results::new(Origin::default(), vec!["c".to_owned()]);
        results.land(page, |_| Vec::new());
        assert_eq!(results.settle(), None);
        results
    }

    fn success(node: &str, output: &str) -> ssm::CommandInvocation {
        sample(node, CommandInvocationStatus::Success, output)
    }

    #[test]
    fn identical_results_stand_together_and_odd_ones_first() {
        let mut results = results(&[
            success("mi-1", "same \n"),
            success("mi-2", "same\n"),
            success("mi-3", "other\n"),
            sample("mi-4", CommandInvocationStatus::Failed, "boom\n----------ERROR-------\nwhy"),
        ]);
        let sizes: Vec<_> = results.groups.iter().map(|g| (g.outcome, g.members.len())).collect();
        assert_eq!(sizes, [(Outcome::Failed, 1), (Outcome::Success, 1), (Outcome::Success, 2)]);
        let viewer = results.view(usize::MAX).unwrap();
        assert_eq!(viewer.title, "mi-4 · failed · exit 1");
        assert_eq!(viewer.lines.last(), Some(&(Tone::Error, "why".to_owned())));
        // The cursor stays on its group while another grows before it.
        results.cursor.at = 2;
        results.land(&[success("mi-5", "a third\n"), success("mi-6", "a fourth\n")], |_| Vec::new());
        results.settle();
        assert_eq!(results.current().map(|(first, of)| (first.node.as_str(), of)), Some(("mi-1", 2)));
    }

    #[test]
    fn what_is_left_out_of_account_folds_and_is_not_shown_in_the_nodes_own_text() {
        let line = |n: usize| format!("node-{n} up {n} days\n");
        let mut page: Vec<_> = (1..=3).map(|n| success(&format!("mi-{n}"), &line(n))).collect();
        page.push(success("mi-4", "node-4 is down\n"));
        let mut results = Results::new(Origin::default(), vec!["c".to_owned()]);
        results.land(&page, |id| vec![id.replace("mi", "node")]);
        results.settle();
        assert_eq!(results.groups.len(), 4);
        results.fold_by(Fold { hosts: true, times: true, ..Fold::default() });
        results.settle();
        let told: Vec<_> = results.groups.iter().map(|g| (g.members.len(), g.first.as_str())).collect();
        assert_eq!(told, [(1, "<host> is down"), (3, "<host> up <time>")]);
        results.cursor.at = 1;
        let viewer = results.view(usize::MAX).unwrap();
        assert_eq!(viewer.title, "3 nodes, the same but for hosts, times · success · exit 0");
        assert_eq!(viewer.lines, [(Tone::Plain, "<host> up <time>".to_owned())]);
        results.switch();
        results.cursor.at = 1;
        assert_eq!(results.view(usize::MAX).unwrap().lines, [(Tone::Plain, "node-2 up 2 days".to_owned())]);
    }

    #[test]
    fn many_large_results_are_not_read_by_the_loop() {
        let page: Vec<_> = (0..200).map(|n| success(&format!("mi-{n}"), &"x".repeat(SHOWN_BY_LIST))).collect();
        let mut results = Results::new(Origin::default(), vec!["c".to_owned()]);
        results.land(&page, |_| Vec::new());
        let (number, folding) = results.settle().unwrap();
        assert!(results.groups.is_empty() && results.is_folding());
        // What comes meanwhile waits for its turn.
        results.land(&[success("mi-x", "odd")], |_| Vec::new());
        assert_eq!(results.settle(), None);
        results.folded(number, folding.groups());
        assert_eq!(results.groups.len(), 1);
        let (number, folding) = results.settle().unwrap();
        results.folded(number - 1, Vec::new());
        assert_eq!(results.groups.len(), 1, "an old answer");
        results.folded(number, folding.groups());
        assert_eq!(results.groups.iter().map(|group| group.members.len()).collect::<Vec<_>>(), [1, 200]);
    }

    #[test]
    fn a_cut_output_is_fetched_whole_once_and_stays() {
        let page = [success("mi-1", &"x".repeat(SHOWN_BY_LIST))];
        let mut results = results(&page);
        assert_eq!(results.wanting(), [("c".to_owned(), "mi-1".to_owned())]);
        results.take_whole(Whole { node: "mi-1".to_owned(), stdout: "all\n".to_owned(), ..Whole::default() });
        results.land(&page, |_| Vec::new());
        assert_eq!(results.wanting(), []);
        assert_eq!(results.invocations[0].lines(usize::MAX), [(Tone::Plain, "all".to_owned())]);
    }

    #[test]
    fn of_very_many_cut_outputs_some_come_by_themselves_and_the_rest_is_offered() {
        let page: Vec<_> = (0..WHOLES + 2).map(|n| success(&format!("mi-{n}"), &"x".repeat(SHOWN_BY_LIST))).collect();
        let mut results = Results::new(Origin::default(), vec!["c".to_owned()]);
        results.land(&page, |_| Vec::new());
        results.by_node = true;
        results.whole_feed.begin(crate::ssm::Timestamp::from_millis(0));
        assert_eq!((results.wanting().len(), results.wanting().len()), (WHOLES, 0));
        let offered = |node: String| {
            let of = Of { command: "c".to_owned(), node, nodes: 1 };
            results.view_again(&of).unwrap().kept
        };
        assert!(!offered("mi-0".to_owned()) && offered(format!("mi-{WHOLES}")));
    }

    #[test]
    fn a_glance_reads_no_more_than_it_shows() {
        assert_eq!(head("a\nb\nc\nd", 2), "a\nb\nc");
        let line = "ü".repeat(1024 * 1024);
        assert!(head(&line, 60).len() <= GLANCE && head(&line, usize::MAX).len() == line.len());
    }
}
