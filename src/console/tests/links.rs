//! Links that programs on nodes show: seen in full, then opened or copied.

use super::shells::{copied, long, three};
use crate::console::{effect::Effect, opener::Opener, testing::Bench};

/// A console with a browser.
fn with_browser(mut bench: Bench) -> Bench {
    bench.state.opener = Opener::find(|name| (name == "BROWSER").then(|| "firefox".to_owned()), |_| true, false);
    bench
}

fn opened(bench: &Bench) -> Vec<String> {
    let opened = bench.fx.iter().filter_map(|effect| match effect {
        Effect::OpenLink { address, .. } => Some(address.to_string()),
        _ => None,
    });
    opened.collect()
}

/// Looks back and asks about the link at the beginning of the line the cursor is in.
const ASK: &str = "ctrl-g [ 0 o";

#[test]
fn a_link_is_opened_only_after_its_whole_address_was_seen() {
    let mut bench = with_browser(long());
    bench.press(ASK);
    let screen = bench.screen(80, 24);
    for shown in ["Open this link?", "https://example.com/a?b=1", "shows this link to example.com", "firefox opens it."]
    {
        assert!(screen.contains(shown), "{shown}\n{screen}");
    }
    assert!(screen.contains("y yes") && screen.contains("c copy") && screen.contains("n no"), "{screen}");
    bench.press("enter");
    bench.press("o n");
    assert_eq!(opened(&bench), [""; 0], "neither enter nor no opens it");
    bench.press("o y");
    assert_eq!(opened(&bench), ["https://example.com/a?b=1"]);
    bench.press("o c");
    assert_eq!((copied(&bench), opened(&bench).len()), (vec!["https://example.com/a?b=1"], 1));
}

#[test]
fn without_a_browser_the_box_says_why_and_copies() {
    let mut bench = long();
    bench.press(ASK);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("Copy this link?") && screen.contains("there is no display here"), "{screen}");
    bench.press("c y");
    assert_eq!((copied(&bench), opened(&bench).len()), (vec!["https://example.com/a?b=1"], 0));
}

#[test]
fn what_is_no_address_of_the_web_is_refused_in_words() {
    let mut bench = with_browser(three());
    let terminal = bench.state.shells.current().unwrap().terminal.clone();
    terminal.feed(b"\x1b]8;;file:///etc/passwd\x1b\\here\x1b]8;;\x1b\\");
    bench.press(ASK);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("it is neither") && screen.contains("opened nor copied"), "{screen}");
    bench.press("y $ l l l o");
    terminal.feed(b"\r\nplain");
    bench.press("esc");
    bench.press(ASK);
    assert!(bench.screen(80, 24).contains("There is no link under the cursor."), "{}", bench.screen(80, 24));
    assert_eq!((opened(&bench).len(), copied(&bench).iter().any(|text| text.contains("file:"))), (0, false));
}

#[test]
fn a_node_cannot_hide_where_a_link_leads() {
    let mut bench = with_browser(three());
    let terminal = bench.state.shells.current().unwrap().terminal.clone();
    let long = "x".repeat(150);
    terminal.feed(format!("\x1b]8;;https://bank.example@evil.example/{long}`id`\x07bank\x1b]8;;\x07").as_bytes());
    bench.press(ASK);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("shows this link to evil.example") && screen.contains("xx%60id%60"), "{screen}");
    bench.press("y");
    assert_eq!(opened(&bench), [format!("https://bank.example@evil.example/{long}%60id%60")]);
}

#[test]
fn an_address_longer_than_the_window_says_so() {
    let mut bench = with_browser(three());
    let terminal = bench.state.shells.current().unwrap().terminal.clone();
    terminal.feed(format!("\x1b]8;;https://evil.example/{}\x07here\x1b]8;;\x07", "x".repeat(2_000)).as_bytes());
    bench.press(ASK);
    for (width, height) in [(80, 24), (40, 10)] {
        let screen = bench.screen(width, height);
        assert!(screen.contains("for the rest") && screen.contains("y yes"), "{screen}");
    }
    assert!(!bench.screen(200, 60).contains("for the rest"));
}
