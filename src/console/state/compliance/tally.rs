//! Counting nodes. A node that was never scanned is unknown: it is counted apart and never as compliant.

use crate::{
    console::state::node::{Node, Verdict},
    ssm::{self, ComplianceSeverity},
};

/// Nodes by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In order.
    pub compliant: usize,
    /// Not in order.
    pub broken: usize,
    /// Never scanned.
    pub unknown: usize,
    /// Not asked yet.
    pub unasked: usize,
}

impl Tally {
    /// Counts a node.
    pub fn count(&mut self, node: &Node) {
        match node.verdict() {
            Verdict::Compliant => self.compliant += 1,
            Verdict::NonCompliant => self.broken += 1,
            Verdict::NeverScanned => self.unknown += 1,
            Verdict::Unasked => self.unasked += 1,
        }
    }

    /// Nodes counted.
    pub fn total(&self) -> usize {
        self.scanned() + self.unknown + self.unasked
    }

    /// Nodes of which something is known.
    pub fn scanned(&self) -> usize {
        self.compliant + self.broken
    }

    /// Compliant nodes among the scanned ones in percent, rounded down so that 100 means all. `None` if none was scanned.
    pub fn percent(&self) -> Option<usize> {
        (self.compliant * 100).checked_div(self.scanned())
    }
}

/// The severities, the worst first, as the pane counts them.
pub const SEVERITIES: [ComplianceSeverity; 6] = [
    ComplianceSeverity::Critical,
    ComplianceSeverity::High,
    ComplianceSeverity::Medium,
    ComplianceSeverity::Low,
    ComplianceSeverity::Informational,
    ComplianceSeverity::Unspecified,
];

/// The word for a severity.
pub fn severity_word(severity: &ComplianceSeverity) -> &'static str {
    match severity {
        ComplianceSeverity::Critical => "critical",
        ComplianceSeverity::High => "high",
        ComplianceSeverity::Medium => "medium",
        ComplianceSeverity::Low => "low",
        ComplianceSeverity::Informational => "informational",
        _ => "unspecified",
    }
}

/// Nodes that are not in order, by the worst severity of what is not, in the order of [`SEVERITIES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Severities(pub [usize; SEVERITIES.len()]);

impl Severities {
    /// Counts a node, if it is not in order.
    pub fn count(&mut self, node: &Node) {
        if node.verdict() == Verdict::NonCompliant {
            let severity = node.severity();
            let place = SEVERITIES.iter().position(|known| *known == severity).unwrap_or(SEVERITIES.len() - 1);
            self.0[place] += 1;
        }
    }

    /// The severities that occur.
    pub fn present(&self) -> impl Iterator<Item = (&'static ComplianceSeverity, usize)> {
        SEVERITIES.iter().zip(self.0).filter(|(_, count)| *count > 0)
    }
}

/// One type of compliance over the whole account, from `ListComplianceSummaries`. It counts resources, not items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeRow {
    /// `Patch`, `Association` or `Custom:…`.
    pub name: String,
    /// Resources in order.
    pub compliant: usize,
    /// Resources not in order.
    pub broken: usize,
}

impl From<&ssm::ComplianceSummaryItem> for TypeRow {
    fn from(item: &ssm::ComplianceSummaryItem) -> Self {
        let number = |count: Option<i32>| usize::try_from(count.unwrap_or(0)).unwrap_or(0);
        Self {
            name: item.compliance_type.as_deref().map(crate::console::text::clean).unwrap_or_default(),
            compliant: number(item.compliant_summary.as_ref().and_then(|summary| summary.compliant_count)),
            broken: number(item.non_compliant_summary.as_ref().and_then(|summary| summary.non_compliant_count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_percent_means_all_that_were_scanned() {
        let tally = Tally { compliant: 999, broken: 1, unknown: 50, unasked: 0 };
        assert_eq!((tally.percent(), tally.scanned(), tally.total()), (Some(99), 1_000, 1_050));
        assert_eq!(Tally { unknown: 3, ..Tally::default() }.percent(), None);
        assert_eq!(Tally { compliant: 190, broken: 10, ..Tally::default() }.percent(), Some(95));
    }
}
