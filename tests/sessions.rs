//! Sessions over bad lines, copies, recordings: a real engine and a real agent.

#[path = "support/line.rs"]
mod line;
pub mod support;

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
    sync::atomic::Ordering,
    time::Duration,
};

use fleetdeck::{
    client::{Client, Session, SessionEvent, Settings, TerminalSize},
    ssm::{CreateDocument, DescribeInstanceInformation, DocumentType, StartSession},
};
use line::{BadLine, Weather};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use support::{BINARY, Engine, Terminal};

fn node() -> Engine {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    engine
}

async fn client(engine: &Engine, url: &str) -> Client {
    let settings = Settings {
        endpoint_url: Some(url.to_owned()),
        region: Some("us-east-1".into()),
        credentials_file: Some(engine.root.path().join("data/credentials")),
        ..Settings::default()
    };
    Client::connect(settings).await.unwrap()
}

async fn session(engine: &Engine, url: &str, document: &str, command: &str) -> Session {
    let client = client(engine, url).await;
    let nodes = client.all(DescribeInstanceInformation::default()).await.unwrap();
    let request = StartSession {
        target: nodes[0].instance_id.clone().unwrap(),
        document_name: Some(document.into()),
        parameters: [("command".to_owned(), vec![command.to_owned()])].into(),
        ..StartSession::default()
    };
    client.start_session(request, TerminalSize { cols: 80, rows: 24 }).await.unwrap()
}

/// A second is long for a test and short for a line.
const WEATHER: Weather = Weather { life: Duration::from_millis(400), lost: 40, late: 15 };

#[tokio::test(flavor = "multi_thread")]
async fn numbered_lines_arrive_complete_and_in_order_over_a_line_that_is_cut_again_and_again() {
    let engine = tokio::task::spawn_blocking(node).await.unwrap();
    let line = BadLine::to(&engine.url, WEATHER).await;
    let command = "sh -c 'for part in 1 2 3 4; do seq -f \"$part-%.0f\" 1 60000; sleep 0.3; done'";
    let mut session = session(&engine, &line.url, "AWS-StartNonInteractiveCommand", command).await;
    let mut got = Vec::new();
    let reason = loop {
        match session.next().await.unwrap() {
            SessionEvent::Output(bytes) => got.extend_from_slice(&bytes),
            SessionEvent::Closed { reason } => break reason,
            _ => {}
        }
    };
    // Also when the last word of the service was lost with the line, and the service was asked.
    assert_eq!(reason, None);
    let expected = (1..=4).flat_map(|part| (1..=60_000).map(move |n| format!("{part}-{n}\n"))).collect::<String>();
    assert!(got == expected.as_bytes(), "{} bytes instead of {}", got.len(), expected.len());
    assert!(line.cuts.load(Ordering::SeqCst) > 1 && line.dropped.load(Ordering::SeqCst) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_is_lost_or_doubled_on_a_bad_line() {
    let engine = tokio::task::spawn_blocking(node).await.unwrap();
    let line = BadLine::to(&engine.url, WEATHER).await;
    let command = "stty raw -echo; echo ready; cat";
    let mut session = session(&engine, &line.url, "AWS-StartInteractiveCommand", command).await;
    let (mut typed, mut got) = (Vec::new(), Vec::new());
    // One key at a time, each when the one before is on the screen, until the line has been cut often enough.
    while line.cuts.load(Ordering::SeqCst) < 4 || got.len() < typed.len() {
        match session.next().await.unwrap() {
            SessionEvent::Output(bytes) => got.extend_from_slice(&bytes),
            SessionEvent::Closed { reason } => panic!("{reason:?}"),
            _ => continue,
        }
        if typed.is_empty() && got.ends_with(b"ready\n") {
            got.clear();
        } else if typed.is_empty() {
            continue;
        }
        if got.len() == typed.len() && line.cuts.load(Ordering::SeqCst) < 4 {
            let keys: Vec<u8> = (0..3).map(|n| b'a' + u8::try_from((typed.len() + n) % 26).unwrap()).collect();
            keys.iter().for_each(|key| session.input(vec![*key]));
            typed.extend(keys);
        }
    }
    assert!(typed.len() > 20 && got == typed, "{} keys, {} on the screen", typed.len(), got.len());
    session.terminate().await;
}

#[test]
fn files_are_copied_both_ways_and_a_broken_copy_goes_on() {
    let engine = node();
    let root = engine.root.path();
    let path = |name: &str| root.join(name).display().to_string();
    let bytes: Vec<u8> = (0..3_000_001u32)
        .flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 24).to_le_bytes().into_iter().take(1))
        .collect();
    fs::write(root.join("here"), &bytes).unwrap();
    fs::create_dir(root.join("node")).unwrap();
    let mode = |name: &str| fs::metadata(root.join(name)).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(root.join("here"), Permissions::from_mode(0o700)).unwrap();
    fs::write(root.join("back"), "private").unwrap();
    fs::set_permissions(root.join("back"), Permissions::from_mode(0o600)).unwrap();

    let to_node = format!("web-1:{}", path("node"));
    engine.fleetdeck(&["cp", &path("here"), &to_node]);
    assert!(fs::read(root.join("node/here")).unwrap() == bytes);
    let from_node = format!("web-1:{}", path("node/here"));
    engine.fleetdeck(&["cp", &from_node, &path("back")]);
    assert!(fs::read(root.join("back")).unwrap() == bytes);
    assert_eq!((mode("node/here"), mode("back")), (0o700, 0o600));

    // Beginnings are gone on from, but only if they are beginnings.
    fs::write(root.join("node/.again.fleetdeck-part"), &bytes[..2_000_000]).unwrap();
    fs::write(root.join(".down.fleetdeck-part"), &bytes[..1_000_000]).unwrap();
    fs::write(root.join(".other.fleetdeck-part"), &bytes[1..1_000_000]).unwrap();
    for (from, to, resumed) in [
        (path("here"), format!("web-1:{}", path("node/again")), "2000000"),
        (from_node.clone(), path("down"), "1000000"),
        (from_node, path("other"), "0"),
    ] {
        let said = engine.fleetdeck(&["cp", &from, &to, "--output", "json"]);
        assert!(said.contains(&format!("\"Resumed\":{resumed}")), "{said}");
        assert!(fs::read(to.trim_start_matches("web-1:")).unwrap() == bytes);
    }

    let run = engine.command(&["cp", "web-1:/nowhere/at-all", &path("x")]);
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(
        !run.status.success() && said.contains("/nowhere/at-all cannot be read on the node: No such file"),
        "{said}"
    );
    assert!(!root.join(".x.fleetdeck-part").exists(), "nothing came, so nothing is kept");
    let run = engine.command(&["cp", &path("here"), "web-1:/nowhere/at-all"]);
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(!run.status.success() && said.contains("is not a directory on the node"), "{said}");
    let run = engine.command(&["cp", "web-1:/etc/hostname", &path("missing/x")]);
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.contains(&format!("there is no folder {}; create it first", path("missing"))), "{said}");
    let run = engine.command(&["cp", &path("node"), "web-1:"]);
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.contains("is a directory: pack it first, for example with tar"), "{said}");
    assert_eq!(engine.command(&["cp", "here", "there"]).status.code(), Some(2));
}

#[test]
fn a_copy_that_is_broken_off_ends_its_session() {
    let engine = node();
    let root = engine.root.path();
    let path = |name: &str| root.join(name).display().to_string();
    // Large enough to be caught on its way.
    let large = |name: &str| fs::File::create(root.join(name)).unwrap().set_len(1 << 30).unwrap();
    large("here");
    fs::create_dir(root.join("node")).unwrap();
    let came = |folder: &str| {
        let files = fs::read_dir(root.join(folder)).unwrap().flatten();
        let mut parts = files.filter(|file| file.file_name().to_string_lossy().contains(".fleetdeck-part"));
        parts.any(|part| part.metadata().is_ok_and(|part| part.len() > 0))
    };
    let there = format!("web-1:{}", path("node/file"));
    for (from, to, parts, shrinks) in [
        (path("here"), there.clone(), "node", false),
        (path("here"), there, "node", true),
        (format!("web-1:{}", path("other")), path("file"), "", false),
    ] {
        for name in fs::read_dir(root.join(parts)).unwrap().flatten() {
            if name.file_name().to_string_lossy().contains(".fleetdeck-part") {
                fs::remove_file(name.path()).unwrap();
            }
        }
        large("other");
        let mut command = Command::new(BINARY);
        command.args(["--endpoint-url", &engine.url, "cp", &from, &to]).envs(engine.environment());
        let mut copy = command.stderr(Stdio::piped()).spawn().unwrap();
        support::until("a beginning", || came(parts));
        match shrinks {
            true => fs::File::create(root.join("here")).map(drop).unwrap(),
            false => kill(Pid::from_raw(copy.id().try_into().unwrap()), Signal::SIGINT).unwrap(),
        }
        support::until("the end of the copy", || copy.try_wait().unwrap().is_some());
        let run = copy.wait_with_output().unwrap();
        let (code, words) = if shrinks { (1, "copy it again") } else { (130, "stopped; copy again to go on") };
        let said = String::from_utf8(run.stderr).unwrap();
        assert!(run.status.code() == Some(code) && said.contains(words), "{said}");
        assert!(came(parts), "what has arrived is kept");
        support::until("the end of the session", || {
            !engine.fleetdeck(&["sessions", "ls", "--output", "json"]).contains("SessionId")
        });
    }
}

#[test]
fn a_session_that_is_ended_from_elsewhere_ends_with_a_reason_and_its_shell_is_gone() {
    let mut engine = Engine::start();
    engine.agent("web-1", &[("Name", "shop front")]);
    engine.wait_for_nodes(1);
    let root = engine.root.path();
    let pid = root.join("pid");
    // The tag names the node, as in the console.
    let script = format!("{BINARY} --endpoint-url {} shell 'shop front'", engine.url);
    let mut shell = Terminal::run(&script, &engine.environment(), root, 24, 100);
    shell.wait("a prompt", |screen| screen.contents().contains(['$', '#']));
    shell.keys(&format!("echo $$ > {}; echo rea''dy\r", pid.display()));
    shell.wait_for("ready");
    let pid = fs::read_to_string(pid).unwrap().trim().to_owned();
    let listed = engine.fleetdeck(&["sessions", "ls", "--output", "json"]);
    let id = listed.split("\"SessionId\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();

    let ended = engine.command(&["sessions", "end", "--yes", &id]);
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success() && said.contains(&format!("ended {id} of ")), "{said}");
    shell.wait_for("terminated the session");
    shell.wait_for_exit();
    support::until("the shell on the node to be gone", || !std::path::Path::new("/proc").join(&pid).exists());
    support::until("the session in the history", || {
        engine.fleetdeck(&["sessions", "ls", "--state", "history", "--output", "json"]).contains(&id)
    });
    let run = engine.command(&["sessions", "end", "--yes", &id]);
    assert!(String::from_utf8(run.stderr).unwrap().contains(&format!("no session {id} is running")));
}

#[cfg(target_os = "linux")]
#[test]
fn programs_do_not_inherit_that_their_agent_ignores_signals() {
    let mut engine = Engine::start();
    // As a shell starts what it runs in the background, and `nohup` everything.
    engine.agent_by(&["sh", "-c", "trap '' HUP INT QUIT; exec \"$@\"", "sh", BINARY], "web-1", &[]);
    engine.wait_for_nodes(1);
    let command = ["grep", "SigIgn", "/proc/self/status"];
    let in_session = engine.fleetdeck(&[&["shell", "web-1", "--"], &command[..]].concat());
    let in_script = engine.fleetdeck(&[&["run", "--name", "web-1", "--"], &command[..]].concat());
    for said in [in_session, in_script] {
        let mask = said.split_whitespace().last().unwrap();
        assert_eq!(u64::from_str_radix(mask, 16).unwrap() & 0b111, 0, "{said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_agent_that_was_told_to_ignore_hang_ups_survives_one() {
    use nix::{sys::signal, unistd::Pid};
    let mut engine = Engine::start();
    engine.agent_by(&["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", BINARY], "web-1", &[]);
    engine.wait_for_nodes(1);
    let agent = agent_of(&engine, "web-1");
    signal::kill(Pid::from_raw(agent), signal::Signal::SIGHUP).unwrap();
    assert_eq!(engine.fleetdeck(&["shell", "web-1", "--", "echo", "still", "here"]), "still here\n");
}

/// The agent process of a node.
#[cfg(target_os = "linux")]
fn agent_of(engine: &Engine, name: &str) -> i32 {
    let data = engine.root.path().join(format!("agent-{name}")).display().to_string();
    let command_of = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let numbers = fs::read_dir("/proc").unwrap().flatten();
    let mut pids = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.find(|pid| command_of(pid).contains(&data)).unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_without_a_terminal_ends_with_its_agent_and_what_it_left_before_does_not() {
    use nix::{sys::signal, unistd::Pid};
    let engine = node();
    let kill = |pid: i32| signal::kill(Pid::from_raw(pid), signal::Signal::SIGKILL).unwrap();
    let is_there = |pid: i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
    };
    let left = engine.fleetdeck(&["shell", "web-1", "--", "nohup sleep 1000 >/dev/null 2>&1 & echo $!"]);
    let left: i32 = left.trim().parse().unwrap();
    let file = engine.root.path().join("pid");
    let script = format!("echo \\$\\$ > '{0}.part'; mv '{0}.part' '{0}'; exec sleep 1000", file.display());
    let script = format!("{BINARY} --endpoint-url {} shell web-1 -- \"{script}\"", engine.url);
    let _shell = Terminal::run(&script, &engine.environment(), engine.root.path(), 24, 80);
    support::until("the program to run", || file.exists());
    let program: i32 = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    assert!(is_there(program));
    kill(agent_of(&engine, "web-1"));
    support::until("the program to end", || !is_there(program));
    assert!(is_there(left), "it was left running on purpose");
    kill(left);
}

#[test]
fn a_recorded_session_is_listed_and_replayed() {
    let engine = node();
    let cast = engine.root.path().join("web.cast").display().to_string();
    let run = engine.command(&[
        "shell",
        "web-1",
        "--reason",
        "a look",
        "--record",
        &cast,
        "--",
        "printf",
        "'\\033[1mbold\\033[0m\\n'",
    ]);
    assert_eq!((run.status.code(), &*run.stdout), (Some(0), &b"\x1b[1mbold\x1b[0m\n"[..]));
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(said, format!("recorded in {cast} and {}\n", cast.replace(".cast", ".txt")));
    assert_eq!(engine.fleetdeck(&["sessions", "replay", &cast]), "bold\n");
    let run = engine.command(&["shell", "web-1", "--record", &cast, "--", "true"]);
    assert!(!run.status.success(), "recordings are not overwritten");
    support::until("the session in the history", || {
        engine.fleetdeck(&["sessions", "ls", "--state", "history", "--node", "web-1"]).contains("a look")
    });
    let run = engine.command(&["sessions", "end", "nobody-0123"]);
    assert!(String::from_utf8(run.stderr).unwrap().contains("no session nobody-0123 is running"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transcript_of_a_streamed_session_is_read_as_text() {
    let engine = tokio::task::spawn_blocking(node).await.unwrap();
    let client = client(&engine, &engine.url).await;
    let content = r#"{"schemaVersion": "1.0", "description": "streams", "sessionType": "Standard_Stream", "inputs":
        {"cloudWatchLogGroupName": "/sessions", "cloudWatchEncryptionEnabled": false, "cloudWatchStreamingEnabled": true}}"#;
    let document_type = Some(DocumentType::Session);
    client
        .call(CreateDocument { name: "Streamed".into(), content: content.into(), document_type, ..Default::default() })
        .await
        .unwrap();
    let nodes = client.all(DescribeInstanceInformation::default()).await.unwrap();
    let target = nodes[0].instance_id.clone().unwrap();
    let request = StartSession { target, document_name: Some("Streamed".into()), ..StartSession::default() };
    let mut session = client.start_session(request, TerminalSize { cols: 80, rows: 24 }).await.unwrap();
    let id = session.id().to_owned();
    session.input(b"echo '{\"a\": \"'$((40 + 2))'\"}'; exit\r".to_vec());
    while !matches!(session.next().await, Some(SessionEvent::Closed { .. }) | None) {}
    tokio::task::spawn_blocking(move || {
        support::until("the transcript", || {
            let run = engine.command(&["sessions", "replay", &id]);
            let text = String::from_utf8_lossy(&run.stdout).into_owned();
            assert!(!text.contains("sessionData"), "{text}");
            text.lines().any(|line| line.ends_with(r#"{"a": "42"}"#))
        });
    })
    .await
    .unwrap();
}
