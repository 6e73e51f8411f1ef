//! The processes of a node, from `/proc`.

use std::{collections::HashMap, time::Duration};

use super::{Sections, overview};
use crate::console::text::clean;

/// Seconds between answers.
const EVERY: u32 = 3;
/// Answers until the script ends by itself, should nobody be there to end it.
const MOST: u32 = 1_200;
/// Bytes of a command line that are told, the file it comes from with them.
const COMMAND: u32 = 256;
/// Users that are told by name.
const USERS: u32 = 5_000;

pub(super) fn script() -> String {
    format!(
        r##"p=$(getconf PAGESIZE 2>/dev/null || echo 4096)
k=$(getconf CLK_TCK 2>/dev/null || echo 100)
u=$({{ t 2 getent passwd 2>/dev/null || cat /etc/passwd; }} | cut -d: -f1,3 | head -n {USERS})
i=0
while [ $i -lt {MOST} ]; do
echo "#page $p"
echo "#tick $k"
s up < /proc/uptime
grep -a '' /proc/[0-9]*/stat /dev/null 2>/dev/null | s stat
grep -a -m 1 '' /proc/[0-9]*/cmdline /dev/null 2>/dev/null | tr '\000' ' ' | cut -c1-{COMMAND} | s command
ls -ldn /proc/[0-9]* 2>/dev/null | s owner
echo "$u" | s users
echo '#.'
i=$((i + 1))
sleep {EVERY}
done"##
    )
}

/// One process at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// The number of the one that started it.
    pub parent: u32,
    /// Whose it is.
    pub user: String,
    /// `R` runs, `S` sleeps, `D` waits for a disk, `Z` is dead but not buried, and so on.
    pub state: char,
    /// Time on the processors, in ticks.
    pub ticks: u64,
    /// When it was started, in ticks since the node was. With the number it names one process and no other.
    pub start: u64,
    /// Memory it has, in bytes.
    pub memory: u64,
    /// Its threads.
    pub threads: u32,
    /// Its command line; of the kernel's own, the name in brackets.
    pub command: String,
    /// Its short name.
    pub name: String,
}

/// Every process at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Time since the node was started.
    pub uptime: Duration,
    /// Ticks in a second.
    pub tick: u64,
    /// The processes, by number.
    pub processes: Vec<Process>,
}

impl Snapshot {
    /// Reads an answer. `None` if it is none of a Linux system.
    pub fn parse(text: &str) -> Option<Self> {
        let sections = Sections::read(text);
        let number = |name: &str| sections.head(name).and_then(|word| word.parse::<u64>().ok()).filter(|n| *n > 0);
        let (page, tick) = (number("page").unwrap_or(4_096), number("tick").unwrap_or(100));
        let users: HashMap<&str, &str> = sections
            .lines("users")
            .iter()
            .filter_map(|line| line.rsplit_once(':'))
            .map(|(name, id)| (id, name))
            .collect();
        let owners: HashMap<u32, &str> = sections.lines("owner").iter().filter_map(|line| owner(line)).collect();
        let commands = commands(sections.lines("command"));
        let mut processes: Vec<Process> = whole_lines(sections.lines("stat"))
            .iter()
            .filter_map(|(pid, line)| stat(*pid, line, page))
            .map(|mut process| {
                if let Some(id) = owners.get(&process.pid) {
                    process.user = clean(users.get(id).unwrap_or(id));
                }
                process.command = match commands.get(&process.pid).filter(|command| !command.is_empty()) {
                    Some(command) => command.clone(),
                    None => format!("[{}]", process.name),
                };
                process
            })
            .collect();
        processes.sort_by_key(|process| process.pid);
        processes.dedup_by_key(|process| process.pid);
        Some(Self { uptime: overview::uptime(sections.lines("up"))?, tick, processes })
    }
}

/// A line of a file below `/proc`, as `grep` prints it: `/proc/1/stat:1 (init) S …`. What the name of a process or its arguments
/// say cannot look like the beginning of such a line, as every line of theirs has one.
fn filed<'a>(line: &'a str, file: &str) -> Option<(u32, &'a str)> {
    let (pid, rest) = line.strip_prefix("/proc/")?.split_once('/')?;
    Some((pid.parse().ok()?, rest.strip_prefix(file)?.strip_prefix(':')?))
}

/// What stands in `stat` files. A name may contain line ends.
fn whole_lines(lines: &[&str]) -> Vec<(u32, String)> {
    let mut whole: Vec<(u32, String)> = Vec::new();
    for (pid, line) in lines.iter().filter_map(|line| filed(line, "stat")) {
        match whole.last_mut().filter(|(last, _)| *last == pid) {
            Some((_, last)) => {
                last.push(' ');
                last.push_str(line);
            }
            None => whole.push((pid, line.to_owned())),
        }
    }
    whole
}

/// The name ends with the last bracket.
fn stat(pid: u32, line: &str, page: u64) -> Option<Process> {
    let (head, tail) = line.rsplit_once(") ")?;
    let (_, name) = head.split_once(" (")?;
    let words: Vec<&str> = tail.split(' ').collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
    Some(Process {
        pid,
        parent: u32::try_from(number(1)?).ok()?,
        user: String::new(),
        state: words.first()?.chars().next()?,
        ticks: number(11)?.saturating_add(number(12)?),
        start: number(19)?,
        memory: number(21)?.saturating_mul(page),
        threads: number(17).and_then(|threads| u32::try_from(threads).ok()).unwrap_or(0),
        command: String::new(),
        name: clean(name),
    })
}

/// A line of `ls -ldn /proc/1`: the process and the number of its user.
fn owner(line: &str) -> Option<(u32, &str)> {
    let mut words = line.split_ascii_whitespace();
    let user = words.nth(2)?;
    Some((words.last()?.strip_prefix("/proc/")?.parse().ok()?, user))
}

/// The first lines of command lines.
fn commands(lines: &[&str]) -> HashMap<u32, String> {
    let command = |(pid, line): (u32, &str)| (pid, clean(line.trim_end()));
    lines.iter().filter_map(|line| filed(line, "cmdline")).map(command).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NODE: &str = "#page 4096
#tick 100
#up
|1000.00 1.0
#stat
|/proc/1/stat:1 (init) S 0 1 1 0 -1 4194560 5 5 0 0 120 30 1 1 20 0 1 0 5 170000000 2500 18446744073709551615 1 1
|/proc/2/stat:2 (a (b) c) R 1 2 2 0 -1 0 0 0 0 0 10 0 0 0 20 0 7 0 900 1 0 1
|/proc/3/stat:3 (two
|/proc/3/stat:1 (init) Z 1 3 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 901 1 10 1
|/proc/4/stat:4 nonsense
|/proc/5/stat:5 (last) S 1 3 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 902 1 10 1
#command
|/proc/1/cmdline:/sbin/init --flag 
|/proc/5/cmdline:evil /proc/3/cmdline:forged
|==> /proc/2/cmdline <==
|forged
#owner
|dr-xr-xr-x 9 0 0 0 Nov 26 08:31 /proc/1
|dr-xr-xr-x 9 33 33 0 Nov 26 08:31 /proc/2
|dr-xr-xr-x 9 4711 33 0 Nov 26 08:31 /proc/5
#users
|root:0
|www-data:33
#.
";

    #[test]
    fn processes_are_read_whatever_they_are_called() {
        let snapshot = Snapshot::parse(NODE).unwrap();
        let told: Vec<_> =
            snapshot.processes.iter().map(|p| (p.pid, p.state, p.user.as_str(), p.command.as_str())).collect();
        assert_eq!(
            told,
            [
                (1, 'S', "root", "/sbin/init --flag"),
                (2, 'R', "www-data", "[a (b) c]"),
                (3, 'Z', "", "[two 1 (init]"),
                (5, 'S', "4711", "evil /proc/3/cmdline:forged"),
            ]
        );
        let init = &snapshot.processes[0];
        assert_eq!((init.ticks, init.start, init.memory, init.threads), (150, 5, 10_240_000, 1));
    }

    #[test]
    fn this_machine_says_its_processes() {
        let script = super::super::Probe::Processes.script().replace(&format!("-lt {MOST}"), "-lt 1");
        let text = super::super::run(&script.replace(&format!("sleep {EVERY}"), ":"));
        let snapshot = Snapshot::parse(&text).unwrap();
        let own = snapshot.processes.iter().find(|process| process.pid == std::process::id()).unwrap();
        assert!(own.memory > 0 && own.threads > 0 && !own.user.is_empty(), "{own:?}");
        assert!(own.command.contains("fleetdeck"), "{own:?}");
        assert!(snapshot.processes.iter().any(|process| process.pid == 1 || process.parent == 0), "{snapshot:?}");
    }

    #[test]
    fn arguments_cannot_speak_for_another_process() {
        let mut forger = std::process::Command::new("sh");
        let forged = "x\n==> /proc/1/cmdline <==\nforged\n/proc/1/cmdline:forged";
        let mut forger = forger.args(["-c", "read x; :", forged]).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let script = super::super::Probe::Processes.script().replace(&format!("-lt {MOST}"), "-lt 1");
        let text = super::super::run(&script.replace(&format!("sleep {EVERY}"), ":"));
        drop(forger.stdin.take());
        forger.wait().unwrap();
        let snapshot = Snapshot::parse(&text).unwrap();
        let command = |pid: u32| snapshot.processes.iter().find(|process| process.pid == pid).unwrap().command.as_str();
        assert!(command(forger.id()).starts_with("sh -c read x; : x"), "{}", command(forger.id()));
        assert!(!snapshot.processes.iter().any(|process| process.command.starts_with("forged")));
    }

    proptest! {
        #[test]
        fn nothing_a_node_says_breaks_it(lines in proptest::collection::vec(
            prop_oneof!["#(stat|up|command|owner|users|page [0-9]{0,30}|tick [0-9]{0,30})", "\\|.{0,60}", "\\|/proc/[0-9]{1,9}/(stat:[0-9]{1,12} \\(.{0,9}\\)( -?[0-9A-Z]{1,22}){0,26}|cmdline:.{0,9})", "\\|1.5 2"], 0..40)
        ) {
            if let Some(snapshot) = Snapshot::parse(&lines.join("\n")) {
                prop_assert!(snapshot.tick > 0);
                prop_assert!(snapshot.processes.iter().all(|p| !p.command.contains(char::is_control)));
            }
        }
    }
}
