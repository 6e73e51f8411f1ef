//! Nights on call, played from the first screen to the end: real agents, each with name spaces and a disk of its own, keys in a
//! terminal, and proof by something else than the console's own screen.
#![cfg(target_os = "linux")]

pub mod support;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use nix::sys::signal::{Signal, kill};
use support::{BINARY, Engine, Terminal, until};

/// Nodes of the fleet.
const FLEET: usize = 50;

/// Fifty nodes of a shop. `None` without the right to make name spaces.
fn shop() -> Option<Engine> {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("nodes with disks of their own want root");
        return None;
    }
    let mut engine = Engine::start();
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
        let starter = format!("exec \"$0\" \"$@\" --isolate {name}");
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
        let script = format!("echo $$ > pid; exec {BINARY} --endpoint-url {}", engine.url);
        let terminal = Terminal::run(&script, &engine.environment(), engine.root.path(), rows, cols);
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

fn agent_of(engine: &Engine, name: &str) -> i32 {
    let data: PathBuf = engine.root.path().join(format!("agent-{name}"));
    process(&format!("--data {} --isolate", data.display())).expect("the agent of the node")
}

/// Who the first process of a path's lines is, as the node wrote it there.
fn pid_in(path: &Path) -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(support::read(path.to_owned()).trim().parse().unwrap())
}

/// The one full disk among fifty: found, entered and freed, although a process holds a deleted file.
#[test]
fn a_disk_fills_up_at_night() {
    let Some(engine) = shop() else { return };
    let agent = agent_of(&engine, "web-17");
    let fill = "dd if=/dev/zero of=/tmp/access.log.1 bs=1M count=40; dd if=/dev/zero of=/tmp/app.log bs=1M count=19; \
                (setsid sh -c 'exec 9>>/tmp/app.log; rm /tmp/app.log; exec sleep 86414' >/dev/null 2>&1 </dev/null &)";
    engine.fleetdeck(&["run", "--name", "web-17", "--", fill]);
    assert!(used(agent) >= 90, "{} %", used(agent));

    let mut night = OnCall::begin(&engine, 24, 80);
    // Every node has said how full it is, and the one that matters stands at the top.
    night.sees("with disk >= 90%: web-17");
    night.key("!");
    night.sees("web-17");
    // A node with a full disk opens with its disks.
    night.key("\r");
    night.sees("Largest on /tmp");
    night.sees("access.log.1");
    // Removing the log alone will not do: the holder of the other one is named, with what it holds.
    night.sees("held by sleep");
    night.key("s");
    night.sees("^g then d leave");
    assert!(night.typed <= 15, "{} keys to the shell", night.typed);
    night.line("PS1='no''de> '; clear; stty size");
    night.terminal.wait("a shell of the pane's size", |screen| {
        screen.contents().lines().any(
            |line| matches!(line.split_whitespace().collect::<Vec<_>>()[..], [r, "80"] if r.parse::<u16>().is_ok()),
        )
    });
    night.line("rm /tmp/access.log.1; echo sh''ell-$$-");
    night.sees("shell-");
    let before = used(agent);
    assert!((20..60).contains(&before), "the deleted file is still held: {before} %");

    // The console goes down in the middle of it; the next one offers the same shell.
    let screen = night.terminal.text();
    let shell =
        screen.lines().find_map(|line| line.trim().strip_prefix("shell-")?.strip_suffix('-')).unwrap().to_owned();
    kill(pid_in(&engine.root.path().join("pid")), Signal::SIGKILL).unwrap();
    night.terminal.wait_for_exit();
    night = OnCall::begin(&engine, 24, 80);
    night.sees("1 shell of yours is still open on a node");
    night.key("6");
    night.sees("disconnected");
    night.key("a");
    night.sees("the session goes on here");
    night.line("clear; echo st''ill-$$-; kill $(pgrep -f 'sleep 8641[4]'); echo fr''eed");
    night.sees(&format!("still-{shell}-"));
    night.sees("freed");
    until("the disk to have room", || used(agent) < 50);
    night.line("exit");
    night.sees("The session has ended");
    night.key("1");
    night.terminal.wait_until_gone("with disk >= 90%");

    // Who was there, from when to when, is in the history.
    let history = engine.fleetdeck(&["sessions", "ls", "--state", "history", "--output", "json"]);
    assert!(history.contains("Terminated") && history.contains(":root"), "{history}");

    // A node that is gone has no old green value.
    night.key("/");
    night.terminal.keys("web-17\r");
    night.key("\r");
    night.sees("Disks");
    kill(nix::unistd::Pid::from_raw(agent), Signal::SIGKILL).unwrap();
    night.sees("no answer");
}

/// How often a node has restarted its service, by what stands on its own disk.
fn restarts(agent: i32) -> usize {
    let target = format!("{agent}");
    let out = Command::new("nsenter").args(["-t", &target, "-m", "cat", "/tmp/restarts"]).output().unwrap();
    String::from_utf8_lossy(&out.stdout).lines().count()
}

/// A service is restarted on all production web servers, one after the other, and a bad configuration stops at the first.
#[test]
fn a_service_is_restarted_where_it_was_meant() {
    let Some(engine) = shop() else { return };
    let agents: Vec<(String, i32)> = (0..20)
        .map(|n| format!("web-{n:02}"))
        .map(|name| {
            let agent = agent_of(&engine, &name);
            (name, agent)
        })
        .collect();
    let done = || agents.iter().map(|(_, agent)| restarts(*agent)).collect::<Vec<_>>();

    let mut day = OnCall::begin(&engine, 60, 200);
    day.sees("50 nodes");
    let send = |day: &mut OnCall, script: &str| {
        day.key("r");
        // The document has told its parameters.
        day.sees("workingDirectory");
        day.terminal.keys(script);
        // Past the script's own parameters.
        ["\t"; 3].into_iter().for_each(|key| day.key(key));
        // One canary at a time, by tags and not by names.
        day.terminal.keys("\x15tag:Role=web tag:Environment=Production");
        day.key("\t");
        day.terminal.keys("\x151");
        day.key("\x14");
        day.sees("on 10 nodes");
        day.sees("1 node is not included: web-19 has Environment=production");
        day.sees("aws ssm send-command");
        day.key("\x13");
        day.sees("Run AWS-RunShellScript?");
        day.terminal.keys("10\r");
    };
    // The new configuration is bad: the canary says so, and nobody else is touched.
    send(&mut day, "echo failed >> /tmp/restarts; echo 'nginx: bad directive' >&2; exit 1");
    day.sees("nginx: bad directive");
    until("the canary alone to be touched", || done().iter().sum::<usize>() == 1);
    day.terminal.wait("an end", |screen| !screen.contents().contains("in progress"));
    assert_eq!(done().iter().sum::<usize>(), 1);

    day.key("1");
    day.sees("50 nodes");
    send(&mut day, "echo again >> /tmp/restarts; echo restarted");
    until("all ten to be restarted", || done().iter().sum::<usize>() == 11);
    day.sees("restarted");
    let untouched = agents.iter().skip(10).filter(|(_, agent)| restarts(*agent) > 0).map(|(name, _)| name);
    assert_eq!(untouched.collect::<Vec<_>>(), Vec::<&String>::new(), "nobody else is restarted");
    assert!(done().iter().take(10).all(|count| (1..=2).contains(count)), "{:?}", done());
}
