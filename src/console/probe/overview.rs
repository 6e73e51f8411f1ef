//! Load, memory, disks and network of a node.

use std::time::Duration;

use super::{
    Sections,
    usage::{self, Mount},
};
use crate::console::text::clean;

/// Time between samples.
pub const EVERY: Duration = Duration::from_secs(2);
/// Samples until the script ends by itself, should nobody be there to end it.
const MOST: u32 = 1_800;
/// Every so manieth sample says how full the disks are.
const DISKS: u32 = 5;

pub(super) fn script() -> String {
    let (every, disks) = (EVERY.as_secs(), usage::script());
    format!(
        "i=0
while [ $i -lt {MOST} ]; do
s up < /proc/uptime
s load < /proc/loadavg
grep '^cpu' /proc/stat | s cpu
s mem < /proc/meminfo
s net < /proc/net/dev
if [ $((i % {DISKS})) -eq 0 ]; then
{disks}fi
echo '#.'
i=$((i + 1))
sleep {every}
done"
    )
}

/// Counters of the processors since the node started, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// Programs, those with low priority included.
    pub user: u64,
    /// The kernel, interrupts included.
    pub system: u64,
    /// Waiting for disks.
    pub waiting: u64,
    /// Taken by the host for others.
    pub stolen: u64,
    /// Doing nothing.
    pub idle: u64,
}

impl Cpu {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        words.next()?;
        let ticks: Vec<u64> = words.map_while(|word| word.parse().ok()).collect();
        let tick = |at: usize| ticks.get(at).copied().unwrap_or(0);
        (ticks.len() >= 4).then(|| Self {
            user: tick(0).saturating_add(tick(1)),
            system: tick(2).saturating_add(tick(5)).saturating_add(tick(6)),
            waiting: tick(4),
            stolen: tick(7),
            idle: tick(3),
        })
    }

    /// The shares since an earlier count, in percent: programs, kernel, waiting, stolen.
    pub fn since(&self, before: &Self) -> [f64; 4] {
        let spent = |now: u64, before: u64| now.saturating_sub(before) as f64;
        let parts = [
            spent(self.user, before.user),
            spent(self.system, before.system),
            spent(self.waiting, before.waiting),
            spent(self.stolen, before.stolen),
        ];
        let all = parts.iter().sum::<f64>() + spent(self.idle, before.idle);
        if all > 0.0 { parts.map(|part| part * 100.0 / all) } else { [0.0; 4] }
    }
}

/// Counters of a network interface since the node started, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// `eth0`.
    pub name: String,
    /// Bytes that came.
    pub received: u64,
    /// Bytes that went.
    pub sent: u64,
}

/// One sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Time since the node started.
    pub uptime: Duration,
    /// Load of the last 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Processes that want to run, and all of them.
    pub processes: Option<(u32, u32)>,
    /// All processors together.
    pub cpu: Cpu,
    /// How many there are.
    pub cores: usize,
    /// Memory in kB.
    pub memory: Memory,
    /// Every interface but the loopback.
    pub interfaces: Vec<Interface>,
    /// The file systems, the fullest first. `None`: this sample has none.
    pub mounts: Option<Vec<Mount>>,
}

/// Memory, in kB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All there is.
    pub total: u64,
    /// What programs can still get.
    pub available: u64,
    /// Pages of files, which go when memory is wanted.
    pub cached: u64,
    /// Swap there is.
    pub swap: u64,
    /// Swap that is free.
    pub swap_free: u64,
}

impl Memory {
    /// Reads `/proc/meminfo`.
    pub fn parse(lines: &[&str]) -> Self {
        let value = |name: &str| {
            lines.iter().find_map(|line| {
                let (key, rest) = line.split_once(':')?;
                (key == name).then(|| rest.split_ascii_whitespace().next()?.parse::<u64>().ok())?
            })
        };
        let read = |name: &str| value(name).unwrap_or(0);
        let cached = read("Cached").saturating_add(read("Buffers"));
        Self {
            total: read("MemTotal"),
            // Kernels before 3.14 do not say it.
            available: value("MemAvailable").unwrap_or_else(|| read("MemFree").saturating_add(cached)),
            cached,
            swap: read("SwapTotal"),
            swap_free: read("SwapFree"),
        }
    }

    /// The share that programs have, in percent.
    pub fn percent(&self) -> u8 {
        percent(self.total.saturating_sub(self.available), self.total)
    }

    /// The share of swap that is taken, in percent.
    pub fn swap_percent(&self) -> u8 {
        percent(self.swap.saturating_sub(self.swap_free), self.swap)
    }
}

/// A share in percent.
pub fn percent(part: u64, whole: u64) -> u8 {
    let share = (u128::from(part) * 100).checked_div(u128::from(whole)).unwrap_or(0);
    u8::try_from(share.min(100)).unwrap_or(100)
}

/// Seconds of `/proc/uptime`.
pub fn uptime(lines: &[&str]) -> Option<Duration> {
    let seconds: f64 = lines.first()?.split(' ').next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The three loads of `/proc/loadavg`.
pub fn load(lines: &[&str]) -> Option<[f64; 3]> {
    let mut words = lines.first()?.split(' ').map(|word| word.parse::<f64>().ok().filter(|load| load.is_finite()));
    Some([words.next()??, words.next()??, words.next()??])
}

impl Sample {
    /// Reads an answer of the script. `None` if it is no answer of a Linux system.
    pub fn parse(text: &str) -> Option<Self> {
        let sections = Sections::read(text);
        let cpus = sections.lines("cpu");
        let load_line = sections.lines("load");
        let processes = load_line.first().and_then(|line| {
            let (running, all) = line.split(' ').nth(3)?.split_once('/')?;
            Some((running.parse().ok()?, all.parse().ok()?))
        });
        Some(Self {
            uptime: uptime(sections.lines("up"))?,
            load: load(load_line),
            processes,
            cpu: cpus
                .iter()
                .find(|line| line.starts_with("cpu "))
                .and_then(|line| Cpu::parse(line))
                .unwrap_or_default(),
            cores: cpus.iter().filter(|line| !line.starts_with("cpu ")).count(),
            memory: Memory::parse(sections.lines("mem")),
            interfaces: sections.lines("net").iter().filter_map(|line| interface(line)).collect(),
            mounts: sections.get("df").map(|_| usage::mounts(&sections)),
        })
    }
}

fn interface(line: &str) -> Option<Interface> {
    let (name, counters) = line.rsplit_once(':')?;
    let name = clean(name.trim());
    let counters: Vec<u64> = counters.split_ascii_whitespace().map_while(|word| word.parse().ok()).collect();
    let (received, sent) = (*counters.first()?, *counters.get(8)?);
    (name != "lo").then_some(Interface { name, received, sent })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NODE: &str = "#up
|519.26 179.96
#load
|4.28 2.70 1.23 4/115 19113
#cpu
|cpu  74474 0 10493 17996 267 0 57 102 0 0
|cpu0 36798 0 5001 9747 87 0 3 50 0 0
|cpu1 37676 0 5492 8249 179 0 54 52 0 0
#mem
|MemTotal:       24684084 kB
|MemFree:        20950336 kB
|MemAvailable:   23381516 kB
|Buffers:           34556 kB
|Cached:          2531460 kB
|SwapTotal:       1000000 kB
|SwapFree:         750000 kB
#net
|Inter-|   Receive                                                |  Transmit
| face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
|    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
|  eth0: 159921765    4106    0    0    0     0          0         0   290180    2941    0    0    0     0       0          0
#.
";

    #[test]
    fn a_sample_is_read() {
        let sample = Sample::parse(NODE).unwrap();
        assert_eq!(sample.uptime.as_secs(), 519);
        assert_eq!((sample.load, sample.processes, sample.cores), (Some([4.28, 2.70, 1.23]), Some((4, 115)), 2));
        assert_eq!((sample.memory.percent(), sample.memory.swap_percent()), (5, 25));
        let [eth0] = sample.interfaces.as_slice() else { panic!("{:?}", sample.interfaces) };
        assert_eq!((eth0.name.as_str(), eth0.received, eth0.sent), ("eth0", 159_921_765, 290_180));
        assert_eq!(sample.mounts, None);
        assert_eq!(Sample::parse("sh: not found\n#.\n"), None);
    }

    #[test]
    fn shares_of_the_processors_are_what_was_spent_since() {
        let before = Cpu { user: 100, system: 50, waiting: 10, stolen: 0, idle: 1_000 };
        let now = Cpu { user: 160, system: 70, waiting: 20, stolen: 10, idle: 1_100 };
        assert_eq!(now.since(&before), [30.0, 10.0, 5.0, 5.0]);
        // A node that was started again counts from nothing.
        assert_eq!(before.since(&now), [0.0; 4]);
    }

    #[test]
    fn this_machine_says_a_sample() {
        let script = super::super::Probe::Overview.script().replace(&format!("-lt {MOST}"), "-lt 1");
        let text = super::super::run(&script.replace(&format!("sleep {}", EVERY.as_secs()), ":"));
        let sample = Sample::parse(&text).unwrap();
        assert!(sample.cores > 0 && sample.memory.total > 0 && sample.cpu.idle > 0, "{text}");
        assert!(sample.mounts.is_some_and(|mounts| !mounts.is_empty()), "{text}");
        assert!(text.ends_with("#.\n"));
    }

    proptest! {
        #[test]
        fn nothing_a_node_says_breaks_it(lines in proptest::collection::vec(
            prop_oneof!["#(up|load|cpu|mem|net|df|inodes|mounts)", "\\|.{0,60}", "\\|(cpu|eth0:|MemTotal:)( [0-9]{1,30}){0,12}", ".{0,30}"], 0..40)
        ) {
            if let Some(sample) = Sample::parse(&lines.join("\n")) {
                let _ = (sample.cpu.since(&Cpu::default()), sample.memory.percent());
                for mount in sample.mounts.unwrap_or_default() {
                    prop_assert!(mount.worst() <= 100);
                }
            }
        }
    }
}
