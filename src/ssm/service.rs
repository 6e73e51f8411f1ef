//! The services that speak AWS JSON 1.1 here: Systems Manager, the two that its sessions lean on, and the old way to a node.

/// A service: how requests to it are signed and addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// AWS Systems Manager.
    Ssm,
    /// AWS Key Management Service.
    Kms,
    /// Amazon CloudWatch Logs.
    Logs,
    /// The message delivery service, from which AWS's agent takes its work when it has no control channel.
    Ec2Messages,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 4] = [Self::Ssm, Self::Kms, Self::Logs, Self::Ec2Messages];

    /// The name in a signature's scope and in a host name: `kms`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ssm => "ssm",
            Self::Kms => "kms",
            Self::Logs => "logs",
            Self::Ec2Messages => "ec2messages",
        }
    }

    /// What stands before the dot in `X-Amz-Target`.
    pub fn target_prefix(self) -> &'static str {
        match self {
            Self::Ssm => "AmazonSSM",
            Self::Kms => "TrentService",
            Self::Logs => "Logs_20140328",
            Self::Ec2Messages => "EC2WindowsMessageDeliveryService",
        }
    }

    /// The service of a target prefix.
    pub fn of_target(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.target_prefix() == prefix)
    }
}
