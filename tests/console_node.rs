//! The view of a node in the console, on a real engine and a real agent.
#![cfg(target_os = "linux")]

pub mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Child, Command},
};

use support::{BINARY, Engine, Terminal, until};

/// A process that ends with the test, whatever becomes of that.
struct Sleeper(Child);

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn view(engine: &Engine) -> Terminal {
    let script = format!("{BINARY} --endpoint-url {}; echo left-with-$?", engine.url);
    let mut terminal = Terminal::run(&script, &engine.environment(), engine.root.path(), 40, 130);
    terminal.wait_for("web-1");
    terminal.keys("\r");
    terminal.wait_for("Disks");
    terminal
}

fn leave(terminal: &mut Terminal) {
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
}

fn engine() -> Engine {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    engine
}

#[test]
fn a_node_tells_its_load_its_disks_and_its_processes_and_one_of_them_is_ended() {
    let mut sleeper = Sleeper(Command::new("sleep").arg("86413").spawn().unwrap());
    let engine = engine();
    let mut terminal = view(&engine);
    terminal.wait("two samples", |screen| screen.contents().contains("user"));
    terminal.keys("\t");
    terminal.wait_for("Largest on");
    terminal.wait_for("Deleted but still open");
    terminal.keys("\t");
    terminal.wait_for("PID");
    terminal.keys("/sleep 86413\r");
    terminal.wait_for("shows 1");
    terminal.keys("x");
    terminal.wait_for("Signal for");
    terminal.keys("\r");
    terminal.wait_for("Send TERM?");
    assert!(sleeper.0.try_wait().unwrap().is_none());
    terminal.keys("y");
    until("the process is ended", || sleeper.0.try_wait().unwrap().is_some());
    terminal.wait_for(": done.");
    leave(&mut terminal);
    // Nothing goes on looking after the console is left.
    until("no session is left", || !engine.fleetdeck(&["sessions", "ls", "--output", "json"]).contains("Connected"));
}

#[test]
fn a_file_of_a_node_is_edited_and_keeps_its_mode() {
    let engine = engine();
    let folder = engine.root.path().join("folder of the test");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("settings");
    fs::write(&file, "one\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let mut terminal = view(&engine);
    for _ in 0..2 {
        terminal.keys("\x1b[Z");
    }
    terminal.wait_for("etc/");
    let mut path = String::new();
    for part in folder.canonicalize().unwrap().components().skip(1) {
        let name = part.as_os_str().to_str().unwrap();
        path.push('/');
        path.push_str(name);
        terminal.keys(&format!("/{name}"));
        terminal.wait_for("1 of ");
        terminal.keys("\r\r");
        terminal.wait_for(&format!(" {path}  "));
    }
    terminal.wait_for("settings");
    terminal.keys("e");
    terminal.wait_for("Edit ");
    terminal.keys("two");
    terminal.keys("\x13");
    terminal.wait_for("+ two");
    terminal.keys("y");
    until("the file is written", || fs::read_to_string(&file).is_ok_and(|text| text == "one\ntwo"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    terminal.wait_for(": done.");
    leave(&mut terminal);
}
