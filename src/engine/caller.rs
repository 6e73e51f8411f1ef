//! Who calls, and what a node may do.

use serde_json::Value;

use super::ACCOUNT;
use crate::ssm::{ApiError, Service, kms};

/// Who made a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Caller {
    /// Nobody signed; only registration takes that.
    Anonymous,
    /// The account's owner.
    Root,
    /// A managed node.
    Node {
        /// `mi-…`.
        instance_id: String,
        /// The role that its activation gave it.
        role: String,
        /// How it proved itself.
        proof: Proof,
    },
}

/// How a node proves who it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Proof {
    /// With its own RSA key: good for credentials and for a new key, for nothing else.
    Key,
    /// With the temporary credentials that it was given.
    Session,
}

/// What a node may call with its temporary credentials, as the policy AmazonSSMManagedInstanceCore has it, and the member
/// of the request that must then name the node itself.
const NODE_OPERATIONS: &[(&str, Option<&str>)] = &[
    ("DescribeAssociation", None),
    ("DescribeDocument", None),
    ("GetDeployablePatchSnapshotForInstance", Some("InstanceId")),
    ("GetDocument", None),
    ("GetManifest", None),
    ("GetParameter", None),
    ("GetParameters", None),
    ("ListAssociations", None),
    ("ListInstanceAssociations", Some("InstanceId")),
    ("PutComplianceItems", Some("ResourceId")),
    ("PutConfigurePackageResult", None),
    ("PutInventory", Some("InstanceId")),
    ("UpdateInstanceAssociationStatus", Some("InstanceId")),
    ("UpdateInstanceInformation", Some("InstanceId")),
];

/// What a node may call of CloudWatch Logs. It writes transcripts, it does not read any.
const NODE_LOG_OPERATIONS: &[&str] =
    &["CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "PutLogEvents"];

/// What a node calls with its own key.
const KEY_OPERATIONS: &[&str] = &["RequestManagedInstanceRoleToken", "UpdateManagedInstancePublicKey"];

impl Caller {
    /// The caller as IAM names it.
    pub fn arn(&self) -> String {
        match self {
            Self::Anonymous => format!("arn:aws:iam::{ACCOUNT}:anonymous"),
            Self::Root => format!("arn:aws:iam::{ACCOUNT}:root"),
            Self::Node { instance_id, role, .. } => {
                let role = role.rsplit('/').next().unwrap_or_default();
                format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{instance_id}")
            }
        }
    }

    /// The caller's unique id, as `GetCallerIdentity` tells it.
    pub fn user_id(&self) -> String {
        match self {
            Self::Anonymous | Self::Root => ACCOUNT.to_owned(),
            Self::Node { instance_id, .. } => format!("AROAFLEETDECKNODES000:{instance_id}"),
        }
    }

    /// The short name that session ids begin with.
    pub fn name(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Root => "root",
            Self::Node { instance_id, .. } => instance_id,
        }
    }

    /// The node's id, if a node calls.
    pub fn node(&self) -> Option<&str> {
        match self {
            Self::Node { instance_id, .. } => Some(instance_id),
            _ => None,
        }
    }

    /// Whether the caller may make this request.
    ///
    /// Errors: `AccessDeniedException` in AWS's words.
    pub fn authorize(&self, service: Service, operation: &str, body: &Value) -> Result<(), ApiError> {
        let allowed = match self {
            Self::Root => service != Service::Ssm || !KEY_OPERATIONS.contains(&operation),
            Self::Anonymous => false,
            Self::Node { proof: Proof::Key, .. } => service == Service::Ssm && KEY_OPERATIONS.contains(&operation),
            Self::Node { proof: Proof::Session, instance_id, .. } => {
                let of_itself = |value: Option<&Value>| value.and_then(Value::as_str) == Some(instance_id);
                match service {
                    Service::Ssm => NODE_OPERATIONS
                        .iter()
                        .find(|(name, _)| *name == operation)
                        .is_some_and(|(_, member)| member.is_none_or(|member| of_itself(body.get(member)))),
                    // The data keys of its own sessions, and nobody else's.
                    Service::Kms => {
                        let context = body.get("EncryptionContext");
                        operation == "Decrypt" && of_itself(context.and_then(|context| context.get(kms::TARGET_ID)))
                    }
                    Service::Logs => NODE_LOG_OPERATIONS.contains(&operation),
                    // Its own messages: their ids end in the node's.
                    Service::Ec2Messages => match body.get("MessageId").and_then(Value::as_str) {
                        Some(id) => id.strip_suffix(instance_id.as_str()).is_some_and(|start| start.ends_with('.')),
                        None => of_itself(body.get("Destination")),
                    },
                }
            }
        };
        if allowed { Ok(()) } else { Err(self.denied(&format!("{}:{operation}", service.name()))) }
    }

    /// The error for an action that the caller may not do.
    pub fn denied(&self, action: &str) -> ApiError {
        ApiError::access_denied(format!(
            "User: {} is not authorized to perform: {action} because no identity-based policy allows the {action} action",
            self.arn()
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_speaks_for_itself_alone() {
        let node = |proof| Caller::Node { instance_id: "mi-1".into(), role: "service-role/Nodes".into(), proof };
        let (session, key) = (node(Proof::Session), node(Proof::Key));
        session.authorize(Service::Ssm, "PutInventory", &json!({"InstanceId": "mi-1"})).unwrap();
        session.authorize(Service::Ssm, "GetParameter", &json!({"Name": "x"})).unwrap();
        for (operation, body) in [
            ("PutInventory", json!({"InstanceId": "mi-2"})),
            ("PutComplianceItems", json!({})),
            ("PutParameter", json!({"Name": "x"})),
            ("SendCommand", json!({"InstanceIds": ["mi-1"]})),
            ("RequestManagedInstanceRoleToken", json!({})),
        ] {
            let error = session.authorize(Service::Ssm, operation, &body).unwrap_err();
            assert_eq!(error.code, "AccessDeniedException", "{operation}");
        }
        let decrypt = |node: &str| json!({"CiphertextBlob": "x", "EncryptionContext": {kms::TARGET_ID: node}});
        session.authorize(Service::Kms, "Decrypt", &decrypt("mi-1")).unwrap();
        assert!(session.authorize(Service::Kms, "Decrypt", &decrypt("mi-2")).is_err());
        assert!(session.authorize(Service::Kms, "Encrypt", &decrypt("mi-1")).is_err());
        session.authorize(Service::Logs, "PutLogEvents", &json!({})).unwrap();
        assert!(session.authorize(Service::Logs, "GetLogEvents", &json!({})).is_err());
        let messages = |operation, body| session.authorize(Service::Ec2Messages, operation, &body);
        messages("GetMessages", json!({"Destination": "mi-1"})).unwrap();
        messages("SendReply", json!({"MessageId": "aws.ssm.c.mi-1"})).unwrap();
        assert!(messages("GetMessages", json!({"Destination": "mi-2"})).is_err());
        assert!(messages("SendReply", json!({"MessageId": "aws.ssm.c.mi-2", "Destination": "mi-1"})).is_err());
        assert!(messages("SendReply", json!({"MessageId": "aws.ssm.c.xmi-1"})).is_err());
        key.authorize(Service::Ssm, "RequestManagedInstanceRoleToken", &json!({})).unwrap();
        assert!(key.authorize(Service::Ssm, "GetParameter", &json!({"Name": "x"})).is_err());
        assert!(Caller::Anonymous.authorize(Service::Ssm, "GetParameter", &json!({})).is_err());
        assert_eq!(session.arn(), "arn:aws:sts::123456789012:assumed-role/Nodes/mi-1");
    }
}
