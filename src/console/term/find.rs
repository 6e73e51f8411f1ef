//! Search in the screen and in what scrolled away.

use regex::{Regex, RegexBuilder};

use super::{Line, Screen};

/// A cell of a line by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The number of the line.
    pub line: u64,
    /// The column, from 0.
    pub column: u16,
}

/// A place where a text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The first cell.
    pub start: Place,
    /// The last cell (the first of a wide character), perhaps of a later line.
    pub end: Place,
}

/// Matches that are told at most; the newest ones.
const MOST: usize = 100_000;

impl Screen {
    /// All places of a text, oldest first. Capitals matter only if the text has some. Lines that go on in the next one are
    /// searched as one.
    pub fn find(&self, text: &str) -> Vec<Match> {
        let exact = text.chars().any(char::is_uppercase);
        let pattern = RegexBuilder::new(&regex::escape(text)).case_insensitive(!exact).build();
        let Ok(pattern) = pattern else { return Vec::new() };
        let mut found = Vec::new();
        if text.is_empty() {
            return found;
        }
        let mut joined = Joined::default();
        for number in self.candidates(&pattern) {
            joined.begin(number);
            while joined.add(self) {}
            joined.search(&pattern, &mut found);
        }
        if found.len() > MOST {
            found.drain(..found.len() - MOST);
        }
        found
    }

    /// The first lines of those that, joined, match a pattern.
    fn candidates(&self, pattern: &Regex) -> Vec<u64> {
        let mut candidates = Vec::new();
        let mut joined = String::new();
        let mut from = self.oldest();
        let mut look = |number: u64, text: &str, wrapped: bool| {
            // Most lines are short of the edge and need no copy.
            let matches = if joined.is_empty() && !wrapped {
                pattern.is_match(text)
            } else {
                joined.push_str(text);
                !wrapped && pattern.is_match(&joined)
            };
            if !wrapped {
                if matches {
                    candidates.push(from);
                }
                joined.clear();
                from = number + 1;
            }
        };
        let live = self.live();
        if !self.core().alternate_screen() {
            let history = self.core().history().lock();
            let first = history.first();
            history.iter().zip(first..).for_each(|(line, number)| look(number, line.text, line.wrapped));
        }
        let rows = u64::from(self.size().rows());
        for row in 0..rows {
            let line = self.line(live + row);
            look(live + row, &line.text, line.wrapped && row + 1 < rows);
        }
        candidates
    }

    /// Scrolls so that a line is seen, about a third from the top if it is not.
    pub fn reveal(&mut self, line: u64) {
        let rows = u64::from(self.size().rows());
        if (self.top()..self.top() + rows).contains(&line) {
            return;
        }
        let back = (self.live() + rows / 3).saturating_sub(line);
        self.scroll_to(usize::try_from(back).unwrap_or(usize::MAX));
    }
}

/// Lines that go on in the next one, as one text.
#[derive(Default)]
struct Joined {
    text: String,
    lines: Vec<(usize, Line)>,
    first: u64,
}

impl Joined {
    fn begin(&mut self, first: u64) {
        self.text.clear();
        self.lines.clear();
        self.first = first;
    }

    /// Adds the next line; whether it goes on.
    fn add(&mut self, screen: &Screen) -> bool {
        let number = self.first + self.lines.len() as u64;
        let line = screen.line(number);
        let goes_on = line.wrapped && number + 1 < screen.live() + u64::from(screen.size().rows());
        let begin = self.text.len();
        self.text.push_str(&line.text);
        self.lines.push((begin, line));
        goes_on
    }

    fn place(&self, byte: usize) -> Place {
        let at = self.lines.partition_point(|(begin, _)| *begin <= byte).saturating_sub(1);
        let Some((begin, line)) = self.lines.get(at) else { return Place { line: self.first, column: 0 } };
        Place { line: self.first + at as u64, column: line.column(byte - begin) }
    }

    fn search(&self, pattern: &Regex, found: &mut Vec<Match>) {
        found.extend(
            pattern.find_iter(&self.text).map(|found| Match {
                start: self.place(found.start()),
                end: self.place(found.end().saturating_sub(1)),
            }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::term::Size;

    fn place(line: u64, column: u16) -> Place {
        Place { line, column }
    }

    #[test]
    fn history_is_searched_and_shown() {
        let mut screen = Screen::new(Size::new(3, 20), 100);
        for n in 0..50 {
            assert!(screen.feed(format!("line {n}\r\n").as_bytes()).is_empty());
        }
        assert_eq!(screen.find("Line"), []);
        assert_eq!(screen.find("LINE 4"), []);
        assert_eq!(screen.find("line 4").len(), 11);
        assert_eq!(screen.find("ne 49"), [Match { start: place(49, 2), end: place(49, 6) }]);
        assert_eq!(screen.scrolled(), 0);
        screen.reveal(10);
        assert!(screen.text().contains("line 10"), "{}", screen.text());
        screen.reveal(49);
        assert!(screen.text().contains("line 49"));
        assert_eq!(screen.find(""), []);
    }

    #[test]
    fn a_text_is_found_across_the_edge() {
        let mut screen = Screen::new(Size::new(3, 10), 100);
        let _ = screen.feed("12345678漢字 İx\r\n1234567890\r\nab\r\n\r\n\r\n.".as_bytes());
        assert_eq!(screen.find("漢字"), [Match { start: place(0, 8), end: place(1, 0) }]);
        assert_eq!(screen.find("x"), [Match { start: place(1, 4), end: place(1, 4) }]);
        assert_eq!(screen.find("0a"), [], "these are two lines");
    }
}
