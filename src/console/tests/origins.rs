//! Several origins at once: one list of all, each asked, refused and failing for itself.

use proptest::prelude::*;

use crate::{
    config::{
        aws::AwsFiles,
        place::{Place, Policy},
        settings::Settings,
    },
    console::{
        action::{Action, Kind},
        effect::{Change, Effect, Source},
        origin::{NodeId, Origin},
        state::{
            Pane,
            fleet::Column,
            left::{Left, Row},
            overlay::Overlay,
            shells::Phase,
        },
        testing::Bench,
        update::{Changed, Fault, Page, Trouble, Update},
    },
    ssm::{self, CommandStatus, PingStatus, SessionStatus, Timestamp},
};

pub fn place(name: &str) -> Place {
    Place { name: name.to_owned(), ..Place::default() }
}

pub fn node(n: usize, name: &str) -> ssm::InstanceInformation {
    ssm::InstanceInformation {
        instance_id: Some(format!("mi-{n:017}")),
        computer_name: Some(name.to_owned()),
        ping_status: Some(PingStatus::Online),
        platform_name: Some("Debian GNU/Linux".to_owned()),
        ..Default::default()
    }
}

/// Looks at `prod/eu-west-1`, which is read-only if that is said, and at `stage`; each has two nodes.
fn two(read_only: bool) -> (Bench, [Origin; 2]) {
    let prod = Place { read_only, accent: Some("production".to_owned()), ..place("prod/eu-west-1") };
    let mut bench = Bench::at(Settings::default(), vec![prod, place("stage")]);
    let [prod, stage] = bench.state.origins.scope()[..] else { panic!() };
    bench.connect(prod);
    bench.connect(stage);
    bench.answer_of(prod, Source::Nodes, Page::Nodes(vec![node(1, "web-1"), node(2, "web-2")]));
    bench.answer_of(stage, Source::Nodes, Page::Nodes(vec![node(3, "web-1"), node(4, "db-1")]));
    (bench, [prod, stage])
}

fn expired() -> Trouble {
    let what = "ExpiredToken: The security token included in the request is expired";
    Trouble { fault: Some(Fault::Credentials), ..Trouble::new(what, Some("Sign in again.")) }
}

fn shown(bench: &Bench) -> Vec<(&str, &str)> {
    let rows = (0..bench.state.fleet.shown()).filter_map(|row| bench.state.fleet.row(row));
    rows.map(|node| (node.name.as_str(), &*node.origin_label)).collect()
}

#[test]
fn two_origins_are_one_list() {
    let (mut bench, _) = two(true);
    assert_eq!(
        shown(&bench),
        [("db-1", "stage"), ("web-1", "prod/eu-west-1"), ("web-1", "stage"), ("web-2", "prod/eu-west-1")]
    );
    bench.press("/");
    bench.type_text("origin:stage web");
    bench.press("enter");
    assert_eq!(shown(&bench), [("web-1", "stage")]);
    for (width, height) in [(40, 10), (80, 24), (200, 60)] {
        let (mut bench, _) = two(true);
        insta::assert_snapshot!(format!("two_origins_{width}x{height}"), bench.screen(width, height));
    }
}

#[test]
fn what_ails_one_origin_is_said_and_the_others_rows_stay() {
    let (mut bench, [prod, stage]) = two(false);
    bench.wait(20_000);
    bench.fail_of(prod, Source::Nodes, expired());
    bench.answer_of(stage, Source::Nodes, Page::Nodes(vec![node(3, "web-1"), node(5, "new-1")]));
    assert_eq!(shown(&bench).iter().filter(|(_, origin)| *origin == "stage").count(), 2);
    assert_eq!(
        shown(&bench).iter().filter(|(_, origin)| *origin == "prod/eu-west-1").count(),
        2,
        "what was known stays"
    );
    insta::assert_snapshot!("an_origin_in_trouble_80x24", bench.screen(80, 24));
    bench.wait(20_000);
    bench.answer_of(prod, Source::Nodes, Page::Nodes(vec![node(1, "web-1")]));
    assert!(bench.state.troubles().is_empty());
    assert!(!bench.screen(80, 24).contains("ExpiredToken"));
}

#[test]
fn an_origin_that_cannot_be_reached_is_tried_again_when_asked() {
    let mut bench = Bench::at(Settings::default(), vec![place("a"), place("b")]);
    let [a, b] = bench.state.origins.scope()[..] else { panic!() };
    bench.connect(a);
    bench.answer_of(a, Source::Nodes, Page::Nodes(vec![node(1, "web-1")]));
    bench.apply(Update::Unreachable(b, Trouble::new("there is no profile b", None)));
    assert!(bench.screen(80, 24).contains("b: there is no profile b"));
    bench.fx.clear();
    bench.press("ctrl-r");
    let tried = bench.fx.iter().filter_map(|effect| match effect {
        Effect::Connect { origin, .. } => Some(*origin),
        _ => None,
    });
    assert_eq!(tried.collect::<Vec<_>>(), [b]);
}

#[test]
fn what_failed_in_an_origin_and_what_it_throttles_is_told_as_its_own() {
    let gone = Place { when_gone: Some("Start stage again.".to_owned()), ..place("stage") };
    let mut bench = Bench::at(Settings::default(), vec![place("prod"), gone]);
    let [prod, stage] = bench.state.origins.scope()[..] else { panic!() };
    bench.connect(prod);
    bench.connect(stage);
    let cut = || Trouble { fault: Some(Fault::Way), ..Trouble::new("cannot reach it", Some("Is it running?")) };
    bench.apply(Update::FailedIn(stage, cut()));
    let told: Vec<_> = bench.state.notices.all().map(crate::console::state::notices::Notice::whole).collect();
    assert!(told[0].contains("stage: cannot reach it") && told[0].ends_with("Start stage again."), "{told:?}");
    let throttle = |seconds| Some(("ListCommands".to_owned(), std::time::Duration::from_secs(seconds)));
    bench.apply(Update::Throttled(prod, throttle(9)));
    bench.apply(Update::Throttled(stage, throttle(3)));
    assert!(bench.screen(100, 24).contains("prod: ListCommands throttled, next in 9 s"));
    bench.apply(Update::Throttled(prod, None));
    assert!(bench.screen(100, 24).contains("stage: ListCommands throttled, next in 3 s"));
}

#[test]
fn a_node_that_no_list_has_is_sent_to_where_it_is_said_to_be() {
    let send = |targets: &str| {
        let (mut bench, _) = two(false);
        bench.press("3 n");
        bench.type_text("uptime");
        bench.press("tab");
        bench.type_text(targets);
        bench.press("ctrl-s");
        bench
    };
    let id = "mi-0123456789abcdef0";
    let problem = |bench: Bench| match bench.state.overlays.last() {
        Some(Overlay::Form(form)) => form.problem.clone().unwrap_or_default(),
        other => panic!("{other:?}"),
    };
    assert_eq!(problem(send(id)), format!("{id} is not listed: say in which origin it is, as {id}@prod/eu-west-1"));
    let nowhere = send(&format!("{id}@nowhere"));
    assert_eq!(problem(nowhere), "no origin that is looked at is called nowhere");
    let mut bench = send(&format!("{id}@stage"));
    bench.press("y");
    let sent = bench.fx.iter().find_map(|effect| match effect {
        Effect::Change(confirmed) => Some((confirmed.origin(), confirmed.change().clone())),
        _ => None,
    });
    let stage = bench.state.origins.scope()[1];
    let Some((origin, Change::Send(send))) = sent else { panic!("{sent:?}\n{}", bench.screen(120, 30)) };
    assert_eq!((origin, send.instance_ids), (stage, vec![id.to_owned()]));
}

#[test]
fn shells_on_nodes_of_one_name_say_where_they_are() {
    let (mut bench, _) = two(false);
    let rows = (0..bench.state.fleet.shown()).filter(|row| bench.state.fleet.row(*row).unwrap().name == "web-1");
    for row in rows.collect::<Vec<_>>() {
        bench.press("1");
        bench.state.fleet.cursor.at = row;
        bench.press("s");
        assert!(matches!(bench.state.pane, Pane::Shell));
        bench.press("ctrl-g d");
    }
    for way in ["5", "ctrl-g w"] {
        bench.press(way);
        let screen = bench.screen(120, 30);
        assert!(["web-1@prod/eu-west-1", "web-1 (2)@stage"].iter().all(|tab| screen.contains(tab)), "{screen}");
    }
}

#[test]
fn a_command_on_nodes_of_two_origins_is_one_for_each() {
    let (mut bench, [prod, stage]) = two(false);
    bench.press("a r");
    bench.type_text("uptime");
    bench.press("ctrl-s");
    insta::assert_snapshot!("a_command_in_two_origins_80x24", bench.screen(80, 24));
    bench.press("y");
    let sent = bench.fx.iter().filter_map(|effect| match effect {
        Effect::Change(confirmed) => match confirmed.change() {
            Change::Send(send) => Some((confirmed.origin(), send.instance_ids.len())),
            other => panic!("{other:?}"),
        },
        _ => None,
    });
    assert_eq!(sent.collect::<Vec<_>>(), [(prod, 2), (stage, 2)]);
    // Neither of the two commands pushes itself before the other; both are in the history.
    let command = |id: &str| ssm::Command {
        command_id: Some(id.to_owned()),
        status: Some(CommandStatus::Success),
        ..Default::default()
    };
    for (origin, id) in [(prod, "c"), (stage, "c")] {
        bench.apply(Update::Changed(origin, Ok(Changed::Sent { commands: vec![id.to_owned()], trouble: None }), None));
        bench.answer_of(origin, Source::Commands, Page::Commands(vec![command(id)]));
    }
    assert_eq!(bench.state.pane, Pane::Commands);
    assert!(bench.state.commands.results.is_none());
    assert_eq!(bench.state.commands.list.len(), 2, "the same id in two origins is two commands");
    bench.press("j enter");
    let opened = bench.state.commands.results.as_ref().unwrap().origin;
    assert_eq!(bench.state.commands.opened().unwrap().origin, opened);
    assert!(bench.asked_of(opened, Source::Invocations).is_some());
}

#[test]
fn nodes_of_a_read_only_origin_are_left_out_in_words() {
    let (mut bench, [_, stage]) = two(true);
    bench.press("a r");
    bench.type_text("uptime");
    bench.press("ctrl-t");
    let told = "left out, read-only: prod/eu-west-1 (2 nodes)";
    let screen = bench.screen(80, 24);
    assert!(screen.contains(told) && screen.contains("on 2 nodes"), "{screen}");
    let Some(Overlay::Plan(plan)) = bench.state.overlays.last() else { panic!("a plan is shown") };
    assert_eq!(bench.state.shown_line(plan).matches("aws ssm send-command").count(), 1);
    bench.press("esc ctrl-s");
    assert!(bench.screen(80, 24).contains(told));
    bench.press("y");
    assert_eq!(bench.changes().len(), 1);
    let origins = bench.fx.iter().filter_map(Effect::changed).collect::<Vec<_>>();
    assert_eq!(origins, [stage]);
}

#[test]
fn the_least_of_the_origins_numbers_has_the_count_typed() {
    let prod = Place { confirm_above: Some(0), ..place("prod") };
    let mut bench = Bench::at(Settings::default(), vec![prod]);
    bench.connect(Origin::default());
    bench.answer(Source::Nodes, Page::Nodes(vec![node(1, "web-1")]));
    bench.press("r");
    bench.type_text("uptime");
    bench.press("ctrl-s y enter");
    assert_eq!(bench.changes().len(), 0);
    bench.press("backspace");
    bench.type_text("web-1");
    bench.press("enter");
    assert_eq!(bench.changes().len(), 1, "of one node the name is typed");
}

/// [`two`], where `stage` lists `web-1` of production too: two profiles that see one account.
fn twice() -> (Bench, [Origin; 2]) {
    let (mut bench, [prod, stage]) = two(false);
    bench.wait(20_000);
    bench.answer_of(prod, Source::Nodes, Page::Nodes(vec![node(1, "web-1"), node(2, "web-2")]));
    bench.answer_of(stage, Source::Nodes, Page::Nodes(vec![node(1, "web-1"), node(4, "db-1")]));
    (bench, [prod, stage])
}

#[test]
fn a_node_that_two_origins_list_is_there_for_each_of_them() {
    let (mut bench, [prod, stage]) = twice();
    let id = format!("mi-{:017}", 1);
    assert_eq!(
        shown(&bench),
        [("db-1", "stage"), ("web-1", "prod/eu-west-1"), ("web-1", "stage"), ("web-2", "prod/eu-west-1")]
    );
    // A mark is on one of them.
    bench.press("j j space");
    assert_eq!(bench.state.fleet.marked(), [NodeId::new(stage, &*id)]);
    bench.press("e ctrl-s");
    let written = bench.fx.iter().rev().find_map(|effect| match effect {
        Effect::Export { export, .. } => Some(export.text()),
        _ => None,
    });
    let written = written.unwrap();
    assert!(written.lines().count() == 2 && written.contains("web-1,stage,"), "{written}");
    // So is a command: the form says which, and only its origin is asked.
    bench.press("r");
    let screen = bench.screen(120, 30);
    assert!(screen.contains(&format!("{id}@stage")), "{screen}");
    bench.type_text("uptime");
    bench.press("ctrl-s y");
    assert_eq!(bench.fx.iter().filter_map(Effect::changed).collect::<Vec<_>>(), [stage]);
    let [Change::Send(send)] = bench.changes()[..] else { panic!("{:?}", bench.changes()) };
    assert_eq!(send.instance_ids, [id.as_str()]);
    // Both together are one command for each.
    let (mut bench, _) = twice();
    bench.press("j v j v r");
    bench.type_text("uptime");
    bench.press("ctrl-s y");
    assert_eq!(bench.fx.iter().filter_map(Effect::changed).collect::<Vec<_>>(), [prod, stage]);
    // The view of a node, a shell and what is fetched of it are of the row they were opened from.
    let (mut bench, _) = twice();
    bench.press("j j enter");
    assert_eq!(bench.state.node_view.as_ref().unwrap().node, NodeId::new(stage, &*id));
    bench.press("s");
    let opened = |effect: &Effect| matches!(effect, Effect::OpenShell { origin, .. } if *origin == stage);
    assert!(bench.fx.iter().any(opened));
    // What becomes of one says nothing of the other.
    let (mut bench, _) = twice();
    bench.wait(60_000);
    bench.answer_of(stage, Source::Nodes, Page::Nodes(vec![node(4, "db-1")]));
    assert_eq!(bench.state.fleet.listed(&id).map(|node| node.origin).collect::<Vec<_>>(), [prod]);
}

#[test]
fn a_node_of_two_origins_is_named_with_one_of_them() {
    let (mut bench, [prod, stage]) = twice();
    let id = format!("mi-{:017}", 1);
    bench.say(&format!("node {id}"));
    let screen = bench.screen(140, 30);
    assert!(screen.contains(&format!("{id}@prod/eu-west-1 or {id}@stage")), "{screen}");
    bench.press("esc :");
    bench.type_text(&format!("node {id}@stage"));
    bench.press("enter");
    assert_eq!(bench.state.fleet.current().map(|node| node.origin), Some(stage));
    // Among the targets of a command, too.
    bench.press("3 n");
    bench.type_text("uptime");
    bench.press("tab");
    bench.type_text(&id);
    bench.press("ctrl-s");
    let screen = bench.screen(140, 30);
    assert!(screen.contains("is a node of several origins"), "{screen}");
    bench.type_text("@prod/eu-west-1");
    bench.press("ctrl-s y");
    assert_eq!(bench.fx.iter().filter_map(Effect::changed).collect::<Vec<_>>(), [prod]);
}

#[test]
fn compliance_counts_a_node_of_two_origins_in_each() {
    let (mut bench, [prod, stage]) = twice();
    bench.press("2 enter");
    bench.screen(120, 30);
    let members = bench.state.compliance.members.iter().filter(|node| node.id.ends_with("01"));
    assert_eq!(members.map(|node| node.origin).collect::<Vec<_>>(), [prod, stage]);
    bench.press("end home j space");
    assert_eq!(bench.state.fleet.marked_count(), 1);
    bench.press("enter");
    let (_, epoch) = bench.asked(Source::Patches).unwrap();
    let opened = bench.state.compliance.node().unwrap().origin;
    assert_eq!(epoch.origin, opened);
}

#[test]
fn the_scope_is_chosen_in_a_box() {
    let (mut bench, [prod, stage]) = two(false);
    bench.press("j s");
    bench.press("ctrl-g @");
    insta::assert_snapshot!("choosing_the_scope_80x24", bench.screen(80, 24));
    // Without marks set here, enter goes to the one under the cursor.
    bench.type_text("stage");
    bench.press("enter");
    assert_eq!(bench.state.origins.scope(), [stage]);
    assert!(bench.fx.iter().any(|effect| matches!(effect, Effect::Leave(origin) if *origin == prod)));
    assert_eq!(bench.state.fleet.nodes().iter().map(|node| node.origin).collect::<Vec<_>>(), [stage, stage]);
    assert_eq!(bench.state.fleet.nodes()[0].origin_label.as_ref(), "", "one origin needs no column");
    // What is open where nobody looks any more goes on there.
    assert_eq!((bench.state.shells.tabs[0].origin, &bench.state.shells.tabs[0].phase), (prod, &Phase::Connecting));
    // Marks: take one more in.
    bench.press("ctrl-g 1");
    bench.fx.clear();
    bench.press("@");
    bench.type_text("prod");
    bench.press("space enter");
    assert_eq!(bench.state.origins.scope(), [stage, prod], "what was known keeps its number");
    assert!(!bench.fx.iter().any(|effect| matches!(effect, Effect::Connect { .. })), "its client is still there");
    assert!(bench.asked_of(prod, Source::Nodes).is_some());
    bench.state.set_scope(&["nobody/eu-west-1".to_owned()], &mut bench.fx);
    assert_eq!(bench.state.origins.scope(), [stage, prod], "what is not there changes nothing");
}

#[test]
fn the_scope_and_the_columns_can_be_typed() {
    let (mut bench, [prod, stage]) = two(false);
    bench.press(":");
    bench.type_text("scope sta");
    bench.press("tab enter");
    assert_eq!(bench.state.origins.scope(), [stage]);
    assert!(!bench.state.fleet.shown_columns().contains(&Column::Origin));
    bench.say("scope stage,prod/eu-west-1");
    assert_eq!(bench.state.origins.scope(), [stage, prod]);
    bench.say("scope nobody");
    assert_eq!(bench.state.origins.scope(), [stage, prod]);
    assert!(bench.screen(120, 24).contains("there is no context"));
    bench.press("esc :");
    bench.type_text("columns name,ping");
    bench.press("enter");
    assert_eq!(bench.state.fleet.shown_columns(), [Column::Name, Column::Origin, Column::Ping]);
}

#[test]
fn a_profile_is_found_in_any_region_by_typing() {
    let (mut bench, _) = two(false);
    bench.state.catalogue.aws = AwsFiles::parse("[profile sso1]\nregion = us-east-1\n[profile sso2]\n", "");
    bench.press("@");
    assert!(!bench.screen(80, 24).contains("sso1/eu-central-1"), "what is usual can be read");
    bench.type_text("sso1/eu-c");
    assert!(bench.screen(80, 24).contains("sso1/eu-central-1"), "{}", bench.screen(80, 24));
    bench.press("enter");
    let names = |bench: &Bench| {
        let known = bench.state.origins.known();
        known.map(|(_, known)| known.place.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&bench), ["sso1/eu-central-1"]);
    // So it is on the line, for each of several.
    bench.press(":");
    bench.type_text("scope sso1/us-east-1,sso2/eu-no");
    bench.press("tab enter");
    assert_eq!(names(&bench), ["sso1/us-east-1", "sso2/eu-north-1"]);
}

#[test]
fn the_fleet_is_sorted_by_origin() {
    let (mut bench, _) = two(false);
    bench.state.fleet.sort_on("Origin", false).unwrap();
    bench.state.settle(&mut bench.fx);
    let origins: Vec<_> = shown(&bench).into_iter().map(|(_, origin)| origin).collect();
    assert_eq!(origins, ["prod/eu-west-1", "prod/eu-west-1", "stage", "stage"]);
}

#[test]
fn sessions_of_two_origins_are_one_list_and_end_where_they_are() {
    let (mut bench, [prod, stage]) = two(true);
    bench.press("6");
    let session = |minutes: i64| ssm::Session {
        session_id: Some("ops-1".to_owned()),
        target: Some("mi-1".to_owned()),
        status: Some(SessionStatus::Connected),
        start_date: Some(Timestamp::from_millis(minutes * 60_000)),
        ..Default::default()
    };
    bench.answer_of(prod, Source::Sessions, Page::Sessions(vec![session(2)]));
    bench.answer_of(stage, Source::Sessions, Page::Sessions(vec![session(1)]));
    assert_eq!(bench.state.sessions.list.len(), 2, "the same id in two origins is two sessions");
    bench.press("x y");
    assert_eq!(bench.changes().len(), 0, "prod is read-only");
    bench.press("j x y");
    assert_eq!(bench.fx.iter().filter_map(Effect::changed).collect::<Vec<_>>(), [stage]);
}

#[test]
fn parameters_are_those_of_one_origin_at_a_time() {
    let (mut bench, [prod, stage]) = two(false);
    let meta = |name: &str| ssm::ParameterMetadata { name: Some(name.to_owned()), ..Default::default() };
    bench.press("4");
    bench.answer_of(prod, Source::Parameters, Page::Parameters(vec![meta("/shared"), meta("/prod")]));
    assert!(bench.screen(80, 24).contains("prod/eu-west-1"));
    bench.press("o");
    bench.answer_of(stage, Source::Parameters, Page::Parameters(vec![meta("/shared")]));
    assert_eq!((bench.state.parameters.origin, bench.state.parameters.total()), (stage, 1));
    bench.press("shift-d");
    bench.type_text("delete");
    bench.press("enter");
    assert_eq!(bench.fx.iter().filter_map(Effect::changed).collect::<Vec<_>>(), [stage]);
}

#[test]
fn answers_of_one_place_are_not_taken_for_those_of_another() {
    let (mut bench, [prod, stage]) = two(false);
    let meta =
        |name: &str| ssm::ParameterMetadata { name: Some(name.to_owned()), version: Some(1), ..Default::default() };
    bench.press("4");
    bench.answer_of(prod, Source::Parameters, Page::Parameters(vec![meta("/shared")]));
    bench.press("o");
    bench.answer_of(stage, Source::Parameters, Page::Parameters(vec![meta("/shared")]));
    bench.fx.clear();
    bench.apply(Update::Changed(prod, Ok(Changed::Put { name: "/shared".to_owned(), version: Some(9) }), None));
    assert!(bench.asked_of(stage, Source::Parameter).is_none());
    assert!(!bench.screen(80, 24).contains("changed by someone else"));
    bench.apply(Update::Changed(prod, Ok(Changed::Deleted("/shared".to_owned())), None));
    assert_eq!(bench.state.parameters.total(), 1);
}

#[test]
fn shells_that_could_not_be_opened_mark_no_other() {
    let (mut bench, _) = two(true);
    // The cursor is on db-1, of stage; a shell there is open and not marked.
    bench.press("g g s");
    assert_eq!(bench.state.shells.tabs.len(), 1);
    bench.press("ctrl-g 1");
    bench.press("/");
    bench.type_text("origin:prod");
    bench.press("enter a S y");
    assert_eq!(bench.state.shells.tabs.len(), 1, "nothing is opened where one may only look");
    assert!(bench.state.shells.tabs.iter().all(|tab| !tab.marked));
}

#[test]
fn a_forward_waits_for_the_place_of_its_node() {
    let forward = "[[forward]]\nname = 'db'\nnode = 'db-1'\nremote = 5432\nstart = true\n";
    let mut bench = Bench::at(Settings::parse(forward).unwrap(), vec![place("prod"), place("stage")]);
    let [prod, stage] = bench.state.origins.scope()[..] else { panic!() };
    let started = |bench: &Bench| {
        let start = |effect: &Effect| match effect {
            Effect::StartForward { origin, .. } => Some(*origin),
            _ => None,
        };
        bench.fx.iter().find_map(start)
    };
    // The node is known from the last time.
    let row = Row {
        place: "stage".to_owned(),
        id: "mi-00000000000000004".to_owned(),
        name: "db-1".to_owned(),
        ..Row::default()
    };
    bench.state.resume(Left { nodes: vec![row], ..Left::default() });
    bench.connect(prod);
    bench.answer_of(prod, Source::Nodes, Page::Nodes(vec![node(1, "web-1")]));
    assert_eq!(started(&bench), None, "there is nobody yet to ask for it");
    bench.connect(stage);
    bench.answer_of(stage, Source::Nodes, Page::Nodes(vec![node(4, "db-1")]));
    assert_eq!(started(&bench), Some(stage));
}

#[test]
fn a_policy_makes_a_place_what_it_is() {
    let policy = Policy { pattern: "*prod*".to_owned(), read_only: true, ..Policy::default() };
    let mut bench = Bench::at(Settings::default(), vec![place("stage")]);
    bench.state.catalogue.own.push(place("eu-prod"));
    bench.state.catalogue.policies.push(policy);
    bench.state.set_scope(&["eu-prod".to_owned(), "stage".to_owned()], &mut bench.fx);
    let [prod, stage] = bench.state.origins.scope()[..] else { panic!() };
    assert!(bench.state.origins.is_read_only(prod) && !bench.state.origins.is_read_only(stage));
    let asked = bench.fx.iter().find_map(|effect| match effect {
        Effect::Connect { origin, place } if *origin == prod => Some(place.read_only),
        _ => None,
    });
    assert_eq!(asked, Some(true), "the performer knows it too");
}

#[test]
fn policies_that_come_later_hold_for_what_is_looked_at() {
    let (mut bench, [prod, stage]) = two(false);
    let policy = |read_only, accent: &str| {
        let accent = Some(accent.to_owned());
        let pattern = "*prod*".to_owned();
        let policies = vec![Policy { pattern, read_only, accent, confirm_above: Some(0), ..Policy::default() }];
        Settings { policies, ..Settings::default() }
    };
    let governed = bench.state.govern(&policy(true, "production"));
    assert_eq!((governed.refusing, governed.later), (vec![prod], false));
    assert!(bench.state.origins.is_read_only(prod) && !bench.state.origins.is_read_only(stage));
    assert!(bench.state.origins.get(prod).unwrap().is_production());
    let usual = Settings::default().confirm_above;
    let above = |origin| bench.state.origins.confirm_above(origin, usual);
    assert_eq!((above(prod), above(stage)), (0, usual.under(None)));
    // What was refused stays so: whoever looks at the console must be able to rely on it.
    let governed = bench.state.govern(&policy(false, "stage"));
    assert_eq!((governed.refusing.len(), governed.later), (0, true));
    assert!(bench.state.origins.is_read_only(prod) && !bench.state.origins.get(prod).unwrap().is_production());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_read_only_origin_never_yields_a_change(
        steps in proptest::collection::vec((0..Action::ALL.len(), 0usize..4, any::<bool>()), 1..40),
    ) {
        let (mut bench, [prod, _]) = two(true);
        for (at, down, yes) in steps {
            bench.state.act(Action::ALL[at].action, &mut bench.fx);
            bench.state.settle(&mut bench.fx);
            if bench.state.overlays.is_empty() {
                (0..down).for_each(|_| bench.state.act(Action::CursorDown, &mut bench.fx));
            } else if yes {
                bench.type_text("x");
                bench.press("ctrl-s y");
            }
            prop_assert!(bench.fx.iter().filter_map(Effect::changed).all(|origin| origin != prod));
        }
    }
}

#[test]
fn the_other_origin_yields_them_as_ever() {
    for entry in Action::ALL.iter().filter(|entry| matches!(entry.action, Action::OpenShell | Action::Scan)) {
        assert_eq!(entry.kind, Kind::Change);
        let (mut bench, [_, stage]) = two(true);
        // The first row is stage's.
        bench.press("g g");
        bench.state.act(entry.action, &mut bench.fx);
        bench.press("y");
        assert_eq!(bench.fx.iter().filter_map(Effect::changed).collect::<Vec<_>>(), [stage], "{}", entry.name);
    }
}

#[test]
fn a_late_secret_of_one_origin_never_shows_in_the_other() {
    let (mut bench, [prod, stage]) = two(false);
    let secret = |name: &str| ssm::ParameterMetadata {
        name: Some(name.to_owned()),
        r#type: Some(ssm::ParameterType::SecureString),
        ..Default::default()
    };
    bench.press("4");
    bench.answer_of(prod, Source::Parameters, Page::Parameters(vec![secret("same")]));
    bench.press("s");
    let (_, epoch) = bench.asked_of(prod, Source::Value).unwrap();
    bench.press("o");
    bench.answer_of(stage, Source::Parameters, Page::Parameters(vec![secret("same")]));
    bench.press("s");
    assert!(bench.asked_of(stage, Source::Value).is_some());
    let value = ssm::Parameter {
        name: Some("same".to_owned()),
        r#type: Some(ssm::ParameterType::SecureString),
        value: Some("of-production".into()),
        ..Default::default()
    };
    bench.apply(Update::Page { source: Source::Value, epoch, page: Page::Value(Box::new(value)) });
    assert!(!bench.screen(80, 24).contains("of-production"));
}
