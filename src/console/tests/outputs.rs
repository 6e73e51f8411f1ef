//! Commands on many nodes: what they would do, what came of them, and what is done with their text.

use super::{info, loaded};
use crate::{
    console::{
        effect::{Change, Effect, Query, Ran, Source},
        origin::Origin,
        state::plan::Resolved,
        testing::{BEGIN, Bench},
        update::{Changed, Followed, Page, Piece, ProgramUpdate, Trouble, Update, Whole},
    },
    ssm::{self, CommandInvocationStatus, CommandStatus, Sensitive, Timestamp, document::lint::Finding},
};

/// A form with a script and targets in it.
fn composed(targets: &str) -> Bench {
    let mut bench = loaded(false, 3);
    bench.press("3 n");
    bench.type_text("systemctl restart nginx");
    bench.press("tab");
    bench.type_text(targets);
    bench
}

fn resolved(nodes: std::ops::Range<usize>, near: Option<(usize, &str)>) -> Page {
    let online = |n: usize| ssm::InstanceInformation { ping_status: Some(ssm::PingStatus::Online), ..info(n) };
    let near = near.map(|(n, tag)| (online(n), tag.to_owned())).into_iter().collect();
    Page::Plan(Box::new(Resolved { nodes: nodes.map(online).collect(), near, ..Resolved::default() }))
}

#[test]
fn a_plan_names_the_exact_nodes_and_those_missed_by_a_capital_and_sends_nothing() {
    let mut bench = planned();
    let Some((Query::Plan { targets, document: None }, _)) = bench.asked(Source::Plan) else { panic!("nobody asked") };
    assert_eq!(targets.len(), 2);
    let screen = bench.screen(110, 30);
    for told in [
        "on 10 nodes, by tag:Role=WebServer tag:Environment=Production",
        "1 node is not included: web-11 has Environment=production",
        "web-9",
        "aws ssm send-command --region us-east-1",
    ] {
        assert!(screen.contains(told), "{told} in {screen}");
    }
    bench.press("y");
    let copied =
        bench.fx.iter().any(|effect| matches!(effect, Effect::Copy { text: line, .. } if line.contains("--targets")));
    assert!(copied);
    bench.press("esc");
    assert!(bench.screen(80, 24).contains("New command"), "the form is as it was");
    assert_eq!(bench.changes(), Vec::<&Change>::new());
    bench.press("ctrl-s");
    bench.answer(Source::Plan, resolved(0..10, Some((11, "Environment=production"))));
    assert!(bench.screen(100, 30).contains("not included: web-11"));
    bench.type_text("10");
    bench.press("enter");
    assert!(matches!(bench.changes().as_slice(), [Change::Send(send)] if send.targets.len() == 2));
}

#[test]
fn targets_that_nobody_could_resolve_are_not_agreed_to_by_one_key() {
    let mut bench = composed("tag:Role=web");
    bench.press("ctrl-s");
    bench.refuse(Source::Plan, "AccessDeniedException");
    assert!(bench.screen(100, 30).contains("known here; the service picks by target"));
    bench.press("y enter");
    assert_eq!(bench.changes().len(), 0);
    bench.press("backspace");
    bench.type_text("targets");
    bench.press("enter");
    assert_eq!(bench.changes().len(), 1);
}

/// The plan of a command by tags, with a node that is missed by a capital.
pub fn planned() -> Bench {
    let mut bench = composed("tag:Role=WebServer tag:Environment=Production");
    bench.press("ctrl-t");
    bench.answer(Source::Plan, resolved(0..10, Some((11, "Environment=production"))));
    bench
}

/// A text that went through a program.
pub fn piped() -> Bench {
    let mut bench = uptimes(false);
    bench.press("enter |");
    bench.type_text("tee --password hunter2");
    bench.press("enter");
    let output = ProgramUpdate::Output { text: "load 0.0\nweb-0\n".to_owned(), error: false };
    bench.apply(Update::Program { id: 1, update: output });
    bench
}

#[test]
fn a_plan_for_a_form_that_changed_meanwhile_is_not_asked_about() {
    let mut bench = composed("tag:Role=web");
    bench.press("ctrl-s");
    bench.type_text("-2");
    bench.answer(Source::Plan, resolved(0..10, None));
    assert!(bench.screen(80, 24).contains("New command"));
    // Without the right to ask, what is known here must do, and it is said.
    bench.press("ctrl-s");
    bench.refuse(Source::Plan, "AccessDeniedException: DescribeInstanceInformation");
    assert!(bench.screen(100, 30).contains("known here"));
}

#[test]
fn a_document_that_lost_a_value_is_not_sent_and_its_lines_are_named() {
    let finding = |line, what: &str, blocks| Finding { line: Some(line), what: what.to_owned(), blocks };
    let mut bench = loaded(false, 3);
    bench.press(":");
    bench.type_text("run RestartWebService");
    bench.press("enter ctrl-s");
    let Some((Query::Plan { document: Some(document), .. }, _)) = bench.asked(Source::Plan) else {
        panic!("not asked")
    };
    assert_eq!(document.name, "RestartWebService");
    let odd = finding(9, "{{ item }} is no parameter of the document and stays as it is", false);
    let findings = vec![odd.clone(), finding(12, "{{ serviceName }} seems missing", true)];
    bench.answer(Source::Plan, Page::Plan(Box::new(Resolved { findings, ..Resolved::default() })));
    let screen = bench.screen(80, 24);
    for told in ["Nothing was sent: RestartWebService", "line 12: {{ serviceName }} seems missing"] {
        assert!(screen.contains(told), "{told} in {screen}");
    }
    assert!(!screen.contains("Run RestartWebService?") && bench.changes().is_empty());
    // What may be meant so is told before the yes.
    bench.press("ctrl-s");
    bench.answer(Source::Plan, Page::Plan(Box::new(Resolved { findings: vec![odd], ..Resolved::default() })));
    let screen = bench.screen(100, 30);
    assert!(screen.contains("Run RestartWebService?") && screen.contains("line 9: {{ item }} is no"), "{screen}");
}

#[test]
fn more_ids_than_a_command_takes_are_several_commands() {
    let mut bench = loaded(false, 120);
    bench.press("a r");
    bench.type_text("uptime");
    bench.press("ctrl-t");
    assert!(bench.screen(110, 30).contains("3 commands of 50 ids at most"));
    bench.press("ctrl-s");
    bench.type_text("120");
    bench.press("enter");
    assert!(matches!(bench.changes().as_slice(), [Change::Send(send)] if send.instance_ids.len() == 120));
    let commands = vec!["c-1".to_owned(), "c-2".to_owned(), "c-3".to_owned()];
    let trouble = Some(Trouble::new("InvalidInstanceId: the last one", None));
    bench.apply(Update::Changed(Origin::default(), Ok(Changed::Sent { commands: commands.clone(), trouble }), None));
    assert_eq!(bench.asked(Source::Invocations).map(|(query, _)| query), Some(Query::Invocations(commands)));
    assert!(bench.screen(110, 30).contains("InvalidInstanceId: the last one"));
}

pub fn command(id: &str, ago: i64, status: CommandStatus) -> ssm::Command {
    ssm::Command {
        command_id: Some(id.to_owned()),
        document_name: Some("AWS-RunShellScript".to_owned()),
        parameters: Sensitive([("commands".to_owned(), vec!["uptime".to_owned()])].into()),
        requested_date_time: Some(Timestamp::from_millis(BEGIN - ago * 1_000)),
        status: Some(status),
        target_count: Some(4),
        ..Default::default()
    }
}

fn invocation(n: usize, status: CommandInvocationStatus, output: &str) -> ssm::CommandInvocation {
    let plugin = ssm::CommandPlugin { output: Some(output.to_owned()), response_code: Some(0), ..Default::default() };
    ssm::CommandInvocation {
        command_id: Some("c-1".to_owned()),
        instance_id: Some(format!("mi-{n:017}")),
        instance_name: Some(format!("web-{n}")),
        status: Some(status),
        command_plugins: vec![plugin],
        ..Default::default()
    }
}

/// The results of `uptime` on four nodes, with an earlier run in the history.
pub fn uptimes(read_only: bool) -> Bench {
    let mut bench = loaded(read_only, 4);
    bench.press("3");
    let list = vec![command("c-1", 60, CommandStatus::Success), command("c-0", 3_600, CommandStatus::Success)];
    bench.answer(Source::Commands, Page::Commands(list));
    bench.press("enter");
    let line = |n: usize| format!("web-{n} 10:0{n}:00 up {n} days\nload 0.{n}\n");
    let of = |n| invocation(n, CommandInvocationStatus::Success, &line(n));
    let mut list: Vec<_> = (0..3).map(of).collect();
    list.push(invocation(3, CommandInvocationStatus::Success, "web-3 is tired\n"));
    bench.answer(Source::Invocations, Page::Invocations(list));
    bench
}

/// What a document of several steps did on a node, as it is read.
pub fn stepped() -> Bench {
    let mut bench = uptimes(false);
    let plugin = |name: &str, status, code: i32, output: &str| ssm::CommandPlugin {
        name: Some(name.to_owned()),
        status: Some(status),
        response_code: Some(code),
        output: Some(output.to_owned()),
        ..Default::default()
    };
    let (well, failed) = (ssm::CommandPluginStatus::Success, ssm::CommandPluginStatus::Failed);
    let get = "12 packages\n----------ERROR-------\nmirror is slow\n";
    let steps = vec![
        plugin("getPackages", well, 0, get),
        plugin("install", failed.clone(), 100, "no space left on device\n"),
        plugin("restart", failed, -1, ""),
    ];
    let ended = invocation(0, CommandInvocationStatus::Failed, "");
    let ended = ssm::CommandInvocation { command_plugins: steps, ..ended };
    bench.press("ctrl-r");
    bench.answer(Source::Invocations, Page::Invocations(vec![ended]));
    bench.press("g g enter");
    bench
}

#[test]
fn a_command_that_waits_for_a_lost_node_says_so() {
    let mut bench = uptimes(false);
    let running = |n| invocation(n, CommandInvocationStatus::InProgress, "");
    bench.press("ctrl-r");
    bench.answer(Source::Invocations, Page::Invocations((0..4).map(running).collect()));
    bench.wait(20_000);
    let Some((Query::Watched(asked), _)) = bench.asked(Source::Watched) else { panic!("nobody asked") };
    assert_eq!(asked.len(), 4);
    let of = |n: usize, ping| ssm::InstanceInformation { ping_status: Some(ping), ..info(n) };
    let lost = vec![of(0, ssm::PingStatus::Online), of(2, ssm::PingStatus::ConnectionLost)];
    bench.answer(Source::Watched, Page::Nodes(lost));
    assert!(bench.screen(100, 24).contains("running, 1 of them lost"), "{}", bench.screen(100, 24));
    bench.press("v");
    let screen = bench.screen(100, 24);
    let line = screen.lines().find(|line| line.contains("web-2")).unwrap();
    assert!(line.contains("running, no answer"), "{screen}");
    // An end is an end, whatever became of the node since.
    bench.press("ctrl-r");
    let ended = invocation(2, CommandInvocationStatus::TimedOut, "");
    bench.answer(Source::Invocations, Page::Invocations(vec![ended]));
    assert!(bench.screen(100, 24).contains("timed out"));
}

#[test]
fn what_is_chosen_is_left_out_of_account_by_one_key() {
    let mut bench = uptimes(false);
    let groups = |bench: &Bench| bench.state.commands.results.as_ref().unwrap().groups.len();
    assert_eq!(groups(&bench), 4);
    bench.press("z h");
    assert_eq!(groups(&bench), 4);
    bench.press("z t");
    assert_eq!(groups(&bench), 4, "the load still differs");
    bench.press("z n");
    assert_eq!(groups(&bench), 2);
    let screen = bench.screen(100, 24);
    assert!(screen.contains("-hosts -times -numbers  2 different results"), "{screen}");
    assert!(screen.contains("<host> <time> up <time>"), "{screen}");
    bench.press("z z");
    assert_eq!(groups(&bench), 4);
    // The keys of the chord are told while it is not whole.
    bench.press("z");
    let screen = bench.screen(100, 24);
    assert!(
        ["h hosts", "t times", "i ids", "n numbers", "z fold", "u undo"].iter().all(|key| screen.contains(key)),
        "{screen}"
    );
}

#[test]
fn what_is_left_out_of_account_is_no_difference_and_is_read_saved_and_found_as_it_is() {
    let mut bench = uptimes(false);
    bench.press("z z v g g space j d");
    let screen = bench.screen(100, 24);
    assert!(screen.contains("The two are the same but for what is left out."), "{screen}");
    // What does differ is told as it is, whether one node is compared with another or a group with one.
    bench.press("esc j j d");
    let of_nodes = bench.screen(100, 24);
    for told in ["web-0 → web-3", "- web-0 10:00:00 up 0 days", "- load 0.0", "+ web-3 is tired"] {
        assert!(of_nodes.contains(told), "{told} in {of_nodes}");
    }
    bench.press("esc g g space v g g j d");
    let of_groups = bench.screen(100, 24);
    assert!(of_groups.contains("web-3 is tired") && !of_groups.contains('<'), "{of_groups}");
    // A text is that of the node it is called after, on its way into a file as well.
    bench.press("esc enter");
    let screen = bench.screen(100, 24);
    assert!(screen.contains("web-0 · success · exit 0, like 2 other nodes but for hosts"), "{screen}");
    bench.press("w enter");
    let saved = bench.fx.iter().find_map(|effect| match effect {
        Effect::Save { text, .. } => Some(text.to_string()),
        _ => None,
    });
    assert_eq!(saved.as_deref(), Some("web-0 10:00:00 up 0 days\nload 0.0\n"));
    // What only one of several says is found among them.
    bench.press("esc /");
    bench.type_text("\"up 2 days\"");
    bench.press("enter");
    assert!(bench.screen(100, 24).contains("web-0 web-1 web-2"), "{}", bench.screen(100, 24));
}

#[test]
fn that_results_are_the_same_only_but_for_something_is_seen_in_every_window_and_ends_with_the_command() {
    let mut bench = uptimes(false);
    bench.press("z z");
    for (width, height) in [(40, 10), (80, 24)] {
        let screen = bench.screen(width, height);
        assert!(screen.contains("-hosts -times -ids -numbers"), "{screen}");
    }
    bench.press("esc j enter");
    let line = |n: usize| ssm::CommandInvocation {
        command_id: Some("c-0".to_owned()),
        ..invocation(n, CommandInvocationStatus::Success, &format!("val {n}\n"))
    };
    bench.answer(Source::Invocations, Page::Invocations((0..4).map(line).collect()));
    let screen = bench.screen(80, 24);
    assert!(screen.contains("4 different results") && !screen.contains("-numbers"), "{screen}");
}

#[test]
fn a_run_is_compared_with_the_one_before() {
    let mut bench = uptimes(false);
    bench.press("b");
    let Some((Query::Earlier { commands, node }, _)) = bench.asked(Source::Earlier) else { panic!("nobody asked") };
    assert_eq!((commands, node.as_str()), (vec!["c-0".to_owned()], "mi-00000000000000000"));
    let whole = Box::new(Whole::of(&node, "web-0 10:00:00 up 0 days\nload 9.9\n", ""));
    bench.answer(Source::Earlier, Page::Earlier { command: "c-0".to_owned(), whole });
    let screen = bench.screen(100, 24);
    assert!(screen.contains("web-0: run of 1h ago → run of"), "{screen}");
    assert!(screen.contains("- load 9.9") && screen.contains("+ load 0.0"), "{screen}");
    // What is left out of account is no difference between runs either.
    let mut bench = uptimes(false);
    bench.press("z n b");
    let whole = Box::new(Whole::of(&node, "web-0 10:00:00 up 0 days\nload 9.9\n", ""));
    bench.answer(Source::Earlier, Page::Earlier { command: "c-0".to_owned(), whole });
    let screen = bench.screen(100, 24);
    assert!(screen.contains("The two are the same but for") && screen.contains("numbers left out"), "{screen}");
    // What is forgotten is said to be, and not that there was none.
    let mut bench = uptimes(false);
    bench.press("b");
    let (Query::Earlier { node, .. }, _) = bench.asked(Source::Earlier).unwrap() else { panic!("nobody asked") };
    bench.answer(Source::Earlier, Page::Forgotten { node });
    let screen = bench.screen(120, 24);
    assert!(screen.contains("does not keep the earlier run on web-0 any more"), "{screen}");
    // A script that never ran before has nothing to be compared with.
    let mut bench = uptimes(false);
    bench.state.commands.list.pop();
    bench.press("b");
    assert!(bench.asked(Source::Earlier).is_none());
    assert!(bench.screen(100, 24).contains("no earlier run of this script"));
}

#[test]
fn a_text_goes_through_a_program_even_where_nothing_may_change() {
    let mut bench = uptimes(true);
    bench.press("enter |");
    bench.type_text("grep load");
    bench.press("enter");
    let run = bench.fx.iter().find_map(|effect| match effect {
        Effect::Run(programs) => Some(programs.clone()),
        _ => None,
    });
    let run = run.expect("it runs");
    assert_eq!(run.steps[0].words, ["sh", "-c", "grep load"]);
    assert!(run.stdin.as_deref().is_some_and(|text| text.ends_with("load 0.0\n")));
    let update = |update| Update::Program { id: run.id, update };
    // A line is shown when it is whole, and nothing raw is.
    bench.apply(update(ProgramUpdate::Output { text: "\u{1b}[31mload".to_owned(), error: false }));
    assert!(!bench.screen(80, 24).contains("1  load"));
    bench.apply(update(ProgramUpdate::Output { text: " 0.0\nrest".to_owned(), error: false }));
    let screen = bench.screen(80, 24);
    assert!(screen.contains("| grep load") && screen.contains("1  load 0.0"), "{screen}");
    bench.apply(update(ProgramUpdate::Ended { word: "sh: exit status: 1".to_owned(), well: false }));
    let screen = bench.screen(80, 24);
    assert!(screen.contains("2  rest") && screen.contains("exit status: 1"), "{screen}");
    bench.press("esc");
    assert!(bench.screen(80, 24).contains("web-0 · success"), "back at the text");
    // Whoever leaves a text that still grows ends what writes it, and the line is there again.
    bench.press("| enter esc");
    assert!(bench.fx.iter().any(|effect| matches!(effect, Effect::StopPrograms(2))));
    // What is typed takes the place of that line, unless one goes on from its end.
    let mut ran = |keys: &str, typed: &str| {
        bench.press(keys);
        bench.type_text(typed);
        bench.press("enter esc");
        let line = |effect: &Effect| match effect {
            Effect::Run(programs) => programs.steps[0].words.last().cloned(),
            _ => None,
        };
        bench.fx.iter().rev().find_map(line).expect("it runs")
    };
    assert_eq!(ran("|", "tail -3"), "tail -3");
    assert_eq!(ran("| end", " -q"), "tail -3 -q");
}

#[test]
fn a_running_output_is_followed_and_a_cut_one_is_fetched_by_one_key() {
    let mut bench = uptimes(false);
    bench.state.commands.list[0].command.status = Some(CommandStatus::InProgress);
    let lines = |n: usize| (0..n).map(|n| format!("line {n}\n")).collect::<String>();
    let running = |n| invocation(0, CommandInvocationStatus::InProgress, &lines(n));
    bench.wait(20_000);
    bench.answer(Source::Invocations, Page::Invocations(vec![running(60)]));
    bench.press("g g enter");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("line 59") && screen.contains("following"), "{screen}");
    bench.wait(20_000);
    bench.answer(Source::Invocations, Page::Invocations(vec![running(90)]));
    assert!(bench.screen(80, 24).contains("line 89"));
    bench.press("k");
    bench.wait(20_000);
    bench.answer(Source::Invocations, Page::Invocations(vec![running(120)]));
    let screen = bench.screen(80, 24);
    assert!(!screen.contains("line 119") && screen.contains("follows it again"), "{screen}");
    let whole = |stdout: &str, cut: bool| {
        let cut_by = cut.then(|| "cut by the service".to_owned());
        let whole = Whole::of("mi-00000000000000000", stdout, "");
        Page::Whole(Box::new(Whole { cut: cut_by, kept: cut, ..whole }))
    };
    bench.wait(20_000);
    let ended = invocation(0, CommandInvocationStatus::Success, &"x".repeat(2_500));
    bench.answer(Source::Invocations, Page::Invocations(vec![ended]));
    bench.answer(Source::Whole, whole("much\n", true));
    assert!(bench.screen(100, 24).contains("F fetches all of it"));
    bench.press("shift-f");
    let asked = bench.asked(Source::Kept).map(|(query, _)| query);
    let node = "mi-00000000000000000".to_owned();
    assert_eq!(asked, Some(Query::Kept(Ran { command: "c-1".to_owned(), node, steps: Vec::new() })));
    bench.answer(Source::Kept, whole("much\nmore\n", false));
    let screen = bench.screen(100, 24);
    assert!(screen.contains("2  more") && !screen.contains("fetches all"), "{screen}");
}

#[test]
fn what_a_command_writes_to_its_log_group_is_followed_to_its_end() {
    let mut bench = uptimes(false);
    let config = ssm::CloudWatchOutputConfig { cloud_watch_output_enabled: Some(true), ..Default::default() };
    let of = |n: usize, status| ssm::CommandInvocation {
        cloud_watch_output_config: Some(config.clone()),
        ..invocation(n, status, "")
    };
    bench.wait(20_000);
    let running = |n| of(n, CommandInvocationStatus::InProgress);
    bench.answer(Source::Invocations, Page::Invocations((0..4).map(running).collect()));
    bench.press("g g enter");
    let node = "mi-00000000000000000".to_owned();
    let asked = bench.asked(Source::Followed);
    let Some((Query::Follow { .. }, epoch)) = asked else { panic!("{asked:?}") };
    let screen = bench.screen(100, 24);
    assert!(screen.contains("web-0 · running, like 3 other nodes"), "{screen}");
    let page = |page| Update::Page { source: Source::Followed, epoch, page };
    let said = |error: bool, lines: std::ops::Range<usize>| {
        let text = lines.map(|n| format!("\u{1b}[31mline {n}\n")).collect();
        let pieces = vec![Piece { step: None, error, text }];
        page(Page::Followed(Box::new(Followed { command: "c-1".into(), node: node.clone(), pieces, is_late: false })))
    };
    bench.apply(said(false, 0..60));
    let screen = bench.screen(100, 24);
    assert!(screen.contains("60  line 59") && screen.contains("following"), "{screen}");
    bench.apply(said(true, 60..80));
    assert!(bench.screen(100, 24).contains("line 79"));
    // Who reads further up is not carried along, and what the list shows of it does not take the text away.
    bench.press("k");
    bench.apply(said(false, 80..100));
    bench.wait(20_000);
    bench.answer(Source::Invocations, Page::Invocations((0..4).map(running).collect()));
    let screen = bench.screen(100, 24);
    assert!(screen.contains("line 78") && !screen.contains("line 99") && screen.contains("f follows"), "{screen}");
    bench.press("f");
    assert!(bench.screen(100, 24).contains("line 99"));
    // The last words come after the end is known.
    bench.apply(page(Page::Invocations(vec![of(0, CommandInvocationStatus::Failed)])));
    assert!(bench.screen(100, 24).contains("web-0 · failed"));
    bench.apply(said(false, 100..101));
    bench.apply(Update::End { source: Source::Followed, epoch, result: Ok(()) });
    let screen = bench.screen(100, 24);
    assert!(screen.contains("line 100") && !screen.contains("following"), "{screen}");
    assert!(!bench.fx.iter().any(|effect| matches!(effect, Effect::Forget { source: Source::Followed, .. })));
}

#[test]
fn nobody_follows_what_is_not_looked_at() {
    let mut bench = uptimes(false);
    let config = ssm::CloudWatchOutputConfig { cloud_watch_output_enabled: Some(true), ..Default::default() };
    let running = ssm::CommandInvocation {
        cloud_watch_output_config: Some(config),
        ..invocation(0, CommandInvocationStatus::InProgress, "")
    };
    bench.wait(20_000);
    bench.answer(Source::Invocations, Page::Invocations(vec![running]));
    let follows = |bench: &Bench| {
        let asked = |effect: &&Effect| matches!(effect, Effect::Ask { query: Query::Follow { .. }, .. });
        let forgot = |effect: &&Effect| matches!(effect, Effect::Forget { source: Source::Followed, .. });
        (bench.fx.iter().filter(asked).count(), bench.fx.iter().filter(forgot).count())
    };
    bench.press("v g g enter");
    assert_eq!(follows(&bench), (1, 0));
    bench.press("1");
    assert_eq!(follows(&bench), (1, 1));
    bench.press("3");
    assert_eq!(follows(&bench), (2, 1));
    bench.press("esc");
    assert_eq!(follows(&bench), (2, 2));
}

#[test]
fn a_search_is_narrowed_to_what_was_found_with_lines_around() {
    let mut bench = uptimes(false);
    let text: String = (0..200).map(|n| format!("line {n}{}\n", if n == 100 { " ERROR" } else { "" })).collect();
    bench.wait(20_000);
    bench.answer(Source::Invocations, Page::Invocations(vec![invocation(0, CommandInvocationStatus::Success, &text)]));
    bench.press("v g g enter /");
    bench.type_text("ERROR");
    bench.press("enter &");
    let screen = bench.screen(100, 24);
    for told in ["98 lines", "99  line 98", "101  line 100 ERROR", "103  line 102", "97 lines", "2 lines around"] {
        assert!(screen.contains(told), "{told} in {screen}");
    }
    // There are fewer rows than lines, and no more than the screen has: nothing is there to be scrolled.
    bench.buffer(100, 24);
    bench.click(99, 20);
    assert_eq!(bench.state.commands.viewer.as_ref().unwrap().cursor.top, 0);
    bench.press("+");
    assert!(bench.screen(100, 24).contains("98  line 97"));
    bench.press("esc");
    assert!(bench.screen(100, 24).contains("line 95"));
}

/// The history has a command that runs, and another one was just sent.
pub fn just_sent() -> Bench {
    let mut bench = loaded(false, 4);
    bench.press("3");
    bench.answer(Source::Commands, Page::Commands(vec![command("c-0", 60, CommandStatus::InProgress)]));
    let sent = Changed::Sent { commands: vec!["c-1".to_owned()], trouble: None };
    bench.apply(Update::Changed(Origin::default(), Ok(sent), None));
    bench
}

#[test]
fn what_was_just_sent_is_cancelled_and_not_the_command_before_it() {
    let mut bench = just_sent();
    bench.press("r");
    assert!(bench.state.overlays.is_empty(), "the command before is not what is looked at");
    bench.press("x");
    assert!(bench.screen(80, 24).contains("c-1"));
    bench.press("y");
    assert_eq!(bench.changes(), [&Change::Cancel(vec!["c-1".to_owned()])]);
    // One that has ended is not cancelled, once that is known.
    let mut bench = just_sent();
    bench.answer(Source::Running, Page::Running(vec![command("c-1", 0, CommandStatus::Success)]));
    bench.press("x");
    assert!(bench.state.overlays.is_empty());
}

#[test]
fn what_comes_late_of_a_command_is_not_taken_for_the_results_of_the_next() {
    let mut bench = uptimes(false);
    let cut = |n| invocation(n, CommandInvocationStatus::Success, &"x".repeat(2_500));
    bench.wait(20_000);
    bench.answer(Source::Invocations, Page::Invocations(vec![cut(0)]));
    bench.wait(20_000);
    let epochs = [Source::Invocations, Source::Whole].map(|source| bench.asked(source).unwrap().1);
    bench.press("esc j enter");
    let late = Page::Invocations(vec![cut(0)]);
    let whole = Whole::of("mi-00000000000000000", "of c-1\n", "");
    bench.apply(Update::Page { source: Source::Invocations, epoch: epochs[0], page: late.clone() });
    bench.apply(Update::End { source: Source::Invocations, epoch: epochs[0], result: Ok(()) });
    let results = bench.state.commands.results.as_ref().unwrap();
    assert!(results.invocations.is_empty() && results.feed.is_loading());
    // Nor are nodes of another command that stand in its own answer.
    bench.answer(Source::Invocations, late);
    assert!(bench.state.commands.results.as_ref().unwrap().invocations.is_empty());
    let own = ssm::CommandInvocation { command_id: Some("c-0".to_owned()), ..cut(0) };
    bench.wait(20_000);
    bench.answer(Source::Invocations, Page::Invocations(vec![own]));
    bench.apply(Update::Page { source: Source::Whole, epoch: epochs[1], page: Page::Whole(Box::new(whole)) });
    let results = bench.state.commands.results.as_ref().unwrap();
    assert!(results.invocations[0].steps[0].stdout.starts_with("xxx"));
}

#[test]
fn an_output_that_could_not_be_fetched_is_offered_and_does_not_pass_for_one_that_comes() {
    let mut bench = uptimes(false);
    bench.wait(20_000);
    let cut = invocation(0, CommandInvocationStatus::Success, &"x".repeat(2_500));
    bench.answer(Source::Invocations, Page::Invocations(vec![cut]));
    bench.press("v g g enter");
    assert!(bench.screen(100, 24).contains("fetching the rest"));
    bench.refuse(Source::Whole, "AccessDeniedException: GetCommandInvocation");
    let screen = bench.screen(100, 24);
    assert!(!screen.contains("fetching the rest") && screen.contains("F fetches all of it"), "{screen}");
    bench.press("shift-f");
    assert!(matches!(bench.asked(Source::Kept), Some((Query::Kept(_), _))));
}

#[test]
fn a_node_has_one_name_everywhere() {
    let mut bench = uptimes(false);
    let tag = ssm::Tag { key: "Name".to_owned(), value: "front door".to_owned() };
    let (_, epoch) = bench.asked(Source::Tags).expect("tags are asked for");
    let page = Page::Tags { node: "mi-00000000000000003".to_owned(), tags: vec![tag] };
    bench.apply(Update::Page { source: Source::Tags, epoch, page });
    bench.press("v");
    let screen = bench.screen(100, 24);
    assert!(screen.lines().any(|line| line.contains("front door") && line.contains("web-3 is tired")), "{screen}");
    bench.press("enter");
    assert!(!bench.screen(100, 24).contains("mi-0000"));
    // A name that is one word among the targets stands there, and else the id; in the order of the names.
    bench.press("1 a r");
    let screen = bench.screen(120, 30);
    assert!(screen.contains("mi-00000000000000003,web-0,web-1,web-2"), "{screen}");
    bench.type_text("true");
    bench.press("ctrl-s");
    let screen = bench.screen(120, 30);
    assert!(screen.contains("front door (mi-00000000000000003)"), "{screen}");
    bench.press("y");
    // In the order of their names.
    let ids: Vec<_> = [3, 0, 1, 2].map(|n| format!("mi-{n:017}")).into();
    assert!(matches!(bench.changes().as_slice(), [Change::Send(send)] if send.instance_ids == ids));
}

#[test]
fn targets_are_typed_by_name_and_a_name_of_two_is_none() {
    let send = |targets: &str| {
        let mut bench = composed(targets);
        bench.press("ctrl-s");
        bench.screen(100, 30)
    };
    assert!(send("web-1, web-0").contains("on 2 nodes"));
    assert!(send("web-77").contains("no node is called web-77"));
    assert!(send("mi-0123456789abcdef0").contains("on 1 node"), "an id need not be known here");
    let mut bench = Bench::new(false);
    let named = |n| ssm::InstanceInformation { name: Some("twin".to_owned()), ..info(n) };
    bench.answer(Source::Nodes, Page::Nodes(vec![named(0), named(1)]));
    bench.press("3 n");
    bench.type_text("true");
    bench.press("tab");
    bench.type_text("twin");
    bench.press("ctrl-s");
    assert!(bench.screen(100, 30).contains("2 nodes are called twin: name them by id"));
}

#[test]
fn in_ascii_a_question_names_a_node_that_can_be_read() {
    let mut bench = loaded(false, 2);
    let named = ssm::InstanceInformation { name: Some("漢字サーバ".to_owned()), ..info(1) };
    bench.press("ctrl-r");
    bench.answer(Source::Nodes, Page::Nodes(vec![info(0), named]));
    bench.press("a r");
    bench.type_text("true");
    bench.press("ctrl-s");
    assert!(bench.screen(100, 30).contains("漢字サーバ"));
    let screen = bench.ascii(100, 30);
    assert!(screen.contains("web-1 (mi-00000000000000001)") && !screen.contains("???"), "{screen}");
}

#[test]
fn all_of_a_script_can_be_read_before_a_yes() {
    let mut bench = loaded(false, 1);
    bench.press("r");
    let script: String = (0..60).map(|n| format!("echo line {n}\n")).collect();
    bench.state.feed(crate::console::state::Event::Paste(script), bench.now, &mut bench.fx);
    bench.press("ctrl-s");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("echo line 3") && screen.contains("for the rest"), "{screen}");
    for _ in 0..80 {
        bench.press("down");
        bench.screen(80, 24);
    }
    assert!(bench.screen(80, 24).contains("echo line 59"));
    bench.press("y");
    assert_eq!(bench.changes().len(), 1);
}

#[test]
fn what_is_being_cancelled_is_told_until_it_was() {
    let mut bench = uptimes(false);
    bench.state.commands.list[0].command.status = Some(CommandStatus::InProgress);
    bench.press("x y");
    bench.apply(Update::Changed(Origin::default(), Ok(Changed::Cancelled("c-1".to_owned())), None));
    assert!(bench.screen(100, 24).contains("Command c-1 is being cancelled."));
    bench.answer(Source::Commands, Page::Commands(vec![command("c-1", 60, CommandStatus::Cancelling)]));
    assert!(bench.screen(100, 24).contains("is being cancelled"));
    bench.wait(1_500);
    bench.answer(Source::Running, Page::Running(vec![command("c-1", 60, CommandStatus::Cancelled)]));
    let screen = bench.screen(100, 24);
    assert!(screen.contains("Command c-1 was cancelled.") && !screen.contains("is being cancelled"), "{screen}");
}
