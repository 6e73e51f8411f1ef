//! Where messages stand, and for how long: they cover nothing that is typed into or read.

use super::{outputs, shells, world::of_three};
use crate::{
    console::{
        effect::{Effect, Source},
        origin::Origin,
        state::overlay::Overlay,
        testing::Bench,
        update::{Changed, Page, Trouble, Update},
    },
    ssm::CommandStatus,
};

const SIZES: [(u16, u16); 3] = [(40, 10), (80, 24), (200, 60)];

fn lines(bench: &mut Bench, width: u16, height: u16) -> Vec<String> {
    bench.screen(width, height).lines().map(|line| line.trim_matches('"').to_owned()).collect()
}

/// A failure that takes many lines.
fn fail(bench: &mut Bench) {
    let what =
        "SendCommand was refused: User arn:aws:iam::123456789012:user/ops is not authorized to perform it ".repeat(3);
    bench.apply(Update::Failed(Trouble::new(what, Some("Ask for the permission."))));
}

#[test]
fn a_message_covers_nothing_of_a_box() {
    for keys in ["?", "shift-r", "q", ":", "ctrl-s", "shift-c"] {
        for (width, height) in SIZES {
            let mut bench = of_three();
            bench.press(keys);
            let corners = |lines: &[String], corner: char| lines.iter().filter(|line| line.contains(corner)).count();
            let before = lines(&mut bench, width, height);
            fail(&mut bench);
            let after = lines(&mut bench, width, height);
            let told = after.iter().position(|line| line.contains("SendCommand was refused"));
            let told = told.unwrap_or_else(|| panic!("{keys} at {width}x{height}: {after:#?}"));
            assert_eq!(corners(&before, '╯'), corners(&after, '╯'), "{keys} at {width}x{height}: {after:#?}");
            let box_ends = after.iter().rposition(|line| line.contains('╯')).unwrap_or(0);
            assert!(box_ends < told, "{keys} at {width}x{height}: {after:#?}");
        }
    }
}

#[test]
fn a_message_takes_no_row_of_a_list_out_of_reach() {
    let mut bench = of_three();
    fail(&mut bench);
    let screen = bench.screen(80, 24);
    for node in ["web-1", "web-2", "web-3"] {
        assert!(screen.contains(node), "{screen}");
    }
    bench.press("esc");
    assert!(!bench.screen(80, 24).contains("SendCommand"));
    fail(&mut bench);
    bench.wait(15_000);
    assert!(!bench.screen(80, 24).contains("SendCommand"));
    bench.press("shift-m");
    assert!(bench.screen(80, 24).contains("SendCommand was refused"), "it is among the messages");
    assert_eq!(bench.state.notices.all().next().map(|notice| notice.times), Some(2));
}

#[test]
fn a_message_leaves_a_shell_its_size_and_its_last_line() {
    let mut bench = shells::three();
    bench.wait(1_000);
    bench.fx.clear();
    let before = lines(&mut bench, 80, 24);
    bench.state.tell("Copied a word");
    let after = lines(&mut bench, 80, 24);
    assert_eq!(before[..23], after[..23], "a short one stands in the footer");
    assert!(after[23].contains("Copied a word") && after[23].contains("^g then d leave"), "{}", after[23]);
    // A longer one stands away from where one types.
    for (typed, beside) in [("", 19), ("\r\n".repeat(40).as_str(), 3)] {
        let tab = bench.state.shells.current().unwrap();
        tab.terminal.feed(format!("{typed}ready>").as_bytes());
        fail(&mut bench);
        let screen = lines(&mut bench, 80, 24);
        assert!(screen[beside].contains("SendCommand was refused"), "{screen:#?}");
        assert!(screen.iter().any(|line| line.starts_with("ready>")) && screen[23].contains("leave"), "{screen:#?}");
    }
    bench.wait(1_000);
    assert!(!bench.fx.iter().any(|effect| matches!(effect, Effect::ShellResize { .. })));
}

#[test]
fn a_message_that_is_read_and_copied_stays_where_it_is() {
    let mut bench = of_three();
    for n in 1..=5 {
        bench.state.tell(format!("message {n}"));
    }
    bench.press("shift-m j j");
    let under_cursor = |bench: &Bench| match bench.state.overlays.last() {
        Some(Overlay::Messages(messages)) => {
            bench.state.notices.all().nth(messages.cursor.at).map(|notice| notice.trouble.what.clone())
        }
        _ => None,
    };
    assert_eq!(under_cursor(&bench).as_deref(), Some("message 3"));
    bench.press("y");
    assert!(bench.fx.iter().any(|effect| matches!(effect, Effect::Copy { text, .. } if text.ends_with("message 3"))));
    assert_eq!(bench.state.notices.all().count(), 5, "what is copied is no news");
    assert!(bench.screen(80, 24).contains(" copied "));
    bench.apply(Update::Told("something new".to_owned()));
    assert_eq!(under_cursor(&bench).as_deref(), Some("message 3"));
    bench.press("j");
    assert_eq!(under_cursor(&bench).as_deref(), Some("message 2"));
    assert!(!bench.screen(80, 24).contains(" copied "));
}

#[test]
fn a_command_that_is_cancelled_leaves_one_message() {
    let mut bench = outputs::just_sent();
    bench.wait(12_000);
    bench.press("x y");
    bench.apply(Update::Changed(Origin::default(), Ok(Changed::Cancelled("c-1".to_owned())), None));
    bench.wait(6_000);
    bench.answer(Source::Running, Page::Running(vec![outputs::command("c-1", 0, CommandStatus::Cancelled)]));
    let told: Vec<_> = bench.state.notices.all().map(|notice| notice.trouble.what.as_str()).collect();
    let about = told.iter().filter(|what| what.contains("ancel")).collect::<Vec<_>>();
    assert_eq!(about, [&"Command c-1 was cancelled."], "{told:?}");
}
