//! What a step and a document tell the service: statuses, and as much output as the API has room for.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::{
    facts::{AGENT_NAME, AGENT_VERSION, Facts, PLATFORM},
    plugin::{STDERR, STDOUT},
};
use crate::{
    ssm::{
        Timestamp,
        document::{
            flow::{AgentStatus, Conclusion},
            output::{OUTPUT_LIMIT, STDERR_REPLY_LIMIT, STDOUT_LIMIT, join, truncate},
        },
    },
    wire::messages::{AgentInfo, JobReply, ReplyContent, ReplyInfo, StepStatus},
};

/// What the report of a step is made from.
pub struct StepReport<'a> {
    /// The plugin.
    pub action: &'a str,
    /// The status and what else follows from the outcome.
    pub conclusion: Conclusion,
    /// The step's directory with its output.
    pub directory: &'a Path,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Bucket and key prefix, if the output was uploaded.
    pub uploaded: Option<(String, String)>,
    /// The step's name.
    pub name: &'a str,
    /// What belongs at the end of its standard error and found no room on the disk.
    pub unwritten: String,
}

impl StepReport<'_> {
    /// The step's entry in a reply.
    pub fn status(self) -> StepStatus {
        let mut stdout = head(&self.directory.join(STDOUT), STDOUT_LIMIT);
        let stderr = match self.conclusion.drop_stderr {
            true => String::new(),
            false => head(&self.directory.join(STDERR), STDERR_REPLY_LIMIT) + &self.unwritten,
        };
        stdout.push_str(self.conclusion.note.unwrap_or_default());
        let (bucket, prefix) = self.uploaded.unwrap_or_default();
        StepStatus {
            status: self.conclusion.status.as_str().to_owned(),
            code: self.conclusion.code,
            name: self.action.to_owned(),
            output: join(&stdout, &stderr, OUTPUT_LIMIT),
            start_date_time: self.started.iso(),
            end_date_time: self.ended.iso(),
            output_s3_bucket_name: bucket,
            output_s3_key_prefix: prefix,
            step_name: self.name.to_owned(),
            standard_output: truncate(&stdout, STDOUT_LIMIT),
            standard_error: truncate(&stderr, STDERR_REPLY_LIMIT),
        }
    }
}

/// A step that has nothing but a status and a sentence: skipped, cancelled before it began, unknown.
pub fn step_without_output(
    action: &str,
    name: &str,
    status: AgentStatus,
    code: i64,
    sentence: &str,
    now: Timestamp,
) -> StepStatus {
    let failed = status == AgentStatus::Failed;
    StepStatus {
        status: status.as_str().to_owned(),
        code,
        name: action.to_owned(),
        output: truncate(sentence, OUTPUT_LIMIT),
        start_date_time: now.iso(),
        end_date_time: now.iso(),
        step_name: name.to_owned(),
        standard_output: if failed { String::new() } else { sentence.to_owned() },
        standard_error: if failed { sentence.to_owned() } else { String::new() },
        ..StepStatus::default()
    }
}

/// The payload of an `agent_job_reply`.
pub fn reply(
    job_id: &str,
    topic: &str,
    status: AgentStatus,
    trace: &str,
    steps: Option<BTreeMap<String, StepStatus>>,
    now: Timestamp,
) -> String {
    let counts = steps.as_ref().map(|steps| {
        steps.values().fold(BTreeMap::new(), |mut counts, step| {
            *counts.entry(step.status.clone()).or_insert(0) += 1;
            counts
        })
    });
    let content = ReplyContent {
        additional_info: ReplyInfo {
            agent: AgentInfo {
                lang: "en-US".to_owned(),
                name: AGENT_NAME.to_owned(),
                os: PLATFORM.to_owned(),
                osver: Facts::platform().1,
                ver: AGENT_VERSION.to_owned(),
            },
            date_time: now.iso(),
            run_id: String::new(),
            runtime_status_counts: counts,
        },
        document_status: status.as_str().to_owned(),
        document_trace_output: trace.to_owned(),
        runtime_status: steps,
    };
    let reply = JobReply {
        schema_version: 1,
        job_id: job_id.to_owned(),
        content: serde_json::to_string(&content).unwrap_or_default(),
        topic: topic.to_owned(),
    };
    serde_json::to_string(&reply).unwrap_or_default()
}

/// The beginning of a file as text: enough that `limit` characters are there if the file has them, and little more.
fn head(path: &Path, limit: usize) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        // A character has four bytes at most.
        File::open(path)?.take((limit as u64 + 1) * 4).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssm::document::flow::{FlowControl, conclude};

    #[test]
    fn output_is_cut_on_characters_and_never_read_whole() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(STDOUT), "ü".repeat(1_000_000)).unwrap();
        std::fs::write(dir.path().join(STDERR), [b'x', 0xff, b'y']).unwrap();
        let conclusion = conclude(FlowControl::default(), AgentStatus::Failed, 3);
        let step = StepReport {
            action: "aws:runShellScript",
            conclusion,
            directory: dir.path(),
            started: Timestamp::from_millis(0),
            ended: Timestamp::from_millis(1),
            uploaded: None,
            name: "run",
            unwritten: "no room for this\n".into(),
        }
        .status();
        assert_eq!(step.standard_output.chars().count(), STDOUT_LIMIT);
        assert!(step.standard_output.ends_with("--output truncated--"));
        assert_eq!(step.standard_error, "x\u{fffd}yno room for this\n");
        assert!(step.output.chars().count() <= OUTPUT_LIMIT);
        assert_eq!((step.status.as_str(), step.code), ("Failed", 3));
    }

    #[test]
    fn the_first_reply_has_no_counts() {
        let text = reply("j", "t", AgentStatus::InProgress, "", None, Timestamp::from_millis(0));
        let reply: JobReply = serde_json::from_str(&text).unwrap();
        assert!(reply.content.contains("\"runtimeStatus\":null"), "{}", reply.content);
    }
}
