//! The processes of a node: how much each has of the processors, and the order they are shown in.

use std::{borrow::Cow, collections::HashMap, time::Duration};

use super::table::{Row, Table};
use crate::console::{
    probe::processes::{Process, Snapshot},
    state::list::Fact,
};

/// The place of the column of the processors.
const CPU: usize = 2;

/// A process as it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// The process.
    pub process: Process,
    /// What it has of one processor, in percent: since the answer before, or since it was started.
    pub cpu: f64,
    /// Time it had on the processors.
    pub time: Duration,
}

impl Row for Shown {
    const COLUMNS: &'static [&'static str] = &["pid", "user", "cpu", "memory", "time", "command"];

    fn key(&self) -> String {
        format!("{} {}", self.process.pid, self.process.start)
    }

    fn fact(&self, column: usize) -> Fact {
        match column {
            0 => Fact::number(self.process.pid),
            1 => Fact::text(&self.process.user),
            // In percent of one processor.
            CPU => Fact::Tenths((self.cpu * 10.0).round() as i64),
            3 => Fact::number(self.process.memory),
            // In seconds.
            4 => Fact::number(self.time.as_secs()),
            // A command line may hold a password, as those of commands may.
            _ => Fact::text(crate::ssm::redact::mask(&self.process.command)),
        }
    }

    fn long(&self) -> Option<(usize, Cow<'_, str>)> {
        Some((5, self.process.command.as_str().into()))
    }
}

/// The processes of a node.
#[derive(Clone, Debug)]
pub struct Processes {
    /// The processes, in order.
    pub table: Table<Shown>,
    before: Option<Before>,
}

/// The answer before: when, and the ticks that each process had, by its number and start.
#[derive(Clone, Debug, Default)]
struct Before {
    uptime: Duration,
    ticks: HashMap<(u32, u64), u64>,
}

impl Default for Processes {
    fn default() -> Self {
        let mut table = Table::default();
        // What is busy is looked for first.
        table.lens.sort_on("cpu", false);
        Self { table, before: None }
    }
}

impl Processes {
    /// Takes an answer.
    pub fn take(&mut self, snapshot: Snapshot) {
        let Snapshot { uptime, tick, processes } = snapshot;
        let tick = tick.max(1) as f64;
        let before = self.before.take();
        let ticks = processes.iter().map(|process| ((process.pid, process.start), process.ticks)).collect();
        let shown = |process: Process| {
            let known = before.as_ref().and_then(|before| {
                let had = before.ticks.get(&(process.pid, process.start))?;
                Some((process.ticks.saturating_sub(*had), uptime.checked_sub(before.uptime)?.as_secs_f64()))
            });
            let age = (uptime.as_secs_f64() - process.start as f64 / tick).max(1.0);
            let (spent, within) = known.unwrap_or((process.ticks, age));
            let cpu = if within > 0.0 { spent as f64 / tick / within * 100.0 } else { 0.0 };
            let time = Duration::try_from_secs_f64(process.ticks as f64 / tick).unwrap_or_default();
            Shown { process, cpu, time }
        };
        let mut rows: Vec<Shown> = processes.into_iter().map(shown).collect();
        // Of what is equally busy the largest stands first.
        rows.sort_by_key(|row| (std::cmp::Reverse(row.process.memory), row.process.pid));
        self.table.set(rows);
        self.before = Some(Before { uptime, ticks });
    }
}

/// The signals that can be sent, with what they usually mean. The first is the usual one.
pub const SIGNALS: [(&str, &str); 9] = [
    ("TERM", "end, after tidying up"),
    ("HUP", "read the configuration again, or end"),
    ("INT", "as ctrl-c"),
    ("QUIT", "end and leave a core file"),
    ("KILL", "end at once, without tidying up"),
    ("STOP", "stand still"),
    ("CONT", "go on"),
    ("USR1", "what the program makes of it"),
    ("USR2", "what the program makes of it"),
];

/// The script that sends a signal to a process, and to no other one that has got its number meanwhile.
pub fn signal_script(signal: &str, process: &Process) -> String {
    let (pid, start) = (process.pid, process.start);
    format!(
        "set -- $(tr '\\n' ' ' < /proc/{pid}/stat 2>/dev/null | sed 's/.*) //')
if [ \"${{20}}\" != {start} ]; then echo 'process {pid} is gone' >&2; exit 3; fi
kill -{signal} {pid}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, ticks: u64, memory: u64) -> Process {
        Process {
            pid,
            ticks,
            memory,
            start: 100,
            user: "root".to_owned(),
            command: format!("p{pid}"),
            ..Process::default()
        }
    }

    fn snapshot(uptime: u64, processes: Vec<Process>) -> Snapshot {
        Snapshot { uptime: Duration::from_secs(uptime), tick: 100, processes }
    }

    #[test]
    fn the_busiest_now_stands_first() {
        let mut processes = Processes::default();
        processes.take(snapshot(101, vec![process(1, 5_000, 1), process(2, 0, 1)]));
        assert_eq!(processes.table.current().unwrap().process.pid, 1, "since it was started");
        processes.take(snapshot(103, vec![process(1, 5_000, 1), process(2, 300, 1)]));
        let first = processes.table.row(0).unwrap();
        assert_eq!((first.process.pid, first.cpu), (2, 150.0));
        assert_eq!(processes.table.current().unwrap().process.pid, 1, "the cursor stays on its process");
    }

    #[test]
    fn a_signal_reaches_the_process_that_was_meant_and_no_other() {
        let run = |script: &str| std::process::Command::new("sh").args(["-c", script]).output().unwrap();
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let text = crate::console::probe::run(&format!("cat /proc/{}/stat", child.id()));
        let start = text.rsplit_once(") ").unwrap().1.split(' ').nth(19).unwrap().parse().unwrap();
        let other = Process { pid: child.id(), start: start + 1, ..Process::default() };
        let refused = run(&signal_script("TERM", &other));
        assert!(!refused.status.success() && child.try_wait().unwrap().is_none());
        assert!(String::from_utf8_lossy(&refused.stderr).contains("is gone"));
        assert!(run(&signal_script("TERM", &Process { start, ..other })).status.success());
        assert!(!child.wait().unwrap().success());
    }
}
