//! A screen as the bytes that paint it: how a recording that begins in the middle of a session begins.

use std::fmt::Write as _;

use super::{
    Screen,
    style::{Colour, Marks, Style},
};

impl Screen {
    /// What paints the live screen on an empty terminal of the same size, and leaves cursor, scroll region and rendition as they
    /// are for what follows. Lines come one after the other, so that it is also text. Links are left out, and so is the screen
    /// behind an alternate one.
    pub fn still(&self) -> String {
        let mut out = String::new();
        if self.modes().alternate_screen {
            out.push_str("\x1b[?1049h");
        }
        out.push_str("\x1b[0m\x1b[H\x1b[2J");
        let mut in_force = Style::default();
        // Lines that end before the last one that shows something.
        let mut blank = 0;
        for number in 0..self.size().rows() {
            let mut next = 0;
            let mut line = String::new();
            self.each_glyph(self.live() + u64::from(number), |column, glyph| {
                // Of what was erased only the background shows.
                let erased = Style { background: glyph.style.background, ..Style::default() };
                let style = if glyph.text.is_empty() { erased } else { glyph.style };
                if glyph.text.is_empty() && style == Style::default() {
                    return;
                }
                if next < column {
                    rendition(&mut line, &mut in_force, Style::default());
                    (next..column).for_each(|_| line.push(' '));
                }
                rendition(&mut line, &mut in_force, style);
                line.push_str(if glyph.text.is_empty() { " " } else { glyph.text });
                next = column + if glyph.wide { 2 } else { 1 };
            });
            if !line.is_empty() {
                (0..blank).for_each(|_| out.push_str("\r\n"));
                blank = 0;
                out.push_str(&line);
            }
            blank += 1;
        }
        out.push_str(&self.front.in_force());
        let (row, column) = self.cursor();
        let shown = if self.cursor_is_shown() { 'h' } else { 'l' };
        // Writing to a string cannot fail.
        let _ = write!(out, "\x1b[{};{}H\x1b[?25{shown}", row + 1, column + 1);
        out
    }
}

/// Changes the rendition in force, if it is another one.
fn rendition(out: &mut String, in_force: &mut Style, style: Style) {
    const NUMBERS: [(Marks, u8); 7] = [
        (Marks::BOLD, 1),
        (Marks::DIM, 2),
        (Marks::ITALIC, 3),
        (Marks::UNDERLINE, 4),
        (Marks::BLINK, 5),
        (Marks::INVERSE, 7),
        (Marks::STRIKE, 9),
    ];
    let looks = Style { link: Default::default(), ..style };
    if looks == *in_force {
        return;
    }
    *in_force = looks;
    out.push_str("\x1b[0");
    for (_, number) in NUMBERS.iter().filter(|(mark, _)| style.marks.contains(*mark)) {
        let _ = write!(out, ";{number}");
    }
    for (base, colour) in [(38, style.foreground), (48, style.background)] {
        let _ = match colour {
            Colour::Default => Ok(()),
            Colour::Indexed(n) => write!(out, ";{base};5;{n}"),
            Colour::Rgb(r, g, b) => write!(out, ";{base};2;{r};{g};{b}"),
        };
    }
    out.push('m');
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;
    use crate::console::term::Size;

    /// Where something is shown: what, and how it looks.
    type Cells = Vec<(u16, u16, String, Style)>;

    /// Text and looks of every cell, and the cursor.
    fn seen(screen: &Screen) -> (Cells, (u16, u16), bool) {
        let mut cells = Vec::new();
        for row in 0..screen.size().rows() {
            screen.each_glyph(screen.live() + u64::from(row), |column, glyph| {
                let erased = Style { background: glyph.style.background, ..Style::default() };
                let (text, style) = match glyph.text {
                    "" => (" ", erased),
                    text => (text, Style { link: Default::default(), ..glyph.style }),
                };
                if text != " " || style != Style::default() {
                    cells.push((row, column, text.to_owned(), style));
                }
            });
        }
        (cells, screen.cursor(), screen.cursor_is_shown())
    }

    fn painted(screen: &Screen) -> Screen {
        let mut again = Screen::new(screen.size(), 100);
        let _ = again.feed(screen.still().as_bytes());
        again
    }

    #[test]
    fn what_is_on_the_screen_is_painted_again_and_goes_on_alike() {
        let mut screen = Screen::new(Size::new(4, 12), 100);
        let _ = screen
            .feed("gone\r\n\x1b[1;38;5;200mbold\x1b[0m\r\n\n  漢\x1b[9;48;2;1;2;3m x \x1b[4mfull line!".as_bytes());
        let mut again = painted(&screen);
        assert_eq!(seen(&again), seen(&screen));
        for screen in [&mut screen, &mut again] {
            let _ = screen.feed(b"more\r\n\x1b[2;3r\x1b[3H\nlast");
        }
        assert_eq!(seen(&painted(&screen)), seen(&screen));
        assert_eq!(seen(&again), seen(&screen));
        assert!(screen.still().contains("\x1b[2;3r"));
        let _ = screen.feed(b"\x1b[?1049h\x1b[?25l\x1b[3;3Hvi");
        assert_eq!(seen(&painted(&screen)), seen(&screen));
        assert!(painted(&screen).modes().alternate_screen);
    }

    proptest! {
        #[test]
        fn any_screen_is_painted_again(parts in vec(select(vec![
            "a", "bc d", "漢", "e\u{301}", "\r\n", "\t", "\x1b[1;31m", "\x1b[44m", "\x1b[0m", "\x1b[7m", "\x1b[2;5H", "\x1b[K",
            "\x1b[9m", "\x1b[J", "a line that is longer than the screen is wide",
        ]), 0..40)) {
            let mut screen = Screen::new(Size::new(5, 16), 100);
            let _ = screen.feed(parts.concat().as_bytes());
            prop_assert_eq!(seen(&painted(&screen)), seen(&screen));
        }
    }
}
