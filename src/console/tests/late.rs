//! What does not come: an answer, credentials, an engine that is gone. It is told soon, with what can be done about it, and what
//! is shown from before does not look as if it were of now.

use ratatui::style::Style;

use crate::{
    config::{
        place::{Place, Policy},
        settings::Settings,
        theme::{Role, Theme},
    },
    console::{
        effect::{Effect, Source},
        origin::Origin,
        testing::Bench,
        update::{Fault, Page, Trouble, Update},
    },
    ssm::{self, PingStatus},
};

fn nodes() -> Page {
    let node = |n: usize| ssm::InstanceInformation {
        instance_id: Some(super::world::id(n)),
        computer_name: Some(format!("web-{n}")),
        ping_status: Some(PingStatus::Online),
        ..Default::default()
    };
    Page::Nodes((1..4).map(node).collect())
}

fn listed() -> Bench {
    let mut bench = Bench::new(false);
    bench.answer(Source::Nodes, nodes());
    bench
}

/// The style of a word where it stands last on the screen: the cursor is on the first row.
fn style_of(bench: &mut Bench, word: &str) -> Style {
    let screen = bench.screen(80, 24);
    let lines: Vec<_> = screen.lines().map(|line| line.trim_matches('"')).collect();
    let (row, line) = lines.iter().enumerate().rev().find(|(_, line)| line.contains(word)).unwrap();
    let column = line[..line.find(word).unwrap()].chars().count();
    bench.buffer(80, 24)[(u16::try_from(column).unwrap(), u16::try_from(row).unwrap())].style()
}

fn is_stale(style: Style) -> bool {
    style.fg == Theme::shipped("dark").style(Role::Stale).fg
}

fn asked(bench: &Bench, source: Source) -> usize {
    let asks = |effect: &&Effect| matches!(effect, Effect::Ask { query, .. } if query.source() == Some(source));
    bench.fx.iter().filter(asks).count()
}

#[test]
fn an_answer_that_does_not_come_is_told_before_anything_fails() {
    let mut bench = Bench::new(false);
    assert!(bench.screen(80, 24).contains("fetching nodes"));
    bench.wait(5_000);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("No answer for 5 s") && screen.contains("^r refresh"), "{screen}");
    // The loop wakes up for each step of it, and no more often.
    let next = bench.state.deadline().since(bench.now);
    assert_eq!(next.as_millis(), 1_000);
    for (width, height) in [(40, 10), (80, 24), (200, 60)] {
        insta::assert_snapshot!(format!("no_answer_{width}x{height}"), bench.screen(width, height));
    }
    let (_, late) = bench.asked(Source::Nodes).unwrap();
    bench.fx.clear();
    bench.press("ctrl-r");
    assert_eq!(asked(&bench, Source::Nodes), 1, "it is asked again at once");
    bench.apply(Update::Page { source: Source::Nodes, epoch: late, page: nodes() });
    assert_eq!(bench.state.fleet.total(), 0, "the answer that was given up is nobody's");
    bench.answer(Source::Nodes, nodes());
    assert!(!bench.screen(80, 24).contains("answer"));
}

#[test]
fn rows_of_a_list_that_is_not_renewed_do_not_look_as_if_they_were_of_now() {
    let mut bench = listed();
    bench.wait(16_000);
    assert_eq!(bench.asked(Source::Nodes).map(|(_, epoch)| epoch.number), Some(2));
    bench.wait(6_000);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("What is shown may be old: no answer for 6 s"), "{screen}");
    assert!(!is_stale(style_of(&mut bench, "web-2")), "they are hardly older than usual");
    bench.wait(10_000);
    assert!(is_stale(style_of(&mut bench, "web-2")) && is_stale(style_of(&mut bench, "● online")));
    insta::assert_snapshot!("late_rows_80x24", bench.screen(80, 24));
    bench.answer(Source::Nodes, nodes());
    assert!(!is_stale(style_of(&mut bench, "web-2")));
}

#[test]
fn a_list_that_comes_slowly_is_not_silent() {
    let mut bench = Bench::new(false);
    let (_, epoch) = bench.asked(Source::Nodes).unwrap();
    for _ in 0..5 {
        bench.wait(4_000);
        bench.apply(Update::Page { source: Source::Nodes, epoch, page: nodes() });
        assert!(!bench.screen(80, 24).contains("no answer"));
    }
}

#[test]
fn what_failed_says_when_it_is_tried_again() {
    let mut bench = listed();
    bench.wait(16_000);
    let trouble = Trouble { fault: Some(Fault::Way), ..Trouble::new("cannot reach it", Some("Check the network.")) };
    bench.fail_of(Origin::default(), Source::Nodes, trouble);
    for left in [5, 4, 3, 2, 1] {
        let screen = bench.screen(80, 24);
        assert!(screen.contains(&format!("next try in {left} s")), "{screen}");
        assert!(screen.contains("Check the network.") && screen.contains("^r refresh"), "{screen}");
        bench.wait(1_000);
    }
    assert!(bench.screen(80, 24).contains("trying again"));
    insta::assert_snapshot!("failed_rows_80x24", bench.screen(80, 24));
}

#[test]
fn credentials_that_do_not_come_are_told_as_such() {
    let mut bench = Bench::new(false);
    let waits = |waited| Update::Credentials { origin: Origin::default(), waited };
    bench.apply(waits(Some(std::time::Duration::ZERO)));
    assert!(!bench.screen(80, 24).contains("credentials"), "they usually come at once");
    bench.wait(3_000);
    assert!(bench.screen(80, 24).lines().next().unwrap().contains("credentials… 3 s"));
    bench.wait(9_000);
    let screen = bench.screen(80, 24);
    assert!(screen.lines().next().unwrap().contains("no credentials for 10 s"), "{screen}");
    assert!(screen.contains("No credentials for 10 s") && screen.contains("get-caller-identity"), "{screen}");
    insta::assert_snapshot!("no_credentials_80x24", screen);
    bench.fx.clear();
    bench.press("ctrl-r");
    assert!(bench.fx.iter().any(|effect| matches!(effect, Effect::Connect { .. })), "another client is made");
    bench.connect(Origin::default());
    bench.apply(waits(None));
    bench.answer(Source::Nodes, nodes());
    assert!(!bench.screen(80, 24).contains("credentials"));
}

#[test]
fn of_several_origins_the_late_one_is_named_and_its_rows_alone_are_old() {
    let place = |name: &str| Place { name: name.to_owned(), ..Place::default() };
    let mut bench = Bench::at(Settings::default(), vec![place("far"), place("near")]);
    let [far, near] = bench.state.origins.scope()[..] else { panic!() };
    let node = |n: usize, name: &str| ssm::InstanceInformation {
        instance_id: Some(super::world::id(n)),
        computer_name: Some(name.to_owned()),
        ..Default::default()
    };
    let of_near = || Page::Nodes(vec![node(1, "a-near"), node(3, "c-near")]);
    bench.connect(far);
    bench.answer_of(far, Source::Nodes, Page::Nodes(vec![node(2, "b-far")]));
    bench.connect(near);
    bench.answer_of(near, Source::Nodes, of_near());
    for _ in 0..3 {
        bench.wait(16_000);
        bench.answer_of(near, Source::Nodes, of_near());
    }
    let screen = bench.screen(80, 24);
    assert!(screen.contains("✗ far: no answer for 30 s"), "{screen}");
    assert!(is_stale(style_of(&mut bench, "b-far")) && !is_stale(style_of(&mut bench, "c-near")));
    bench.apply(Update::Credentials { origin: far, waited: Some(std::time::Duration::from_secs(20)) });
    let screen = bench.screen(80, 24);
    assert!(screen.contains("✗ far no credentials for 20 s") && screen.contains("far: no credentials"), "{screen}");
}

#[test]
fn who_starts_an_engine_knows_what_to_do_when_it_is_gone() {
    let gone = "The demo's engine has ended: start it again.";
    let place = Place { name: "demo".to_owned(), when_gone: Some(gone.to_owned()), ..Place::default() };
    let mut bench = Bench::at(Settings::default(), vec![place]);
    bench.connect(Origin::default());
    let trouble = |fault| Trouble { fault, ..Trouble::new("it failed", Some("Is the engine running?")) };
    bench.fail_of(Origin::default(), Source::Nodes, trouble(Some(Fault::Way)));
    let screen = bench.screen(80, 24);
    assert!(screen.contains(gone) && !screen.contains("Is the engine running?"), "{screen}");
    bench.wait(6_000);
    bench.fail_of(Origin::default(), Source::Nodes, trouble(None));
    assert!(bench.screen(80, 24).contains("Is the engine running?"), "what it refuses is another matter");
}

#[test]
fn a_place_can_have_a_theme_of_its_own() {
    let place = |name: &str| Place { name: name.to_owned(), ..Place::default() };
    let policy = Policy { pattern: "prod*".to_owned(), theme: Some("mono".to_owned()), ..Policy::default() };
    let settings = Settings { policies: vec![policy], ..Settings::default() };
    let mut bench = Bench::at(settings, vec![place("prod"), place("stage")]);
    assert_eq!(bench.state.theme, "mono");
    bench.state.set_scope(&["stage".to_owned()], &mut bench.fx);
    assert_eq!(bench.state.theme, "dark");
    bench.state.set_scope(&["prod".to_owned()], &mut bench.fx);
    bench.state.set_theme("light");
    assert_eq!(bench.state.theme, "mono", "the user's own is for other places");
    bench.state.set_scope(&["stage".to_owned()], &mut bench.fx);
    assert_eq!(bench.state.theme, "light");
}

#[test]
fn messages_say_of_which_origin_they_are_and_can_be_copied() {
    let place = |name: &str| Place { name: name.to_owned(), ..Place::default() };
    let mut bench = Bench::at(Settings::default(), vec![place("far"), place("near")]);
    let [far, _] = bench.state.origins.scope()[..] else { panic!() };
    let trouble = Trouble::new("SendCommand was refused", Some("Ask for the permission."));
    bench.apply(Update::Changed(far, Err(trouble), None));
    bench.state.tell("Theme dark");
    assert!(bench.screen(80, 24).contains("far: SendCommand was refused"));
    bench.press(":");
    bench.type_text("messages");
    bench.press("enter j");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("2026-11-22 10:00:00 UTC  far"), "{screen}");
    insta::assert_snapshot!("messages_of_origins_80x24", screen);
    bench.press("y");
    let copied = bench.fx.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(copied, Some("2026-11-22T10:00:00.000Z far: SendCommand was refused\nAsk for the permission."));
}
