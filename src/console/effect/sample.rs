//! The vitals of many nodes: one command for each fifty of them, read as the nodes answer.

use std::{collections::HashSet, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::time::{Instant, sleep};

use super::{
    perform::{AT_ONCE, trouble},
    queries::Asker,
};
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
    ///
    /// # Errors
    /// When no node at all could be asked.
    pub(super) async fn samples(&self, nodes: Vec<String>) -> Result<(), Error> {
        let sample = |batch: Vec<String>| async move { self.sample(&batch).await };
        let batches: Vec<_> = nodes.chunks(MOST_IDS).map(<[String]>::to_vec).collect();
        let asked: Vec<_> = stream::iter(batches).map(sample).buffer_unordered(AT_ONCE).collect().await;
        match asked.into_iter().reduce(Result::or) {
            Some(Err(error)) => Err(error),
            Some(Ok(())) | None => Ok(()),
        }
    }

    /// Asks the nodes of one batch. The service refuses a command as a whole for one node that it does not know: then
    /// it is asked for each half.
    async fn sample(&self, nodes: &[String]) -> Result<(), Error> {
        let (mut commands, mut batches) = (Vec::new(), vec![nodes]);
        let mut refused = None;
        while let Some(batch) = batches.pop() {
            match self.command(batch).await {
                Ok(command) => commands.push((command, batch)),
                Err(error) if batch.len() > 1 && error.code() == Some("InvalidInstanceId") => {
                    let (one, other) = batch.split_at(batch.len() / 2);
                    batches.extend([other, one]);
                }
                Err(error) => {
                    self.failed(batch.iter().map(String::as_str), &trouble(&error)).await;
                    refused = Some(error);
                }
            }
        }
        let any = !commands.is_empty();
        let following = commands.into_iter().map(|(command, batch)| self.follow(command, batch));
        futures_util::future::join_all(following).await;
        match refused {
            Some(error) if !any => Err(error),
            _ => Ok(()),
        }
    }

    /// Lets these nodes run the script; the command's id.
    async fn command(&self, nodes: &[String]) -> Result<String, Error> {
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
        command.ok_or_else(|| Error::Protocol("SendCommand answered without an id".to_owned()))
    }

    /// Tells the answers of a command's nodes as they come.
    async fn follow(&self, command: String, nodes: &[String]) {
        let mut open: HashSet<&str> = nodes.iter().map(String::as_str).collect();
        let (end, mut wait) = (Instant::now() + PATIENCE, LOOKS.0);
        let mut why = Trouble::new(format!("no answer within {} s", PATIENCE.as_secs()), None);
        while !open.is_empty() && Instant::now() < end {
            sleep(wait).await;
            wait = (wait * 2).min(LOOKS.1);
            let list = ssm::ListCommandInvocations {
                command_id: Some(command.clone()),
                details: Some(true),
                max_results: Some(50),
                ..Default::default()
            };
            let invocations = match self.client.all(list).await {
                Ok(invocations) => invocations,
                Err(error) if error.is_transient() => continue,
                Err(error) => {
                    why = error.into();
                    break;
                }
            };
            for invocation in invocations {
                let Some(result) = outcome(&invocation) else { continue };
                let node = invocation.instance_id.unwrap_or_default();
                if open.remove(node.as_str()) {
                    let result = match result {
                        Ok(text) if !text.contains(probe::END) => {
                            self.rest(&command, &node).await.map_err(|error| error.into())
                        }
                        other => other,
                    };
                    self.send(Page::Sample { node, result }).await;
                }
            }
        }
        self.failed(open.into_iter(), &why).await;
    }

    async fn failed(&self, nodes: impl Iterator<Item = &str>, trouble: &Trouble) {
        for node in nodes {
            self.send(Page::Sample { node: node.to_owned(), result: Err(trouble.clone()) }).await;
        }
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

    /// Knows fifty nodes but for one, and answers for all others.
    #[tokio::test]
    async fn a_node_that_the_service_does_not_know_takes_no_other_with_it() {
        use axum::{Router, http::StatusCode, routing::post};
        use serde_json::{Value, json};
        let answer = async |headers: axum::http::HeaderMap, body: String| {
            let body: Value = serde_json::from_str(&body).unwrap();
            if headers["x-amz-target"].to_str().unwrap().ends_with("SendCommand") {
                let nodes: Vec<_> = body["InstanceIds"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                return match nodes.contains(&"mi-17") {
                    true => (StatusCode::BAD_REQUEST, json!({ "__type": "InvalidInstanceId" }).to_string()),
                    false => (StatusCode::OK, json!({ "Command": { "CommandId": nodes.join(" ") } }).to_string()),
                };
            }
            let invocation =
                |node: &str| json!({ "InstanceId": node, "Status": "Success", "CommandPlugins": [{ "Output": "#." }] });
            let list: Vec<_> = body["CommandId"].as_str().unwrap().split(' ').map(invocation).collect();
            (StatusCode::OK, json!({ "CommandInvocations": list }).to_string())
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answer))).await });
        let settings = crate::client::Settings::with_keys(&url, "us-east-1", "AKIDEXAMPLE", "secret");
        let client = crate::client::Client::connect(settings).await.unwrap();
        let (updates, mut told) = tokio::sync::mpsc::channel(100);
        let limit = std::sync::Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
        let source = Some(crate::console::effect::Source::Samples);
        let asker = Asker { client, epoch: Default::default(), source, updates, limit };
        asker.samples((0..50).map(|n| format!("mi-{n}")).collect()).await.unwrap();
        drop(asker);
        let (mut well, mut ill) = (0, Vec::new());
        while let Some(crate::console::update::Update::Page { page: Page::Sample { node, result }, .. }) =
            told.recv().await
        {
            match result {
                Ok(_) => well += 1,
                Err(trouble) => ill.push((node, trouble.what)),
            }
        }
        assert_eq!((well, ill.len()), (49, 1), "{ill:?}");
        assert!(ill[0].0 == "mi-17" && ill[0].1.contains("InvalidInstanceId"), "{ill:?}");
    }

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
