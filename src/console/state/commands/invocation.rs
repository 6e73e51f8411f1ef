//! One node's part in a command, as the list of invocations tells it and as it is read.

use std::sync::Arc;

use super::{super::viewer::Tone, Outcome};
use crate::{
    console::text::{clean, plain_lines},
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
    /// Whether its output is written to a log group while it runs.
    pub logged: bool,
    /// Whether the output is what `GetCommandInvocation` or a store answered.
    pub(super) whole: bool,
}

impl Invocation {
    /// The output in lines fit for a terminal, at most so many of each stream.
    pub(super) fn lines(&self, most: usize) -> Vec<(Tone, String)> {
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

pub(super) fn invocation(source: &ssm::CommandInvocation) -> Invocation {
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
        logged: source.cloud_watch_output_config.as_ref().is_some_and(|c| c.cloud_watch_output_enabled == Some(true)),
        whole: false,
    }
}

/// The first line of an output that says something.
pub(super) fn first_line(stdout: &str, stderr: &str) -> String {
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

    #[test]
    fn a_glance_reads_no_more_than_it_shows() {
        assert_eq!(head("a\nb\nc\nd", 2), "a\nb\nc");
        let line = "ü".repeat(1024 * 1024);
        assert!(head(&line, 60).len() <= GLANCE && head(&line, usize::MAX).len() == line.len());
    }
}
