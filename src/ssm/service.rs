//! The services that speak AWS JSON 1.1 here: Systems Manager, and the two that its sessions lean on.

/// A service: how requests to it are signed and addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// AWS Systems Manager.
    Ssm,
    /// AWS Key Management Service.
    Kms,
    /// Amazon CloudWatch Logs.
    Logs,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 3] = [Self::Ssm, Self::Kms, Self::Logs];

    /// The name in a signature's scope and in a host name: `kms`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ssm => "ssm",
            Self::Kms => "kms",
            Self::Logs => "logs",
        }
    }

    /// What stands before the dot in `X-Amz-Target`.
    pub fn target_prefix(self) -> &'static str {
        match self {
            Self::Ssm => "AmazonSSM",
            Self::Kms => "TrentService",
            Self::Logs => "Logs_20140328",
        }
    }

    /// The service of a target prefix.
    pub fn of_target(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.target_prefix() == prefix)
    }
}
