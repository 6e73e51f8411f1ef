//! Lines that are longer than the window is wide: the way through one that alone is more than the window, and to what was
//! found in it.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::{Row, Viewer, ranges};
use crate::console::{action::Action, text};

/// The window as it was drawn last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Columns for the text of a line. None if it was never drawn.
    pub columns: usize,
    /// Rows of the screen.
    pub rows: usize,
}

/// A line broken into parts of at most so many columns, by the places where they begin and end.
pub fn broken(line: &str, room: usize) -> Vec<Range<usize>> {
    let room = room.max(1);
    if line.is_ascii() && !line.is_empty() {
        return (0..line.len()).step_by(room).map(|from| from..(from + room).min(line.len())).collect();
    }
    let mut parts = Vec::new();
    let (mut from, mut used) = (0, 0);
    for (at, grapheme) in line.grapheme_indices(true) {
        let columns = text::width(grapheme);
        // What is wider than the room has to be somewhere all the same.
        if used + columns > room && at > from {
            parts.push(from..at);
            (from, used) = (at, 0);
        }
        used += columns;
    }
    parts.push(from..line.len());
    parts
}

impl Viewer {
    /// Moves inside of a broken line that is more than the window, or between lines where one is. `false` if that is not what
    /// the action does here.
    pub(super) fn creep(&mut self, action: Action) -> bool {
        if !self.wraps || self.room.columns == 0 {
            return false;
        }
        let page = self.room.rows.saturating_sub(1).max(1);
        let by = match action {
            Action::CursorUp | Action::CursorDown => 1,
            Action::PageUp | Action::PageDown => page,
            _ => return false,
        };
        let (top, over) = (self.cursor.top, self.over(self.cursor.top));
        let part = self.part.min(over);
        match action {
            Action::CursorDown | Action::PageDown if part < over => self.part = (part + by).min(over),
            Action::CursorUp | Action::PageUp if part > 0 => self.part = part.saturating_sub(by),
            _ => {
                self.cursor.scroll(action, self.len());
                let above = self.cursor.top < top;
                if self.cursor.top != top {
                    self.part = if above { self.over(self.cursor.top) } else { 0 };
                }
            }
        }
        true
    }

    /// Parts of a broken line that do not fit into the window with its end.
    pub(super) fn over(&self, row: usize) -> usize {
        match self.row(row).filter(|_| self.wraps && self.room.columns > 0) {
            // What is no longer than this in bytes takes no more columns.
            Some(Row::Line(at)) => self.lines.get(at).map_or(0, |(_, line)| {
                let fits = line.len() <= self.room.columns.saturating_mul(self.room.rows);
                if fits { 0 } else { broken(line, self.room.columns).len().saturating_sub(self.room.rows) }
            }),
            _ => 0,
        }
    }

    /// Goes to the beginning or the end of the longest line in the window.
    pub(super) fn go_to_edge(&mut self, end: bool) {
        self.left = match end {
            false => 0,
            // The sign that a line goes on takes no column at its end.
            true => self.widest().saturating_sub(self.room.columns.max(8)),
        };
    }

    /// The widest line in the window, in columns.
    pub(super) fn widest(&self) -> usize {
        let rows = (self.cursor.top..).take(self.cursor.height.max(1)).map_while(|at| self.row(at));
        let width = |row| match row {
            Row::Line(at) => self.lines.get(at).map_or(0, |(_, line)| text::width(line)),
            Row::Gap(_) => 0,
        };
        rows.map(width).max().unwrap_or(0)
    }

    /// The line one is at in the search, and where it has what is searched for.
    fn hits(&self) -> Option<(&str, Vec<Range<usize>>)> {
        let (_, line) = self.lines.get(*self.found.get(self.at_found)?)?;
        Some((line, ranges(line, self.find.text())))
    }

    /// The part of the line one is at that stands in the window, in bytes.
    fn visible(&self, line: &str) -> Range<usize> {
        let Room { columns, rows } = self.room;
        let over = self.over(self.cursor.top);
        if columns == 0 || self.wraps && over == 0 {
            return 0..line.len();
        }
        if self.wraps {
            let parts = broken(line, columns);
            let first = self.part.min(over);
            let end = parts.get(first + rows.max(1) - 1).or(parts.last()).map_or(0, |part| part.end);
            return parts.get(first).map_or(0, |part| part.start)..end;
        }
        let upto = |columns: usize| text::prefix(line, columns).len();
        // The last column may have the sign that the line goes on.
        let end = if text::width(line) > self.left + columns { columns - 1 } else { columns };
        upto(self.left)..upto(self.left + end)
    }

    /// Goes to the next place in the line one is at that is not in the window. `false` if there is none.
    pub(super) fn walk_across(&mut self, forward: bool) -> bool {
        let Some((line, hits)) = self.hits() else { return false };
        let visible = self.visible(line);
        let unseen = |at: &usize| hits.get(*at).is_some_and(|hit| hit.start < visible.start || hit.end > visible.end);
        let next = match forward {
            true => (self.at_hit + 1..hits.len()).find(unseen),
            false => (0..self.at_hit.min(hits.len())).rev().find(unseen),
        };
        let Some(next) = next else { return false };
        self.at_hit = next;
        self.show_across();
        true
    }

    /// Goes to the last place in the line one is at: so it is come to from behind.
    pub(super) fn go_to_last_hit(&mut self) {
        self.at_hit = self.hits().map_or(0, |(_, hits)| hits.len().saturating_sub(1));
        self.show_across();
    }

    /// Shows the place in the line one is at.
    pub(super) fn show_across(&mut self) {
        let Some((line, hits)) = self.hits() else { return };
        let Some(hit) = hits.get(self.at_hit).or(hits.first()) else { return };
        let visible = self.visible(line);
        if hit.start >= visible.start && hit.end <= visible.end {
            return;
        }
        let Room { columns, rows } = self.room;
        if self.wraps {
            let part = broken(line, columns).iter().position(|part| part.contains(&hit.start)).unwrap_or(0);
            self.part = part.saturating_sub(rows / 3).min(self.over(self.cursor.top));
            return;
        }
        let from = text::width(line.get(..hit.start).unwrap_or_default());
        let to = from + text::width(line.get(hit.clone()).unwrap_or_default());
        self.left = if to < columns { 0 } else { from.saturating_sub(columns / 3) };
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::input::LineInput, Tone},
        *,
    };

    #[test]
    fn a_line_is_broken_without_losing_anything() {
        let parts =
            |line: &str, room| broken(line, room).into_iter().map(|part| line[part].to_owned()).collect::<Vec<_>>();
        assert_eq!(parts("abcdefg", 3), ["abc", "def", "g"]);
        assert_eq!(parts("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(parts("漢字", 1), ["漢", "字"]);
        assert_eq!(parts("", 5), [""]);
        assert_eq!(parts("abcdef", 0), ["a", "b", "c", "d", "e", "f"]);
        assert_eq!(parts("e\u{301}e\u{301}e", 2), ["e\u{301}e\u{301}", "e"]);
    }

    /// One line of a thousand columns between short ones, in a window of 20 by 10; every hundredth column begins with `here`.
    fn long() -> Viewer {
        let line: String = (0..10).map(|n| format!("{:<100}", format!("here{n}"))).collect();
        let lines = ["first", &line, "last"].map(|line| (Tone::Plain, line.to_owned()));
        let mut viewer = Viewer::new(String::new(), String::new(), lines.into());
        viewer.room = Room { columns: 20, rows: 10 };
        viewer.cursor.height = 10;
        viewer
    }

    #[test]
    fn all_of_a_line_that_is_more_than_the_window_can_be_read() {
        let mut viewer = long();
        viewer.act(Action::WrapLines);
        viewer.cursor.height = 1;
        let mut seen = Vec::new();
        for _ in 0..60 {
            seen.push((viewer.cursor.top, viewer.part));
            viewer.act(Action::CursorDown);
        }
        let inside: Vec<_> = (0..=40).map(|part| (1, part)).collect();
        assert_eq!(seen[..43], [&[(0, 0)], inside.as_slice(), &[(2, 0)]].concat());
        assert_eq!(seen.last(), Some(&(2, 0)));
        viewer.act(Action::CursorUp);
        assert_eq!((viewer.cursor.top, viewer.part), (1, 40), "from below one comes to its end");
        viewer.act(Action::PageUp);
        assert_eq!((viewer.cursor.top, viewer.part), (1, 31));
        viewer.act(Action::CursorTop);
        assert_eq!((viewer.cursor.top, viewer.part), (0, 0));
    }

    #[test]
    fn what_was_found_far_to_the_right_is_shown_and_walked_to() {
        for wraps in [false, true] {
            let mut viewer = long();
            viewer.wraps = wraps;
            viewer.find = LineInput::from("here");
            viewer.search();
            assert_eq!((viewer.found.as_slice(), viewer.at_hit), ([1].as_slice(), 0));
            for hit in 1..10 {
                viewer.cursor.top = 1;
                viewer.act(Action::FindNext);
                let (line, hits) = viewer.hits().unwrap();
                let (visible, here) = (viewer.visible(line), &hits[viewer.at_hit]);
                assert!(visible.start <= here.start && here.end <= visible.end, "{hit} {wraps} {visible:?}");
            }
            let at = viewer.at_hit;
            viewer.act(Action::FindPrevious);
            assert!(viewer.at_hit < at);
        }
        // A window that is being made larger again had no row at all.
        let mut viewer = long();
        (viewer.wraps, viewer.room.rows) = (true, 0);
        viewer.find = LineInput::from("here");
        viewer.search();
        viewer.cursor.top = 1;
        viewer.act(Action::FindNext);
        assert_eq!(viewer.at_hit, 1);
        // Short lines are walked one by one, however often they have it.
        let mut viewer = long();
        viewer.lines = vec![(Tone::Plain, "here here".to_owned()); 3];
        viewer.find = LineInput::from("here");
        viewer.search();
        viewer.act(Action::FindNext);
        assert_eq!(viewer.at_found, 1);
        viewer.act(Action::FindPrevious);
        viewer.act(Action::FindPrevious);
        assert_eq!(viewer.at_found, 2);
    }

    #[test]
    fn one_key_goes_to_each_end_of_a_line() {
        let mut viewer = long();
        viewer.act(Action::LineEnd);
        assert_eq!(viewer.left, 980);
        viewer.act(Action::LineStart);
        assert_eq!(viewer.left, 0);
        viewer.lines = vec![(Tone::Plain, "short".to_owned())];
        viewer.act(Action::LineEnd);
        assert_eq!(viewer.left, 0);
    }
}
