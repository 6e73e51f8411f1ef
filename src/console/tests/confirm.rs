//! What a yes takes: one key, or what is typed; and that all of what it is about can be read before.

use std::collections::BTreeSet;

use super::{canary, info, lists, loaded, node_view, origins, sessions, world};
use crate::{
    config::{
        place::Place,
        settings::{Settings, Threshold},
    },
    console::{
        action::{Action, Kind},
        effect::{Change, Effect, Reach, Source, TakeBack},
        origin::Origin,
        state::{
            Pane,
            form::Purpose,
            overlay::{Overlay, Question, Then},
        },
        testing::Bench,
        update::{Changed, Page, Update},
    },
    ssm::{self, CommandStatus, ParameterType},
};

/// Makes a change of anything one that has to be typed.
fn strict(mut bench: Bench) -> Bench {
    for origin in bench.state.origins.scope().to_vec() {
        bench.state.origins.get_mut(origin).unwrap().place.confirm_above = Some(0);
    }
    bench
}

fn question(bench: &Bench) -> Option<&Question> {
    match bench.state.overlays.last() {
        Some(Overlay::Question(question)) => Some(question),
        _ => None,
    }
}

/// Fills in forms and takes the first of what is offered, until something is asked.
fn go_on(bench: &mut Bench) {
    for _ in 0..8 {
        match bench.state.overlays.last() {
            Some(Overlay::Form(form)) if form.purpose == Purpose::Command => {
                bench.type_text("uptime");
                bench.press("ctrl-s");
            }
            Some(Overlay::Form(_)) => {
                bench.type_text("x");
                bench.press("ctrl-s");
            }
            Some(Overlay::Picker { .. }) => bench.press("enter"),
            _ => return,
        }
    }
}

/// The versions of a parameter, with the cursor on the older one.
fn versions() -> Bench {
    let mut bench = Bench::new(false);
    let name = || Some("/app/url".to_owned());
    let (kind, version) = (Some(ParameterType::String), Some(2));
    bench.press("4");
    let meta = ssm::ParameterMetadata { name: name(), r#type: kind.clone(), version, ..Default::default() };
    bench.answer(Source::Parameters, Page::Parameters(vec![meta]));
    bench.press("end");
    bench.state.act(Action::History, &mut bench.fx);
    bench.state.settle(&mut bench.fx);
    bench.wait(1_000);
    let version = |n: i64| ssm::ParameterHistory {
        name: name(),
        version: Some(n),
        r#type: kind.clone(),
        value: Some(format!("value {n}").as_str().into()),
        labels: vec!["live".to_owned()],
        ..Default::default()
    };
    bench.answer(Source::History, Page::History(vec![version(2), version(1)]));
    bench.press("j");
    bench
}

/// A command to two nodes, of which one has ended.
fn running() -> Bench {
    let mut bench = loaded(false, 4);
    bench.press("3");
    let running = ssm::Command {
        command_id: Some("c-1".to_owned()),
        status: Some(CommandStatus::InProgress),
        instance_ids: vec![info(1).instance_id.unwrap(), info(2).instance_id.unwrap()],
        target_count: Some(2),
        completed_count: Some(1),
        ..Default::default()
    };
    bench.answer(Source::Commands, Page::Commands(vec![running]));
    bench
}

/// Tags of a node that are known.
fn tagged() -> Bench {
    let mut bench = loaded(false, 2);
    for n in 0..2 {
        let page = Page::Tags { node: format!("mi-{n:017}"), tags: Vec::new() };
        bench.apply(Update::Page { source: Source::Tags, epoch: Default::default(), page });
    }
    bench
}

/// A parameter that was written here.
fn written() -> Bench {
    let mut bench = loaded(false, 1);
    let put = Changed::Put { name: "/app/url".to_owned(), version: Some(4) };
    bench.apply(Update::Changed(Origin::default(), Ok(put), None));
    bench
}

fn canary_that_ended() -> Bench {
    let mut bench = canary::under_way();
    canary::ended(&mut bench, CommandStatus::Success, 0);
    bench
}

fn own() -> Bench {
    let text = "[[command]]\nname = 'drain'\nkey = 'ctrl-x'\nrun = './drain {id}'\nchanges = true\n";
    let mut bench = Bench::with(Settings::parse(text).unwrap(), false);
    bench.answer(Source::Nodes, Page::Nodes((0..3).map(info).collect()));
    bench
}

/// What is called after a yes, all of which some question leads to.
const OPERATIONS: [&str; 11] = [
    "SendCommand",
    "StartSession",
    "CancelCommand",
    "PutParameter",
    "GetParameter, PutParameter",
    "DeleteParameter",
    "LabelParameterVersion",
    "UnlabelParameterVersion",
    "TerminateSession",
    "AddTagsToResource",
    "runs on this machine",
];

/// Wants every change in every console, as far as its question or as far as it goes without one.
fn each_change(adapted: impl Fn(Bench) -> Bench, mut see: impl FnMut(Action, Bench)) {
    let benches: [fn() -> Bench; 15] = [
        || world::rich(false, 3),
        || loaded(false, 3),
        tagged,
        written,
        own,
        canary_that_ended,
        running,
        lists::commands,
        lists::results,
        lists::marked_parameters,
        versions,
        sessions::sessions,
        node_view::processes,
        node_view::services,
        node_view::files,
    ];
    for make in benches {
        let own: Vec<_> = make().state.own.iter().map(|own| Action::Own(own)).collect();
        let changing = Action::ALL.iter().filter(|entry| entry.kind == Kind::Change).map(|entry| entry.action);
        for action in changing.chain(own) {
            for before in ["", "a"] {
                let mut bench = adapted(make());
                if !before.is_empty() && (bench.state.pane != Pane::Fleet || bench.state.node_view.is_some()) {
                    continue;
                }
                before.split(' ').filter(|key| !key.is_empty()).for_each(|key| bench.press(key));
                bench.fx.clear();
                // An own command is another one in each console.
                let action = match action {
                    Action::Own(_) => Action::Own(bench.state.own[0]),
                    action => action,
                };
                bench.state.act(action, &mut bench.fx);
                bench.state.settle(&mut bench.fx);
                go_on(&mut bench);
                see(action, bench);
            }
        }
    }
}

#[test]
fn where_every_change_is_typed_no_key_alone_makes_one() {
    let (mut seen, mut unasked) = (BTreeSet::new(), BTreeSet::new());
    each_change(strict, |action, mut bench| {
        let Some(asked) = question(&bench) else {
            unasked.extend(bench.fx.iter().any(Effect::changes).then(|| action.entry().name));
            return;
        };
        if !matches!(asked.then, Then::Change(_) | Then::OpenShells(_) | Then::Sample(_)) {
            let then = asked.then.clone();
            bench.press("y");
            assert!(!bench.fx.iter().any(Effect::changes), "{action:?}: one key does {then:?}");
            return;
        }
        let Some((word, _)) = asked.typed.clone() else { panic!("{action:?}: one key does {:?}", asked.then) };
        seen.insert(asked.then.operation());
        bench.fx.clear();
        bench.state.act(Action::Yes, &mut bench.fx);
        assert!(!bench.fx.iter().any(Effect::changes), "{action:?}: a yes that is no key");
        bench.press("y enter");
        assert!(!bench.fx.iter().any(Effect::changes), "{action:?}");
        bench.press("ctrl-u");
        bench.type_text(&word);
        bench.press("enter");
        assert!(bench.fx.iter().any(Effect::changes), "{action:?}: {word}\n{}", bench.screen(100, 30));
    });
    // One session begins with its key.
    assert_eq!(unasked, BTreeSet::from(["open-shell", "open-shells"]));
    for operation in OPERATIONS {
        assert!(seen.contains(operation), "{operation} was not tried: {seen:?}");
    }
}

/// Another place has been looked at, and is looked at still or no more.
fn beside_another(mut bench: Bench, still: bool) -> Bench {
    let scope = bench.state.origins.scope().to_vec();
    let mut places: Vec<Place> = scope.iter().map(|o| bench.state.origins.get(*o).unwrap().place.clone()).collect();
    let here = places.clone();
    places.push(origins::place("elsewhere"));
    bench.state.origins.look_at(places);
    if !still {
        bench.state.origins.look_at(here);
    }
    bench
}

#[test]
fn where_several_places_are_known_every_question_says_its_own_and_the_ids_of_its_nodes() {
    for still in [true, false] {
        let mut seen = BTreeSet::new();
        let adapted = |bench| beside_another(bench, still);
        each_change(adapted, |action, bench| {
            let Some(asked) = question(&bench) else { return };
            let (place, ids): (Origin, Vec<&str>) = match &asked.then {
                Then::Change(changes) => {
                    let ids = changes.iter().flat_map(|(_, change)| match change.reach() {
                        Reach::Nodes(ids) => ids,
                        Reach::Things(_) => Vec::new(),
                    });
                    (changes[0].0, ids.collect())
                }
                Then::OpenShells(nodes) => (nodes[0].origin, nodes.iter().map(|node| node.id.as_str()).collect()),
                Then::Sample(nodes) => (nodes[0].origin, nodes.iter().map(|node| node.id.as_str()).collect()),
                _ => return,
            };
            let place = format!("in {}", bench.state.origins.label(place));
            assert!(asked.lines.contains(&place), "{action:?}: {place}\n{}", asked.lines.join("\n"));
            for id in ids {
                let is_named = asked.lines.iter().any(|line| line.contains(id));
                assert!(is_named, "{action:?}: {id}\n{}", asked.lines.join("\n"));
            }
            seen.insert(asked.then.operation());
        });
        for operation in OPERATIONS {
            assert!(seen.contains(operation), "{operation} was not tried: {seen:?}");
        }
    }
}

#[test]
fn what_is_asked_of_a_shell_says_whose_it_is() {
    let open = || {
        let mut bench = beside_another(loaded(false, 3), true);
        bench.press("s");
        bench
    };
    let mut closed = open();
    closed.press("ctrl-g x");
    let mut pasted = open();
    pasted.type_text("one\ntwo\n");
    for (mut bench, title) in [(closed, "Close this shell?"), (pasted, "Paste this?")] {
        let screen = bench.screen(100, 30);
        for said in [title, " in test ", "web-0 (mi-00000000000000000)"] {
            assert!(screen.contains(said), "{said}\n{screen}");
        }
    }
}

#[test]
fn where_one_place_alone_is_known_no_question_names_it() {
    each_change(
        |bench| bench,
        |action, bench| {
            let Some(asked) = question(&bench).filter(|_| !bench.state.origins.are_several_known()) else { return };
            let place = format!("in {}", bench.state.origins.label(bench.state.origins.first()));
            assert!(!asked.lines.contains(&place), "{action:?}\n{}", asked.lines.join("\n"));
        },
    );
}

#[test]
fn of_one_thing_that_is_deleted_the_name_is_typed_where_it_matters() {
    let word = |mut bench: Bench| {
        bench.state.act(Action::DeleteParameter, &mut bench.fx);
        question(&bench).and_then(|question| question.typed.clone()).map(|(word, _)| word)
    };
    let production = |mut bench: Bench| {
        let first = bench.state.origins.first();
        bench.state.origins.get_mut(first).unwrap().place.accent = Some("production".to_owned());
        bench
    };
    assert_eq!(word(versions()).as_deref(), Some("delete"));
    assert_eq!(word(strict(versions())).as_deref(), Some("/app/url"));
    assert_eq!(word(production(versions())).as_deref(), Some("/app/url"), "whatever number is set");
    assert_eq!(word(lists::marked_parameters()).as_deref(), Some("delete"));
    let marked = production(lists::marked_parameters());
    let number = marked.state.parameters.lens.marks.iter().count().to_string();
    assert_eq!(word(marked), Some(number));
    // Of what was created here, taking back is deleting.
    let mut bench = strict(loaded(false, 1));
    let put = Changed::Put { name: "/new".to_owned(), version: Some(1) };
    bench.apply(Update::Changed(Origin::default(), Ok(put), None));
    bench.press("z");
    assert_eq!(question(&bench).unwrap().typed.as_ref().unwrap().0, "/new");
}

#[test]
fn taking_back_says_what_and_that_earlier_changes_stay() {
    let mut bench = loaded(false, 1);
    for name in ["/first", "/second", "/third"] {
        let put = Changed::Put { name: name.to_owned(), version: Some(4) };
        bench.apply(Update::Changed(Origin::default(), Ok(put), None));
    }
    bench.wait(20_000);
    bench.press("z");
    let asked = question(&bench).unwrap();
    assert_eq!(asked.title, "Take back what was changed 20s ago?");
    let told = asked.lines.join("\n");
    assert!(told.starts_with("/third\n") && !told.contains("/second"), "{told}");
    assert!(told.contains("Nothing else is taken back; 2 earlier changes can be taken back after it."), "{told}");
    let mut bench = written();
    bench.press("z");
    assert!(!question(&bench).unwrap().lines.join("\n").contains("Nothing else"));
}

#[test]
fn nothing_comes_of_a_question_that_nobody_weighed() {
    let mut bench = loaded(false, 1);
    let change = Change::Cancel(vec!["c-1".to_owned()]);
    let question = Question::new("Cancel?", Vec::new(), Then::change(Origin::default(), change));
    bench.state.overlays.push(Overlay::Question(Box::new(question)));
    bench.press("y");
    assert!(bench.changes().is_empty());
}

#[test]
fn of_one_thing_the_name_is_typed_and_of_several_their_number() {
    let word = |mut bench: Bench, keys: &str| {
        bench.press(keys);
        question(&bench).and_then(|question| question.typed.clone()).map(|(word, _)| word)
    };
    assert_eq!(word(strict(loaded(false, 3)), "c").as_deref(), Some("web-0"));
    assert_eq!(word(strict(loaded(false, 3)), "a c").as_deref(), Some("3"));
    assert_eq!(word(strict(sessions::sessions()), "x").as_deref(), Some("web-1"));
    assert_eq!(word(loaded(false, 3), "c"), None);
    // What no keyboard has is not asked for.
    let mut bench = Bench::new(false);
    let odd = ssm::InstanceInformation { computer_name: Some("漢字サーバ".to_owned()), ..info(0) };
    bench.answer(Source::Nodes, Page::Nodes(vec![odd]));
    assert_eq!(word(strict(bench), "c").as_deref(), Some("1"));
    let usual: Threshold = Settings::default().confirm_above;
    assert_eq!((usual.under(Some(0)), usual.under(None)), (0, 10));
}

#[test]
fn many_shells_name_their_call_and_those_of_a_read_only_place_are_left_out() {
    let prod = Place { read_only: true, ..origins::place("prod") };
    let mut bench = Bench::at(Settings::default(), vec![prod, origins::place("stage")]);
    let [prod, stage] = bench.state.origins.scope()[..] else { panic!() };
    for (origin, first) in [(prod, 0), (stage, 2)] {
        bench.connect(origin);
        bench.answer_of(origin, Source::Nodes, Page::Nodes((first..first + 2).map(info).collect()));
    }
    bench.press("a shift-s");
    let screen = bench.screen(100, 30);
    for said in ["StartSession", "2 shells", "stage: web-2", "left out, read-only: prod (2 nodes)"] {
        assert!(screen.contains(said), "{said}\n{screen}");
    }
    bench.press("y");
    assert_eq!(bench.fx.iter().filter_map(Effect::changed).collect::<Vec<_>>(), [stage, stage]);
}

#[test]
fn every_node_of_a_question_can_be_read_with_its_id() {
    let all: BTreeSet<String> = (0..120).map(|n| format!("web-{n} (mi-{n:017})")).collect();
    for (keys, typed) in [("a c", None), ("a shift-s", None), ("a r", Some("uptime"))] {
        for (width, height) in [(80, 24), (200, 60)] {
            let mut bench = loaded(false, 120);
            bench.press(keys);
            if let Some(typed) = typed {
                bench.type_text(typed);
                bench.press("ctrl-s");
            }
            assert!(bench.screen(width, height).contains("and 112 more"));
            let mut seen = BTreeSet::new();
            for _ in 0..30 {
                let screen = bench.screen(width, height);
                seen.extend(all.iter().filter(|line| screen.contains(line.as_str())).cloned());
                bench.press("pagedown");
            }
            assert_eq!(seen.len(), all.len(), "{keys}: {:?}", all.difference(&seen).next());
        }
    }
}

#[test]
fn a_cancel_names_what_has_not_ended() {
    let mut bench = running();
    bench.state.act(Action::Cancel, &mut bench.fx);
    let screen = bench.screen(100, 30);
    for said in ["Not ended yet: 1 node", "It was sent to these", "web-1 (mi-00000000000000001)", "web-2 ("] {
        assert!(screen.contains(said), "{said}\n{screen}");
    }
    // With the results it is known who has not ended.
    bench.press("esc enter");
    let invocation = |n: usize, status| ssm::CommandInvocation {
        command_id: Some("c-1".to_owned()),
        instance_id: info(n).instance_id,
        instance_name: info(n).computer_name,
        status: Some(status),
        ..Default::default()
    };
    use ssm::CommandInvocationStatus::{InProgress, Success};
    bench.answer(Source::Invocations, Page::Invocations(vec![invocation(1, Success), invocation(2, InProgress)]));
    bench.state.act(Action::Cancel, &mut bench.fx);
    let screen = bench.screen(100, 30);
    assert!(screen.contains("web-2 (mi-00000000000000002)") && !screen.contains("web-1 ("), "{screen}");
    assert!(!screen.contains("It was sent to these"), "{screen}");
}

#[test]
fn an_own_command_leaves_out_a_read_only_place_before_the_yes() {
    let text = "[[command]]\nname = 'drain'\nkey = 'ctrl-x'\nrun = './drain {id} {ids}'\nchanges = true\n";
    let places = vec![origins::place("one"), Place { read_only: true, ..origins::place("prod-two") }];
    let mut bench = Bench::at(Settings::parse(text).unwrap(), places);
    let [one, two] = bench.state.origins.scope()[..] else { panic!() };
    for (origin, first) in [(one, 0), (two, 2)] {
        bench.connect(origin);
        // The same names in both.
        let named = |n: usize| origins::node(n + first, &format!("web-{n}"));
        bench.answer_of(origin, Source::Nodes, Page::Nodes((0..2).map(named).collect()));
    }
    bench.press("a ctrl-x");
    let screen = bench.screen(120, 30);
    for said in
        ["for 2 nodes", "one: web-0 (mi-00000000000000000)", "one: web-1 (", "left out, read-only: prod-two (2 nodes)"]
    {
        assert!(screen.contains(said), "{said}\n{screen}");
    }
    let lines = question(&bench).map(|question| question.lines.join("\n")).unwrap_or_default();
    assert!(!lines.contains("mi-00000000000000002"), "{lines}");
    bench.press("y");
    let [Change::Run(programs)] = bench.changes()[..] else { panic!("{:?}", bench.changes()) };
    assert_eq!(programs.steps.len(), 2);
    assert!(programs.steps.iter().all(|step| step.words.len() == 4), "the ids are those of the nodes it is for");
    // Where nothing is left, nothing is asked.
    bench.press("esc u /");
    bench.type_text("origin:prod-two");
    bench.press("enter a ctrl-x");
    assert!(bench.state.overlays.is_empty() && bench.screen(120, 30).contains("Read-only"));
}

/// What would be taken back.
fn take_back(bench: &Bench) -> TakeBack {
    match bench.changes().last() {
        Some(Change::TakeBack(back)) => (**back).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_written_parameter_is_taken_back_after_a_yes_and_so_is_the_one_before() {
    let mut bench = loaded(false, 1);
    let changed = |bench: &mut Bench, changed| bench.apply(Update::Changed(Origin::default(), Ok(changed), None));
    let put = |version| Changed::Put { name: "/app/url".to_owned(), version: Some(version) };
    changed(&mut bench, put(3));
    changed(&mut bench, put(4));
    assert!(bench.screen(100, 30).contains("z takes it back"));
    bench.press("z");
    let screen = bench.screen(100, 30);
    for said in ["/app/url", "version 3 is written again", "4 is in force now", "GetParameter, PutParameter"] {
        assert!(screen.contains(said), "{said}\n{screen}");
    }
    assert!(bench.changes().is_empty());
    bench.press("y");
    let back = take_back(&bench);
    assert_eq!((back.written, back.before), (4, Some(3)));
    changed(&mut bench, Changed::TakenBack { back, version: Some(5) });
    // What version 3 said is version 5 by now.
    bench.press("z y");
    let back = take_back(&bench);
    assert_eq!((back.written, back.before), (5, Some(2)));
    changed(&mut bench, Changed::TakenBack { back, version: Some(6) });
    assert!(bench.state.undo.is_empty());
}

#[test]
fn what_was_created_is_deleted_by_its_word_alone_and_what_was_overtaken_or_deleted_is_not_offered() {
    let changed = |bench: &mut Bench, changed| bench.apply(Update::Changed(Origin::default(), Ok(changed), None));
    let put = |version| Changed::Put { name: "/new".to_owned(), version: Some(version) };
    let mut bench = loaded(false, 1);
    changed(&mut bench, put(1));
    bench.press("z y enter");
    assert!(bench.changes().is_empty() && bench.screen(100, 30).contains("DeleteParameter"));
    bench.press("ctrl-u");
    bench.type_text("delete");
    bench.press("enter");
    let back = take_back(&bench);
    assert_eq!(back.before, None);
    changed(&mut bench, Changed::TakenBack { back, version: None });
    assert!(bench.state.undo.is_empty());
    changed(&mut bench, put(7));
    bench.press("z y");
    let back = take_back(&bench);
    changed(&mut bench, Changed::Overtaken { back, newest: Some(9) });
    let told = |bench: &Bench, what: &str| bench.state.notices.all().any(|notice| notice.trouble.what.contains(what));
    assert!(told(&bench, "version 9 is in force and not 7. Nothing was changed"), "{:?}", bench.state.notices);
    assert!(bench.state.undo.is_empty());
    changed(&mut bench, put(10));
    changed(&mut bench, Changed::Deleted("/new".to_owned()));
    assert!(bench.state.undo.is_empty());
    changed(&mut bench, put(3));
    changed(&mut bench, put(4));
    bench.press("z y");
    let back = take_back(&bench);
    changed(&mut bench, Changed::Overtaken { back, newest: None });
    assert!(told(&bench, "/new is deleted already"), "{:?}", bench.state.notices);
    assert!(bench.state.undo.is_empty(), "there is nothing of it to take back");
}

#[test]
fn a_parameter_that_was_created_anew_since_is_told_apart_by_when_it_was_written() {
    let mut bench = loaded(false, 1);
    let changed = |bench: &mut Bench, changed| bench.apply(Update::Changed(Origin::default(), Ok(changed), None));
    changed(&mut bench, Changed::Put { name: "/new".to_owned(), version: Some(1) });
    let written = |seconds: i64| {
        let at = Some(ssm::Timestamp::from_millis(seconds * 1_000));
        let (name, version) = (Some("/new".to_owned()), Some(1));
        Page::Parameters(vec![ssm::ParameterMetadata { name, version, last_modified_date: at, ..Default::default() }])
    };
    bench.answer(Source::Parameter, written(1_000));
    bench.press("4");
    bench.answer(Source::Parameters, written(2_000));
    bench.press("z");
    bench.type_text("delete");
    bench.press("enter");
    let back = take_back(&bench);
    assert_eq!(back.made, Some(ssm::Timestamp::from_millis(1_000_000)), "of what was written here");
    changed(&mut bench, Changed::Overtaken { back, newest: Some(1) });
    let mut told = bench.state.notices.all();
    assert!(told.any(|notice| notice.trouble.what.contains("deleted and created again by someone else")));
    assert!(bench.state.undo.is_empty());
}

#[test]
fn what_was_overwritten_or_made_anew_in_the_moment_of_taking_back_is_told() {
    for (version, said) in [(6, "version 5 was overwritten"), (1, "was deleted by someone else in the same moment")] {
        let mut bench = loaded(false, 1);
        let changed = |bench: &mut Bench, changed| bench.apply(Update::Changed(Origin::default(), Ok(changed), None));
        changed(&mut bench, Changed::Put { name: "/new".to_owned(), version: Some(4) });
        bench.press("z y");
        let back = take_back(&bench);
        changed(&mut bench, Changed::TakenBack { back, version: Some(version) });
        let mut told = bench.state.notices.all();
        assert!(told.any(|notice| notice.trouble.what.contains(said)), "{said}: {:?}", bench.state.notices);
    }
}

#[test]
fn nothing_is_taken_back_where_nothing_may_be_changed() {
    let mut bench = loaded(true, 1);
    let put = Changed::Put { name: "/app/url".to_owned(), version: Some(2) };
    bench.apply(Update::Changed(Origin::default(), Ok(put), None));
    bench.press("z");
    assert!(bench.state.overlays.is_empty() && bench.screen(100, 30).contains("Read-only"));
}
