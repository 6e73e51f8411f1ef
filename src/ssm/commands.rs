//! Run Command: commands, invocations and their statuses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Sensitive;
use super::Timestamp;
use super::common::*;
use super::macros::{operation, paged, string_enums};

string_enums! {
/// The API's `NotificationEvent`.
pub enum NotificationEvent {
    All = "All",
    InProgress = "InProgress",
    Success = "Success",
    TimedOut = "TimedOut",
    Cancelled = "Cancelled",
    Failed = "Failed",
}

/// The API's `NotificationType`.
pub enum NotificationType {
    Command = "Command",
    Invocation = "Invocation",
}

/// The API's `CommandStatus`.
pub enum CommandStatus {
    Pending = "Pending",
    InProgress = "InProgress",
    Success = "Success",
    Cancelled = "Cancelled",
    Failed = "Failed",
    TimedOut = "TimedOut",
    Cancelling = "Cancelling",
}

/// The API's `ExternalAlarmState`.
pub enum ExternalAlarmState {
    Unknown = "UNKNOWN",
    Alarm = "ALARM",
}

/// The API's `CommandFilterKey`.
pub enum CommandFilterKey {
    InvokedAfter = "InvokedAfter",
    InvokedBefore = "InvokedBefore",
    Status = "Status",
    ExecutionStage = "ExecutionStage",
    DocumentName = "DocumentName",
}

/// The API's `CommandInvocationStatus`.
pub enum CommandInvocationStatus {
    Pending = "Pending",
    InProgress = "InProgress",
    Delayed = "Delayed",
    Success = "Success",
    Cancelled = "Cancelled",
    TimedOut = "TimedOut",
    Failed = "Failed",
    Cancelling = "Cancelling",
}

/// The API's `CommandPluginStatus`.
pub enum CommandPluginStatus {
    Pending = "Pending",
    InProgress = "InProgress",
    Success = "Success",
    TimedOut = "TimedOut",
    Cancelled = "Cancelled",
    Failed = "Failed",
}
}

/// Request of `SendCommand`. Errors: `DuplicateInstanceId`, `InternalServerError`, `InvalidDocument`, `InvalidDocumentVersion`, `InvalidInstanceId`, `InvalidNotificationConfig`, `InvalidOutputFolder`, `InvalidParameters`, `InvalidRole`, `MaxDocumentSizeExceeded`, `UnsupportedPlatformType`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SendCommand {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instance_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    pub document_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_hash_type: Option<DocumentHashType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(default, skip_serializing_if = "Sensitive::is_empty")]
    pub parameters: Sensitive<BTreeMap<String, Vec<String>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_s3_region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_s3_bucket_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_s3_key_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_errors: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_role_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_config: Option<NotificationConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_watch_output_config: Option<CloudWatchOutputConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm_configuration: Option<AlarmConfiguration>,
}

/// The API's `Target`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Target {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// The API's `NotificationConfig`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NotificationConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notification_events: Vec<NotificationEvent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_type: Option<NotificationType>,
}

/// The API's `CloudWatchOutputConfig`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CloudWatchOutputConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_watch_log_group_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_watch_output_enabled: Option<bool>,
}

/// The API's `AlarmConfiguration`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AlarmConfiguration {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_poll_alarm_failure: Option<bool>,
    #[serde(default)]
    pub alarms: Vec<Alarm>,
}

/// The API's `Alarm`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Alarm {
    pub name: String,
}

/// Answer of `SendCommand`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SendCommandOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Command>,
}

/// The API's `Command`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Command {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Sensitive::is_empty")]
    pub parameters: Sensitive<BTreeMap<String, Vec<String>>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instance_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_date_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CommandStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_details: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_s3_region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_s3_bucket_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_s3_key_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_errors: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_timed_out_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_config: Option<NotificationConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_watch_output_config: Option<CloudWatchOutputConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm_configuration: Option<AlarmConfiguration>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggered_alarms: Vec<AlarmStateInformation>,
}

/// The API's `AlarmStateInformation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AlarmStateInformation {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub state: ExternalAlarmState,
}

/// Request of `ListCommands`. Errors: `InternalServerError`, `InvalidCommandId`, `InvalidFilterKey`, `InvalidInstanceId`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListCommands {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<CommandFilter>,
}

/// The API's `CommandFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommandFilter {
    #[serde(rename = "key")]
    pub key: CommandFilterKey,
    #[serde(rename = "value")]
    pub value: String,
}

/// Answer of `ListCommands`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListCommandsOutput {
    #[serde(default)]
    pub commands: Vec<Command>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// Request of `ListCommandInvocations`. Errors: `InternalServerError`, `InvalidCommandId`, `InvalidFilterKey`, `InvalidInstanceId`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListCommandInvocations {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<CommandFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<bool>,
}

/// Answer of `ListCommandInvocations`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListCommandInvocationsOutput {
    #[serde(default)]
    pub command_invocations: Vec<CommandInvocation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `CommandInvocation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommandInvocation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_date_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CommandInvocationStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_details: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_output: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_output_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_error_url: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command_plugins: Vec<CommandPlugin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_config: Option<NotificationConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_watch_output_config: Option<CloudWatchOutputConfig>,
}

/// The API's `CommandPlugin`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommandPlugin {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CommandPluginStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_details: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_start_date_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_finish_date_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_output_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_error_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_s3_region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_s3_bucket_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_s3_key_prefix: Option<String>,
}

/// The exit code that decided how a document of several steps ended, from those of its steps in their order: that of the last
/// step that went wrong, else of the last that ran. A step that never ran has -1, which decides nothing; what Windows says of
/// a program that was ended is negative too, and decides.
pub fn deciding_code(codes: impl DoubleEndedIterator<Item = i32> + Clone) -> Option<i32> {
    let last = |is: fn(i32) -> bool| codes.clone().rev().find(|code| is(*code));
    last(|code| ![0, -1].contains(&code)).or_else(|| last(|code| code == 0)).or_else(|| last(|_| true))
}

impl CommandInvocation {
    /// The exit code that decided how it ended: see [`deciding_code`].
    pub fn deciding_code(&self) -> Option<i32> {
        deciding_code(self.command_plugins.iter().filter_map(|step| step.response_code))
    }
}

/// Request of `GetCommandInvocation`. Errors: `InternalServerError`, `InvalidCommandId`, `InvalidInstanceId`, `InvalidPluginName`, `InvocationDoesNotExist`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetCommandInvocation {
    pub command_id: String,
    pub instance_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin_name: Option<String>,
}

/// Answer of `GetCommandInvocation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetCommandInvocationOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_start_date_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_elapsed_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_end_date_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CommandInvocationStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_details: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_output_content: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_output_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_error_content: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_error_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_watch_output_config: Option<CloudWatchOutputConfig>,
}

/// Request of `CancelCommand`. Errors: `DuplicateInstanceId`, `InternalServerError`, `InvalidCommandId`, `InvalidInstanceId`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CancelCommand {
    pub command_id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instance_ids: Vec<String>,
}

/// Answer of `CancelCommand`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CancelCommandOutput {}

operation!(SendCommand => SendCommandOutput);

operation!(ListCommands => ListCommandsOutput);

paged!(ListCommands, commands: Command);

operation!(ListCommandInvocations => ListCommandInvocationsOutput);

paged!(ListCommandInvocations, command_invocations: CommandInvocation);

operation!(GetCommandInvocation => GetCommandInvocationOutput);

operation!(CancelCommand => CancelCommandOutput);
