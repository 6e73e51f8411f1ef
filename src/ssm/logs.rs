//! Amazon CloudWatch Logs, as much of it as transcripts of sessions and outputs of commands need. Times are milliseconds since
//! the epoch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::macros::operation;

/// The most events in one `PutLogEvents`.
pub const BATCH_EVENTS: usize = 10_000;
/// The most bytes in one `PutLogEvents`: the messages, and [`EVENT_OVERHEAD`] for each.
pub const BATCH_BYTES: usize = 1_048_576;
/// What an event costs besides its message.
pub const EVENT_OVERHEAD: usize = 26;

/// The log group of a command's output: the one that was named, or that of the document.
pub fn command_group(named: &str, document: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-/.#".contains(c);
    match named.trim() {
        "" => format!("/aws/ssm/{}", document.replace(|c| !fits(c), ".")),
        named => named.to_owned(),
    }
}

/// The log stream of what a step of a command wrote to `stdout` or `stderr` on a node, as AWS's agent names it.
pub fn command_stream(command: &str, node: &str, step: &str, output: &str) -> String {
    format!("{command}/{node}/{step}/{output}").replace([':', '*'], "-")
}

/// Request of `CreateLogGroup`. Errors: `ResourceAlreadyExistsException`, `InvalidParameterException`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateLogGroup {
    pub log_group_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// Answer of operations that answer nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Nothing {}
operation!(Logs: CreateLogGroup => Nothing);

/// Request of `CreateLogStream`. Errors: `ResourceAlreadyExistsException`, `ResourceNotFoundException`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateLogStream {
    pub log_group_name: String,
    pub log_stream_name: String,
}
operation!(Logs: CreateLogStream => Nothing);

/// The API's `InputLogEvent`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputLogEvent {
    pub timestamp: i64,
    pub message: String,
}

/// Request of `PutLogEvents`: events in the order of their times. Errors: `InvalidParameterException`,
/// `ResourceNotFoundException`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutLogEvents {
    pub log_group_name: String,
    pub log_stream_name: String,
    pub log_events: Vec<InputLogEvent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence_token: Option<String>,
}

/// Answer of `PutLogEvents`. The token is of no use to anybody any more, as in AWS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutLogEventsOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_sequence_token: Option<String>,
}
operation!(Logs: PutLogEvents => PutLogEventsOutput);

/// Request of `GetLogEvents`: a page of at most 10,000 events or 1 MiB. Without `start_from_head` the newest come first.
///
/// Errors: `ResourceNotFoundException`, `InvalidParameterException`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetLogEvents {
    pub log_group_name: String,
    pub log_stream_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_from_head: Option<bool>,
}

/// Answer of `GetLogEvents`. The end is reached when a token comes back as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetLogEventsOutput {
    #[serde(default)]
    pub events: Vec<OutputLogEvent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_forward_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_backward_token: Option<String>,
}
operation!(Logs: GetLogEvents => GetLogEventsOutput);

/// The API's `OutputLogEvent`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputLogEvent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingestion_time: Option<i64>,
}

/// Request of `DescribeLogGroups`. Errors: `InvalidParameterException`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribeLogGroups {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_group_name_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i32>,
}

/// Answer of `DescribeLogGroups`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribeLogGroupsOutput {
    #[serde(default)]
    pub log_groups: Vec<LogGroup>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}
operation!(Logs: DescribeLogGroups => DescribeLogGroupsOutput);

/// The API's `LogGroup`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogGroup {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_group_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_time: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_bytes: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
}

/// Request of `DescribeLogStreams`. Errors: `ResourceNotFoundException`, `InvalidParameterException`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribeLogStreams {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_group_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_stream_name_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i32>,
}

/// Answer of `DescribeLogStreams`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribeLogStreamsOutput {
    #[serde(default)]
    pub log_streams: Vec<LogStream>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}
operation!(Logs: DescribeLogStreams => DescribeLogStreamsOutput);

/// The API's `LogStream`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogStream {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_stream_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_time: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_event_timestamp: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_event_timestamp: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ingestion_time: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_bytes: Option<i64>,
}
