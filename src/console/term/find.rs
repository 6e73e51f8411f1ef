//! Search in the screen and in what scrolled away.

use super::Screen;

/// A place where a text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Lines from the oldest one that is kept, from 0.
    pub line: usize,
    /// Characters from the beginning of the line, from 0.
    pub column: usize,
}

impl Screen {
    /// All places of a text, oldest first. Capitals matter only if the text has some. A text across two lines is not found.
    pub fn find(&mut self, text: &str) -> Vec<Match> {
        if text.is_empty() {
            return Vec::new();
        }
        let exact = text.chars().any(char::is_uppercase);
        let mut found = Vec::new();
        self.each_line(|line, content| {
            let folded = if exact { content } else { content.to_lowercase() };
            found
                .extend(folded.match_indices(text).map(|(at, _)| Match { line, column: folded[..at].chars().count() }));
        });
        found
    }

    /// Scrolls so that a line is seen, about a third from the top if it scrolled away.
    pub fn reveal(&mut self, line: usize) {
        let history = self.history();
        let above = usize::from(self.size().rows() / 3);
        self.scroll_to((history + above).saturating_sub(line).min(history));
    }

    /// Goes through every line that is kept, oldest first. The view is as before afterwards.
    fn each_line(&mut self, mut visit: impl FnMut(usize, String)) {
        let view = self.scrolled();
        let history = self.history();
        let rows = usize::from(self.size().rows());
        let mut line = 0;
        while line < history + rows {
            let scrolled = history.saturating_sub(line);
            self.core_mut().scroll_to(scrolled);
            // On the last screens the view begins above the line that is next.
            let skip = line - (history - scrolled);
            for content in self.core().visible_lines().skip(skip) {
                visit(line, content);
                line += 1;
            }
        }
        self.core_mut().scroll_to(view);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::term::Size;

    #[test]
    fn history_is_searched_and_shown() {
        let mut screen = Screen::new(Size::new(3, 20), 100);
        for n in 0..50 {
            assert!(screen.feed(format!("line {n}\r\n").as_bytes()).is_empty());
        }
        assert_eq!(screen.find("Line"), []);
        assert_eq!(screen.find("line 4").len(), 11);
        assert_eq!(screen.find("ne 49"), [Match { line: 49, column: 2 }]);
        assert_eq!(screen.scrolled(), 0);
        screen.reveal(10);
        assert!(screen.text().contains("line 10"), "{}", screen.text());
        screen.reveal(49);
        assert!(screen.text().contains("line 49"));
    }
}
