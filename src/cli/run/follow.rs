//! Waiting for a command's end, and showing meanwhile how far it is and who is waited for.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::waiting::{self, Waiting};
use crate::{
    cli::{
        nodes::{describe, filters},
        talk::{self, Progress},
    },
    client::{self, Client, word::quoted},
    console::text,
    ssm::{
        CancelCommand, Command, CommandInvocation, CommandInvocationStatus, CommandStatus, ListCommandInvocations,
        ListCommands, Timestamp,
    },
};

/// Between two looks: short at first, since many commands are, later at the pace of a person.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The most that `ListCommandInvocations` answers in one page.
const PAGE: i32 = 50;

/// A command that reached its end.
#[derive(Debug)]
pub(super) struct Ended {
    /// As `ListCommands` has it.
    pub(super) command: Command,
    /// As `ListCommandInvocations` has them, with details.
    pub(super) invocations: Vec<CommandInvocation>,
}

/// Waits for the end, and says who is waited for if that lasts. The first Ctrl-C cancels the command, the second leaves it: then
/// the answer is `None`.
pub(super) async fn follow(client: &Client, sent: &Command) -> anyhow::Result<Option<Ended>> {
    let id = sent.command_id.as_deref().context("the service accepted the command and did not say its id")?;
    let mut progress = Progress::new();
    let mut pause = FIRST_PAUSE;
    let mut waiting = Waiting::new(Instant::now());
    let mut cancelled = false;
    loop {
        let look = async {
            tokio::time::sleep(pause).await;
            look(client, id, &mut progress, &mut waiting).await
        };
        tokio::select! {
            ended = look => match ended? {
                Some(ended) => return Ok(Some(ended)),
                None => pause = (pause * 3 / 2).min(LONGEST_PAUSE),
            },
            signal = tokio::signal::ctrl_c() => {
                signal.context("cannot listen for Ctrl-C")?;
                progress.clear();
                if cancelled {
                    return Ok(left(client, id, true));
                }
                cancelled = true;
                talk::say(&format!(
                    "Cancelling command {id}: what runs is stopped, what waits is dropped. Ctrl-C again leaves it to itself."
                ));
                let cancel = client.call(CancelCommand { command_id: id.to_owned(), ..Default::default() });
                tokio::select! {
                    answer = cancel => {
                        answer.with_context(|| format!("command {id} was not cancelled and goes on"))?;
                    }
                    signal = tokio::signal::ctrl_c() => {
                        signal.context("cannot listen for Ctrl-C")?;
                        return Ok(left(client, id, false));
                    }
                }
            }
        }
    }
}

/// Nobody follows any more; says what that means.
fn left(client: &Client, id: &str, is_cancelled: bool) -> Option<Ended> {
    let goes_on = match is_cancelled {
        true => "is being cancelled; a node that is away hears of that when it is back",
        false => "may not be cancelled and then goes on: nodes that have begun end what they do, others begin",
    };
    talk::say(&format!(
        "Left command {id}, which {goes_on}.\n\
         `{}` or the console's commands show what becomes of it.",
        aws_line(client, id)
    ));
    None
}

/// The line by which the AWS CLI asks the same service in the same name what becomes of a command.
fn aws_line(client: &Client, id: &str) -> String {
    let mut words = vec!["aws ssm list-command-invocations --command-id".to_owned(), quoted(id)];
    let mut say = |option: &str, value: Option<&str>| {
        words.extend(value.map(|value| format!("{option} {}", quoted(value))));
    };
    say("--profile", client.profile());
    say("--region", Some(client.region()));
    say("--endpoint-url", (!client.is_aws()).then(|| client.endpoint()));
    // What the CLI has no option for.
    if let Some(file) = &client.settings().credentials_file {
        words.insert(0, format!("AWS_SHARED_CREDENTIALS_FILE={}", quoted(&file.to_string_lossy())));
    }
    words.join(" ")
}

/// The command, if it has ended with all that belongs to it.
async fn look(
    client: &Client,
    id: &str,
    progress: &mut Progress,
    waiting: &mut Waiting,
) -> Result<Option<Ended>, client::Error> {
    let request = ListCommands { command_id: Some(id.to_owned()), ..Default::default() };
    let Some(command) = client.call(request).await?.commands.into_iter().next() else { return Ok(None) };
    progress.show(&how_far(&command));
    if !command.status.as_ref().is_some_and(has_ended) {
        if waiting.is_due(Instant::now()) {
            tell_who(client, &command, progress, waiting).await?;
        }
        return Ok(None);
    }
    let request = ListCommandInvocations {
        command_id: Some(id.to_owned()),
        details: Some(true),
        max_results: Some(PAGE),
        ..Default::default()
    };
    let invocations = client.all(request).await?;
    let whole = invocations.iter().all(|invocation| invocation.status.as_ref().is_some_and(has_ended_at));
    Ok(whole.then_some(Ended { command, invocations }))
}

/// Says who is waited for, if those are others than last time.
async fn tell_who(
    client: &Client,
    command: &Command,
    progress: &mut Progress,
    waiting: &mut Waiting,
) -> Result<(), client::Error> {
    let command_id = command.command_id.clone();
    let invocations =
        client.all(ListCommandInvocations { command_id, max_results: Some(PAGE), ..Default::default() }).await?;
    let open = waiting::open(&invocations);
    // Whether they are there is worth knowing, and not worth an end if it may not be asked.
    let nodes = match waiting::named(&open).join(",") {
        nobody if nobody.is_empty() => Vec::new(),
        ids => client.all(describe(filters([("InstanceIds".to_owned(), ids)]))).await.unwrap_or_default(),
    };
    if !waiting.is_news(&open, &nodes, Instant::now()) {
        return Ok(());
    }
    progress.clear();
    talk::say(&waiting::words(command, &open, &nodes, Timestamp::now()));
    Ok(())
}

fn has_ended(status: &CommandStatus) -> bool {
    !matches!(status, CommandStatus::Pending | CommandStatus::InProgress | CommandStatus::Cancelling)
}

/// Whether it has ended on a node.
pub(super) fn has_ended_at(status: &CommandInvocationStatus) -> bool {
    use CommandInvocationStatus::{Cancelling, Delayed, InProgress, Pending};
    !matches!(status, Pending | InProgress | Delayed | Cancelling)
}

fn how_far(command: &Command) -> String {
    let number = |count: Option<i32>| count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    let (all, done, failed) =
        (number(command.target_count), number(command.completed_count), number(command.error_count));
    let mut line = format!("{} · {} of {} done", status(command), text::thousands(done), text::count(all, "node"));
    if failed > 0 {
        line.push_str(&format!(" · {} failed", text::thousands(failed)));
    }
    line
}

fn status(command: &Command) -> &str {
    command.status_details.as_deref().or(command.status.as_ref().map(CommandStatus::as_str)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_line_for_the_cli_leads_to_the_same_service_in_the_same_name() {
        let settings = client::Settings::with_keys("http://127.0.0.1:7700", "eu-west-1", "AKIDEXAMPLE", "secret");
        let own = Client::connect(settings.clone()).await.unwrap();
        let plain = "aws ssm list-command-invocations --command-id c-1";
        assert_eq!(aws_line(&own, "c-1"), format!("{plain} --region eu-west-1 --endpoint-url http://127.0.0.1:7700"));
        let (profile, credentials_file) = (Some("my prod".to_owned()), Some("/data/fleet/credentials".into()));
        let named = client::Settings { profile, credentials_file, keys: None, ..settings };
        assert_eq!(
            aws_line(&Client::connect(named).await.unwrap(), "c-1"),
            format!(
                "AWS_SHARED_CREDENTIALS_FILE=/data/fleet/credentials {plain} --profile 'my prod' --region eu-west-1 \
                 --endpoint-url http://127.0.0.1:7700"
            )
        );
    }

    #[test]
    fn progress_names_what_counts() {
        let command = Command {
            status: Some(CommandStatus::InProgress),
            target_count: Some(1200),
            completed_count: Some(7),
            error_count: Some(1),
            ..Default::default()
        };
        assert_eq!(how_far(&command), "InProgress · 7 of 1,200 nodes done · 1 failed");
        assert!(!has_ended(&CommandStatus::Cancelling) && has_ended(&CommandStatus::TimedOut));
        assert!(!has_ended_at(&CommandInvocationStatus::Delayed));
    }
}
