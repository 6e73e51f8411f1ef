//! Shells: their tabs, and the screen of the shown one.

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    style::{Color, Style},
    text::Line,
    widgets::Paragraph,
};

use super::{View, cards, frame};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            seen::Hit,
            shells::{Phase, Tab},
        },
        term::paint::{self, Look},
        text,
    },
};

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let shells = &view.state.shells;
    let bar = Rect { height: 1, ..area };
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    view.seen.shell = Some((body.height, body.width));
    let Some(tab) = shells.current() else {
        let next =
            "Put the cursor on a node in the fleet and open a shell on it. Shells stay open while you look elsewhere.";
        return cards::empty(view, frame, body, "No shell is open", next, &[Action::PaneFleet, Action::Help]);
    };
    tabs(view, frame, bar);
    screen(view, frame, body, tab);
}

/// The shell alone, with one line that says how to leave it.
pub(super) fn full_screen(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let Some(tab) = view.state.shells.current() else { return };
    let body = Rect { height: area.height - 1, ..area };
    view.seen.shell = Some((body.height, body.width));
    screen(view, frame, body, tab);
    let bottom = Rect { y: body.bottom(), height: 1, ..area };
    if view.state.prefixed || view.state.shells.looking_back {
        frame::footer(view, frame, bottom);
    } else {
        frame::shell_footer(view, frame, bottom);
    }
}

fn tabs(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let shells = &view.state.shells;
    let mut spans = Vec::new();
    let mut x = area.x;
    for (at, tab) in shells.tabs.iter().enumerate() {
        let (role, state) = match &tab.phase {
            Phase::Connecting => (Role::Running, view.look.sign("⋯", "..").to_owned()),
            Phase::Connected => (Role::NodeOnline, view.look.sign("●", "*").to_owned()),
            Phase::Reconnecting { attempt } => (Role::Stale, format!("reconnecting {attempt}")),
            Phase::Closed(_) => (Role::NodeLost, view.look.sign("○", "o").to_owned()),
        };
        let name = text::cut(&tab.name, 20);
        let news = if tab.news { view.look.sign("•", "!") } else { "" };
        let label = format!(" {name}{news} ");
        let shown = at == shells.at;
        let width = u16::try_from(text::width(&label) + text::width(&state) + 1).unwrap_or(0);
        if x + width > area.right() {
            break;
        }
        view.hit(Rect { x, width, ..area }, Hit::Tab(at));
        x += width;
        spans.push(view.span(role, format!(" {state}")));
        spans.push(view.span(if shown { Role::TabActive } else { Role::Dim }, label));
    }
    if let Some(tab) = shells.current() {
        let mut told = match &tab.phase {
            Phase::Connecting => "  connecting".to_owned(),
            Phase::Closed(_) => "  closed".to_owned(),
            _ => tab.terminal.title().map(|title| format!("  {title}")).unwrap_or_default(),
        };
        if shells.looking_back {
            told = format!("  looking back {}", text::count(tab.terminal.modes().scrolled, "line"));
        }
        spans.push(view.span(Role::Dim, told));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

fn screen(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, tab: &Tab) {
    let focused = view.state.shells.takes_keys() && view.state.overlays.is_empty() && !view.state.prefixed;
    let ground = view.style(Role::Text);
    // Without colours of our own the session's are left out too.
    let look = Look { focused, mono: ground.fg.is_none() && ground.bg.is_none() };
    let cursor = tab.terminal.with_screen(|screen| paint::paint(screen, area, frame.buffer_mut(), look));
    settle_on(frame.buffer_mut(), area, ground);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
    if let Phase::Closed(trouble) = &tab.phase {
        let mut spans = vec![view.span(Role::Warning, format!(" {} ", trouble.advice.as_deref().unwrap_or("")))];
        spans.retain(|span| !span.content.trim().is_empty());
        for action in [Action::Reopen, Action::CloseShell, Action::LeaveShell] {
            spans.push(view.span(Role::Warning, "  "));
            spans.extend(view.hint(action));
        }
        let line = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
        frame.render_widget(Paragraph::new(Line::from(spans)).style(view.style(Role::Warning)), line);
    }
}

/// A session's default colours are the theme's.
fn settle_on(buffer: &mut Buffer, area: Rect, ground: Style) {
    let (fg, bg) = (ground.fg.unwrap_or(Color::Reset), ground.bg.unwrap_or(Color::Reset));
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let Some(cell) = buffer.cell_mut((x, y)) else { continue };
            if cell.fg == Color::Reset {
                cell.fg = fg;
            }
            if cell.bg == Color::Reset {
                cell.bg = bg;
            }
        }
    }
}
