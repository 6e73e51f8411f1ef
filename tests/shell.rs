//! `fleetdeck shell` in a pseudo-terminal, on a real engine and a real agent.

pub mod support;

use std::{
    fs::File,
    io::Read,
    os::fd::{AsFd, AsRawFd},
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    pty::openpty,
    sys::{
        signal::{Signal, kill},
        termios::tcgetattr,
    },
    unistd::Pid,
};
use support::{BINARY, Engine, Terminal, read, until};

/// An engine with one node.
fn node() -> Engine {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    engine
}

/// Runs the verb between two looks at the terminal's settings; the file `pid` names the process.
fn shell(engine: &Engine, words: &str) -> Terminal {
    let verb = format!("exec {BINARY} --endpoint-url {} shell {words}", engine.url);
    let script =
        format!("stty -g > before; sh -c 'echo $$ > pid; {verb}'; code=$?; stty -g > after; echo left-with-$code");
    Terminal::run(&script, &engine.environment(), engine.root.path(), 24, 80)
}

/// A shell that answers.
fn prompt(engine: &Engine) -> Terminal {
    let mut terminal = shell(engine, "web-1");
    terminal.keys("echo answer-$((6*7))\r");
    terminal.wait_for("answer-42");
    let (before, raw) = (read(engine.root.path().join("before")), terminal.settings());
    assert_ne!(before, raw, "the terminal is raw while the shell has it");
    terminal
}

fn assert_left(engine: &Engine, mut terminal: Terminal, code: u8) {
    terminal.wait_for(&format!("left-with-{code}"));
    terminal.wait_for_exit();
    let (before, after) = (read(engine.root.path().join("before")), read(engine.root.path().join("after")));
    assert_eq!(before, after, "the line settings are what they were");
}

#[test]
fn a_shell_resizes_is_interrupted_and_ends() {
    let engine = node();
    let mut terminal = prompt(&engine);
    terminal.keys("stty size | sed s/^/size-/\r");
    terminal.wait_for("size-24 80");
    terminal.resize(40, 120);
    // The new size travels beside the keystrokes.
    terminal.keys("until stty size | grep '^40 120'; do sleep 0.1; done; echo grown-$((1+1))\r");
    terminal.wait_for("grown-2");

    // The program that says so is the one that is interrupted.
    terminal.keys("sh -c 'echo begun-$((1+1)); exec sleep 1000'\r");
    terminal.wait_for("begun-2");
    terminal.keys("\x03");
    terminal.keys("echo interrupted-$?\r");
    terminal.wait_for("interrupted-130");

    terminal.keys("exit\r");
    assert_left(&engine, terminal, 0);
}

#[test]
fn a_paste_that_fills_the_terminal_arrives_although_no_more_follows() {
    let engine = node();
    let mut terminal = prompt(&engine);
    // As much as Linux hands over at once.
    terminal.keys("stty -icanon -echo; echo taking-$((1+1)); head -c 4095 | wc -c | sed s/^/taken-/; stty sane\r");
    terminal.wait_for("taking-2");
    terminal.keys(&"x".repeat(4095));
    terminal.wait_for("taken-4095");
    terminal.keys("exit\r");
    assert_left(&engine, terminal, 0);
}

#[test]
fn a_tilde_and_a_dot_end_a_shell() {
    let engine = node();
    let mut terminal = prompt(&engine);
    terminal.keys("sleep 1000\r");
    terminal.keys("~?");
    terminal.wait_for("~. ends the session");
    terminal.keys("~.");
    terminal.wait_for("ending the session");
    assert_left(&engine, terminal, 0);
}

#[test]
fn a_signal_ends_a_shell_and_leaves_the_terminal_as_it_was() {
    let engine = node();
    let terminal = prompt(&engine);
    let pid = read(engine.root.path().join("pid")).trim().parse().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    assert_left(&engine, terminal, 130);
}

#[test]
fn a_shell_that_is_killed_gives_the_terminal_back() {
    let engine = node();
    let verb = format!("exec {BINARY} --endpoint-url {} shell web-1", engine.url);
    // The line is read once the terminal makes lines again.
    let script = format!(
        "stty -g > before; sh -c 'echo $$ > pid; {verb}'; code=$?; read line; stty -g > after; echo left-with-$code"
    );
    let mut terminal = Terminal::run(&script, &engine.environment(), engine.root.path(), 24, 80);
    // Written by a program, so that the shell that reads lines does not switch it off again before the kill.
    let modes = "\\033[?1049h\\033[?25l\\033[?1002;1006;2004;1h\\033=\\033[2;4r\\033(0";
    terminal.keys(&format!("printf '{modes}full-%s' $((1+1)); cat\r"));
    terminal.wait_for("full-2");
    terminal.wait("a full screen", |screen| {
        screen.alternate_screen()
            && screen.hide_cursor()
            && screen.bracketed_paste()
            && screen.application_keypad()
            && screen.application_cursor()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::ButtonMotion
    });
    let pid = read(engine.root.path().join("pid")).trim().parse().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    terminal.wait("the screen that was there before, and nothing switched on", |screen| {
        !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && !screen.application_keypad()
            && !screen.application_cursor()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    });
    until("the line settings to be what they were", || terminal.settings() == read(engine.root.path().join("before")));
    terminal.keys("\r");
    assert_left(&engine, terminal, 137);
}

#[test]
fn a_shell_whose_engine_dies_can_be_left() {
    let mut engine = node();
    let mut terminal = prompt(&engine);
    engine.kill();
    terminal.wait_for("connection lost");
    terminal.keys("\r~.");
    // Nobody could be told, and that is said.
    terminal.wait_for("may still run on the node: `fleetdeck sessions end ");
    assert_left(&engine, terminal, 0);
}

#[test]
fn a_shell_outlives_a_restart_of_its_engine() {
    let mut engine = node();
    let mut terminal = prompt(&engine);
    engine.kill();
    terminal.wait_for("connection lost");
    engine.restart();
    terminal.wait_for("connected again");
    terminal.keys("echo again-$((1+1))\r");
    terminal.wait_for("again-2");
    terminal.keys("exit\r");
    assert_left(&engine, terminal, 0);
}

#[test]
fn a_command_brings_its_exit_code_and_its_outputs() {
    let engine = node();
    let terminal = shell(&engine, "web-1 -- exit 7");
    assert_left(&engine, terminal, 7);

    let run = engine.command(&["shell", "web-1", "--", "sh", "-c", "'echo out; echo err >&2; exit 9'"]);
    assert_eq!(run.status.code(), Some(9));
    assert_eq!((&*run.stdout, &*run.stderr), (&b"out\n"[..], &b"err\n"[..]));

    let run = engine.command(&["shell", "nobody", "--", "true"]);
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains("nobody"), "{said}");
}

#[test]
fn what_is_piped_into_a_command_is_said_to_go_nowhere() {
    let engine = node();
    let run = |input: Stdio| {
        let words = ["--endpoint-url", &engine.url, "shell", "web-1", "--", "cat; echo end"];
        Command::new(BINARY).args(words).envs(engine.environment()).stdin(input).output().unwrap()
    };
    let file = engine.root.path().join("input");
    std::fs::write(&file, "data").unwrap();
    let said = run(File::open(&file).unwrap().into());
    assert_eq!((said.status.code(), &*said.stdout), (Some(0), &b"end\n"[..]));
    let words = String::from_utf8(said.stderr).unwrap();
    assert!(words.contains("standard input is not sent") && words.lines().count() == 1, "{words}");
    // Somebody holds the other end and writes nothing, as around cron.
    let (idle, writer) = std::io::pipe().unwrap();
    for input in [Stdio::null(), idle.into()] {
        let said = run(input);
        assert_eq!((&*said.stdout, &*said.stderr), (&b"end\n"[..], &b""[..]));
    }
    drop(writer);
}

#[test]
fn a_command_whose_output_nobody_reads_any_more_ends_on_the_node() {
    let engine = node();
    for tty in ["", "-t"] {
        let (url, root) = (&engine.url, engine.root.path().display());
        let command = format!("'echo $$ > {root}/pid; while :; do echo line; sleep 0.05; done'");
        let verb = format!("{BINARY} --endpoint-url {url} shell web-1 {tty} -- {command}");
        let script = format!("{{ {verb}; echo $? > code; }} | head -n 1");
        let run = Command::new("sh")
            .args(["-c", &script])
            .current_dir(engine.root.path())
            .envs(engine.environment())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(String::from_utf8_lossy(&run.stdout).starts_with("line"), "{run:?}");
        assert_eq!(read(engine.root.path().join("code")).trim(), "141", "{run:?}");
        let pid = Pid::from_raw(read(engine.root.path().join("pid")).trim().parse().unwrap());
        until("the command's end", || kill(pid, None).is_err());
    }
}

/// Waits until a write to it would not come back.
fn until_full(output: &impl AsFd) {
    let fd = output.as_fd().as_raw_fd();
    until("the output to be full", || {
        let mut poll = [filedescriptor::pollfd { fd, events: filedescriptor::POLLOUT, revents: 0 }];
        filedescriptor::poll(&mut poll, Some(Duration::ZERO)).unwrap() == 0
    });
}

/// Waits for the end of a verb that was asked to end, and of its program on the node, whose number is in the file `pid`.
fn assert_ends(engine: &Engine, child: &mut Child) {
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    until("the verb to end", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let pid = Pid::from_raw(read(engine.root.path().join("pid")).trim().parse().unwrap());
    until("the program's end", || kill(pid, None).is_err());
}

#[test]
fn a_signal_ends_a_session_whose_output_nobody_reads() {
    let engine = node();
    let root = engine.root.path().display();
    let flood = format!("echo $$ > {root}/pid; exec cat /dev/zero");
    let verb = |words: &[&str]| {
        let mut command = Command::new(BINARY);
        command.args(["--endpoint-url", &engine.url, "shell", "web-1"]).args(words).envs(engine.environment());
        command
    };
    let (mut reader, writer) = std::io::pipe().unwrap();
    let output = writer.try_clone().unwrap();
    let mut child = verb(&["--", &flood]).stdin(Stdio::null()).stdout(output).spawn().unwrap();
    reader.read_exact(&mut [0]).unwrap();
    until_full(&writer);
    assert_ends(&engine, &mut child);

    // A terminal that has stopped, as one does behind a line that is gone.
    let pair = openpty(None, None).unwrap();
    let terminal = || Stdio::from(pair.slave.try_clone().unwrap());
    let before = tcgetattr(&pair.slave).unwrap();
    let mut child =
        verb(&["-t", "--", &flood]).stdin(terminal()).stdout(terminal()).stderr(terminal()).spawn().unwrap();
    until_full(&pair.slave);
    assert_ne!(tcgetattr(&pair.slave).unwrap(), before);
    assert_ends(&engine, &mut child);
    assert_eq!(tcgetattr(&pair.slave).unwrap(), before, "the line settings are what they were");
}

#[test]
fn a_signal_ends_a_replay_on_a_terminal_that_has_stopped() {
    let root = tempfile::tempdir().unwrap();
    let cast = root.path().join("flood.cast");
    let frame = format!("[0.0, \"o\", \"{}\"]\n", "flood ".repeat(10_000));
    std::fs::write(&cast, format!("{{\"version\": 2, \"width\": 80, \"height\": 24}}\n{}", frame.repeat(100))).unwrap();
    let pair = openpty(None, None).unwrap();
    let terminal = || Stdio::from(pair.slave.try_clone().unwrap());
    let mut command = Command::new(BINARY);
    command.args(["sessions", "replay"]).arg(&cast).stdin(terminal()).stdout(terminal()).stderr(terminal());
    let mut child = command.spawn().unwrap();
    // It is in the middle of what the terminal has no room for.
    File::from(pair.master.try_clone().unwrap()).read_exact(&mut [0]).unwrap();
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    until("the replay to end", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// The most that a process has had in memory, in bytes.
#[cfg(target_os = "linux")]
fn peak(pid: u32) -> usize {
    let status = read(format!("/proc/{pid}/status").into());
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[test]
fn what_is_piped_into_a_shell_is_done_and_then_the_shell_ends() {
    use std::io::Write;
    let engine = node();
    for commands in ["echo hi-$((40+2))\n", "echo hi-$((40+2))", "exec cat\nhi-42"] {
        let mut command = Command::new(BINARY);
        command.args(["--endpoint-url", &engine.url, "shell", "web-1"]).envs(engine.environment());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
        let mut output = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut said = Vec::new();
            output.read_to_end(&mut said).unwrap();
            String::from_utf8_lossy(&said).into_owned()
        });
        until("the shell to end", || child.try_wait().unwrap().is_some());
        let said = reader.join().unwrap();
        assert!(said.contains("hi-42"), "{said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_piped_into_a_shell_waits_where_it_is_until_the_node_takes_it() {
    use std::io::Write;
    const SIZE: usize = 24 * 1024 * 1024;
    let engine = node();
    let program = format!("stty raw -echo; echo ready; head -c {SIZE} | wc -c; exec sleep 1000");
    let mut command = Command::new(BINARY);
    command.args(["--endpoint-url", &engine.url, "shell", "web-1", "-t", "--", &program]).envs(engine.environment());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut said = String::new();
    let mut wait_for = |words: &str| {
        while !said.contains(words) {
            let mut some = [0; 1024];
            let count = output.read(&mut some).unwrap();
            assert!(count > 0, "{said}");
            said.push_str(&String::from_utf8_lossy(&some[..count]));
        }
    };
    wait_for("ready");
    let before = peak(child.id());
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        input.write_all(&vec![b'x'; SIZE]).unwrap();
        input
    });
    // All of it came, and little of it was here at once.
    wait_for(&SIZE.to_string());
    let grown = peak(child.id()) - before;
    assert!(grown < SIZE / 2, "{grown}");
    let input = writer.join().unwrap();
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    until("the verb to end", || child.try_wait().unwrap().is_some());
    drop(input);
}
