//! The vitals of many nodes: one command for each fifty of them, read as the nodes answer.

use std::{collections::HashSet, time::Duration};

use tokio::time::{Instant, sleep};

use super::queries::Asker;
use crate::{
    client::Error,
    console::{
        probe::{self, vitals},
        state::compose::{MOST_IDS, SHELL_SCRIPT},
        update::{Page, Trouble},
    },
    ssm::{self, CommandInvocationStatus},
};

/// How long the answers are waited for.
const PATIENCE: Duration = Duration::from_secs(25);
/// Time between looks at a command, at first and at last.
const LOOKS: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(2));
/// Seconds that a node has to take the command. A sample that comes later is not wanted.
const TAKEN_WITHIN: i32 = 30;

impl Asker {
    /// Asks nodes for their vitals, and tells each as it comes. Those that do not answer are told as well, and why.
    pub(super) async fn samples(&self, nodes: Vec<String>) -> Result<(), Error> {
        let batches = nodes.chunks(MOST_IDS).map(|batch| self.sample(batch));
        futures_util::future::try_join_all(batches).await.map(drop)
    }

    async fn sample(&self, nodes: &[String]) -> Result<(), Error> {
        let send = ssm::SendCommand {
            instance_ids: nodes.to_vec(),
            document_name: SHELL_SCRIPT.to_owned(),
            comment: Some(vitals::COMMENT.to_owned()),
            timeout_seconds: Some(TAKEN_WITHIN),
            parameters: [("commands".to_owned(), vec![vitals::script()])]
                .into_iter()
                .collect::<std::collections::BTreeMap<_, _>>()
                .into(),
            ..Default::default()
        };
        let command = self.client.call(send).await?.command.and_then(|command| command.command_id);
        let command = command.ok_or_else(|| Error::Protocol("SendCommand answered without an id".to_owned()))?;
        let mut open: HashSet<&str> = nodes.iter().map(String::as_str).collect();
        let (end, mut wait) = (Instant::now() + PATIENCE, LOOKS.0);
        while !open.is_empty() && Instant::now() < end {
            sleep(wait).await;
            wait = (wait * 2).min(LOOKS.1);
            let list = ssm::ListCommandInvocations {
                command_id: Some(command.clone()),
                details: Some(true),
                max_results: Some(50),
                ..Default::default()
            };
            for invocation in self.client.all(list).await? {
                let Some(result) = outcome(&invocation) else { continue };
                let node = invocation.instance_id.unwrap_or_default();
                if open.remove(node.as_str()) {
                    let result = match result {
                        Ok(text) if !text.contains(probe::END) => Ok(self.rest(&command, &node).await?),
                        other => other,
                    };
                    self.send(Page::Sample { node, result }).await;
                }
            }
        }
        for node in open {
            let what = format!("no answer within {} s", PATIENCE.as_secs());
            self.send(Page::Sample { node: node.to_owned(), result: Err(Trouble::new(what, None)) }).await;
        }
        Ok(())
    }

    /// The output of an invocation that the list has cut.
    async fn rest(&self, command: &str, node: &str) -> Result<String, Error> {
        let _turn = self.limit.acquire().await;
        let get = ssm::GetCommandInvocation {
            command_id: command.to_owned(),
            instance_id: node.to_owned(),
            plugin_name: None,
        };
        Ok(self.client.call(get).await?.standard_output_content.unwrap_or_default())
    }
}

/// What a node answered, or why it will not. `None`: it may yet.
fn outcome(invocation: &ssm::CommandInvocation) -> Option<Result<String, Trouble>> {
    use CommandInvocationStatus as Status;
    match invocation.status.as_ref()? {
        Status::Pending | Status::InProgress | Status::Delayed | Status::Cancelling => None,
        Status::Success => {
            let output = invocation.command_plugins.first().and_then(|plugin| plugin.output.clone());
            Some(Ok(output.unwrap_or_default()))
        }
        other => {
            let told = invocation.status_details.as_deref().unwrap_or(other.as_str());
            Some(Err(Trouble::new(format!("the sample ended as {told}"), None)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_ended_is_an_answer() {
        let invocation = |status: CommandInvocationStatus| ssm::CommandInvocation {
            status: Some(status),
            command_plugins: vec![ssm::CommandPlugin { output: Some("#.".to_owned()), ..Default::default() }],
            ..Default::default()
        };
        assert_eq!(outcome(&invocation(CommandInvocationStatus::InProgress)), None);
        assert_eq!(outcome(&invocation(CommandInvocationStatus::Success)), Some(Ok("#.".to_owned())));
        let late = outcome(&invocation(CommandInvocationStatus::TimedOut)).unwrap().unwrap_err();
        assert!(late.what.contains("TimedOut"));
    }
}
