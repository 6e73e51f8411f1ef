//! A disk is full during an incident.

use std::{path::Path, process::Command};

use fleetdeck::{
    config::theme::Role,
    ssm::{CreateDocument, DescribeSessions, DocumentType, Session, SessionState},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{
    OnCall, SMALL, agent_of,
    between::Between,
    data_of, id_of, lose, shop,
    support::{self, Engine, until},
    used,
};

/// Who the first process of a path's lines is, as the node wrote it there.
fn pid_in(path: &Path) -> Pid {
    Pid::from_raw(support::read(path.to_owned()).trim().parse().unwrap())
}

/// The one full disk among fifty: found, entered and freed, although a process holds a deleted file.
#[test]
fn a_disk_fills_up_at_night() {
    let Some(engine) = shop() else { return };
    keep_transcripts(&engine);
    let agent = agent_of(&engine, "web-17");
    let fill = "dd if=/dev/zero of=/tmp/access.log.1 bs=1M count=40; dd if=/dev/zero of=/tmp/app.log bs=1M count=19; \
                (setsid sh -c 'exec 9>>/tmp/app.log; rm /tmp/app.log; exec sleep 86414' >/dev/null 2>&1 </dev/null &)";
    engine.fleetdeck(&["run", "--name", "web-17", "--", fill]);
    assert!(used(agent) >= 90, "{} %", used(agent));

    let mut night = OnCall::begin(&engine, 24, 80);
    // Every node has said how full it is, and the one that matters stands at the top.
    night.sees("with disk >= 90%: web-17");
    night.key("!");
    night.sees("web-17");
    // A node with a full disk opens with its disks.
    night.key("\r");
    night.sees("Largest on /tmp");
    night.sees("access.log.1");
    // Removing the log alone will not do: the holder of the other one is named, with what it holds.
    night.sees("held by sleep");
    night.key("s");
    night.sees("^g then d leave");
    assert!(night.typed <= 15, "{} keys to the shell", night.typed);
    night.line("PS1='no''de> '; clear; stty size");
    night.terminal.wait("a shell of the pane's size", |screen| {
        screen.contents().lines().any(
            |line| matches!(line.split_whitespace().collect::<Vec<_>>()[..], [r, "80"] if r.parse::<u16>().is_ok()),
        )
    });
    night.line("rm /tmp/access.log.1; echo sh''ell-$$-");
    night.sees("shell-");
    let before = used(agent);
    assert!((20..60).contains(&before), "the deleted file is still held: {before} %");

    // The console goes down in the middle of it; the next one offers the same shell.
    let screen = night.terminal.text();
    let shell =
        screen.lines().find_map(|line| line.trim().strip_prefix("shell-")?.strip_suffix('-')).unwrap().to_owned();
    kill(pid_in(&engine.root.path().join("pid")), Signal::SIGKILL).unwrap();
    night.terminal.wait_for_exit();
    night = OnCall::begin(&engine, 24, 80);
    night.sees("1 shell of yours is still open on a node");
    night.key("6");
    night.sees("disconnected");
    night.key("A");
    night.sees("the session goes on here");
    night.line("clear; echo st''ill-$$-; kill $(pgrep -f 'sleep 8641[4]'); echo fr''eed");
    night.sees(&format!("still-{shell}-"));
    night.sees("freed");
    until("the disk to have room", || used(agent) < 50);
    night.line("exit");
    night.sees("The session has ended");
    night.key("1");
    night.terminal.wait_until_gone("with disk >= 90%");

    // Who was there, from when to when, is in the history.
    let history = engine.fleetdeck(&["sessions", "ls", "--state", "history", "--output", "json"]);
    assert!(history.contains("Terminated") && history.contains(":root"), "{history}");

    let text = transcript(&engine, "web-17");
    assert!(text.contains("rm /tmp/access.log.1"), "{text}");

    a_transcript_without_room(&mut night, &engine);
    no_right_to_a_session(&engine);
    no_old_value_looks_new(&mut night, &engine, agent);
}

/// Has the text of sessions kept in a bucket.
fn keep_transcripts(engine: &Engine) {
    let inputs = r#"{"s3BucketName": "transcripts", "s3EncryptionEnabled": false}"#;
    let content = format!(r#"{{"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {inputs}}}"#);
    let request = CreateDocument {
        name: "SSM-SessionManagerRunShell".into(),
        content,
        document_type: Some(DocumentType::Session),
        ..CreateDocument::default()
    };
    engine.ask(async |client| client.call(request).await.unwrap());
}

/// What was kept of the last shell on a node.
fn transcript(engine: &Engine, node: &str) -> String {
    let node = id_of(engine, node);
    let mut text = String::new();
    until("a transcript", || {
        let found = engine.ask(async |client| {
            let request = DescribeSessions { state: SessionState::History, ..DescribeSessions::default() };
            let sessions = client.all(request).await.unwrap();
            let shell = |session: &&Session| {
                session.target.as_ref() == Some(&node)
                    && session.document_name.as_deref() == Some("SSM-SessionManagerRunShell")
            };
            let last = sessions.iter().filter(shell).max_by_key(|session| session.start_date)?;
            client.transcript(last).await.ok()?
        });
        text = found.map(|found| String::from_utf8_lossy(&found.text).into_owned()).unwrap_or_default();
        !text.is_empty()
    });
    text
}

/// Where the agent's disk has no room for the text of the session, the session opens all the same and says so, and its
/// text comes to the engine.
fn a_transcript_without_room(night: &mut OnCall, engine: &Engine) {
    let agent = agent_of(engine, SMALL).to_string();
    let file = data_of(engine, SMALL).join("filler").display().to_string();
    let fill = ["-t", &agent, "-m", "dd", "if=/dev/zero", &format!("of={file}"), "bs=4096"].map(str::to_owned);
    let filled = Command::new("nsenter").args(fill).output().unwrap();
    assert!(String::from_utf8_lossy(&filled.stderr).contains("No space left"), "{filled:?}");
    night.goes_to(SMALL);
    night.key("s");
    night.sees("This node cannot write the session's transcript: No space left");
    night.sees("s3://transcripts/");
    night.line("echo st''ored-elsewhere; exit");
    night.sees("The session has ended");
    let text = transcript(engine, SMALL);
    assert!(text.contains("No space left") && text.contains("stored-elsewhere"), "{text}");
}

/// Without the right to a session the refusal can be read: what is not allowed, where, by which policy, and what to do.
fn no_right_to_a_session(engine: &Engine) {
    let node = id_of(engine, "web-15");
    let policy = "arn:aws:iam::123456789012:policy/NoShellOnProduction";
    let between = Between::to(&engine.url);
    between.refuse(
        "StartSession",
        &node,
        &format!(
            "User: arn:aws:sts::123456789012:assumed-role/developer/ann is not authorized to perform: ssm:StartSession on \
             resource: arn:aws:ssm:us-east-1:123456789012:managed-instance/{node} with an explicit deny in an \
             identity-based policy: {policy}"
        ),
    );
    let mut night = OnCall::begin_at(engine, &between.url, 24, 80);
    night.goes_to("web-15");
    night.key("s");
    for told in ["perform: ssm:StartSession", &node, policy, "web-15", "ask who keeps it"] {
        night.reads(told);
    }
    assert_eq!(between.refused(), 1);
    // Another node is not refused.
    night.key("\x07");
    night.key("d");
    night.goes_to("web-14");
    night.key("s");
    night.sees("^g then d leave");
    night.line("echo he''re");
    night.sees("here");
}

/// A node that hangs says nothing, and one that is lost neither: what it said before is no green value any more.
fn no_old_value_looks_new(night: &mut OnCall, engine: &Engine, agent: i32) {
    const LIVE: [Role; 2] = [Role::Success, Role::Failed];
    engine.fleetdeck(&["run", "--name", "web-17", "--", "head -c 16000000 /dev/zero > /tmp/kept"]);
    night.goes_to("web-17");
    night.key("\r");
    // The list of nodes names it too, and frames are drawn from the top.
    night.terminal.wait("the view of the node alone", |screen| {
        let shown = screen.contents();
        shown.contains("web-17 › Overview") && !shown.contains("web-18")
    });
    night.sees_as("/tmp", Role::Success, &[Role::Stale]);
    kill(Pid::from_raw(agent), Signal::SIGSTOP).unwrap();
    night.sees("The node is silent: no answer for");
    night.sees("online");
    night.sees_as("/tmp", Role::Stale, &LIVE);
    lose(engine, "web-17", agent);
    night.sees("The node is lost: no answer for");
    night.sees_as("/tmp", Role::Stale, &LIVE);
    // The list of nodes has no value of it at all.
    night.key("\x1b");
    night.sees_as("web-17", Role::NodeLost, &LIVE[..1]);
    night.terminal.wait("no value", |screen| {
        let rows = screen.contents();
        rows.lines().any(|row| row.contains("web-17") && row.contains("no answer") && !row.contains('%'))
    });
}
