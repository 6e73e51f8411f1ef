//! A console on a real engine that is recorded, and its record seen again without that engine.

pub mod support;

use std::process::{Command, Output};

use support::{BINARY, Engine, Terminal, read};

const VALUE: &str = "vAlUe-of-the-secret";
const TYPED: &str = "tYpEd-into-a-form";
const SHELL: &str = "tYpEd-into-a-shell";

fn recorded(engine: &Engine, words: &str) -> Terminal {
    let script = format!("{BINARY} --endpoint-url {} --record session.jsonl {words}; echo left-with-$?", engine.url);
    Terminal::run(&script, &engine.environment(), engine.root.path(), 24, 80)
}

fn replay(engine: &Engine, file: &str, words: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    // Nothing that could reach a service.
    command.env_clear().env("LANG", "C.UTF-8").env("HOME", engine.root.path());
    command.args(["--replay", file, "--headless"]).args(words).current_dir(engine.root.path()).output().unwrap()
}

/// The screen as the replay prints one.
fn screen(terminal: &Terminal) -> String {
    terminal.text().lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn screens(printed: &str) -> Vec<String> {
    let screens = printed.split("--- ").skip(1);
    screens.map(|screen| screen.split_once('\n').unwrap().1.trim_end().to_owned()).collect()
}

fn leave(terminal: &mut Terminal) {
    terminal.keys("q");
    terminal.wait("a question or the end", |screen| {
        screen.contents().contains("left-with-") || screen.contents().contains("Leave fleetdeck?")
    });
    terminal.keys("y");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
}

#[test]
fn what_was_seen_is_seen_again_and_no_secret_is_in_the_record() {
    let mut engine = Engine::start();
    for name in ["web-1", "db-1"] {
        engine.agent(name, &[("Role", "test")]);
    }
    engine.wait_for_nodes(2);
    engine.fleetdeck(&["param", "put", "/app/password", VALUE, "--type", "SecureString"]);
    let mut terminal = recorded(&engine, "");
    terminal.wait_for("web-1");
    let mut seen = Vec::new();

    // A secret is revealed, another one is written.
    terminal.keys("4");
    terminal.wait_for("app");
    terminal.keys("lj");
    terminal.wait_for("password");
    terminal.keys("s");
    terminal.wait_for(VALUE);
    terminal.keys("sn");
    terminal.wait_for("New parameter");
    terminal.keys("other\t\x1b[C\x1b[C\t");
    terminal.keys(TYPED);
    terminal.wait_for("•••••••••••••••••");
    terminal.keys("\x13");
    terminal.wait_for("Create this parameter?");
    terminal.keys("y");
    terminal.wait_for("Wrote /app/other");

    // A command, whose output is no business of a record's.
    terminal.keys("1");
    terminal.wait_for("db-1");
    terminal.keys("ar");
    terminal.wait_for("AWS-RunShellScript");
    terminal.keys("echo out''put-of-a-command");
    terminal.keys("\x13");
    terminal.wait_for("on 2 nodes");
    terminal.wait_for("SendCommand");
    // A frame comes in pieces; the footer is the last of it.
    terminal.wait("the keys of the question below it", |screen| {
        screen.contents().lines().last().is_some_and(|line| line.contains("y yes"))
    });
    seen.push(screen(&terminal));
    terminal.keys("y");
    terminal.wait_for("output-of-a-command");

    // A shell.
    terminal.keys("\x1b\x1b1");
    terminal.wait_for("db-1");
    terminal.keys("s");
    terminal.wait_for("^g then d leave");
    // Typed ahead of `read`, the end of the line would be no end: the terminal is still as readline has set it.
    terminal.keys("printf re''ady; read -s it && echo got-${#it}\r");
    terminal.wait_for("ready");
    terminal.keys(&format!("{SHELL}\r"));
    terminal.wait_for(&format!("got-{}", SHELL.len()));
    terminal.keys("\x07d");
    terminal.wait_until_gone("^g then d leave");
    terminal.keys("?");
    // The last line of the frame.
    terminal.wait_for("esc close");
    seen.push(screen(&terminal));
    terminal.keys("\x1b");
    terminal.wait_until_gone("esc close");
    leave(&mut terminal);

    let record = read(engine.root.path().join("session.jsonl"));
    for secret in [VALUE, TYPED, SHELL, "output-of-a-command", "got-"] {
        assert!(!record.contains(secret), "{secret} is in the record");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(engine.root.path().join("session.jsonl")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);

    let printed = replay(&engine, "session.jsonl", &["--print-screens"]);
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let printed = String::from_utf8(printed.stdout).unwrap();
    let screens = screens(&printed);
    // The form of the command shows dots where the script was.
    let dotted = |screen: &str| {
        screen.lines().filter(|line| !line.contains("echo") && !line.contains('•')).collect::<Vec<_>>().join("\n")
    };
    for one in &seen {
        let found = screens.iter().any(|screen| dotted(screen) == dotted(one));
        assert!(
            found,
            "this screen was not seen again:\n{one}\nthe last ones:\n{}",
            screens[screens.len() - 3..].join("\n\n")
        );
    }
    let last = replay(&engine, "session.jsonl", &[]);
    assert_eq!(String::from_utf8(last.stdout).unwrap().trim_end(), screens.last().unwrap().as_str());
}

#[test]
fn with_output_a_shell_is_seen_again() {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    let mut terminal = recorded(&engine, "--record-output");
    terminal.wait_for("web-1");
    terminal.keys("s");
    terminal.wait_for("^g then d leave");
    terminal.keys("PS1='rea''dy> '; clear; printf '\\033[5;5Hthe \\033[1mneedle\\033[0m\\n'\r");
    terminal.wait_for("the needle");
    terminal.wait_for("ready>");
    let seen = screen(&terminal);
    terminal.keys("\x07d");
    terminal.wait_until_gone("^g then d leave");
    leave(&mut terminal);
    let printed = String::from_utf8(replay(&engine, "session.jsonl", &["--print-screens"]).stdout).unwrap();
    assert!(screens(&printed).contains(&seen), "{seen}\n{printed}");
    // Another size than the recorded one.
    let small = replay(&engine, "session.jsonl", &["--size", "60x12"]);
    assert!(String::from_utf8(small.stdout).unwrap().lines().all(|line| line.chars().count() <= 60));
}

#[test]
fn a_report_of_a_bug_tells_where_it_is() {
    let engine = Engine::start();
    let script = format!("{BINARY} --endpoint-url {}; echo left-with-$?", engine.url);
    let mut terminal = Terminal::run(&script, &engine.environment(), engine.root.path(), 24, 100);
    terminal.wait_for("No managed nodes");
    terminal.keys(":report-bug\r");
    terminal.wait_for("Saved ");
    leave(&mut terminal);
    let reports = engine.root.path().join("state/fleetdeck/reports");
    let report = std::fs::read_dir(reports).unwrap().next().unwrap().unwrap().path();
    let shown = replay(&engine, &report.display().to_string(), &[]);
    assert!(String::from_utf8(shown.stdout).unwrap().contains("No managed nodes"));
}

#[test]
fn what_cannot_be_recorded_or_replayed_is_told() {
    let engine = Engine::start();
    let at = |name: &str| engine.root.path().join(name).display().to_string();
    std::fs::write(at("there"), "x").unwrap();
    let mut terminal = Terminal::run(
        &format!("{BINARY} --endpoint-url {} --record there; echo left-with-$?", engine.url),
        &engine.environment(),
        engine.root.path(),
        24,
        80,
    );
    terminal.wait_for("exists; name a new file");
    terminal.wait_for("left-with-1");
    terminal.wait_for_exit();
    let told = |file: &str| String::from_utf8(replay(&engine, file, &[]).stderr).unwrap();
    assert!(told("there").contains("no record of fleetdeck"));
    assert!(told("nowhere").contains("nowhere: No such file"));
    let usage = engine.command(&["--record", "x", "nodes"]);
    assert_eq!(usage.status.code(), Some(2));
}
