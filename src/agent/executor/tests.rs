//! The executor with real processes and a real journal; the service is only an outbox.

use std::{fs, path::Path, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;
use crate::{
    agent::{
        api::{Api, Endpoints},
        credentials::Renewal,
        dir::DataDir,
        identity::{Identity, Registration},
        tls::Tls,
    },
    ssm::{Timestamp, clock::Clock},
    wire::{
        messages::{JobReply, ReplyContent},
        rsa_auth::NodeKey,
    },
};

struct Case {
    root: tempfile::TempDir,
    node: Arc<Node>,
}

/// One life of the agent.
struct Life {
    executor: Arc<Executor>,
    outbox: Arc<Outbox>,
}

impl Case {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        DataDir::open(root.path()).unwrap();
        let endpoints = Endpoints::new(Some("http://127.0.0.1:9"), None).unwrap();
        let api = Arc::new(Api::new(endpoints, Tls::default(), Clock::system()).unwrap());
        let registration = Registration {
            instance_id: "mi-1".into(),
            region: "us-east-1".into(),
            endpoint_url: None,
            fingerprint: String::new(),
            private_key: String::new().into(),
            registered: Timestamp::default(),
        };
        let identity = Identity::for_tests(registration, NodeKey::generate().unwrap());
        let renewal = Arc::new(Renewal::new(api.clone(), Arc::new(identity)));
        let node = Arc::new(Node {
            instance_id: "mi-1".into(),
            api,
            renewal,
            clock: Clock::system(),
            allow_reboot: false,
            stopping: false.into(),
        });
        Self { root, node }
    }

    fn life(&self, workers: usize) -> Life {
        let outbox = Arc::new(Outbox::default());
        let journal = Journal::open(self.root.path().join("commands")).unwrap();
        let executor = Executor::new(self.node.clone(), journal, outbox.clone(), workers);
        executor.resume().unwrap();
        Life { executor, outbox }
    }

    fn file(&self, name: &str) -> String {
        self.root.path().join(name).to_str().unwrap().to_owned()
    }

    async fn wait_for(&self, name: &str) {
        wait_until(&format!("{name} was never written"), || Path::new(&self.file(name)).exists()).await;
    }
}

async fn wait_until(sentence: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{sentence}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Life {
    fn send(&self, id: &str, document: Value, parameters: Value) -> JobAck {
        let content = json!({"Parameters": parameters, "DocumentContent": document, "CommandId": id});
        self.executor.deliver("m-1", job(id, TOPIC_SEND_COMMAND, content))
    }

    fn cancel(&self, id: &str) -> JobAck {
        let content = json!({"CancelMessageId": format!("aws.ssm.{id}.mi-1")});
        self.executor.deliver("m-2", job("cancel", TOPIC_CANCEL_COMMAND, content))
    }

    /// The replies up to the final one.
    async fn replies(&self) -> Vec<ReplyContent> {
        let mut replies = Vec::new();
        wait_until("the command never ended", || {
            while let Some(envelope) = self.outbox.next_due(Instant::now(), Timestamp::from_millis(1)) {
                let reply: JobReply = serde_json::from_slice(&envelope.payload).unwrap();
                replies.push(serde_json::from_str::<ReplyContent>(&reply.content).unwrap());
                self.outbox.acknowledge(&envelope.message_id.to_string());
            }
            replies.last().is_some_and(|last| last.document_status != "InProgress")
        })
        .await;
        replies
    }

    /// The final status, and each step's status, code, output and error.
    async fn outcome(&self) -> (String, Vec<(String, i64, String, String)>) {
        let replies = self.replies().await;
        let last = replies.last().unwrap().document_status.clone();
        let steps = replies[..replies.len() - 1].iter().filter_map(|reply| reply.runtime_status.clone()).flatten();
        let steps = steps.map(|(_, step)| (step.status, step.code, step.standard_output, step.standard_error));
        (last, steps.collect())
    }
}

fn job(id: &str, topic: &str, content: Value) -> AgentJob {
    AgentJob {
        content: content.to_string(),
        job_id: format!("aws.ssm.{id}.mi-1"),
        topic: format!("{topic}.us.east.1.1"),
        schema_version: 1,
    }
}

fn steps(steps: Value) -> Value {
    json!({"schemaVersion": "2.2", "parameters": {"commands": {"type": "StringList", "default": []}}, "mainSteps": steps})
}

fn script(commands: Value) -> Value {
    steps(json!([{"action": "aws:runShellScript", "name": "run", "inputs": {"runCommand": commands}}]))
}

#[tokio::test]
async fn a_script_runs_and_its_replies_come_in_order() {
    let case = Case::new();
    let life = case.life(5);
    let ack = life.send(
        "c-1",
        script(json!("{{ commands }}")),
        json!({"commands": ["echo $AWS_SSM_INSTANCE_ID $SSM_COMMAND_ID", "echo no >&2", "exit 3"]}),
    );
    assert_eq!((ack.status_code.as_str(), ack.acknowledged_message_id.as_str()), ("200", "m-1"));
    let replies = life.replies().await;
    assert_eq!(replies.len(), 3);
    assert!(replies[0].runtime_status.is_none());
    let step = &replies[1].runtime_status.as_ref().unwrap()["run"];
    assert_eq!((step.status.as_str(), step.code), ("Failed", 3));
    assert_eq!(step.standard_output, "mi-1 c-1\n");
    assert_eq!(step.standard_error, "no\nfailed to run commands: exit status 3\n");
    assert_eq!(replies[2].document_status, "Failed");
    assert_eq!(replies[2].runtime_status.as_ref().unwrap().len(), 1);
}

#[tokio::test]
async fn a_job_that_comes_twice_runs_once_and_is_answered_again() {
    let case = Case::new();
    let marks = case.file("marks");
    let document = script(json!([format!("echo x >> {marks}")]));
    let life = case.life(5);
    life.send("c-1", document.clone(), json!({}));
    assert_eq!(life.replies().await.last().unwrap().document_status, "Success");
    assert_eq!(life.send("c-1", document.clone(), json!({})).status_code, "200");
    assert_eq!(life.replies().await.last().unwrap().document_status, "Success");
    let later = case.life(5);
    assert_eq!(later.send("c-1", document, json!({})).status_code, "200");
    assert_eq!(later.replies().await.last().unwrap().document_status, "Success");
    assert_eq!(fs::read_to_string(marks).unwrap(), "x\n");
}

#[tokio::test]
async fn steps_follow_each_other_by_the_rules_of_the_document() {
    let case = Case::new();
    let life = case.life(5);
    let run = |name: &str, inputs: Value| json!({"action": "aws:runShellScript", "name": name, "inputs": inputs});
    let document = steps(json!([
        run("one", json!({"runCommand": ["exit 5"]})),
        {"action": "aws:runShellScript", "name": "windows", "inputs": {"runCommand": ["exit 9"]},
         "precondition": {"StringEquals": ["platformType", "Windows"]}},
        {"action": "aws:noSuchThing", "name": "odd", "inputs": {}},
        run("exit", json!({"runCommand": ["exit 1"], "onFailure": "exit"})),
        run("skipped", json!({"runCommand": ["echo no"]})),
        run("last", json!({"runCommand": ["echo last"], "finallyStep": true})),
    ]));
    life.send("c-1", document, json!({}));
    let (status, steps) = life.outcome().await;
    assert_eq!(status, "Failed");
    let statuses: Vec<(&str, i64)> = steps.iter().map(|step| (step.0.as_str(), step.1)).collect();
    assert_eq!(statuses, [("Failed", 5), ("Skipped", 0), ("Failed", 1), ("Failed", 1), ("Skipped", 0), ("Success", 0)]);
    assert!(steps[1].2.contains("unsatisfied preconditions"));
    assert!(steps[2].3.contains("Plugin with name aws:noSuchThing is not supported"));
    assert_eq!(steps[5].2, "last\n");
}

#[tokio::test]
async fn exit_codes_with_a_meaning_are_understood() {
    for (code, status, step_status) in
        [(168, "Success", "Success"), (169, "Failed", "Failed"), (137, "Failed", "Failed")]
    {
        let case = Case::new();
        let life = case.life(5);
        life.send("c-1", script(json!([format!("exit {code}")])), json!({}));
        let (document, steps) = life.outcome().await;
        assert_eq!((document.as_str(), steps[0].0.as_str(), steps[0].1), (status, step_status, code), "{code}");
    }
}

#[tokio::test]
async fn a_restart_that_nobody_allowed_is_waited_for() {
    let case = Case::new();
    let life = case.life(5);
    life.send("c-1", script(json!(["echo ran", "exit 194"])), json!({}));
    let step = || {
        let envelope = life.outbox.next_due(Instant::now(), Timestamp::from_millis(1))?;
        let reply: JobReply = serde_json::from_slice(&envelope.payload).unwrap();
        let content: ReplyContent = serde_json::from_str(&reply.content).unwrap();
        Some((content.document_status, content.runtime_status?.remove("run")?.status))
    };
    let mut told = None;
    wait_until("the step was never told", || {
        told = told.take().or_else(step);
        told.is_some()
    })
    .await;
    assert_eq!(told.unwrap(), ("InProgress".to_owned(), "SuccessAndReboot".to_owned()));
    let entry = life.executor.journal.entry("c-1").unwrap();
    wait_until("it was never written down", || matches!(entry.progress().unwrap().phase, Phase::AwaitingReboot { .. }))
        .await;
    // In the next boot the step runs again from the top.
    let mut progress = entry.progress().unwrap();
    progress.phase = Phase::AwaitingReboot { boot_id: "an earlier one".into() };
    entry.save(&progress).unwrap();
    let script_file = entry.step_directory(0).unwrap().join("script-0/_script.sh");
    assert!(script_file.exists());
    let mut job = entry.job().unwrap().unwrap();
    job.content = job.content.replace("exit 194", "exit 0");
    job.boot_id = "an earlier one".into();
    fs::write(case.file("commands/c-1/job.json"), serde_json::to_vec(&job).unwrap()).unwrap();
    let (status, steps) = case.life(5).outcome().await;
    assert_eq!((status.as_str(), steps.last().unwrap().2.as_str()), ("Success", "ran\nran\n"));
}

#[tokio::test]
async fn cancelling_kills_what_runs_and_what_waits_never_begins() {
    let case = Case::new();
    let life = case.life(1);
    let (up, never) = (case.file("up"), case.file("never"));
    life.send("c-1", script(json!([format!("touch {up}"), "sleep 1000"])), json!({}));
    case.wait_for("up").await;
    life.send("c-2", script(json!([format!("touch {never}")])), json!({}));
    assert_eq!(life.cancel("c-2").status_code, "200");
    let finished = |id: &str| {
        let entry = life.executor.journal.entry(id).unwrap();
        move || matches!(entry.progress().unwrap().phase, Phase::Finished { .. })
    };
    wait_until("the waiting one was not cancelled", finished("c-2")).await;
    assert_eq!(life.cancel("c-1").status_code, "200");
    wait_until("the running one was not cancelled", finished("c-1")).await;
    let step = |id: &str| life.executor.journal.entry(id).unwrap().progress().unwrap().done.remove(0).1;
    assert_eq!((step("c-1").status.as_str(), step("c-1").code), ("Cancelled", 137));
    assert_eq!((step("c-2").status.as_str(), step("c-2").code), ("Cancelled", 1));
    assert!(!Path::new(&never).exists());
}

#[tokio::test]
async fn a_script_outlives_its_agent_and_is_found_again() {
    let case = Case::new();
    let (up, go) = (case.file("up"), case.file("go"));
    let wait = format!("while ! test -e {go}; do sleep 0.01; done");
    let earlier = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    {
        let _context = earlier.enter();
        let lines = json!([format!("echo begin; touch {up}"), wait, "echo end", "exit 4"]);
        case.life(5).send("c-1", script(lines), json!({}));
    }
    case.wait_for("up").await;
    // As after kill -9: the tasks are gone without a word, the script is not.
    earlier.shutdown_background();
    let later = case.life(5);
    fs::write(&go, "").unwrap();
    let (status, steps) = later.outcome().await;
    assert_eq!(status, "Failed");
    assert_eq!((steps[0].1, steps[0].2.as_str()), (4, "begin\nend\n"));
}

#[tokio::test]
async fn a_command_of_an_earlier_boot_is_not_run_again() {
    let case = Case::new();
    let never = case.file("never");
    let entry = Journal::open(case.root.path().join("commands")).unwrap().entry("c-1").unwrap();
    let content = json!({"DocumentContent": script(json!([format!("touch {never}")]))}).to_string();
    let job = Job {
        command_id: "c-1".into(),
        job_id: "aws.ssm.c-1.mi-1".into(),
        content,
        received: Timestamp::now(),
        boot_id: "an earlier one".into(),
    };
    entry.accept(&job).unwrap();
    let replies = case.life(5).replies().await;
    assert_eq!(replies.last().unwrap().document_status, "Failed");
    assert!(replies.last().unwrap().document_trace_output.contains("outcome is unknown"));
    assert!(!Path::new(&never).exists());
}

#[tokio::test]
async fn what_cannot_be_read_fails_in_words() {
    let case = Case::new();
    let life = case.life(5);
    let ack = life.send("c-1", json!({"schemaVersion": "9.9"}), json!({}));
    assert_eq!(ack.status_code, job_status::PARSE_ERROR);
    assert_eq!(life.replies().await.last().unwrap().document_status, "Failed");
    let odd =
        AgentJob { job_id: "aws.ssm.../../x.mi-1".into(), topic: TOPIC_SEND_COMMAND.into(), ..AgentJob::default() };
    assert_eq!(life.executor.deliver("m", odd).status_code, job_status::PARSE_ERROR);
    let odd = AgentJob { topic: "aws.ssm.dance".into(), ..AgentJob::default() };
    assert_eq!(life.executor.deliver("m", odd).status_code, job_status::PARSE_ERROR);
}

#[tokio::test]
async fn only_so_many_run_at_a_time() {
    let case = Case::new();
    let life = case.life(2);
    let (log, go) = (case.file("log"), case.file("go"));
    for number in 0..4 {
        let lines = json!([format!("echo x >> {log}"), format!("while ! test -e {go}; do sleep 0.01; done")]);
        life.send(&format!("c-{number}"), script(lines), json!({}));
    }
    let lines = || fs::read_to_string(&log).map_or(0, |text| text.lines().count());
    wait_until("two never ran", || lines() == 2).await;
    fs::write(&go, "").unwrap();
    wait_until("the others never ran", || lines() == 4).await;
}

#[tokio::test]
async fn properties_of_an_old_document_run_one_after_another() {
    let case = Case::new();
    let life = case.life(5);
    let document = json!({"schemaVersion": "1.2", "runtimeConfig": {"aws:runShellScript": {"properties": [
        {"id": "0", "runCommand": ["echo one", "exit 2"]}, {"id": "1", "runCommand": ["echo two"]}]}}});
    life.send("c-1", document, json!({}));
    let (status, steps) = life.outcome().await;
    assert_eq!((status.as_str(), steps[0].1, steps[0].2.as_str()), ("Failed", 2, "one\ntwo\n"));
}
