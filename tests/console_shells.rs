//! Shells in the console on a real engine and real agents: several at once, large pastes, floods.

pub mod support;

use nix::sys::signal::Signal;
use support::{BINARY, Engine, Terminal};

fn console(engine: &Engine, rows: u16, cols: u16) -> Terminal {
    let script = format!("{BINARY} --endpoint-url {}; echo left-with-$?", engine.url);
    Terminal::run(&script, &engine.environment(), engine.root.path(), rows, cols)
}

/// Opens a shell on the node under the cursor and gives it a prompt that nothing else looks like.
fn shell(terminal: &mut Terminal) {
    terminal.keys("s");
    terminal.wait_for("^g then d leave");
    terminal.keys("PS1='rea''dy> ' && clear\r");
    wait_for_prompt(terminal);
}

fn wait_for_prompt(terminal: &Terminal) {
    terminal.wait("the prompt", |screen| screen.contents().lines().any(|line| line.trim() == "ready>"));
}

fn leave(terminal: &mut Terminal) {
    terminal.keys("\x07d");
    terminal.wait_for("7 F");
    terminal.keys("q");
    terminal.wait_for("Leave fleetdeck?");
    terminal.keys("y");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
}

#[test]
fn a_flood_leaves_the_other_panes_alone_and_stops_when_told() {
    let mut engine = Engine::start();
    engine.agent("loud", &[]);
    engine.wait_for_nodes(1);
    let mut terminal = console(&engine, 30, 100);
    terminal.wait_for("loud");
    shell(&mut terminal);
    terminal.keys("yes floods\r");
    let flooded =
        |screen: &vt100::Screen| screen.contents().lines().filter(|line| line.trim() == "floods").count() > 20;
    terminal.wait("a flood", flooded);
    // The fleet answers while the flood goes on.
    terminal.keys("\x071");
    terminal.wait_for("1 node");
    terminal.keys("/nothing-like-it");
    terminal.wait_for("Nothing matches");
    terminal.keys("\x1b");
    terminal.wait_for("loud");
    terminal.keys("5");
    terminal.wait("the flood again", flooded);
    terminal.keys("\x03");
    wait_for_prompt(&terminal);
    terminal.keys("clear; echo after-$((1+1))\r");
    terminal.wait_for("after-2");
    leave(&mut terminal);
}

#[test]
fn a_shell_is_recorded_on_this_machine_from_one_key_to_the_other() {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    let mut terminal = console(&engine, 24, 80);
    terminal.wait_for("web-1");
    shell(&mut terminal);
    terminal.keys("echo be''fore\r");
    terminal.wait_for("before");
    terminal.keys("\x07R");
    terminal.wait_for("web-1 ● rec");
    // What is not echoed is not recorded.
    terminal.keys("stty -echo; echo as''king; read secret; stty echo; echo got ${#secret}\r");
    terminal.wait_for("asking");
    terminal.keys("hunter2\r");
    terminal.wait_for("got 7");
    terminal.keys("\x07R");
    terminal.wait_until_gone("web-1 ● rec");
    terminal.keys("echo af''ter\r");
    terminal.wait_for("after");
    let directory = engine.root.path().join("state/fleetdeck/recordings");
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let [cast, text] = files.as_slice() else { panic!("{files:?}") };
    assert!(cast.extension().is_some_and(|end| end == "cast") && text.extension().is_some_and(|end| end == "txt"));
    for file in &files {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let recorded = support::read(file.clone());
        assert!(recorded.contains("got 7"), "{recorded}");
        // It begins with the screen as it was.
        assert!(recorded.contains("before"), "{recorded}");
        for other in ["hunter2", "after"] {
            assert!(!recorded.contains(other), "{other}: {recorded}");
        }
    }
    let replayed = engine.fleetdeck(&["sessions", "replay", &cast.display().to_string()]);
    assert!(replayed.contains("asking") && replayed.contains("got 7"), "{replayed}");
    leave(&mut terminal);
}

#[test]
fn a_link_is_opened_by_the_users_browser_which_has_nothing_of_our_terminal() {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    let (browser, opened) = (engine.root.path().join("browser"), engine.root.path().join("opened"));
    let script = "#!/bin/sh\n[ -t 0 ] || [ -t 1 ] || [ -t 2 ] || echo \"$# $1\" > \"$0.tmp\" && mv \"$0.tmp\" opened\n";
    std::fs::write(&browser, script).unwrap();
    std::fs::set_permissions(&browser, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let script = format!("BROWSER={} {BINARY} --endpoint-url {}; echo left-with-$?", browser.display(), engine.url);
    let mut terminal = Terminal::run(&script, &engine.environment(), engine.root.path(), 24, 80);
    terminal.wait_for("web-1");
    shell(&mut terminal);
    terminal.keys("printf '\\033]8;;https://example.com/?a=1&b=$(id)\\033\\\\the do''cs\\033]8;;\\033\\\\\\n'\r");
    terminal.wait_for("the docs");
    terminal.keys("\x07[k0o");
    terminal.wait_for("https://example.com/?a=1&b=$(id)");
    terminal.wait_for("shows this link to example.com");
    terminal.keys("y");
    support::until("the browser", || opened.exists());
    assert_eq!(support::read(opened), "1 https://example.com/?a=1&b=$(id)\n");
    terminal.keys("q");
    terminal.wait_until_gone("looking back");
    leave(&mut terminal);
}

#[test]
fn a_broken_line_is_told_in_the_tab_with_its_reason_until_it_stands_again() {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    let mut terminal = console(&engine, 24, 80);
    terminal.wait_for("web-1");
    shell(&mut terminal);
    engine.kill();
    terminal.wait("the reason", |screen| {
        let text = screen.contents();
        text.lines().any(|line| {
            line.contains("◌ web-1 reconnecting… ") && line.contains("(attempt ") && line.contains("cannot reach")
        })
    });
    engine.restart();
    terminal.wait_for("● web-1");
    terminal.keys("clear; echo the-s''ame\r");
    terminal.wait_for("the-same");
    leave(&mut terminal);
}

#[test]
fn a_shell_survives_the_console_that_was_killed_or_hung_up_on() {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    let script = format!("echo $$ > pid; exec {BINARY} --endpoint-url {}", engine.url);
    let open = |engine: &Engine| Terminal::run(&script, &engine.environment(), engine.root.path(), 24, 80);
    let mut terminal = open(&engine);
    terminal.wait_for("web-1");
    shell(&mut terminal);
    terminal.keys("kept=$$; echo sh''ell-$$-\r");
    terminal.wait_for("shell-");
    let told = terminal.text();
    let first = told.lines().find_map(|line| line.trim().strip_prefix("shell-")?.strip_suffix('-')).unwrap().to_owned();
    for end in [Some(Signal::SIGKILL), Some(Signal::SIGHUP), None] {
        let pid = support::read(engine.root.path().join("pid"));
        let pid = nix::unistd::Pid::from_raw(pid.trim().parse().unwrap());
        match end {
            Some(signal) => nix::sys::signal::kill(pid, signal).unwrap(),
            // Frames fail before the signal comes.
            None => {
                terminal.keys("\x071");
                terminal.wait_for("1 node");
                terminal.hang_up("?");
            }
        }
        terminal.wait_for_exit();
        terminal = open(&engine);
        terminal.wait(&format!("the shell that was left, after {end:?}"), |screen| {
            screen.contents().contains("1 shell of yours is still open on a node")
        });
        terminal.keys("6");
        terminal.wait_for("disconnected");
        terminal.keys("A");
        terminal.wait_for("the session goes on here");
        terminal.keys("clear; echo st''ill-$$-$kept-\r");
        terminal.wait_for(&format!("still-{first}-{first}-"));
        // No key is lost or doubled from here on.
        terminal.keys("clear; echo 0123456789''abcdefghijklmnopqrstuvwxyz\r");
        terminal.wait("every key once", |screen| {
            screen.contents().lines().any(|line| line.trim() == "0123456789abcdefghijklmnopqrstuvwxyz")
        });
    }
}

#[test]
fn two_shells_side_by_side_are_typed_into_together() {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.agent("web-2", &[]);
    engine.wait_for_nodes(2);
    let mut terminal = console(&engine, 24, 80);
    terminal.wait_for("web-2");
    terminal.keys("aS");
    terminal.wait_for("Open these shells?");
    terminal.keys("y");
    terminal.wait_for("● web-1 ◆");
    terminal.wait_for("● web-2 ◆");
    terminal.keys("\x07|web-1 open");
    terminal.wait_for("web-1 open");
    terminal.keys("\r");
    // The tabs that share the screen are joined.
    terminal.wait_for("◆ ┊ ●");
    terminal.keys("\x07b");
    terminal.wait_for("typing into 2 shells");
    terminal.keys("clear; stty size | sed s/^/both-/\r");
    // Each has half of 78 columns, less the line between them.
    terminal.wait("an answer of each", |screen| {
        let text = screen.contents();
        text.contains("both-17 38") && text.contains("both-17 39")
    });
    terminal.keys("\x07b");
    terminal.wait_until_gone("typing into 2 shells");
    // With the prefix the split is left for a tab of its own.
    terminal.keys("\x07!");
    terminal.wait("one shell alone", |screen| screen.contents().matches("web-1").count() == 1);
    leave(&mut terminal);
}

#[test]
fn a_large_paste_arrives_whole() {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    let mut terminal = console(&engine, 24, 80);
    terminal.wait_for("web-1");
    shell(&mut terminal);
    terminal.keys(&format!("cat > {}\r", engine.root.path().join("pasted").display()));
    let line = "0123456789abcdef".repeat(4);
    let text: String = (0..4_000).map(|n| format!("{n:07} {line}\r")).collect();
    terminal.keys(&format!("\x1b[200~{text}\x1b[201~"));
    terminal.wait_for("4,000 lines, 292 kB, into web-1");
    // It says when keys answer it.
    terminal.wait_for("y yes");
    terminal.keys("y");
    terminal.wait_until_gone("Paste this?");
    // What is typed behind a paste arrives behind it.
    terminal.keys("last\r\x04");
    wait_for_prompt(&terminal);
    let pasted = support::read(engine.root.path().join("pasted"));
    assert_eq!(pasted, text.replace('\r', "\n") + "last\n");
    leave(&mut terminal);
}
