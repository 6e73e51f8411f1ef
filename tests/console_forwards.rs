//! Forwards in the console on a real terminal: tried before they are said to be there, kept where that is wanted, and not forgotten
//! when the console is killed.

pub mod support;

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use support::{BINARY, Engine, Terminal};

fn console(engine: &Engine) -> Terminal {
    let script = format!("echo $$ >pid.tmp && mv pid.tmp pid; exec {BINARY} --endpoint-url {}", engine.url);
    Terminal::run(&script, &engine.environment(), engine.root.path(), 24, 100)
}

/// Ends the console as the kernel does that has no memory left.
fn killed(engine: &Engine, mut terminal: Terminal) {
    let pid = support::read(engine.root.path().join("pid")).trim().parse().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    terminal.wait_for_exit();
}

fn leave(mut terminal: Terminal) {
    terminal.keys("q");
    terminal.wait_for("will be closed");
    terminal.keys("y");
    assert_eq!(terminal.wait_for_exit(), 0);
}

/// A server that says what it was told.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut buffer = [0; 64];
                while let Ok(count @ 1..) = connection.read(&mut buffer) {
                    if connection.write_all(&buffer[..count]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

/// A port on which nobody listens.
fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn answers(port: u16) {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    connection.write_all(b"ping").unwrap();
    let mut answer = [0; 4];
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");
}

#[test]
fn a_forward_is_tried_kept_and_not_forgotten_when_the_console_is_killed() {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    let (there, here, nobody) = (echo(), free(), free());
    let mut terminal = console(&engine);
    terminal.wait_for("web-1");
    terminal.keys("7n");
    terminal.wait_for("Forward a port");
    terminal.keys(&format!("{there}\t\t{here}\x13"));
    terminal.wait_for("● ready");
    answers(here);
    terminal.wait_for("for this time only");
    terminal.keys("n");
    terminal.wait_for("Forward a port");
    terminal.keys(&format!("{nobody}\x13"));
    terminal.wait_for("✗ refused");
    terminal.wait_for(&format!("nothing listens on port {nobody} of the node"));
    terminal.keys("D");
    terminal.wait_for("Remove this forward?");
    terminal.keys("y");
    terminal.wait_for("Removed 1 forward.");
    killed(&engine, terminal);

    // It is not running, and not forgotten.
    let mut terminal = console(&engine);
    terminal.wait_for("1 forward not running since fleetdeck was killed");
    terminal.wait_for("web-1");
    terminal.keys("7");
    terminal.wait_for("○ not running");
    assert!(TcpStream::connect(("127.0.0.1", here)).is_err());
    terminal.keys("\r");
    terminal.wait_for("● ready");
    answers(here);
    terminal.keys("\x13");
    terminal.wait_for("is kept: it starts with the console");
    leave(terminal);

    // What is kept begins by itself.
    let terminal = console(&engine);
    terminal.wait_for("1 on");
    support::until("the forward", || TcpStream::connect(("127.0.0.1", here)).is_ok());
    answers(here);
    let file = support::read(engine.root.path().join("state/fleetdeck/forwards.toml"));
    assert!(file.contains(&format!("remote = {there}")) && !file.contains(&format!("remote = {nobody}")), "{file}");
    leave(terminal);
}
