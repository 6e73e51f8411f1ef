//! Forwarded ports: where they listen, where they lead, what passes.

use std::time::Duration;

use ratatui::{Frame, layout::Rect, text::Line};

use super::{
    View, cards,
    columns::Chosen,
    grid::{Cell, Column, Grid},
    lens,
};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            forwards::{Forward, Kept, Line as Row, Phase, together},
            list::List,
            seen::Slot,
        },
        text,
        update::Far,
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
    let left = lens::typed(view, &forwards.lens, forwards.lines.len(), "web state:open there:5432").unwrap_or(left);
    cards::heading(view, frame, area, left, None);
    let body = cards::unreached(view, frame, body, "No session can be opened now");
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
        let kept = match forward.kept {
            Kept::No => {
                let key = view.state.key_for(Action::KeepForward).map(|key| format!(", {key} keeps it"));
                format!("for this time only{}", key.unwrap_or_default())
            }
            Kept::Here => "kept".to_owned(),
            Kept::InSettings => "in settings.toml".to_owned(),
        };
        let title = format!("{} {} {kept}", forward.name(), view.look.sign("·", "-"));
        let inner = super::panel(view, frame, place, &title, Role::Border);
        let arrow = view.look.sign("→", "->");
        let way = format!(" {} {arrow} {}", forward.local(), forward.there());
        let mut way = vec![view.span(Role::Text, way)];
        if forward.is_on() {
            let counts = format!(
                "  {} open of {}",
                forward.connections,
                text::count(usize::try_from(forward.accepted).unwrap_or(usize::MAX), "connection")
            );
            way.push(view.span(Role::Dim, counts));
        }
        let mut lines = vec![Line::from(way)];
        let (role, words) = told(view, forward).unwrap_or((Role::Dim, Vec::new()));
        let wrapped = words.iter().flat_map(|line| text::wrap(line, usize::from(inner.width).saturating_sub(2)));
        lines.extend(wrapped.map(|line| Line::from(view.span(role, format!(" {line}")))));
        super::lines(view, frame, inner, lines);
    } else if let Some(set) = forwards.current_set().filter(|_| below > 0) {
        let place = Rect { y: body.bottom() - below, height: below, ..body };
        let inner = super::panel(view, frame, place, &text::clean(set), Role::Border);
        let of_it = forwards.list.iter().filter(|forward| forward.entry.set.as_deref() == Some(set));
        let words: Vec<_> = of_it.map(|forward| format!("{} {}", forward.name(), forward.state().1)).collect();
        let words = text::wrap(&words.join(", "), usize::from(inner.width).saturating_sub(2));
        let lines = words.into_iter().map(|line| Line::from(view.span(Role::Text, format!(" {line}")))).collect();
        super::lines(view, frame, inner, lines);
    }
}

/// Its connections: how many are open, and how many there were.
fn counted(forward: &Forward) -> String {
    format!("{} of {}", forward.connections, forward.accepted)
}

/// What is to be said of a forward beyond its row.
fn told(view: &View<'_>, forward: &Forward) -> Option<(Role, Vec<String>)> {
    match (&forward.phase, &forward.note) {
        (Phase::Failed(trouble), _) => {
            let lines = std::iter::once(trouble.what.clone()).chain(trouble.advice.clone()).collect();
            Some((Role::Failed, lines))
        }
        (Phase::Left, _) => {
            let key = view.state.key_for(Action::Open).map(|key| format!(" {key} starts it again."));
            let what = "It was on when fleetdeck was killed, and is not running now.";
            Some((Role::Warning, vec![format!("{what}{}", key.unwrap_or_default())]))
        }
        (Phase::Waiting, _) => {
            let what = match view.state.origins.connection() {
                crate::console::origin::Connection::Ready => "it starts when its node is known",
                _ => "it starts when there is a connection",
            };
            Some((Role::Pending, vec![what.to_owned()]))
        }
        (phase, None) if forward.waits_for_node() => {
            let yet = if *phase == Phase::Open { "which does not answer" } else { "which has not answered yet" };
            Some((Role::Warning, vec![format!("It listens, and waits for the node, {yet}.")]))
        }
        (Phase::Open, None) if let Some(held) = forward.held => {
            let time = text::span(view.state.now.since(held.since));
            let what = format!("Connection {} has taken nothing for {time}.", held.connection);
            let next = "Nothing comes for the others until it does, or is closed.";
            Some((Role::Warning, vec![format!("{what} {next}")]))
        }
        (Phase::Open, None) if forward.single.is_some() => {
            let agent = forward.single.as_deref().unwrap_or_default();
            let what =
                format!("One connection at a time: the node's agent is {agent}; those after 3.0.196.0 carry many.");
            Some((Role::Warning, vec![what]))
        }
        (_, Some(note)) => {
            let advice = forward.advice().map(|advice| {
                let again = view.state.key_for(Action::ProbeForward).map(|key| format!(" {key} tries again."));
                format!("{advice}{}", again.unwrap_or_default())
            });
            Some((Role::Warning, std::iter::once(note.clone()).chain(advice).collect()))
        }
        _ => None,
    }
}

fn state(view: &View<'_>, forward: &Forward) -> (Role, String) {
    let (_, word) = forward.state();
    let (role, sign) = match (&forward.phase, forward.far) {
        (Phase::Left, _) => (Role::Warning, view.look.sign("○", "o")),
        (Phase::Stopped, _) => (Role::Dim, view.look.sign("○", "o")),
        _ if forward.waits_for_node() => (Role::Warning, view.look.sign("✗", "x")),
        (Phase::Waiting, _) => (Role::Pending, view.look.sign("◌", ".")),
        (Phase::Connecting, _) | (Phase::Open, Far::Asked) => (Role::Running, view.look.sign("⋯", "..")),
        (Phase::Open, Far::Refused | Far::Silent) => (Role::Warning, view.look.sign("✗", "x")),
        (Phase::Open, _) => (Role::NodeOnline, view.look.sign("●", "*")),
        (Phase::Reconnecting { .. } | Phase::Pausing { .. }, _) => (Role::Stale, view.look.sign("◌", "~")),
        (Phase::Failed(_), _) => (Role::Failed, view.look.sign("✗", "x")),
    };
    let word = match &forward.phase {
        Phase::Reconnecting { attempt: 0 | 1 } => format!("{word}…"),
        Phase::Reconnecting { attempt } => format!("{word}… {attempt}"),
        Phase::Pausing { attempt, until } => {
            // A second that has begun is one that is still waited for.
            let left =
                until.since(view.state.now).max(Duration::from_millis(1)).saturating_add(Duration::from_millis(999));
            format!("try {attempt} in {}", text::left(left))
        }
        _ => word.to_owned(),
    };
    (role, format!("{sign} {word}"))
}

/// A cell of the row of a set.
fn of_set(view: &View<'_>, at: usize, column: usize) -> Cell {
    let forwards = &view.state.forwards;
    let together = together(&forwards.list, at);
    let (Some(first), Some(worst)) = (forwards.list.get(at), forwards.list.get(together.worst)) else {
        return Cell::plain("");
    };
    let set = first.entry.set.as_deref().unwrap_or_default();
    match column {
        0 => {
            let (role, words) = state(view, worst);
            let sign = words.split(' ').next().unwrap_or_default();
            Cell::role(view, role, format!("{sign} {}", together.words(worst.state().1)))
        }
        1 => {
            let sign = if forwards.is_folded(set) { view.look.sign("▸", "+") } else { view.look.sign("▾", "-") };
            Cell::role(view, Role::Title, format!("{sign} {}", text::clean(set)))
        }
        3 => Cell::role(view, Role::Dim, text::count(together.count, "forward")),
        4 if together.on > 0 => Cell::plain(format!("{} of {}", together.connections.0, together.connections.1)),
        5 if together.on > 0 => Cell::plain(text::bytes(together.bytes.0)),
        6 if together.on > 0 => Cell::plain(text::bytes(together.bytes.1)),
        _ => Cell::plain(""),
    }
}

fn rows(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let state_of = view.state;
    let forwards = &state_of.forwards;
    // A number that is cut off is another number.
    let counts = forwards.list.iter().filter(|forward| forward.is_on()).map(|forward| text::width(&counted(forward)));
    let sets = forwards.lines.iter().filter_map(|line| match line {
        Row::Set(at) => Some(together(&forwards.list, *at).connections),
        Row::Forward(_) => None,
    });
    let counts = counts.chain(sets.map(|(open, all)| format!("{open} of {all}").len())).max().unwrap_or(0);
    let counts = u16::try_from(counts).unwrap_or(u16::MAX).max(6);
    let columns = [
        Column::new("State", 17, 19, 0),
        Column::new("Name", 8, 24, 1),
        Column::new("Here", 15, 21, 0),
        Column::new("There", 23, 56, 2),
        Column::new("Conns", counts, counts.max(10), 4).right(),
        Column::new("Out", 7, 8, 5).right(),
        Column::new("In", 7, 8, 5).right(),
        Column::new("For", 4, 6, 6).right(),
        Column::new("Note", 10, 60, 7),
    ];
    let chosen = Chosen::of(view, List::Forwards, columns, Some(&forwards.lens));
    let grid = Grid {
        slot: Slot::Forwards,
        columns: &chosen.columns,
        len: forwards.lens.len(),
        cursor: &forwards.cursor,
        focused: !forwards.lens.filtering,
        marked: None,
        scrolled: Some(chosen.scrolled),
    };
    let own = |view: &View<'_>, forward: &Forward, column: usize| match column {
        0 => {
            let (role, words) = state(view, forward);
            Cell::role(view, role, words)
        }
        1 if forward.entry.set.is_some() => Cell::plain(format!("  {}", forward.name())),
        1 => Cell::plain(forward.name()),
        2 => Cell::role(view, if forward.listening.is_some() { Role::Title } else { Role::Dim }, forward.local()),
        3 => Cell::plain(forward.there()),
        4 if forward.is_on() => Cell::plain(counted(forward)),
        5 if forward.is_on() => Cell::plain(text::bytes(forward.sent)),
        6 if forward.is_on() => Cell::plain(text::bytes(forward.received)),
        7 => Cell::role(view, Role::Dim, super::fleet::ago(state_of.now, forward.opened)),
        8 => match &forward.phase {
            Phase::Failed(trouble) => Cell::role(view, Role::Failed, trouble.what.as_str()),
            _ => Cell::role(view, Role::Warning, forward.remark().unwrap_or_default()),
        },
        _ => Cell::plain(""),
    };
    grid.draw(view, frame, area, |view, row, column| {
        let Some(place) = forwards.lens.place(row) else { return Cell::plain("") };
        chosen.cell(view, place, column, |column| match (forwards.line(row), forwards.row(row)) {
            (Some(Row::Set(at)), _) => of_set(view, at, column),
            (_, Some(forward)) => own(view, forward, column),
            (_, None) => Cell::plain(""),
        })
    });
}
