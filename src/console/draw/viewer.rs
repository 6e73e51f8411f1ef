//! A text that is read.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Widget,
};

use super::{View, cards, grid};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            seen::Slot,
            viewer::{Row, Tone, Viewer, ranges},
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
        match (viewer.is_at_end(), view.state.key_for(Action::CursorBottom)) {
            (false, Some(key)) => {
                left.extend([view.span(Role::Key, format!("  {key}")), view.span(Role::Dim, " follows it again")])
            }
            _ => left.push(view.span(Role::Running, format!("  {sign} following"))),
        }
    }
    cards::heading(view, frame, area, left, None);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if viewer.is_empty() {
        let words = if viewer.running { "There is no output so far." } else { "There is no output." };
        cards::middle(frame, body, vec![Line::from(view.span(Role::Dim, words))]);
        return;
    }
    let height = usize::from(body.height);
    let top = viewer.cursor.top.min(viewer.len().saturating_sub(height));
    view.window(Slot::Viewer, top, height);
    lines(view, frame, body, viewer, top);
    grid::scroll_hits(view, Slot::Viewer, body, height, viewer.len());
}

/// The lines of a text from `top` on.
pub(super) fn lines(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, viewer: &Viewer, top: usize) {
    let height = usize::from(area.height);
    let digits = viewer.lines.len().to_string().len();
    let current = viewer.found.get(viewer.at_found);
    for (row, shown) in (top..).map_while(|at| viewer.row(at)).take(height).enumerate() {
        let y = area.y + u16::try_from(row).unwrap_or(0);
        let (at, (tone, line)) = match shown {
            Row::Line(at) => match viewer.lines.get(at) {
                Some(line) => (at, line),
                None => break,
            },
            Row::Gap(lines) => {
                let words = format!("{:>digits$}  {}", view.look.sign("⋮", ":"), text::count(lines, "line"));
                Line::from(view.span(Role::Dim, words)).render(Rect { y, height: 1, ..area }, frame.buffer_mut());
                continue;
            }
        };
        let role = match tone {
            Tone::Plain => Role::Text,
            Tone::Heading => Role::Title,
            Tone::Error => Role::Failed,
            Tone::Warning => Role::Warning,
            Tone::Added => Role::Added,
            Tone::Removed => Role::Removed,
        };
        let sign = match tone {
            Tone::Added => "+",
            Tone::Removed => "-",
            Tone::Error => view.look.sign("▏", "!"),
            _ => " ",
        };
        let mut spans =
            vec![view.span(Role::Border, format!("{:>digits$}", at + 1)), view.span(role, format!("{sign} "))];
        let found = if Some(&at) == current { Role::MatchCurrent } else { Role::Match };
        spans.extend(pieces(view, line, viewer, role, found));
        Line::from(spans).render(Rect { y, height: 1, ..area }, frame.buffer_mut());
    }
    grid::scrollbar(view, frame.buffer_mut(), area, top, height, viewer.len());
}

/// A line cut to what is scrolled into sight, with what was searched for marked.
fn pieces(view: &View<'_>, line: &str, viewer: &Viewer, role: Role, found: Role) -> Vec<Span<'static>> {
    let shown = text::prefix(&text::skip(line, viewer.left), 1_000);
    let mut spans = Vec::new();
    let mut at = 0;
    for range in ranges(&shown, viewer.find.text()) {
        spans.push(view.span(role, shown.get(at..range.start).unwrap_or_default()));
        spans.push(view.span(found, shown.get(range.clone()).unwrap_or_default()));
        at = range.end;
    }
    spans.push(view.span(role, shown.get(at..).unwrap_or_default()));
    spans
}
