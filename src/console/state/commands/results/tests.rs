//! What becomes of the results of a command.

use super::{
    super::{
        super::viewer::{Of, Tone},
        invocation::SHOWN_BY_LIST,
    },
    *,
};
use crate::ssm::CommandInvocationStatus;

pub fn sample(node: &str, status: CommandInvocationStatus, output: &str) -> ssm::CommandInvocation {
    let plugin = ssm::CommandPlugin {
        output: Some(output.to_owned()),
        response_code: Some(i32::from(status == CommandInvocationStatus::Failed)),
        ..Default::default()
    };
    ssm::CommandInvocation {
        command_id: Some("c".to_owned()),
        instance_id: Some(node.to_owned()),
        status_details: Some(status.as_str().to_owned()),
        status: Some(status),
        command_plugins: vec![plugin],
        ..Default::default()
    }
}

fn results(page: &[ssm::CommandInvocation]) -> Results {
    let mut results = Results::new(Origin::default(), vec!["c".to_owned()]);
    results.land(page, |_| Vec::new());
    assert_eq!(results.settle(), None);
    results
}

fn success(node: &str, output: &str) -> ssm::CommandInvocation {
    sample(node, CommandInvocationStatus::Success, output)
}

#[test]
fn identical_results_stand_together_and_odd_ones_first() {
    let mut results = results(&[
        success("mi-1", "same \n"),
        success("mi-2", "same\n"),
        success("mi-3", "other\n"),
        sample("mi-4", CommandInvocationStatus::Failed, "boom\n----------ERROR-------\nwhy"),
    ]);
    let sizes: Vec<_> = results.groups.iter().map(|g| (g.outcome, g.members.len())).collect();
    assert_eq!(sizes, [(Outcome::Failed, 1), (Outcome::Success, 1), (Outcome::Success, 2)]);
    let viewer = results.view(usize::MAX).unwrap();
    assert_eq!(viewer.title, "mi-4 · failed · exit 1");
    assert_eq!(viewer.lines.last(), Some(&(Tone::Error, "why".to_owned())));
    // The cursor stays on its group while another grows before it.
    results.cursor.at = 2;
    results.land(&[success("mi-5", "a third\n"), success("mi-6", "a fourth\n")], |_| Vec::new());
    results.settle();
    assert_eq!(results.current().map(|(first, of)| (first.node.as_str(), of)), Some(("mi-1", 2)));
}

#[test]
fn what_is_left_out_of_account_folds_and_stays_in_every_text_that_is_read() {
    let line = |n: usize| format!("node-{n} up {n} days\n");
    let mut page: Vec<_> = (1..=3).map(|n| success(&format!("mi-{n}"), &line(n))).collect();
    page.push(success("mi-4", "node-4 is down\n"));
    let mut results = Results::new(Origin::default(), vec!["c".to_owned()]);
    results.land(&page, |id| vec![id.replace("mi", "node")]);
    results.settle();
    assert_eq!(results.groups.len(), 4);
    results.fold_by(Fold { hosts: true, times: true, ..Fold::default() });
    results.settle();
    let told: Vec<_> = results.groups.iter().map(|g| (g.members.len(), g.first.as_str())).collect();
    assert_eq!(told, [(1, "<host> is down"), (3, "<host> up <time>")]);
    results.cursor.at = 1;
    let viewer = results.view(usize::MAX).unwrap();
    assert_eq!(viewer.title, "node-1 · success · exit 0, like 2 other nodes but for hosts, times");
    assert_eq!(viewer.lines, [(Tone::Plain, "node-1 up 1 days".to_owned())]);
    results.switch();
    results.cursor.at = 1;
    assert_eq!(results.view(usize::MAX).unwrap().lines, [(Tone::Plain, "node-2 up 2 days".to_owned())]);
}

#[test]
fn what_a_step_ended_with_is_no_number_that_is_left_out() {
    let of = |node, code| stepped(node, CommandInvocationStatus::Failed, &[("get", code, "x"), ("put", 1, "y")]);
    let mut results = results(&[of("mi-1", 3), of("mi-2", 4), of("mi-3", 4)]);
    results.fold_by(Fold { numbers: true, ..Fold::default() });
    results.settle();
    assert_eq!(results.groups.iter().map(|group| group.members.len()).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn many_large_results_are_not_read_by_the_loop() {
    let page: Vec<_> = (0..200).map(|n| success(&format!("mi-{n}"), &"x".repeat(SHOWN_BY_LIST))).collect();
    let mut results = Results::new(Origin::default(), vec!["c".to_owned()]);
    results.land(&page, |_| Vec::new());
    let (number, folding) = results.settle().unwrap();
    assert!(results.groups.is_empty() && results.is_folding());
    // What comes meanwhile waits for its turn.
    results.land(&[success("mi-x", "odd")], |_| Vec::new());
    assert_eq!(results.settle(), None);
    results.folded(number, folding.groups());
    assert_eq!(results.groups.len(), 1);
    let (number, folding) = results.settle().unwrap();
    results.folded(number - 1, Vec::new());
    assert_eq!(results.groups.len(), 1, "an old answer");
    results.folded(number, folding.groups());
    assert_eq!(results.groups.iter().map(|group| group.members.len()).collect::<Vec<_>>(), [1, 200]);
}

#[test]
fn a_cut_output_is_fetched_whole_once_and_stays() {
    let page = [success("mi-1", &"x".repeat(SHOWN_BY_LIST))];
    let mut results = results(&page);
    let ran = Ran { command: "c".to_owned(), node: "mi-1".to_owned(), steps: Vec::new() };
    assert_eq!(results.wanting(), [ran]);
    results.take_whole(Whole::of("mi-1", "all\n", ""), false);
    results.land(&page, |_| Vec::new());
    assert_eq!(results.wanting(), []);
    assert_eq!(results.invocations[0].lines(usize::MAX), [(Tone::Plain, "all".to_owned())]);
}

#[test]
fn cut_outputs_are_alike_as_far_as_they_were_shown_and_one_that_is_fetched_whole_stays_among_them() {
    let page = ["mi-1", "mi-2"].map(|node| success(node, &"x".repeat(SHOWN_BY_LIST)));
    let mut results = results(&page);
    for node in ["mi-1", "mi-2"] {
        let beginning = Whole::of(node, "seen\n", "");
        results.take_whole(Whole { cut: Some("cut by the service".to_owned()), kept: true, ..beginning }, false);
    }
    results.settle();
    let title = |results: &Results| results.view(usize::MAX).unwrap().title;
    assert_eq!(title(&results), "2 nodes with the same result, as far as the service shows · success · exit 0");
    results.take_whole(Whole::of("mi-1", "seen\nand more\n", ""), true);
    results.land(&page, |_| Vec::new());
    results.settle();
    assert_eq!(results.groups.len(), 1, "what is known of one alone makes no difference");
    assert_eq!(title(&results), "mi-1 · success · exit 0, like 1 other node, as far as the service shows");
    let whole: Vec<_> = results.view(usize::MAX).unwrap().lines.into_iter().map(|(_, line)| line).collect();
    assert_eq!(whole, ["seen", "and more"]);
    let compared = results.compared(results.of_node("mi-1").unwrap(), false);
    assert_eq!(compared, [("seen".to_owned(), "seen".to_owned())]);
}

/// A document of several steps on a node: of each its name, its exit code and what the list shows of its output.
fn stepped(node: &str, status: CommandInvocationStatus, steps: &[(&str, i32, &str)]) -> ssm::CommandInvocation {
    let plugin = |(name, code, output): &(&str, i32, &str)| ssm::CommandPlugin {
        name: Some((*name).to_owned()),
        status: Some(if *code == 0 { ssm::CommandPluginStatus::Success } else { ssm::CommandPluginStatus::Failed }),
        output: Some((*output).to_owned()),
        response_code: Some(*code),
        ..Default::default()
    };
    ssm::CommandInvocation { command_plugins: steps.iter().map(plugin).collect(), ..sample(node, status, "") }
}

#[test]
fn every_step_has_its_own_output_status_and_exit_code() {
    let failed = CommandInvocationStatus::Failed;
    let steps = [("get", 0, "got\n----------ERROR-------\nslow"), ("install", 3, "no space\n"), ("check", -1, "")];
    let results = results(&[stepped("mi-1", failed.clone(), &steps)]);
    let viewer = results.view(usize::MAX).unwrap();
    assert_eq!(viewer.title, "mi-1 · failed · exit 3");
    let told: Vec<_> = viewer.lines.iter().map(|(tone, line)| (*tone, line.as_str())).collect();
    assert_eq!(
        told,
        [
            (Tone::Heading, "step 1 of 3 · get · success · exit 0"),
            (Tone::Plain, "got"),
            (Tone::Heading, "standard error"),
            (Tone::Error, "slow"),
            (Tone::Plain, ""),
            (Tone::Heading, "step 2 of 3 · install · failed · exit 3"),
            (Tone::Plain, "no space"),
            (Tone::Plain, ""),
            (Tone::Heading, "step 3 of 3 · check · not run"),
        ]
    );
    assert_eq!(results.invocations[0].first, "got");
    // The same words of another step are another result.
    let moved = [("get", 0, ""), ("install", 3, "no space\n"), ("check", -1, "")];
    let other = [("get", 0, "no space\n"), ("install", 3, ""), ("check", -1, "")];
    let two = self::results(&[stepped("mi-1", failed.clone(), &moved), stepped("mi-2", failed, &other)]);
    assert_eq!(two.groups.len(), 2);
}

#[test]
fn steps_are_asked_for_by_name_and_taken_each_for_itself() {
    let long = "x".repeat(SHOWN_BY_LIST);
    let page = [stepped("mi-1", CommandInvocationStatus::Success, &[("get", 0, "got\n"), ("show", 0, &long)])];
    let mut results = results(&page);
    let ran = Ran { command: "c".to_owned(), node: "mi-1".to_owned(), steps: vec!["show".to_owned()] };
    assert_eq!(results.wanting(), [ran]);
    assert_eq!(results.invocations[0].step_names(), ["get", "show"]);
    let mut whole = Whole::of("mi-1", "all of it\n", "");
    whole.steps[0].step = Some("show".to_owned());
    results.take_whole(whole, false);
    results.land(&page, |_| Vec::new());
    let lines: Vec<_> = results.invocations[0].lines(usize::MAX).into_iter().map(|(_, line)| line).collect();
    assert_eq!(lines[1], "got");
    assert_eq!(lines.last().map(String::as_str), Some("all of it"));
    assert_eq!(results.wanting(), []);
}

#[test]
fn of_very_many_cut_outputs_some_come_by_themselves_and_the_rest_is_offered() {
    let page: Vec<_> = (0..WHOLES + 2).map(|n| success(&format!("mi-{n}"), &"x".repeat(SHOWN_BY_LIST))).collect();
    let mut results = Results::new(Origin::default(), vec!["c".to_owned()]);
    results.land(&page, |_| Vec::new());
    results.by_node = true;
    results.whole_feed.begin(crate::ssm::Timestamp::from_millis(0));
    assert_eq!((results.wanting().len(), results.wanting().len()), (WHOLES, 0));
    let offered = |node: String| {
        let of = Of { command: "c".to_owned(), node, nodes: 1, logged: false };
        results.view_again(&of).unwrap().kept
    };
    assert!(!offered("mi-0".to_owned()) && offered(format!("mi-{WHOLES}")));
}

#[test]
fn the_cursor_goes_on_with_a_group_that_became_part_of_another() {
    let running = |n: usize| sample(&format!("mi-{n}"), CommandInvocationStatus::InProgress, "");
    let mut results = results(&[sample("mi-1", CommandInvocationStatus::Failed, ""), running(2), running(3)]);
    let (mut lens, mut here) = (std::mem::take(&mut results.lens), results.cursor);
    here.at = 1;
    lens.outdate(None);
    (results.lens, results.cursor) = (lens, here);
    results.settle();
    assert_eq!(results.current_nodes(), ["mi-2", "mi-3"]);
    results.land(&[success("mi-2", "a"), success("mi-3", "b"), success("mi-4", "c")], |_| Vec::new());
    results.settle();
    assert_eq!(results.current_nodes(), ["mi-2"]);
}
