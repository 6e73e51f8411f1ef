//! A service is restarted on some nodes and on no others.

use std::process::Command;

use super::{
    OnCall, agent_of, backdate,
    between::Between,
    id_of, lose, shop,
    support::{Engine, until},
};
use fleetdeck::ssm::{CreateDocument, DocumentFormat, ListCommands};

/// A template that has lost what stood between its brackets.
const LOST: &str = "schemaVersion: \"2.2\"
description: Restart a web service
parameters:
  serviceName:
    type: String
    default: myapp
mainSteps:
  - action: aws:runShellScript
    name: restartService
    inputs:
      runCommand:
        - sudo systemctl restart ''
        - sudo systemctl status ''
";
/// The nodes that are meant, as they are typed.
const MEANT: &str = "tag:Role=web tag:Environment=Production";

/// How often a node has restarted its service, by what stands on its own disk.
fn restarts(agent: i32) -> usize {
    let target = format!("{agent}");
    let out = Command::new("nsenter").args(["-t", &target, "-m", "cat", "/tmp/restarts"]).output().unwrap();
    String::from_utf8_lossy(&out.stdout).lines().count()
}

/// Fills in the form for a script, one node at a time, as far as its targets.
fn compose(day: &mut OnCall, script: &str, targets: &str) {
    day.key("r");
    // The document has told its parameters.
    day.sees("workingDirectory");
    day.terminal.keys(script);
    // Past the script's own parameters.
    ["\t"; 3].into_iter().for_each(|key| day.key(key));
    day.terminal.keys(&format!("\x15{targets}"));
    day.key("\t");
    day.terminal.keys("\x151");
}

/// A service is restarted on all production web servers, one after the other, and a bad configuration stops at the first.
#[test]
fn a_service_is_restarted_where_it_was_meant() {
    let Some(engine) = shop() else { return };
    let agents: Vec<(String, i32)> = (0..20)
        .map(|n| format!("web-{n:02}"))
        .map(|name| {
            let agent = agent_of(&engine, &name);
            (name, agent)
        })
        .collect();
    let done = || agents.iter().map(|(_, agent)| restarts(*agent)).collect::<Vec<_>>();

    let mut day = OnCall::begin(&engine, 60, 200);
    day.sees("50 nodes");
    let send = |day: &mut OnCall, script: &str| {
        // By tags and not by names.
        compose(day, script, MEANT);
        day.key("\x14");
        day.sees("on 10 nodes");
        day.sees("1 node is not included: web-19 has Environment=production");
        day.sees("aws ssm send-command");
        day.key("\x13");
        day.sees("Run AWS-RunShellScript?");
        day.terminal.keys("10\r");
    };
    // The new configuration is bad: the canary says so, and nobody else is touched.
    send(&mut day, "echo failed >> /tmp/restarts; echo 'nginx: bad directive' >&2; exit 1");
    day.sees("nginx: bad directive");
    until("the canary alone to be touched", || done().iter().sum::<usize>() == 1);
    day.terminal.wait("an end", |screen| !screen.contents().contains("in progress"));
    assert_eq!(done().iter().sum::<usize>(), 1);

    // Who may not, and what cannot be meant, touches nobody.
    without_the_right(&engine);
    a_document_that_lost_a_value(&mut day, &engine);
    assert_eq!(done().iter().sum::<usize>(), 1);

    day.key("1");
    day.sees("50 nodes");
    send(&mut day, "echo again >> /tmp/restarts; echo restarted");
    until("all ten to be restarted", || done().iter().sum::<usize>() == 11);
    day.sees("restarted");
    let untouched = agents.iter().skip(10).filter(|(_, agent)| restarts(*agent) > 0).map(|(name, _)| name);
    assert_eq!(untouched.collect::<Vec<_>>(), Vec::<&String>::new(), "nobody else is restarted");
    assert!(done().iter().take(10).all(|count| (1..=2).contains(count)), "{:?}", done());

    long_outputs(&mut day, &engine);
    an_output_is_followed(&mut day, &engine);
    a_node_dies_under_its_command(&mut day, &engine);
}

/// A developer without the right is refused before anything runs, and told by which tags.
fn without_the_right(engine: &Engine) {
    let node = id_of(engine, "web-00");
    let between = Between::to(&engine.url);
    between.refuse(
        "SendCommand",
        "Environment",
        &format!(
            "User: arn:aws:sts::123456789012:assumed-role/developer/ann is not authorized to perform: ssm:SendCommand on \
             resource: arn:aws:ssm:us-east-1:123456789012:managed-instance/{node} because no identity-based policy allows \
             the ssm:SendCommand action"
        ),
    );
    let mut day = OnCall::begin_at(engine, &between.url, 24, 80);
    // The tags of the nodes are known.
    day.sees("Production");
    compose(&mut day, "echo refused >> /tmp/restarts", MEANT);
    day.key("\x13");
    day.sees("Run AWS-RunShellScript?");
    day.terminal.keys("10\r");
    for told in ["ssm:SendCommand", &node, "web-00 has Environment=Production, Role=web", "ssm:resourceTag"] {
        day.sees(told);
    }
    assert_eq!(between.refused(), 1);
}

/// A document whose service name is empty is not sent, and the lines are named where that is so.
fn a_document_that_lost_a_value(day: &mut OnCall, engine: &Engine) {
    let name = "RestartWebService";
    let request = CreateDocument {
        name: name.into(),
        content: LOST.into(),
        document_format: Some(DocumentFormat::Yaml),
        ..CreateDocument::default()
    };
    engine.ask(async |client| client.call(request).await.unwrap());
    let sent = || engine.ask(async |client| client.all(ListCommands::default()).await.unwrap());
    day.goes_to("web-00");
    day.key(":");
    day.terminal.keys(&format!("run {name}\r"));
    day.sees("serviceName");
    day.key("\x13");
    day.sees("Nothing was sent: RestartWebService is not in order.");
    day.sees("line 4: the parameter serviceName is used nowhere");
    day.sees("line 12: {{ serviceName }} seems missing: sudo systemctl restart ''");
    assert!(sent().iter().all(|command| command.document_name.as_deref() != Some(name)));
    day.key("\x1b");
}

/// More output than a list of results shows is there all the same, and of what the service cuts the rest is one key away.
fn long_outputs(day: &mut OnCall, engine: &Engine) {
    day.goes_to("app-20");
    compose(day, "seq 1 7000", &id_of(engine, "app-20"));
    ["\t"; 5].into_iter().for_each(|key| day.key(key));
    day.terminal.keys("s3://outputs");
    day.key("\x13");
    day.sees("Run AWS-RunShellScript?");
    day.key("y");
    day.sees("success");
    day.key("\r");
    day.sees("cut by the service");
    day.sees("F fetches all of it");
    day.key("F");
    day.sees("7,000 lines");
    day.key("G");
    day.sees("7000");
}

/// What a command writes to a log group is read while it runs, up to its end.
fn an_output_is_followed(day: &mut OnCall, engine: &Engine) {
    day.goes_to("app-21");
    let script = "echo first; while ! test -e /tmp/go; do sleep 0.1; done; echo last";
    compose(day, script, "app-21");
    ["\t"; 5].into_iter().for_each(|key| day.key(key));
    day.terminal.keys("logs:/fleet/commands");
    day.key("\x13");
    day.sees("Run AWS-RunShellScript?");
    day.key("y");
    day.sees("running");
    day.key("\r");
    day.sees("1  first");
    day.sees("following");
    let target = format!("{}", agent_of(engine, "app-21"));
    assert!(Command::new("nsenter").args(["-t", &target, "-m", "touch", "/tmp/go"]).status().unwrap().success());
    day.sees("2  last");
    day.sees("app-21 · success · exit 0");
}

/// A node that dies while it runs a command is told as one that does not answer, and its part ends by the clock.
fn a_node_dies_under_its_command(day: &mut OnCall, engine: &Engine) {
    day.goes_to("batch-45");
    let node = id_of(engine, "batch-45");
    compose(day, "echo at work; sleep 45", &node);
    day.key("\x13");
    day.sees("Run AWS-RunShellScript?");
    day.key("y");
    day.sees("running");
    lose(engine, "batch-45", agent_of(engine, "batch-45"));
    day.sees("running, no answer 10m");
    // The time that the command may take passes.
    let passed = "UPDATE invocations SET deadline = deadline - 86400000 WHERE instance_id = ?1 AND done = 0";
    backdate(engine, passed, &node);
    day.sees("timed out");
    day.terminal.wait("nothing to be in progress", |screen| !screen.contents().contains("running"));
}
