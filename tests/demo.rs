//! `fleetdeck demo` leaves nothing behind, however it ends.

pub mod support;

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use support::{BINARY, Terminal, until};

/// The processes whose command line names this directory.
fn processes(directory: &Path) -> usize {
    let list = Command::new("ps").args(["-e", "-ww", "-o", "args"]).output().unwrap();
    let name = directory.display().to_string();
    String::from_utf8_lossy(&list.stdout).lines().filter(|line| line.contains(&name)).count()
}

/// A demo without the console, with two nodes online.
fn headless(directory: &Path) -> Child {
    let mut demo = Command::new(BINARY)
        .args(["demo", "--headless", "--nodes", "2"])
        .env("TMPDIR", directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let said: Vec<_> = BufReader::new(demo.stdout.take().unwrap()).lines().map_while(Result::ok).take(3).collect();
    let word = |name: &str| said.iter().find_map(|line| line.strip_prefix(name)).expect(name).trim().to_owned();
    let (endpoint, credentials) = (word("endpoint "), word("credentials "));
    let fleetdeck = |words: &[&str]| {
        let mut verb = Command::new(BINARY);
        verb.args(["--endpoint-url", &endpoint, "--region", "us-east-1"]).args(words);
        verb.env("AWS_SHARED_CREDENTIALS_FILE", &credentials).env("AWS_CONFIG_FILE", "/dev/null");
        String::from_utf8_lossy(&verb.output().unwrap().stdout).into_owned()
    };
    until("two nodes online", || fleetdeck(&["nodes", "--output", "json"]).matches("\"Online\"").count() == 2);
    // Where a node has name spaces of its own, even what detaches itself from its script belongs to it.
    if nix::unistd::geteuid().is_root() {
        let detached =
            format!("setsid nohup sh -c ': {}; sleep 3600; :' >/dev/null 2>&1 & echo begun", directory.display());
        assert!(fleetdeck(&["run", "--all", "--", &detached]).contains("begun"));
    }
    demo
}

/// The demo's directory is the only one that may be in here.
fn assert_nothing_is_left(directory: &Path) {
    until("all processes to end", || processes(directory) == 0);
    until("the data to be removed", || std::fs::read_dir(directory).unwrap().next().is_none());
}

fn ends_without_a_trace(signal: Signal) {
    let directory = tempfile::tempdir().unwrap();
    let mut demo = headless(directory.path());
    until("the engine, two agents and the janitor at least", || processes(directory.path()) >= 4);
    kill(Pid::from_raw(demo.id().try_into().unwrap()), signal).unwrap();
    let ended = demo.wait().unwrap();
    assert_eq!(ended.success(), signal != Signal::SIGKILL, "{ended}");
    assert_nothing_is_left(directory.path());
}

#[test]
fn a_demo_that_is_asked_to_end() {
    ends_without_a_trace(Signal::SIGTERM);
}

#[test]
fn a_demo_that_is_killed() {
    ends_without_a_trace(Signal::SIGKILL);
}

#[test]
fn the_console_says_where_it_is_and_quits() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    let environment =
        [("HOME", home.display().to_string()), ("TMPDIR", directory.path().join("tmp").display().to_string())];
    std::fs::create_dir(directory.path().join("tmp")).unwrap();
    std::fs::create_dir(&home).unwrap();
    let script = format!("{BINARY} demo --nodes 2; echo left-with-$?");
    let mut terminal = Terminal::run(&script, &environment, directory.path(), 24, 80);
    terminal.wait_for("run for real here; all of it is removed at the end");
    terminal.wait("a node, and no word about activations before", |screen| {
        assert!(!screen.contents().contains("Create an activation"), "{}", screen.contents());
        screen.contents().contains("web-01")
    });
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
    assert_nothing_is_left(&directory.path().join("tmp"));
}
