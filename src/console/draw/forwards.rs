//! Forwarded ports: where they listen, where they lead, what passes.

use ratatui::{Frame, layout::Rect, text::Line};

use super::{
    View, cards,
    grid::{Cell, Column, Grid},
    lens,
};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            forwards::{Forward, Phase},
            list::List,
            seen::Slot,
        },
        text,
    },
};

/// Lines below the list that say what is the matter with the forward under the cursor.
const DETAILS: u16 = 5;

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let forwards = &view.state.forwards;
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let on = forwards.open();
    let mut left = vec![view.span(Role::Title, format!(" {}", text::count(forwards.list.len(), "forward")))];
    if on > 0 {
        let connections: usize = forwards.list.iter().map(|forward| forward.connections).sum();
        left.push(view.span(Role::NodeOnline, format!("  {on} on")));
        left.push(view.span(Role::Dim, format!("  {}", text::count(connections, "connection"))));
    }
    let left = lens::beside(view, left, &forwards.lens, area.width);
    let left = lens::typed(view, &forwards.lens, forwards.list.len(), "web state:open there:5432").unwrap_or(left);
    cards::heading(view, frame, area, left, None);
    if forwards.list.is_empty() {
        let next = "A forward makes a port of a node, or of a host behind it, a port of this machine. Those of [[forward]] in \
                    settings.toml start with the console.";
        return cards::empty(view, frame, body, "No port is forwarded", next, &[Action::AddForward, Action::Help]);
    }
    if lens::nothing(view, frame, body, &forwards.lens) {
        return;
    }
    let below = if body.height > DETAILS + 4 { DETAILS } else { 0 };
    rows(view, frame, Rect { height: body.height - below, ..body });
    if let Some(forward) = forwards.current().filter(|_| below > 0) {
        let place = Rect { y: body.bottom() - below, height: below, ..body };
        let inner = super::panel(view, frame, place, &forward.name(), Role::Border);
        let arrow = view.look.sign("→", "->");
        let way = format!(" {} {arrow} {}", forward.local(), forward.there());
        let mut lines = vec![Line::from(view.span(Role::Text, way))];
        let (role, words) = told(view, forward).unwrap_or((Role::Dim, Vec::new()));
        let wrapped = words.iter().flat_map(|line| text::wrap(line, usize::from(inner.width).saturating_sub(2)));
        lines.extend(wrapped.map(|line| Line::from(view.span(role, format!(" {line}")))));
        super::lines(view, frame, inner, lines);
    }
}

/// What is to be said of a forward beyond its row.
fn told(view: &View<'_>, forward: &Forward) -> Option<(Role, Vec<String>)> {
    match (&forward.phase, &forward.note) {
        (Phase::Failed(trouble), _) => {
            let lines = std::iter::once(trouble.what.clone()).chain(trouble.advice.clone()).collect();
            Some((Role::Failed, lines))
        }
        (Phase::Waiting, _) => {
            let what = match view.state.origins.connection() {
                crate::console::origin::Connection::Ready => "it starts when the fleet is known",
                _ => "it starts when there is a connection",
            };
            Some((Role::Pending, vec![what.to_owned()]))
        }
        (_, Some(note)) => Some((Role::Warning, vec![note.clone()])),
        _ => None,
    }
}

fn state(view: &View<'_>, forward: &Forward) -> (Role, String) {
    match &forward.phase {
        Phase::Stopped => (Role::Dim, format!("{} stopped", view.look.sign("○", "o"))),
        Phase::Waiting => (Role::Pending, format!("{} waiting", view.look.sign("◌", "."))),
        Phase::Connecting => (Role::Running, format!("{} connecting", view.look.sign("⋯", ".."))),
        Phase::Open => (Role::NodeOnline, format!("{} open", view.look.sign("●", "*"))),
        Phase::Reconnecting { attempt } => {
            let times = if *attempt > 1 { format!(" {attempt}") } else { String::new() };
            (Role::Stale, format!("{} reconnecting…{times}", view.look.sign("◌", "~")))
        }
        Phase::Failed(_) => (Role::Failed, format!("{} failed", view.look.sign("✗", "x"))),
    }
}

fn rows(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let state_of = view.state;
    let forwards = &state_of.forwards;
    let columns = [
        Column::new("State", 17, 19, 0),
        Column::new("Name", 8, 24, 2),
        Column::new("Here", 15, 21, 0),
        Column::new("There", 23, 56, 1),
        Column::new("Conns", 6, 10, 4).right(),
        Column::new("Out", 7, 8, 5).right(),
        Column::new("In", 7, 8, 5).right(),
        Column::new("For", 4, 6, 6).right(),
        Column::new("Note", 10, 60, 7),
    ];
    let columns = super::origin::with_column(view, columns);
    let columns = lens::sorted(columns, &forwards.lens, state_of.sheet(List::Forwards).columns());
    let grid = Grid {
        slot: Slot::Forwards,
        columns: &columns,
        len: forwards.lens.len(),
        cursor: &forwards.cursor,
        focused: !forwards.lens.filtering,
        marked: None,
        scrolled: None,
    };
    grid.draw(view, frame, area, |view, row, column| {
        let Some(forward) = forwards.row(row) else { return Cell::plain("") };
        let Some(column) = super::origin::without_column(view, column) else {
            return forward.origin.map_or(Cell::plain(""), |origin| super::origin::cell(view, origin));
        };
        match column {
            0 => {
                let (role, words) = state(view, forward);
                Cell::role(view, role, words)
            }
            1 => Cell::plain(forward.name()),
            2 => Cell::role(view, if forward.listening.is_some() { Role::Title } else { Role::Dim }, forward.local()),
            3 => Cell::plain(forward.there()),
            4 if forward.is_on() => Cell::plain(format!("{} of {}", forward.connections, forward.accepted)),
            5 if forward.is_on() => Cell::plain(text::bytes(forward.sent)),
            6 if forward.is_on() => Cell::plain(text::bytes(forward.received)),
            7 => Cell::role(view, Role::Dim, super::fleet::ago(state_of.now, forward.opened)),
            8 => match &forward.phase {
                Phase::Failed(trouble) => Cell::role(view, Role::Failed, trouble.what.as_str()),
                _ => Cell::role(view, Role::Warning, forward.note.as_deref().unwrap_or_default()),
            },
            _ => Cell::plain(""),
        }
    });
}
