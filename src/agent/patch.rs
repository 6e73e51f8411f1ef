//! What a node lacks: the scan of its package manager, and how the service is told.

mod apt;

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use super::{inventory::item, plugin::powershell::is_installed};
use crate::ssm::{
    ComplianceExecutionSummary, ComplianceItemEntry, ComplianceSeverity, ComplianceStatus, ComplianceUploadType,
    InventoryItem, PatchComplianceDataState, PutComplianceItems, Timestamp,
};

/// The most entries the service takes at a time.
const ENTRIES: usize = 10_000;

/// A package manager. Another one is another file under `patch/`.
pub trait PackageManager: Sync {
    /// Its command, by which it is found.
    fn name(&self) -> &'static str;
    /// Looks what is installed and what could be newer, without changing anything and without needing to be root.
    fn scan<'a>(&'a self, now: Timestamp) -> BoxFuture<'a, Result<Scan, String>>;
}

const MANAGERS: &[&dyn PackageManager] = &[&apt::Apt];
/// Package managers that are recognised and not yet understood.
const UNDERSTOOD_LATER: &[&str] = &["dnf", "yum", "zypper", "apk", "pacman", "brew"];

/// The machine's package manager. The error is a sentence.
pub fn manager() -> Result<&'static dyn PackageManager, String> {
    if let Some(manager) = MANAGERS.iter().find(|manager| is_installed(manager.name())) {
        return Ok(*manager);
    }
    Err(match UNDERSTOOD_LATER.iter().find(|name| is_installed(name)) {
        Some(name) => format!("this node's package manager is {name}, which this version of the agent cannot scan yet"),
        None => "no package manager that this agent knows is on its PATH".to_owned(),
    })
}

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Installed and as new as it can be.
    pub installed: Vec<Package>,
    /// Installed in an older version than there is.
    pub missing: Vec<Package>,
    /// What the reader of the result should know, a sentence each.
    pub remarks: Vec<String>,
}

/// One package, in the version that is installed or that is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// `libssl3`.
    pub name: String,
    /// `amd64`.
    pub architecture: String,
    /// The version.
    pub version: String,
    /// Whether a source of security updates carries it.
    pub security: bool,
    /// When it was installed, if the system remembers.
    pub installed: Option<Timestamp>,
}

impl Package {
    fn id(&self) -> String {
        format!("{}.{}", self.name, self.architecture)
    }

    fn title(&self) -> String {
        format!("{}:{}", self.id(), self.version)
    }

    fn classification(&self) -> &'static str {
        if self.security { "Security" } else { "Other" }
    }

    /// How much a missing package weighs. The package manager says where an update comes from and not how bad the hole is,
    /// so a security update counts as high and everything else as unspecified.
    fn compliance_severity(&self) -> ComplianceSeverity {
        if self.security { ComplianceSeverity::High } else { ComplianceSeverity::Unspecified }
    }
}

/// What a scan is reported with.
#[derive(Clone, Debug)]
pub struct ScanReport<'a> {
    /// The node.
    pub instance_id: &'a str,
    /// The command that asked for it.
    pub execution_id: &'a str,
    /// The `SnapshotId` of the document, if any.
    pub snapshot_id: &'a str,
    /// `RebootOption` of the document.
    pub reboot_option: &'a str,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
}

impl ScanReport<'_> {
    /// `AWS:PatchSummary` and `AWS:PatchCompliance`.
    pub fn inventory(&self, scan: &Scan) -> Vec<InventoryItem> {
        let security = scan.missing.iter().filter(|package| package.security).count();
        let counts = [
            ("InstalledCount", scan.installed.len()),
            ("InstalledOtherCount", 0),
            ("InstalledPendingRebootCount", 0),
            ("InstalledRejectedCount", 0),
            ("MissingCount", scan.missing.len()),
            ("FailedCount", 0),
            ("NotApplicableCount", 0),
            ("CriticalNonCompliantCount", 0),
            ("SecurityNonCompliantCount", security),
            ("OtherNonCompliantCount", scan.missing.len() - security),
        ];
        let texts = [
            ("OperationType", "Scan".to_owned()),
            ("OperationStartTime", self.started.iso()),
            ("OperationEndTime", self.ended.iso()),
            ("SnapshotId", self.snapshot_id.to_owned()),
            ("RebootOption", self.reboot_option.to_owned()),
            ("ExecutionId", self.execution_id.to_owned()),
            // There is no baseline yet: everything the package manager would upgrade counts as missing.
            ("BaselineId", String::new()),
            ("PatchGroup", String::new()),
        ];
        let summary: BTreeMap<String, String> = counts
            .into_iter()
            .map(|(name, count)| (name.to_owned(), count.to_string()))
            .chain(texts.into_iter().map(|(name, text)| (name.to_owned(), text)))
            .collect();
        let patches = patches(scan).map(|(package, state)| {
            let fields = [
                ("Title", package.title()),
                ("KBId", package.id()),
                ("Classification", package.classification().to_owned()),
                ("Severity", "Unspecified".to_owned()),
                ("State", state.as_str().to_owned()),
                ("InstalledTime", package.installed.map(Timestamp::iso).unwrap_or_default()),
            ];
            fields.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
        });
        vec![
            item("AWS:PatchSummary", vec![summary], self.ended),
            item("AWS:PatchCompliance", patches.collect(), self.ended),
        ]
    }

    /// The compliance items of type `Patch`.
    pub fn compliance(&self, scan: &Scan) -> PutComplianceItems {
        let items = patches(scan).map(|(package, state)| {
            let missing = state == PatchComplianceDataState::Missing;
            let details = [("PatchState", state.as_str()), ("Classification", package.classification())];
            ComplianceItemEntry {
                id: Some(package.id()),
                title: Some(package.title()),
                severity: if missing { package.compliance_severity() } else { ComplianceSeverity::Unspecified },
                status: if missing { ComplianceStatus::NonCompliant } else { ComplianceStatus::Compliant },
                details: details.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
            }
        });
        PutComplianceItems {
            resource_id: self.instance_id.to_owned(),
            resource_type: "ManagedInstance".to_owned(),
            compliance_type: "Patch".to_owned(),
            execution_summary: ComplianceExecutionSummary {
                execution_time: self.ended,
                execution_id: Some(self.execution_id.to_owned()),
                execution_type: Some("Command".to_owned()),
            },
            items: items.collect(),
            item_content_hash: None,
            upload_type: Some(ComplianceUploadType::Complete),
        }
    }
}

/// The entries to tell, what is missing first: if there are too many, that is what counts.
fn patches(scan: &Scan) -> impl Iterator<Item = (&Package, PatchComplianceDataState)> {
    let missing = scan.missing.iter().map(|package| (package, PatchComplianceDataState::Missing));
    let installed = scan.installed.iter().map(|package| (package, PatchComplianceDataState::Installed));
    missing.chain(installed).take(ENTRIES)
}

/// A scan in words, for the step's output.
pub fn summary(scan: &Scan, manager: &str) -> String {
    let security = scan.missing.iter().filter(|package| package.security).count();
    let mut text = format!(
        "Scanned with {manager}: {} packages are up to date, {} have a newer version, {security} of them with security fixes.\n",
        scan.installed.len(),
        scan.missing.len()
    );
    for remark in &scan.remarks {
        text.push_str(remark);
        text.push('\n');
    }
    for package in &scan.missing {
        let mark = if package.security { " (security)" } else { "" };
        text.push_str(&format!("  missing {}{mark}\n", package.title()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, security: bool) -> Package {
        Package { name: name.into(), architecture: "amd64".into(), version: "1".into(), security, installed: None }
    }

    fn report() -> ScanReport<'static> {
        ScanReport {
            instance_id: "mi-1",
            execution_id: "c-1",
            snapshot_id: "",
            reboot_option: "NoReboot",
            started: Timestamp::from_millis(0),
            ended: Timestamp::from_millis(1000),
        }
    }

    #[test]
    fn counts_and_items_agree() {
        let scan = Scan {
            installed: vec![package("a", false)],
            missing: vec![package("b", true), package("c", false)],
            remarks: vec![],
        };
        let inventory = report().inventory(&scan);
        let summary = &inventory[0].content[0];
        assert_eq!((&*summary["InstalledCount"], &*summary["MissingCount"]), ("1", "2"));
        assert_eq!((&*summary["SecurityNonCompliantCount"], &*summary["OtherNonCompliantCount"]), ("1", "1"));
        assert_eq!(inventory[1].content.len(), 3);
        let compliance = report().compliance(&scan);
        let bad = compliance.items.iter().filter(|item| item.status == ComplianceStatus::NonCompliant).count();
        assert_eq!((compliance.items.len(), bad), (3, 2));
        assert_eq!(compliance.items[0].severity, ComplianceSeverity::High);
    }

    #[test]
    fn the_missing_ones_are_kept_when_there_are_too_many() {
        let scan =
            Scan { installed: vec![package("a", false); ENTRIES], missing: vec![package("b", false)], remarks: vec![] };
        let inventory = report().inventory(&scan);
        assert!(inventory[1].content.len() <= ENTRIES);
        assert_eq!(inventory[1].content[0]["State"], "MISSING");
        assert_eq!(inventory[0].content[0]["InstalledCount"], ENTRIES.to_string());
    }
}
