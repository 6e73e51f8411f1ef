use std::time::Duration;

use serde_json::json;

use crate::{
    engine::{
        channels::OpenLine,
        commands::dispatch,
        control,
        tests::{Harness, code},
    },
    ssm::{
        ec2messages::{AcknowledgeMessage, FailMessage, SendReply},
        *,
    },
    wire::{
        envelope::{Envelope, kind},
        messages::{AgentJob, CommandJob, JobAck, JobReply, ReplyContent, StepStatus, TOPIC_SEND_COMMAND, job_status},
    },
};

/// A node that is on the line, played by the test.
struct Peer<'a> {
    harness: &'a Harness,
    id: String,
    line: OpenLine,
}

impl<'a> Peer<'a> {
    async fn connect(harness: &'a Harness, id: &str) -> Self {
        let line = harness.engine.channels.open(id);
        dispatch::node_connected(harness.engine.clone(), id.to_owned()).await;
        Self { harness, id: id.to_owned(), line }
    }

    /// What has been sent since the last look: topic and job.
    fn jobs(&mut self) -> Vec<AgentJob> {
        let mut jobs = Vec::new();
        while let Ok(bytes) = self.line.outgoing.try_recv() {
            let envelope = Envelope::decode(&bytes).unwrap();
            assert_eq!(envelope.message_type, kind::JOB);
            jobs.push(serde_json::from_slice(&envelope.payload).unwrap());
        }
        jobs
    }

    async fn say(&self, kind: &str, payload: &impl serde::Serialize) -> Option<Envelope> {
        let envelope = control::message(&self.harness.engine, kind, payload).unwrap();
        control::handle(&self.harness.engine, &self.id, &envelope).await
    }

    async fn ack(&self, job: &AgentJob, status: &str) {
        let ack = JobAck { job_id: job.job_id.clone(), status_code: status.into(), ..Default::default() };
        assert_eq!(self.say(kind::JOB_ACK, &ack).await, None);
    }

    async fn reply(&self, job: &AgentJob, status: &str, steps: &[(&str, &str, i64)]) {
        let step = |(name, status, code): &(&str, &str, i64)| {
            let result = StepStatus {
                status: (*status).to_owned(),
                code: *code,
                name: "aws:runShellScript".into(),
                output: "out".into(),
                standard_output: "out".repeat(10_000),
                standard_error: "err".repeat(10_000),
                start_date_time: "2026-11-22T10:00:00.000Z".into(),
                end_date_time: "2026-11-22T10:00:01.500Z".into(),
                output_s3_bucket_name: "fleetdeck-output".into(),
                output_s3_key_prefix: "a/b".into(),
                step_name: (*name).to_owned(),
            };
            ((*name).to_owned(), result)
        };
        let content = ReplyContent {
            document_status: status.into(),
            runtime_status: Some(steps.iter().map(step).collect()),
            ..Default::default()
        };
        let reply = JobReply {
            schema_version: 1,
            job_id: job.job_id.clone(),
            content: serde_json::to_string(&content).unwrap(),
            topic: TOPIC_SEND_COMMAND.into(),
        };
        assert!(self.say(kind::JOB_REPLY, &reply).await.is_some());
    }

    /// Takes everything that has come, and ends it.
    async fn run(&mut self, status: &str, code: i64) -> usize {
        let jobs = self.jobs();
        for job in &jobs {
            self.ack(job, job_status::SUCCESSFUL).await;
            self.reply(job, status, &[("aws:runShellScript", status, code)]).await;
        }
        jobs.len()
    }
}

async fn node(harness: &Harness, number: usize, platform: &str) -> String {
    let id = format!("mi-{number:017x}");
    harness.engine.store.adopt_node_for_tests(id.clone(), harness.engine.now()).await;
    let report = UpdateInstanceInformation {
        instance_id: id.clone(),
        agent_name: Some("fleetdeck-agent".into()),
        agent_version: Some("3.3.0.0".into()),
        platform_type: Some(platform.into()),
        ..Default::default()
    };
    harness.call(report).await.unwrap();
    let tags = vec![Tag { key: "Role".into(), value: "web".into() }];
    let resource_type = ResourceTypeForTagging::ManagedInstance;
    harness.call(AddTagsToResource { resource_type, resource_id: id.clone(), tags }).await.unwrap();
    id
}

async fn fleet(harness: &Harness, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(node(harness, number, "Linux").await);
    }
    ids
}

fn shell(ids: &[String]) -> SendCommand {
    SendCommand {
        document_name: "AWS-RunShellScript".into(),
        instance_ids: ids.to_vec(),
        parameters: [("commands".to_owned(), vec!["uname".to_owned()])]
            .into_iter()
            .collect::<std::collections::BTreeMap<_, _>>()
            .into(),
        ..Default::default()
    }
}

fn tagged() -> SendCommand {
    let targets = vec![Target { key: Some("tag:Role".into()), values: vec!["web".into()] }];
    SendCommand { targets, ..shell(&[]) }
}

async fn send(harness: &Harness, request: SendCommand) -> String {
    harness.call(request).await.unwrap().command.unwrap().command_id.unwrap()
}

async fn command(harness: &Harness, id: &str) -> Command {
    let request = ListCommands { command_id: Some(id.into()), ..Default::default() };
    harness.call(request).await.unwrap().commands.pop().unwrap()
}

async fn details(harness: &Harness, id: &str) -> (String, String) {
    let command = command(harness, id).await;
    (command.status.unwrap().to_string(), command.status_details.unwrap())
}

async fn invocation(harness: &Harness, id: &str, node: &str) -> GetCommandInvocationOutput {
    let request = GetCommandInvocation { command_id: id.into(), instance_id: node.into(), plugin_name: None };
    harness.call(request).await.unwrap()
}

async fn standing(harness: &Harness, id: &str, node: &str) -> String {
    invocation(harness, id, node).await.status_details.unwrap()
}

#[tokio::test]
async fn a_command_runs_and_tells_what_came_of_it() {
    let harness = Harness::new();
    let ids = fleet(&harness, 1).await;
    let mut peer = Peer::connect(&harness, &ids[0]).await;
    let id = send(&harness, shell(&ids)).await;
    let before = invocation(&harness, &id, &ids[0]).await;
    assert_eq!((before.status_details.as_deref(), before.response_code), (Some("Pending"), Some(-1)));
    let jobs = peer.jobs();
    assert_eq!(jobs[0].job_id, format!("aws.ssm.{id}.{}", ids[0]));
    let job: CommandJob = serde_json::from_str(&jobs[0].content).unwrap();
    assert_eq!(
        (job.output_s3_bucket_name.as_str(), &job.parameters["commands"]),
        ("fleetdeck-output", &json!(["uname"]))
    );
    peer.ack(&jobs[0], job_status::SUCCESSFUL).await;
    assert_eq!(details(&harness, &id).await, ("InProgress".into(), "InProgress".into()));
    // The end overtakes the report of the step.
    peer.reply(&jobs[0], "Success", &[("aws:runShellScript", "Success", 0)]).await;
    peer.reply(&jobs[0], "InProgress", &[("aws:runShellScript", "InProgress", 0)]).await;
    harness.engine.output.put_for_tests("fleetdeck-output", "a/b/aws:runShellScript/stdout", b"out").await;
    let after = invocation(&harness, &id, &ids[0]).await;
    assert_eq!((after.status_details.as_deref(), after.response_code), (Some("Success"), Some(0)));
    assert_eq!(after.execution_elapsed_time.as_deref(), Some("PT1.5S"));
    assert_eq!(after.standard_output_content.unwrap().chars().count(), 24_000);
    assert_eq!(after.standard_error_content.unwrap().chars().count(), 8_000);
    assert_eq!(
        after.standard_output_url.as_deref(),
        Some("http://127.0.0.1:7700/fleetdeck-output/a/b/aws:runShellScript/stdout")
    );
    // What was empty was not uploaded.
    assert_eq!(after.standard_error_url.as_deref(), Some(""));
    assert_eq!(details(&harness, &id).await, ("Success".into(), "Success".into()));
    let list = ListCommandInvocations { command_id: Some(id.clone()), details: Some(true), ..Default::default() };
    let list = harness.call(list).await.unwrap().command_invocations;
    assert_eq!(list[0].command_plugins[0].output.as_deref(), Some("out"));
}

#[tokio::test]
async fn no_more_run_at_a_time_than_allowed() {
    let harness = Harness::new();
    let ids = fleet(&harness, 6).await;
    let mut peers = Vec::new();
    for id in &ids {
        peers.push(Peer::connect(&harness, id).await);
    }
    let id = send(&harness, SendCommand { max_concurrency: Some("2".into()), ..tagged() }).await;
    for round in 0..3 {
        let mut sent = 0;
        for peer in &mut peers[round * 2..round * 2 + 2] {
            sent += peer.jobs().len();
        }
        assert_eq!(sent, 2, "round {round}");
        assert!(peers.get_mut(round * 2 + 2).is_none_or(|peer| peer.jobs().is_empty()));
        for peer in &peers[round * 2..round * 2 + 2] {
            let job = AgentJob { job_id: format!("aws.ssm.{id}.{}", peer.id), ..Default::default() };
            peer.ack(&job, job_status::SUCCESSFUL).await;
        }
        // The next two are sent as these come free.
        for peer in &peers[round * 2..round * 2 + 2] {
            let job = AgentJob { job_id: format!("aws.ssm.{id}.{}", peer.id), ..Default::default() };
            peer.reply(&job, "Success", &[]).await;
        }
    }
    let command = command(&harness, &id).await;
    assert_eq!((command.target_count, command.completed_count, command.error_count), (Some(6), Some(6), Some(0)));
    assert_eq!(command.status_details.as_deref(), Some("Success"));
}

#[tokio::test]
async fn too_many_failures_stop_the_rest() {
    let harness = Harness::new();
    let ids = fleet(&harness, 5).await;
    let mut peers = Vec::new();
    for id in &ids {
        peers.push(Peer::connect(&harness, id).await);
    }
    let rate = SendCommand { max_concurrency: Some("1".into()), max_errors: Some("1".into()), ..tagged() };
    let id = send(&harness, rate).await;
    assert_eq!(peers[0].run("Failed", 3).await, 1);
    assert_eq!(peers[1].run("Failed", 3).await, 1);
    assert_eq!(peers[2].run("Success", 0).await, 0);
    assert_eq!(details(&harness, &id).await, ("Failed".into(), "Failed".into()));
    assert_eq!(standing(&harness, &id, &ids[4]).await, "Terminated");
    assert_eq!(invocation(&harness, &id, &ids[0]).await.response_code, Some(3));
    assert_eq!(command(&harness, &id).await.error_count, Some(2));
}

#[tokio::test]
async fn a_node_that_is_away_gets_its_command_when_it_comes_or_not_at_all() {
    let harness = Harness::new();
    let ids = fleet(&harness, 2).await;
    let id = send(&harness, SendCommand { timeout_seconds: Some(60), ..shell(&ids) }).await;
    harness.advance(Duration::from_secs(59));
    harness.engine.tick().await.unwrap();
    assert_eq!(details(&harness, &id).await.1, "Pending");
    let mut late = Peer::connect(&harness, &ids[0]).await;
    assert_eq!(late.run("Success", 0).await, 1);
    harness.advance(Duration::from_secs(1));
    harness.engine.tick().await.unwrap();
    assert_eq!(standing(&harness, &id, &ids[0]).await, "Success");
    assert_eq!(standing(&harness, &id, &ids[1]).await, "Delivery Timed Out");
    assert_eq!(details(&harness, &id).await, ("TimedOut".into(), "Delivery Timed Out".into()));
    assert_eq!(command(&harness, &id).await.delivery_timed_out_count, Some(1));
}

#[tokio::test]
async fn what_was_not_acknowledged_is_sent_again_under_the_same_id() {
    let harness = Harness::new();
    let ids = fleet(&harness, 1).await;
    let mut peer = Peer::connect(&harness, &ids[0]).await;
    let id = send(&harness, shell(&ids)).await;
    let first = peer.jobs().remove(0).job_id;
    let mut again = Peer::connect(&harness, &ids[0]).await;
    let jobs = again.jobs();
    assert_eq!(jobs[0].job_id, first);
    again.ack(&jobs[0], job_status::DUPLICATE).await;
    assert_eq!(standing(&harness, &id, &ids[0]).await, "InProgress");
    let mut third = Peer::connect(&harness, &ids[0]).await;
    assert!(third.jobs().is_empty(), "what was acknowledged is the node's to finish");
}

#[tokio::test]
async fn a_full_node_is_asked_again_later() {
    let harness = Harness::new();
    let ids = fleet(&harness, 1).await;
    let mut peer = Peer::connect(&harness, &ids[0]).await;
    let id = send(&harness, shell(&ids)).await;
    let job = peer.jobs().remove(0);
    peer.ack(&job, job_status::BUFFER_FULL).await;
    assert_eq!(standing(&harness, &id, &ids[0]).await, "Delayed");
    harness.engine.tick().await.unwrap();
    assert!(peer.jobs().is_empty());
    harness.advance(Duration::from_secs(6));
    harness.engine.tick().await.unwrap();
    assert_eq!(peer.run("Success", 0).await, 1);
    assert_eq!(standing(&harness, &id, &ids[0]).await, "Success");
}

#[tokio::test]
async fn a_node_that_never_answers_does_not_hold_a_command_for_ever() {
    let harness = Harness::new();
    let ids = fleet(&harness, 1).await;
    let mut peer = Peer::connect(&harness, &ids[0]).await;
    let mut request = shell(&ids);
    request.parameters.insert("executionTimeout".into(), vec!["30".into()]);
    let id = send(&harness, request).await;
    let job = peer.jobs().remove(0);
    peer.ack(&job, job_status::SUCCESSFUL).await;
    peer.reply(&job, "InProgress", &[]).await;
    harness.advance(Duration::from_secs(89));
    harness.engine.tick().await.unwrap();
    assert_eq!(standing(&harness, &id, &ids[0]).await, "InProgress");
    harness.advance(Duration::from_secs(1));
    harness.engine.tick().await.unwrap();
    assert_eq!(standing(&harness, &id, &ids[0]).await, "Execution Timed Out");
    assert_eq!(details(&harness, &id).await, ("TimedOut".into(), "Execution Timed Out".into()));
}

#[tokio::test]
async fn a_command_is_cancelled_where_it_has_not_begun_and_where_it_has() {
    let harness = Harness::new();
    let ids = fleet(&harness, 2).await;
    let mut peer = Peer::connect(&harness, &ids[0]).await;
    let id = send(&harness, shell(&ids)).await;
    let job = peer.jobs().remove(0);
    peer.ack(&job, job_status::SUCCESSFUL).await;
    let cancel = CancelCommand { command_id: id.clone(), instance_ids: Vec::new() };
    harness.call(cancel).await.unwrap();
    assert_eq!(standing(&harness, &id, &ids[0]).await, "Cancelling");
    assert_eq!(standing(&harness, &id, &ids[1]).await, "Cancelled");
    assert_eq!(details(&harness, &id).await.1, "Cancelling");
    let told = peer.jobs().remove(0);
    assert!(told.topic.starts_with("aws.ssm.cancelCommand") && told.content.contains(&job.job_id));
    peer.reply(&job, "Cancelled", &[("aws:runShellScript", "Cancelled", 137)]).await;
    assert_eq!(details(&harness, &id).await, ("Cancelled".into(), "Cancelled".into()));
    assert_eq!(invocation(&harness, &id, &ids[0]).await.response_code, Some(137));
    let unknown = CancelCommand { command_id: "0".repeat(36), instance_ids: Vec::new() };
    assert_eq!(code(harness.call(unknown).await), "InvalidCommandId");
}

#[tokio::test]
async fn a_deregistered_node_is_undeliverable() {
    let harness = Harness::new();
    let ids = fleet(&harness, 1).await;
    let id = send(&harness, shell(&ids)).await;
    harness.call(DeregisterManagedInstance { instance_id: ids[0].clone() }).await.unwrap();
    harness.engine.tick().await.unwrap();
    assert_eq!(standing(&harness, &id, &ids[0]).await, "Undeliverable");
    assert_eq!(details(&harness, &id).await.1, "Failed");
}

#[tokio::test]
async fn steps_are_gathered_from_intermediate_replies() {
    let harness = Harness::new();
    let ids = fleet(&harness, 1).await;
    let step = |name: &str| json!({"action": "aws:runShellScript", "name": name, "inputs": {"runCommand": ["true"]}});
    let content = json!({"schemaVersion": "2.2", "mainSteps": [step("first"), step("second")]}).to_string();
    harness.call(CreateDocument { name: "Two".into(), content, ..Default::default() }).await.unwrap();
    let mut peer = Peer::connect(&harness, &ids[0]).await;
    let request = SendCommand { document_name: "Two".into(), instance_ids: ids.clone(), ..Default::default() };
    let id = send(&harness, request).await;
    let job = peer.jobs().remove(0);
    peer.ack(&job, job_status::SUCCESSFUL).await;
    // As Windows says that a program was interrupted.
    peer.reply(&job, "InProgress", &[("second", "Failed", -1_073_741_510)]).await;
    peer.reply(&job, "Failed", &[]).await;
    peer.reply(&job, "InProgress", &[("first", "Success", 0)]).await;
    let get = |plugin: Option<&str>| GetCommandInvocation {
        command_id: id.clone(),
        instance_id: ids[0].clone(),
        plugin_name: plugin.map(str::to_owned),
    };
    assert_eq!(harness.call(get(Some("first"))).await.unwrap().status_details.as_deref(), Some("Success"));
    assert_eq!(harness.call(get(Some("second"))).await.unwrap().response_code, Some(-1_073_741_510));
    assert_eq!(code(harness.call(get(Some("third"))).await), "InvalidPluginName");
    // Of no step in particular: how it stands, which is what a waiter wants to know. Only steps have output.
    let whole = harness.call(get(None)).await.unwrap();
    let told = (whole.status.unwrap(), whole.response_code, whole.plugin_name, whole.standard_output_content);
    assert_eq!(told, (CommandInvocationStatus::Failed, Some(-1_073_741_510), None, None));
}

#[tokio::test]
async fn a_step_that_was_skipped_says_so_even_alone() {
    let harness = Harness::new();
    let ids = fleet(&harness, 1).await;
    let mut peer = Peer::connect(&harness, &ids[0]).await;
    let id = send(&harness, shell(&ids)).await;
    peer.run("Skipped", 0).await;
    assert_eq!(details(&harness, &id).await, ("Success".into(), "Success".into()));
    let list = ListCommandInvocations { command_id: Some(id), details: Some(true), ..Default::default() };
    let plugin = harness.call(list).await.unwrap().command_invocations.remove(0).command_plugins.remove(0);
    assert_eq!((plugin.status.unwrap().as_str(), plugin.status_details.as_deref()), ("Success", Some("Skipped")));
}

#[tokio::test]
async fn targets_are_resolved_and_refused_as_aws_does() {
    let harness = Harness::new();
    let ids = fleet(&harness, 3).await;
    let windows = node(&harness, 99, "Windows").await;
    let target = |key: &str, values: &[&str]| Target {
        key: Some(key.into()),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let with = |targets: Vec<Target>| SendCommand { targets, ..shell(&[]) };
    for (targets, count) in [
        (vec![target("tag:Role", &["web"])], 4),
        (vec![target("tag:Role", &["db"])], 0),
        (vec![target("tag-key", &["Role", "Other"])], 4),
        (vec![target("InstanceIds", &["*"])], 4),
        (vec![target("InstanceIds", &[&ids[1], &ids[2]]), target("tag:Role", &["web"])], 2),
    ] {
        let command = harness.call(with(targets)).await.unwrap().command.unwrap();
        assert_eq!(command.target_count, Some(count));
        if count == 0 {
            assert_eq!(command.status_details.as_deref(), Some("NoInstancesInTag"));
        }
    }
    let id = send(&harness, tagged()).await;
    assert_eq!(standing(&harness, &id, &windows).await, "Invalid Platform");
    let unknown = "mi-0ffffffffffffffff".to_owned();
    for (request, expected) in [
        (shell(std::slice::from_ref(&unknown)), "InvalidInstanceId"),
        (with(vec![target("InstanceIds", &[&unknown])]), "InvalidInstanceId"),
        (shell(&[ids[0].clone(), ids[0].clone()]), "DuplicateInstanceId"),
        (shell(std::slice::from_ref(&windows)), "UnsupportedPlatformType"),
        (shell(&[]), "ValidationException"),
        (SendCommand { targets: tagged().targets, ..shell(&ids) }, "ValidationException"),
        (with(vec![target("colour", &["red"])]), "ValidationException"),
        (SendCommand { document_name: "Nobody".into(), ..shell(&ids) }, "InvalidDocument"),
        (SendCommand { document_name: "AWS-StartSSHSession".into(), ..shell(&ids) }, "InvalidDocument"),
        (SendCommand { document_version: Some("7".into()), ..shell(&ids) }, "InvalidDocumentVersion"),
        (SendCommand { document_hash: Some("00".into()), ..shell(&ids) }, "InvalidDocument"),
        (SendCommand { parameters: Default::default(), ..shell(&ids) }, "InvalidParameters"),
    ] {
        assert_eq!(code(harness.call(request).await), expected);
    }
    let nothing = GetCommandInvocation { command_id: "0".repeat(36), instance_id: ids[0].clone(), plugin_name: None };
    assert_eq!(code(harness.call(nothing).await), "InvocationDoesNotExist");
}

#[tokio::test]
async fn commands_are_listed_newest_first_in_pages() {
    let harness = Harness::new();
    let ids = fleet(&harness, 2).await;
    let mut sent = Vec::new();
    for number in 0..5 {
        harness.advance(Duration::from_secs(1));
        sent.push(send(&harness, shell(&ids[..1 + number % 2])).await);
    }
    sent.reverse();
    let mut request = ListCommands { max_results: Some(2), ..Default::default() };
    let mut listed = Vec::new();
    loop {
        let page = harness.call(request.clone()).await.unwrap();
        listed.extend(page.commands.into_iter().filter_map(|command| command.command_id));
        request.next_token = page.next_token;
        if request.next_token.is_none() {
            break;
        }
    }
    assert_eq!(listed, sent);
    let on_second = ListCommands { instance_id: Some(ids[1].clone()), ..Default::default() };
    assert_eq!(harness.call(on_second).await.unwrap().commands.len(), 2);
    let filter = |key, value: &str| ListCommands {
        filters: vec![CommandFilter { key, value: value.into() }],
        ..Default::default()
    };
    for (request, count) in [
        (filter(CommandFilterKey::Status, "Pending"), 5),
        (filter(CommandFilterKey::Status, "Success"), 0),
        (filter(CommandFilterKey::ExecutionStage, "Executing"), 5),
        (filter(CommandFilterKey::DocumentName, "AWS-RunShellScript"), 5),
        (filter(CommandFilterKey::InvokedAfter, "2026-11-22T10:00:03Z"), 2),
        (filter(CommandFilterKey::InvokedBefore, "2026-11-22T10:00:03Z"), 2),
    ] {
        assert_eq!(harness.call(request).await.unwrap().commands.len(), count);
    }
    let mut request = ListCommandInvocations { max_results: Some(3), ..Default::default() };
    let mut count = 0;
    loop {
        let page = harness.call(request.clone()).await.unwrap();
        count += page.command_invocations.len();
        request.next_token = page.next_token;
        if request.next_token.is_none() {
            break;
        }
    }
    assert_eq!(count, 7);
}

#[tokio::test]
async fn what_a_node_says_over_the_message_service_counts_as_well() {
    let harness = Harness::new();
    let ids = fleet(&harness, 2).await;
    let id = send(&harness, shell(&ids)).await;
    let message = |node: &str| format!("aws.ssm.{id}.{node}");
    let mut peers = [Peer::connect(&harness, &ids[0]).await, Peer::connect(&harness, &ids[1]).await];
    for peer in &mut peers {
        assert_eq!(peer.jobs().len(), 1);
    }

    harness.call(AcknowledgeMessage { message_id: message(&ids[0]) }).await.unwrap();
    assert_eq!(standing(&harness, &id, &ids[0]).await, "InProgress");
    let step = StepStatus {
        status: "Success".into(),
        name: "aws:runShellScript".into(),
        standard_output: "by the old way".into(),
        ..Default::default()
    };
    let content = ReplyContent {
        document_status: "Success".into(),
        runtime_status: Some([("aws:runShellScript".to_owned(), step)].into()),
        ..Default::default()
    };
    let reply = SendReply {
        message_id: message(&ids[0]),
        payload: serde_json::to_string(&content).unwrap(),
        reply_id: "r-1".into(),
    };
    let kept = harness.call(reply).await.unwrap();
    assert_eq!((kept.message_id, kept.reply_id.as_str()), (message(&ids[0]), "r-1"));
    let done = invocation(&harness, &id, &ids[0]).await;
    assert_eq!(done.status_details.as_deref(), Some("Success"));
    assert_eq!(done.standard_output_content.as_deref(), Some("by the old way"));

    let failed = FailMessage { message_id: message(&ids[1]), failure_type: "NoHandlerExists".into() };
    harness.call(failed).await.unwrap();
    assert_eq!(standing(&harness, &id, &ids[1]).await, "Failed");
}
