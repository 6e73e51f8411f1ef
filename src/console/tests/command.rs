//! The line after `:`.

use super::{info, loaded};
use crate::{
    console::{
        action::Action,
        effect::{Effect, Source},
        state::{Pane, command::CommandLine, fleet::Column, overlay::Overlay},
        testing::Bench,
        update::Page,
    },
    ssm,
};

pub fn line(bench: &Bench) -> &CommandLine {
    match bench.state.overlays.last() {
        Some(Overlay::Command(line)) => line,
        other => panic!("{other:?}"),
    }
}

fn names(bench: &Bench) -> Vec<&str> {
    line(bench).candidates.iter().map(|candidate| candidate.name.as_str()).collect()
}

#[test]
fn it_is_a_palette_while_the_first_word_is_typed() {
    let mut bench = loaded(false, 3);
    bench.press(":");
    assert!(names(&bench).contains(&"mark-all") && names(&bench).contains(&"theme NAME"));
    bench.type_text("mark all");
    assert_eq!(names(&bench)[0], "mark-all", "words match loosely");
    bench.press("enter");
    assert!(bench.state.overlays.is_empty());
    assert_eq!(bench.state.fleet.marked_count(), 3);
    // What stands lower in the list is one key away.
    bench.press(":");
    bench.type_text("mark-");
    let second = names(&bench)[1].to_owned();
    bench.press("down");
    assert_eq!(line(&bench).candidates[line(&bench).cursor.at].name, second);
}

#[test]
fn verbs_do_what_they_say() {
    let mut bench = loaded(false, 12);
    bench.press("5");
    bench.say("sort ping desc");
    assert_eq!((bench.state.fleet.sort(), bench.state.pane), (&[(Column::Ping, true)][..], Pane::Fleet));
    bench.say("filter web-1");
    assert_eq!(bench.state.fleet.filter.text(), "web-1");
    bench.say("node web-7");
    assert_eq!(bench.state.fleet.current().unwrap().name, "web-7", "a filter that hides it is taken away");
    bench.say("node mi-00000000000000003");
    assert_eq!(bench.state.fleet.current().unwrap().name, "web-3");
    bench.say("theme li");
    assert_eq!(bench.state.theme, "light", "the beginning is enough where only so much is meant");
    bench.say("compliance");
    assert_eq!(bench.state.pane, Pane::Compliance);
    bench.say("help mark-all");
    assert!(bench.screen(80, 24).contains("Mark every row that matches the filter"));
    bench.press("esc");
    bench.say("shell web-2");
    let opened = |effect: &Effect| matches!(effect, Effect::OpenShell { node, .. } if node == "mi-00000000000000002");
    assert!(bench.fx.iter().any(opened));
}

#[test]
fn what_cannot_be_done_is_told_and_can_be_mended() {
    let mut bench = loaded(false, 12);
    for (typed, told) in [
        ("sort price", "there is no column \"price\""),
        ("node web", "more than one node is called \"web\""),
        ("node db", "no node is called \"db\""),
        ("theme pink", "there is no theme \"pink\"; there are dark, light, mono"),
        ("theme ", "theme what? There are dark, light, mono"),
        ("columns nmae,agent,x", "there is no column \"nmae\", \"x\"; there are name, ping, compliance"),
        ("group price", "nothing is grouped by \"price\"; there are name, ping"),
        ("view mine", "there is no view \"mine\"; there are none yet"),
        ("pane kitchen", "there is no pane \"kitchen\"; there are fleet, compliance"),
        ("split kitchen", "there is no pane \"kitchen\"; there are fleet, compliance"),
        ("help mark-al-of", "there is no action \"mark-al-of\""),
        ("delete-parameter", "it belongs to: Parameters"),
        ("explode the node", "there is no command \"explode\""),
    ] {
        bench.say(typed);
        let problem = line(&bench).problem.clone().unwrap_or_default();
        assert!(problem.contains(told), "{typed}: {problem}");
        let screen = bench.screen(80, 24);
        assert!(screen.contains("This was not done") && screen.contains(&format!(": {typed}")), "{screen}");
        bench.press("x");
        assert_eq!(line(&bench).problem, None, "typing goes on");
        bench.press("esc");
    }
}

#[test]
fn groups_and_views_have_verbs() {
    let text = "[[view]]\nname = 'All Lost'\nfilter = 'ping:lost'\n";
    let mut bench = Bench::with(crate::config::settings::Settings::parse(text).unwrap(), false);
    bench.press("4");
    bench.say("group tag:Env");
    assert_eq!((bench.state.fleet.grouped_by(), bench.state.pane), (Some(&Column::Tag("Env".into())), Pane::Fleet));
    bench.say("group none");
    assert_eq!(bench.state.fleet.grouped_by(), None);
    bench.say("view all");
    assert_eq!(bench.state.fleet.filter.text(), "ping:lost");
    bench.say("view");
    assert!(matches!(bench.state.overlays.last(), Some(Overlay::Picker { .. })));
}

#[test]
fn tab_completes_verbs_names_and_filters() {
    let mut bench = loaded(false, 3);
    bench.press(":");
    bench.type_text("no");
    bench.press("tab");
    assert_eq!(line(&bench).input.text(), "node ");
    bench.type_text("WEB-2");
    bench.press("tab");
    assert_eq!(line(&bench).input.text(), "node web-2");
    bench.press("esc :");
    bench.type_text("filter web tag:Env=x pi");
    bench.press("tab");
    assert_eq!(line(&bench).input.text(), "filter web tag:Env=x ping:");
    bench.press("esc :");
    bench.type_text("sort pl");
    bench.press("tab enter");
    assert_eq!(bench.state.fleet.sort()[0].0, Column::Platform);
    // A verb from the list still wants its word, and so does one that is typed whole: what there is stands above it.
    bench.say("theme");
    assert_eq!((line(&bench).input.text(), names(&bench)), ("theme ", vec!["dark", "light", "mono"]));
    let screen = bench.screen(80, 24);
    assert!(screen.contains("dark  in force"), "{screen}");
    bench.press("esc");
    bench.say("them");
    assert_eq!(line(&bench).input.text(), "theme ");
}

#[test]
fn documents_and_parameters_complete_from_what_is_loaded() {
    let mut bench = loaded(false, 3);
    bench.press(":");
    bench.type_text("run ");
    let document = |name: &str| ssm::DocumentIdentifier { name: Some(name.to_owned()), ..Default::default() };
    bench.answer(Source::Documents, Page::Documents(vec![document("AWS-RunPatchBaseline"), document("Mine")]));
    assert_eq!(names(&bench), ["AWS-RunPatchBaseline", "Mine"]);
    bench.type_text("min");
    bench.press("tab enter");
    assert!(bench.screen(80, 24).contains("Mine"));
    assert!(bench.changes().is_empty(), "a form is no change");
    bench.press("esc :");
    bench.type_text("parameter ");
    let meta = |name: &str| ssm::ParameterMetadata { name: Some(name.to_owned()), ..Default::default() };
    bench.answer(Source::Parameters, Page::Parameters(vec![meta("/app/db/host"), meta("/app/web/port")]));
    bench.type_text("port");
    assert_eq!(names(&bench), ["/app/web/port"]);
    bench.press("tab enter");
    assert_eq!(bench.state.parameters.current().map(|(name, _)| name.to_string()).as_deref(), Some("/app/web/port"));
    bench.say("parameter /app/db");
    assert_eq!(bench.state.parameters.found(), 1, "a branch is shown by its filter");
    bench.say("parameter /nothing");
    assert!(line(&bench).problem.is_some());
}

#[test]
fn a_theme_is_shown_while_it_is_chosen() {
    let mut bench = loaded(false, 1);
    bench.press(":");
    bench.type_text("theme ");
    assert_eq!(bench.state.theme, "dark", "nothing is chosen yet");
    bench.press("down down");
    assert_eq!(bench.state.theme, "mono");
    bench.press("esc");
    assert_eq!(bench.state.theme, "dark");
    bench.press(":");
    bench.type_text("theme ");
    bench.press("down enter");
    assert_eq!(bench.state.theme, "light");
}

#[test]
fn up_goes_through_what_was_typed_before() {
    let mut bench = loaded(false, 3);
    for text in ["sort ping", "theme light", "sort ping"] {
        bench.say(text);
    }
    bench.press(":");
    bench.type_text("no");
    bench.press("up");
    assert_eq!(line(&bench).input.text(), "sort ping");
    bench.press("up");
    assert_eq!(line(&bench).input.text(), "theme light");
    bench.press("up up");
    assert_eq!(line(&bench).input.text(), "theme light", "no line is kept twice");
    bench.press("down");
    assert_eq!(line(&bench).input.text(), "sort ping");
    bench.press("down");
    assert_eq!(line(&bench).input.text(), "no");
    bench.press("ctrl-p");
    assert_eq!(line(&bench).input.text(), "sort ping");
}

#[test]
fn read_only_holds_for_what_is_typed() {
    let mut bench = loaded(true, 3);
    bench.press(":");
    bench.type_text("she");
    assert!(!names(&bench).iter().any(|name| name.starts_with("shell ") || *name == "open-shell"));
    bench.press("esc");
    for typed in ["shell web-1", "run AWS-RunShellScript", "open-shell", "scan"] {
        bench.say(typed);
        bench.press("esc esc");
        assert!(bench.state.overlays.is_empty());
    }
    assert!(!bench.fx.iter().any(Effect::changes));
    assert!(bench.state.notices.all().any(|notice| notice.trouble.what.contains("Read-only")));
}

#[test]
fn a_click_chooses_and_a_second_one_does_it() {
    let mut bench = loaded(false, 3);
    bench.press(":");
    bench.type_text("mark-");
    bench.screen(80, 24);
    let row = line(&bench).candidates.iter().position(|candidate| candidate.action == Some(Action::MarkAll)).unwrap();
    let hits = bench.state.hits_of_row(row);
    for _ in 0..2 {
        bench.click(hits.0, hits.1);
    }
    assert_eq!(bench.state.fleet.marked_count(), 3);
}

#[test]
fn names_from_nodes_are_text() {
    let mut bench = Bench::new(false);
    let evil = ssm::InstanceInformation { computer_name: Some("web\u{1b}[2J\u{202e}x".to_owned()), ..info(1) };
    bench.answer(Source::Nodes, Page::Nodes(vec![evil]));
    bench.press(":");
    bench.type_text("node ");
    assert_eq!(names(&bench), ["webx"]);
}
