//! What esctest and the programs of the field expect of an xterm, one line for each.

use super::*;

/// Screens of 6x20: bytes, the text they leave, and where the cursor is, from 0.
const SCREENS: &[(&str, &str, &str, (u16, u16))] = &[
    ("backspace at the edge", "abcdefghijklmnopqrst\x08X", "abcdefghijklmnopqrXt", (0, 19)),
    ("left at the edge", "abcdefghijklmnopqrst\x1b[DX", "abcdefghijklmnopqrXt", (0, 19)),
    ("reverse wrap", "\x1b[?45habcdefghijklmnopqrstu\x08\x08X", "abcdefghijklmnopqrsX\nu", (0, 20)),
    ("no reverse wrap to another line", "\x1b[?45ha\r\n\x08X", "a\nX", (1, 1)),
    ("tab stops are set", "\x1b[3g\x1b[1;5H\x1bH\r\tX", "    X", (0, 5)),
    ("a tab stop is cleared", "\x1b[1;9H\x1b[g\r\tX\r\x1b[2IY", "                X  Y", (0, 20)),
    ("tabs back", "\x1b[1;19H\x1b[2ZX", "        X", (0, 9)),
    ("origin mode", "\x1b[2;4r\x1b[?6h\x1b[9;1HX\x1b[?6l", "\n\n\nX", (0, 0)),
    ("index in a region", "a\x1b[1;2r\x1b[2;1Hb\x1bDc", "b\n c", (1, 2)),
    ("reverse index in a region", "\x1b[2;3ra\x1b[2;1Hb\x1bMc", "a\n c\nb", (1, 2)),
    ("a region of one line is none", "\x1b[3;3H\x1b[2;2rX", "\n\n  X", (2, 3)),
    ("soft reset leaves the cursor", "\x1b[3;3H\x1b[4h\x1b[!pX", "\n\n  X", (2, 3)),
    ("alignment", "\x1b[2;3r\x1b#8\x1b[2JX", "X", (0, 1)),
    ("no wrap", "\x1b[?7labcdefghijklmnopqrstuvX", "abcdefghijklmnopqrsX", (0, 19)),
    ("insert", "abc\x1b[1;1H\x1b[4hX\x1b[4lY", "XYbc", (0, 2)),
    ("saved cursor and wrap", "\x1b[?7l\x1b7\x1b[?7h\x1b8X", "X", (0, 1)),
    ("line drawing", "\x1b(0lqk\x1b(B lqk", "┌─┐ lqk", (0, 7)),
    ("line drawing by shift", "\x1b)0a\x0ea\x0fa", "a▒a", (0, 3)),
    ("repetition", "-\x1b[4b|", "-----|", (0, 6)),
    ("repetition is of the last character", "-\r\n\x1b[2b", "-\n--", (1, 2)),
    ("alternate screen", "a\x1b[?1049hb\x1b[?1049lc", "ac", (0, 2)),
    ("alternate screen, margins", "\x1b[?1049h\x1b[2;3r\x1b[?1049l\x1b[6;1Ha\nb", "\n\n\n\na\n b", (5, 2)),
    ("erased saved lines", "1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\x1b[3J", "2\n3\n4\n5\n6\n7", (5, 1)),
    ("wide at the edge", "abcdefghijklmnopqrs漢", "abcdefghijklmnopqrs\n漢", (1, 2)),
    ("emoji presentation", "❤\u{fe0f}X", "❤\u{fe0f}X", (0, 3)),
    ("marks", "e\u{301}X", "e\u{301}X", (0, 2)),
    ("a link is text", "\x1b]8;;https://a.example/\x1b\\a\x1b]8;;\x1b\\b", "ab", (0, 2)),
    ("a keyboard protocol is no rendition", "\x1b[>4;2mX", "X", (0, 1)),
];

#[test]
fn screens_are_those_of_an_xterm() {
    for (name, bytes, text, cursor) in SCREENS {
        let screen = after(bytes);
        assert_eq!((screen.text().as_str(), screen.core().cursor()), (*text, *cursor), "{name}");
    }
    assert_eq!(after("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\x1b[3J").history(), 0);
}

#[test]
fn settings_are_told() {
    for (question, answer) in [
        ("\x1b[1;31m\x1bP$qm\x1b\\", "\x1bP1$r0;1;31m\x1b\\"),
        ("\x1b[38:2::9:8:7;48;5;200m\x1bP$qm\x1b\\", "\x1bP1$r0;38:2::9:8:7;48:5:200m\x1b\\"),
        ("\x1b[2;5r\x1bP$qr\x1b\\", "\x1bP1$r2;5r\x1b\\"),
        ("\x1b[4 q\x1bP$q q\x1b\\", "\x1bP1$r4 q\x1b\\"),
        ("\x1bP$q\"p\x1b\\", "\x1bP1$r62;1\"p\x1b\\"),
        ("\x1bP$qz\x1b\\", "\x1bP0$r\x1b\\"),
        ("\x1bP+q436f;7a7a\x1b\\", "\x1bP1+r436f=323536\x1b\\\x1bP0+r7a7a\x1b\\"),
        ("\x1b[62\"p\x1b[?7$p", ""),
        ("\x1b[?2026h\x1b[?2026$p", "\x1b[?2026;1$y"),
        ("\x1b[?u\x1b[>1u\x1b[?u\x1b[>31u\x1b[?u\x1b[<2u\x1b[?u", "\x1b[?0u\x1b[?1u\x1b[?1u\x1b[?0u"),
        ("\x1b[=1u\x1b[?1049h\x1b[?u\x1b[?1049l\x1b[?u", "\x1b[?0u\x1b[?1u"),
        ("\x1b[>4;2m\x1b[?4m", "\x1b[>4;2m"),
        ("\x1b]10;#123456\x07\x1b]10;?\x07", "\x1b]10;rgb:1212/3434/5656\x07"),
        ("\x1b]4;1;?\x07", "\x1b]4;1;rgb:cdcd/0000/0000\x07"),
        ("\x1b[18t", "\x1b[8;6;20t"),
        ("\x1b[2;4r\x1b[?6h\x1b[2;3H\x1b[6n", "\x1b[2;3R"),
    ] {
        let mut screen = screen(6, 20);
        assert_eq!(String::from_utf8(screen.feed(question.as_bytes())).unwrap(), answer, "{question:?}");
    }
}

#[test]
fn what_cells_of_the_model_lack_is_kept() {
    let bytes = "\x1b[9;31ma\x1b[5mb\x1b[29;25mc\x1b[0m\x1b]8;id=1;https://a.example/x\x1b\\\x1b[1md\x1b]8;;\x1b\\e";
    let mut screen = after(bytes);
    let link = |screen: &Screen, column| screen.address(screen.link_at(0, column)).map(|link| link.to_string());
    let styles = |screen: &Screen| {
        let mut styles = Vec::new();
        screen.each_glyph(0, |_, glyph| {
            if !glyph.text.is_empty() {
                styles.push((glyph.style.foreground, glyph.style.marks));
            }
        });
        styles
    };
    let red = Colour::Indexed(1);
    let expected = [
        (red, Marks::STRIKE),
        (red, Marks::STRIKE.with(Marks::BLINK, true)),
        (red, Marks::default()),
        (Colour::Default, Marks::BOLD),
        (Colour::Default, Marks::BOLD),
    ];
    assert_eq!(styles(&screen), expected);
    assert_eq!((link(&screen, 2), link(&screen, 3)), (None, Some("https://a.example/x".to_owned())));
    // The same after it scrolled away.
    let _ = screen.feed(b"\x1b[m\r\n\n\n\n\n\n\n");
    screen.scroll_to(9);
    assert_eq!(styles(&screen), expected);
    assert_eq!(link(&screen, 3).as_deref(), Some("https://a.example/x"));
    assert_eq!(after("\x1b]8;;file:///etc/passwd\x1b\\a").link_at(0, 0), Link::REFUSED);
}

#[test]
fn lines_come_back_when_the_screen_grows() {
    let mut screen = screen(3, 10);
    let _ = screen.feed(b"1\r\n\x1b[31m2\x1b[m\r\n3\r\n4\r\n5");
    screen.resize(Size::new(5, 10));
    assert_eq!((screen.text().as_str(), screen.history(), screen.cursor()), ("1\n2\n3\n4\n5", 0, (4, 1)));
    screen.resize(Size::new(2, 10));
    assert_eq!((screen.text().as_str(), screen.history(), screen.cursor()), ("4\n5", 3, (1, 1)));
    // In the same way while a program has the alternate screen.
    let _ = screen.feed(b"\x1b[?1049h");
    screen.resize(Size::new(4, 10));
    screen.resize(Size::new(2, 10));
    screen.resize(Size::new(3, 10));
    let _ = screen.feed(b"\x1b[?1049lX");
    let mut kept = Vec::new();
    for line in screen.oldest()..screen.live() + 3 {
        kept.push(screen.line(line).text);
    }
    assert_eq!(kept.join("|").trim_end_matches('|'), "1|2|3|4|5X");
}

#[test]
fn a_frame_is_shown_whole() {
    use std::time::{Duration, Instant};
    let now = Instant::now();
    let mut screen = after("before");
    // Nobody tells the time: nothing is held.
    let _ = screen.feed(b"\x1b[?2026h\x1b[2J\x1b[Hhalf");
    assert_eq!(screen.text(), "half");
    let _ = screen.feed(b"\x1b[?2026l");
    assert_eq!(screen.tick(now), None);
    let _ = screen.feed(b"\x1b[?2026h\x1b[2J\x1b[H");
    assert_eq!(screen.tick(now), Some(now + Duration::from_millis(150)));
    assert_eq!(screen.text(), "half");
    let _ = screen.feed(b"whole\x1b[?2026l");
    assert_eq!(screen.text(), "whole");
    // A program that never ends its frame does not keep the screen.
    let _ = screen.feed(b"\x1b[?2026h\x1b[2J\x1b[Hnew");
    assert_eq!(screen.text(), "whole");
    assert!(screen.tick(now + Duration::from_millis(200)).is_some());
    assert_eq!(screen.tick(now + Duration::from_millis(350)), None);
    assert_eq!(screen.text(), "new");
}
