//! `aws:runShellScript`, and what every plugin that runs scripts shares: directories, environment, time limit, exit codes.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Outcome, Plugin, StepContext, input};
use crate::{
    agent::{
        facts::Facts,
        process::{Ending, Running, Script, left_status},
    },
    ssm::document::{
        flow::{AgentStatus, EXIT_KILLED, EXIT_REBOOT},
        parameters::text_of,
    },
};

/// The time limit where the document states none, or one that is out of range.
const DEFAULT_TIMEOUT: u64 = 3600;
const TIMEOUT_RANGE: std::ops::RangeInclusive<u64> = 5..=172_800;

/// The plugin.
pub struct RunShellScript;

impl Plugin for RunShellScript {
    fn name(&self) -> &'static str {
        "aws:runShellScript"
    }

    fn run<'a>(&'a self, step: StepContext<'a>) -> BoxFuture<'a, Outcome> {
        const SHELL: Interpreter = Interpreter {
            file: "_script.sh",
            first_line: "",
            program: |script| vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()],
        };
        Box::pin(SHELL.run(step))
    }
}

/// What runs scripts.
pub struct Interpreter {
    /// The script's name in the step's directory.
    pub file: &'static str,
    /// What stands before the document's own lines.
    pub first_line: &'static str,
    /// The program for a script at a path.
    pub program: fn(&str) -> Vec<String>,
}

impl Interpreter {
    /// Runs a step's script; in schema 1.x there may be several, and the first code that is not zero counts.
    pub async fn run(&self, step: StepContext<'_>) -> Outcome {
        let one = std::slice::from_ref(step.inputs);
        let items = step.inputs.as_array().map_or(one, Vec::as_slice);
        let mut total = Outcome::SUCCESS;
        for (index, inputs) in items.iter().enumerate() {
            let outcome = self.run_one(step, index, inputs).await;
            if total == Outcome::SUCCESS {
                total = outcome;
            }
            if !matches!(outcome.status, AgentStatus::Success | AgentStatus::Failed) {
                break;
            }
        }
        total
    }

    async fn run_one(&self, step: StepContext<'_>, index: usize, inputs: &Value) -> Outcome {
        let directory = step.directory.join(format!("script-{index}"));
        let status = directory.join("status");
        let timeout = time_limit(inputs);
        let running = match step.track.process(index) {
            // An earlier life of the agent has run it to its end.
            None if left_status(&status).is_some_and(|ending| ending != Ending::Unstarted) => None,
            None if step.cancel.is_cancelled() => return Outcome { status: AgentStatus::Cancelled, code: 1 },
            None => match self.start(step, index, inputs, &directory).await {
                Ok(running) => Some(running),
                Err(error) => return step.fail(&format!("failed to run commands: {error}")),
            },
            Some(process) => Some(Running::attach(process, status.clone())),
        };
        let ending = match running {
            Some(running) => running.wait(timeout.saturating_sub(step.elapsed), step.cancel).await,
            None => left_status(&status).unwrap_or(Ending::Lost),
        };
        conclude(step, &ending, timeout)
    }

    async fn start(
        &self,
        step: StepContext<'_>,
        index: usize,
        inputs: &Value,
        directory: &Path,
    ) -> io::Result<Running> {
        crate::agent::dir::create_private(directory)?;
        let path = directory.join(self.file);
        let text = script_text(self.first_line, inputs);
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o700).open(&path)?;
        file.write_all(text.as_bytes())?;
        // Executed while it is open for writing it would be "text file busy".
        drop(file);
        let path = path.to_str().ok_or_else(|| io::Error::other("the data directory's name is not text"))?;
        let gate = Script {
            program: (self.program)(path),
            working_directory: working_directory(step, inputs)?,
            environment: environment(step, inputs),
            stdout: step.stdout(),
            stderr: step.stderr(),
            status: directory.join("status"),
        }
        .spawn()?;
        step.track.record(index, gate.record())?;
        gate.open().await
    }
}

fn conclude(step: StepContext<'_>, ending: &Ending, timeout: Duration) -> Outcome {
    let outcome = |status, code| Outcome { status, code };
    match *ending {
        Ending::Exited(0) => Outcome::SUCCESS,
        Ending::Exited(code) if i64::from(code) == EXIT_REBOOT => outcome(AgentStatus::SuccessAndReboot, EXIT_REBOOT),
        Ending::Exited(code) => {
            step.complain(&format!("failed to run commands: exit status {code}"));
            outcome(AgentStatus::Failed, i64::from(code))
        }
        Ending::TimedOut => {
            step.complain(&format!("the script was killed after its time limit of {} s", timeout.as_secs()));
            outcome(AgentStatus::TimedOut, EXIT_KILLED)
        }
        Ending::Cancelled if step.node.is_stopping() => {
            step.complain("the script was killed because the agent was stopped");
            outcome(AgentStatus::Failed, EXIT_KILLED)
        }
        Ending::Cancelled => outcome(AgentStatus::Cancelled, EXIT_KILLED),
        Ending::Lost => step.fail(
            "the agent was restarted while the script ran, and the script is gone without an exit status: its outcome is unknown. \
             It was not run again",
        ),
        Ending::Unstarted => step.fail("the agent was stopped before the script could start; it did not run"),
    }
}

/// The document's lines, each ended.
fn script_text(first_line: &str, inputs: &Value) -> String {
    let mut text = String::from(first_line);
    match input(inputs, "runCommand") {
        Some(Value::Array(lines)) => lines.iter().for_each(|line| {
            text.push_str(&text_of(line));
            text.push('\n');
        }),
        Some(Value::Null) | None => {}
        Some(single) => {
            text.push_str(&text_of(single));
            text.push('\n');
        }
    }
    text
}

/// `timeoutSeconds`, a number or text; out of range or unreadable means the default, as for AWS's agent.
fn time_limit(inputs: &Value) -> Duration {
    let stated = input(inputs, "timeoutSeconds").and_then(|value| text_of(value).trim().parse::<u64>().ok());
    Duration::from_secs(stated.filter(|seconds| TIMEOUT_RANGE.contains(seconds)).unwrap_or(DEFAULT_TIMEOUT))
}

/// Absolute as given; relative below the downloads, if it is there; else the agent's own.
fn working_directory(step: StepContext<'_>, inputs: &Value) -> io::Result<Option<PathBuf>> {
    let stated = input(inputs, "workingDirectory").map(text_of).unwrap_or_default();
    let stated = stated.trim();
    if Path::new(stated).is_absolute() {
        return match std::fs::metadata(stated) {
            Ok(meta) if meta.is_dir() => Ok(Some(stated.into())),
            Ok(_) => Err(io::Error::other(format!("the working directory {stated} is not a directory"))),
            Err(error) => Err(io::Error::other(format!("the working directory {stated}: {error}"))),
        };
    }
    Ok(Some(step.downloads.join(stated)).filter(|path| path.is_dir()))
}

fn environment(step: StepContext<'_>, inputs: &Value) -> Vec<(String, String)> {
    let facts = Facts::platform();
    let own = [
        ("SSM_COMMAND_ID", step.command_id),
        ("AWS_SSM_INSTANCE_ID", &step.node.instance_id),
        ("AWS_SSM_REGION_NAME", &step.node.api.endpoints().region),
        ("AWS_SSM_PLATFORM_NAME", &facts.0),
        ("AWS_SSM_PLATFORM_VERSION", &facts.1),
    ];
    let mut environment: Vec<(String, String)> =
        own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if let Some(Value::Object(stated)) = input(inputs, "environment") {
        let valid = |name: &str| !name.is_empty() && !name.contains(['=', '\0']);
        environment
            .extend(stated.iter().filter(|(name, _)| valid(name)).map(|(name, value)| (name.clone(), text_of(value))));
    }
    environment.retain(|(_, value)| !value.contains('\0'));
    environment
}

#[cfg(test)]
mod tests;
