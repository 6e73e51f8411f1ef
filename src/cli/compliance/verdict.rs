//! Whether a node is as it should be, and how many are, in groups.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{InstancePatchState, ResourceComplianceSummaryItem, Tag};
use crate::ssm::{ComplianceSeverity, ComplianceStatus};

/// The tag keys that name a patch group.
const PATCH_GROUP: [&str; 2] = ["PatchGroup", "Patch Group"];

/// Whether a node is as it should be; what needs attention first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    NonCompliant,
    /// Never scanned, so that nobody knows.
    Unknown,
    Compliant,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NonCompliant => "NON_COMPLIANT",
            Self::Unknown => "unknown",
            Self::Compliant => "COMPLIANT",
        })
    }
}

/// A node and what is known about its compliance.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) id: String,
    /// `None` if it was never scanned for patches.
    pub(super) patches: Option<InstancePatchState>,
    /// One for each compliance type.
    pub(super) summaries: Vec<ResourceComplianceSummaryItem>,
    /// Empty where nobody asked.
    pub(super) tags: Vec<Tag>,
}

impl Node {
    /// A type of compliance that is not given decides; else a node is compliant only if it was scanned for patches.
    pub(super) fn verdict(&self) -> Verdict {
        match &self.patches {
            _ if self.broken_summaries().next().is_some() => Verdict::NonCompliant,
            None => Verdict::Unknown,
            Some(state) if amiss(state) > 0 => Verdict::NonCompliant,
            Some(_) => Verdict::Compliant,
        }
    }

    fn broken_summaries(&self) -> impl Iterator<Item = &ResourceComplianceSummaryItem> {
        self.summaries.iter().filter(|item| item.status == Some(ComplianceStatus::NonCompliant))
    }

    /// The types of compliance that are not given.
    pub(super) fn broken(&self) -> Vec<&str> {
        let mut types: Vec<_> = self.broken_summaries().filter_map(|item| item.compliance_type.as_deref()).collect();
        if self.patches.as_ref().is_some_and(|state| amiss(state) > 0) && !types.contains(&"Patch") {
            types.push("Patch");
        }
        types
    }

    /// The worst severity of what is not as it should be.
    pub(super) fn severity(&self) -> Option<ComplianceSeverity> {
        let named = self.broken_summaries().filter_map(|item| item.overall_severity.clone());
        let counted = self.patches.as_ref().and_then(|state| match state {
            state if state.critical_non_compliant_count > Some(0) => Some(ComplianceSeverity::Critical),
            state if state.security_non_compliant_count > Some(0) => Some(ComplianceSeverity::High),
            state if amiss(state) > 0 => Some(ComplianceSeverity::Unspecified),
            _ => None,
        });
        named.chain(counted).min_by_key(rank)
    }

    /// A count of the patch state; nothing where there is none, since zero would be a claim.
    pub(super) fn patch_count(&self, count: fn(&InstancePatchState) -> Option<i32>) -> String {
        self.patches.as_ref().map(|state| count(state).unwrap_or(0).to_string()).unwrap_or_default()
    }

    fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
    }

    /// The patch group of the scan; a node that was never scanned has one only in its tags.
    fn patch_group(&self) -> Option<&str> {
        let scanned = self.patches.as_ref().map(|state| state.patch_group.as_str()).filter(|group| !group.is_empty());
        scanned.or_else(|| PATCH_GROUP.iter().find_map(|key| self.tag(key)))
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut node = serializer.serialize_struct("Node", 5)?;
        node.serialize_field("InstanceId", &self.id)?;
        node.serialize_field("Name", &self.name)?;
        node.serialize_field("Status", &self.verdict().to_string().to_uppercase())?;
        node.serialize_field("PatchState", &self.patches)?;
        node.serialize_field("ComplianceSummaries", &self.summaries)?;
        node.end()
    }
}

/// Patches that are not as they should be.
fn amiss(state: &InstancePatchState) -> i32 {
    let counts =
        [state.missing_count, state.failed_count, state.installed_pending_reboot_count, state.installed_rejected_count];
    counts.into_iter().flatten().fold(0, i32::saturating_add)
}

/// The worst first; what this version does not know last.
fn rank(severity: &ComplianceSeverity) -> usize {
    let known = ComplianceSeverity::ALL;
    known.iter().position(|known| known == severity).unwrap_or(known.len())
}

/// Nodes by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) compliant: usize,
    pub(super) non_compliant: usize,
    pub(super) unknown: usize,
}

impl Tally {
    pub(super) fn of<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Self {
        let mut tally = Self::default();
        nodes.into_iter().for_each(|node| tally.add(node));
        tally
    }

    fn add(&mut self, node: &Node) {
        *match node.verdict() {
            Verdict::Compliant => &mut self.compliant,
            Verdict::NonCompliant => &mut self.non_compliant,
            Verdict::Unknown => &mut self.unknown,
        } += 1;
    }

    pub(super) fn total(&self) -> usize {
        self.compliant + self.non_compliant + self.unknown
    }

    /// Compliant nodes among all of them, rounded down, so that 100 means every node.
    pub(super) fn percent(&self) -> usize {
        (self.compliant * 100).checked_div(self.total()).unwrap_or(0)
    }
}

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tally = serializer.serialize_struct("Tally", 5)?;
        tally.serialize_field("CompliantPercent", &self.percent())?;
        tally.serialize_field("Total", &self.total())?;
        tally.serialize_field("Compliant", &self.compliant)?;
        tally.serialize_field("NonCompliant", &self.non_compliant)?;
        tally.serialize_field("Unknown", &self.unknown)?;
        tally.end()
    }
}

/// What nodes are grouped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum By {
    Severity,
    PatchGroup,
    Tag(String),
}

impl FromStr for By {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("tag:")) {
            ("severity", _) => Ok(Self::Severity),
            ("patch-group", _) => Ok(Self::PatchGroup),
            (_, Some(key)) if !key.is_empty() => Ok(Self::Tag(key.to_owned())),
            _ => Err("expected severity, patch-group or tag:KEY".to_owned()),
        }
    }
}

impl By {
    pub(super) fn needs_tags_of(&self, node: &Node) -> bool {
        match self {
            Self::Severity => false,
            Self::PatchGroup => node.patch_group().is_none(),
            Self::Tag(_) => true,
        }
    }

    /// Where the group of a node sorts, and its name.
    fn group(&self, node: &Node) -> (usize, String) {
        let named = |name: Option<&str>, none: &str| match name {
            Some(name) => (0, name.to_owned()),
            None => (1, none.to_owned()),
        };
        match self {
            Self::PatchGroup => named(node.patch_group(), "(no patch group)"),
            Self::Tag(key) => named(node.tag(key), "(no such tag)"),
            Self::Severity => match (node.verdict(), node.severity()) {
                (Verdict::NonCompliant, Some(severity)) => (rank(&severity), severity.to_string()),
                (Verdict::NonCompliant, None) => (90, ComplianceSeverity::Unspecified.to_string()),
                (Verdict::Unknown, _) => (91, "unknown".to_owned()),
                (Verdict::Compliant, _) => (92, "(compliant)".to_owned()),
            },
        }
    }
}

/// Nodes that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Group {
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) tally: Tally,
}

/// The fleet in groups.
pub(super) fn groups(nodes: &[Node], by: &By) -> Vec<Group> {
    let mut groups: BTreeMap<(usize, String), Tally> = BTreeMap::new();
    for node in nodes {
        groups.entry(by.group(node)).or_default().add(node);
    }
    groups.into_iter().map(|((_, name), tally)| Group { name, tally }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(missing: i32, critical: i32, group: &str) -> Node {
        let state = InstancePatchState {
            patch_group: group.to_owned(),
            missing_count: Some(missing),
            critical_non_compliant_count: Some(critical),
            ..Default::default()
        };
        Node { patches: Some(state), ..Node::default() }
    }

    fn broken(kind: &str) -> Node {
        let item = ResourceComplianceSummaryItem {
            compliance_type: Some(kind.to_owned()),
            status: Some(ComplianceStatus::NonCompliant),
            overall_severity: Some(ComplianceSeverity::Low),
            ..Default::default()
        };
        Node { summaries: vec![item], ..Node::default() }
    }

    #[test]
    fn never_scanned_is_unknown_and_never_compliant() {
        let nodes = [Node::default(), scanned(0, 0, "a"), scanned(2, 1, "a"), broken("Custom:Disk")];
        assert_eq!(Tally::of(&nodes), Tally { compliant: 1, non_compliant: 2, unknown: 1 });
        assert_eq!(Tally::of(&nodes).percent(), 25);
        assert_eq!(Tally::of(&[Node::default()]).percent(), 0);
        assert_eq!(Tally::default().percent(), 0);
        assert_eq!(nodes[0].patch_count(|state| state.missing_count), "");
        assert_eq!((nodes[2].broken(), nodes[2].severity()), (vec!["Patch"], Some(ComplianceSeverity::Critical)));
    }

    #[test]
    fn groups_stand_by_what_was_asked() {
        let tagged = Node { tags: vec![Tag { key: "Patch Group".into(), value: "b".into() }], ..Node::default() };
        let nodes = [scanned(1, 1, "a"), scanned(0, 0, "a"), broken("Custom:Disk"), tagged];
        let names = |by: &str| {
            let groups = groups(&nodes, &by.parse().unwrap());
            groups.into_iter().map(|group| format!("{} {}", group.name, group.tally.total())).collect::<Vec<_>>()
        };
        assert_eq!(names("severity"), ["CRITICAL 1", "LOW 1", "unknown 1", "(compliant) 1"]);
        assert_eq!(names("patch-group"), ["a 2", "b 1", "(no patch group) 1"]);
        assert_eq!(names("tag:Role"), ["(no such tag) 4"]);
        assert!("tag:".parse::<By>().is_err() && "size".parse::<By>().is_err());
    }
}
