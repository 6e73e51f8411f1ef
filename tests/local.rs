//! `fleetdeck` on a machine without any AWS configuration: the context `local`.

pub mod support;

use std::{
    path::Path,
    process::{Command, Output},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use support::{BINARY, Terminal, read, until};

/// A user who has a home directory and nothing in it.
fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn environment(home: &Path) -> Vec<(&'static str, String)> {
    let below = |name: &str| home.join(name).display().to_string();
    vec![
        ("HOME", home.display().to_string()),
        ("XDG_CONFIG_HOME", below("config")),
        ("XDG_DATA_HOME", below("data")),
        ("XDG_STATE_HOME", below("state")),
        ("XDG_CACHE_HOME", below("cache")),
    ]
}

fn console(home: &Path) -> Terminal {
    let script = format!("sh -c 'echo $$ > pid; exec {BINARY}'; echo left-with-$?");
    Terminal::run(&script, &environment(home), home, 24, 80)
}

fn quit(mut terminal: Terminal) {
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
}

fn verb(home: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    command.args(words).env_clear().env("PATH", std::env::var_os("PATH").unwrap()).envs(environment(home));
    command.output().unwrap()
}

fn said(home: &Path, words: &[&str]) -> String {
    let run = verb(home, words);
    assert!(run.status.success(), "{words:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

/// Id and name of the one node, once it is online.
fn node(home: &Path) -> (String, String) {
    let mut found = Default::default();
    until("this machine online", || {
        let run = verb(home, &["nodes", "--output", "json"]);
        // One line for each node, so this is a document only if there is one node.
        let Ok(node) = serde_json::from_slice::<serde_json::Value>(&run.stdout) else { return false };
        let text = |name: &str| node[name].as_str().unwrap().to_owned();
        found = (text("InstanceId"), text("Name"));
        node["PingStatus"] == "Online"
    });
    found
}

/// The processes of this user's fleet: each names the user's directory.
///
/// What one of them is about to start carries its words until it has become another program, so
/// the number is more for a moment: wait for it.
fn processes(home: &Path) -> usize {
    let list = Command::new("ps").args(["-e", "-ww", "-o", "args"]).output().unwrap();
    let data = home.join("data").display().to_string();
    String::from_utf8_lossy(&list.stdout).lines().filter(|line| line.contains(&data)).count()
}

#[test]
fn the_local_fleet_is_there_is_kept_and_is_shared() {
    let home = home();
    let home = home.path();
    let refused = verb(home, &["nodes"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not running"));

    let first = console(home);
    first.wait_for("local");
    let found = node(home);
    first.wait_for(&found.1);
    said(home, &["param", "put", "/app/greeting", "hello"]);
    quit(first);
    until("engine and agent to end", || processes(home) == 0);

    let again = console(home);
    assert_eq!(node(home), found);
    assert_eq!(said(home, &["param", "get", "/app/greeting"]).trim(), "hello");

    // A second console finds the engine, and keeps it when the first one goes.
    let address = read(home.join("data/fleetdeck/engine.url"));
    let mut second = console(home);
    second.wait_for(&found.1);
    until("one engine and one agent", || processes(home) == 2);
    quit(again);
    assert_eq!(said(home, &["param", "get", "/app/greeting"]).trim(), "hello");
    assert_eq!(node(home), found);
    assert_eq!(read(home.join("data/fleetdeck/engine.url")), address);
    until("no engine and no agent more", || processes(home) == 2);

    // Even a console that is killed takes them with it when it is the last.
    kill(Pid::from_raw(read(home.join("pid")).trim().parse().unwrap()), Signal::SIGKILL).unwrap();
    // What is said then may go with the screen that the console had.
    second.wait_for_exit();
    until("engine and agent to end", || processes(home) == 0);
}

#[cfg(target_os = "linux")]
#[test]
fn an_engine_whose_log_is_on_a_full_disk_serves() {
    use std::{
        fs::File,
        io::{BufRead, BufReader},
        process::Stdio,
    };
    let home = home();
    let mut engine = Command::new(BINARY)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(home.path().join("engine"))
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(File::options().write(true).open("/dev/full").unwrap())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(engine.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let _ = engine.kill();
    engine.wait().unwrap();
    assert!(said.starts_with("listening on "), "{said:?}");
}
