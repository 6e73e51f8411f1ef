//! One command from its job to its final reply: the document's steps in order, each written down before and after.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    Node,
    journal::{CurrentStep, Entry, Job, Phase, Progress, boot_id},
    outbox::Outbox,
    plugin::{self, Outcome, STDERR, STDOUT, StepContext, Track, unwritable},
    references::References,
    report::{self, StepReport, step_without_output},
    step_log::StepLog,
};
use crate::{
    ssm::document::{
        Body, Document, Step,
        flow::{AgentStatus, FlowControl, conclude, document_status, runs_after_exit},
        parameters,
        precondition::{self, Verdict},
    },
    wire::messages::{CommandJob, StepStatus, TOPIC_SEND_COMMAND},
};

/// How often a step may ask for a restart of the machine.
const REBOOTS: u32 = 15;

/// A job that was understood.
pub struct Understood {
    command: CommandJob,
    document: Document,
    values: BTreeMap<String, Value>,
}

impl Understood {
    /// Reads a job's content. The error is a sentence.
    pub fn read(content: &str) -> Result<Self, String> {
        let command: CommandJob =
            serde_json::from_str(content).map_err(|error| format!("the job cannot be read: {error}"))?;
        let document = Document::from_value(command.document_content.clone()).map_err(|error| error.to_string())?;
        if !matches!(document.body, Body::Steps(_)) {
            return Err("a session document cannot be run as a command".to_owned());
        }
        let values = parameters::resolve(&document.parameters, &command.parameters)?;
        Ok(Self { command, document, values })
    }
}

/// Runs one command.
pub struct CommandRun {
    /// The node.
    pub node: Arc<Node>,
    /// Where replies go.
    pub outbox: Arc<Outbox>,
    /// The job.
    pub job: Job,
    /// Journal and progress.
    pub track: Track,
    /// Cancels it.
    pub cancel: CancellationToken,
}

/// Why a document stops before its end.
enum Stop {
    /// A step has asked for a restart of the machine.
    Reboot,
    /// The command fails as a whole.
    Failed(String),
}

impl CommandRun {
    /// For a command in the journal.
    pub fn new(node: Arc<Node>, outbox: Arc<Outbox>, entry: Entry, job: Job, progress: Progress) -> Self {
        let cancel = CancellationToken::new();
        if progress.cancelled {
            cancel.cancel();
        }
        Self { node, outbox, job, track: Track::new(entry, progress), cancel }
    }

    /// Runs what is left of it. Everything it has to tell goes to the outbox.
    pub async fn run(&self) {
        let understood = match Understood::read(&self.job.content) {
            Ok(understood) => understood,
            Err(sentence) => return self.finish(AgentStatus::Failed, &sentence, None),
        };
        if let Err(sentence) = self.check_boot() {
            return self.fail(&understood, &sentence);
        }
        self.save(|progress| progress.phase = Phase::Running);
        self.outbox.passing_reply(self.reply(AgentStatus::InProgress, "", None));
        match self.steps(&understood).await {
            Ok(()) => self.finish_by_steps(""),
            Err(Stop::Failed(sentence)) => self.fail(&understood, &sentence),
            Err(Stop::Reboot) => self.await_reboot(),
        }
    }

    /// Ends the command at the step it has come to. The sentence stands in that step's error, where people look for it.
    fn fail(&self, job: &Understood, sentence: &str) {
        let reached = self.track.progress().done.len();
        if let Some(step) = job.document.steps().get(reached) {
            let now = self.node.clock.now();
            let status = step_without_output(&step.action, &step.name, AgentStatus::Failed, 1, sentence, now);
            self.done(step, status, true);
        }
        self.finish_by_steps(sentence);
    }

    fn finish_by_steps(&self, trace: &str) {
        let done = self.track.progress().done.clone();
        let status = document_status(&statuses(&done));
        // As AWS's agent does: only a document of one step repeats it.
        let steps = if done.len() == 1 { done.into_iter().collect() } else { BTreeMap::new() };
        self.finish(status, trace, Some(steps));
    }

    /// A job of an earlier boot may have run without a trace: the journal's later entries are only as durable as the process.
    fn check_boot(&self) -> Result<(), String> {
        let now = boot_id();
        let phase = self.track.progress().phase.clone();
        match phase {
            Phase::AwaitingReboot { boot_id } if boot_id != now => {
                self.save(|progress| {
                    progress.boot_id = now;
                    progress.phase = Phase::Running;
                    if let Some(current) = &mut progress.current {
                        current.process = None;
                        current.started = self.node.clock.now();
                    }
                });
                if let Ok(index) = self.current_index() {
                    // The step runs again from the top: its output goes on, its exit status does not.
                    let _ = self.track.entry().forget_statuses(index);
                }
                Ok(())
            }
            _ => {
                let last = self.track.progress().boot_id.clone();
                let last = if last.is_empty() { &self.job.boot_id } else { &last };
                if *last == now {
                    Ok(())
                } else {
                    Err("the machine was restarted before the command was done: its outcome is unknown. It was not run again"
                        .to_owned())
                }
            }
        }
    }

    fn current_index(&self) -> Result<usize, ()> {
        self.track.progress().current.as_ref().map(|current| current.index).ok_or(())
    }

    async fn steps(&self, job: &Understood) -> Result<(), Stop> {
        let steps = job.document.steps();
        let with_values: Vec<Step> = steps.iter().map(|step| step.with_values(&job.values)).collect();
        let references = References::fetch(with_values.iter().map(|step| &step.inputs), &self.node.api);
        let references = tokio::select! {
            found = references => found.map_err(Stop::Failed)?,
            () = self.cancel.cancelled() => References::default(),
        };
        let first = self.track.progress().done.len();
        for (index, step) in with_values.into_iter().enumerate().skip(first) {
            let control = FlowControl::of(&step);
            let (exited, known) = {
                let progress = self.track.progress();
                (progress.exited, progress.current.is_some())
            };
            let bare = |status, code, sentence: &str| {
                step_without_output(&step.action, &step.name, status, code, sentence, self.node.clock.now())
            };
            if self.cancel.is_cancelled() && !known {
                self.done(&step, bare(AgentStatus::Cancelled, 1, ""), false);
                continue;
            }
            if exited && !runs_after_exit(control, index, steps.len()) {
                self.done(&step, bare(AgentStatus::Skipped, 0, ""), true);
                continue;
            }
            // The precondition is looked at in the document's own words: it has to know what was a reference.
            match precondition::evaluate(&job.document, &steps[index], super::facts::PLATFORM, &job.values) {
                Verdict::Run => {}
                Verdict::Skip(sentence) => {
                    self.done(&step, bare(AgentStatus::Skipped, 0, &sentence), exited);
                    continue;
                }
                Verdict::Fail(sentence) => {
                    let conclusion = conclude(control, AgentStatus::Failed, 1);
                    self.done(&step, bare(conclusion.status, conclusion.code, &sentence), exited || conclusion.exit);
                    continue;
                }
            }
            let inputs = references.apply(&step.inputs).map_err(Stop::Failed)?;
            self.step(job, Step { inputs, ..step }, index, control, exited).await?;
        }
        Ok(())
    }

    async fn step(
        &self,
        job: &Understood,
        step: Step,
        index: usize,
        control: FlowControl,
        exited: bool,
    ) -> Result<(), Stop> {
        let now = self.node.clock.now();
        let started =
            self.track.progress().current.as_ref().filter(|current| current.index == index).map(|c| c.started);
        let started = started.unwrap_or_else(|| {
            self.save(|progress| progress.current = Some(CurrentStep { index, started: now, process: None }));
            now
        });
        let directory = self.track.entry().step_directory(index).map_err(|error| Stop::Failed(unwritable(&error)))?;
        let outcome = match plugin::find(&step.action) {
            Some(plugin) => {
                let context = StepContext {
                    node: &self.node,
                    command_id: &self.job.command_id,
                    inputs: &step.inputs,
                    directory: &directory,
                    downloads: &self.track.entry().downloads(),
                    elapsed: now.since(started),
                    cancel: &self.cancel,
                    track: &self.track,
                };
                let ids = (self.job.command_id.as_str(), self.node.instance_id.as_str());
                match StepLog::of(&job.command, ids, &step.name, &directory) {
                    Some(log) => log.beside(&self.node, plugin.run(context)).await,
                    None => plugin.run(context).await,
                }
            }
            None => {
                let sentence = format!(
                    "Plugin with name {} is not supported by this version of ssm agent, please update to latest version. Step name: {}",
                    step.action, step.name
                );
                let status = step_without_output(&step.action, &step.name, AgentStatus::Failed, 1, &sentence, now);
                let exit = conclude(control, AgentStatus::Failed, 1).exit;
                self.done(&step, status, exited || exit);
                return Ok(());
            }
        };
        if outcome.status == AgentStatus::SuccessAndReboot {
            let asked = self.track.progress().reboots;
            if asked >= REBOOTS {
                return Err(Stop::Failed(format!(
                    "the step {} asked for a restart of the machine {asked} times",
                    step.name
                )));
            }
            let status = self.report(job, &step, outcome, control, &directory, started).await.status();
            let steps = BTreeMap::from([(step.name.clone(), status)]);
            self.store_reply(AgentStatus::InProgress, "", Some(steps));
            return Err(Stop::Reboot);
        }
        let report = self.report(job, &step, outcome, control, &directory, started).await;
        let exit = report.conclusion.exit;
        let status = report.status();
        self.done(&step, status, exited || exit);
        Ok(())
    }

    async fn report<'a>(
        &self,
        job: &Understood,
        step: &'a Step,
        outcome: Outcome,
        control: FlowControl,
        directory: &'a std::path::Path,
        started: crate::ssm::Timestamp,
    ) -> StepReport<'a> {
        let ended = self.node.clock.now();
        StepReport {
            action: &step.action,
            conclusion: conclude(control, outcome.status, outcome.code),
            directory,
            started,
            ended,
            uploaded: self.upload(&job.command, step, directory).await,
            name: &step.name,
            unwritten: self.track.take_unwritten(),
        }
    }

    /// Uploads the whole output if the job names a bucket. The reply names the place even if that fails, as AWS's agent does;
    /// the log says why.
    async fn upload(&self, command: &CommandJob, step: &Step, directory: &std::path::Path) -> Option<(String, String)> {
        let bucket = command.output_s3_bucket_name.trim();
        if bucket.is_empty() {
            return None;
        }
        let parts = [
            command.output_s3_key_prefix.trim_matches('/'),
            &self.job.command_id,
            &self.node.instance_id,
            &step.action.replace(':', ""),
        ];
        let prefix = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        for name in [STDOUT, STDERR] {
            let file = directory.join(name);
            if !file.metadata().is_ok_and(|meta| meta.len() > 0) {
                continue;
            }
            let key = format!("{prefix}/{}/{name}", step.name);
            let mut tries = 0;
            while let Err(error) = self.node.api.upload(bucket, &key, (&file, Bytes::new()), false).await {
                tries += 1;
                tracing::warn!("cannot upload {name} of command {}: {error}", self.job.command_id);
                if tries == UPLOAD_TRIES {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(500) * 2u32.pow(tries)).await;
            }
        }
        Some((bucket.to_owned(), prefix))
    }

    /// Notes a step's end and tells it.
    fn done(&self, step: &Step, status: StepStatus, exited: bool) {
        self.save(|progress| {
            progress.current = None;
            progress.exited = exited;
            progress.done.push((step.name.clone(), status.clone()));
        });
        self.store_reply(AgentStatus::InProgress, "", Some(BTreeMap::from([(step.name.clone(), status)])));
    }

    fn finish(&self, status: AgentStatus, trace: &str, steps: Option<BTreeMap<String, StepStatus>>) {
        self.store_reply(status, trace, steps);
        let at = self.node.clock.now();
        self.save(|progress| progress.phase = Phase::Finished { at });
        tracing::info!("command {} ended: {}", self.job.command_id, status.as_str());
    }

    fn await_reboot(&self) {
        self.save(|progress| {
            progress.reboots += 1;
            progress.phase = Phase::AwaitingReboot { boot_id: boot_id() };
        });
        self.node.ask_for_reboot();
    }

    fn store_reply(&self, status: AgentStatus, trace: &str, steps: Option<BTreeMap<String, StepStatus>>) {
        let number = {
            let mut progress = self.track.progress();
            progress.replies += 1;
            progress.replies
        };
        self.outbox.reply(self.track.entry(), number, self.reply(status, trace, steps));
    }

    fn reply(&self, status: AgentStatus, trace: &str, steps: Option<BTreeMap<String, StepStatus>>) -> String {
        report::reply(&self.job.job_id, TOPIC_SEND_COMMAND, status, trace, steps, self.node.clock.now())
    }

    /// Writes progress down. A full disk is no reason to stop: what is lost is found again by the exit-status files.
    fn save(&self, change: impl FnOnce(&mut Progress)) {
        if let Err(error) = self.track.update(change) {
            tracing::warn!("cannot write the journal of command {}: {error}", self.job.command_id);
        }
    }
}

const UPLOAD_TRIES: u32 = 3;

fn statuses(done: &[(String, StepStatus)]) -> Vec<AgentStatus> {
    done.iter().map(|(_, step)| AgentStatus::parse(&step.status).unwrap_or(AgentStatus::Failed)).collect()
}
