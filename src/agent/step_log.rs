//! The output of a step on its way into a log group while the step runs, where a command was sent with
//! `CloudWatchOutputConfig`. As with AWS's agent each of its streams is a log stream,
//! `COMMAND/NODE/STEP/stdout` and `…/stderr`; one that says nothing has none.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    pin::pin,
    time::Duration,
};

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Node,
    logs::{Stream, lines, whole_lines},
    plugin::{STDERR, STDOUT},
};
use crate::{
    ssm::logs::{InputLogEvent, command_group, command_stream},
    wire::messages::CommandJob,
};

/// How often it is looked for more.
const PACE: Duration = Duration::from_secs(1);
/// How much of an output is read at a time.
const READ: usize = 256 * 1024;
/// How long the end of an output is waited for before the end of its step is told.
const LAST: Duration = Duration::from_secs(15);

/// Where the output of a step goes.
pub struct StepLog {
    group: String,
    command: String,
    node: String,
    step: String,
    directory: PathBuf,
}

impl StepLog {
    /// Of a step of a command, if its output is wanted.
    pub fn of(command: &CommandJob, ids: (&str, &str), step: &str, directory: &Path) -> Option<Self> {
        if !command.cloud_watch_output_enabled.trim().eq_ignore_ascii_case("true") {
            return None;
        }
        let group = command_group(&command.cloud_watch_log_group_name, &command.document_name);
        let (command, node) = ids;
        Some(Self {
            group,
            command: command.to_owned(),
            node: node.to_owned(),
            step: step.to_owned(),
            directory: directory.to_owned(),
        })
    }

    /// Runs a step and delivers what it says meanwhile. A log group that takes nothing is no reason for a step to fail.
    pub async fn beside<T>(&self, node: &Node, step: impl Future<Output = T>) -> T {
        let done = CancellationToken::new();
        let mut delivery = pin!(async { tokio::join!(self.all(node, STDOUT, &done), self.all(node, STDERR, &done)) });
        let mut step = pin!(step);
        let mut is_delivered = false;
        let outcome = loop {
            tokio::select! {
                outcome = &mut step => break outcome,
                _ = &mut delivery, if !is_delivered => is_delivered = true,
            }
        };
        done.cancel();
        if !is_delivered && timeout(LAST, delivery).await.is_err() {
            tracing::warn!("the end of an output of command {} did not reach {} in time", self.command, self.group);
        }
        outcome
    }

    async fn all(&self, node: &Node, output: &str, done: &CancellationToken) {
        if let Err(error) = self.deliver(node, output, done).await {
            tracing::warn!("the {output} of command {} is not written to {}: {error}", self.command, self.group);
        }
    }

    async fn deliver(&self, node: &Node, output: &str, done: &CancellationToken) -> Result<(), String> {
        let name = command_stream(&self.command, &self.node, &self.step, output);
        let stream = Stream { group: &self.group, name: &name };
        let mut place = Place::find(&self.directory, output);
        let mut is_there = false;
        loop {
            // Asked before reading: what comes afterwards is the next round's.
            let last = done.is_cancelled();
            loop {
                let bytes = place.read(last).map_err(|error| error.to_string())?;
                if bytes.is_empty() {
                    break;
                }
                if !is_there {
                    stream.prepare(node).await.map_err(|error| error.to_string())?;
                    is_there = true;
                }
                let timestamp = node.clock.now().as_millis();
                let events = lines(&bytes).into_iter().map(|message| InputLogEvent { timestamp, message }).collect();
                stream.put(node, events).await.map_err(|error| error.to_string())?;
                place.went(bytes.len());
            }
            if last {
                return Ok(());
            }
            tokio::select! {
                () = sleep(PACE) => {}
                () = done.cancelled() => {}
            }
        }
    }
}

/// How far an output has been delivered, kept beside it: a later life of the agent goes on from there.
struct Place {
    output: PathBuf,
    kept: PathBuf,
    position: u64,
}

impl Place {
    fn find(directory: &Path, output: &str) -> Self {
        let kept = directory.join(format!("{output}.logged"));
        let position = std::fs::read_to_string(&kept).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        Self { output: directory.join(output), kept, position }
    }

    /// The next whole lines; none if there are none so far.
    fn read(&self, last: bool) -> io::Result<Vec<u8>> {
        let mut file = match File::open(&self.output) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file?,
        };
        file.seek(SeekFrom::Start(self.position))?;
        let mut bytes = Vec::new();
        file.take(READ as u64).read_to_end(&mut bytes)?;
        Ok(whole_lines(bytes, READ, last))
    }

    /// So many bytes more have been delivered. Where that cannot be kept, they may be delivered once more.
    fn went(&mut self, bytes: usize) {
        self.position += bytes as u64;
        if let Err(error) = std::fs::write(&self.kept, self.position.to_string()) {
            tracing::debug!("how far an output was delivered is not kept: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_delivered_from_where_an_earlier_life_stopped() {
        let home = tempfile::tempdir().unwrap();
        let mut place = Place::find(home.path(), STDOUT);
        assert!(place.read(true).unwrap().is_empty(), "nothing is there yet");
        std::fs::write(home.path().join(STDOUT), "one\ntwo\nthr").unwrap();
        let bytes = place.read(false).unwrap();
        assert_eq!(bytes, b"one\ntwo\n");
        place.went(bytes.len());
        let later = Place::find(home.path(), STDOUT);
        assert!(later.read(false).unwrap().is_empty(), "the line goes on");
        assert_eq!(later.read(true).unwrap(), b"thr");
    }

    #[test]
    fn a_group_without_a_name_is_that_of_the_document() {
        let job = |group: &str, enabled: &str| CommandJob {
            document_name: "arn:aws:ssm:us-east-1:1:document/a b".to_owned(),
            cloud_watch_log_group_name: group.to_owned(),
            cloud_watch_output_enabled: enabled.to_owned(),
            ..CommandJob::default()
        };
        let group = |group: &str, enabled: &str| {
            StepLog::of(&job(group, enabled), ("c", "mi-1"), "s", Path::new("/")).map(|log| log.group)
        };
        assert_eq!(group("", "true").unwrap(), "/aws/ssm/arn.aws.ssm.us-east-1.1.document/a.b");
        assert_eq!(group("/commands", "true").unwrap(), "/commands");
        assert_eq!(group("/commands", "false"), None);
    }
}
