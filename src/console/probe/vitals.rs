//! The few numbers of a node that a list of many nodes shows.

use std::time::Duration;

use super::{
    PRELUDE, Sections,
    overview::{self, Memory},
    usage::{self, Mount},
};
use crate::console::text::clean;

/// The comment of the commands that ask for them. The history of commands leaves commands with it out.
pub const COMMENT: &str = "fleetdeck: sample";

/// The script, for `AWS-RunShellScript`. It says no more than it must: lists of invocations show 2,500 characters.
pub fn script() -> String {
    format!(
        "{PRELUDE}s up < /proc/uptime
s load < /proc/loadavg
echo \"#cores $(grep -c '^processor' /proc/cpuinfo)\"
grep -E '^(MemTotal|MemFree|MemAvailable|Buffers|Cached|SwapTotal|SwapFree):' /proc/meminfo | s mem
uname -r | s kernel
{}echo '#.'",
        usage::script()
    )
}

/// What a node said of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vitals {
    /// The file systems, the fullest first.
    pub mounts: Vec<Mount>,
    /// Memory.
    pub memory: Memory,
    /// Load of the last 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Processors; 0 if the node did not say.
    pub cores: usize,
    /// Time since it started.
    pub uptime: Duration,
    /// Its kernel.
    pub kernel: String,
}

impl Vitals {
    /// Reads an answer. `None` if it is none, or was cut.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.lines().any(|line| line.trim_end() == super::END) {
            return None;
        }
        let sections = Sections::read(text);
        Some(Self {
            mounts: usage::mounts(&sections),
            memory: Memory::parse(sections.lines("mem")),
            load: overview::load(sections.lines("load")),
            cores: sections.head("cores").and_then(|cores| cores.parse().ok()).unwrap_or(0),
            uptime: overview::uptime(sections.lines("up"))?,
            kernel: sections.lines("kernel").first().map(|line| clean(line)).unwrap_or_default(),
        })
    }

    /// The fullest file system.
    pub fn fullest(&self) -> Option<&Mount> {
        self.mounts.first()
    }

    /// How full that is, in percent.
    pub fn disk(&self) -> u8 {
        self.fullest().map_or(0, Mount::worst)
    }

    /// Load for each processor, in hundredths.
    pub fn pressure(&self) -> u32 {
        let [now, ..] = self.load.unwrap_or_default();
        // Not negative, and cut at what nobody reads any more.
        (now * 100.0 / self.cores.max(1) as f64).clamp(0.0, 99_999.0) as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn this_machine_says_its_vitals() {
        let text = super::super::run(&script());
        let vitals = Vitals::parse(&text).unwrap();
        assert!(vitals.cores > 0 && vitals.memory.total > 0 && !vitals.kernel.is_empty(), "{text}");
        assert!(vitals.fullest().is_some(), "{text}");
        assert!(text.len() < 2_500, "{}", text.len());
    }

    #[test]
    fn what_was_cut_is_no_answer() {
        let text = "#up\n|60.5 1\n#load\n|3.0 1 1 1/2 3\n#cores 2\n#df\n|/dev/vda 2000 1900 100 95% /\n#.\n";
        let vitals = Vitals::parse(text).unwrap();
        assert_eq!((vitals.disk(), vitals.pressure(), vitals.uptime.as_secs()), (95, 150, 60));
        assert_eq!(Vitals::parse(&text[..text.len() - 3]), None);
        assert_eq!(Vitals::parse("|#.\n"), None);
    }

    proptest! {
        #[test]
        fn nothing_a_node_says_breaks_it(lines in proptest::collection::vec(
            prop_oneof!["#(up|load|mem|df|inodes|kernel|cores -?[0-9]{0,30})", "\\|.{0,60}", "\\|-?[0-9e.]{1,40}( -?[0-9e.]{1,40}){0,3}"], 0..30)
        ) {
            let text = format!("{}\n#.\n", lines.join("\n"));
            if let Some(vitals) = Vitals::parse(&text) {
                prop_assert!(vitals.disk() <= 100 && vitals.pressure() <= 99_999);
            }
        }
    }
}
