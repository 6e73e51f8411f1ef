//! Fixtures: what programs send, and what an xterm shows.

use super::*;

#[test]
fn frames_of_dialogs_in_either_way() {
    // dialog and mc designate G0; tmux and others designate G1 and shift.
    for (begin, end) in [("\x1b(0", "\x1b(B"), ("\x1b)0\x0e", "\x0f")] {
        let screen = after(format!("{begin}lqqk{end} q\r\n{begin}x{end}hi{begin}x\r\nmqqj{end}"));
        assert_eq!(screen.text(), "┌──┐ q\n│hi│\n└──┘");
    }
}

#[test]
fn a_saved_cursor_brings_its_character_set_back() {
    assert_eq!(after("\x1b(0\x1b7\x1b(Bq\x1b8q").text(), "─");
    assert_eq!(after("a\x1b[sbc\x1b[uX").text(), "aXc");
}

#[test]
fn wide_and_combining_characters() {
    let screen = after("漢字\x1b[1;3Hx\r\ne\u{301}\u{302}.");
    assert_eq!(screen.text(), "漢x\ne\u{301}\u{302}.");
    // A wide character in the last column goes to the next line.
    assert_eq!(after(format!("{}漢", "a".repeat(19))).cursor(), (1, 2));
}

#[test]
fn a_character_cut_by_a_slice_is_whole() {
    let mut screen = screen(6, 20);
    for byte in "日本é\x1b(0q\x1b(B日".as_bytes() {
        assert!(screen.feed(&[*byte]).is_empty());
    }
    assert_eq!(screen.text(), "日本é─日");
}

#[test]
fn lines_and_tabs() {
    assert_eq!(after("ab\x1bDc\x1bEd").text(), "ab\n  c\nd");
    assert_eq!(after("\x1b[2Ix\x1b[2Zy\x1b[Zz").text(), format!("{:8}z{:7}x", "", ""));
    assert_eq!(after("a\x1b[3ab\x1b[2ec").text(), "a   b\n\n     c");
    assert_eq!(after("\x1b[20ha\nb").text(), "a\nb");
}

#[test]
fn margins_move_home() {
    assert_eq!(after("\x1b[5;5H\x1b[2;4rx").text(), "x");
    assert_eq!(after("\x1b[5;5H\x1b[?6h\x1b[2;4rx").text(), "\nx");
    assert_eq!(after("\x1b[5;5H\x1b[4;4rx").cursor(), (4, 5));
}

#[test]
fn insert_and_wrap_modes() {
    assert_eq!(after("abc\r\x1b[4hXY\x1b[4lz").text(), "XYzbc");
    assert_eq!(after(format!("\x1b[?7l{}yz\x1b[?7h", "a".repeat(30))).text(), format!("{}z", "a".repeat(19)));
    assert_eq!(after(format!("\x1b[?7l{}漢", "a".repeat(30))).text(), format!("{}漢", "a".repeat(18)));
    assert_eq!(after("ab\x1b[4h\r-\x1b[3b").text(), "----ab");
}

#[test]
fn hidden_text_is_not_there() {
    let screen = after("pw: \x1b[8msecret漢\x1b[28m!\x1b[8mx\x1b[0my");
    assert_eq!(screen.text(), format!("pw: {}! y", " ".repeat(8)));
}

#[test]
fn repetition_is_bounded() {
    let screen = after("x\x1b[65535b");
    assert!(screen.history() <= 2, "{}", screen.history());
}

#[test]
fn the_alternate_screen_comes_and_goes() {
    let mut screen = after("$ vim\r\n\x1b[?1049h\x1b[?1h\x1b[2J\x1b[H~\r\n~");
    let modes = screen.modes();
    assert!(modes.alternate_screen && modes.application_cursor);
    assert_eq!(screen.text(), "~\n~");
    assert!(screen.feed(b"\x1b[?1l\x1b[?1049l").is_empty());
    assert_eq!((screen.text(), screen.cursor()), ("$ vim".into(), (1, 0)));
    assert_eq!(after("ab\x1b[?1047hcd\x1b[?1047l\x1b[?1047he").text(), "    e");
}

#[test]
fn resets() {
    let screen = after("\x1b(0\x1b[4h\x1b[?7l\x1b[?6h\x1b[2;3r\x1b[3;3H\x1b[!pq\x1b[6n");
    assert_eq!(screen.modes(), Modes { alternate_scroll: true, ..Modes::default() });
    assert!(screen.text().ends_with('q'));
    assert_eq!(after("\x1b(0\x1b[4hq\x1bcq").text(), "q");
    assert_eq!(after("\x1b[31mx\x1b#8").text(), vec!["E".repeat(20); 6].join("\n"));
}

#[test]
fn modes_are_seen() {
    let modes = after("\x1b=\x1b[?2004h\x1b[?1002h\x1b[?1006h\x1b[?1004;1007l\x1b[?1004h\x1b[?25l").modes();
    let expected = Modes {
        application_keypad: true,
        bracketed_paste: true,
        mouse: MouseMode::Drag,
        mouse_encoding: MouseEncoding::Sgr,
        focus_events: true,
        hide_cursor: true,
        ..Modes::default()
    };
    assert_eq!(modes, expected);
}

#[test]
fn strings_leave_nothing_on_the_screen() {
    let long = format!("\x1b]0;{}\x07", "x".repeat(1_000_000));
    for string in
        ["\x1bPq#0;2;0;0;0#0~~\x1b\\", "\x1b_G...\x1b\\", "\x1b^pm\x1b\\", "\x1bXsos\x1b\\", "\x1b]133;A\x07", &long]
    {
        let screen = after(format!("a{string}b"));
        assert_eq!((screen.text().as_str(), screen.title()), ("ab", ""), "{:.20}", string);
    }
}

#[test]
fn wide_characters_stranded_by_a_resize_are_survived() {
    // A wide emoji presentation next to the edge of a screen that shrank.
    let mut screen = screen(2, 2);
    let mut restarted = false;
    for _ in 0..50 {
        for size in [(2, 2), (2, 3), (3, 2), (2, 4)] {
            let _ = screen.feed("漢❤️\x1b[1;2H❤\u{fe0f}\x1bM\x1b[1;1H漢".as_bytes());
            screen.resize(Size::new(size.0, size.1));
            restarted |= screen.take_events().contains(&Event::Restarted);
        }
    }
    let _ = screen.feed(b"\x1bcok");
    assert!(screen.text().contains("ok"), "restarted: {restarted}");
}
