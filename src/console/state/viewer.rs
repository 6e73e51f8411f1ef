//! A text that is read: output of a command, a comparison, a value. Scrolls both ways and can be searched.

use std::{path::PathBuf, sync::Arc};

use super::{cursor::Cursor, input::LineInput};
use crate::console::{action::Action, text};

mod long;
mod select;

pub use long::{Room, broken};
pub use select::Selection;

/// Places kept of a search; more are not worth walking.
const MOST_FOUND: usize = 10_000;
/// Lines around one that was found; more is nearly everything.
const MOST_CONTEXT: usize = 99;

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

/// What a text shows of a command, so that it can be made anew when more is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Of {
    /// The command.
    pub command: String,
    /// The node.
    pub node: String,
    /// How many nodes have this result.
    pub nodes: usize,
    /// Whether it is written to a log group while it comes.
    pub logged: bool,
}

/// A row of a text as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// A line, by its place.
    Line(usize),
    /// So many lines that are left out.
    Gap(usize),
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
    /// Whether long lines are broken at the edge of the window; rows are still those of the text.
    pub wraps: bool,
    /// Parts of the first line in the window that lie above it, if that line is broken and more than the window.
    pub part: usize,
    /// The window as it was drawn last.
    pub room: Room,
    /// What is searched for.
    pub find: LineInput,
    /// Whether that is being typed.
    pub finding: bool,
    /// Lines with what was searched for.
    pub found: Vec<usize>,
    /// Which of them one is at.
    pub at_found: usize,
    /// Which of the places in that line one is at.
    pub at_hit: usize,
    /// Whether only they are shown, and the lines around them.
    pub only_found: bool,
    /// Lines shown on each side of one that was found.
    pub context: usize,
    /// A note under the title: something is missing, and why.
    pub note: Option<String>,
    /// Whether what is missing is kept somewhere and can be fetched.
    pub kept: bool,
    /// Whether the text still grows.
    pub running: bool,
    /// What it shows of a command.
    pub of: Option<Of>,
    /// The name a saved copy gets.
    pub file: String,
    /// The lines that are being chosen.
    pub selection: Option<Selection>,
    rows: Option<Vec<Row>>,
}

impl Viewer {
    /// A viewer over a text.
    pub fn new(title: String, file: String, lines: Vec<(Tone, String)>) -> Self {
        Self { title, file, lines, context: 2, ..Self::default() }
    }

    /// Does a movement or a search step. `false` if the action is neither.
    pub fn act(&mut self, action: Action) -> bool {
        if self.extend(action) {
            return true;
        }
        match action {
            Action::SelectLines | Action::SelectText => self.choose(),
            Action::WrapLines => {
                self.wraps = !self.wraps;
                (self.left, self.part) = (0, 0);
            }
            Action::Left | Action::Right | Action::LineStart | Action::LineEnd if self.wraps => {}
            Action::LineStart => self.go_to_edge(false),
            Action::LineEnd => self.go_to_edge(true),
            Action::CursorBottom => self.to_end(),
            Action::FollowText => {
                self.selection = None;
                self.to_end();
            }
            Action::Left => self.left = self.left.saturating_sub(8),
            Action::Right => self.left = (self.left + 8).min(self.widest().saturating_sub(8)),
            Action::Find | Action::Filter => {
                self.finding = true;
                self.find.begin_anew();
            }
            Action::FindNext => self.walk(true),
            Action::FindPrevious => self.walk(false),
            Action::OnlyFound if self.find.text().is_empty() => self.finding = true,
            Action::OnlyFound => {
                self.only_found = !self.only_found;
                self.arrange();
                self.show_found();
            }
            Action::ContextMore => self.surround(self.context.saturating_add(1)),
            Action::ContextLess => self.surround(self.context.saturating_sub(1)),
            Action::Accept if self.finding => self.finding = false,
            Action::Dismiss if self.finding => {
                self.finding = false;
                self.find.clear();
                self.search();
            }
            // One step back from what was filtered is the whole text, at the same place.
            Action::Back if self.only_found => {
                self.only_found = false;
                self.arrange();
                self.show_found();
            }
            _ if self.creep(action) => {}
            _ => {
                if !self.cursor.scroll(action, self.len()) {
                    return false;
                }
                self.part = 0;
            }
        }
        true
    }

    /// Rows there are to be shown.
    pub fn len(&self) -> usize {
        self.rows.as_ref().map_or(self.lines.len(), Vec::len)
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A row by its place.
    pub fn row(&self, at: usize) -> Option<Row> {
        match &self.rows {
            Some(rows) => rows.get(at).copied(),
            None => (at < self.lines.len()).then_some(Row::Line(at)),
        }
    }

    /// Whether the end is in the window.
    pub fn is_at_end(&self) -> bool {
        self.cursor.top + self.cursor.height >= self.len()
    }

    /// Goes to the end, and so stays there while the text grows.
    pub fn to_end(&mut self) {
        // How many of broken lines fit is known where they are drawn.
        let last = if self.wraps { 1 } else { self.cursor.height };
        self.cursor.top = self.len().saturating_sub(last);
        self.part = self.over(self.cursor.top);
    }

    /// Takes over a newer version of the text. The place stays, or the end if that was in the window.
    pub fn renew(&mut self, fresh: Self) {
        let follows = self.running && self.is_at_end();
        (self.title, self.lines) = (fresh.title, fresh.lines);
        self.selection.take_if(|selection| selection.at.max(selection.anchor) >= self.lines.len());
        (self.note, self.kept, self.running, self.of) = (fresh.note, fresh.kept, fresh.running, fresh.of);
        self.look();
        if follows {
            self.to_end();
        }
    }

    /// Takes over more of the text.
    pub fn append(&mut self, lines: impl IntoIterator<Item = (Tone, String)>) {
        self.slide(lines, 0, self.is_at_end());
    }

    /// Takes over more of the text, and drops so many of its first lines. The end is gone to where it is followed; else the
    /// place stays, and so does the one found that one is at.
    pub fn slide(&mut self, lines: impl IntoIterator<Item = (Tone, String)>, dropped: usize, follows: bool) {
        let top = self.line_from(self.cursor.top);
        self.lines.extend(lines);
        let dropped = dropped.min(self.lines.len());
        self.lines.drain(..dropped);
        self.forget(dropped);
        self.at_found = self.at_found.saturating_sub(self.found.partition_point(|line| *line < dropped));
        self.look();
        if follows && self.selection.is_none() {
            self.to_end();
        } else if let Some((line, gap)) = top {
            let line = line.saturating_sub(dropped);
            let row = match &self.rows {
                Some(rows) => rows.iter().position(|row| matches!(row, Row::Line(at) if *at >= line)),
                None => Some(line),
            };
            self.cursor.top = row.unwrap_or(self.cursor.top).saturating_sub(gap);
        }
    }

    /// The first line in a window that begins with this row, and how many gaps stand before it there.
    fn line_from(&self, row: usize) -> Option<(usize, usize)> {
        let rows = (row..).map_while(|at| self.row(at)).enumerate();
        rows.take(2).find_map(|(before, row)| match row {
            Row::Line(line) => Some((line, before)),
            Row::Gap(_) => None,
        })
    }

    /// Goes on to the next place that was found: the next line, or what of this one lies beyond the window.
    fn walk(&mut self, forward: bool) {
        let all = self.found.len();
        if all == 0 || self.walk_across(forward) {
            return;
        }
        let by = if forward { 1 } else { all - 1 };
        self.at_found = (self.at_found + by) % all;
        self.at_hit = 0;
        self.show_found();
        if !forward {
            self.go_to_last_hit();
        }
    }

    fn surround(&mut self, context: usize) {
        self.context = context.min(MOST_CONTEXT);
        self.arrange();
        self.show_found();
    }

    fn show_found(&mut self) {
        let Some(line) = self.found.get(self.at_found).copied() else { return };
        let row = match &self.rows {
            Some(rows) => rows.iter().position(|row| *row == Row::Line(line)).unwrap_or(0),
            None => line,
        };
        let last = self.len().saturating_sub(self.cursor.height);
        self.cursor.top = row.saturating_sub(self.cursor.height / 3).min(last);
        self.part = 0;
        if self.over(row) > 0 {
            self.cursor.top = row;
        }
        self.show_across();
    }

    /// Searches again, because what is searched for changed. Capital letters make it exact.
    pub fn search(&mut self) {
        let top = match self.row(self.cursor.top) {
            Some(Row::Line(line)) => line,
            _ => self.found.get(self.at_found).copied().unwrap_or(0),
        };
        self.look();
        self.at_found = self.found.iter().position(|line| *line >= top).unwrap_or(0);
        self.at_hit = 0;
        self.show_found();
    }

    /// Searches again, because the text changed.
    fn look(&mut self) {
        let wanted = self.find.text();
        let found = |line: &str| !ranges(line, wanted).is_empty();
        let lines = self.lines.iter().enumerate().filter(|(_, (_, line))| !wanted.is_empty() && found(line));
        self.found = lines.map(|(at, _)| at).take(MOST_FOUND).collect();
        self.at_found = self.at_found.min(self.found.len().saturating_sub(1));
        self.arrange();
    }

    /// Which rows are shown: all, or those found with the lines around them.
    fn arrange(&mut self) {
        self.rows = (self.only_found && !self.find.text().is_empty()).then(|| {
            let (mut rows, mut next) = (Vec::new(), 0);
            for line in &self.found {
                let from = line.saturating_sub(self.context).max(next);
                if from > next {
                    rows.push(Row::Gap(from - next));
                }
                let to = line.saturating_add(self.context).saturating_add(1).min(self.lines.len());
                rows.extend((from..to).map(Row::Line));
                next = next.max(to);
            }
            if next < self.lines.len() {
                rows.push(Row::Gap(self.lines.len() - next));
            }
            rows
        });
        self.cursor.top = self.cursor.top.min(self.len().saturating_sub(self.cursor.height));
    }

    /// The text as it is saved and given to programs.
    pub fn text(&self) -> Arc<str> {
        self.lines.iter().map(|line| select::signed(line) + "\n").collect::<String>().into()
    }

    /// The text for a file: what it is, and where it goes below a directory.
    pub fn saved(&self, directory: &std::path::Path) -> (PathBuf, Arc<str>) {
        let safe: String =
            self.file.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
        (directory.join(safe), self.text())
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
    let plain = |lines: &[String]| lines.iter().map(|line| (line.clone(), line.clone())).collect::<Vec<_>>();
    diff_alike(&plain(old), &plain(new))
}

/// The same of lines that count as something else than they are: each is shown as its first part and compared by its second.
/// Lines that count the same are no difference; around one, they are shown as the older text has them.
pub fn diff_alike(old: &[(String, String)], new: &[(String, String)]) -> Vec<(Tone, String)> {
    let counts = |lines| <[(String, String)]>::iter(lines).map(|(_, counts)| counts.as_str()).collect::<Vec<_>>();
    let (before, after) = (counts(old), counts(new));
    let diff =
        similar::TextDiff::configure().timeout(std::time::Duration::from_millis(500)).diff_slices(&before, &after);
    let groups = diff.grouped_ops(3);
    let mut lines = Vec::new();
    let mut next = 0;
    let left_out = |from: usize, to: usize| {
        let lines = to.saturating_sub(from);
        (lines > 0).then(|| (Tone::Heading, format!("··· {} the same", text::count(lines, "line"))))
    };
    for group in &groups {
        let from = group.first().map_or(next, |op| op.new_range().start);
        lines.extend(left_out(next, from));
        next = group.last().map_or(next, |op| op.new_range().end);
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let tone = match change.tag() {
                similar::ChangeTag::Equal => Tone::Plain,
                similar::ChangeTag::Delete => Tone::Removed,
                similar::ChangeTag::Insert => Tone::Added,
            };
            let before = change.old_index().and_then(|at| old.get(at));
            let shown = before.or_else(|| change.new_index().and_then(|at| new.get(at)));
            lines.push((tone, shown.map(|(shown, _)| shown.clone()).unwrap_or_default()));
        }
    }
    if !groups.is_empty() {
        lines.extend(left_out(next, new.len()));
    }
    if lines.is_empty() {
        let exactly = old.iter().map(|(shown, _)| shown).eq(new.iter().map(|(shown, _)| shown));
        let told = if exactly { "The two are the same." } else { "The two are the same but for what is left out." };
        lines.push((Tone::Heading, told.to_owned()));
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

    fn numbered(count: usize) -> Viewer {
        let line = |i: usize| format!("line {i}{}", if i.is_multiple_of(10) { " here" } else { "" });
        let mut viewer =
            Viewer::new("t".to_owned(), "f".to_owned(), (0..count).map(|i| (Tone::Plain, line(i))).collect());
        viewer.cursor.height = 10;
        viewer
    }

    #[test]
    fn only_what_was_found_is_shown_with_lines_around_it() {
        let mut viewer = numbered(35);
        viewer.find = LineInput::from("here");
        viewer.search();
        assert_eq!(viewer.len(), 35, "found places are marked, nothing is hidden");
        viewer.act(Action::ContextLess);
        viewer.act(Action::OnlyFound);
        let rows: Vec<_> = (0..).map_while(|at| viewer.row(at)).collect();
        let line = Row::Line;
        assert_eq!(rows[..6], [line(0), line(1), Row::Gap(7), line(9), line(10), line(11)]);
        assert_eq!(rows.last(), Some(&Row::Gap(3)));
        // Ranges that meet have no gap, and no line twice.
        for _ in 0..4 {
            viewer.act(Action::ContextMore);
        }
        assert_eq!((0..35).filter(|at| viewer.row(*at) == Some(line(*at))).count(), 35);
        viewer.act(Action::ContextMore);
        // A step back shows everything, at the place.
        viewer.act(Action::FindNext);
        viewer.act(Action::Back);
        assert_eq!((viewer.len(), viewer.found[viewer.at_found]), (35, 10));
        assert!((viewer.cursor.top..viewer.cursor.top + 10).contains(&10));
    }

    #[test]
    fn a_growing_text_is_followed_unless_one_looks_back() {
        let mut viewer = numbered(30);
        viewer.running = true;
        viewer.to_end();
        viewer.append((30..40).map(|i| (Tone::Plain, format!("line {i}"))));
        assert_eq!(viewer.cursor.top, 30);
        viewer.act(Action::CursorUp);
        let mut longer = numbered(80);
        longer.running = true;
        viewer.renew(longer);
        assert_eq!((viewer.cursor.top, viewer.is_at_end()), (29, false));
        viewer.act(Action::CursorBottom);
        viewer.renew(numbered(90));
        assert_eq!((viewer.cursor.top, viewer.running), (80, false));
    }

    #[test]
    fn a_comparison_shows_both_sides() {
        let text = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
        let lines = diff(&text(&["a", "b"]), &text(&["a", "c"]));
        assert_eq!(lines.iter().map(|(tone, _)| *tone).collect::<Vec<_>>(), [Tone::Plain, Tone::Removed, Tone::Added]);
        // What is left out around the differences is counted.
        let old: Vec<String> = (0..30).map(|n| n.to_string()).collect();
        let mut new = old.clone();
        new[10] = "other".to_owned();
        let lines = diff(&old, &new);
        let told: Vec<_> = lines.iter().filter(|(tone, _)| *tone == Tone::Heading).map(|(_, line)| line).collect();
        assert_eq!(told, ["··· 7 lines the same", "··· 16 lines the same"]);
    }

    #[test]
    fn lines_that_count_the_same_are_shown_as_they_are_and_are_no_difference() {
        let text = |lines: &[(&str, &str)]| {
            lines.iter().map(|(shown, counts)| ((*shown).to_owned(), (*counts).to_owned())).collect::<Vec<_>>()
        };
        let old = text(&[("up 3 days", "up"), ("load 1", "load 1")]);
        let new = text(&[("up 9 days", "up"), ("load 2", "load 2")]);
        let line = |tone, line: &str| (tone, line.to_owned());
        let told = [line(Tone::Plain, "up 3 days"), line(Tone::Removed, "load 1"), line(Tone::Added, "load 2")];
        assert_eq!(diff_alike(&old, &new), told);
        let told = [line(Tone::Heading, "The two are the same but for what is left out.")];
        assert_eq!(diff_alike(&old[..1], &new[..1]), told);
    }
}
