//! The JSON inside the envelopes, the open messages and the REST bodies of the message service.
//!
//! Member names are the ones on the wire; where real peers differ (lower case in job messages, capitals elsewhere) so do
//! these types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ssm::Sensitive;

/// The first, textual frame on any channel. Who sends it can be told by what is there: `ClientInstanceId` is an agent's
/// data channel, `PlatformType` a control channel, neither a client.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct OpenChannel {
    /// `1.0`.
    pub message_schema_version: String,
    /// A fresh UUID.
    pub request_id: String,
    /// The token that the service handed out; the only credential on a client's socket.
    pub token_value: Sensitive,
    /// Chosen once per client and kept across resumes; empty for agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Four parts, `1.2.650.0`; optional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_version: Option<String>,
    /// The node, on an agent's data channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_instance_id: Option<String>,
    /// Four parts, on a control channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    /// `linux`, `windows` or `macos`, on a control channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_type: Option<String>,
}

/// Body of the POST that asks for a channel's token.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CreateChannel {
    pub message_schema_version: String,
    pub request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// Payload of `acknowledge`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Acknowledge {
    pub acknowledged_message_type: String,
    pub acknowledged_message_id: String,
    pub acknowledged_message_sequence_number: i64,
    pub is_sequential_message: bool,
}

/// What its reader needs of an `acknowledge`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Acknowledged {
    /// The number of the frame that the peer has.
    #[serde(rename = "AcknowledgedMessageSequenceNumber")]
    pub sequence: i64,
}

/// Payload of `channel_closed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ChannelClosed {
    pub message_type: String,
    pub message_id: String,
    pub destination_id: String,
    pub session_id: String,
    pub schema_version: i64,
    pub created_date: String,
    /// Why, if it did not end by itself.
    pub output: String,
}

/// Payload of `agent_session_state`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SessionState {
    pub schema_version: i64,
    /// `Connected` or `Terminating`.
    pub session_state: String,
    pub session_id: String,
}

/// Payload of a size frame, in character cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    pub cols: u32,
    pub rows: u32,
}

/// Payload of `interactive_shell`. `content` is the JSON text of a [`SessionRequest`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TaskMessage {
    pub content: String,
    /// The session id.
    pub task_id: String,
    pub topic: String,
    pub schema_version: i64,
}

/// What an agent is to run as a session.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SessionRequest {
    pub document_name: String,
    pub document_content: Value,
    pub session_id: String,
    /// One plain string a name: the API's one-element lists, collapsed.
    pub parameters: BTreeMap<String, Value>,
    pub run_as_user: String,
    pub session_owner: String,
}

/// Payload of `agent_task_complete`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TaskComplete {
    pub schema_version: i64,
    pub task_id: String,
    pub topic: String,
    /// `Success` or `Failed`.
    pub final_task_status: String,
    pub is_routing_failure: bool,
    pub aws_account_id: String,
    pub instance_id: String,
    /// The error text of a session that failed.
    pub output: String,
    pub s3_bucket: String,
    pub s3_url_suffix: String,
    pub cwl_group: String,
    pub cwl_stream: String,
    pub retry_number: i64,
}

/// Payload of `agent_task_acknowledge`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TaskAcknowledge {
    pub schema_version: i64,
    pub message_id: String,
    pub task_id: String,
    pub topic: String,
}

/// Payload of `agent_job`. `content` is the JSON text of a [`CommandJob`] or a [`CancelJob`], by the topic's prefix.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AgentJob {
    pub content: String,
    /// `aws.ssm.<command-id>.<instance-id>`.
    pub job_id: String,
    pub topic: String,
    pub schema_version: i64,
}

/// The topic prefix of a command.
pub const TOPIC_SEND_COMMAND: &str = "aws.ssm.sendCommand";
/// The topic prefix of a cancellation.
pub const TOPIC_CANCEL_COMMAND: &str = "aws.ssm.cancelCommand";

/// What an agent is to run as a command.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CommandJob {
    pub parameters: BTreeMap<String, Value>,
    pub document_content: Value,
    pub command_id: String,
    pub document_name: String,
    #[serde(rename = "OutputS3KeyPrefix")]
    pub output_s3_key_prefix: String,
    #[serde(rename = "OutputS3BucketName")]
    pub output_s3_bucket_name: String,
    pub cloud_watch_log_group_name: String,
    /// `true` or `false`, as text.
    pub cloud_watch_output_enabled: String,
}

/// Which command to cancel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CancelJob {
    /// The job id of the command.
    pub cancel_message_id: String,
}

/// Payload of `agent_job_ack`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobAck {
    pub job_id: String,
    pub acknowledged_message_id: String,
    pub created_date: String,
    /// See [`job_status`].
    pub status_code: String,
    pub error_message: String,
}

/// The status codes of an `agent_job_ack`.
pub mod job_status {
    /// Stored and queued.
    pub const SUCCESSFUL: &str = "200";
    /// The agent is shutting down.
    pub const CLOSED: &str = "51401";
    /// The queue is full: send it again.
    pub const BUFFER_FULL: &str = "51402";
    /// The job's id is known already.
    pub const DUPLICATE: &str = "51405";
    /// The document cannot be run.
    pub const INVALID_DOCUMENT: &str = "51406";
    /// The job cannot be read; a failed reply follows.
    pub const PARSE_ERROR: &str = "51408";
}

/// Payload of `agent_job_reply`. `content` is the JSON text of a [`ReplyContent`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobReply {
    pub schema_version: i64,
    pub job_id: String,
    pub content: String,
    pub topic: String,
}

/// Payload of `agent_job_reply_ack`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobReplyAck {
    pub job_id: String,
    pub acknowledged_message_id: String,
}

/// What has come of a command so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplyContent {
    pub additional_info: ReplyInfo,
    /// `InProgress` until the end; then `Success`, `Failed`, `TimedOut`, `Cancelled` or `SuccessAndReboot`.
    pub document_status: String,
    pub document_trace_output: String,
    /// By step name. Null in the first reply, empty in the final one of a document with several steps.
    pub runtime_status: Option<BTreeMap<String, StepStatus>>,
}

/// Who speaks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplyInfo {
    pub agent: AgentInfo,
    pub date_time: String,
    pub run_id: String,
    pub runtime_status_counts: Option<BTreeMap<String, i64>>,
}

/// The agent, as replies name it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentInfo {
    pub lang: String,
    pub name: String,
    pub os: String,
    pub osver: String,
    pub ver: String,
}

/// One step's outcome.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StepStatus {
    pub status: String,
    pub code: i64,
    /// The plugin, `aws:runShellScript`.
    pub name: String,
    /// Standard output and error joined, 2,500 bytes at most.
    pub output: String,
    pub start_date_time: String,
    pub end_date_time: String,
    #[serde(rename = "outputS3BucketName")]
    pub output_s3_bucket_name: String,
    #[serde(rename = "outputS3KeyPrefix")]
    pub output_s3_key_prefix: String,
    pub step_name: String,
    /// 24,000 bytes at most.
    pub standard_output: String,
    /// 24,000 bytes at most.
    pub standard_error: String,
}

/// Payload of a handshake request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HandshakeRequest {
    pub agent_version: String,
    pub requested_client_actions: Vec<RequestedAction>,
    /// What the agent can besides.
    #[serde(flatten)]
    pub abilities: Abilities,
}

/// What an end can do besides what AWS's peers do. They say nothing of it, and do not look.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Abilities {
    /// What it can check frames by besides SHA-256, see [`CHECKSUM_CRC32`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checksums: Vec<String>,
    /// How it can multiplex besides smux 1, see [`MULTIPLEXER_SMUX2`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub multiplexers: Vec<String>,
}

/// The name of [`Checksum::Crc32`](super::envelope::Checksum::Crc32) in a handshake.
pub const CHECKSUM_CRC32: &str = "CRC32";
/// The name of smux 2 in a handshake: each stream has a window of its own.
pub const MULTIPLEXER_SMUX2: &str = "SMUX2";

/// One thing an agent asks of the client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RequestedAction {
    /// `SessionType` or `KMSEncryption`.
    pub action_type: String,
    pub action_parameters: Value,
}

/// Payload of a handshake response.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HandshakeResponse {
    pub client_version: String,
    pub processed_client_actions: Vec<ProcessedAction>,
    pub errors: Option<Vec<String>>,
    /// What the client can besides. It says nothing of it to an agent that has not.
    #[serde(flatten)]
    pub abilities: Abilities,
}

/// What came of one requested action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ProcessedAction {
    pub action_type: String,
    /// 1 success, 2 failed, 3 unsupported.
    pub action_status: i64,
    pub action_result: Value,
    pub error: String,
}

/// Payload of the question whether a client holds the session's key, and of its answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Challenge {
    /// Sealed bytes, base64.
    pub challenge: String,
}

/// Payload of the end of the handshake.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HandshakeComplete {
    /// Nanoseconds.
    pub handshake_time_to_complete: i64,
    /// To be shown to the user, if any.
    pub customer_message: String,
}

/// The answer to a request for a channel's token, as the message service words it: XML.
pub fn channel_token_xml(operation: &str, token: &str) -> String {
    format!(
        "<{operation}Response><MessageSchemaVersion>1.0</MessageSchemaVersion><TokenValue>{token}</TokenValue></{operation}Response>"
    )
}

/// Takes the token out of such an answer.
pub fn channel_token(xml: &str) -> Option<&str> {
    let (_, rest) = xml.split_once("<TokenValue>")?;
    rest.split_once("</TokenValue>").map(|(token, _)| token)
}
