//! Outputs of commands that the list shows only the beginning of: what the service keeps of them, and what a bucket or a log
//! group keeps.

use futures_util::{StreamExt, stream};

use super::{
    perform::AT_ONCE,
    queries::{Asker, LARGEST_OUTPUT},
};
use crate::{
    client::Error,
    console::update::{Page, Whole},
    ssm,
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
    pub(super) async fn wholes(&self, invocations: Vec<(String, String)>) -> Result<(), Error> {
        let ask = |(command, node): (String, String)| async move {
            let _turn = self.limit.acquire().await;
            Ok::<_, Error>(whole(&self.invocation(&command, &node).await?, node))
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

    /// The output of the newest of these commands that ran on a node.
    pub(super) async fn earlier(&self, commands: Vec<String>, node: String) -> Result<(), Error> {
        for command in commands {
            match self.invocation(&command, &node).await {
                Ok(answer) => {
                    let whole = Box::new(whole(&answer, node));
                    self.send(Page::Earlier { command, whole }).await;
                    return Ok(());
                }
                Err(error) if error.code() == Some("InvocationDoesNotExist") => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The whole output of an invocation, from where it is kept.
    pub(super) async fn kept(&self, command: &str, node: String) -> Result<Whole, Error> {
        let answer = self.invocation(command, &node).await?;
        let mut whole = whole(&answer, node);
        (whole.cut, whole.kept) = (None, false);
        let urls = [answer.standard_output_url.as_deref(), answer.standard_error_url.as_deref()];
        let texts = [&mut whole.stdout, &mut whole.stderr];
        for ((stream, limit), (url, text)) in ["stdout", "stderr"].iter().zip(SHOWN).zip(urls.iter().zip(texts)) {
            if !is_cut(text, limit) {
                continue;
            }
            let bytes = match (url.filter(|url| !url.is_empty()), log_group(&answer)) {
                (Some(url), _) => self.client.object(url).await?,
                (None, Some(group)) => {
                    let node = answer.instance_id.as_deref().unwrap_or_default();
                    let step = answer.plugin_name.as_deref().unwrap_or_default().replace(':', "-");
                    self.client.log_stream(group, &format!("{command}/{node}/{step}/{stream}")).await?
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
        Ok(whole)
    }

    async fn invocation(&self, command: &str, node: &str) -> Result<ssm::GetCommandInvocationOutput, Error> {
        let get = ssm::GetCommandInvocation {
            command_id: command.to_owned(),
            instance_id: node.to_owned(),
            plugin_name: None,
        };
        self.client.call(get).await
    }
}

/// What `GetCommandInvocation` shows of an output, and whether more of it is kept.
fn whole(answer: &ssm::GetCommandInvocationOutput, node: String) -> Whole {
    let mut whole = Whole {
        node,
        code: answer.response_code,
        stdout: answer.standard_output_content.clone().unwrap_or_default(),
        stderr: answer.standard_error_content.clone().unwrap_or_default(),
        ..Whole::default()
    };
    let urls = [&answer.standard_output_url, &answer.standard_error_url];
    for ((text, limit), url) in [&whole.stdout, &whole.stderr].into_iter().zip(SHOWN).zip(urls) {
        if is_cut(text, limit) {
            whole.kept |= url.as_ref().is_some_and(|url| !url.is_empty()) || log_group(answer).is_some();
            whole.cut = Some(match whole.kept {
                true => "cut by the service".to_owned(),
                false => CUT.to_owned(),
            });
        }
    }
    whole
}

fn is_cut(text: &str, limit: usize) -> bool {
    text.contains("---Output truncated---") || text.contains("---Error truncated") || text.chars().count() >= limit
}

/// The log group an invocation wrote into.
fn log_group(answer: &ssm::GetCommandInvocationOutput) -> Option<&str> {
    let config = answer.cloud_watch_output_config.as_ref()?;
    let group = config.cloud_watch_log_group_name.as_deref().filter(|group| !group.is_empty());
    group.filter(|_| config.cloud_watch_output_enabled == Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_says_whether_more_is_kept() {
        let answer = |length: usize, url: &str| ssm::GetCommandInvocationOutput {
            standard_output_content: Some("x".repeat(length)),
            standard_output_url: Some(url.to_owned()),
            ..Default::default()
        };
        let of = |length, url| {
            let whole = whole(&answer(length, url), "mi-1".to_owned());
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
        assert!(whole(&logged, String::new()).kept);
    }
}
