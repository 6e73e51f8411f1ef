//! Managed nodes: what Fleet Manager lists and how a node is known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::common::*;
use super::macros::{operation, paged, string_enums};

string_enums! {
/// The API's `InstanceInformationFilterKey`.
pub enum InstanceInformationFilterKey {
    InstanceIds = "InstanceIds",
    AgentVersion = "AgentVersion",
    PingStatus = "PingStatus",
    PlatformTypes = "PlatformTypes",
    ActivationIds = "ActivationIds",
    IamRole = "IamRole",
    ResourceType = "ResourceType",
    AssociationStatus = "AssociationStatus",
}

/// The API's `PingStatus`.
pub enum PingStatus {
    Online = "Online",
    ConnectionLost = "ConnectionLost",
    Inactive = "Inactive",
}

/// The API's `ResourceType`.
pub enum ResourceType {
    ManagedInstance = "ManagedInstance",
    EC2Instance = "EC2Instance",
}

/// The API's `SourceType`.
pub enum SourceType {
    AwsEc2Instance = "AWS::EC2::Instance",
    AwsIoTThing = "AWS::IoT::Thing",
    AwsSsmManagedInstance = "AWS::SSM::ManagedInstance",
    MicrosoftComputeVirtualMachines = "Microsoft.Compute/virtualMachines",
    ComputeGoogleapisComInstance = "compute.googleapis.com/Instance",
}

/// The API's `InstancePropertyFilterKey`.
pub enum InstancePropertyFilterKey {
    InstanceIds = "InstanceIds",
    AgentVersion = "AgentVersion",
    PingStatus = "PingStatus",
    PlatformTypes = "PlatformTypes",
    DocumentName = "DocumentName",
    ActivationIds = "ActivationIds",
    IamRole = "IamRole",
    ResourceType = "ResourceType",
    AssociationStatus = "AssociationStatus",
}

/// The API's `InstancePropertyFilterOperator`.
pub enum InstancePropertyFilterOperator {
    Equal = "Equal",
    NotEqual = "NotEqual",
    BeginWith = "BeginWith",
    LessThan = "LessThan",
    GreaterThan = "GreaterThan",
}

/// The API's `ConnectionStatus`.
pub enum ConnectionStatus {
    Connected = "connected",
    NotConnected = "notconnected",
}
}

/// Request of `DescribeInstanceInformation`. Errors: `InternalServerError`, `InvalidFilterKey`, `InvalidInstanceId`, `InvalidInstanceInformationFilterValue`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeInstanceInformation {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instance_information_filter_list: Vec<InstanceInformationFilter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<InstanceInformationStringFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `InstanceInformationFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceInformationFilter {
    #[serde(rename = "key")]
    pub key: InstanceInformationFilterKey,
    #[serde(rename = "valueSet", default)]
    pub value_set: Vec<String>,
}

/// The API's `InstanceInformationStringFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceInformationStringFilter {
    pub key: String,
    #[serde(default)]
    pub values: Vec<String>,
}

/// Answer of `DescribeInstanceInformation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeInstanceInformationOutput {
    #[serde(default)]
    pub instance_information_list: Vec<InstanceInformation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `InstanceInformation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceInformation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ping_status: Option<PingStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ping_date_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_latest_version: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_type: Option<PlatformType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<ResourceType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(rename = "IPAddress", default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computer_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub association_status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_association_execution_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_successful_association_execution_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub association_overview: Option<InstanceAggregatedAssociationOverview>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_type: Option<SourceType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_location: Option<String>,
}

/// The API's `InstanceAggregatedAssociationOverview`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceAggregatedAssociationOverview {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detailed_status: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instance_association_status_aggregated_count: BTreeMap<String, i32>,
}

/// Request of `DescribeInstanceProperties`. Errors: `InternalServerError`, `InvalidActivationId`, `InvalidDocument`, `InvalidFilterKey`, `InvalidInstanceId`, `InvalidInstancePropertyFilterValue`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeInstanceProperties {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instance_property_filter_list: Vec<InstancePropertyFilter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters_with_operator: Vec<InstancePropertyStringFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `InstancePropertyFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstancePropertyFilter {
    #[serde(rename = "key")]
    pub key: InstancePropertyFilterKey,
    #[serde(rename = "valueSet", default)]
    pub value_set: Vec<String>,
}

/// The API's `InstancePropertyStringFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstancePropertyStringFilter {
    pub key: String,
    #[serde(default)]
    pub values: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<InstancePropertyFilterOperator>,
}

/// Answer of `DescribeInstanceProperties`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeInstancePropertiesOutput {
    #[serde(default)]
    pub instance_properties: Vec<InstanceProperty>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `InstanceProperty`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceProperty {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    #[serde(rename = "IPAddress", default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ping_status: Option<PingStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ping_date_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_type: Option<PlatformType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computer_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub association_status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_association_execution_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_successful_association_execution_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub association_overview: Option<InstanceAggregatedAssociationOverview>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_type: Option<SourceType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
}

/// Request of `DeregisterManagedInstance`. Errors: `InternalServerError`, `InvalidInstanceId`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeregisterManagedInstance {
    pub instance_id: String,
}

/// Answer of `DeregisterManagedInstance`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeregisterManagedInstanceOutput {}

/// Request of `GetConnectionStatus`. Errors: `InternalServerError`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetConnectionStatus {
    pub target: String,
}

/// Answer of `GetConnectionStatus`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetConnectionStatusOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ConnectionStatus>,
}

/// Request of `UpdateManagedInstanceRole`. Errors: `InternalServerError`, `InvalidInstanceId`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateManagedInstanceRole {
    pub instance_id: String,
    pub iam_role: String,
}

/// Answer of `UpdateManagedInstanceRole`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateManagedInstanceRoleOutput {}

operation!(DescribeInstanceInformation => DescribeInstanceInformationOutput);

paged!(DescribeInstanceInformation, instance_information_list: InstanceInformation);

operation!(DescribeInstanceProperties => DescribeInstancePropertiesOutput);

paged!(DescribeInstanceProperties, instance_properties: InstanceProperty);

operation!(DeregisterManagedInstance => DeregisterManagedInstanceOutput);

operation!(GetConnectionStatus => GetConnectionStatusOutput);

operation!(UpdateManagedInstanceRole => UpdateManagedInstanceRoleOutput);
