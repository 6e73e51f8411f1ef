//! A text that is read: output of a command, a comparison, a value. Scrolls both ways and can be searched.

use std::{path::PathBuf, sync::Arc};

use super::{cursor::Cursor, input::LineInput};
use crate::console::{action::Action, text};

/// Places kept of a search; more are not worth walking.
const MOST_FOUND: usize = 10_000;

/// What kind of line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary.
    Plain,
    /// A heading inside the text.
    Heading,
    /// From standard error, or about something that went wrong.
    Error,
    /// About something that may go wrong.
    Warning,
    /// Only in the newer text.
    Added,
    /// Only in the older text.
    Removed,
}

/// A text and the place in it.
#[derive(Clone, Debug, Default)]
pub struct Viewer {
    /// What it is.
    pub title: String,
    /// Its lines, clean and with tabs expanded.
    pub lines: Vec<(Tone, String)>,
    /// The window.
    pub cursor: Cursor,
    /// Columns scrolled to the left.
    pub left: usize,
    /// What is searched for.
    pub find: LineInput,
    /// Whether that is being typed.
    pub finding: bool,
    /// Lines with what was searched for.
    pub found: Vec<usize>,
    /// Which of them one is at.
    pub at_found: usize,
    /// A note under the title: something is missing, and why.
    pub note: Option<String>,
    /// The name a saved copy gets.
    pub file: String,
}

impl Viewer {
    /// A viewer over a text.
    pub fn new(title: String, file: String, lines: Vec<(Tone, String)>) -> Self {
        Self { title, file, lines, ..Self::default() }
    }

    /// Does a movement or a search step. `false` if the action is neither.
    pub fn act(&mut self, action: Action) -> bool {
        match action {
            Action::Left => self.left = self.left.saturating_sub(8),
            Action::Right => self.left = (self.left + 8).min(self.longest()),
            Action::Find | Action::Filter => self.finding = true,
            Action::FindNext => self.walk(1),
            Action::FindPrevious => self.walk(self.found.len().saturating_sub(1)),
            Action::Accept if self.finding => self.finding = false,
            Action::Dismiss if self.finding => {
                self.finding = false;
                self.find.clear();
                self.search();
            }
            _ => return self.cursor.scroll(action, self.lines.len()),
        }
        true
    }

    fn longest(&self) -> usize {
        let shown = self.lines.iter().skip(self.cursor.top).take(self.cursor.height.max(1));
        shown.map(|(_, line)| text::width(line)).max().unwrap_or(0).saturating_sub(8)
    }

    fn walk(&mut self, by: usize) {
        if !self.found.is_empty() {
            self.at_found = (self.at_found + by) % self.found.len();
            self.show_found();
        }
    }

    fn show_found(&mut self) {
        if let Some(line) = self.found.get(self.at_found) {
            let last = self.lines.len().saturating_sub(self.cursor.height);
            self.cursor.top = line.saturating_sub(self.cursor.height / 3).min(last);
        }
    }

    /// Searches again, because what is searched for changed. Capital letters make it exact.
    pub fn search(&mut self) {
        let wanted = self.find.text();
        let found = |line: &str| !ranges(line, wanted).is_empty();
        self.found = self
            .lines
            .iter()
            .enumerate()
            .filter(|(_, (_, line))| found(line))
            .map(|(at, _)| at)
            .take(MOST_FOUND)
            .collect();
        self.at_found = self.found.iter().position(|line| *line >= self.cursor.top).unwrap_or(0);
        self.show_found();
    }

    /// The text for a file: what it is, and where it goes below a directory.
    pub fn saved(&self, directory: &std::path::Path) -> (PathBuf, Arc<str>) {
        let mut all = String::new();
        for (tone, line) in &self.lines {
            all.push_str(match tone {
                Tone::Added => "+",
                Tone::Removed => "-",
                _ => "",
            });
            all.push_str(line);
            all.push('\n');
        }
        let safe: String =
            self.file.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
        (directory.join(safe), all.into())
    }
}

/// Where a line has the wanted text, in bytes.
pub fn ranges(line: &str, wanted: &str) -> Vec<std::ops::Range<usize>> {
    if wanted.is_empty() {
        return Vec::new();
    }
    if wanted.chars().any(char::is_uppercase) {
        return line.match_indices(wanted).map(|(at, found)| at..at + found.len()).collect();
    }
    let lower = line.to_lowercase();
    if lower.len() != line.len() {
        // Lower case moved the bytes; an exact search is at least right.
        return line.match_indices(wanted).map(|(at, found)| at..at + found.len()).collect();
    }
    lower
        .match_indices(wanted)
        .map(|(at, found)| at..at + found.len())
        .filter(|r| line.get(r.clone()).is_some())
        .collect()
}

/// Two texts compared line by line, with three lines around each difference.
pub fn diff(old: &[String], new: &[String]) -> Vec<(Tone, String)> {
    let old: Vec<&str> = old.iter().map(String::as_str).collect();
    let new: Vec<&str> = new.iter().map(String::as_str).collect();
    let diff = similar::TextDiff::configure().timeout(std::time::Duration::from_millis(500)).diff_slices(&old, &new);
    let groups = diff.grouped_ops(3);
    let mut lines = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        if at > 0 {
            lines.push((Tone::Heading, "···".to_owned()));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let tone = match change.tag() {
                similar::ChangeTag::Equal => Tone::Plain,
                similar::ChangeTag::Delete => Tone::Removed,
                similar::ChangeTag::Insert => Tone::Added,
            };
            lines.push((tone, change.value().to_owned()));
        }
    }
    if lines.is_empty() {
        lines.push((Tone::Heading, "The two are the same.".to_owned()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searching_walks_around() {
        let lines = (0..50).map(|i| (Tone::Plain, format!("line {i} Error"))).collect();
        let mut viewer = Viewer::new("t".to_owned(), "../../etc/x y".to_owned(), lines);
        viewer.find = LineInput::from("error");
        viewer.search();
        assert_eq!(viewer.found.len(), 50);
        viewer.act(Action::FindPrevious);
        assert_eq!(viewer.at_found, 49);
        viewer.act(Action::FindNext);
        assert_eq!(viewer.at_found, 0);
        assert_eq!(viewer.saved(std::path::Path::new("/d")).0, PathBuf::from("/d/.._.._etc_x_y"));
        assert_eq!(ranges("aAa", "A"), vec![1..2]);
    }

    #[test]
    fn a_comparison_shows_both_sides() {
        let text = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
        let lines = diff(&text(&["a", "b"]), &text(&["a", "c"]));
        assert_eq!(lines.iter().map(|(tone, _)| *tone).collect::<Vec<_>>(), [Tone::Plain, Tone::Removed, Tone::Added]);
    }
}
