//! What can be done in every list: filtering, sorting, copying, exporting.

use super::{info, loaded, sessions};
use crate::{
    console::{
        effect::{Change, Effect, Query, Source},
        origin::Origin,
        testing::{BEGIN, Bench},
        update::{Changed, Page, Update},
    },
    ssm::{self, CommandInvocationStatus, CommandStatus, Sensitive, Timestamp},
};

fn command(n: i64, script: &str, status: CommandStatus, nodes: i32) -> ssm::Command {
    ssm::Command {
        command_id: Some(format!("{n:08}-0000-0000-0000-000000000000")),
        document_name: Some("AWS-RunShellScript".to_owned()),
        parameters: Sensitive([("commands".to_owned(), vec![script.to_owned()])].into()),
        requested_date_time: Some(Timestamp::from_millis(BEGIN - n * 60_000)),
        status: Some(status),
        target_count: Some(nodes),
        ..Default::default()
    }
}

/// The history of commands.
pub fn commands() -> Bench {
    let mut bench = loaded(false, 4);
    bench.press("3");
    let list = vec![
        command(1, "systemctl restart nginx", CommandStatus::Success, 3),
        command(2, "export TOKEN=hunter2; uptime", CommandStatus::Failed, 40),
        command(3, "df -h", CommandStatus::InProgress, 7),
    ];
    bench.answer(Source::Commands, Page::Commands(list));
    bench
}

fn invocation(n: usize, status: CommandInvocationStatus, output: &str) -> ssm::CommandInvocation {
    let plugin = ssm::CommandPlugin { output: Some(output.to_owned()), response_code: Some(0), ..Default::default() };
    ssm::CommandInvocation {
        command_id: Some("00000001-0000-0000-0000-000000000000".to_owned()),
        instance_id: info(n).instance_id,
        instance_name: info(n).computer_name,
        status: Some(status),
        command_plugins: vec![plugin],
        ..Default::default()
    }
}

/// A command with results.
pub fn results() -> Bench {
    let mut bench = commands();
    bench.press("enter");
    let page = vec![
        invocation(1, CommandInvocationStatus::Success, "active\n"),
        invocation(2, CommandInvocationStatus::Success, "active\n"),
        invocation(3, CommandInvocationStatus::Failed, "starting\nno space left on device\n"),
        invocation(10, CommandInvocationStatus::Success, "active\n"),
    ];
    bench.answer(Source::Invocations, Page::Invocations(page));
    bench
}

/// The patches of a node.
pub fn patches() -> Bench {
    let mut bench = loaded(false, 4);
    bench.press("2 enter enter");
    let patch = |title: &str, severity: &str, cves: &str| ssm::PatchComplianceData {
        title: title.to_owned(),
        kb_id: format!("{title}-1.2"),
        severity: severity.to_owned(),
        state: ssm::PatchComplianceDataState::Missing,
        cve_ids: Some(cves.to_owned()),
        ..Default::default()
    };
    let page = vec![
        patch("openssl", "Important", "CVE-2026-1"),
        patch("bash", "Low", ""),
        patch("kernel", "Critical", "CVE-2026-2,CVE-2026-3"),
    ];
    bench.answer(Source::Patches, Page::Patches(page));
    bench
}

fn copied(bench: &Bench) -> String {
    let copied = bench.fx.iter().rev().find_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text.clone()),
        _ => None,
    });
    copied.unwrap_or_default()
}

fn filter(bench: &mut Bench, text: &str) {
    bench.press("/");
    bench.type_text(text);
}

#[test]
fn commands_are_filtered_as_one_types_and_esc_shows_all_again() {
    let mut bench = commands();
    filter(&mut bench, "status:failed");
    let screen = bench.screen(100, 24);
    assert!(screen.contains("/status:failed") && screen.contains("1 of 3"), "{screen}");
    assert!(screen.contains("uptime") && !screen.contains("nginx"), "{screen}");
    bench.press("enter");
    assert!(bench.screen(100, 24).contains("filter status:failed shows 1"));
    // The row under the cursor is the one that is seen.
    bench.press("y");
    assert!(copied(&bench).starts_with("00000002"));
    bench.press("esc esc");
    assert_eq!(bench.state.commands.lens.len(), 3);
    filter(&mut bench, "ngx");
    assert_eq!(bench.state.commands.lens.len(), 1, "words are as loose as in the fleet");
    bench.press("esc");
    filter(&mut bench, "nothing like it");
    assert!(bench.screen(80, 24).contains("Nothing matches"));
}

#[test]
fn a_filter_stays_while_the_list_comes_again() {
    let mut bench = commands();
    filter(&mut bench, "df");
    bench.press("enter ctrl-r");
    let list = vec![
        command(0, "df -i", CommandStatus::Success, 1),
        command(1, "systemctl restart nginx", CommandStatus::Success, 3),
        command(3, "df -h", CommandStatus::Success, 7),
    ];
    bench.press("esc / d f enter end");
    bench.answer(Source::Commands, Page::Commands(list));
    assert_eq!(bench.state.commands.lens.len(), 2);
    assert!(bench.screen(80, 24).contains("df -i"));
}

#[test]
fn results_are_filtered_by_node_result_and_what_stands_anywhere_in_the_output() {
    let mut bench = results();
    filter(&mut bench, "\"no space left\"");
    assert_eq!(bench.state.commands.results.as_ref().unwrap().len(), 1);
    assert!(bench.screen(100, 24).contains("web-3"));
    bench.press("enter enter");
    assert!(bench.screen(100, 24).contains("no space left on device"), "what is opened is what is shown");
    bench.press("esc esc v");
    filter(&mut bench, "web-1");
    let shown = |bench: &Bench| {
        let results = bench.state.commands.results.as_ref().unwrap();
        (0..results.len()).filter_map(|row| results.row(row)).map(|i| i.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(shown(&bench), ["web-1", "web-10"]);
    bench.press("ctrl-u");
    bench.type_text("result:failed");
    assert_eq!(shown(&bench), ["web-3"]);
    bench.press("esc esc");
    assert!(bench.state.commands.results.is_none(), "without a filter esc goes back");
}

#[test]
fn compliance_and_patches_are_filtered_where_they_stand() {
    let mut bench = loaded(false, 12);
    bench.press("2 enter");
    filter(&mut bench, "web-1");
    assert_eq!(bench.state.compliance.lenses[1].len(), 3);
    bench.press("enter end a");
    assert_eq!(bench.state.fleet.marked_count(), 3, "what is marked is what is shown");
    bench.press("enter");
    assert!(matches!(bench.asked(Source::Patches), Some((Query::Patches { node, .. }, _)) if node.ends_with("11")));
    let mut bench = patches();
    filter(&mut bench, "cves:2026");
    let screen = bench.screen(100, 24);
    assert!(screen.contains("openssl") && screen.contains("kernel") && !screen.contains("bash"), "{screen}");
}

#[test]
fn lists_are_sorted_by_keys_and_by_name() {
    let mut bench = commands();
    let first = |bench: &Bench| bench.state.commands.row(0).unwrap().command.target_count.unwrap();
    bench.press("o o o");
    assert_eq!(first(&bench), 40, "the most stands first");
    assert!(bench.screen(100, 24).contains("Nodes↓"));
    bench.press("~");
    assert_eq!(first(&bench), 3);
    bench.say("sort nodes");
    assert_eq!(first(&bench), 40);
    bench.say("sort price");
    assert!(bench.screen(100, 24).contains("there is no column"));
    // Patches have no keys for it, but the same words.
    let mut bench = patches();
    bench.say("sort severity desc");
    let titles: Vec<_> =
        bench.state.compliance.lenses[2].places().map(|at| &bench.state.compliance.patches[at].title).collect();
    assert_eq!(titles, ["bash", "openssl", "kernel"]);
    let mut bench = sessions::sessions();
    bench.press("o o");
    let nodes: Vec<_> = (0..3).map(|row| bench.state.sessions.row(row).unwrap().node.clone()).collect();
    assert!(nodes.is_sorted());
}

#[test]
fn every_list_is_copied_and_exported_without_what_is_secret() {
    let mut bench = commands();
    filter(&mut bench, "uptime");
    bench.press("enter ctrl-y");
    let row = copied(&bench);
    assert!(row.starts_with("failed\t") && row.contains("\t40\t") && !row.contains('\n'), "{row}");
    assert!(!row.contains("hunter2"));
    assert!(bench.screen(100, 24).contains("Copied 1 row of 7 columns"));
    bench.press("e ctrl-s");
    let written = bench.fx.iter().find_map(|effect| match effect {
        Effect::Export { export, path } => Some((export.text(), path.to_string_lossy().into_owned())),
        _ => None,
    });
    let (text, path) = written.unwrap();
    assert!(text.starts_with("status,command,nodes,errors,when,document,id\nfailed,"), "{text}");
    assert!(text.contains("T09:58:00.000Z") && !text.contains("hunter2"), "{text}");
    assert!(path.starts_with("/saved/commands-") && path.ends_with(".csv"), "{path}");
    for (mut bench, told) in [
        (results(), "failed"),
        (patches(), "CVE-2026-1"),
        (sessions::sessions(), "ops-0a1"),
        (sessions::forwards(), "127.0.0.1:15432"),
        (loaded(false, 3), "web-1"),
    ] {
        bench.press("ctrl-y");
        assert!(copied(&bench).contains(told), "{told}: {}", copied(&bench));
        bench.press("home shift-y");
        assert!(!copied(&bench).is_empty() && !copied(&bench).contains('\n'));
        bench.press("e");
        assert!(bench.screen(80, 24).contains("Export the"), "{told}");
    }
}

#[test]
fn parameters_are_exported_without_values() {
    let mut bench = loaded(false, 1);
    bench.press("4");
    let parameter = |name: &str, kind: ssm::ParameterType| ssm::ParameterMetadata {
        name: Some(name.to_owned()),
        r#type: Some(kind),
        version: Some(2),
        ..Default::default()
    };
    let list = vec![
        parameter("/app/db/password", ssm::ParameterType::SecureString),
        parameter("/app/url", ssm::ParameterType::String),
        parameter("/other/key", ssm::ParameterType::String),
    ];
    bench.answer(Source::Parameters, Page::Parameters(list));
    filter(&mut bench, "path:/app");
    bench.press("enter ctrl-y");
    assert_eq!(copied(&bench), "/app/db/password\tsecret\t\t2\t\t\t\t\n/app/url\ttext\t\t2\t\t\t\t");
    bench.press("end shift-y");
    assert!(copied(&bench).starts_with("/app/url\ttext"));
    bench.press("ctrl-e");
    assert!(bench.screen(80, 24).contains("Export the parameters"));
}

#[test]
fn sessions_are_found_by_the_name_of_their_node() {
    let mut bench = sessions::sessions();
    filter(&mut bench, "node:web-2");
    assert_eq!(bench.state.sessions.lens.len(), 1);
    bench.press("ctrl-u");
    bench.type_text("node:mi-00000000000000003");
    assert_eq!(bench.state.sessions.lens.len(), 1);
    // A name that comes later counts too.
    let mut bench = Bench::new(false);
    bench.press("6");
    let page =
        vec![ssm::Session { session_id: Some("s-1".to_owned()), target: info(7).instance_id, ..Default::default() }];
    bench.answer(Source::Sessions, Page::Sessions(page));
    filter(&mut bench, "web-7");
    assert_eq!(bench.state.sessions.lens.len(), 0);
    let (_, epoch) = bench.asked_of(Origin::default(), Source::Nodes).unwrap();
    bench.apply(Update::Page { source: Source::Nodes, epoch, page: Page::Nodes(vec![info(7)]) });
    assert_eq!(bench.state.sessions.lens.len(), 1);
}

#[test]
fn marked_sessions_are_named_and_terminated_together() {
    let mut bench = sessions::sessions();
    bench.press("a x");
    let screen = bench.screen(90, 30);
    for said in [
        "Terminate 2 sessions?",
        "ops-0a1, yours on web-1 (mi-00000000000000001)",
        "bob-0b2, of bob on web-2 (mi-00000000000000002)",
        "1 session of others among them",
        "left out: 1 that are over",
        "TerminateSession",
    ] {
        assert!(screen.contains(said), "{said}\n{screen}");
    }
    bench.press("n u space x");
    assert!(bench.screen(90, 30).contains("Terminate 1 session?"));
    bench.press("n a x y");
    let terminate = |id: &str| Change::Terminate(ssm::TerminateSession { session_id: id.to_owned() });
    assert_eq!(bench.changes(), [&terminate("ops-0a1"), &terminate("bob-0b2")]);
}

/// Parameters of which some are marked.
pub fn marked_parameters() -> Bench {
    let mut bench = loaded(false, 1);
    bench.press("4");
    let parameter = |name: String, kind: ssm::ParameterType| ssm::ParameterMetadata {
        name: Some(name),
        r#type: Some(kind),
        version: Some(2),
        ..Default::default()
    };
    let mut list: Vec<_> =
        (0..12).map(|n| parameter(format!("/old/flag-{n:02}"), ssm::ParameterType::String)).collect();
    list.push(parameter("/app/db/password".to_owned(), ssm::ParameterType::SecureString));
    list.push(parameter("/app/url".to_owned(), ssm::ParameterType::String));
    bench.answer(Source::Parameters, Page::Parameters(list));
    // The branch /app/, which is the first row.
    bench.press("home space");
    bench
}

#[test]
fn marked_parameters_are_named_and_deleted_together() {
    let mut bench = marked_parameters();
    assert_eq!(bench.state.parameters.lens.marks.len(), 2, "a branch is all that is below it");
    bench.press("shift-d");
    let screen = bench.screen(90, 30);
    for said in ["Delete 2 parameters?", "/app/db/password", "/app/url", "1 secret among them", "DeleteParameter"] {
        assert!(screen.contains(said), "{said}\n{screen}");
    }
    bench.press("enter");
    assert!(bench.changes().is_empty());
    bench.type_text("delete");
    bench.press("enter");
    assert_eq!(bench.changes().len(), 2);
    bench.apply(Update::Changed(Origin::default(), Ok(Changed::Deleted("/app/url".to_owned())), None));
    assert_eq!(bench.state.parameters.lens.marks.len(), 1, "what is gone is not marked");
    bench.press("a shift-d");
    assert!(bench.screen(90, 40).contains("/old/flag-11"), "all of them are named");
    bench.type_text("delete");
    bench.press("enter");
    assert_eq!(bench.changes().len(), 2, "of many the number is typed");
    bench.press("ctrl-u");
    bench.type_text("13");
    bench.press("enter");
    assert_eq!(bench.changes().len(), 15);
    let mut bench = marked_parameters();
    filter(&mut bench, "flag-01");
    bench.press("enter u a");
    assert_eq!(bench.state.parameters.lens.marks.iter().collect::<Vec<_>>(), ["/old/flag-01"]);
}

#[test]
fn in_a_text_lines_are_copied_and_not_the_id_of_the_command() {
    let mut bench = results();
    bench.press("enter");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("no space left on device"), "{screen}");
    bench.press("y");
    assert_eq!(copied(&bench), "starting");
    assert!(bench.screen(80, 24).contains("Copied line 1: starting"));
    bench.press("v j");
    assert!(bench.screen(80, 24).contains("2 lines selected"));
    bench.press("y");
    assert_eq!(copied(&bench), "starting\nno space left on device");
    assert!(bench.screen(80, 24).contains("Copied 2 lines"));
    bench.press("shift-v esc");
    assert!(bench.state.commands.viewer.is_some(), "esc gives the choice up first");
    // What was found is what one is at.
    bench.press("/");
    bench.type_text("space");
    bench.press("enter y");
    assert_eq!(copied(&bench), "no space left on device");
    bench.press("ctrl-y");
    assert_eq!(copied(&bench), "starting\nno space left on device");
}
