//! Shapes that several capabilities share.

use serde::{Deserialize, Serialize};

use super::macros::string_enums;

string_enums! {
/// The API's `DocumentHashType`.
pub enum DocumentHashType {
    Sha256 = "Sha256",
    Sha1 = "Sha1",
}

/// The API's `PlatformType`.
pub enum PlatformType {
    Windows = "Windows",
    Linux = "Linux",
    MacOS = "MacOS",
}
}

/// The API's `Tag`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    pub key: String,
    pub value: String,
}
