//! Session Manager: the operations around a session; its stream is `wire`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Sensitive;
use super::Timestamp;
use super::macros::{operation, paged, string_enums};

string_enums! {
/// The API's `SessionState`.
pub enum SessionState {
    Active = "Active",
    History = "History",
}

/// The API's `SessionFilterKey`.
pub enum SessionFilterKey {
    InvokedAfter = "InvokedAfter",
    InvokedBefore = "InvokedBefore",
    Target = "Target",
    Owner = "Owner",
    Status = "Status",
    SessionId = "SessionId",
    AccessType = "AccessType",
}

/// The API's `SessionStatus`.
pub enum SessionStatus {
    Connected = "Connected",
    Connecting = "Connecting",
    Disconnected = "Disconnected",
    Terminated = "Terminated",
    Terminating = "Terminating",
    Failed = "Failed",
}

/// The API's `AccessType`.
pub enum AccessType {
    Standard = "Standard",
    JustInTime = "JustInTime",
}
}

/// Request of `StartSession`. Errors: `InternalServerError`, `InvalidDocument`, `TargetNotConnected`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StartSession {
    pub target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
}

/// Answer of `StartSession`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StartSessionOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_value: Option<Sensitive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_url: Option<String>,
}

/// Request of `TerminateSession`. Errors: `InternalServerError`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TerminateSession {
    pub session_id: String,
}

/// Answer of `TerminateSession`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TerminateSessionOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
}

/// Request of `ResumeSession`. Errors: `DoesNotExistException`, `InternalServerError`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResumeSession {
    pub session_id: String,
}

/// Answer of `ResumeSession`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResumeSessionOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_value: Option<Sensitive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_url: Option<String>,
}

/// Request of `DescribeSessions`. Errors: `InternalServerError`, `InvalidFilterKey`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeSessions {
    pub state: SessionState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<SessionFilter>,
}

/// The API's `SessionFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SessionFilter {
    #[serde(rename = "key")]
    pub key: SessionFilterKey,
    #[serde(rename = "value")]
    pub value: String,
}

/// Answer of `DescribeSessions`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeSessionsOutput {
    #[serde(default)]
    pub sessions: Vec<Session>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `Session`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Session {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<SessionStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_url: Option<SessionManagerOutputUrl>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_session_duration: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_type: Option<AccessType>,
}

/// The API's `SessionManagerOutputUrl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SessionManagerOutputUrl {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_output_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_watch_output_url: Option<String>,
}

operation!(StartSession => StartSessionOutput);

operation!(TerminateSession => TerminateSessionOutput);

operation!(ResumeSession => ResumeSessionOutput);

operation!(DescribeSessions => DescribeSessionsOutput);

paged!(DescribeSessions, sessions: Session);
