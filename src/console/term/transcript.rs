//! The lines a terminal shows, as text: those that scrolled away as they do, and at the end those that stand there.

use std::fmt;

use unicode_width::UnicodeWidthStr as _;

use super::{ClipboardPolicy, Screen, Size};
use crate::client::{TerminalSize, recording::Lines};

/// Bytes that are taken before the lines that scrolled away by them are looked at.
const PIECE: usize = 8 * 1024;
/// Lines that are kept until then: a byte makes no more than one, and what control functions make beside that is counted.
const KEPT: usize = 2 * PIECE;

/// A terminal whose lines are written down. What was overwritten on the screen is in none of them; what was cleared with the
/// whole screen is. Memory is bounded, whatever comes.
pub struct Transcript {
    screen: Screen,
    /// The number of the first line that was not told yet.
    next: u64,
    /// The blank cells at the end of the last line, if it goes on in the next one.
    gap: Option<usize>,
}

/// What writes down the lines of a session's terminal of this size.
pub fn lines(size: TerminalSize) -> Box<dyn Lines> {
    Box::new(Transcript::new(cells(size)))
}

impl Lines for Transcript {
    fn output(&mut self, bytes: &[u8]) -> String {
        self.output(bytes)
    }

    fn resize(&mut self, size: TerminalSize) -> String {
        self.resize(cells(size))
    }

    fn rest(&mut self) -> String {
        self.rest()
    }
}

fn cells(size: TerminalSize) -> Size {
    let cells = |n| u16::try_from(n).unwrap_or(u16::MAX);
    Size::new(cells(size.rows), cells(size.cols))
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcript").field("next", &self.next).finish_non_exhaustive()
    }
}

impl Transcript {
    /// Of an empty terminal.
    pub fn new(size: Size) -> Self {
        let mut screen = Screen::new(size, KEPT);
        screen.front.keeps = true;
        screen.set_clipboard_policy(ClipboardPolicy::Off);
        Self { screen, next: 0, gap: None }
    }

    /// Takes output. The lines that have left the screen by it, each with its end.
    pub fn output(&mut self, bytes: &[u8]) -> String {
        let mut text = String::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(self.piece(rest));
            rest = later;
            // Programs are answered by the terminal they see.
            drop(self.screen.feed(piece));
            self.screen.take_events();
            self.take_scrolled(&mut text);
        }
        text
    }

    /// How many of these bytes may be taken at once, so that no line that leaves the screen by them is forgotten untold. Not 0
    /// unless there are none.
    fn piece(&self, bytes: &[u8]) -> usize {
        // A character that is repeated may fill the screen, twice if it is wide, and others push all of it away.
        let lines = 2 * usize::from(self.screen.size().rows()) + 2;
        // One may have begun before.
        let functions = (KEPT - PIECE) / lines - 1;
        let piece = &bytes[..bytes.len().min(PIECE)];
        let mut pushing = memchr::memchr_iter(b'\x1b', piece).filter(|at| !is_rendition(&piece[at + 1..]));
        pushing.nth(functions).unwrap_or(piece.len())
    }

    /// The terminal has another size. The lines that have left the screen by that.
    pub fn resize(&mut self, size: Size) -> String {
        let mut text = String::new();
        self.screen.front.keep_cut(size);
        self.take_scrolled(&mut text);
        self.screen.resize(size);
        self.take_scrolled(&mut text);
        text
    }

    /// The lines that stand on the screen. There is no more after them.
    pub fn rest(&mut self) -> String {
        let mut text = self.output(b"\x18\x1b[?1049l");
        let live = self.screen.live();
        let lines: Vec<_> = (0..u64::from(self.screen.size().rows())).map(|row| self.screen.line(live + row)).collect();
        let shown = lines.iter().rposition(|line| !line.text.trim().is_empty()).map_or(0, |last| last + 1);
        for (number, line) in (live..).zip(&lines[..shown]) {
            if number >= self.next {
                self.next = number + 1;
                self.add(&line.text, line.wrapped, &mut text);
            }
        }
        if self.gap.take().is_some() {
            text.push('\n');
        }
        text
    }

    /// Adds the lines that scrolled away and were not told yet. Those that come back as the screen grows keep their numbers.
    fn take_scrolled(&mut self, text: &mut String) {
        let history = self.screen.core().history().clone();
        let history = history.lock();
        for number in self.next.max(history.first())..history.end() {
            if let Some(line) = history.line(number) {
                self.add(line.text, line.wrapped, text);
            }
        }
        self.next = self.next.max(history.end());
    }

    /// Adds a line. One that goes on in the next one has no end.
    fn add(&mut self, line: &str, wrapped: bool, text: &mut String) {
        if let Some(gap) = self.gap.take() {
            (0..gap).for_each(|_| text.push(' '));
        }
        let line = line.trim_end_matches(' ');
        text.push_str(line);
        if wrapped {
            self.gap = Some(usize::from(self.screen.size().columns()).saturating_sub(line.width()));
        } else {
            text.push('\n');
        }
    }
}

/// Whether a control function, behind its escape character, is a graphic rendition: many are, and they push nothing away.
fn is_rendition(function: &[u8]) -> bool {
    let parameters = function.strip_prefix(b"[").unwrap_or_default();
    parameters.iter().find(|byte| !matches!(byte, b'0'..=b';')) == Some(&b'm')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn transcript() -> Transcript {
        Transcript::new(Size::new(4, 20))
    }

    /// The text of a session that wrote this.
    fn text(written: &str) -> String {
        let mut transcript = transcript();
        let text = transcript.output(written.as_bytes());
        text + &transcript.rest()
    }

    #[test]
    fn the_text_is_what_the_screen_showed() {
        for (written, expected) in [
            ("", ""),
            ("$ ", "$\n"),
            ("abX\x08c\r\n", "abc\n"),
            ("abX\x08\x1b[K\r\n", "ab\n"),
            (" 10%\r 50%\r100%\r\ndone\r\n", "100%\ndone\n"),
            ("\x1b[1;31mred\x1b[0m \x1b]0;title\x07plain", "red plain\n"),
            ("\x1b(0lqqk\x1b(B", "┌──┐\n"),
            ("a\r\n\r\nb\r\n", "a\n\nb\n"),
            ("col\tumn", "col     umn\n"),
            ("a very long line that goes on", "a very long line that goes on\n"),
            ("a line with a blank  at its edge", "a line with a blank  at its edge\n"),
            ("漢字漢字漢字漢字漢字漢字", "漢字漢字漢字漢字漢字漢字\n"),
            ("Password: \r\nok\r\n", "Password:\nok\n"),
            ("\x1b[8mhidden\x1b[0mshown", "      shown\n"),
        ] {
            assert_eq!(text(written), expected, "{written:?}");
        }
    }

    #[test]
    fn lines_are_told_as_they_leave_the_screen() {
        let mut transcript = transcript();
        assert_eq!(transcript.output(b"1\r\n2\r\n3\r\n4"), "");
        assert_eq!(transcript.output(b"\r\n5\r\n6"), "1\n2\n");
        assert_eq!(transcript.rest(), "3\n4\n5\n6\n");
        assert_eq!(transcript.rest(), "");
    }

    #[test]
    fn what_is_cleared_is_kept() {
        for clear in ["\x1b[H\x1b[2J\x1b[3J", "\x1b[H\x1b[J", "\x1bc"] {
            assert_eq!(
                text(&format!("1\r\n2\r\n3\r\n4\r\n5\r\n$ clear\r\n{clear}$ x")),
                "1\n2\n3\n4\n5\n$ clear\n$ x\n"
            );
        }
        // A reset clears both screens, and all of them whatever scrolls.
        assert_eq!(text("1\r\n$ vi\r\n\x1b[?1049htext\x1bc$ x"), "1\n$ vi\n(full-screen program)\n$ x\n");
        assert_eq!(text("1\r\n2\r\n3\x1b[2;3r\x1b[?6h\x1bc$ x"), "1\n2\n3\n$ x\n");
        assert_eq!(text("$ ab\x1b[Jc"), "$ abc\n", "what is erased behind the cursor was on the screen for a moment");
    }

    #[test]
    fn one_line_stands_for_a_full_screen_program() {
        let vi = "\x1b[?1049h\x1b[22;0;0t\x1b[H\x1b[2Jtext\r\n~\r\n~\r\n~\r\n~\x1b[2J\x1b[?1049l";
        assert_eq!(text(&format!("$ vi x\r\n{vi}$ ls\r\nx\r\n")), "$ vi x\n(full-screen program)\n$ ls\nx\n");
        assert_eq!(text("$ less x\x1b[?47hpage"), "$ less x\n(full-screen program)\n", "it need not end");
        // Lines that leave with the same piece in which it begins.
        assert_eq!(text(&format!("1\r\n2\r\n3\r\n4\r\n5\r\n{vi}6")), "1\n2\n3\n4\n5\n(full-screen program)\n6\n");
    }

    #[test]
    fn a_terminal_that_changes_its_size_loses_and_repeats_nothing() {
        let mut transcript = transcript();
        let mut told = transcript.output(b"this is quite long\r\n2\r\n3\r\n$ ");
        for (rows, columns) in [(4, 10), (2, 10), (6, 30), (3, 20)] {
            told += &transcript.resize(Size::new(rows, columns));
        }
        told += &transcript.output(b"x\r\n5\r\n6\r\n7\r\n8");
        told += &transcript.rest();
        assert_eq!(told, "this is quite long\n2\n3\n$ x\n5\n6\n7\n8\n");
        let mut lower = Transcript::new(Size::new(4, 20));
        let told = lower.output(b"1\r\n2\r\n3\r\n4") + &lower.resize(Size::new(2, 20)) + &lower.output(b"x");
        assert_eq!(told + &lower.rest(), "1\n2\n3\n4x\n");
    }

    #[test]
    fn a_flood_is_told_to_the_last_line() {
        let flood: String = (0..30_000).map(|n| format!("line {n}\r\n")).collect();
        let mut transcript = transcript();
        let told = transcript.output(flood.as_bytes()) + &transcript.rest();
        assert!(told == flood.replace('\r', ""), "{} bytes of {}", told.len(), flood.len());
    }

    #[test]
    fn functions_that_push_lines_away_at_little_cost_push_none_out_of_the_text() {
        for rows in [4, 24, 60] {
            let pushed = |function: &str| {
                let mut transcript = Transcript::new(Size::new(rows, 20));
                let told = transcript
                    .output(format!("first\r\n\x1b[999S{}", function.repeat(PIECE / function.len())).as_bytes());
                told.starts_with("first\n")
            };
            for function in ["x\x1b[65535b", "漢\x1b[65535b", "\x1b[999S", "\x1b#8\x1b[999S", "x\x1b[2J"] {
                assert!(pushed(function), "{function:?} on {rows} rows");
            }
        }
        let lines = |text: &str| text.lines().filter(|line| !line.is_empty()).count();
        let mut transcript = transcript();
        let coloured = "\x1b[1;32mok\x1b[0m\r\n".repeat(PIECE);
        let told = transcript.output(coloured.as_bytes()) + &transcript.rest();
        assert_eq!(lines(&told), PIECE);
    }

    proptest! {
        #[test]
        fn no_bytes_and_no_sizes_put_a_control_character_into_the_text(
            pieces in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..60), 0u16..9, 0u16..30), 0..20),
        ) {
            let mut transcript = transcript();
            let mut told = String::new();
            for (bytes, rows, columns) in pieces {
                told += &transcript.output(&bytes);
                told += &transcript.resize(Size::new(rows, columns));
            }
            told += &transcript.rest();
            prop_assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");
        }
    }
}
