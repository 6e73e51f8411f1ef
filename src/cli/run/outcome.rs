//! What a command did on a node, with its whole output.

use std::borrow::Cow;

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::{
    client::Client,
    console::text,
    ssm::{
        CommandInvocation, CommandInvocationStatus, CommandPlugin, GetCommandInvocation, GetCommandInvocationOutput,
        document::output::{OUTPUT_LIMIT, STDERR_LIMIT, STDOUT_LIMIT},
    },
};

/// How many nodes are asked for their output at once.
const AT_ONCE: usize = 8;
/// Part of every mark that says that something was cut away here.
const CUT_MARK: &str = "truncated--";
/// Where standard error begins in the output that a list shows.
const ERROR_MARK: &str = "----------ERROR-------";

/// What a command did on a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The node.
    pub(super) id: String,
    /// What the node is called, else its id; fit for a terminal.
    pub(super) name: String,
    /// Whether it did what it should.
    pub(super) success: bool,
    /// AWS's status details, such as `Delivery Timed Out`; fit for a terminal.
    pub(super) details: String,
    /// The exit code of the step that decided; -1 where nothing was run.
    pub(super) code: Option<i32>,
    /// Standard output of all steps.
    pub(super) stdout: Bytes,
    /// Standard error of all steps.
    pub(super) stderr: Bytes,
    /// What is missing, in words.
    pub(super) notes: Vec<String>,
}

impl Outcome {
    /// What a list says; the output is still to come.
    pub(super) fn of(invocation: &CommandInvocation) -> Self {
        let id = invocation.instance_id.clone().unwrap_or_default();
        let named = invocation.instance_name.as_deref().filter(|name| !name.is_empty());
        let status = invocation.status.as_ref().map(CommandInvocationStatus::as_str);
        let details = invocation.status_details.as_deref().filter(|details| !details.is_empty());
        Self {
            name: text::clean(named.unwrap_or(&id)),
            success: invocation.status == Some(CommandInvocationStatus::Success),
            details: text::clean(details.or(status).unwrap_or_default()),
            code: invocation.deciding_code(),
            id,
            ..Self::default()
        }
    }

    /// The exit code as a process can have it, if the command ran and failed.
    pub(super) fn remote_code(&self) -> Option<u8> {
        self.code.and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0)
    }

    pub(super) fn stdout_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    pub(super) fn stderr_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }

    fn add(&mut self, stdout: Bytes, stderr: Bytes) {
        self.stdout = joined(&self.stdout, stdout);
        self.stderr = joined(&self.stderr, stderr);
    }
}

fn joined(head: &Bytes, tail: Bytes) -> Bytes {
    match head.is_empty() {
        true => tail,
        false => [head.as_ref(), tail.as_ref()].concat().into(),
    }
}

/// The outcomes with their whole outputs, in the order of the invocations. What cannot be fetched is missing with a note,
/// since the rest is still worth seeing.
pub(super) async fn whole(client: &Client, invocations: &[CommandInvocation]) -> Vec<Outcome> {
    stream::iter(invocations).map(|invocation| of_node(client, invocation)).buffered(AT_ONCE).collect().await
}

async fn of_node(client: &Client, invocation: &CommandInvocation) -> Outcome {
    let mut outcome = Outcome::of(invocation);
    let steps = &invocation.command_plugins;
    for step in steps {
        let shown = step.output.as_deref().unwrap_or_default();
        if is_plain(shown) {
            outcome.add(shown.to_owned().into(), Bytes::new());
            continue;
        }
        let request = GetCommandInvocation {
            command_id: invocation.command_id.clone().unwrap_or_default(),
            instance_id: outcome.id.clone(),
            plugin_name: step_name(step, steps.len()),
        };
        match client.call(request).await {
            Ok(answer) => of_step(client, answer, &mut outcome).await,
            Err(error) => {
                outcome.add(shown.to_owned().into(), Bytes::new());
                outcome.notes.push(format!("only the beginning of the output could be had: {error}"));
            }
        }
    }
    outcome
}

/// Whether the output in a list is all there is, and all of it standard output.
fn is_plain(shown: &str) -> bool {
    shown.len() < OUTPUT_LIMIT && !shown.contains(ERROR_MARK) && !shown.contains(CUT_MARK)
}

/// A step must be named only where there are several.
fn step_name(step: &CommandPlugin, steps: usize) -> Option<String> {
    step.name.clone().filter(|_| steps > 1)
}

async fn of_step(client: &Client, answer: GetCommandInvocationOutput, outcome: &mut Outcome) {
    let (out, err) = (answer.standard_output_content, answer.standard_error_content);
    let out = stream_of(client, out, answer.standard_output_url, STDOUT_LIMIT, &mut outcome.notes).await;
    let err = stream_of(client, err, answer.standard_error_url, STDERR_LIMIT, &mut outcome.notes).await;
    outcome.add(out, err);
}

/// One stream of a step: what the API shows or, where that was cut, the object that has it whole.
async fn stream_of(
    client: &Client,
    shown: Option<String>,
    url: Option<String>,
    limit: usize,
    notes: &mut Vec<String>,
) -> Bytes {
    let shown = shown.unwrap_or_default();
    if shown.len() < limit && !shown.trim_end().ends_with(CUT_MARK) {
        return shown.into();
    }
    match url.filter(|url| !url.is_empty()) {
        None => notes.push("the output was cut and its end is not kept anywhere".to_owned()),
        Some(url) => match client.object(&url).await {
            Ok(whole) => return whole,
            Err(error) => notes.push(format!("the output was cut and the whole could not be fetched: {error}")),
        },
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(code: i32) -> CommandPlugin {
        CommandPlugin { response_code: Some(code), ..Default::default() }
    }

    #[test]
    fn the_step_that_failed_decides() {
        let invocation = |codes: &[i32]| CommandInvocation {
            command_plugins: codes.iter().copied().map(step).collect(),
            ..Default::default()
        };
        assert_eq!(Outcome::of(&invocation(&[0, 3, 0])).code, Some(3));
        assert_eq!(Outcome::of(&invocation(&[0, 0])).code, Some(0));
        assert_eq!(Outcome::of(&invocation(&[3, -1])).code, Some(3), "a step that never ran decides nothing");
        assert_eq!(Outcome::of(&invocation(&[-1, -1])).code, Some(-1));
        assert_eq!(Outcome::of(&invocation(&[])).code, None);
    }

    #[test]
    fn names_and_details_are_fit_for_a_terminal() {
        let invocation = CommandInvocation {
            instance_id: Some("mi-1".into()),
            instance_name: Some("\u{1b}]0;x\u{7}web".into()),
            status: Some(CommandInvocationStatus::TimedOut),
            status_details: Some("Delivery Timed Out".into()),
            ..Default::default()
        };
        let outcome = Outcome::of(&invocation);
        assert_eq!((outcome.name.as_str(), outcome.details.as_str()), ("web", "Delivery Timed Out"));
        assert_eq!(outcome.remote_code(), None);
    }

    #[test]
    fn what_a_list_shows_is_enough_only_if_nothing_is_missing() {
        assert!(is_plain("") && is_plain("hello\n"));
        assert!(!is_plain(&"x".repeat(OUTPUT_LIMIT)));
        assert!(!is_plain("a\n----------ERROR-------\nb"));
        assert!(!is_plain("a\n---Output truncated---"));
    }
}
