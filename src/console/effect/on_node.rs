//! A change on one node: a short script that Run Command runs, so that it stands in the history with its output.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{OnNode, perform::trouble};
use crate::{
    client::{Client, Error},
    console::{
        state::compose::SHELL_SCRIPT,
        update::{Changed, Trouble},
    },
    ssm::{self, CommandInvocationStatus},
};

/// How long the end is waited for.
const PATIENCE: Duration = Duration::from_secs(90);
/// Time between looks at the command, at first and at last.
const LOOKS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));
/// Seconds that the node has to take it: what is done late is done to something else.
const TAKEN_WITHIN: i32 = 30;
const MAY_END: &str = "The command stands in the commands pane; it may still end.";

/// Runs the script and waits for what it says.
pub(super) async fn run(client: &Client, change: OnNode) -> Result<Changed, Trouble> {
    let OnNode { node, what, script } = change;
    let parameters: std::collections::BTreeMap<_, _> = [("commands".to_owned(), vec![script])].into();
    let send = ssm::SendCommand {
        instance_ids: vec![node.clone()],
        document_name: SHELL_SCRIPT.to_owned(),
        comment: Some(crate::console::text::cut(&format!("fleetdeck: {what}"), 100)),
        timeout_seconds: Some(TAKEN_WITHIN),
        parameters: parameters.into(),
        ..Default::default()
    };
    let command = client.call(send).await?.command.and_then(|command| command.command_id);
    let command_id = command.ok_or_else(|| Error::Protocol("SendCommand answered without an id".to_owned()))?;
    let (end, mut wait) = (Instant::now() + PATIENCE, LOOKS.0);
    while Instant::now() < end {
        sleep(wait).await;
        wait = (wait * 2).min(LOOKS.1);
        let get =
            ssm::GetCommandInvocation { command_id: command_id.clone(), instance_id: node.clone(), plugin_name: None };
        let answer = match client.call(get).await {
            Ok(answer) => answer,
            // The service may not know it yet, or not be there for a moment: the change is under way all the same.
            Err(error) if error.code() == Some("InvocationDoesNotExist") || error.is_transient() => continue,
            Err(error) => {
                let what = format!("{what}: sent, but what became of it cannot be read: {error}");
                return Err(Trouble { fault: trouble(&error).fault, ..Trouble::new(what, Some(MAY_END)) });
            }
        };
        match answer.status {
            Some(CommandInvocationStatus::Success) => return Ok(Changed::OnNode { node, what }),
            None
            | Some(
                CommandInvocationStatus::Pending
                | CommandInvocationStatus::InProgress
                | CommandInvocationStatus::Delayed
                | CommandInvocationStatus::Cancelling,
            ) => {}
            Some(status) => {
                let said = answer.standard_error_content.unwrap_or_default();
                let said = said.trim().lines().last().unwrap_or_default().to_owned();
                let said = if said.is_empty() { status.as_str().to_owned() } else { said };
                let advice = "The command stands in the commands pane with all its output.";
                return Err(Trouble::new(format!("{what}: {said}"), Some(advice)));
            }
        }
    }
    Err(Trouble::new(format!("{what}: no answer within {} s", PATIENCE.as_secs()), Some(MAY_END)))
}
