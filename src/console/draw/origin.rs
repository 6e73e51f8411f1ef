//! Origins on the screen: the chips of the header, the column of lists, what ails one of them.

use std::time::Duration;

use ratatui::{Frame, layout::Rect, style::Style, text::Span};

use super::{View, grid::Cell};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        origin::{Connection, Known, Origin},
        text,
        update::Fault,
    },
};

/// Credentials that take longer are a trouble.
const TOO_LONG: Duration = Duration::from_secs(10);
/// Lines that say what ails single origins; more are counted.
const TROUBLES: usize = 3;

/// The look of a name, by the accent that the policies give it.
fn accent(view: &View<'_>, known: Option<&Known>) -> Option<Style> {
    view.look.theme.accent(known?.place.accent.as_deref()?)
}

/// An origin in a row of a list.
pub(super) fn cell(view: &View<'_>, origin: Origin) -> Cell {
    let style = accent(view, view.state.origins.get(origin)).unwrap_or(view.style(Role::Dim));
    Cell::styled(style, view.state.origins.label(origin))
}

/// The names of the origins with their state, as many as there is room for.
pub(super) fn chips(view: &View<'_>, room: usize) -> Vec<Span<'static>> {
    let state = view.state;
    let mut spans: Vec<Span<'static>> = Vec::new();
    let (mut used, mut left_out) = (0, Vec::new());
    let count = state.origins.scope().len();
    for (at, (_, known)) in state.origins.known().enumerate() {
        let waits = credentials(view, known);
        let (role, sign) = match (known.trouble(), &known.connection) {
            (Some(_), _) => (Role::Error, view.look.sign("✗", "x")),
            (None, _) if waits.as_ref().is_some_and(|(role, _)| *role == Role::Error) => {
                (Role::Error, view.look.sign("✗", "x"))
            }
            (None, Connection::Ready) if waits.is_some() => (Role::Pending, view.look.sign("◌", ".")),
            (None, Connection::Ready) => (Role::Success, view.look.sign("●", "*")),
            (None, _) => (Role::Pending, view.look.sign("◌", ".")),
        };
        let read_only = if known.place.read_only && !state.origins.are_read_only() { " read-only" } else { "" };
        let waits = waits.map(|(_, words)| format!(" {words}")).unwrap_or_default();
        let name = format!("{}{read_only}{waits}", known.place.name);
        let more = if at + 1 < count { 4 } else { 0 };
        // The first is named, however little of it.
        let name = if at == 0 { text::cut(&name, room.saturating_sub(4 + more)) } else { name };
        let width = text::width(&name) + 4;
        if !left_out.is_empty() || used + width + more > room && at > 0 {
            left_out.push(known);
            continue;
        }
        used += width;
        spans.push(Span::styled(format!("{sign} "), view.style(Role::Header).patch(view.style(role))));
        let style = accent(view, Some(known)).map(|accent| view.style(Role::Header).patch(accent));
        spans.push(Span::styled(view.plain(name), style.unwrap_or(view.style(Role::Header))));
        spans.push(view.span(Role::Header, "  "));
    }
    if !left_out.is_empty() {
        let ailing = left_out.iter().any(|known| known.trouble().is_some());
        spans.push(view.span(if ailing { Role::Error } else { Role::Header }, format!("+{} ", left_out.len())));
    }
    spans
}

/// What is said of credentials that are waited for: for how long, and that something is wrong once that is too long.
pub(super) fn credentials(view: &View<'_>, known: &Known) -> Option<(Role, String)> {
    let waited = known.waited(view.state.now)?;
    Some(match waited >= TOO_LONG {
        false => (Role::Pending, format!("credentials{} {}", view.look.sign("…", "..."), text::seconds(waited))),
        true => (Role::Error, format!("no credentials for {}", text::seconds(waited))),
    })
}

/// The name of the only origin, with its accent.
pub(super) fn name(view: &View<'_>, known: &Known) -> Span<'static> {
    let style = accent(view, Some(known)).map(|accent| view.style(Role::Header).patch(accent));
    Span::styled(view.plain(known.place.name.clone()), style.unwrap_or(view.style(Role::Header)))
}

/// Whose list a pane shows that shows those of one origin at a time.
pub(super) fn of_pane(view: &View<'_>, origin: Origin) -> Vec<Span<'static>> {
    if !view.state.origins.are_several() {
        return Vec::new();
    }
    let style = accent(view, view.state.origins.get(origin)).unwrap_or(view.style(Role::Text));
    let mut spans = vec![
        view.span(Role::Dim, " of "),
        Span::styled(view.plain(view.state.origins.label(origin).to_owned()), style),
    ];
    spans.push(view.span(Role::Dim, "  "));
    spans.extend(view.hint(Action::NextOrigin));
    spans
}

/// The word that one looks at production, if one does.
pub(super) fn production(view: &View<'_>) -> Option<Span<'static>> {
    let production = view.state.origins.known().any(|(_, known)| known.is_production());
    production.then(|| Span::styled(" PRODUCTION ", view.style(Role::Production)))
}

/// What ails single origins, and what kind of trouble it is: what failed, and what is waited for in vain.
fn ailing(view: &View<'_>) -> Vec<(Origin, String, Option<Fault>)> {
    let state = view.state;
    let mut ailing: Vec<_> =
        state.troubles().into_iter().map(|(origin, trouble)| (origin, trouble.what.clone(), trouble.fault)).collect();
    for (origin, known) in state.origins.known().filter(|_| state.origins.are_several()) {
        if ailing.iter().any(|(known, ..)| *known == origin) {
            continue;
        }
        let waits = credentials(view, known);
        let silence = state.listed_of(origin).and_then(|feed| super::cards::silence(view, feed));
        let silence = silence.or_else(|| super::cards::silence(view, state.worst(origin)?));
        let words = match (waits, silence) {
            (Some((Role::Error, words)), _) => words,
            (None, Some(silence)) => format!("no answer for {}", text::seconds(silence)),
            _ => continue,
        };
        ailing.push((origin, words, None));
    }
    ailing
}

/// Lines that are wanted for what ails single origins.
pub(super) fn troubles_height(view: &View<'_>, area: Rect) -> u16 {
    let most = if area.height >= 16 { TROUBLES } else { 1 };
    u16::try_from(ailing(view).len().min(most)).unwrap_or(0)
}

/// A line for each origin of which something does not come.
pub(super) fn troubles(view: &View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let troubles = ailing(view);
    let shown = usize::from(area.height);
    let mut lines = Vec::new();
    for (at, (origin, what, fault)) in troubles.iter().take(shown).enumerate() {
        let more = match troubles.len() - shown {
            more @ 1.. if at + 1 == shown => format!("  (and {more} more)"),
            _ => String::new(),
        };
        let label = view.state.origins.label(*origin);
        let words = format!(" {} {label}: {what}{more}", view.look.sign("✗", "x"));
        let hint = match fault {
            Some(Fault::Credentials) if view.state.can_sign_in_to(*origin) => view.hint(Action::SignIn),
            _ => view.hint(Action::Refresh),
        };
        let used = hint.iter().map(Span::width).sum::<usize>() + 3;
        let words = text::cut(&words, usize::from(area.width).saturating_sub(used));
        let mut spans = vec![view.span(Role::Stale, words), view.span(Role::Text, "  ")];
        spans.extend(hint);
        lines.push(spans.into());
    }
    super::lines(view, frame, area, lines);
}
