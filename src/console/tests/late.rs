//! What does not come: an answer, credentials, an engine that is gone. It is told soon, with what can be done about it, and what
//! is shown from before does not look as if it were of now.

use ratatui::style::Style;

use super::world::{of_three, three};

use crate::{
    config::{
        place::{Place, Policy},
        settings::Settings,
        theme::{Role, Theme},
    },
    console::{
        effect::{Effect, Source},
        origin::Origin,
        state::Pane,
        testing::Bench,
        update::{Fault, Page, Trouble, Update},
    },
    ssm,
};

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
    bench.apply(Update::Page { source: Source::Nodes, epoch: late, page: three() });
    assert_eq!(bench.state.fleet.total(), 0, "the answer that was given up is nobody's");
    bench.answer(Source::Nodes, three());
    assert!(!bench.screen(80, 24).contains("answer"));
}

#[test]
fn rows_of_a_list_that_is_not_renewed_do_not_look_as_if_they_were_of_now() {
    let mut bench = of_three();
    bench.wait(16_000);
    assert_eq!(bench.asked(Source::Nodes).map(|(_, epoch)| epoch.number), Some(2));
    bench.wait(6_000);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("What is shown may be old: no answer for 6 s"), "{screen}");
    assert!(!is_stale(style_of(&mut bench, "web-2")), "they are hardly older than usual");
    bench.wait(10_000);
    assert!(is_stale(style_of(&mut bench, "web-2")) && is_stale(style_of(&mut bench, "● online")));
    insta::assert_snapshot!("late_rows_80x24", bench.screen(80, 24));
    bench.answer(Source::Nodes, three());
    assert!(!is_stale(style_of(&mut bench, "web-2")));
}

#[test]
fn a_list_that_comes_slowly_is_not_silent() {
    let mut bench = Bench::new(false);
    let (_, epoch) = bench.asked(Source::Nodes).unwrap();
    for _ in 0..5 {
        bench.wait(4_000);
        bench.apply(Update::Page { source: Source::Nodes, epoch, page: three() });
        assert!(!bench.screen(80, 24).contains("no answer"));
    }
}

#[test]
fn what_failed_says_when_it_is_tried_again() {
    let mut bench = of_three();
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
    bench.answer(Source::Nodes, three());
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
        Effect::Copy { text, .. } => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(copied, Some("2026-11-22T10:00:00.000Z far: SendCommand was refused\nAsk for the permission."));
}

/// A fleet of which everything was answered so far.
fn all_listed() -> Bench {
    let mut bench = of_three();
    for source in [Source::PatchStates, Source::Summaries, Source::ComplianceTypes] {
        if let Some((_, epoch)) = bench.asked(source) {
            bench.apply(Update::End { source, epoch, result: Ok(()) });
        }
    }
    bench
}

#[test]
fn a_service_that_hangs_is_told_in_every_pane_with_the_next_try() {
    let mut bench = all_listed();
    bench.wait(16_000);
    bench.wait(6_000);
    for pane in Pane::ALL.into_iter().filter(|pane| *pane != Pane::Shell) {
        bench.press(&(Pane::ALL.iter().position(|known| *known == pane).unwrap_or(0) + 1).to_string());
        for (width, height) in [(80, 24), (200, 60)] {
            let screen = bench.screen(width, height);
            let told = screen.to_lowercase().contains("no answer for 6 s") && screen.contains("next try in 14 s");
            assert!(told && screen.contains("^r refresh"), "{pane:?}\n{screen}");
        }
    }
    // It is asked again by itself, and what is told goes on.
    bench.press("1");
    bench.fx.clear();
    bench.wait(14_000);
    assert!(bench.asked(Source::Nodes).is_some());
    let screen = bench.screen(80, 24);
    assert!(screen.contains("no answer for 20 s") && screen.contains("next try in 20 s"), "{screen}");
    bench.answer(Source::Nodes, three());
    assert!(!bench.screen(80, 24).contains("answer"));
    bench.press("7");
    assert!(!bench.screen(80, 24).contains("answer for"), "whoever answered one question is there");
}

#[test]
fn an_engine_that_is_gone_is_told_in_every_pane() {
    let mut bench = all_listed();
    bench.wait(16_000);
    let gone = Trouble { fault: Some(Fault::Way), ..Trouble::new("cannot reach it", Some("Start it.")) };
    bench.fail_of(Origin::default(), Source::Nodes, gone);
    for pane in ["2", "3", "4", "6", "7"] {
        bench.press(pane);
        let screen = bench.screen(80, 24);
        assert!(screen.contains("cannot reach it") && screen.contains("Start it."), "{pane}\n{screen}");
    }
}

#[test]
fn all_that_can_be_done_about_a_hang_is_read_at_eighty_columns() {
    let mut bench = all_listed();
    bench.wait(16_000);
    bench.wait(6_000);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("drops packets: check") && screen.contains("the network."), "{screen}");
    insta::assert_snapshot!("hang_80x24", screen);
    bench.press("3");
    insta::assert_snapshot!("hang_commands_80x24", bench.screen(80, 24));
    bench.press("7");
    insta::assert_snapshot!("hang_forwards_200x60", bench.screen(200, 60));
}

#[test]
fn whatever_failed_for_want_of_an_engine_has_the_same_next_step() {
    let gone = "The demo's engine has ended: start it again.";
    let place = Place { name: "demo".to_owned(), when_gone: Some(gone.to_owned()), ..Place::default() };
    let mut bench = Bench::at(Settings::default(), vec![place]);
    bench.connect(Origin::default());
    let trouble =
        || Trouble { fault: Some(Fault::Way), ..Trouble::new("cannot reach it", Some("Is the engine running?")) };
    bench.apply(Update::Changed(Origin::default(), Err(trouble()), None));
    bench.apply(Update::FailedIn(Origin::default(), trouble()));
    bench.fail_of(Origin::default(), Source::Nodes, trouble());
    let screen = bench.screen(80, 24);
    assert!(screen.contains(gone) && !screen.contains("Is the engine running?"), "{screen}");
    // One that hangs has not ended, and what became of a change there is not known.
    let hangs = Trouble { fault: Some(Fault::Silence), ..Trouble::new("no answer within 30 s", Some("Look at it.")) };
    bench.apply(Update::Changed(Origin::default(), Err(hangs), None));
    assert!(bench.screen(80, 24).contains("It may have been done all the same"));
    let hangs = Trouble { fault: Some(Fault::Silence), ..Trouble::new("no answer within 30 s", Some("Look at it.")) };
    bench.apply(Update::FailedIn(Origin::default(), hangs));
    assert!(bench.screen(80, 24).contains("Look at it."));
}

#[test]
fn a_list_that_was_empty_is_not_told_to_be_empty_now() {
    let mut bench = all_listed();
    bench.press("6");
    bench.answer(Source::Sessions, Page::Sessions(Vec::new()));
    assert!(bench.screen(80, 24).contains("No session so far"));
    bench.wait(16_000);
    bench.wait(6_000);
    let screen = bench.screen(80, 24);
    assert!(!screen.contains("No session so far") && screen.contains("No answer for 6 s"), "{screen}");
}
