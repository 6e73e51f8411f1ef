//! Shells that are recorded, as the user sees it.

use super::shells::three;
use crate::console::{
    action::Action,
    effect::{Effect, Recording},
    testing::Bench,
    update::{ShellUpdate, Trouble, Update},
};

/// The last thing wanted of recordings: of which tab, and what.
fn wanted(bench: &Bench) -> Option<(u64, Option<Recording>)> {
    bench.fx.iter().rev().find_map(|effect| match effect {
        Effect::RecordShell { tab, recording } => Some((*tab, recording.as_deref().cloned())),
        _ => None,
    })
}

#[test]
fn one_key_records_a_shell_and_the_same_key_stops_it() {
    let mut bench = three();
    bench.press("ctrl-g shift-r");
    let (tab, recording) = wanted(&bench).unwrap();
    let recording = recording.unwrap();
    assert_eq!((tab, recording.title.as_str()), (3, "web-3"));
    assert_eq!(recording.directory.join(&recording.name).display().to_string(), "/recordings/web-3-20261122T100000Z");
    assert!(!bench.screen(80, 24).contains("rec "), "nothing is recorded until there is a file");
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Recording(true) });
    bench.apply(Update::Told("Recording web-3 into /recordings/web-3.cast".to_owned()));
    let screen = bench.screen(80, 24);
    assert!(screen.contains("web-3 ● rec") && screen.contains("into /recordings/web-3.cast"), "{screen}");
    bench.press("ctrl-g f");
    assert!(bench.screen(80, 24).contains("● rec  keys go to the node"), "a full screen says it too");
    bench.press("ctrl-g p");
    assert!(!bench.screen(80, 24).contains("● rec  keys go"), "it is the other shell that is recorded");
    bench.press("ctrl-g f");
    assert!(bench.ascii(80, 24).contains("* rec"));
    bench.press("ctrl-g n ctrl-g shift-r");
    assert_eq!(wanted(&bench), Some((3, None)));
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Recording(false) });
    assert!(!bench.screen(80, 24).contains("rec "));
}

#[test]
fn a_shell_that_is_over_is_not_recorded() {
    let mut bench = three();
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Recording(true) });
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Closed(Trouble::new("over", None)) });
    assert!(!bench.screen(80, 24).contains("● rec"));
    bench.state.prefixed = true;
    bench.state.act(Action::Record, &mut bench.fx);
    assert_eq!(wanted(&bench), None);
    assert!(bench.screen(80, 24).contains("nothing to record"));
}

#[test]
fn the_key_is_in_the_help_and_behind_the_prefix() {
    let mut bench = three();
    bench.press("ctrl-g");
    assert!(bench.screen(200, 24).contains("R record"), "{}", bench.screen(200, 24));
    bench.press("?");
    bench.type_text("record");
    assert!(bench.screen(80, 24).contains("Record what the shell shows into a file"));
}
