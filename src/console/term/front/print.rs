//! Printing: straight to the model as long as nothing is in force that it lacks, else character by character.

use unicode_width::UnicodeWidthChar as _;

use super::Front;

impl Front {
    /// Prints text, with the control characters in it.
    pub(super) fn print(&mut self, text: &[u8]) {
        if self.prints_plainly() {
            for (at, part) in text.split(|b| *b == 0x08).enumerate() {
                if at > 0 {
                    // After the last column it depends on where the cursor is.
                    self.left(1);
                }
                self.send(part);
                if let Some(c) = last_printed(part) {
                    self.state.printed = Some(c);
                }
            }
            return;
        }
        let apart = self.prints_cells_apart();
        let mut together = String::new();
        // What is not UTF-8 would not be shown by the model either.
        for c in text.utf8_chunks().flat_map(|chunk| chunk.valid().chars()) {
            if !c.is_control() {
                self.state.printed = Some(c);
            }
            if apart {
                self.put(c);
            } else {
                self.stand_in(c, &mut together);
            }
        }
        self.send(together.as_bytes());
    }

    /// Whether the model prints what comes as it comes.
    pub(super) fn prints_plainly(&self) -> bool {
        self.state.charsets.is_plain() && !self.state.hidden && !self.state.newline && !self.prints_cells_apart()
    }

    /// Whether each character needs the cursor's place.
    fn prints_cells_apart(&self) -> bool {
        self.state.insert || !self.state.autowrap || self.state.reverse_wrap || !self.state.tabs.are_usual()
    }

    /// Adds what is shown for a character: of another set, or blanks if hidden.
    fn stand_in(&self, c: char, out: &mut String) {
        match c {
            '\n' | '\u{b}' | '\u{c}' if self.state.newline => out.push_str("\r\n"),
            c if c.is_control() => out.push(c),
            c => {
                let c = self.state.charsets.map(c);
                if self.state.hidden {
                    out.extend(std::iter::repeat_n(' ', c.width().unwrap_or(0)));
                } else {
                    out.push(c);
                }
            }
        }
    }

    /// Prints one character where its place matters.
    fn put(&mut self, c: char) {
        match c {
            '\t' => return self.tab(1, true),
            '\u{8}' if self.state.reverse_wrap && self.state.autowrap => return self.back_over_edge(),
            '\u{8}' => return self.left(1),
            _ => {}
        }
        let mut shown = String::new();
        self.stand_in(c, &mut shown);
        let width = u16::try_from(c.width().unwrap_or(0)).unwrap_or(0).min(2);
        let columns = self.core.size().columns();
        if width > 0 {
            let over = self.model().cursor().1 + width > columns;
            if over && !self.state.autowrap {
                self.go_to_column(columns - width);
            } else if over && self.state.insert {
                self.send(b"\r\n");
            }
            if self.state.insert {
                self.send(format!("\x1b[{width}@").as_bytes());
            }
        }
        self.send(shown.as_bytes());
        if !self.state.autowrap && width > 0 && self.model().cursor().1 >= columns {
            self.go_to_column(columns - 1);
        }
    }

    /// A backspace under reverse wrap: from the first column to the end of the line above, if that goes on here.
    fn back_over_edge(&mut self) {
        let (row, column) = self.model().cursor();
        let (columns, top) = (self.core.size().columns(), self.state.margins.map_or(0, |(top, _)| top));
        match column {
            0 if row > top && self.core.state().row_wrapped(row - 1) => self.go_to_cell((row - 1, columns - 1)),
            // The cursor waits past the last column: it is over it already.
            _ if column >= columns => self.go_to_column(columns - 1),
            _ => self.send(b"\x08"),
        }
    }
}

/// The last character of a text that is not a control character.
fn last_printed(text: &[u8]) -> Option<char> {
    if let Some(byte @ 0x20..=0x7e) = text.last() {
        return Some(char::from(*byte));
    }
    let first_of = |bytes: &[u8]| bytes.utf8_chunks().next()?.valid().chars().next();
    let begins = |begin: &usize| matches!(text[*begin], 0x20..=0x7e | 0xc0..);
    let candidates = (0..text.len()).rev().filter(begins);
    candidates.filter_map(|begin| first_of(&text[begin..text.len().min(begin + 4)])).find(|c| !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::last_printed;

    #[test]
    fn the_last_character_is_found_among_rubbish() {
        for (text, last) in [
            (&b"ab\r\n"[..], Some('b')),
            ("x\u{85}".as_bytes(), Some('x')),
            ("é\x7f".as_bytes(), Some('é')),
            (b"\0 \x7f\xc2\0", Some(' ')),
            (b"\n\x80\xff", None),
        ] {
            assert_eq!(last_printed(text), last, "{text:?}");
        }
    }
}
