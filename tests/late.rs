//! What does not come, seen at a terminal: answers and credentials. And what the console leaves behind: its log, its copies.

pub mod support;

use std::{
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use support::{BINARY, Terminal, read, until};

/// An endpoint that takes connections and says nothing; how many it took.
fn silent() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for connection in listener.incoming() {
            held.push(connection);
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (url, taken)
}

fn console(root: &Path, words: &str, more: &[(&'static str, &str)]) -> Terminal {
    let below = |name: &str| root.join(name).display().to_string();
    let mut environment = vec![
        ("XDG_CONFIG_HOME", below("config")),
        ("XDG_STATE_HOME", below("state")),
        ("XDG_DATA_HOME", below("share")),
        ("AWS_CONFIG_FILE", below("aws")),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".into()),
        ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ("AWS_REGION", "us-east-1".into()),
    ];
    environment.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let script = format!("{BINARY} {words}; echo left-with-$?");
    let terminal = Terminal::run(&script, &environment, root, 24, 80);
    terminal.wait_for("Compliance");
    terminal
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "s3cretkey")];

#[test]
fn an_endpoint_that_says_nothing_is_told_of_and_asked_again_at_a_key() {
    let root = tempfile::tempdir().unwrap();
    let (url, taken) = silent();
    let mut terminal = console(root.path(), &format!("--endpoint-url {url}"), &KEYS);
    terminal.wait_for("No answer for");
    terminal.wait_for("next try in");
    // It is asked again by itself too, and the key does not wait for that.
    let text = terminal.text();
    let (_, left) = text.split_once("next try in ").unwrap_or_else(|| panic!("{text}"));
    let left: u64 = left.split(' ').next().and_then(|left| left.parse().ok()).unwrap_or_else(|| panic!("{text}"));
    let (before, pressed) = (taken.load(Ordering::SeqCst), Instant::now());
    terminal.keys("\x12");
    until("another connection", || taken.load(Ordering::SeqCst) > before);
    assert!(pressed.elapsed().as_secs() + 1 < left, "{:?} of {left} s", pressed.elapsed());
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
    // Nobody asked for a log, and it is there for who wants to know later.
    let log = root.path().join("state/fleetdeck/fleetdeck.log");
    assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
    let log = read(log);
    assert!(log.contains("connected") && !log.contains("s3cretkey"), "{log}");
}

#[test]
fn credentials_that_do_not_come_are_told_of_and_hold_nobody_up() {
    let root = tempfile::tempdir().unwrap();
    // Nobody ends a helper that is not waited for any more: this one ends by itself.
    let profile = "[profile slow]\nregion = us-east-1\ncredential_process = sleep 60\n";
    std::fs::write(root.path().join("aws"), profile).unwrap();
    let mut terminal = console(root.path(), "--profile slow", &[]);
    terminal.wait_for("credentials…");
    terminal.wait_for("No credentials for");
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
}

#[test]
fn a_name_that_is_not_known_says_what_to_look_at() {
    let root = tempfile::tempdir().unwrap();
    let terminal = console(root.path(), "--endpoint-url http://nowhere.invalid", &KEYS);
    terminal.wait_for("is not known here");
    assert!(!terminal.text().contains("sign in"), "{}", terminal.text());
}

#[test]
fn a_copy_reaches_the_clipboard_of_the_machine_one_sits_at() {
    let root = tempfile::tempdir().unwrap();
    let taken = root.path().join("taken");
    let programs = root.path().join("programs");
    std::fs::create_dir_all(&programs).unwrap();
    let program = programs.join("wl-copy");
    // It says too whether it has a terminal, which would be ours.
    let script = format!(
        "#!/bin/sh\n{{ cat; if (exec < /dev/tty) 2>/dev/null; then echo tty; fi; }} > {0}.new; mv {0}.new {0}\n",
        taken.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let (url, _) = silent();
    let [id, secret] = KEYS;
    let more = [id, secret, ("WAYLAND_DISPLAY", "wayland-0"), ("PATH", path.as_str())];
    let mut terminal = console(root.path(), &format!("--endpoint-url {url}"), &more);
    terminal.keys(":log\r");
    terminal.wait_for("connected");
    terminal.keys("y");
    until("the copy", || taken.exists());
    let copied = read(taken);
    assert!(copied.contains("INFO") && !copied.contains("tty"), "{copied}");
    terminal.keys("qq");
    terminal.wait_for("left-with-0");
}
