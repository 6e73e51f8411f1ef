//! Lines to shells that break, as the user sees it.

use super::shells::three;
use crate::console::{
    testing::Bench,
    update::{ShellUpdate, Trouble, Update},
};

fn say(bench: &mut Bench, update: ShellUpdate) {
    bench.apply(Update::Shell { tab: 3, update });
}

#[test]
fn a_tab_says_why_its_line_is_not_mended_yet() {
    let mut bench = three();
    say(&mut bench, ShellUpdate::Reconnecting { attempt: 1 });
    assert!(bench.screen(80, 24).contains("web-3 reconnecting… 0s"));
    say(&mut bench, ShellUpdate::Trouble("connection\x1b[31m refused\u{202e}\r\nby 10.0.0.1".to_owned()));
    say(&mut bench, ShellUpdate::Reconnecting { attempt: 3 });
    bench.wait(9_000);
    let screen = bench.screen(120, 24);
    assert!(screen.contains("web-3 reconnecting… 9s (attempt 3: connection refused  by 10.0.0.1)"), "{screen}");
    bench.press("ctrl-g f");
    assert!(bench.screen(80, 24).contains("reconnecting… 9s (attempt 3: connect…)"), "{}", bench.screen(80, 24));
    bench.press("ctrl-g f ctrl-g p");
    assert!(bench.screen(80, 24).contains("web-3 reconnecting… 9s"), "{}", bench.screen(80, 24));
    bench.press("ctrl-g n");
    say(&mut bench, ShellUpdate::Trouble("x".repeat(10_000)));
    let screen = bench.screen(80, 24);
    assert!(screen.contains("◌ web-3") && screen.contains("(attempt 3: xxx") && screen.contains("xx…)"), "{screen}");
    say(&mut bench, ShellUpdate::Connected);
    assert!(!bench.screen(80, 24).contains("attempt"));
    // A reason that comes late is of a line that stands again.
    say(&mut bench, ShellUpdate::Trouble("late".to_owned()));
    say(&mut bench, ShellUpdate::Reconnecting { attempt: 1 });
    assert!(!bench.screen(80, 24).contains("late"));
    say(&mut bench, ShellUpdate::Closed(Trouble::new("over", None)));
    assert!(!bench.screen(80, 24).contains("reconnecting"));
}
