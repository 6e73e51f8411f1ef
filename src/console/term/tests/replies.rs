//! Questions and their answers.

use super::*;

fn answer(question: &str) -> String {
    String::from_utf8(screen(24, 80).feed(question.as_bytes())).unwrap().replace('\x1b', "^[")
}

#[test]
fn questions_are_answered() {
    for (question, expected) in [
        ("\x1b[5n", "^[[0n"),
        ("ab\x1b[6n", "^[[1;3R"),
        ("\x1b[99;99H\x1b[6n\x1b[?6n", "^[[24;80R^[[?24;80R"),
        ("\x1b[c\x1b[0c", "^[[?62;22c^[[?62;22c"),
        ("\x1b[>c\x1b[>0c", "^[[>1;10;0c^[[>1;10;0c"),
        ("\x1b[>q", concat!("^[P>|fleetdeck(", env!("CARGO_PKG_VERSION"), ")^[\\")),
        ("\x1b]10;?\x07", "^[]10;rgb:d0d0/d0d0/d0d0\x07"),
        ("\x1b]11;?\x1b\\", "^[]11;rgb:0000/0000/0000^[\\"),
        ("\x1b]10;?;?\x07", "^[]10;rgb:d0d0/d0d0/d0d0\x07^[]11;rgb:0000/0000/0000\x07"),
        ("\x1b[?7$p\x1b[?7l\x1b[?7$p", "^[[?7;1$y^[[?7;2$y"),
        ("\x1b[?1004h\x1b[?1004$p\x1b[?2004$p", "^[[?1004;1$y^[[?2004;2$y"),
        ("\x1b[?4711$p\x1b[?2026$p", "^[[?4711;0$y^[[?2026;2$y"),
        ("\x1b[4h\x1b[4$p", "^[[4;1$y"),
    ] {
        assert_eq!(answer(question), expected, "{question:?}");
    }
}

#[test]
fn nothing_is_read_back() {
    for question in ["\x1b]2;rm -rf\x07\x1b[21t\x1b[20t", "x\x1b[1;1;1;1;1;1*y", "\x1b]52;c;?\x07", "\x05"] {
        assert_eq!(answer(question), "", "{question:?}");
    }
}

#[test]
fn a_flood_of_questions_is_cut() {
    let answers = screen(24, 80).feed("\x1b[c".repeat(10_000).as_bytes());
    assert!((4_000..=4_096).contains(&answers.len()));
}

#[test]
fn the_screen_cannot_be_resized_by_a_program() {
    assert_eq!(after("\x1b[8;100;200t\x1b[?3h").size(), Size::new(6, 20));
}
