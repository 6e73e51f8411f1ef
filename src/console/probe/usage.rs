//! How full file systems are: `df` and the kernel's table of mounts, put together.

use std::collections::{HashMap, HashSet};

use super::{Sections, unescaped};
use crate::console::text::clean;

/// From this share on, in percent, a file system counts as full.
pub const FULL: u8 = 90;
/// From this share on it is worth a look.
pub const FILLING: u8 = 80;
/// File systems below this size, in kB, hold nothing that could grow.
const SMALLEST: u64 = 1_024;
/// File systems that are no disk, or are always full.
const NO_DISK: &[&str] = &[
    "autofs",
    "cgroup",
    "cgroup2",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "erofs",
    "fuse.snapfuse",
    "iso9660",
    "proc",
    "ramfs",
    "squashfs",
    "sysfs",
    "udf",
];

/// One file system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// Where it is mounted.
    pub path: String,
    /// What is mounted there, such as `/dev/vda1`.
    pub device: String,
    /// `ext4`; empty if the node did not say.
    pub kind: String,
    /// Its number, `254:0`; empty if the node did not say.
    pub number: String,
    /// Its size in kB.
    pub total: u64,
    /// What is taken of it, in kB.
    pub used: u64,
    /// What ordinary users can still take, in kB.
    pub available: u64,
    /// The share of its inodes that is taken, in percent, where there is a limit.
    pub inodes: Option<u8>,
}

impl Mount {
    /// The share that is taken of what ordinary users can take, in percent, as `df` counts it.
    pub fn percent(&self) -> u8 {
        let all = self.used.saturating_add(self.available);
        let share = u128::from(self.used) * 100;
        share.checked_div(u128::from(all)).map_or(0, |whole| {
            let up = whole + u128::from(whole * u128::from(all) < share);
            u8::try_from(up.min(100)).unwrap_or(100)
        })
    }

    /// The worse of both shares, of room and of inodes: either can end all writing.
    pub fn worst(&self) -> u8 {
        self.percent().max(self.inodes.unwrap_or(0))
    }
}

/// The kernel's table of mounts: number, path and kind of what can hold files.
pub(super) const MOUNTS: &str = r##"awk '{ for (i = 7; i < NF; i++) if ($i == "-") { k = $(i + 1); break }
if (k !~ /^(autofs|bpf|cgroup2?|configfs|debugfs|devpts|mqueue|nsfs|proc|pstore|securityfs|sysfs|tracefs)$/) print $3, $5, k
}' /proc/self/mountinfo | s mounts
"##;

/// The commands that [`mounts`] reads. `df` may hang on a file server that does not answer, and is therefore bounded.
pub(super) fn script() -> String {
    format!(
        "{MOUNTS}t 5 df -Pk 2>/dev/null | sed 1d | s df
t 5 df -Pi 2>/dev/null | sed 1d | grep -E ' ([5-9][0-9]|100)% ' | s inodes
"
    )
}

/// Reads `df -Pk`, `df -Pi` and mountinfo; the fullest file system first.
pub fn mounts(sections: &Sections<'_>) -> Vec<Mount> {
    // What was mounted last at a place is what is seen there.
    let known: HashMap<String, (String, String)> = sections.lines("mounts").iter().filter_map(|l| mount(l)).collect();
    let inodes: HashMap<&str, u8> = sections
        .lines("inodes")
        .iter()
        .filter_map(|line| row(line))
        .filter_map(|row| Some((row.path, u8::try_from(row.percent?.min(100)).ok()?)))
        .collect();
    let mut mounts: Vec<Mount> = sections
        .lines("df")
        .iter()
        .filter_map(|line| row(line))
        .map(|row| {
            let (number, kind) = known.get(row.path).cloned().unwrap_or_default();
            Mount {
                path: clean(row.path),
                device: clean(row.device),
                kind,
                number,
                total: row.total,
                used: row.used,
                available: row.available,
                inodes: inodes.get(row.path).copied(),
            }
        })
        .filter(|mount| mount.total >= SMALLEST && !NO_DISK.contains(&mount.kind.as_str()))
        .filter(|mount| !["/dev", "/sys", "/proc"].iter().any(|top| is_below(&mount.path, top)))
        .collect();
    // Where a file system is mounted twice, the shorter path says more; layers of containers show their disk again.
    mounts.sort_by_key(|mount| mount.path.len());
    let (mut numbers, mut layers) = (HashSet::new(), HashSet::new());
    mounts.retain(|mount| {
        let layer = mount.kind.contains("overlay") || mount.kind == "aufs";
        (mount.number.is_empty() || numbers.insert(mount.number.clone()))
            && (!layer || layers.insert((mount.total, mount.used, mount.available)))
    });
    mounts.sort_by(|a, b| {
        b.worst().cmp(&a.worst()).then_with(|| b.total.cmp(&a.total)).then_with(|| a.path.cmp(&b.path))
    });
    mounts
}

fn is_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A line of the table of mounts: path, number and kind.
fn mount(line: &str) -> Option<(String, (String, String))> {
    let mut words = line.split(' ');
    let (number, path, kind) = (words.next()?, words.next()?, words.next()?);
    Some((unescaped(path), (clean(number), clean(kind))))
}

struct Row<'a> {
    device: &'a str,
    total: u64,
    used: u64,
    available: u64,
    percent: Option<u64>,
    path: &'a str,
}

/// A line of `df -P`. Device and path may contain blanks; the four columns between them are found by what they are.
fn row(line: &str) -> Option<Row<'_>> {
    let mut starts = Vec::new();
    let mut inside = false;
    for (at, c) in line.char_indices() {
        if c == ' ' {
            inside = false;
        } else if !inside {
            inside = true;
            starts.push(at);
        }
    }
    let word = |at: usize| starts.get(at).map(|start| line[*start..].split(' ').next().unwrap_or_default());
    let number = |at: usize| word(at)?.parse::<u64>().ok();
    (1..starts.len()).find_map(|at| {
        let (total, used, available) = (number(at)?, number(at + 1)?, number(at + 2)?);
        let share = word(at + 3)?;
        let percent = share.strip_suffix('%').and_then(|digits| digits.parse().ok());
        if percent.is_none() && share != "-" {
            return None;
        }
        let path = &line[*starts.get(at + 4)?..];
        path.starts_with('/').then(|| Row {
            device: line[..starts[at]].trim_end(),
            total,
            used,
            available,
            percent,
            path,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: &str = "#mounts
|0:6 /dev devtmpfs
|254:0 / ext4
|0:27 /dev/shm tmpfs
|254:0 /srv/copy ext4
|7:1 /snap/core/1 squashfs
|0:40 /tmp tmpfs
|0:41 /mnt/my\\040share cifs
#df
|devtmpfs                   12334460        0  12334460       0% /dev
|tmpfs                      24684084        0  24684084       0% /dev/shm
|/dev/vda                  264212084 14485384  80800504      16% /
|/dev/vda                  264212084 14485384  80800504      16% /srv/copy
|/dev/loop1                    65536    65536         0     100% /snap/core/1
|fleetdeck                     65536    62260      3276      95% /tmp
|//server/my share           1000000   400000    600000      40% /mnt/my share
#inodes
|/dev/vda               16777216 451828 16325388    3% /
|fleetdeck                     0      0        0     - /tmp
|//server/my share          1000    970       30   97% /mnt/my share
#.
";

    #[test]
    fn the_fullest_stands_first_and_what_is_no_disk_is_left_out() {
        let mounts = mounts(&Sections::read(NODE));
        let told: Vec<_> = mounts.iter().map(|m| (m.path.as_str(), m.percent(), m.inodes)).collect();
        assert_eq!(told, [("/mnt/my share", 40, Some(97)), ("/tmp", 96, None), ("/", 16, Some(3))]);
        assert_eq!((mounts[1].number.as_str(), mounts[1].kind.as_str()), ("0:40", "tmpfs"));
        assert_eq!(mounts[0].device, "//server/my share");
    }

    #[test]
    fn a_share_is_rounded_up_as_df_does() {
        let mount = |used, available| Mount { used, available, ..Mount::default() };
        assert_eq!(mount(0, 0).percent(), 0);
        assert_eq!(mount(1, 999).percent(), 1);
        assert_eq!(mount(899, 101).percent(), 90);
        assert_eq!(mount(u64::MAX, u64::MAX).percent(), 100);
    }

    #[test]
    fn this_machine_can_be_read() {
        let text = super::super::run(&format!("{}{}", super::super::PRELUDE, script()));
        let mounts = mounts(&Sections::read(&text));
        assert!(mounts.iter().any(|mount| mount.path == "/" && mount.total > 0), "{text}");
    }
}
