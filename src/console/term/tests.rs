//! The whole terminal: fixtures of what programs send, and properties that hold for any bytes.

use proptest::{collection::vec, prelude::*};

use super::*;

mod conformance;
mod programs;
mod replies;
mod sweep;

fn screen(rows: u16, columns: u16) -> Screen {
    Screen::new(Size::new(rows, columns), 1_000)
}

/// A screen of 6x20 after these bytes.
fn after(bytes: impl AsRef<[u8]>) -> Screen {
    let mut screen = screen(6, 20);
    let _ = screen.feed(bytes.as_ref());
    screen
}

/// Everything of a screen that can be seen, for comparison.
fn seen(screen: &Screen) -> (Vec<String>, (u16, u16), Modes) {
    let core = screen.core();
    let mut lines = Vec::new();
    for number in screen.oldest()..screen.live() + u64::from(screen.size().rows()) {
        let mut line = Vec::new();
        let wrapped = screen.each_glyph(number, |column, glyph| {
            if !glyph.text.is_empty() || glyph.style != Style::default() {
                // What was erased and what is blank look the same.
                let text = if glyph.text.is_empty() { " " } else { glyph.text };
                line.push(format!("{column}{text}{}{:?}", glyph.wide, glyph.style));
            }
        });
        while line.last().is_some_and(|last| last.ends_with(&format!(" false{:?}", Style::default()))) {
            line.pop();
        }
        lines.push(format!("{wrapped:?} {}", line.concat()));
    }
    (lines, core.cursor(), screen.modes())
}

/// Pieces that mean something to a terminal, so that random streams get somewhere.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "\x1b(0",
        "\x1b(B",
        "\x1b)0",
        "\x0e",
        "\x0f",
        "\x1b[4h",
        "\x1b[4l",
        "\x1b[?7l",
        "\x1b[?7h",
        "\x1b[8m",
        "\x1b[28m",
        "\x1b[20h",
        "\x1b[20l",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "\x1b[?1047h",
        "\x1b[?1047l",
        "\x1b[?47h",
        "\x1b[s",
        "\x1b[u",
        "\x1bD",
        "\x1bE",
        "\x1bM",
        "\x1b7",
        "\x1b8",
        "\x1bc",
        "\x1b#8",
        "\x1b[!p",
        "\x1b[2;4r",
        "\x1b[r",
        "\x1b[?6h",
        "\x1b[?6l",
        "\x1b[999b",
        "\x1b[65535S",
        "\x1b[3J",
        "\x1b[2J",
        "\x1b[I",
        "\x1b[3Z",
        "\x1b[6n",
        "\x1b[c",
        "\x1b[>q",
        "\x1b]10;?\x07",
        "\x1b]11;?\x1b\\",
        "\x1b[?1006$p",
        "\x1b]0;title\x07",
        "\x1b]52;c;aGk=\x07",
        "\x1bP$qm\x1b\\",
        "\x1b_apc\x1b\\",
        "\x07",
        "\r\n",
        "\n",
        "\t",
        "\x08",
        "\x18",
        "lqqk",
        "plain text ",
        "漢字",
        "e\u{301}",
        "é",
        "❤️",
        "👨‍👩‍👧",
        "\x1b[1;99H",
        "\x1b[99;1H",
        "\x1b[5P",
        "\x1b[5@",
        "\x1b[2L",
        "\x1b[2M",
        "\x1b[38:2::1:2:3m",
        "\x1b[1;3",
        "\x1b]2;never ended",
        "\x1b[",
    ]);
    let again = prop::sample::select(vec![
        "\x1b]2;t",
        "\x1b]8;;https://a.example/",
        "\x1bP$q",
        "\x1b[1;",
        "38:2:",
        "9;",
        "\u{301}",
        "\u{200d}",
        "漢",
        "\x1b7",
        "\x1b[?1049h",
        "\x1b[22;0t",
        "\x1b[>5u",
    ]);
    prop_oneof![
        80 => known.prop_map(|s| s.as_bytes().to_vec()),
        20 => vec(any::<u8>(), 0..20),
        1 => (again, 1usize..300).prop_map(|(s, times)| s.repeat(times).into_bytes()),
    ]
}

/// A piece of a line of a flood; most are plain.
fn flood() -> impl Strategy<Value = String> {
    let plain = prop::sample::select(vec![
        "y",
        "",
        "some text",
        "0123456789012345678901234567890123456789",
        "\t",
        "a\tb\t",
        "漢字",
        "é",
        " ",
        "trailing  ",
        "\x1b[31m",
        "\x1b[0m",
        "\x1b[m",
        "\x1b[K",
        "\x1b[44m\x1b[K",
        "\x1b[1;38;5;99m",
        "\x1b[9m",
        "\x1b[38;2;1;2;3m",
        "\x1b[4:3m",
        "─┼─",
    ]);
    let odd = prop::sample::select(vec![
        "e\u{301}",
        "❤\u{fe0f}",
        "\r",
        "\x08",
        "\x1b[5;5H",
        "\x1b[2J",
        "\x07",
        "\u{fffd}",
        "\x1b[8m",
        "\x1b[28m",
        "\x1b[3b",
        "\x1b[2;3r",
        "\x1b[r",
        "\x1b[?7l",
        "\x1b[?7h",
        "\x1b]8;;https://a.example/\x1b\\",
        "\x1b]8;;\x1b\\",
        "\x1b[1K",
    ]);
    prop_oneof![60 => plain, 1 => odd].prop_map(str::to_owned)
}

/// Lines, many enough to be taken as a flood on a small screen.
fn floods() -> impl Strategy<Value = String> {
    let end = prop_oneof![9 => Just("\r\n"), 1 => Just("\n")];
    let line = (vec(flood(), 0..6), end).prop_map(|(pieces, end)| pieces.concat() + end);
    vec(line, 20..120).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn floods_are_laid_out_as_the_model_does(text in floods(), rows in 2u16..7, columns in 2u16..24, keep in 0usize..200) {
        let mut whole = Screen::new(Size::new(rows, columns), keep);
        let _ = whole.feed(text.as_bytes());
        let mut sliced = Screen::new(Size::new(rows, columns), keep);
        for slice in text.as_bytes().chunks(5) {
            // Too small to be a flood.
            let _ = sliced.feed(slice);
        }
        prop_assume!(!whole.take_events().contains(&Event::Restarted) && !sliced.take_events().contains(&Event::Restarted));
        prop_assert_eq!(seen(&whole), seen(&sliced));
    }

    #[test]
    fn nothing_breaks_it(steps in vec((vec(piece(), 0..20), 0u16..12, 0u16..30, 0usize..40), 1..12)) {
        let mut screen = Screen::new(Size::new(0, 0), 20);
        let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, 20, 8));
        for (pieces, rows, columns, back) in steps {
            let replies = screen.feed(&pieces.concat());
            prop_assert!(replies.len() <= 4096);
            screen.resize(Size::new(rows, columns));
            screen.scroll_to(back);
            paint::paint(&screen, buffer.area, &mut buffer, paint::Look::default());
            screen.find("t");
            let (row, column) = screen.cursor();
            prop_assert!(row < screen.size().rows() && column < screen.size().columns());
            prop_assert!(screen.take_events().len() <= 4);
        }
    }

    #[test]
    fn slicing_changes_nothing(pieces in vec(piece(), 1..40), sizes in vec(1usize..9, 1..20)) {
        let bytes = pieces.concat();
        let mut whole = screen(8, 24);
        let replies = whole.feed(&bytes);
        let mut sliced = screen(8, 24);
        let mut sliced_replies = Vec::new();
        let (mut rest, mut sizes) = (bytes.as_slice(), sizes.iter().cycle());
        while !rest.is_empty() {
            let (slice, next) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            sliced_replies.extend(sliced.feed(slice));
            rest = next;
        }
        let events = whole.take_events();
        // After a panic of the model what is left of a text run is lost, and that depends on the slices.
        prop_assume!(!events.contains(&Event::Restarted));
        prop_assert_eq!(events, sliced.take_events());
        prop_assert_eq!(seen(&whole), seen(&sliced));
        prop_assert_eq!(whole.history(), sliced.history());
        prop_assert_eq!(replies, sliced_replies);
    }
}
