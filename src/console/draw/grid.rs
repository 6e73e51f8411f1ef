//! Rows in columns, of which only the window is ever looked at.

use std::borrow::Cow;

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Widget,
};

use super::View;
use crate::{
    config::theme::Role,
    console::{
        state::{
            cursor::Cursor,
            seen::{Hit, Slot},
        },
        text,
    },
};

/// A column: its heading, how narrow it can be, how wide it would like to be.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub title: Cow<'static, str>,
    /// Its name, where it is not the heading's.
    pub name: Option<Cow<'static, str>>,
    pub least: u16,
    pub ideal: u16,
    /// Columns of a high rank go first when there is no room.
    pub rank: u8,
    /// The list is sorted by it; whether the largest or the newest stands first.
    pub sorted: Option<bool>,
    /// Which one it is of several columns the list is sorted by, from 1.
    pub place: Option<usize>,
    /// Numbers stand at the right.
    pub right: bool,
}

impl Column {
    pub fn new(title: impl Into<Cow<'static, str>>, least: u16, ideal: u16, rank: u8) -> Self {
        Self { title: title.into(), name: None, least, ideal, rank, sorted: None, place: None, right: false }
    }

    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub fn right(mut self) -> Self {
        self.right = true;
        self
    }
}

/// Parts of a bar: how many each stands for, its role, its sign and the sign's twin in ASCII.
pub(super) type Parts<'a> = &'a [(usize, Role, &'static str, &'static str)];

/// One cell: a text in a style of its own over the row's, or parts that each have theirs, or a bar.
pub(super) struct Cell {
    style: Option<Style>,
    text: String,
    parts: Vec<Span<'static>>,
    bar: Option<Bar>,
}

/// A bar that is as long as its share of the column: only the column knows its own width.
struct Bar {
    n: usize,
    most: usize,
    parts: Vec<(usize, Role, &'static str, &'static str)>,
}

impl Bar {
    /// Its cells in a column so wide, from the longest that fills it.
    fn in_column(&self, view: &View<'_>, width: u16) -> Vec<Span<'static>> {
        let length = (usize::from(width).saturating_mul(self.n)).div_ceil(self.most.max(1));
        bar(view, u16::try_from(length).unwrap_or(width).min(width), &self.parts).spans
    }
}

impl Cell {
    pub fn plain(text: impl Into<String>) -> Self {
        Self { style: None, text: text.into(), parts: Vec::new(), bar: None }
    }

    /// A bar for `n` of something of which the longest bar of the column has `most`.
    pub fn bar(n: usize, most: usize, parts: Parts<'_>) -> Self {
        Self { bar: Some(Bar { n, most, parts: parts.to_vec() }), ..Self::plain("") }
    }

    pub fn styled(style: Style, text: impl Into<String>) -> Self {
        Self { style: Some(style), ..Self::plain(text) }
    }

    pub fn role(view: &View<'_>, role: Role, text: impl Into<String>) -> Self {
        Self::styled(view.style(role), text)
    }

    /// The same in another role, whatever the cell says by its looks.
    pub fn dimmed(self, view: &View<'_>) -> Self {
        let parts = self.parts.into_iter().map(|part| part.style(view.style(Role::Dim))).collect();
        Self { style: Some(view.style(Role::Dim)), parts, ..self }
    }

    /// The same as it is where it says nothing about now.
    pub fn stale(self, view: &View<'_>) -> Self {
        let parts = self.parts.into_iter().map(|part| part.style(view.style(Role::Stale))).collect();
        Self { style: Some(view.style(Role::Stale)), parts, ..self }
    }

    /// Parts that fit the column already, such as those of a bar.
    pub fn parts(line: Line<'static>) -> Self {
        Self { parts: line.spans, ..Self::plain("") }
    }
}

/// Rows at the beginning of a list whose cells say, with those of the window, how wide columns need to be.
const SAMPLE: usize = 100;

/// A list in columns.
pub(super) struct Grid<'a> {
    pub slot: Slot,
    pub columns: &'a [Column],
    pub len: usize,
    pub cursor: &'a Cursor,
    pub focused: bool,
    /// Whether a row is marked; there is a column for it if any can be.
    pub marked: Option<&'a dyn Fn(usize) -> bool>,
    /// The columns that were scrolled past, where columns can be scrolled. Marks say where there are more.
    pub scrolled: Option<usize>,
}

impl Grid<'_> {
    /// Draws the heading and the rows of the window. `cell` is asked for the cells of those rows and
    /// of the list's beginning alone.
    pub fn draw(
        &self,
        view: &mut View<'_>,
        frame: &mut Frame<'_>,
        area: Rect,
        cell: impl Fn(&View<'_>, usize, usize) -> Cell,
    ) {
        if area.height < 2 || area.width < 4 {
            return;
        }
        let mark = if self.marked.is_some() { 2 } else { 1 };
        let height = usize::from(area.height - 1);
        let top = self.cursor.window(self.len, height);
        view.window(self.slot, top, height);
        // The last column of cells is the scrollbar's, where there is one.
        let edge = u16::from(self.len > height);
        let room = area.width.saturating_sub(mark + edge);
        let mut widths = self.widths(view, room, top..top + height, &cell);
        // The sign that there are more stands over nothing else.
        if self.scrolled.is_some() && edge == 0 && widths.contains(&0) {
            let narrower = self.widths(view, room.saturating_sub(1), top..top + height, &cell);
            // No column is given up for it.
            let same = |(a, b): (&u16, &u16)| (*a == 0) == (*b == 0);
            if narrower.iter().zip(&widths).all(same) {
                widths = narrower;
            }
        }
        let buffer = frame.buffer_mut();
        self.heading(view, buffer, Rect { height: 1, ..area }, mark, &widths);
        self.heading_hits(view, area, mark, &widths);
        self.beyond(view, buffer, area, &widths);
        for (line, row) in (top..self.len.min(top + height)).enumerate() {
            let y = area.y + 1 + u16::try_from(line).unwrap_or(0);
            let here = Rect { y, height: 1, ..area };
            let at_cursor = row == self.cursor.at;
            let is_marked = self.marked.is_some_and(|marked| marked(row));
            let mut style = view.style(Role::Text);
            if is_marked {
                style = style.patch(view.style(Role::Marked));
            }
            if at_cursor {
                style = style.patch(view.style(if self.focused { Role::Cursor } else { Role::CursorBlur }));
            }
            buffer.set_style(here, style);
            if self.marked.is_some() && is_marked {
                buffer.set_string(area.x, y, view.look.sign("▌", "*"), style);
            }
            let mut x = area.x + mark;
            for (at, width) in widths.iter().enumerate().filter(|(_, width)| **width > 0) {
                let cell = cell(view, row, at);
                let cell = if view.outdated { cell.stale(view) } else { cell };
                let parts = match &cell.bar {
                    Some(bar) => {
                        let own = cell.style.unwrap_or_default();
                        let parts = bar.in_column(view, *width).into_iter();
                        parts.map(|part| Span { style: part.style.patch(own), ..part }).collect()
                    }
                    None => cell.parts,
                };
                if !parts.is_empty() {
                    let style = if at_cursor && self.focused { style } else { Style::default() };
                    let parts = parts.into_iter().map(|part| Span { style: part.style.patch(style), ..part });
                    buffer.set_line(x, y, &parts.collect(), *width);
                    x += width + 1;
                    continue;
                }
                let (own, content) = (cell.style.unwrap_or_default(), cell.text);
                // The cursor's colours win over the cell's: a highlighted row must be one block.
                let style = if at_cursor && self.focused { own.patch(style) } else { style.patch(own) };
                let content = view.plain(text::cut(&content, (*width).into()));
                let shift = match self.columns[at].right {
                    true => width - u16::try_from(text::width(&content)).unwrap_or(*width).min(*width),
                    false => 0,
                };
                buffer.set_stringn(x + shift, y, content, (*width - shift).into(), style);
                x += width + 1;
            }
            view.hit(here, Hit::Row(self.slot, row));
        }
        scrollbar(view, buffer, area, top, height, self.len);
        scroll_hits(view, self.slot, area, height, self.len);
    }

    /// The widths of the columns: none wider than what stands in it.
    fn widths(
        &self,
        view: &View<'_>,
        room: u16,
        window: std::ops::Range<usize>,
        cell: &impl Fn(&View<'_>, usize, usize) -> Cell,
    ) -> Vec<u16> {
        let sample = self.len.min(SAMPLE);
        let rows = (0..sample).chain(window.start.max(sample)..window.end.min(self.len));
        let mut columns = self.columns.to_vec();
        for (at, column) in columns.iter_mut().enumerate().filter(|(_, column)| column.least < column.ideal) {
            let widths = rows.clone().map(|row| match cell(view, row, at) {
                Cell { bar: Some(_), .. } => column.ideal.into(),
                Cell { parts, .. } if !parts.is_empty() => parts.iter().map(Span::width).sum(),
                Cell { text, .. } => text::width(&text),
            });
            let widest =
                widths.max().unwrap_or(0).max(text::width(&column.title) + 1 + usize::from(column.place.is_some()));
            column.ideal = column.ideal.min(u16::try_from(widest).unwrap_or(u16::MAX));
            column.least = column.least.min(column.ideal);
        }
        widths(&columns, room)
    }

    /// Marks in the heading where columns are out of sight that can be scrolled to.
    fn beyond(&self, view: &View<'_>, buffer: &mut Buffer, area: Rect, widths: &[u16]) {
        let Some(scrolled) = self.scrolled else { return };
        let style = view.style(Role::Key);
        if scrolled > 0 {
            buffer.set_string(area.x, area.y, view.look.sign("‹", "<"), style);
        }
        if widths.contains(&0) {
            buffer.set_string(area.right() - 1, area.y, view.look.sign("›", ">"), style);
        }
    }

    fn heading(&self, view: &View<'_>, buffer: &mut Buffer, area: Rect, mark: u16, widths: &[u16]) {
        let mut x = area.x + mark;
        for (column, width) in self.columns.iter().zip(widths).filter(|(_, width)| **width > 0) {
            let (role, arrow) = match column.sorted {
                None => (Role::Column, ""),
                Some(false) => (Role::ColumnSorted, view.look.sign("↑", "^")),
                Some(true) => (Role::ColumnSorted, view.look.sign("↓", "v")),
            };
            let place = column.place.map(|place| place.to_string()).unwrap_or_default();
            let title = format!("{}{arrow}{place}", column.title);
            let title = text::cut(&title, (*width).into());
            let shift =
                if column.right { width.saturating_sub(u16::try_from(text::width(&title)).unwrap_or(0)) } else { 0 };
            buffer.set_stringn(x + shift, area.y, title, (*width - shift).into(), view.style(role));
            x += width + 1;
        }
    }
}

impl Grid<'_> {
    /// Remembers where headings are: a click sorts by the column.
    fn heading_hits(&self, view: &mut View<'_>, area: Rect, mark: u16, widths: &[u16]) {
        let mut x = area.x + mark;
        for (column, width) in self.columns.iter().zip(widths).filter(|(_, width)| **width > 0) {
            if !column.title.is_empty() {
                view.heading(Rect { x, width: *width, height: 1, ..area }, self.slot, &column.name());
            }
            x += width + 1;
        }
    }
}

/// Where the window stands in the list, at the right edge.
pub(super) fn scrollbar(view: &View<'_>, buffer: &mut Buffer, area: Rect, top: usize, height: usize, len: usize) {
    if len <= height || height < 3 {
        return;
    }
    let size = (height * height / len).max(1);
    let room = height - size;
    let start = (top * room).div_ceil((len - height).max(1)).min(room);
    let x = area.right() - 1;
    for line in start..start + size {
        let y = area.bottom().saturating_sub(u16::try_from(height - line).unwrap_or(1));
        buffer.set_string(x, y, view.look.sign("▐", "|"), view.style(Role::Scrollbar));
    }
}

/// Remembers where a list's scrollbar is, if it has one.
pub(super) fn scroll_hits(view: &mut View<'_>, slot: Slot, area: Rect, height: usize, len: usize) {
    let rows = u16::try_from(height).unwrap_or(u16::MAX).min(area.height);
    if len > height && area.width > 0 {
        let place = Rect { x: area.right() - 1, y: area.bottom() - rows, width: 1, height: rows };
        view.hit(place, Hit::Scroll(slot, len));
    }
}

/// The widths of columns in so much room: everything at its ideal, else the highest ranks go; what is left over goes to
/// those that want more.
fn widths(columns: &[Column], room: u16) -> Vec<u16> {
    let mut shown: Vec<bool> = vec![true; columns.len()];
    let needed = |shown: &[bool]| {
        let parts = columns.iter().zip(shown).filter(|(_, shown)| **shown);
        parts.map(|(column, _)| column.least + 1).sum::<u16>().saturating_sub(1)
    };
    while needed(&shown) > room {
        let last = (0..columns.len()).filter(|at| shown[*at]).max_by_key(|at| (columns[*at].rank, *at));
        match last {
            Some(at) if shown.iter().filter(|shown| **shown).count() > 1 => shown[at] = false,
            _ => break,
        }
    }
    let mut left = room.saturating_sub(needed(&shown));
    let mut widths: Vec<u16> =
        columns.iter().zip(&shown).map(|(column, shown)| if *shown { column.least.min(room) } else { 0 }).collect();
    let mut by_rank: Vec<usize> = (0..columns.len()).filter(|at| shown[*at]).collect();
    by_rank.sort_by_key(|at| columns[*at].rank);
    for at in by_rank {
        let more = columns[at].ideal.saturating_sub(widths[at]).min(left);
        widths[at] += more;
        left -= more;
    }
    widths
}

/// A bar of parts, each with its role; the parts are shares of the whole.
pub(super) fn bar(view: &View<'_>, width: u16, parts: Parts<'_>) -> Line<'static> {
    let total: usize = parts.iter().map(|(n, ..)| n).sum();
    let mut spans = Vec::new();
    let mut used = 0;
    let mut seen = 0;
    for (n, role, sign, ascii) in parts {
        seen += n;
        let end = (usize::from(width) * seen).checked_div(total).unwrap_or(0);
        // What is there at all is seen, however little it is.
        let end = if *n > 0 { end.max(used + 1).min(width.into()) } else { end };
        if end > used {
            spans.push(Span::styled(view.look.sign(sign, ascii).repeat(end - used), view.style(*role)));
            used = end;
        }
    }
    Line::from(spans)
}

/// Renders a line at a place.
pub(super) fn line_at(frame: &mut Frame<'_>, area: Rect, row: u16, line: Line<'static>) {
    if row < area.height {
        line.render(Rect { y: area.y + row, height: 1, ..area }, frame.buffer_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_important_columns_go_first() {
        let columns = [
            Column::new("Name", 10, 30, 0),
            Column::new("Ping", 8, 8, 1),
            Column::new("Tags", 10, 60, 3),
            Column::new("IP", 12, 15, 2),
        ];
        assert_eq!(widths(&columns, 20), [11, 8, 0, 0]);
        assert_eq!(widths(&columns, 35), [13, 8, 0, 12]);
        assert_eq!(widths(&columns, 116), [30, 8, 60, 15]);
        assert_eq!(widths(&columns, 3), [3, 0, 0, 0]);
    }
}
