//! Two sides of the screen: each with a pane, a cursor, a filter, marks and a scope of its own over what is fetched once.

use std::time::Duration;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

use crate::{
    config::{
        place::{Place, Policy},
        settings::Settings,
    },
    console::{
        action::Action,
        effect::{Change, Effect, Source},
        origin::Origin,
        state::{Event, Pane, left::Left, shells::layout::Axis},
        testing::Bench,
        tests::{
            origins::{node, place},
            shells,
        },
        update::{Changed, Page, ShellUpdate, Update},
    },
    ssm::{self, CommandStatus},
};

fn prod_nodes() -> Vec<ssm::InstanceInformation> {
    vec![node(1, "web-1"), node(2, "web-2"), node(3, "web-3")]
}

fn stage_nodes() -> Vec<ssm::InstanceInformation> {
    vec![node(4, "db-1"), node(5, "db-2")]
}

/// Looks at production and at `stage`, one side each, side by side or one over the other by the room there is. Stage, at the
/// second place, has the keys.
pub(super) fn two() -> (Bench, [Origin; 2]) {
    let prod = Place { accent: Some("production".to_owned()), ..place("prod/eu-west-1") };
    let mut bench = Bench::at(Settings::default(), vec![prod, place("stage")]);
    let [prod, stage] = bench.state.origins.scope()[..] else { panic!() };
    for (origin, nodes) in [(prod, prod_nodes()), (stage, stage_nodes())] {
        bench.connect(origin);
        bench.answer_of(origin, Source::Nodes, Page::Nodes(nodes));
    }
    bench.say("scope prod/eu-west-1");
    bench.press("\\ \\");
    bench.say("scope stage");
    bench.connect(stage);
    bench.answer_of(stage, Source::Nodes, Page::Nodes(stage_nodes()));
    (bench, [prod, stage])
}

fn shown(bench: &Bench) -> Vec<&str> {
    let rows = (0..bench.state.fleet.shown()).filter_map(|row| bench.state.fleet.row(row));
    rows.map(|node| node.name.as_str()).collect()
}

fn asked(bench: &Bench, source: Source) -> Vec<Origin> {
    let asked = bench.fx.iter().filter_map(|effect| match effect {
        Effect::Ask { query, epoch } if query.source() == Some(source) => Some(epoch.origin),
        _ => None,
    });
    asked.collect()
}

/// A list above, a shell on its second node below.
pub(super) fn list_and_shell() -> Bench {
    let mut bench = shells::three();
    bench.press("ctrl-g 1");
    bench.press("\\ \\");
    bench.screen(80, 24);
    bench.fx.clear();
    bench
}

#[test]
fn each_side_has_a_scope_and_shows_no_row_of_another() {
    let (mut bench, [prod, stage]) = two();
    assert_eq!(shown(&bench), ["db-1", "db-2"]);
    assert_eq!((bench.state.origins.scope(), bench.state.origins.beside()), (&[stage][..], &[prod][..]));
    assert_eq!((bench.state.fleet.total(), bench.state.fleet.nodes().len()), (2, 5), "what is fetched is all of it");
    bench.press("ctrl-o");
    assert_eq!(shown(&bench), ["web-1", "web-2", "web-3"]);
    for (width, height) in [(40, 10), (80, 24), (200, 60)] {
        let screen = bench.screen(width, height);
        assert_eq!(screen.contains("db-1"), width >= 80, "{screen}");
        insta::assert_snapshot!(format!("two_fleets_{width}x{height}"), screen);
    }
    // Where two fleets are on the screen, a question says whose nodes it is about.
    bench.press("a r");
    bench.type_text("uptime");
    bench.press("ctrl-s");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("prod/eu-west-1: web-1 (") && screen.contains("prod/eu-west-1: web-3 ("), "{screen}");
    bench.press("n esc y u");
    // What neither looks at is left; what the other one looks at is not.
    bench.fx.clear();
    bench.say("scope stage");
    let left: Vec<_> = bench.fx.iter().filter(|effect| matches!(effect, Effect::Leave(_))).collect();
    assert!(matches!(left[..], [Effect::Leave(origin)] if *origin == prod), "{left:?}");
    assert_eq!(shown(&bench), ["db-1", "db-2"]);
    bench.press("\\ \\");
    assert_eq!(shown(&bench), ["db-1", "db-2"]);
    assert!(!bench.state.split.is_open());
}

#[test]
fn a_cursor_a_filter_an_order_and_marks_are_those_of_a_side() {
    let mut bench = Bench::new(false);
    bench.answer(Source::Nodes, Page::Nodes(prod_nodes()));
    bench.press("down space");
    bench.press("\\ \\");
    assert_eq!(bench.state.fleet.marked_count(), 0, "marks are targets, and stay where they were set");
    bench.press("/");
    bench.type_text("web-3");
    bench.press("enter a ~");
    assert_eq!((shown(&bench), bench.state.fleet.marked()), (vec!["web-3"], vec!["mi-00000000000000003".into()]));
    bench.press("f6");
    assert_eq!((shown(&bench), bench.state.fleet.cursor.at), (vec!["web-1", "web-2", "web-3"], 2));
    assert_eq!(bench.state.fleet.marked(), ["mi-00000000000000002"]);
    // A command is for the marks of the side that has the keys.
    bench.press("r");
    bench.type_text("uptime");
    bench.press("ctrl-s y");
    let changes = bench.changes();
    let [Change::Send(send)] = changes[..] else { panic!("{changes:?}") };
    assert_eq!(send.instance_ids, ["mi-00000000000000002"]);
    // The row it was on is gone, and those below moved up: marks and cursors of both sides stay on their nodes.
    bench.press("esc esc");
    bench.press("ctrl-r");
    bench.answer(Source::Nodes, Page::Nodes(vec![node(2, "web-2"), node(3, "web-3")]));
    assert_eq!((bench.state.fleet.cursor.at, bench.state.fleet.marked_count()), (1, 1));
    bench.press("f6");
    assert_eq!((shown(&bench), bench.state.fleet.marked()), (vec!["web-3"], vec!["mi-00000000000000003".into()]));
}

#[test]
fn what_both_sides_show_is_fetched_once() {
    let mut bench = Bench::new(false);
    bench.answer(Source::Nodes, Page::Nodes(prod_nodes()));
    bench.press("\\ \\");
    bench.screen(80, 24);
    bench.fx.clear();
    bench.wait(60_000);
    assert_eq!(asked(&bench, Source::Nodes).len(), 1);
    bench.answer(Source::Nodes, Page::Nodes(vec![node(7, "new-1")]));
    assert_eq!(shown(&bench), ["new-1"]);
    bench.press("ctrl-o");
    assert_eq!(shown(&bench), ["new-1"]);
    // Each side may look at something of its own closely, and gets its own answer.
    bench.press("3");
    let command = |id: &str| ssm::Command {
        command_id: Some(id.to_owned()),
        status: Some(CommandStatus::Success),
        ..Default::default()
    };
    bench.answer(Source::Commands, Page::Commands(vec![command("a"), command("b")]));
    bench.press("enter");
    let (_, first) = bench.asked(Source::Invocations).unwrap();
    bench.press("ctrl-o 3 down enter");
    let (_, second) = bench.asked(Source::Invocations).unwrap();
    assert!(first.side != second.side, "one does not end the other");
    let invocation = |node: &str| ssm::CommandInvocation { instance_id: Some(node.to_owned()), ..Default::default() };
    for (epoch, node) in [(first, "mi-of-a"), (second, "mi-of-b")] {
        let page = Page::Invocations(vec![invocation(node)]);
        bench.apply(Update::Page { source: Source::Invocations, epoch, page });
        bench.apply(Update::End { source: Source::Invocations, epoch, result: Ok(()) });
    }
    let results = |bench: &Bench| {
        let results = bench.state.commands.results.as_ref().unwrap();
        (results.id.clone(), results.invocations.iter().map(|i| i.node.clone()).collect::<Vec<_>>())
    };
    assert_eq!(results(&bench), ("b".to_owned(), vec!["mi-of-b".to_owned()]));
    bench.press("ctrl-o");
    assert_eq!(results(&bench), ("a".to_owned(), vec!["mi-of-a".to_owned()]));
    // Once a side is closed, nobody is asked for it and nothing of it is taken.
    bench.press("\\ \\");
    assert!(bench.fx.iter().any(|effect| matches!(effect, Effect::LeaveSide(side) if *side == second.side)));
    let page = Page::Invocations(vec![invocation("mi-late")]);
    bench.apply(Update::Page { source: Source::Invocations, epoch: second, page });
    assert_eq!(results(&bench).1, ["mi-of-a"]);
}

fn parameters(names: &[&str]) -> Page {
    let named = |name: &&str| ssm::ParameterMetadata { name: Some((*name).to_owned()), ..Default::default() };
    Page::Parameters(names.iter().map(named).collect())
}

fn known(bench: &Bench) -> Vec<&str> {
    bench.state.parameters.names().collect()
}

#[test]
fn parameters_that_both_sides_show_are_fetched_once() {
    let mut bench = Bench::new(false);
    bench.answer(Source::Nodes, Page::Nodes(prod_nodes()));
    bench.press("4");
    bench.answer(Source::Parameters, parameters(&["/a/x", "/b/y"]));
    bench.fx.clear();
    bench.press("\\ \\");
    let screen = bench.screen(200, 30);
    assert_eq!((screen.matches("▾ /a/").count(), known(&bench)), (2, vec!["/a/x", "/b/y"]), "{screen}");
    bench.wait(100_000);
    assert_eq!(asked(&bench, Source::Parameters).len(), 1);
    bench.answer(Source::Parameters, parameters(&["/c/z"]));
    let screen = bench.screen(200, 30);
    assert!(screen.matches("▸ /c/").count() == 2 && !screen.contains("/a/"), "{screen}");
    // How they are looked at is each side's own.
    bench.press("/");
    bench.type_text("nothing like it");
    bench.press("enter ctrl-o");
    assert!(!bench.state.parameters.lens.is_filtered() && bench.state.parameters.rows().len() == 1);
    // What is on its way when a side is closed comes all the same.
    bench.fx.clear();
    bench.press("ctrl-r");
    assert_eq!(asked(&bench, Source::Parameters).len(), 1);
    bench.press("ctrl-o \\ \\");
    bench.answer(Source::Parameters, parameters(&["/d/new"]));
    assert_eq!(known(&bench), ["/d/new"]);
}

#[test]
fn each_side_has_the_parameters_of_its_origin_and_they_meet() {
    let (mut bench, [prod, stage]) = two();
    bench.press("4");
    bench.press("ctrl-o 4");
    bench.answer_of(stage, Source::Parameters, parameters(&["/stage/one"]));
    bench.answer_of(prod, Source::Parameters, parameters(&["/prod/one"]));
    assert_eq!((bench.state.parameters.origin, known(&bench)), (prod, vec!["/prod/one"]));
    bench.fx.clear();
    bench.say("scope stage");
    assert_eq!((bench.state.parameters.origin, known(&bench)), (stage, vec!["/stage/one"]));
    assert_eq!(asked(&bench, Source::Parameters), [], "the other side has them");
    bench.say("scope prod/eu-west-1");
    bench.connect(prod);
    assert_eq!(asked(&bench, Source::Parameters), [prod]);
    bench.answer_of(prod, Source::Parameters, parameters(&["/prod/two"]));
    assert_eq!(known(&bench), ["/prod/two"]);
    bench.press("ctrl-o");
    assert_eq!((bench.state.parameters.origin, known(&bench)), (stage, vec!["/stage/one"]));
}

#[test]
fn a_list_stands_above_a_shell_and_goes_on() {
    let mut bench = list_and_shell();
    assert_eq!((bench.state.pane, bench.state.split.other_pane()), (Pane::Shell, Some(Pane::Fleet)));
    for (width, height) in [(40, 10), (80, 24), (200, 60)] {
        insta::assert_snapshot!(format!("list_and_shell_{width}x{height}"), bench.screen(width, height));
    }
    bench.screen(80, 24);
    bench.fx.clear();
    bench.press("l s");
    let typed = bench.fx.iter().filter(|effect| matches!(effect, Effect::ShellInput { .. })).count();
    assert_eq!(typed, 2, "keys go to the shell");
    // The list is fetched although the shell has the keys, and nobody asks for its nodes one by one as well.
    bench.wait(60_000);
    assert_eq!((asked(&bench, Source::Nodes).len(), asked(&bench, Source::Watched).len()), (1, 0));
    bench.answer(Source::Nodes, Page::Nodes(vec![node(8, "fresh-1")]));
    assert!(bench.screen(80, 24).contains("fresh-1"));
    // Away from the shells the list has the keys, and they stay where they are.
    bench.press("ctrl-g d");
    assert_eq!((bench.state.pane, bench.state.split.other_pane()), (Pane::Fleet, Some(Pane::Shell)));
    // What comes from a node is seen, and so is no news.
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Output });
    assert!(!bench.state.shells.tab(3).unwrap().news);
    // The next shell opens where the shells are.
    bench.press("s");
    assert_eq!((bench.state.pane, bench.state.split.other_pane()), (Pane::Shell, Some(Pane::Fleet)));
    assert_eq!(bench.state.shells.tabs.len(), 4);
    bench.press("ctrl-g o");
    assert_eq!(bench.state.pane, Pane::Fleet);
    bench.press("5");
    assert_eq!((bench.state.pane, bench.state.split.other_pane()), (Pane::Shell, Some(Pane::Fleet)));
    // All of the screen is theirs while one wants it.
    bench.press("ctrl-g f");
    assert!(!bench.screen(80, 24).contains("fresh-1"));
    bench.press("ctrl-g f");
    assert!(bench.screen(80, 24).contains("fresh-1"));
}

#[test]
fn a_command_leads_to_where_the_commands_are() {
    let mut bench = Bench::new(false);
    bench.answer(Source::Nodes, Page::Nodes(prod_nodes()));
    bench.say("split commands");
    assert_eq!(bench.state.pane, Pane::Commands);
    bench.press("ctrl-o");
    bench.screen(80, 24);
    let changed = Changed::Sent { commands: vec!["cmd-1".to_owned()], trouble: None };
    bench.apply(Update::Changed(Origin::default(), Ok(changed), None));
    assert_eq!(bench.state.pane, Pane::Fleet, "keys go where they went");
    bench.press("ctrl-o");
    assert_eq!(bench.state.commands.results.as_ref().map(|results| results.id.as_str()), Some("cmd-1"));
}

#[test]
fn sides_are_turned_swapped_and_given_room() {
    let mut bench = list_and_shell();
    let axis = |bench: &mut Bench, width| {
        bench.screen(width, 40);
        bench.state.sides_seen()
    };
    assert_eq!(axis(&mut bench, 80).map(|(axis, _)| axis), Some(Axis::Rows));
    assert_eq!(axis(&mut bench, 200).map(|(axis, _)| axis), Some(Axis::Columns));
    bench.press("ctrl-g o \\ t ctrl-o");
    let (turned, before) = axis(&mut bench, 200).unwrap();
    assert_eq!(turned, Axis::Rows);
    bench.press("ctrl-g o \\ s ctrl-o");
    let (_, after) = axis(&mut bench, 200).unwrap();
    assert!(before.1 < after.1, "the list is below now");
    bench.press("ctrl-g o \\ s alt-up ctrl-o");
    let (_, smaller) = axis(&mut bench, 200).unwrap();
    assert!(smaller.3 < before.3, "{smaller:?} {before:?}");
    bench.press("ctrl-g o");
    for _ in 0..40 {
        bench.press("alt-down");
    }
    bench.press("ctrl-o");
    let (_, larger) = axis(&mut bench, 200).unwrap();
    assert!(larger.3 > before.3 && larger.3 < 37, "the shell is still seen: {larger:?}");
}

#[test]
fn the_mouse_says_which_side_has_the_keys_and_moves_the_edge() {
    let mut bench = list_and_shell();
    let mouse = |bench: &mut Bench, kind, column, row| {
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        bench.state.feed(Event::Mouse(event), bench.now, &mut bench.fx);
        bench.screen(80, 24);
    };
    let left = MouseButton::Left;
    let line = |bench: &mut Bench, what: &str| {
        let screen = bench.screen(80, 24);
        u16::try_from(screen.lines().position(|line| line.contains(what)).unwrap()).unwrap()
    };
    let row = line(&mut bench, "web-3");
    mouse(&mut bench, MouseEventKind::ScrollDown, 5, row);
    assert_eq!(bench.state.pane, Pane::Shell, "the wheel moves what is under it, and the keys stay");
    mouse(&mut bench, MouseEventKind::Down(left), 5, row);
    assert_eq!((bench.state.pane, bench.state.fleet.cursor.at), (Pane::Fleet, 2));
    assert!(bench.state.node_view.is_none());
    mouse(&mut bench, MouseEventKind::Down(left), 5, row);
    assert!(bench.state.node_view.is_some(), "the second click opens, as anywhere");
    bench.press("esc");
    bench.screen(80, 24);
    let edge = bench.state.sides_seen().unwrap().1.1;
    mouse(&mut bench, MouseEventKind::Down(left), 5, edge);
    mouse(&mut bench, MouseEventKind::Drag(left), 5, edge + 3);
    mouse(&mut bench, MouseEventKind::Up(left), 5, edge + 3);
    assert_eq!(bench.state.pane, Pane::Shell);
    bench.press("ctrl-g o");
    bench.screen(80, 24);
    assert_eq!(bench.state.sides_seen().unwrap().1.1, edge + 3);
}

#[test]
fn where_there_is_no_room_one_side_is_seen_and_the_other_rests() {
    let mut bench = list_and_shell();
    for (width, height) in [(79, 24), (80, 19), (40, 10)] {
        let screen = bench.screen(width, height);
        assert!(!screen.contains("web-1 ") || !screen.contains("Platform"), "{screen}");
        assert!(screen.contains("⇆ Fleet"), "{screen}");
        assert!(bench.ascii(width, height).contains("<> Fleet"));
    }
    bench.fx.clear();
    bench.wait(120_000);
    assert_eq!(asked(&bench, Source::Nodes), [], "what nobody sees is not fetched");
    bench.press("ctrl-g o");
    assert_eq!(bench.state.pane, Pane::Fleet);
    assert_eq!(asked(&bench, Source::Nodes).len(), 1);
    bench.screen(80, 24);
    assert!(bench.screen(80, 24).contains("Shell"));
}

#[test]
fn how_the_screen_was_split_is_there_next_time() {
    let (mut bench, _) = two();
    bench.press("/");
    bench.type_text("db-2");
    bench.press("enter");
    bench.press("\\ t");
    let left: Left = serde_json::from_str(&serde_json::to_string(&bench.state.left()).unwrap()).unwrap();
    let again = |places: Vec<Place>| {
        let mut bench = Bench::at(Settings::default(), places);
        bench.state.resume(left.clone());
        let scope = |scope: &[Origin], bench: &Bench| -> Vec<String> {
            scope.iter().map(|origin| bench.state.origins.label(*origin).to_owned()).collect()
        };
        let (here, there) = (scope(bench.state.origins.scope(), &bench), scope(bench.state.origins.beside(), &bench));
        (bench, here, there)
    };
    let (mut bench, here, there) = again(vec![place("prod/eu-west-1"), place("stage")]);
    assert_eq!((here, there), (vec!["stage".to_owned()], vec!["prod/eu-west-1".to_owned()]));
    assert_eq!(bench.state.fleet.filter.text(), "db-2");
    assert_eq!(bench.state.split.axis, Some(Axis::Columns));
    let mut fx = Vec::new();
    bench.state.connect(&mut fx);
    assert_eq!(fx.iter().filter(|effect| matches!(effect, Effect::Connect { .. })).count(), 2);
    bench.press("ctrl-o");
    assert_eq!(bench.state.fleet.filter.text(), "");
    // Of what the sides looked at counts what is looked at now.
    let (_, here, there) = again(vec![place("stage"), place("dev")]);
    assert_eq!((here.len(), there.len()), (2, 2));
    // Shells are not there next time; the place for them is.
    let bench = list_and_shell();
    let left = bench.state.left();
    assert_eq!((left.pane.as_str(), left.split.as_ref().map(|split| split.pane.as_str())), ("Fleet", Some("Shell")));
    let mut bench = Bench::new(false);
    bench.state.resume(left);
    assert_eq!((bench.state.pane, bench.state.split.other_pane()), (Pane::Fleet, Some(Pane::Shell)));
}

#[test]
fn the_theme_of_a_place_goes_with_the_side_that_looks_at_it() {
    let policy = Policy { pattern: "prod*".to_owned(), theme: Some("mono".to_owned()), ..Policy::default() };
    let settings = Settings { policies: vec![policy], ..Settings::default() };
    let mut bench = Bench::at(settings.clone(), vec![place("prod/eu-west-1"), place("stage")]);
    bench.state.set_scope(&["prod/eu-west-1".to_owned()], &mut bench.fx);
    bench.press("\\ \\");
    assert_eq!(bench.state.theme, "mono");
    bench.state.set_scope(&["stage".to_owned()], &mut bench.fx);
    assert_eq!(bench.state.theme, "dark");
    bench.press("ctrl-o");
    assert_eq!(bench.state.theme, "mono");
    let left = bench.state.left();
    bench.press("\\ s");
    assert_eq!(bench.state.theme, "mono", "the keys stay where they were");
    bench.press("ctrl-o");
    assert_eq!(bench.state.theme, "dark");
    bench.press("\\ 1");
    assert_eq!(bench.state.theme, "dark");
    let mut bench = Bench::at(settings, vec![place("prod/eu-west-1"), place("stage")]);
    bench.state.resume(left);
    assert_eq!(bench.state.theme, "mono");
    bench.press("ctrl-o");
    assert_eq!(bench.state.theme, "dark");
    // What is chosen while one looks stays as long as one looks at the same.
    bench.state.theme = "light".to_owned();
    bench.press("\\ t");
    assert_eq!(bench.state.theme, "light");
}

#[test]
fn a_secret_is_hidden_when_the_keys_go_elsewhere() {
    let mut bench = Bench::new(false);
    bench.press("4");
    let listed = ssm::ParameterMetadata {
        name: Some("/db/password".to_owned()),
        r#type: Some(ssm::ParameterType::SecureString),
        version: Some(7),
        ..Default::default()
    };
    bench.answer(Source::Parameters, Page::Parameters(vec![listed]));
    bench.press("end");
    bench.wait(1_000);
    bench.press("s");
    let value = ssm::Parameter {
        name: Some("/db/password".to_owned()),
        r#type: Some(ssm::ParameterType::SecureString),
        value: Some("hunter2".to_owned().into()),
        version: Some(7),
        ..Default::default()
    };
    bench.answer(Source::Value, Page::Value(value.into()));
    assert!(bench.screen(120, 30).contains("hunter2"));
    bench.press("\\ \\");
    assert!(!bench.screen(120, 40).contains("hunter2"));
    bench.press("ctrl-o");
    assert!(!bench.screen(120, 40).contains("hunter2"));
}

#[test]
fn an_idle_side_does_not_wake_the_loop_more_often() {
    let wakes = |bench: &mut Bench| {
        bench.screen(80, 24);
        bench.fx.clear();
        let (mut wakes, end) = (0, bench.now.plus(Duration::from_secs(300)));
        while bench.state.deadline() <= end {
            let next = bench.state.deadline();
            bench.wait(u64::try_from(next.since(bench.now).as_millis()).unwrap());
            wakes += 1;
            if std::mem::take(&mut bench.state.dirty) {
                bench.screen(80, 24);
            }
        }
        wakes
    };
    let quiet = || {
        let mut bench = Bench::with(Settings { refresh: 86_400, ..Settings::default() }, false);
        bench.answer(Source::Nodes, Page::Nodes(prod_nodes()));
        bench
    };
    let alone = wakes(&mut quiet());
    let mut bench = quiet();
    bench.say("split forwards");
    assert!(wakes(&mut bench) <= alone, "{alone}");
    let mut bench = quiet();
    bench.press("\\ \\");
    assert!(wakes(&mut bench) <= alone, "{alone}");
    let offered = bench.state.offered().iter().any(|entry| entry.action == Action::OtherSide);
    assert!(offered);
}

/// Something that happens to two sides that look at three places.
#[derive(Clone, Debug)]
enum Step {
    Act(Action),
    Scope(usize),
    Nodes { origin: usize, first: usize, count: usize },
    Draw(u16, u16),
    Type(usize),
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let acts = vec![
        Action::Split,
        Action::OtherSide,
        Action::OtherSide,
        Action::SwapSides,
        Action::TurnSplit,
        Action::OnlySide,
        Action::Mark,
        Action::MarkAll,
        Action::CursorDown,
        Action::CursorBottom,
        Action::SortReverse,
        Action::PaneFleet,
        Action::PaneCompliance,
        Action::PaneSessions,
        Action::Open,
        Action::Back,
        Action::Refresh,
        Action::Scan,
    ];
    prop_oneof![
        8 => prop::sample::select(acts).prop_map(Step::Act),
        2 => (0usize..7).prop_map(Step::Scope),
        4 => (0usize..3, 0usize..4, 0usize..4).prop_map(|(origin, first, count)| Step::Nodes { origin, first, count }),
        1 => prop::sample::select(vec![(80, 24), (200, 60), (40, 10)]).prop_map(|(width, height)| Step::Draw(width, height)),
        1 => (0usize..3).prop_map(Step::Type),
        1 => Just(Step::Wait),
    ]
}

/// What is wrong with the side in front, if something is.
fn fault(bench: &Bench) -> Result<(), String> {
    let (state, fleet) = (&bench.state, &bench.state.fleet);
    let own = |origin: Origin| state.origins.has(origin);
    if let Some(node) = (0..fleet.shown()).filter_map(|row| fleet.row(row)).find(|node| !own(node.origin)) {
        return Err(format!("{} is of another side", node.name));
    }
    if let Some(id) = fleet.marked().into_iter().find(|id| fleet.node(id).is_none_or(|node| !own(node.origin))) {
        return Err(format!("{id:?} is marked and not there"));
    }
    if fleet.shown() > 0 && fleet.cursor.at >= fleet.shown() {
        return Err(format!("the cursor is at {} of {}", fleet.cursor.at, fleet.shown()));
    }
    let counted = fleet.own().count();
    if fleet.total() != counted || fleet.filter.text().is_empty() && fleet.shown() != counted {
        return Err(format!("{} shown of {}, and {counted} there", fleet.shown(), fleet.total()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_side_shows_what_it_looks_at_whatever_happens_on_the_other(
        steps in proptest::collection::vec(step(), 1..50),
    ) {
        let places: Vec<Place> = ["a", "b", "c"].map(place).to_vec();
        let mut bench = Bench::at(Settings::default(), places);
        let origins = bench.state.origins.scope().to_vec();
        origins.iter().for_each(|origin| bench.connect(*origin));
        for step in steps {
            match step {
                Step::Act(action) => {
                    bench.state.act(action, &mut bench.fx);
                    bench.state.settle(&mut bench.fx);
                }
                Step::Scope(which) => {
                    let names = ["a", "b", "c"].into_iter().enumerate().filter(|(at, _)| (which + 1) >> at & 1 == 1);
                    let names: Vec<String> = names.map(|(_, name)| name.to_owned()).collect();
                    bench.state.set_scope(&names, &mut bench.fx);
                    bench.state.settle(&mut bench.fx);
                }
                Step::Nodes { origin, first, count } => {
                    let nodes = (first..first + count).map(|n| node(10 * origin + n, &format!("web-{n}"))).collect();
                    if bench.asked_of(origins[origin], Source::Nodes).is_some() {
                        bench.answer_of(origins[origin], Source::Nodes, Page::Nodes(nodes));
                    }
                }
                Step::Draw(width, height) => drop(bench.screen(width, height)),
                Step::Type(n) => {
                    bench.state.fleet.set_filter(["", "web-1", "nothing"][n]);
                    bench.state.settle(&mut bench.fx);
                }
                Step::Wait => bench.wait(20_000),
            }
            bench.state.overlays.clear();
            prop_assert_eq!(fault(&bench), Ok(()));
            if bench.state.shows_both() {
                bench.state.turn();
                let there = fault(&bench);
                bench.state.turn();
                prop_assert_eq!(there, Ok(()));
            }
        }
        // Alone again, a side has all it looks at.
        bench.state.act(Action::OnlySide, &mut bench.fx);
        bench.state.settle(&mut bench.fx);
        prop_assert_eq!(fault(&bench), Ok(()));
        prop_assert!(bench.state.fleet.nodes().iter().all(|node| bench.state.origins.has(node.origin)));
    }
}
