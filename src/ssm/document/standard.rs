//! The documents that every account has without creating them. Their content is ours, written to the public schema.

use std::sync::LazyLock;

use super::Document;
use crate::ssm::{DocumentFormat, DocumentType};

/// The document of a shell session for which no other is named. An account may put one of its own in its place.
pub const SESSION_SHELL: &str = "SSM-SessionManagerRunShell";
/// Who owns these documents.
pub const OWNER: &str = "Amazon";

/// One such document.
#[derive(Debug)]
pub struct Standard {
    /// `AWS-RunShellScript`.
    pub name: &'static str,
    /// What it is for: commands, associations or sessions.
    pub document_type: DocumentType,
    /// The JSON text.
    pub content: &'static str,
    /// The same, understood.
    pub document: Document,
}

/// Name, type and content, by name.
const SOURCES: &[(&str, DocumentType, &str)] = &[
    (
        "AWS-GatherSoftwareInventory",
        DocumentType::Policy,
        include_str!("../../../assets/documents/AWS-GatherSoftwareInventory.json"),
    ),
    (
        "AWS-RunPatchBaseline",
        DocumentType::Command,
        include_str!("../../../assets/documents/AWS-RunPatchBaseline.json"),
    ),
    (
        "AWS-RunPowerShellScript",
        DocumentType::Command,
        include_str!("../../../assets/documents/AWS-RunPowerShellScript.json"),
    ),
    ("AWS-RunShellScript", DocumentType::Command, include_str!("../../../assets/documents/AWS-RunShellScript.json")),
    (
        "AWS-StartInteractiveCommand",
        DocumentType::Session,
        include_str!("../../../assets/documents/AWS-StartInteractiveCommand.json"),
    ),
    (
        "AWS-StartNonInteractiveCommand",
        DocumentType::Session,
        include_str!("../../../assets/documents/AWS-StartNonInteractiveCommand.json"),
    ),
    (
        "AWS-StartPortForwardingSession",
        DocumentType::Session,
        include_str!("../../../assets/documents/AWS-StartPortForwardingSession.json"),
    ),
    (
        "AWS-StartPortForwardingSessionToRemoteHost",
        DocumentType::Session,
        include_str!("../../../assets/documents/AWS-StartPortForwardingSessionToRemoteHost.json"),
    ),
    ("AWS-StartSSHSession", DocumentType::Session, include_str!("../../../assets/documents/AWS-StartSSHSession.json")),
    (
        "SSM-SessionManagerRunShell",
        DocumentType::Session,
        include_str!("../../../assets/documents/SSM-SessionManagerRunShell.json"),
    ),
];

static DOCUMENTS: LazyLock<Vec<Standard>> = LazyLock::new(|| {
    // A test reads them all, so a broken one never leaves the developer's machine.
    let read = |(name, document_type, content): &(&'static str, DocumentType, &'static str)| {
        let document = Document::read(content, &DocumentFormat::Json, document_type).ok()?;
        Some(Standard { name, document_type: document_type.clone(), content, document })
    };
    SOURCES.iter().filter_map(read).collect()
});

/// All of them, by name.
pub fn all() -> &'static [Standard] {
    &DOCUMENTS
}

/// Finds one by its name.
pub fn find(name: &str) -> Option<&'static Standard> {
    DOCUMENTS.iter().find(|standard| standard.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standard_document_is_valid() {
        for (name, document_type, content) in SOURCES {
            if let Err(error) = Document::read(content, &DocumentFormat::Json, document_type) {
                panic!("{name}: {error}");
            }
        }
        assert!(all().is_sorted_by_key(|standard| standard.name));
        assert_eq!(all().len(), SOURCES.len());
    }
}
