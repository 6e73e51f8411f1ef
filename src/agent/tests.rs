//! A whole agent against a service: registration, work, cut lines, sessions.

mod service;

use std::{path::Path, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::timeout};

use super::*;
use crate::{
    ssm::Timestamp,
    wire::{
        channel::{Channel, Event, LARGE_FRAME, Role, SMALL_FRAME},
        envelope::{Envelope, kind, payload},
        messages::{JobReply, ReplyContent, TaskComplete, TerminalSize},
    },
};
use service::{LONG, Peer, Service};

const NODE: &str = "mi-0123456789abcdef0";

struct Agent {
    stop: CancellationToken,
    task: JoinHandle<Result<(), AgentError>>,
}

impl Agent {
    fn start(data: &Path, endpoint: Option<String>, activation: bool) -> Self {
        let options = Options {
            endpoint_url: endpoint,
            region: None,
            activation: activation.then(|| Activation { id: "a".repeat(36), code: "c".repeat(20).into() }),
            workers: DEFAULT_WORKERS,
            allow_reboot: false,
            kill_on_stop: false,
        };
        let stop = CancellationToken::new();
        let dir = DataDir::open(data).unwrap();
        let task = tokio::spawn(run(dir, options, Clock::system(), stop.clone()));
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        timeout(LONG, self.task).await.unwrap().unwrap().unwrap();
    }
}

fn job(id: &str, commands: Value, more: Value) -> Value {
    let document = json!({"schemaVersion": "2.2", "mainSteps": [
        {"action": "aws:runShellScript", "name": "run", "inputs": {"runCommand": commands}}]});
    let mut content = json!({"DocumentContent": document, "CommandId": id, "Parameters": {}});
    if let (Some(content), Some(more)) = (content.as_object_mut(), more.as_object()) {
        content.extend(more.clone());
    }
    json!({"Content": content.to_string(), "JobId": format!("aws.ssm.{id}.{NODE}"),
        "Topic": "aws.ssm.sendCommand.us.east.1.1", "SchemaVersion": 1})
}

fn content(message: &Envelope) -> ReplyContent {
    assert_eq!(message.message_type, kind::JOB_REPLY);
    let reply: JobReply = serde_json::from_slice(&message.payload).unwrap();
    serde_json::from_str(&reply.content).unwrap()
}

async fn next_ack(peer: &mut Peer) -> Value {
    let ack = peer.next().await;
    assert_eq!(ack.message_type, kind::JOB_ACK);
    serde_json::from_slice(&ack.payload).unwrap()
}

/// Acknowledges every reply until the final one, which it returns unacknowledged.
async fn final_reply(peer: &mut Peer) -> Envelope {
    loop {
        let message = peer.next().await;
        if content(&message).document_status != "InProgress" {
            return message;
        }
        peer.acknowledge_reply(&message).await;
    }
}

#[tokio::test]
async fn a_first_start_registers_and_a_later_one_needs_only_its_data() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start().await;
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let control = service.control().await;
    assert_eq!(control.open.platform_type.as_deref(), Some(facts::PLATFORM));
    agent.stop().await;
    let agent = Agent::start(dir.path(), None, false);
    service.control().await;
    agent.stop().await;
    let calls = service.seen.calls.lock().unwrap();
    let registrations = calls.iter().filter(|(name, _)| name == "RegisterManagedInstance").count();
    assert_eq!(registrations, 1);
    let (_, request) = calls.iter().find(|(name, _)| name == "RegisterManagedInstance").unwrap();
    assert_eq!(request["PublicKeyType"], "Rsa");
}

#[tokio::test]
async fn a_refused_activation_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start().await;
    *service.seen.refuse_activation.lock().unwrap() = Some("InvalidActivation");
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let error = timeout(LONG, agent.task).await.unwrap().unwrap().unwrap_err().to_string();
    assert!(error.contains("InvalidActivation") && error.contains("Check id and code"), "{error}");
    let agent = Agent::start(dir.path(), Some(service.url()), false);
    let error = timeout(LONG, agent.task).await.unwrap().unwrap().unwrap_err().to_string();
    assert!(error.contains("create-activation"), "{error}");
}

#[tokio::test]
async fn replies_survive_a_cut_line_and_jobs_run_once() {
    let dir = tempfile::tempdir().unwrap();
    let marks = dir.path().join("marks");
    let commands = json!([format!("echo x >> {}", marks.display())]);
    let mut service = Service::start().await;
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let mut control = service.control().await;
    let message = control.send(kind::JOB, job("c-1", commands.clone(), json!({}))).await;
    let ack = next_ack(&mut control).await;
    assert_eq!(
        (&ack["statusCode"], &ack["acknowledgedMessageId"]),
        (&json!("200"), &json!(message.message_id.to_string()))
    );
    let told = final_reply(&mut control).await;
    // The line is cut before the final reply is acknowledged.
    drop(control);
    let mut control = service.control().await;
    let again = final_reply(&mut control).await;
    assert_eq!((again.message_id, &again.payload), (told.message_id, &told.payload));
    // Nor does a service that forgot everything make it run again.
    control.send(kind::JOB, job("c-1", commands, json!({}))).await;
    assert_eq!(next_ack(&mut control).await["statusCode"], "200");
    assert_eq!(content(&final_reply(&mut control).await).document_status, "Success");
    agent.stop().await;
    let agent = Agent::start(dir.path(), None, false);
    let mut control = service.control().await;
    let again = final_reply(&mut control).await;
    assert_eq!(again.message_id, told.message_id);
    control.acknowledge_reply(&again).await;
    agent.stop().await;
    assert_eq!(std::fs::read_to_string(marks).unwrap(), "x\n");
}

#[tokio::test]
async fn parameters_are_fetched_and_whole_output_is_uploaded() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start().await;
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let mut control = service.control().await;
    let commands = json!(["echo {{ssm:/greeting}}", "head -c 100000 /dev/zero | tr '\\0' x"]);
    let bucket = json!({"OutputS3BucketName": "bucket", "OutputS3KeyPrefix": "a b"});
    control.send(kind::JOB, job("c-1", commands, bucket)).await;
    next_ack(&mut control).await;
    let reply = content(&final_reply(&mut control).await);
    let step = &reply.runtime_status.as_ref().unwrap()["run"];
    assert!(step.standard_output.starts_with("hello\nxxx"));
    assert_eq!(step.standard_output.len(), 24_000);
    assert_eq!(step.output_s3_key_prefix, format!("a b/c-1/{NODE}/awsrunShellScript"));
    let objects = service.seen.objects.lock().unwrap().clone();
    let (key, whole) = objects.iter().next().unwrap();
    assert_eq!(*key, format!("/bucket/a%20b/c-1/{NODE}/awsrunShellScript/run/stdout"));
    assert_eq!(whole.len(), 6 + 100_000);
    agent.stop().await;
}

#[tokio::test]
async fn what_is_no_message_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start().await;
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let mut control = service.control().await;
    for odd in [b"".as_slice(), b"x", &[0xff; 300]] {
        control.send_bytes(Bytes::copy_from_slice(odd)).await;
    }
    control.send(kind::JOB, json!("x")).await;
    control.send(kind::INTERACTIVE_SHELL, json!({"Content": "{", "TaskId": "../../etc"})).await;
    control.send("something_new", json!({})).await;
    control.send(kind::JOB, job("c-1", json!(["true"]), json!({}))).await;
    assert_eq!(next_ack(&mut control).await["statusCode"], "200");
    assert_eq!(content(&final_reply(&mut control).await).document_status, "Success");
    agent.stop().await;
}

/// The user's end of a session, over the sockets that the agent opens.
struct User {
    channel: Channel,
    peer: Peer,
    seen: String,
}

impl User {
    async fn flush(&mut self) {
        while let Some(bytes) = self.channel.poll_transmit(Timestamp::now()) {
            self.peer.send_bytes(bytes).await;
        }
    }

    async fn sized(&mut self, cols: u32, rows: u32) {
        self.channel.send_size(TerminalSize { cols, rows }, Timestamp::now());
        self.flush().await;
    }

    async fn type_in(&mut self, text: &str) {
        // Nothing is typed before it is known how the session begins.
        while !self.channel.can_send() {
            assert!(self.read().await);
        }
        self.channel.write(payload::OUTPUT, text.as_bytes(), Timestamp::now());
        self.flush().await;
    }

    /// Reads until the text is there; `false` if the agent closes before.
    async fn read_until(&mut self, text: &str) -> bool {
        while !self.seen.contains(text) {
            if !self.read().await {
                return false;
            }
        }
        true
    }

    async fn read(&mut self) -> bool {
        let Some(bytes) = self.peer.next_bytes().await else { return false };
        self.channel.receive(&bytes, Timestamp::now()).unwrap();
        while let Some(event) = self.channel.poll_event() {
            match event {
                Event::Data(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Event::ExitCode(code) => self.seen.push_str(&format!("<exit {code}>")),
                _ => {}
            }
        }
        self.flush().await;
        true
    }
}

async fn start_session(control: &mut Peer, document: Value) {
    let content = json!({"DocumentContent": document, "SessionId": "root-1", "Parameters": {}, "RunAsUser": ""});
    let task = json!({"Content": content.to_string(), "TaskId": "root-1", "Topic": "t", "SchemaVersion": 1});
    control.send(kind::INTERACTIVE_SHELL, task).await;
}

async fn task_complete(control: &mut Peer) -> TaskComplete {
    let message = control.next().await;
    assert_eq!(message.message_type, kind::TASK_COMPLETE);
    let ack =
        json!({"SchemaVersion": 1, "MessageId": message.message_id.to_string(), "TaskId": "root-1", "Topic": "t"});
    control.send(kind::TASK_ACKNOWLEDGE, ack).await;
    serde_json::from_slice(&message.payload).unwrap()
}

#[tokio::test]
async fn a_shell_goes_on_over_a_broken_line_and_says_how_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start().await;
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let mut control = service.control().await;
    let command = json!({"commands": "stty -echo; stty size; echo ready; while read x; do echo got $x; test $x = end && exit; stty size; done"});
    let mut document = json!({"schemaVersion": "1.0", "sessionType": "InteractiveCommands", "properties": {}});
    document["properties"][facts::PLATFORM] = command;
    start_session(&mut control, document).await;
    let peer = service.data().await;
    assert_eq!(peer.open.client_instance_id.as_deref(), Some(NODE));
    let mut user = User { channel: Channel::new(Role::Client, SMALL_FRAME), peer, seen: String::new() };
    user.sized(90, 33).await;
    assert!(user.read_until("ready").await);
    assert!(user.seen.contains("33 90"), "the first size is there before the command looks: {}", user.seen);
    user.channel.send_size(TerminalSize { cols: 101, rows: 37 }, Timestamp::now());
    user.type_in("one\r").await;
    assert!(user.read_until("37 101").await);
    // What is typed while the line is down is not lost, nor is what was on its way.
    user.channel.write(payload::OUTPUT, b"two\r", Timestamp::now());
    drop(user.peer);
    user.peer = service.data().await;
    user.channel.reconnected();
    user.flush().await;
    assert!(user.read_until("got two").await);
    user.type_in("end\r").await;
    assert!(user.read_until("got end").await);
    assert!(!user.read_until("nothing more").await);
    assert_eq!(user.seen.matches("got").count(), 3, "{}", user.seen);
    let complete = task_complete(&mut control).await;
    assert_eq!((complete.final_task_status.as_str(), complete.task_id.as_str()), ("Success", "root-1"));
    agent.stop().await;
}

#[tokio::test]
async fn the_echo_of_a_paste_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start().await;
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let mut control = service.control().await;
    let mut document = json!({"schemaVersion": "1.0", "sessionType": "InteractiveCommands", "properties": {}});
    document["properties"][facts::PLATFORM] = json!({"commands": "echo ready; exec cat > /dev/null"});
    start_session(&mut control, document).await;
    let peer = service.data().await;
    let mut user = User { channel: Channel::new(Role::Client, LARGE_FRAME), peer, seen: String::new() };
    user.sized(90, 33).await;
    assert!(user.read_until("ready\r\n").await);
    user.seen.clear();
    let text: String =
        (0..20_000).map(|number| format!("line {number} of a paste, more than a terminal holds\n")).collect();
    let echo = text.replace('\n', "\r\n");
    let mut rest = text.as_bytes();
    while user.seen.len() < echo.len() {
        let taken = user.channel.write(payload::OUTPUT, rest, Timestamp::now());
        rest = &rest[taken..];
        user.flush().await;
        assert!(user.read().await);
    }
    assert!(user.seen == echo);
    // A terminal that was stopped echoes nothing before it is told to go on, and that stands behind the rest.
    user.seen.clear();
    let stopped = format!("\x13{}\x11the end\r", &text[..10_000]);
    let taken = user.channel.write(payload::OUTPUT, stopped.as_bytes(), Timestamp::now());
    assert_eq!(taken, stopped.len());
    user.flush().await;
    assert!(user.read_until("the end").await);
    agent.stop().await;
}

#[tokio::test]
async fn a_shell_begins_and_goes_on_while_the_disk_has_no_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start().await;
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let mut control = service.control().await;
    // Whoever opens the session's note waits until somebody reads it.
    let note = dir.path().join("sessions/root-1.json");
    nix::unistd::mkfifo(&note, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut document = json!({"schemaVersion": "1.0", "sessionType": "InteractiveCommands", "properties": {}});
    document["properties"][facts::PLATFORM] = json!({"commands": "stty -echo; echo ready; read x; echo got $x"});
    start_session(&mut control, document).await;
    let mut user =
        User { channel: Channel::new(Role::Client, SMALL_FRAME), peer: service.data().await, seen: String::new() };
    user.sized(80, 24).await;
    assert!(user.read_until("ready").await);
    user.type_in("one\r").await;
    assert!(user.read_until("got one").await);
    let read = std::thread::spawn(move || (std::fs::read(&note).unwrap(), note));
    assert_eq!(task_complete(&mut control).await.final_task_status, "Success");
    agent.stop().await;
    let (read, note) = read.join().unwrap();
    assert!(read.starts_with(b"{") && !note.exists(), "it came to the disk, and was taken away at the end");
}

#[tokio::test]
async fn the_last_output_arrives_although_the_line_breaks_after_the_program_has_ended() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start().await;
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let mut control = service.control().await;
    let mut document = json!({"schemaVersion": "1.0", "sessionType": "InteractiveCommands", "properties": {}});
    document["properties"][facts::PLATFORM] = json!({"commands": "echo bye-$((40+2))"});
    start_session(&mut control, document).await;
    let mut user =
        User { channel: Channel::new(Role::Client, SMALL_FRAME), peer: service.data().await, seen: String::new() };
    user.sized(80, 24).await;
    // The output comes and nobody acknowledges it; it is sent again, by an agent that has nothing else to do any more.
    for _ in 0..2 {
        while !user.peer.next_bytes().await.unwrap().windows(6).any(|part| part == b"bye-42") {}
    }
    drop(user.peer);
    user.peer = service.data().await;
    user.channel.reconnected();
    user.flush().await;
    assert!(user.read_until("bye-42").await);
    assert_eq!(task_complete(&mut control).await.final_task_status, "Success");
    agent.stop().await;
}

#[tokio::test]
async fn a_terminated_session_takes_its_shell_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start().await;
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let mut control = service.control().await;
    start_session(&mut control, json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {}})).await;
    let mut user =
        User { channel: Channel::new(Role::Client, SMALL_FRAME), peer: service.data().await, seen: String::new() };
    user.sized(80, 24).await;
    user.type_in("echo shell-$((40+2))-$$.\r").await;
    assert!(user.read_until("shell-42-").await);
    user.type_in("\r").await;
    let pid = loop {
        let pid = user.seen.split("shell-42-").nth(1).and_then(|rest| rest.split('.').next()?.parse::<i32>().ok());
        match pid {
            Some(pid) => break pid,
            None => assert!(user.read_until("shell-42-").await),
        }
    };
    assert!(process::start_time(pid).is_some());
    user.peer.send(kind::CHANNEL_CLOSED, json!({"SessionId": "root-1", "Output": ""})).await;
    assert_eq!(task_complete(&mut control).await.final_task_status, "Success");
    let gone = async {
        while process::start_time(pid).is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, gone).await.unwrap();
    agent.stop().await;
}

#[tokio::test]
async fn a_session_that_ends_together_with_its_line_has_ended() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start().await;
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let mut control = service.control().await;
    start_session(&mut control, json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {}})).await;
    let mut user =
        User { channel: Channel::new(Role::Client, SMALL_FRAME), peer: service.data().await, seen: String::new() };
    user.sized(80, 24).await;
    user.type_in("echo shell-$((40+2))\r").await;
    assert!(user.read_until("shell-42").await);
    user.peer.send(kind::CHANNEL_CLOSED, json!({"SessionId": "root-1", "Output": ""})).await;
    drop(user);
    // An agent that only saw the end of the line would connect again, and nobody would answer.
    assert_eq!(task_complete(&mut control).await.final_task_status, "Success");
    agent.stop().await;
}

#[tokio::test]
async fn an_agent_that_is_stopped_says_how_its_sessions_ended() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start().await;
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let mut control = service.control().await;
    start_session(&mut control, json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {}})).await;
    let mut user =
        User { channel: Channel::new(Role::Client, SMALL_FRAME), peer: service.data().await, seen: String::new() };
    user.sized(80, 24).await;
    user.type_in("echo shell-$((40+2))\r").await;
    assert!(user.read_until("shell-42").await);
    agent.stop.cancel();
    // Work that comes now is not taken: nobody would do it.
    control.send(kind::JOB, job("11111111-2222-4333-8444-555555555555", json!(["true"]), json!({}))).await;
    let complete = task_complete(&mut control).await;
    assert_eq!((complete.task_id.as_str(), complete.final_task_status.as_str()), ("root-1", "Failed"));
    assert_eq!(complete.output, "The agent on the node was stopped.");
    assert!(control.next_bytes().await.is_none(), "nothing is left to say");
    agent.stop().await;
    assert_eq!(std::fs::read_dir(dir.path().join("sessions")).unwrap().count(), 0, "the next agent has nothing to add");
}

#[tokio::test]
async fn a_command_without_a_terminal_ends_with_its_code() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start().await;
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let mut control = service.control().await;
    let mut document = json!({"schemaVersion": "1.0", "sessionType": "NonInteractiveCommands", "properties": {}});
    document["properties"][facts::PLATFORM] =
        json!({"commands": "sh -c 'echo out; exit 7'", "separateOutputStream": true});
    start_session(&mut control, document).await;
    let mut user =
        User { channel: Channel::new(Role::Client, SMALL_FRAME), peer: service.data().await, seen: String::new() };
    assert!(user.read_until("<exit 7>").await);
    assert_eq!(user.seen, "out\n<exit 7>");
    while user.peer.next_bytes().await.is_some() {}
    assert_eq!(task_complete(&mut control).await.final_task_status, "Success");
    agent.stop().await;
}

#[tokio::test]
async fn a_session_that_cannot_be_fails_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start().await;
    let agent = Agent::start(dir.path(), Some(service.url()), true);
    let mut control = service.control().await;
    let document = json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {"runAsEnabled": true, "runAsDefaultUser": "nobody-at-all"}});
    start_session(&mut control, document).await;
    let complete = task_complete(&mut control).await;
    assert_eq!(complete.final_task_status, "Failed");
    assert!(complete.output.contains("nobody-at-all"));
    agent.stop().await;
}
