//! A command that goes to a few nodes first.

use super::{info, loaded, origins::place};
use crate::{
    console::{
        action::Action,
        effect::{Change, Effect, Query, Source},
        origin::Origin,
        state::{
            canary::left::{Entry, Lasting, Part},
            overlay::Overlay,
            plan::Resolved,
        },
        testing::{BEGIN, Bench},
        update::{Changed, Fault, Page, Trouble, Update},
    },
    ssm::{self, CommandStatus, PingStatus, Timestamp},
};

/// A form with a script, targets that stand for 60 nodes, and a canary in it; its plan is there.
pub fn written(canary: &str) -> Bench {
    let mut bench = loaded(false, 3);
    write(&mut bench, canary);
    bench
}

fn write(bench: &mut Bench, canary: &str) {
    write_for(bench, canary, 60);
}

/// [`written`], for so many nodes.
fn write_for(bench: &mut Bench, canary: &str, nodes: usize) {
    bench.press("3 n");
    bench.type_text("systemctl restart nginx");
    bench.press("tab");
    bench.type_text("tag:Role=web");
    bench.press("tab tab tab");
    bench.type_text(canary);
    bench.press("ctrl-s");
    let online = |n: usize| ssm::InstanceInformation { ping_status: Some(PingStatus::Online), ..info(n) };
    bench.answer(
        Source::Plan,
        Page::Plan(Box::new(Resolved { nodes: (0..nodes).map(online).collect(), ..Default::default() })),
    );
}

/// A canary of two nodes is sent.
fn send_canary(bench: &mut Bench) {
    bench.answer(Source::Nodes, Page::Nodes((0..3).map(info).collect()));
    write(bench, "2");
    bench.type_text("2");
    bench.press("enter");
    answer(bench, Ok(&["c-1"]), None);
}

/// The nodes of the commands that were sent, in turn.
fn sent(bench: &Bench) -> Vec<Vec<&str>> {
    let ids = |change: &&'_ Change| matches!(change, Change::Send(_));
    let changes = bench.changes().into_iter().filter(ids);
    changes
        .map(|change| match change {
            Change::Send(send) => send.instance_ids.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        })
        .collect()
}

#[test]
fn a_few_nodes_of_a_canary_and_of_its_rest_are_listed_once() {
    let times = |bench: &Bench, id: &str| match bench.state.overlays.last() {
        Some(Overlay::Question(question)) => question.lines.iter().filter(|line| line.contains(id)).count(),
        _ => panic!("nothing is asked"),
    };
    for several in [false, true] {
        let mut bench = loaded(false, 5);
        if several {
            bench.state.origins.look_at(vec![place("stage")]);
            bench.state.origins.look_at(vec![place("test")]);
        }
        write_for(&mut bench, "2", 5);
        for n in 0..5 {
            assert_eq!(times(&bench, &format!("mi-{n:017}")), 1, "{n} {several}");
        }
        bench.type_text("2");
        bench.press("enter");
        answer(&mut bench, Ok(&["c-1"]), None);
        bench.answer(Source::Commands, Page::Commands(vec![command("c-1", CommandStatus::InProgress, 0)]));
        ended(&mut bench, CommandStatus::Success, 0);
        bench.state.act(Action::SendRest, &mut bench.fx);
        for n in 2..5 {
            assert_eq!(times(&bench, &format!("mi-{n:017}")), 1, "{n} {several}");
        }
    }
}

/// What was agreed to last is answered.
fn answer(bench: &mut Bench, result: Result<&[&str], &str>, trouble: Option<&str>) {
    let number = bench.fx.iter().rev().find_map(|effect| match effect {
        Effect::Change(confirmed) => Some(confirmed.number()),
        _ => None,
    });
    let trouble = trouble.map(|what| Trouble::new(what, None));
    let result = match result {
        Ok(ids) => Ok(Changed::Sent { commands: ids.iter().map(|id| (*id).to_owned()).collect(), trouble }),
        Err(what) => Err(Trouble::new(what, None)),
    };
    bench.apply(Update::Changed(Origin::default(), result, number));
}

fn command(id: &str, status: CommandStatus, failed: i32) -> ssm::Command {
    ssm::Command {
        command_id: Some(id.to_owned()),
        document_name: Some("AWS-RunShellScript".to_owned()),
        requested_date_time: Some(Timestamp::from_millis(BEGIN)),
        status: Some(status),
        target_count: Some(2),
        error_count: Some(failed),
        ..Default::default()
    }
}

/// A canary of two nodes that was sent.
pub fn under_way() -> Bench {
    let mut bench = written("2");
    bench.type_text("2");
    bench.press("enter");
    answer(&mut bench, Ok(&["c-1"]), None);
    bench.answer(Source::Commands, Page::Commands(vec![command("c-1", CommandStatus::InProgress, 0)]));
    let invocation = |n: usize| ssm::CommandInvocation {
        command_id: Some("c-1".to_owned()),
        instance_id: Some(format!("mi-{n:017}")),
        status: Some(ssm::CommandInvocationStatus::InProgress),
        ..Default::default()
    };
    bench.answer(Source::Invocations, Page::Invocations((0..2).map(invocation).collect()));
    bench
}

/// The end of the canary is known.
pub fn ended(bench: &mut Bench, status: CommandStatus, failed: i32) {
    bench.wait(20_000);
    bench.answer(Source::Running, Page::Running(vec![command("c-1", status, failed)]));
}

#[test]
fn the_rest_waits_for_a_yes_and_gets_exactly_what_was_planned() {
    let mut bench = written("2");
    let screen = bench.screen(100, 30);
    for told in [
        "on 60 nodes, by tag:Role=web",
        "first on 2 nodes: web-0, web-1",
        "the other 58 nodes wait for a yes",
        "then as 2",
    ] {
        assert!(screen.contains(told), "{told} in {screen}");
    }
    // All of them can be read before a yes: those that are first, and those that wait.
    let mut read = String::new();
    for _ in 0..30 {
        read += &bench.screen(80, 24);
        bench.press("pagedown");
    }
    let ids =
        ["web-0 (mi-00000000000000000)", "web-1 (mi-00000000000000001)", "web-2 (", "web-59 (mi-00000000000000059)"];
    for told in ["First, 2 nodes:", "After a look at what came of it, 58 nodes:"].into_iter().chain(ids) {
        assert!(read.contains(told), "{told} in {read}");
    }
    bench.press("esc esc");
    let mut bench = under_way();
    assert_eq!(sent(&bench), [["mi-00000000000000000", "mi-00000000000000001"]], "targets are none of its business");
    let screen = bench.screen(100, 24);
    assert!(screen.contains("the canary has not ended; 58 nodes more wait"), "{screen}");
    ended(&mut bench, CommandStatus::Success, 0);
    let screen = bench.screen(100, 24);
    assert!(screen.contains("the canary succeeded on 2 nodes; 58 nodes more wait"), "{screen}");
    bench.press("1");
    bench.press("3 c");
    let screen = bench.screen(100, 40);
    assert!(screen.contains("Send it to the rest?") && screen.contains("restart nginx"));
    assert!(screen.contains("All of them, 58 nodes:"));
    bench.press("pagedown pagedown pagedown pagedown");
    let screen = bench.screen(100, 40);
    assert!(screen.contains("mi-00000000000000059"), "one that is not listed here has its id: {screen}");
    assert!(screen.contains("web-2 (mi-00000000000000002)"), "{screen}");
    assert!(!screen.contains("web-1 ("), "{screen}");
    assert_eq!(sent(&bench).len(), 1);
    bench.press("esc c");
    // So many are typed, as in any other question.
    bench.type_text("58");
    bench.press("enter");
    let all = sent(&bench);
    assert_eq!(
        (all.len(), all[1].len(), all[1][0], all[1][57]),
        (2, 58, "mi-00000000000000002", "mi-00000000000000059")
    );
    answer(&mut bench, Ok(&["c-2", "c-3"]), None);
    let results = bench.state.commands.results.as_ref().unwrap();
    assert_eq!(results.ids, ["c-1", "c-2", "c-3"], "what came of all of it is looked at together");
    assert!(bench.state.works(Action::Cancel), "the canary has ended, and the rest has not");
    bench.press("c");
    assert!(bench.screen(100, 24).contains("No node waits for what comes of this command."));
}

#[test]
fn a_canary_that_failed_takes_more_than_a_key_and_a_no_is_a_no() {
    let mut bench = under_way();
    ended(&mut bench, CommandStatus::Failed, 1);
    assert!(bench.screen(100, 24).contains("the canary failed on 1 of 2 nodes; 58 nodes more wait"));
    bench.press("c y enter");
    assert_eq!(sent(&bench).len(), 1);
    bench.press("esc shift-x");
    assert!(bench.screen(100, 24).contains("The other 58 nodes do not get it."));
    bench.press("c");
    assert_eq!((sent(&bench).len(), bench.state.overlays.len()), (1, 0));
}

#[test]
fn what_was_not_accepted_waits_again() {
    let mut bench = under_way();
    ended(&mut bench, CommandStatus::Success, 0);
    bench.press("c");
    bench.type_text("58");
    bench.press("enter");
    answer(&mut bench, Err("ThrottlingException"), None);
    assert!(bench.screen(100, 24).contains("58 nodes more wait"));
    bench.press("c");
    bench.type_text("58");
    bench.press("enter");
    answer(&mut bench, Ok(&["c-2"]), Some("ThrottlingException"));
    bench.press("c");
    assert!(
        bench.screen(100, 30).contains("the canary succeeded on 2 nodes; 8 nodes more"),
        "{}",
        bench.screen(100, 30)
    );
}

#[test]
fn a_rest_that_had_no_answer_is_not_sent_again_by_one_key() {
    let silence = || Trouble { fault: Some(Fault::Silence), ..Trouble::new("no answer within 30 s", None) };
    let mut bench = under_way();
    bench.state.origins.get_mut(Origin::default()).unwrap().place.confirm_above = Some(100);
    ended(&mut bench, CommandStatus::Success, 0);
    bench.press("c y");
    let number = bench.fx.iter().rev().find_map(|effect| match effect {
        Effect::Change(confirmed) => Some(confirmed.number()),
        _ => None,
    });
    assert_eq!(sent(&bench).len(), 2);
    bench.apply(Update::Changed(Origin::default(), Err(silence()), number));
    let screen = bench.screen(100, 30);
    assert!(screen.contains("58 nodes more had no answer: look who got it"), "{screen}");
    assert!(screen.contains("It may have been done all the same"), "{screen}");
    assert!(bench.state.waiting_canaries()[0].sending, "nor does the next console offer it as if nothing had been");
    bench.press("c y enter");
    assert_eq!(sent(&bench).len(), 2);
    assert!(bench.screen(100, 30).contains("may have been done all the same: look whether it was"));
    bench.press("ctrl-u");
    bench.type_text("again");
    bench.press("enter");
    assert_eq!(sent(&bench).len(), 3);
    // The form of a command that had no answer asks for no less.
    let mut bench = loaded(false, 1);
    bench.press("r");
    bench.type_text("reboot");
    bench.press("ctrl-s y");
    bench.apply(Update::Changed(Origin::default(), Err(silence()), None));
    bench.press("ctrl-s y enter");
    assert_eq!(sent(&bench).len(), 1, "{}", bench.screen(100, 30));
    bench.press("ctrl-u");
    bench.type_text("again");
    bench.press("enter");
    assert_eq!(sent(&bench).len(), 2);
}

#[test]
fn a_canary_that_goes_nowhere_has_no_rest_and_one_that_waits_is_named_before_one_leaves() {
    let mut bench = written("2");
    bench.type_text("2");
    bench.press("enter");
    answer(&mut bench, Err("AccessDeniedException"), None);
    assert!(bench.state.all_staged().is_empty());
    // One that has no answer is not written down: nothing of it is promised.
    let mut bench = Bench::with_canaries(vec![place("test")], lasting(Vec::new()));
    bench.answer(Source::Nodes, Page::Nodes((0..3).map(info).collect()));
    write(&mut bench, "2");
    bench.type_text("2");
    bench.press("enter esc q");
    let screen = bench.screen(100, 24);
    assert!(screen.contains("58 nodes wait for a canary that has no answer yet, and will not get it."), "{screen}");
    let mut bench = under_way();
    bench.press("q");
    assert!(bench.screen(100, 24).contains("58 nodes wait for a canary's yes"));
}

/// A console of the place that [`Bench::new`] looks at, before which another one ended with this in its ledger.
fn next(left: Vec<Entry>) -> Bench {
    let mut bench = Bench::with_canaries(vec![place("test")], lasting(left));
    bench.wait(1_000);
    bench
}

fn lasting(left: Vec<Entry>) -> Lasting {
    Lasting::of("/state/canaries/test.toml".into(), left)
}

/// What the ledger says, as it was written last.
fn noted(bench: &Bench) -> Vec<Entry> {
    let kept = bench.fx.iter().rev().find_map(|effect| match effect {
        Effect::Keep { path, text } if path.starts_with("/state/canaries") => Some(text),
        _ => None,
    });
    Entry::parse(kept.expect("it is written down")).unwrap()
}

/// The canary of [`under_way`] as the service tells it later.
fn ran() -> ssm::Command {
    let script = [("commands".to_owned(), vec!["systemctl restart nginx".to_owned()])];
    ssm::Command {
        parameters: ssm::Sensitive(script.into()),
        max_concurrency: Some("7".to_owned()),
        output_s3_bucket_name: Some(String::new()),
        cloud_watch_output_config: Some(ssm::CloudWatchOutputConfig {
            cloud_watch_log_group_name: Some(String::new()),
            cloud_watch_output_enabled: Some(false),
        }),
        ..command("c-1", CommandStatus::Success, 0)
    }
}

#[test]
fn a_canary_that_waits_is_offered_again_by_the_next_console() {
    let mut bench = next(Vec::new());
    send_canary(&mut bench);
    let left = noted(&bench);
    let text = Entry::text(&left);
    assert!(text.contains("c-1") && text.contains("mi-00000000000000059") && !text.contains("nginx"), "{text}");
    bench.press("q");
    assert!(bench.screen(100, 24).contains("58 nodes wait for a canary's yes: the next start asks again."));
    // Killed or left: the next one asks what became of it, and offers the rest with what the canary ran.
    let mut bench = next(left);
    let Some((Query::Running(asked), _)) = bench.asked(Source::Running) else { panic!("nobody asked") };
    assert_eq!(asked, ["c-1"]);
    bench.answer(Source::Running, Page::Running(vec![ran()]));
    let screen = bench.screen(120, 24);
    assert!(screen.contains("the canary succeeded on 2 nodes; 58"), "{screen}");
    bench.press("3 enter c");
    let screen = bench.screen(100, 40);
    assert!(screen.contains("Send it to the rest?") && screen.contains("restart nginx"), "{screen}");
    bench.type_text("58");
    bench.press("enter");
    let changes = bench.changes();
    let Some(Change::Send(send)) = changes.last() else { panic!("{changes:?}") };
    assert_eq!((send.instance_ids.len(), send.instance_ids[57].as_str()), (58, "mi-00000000000000059"));
    assert_eq!((send.document_name.as_str(), send.max_concurrency.as_deref()), ("AWS-RunShellScript", Some("7")));
    assert_eq!(send.parameters.get("commands").unwrap(), &["systemctl restart nginx"]);
    assert_eq!(
        (&send.output_s3_bucket_name, &send.cloud_watch_output_config),
        (&None, &None),
        "the service takes no \"\""
    );
    // While it is sent nobody knows how far it has come, and nobody sends it twice: that is written down first.
    assert!(noted(&bench)[0].sending);
    let at = |is: fn(&Effect) -> bool| bench.fx.iter().rposition(is);
    let (kept, sent) =
        (at(|effect| matches!(effect, Effect::Keep { .. })), at(|effect| matches!(effect, Effect::Change(_))));
    assert!(kept < sent && kept.is_some(), "{kept:?} {sent:?}");
    let sending = noted(&bench);
    let mut bench = next(sending);
    let screen = bench.screen(160, 24);
    assert!(screen.contains("fleetdeck ended while the rest of the canary c-1 (58"), "{screen}");
    assert!(bench.asked(Source::Running).is_none());
}

#[test]
fn a_canary_that_nobody_knows_any_more_is_told_to_have_no_rest() {
    let mut bench = next(Vec::new());
    send_canary(&mut bench);
    let mut bench = next(noted(&bench));
    assert_eq!(bench.state.waiting_canaries().len(), 1, "it is not forgotten before it was asked for");
    bench.answer(Source::Running, Page::Running(Vec::new()));
    let screen = bench.screen(160, 24);
    assert!(screen.contains("58 nodes that waited for a canary when fleetdeck ended did"), "{screen}");
    assert!(bench.state.waiting_canaries().is_empty());
}

/// What is where of a canary of one command, for which one node waits.
fn part(place: &str, n: usize) -> Part {
    Part { place: place.to_owned(), commands: vec![format!("c-{n}")], nodes: vec![format!("mi-{n:017}")] }
}

#[test]
fn a_canary_of_two_places_is_known_although_each_side_looks_at_one_of_them() {
    let left = Entry { sending: false, parts: vec![part("prod", 1), part("stage", 2)] };
    let mut bench = Bench::with_canaries(vec![place("prod"), place("stage")], lasting(vec![left]));
    let stage = bench.state.origins.scope()[1];
    for keys in ["scope prod", "split", "scope stage"] {
        bench.say(keys);
    }
    bench.answer_of(stage, Source::Running, Page::Running(vec![command("c-2", CommandStatus::Success, 0)]));
    let waiting: Vec<_> = bench.state.all_staged().iter().map(|staged| staged.waiting()).collect();
    assert_eq!(waiting, [2], "{:?}", bench.state.notices);
}

#[test]
fn a_canary_of_a_place_that_nobody_looks_at_is_not_said_to_be_forgotten() {
    let left = Entry { sending: false, parts: vec![part("test", 1), part("stage", 2)] };
    let mut bench = next(vec![left]);
    bench.answer(Source::Running, Page::Running(vec![command("c-1", CommandStatus::Success, 0)]));
    assert_eq!(bench.state.waiting_canaries().len(), 1, "the service was not asked for all of it");
    assert!(!bench.screen(160, 24).contains("does not know"));
}

#[test]
fn a_canary_that_is_none_is_said_where_it_is_typed() {
    for (canary, told) in [("60", "a canary is fewer"), ("web-77", "none of the nodes"), ("0", "1 or more")] {
        let mut bench = loaded(false, 3);
        bench.press("3 n");
        bench.type_text("true");
        bench.press("tab");
        bench.type_text("tag:Role=web");
        bench.press("tab tab tab");
        bench.type_text(canary);
        bench.press("ctrl-s");
        if bench.asked(Source::Plan).is_some() {
            let nodes = (0..60).map(info).collect();
            bench.answer(Source::Plan, Page::Plan(Box::new(Resolved { nodes, ..Default::default() })));
        }
        let screen = bench.screen(100, 30);
        assert!(screen.contains(told), "{told} in {screen}");
        assert_eq!(bench.changes().len(), 0);
    }
}
