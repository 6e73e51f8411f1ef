//! Nights on call, played from the first screen to the end: real agents, each with name spaces and a disk of its own, keys in a
//! terminal, and proof by something else than the console's own screen.
#![cfg(target_os = "linux")]

#[path = "support/between.rs"]
mod between;
#[path = "scenarios/disk.rs"]
mod disk;
#[path = "scenarios/restart.rs"]
mod restart;
pub mod support;

use std::{path::PathBuf, process::Command, time::Duration};

use fleetdeck::{
    config::theme::{Role, Theme},
    ssm::DescribeInstanceInformation,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use support::{BINARY, Engine, Terminal, until};

/// Nodes of the fleet.
const FLEET: usize = 50;
/// The node whose agent has little room.
const SMALL: &str = "web-16";

/// Fifty nodes of a shop. `None` without the right to make name spaces.
fn shop() -> Option<Engine> {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("nodes with disks of their own want root");
        return None;
    }
    let mut engine = Engine::start();
    // Nobody waits for the next refresh.
    let config = engine.root.path().join("config/fleetdeck");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("settings.toml"), "refresh = 3\n").unwrap();
    for number in 0..FLEET {
        let (kind, environment) = match number {
            0..10 => ("web", "Production"),
            10..19 => ("web", "Staging"),
            // Somebody spelled it in their own way.
            19 => ("web", "production"),
            20..30 => ("app", "Production"),
            30..40 => ("db", "Staging"),
            _ => ("batch", "Development"),
        };
        let name = format!("{kind}-{number:02}");
        let mut starter = format!("exec \"$0\" \"$@\" --isolate {name}");
        if name == SMALL {
            // Its agent keeps what it has to keep on a disk of a megabyte.
            let data = data_of(&engine, &name).display().to_string();
            let mount = format!("mount -t tmpfs -o size=1m fleetdeck {data} && {starter}");
            starter = format!("mkdir {data}; exec unshare -m sh -c '{mount}' \"$0\" \"$@\"");
        }
        engine.agent_by(&["sh", "-c", &starter, BINARY], &name, &[("Role", kind), ("Environment", environment)]);
    }
    engine.wait_for_nodes(FLEET);
    Some(engine)
}

/// A terminal that counts what is typed into the console.
struct OnCall {
    terminal: Terminal,
    typed: usize,
}

impl OnCall {
    fn begin(engine: &Engine, rows: u16, cols: u16) -> Self {
        Self::begin_at(engine, &engine.url, rows, cols)
    }

    /// The same by way of another address.
    fn begin_at(engine: &Engine, url: &str, rows: u16, cols: u16) -> Self {
        let script = format!("echo $$ > pid; exec {BINARY} --endpoint-url {url}");
        let mut environment = engine.environment();
        environment.push(("COLORTERM", "truecolor".into()));
        let terminal = Terminal::run(&script, &environment, engine.root.path(), rows, cols);
        Self { terminal, typed: 0 }
    }

    /// Types one key of the console.
    fn key(&mut self, key: &str) {
        self.typed += 1;
        self.terminal.keys(key);
    }

    /// Types a line into the shell of the node.
    fn line(&mut self, line: &str) {
        self.terminal.keys(&format!("{line}\r"));
    }

    fn sees(&self, text: &str) {
        self.terminal.wait_for(text);
    }

    /// Waits for words of a paragraph, wherever its lines break.
    fn reads(&self, words: &str) {
        self.terminal.wait(&format!("{words:?}"), |screen| {
            screen.contents().split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
        });
    }

    /// Moves to a node of the fleet.
    fn goes_to(&mut self, node: &str) {
        self.key("1");
        self.sees("50 nodes");
        self.key(":");
        self.terminal.keys(&format!("node {node}\r"));
    }

    /// Waits until a row with this text is painted in the colour of a role, and in no colour of those others.
    fn sees_as(&self, text: &str, role: Role, never: &[Role]) {
        let theme = Theme::shipped("dark");
        let ink = |role: &Role| match theme.style(*role).fg {
            Some(ratatui::style::Color::Rgb(r, g, b)) => vt100::Color::Rgb(r, g, b),
            other => panic!("{role:?} is painted in {other:?}"),
        };
        let never: Vec<_> = never.iter().map(ink).collect();
        let painted = |screen: &vt100::Screen, row: u16| {
            let cells = (0..screen.size().1.get()).filter_map(|column| screen.cell(row, column));
            let seen = cells.filter(|cell| !cell.contents().trim().is_empty());
            seen.map(vt100::Cell::fgcolor).collect::<Vec<_>>()
        };
        self.terminal.wait(&format!("{text:?} as {role:?}"), |screen| {
            let rows = screen.contents();
            let Some(row) = rows.lines().position(|line| line.contains(text)) else { return false };
            let inks = painted(screen, u16::try_from(row).unwrap());
            inks.contains(&ink(&role)) && !inks.iter().any(|ink| never.contains(ink))
        });
    }
}

/// A process of a node by a part of its command line, as this machine numbers it.
fn process(needle: &str) -> Option<i32> {
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        String::from_utf8_lossy(&line).replace('\0', " ").contains(needle).then_some(pid)
    })
}

/// Per cent of `/tmp` that are used where a process is.
fn used(pid: i32) -> u32 {
    let target = format!("{pid}");
    let out = Command::new("nsenter").args(["-t", &target, "-m", "df", "--output=pcent", "/tmp"]).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("df says {text:?}"))
}

fn data_of(engine: &Engine, name: &str) -> PathBuf {
    engine.root.path().join(format!("agent-{name}"))
}

fn agent_of(engine: &Engine, name: &str) -> i32 {
    let data = data_of(engine, name);
    process(&format!("--data {} --isolate", data.display())).expect("the agent of the node")
}

/// Moves times in the engine's store into the past, so that nobody has to wait. `change` is for the node of `?1` alone.
fn backdate(engine: &Engine, change: &str, node: &str) {
    let store = rusqlite::Connection::open(engine.root.path().join("data/fleetdeck.db")).unwrap();
    store.busy_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(store.execute(change, [node]).unwrap(), 1, "{change}");
}

/// Kills the agent of a node, and lets the engine have heard nothing of it for ten minutes.
fn lose(engine: &Engine, name: &str, agent: i32) {
    kill(Pid::from_raw(agent), Signal::SIGKILL).unwrap();
    until("the agent to be gone", || {
        process(&format!("--data {} --isolate", data_of(engine, name).display())).is_none()
    });
    backdate(engine, "UPDATE nodes SET last_ping = last_ping - 600000 WHERE id = ?1", &id_of(engine, name));
}

/// The id of a node.
fn id_of(engine: &Engine, name: &str) -> String {
    let nodes = engine.ask(async |client| client.all(DescribeInstanceInformation::default()).await.unwrap());
    let node = nodes.into_iter().find(|node| node.name.as_deref() == Some(name)).unwrap();
    node.instance_id.unwrap()
}
