//! The patches of one node.

use crate::{
    console::text::clean,
    ssm::{self, Timestamp},
};

/// Which patches are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum States {
    /// Those that are not as they should be.
    #[default]
    Attention,
    /// Those that are missing.
    Missing,
    /// Those that could not be installed.
    Failed,
    /// Those that count after a reboot.
    PendingReboot,
    /// Those that are installed.
    Installed,
    /// All.
    All,
}

impl States {
    /// Every choice.
    pub const ALL: [States; 6] =
        [Self::Attention, Self::Missing, Self::Failed, Self::PendingReboot, Self::Installed, Self::All];

    /// Its words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Attention => "not in order",
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::PendingReboot => "pending reboot",
            Self::Installed => "installed",
            Self::All => "all",
        }
    }

    /// The values of the `State` filter of `DescribeInstancePatches`; none asks for all.
    pub fn filter(self) -> &'static [&'static str] {
        match self {
            Self::Attention => &["Missing", "Failed", "InstalledPendingReboot", "InstalledRejected"],
            Self::Missing => &["Missing"],
            Self::Failed => &["Failed"],
            Self::PendingReboot => &["InstalledPendingReboot"],
            Self::Installed => &["Installed", "InstalledOther"],
            Self::All => &[],
        }
    }

    /// The next choice.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|known| *known == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

/// Where a patch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    Failed,
    Missing,
    PendingReboot,
    Rejected,
    Available,
    Unknown,
    Installed,
    NotApplicable,
}

impl Standing {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Missing => "missing",
            Self::PendingReboot => "needs reboot",
            Self::Rejected => "rejected",
            Self::Available => "available",
            Self::Unknown => "unknown",
            Self::Installed => "installed",
            Self::NotApplicable => "not applicable",
        }
    }
}

impl From<&ssm::PatchComplianceDataState> for Standing {
    fn from(state: &ssm::PatchComplianceDataState) -> Self {
        // Services spell it both ways: `INSTALLED_OTHER` and `InstalledOther`.
        match state.as_str().replace('_', "").to_ascii_lowercase().as_str() {
            "installed" | "installedother" => Self::Installed,
            "installedpendingreboot" => Self::PendingReboot,
            "installedrejected" => Self::Rejected,
            "missing" => Self::Missing,
            "notapplicable" => Self::NotApplicable,
            "failed" => Self::Failed,
            "availablesecurityupdate" => Self::Available,
            _ => Self::Unknown,
        }
    }
}

/// A patch of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Where it stands.
    pub standing: Standing,
    /// Its title.
    pub title: String,
    /// Its id: a KB number, or a package.
    pub id: String,
    /// Its classification, such as `Security`.
    pub classification: String,
    /// Its severity as the platform's vendor says it.
    pub severity: String,
    /// What it is said to mend.
    pub cves: String,
    /// When it was installed.
    pub installed: Option<Timestamp>,
}

impl From<&ssm::PatchComplianceData> for Patch {
    fn from(data: &ssm::PatchComplianceData) -> Self {
        let standing = Standing::from(&data.state);
        let is_there = matches!(standing, Standing::Installed | Standing::PendingReboot | Standing::Rejected);
        Self {
            standing,
            title: clean(&data.title),
            id: clean(&data.kb_id),
            classification: clean(&data.classification),
            severity: clean(&data.severity),
            cves: data.cve_ids.as_deref().map(clean).unwrap_or_default(),
            // What is not installed carries the epoch.
            installed: (is_there && data.installed_time > Timestamp::default()).then_some(data.installed_time),
        }
    }
}

impl Patch {
    /// The place of its severity among those of the vendors, the worst first.
    pub fn grade(&self) -> usize {
        let known = ["critical", "important", "high", "moderate", "medium", "low"];
        let lower = self.severity.to_lowercase();
        known.iter().position(|known| *known == lower).unwrap_or(known.len())
    }

    /// The order of the list: what is worst first.
    fn rank(&self) -> (Standing, usize, bool, &str, &str) {
        let severity = self.grade();
        // Vendors that grade nothing still say which patches are about security.
        let other = !self.classification.to_lowercase().contains("security");
        (self.standing, severity, other, &self.classification, &self.title)
    }
}

/// Sorts patches, the worst first.
pub fn sort(patches: &mut [Patch]) {
    patches.sort_by(|a, b| a.rank().cmp(&b.rank()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssm::PatchComplianceDataState as State;

    #[test]
    fn both_spellings_of_a_state_are_read() {
        assert_eq!(Standing::from(&State::from("InstalledPendingReboot")), Standing::PendingReboot);
        assert_eq!(Standing::from(&State::from("INSTALLED_PENDING_REBOOT")), Standing::PendingReboot);
        assert_eq!(Standing::from(&State::from("?")), Standing::Unknown);
    }

    #[test]
    fn the_worst_stands_first() {
        let patch = |state: State, severity: &str, title: &str| {
            Patch::from(&ssm::PatchComplianceData {
                state,
                severity: severity.to_owned(),
                title: format!("{title}\u{1b}[2J"),
                ..Default::default()
            })
        };
        let mut list = vec![
            patch(State::Installed, "Critical", "d"),
            patch(State::Missing, "Low", "c"),
            patch(State::Missing, "Important", "b"),
            patch(State::Failed, "", "a"),
        ];
        sort(&mut list);
        assert_eq!(list.iter().map(|p| p.title.as_str()).collect::<String>(), "abcd");
        assert!(list.iter().all(|patch| patch.installed.is_none()));
    }

    #[test]
    fn the_choices_go_round() {
        let mut states = States::default();
        for _ in States::ALL {
            states = states.next();
        }
        assert_eq!(states, States::Attention);
        assert!(States::All.filter().is_empty());
    }
}
