//! A text that is read.

use std::ops::Range;

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{View, cards, grid};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            seen::Slot,
            viewer::{Room, Row, Tone, Viewer, broken, ranges},
        },
        text,
    },
};

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, viewer: &Viewer) {
    // What is missing, and the key that fetches it, must not be pushed out by a long title.
    let missing = match (&viewer.note, viewer.kept) {
        (None, _) => 12,
        (Some(_), true) => 52,
        (Some(note), false) => text::width(note).min(50) + 14,
    };
    let aside = aside(view, viewer);
    let missing = missing + aside.as_ref().map_or(0, Span::width);
    let title = text::cut(&viewer.title, usize::from(area.width).saturating_sub(missing).max(16));
    let mut left = vec![view.span(Role::Title, format!(" {title}"))];
    if viewer.finding || !viewer.find.text().is_empty() {
        left.push(view.span(Role::Key, "  /"));
        left.push(view.span(Role::Input, format!("{}{}", viewer.find.text(), if viewer.finding { "▏" } else { "" })));
        let found = match (viewer.found.len(), viewer.find.text().is_empty()) {
            (_, true) => String::new(),
            (0, _) => " nothing found".to_owned(),
            (n, _) => format!(" {} of {}", viewer.at_found + 1, text::count(n, "line")),
        };
        left.push(view.span(Role::Dim, found));
        if viewer.only_found {
            let around = format!("  only these, {} around", text::count(viewer.context, "line"));
            left.push(view.span(Role::Running, around));
        }
    } else {
        left.push(view.span(Role::Dim, format!("  {}", text::count(viewer.lines.len(), "line"))));
    }
    left.extend(aside);
    if viewer.selection.is_some() {
        let lines = text::count(viewer.places().len(), "line");
        left.push(view.span(Role::Marked, format!("  {lines} selected")));
    }
    if let Some(note) = &viewer.note {
        left.push(view.span(Role::Stale, format!("  {note}")));
    }
    let key = view.state.key_for(Action::WholeText).filter(|_| viewer.kept);
    if let Some(key) = key {
        left.push(view.span(Role::Key, format!("  {key}")));
        left.push(view.span(Role::Dim, " fetches all of it"));
    }
    if viewer.running {
        let sign = view.look.sign("▼", "v");
        let keys = [Action::FollowText, Action::CursorBottom];
        match (viewer.is_at_end(), keys.into_iter().find_map(|action| view.state.key_for(action))) {
            (false, Some(key)) => {
                left.extend([view.span(Role::Key, format!("  {key}")), view.span(Role::Dim, " follows it again")])
            }
            _ => left.push(view.span(Role::Running, format!("  {sign} following"))),
        }
    }
    cards::heading(view, frame, area, left, None);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if viewer.is_empty() {
        let logged = viewer.of.as_ref().is_none_or(|of| of.logged);
        let words = match (viewer.running, logged) {
            (false, _) => vec!["There is no output."],
            (true, true) => vec!["There is no output so far."],
            (true, false) => vec![
                "There is no output so far: a node tells it when a step ends.",
                "Where the whole output goes to logs:GROUP it is followed line by line.",
            ],
        };
        let words = words.into_iter().flat_map(|words| text::wrap(words, usize::from(body.width)));
        cards::middle(frame, body, words.map(|words| Line::from(view.span(Role::Dim, words))).collect());
        return;
    }
    let (top, rows) = window(viewer, body, viewer.cursor.top);
    view.window(Slot::Viewer, top, rows);
    view.text_room(Slot::Viewer, window_room(viewer, body));
    lines(view, frame, body, viewer, top);
    grid::scroll_hits(view, Slot::Viewer, body, rows, viewer.len());
}

/// How long lines are shown, if it is not from their beginning to the edge.
pub(super) fn aside(view: &View<'_>, viewer: &Viewer) -> Option<Span<'static>> {
    match (viewer.wraps, viewer.left) {
        (true, _) => Some(view.span(Role::Running, "  wrapped")),
        (false, 0) => None,
        (false, left) => Some(view.span(Role::Running, format!("  from column {}", left + 1))),
    }
}

/// Columns before the text of a line: its number, a sign, and a blank that becomes a mark.
fn gutter(viewer: &Viewer) -> usize {
    viewer.lines.len().to_string().len() + 2
}

/// Columns for the text of a line.
fn room(viewer: &Viewer, area: Rect) -> usize {
    let bar = usize::from(viewer.len() > usize::from(area.height) || viewer.wraps);
    usize::from(area.width).saturating_sub(gutter(viewer) + bar).max(1)
}

/// What a text has to know of its window.
pub(super) fn window_room(viewer: &Viewer, area: Rect) -> Room {
    Room { columns: room(viewer, area), rows: area.height.into() }
}

/// The lines a row takes where long ones are broken.
fn taken(viewer: &Viewer, row: usize, room: usize) -> usize {
    match viewer.row(row) {
        Some(Row::Line(at)) => viewer.lines.get(at).map_or(1, |(_, line)| broken(line, room).len()),
        _ => 1,
    }
}

/// The first row of a window and the rows it shows whole, if it is to begin with `top`.
pub(super) fn window(viewer: &Viewer, area: Rect, top: usize) -> (usize, usize) {
    let (len, height) = (viewer.len(), usize::from(area.height));
    if !viewer.wraps {
        return (top.min(len.saturating_sub(height)), height);
    }
    let room = room(viewer, area);
    let fitting = |rows: &mut dyn Iterator<Item = usize>| {
        let mut used = 0;
        rows.take_while(|row| {
            used += taken(viewer, *row, room);
            used <= height
        })
        .count()
        .max(1)
    };
    let top = top.min(len.saturating_sub(fitting(&mut (0..len).rev())));
    (top, fitting(&mut (top..len)))
}

/// The lines of a text from `top` on. Where one goes on beyond the window, a mark says so.
pub(super) fn lines(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, viewer: &Viewer, top: usize) {
    let height = usize::from(area.height);
    let room = room(viewer, area);
    // A text that is only glanced at, beside its row, has no line that one is at.
    let read = view.state.viewer().is_some_and(|read| std::ptr::eq(read, viewer));
    let here = viewer.line().filter(|_| read);
    let mut rows: Vec<Line<'static>> = Vec::new();
    for shown in (top..).map_while(|at| viewer.row(at)) {
        if rows.len() >= height {
            break;
        }
        match shown {
            Row::Line(at) => {
                let first = rows.len();
                // Of a line that is more than the window one may be further down.
                let above = if first == 0 && read { viewer.part } else { 0 };
                line(view, viewer, at, room, (above, height - first), &mut rows);
                point_out(view, &mut rows[first..], Some(at) == here, viewer.is_chosen(at));
            }
            Row::Gap(lines) => {
                let digits = gutter(viewer) - 2;
                let words = format!("{:>digits$}  {}", view.look.sign("⋮", ":"), text::count(lines, "line"));
                rows.push(Line::from(view.span(Role::Dim, words)));
            }
        }
    }
    if rows.len() > height && rows[height - 1].width() >= gutter(viewer) + room {
        // The last one in the window goes on below it.
        rows[height - 1].spans.push(view.span(Role::Key, view.look.sign("›", ">")));
    }
    rows.truncate(height);
    super::lines(view, frame, area, rows);
    grid::scrollbar(view, frame.buffer_mut(), area, top, height, viewer.len());
}

/// Marks the number of the line that would be copied, and all of a line that was selected.
fn point_out(view: &View<'_>, rows: &mut [Line<'static>], is_here: bool, is_chosen: bool) {
    if is_chosen {
        let style = view.style(if is_here { Role::Cursor } else { Role::Marked });
        for row in rows.iter_mut() {
            row.spans.iter_mut().for_each(|span| span.style = span.style.patch(style));
            if let Some(sign) = row.spans.get_mut(1) {
                sign.content = view.look.sign("▌", "*").into();
            }
        }
    } else if let Some(number) = rows.first_mut().and_then(|row| row.spans.first_mut()).filter(|_| is_here) {
        number.style = number.style.patch(view.style(Role::Key));
    }
}

/// One line of a text, in as many rows as it takes: those after so many that lie above the window, and one more than it has
/// room for where it goes on below.
fn line(
    view: &View<'_>,
    viewer: &Viewer,
    at: usize,
    room: usize,
    (above, most): (usize, usize),
    rows: &mut Vec<Line<'static>>,
) {
    let Some((tone, line)) = viewer.lines.get(at) else { return };
    let digits = gutter(viewer) - 2;
    let (role, sign) = match tone {
        Tone::Plain => (Role::Text, " "),
        Tone::Heading => (Role::Title, " "),
        Tone::Error => (Role::Failed, view.look.sign("▏", "!")),
        Tone::Warning => (Role::Warning, " "),
        Tone::Added => (Role::Added, "+"),
        Tone::Removed => (Role::Removed, "-"),
    };
    let is_current = viewer.found.get(viewer.at_found) == Some(&at);
    let found = if is_current { Role::MatchCurrent } else { Role::Match };
    let number = view.span(Role::Dim, format!("{:>digits$}", at + 1));
    let sign = view.span(role, sign);
    if viewer.wraps {
        let matches = ranges(line, viewer.find.text());
        let parts = broken(line, room);
        let above = above.min(parts.len().saturating_sub(most));
        for (nth, part) in parts.into_iter().enumerate().skip(above).take(most + 1) {
            let first = if nth == 0 { number.clone() } else { view.span(Role::Dim, " ".repeat(digits)) };
            let mut spans = vec![first, sign.clone(), view.span(role, " ")];
            spans.extend(pieces(view, line, part, &matches, role, found));
            rows.push(Line::from(spans));
        }
        return;
    }
    let before = if viewer.left > 0 && !line.is_empty() { view.look.sign("‹", "<") } else { " " };
    let mut spans = vec![number, sign, view.span(Role::Key, before)];
    let rest = text::skip(line, viewer.left);
    let goes_on = text::width(&rest) > room;
    let shown = text::prefix(&rest, if goes_on { room.saturating_sub(1) } else { room });
    let matches = ranges(&shown, viewer.find.text());
    spans.extend(pieces(view, &shown, 0..shown.len(), &matches, role, found));
    if goes_on {
        spans.push(view.span(Role::Key, view.look.sign("›", ">")));
    }
    rows.push(Line::from(spans));
}

/// A part of a line, with what was found in it marked.
fn pieces(
    view: &View<'_>,
    line: &str,
    part: Range<usize>,
    matches: &[Range<usize>],
    role: Role,
    found: Role,
) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    let mut at = part.start;
    for range in matches {
        let (from, to) = (range.start.max(at), range.end.min(part.end));
        if from < to {
            spans.push(view.span(role, line.get(at..from).unwrap_or_default()));
            spans.push(view.span(found, line.get(from..to).unwrap_or_default()));
            at = to;
        }
    }
    spans.push(view.span(role, line.get(at..part.end).unwrap_or_default()));
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_of_broken_lines_ends_with_the_text() {
        let lines = (0..40).map(|n| (Tone::Plain, "x".repeat(if n >= 30 { 70 } else { 5 }))).collect();
        let mut viewer = Viewer::new(String::new(), String::new(), lines);
        let area = Rect { x: 0, y: 0, width: 40, height: 10 };
        assert_eq!(window(&viewer, area, 99), (30, 10));
        viewer.wraps = true;
        // Each of the last ones takes two rows.
        assert_eq!(window(&viewer, area, 99), (35, 5));
        assert_eq!(window(&viewer, area, 0), (0, 10));
        assert_eq!(window(&viewer, area, 28), (28, 6));
    }
}
