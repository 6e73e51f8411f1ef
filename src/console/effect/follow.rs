//! The output of a command as it comes, from the log group it is written to while the command runs.

use std::{collections::BTreeMap, time::Duration};

use super::queries::Asker;
use crate::{
    client::{Error, tail::Tail},
    console::update::{Followed, Page, Piece},
    ssm::{
        self, CommandInvocationStatus,
        logs::{command_group, command_stream},
    },
};

/// Time between two looks.
const PACE: Duration = Duration::from_secs(1);
/// Looks after the end of an invocation: what it said last may reach the log after the service has heard of the end.
const LAST: usize = 2;

impl Asker {
    /// Follows what a command says on a node until it has ended there: its status, and the text in its log group. Nothing where
    /// the command has none.
    ///
    /// # Errors
    /// Those of `ListCommandInvocations` and of `GetLogEvents`.
    pub(super) async fn follow_output(&self, command: String, node: String) -> Result<(), Error> {
        let mut tails: BTreeMap<(String, bool), Tail> = BTreeMap::new();
        let mut quiet = 0;
        loop {
            // The status comes before the text: what was written before the end is read when the end is known.
            let Some(invocation) = self.invocation(&command, &node).await? else { return Ok(()) };
            let Some(group) = group(&invocation) else { return Ok(()) };
            let steps: Vec<_> = invocation.command_plugins.iter().filter_map(|plugin| plugin.name.clone()).collect();
            let mut followed = Followed { command: command.clone(), node: node.clone(), ..Followed::default() };
            for step in &steps {
                for (error, output) in [(false, "stdout"), (true, "stderr")] {
                    let begin = || Tail::new(&group, command_stream(&command, &node, step, output));
                    let tail = tails.entry((step.clone(), error)).or_insert_with(begin);
                    let more = tail.more(&self.client).await?;
                    followed.is_late |= more.is_late;
                    if !more.text.is_empty() {
                        let step = (steps.len() > 1).then(|| step.clone());
                        followed.pieces.push(Piece { step, error, text: more.text });
                    }
                }
            }
            let has_ended = has_ended(&invocation);
            quiet = if has_ended && followed.pieces.is_empty() { quiet + 1 } else { 0 };
            if !followed.pieces.is_empty() {
                self.send(Page::Followed(Box::new(followed))).await;
            }
            self.send(Page::Invocations(vec![invocation])).await;
            if quiet >= LAST {
                return Ok(());
            }
            tokio::time::sleep(PACE).await;
        }
    }
}

/// The log group that an invocation writes to, if it does.
pub(super) fn group(invocation: &ssm::CommandInvocation) -> Option<String> {
    let config = invocation.cloud_watch_output_config.as_ref()?;
    let named = config.cloud_watch_log_group_name.as_deref().unwrap_or_default();
    let document = invocation.document_name.as_deref().unwrap_or_default();
    (config.cloud_watch_output_enabled == Some(true)).then(|| command_group(named, document))
}

fn has_ended(invocation: &ssm::CommandInvocation) -> bool {
    matches!(
        invocation.status,
        Some(
            CommandInvocationStatus::Success
                | CommandInvocationStatus::Failed
                | CommandInvocationStatus::TimedOut
                | CommandInvocationStatus::Cancelled
        )
    )
}
