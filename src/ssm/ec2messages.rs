//! The message delivery service, `ec2messages`: the long poll by which AWS's agent takes commands when it has no control
//! channel, and beside it in its first minute. No public SDK has it.

use serde::{Deserialize, Serialize};

use super::macros::operation;

/// Request of `GetMessages`: a long poll. Clients give up after 20 seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GetMessages {
    /// The node that asks, `mi-…`.
    pub destination: String,
    pub messages_request_id: String,
    /// For how long nobody else is handed the same messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility_timeout_in_seconds: Option<i64>,
}

/// Answer of `GetMessages`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GetMessagesOutput {
    pub destination: String,
    pub messages_request_id: String,
    pub messages: Vec<Message>,
}

/// A job for a node. Topic and payload are those of the control channel's jobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Message {
    pub created_date: String,
    pub destination: String,
    /// `aws.ssm.<command>.<node>`.
    pub message_id: String,
    pub payload: String,
    pub payload_digest: String,
    pub topic: String,
}

/// Request of `AcknowledgeMessage`: the node has the job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AcknowledgeMessage {
    pub message_id: String,
}

/// Request of `DeleteMessage`: the node is done with the job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DeleteMessage {
    pub message_id: String,
}

/// Request of `FailMessage`: the node cannot do the job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FailMessage {
    pub message_id: String,
    /// `InternalHandlerException` or `NoHandlerExists`.
    pub failure_type: String,
}

/// Request of `SendReply`: what has come of a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SendReply {
    pub message_id: String,
    /// The content of a reply as on the control channel, JSON in text.
    pub payload: String,
    pub reply_id: String,
}

/// Answer of `SendReply`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SendReplyOutput {
    pub message_id: String,
    pub reply_id: String,
    pub reply_status: String,
    pub description: String,
}

/// Answer of operations that answer nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Nothing {}

operation!(Ec2Messages: GetMessages => GetMessagesOutput);
operation!(Ec2Messages: AcknowledgeMessage => Nothing);
operation!(Ec2Messages: DeleteMessage => Nothing);
operation!(Ec2Messages: FailMessage => Nothing);
operation!(Ec2Messages: SendReply => SendReplyOutput);
