//! The time that a session has left.

use super::*;

#[test]
fn the_time_a_session_has_left_is_counted_down() {
    let mut bench = three();
    (1..=3).for_each(|tab| follows(&mut bench, tab, r#"{"idleSessionTimeout":"10","maxSessionDuration":"12"}"#));
    assert!(bench.screen(80, 24).contains("12:00 left"));
    bench.wait(360_000);
    assert!(bench.screen(80, 24).contains("idle 4:00"));
    bench.press("x");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("web-2 ◆ idle 4:00   ● web-3 ◆   "), "a key starts the idle time anew\n{screen}");
    bench.wait(330_000);
    assert!(bench.screen(80, 24).contains("ends 0:30"));
    bench.press("ctrl-g f");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("keys go to the node ends 0:30 ^g then"), "in full screen too\n{screen}");
}

#[test]
fn a_shell_that_ends_within_a_minute_and_is_not_looked_at_is_told_once() {
    let mut bench = three();
    (1..=3).for_each(|tab| follows(&mut bench, tab, r#"{"idleSessionTimeout":"10"}"#));
    let told = |bench: &Bench| {
        let notes = bench.fx.iter().filter_map(|effect| match effect {
            Effect::Notify(text) => Some(text.clone()),
            _ => None,
        });
        notes.collect::<Vec<_>>()
    };
    bench.press("ctrl-g n ctrl-g d");
    bench.wait(300_000);
    bench.apply(Update::Shell { tab: 2, update: ShellUpdate::Output });
    assert!(bench.state.deadline().since(bench.state.now) <= Duration::from_secs(240), "somebody has to wake up");
    bench.wait(239_000);
    assert_eq!(told(&bench), Vec::<String>::new());
    bench.wait(1_000);
    let why = "it is ended after 10 min in which nothing is typed or shown.";
    assert_eq!(told(&bench), [format!("web-1 ends in 60 s: {why}"), format!("web-3 ends in 60 s: {why}")]);
    assert!(bench.screen(80, 24).contains("web-3 ends in 60 s"));
    bench.wait(30_000);
    assert_eq!(told(&bench).len(), 2);
    // What was used again may be idle again.
    bench.apply(Update::Shell { tab: 1, update: ShellUpdate::Output });
    bench.wait(1_000);
    bench.wait(541_000);
    assert_eq!(told(&bench).iter().filter(|told| told.starts_with("web-1")).count(), 2);
}

#[test]
fn each_session_is_counted_down_by_the_document_it_follows_and_by_no_other() {
    let mut bench = three();
    // What the account says in general is nothing to a session of which it is not known to follow that.
    let account = Preferences::parse(r#"{"inputs":{"idleSessionTimeout":"1","maxSessionDuration":"3"}}"#);
    bench.state.preferences.set(Origin::default(), account);
    let screen = bench.screen(80, 24);
    assert!(!screen.contains(" left") && !screen.contains("idle "), "{screen}");
    follows(&mut bench, 2, r#"{"idleSessionTimeout":"1"}"#);
    follows(&mut bench, 3, r#"{"maxSessionDuration":"12"}"#);
    let screen = bench.screen(120, 24);
    assert!(screen.contains("web-2 ◆ idle 1:00") && screen.contains("12:00 left"), "{screen}");
    assert!(!screen.contains("web-1 ◆ idle"), "{screen}");
    bench.wait(29_000);
    let told = |effect: &Effect| matches!(effect, Effect::Notify(text) if text.starts_with("web-2 ends in 30 s"));
    assert!(!bench.fx.iter().any(|effect| matches!(effect, Effect::Notify(_))), "it has just begun");
    bench.wait(1_000);
    assert!(bench.fx.iter().any(told), "half a minute of one is left, and nobody looks at it");
}

#[test]
fn a_session_that_is_begun_anew_has_no_clock_of_the_old_one() {
    let mut bench = three();
    follows(&mut bench, 3, r#"{"maxSessionDuration":"12"}"#);
    assert!(bench.screen(80, 24).contains("12:00 left"));
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Closed(Trouble::new("Over.", None)) });
    bench.press("r");
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Started("ops-4".to_owned()) });
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Connected });
    assert!(!bench.screen(80, 24).contains(" left"), "{}", bench.screen(80, 24));
    follows(&mut bench, 3, r#"{"maxSessionDuration":"2"}"#);
    assert!(bench.screen(80, 24).contains("2:00 left"));
}

#[test]
fn a_session_that_is_gone_on_with_is_counted_from_its_beginning() {
    let mut bench = three();
    let preferences = Box::new(Preferences::parse(r#"{"inputs":{"maxSessionDuration":"12"}}"#));
    let began = Some(bench.now.minus(Duration::from_secs(300)));
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Follows { preferences, began } });
    assert!(bench.screen(80, 24).contains("7:00 left"), "{}", bench.screen(80, 24));
}
