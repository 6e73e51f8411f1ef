//! Forwards that belong together, that are kept, and that were left.

use super::{
    origins::{node, place},
    split,
};
use crate::{
    config::{forward::Forwards as File, settings::Settings},
    console::{
        effect::{Effect, Source},
        state::forwards::{Forwards, Kept, Lasting, Phase},
        testing::Bench,
        update::{Far, ForwardUpdate, Held, Page, Update},
    },
    ssm::{self, PingStatus},
};

const SET: &str = "[[forward]]\nname = 'metrics'\nnode = 'web-3'\nremote = 9090\nstart = false\n\
                   [[forward]]\nname = 'db'\nset = 'stage'\nnode = 'web-1'\nhost = 'db.internal'\nremote = 5432\n\
                   local = 15432\nstart = false\n\
                   [[forward]]\nname = 'web'\nset = 'stage'\nnode = 'tag:Role=web'\nremote = 8080\nstart = false\n\
                   [[forward]]\nname = 'admin'\nset = 'stage'\nnode = 'web-1'\nremote = 9000\nstart = false\n";

fn info(n: usize) -> ssm::InstanceInformation {
    ssm::InstanceInformation {
        instance_id: Some(format!("mi-{n:017}")),
        computer_name: Some(format!("web-{n}")),
        ping_status: Some(PingStatus::Online),
        ..Default::default()
    }
}

fn tagged(bench: &mut Bench, n: usize, value: &str) {
    let (_, epoch) = bench.asked(Source::Tags).unwrap();
    let tags = vec![ssm::Tag { key: "Role".to_owned(), value: value.to_owned() }];
    let page = Page::Tags { node: format!("mi-{n:017}"), tags };
    bench.apply(Update::Page { source: Source::Tags, epoch, page });
}

/// The pane with a set of three forwards below one that stands by itself.
pub fn set() -> Bench {
    let mut bench = Bench::with(Settings::parse(SET).unwrap(), false);
    bench.answer(Source::Nodes, Page::Nodes((1..=3).map(info).collect()));
    bench.press("7");
    bench
}

/// The same, started: one is ready, one is refused, one is being opened.
pub fn started_set() -> Bench {
    let mut bench = set();
    tagged(&mut bench, 1, "db");
    tagged(&mut bench, 2, "web");
    tagged(&mut bench, 3, "web");
    bench.press("down t");
    for (id, port, far) in [(2, 15_432, Far::Reached), (3, 41_017, Far::Refused)] {
        for update in [
            ForwardUpdate::Listening(([127, 0, 0, 1], port).into()),
            ForwardUpdate::Open,
            ForwardUpdate::Far(far),
            ForwardUpdate::Counts { connections: 1, accepted: 2, sent: 1_000, received: 3_000 },
        ] {
            bench.apply(Update::Forward { id, update });
        }
    }
    let note = "nothing listens on port 8080 of the node".to_owned();
    bench.apply(Update::Forward { id: 3, update: ForwardUpdate::Note(note) });
    bench
}

fn started(bench: &Bench) -> Vec<(u64, &str)> {
    let starts = bench.fx.iter().filter_map(|effect| match effect {
        Effect::StartForward { id, node, .. } => Some((*id, node.as_str())),
        _ => None,
    });
    starts.collect()
}

/// What the files of the console's own were made last, by their names.
fn written(bench: &Bench, name: &str) -> Option<File> {
    let texts = bench.fx.iter().rev().filter_map(|effect| match effect {
        Effect::Keep { path, text } if path.ends_with(name) => Some(File::parse(text).unwrap()),
        _ => None,
    });
    { texts }.next()
}

fn names(file: &File) -> Vec<&str> {
    file.forwards.iter().map(|forward| forward.name.as_deref().unwrap_or(&forward.node)).collect()
}

#[test]
fn a_set_is_started_and_stopped_together_and_folded_to_one_row() {
    let mut bench = started_set();
    // The node of a tag is the first that has it.
    assert_eq!(
        started(&bench),
        [(2, "mi-00000000000000001"), (3, "mi-00000000000000002"), (4, "mi-00000000000000001")]
    );
    let screen = bench.screen(100, 24);
    for said in ["▾ stage", "1 of 3 ready", "● ready", "✗ refused", "⋯ opening", "2 of 4"] {
        assert!(screen.contains(said), "{said}\n{screen}");
    }
    bench.press("enter");
    let screen = bench.screen(100, 24);
    assert!(screen.contains("▸ stage") && bench.state.forwards.lens.len() == 2, "{screen}");
    assert!(screen.contains("db ready, web refused, admin opening"), "{screen}");
    // What a filter finds is shown in its set, which is shown too.
    bench.press("/");
    bench.type_text("state:refused");
    bench.press("enter");
    assert_eq!(bench.state.forwards.lens.len(), 2);
    bench.press("esc right");
    // In every order the forwards of a set stand below it.
    bench.press("o o");
    let rows: Vec<_> = (0..bench.state.forwards.lens.len()).map(|row| bench.state.forwards.row(row)).collect();
    let rows: Vec<_> = rows.into_iter().map(|row| row.map_or("set".to_owned(), |row| row.name())).collect();
    assert_eq!(rows, ["metrics", "set", "admin", "db", "web"]);
    // From one of its forwards one gets back to the set.
    bench.press("end left");
    assert_eq!((bench.state.forwards.lens.len(), bench.state.forwards.current_set()), (2, Some("stage")));
    bench.press("t");
    assert!(bench.state.forwards.list[1..].iter().all(|forward| forward.phase == Phase::Stopped));
    bench.press("shift-d");
    assert!(bench.screen(80, 24).contains("Remove the 3 forwards of stage?"));
    bench.press("y");
    assert_eq!(bench.state.forwards.list.len(), 1);
    bench.press("z");
    assert_eq!(bench.state.forwards.list.len(), 4);
}

#[test]
fn a_node_of_a_tag_is_waited_for_until_tags_are_known() {
    let mut bench = set();
    bench.press("end k t");
    assert_eq!(bench.state.forwards.list[2].phase, Phase::Waiting);
    tagged(&mut bench, 1, "db");
    tagged(&mut bench, 2, "db");
    assert_eq!(started(&bench), []);
    tagged(&mut bench, 3, "web");
    assert_eq!(started(&bench), [(3, "mi-00000000000000003")]);
    bench.press("t");
    tagged(&mut bench, 3, "db");
    bench.press("t");
    assert!(bench.screen(100, 24).contains("No connected node has the tag Role=web."));
}

#[test]
fn a_forward_that_always_starts_again_waits_for_a_node_that_is_not_there_yet() {
    let text = "[[forward]]\nnode = 'web-7'\nremote = 80\nrestart = 'always'\n";
    let mut bench = Bench::with(Settings::parse(text).unwrap(), false);
    bench.answer(Source::Nodes, Page::Nodes(vec![info(1)]));
    bench.press("7");
    assert!(bench.screen(80, 24).contains("it starts when its node is known"));
    bench.press("ctrl-r");
    bench.answer(Source::Nodes, Page::Nodes(vec![info(1), info(7)]));
    assert_eq!(started(&bench), [(1, "mi-00000000000000007")]);
}

#[test]
fn a_forward_is_kept_only_where_that_is_wanted_and_what_was_done_is_taken_back() {
    let mut bench = set();
    bench.press("n");
    bench.type_text("8081");
    bench.press("ctrl-s");
    assert_eq!(bench.state.forwards.current().unwrap().kept, Kept::No);
    assert!(written(&bench, "forwards.toml").is_none());
    bench.press("ctrl-s");
    assert_eq!(names(&written(&bench, "forwards.toml").unwrap()), ["web-3"]);
    // Edited: it starts again, and the file says so.
    bench.fx.clear();
    bench.press("shift-e tab tab tab");
    bench.type_text("proxy");
    bench.press("ctrl-s");
    assert_eq!(names(&written(&bench, "forwards.toml").unwrap()), ["proxy"]);
    assert_eq!(started(&bench).len(), 1);
    bench.press("z");
    assert_eq!(names(&written(&bench, "forwards.toml").unwrap()), ["web-3"]);
    bench.press("shift-d y");
    assert_eq!(names(&written(&bench, "forwards.toml").unwrap()), [""; 0]);
    assert!(bench.screen(80, 24).contains("z takes that back"));
    bench.press("z");
    assert_eq!(names(&written(&bench, "forwards.toml").unwrap()), ["web-3"]);
    // Those of the settings are the user's to change.
    bench.press("home shift-e");
    assert!(bench.state.overlays.is_empty() && bench.screen(80, 24).contains("stands in settings.toml"));
}

#[test]
fn a_kept_forward_is_opened_in_its_own_place_and_in_no_other() {
    let mut bench = set();
    bench.press("n");
    bench.type_text("8081");
    bench.press("ctrl-s ctrl-s");
    let kept = written(&bench, "forwards.toml").unwrap();
    assert_eq!(kept.forwards[0].place.as_deref(), Some("test"));
    for (place, opened) in [("test", 1), ("prod", 0)] {
        let mut bench = set();
        let mut entry = kept.forwards[0].clone();
        entry.place = Some(place.to_owned());
        bench.state.forwards = Forwards::new(&[], Lasting { kept: vec![entry], ..Lasting::default() });
        bench.fx.clear();
        bench.press("ctrl-r");
        bench.answer(Source::Nodes, Page::Nodes((1..=3).map(info).collect()));
        assert_eq!(started(&bench).len(), opened, "{place}");
        let screen = bench.screen(120, 24);
        assert_eq!(screen.contains("waits until prod is looked at"), opened == 0, "{screen}");
    }
}

/// Two places on one side, with the forwards; `stage` has told its nodes only if that is said.
fn two_places(stage_is_known: bool) -> Bench {
    let mut bench = Bench::at(Settings::default(), vec![place("prod"), place("stage")]);
    let [prod, stage] = bench.state.origins.scope()[..] else { panic!() };
    bench.connect(prod);
    bench.connect(stage);
    bench.answer_of(prod, Source::Nodes, Page::Nodes(vec![node(1, "web-1"), node(2, "web-2")]));
    if stage_is_known {
        bench.answer_of(stage, Source::Nodes, Page::Nodes(vec![node(3, "api-1"), node(4, "db-1")]));
    }
    bench.press("7");
    bench
}

/// Takes the form of a forward, which is kept, and goes to this node.
fn keep_to(bench: &mut Bench, node: &str) {
    bench.press("backtab ctrl-u");
    bench.type_text(node);
    bench.press("tab ctrl-u");
    bench.type_text("5432");
    bench.press("tab tab tab tab tab tab tab alt-right ctrl-s");
}

fn kept_place(bench: &Bench) -> Option<String> {
    written(bench, "forwards.toml").and_then(|file| file.forwards[0].place.clone())
}

#[test]
fn a_kept_forward_is_of_the_place_of_its_node_and_goes_with_it() {
    let mut bench = two_places(true);
    bench.press("n");
    keep_to(&mut bench, "db-1");
    assert_eq!(kept_place(&bench).as_deref(), Some("stage"));
    bench.press("shift-e backtab ctrl-u");
    bench.type_text("web-1");
    bench.press("ctrl-s");
    assert_eq!(kept_place(&bench).as_deref(), Some("prod"), "its node is another one");
    assert_eq!(started(&bench), [(1, "mi-00000000000000004"), (1, "mi-00000000000000001")]);
    bench.press("z");
    assert_eq!(kept_place(&bench).as_deref(), Some("stage"));
    // What is not about its node leaves it where it is, whatever is looked at.
    bench.say("scope prod");
    bench.press("shift-e ctrl-u");
    bench.type_text("5433");
    bench.press("ctrl-s");
    assert!(bench.state.overlays.is_empty(), "{}", bench.screen(100, 30));
    let kept = written(&bench, "forwards.toml").unwrap().forwards;
    assert_eq!((kept[0].remote, kept[0].place.as_deref()), (5433, Some("stage")));
}

#[test]
fn a_forward_that_was_kept_before_its_node_was_known_is_of_the_place_that_has_it() {
    let mut bench = two_places(false);
    bench.press("n");
    keep_to(&mut bench, "db-1");
    assert_eq!((started(&bench).len(), kept_place(&bench)), (0, None));
    let stage = bench.state.origins.scope()[1];
    bench.answer_of(stage, Source::Nodes, Page::Nodes(vec![node(4, "db-1")]));
    assert_eq!((started(&bench).len(), kept_place(&bench).as_deref()), (1, Some("stage")));
}

#[test]
fn a_forward_of_what_the_other_side_looks_at_is_opened_there() {
    let (mut bench, [prod, _]) = split::two();
    let text = "[[forward]]\nnode = 'web-1'\nplace = 'prod/eu-west-1'\nremote = 80\n";
    let kept = File::parse(text).unwrap().forwards;
    bench.state.forwards = Forwards::new(&[], Lasting { kept, ..Lasting::default() });
    bench.press("7 enter");
    let opened = bench.fx.iter().find_map(|effect| match effect {
        Effect::StartForward { origin, .. } => Some(*origin),
        _ => None,
    });
    assert_eq!(opened, Some(prod), "{}", bench.screen(160, 30));
}

#[test]
fn what_was_on_when_a_console_was_killed_is_shown_and_not_started() {
    let mut bench = set();
    let settings = Settings::parse(SET).unwrap().forwards;
    let other = File::parse("[[forward]]\nname = 'adhoc'\nnode = 'web-2'\nremote = 81\n").unwrap().forwards;
    let left = vec![settings[0].clone(), other[0].clone()];
    let lasting = Lasting { left, ledger: Some("/state/forwards/x.1.toml".into()), ..Lasting::default() };
    bench.state.forwards = Forwards::new(&settings, lasting);
    bench.fx.clear();
    bench.press("home");
    let screen = bench.screen(100, 24);
    assert!(screen.contains("○ not running") && screen.contains("enter starts it again."), "{screen}");
    assert_eq!((started(&bench).len(), bench.state.forwards.left(), bench.state.forwards.list.len()), (0, 2, 5));
    // Until somebody has decided they stand in this console's ledger, which was begun with them.
    assert_eq!(written(&bench, "x.1.toml"), None);
    bench.press("enter");
    assert_eq!(started(&bench), [(1, "mi-00000000000000003")]);
    bench.press("end shift-d");
    assert_eq!(names(&written(&bench, "x.1.toml").unwrap()), ["metrics"]);
    bench.press("home t");
    assert_eq!(names(&written(&bench, "x.1.toml").unwrap()), [""; 0]);
}

#[test]
fn the_next_try_is_counted_down() {
    let mut bench = started_set();
    let wait = std::time::Duration::from_millis(7_400);
    bench.apply(Update::Forward { id: 2, update: ForwardUpdate::Pausing { attempt: 4, wait } });
    assert!(bench.screen(100, 24).contains("try 4 in 8s"));
    bench.wait(2_000);
    assert!(bench.screen(100, 24).contains("try 4 in 6s"));
    let single = ForwardUpdate::Single("2.3.1550.0".to_owned());
    bench.apply(Update::Forward { id: 4, update: ForwardUpdate::Open });
    bench.apply(Update::Forward { id: 4, update: single });
    bench.press("end");
    let screen = bench.screen(200, 24);
    assert!(screen.contains("the node's agent is 2.3.1550.0; those after 3.0.196.0 carry many."), "{screen}");
    bench.press("p");
    assert!(!bench.fx.iter().any(|effect| matches!(effect, Effect::ProbeForward { .. })));
    bench.press("up p");
    assert!(bench.fx.iter().any(|effect| matches!(effect, Effect::ProbeForward { id: 3 })));
}

#[test]
fn a_node_that_says_nothing_is_waited_for_and_nothing_is_ready_meanwhile() {
    let mut bench = started_set();
    let say = |bench: &mut Bench, update| bench.apply(Update::Forward { id: 2, update });
    bench.press("down");
    assert!(bench.screen(200, 24).contains("● ready"));
    say(&mut bench, ForwardUpdate::Silent(true));
    let screen = bench.screen(200, 24);
    assert!(!screen.contains("● ready") && screen.contains("waiting for the node"), "{screen}");
    assert!(screen.contains("It listens, and waits for the node, which does not answer."), "{screen}");
    say(&mut bench, ForwardUpdate::Connecting);
    let screen = bench.screen(200, 24);
    assert!(screen.contains("no answer") && screen.contains("which has not answered yet."), "{screen}");
    say(&mut bench, ForwardUpdate::Open);
    say(&mut bench, ForwardUpdate::Silent(false));
    assert!(bench.screen(200, 24).contains("● ready"));
}

#[test]
fn a_connection_that_holds_up_the_others_is_told_with_how_long_it_does() {
    let mut bench = started_set();
    bench.press("down");
    let held = Held { connection: 7, since: bench.state.now };
    bench.wait(12_000);
    bench.apply(Update::Forward { id: 2, update: ForwardUpdate::Held(Some(held)) });
    let screen = bench.screen(200, 24);
    assert!(screen.contains("connection 7 holds up the others"), "{screen}");
    assert!(screen.contains("Connection 7 has taken nothing for 10s. Nothing comes for the others"), "{screen}");
    bench.apply(Update::Forward { id: 2, update: ForwardUpdate::Held(None) });
    assert!(!bench.screen(200, 24).contains("onnection 7"));
}

#[test]
fn how_many_connections_there_are_is_never_cut_off() {
    let mut bench = started_set();
    let counts = ForwardUpdate::Counts { connections: 12, accepted: 1_234, sent: 1_000, received: 3_000 };
    bench.apply(Update::Forward { id: 2, update: counts });
    let screen = bench.screen(80, 24);
    assert!(screen.contains("12 of 1234") && screen.contains("of 1236"), "{screen}");
    bench.press("down");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("12 open of 1,234 connections"), "{screen}");
}
