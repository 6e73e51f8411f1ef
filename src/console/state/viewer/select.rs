//! Lines of a text that are chosen, to be copied. Without a choice the line one is at is meant: the one that was found, or the
//! first of the window.

use super::{Row, Tone, Viewer};
use crate::console::action::Action;

/// The lines that are chosen: from where one began to where one is, by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Where it began.
    pub anchor: usize,
    /// Where one is.
    pub at: usize,
}

impl Selection {
    /// Whether a line is chosen.
    pub fn has(self, line: usize) -> bool {
        (self.anchor.min(self.at)..=self.anchor.max(self.at)).contains(&line)
    }
}

impl Viewer {
    /// The line one is at.
    pub fn line(&self) -> Option<usize> {
        if let Some(selection) = self.selection {
            return Some(selection.at).filter(|at| *at < self.lines.len());
        }
        let mut window = (self.cursor.top..).take(self.cursor.height.max(1)).map_while(|at| self.row(at));
        let found = self.found.get(self.at_found).copied();
        let mut first = None;
        let seen = window.find_map(|row| match row {
            Row::Line(line) => {
                first = first.or(Some(line));
                Some(line).filter(|line| Some(*line) == found)
            }
            Row::Gap(_) => None,
        });
        seen.or(first)
    }

    /// Whether a line is one that would be copied now.
    pub fn is_chosen(&self, line: usize) -> bool {
        self.selection.is_some_and(|selection| selection.has(line))
    }

    /// Begins to choose lines, or gives that up.
    pub fn choose(&mut self) {
        self.selection = match self.selection {
            Some(_) => None,
            None => self.line().map(|at| Selection { anchor: at, at }),
        };
    }

    /// Moves while lines are being chosen. `false` if none are, or the action is no movement.
    pub(super) fn extend(&mut self, action: Action) -> bool {
        let Some(selection) = self.selection else { return false };
        match action {
            Action::Back | Action::Dismiss => {
                self.selection = None;
                return true;
            }
            Action::CursorUp
            | Action::CursorDown
            | Action::PageUp
            | Action::PageDown
            | Action::CursorTop
            | Action::CursorBottom => {}
            _ => return false,
        }
        let mut cursor = self.cursor;
        cursor.at = self.row_of(selection.at);
        let (before, len) = (cursor.at, self.len());
        cursor.step(action, len);
        // What is left out between two places is stepped over.
        let line = |row: usize| match self.row(row) {
            Some(Row::Line(line)) => Some(line),
            _ => None,
        };
        let ahead = (cursor.at..len).find_map(line);
        let back = (0..=cursor.at.min(len.saturating_sub(1))).rev().find_map(line);
        let at = if cursor.at >= before { ahead.or(back) } else { back.or(ahead) };
        let at = at.unwrap_or(selection.at);
        cursor.at = self.row_of(at);
        self.cursor.top = cursor.window(len, cursor.height);
        self.selection = Some(Selection { at, ..selection });
        true
    }

    fn row_of(&self, line: usize) -> usize {
        match &self.rows {
            Some(rows) => rows.iter().position(|row| *row == Row::Line(line)).unwrap_or(0),
            None => line,
        }
    }

    /// The places of the chosen lines that are shown, or of the one that one is at.
    pub fn places(&self) -> Vec<usize> {
        let Some(selection) = self.selection else { return self.line().into_iter().collect() };
        match &self.rows {
            None => (0..self.lines.len()).filter(|line| selection.has(*line)).collect(),
            Some(rows) => {
                let lines = rows.iter().filter_map(|row| match row {
                    Row::Line(line) => Some(*line),
                    Row::Gap(_) => None,
                });
                lines.filter(|line| selection.has(*line)).collect()
            }
        }
    }

    /// The chosen lines, or the one that one is at: how many, and their text with the signs of a comparison.
    pub fn chosen(&self) -> (usize, String) {
        let places = self.places();
        let lines: Vec<String> = places.iter().filter_map(|at| self.lines.get(*at)).map(signed).collect();
        (lines.len(), lines.join("\n"))
    }

    /// So many lines at the beginning are gone.
    pub fn forget(&mut self, lines: usize) {
        let gone = |selection: Selection| {
            let at = selection.at.checked_sub(lines)?;
            Some(Selection { anchor: selection.anchor.saturating_sub(lines), at })
        };
        self.selection = self.selection.and_then(gone);
    }
}

/// A line as it is saved and copied.
pub(super) fn signed((tone, line): &(Tone, String)) -> String {
    let sign = match tone {
        Tone::Added => "+",
        Tone::Removed => "-",
        _ => "",
    };
    format!("{sign}{line}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::state::input::LineInput;

    fn viewer(count: usize) -> Viewer {
        let line = |i: usize| format!("line {i}{}", if i.is_multiple_of(10) { " here" } else { "" });
        let lines = (0..count).map(|i| (Tone::Plain, line(i))).collect();
        let mut viewer = Viewer::new("t".to_owned(), "f".to_owned(), lines);
        viewer.cursor.height = 10;
        viewer
    }

    #[test]
    fn without_a_choice_it_is_the_line_one_is_at() {
        let mut viewer = viewer(100);
        assert_eq!(viewer.chosen(), (1, "line 0 here".to_owned()));
        viewer.act(Action::PageDown);
        assert_eq!(viewer.chosen(), (1, "line 9".to_owned()));
        viewer.find = LineInput::from("here");
        viewer.search();
        viewer.act(Action::FindNext);
        assert_eq!(viewer.chosen(), (1, "line 20 here".to_owned()));
        assert_eq!(Viewer::default().chosen(), (0, String::new()));
    }

    #[test]
    fn lines_are_chosen_downwards_and_upwards_and_the_window_follows() {
        let mut viewer = viewer(100);
        viewer.act(Action::PageDown);
        viewer.choose();
        for _ in 0..12 {
            viewer.act(Action::CursorDown);
        }
        assert_eq!(viewer.chosen().0, 13);
        assert!((viewer.cursor.top..viewer.cursor.top + 10).contains(&21));
        viewer.act(Action::CursorTop);
        let (count, text) = viewer.chosen();
        assert_eq!((count, text.lines().next(), text.lines().last()), (10, Some("line 0 here"), Some("line 9")));
        viewer.act(Action::Back);
        assert_eq!((viewer.selection, viewer.chosen().0), (None, 1));
    }

    #[test]
    fn what_is_left_out_is_neither_stepped_on_nor_copied() {
        let mut viewer = viewer(40);
        viewer.find = LineInput::from("here");
        viewer.search();
        (viewer.context, viewer.only_found) = (0, true);
        viewer.search();
        viewer.choose();
        viewer.act(Action::CursorDown);
        viewer.act(Action::CursorDown);
        assert_eq!(viewer.chosen(), (3, "line 0 here\nline 10 here\nline 20 here".to_owned()));
        viewer.act(Action::CursorUp);
        assert_eq!(viewer.chosen().0, 2);
    }

    #[test]
    fn a_choice_stays_on_its_lines_while_a_log_loses_its_beginning() {
        let mut viewer = viewer(30);
        viewer.selection = Some(Selection { anchor: 12, at: 15 });
        viewer.lines.drain(..10);
        viewer.forget(10);
        assert_eq!(viewer.chosen().1.lines().next(), Some("line 12"));
        viewer.forget(10);
        assert_eq!(viewer.selection, None);
    }
}
