//! One node's part in a command, as the list of invocations tells it and as it is read.

use std::sync::Arc;

use super::{super::viewer::Tone, Outcome};
use crate::{
    console::{
        text::{clean, plain_lines},
        update::Said,
    },
    ssm,
};

/// As many characters `ListCommandInvocations` shows of an output; more is cut.
pub(super) const SHOWN_BY_LIST: usize = 2_500;
/// Where standard error begins in the output that `ListCommandInvocations` shows.
const ERROR_MARK: &str = "----------ERROR-------";
/// Bytes of an output that are looked at for a glance: it is cleaned anew for each frame, and one line can be megabytes.
const GLANCE: usize = 64 * 1024;

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
    /// What its steps said as far as it is known; most documents have one.
    pub steps: Vec<Step>,
    /// What the service showed of them, once more than that was fetched for this node alone: others are known no further.
    pub(super) shown: Option<Vec<Step>>,
    /// The first line that says something.
    pub first: String,
    /// Whether the list showed only the beginning and the whole is still to be fetched.
    pub cut: bool,
    /// Something is missing even in the whole; why.
    pub note: Option<String>,
    /// Whether what is missing is kept somewhere and can be fetched.
    pub kept: bool,
    /// Whether its output is written to a log group while it runs.
    pub logged: bool,
    /// Whether the output is what `GetCommandInvocation` or a store answered.
    pub(super) whole: bool,
}

/// What a step of a document did on a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Its name in the document.
    pub name: String,
    /// How it stands, in words.
    pub result: String,
    /// Standard output. Raw: not fit for a terminal.
    pub stdout: Arc<str>,
    /// Standard error, likewise.
    pub stderr: Arc<str>,
    /// Whether the list showed only the beginning.
    pub(super) cut: bool,
}

impl Step {
    fn of(plugin: &ssm::CommandPlugin) -> Self {
        let output = plugin.output.as_deref().unwrap_or_default();
        let (stdout, stderr) = output.split_once(ERROR_MARK).unwrap_or((output, ""));
        let outcome = Outcome::of_step(plugin.status.as_ref());
        let details = plugin.status_details.as_deref().map(clean).unwrap_or_default();
        // One that follows a step that failed was never begun, and ended with the invocation all the same.
        let is_idle = plugin.response_code == Some(-1) && plugin.response_start_date_time.is_none();
        let result = match is_idle && outcome == Outcome::Failed {
            true => "not run".to_owned(),
            false => words(outcome, plugin.response_code, &details),
        };
        Self {
            name: plugin.name.as_deref().map(clean).unwrap_or_default(),
            result,
            stdout: stdout.into(),
            stderr: stderr.into(),
            cut: output.chars().count() >= SHOWN_BY_LIST || output.contains("--output truncated--"),
        }
    }

    /// Takes over all that was fetched of it.
    pub(super) fn take(&mut self, said: Said) {
        (self.stdout, self.stderr, self.cut) = (said.stdout.into(), said.stderr.into(), false);
    }
}

impl From<&Said> for Step {
    fn from(said: &Said) -> Self {
        Self {
            name: said.step.as_deref().map(clean).unwrap_or_default(),
            result: words(Outcome::of(said.status.as_ref()), said.code, &clean(&said.details)),
            stdout: said.stdout.as_str().into(),
            stderr: said.stderr.as_str().into(),
            cut: false,
        }
    }
}

impl Invocation {
    /// The output in lines fit for a terminal, at most so many of each stream.
    pub(super) fn lines(&self, most: usize) -> Vec<(Tone, String)> {
        lines(&self.steps, most)
    }

    /// The lines that it is compared with others by.
    pub(super) fn compared(&self) -> Vec<(Tone, String)> {
        lines(self.shown.as_ref().unwrap_or(&self.steps), usize::MAX)
    }

    /// Whether all of its output is known.
    pub fn is_whole(&self) -> bool {
        !self.cut && self.note.is_none()
    }

    /// Whether it is like others only as far as the service showed them.
    pub fn is_beginning(&self) -> bool {
        self.outcome.is_final() && (self.shown.is_some() || !self.is_whole())
    }

    /// Bytes of output.
    pub(super) fn weight(&self) -> usize {
        self.steps.iter().map(|step| step.stdout.len() + step.stderr.len()).sum()
    }

    /// The names of the steps whose output was cut, where there are several: they are asked for one at a time.
    pub(super) fn cut_steps(&self) -> Vec<String> {
        let cut = self.steps.iter().filter(|step| step.cut && self.steps.len() > 1);
        cut.map(|step| step.name.clone()).collect()
    }

    /// The names of all steps, where there are several.
    pub fn step_names(&self) -> Vec<String> {
        let names = self.steps.iter().filter(|_| self.steps.len() > 1);
        names.map(|step| step.name.clone()).collect()
    }
}

/// The output of steps in lines fit for a terminal, at most so many of each stream. Where there are several, a heading says
/// what became of each, even of one that said nothing.
pub(in crate::console::state) fn lines(steps: &[Step], most: usize) -> Vec<(Tone, String)> {
    let mut lines = Vec::new();
    for (nth, step) in steps.iter().enumerate() {
        if steps.len() > 1 {
            if nth > 0 {
                lines.push((Tone::Plain, String::new()));
            }
            let name = if step.name.is_empty() { String::new() } else { format!(" · {}", step.name) };
            lines.push((Tone::Heading, format!("step {} of {}{name} · {}", nth + 1, steps.len(), step.result)));
        }
        lines.extend(toned(head(&step.stdout, most), head(&step.stderr, most)));
    }
    lines
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
/// What became of an invocation, in words.
pub fn result_words(invocation: &Invocation) -> String {
    words(invocation.outcome, invocation.code, &invocation.details)
}

fn words(outcome: Outcome, code: Option<i32>, details: &str) -> String {
    let mut words = outcome.word().to_owned();
    if let Some(code) = code.filter(|code| *code >= 0) {
        words.push_str(&format!(" · exit {code}"));
    }
    let told = [outcome.word().replace(' ', ""), "InProgress".to_owned()];
    if !details.is_empty() && !told.iter().any(|told| details.eq_ignore_ascii_case(told)) {
        words.push_str(&format!(" · {details}"));
    }
    words
}

pub(super) fn invocation(source: &ssm::CommandInvocation) -> Invocation {
    let node = source.instance_id.as_deref().map(clean).unwrap_or_default();
    let name = source.instance_name.as_deref().map(clean).filter(|name| !name.is_empty());
    let outcome = Outcome::of(source.status.as_ref());
    let details = source.status_details.as_deref().map(clean).unwrap_or_default();
    let steps: Vec<_> = source.command_plugins.iter().map(Step::of).collect();
    let code = source.deciding_code().filter(|_| outcome.is_final());
    let mut names = Vec::new();
    if let Some(name) = &name {
        names.push(name.clone());
        names.extend(name.split_once('.').map(|(short, _)| short.to_owned()));
    }
    Invocation {
        command: source.command_id.clone().unwrap_or_default(),
        name: name.unwrap_or_else(|| node.clone()),
        names,
        first: first_line(&steps),
        cut: steps.iter().any(|step| step.cut),
        steps,
        shown: None,
        node,
        outcome,
        details,
        code,
        note: None,
        kept: false,
        logged: source.cloud_watch_output_config.as_ref().is_some_and(|c| c.cloud_watch_output_enabled == Some(true)),
        whole: false,
    }
}

/// The first line that says something, of the first step that does.
pub(super) fn first_line(steps: &[Step]) -> String {
    const LOOKED_AT: usize = 4_096;
    let beginning = |text: &str| {
        let end = (0..=LOOKED_AT.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.get(..end).unwrap_or_default().to_owned()
    };
    let streams = steps.iter().flat_map(|step| [&step.stdout, &step.stderr]);
    let mut lines = streams.flat_map(|text| plain_lines(&beginning(text)));
    let first = lines.find(|line| !line.trim().is_empty()).unwrap_or_default();
    first.trim().chars().take(200).collect()
}

/// Both streams of an output as one text, without what is empty at the end.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glance_reads_no_more_than_it_shows() {
        assert_eq!(head("a\nb\nc\nd", 2), "a\nb\nc");
        let line = "ü".repeat(1024 * 1024);
        assert!(head(&line, 60).len() <= GLANCE && head(&line, usize::MAX).len() == line.len());
    }
}
