//! A managed node as the console knows it: facts, tags and compliance, gathered from several operations.

use std::{cmp::Ordering, sync::Arc};

use super::compare::Sampled;
use crate::{
    console::{
        origin::{NodeId, Origin},
        probe::vitals::Vitals,
        text::clean,
    },
    ssm::{self, ComplianceSeverity, ComplianceStatus, PingStatus, Timestamp},
};

/// What is known about a node's patches, from `DescribeInstancePatchStates`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patches {
    /// The patch group; empty if it has none.
    pub group: String,
    /// Patches the baseline wants and the node has not.
    pub missing: i32,
    /// Patches that could not be installed.
    pub failed: i32,
    /// Patches that need a reboot to count.
    pub pending_reboot: i32,
    /// Patches that are installed although the baseline rejects them.
    pub rejected: i32,
    /// Patches in order.
    pub installed: i32,
    /// Of those not in order: critical ones.
    pub critical: i32,
    /// Of those not in order: security updates.
    pub security: i32,
    /// When the node was scanned.
    pub at: Timestamp,
}

impl From<&ssm::InstancePatchState> for Patches {
    fn from(state: &ssm::InstancePatchState) -> Self {
        Self {
            group: clean(&state.patch_group),
            missing: state.missing_count.unwrap_or(0),
            failed: state.failed_count.unwrap_or(0),
            pending_reboot: state.installed_pending_reboot_count.unwrap_or(0),
            rejected: state.installed_rejected_count.unwrap_or(0),
            installed: state.installed_count.unwrap_or(0).saturating_add(state.installed_other_count.unwrap_or(0)),
            critical: state.critical_non_compliant_count.unwrap_or(0),
            security: state.security_non_compliant_count.unwrap_or(0),
            at: state.operation_end_time,
        }
    }
}

/// Whether a node is as it should be. Never scanned is not compliant, it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Something is missing.
    NonCompliant,
    /// The node was never scanned.
    NeverScanned,
    /// The console has not asked yet.
    Unasked,
    /// Everything is in order.
    Compliant,
}

/// What a resource's compliance summaries say, over all compliance types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Types of compliance that are not given, such as `Patch`.
    pub broken: Vec<String>,
    /// Types of compliance that are given.
    pub sound: Vec<String>,
    /// The worst severity of what is broken.
    pub severity: Option<ComplianceSeverity>,
}

/// A node.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Where it is.
    pub origin: Origin,
    /// What that is called, where there is more than one origin.
    pub origin_label: Arc<str>,
    /// Its id, `mi-…` or `i-…`.
    pub id: String,
    /// Its name: from the `Name` tag or the activation, else the host name.
    pub name: String,
    /// Whether it answers.
    pub ping: PingStatus,
    /// Operating system and version.
    pub platform: String,
    /// `Linux`, `Windows` or `MacOS`; empty if the service did not say.
    pub platform_type: String,
    /// The agent's version.
    pub agent: String,
    /// Whether that version is the latest one, where the service says.
    pub latest: Option<bool>,
    /// Its address.
    pub ip: String,
    /// The host name it reports.
    pub computer: String,
    /// The name the service knows it by, without its tags.
    pub(super) given: String,
    /// When it was last heard of.
    pub last_seen: Option<Timestamp>,
    /// When it was registered.
    pub registered: Option<Timestamp>,
    /// The activation it came with.
    pub activation: String,
    /// The role it acts under.
    pub role: String,
    /// Its tags by key. `None`: not asked yet.
    pub tags: Option<Vec<(String, String)>>,
    /// Its patch state. `None`: not asked yet; `Some(None)`: never scanned.
    pub patches: Option<Option<Patches>>,
    /// Its compliance summaries.
    pub summary: Summary,
    /// How it said that it is.
    pub sampled: Sampled,
    /// Whether it is only known from the last time the console ran.
    pub remembered: bool,
    /// Whether its tags are.
    pub(super) tags_remembered: bool,
    /// Its name in an order of bytes that is the one of [`natural`].
    pub(super) key: Box<[u8]>,
    /// What words are looked for in: its names first, each on a line, and from `rest` on everything else.
    pub(super) text: String,
    pub(super) rest: usize,
}

impl Node {
    /// Takes over the facts of `DescribeInstanceInformation`; tags and patches stay. Most facts are as they were most of
    /// the time, and then nothing is made anew.
    pub fn update(&mut self, info: &ssm::InstanceInformation) {
        let mut changed = put(&mut self.id, info.instance_id.as_deref());
        changed |= put(&mut self.computer, info.computer_name.as_deref());
        changed |= put(&mut self.given, info.name.as_deref());
        changed |= put(&mut self.platform_type, info.platform_type.as_ref().map(ssm::PlatformType::as_str));
        changed |= put(&mut self.agent, info.agent_version.as_deref());
        changed |= put(&mut self.ip, info.ip_address.as_deref());
        changed |= put(&mut self.activation, info.activation_id.as_deref());
        changed |= put(&mut self.role, info.iam_role.as_deref());
        self.ping = info.ping_status.clone().unwrap_or_default();
        self.latest = info.is_latest_version;
        self.last_seen = info.last_ping_date_time;
        self.registered = info.registration_date;
        self.remembered = false;
        let name = info.platform_name.as_deref().unwrap_or_default();
        let version = info.platform_version.as_deref().unwrap_or_default();
        let rest = self.platform.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
        if name.is_empty() || rest != Some(version) {
            let platform = match name {
                "" => self.platform_type.clone(),
                name => clean(format!("{name} {version}").trim()),
            };
            changed |= self.platform != platform;
            self.platform = platform;
        }
        if changed {
            self.rename();
        }
    }

    /// What tells it from all others.
    pub fn node_id(&self) -> NodeId {
        NodeId::new(self.origin, &*self.id)
    }

    /// Takes over tags; a `Name` tag names the node.
    pub fn set_tags(&mut self, tags: &[ssm::Tag]) {
        let mut tags: Vec<_> = tags.iter().map(|tag| (clean(&tag.key), clean(&tag.value))).collect();
        tags.sort();
        self.tags = Some(tags);
        self.tags_remembered = false;
        self.rename();
    }

    /// How it is now, as far as that is known: of a node that is lost nothing is.
    pub fn vitals(&self, now: Timestamp) -> Option<&Vitals> {
        self.sampled.current(now).filter(|_| self.ping == PingStatus::Online)
    }

    /// Whether its tags are still to be asked for.
    pub fn wants_tags(&self) -> bool {
        self.tags.is_none() || self.tags_remembered
    }

    /// What its origin is called from now on.
    pub fn label(&mut self, label: Arc<str>) {
        self.origin_label = label;
        self.rename();
    }

    fn rename(&mut self) {
        let tag = self.tag("Name").unwrap_or_default();
        let name = [tag, &self.given, &self.computer, &self.id].into_iter().find(|name| !name.is_empty());
        let name = name.filter(|name| **name != self.name).map(str::to_owned);
        if let Some(name) = name {
            self.key = natural_key(&name).into();
            self.name = name;
        }
        // It is about as long as it was.
        let mut text = String::with_capacity(self.text.len());
        text.push_str(&self.name);
        if !self.computer.is_empty() && self.computer != self.name {
            text.push('\n');
            text.push_str(&self.computer);
        }
        self.rest = text.len();
        for fact in [&*self.id, &self.ip, &self.platform, &self.platform_type, &self.agent, &*self.origin_label] {
            if !fact.is_empty() {
                text.push('\n');
                text.push_str(fact);
            }
        }
        for (key, value) in self.tags.iter().flatten().filter(|(key, _)| key != "Name") {
            text.extend(["\n", key, "=", value]);
        }
        text.shrink_to_fit();
        self.text = text;
    }

    /// What words are looked for in: its names, each on a line, and everything else.
    pub fn text(&self) -> (&str, &str) {
        self.text.split_at_checked(self.rest).unwrap_or((&self.text, ""))
    }

    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().flatten().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The tags in one line, without `Name`.
    pub fn tags_text(&self) -> String {
        let shown = self.tags.iter().flatten().filter(|(key, _)| key != "Name");
        shown.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    }

    /// The values of the tags in one line, without `Name`: for where there is no room for the keys.
    pub fn tag_values(&self, separator: &str) -> String {
        let shown = self.tags.iter().flatten().filter(|(key, value)| key != "Name" && !value.is_empty());
        shown.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(separator)
    }

    /// Whether it is as it should be.
    pub fn verdict(&self) -> Verdict {
        if !self.summary.broken.is_empty() {
            return Verdict::NonCompliant;
        }
        match &self.patches {
            None => Verdict::Unasked,
            Some(None) => Verdict::NeverScanned,
            Some(Some(p)) if [p.missing, p.failed, p.pending_reboot, p.rejected].iter().any(|count| *count > 0) => {
                Verdict::NonCompliant
            }
            Some(Some(_)) => Verdict::Compliant,
        }
    }

    /// The worst severity of what is not in order.
    pub fn severity(&self) -> ComplianceSeverity {
        let by_patch = self.patches.iter().flatten().next();
        match &self.summary.severity {
            Some(severity) => severity.clone(),
            None if by_patch.is_some_and(|p| p.critical > 0) => ComplianceSeverity::Critical,
            None if by_patch.is_some_and(|p| p.security > 0) => ComplianceSeverity::High,
            None => ComplianceSeverity::Unspecified,
        }
    }

    /// Adds a compliance summary of this node.
    pub fn summarise(&mut self, item: &ssm::ResourceComplianceSummaryItem) {
        let kind = item.compliance_type.as_deref().map(clean).unwrap_or_default();
        let list = match item.status {
            Some(ComplianceStatus::NonCompliant) => &mut self.summary.broken,
            _ => &mut self.summary.sound,
        };
        if !list.contains(&kind) {
            list.push(kind);
        }
        if item.status == Some(ComplianceStatus::NonCompliant) {
            let worst = [self.summary.severity.take(), item.overall_severity.clone()];
            self.summary.severity = worst.into_iter().flatten().min_by_key(severity_rank);
        }
    }
}

/// Severities from the worst on.
pub fn severity_rank(severity: &ComplianceSeverity) -> usize {
    ComplianceSeverity::ALL.iter().position(|known| known == severity).unwrap_or(ComplianceSeverity::ALL.len())
}

/// Takes over a text, cleaned. Whether it is another than before.
fn put(here: &mut String, value: Option<&str>) -> bool {
    let value = value.unwrap_or_default();
    if here == value {
        return false;
    }
    let cleaned = clean(value);
    let changed = *here != cleaned;
    *here = cleaned;
    changed
}

/// Compares as people count: `web-2` stands before `web-10`; case matters last.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut a_rest, mut b_rest) = (a, b);
    loop {
        let (Some(x), Some(y)) = (a_rest.chars().next(), b_rest.chars().next()) else {
            return a_rest.len().cmp(&b_rest.len()).then_with(|| a.cmp(b));
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (m, n) = (digits(a_rest), digits(b_rest));
            let (p, q) = (a_rest[..m].trim_start_matches('0'), b_rest[..n].trim_start_matches('0'));
            let order = p.len().cmp(&q.len()).then_with(|| p.cmp(q));
            if order != Ordering::Equal {
                return order;
            }
            (a_rest, b_rest) = (&a_rest[m..], &b_rest[n..]);
        } else {
            let order = x.to_lowercase().cmp(y.to_lowercase());
            if order != Ordering::Equal {
                return order;
            }
            (a_rest, b_rest) = (&a_rest[x.len_utf8()..], &b_rest[y.len_utf8()..]);
        }
    }
}

/// Bytes whose order is that of [`natural`], but for texts that differ in case and leading zeros alone: those are equal.
pub fn natural_key(text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_digit() {
            let end = digits(rest);
            let number = rest[..end].trim_start_matches('0');
            // A number stands where its first digit would, and the longer number is the larger one. No byte is 0.
            key.push(b'0');
            key.push(u8::try_from(number.len()).unwrap_or(u8::MAX).saturating_add(1));
            key.extend(number.as_bytes());
            rest = &rest[end..];
        } else {
            let mut buffer = [0; 4];
            c.to_lowercase().for_each(|c| key.extend(c.encode_utf8(&mut buffer).as_bytes()));
            rest = &rest[c.len_utf8()..];
        }
    }
    key
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count() {
        let mut names = ["web-10", "Web-2", "web-1", "äx", "web-02", "db"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["db", "web-1", "Web-2", "web-02", "web-10", "äx"]);
    }

    proptest::proptest! {
        #[test]
        fn keys_stand_in_the_order_of_names(a in "[a-bA-B0-2 äÄ-]{0,8}", b in "[a-bA-B0-2 äÄ-]{0,8}") {
            let keys = natural_key(&a).cmp(&natural_key(&b));
            proptest::prop_assert!(keys == Ordering::Equal || keys == natural(&a, &b));
        }
    }

    #[test]
    fn never_scanned_is_not_compliant() {
        let mut node = Node::default();
        assert_eq!(node.verdict(), Verdict::Unasked);
        node.patches = Some(None);
        assert_eq!(node.verdict(), Verdict::NeverScanned);
        node.patches = Some(Some(Patches::default()));
        assert_eq!(node.verdict(), Verdict::Compliant);
        node.patches = Some(Some(Patches { missing: 1, ..Patches::default() }));
        assert_eq!(node.verdict(), Verdict::NonCompliant);
    }
}
