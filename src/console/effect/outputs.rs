//! Outputs of commands that the list shows only the beginning of: what the service keeps of them, and what a bucket or a log
//! group keeps.

use futures_util::{StreamExt, stream};

use super::{
    Ran,
    perform::AT_ONCE,
    queries::{Asker, LARGEST_OUTPUT},
};
use crate::{
    client::Error,
    console::update::{Page, Said, Whole},
    ssm::{
        self,
        logs::{command_group, command_stream},
    },
};

/// Characters of standard output and of standard error that `GetCommandInvocation` shows.
const SHOWN: [usize; 2] = [24_000, 8_000];
/// What is said of an output of which nobody has more.
const CUT: &str = "cut by the service; run with an output bucket to keep everything";

impl Asker {
    /// The outputs of invocations, as much as the service shows. One that cannot be had takes no other with it.
    ///
    /// # Errors
    /// The first one, when all that can be had is told.
    pub(super) async fn wholes(&self, invocations: Vec<Ran>) -> Result<(), Error> {
        let ask = |ran: Ran| async move {
            let _turn = self.limit.acquire().await;
            self.whole(&ran).await
        };
        let mut answers = stream::iter(invocations).map(ask).buffer_unordered(AT_ONCE);
        let mut failed = None;
        while let Some(whole) = answers.next().await {
            match whole {
                Ok(whole) => self.send(Page::Whole(Box::new(whole))).await,
                // The others would fail with it.
                Err(error) if error.is_of_credentials() => return Err(error),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// The output of the newest of these commands that ran on a node and is still kept.
    pub(super) async fn earlier(&self, commands: Vec<String>, node: String) -> Result<(), Error> {
        let mut forgotten = false;
        for command in commands {
            let invocation = match self.invocation(&command, &node).await {
                Err(error) if is_forgotten(&error) => {
                    forgotten = true;
                    continue;
                }
                invocation => invocation?,
            };
            let Some(invocation) = invocation else { continue };
            let ran = Ran { command: command.clone(), node: node.clone(), steps: step_names(&invocation) };
            match self.whole(&ran).await {
                Err(error) if is_forgotten(&error) => forgotten = true,
                whole => {
                    self.send(Page::Earlier { command, whole: Box::new(whole?) }).await;
                    return Ok(());
                }
            }
        }
        if forgotten {
            self.send(Page::Forgotten { node }).await;
        }
        Ok(())
    }

    /// What a command came to on a node, with its steps, if it was sent there.
    ///
    /// # Errors
    /// Those of `ListCommandInvocations`.
    pub(super) async fn invocation(&self, command: &str, node: &str) -> Result<Option<ssm::CommandInvocation>, Error> {
        let list = ssm::ListCommandInvocations {
            command_id: Some(command.to_owned()),
            instance_id: Some(node.to_owned()),
            details: Some(true),
            ..Default::default()
        };
        Ok(self.client.call(list).await?.command_invocations.into_iter().next())
    }

    /// What the service shows of an output.
    async fn whole(&self, ran: &Ran) -> Result<Whole, Error> {
        let mut whole = Whole { node: ran.node.clone(), ..Whole::default() };
        for step in named(ran) {
            take(&mut whole, &self.step(ran, step).await?, step);
        }
        Ok(whole)
    }

    /// The whole output of an invocation, from where it is kept.
    pub(super) async fn kept(&self, ran: Ran) -> Result<Whole, Error> {
        let mut whole = Whole { node: ran.node.clone(), ..Whole::default() };
        for step in named(&ran) {
            let answer = self.step(&ran, step).await?;
            let mut said = said(&answer, step);
            let urls = [answer.standard_output_url.as_deref(), answer.standard_error_url.as_deref()];
            let texts = [&mut said.stdout, &mut said.stderr];
            for ((stream, limit), (url, text)) in ["stdout", "stderr"].iter().zip(SHOWN).zip(urls.iter().zip(texts)) {
                if !is_cut(text, limit) {
                    continue;
                }
                let bytes = match (url.filter(|url| !url.is_empty()), log_group(&answer)) {
                    (Some(url), _) => self.client.object(url).await?,
                    (None, Some(group)) => {
                        let step = answer.plugin_name.as_deref().unwrap_or_default();
                        self.client.log_stream(&group, &command_stream(&ran.command, &ran.node, step, stream)).await?
                    }
                    (None, None) => {
                        whole.cut.get_or_insert_with(|| CUT.to_owned());
                        continue;
                    }
                };
                let kept = bytes.get(..LARGEST_OUTPUT).unwrap_or(&bytes);
                if kept.len() < bytes.len() {
                    let megabytes = bytes.len() / (1024 * 1024);
                    whole.cut = Some(format!("{megabytes} MB; the first 16 MB are shown"));
                }
                *text = String::from_utf8_lossy(kept).into_owned();
            }
            whole.steps.push(said);
        }
        Ok(whole)
    }

    async fn step(&self, ran: &Ran, step: Option<&String>) -> Result<ssm::GetCommandInvocationOutput, Error> {
        let get = ssm::GetCommandInvocation {
            command_id: ran.command.clone(),
            instance_id: ran.node.clone(),
            plugin_name: step.cloned(),
        };
        self.client.call(get).await
    }
}

/// Whether the service does not keep a command, or what it did on a node, any more.
fn is_forgotten(error: &Error) -> bool {
    matches!(error.code(), Some("InvalidCommandId" | "InvocationDoesNotExist"))
}

/// The steps to ask about: one that need not be named, or all by name.
fn named(ran: &Ran) -> Vec<Option<&String>> {
    if ran.steps.is_empty() { vec![None] } else { ran.steps.iter().map(Some).collect() }
}

/// The steps of an invocation, where there are several.
fn step_names(invocation: &ssm::CommandInvocation) -> Vec<String> {
    let steps = &invocation.command_plugins;
    let named = steps.iter().filter_map(|step| step.name.clone());
    if steps.len() > 1 { named.collect() } else { Vec::new() }
}

/// What `GetCommandInvocation` shows of a step.
fn said(answer: &ssm::GetCommandInvocationOutput, step: Option<&String>) -> Said {
    Said {
        step: step.cloned(),
        status: answer.status.clone(),
        details: answer.status_details.clone().unwrap_or_default(),
        code: answer.response_code,
        stdout: answer.standard_output_content.clone().unwrap_or_default(),
        stderr: answer.standard_error_content.clone().unwrap_or_default(),
    }
}

/// Adds what `GetCommandInvocation` shows of a step, and whether more of it is kept.
fn take(whole: &mut Whole, answer: &ssm::GetCommandInvocationOutput, step: Option<&String>) {
    let said = said(answer, step);
    let urls = [&answer.standard_output_url, &answer.standard_error_url];
    for ((text, limit), url) in [&said.stdout, &said.stderr].into_iter().zip(SHOWN).zip(urls) {
        if is_cut(text, limit) {
            whole.kept |= url.as_ref().is_some_and(|url| !url.is_empty()) || log_group(answer).is_some();
            whole.cut = Some(match whole.kept {
                true => "cut by the service".to_owned(),
                false => CUT.to_owned(),
            });
        }
    }
    whole.steps.push(said);
}

fn is_cut(text: &str, limit: usize) -> bool {
    text.contains("---Output truncated---") || text.contains("---Error truncated") || text.chars().count() >= limit
}

/// The log group an invocation wrote into.
fn log_group(answer: &ssm::GetCommandInvocationOutput) -> Option<String> {
    let config = answer.cloud_watch_output_config.as_ref()?;
    let named = config.cloud_watch_log_group_name.as_deref().unwrap_or_default();
    let document = answer.document_name.as_deref().unwrap_or_default();
    (config.cloud_watch_output_enabled == Some(true)).then(|| command_group(named, document))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a service that has forgotten the commands whose ids say so: all of `gone`, and what `half` gave.
    #[tokio::test]
    async fn an_earlier_run_that_is_forgotten_gives_way_to_one_that_is_kept_or_is_said_to_be() {
        use axum::{Router, http::StatusCode, routing::post};
        use serde_json::{Value, json};
        let answer = async |headers: axum::http::HeaderMap, body: String| {
            let id = serde_json::from_str::<Value>(&body).unwrap()["CommandId"].as_str().unwrap().to_owned();
            let lists = headers["x-amz-target"].to_str().unwrap().ends_with("ListCommandInvocations");
            let error = |code: &str| (StatusCode::BAD_REQUEST, json!({ "__type": code }).to_string());
            match (id.as_str(), lists) {
                ("gone", _) => error("InvalidCommandId"),
                ("half", false) => error("InvocationDoesNotExist"),
                (_, true) => (StatusCode::OK, json!({ "CommandInvocations": [{ "InstanceId": "mi-1" }] }).to_string()),
                _ => (StatusCode::OK, json!({ "StandardOutputContent": "up" }).to_string()),
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answer))).await });
        let settings = crate::client::Settings::with_keys(&url, "us-east-1", "AKIDEXAMPLE", "secret");
        let client = crate::client::Client::connect(settings).await.unwrap();
        for (commands, expected) in [(&["gone", "half", "kept"] as &[_], Some("kept")), (&["half", "gone"], None)] {
            let (updates, mut told) = tokio::sync::mpsc::channel(10);
            let limit = std::sync::Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
            let source = Some(crate::console::effect::Source::Earlier);
            let asker = Asker { client: client.clone(), epoch: Default::default(), source, updates, limit };
            let commands = commands.iter().map(|id| (*id).to_owned()).collect();
            asker.earlier(commands, "mi-1".to_owned()).await.unwrap();
            drop(asker);
            let found = match told.recv().await {
                Some(crate::console::update::Update::Page { page: Page::Earlier { command, .. }, .. }) => Some(command),
                Some(crate::console::update::Update::Page { page: Page::Forgotten { node }, .. }) if node == "mi-1" => {
                    None
                }
                other => panic!("{other:?}"),
            };
            assert_eq!(found.as_deref(), expected);
            assert!(told.recv().await.is_none());
        }
    }

    #[test]
    fn what_was_cut_says_whether_more_is_kept() {
        let answer = |length: usize, url: &str| ssm::GetCommandInvocationOutput {
            standard_output_content: Some("x".repeat(length)),
            standard_output_url: Some(url.to_owned()),
            ..Default::default()
        };
        let of = |length, url| {
            let mut whole = Whole::default();
            take(&mut whole, &answer(length, url), None);
            (whole.cut.is_some(), whole.kept)
        };
        assert_eq!(of(23_999, "https://s3/x"), (false, false));
        assert_eq!(of(24_000, "https://s3/x"), (true, true));
        assert_eq!(of(24_000, ""), (true, false));
        let mut logged = answer(24_000, "");
        logged.cloud_watch_output_config = Some(ssm::CloudWatchOutputConfig {
            cloud_watch_log_group_name: Some("/commands".to_owned()),
            cloud_watch_output_enabled: Some(true),
        });
        let mut whole = Whole::default();
        take(&mut whole, &logged, None);
        assert!(whole.kept);
    }
}
