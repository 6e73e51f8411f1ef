//! The console on a real engine and real agents, driven by keyboard in a pseudo-terminal.

pub mod support;

use support::{BINARY, Engine, Terminal, read};

/// An engine with three agents and a few parameters.
fn fleet() -> Engine {
    let mut engine = Engine::start();
    for (name, role) in [("web-1", "web"), ("web-2", "web"), ("db-1", "db")] {
        engine.agent(name, &[("Environment", "test"), ("Role", role)]);
    }
    engine.wait_for_nodes(3);
    engine.fleetdeck(&["param", "put", "/app/db/host", "db.internal"]);
    engine.fleetdeck(&["param", "put", "/app/db/password", "not-on-the-screen", "--type", "SecureString"]);
    engine
}

/// Runs the console between two looks at the terminal's settings.
fn console(engine: &Engine, rows: u16, cols: u16) -> Terminal {
    let script =
        format!("stty -g > before; {BINARY} --endpoint-url {}; echo left-with-$?; stty -g > after", engine.url);
    Terminal::run(&script, &engine.environment(), engine.root.path(), rows, cols)
}

fn assert_terminal_is_as_before(engine: &Engine, terminal: &Terminal) {
    terminal.wait("the main screen with a cursor and no modes", |screen| {
        !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && !screen.application_cursor()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    });
    let (before, after) = (read(engine.root.path().join("before")), read(engine.root.path().join("after")));
    assert_eq!(before, after, "the line settings are what they were");
}

#[test]
fn filter_run_walk_shell_quit() {
    let engine = fleet();
    let mut terminal = console(&engine, 24, 80);

    for name in ["web-1", "web-2", "db-1"] {
        terminal.wait_for(name);
    }
    terminal.keys("/web");
    terminal.wait_until_gone("db-1");
    terminal.keys("\r");
    terminal.keys("\x1b");
    terminal.wait_for("db-1");

    // The same command on three nodes comes back as one group.
    terminal.keys("a");
    terminal.wait_for("3 marked");
    terminal.keys("r");
    terminal.wait_for("AWS-RunShellScript");
    terminal.keys("uname -a");
    terminal.wait_for("uname -a");
    terminal.keys("\x13");
    terminal.wait_for("3 nodes");
    terminal.keys("y");
    terminal.wait_for("Linux");
    terminal.keys("\x1b\x1b");

    // The parameter tree opens level by level, and a secret stays masked.
    terminal.keys("4");
    terminal.wait_for("app");
    terminal.keys("l");
    terminal.wait_for("db");
    terminal.keys("jl");
    terminal.wait_for("password");
    assert!(!terminal.text().contains("not-on-the-screen"));

    // A shell that answers, knows its size, and is left by the key that it shows.
    terminal.keys("1");
    terminal.wait_for("web-2");
    terminal.keys("s");
    terminal.wait_for("^g then d leave");
    terminal.keys("echo answer-$((6*7))\r");
    terminal.wait_for("answer-42");
    terminal.keys("stty size | sed s/^/size-/\r");
    terminal.wait("a size within 24x80", |screen| {
        screen.contents().lines().any(|line| line.trim().starts_with("size-2") || line.trim().starts_with("size-1"))
    });
    terminal.resize(40, 120);
    // The size travels beside the keys: the node is asked until it has it.
    terminal.keys("until [ $(stty size | cut -d' ' -f1) -ge 30 ]; do sleep 0.1; done; stty size | sed s/^/now-/\r");
    terminal
        .wait("a size beyond 30 rows", |screen| screen.contents().lines().any(|line| line.trim().starts_with("now-3")));
    terminal.keys("\x07d");
    terminal.wait_for("web-2");
    terminal.keys("q");
    terminal.wait_for("Leave fleetdeck?");
    terminal.keys("y");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
    assert_terminal_is_as_before(&engine, &terminal);
}

/// Waits until the node's shell asks for the next line: what is typed before belongs to the program that still runs.
fn wait_for_prompt(terminal: &Terminal) {
    terminal.wait("the prompt", |screen| screen.contents().lines().any(|line| line.trim() == "ready>"));
}

#[test]
fn vim_top_and_tab_completion_work_in_a_shell() {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    let mut terminal = console(&engine, 30, 100);
    terminal.wait_for("web-1");
    terminal.keys("s");
    terminal.wait_for("^g then d leave");
    terminal
        .keys(&format!("cd {} && mkdir completed-by-tab && PS1='rea''dy> ' && clear\r", engine.root.path().display()));
    wait_for_prompt(&terminal);
    terminal.keys("cd completed-b\t\r");
    terminal.keys("basename $PWD | sed s/^/in-/\r");
    terminal.wait_for("in-completed-by-tab");

    terminal.keys("vim -u NONE written.txt\r");
    terminal.wait_for("written.txt");
    terminal.keys("ifrom vim\x1b");
    terminal.wait_for("from vim");
    terminal.keys(":wq\r");
    terminal.wait_for("in-completed-by-tab");
    terminal.keys("clear; sed s/^/read-/ written.txt\r");
    terminal.wait_for("read-from vim");

    terminal.keys("top -d 1\r");
    terminal.wait_for("load average");
    terminal.keys("q");
    // top throws away what was typed before it has put the terminal's modes back.
    wait_for_prompt(&terminal);
    terminal.keys("clear; echo after-$((1+1))\r");
    terminal.wait_for("after-2");
    terminal.keys("exit\r");
    terminal.wait("the end of the shell", |screen| !screen.contents().contains("● web-1"));
    terminal.keys("\x07d");
    terminal.wait_for("1 node");
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
    assert_terminal_is_as_before(&engine, &terminal);
}

#[test]
fn a_key_typed_while_the_window_changes_is_not_lost() {
    let engine = Engine::start();
    let mut terminal = console(&engine, 24, 80);
    terminal.wait_for("No managed nodes");
    terminal.keys("/");
    let mut typed = String::new();
    for (round, letter) in ('a'..='t').enumerate() {
        typed.push(letter);
        terminal.resize(if round % 2 == 0 { 30 } else { 24 }, 80);
        terminal.keys(&letter.to_string());
        terminal.wait_for(&typed);
    }
    terminal.keys("\x1b\x1b");
    terminal.wait_until_gone(&typed);
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
    assert_terminal_is_as_before(&engine, &terminal);
}

#[test]
fn ten_megabytes_of_escape_sequences_are_only_text() {
    let mut engine = Engine::start();
    engine.agent("loud", &[]);
    engine.wait_for_nodes(1);
    let mut terminal = console(&engine, 24, 80);
    terminal.wait_for("loud");
    terminal.keys("r");
    terminal.wait_for("AWS-RunShellScript");
    // Titles, alternate screens, mouse modes, a reset: 10 MB of them before one word.
    let noise = r#"yes "$(printf '\033]0;owned\007\033[?1049l\033[?1000h\033c\033[2J')" | head -c 10000000"#;
    terminal.keys(&format!("{noise}; echo; echo harm''less"));
    terminal.keys("\x13");
    terminal.wait_for("on 1 node");
    terminal.keys("y");
    terminal.wait_for("success");
    terminal.keys("\r");
    terminal.wait("the result, in a console that still stands", |screen| {
        screen.alternate_screen()
            && screen.mouse_protocol_mode() != vt100::MouseProtocolMode::Press
            && screen.contents().contains("3 Commands")
    });
    // The whole output, not the part of it that the API carries.
    terminal.wait_for("F fetches all of it");
    terminal.keys("F");
    terminal.wait_for("303,032 lines");
    terminal.keys("G");
    terminal.wait_for("harmless");
    assert!(terminal.text().contains("3 Commands"));
    terminal.keys("\x1b\x1b1");
    terminal.wait_for("1 node");
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
    assert_terminal_is_as_before(&engine, &terminal);
}

#[test]
fn what_is_typed_once_one_has_left_is_for_the_shell() {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    let script = format!("{BINARY} --endpoint-url {}; read line; echo \"shell-read-$line-\"", engine.url);
    let mut terminal = Terminal::run(&script, &engine.environment(), engine.root.path(), 24, 80);
    terminal.wait_for("web-1");
    // A session that has to be ended takes its time.
    terminal.keys("s");
    terminal.wait_for("^g then d leave");
    terminal.keys("\x07d");
    terminal.wait_for("web-1");
    terminal.keys("q");
    terminal.wait_for("Leave fleetdeck?");
    terminal.keys("y");
    terminal.wait("the main screen", |screen| !screen.alternate_screen());
    terminal.keys("next command\r");
    terminal.wait_for("shell-read-next command-");
    terminal.wait_for_exit();
}

#[test]
fn a_console_that_was_killed_is_split_again() {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    let script = format!("echo $$ > pid; exec {BINARY} --endpoint-url {}", engine.url);
    let open = |engine: &Engine| Terminal::run(&script, &engine.environment(), engine.root.path(), 30, 100);
    let mut terminal = open(&engine);
    terminal.wait_for("web-1");
    terminal.keys("\\\\");
    terminal.wait_for("▸ Fleet");
    support::until("how the console is left to be written down", || {
        let kept =
            std::fs::read_dir(engine.root.path().join("state/fleetdeck/sessions")).into_iter().flatten().flatten();
        kept.filter_map(|file| std::fs::read_to_string(file.path()).ok()).any(|text| text.contains("\"split\":{"))
    });
    let pid = read(engine.root.path().join("pid"));
    let pid = nix::unistd::Pid::from_raw(pid.trim().parse().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    terminal.wait_for_exit();
    let terminal = open(&engine);
    terminal.wait_for("▸ Fleet");
}

#[test]
fn a_console_that_is_killed_gives_the_terminal_back() {
    let engine = Engine::start();
    let console = format!("exec {BINARY} --endpoint-url {}", engine.url);
    // The line is read once the terminal makes lines again.
    let script = format!("stty -g > before; sh -c 'echo $$ > pid; {console}'; read line; stty -g > after; echo left");
    let mut terminal = Terminal::run(&script, &engine.environment(), engine.root.path(), 24, 80);
    terminal.wait_for("No managed nodes");
    let pid = nix::unistd::Pid::from_raw(read(engine.root.path().join("pid")).trim().parse().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    terminal.wait("the main screen", |screen| !screen.alternate_screen());
    support::until("the line settings to be what they were", || {
        terminal.settings() == read(engine.root.path().join("before"))
    });
    terminal.keys("\r");
    terminal.wait_for("left");
    terminal.wait_for_exit();
    assert_terminal_is_as_before(&engine, &terminal);
}

#[test]
fn a_console_is_left_whatever_became_of_the_process_beside_it() {
    let engine = Engine::start();
    let script = format!("sh -c 'echo $$ > pid; exec {BINARY} --endpoint-url {}'; echo left-with-$?", engine.url);
    let mut terminal = Terminal::run(&script, &engine.environment(), engine.root.path(), 24, 80);
    terminal.wait_for("No managed nodes");
    let console = read(engine.root.path().join("pid"));
    // Whichever of its threads has started it.
    let threads = format!("/proc/{}/task", console.trim());
    let children = || -> String {
        let threads = std::fs::read_dir(&threads).unwrap().flatten();
        threads.map(|thread| read(thread.path().join("children"))).collect()
    };
    support::until("a process beside the console", || !children().is_empty());
    let beside = nix::unistd::Pid::from_raw(children().trim().parse().unwrap());
    nix::sys::signal::kill(beside, nix::sys::signal::Signal::SIGSTOP).unwrap();
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
}

#[test]
fn the_first_key_after_a_pause_is_heard_at_once() {
    let engine = Engine::start();
    let script = format!("set -m; {BINARY} --endpoint-url {}; echo stopped; read line; fg; echo over", engine.url);
    let mut terminal = Terminal::run(&script, &engine.environment(), engine.root.path(), 24, 80);
    terminal.wait_for("No managed nodes");
    terminal.keys("\x1a");
    terminal.wait_for("stopped");
    terminal.keys("\r");
    terminal.wait_for("No managed nodes");
    terminal.keys("3");
    terminal.wait_for("No command was run yet");
    terminal.keys("q");
    terminal.wait_for("over");
    terminal.wait_for_exit();
}
