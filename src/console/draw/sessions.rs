//! Sessions: who is or was on which node, for how long, and what was written down.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    View, cards,
    columns::Chosen,
    fleet,
    grid::{Cell, Column, Grid},
    lens, viewer,
};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{list::List, seen::Slot, sessions::Session, shells::limits},
        text,
    },
    ssm::SessionStatus,
};

/// Lines of the details below the list.
const DETAILS: u16 = 6;
/// From this height on there is room for them.
const ROOM: u16 = 14;

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let sessions = &view.state.sessions;
    if let Some(text) = &sessions.viewer {
        return viewer::draw(view, frame, area, text);
    }
    heading(view, frame, area);
    let mut body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if sessions.list.is_empty() {
        let own = sessions.hidden();
        if own > 0 {
            let next = format!(
                "{} of fleetdeck's own work hidden: looks at nodes, forwarded ports.",
                text::count(own, "session")
            );
            cards::empty(view, frame, body, "No other session so far", &next, &[Action::OwnSessions, Action::Refresh]);
        } else if !cards::waiting(view, frame, body, &sessions.feed.all(), "sessions") {
            let next = "Sessions of everybody in this account appear here, and stay in the history when they are over.";
            cards::empty(view, frame, body, "No session so far", next, &[Action::PaneFleet, Action::Refresh]);
        }
        return;
    }
    body = cards::stale(view, frame, body, &sessions.feed.all(), "What is shown may be old");
    if lens::nothing(view, frame, body, &sessions.lens) {
        return;
    }
    let below = if body.height >= ROOM { DETAILS } else { 0 };
    let list = Rect { height: body.height - below, ..body };
    rows(view, frame, list);
    if below > 0 {
        details(view, frame, Rect { y: list.bottom(), height: below, ..body });
    }
}

/// What becomes of the output of sessions, as the document in force has it.
pub(super) fn logging(view: &View<'_>) -> (Role, String) {
    let state = view.state;
    let origin = state.sessions.current().map_or_else(|| state.origins.first(), |session| session.origin);
    let logging = &state.preferences.of(origin).logging;
    let mut places: Vec<String> = Vec::new();
    places.extend(logging.bucket.as_ref().map(|bucket| format!("s3://{}", text::clean(bucket))));
    places.extend(logging.group.as_ref().map(|group| format!("log group {}", text::clean(group))));
    match (state.preferences_known(origin), places.is_empty()) {
        (false, _) => (Role::Dim, "logging: not known yet".to_owned()),
        (true, true) => (Role::Warning, "logging: metadata only".to_owned()),
        (true, false) => {
            let sealed = if logging.encrypted { ", encrypted" } else { "" };
            (Role::Success, format!("logging: full transcript to {}{sealed}", places.join(" and ")))
        }
    }
}

fn heading(view: &View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let sessions = &view.state.sessions;
    let example = "alice owner:bob node:web status:connected";
    let typed = lens::typed(view, &sessions.lens, sessions.list.len(), example);
    let filtering = typed.is_some();
    let mut left = typed.unwrap_or_else(|| vec![view.span(Role::Text, " ")]);
    if !filtering {
        let running = sessions.running();
        let own = sessions.list.iter().filter(|s| s.is_running() && view.state.is_own(s)).count();
        left.push(view.span(if running > 0 { Role::NodeOnline } else { Role::Title }, format!("{running} running")));
        if own > 0 {
            left.push(view.span(Role::Dim, format!(" ({own} yours)")));
        }
        left.push(view.span(Role::Dim, format!("  {} over", text::thousands(sessions.list.len() - running))));
        left.extend(hidden(view));
        left = lens::beside(view, left, &sessions.lens, area.width);
        let (role, words) = logging(view);
        left.push(view.span(role, format!("  {words}")));
    }
    cards::heading(view, frame, area, left, Some(&sessions.feed.all()));
}

/// That the program's own work is not among the sessions, and the key that shows it.
fn hidden(view: &View<'_>) -> Option<Span<'static>> {
    let hidden = view.state.sessions.hidden();
    let key = view.state.key_for(Action::OwnSessions).map(|key| format!(", {key} shows them")).unwrap_or_default();
    let words = || format!("  {} of fleetdeck's own hidden{key}", text::thousands(hidden));
    (hidden > 0).then(|| view.span(Role::Dim, words()))
}

fn status(view: &View<'_>, session: &Session) -> (Role, String) {
    let (role, sign) = match &session.status {
        Some(SessionStatus::Connected) => (Role::NodeOnline, view.look.sign("●", "*")),
        Some(SessionStatus::Connecting) => (Role::Running, view.look.sign("⋯", "..")),
        Some(SessionStatus::Disconnected) => (Role::Stale, view.look.sign("◌", "~")),
        Some(SessionStatus::Failed) => (Role::Failed, view.look.sign("✗", "x")),
        _ => (Role::Dim, view.look.sign("○", "o")),
    };
    (role, format!("{sign} {}", session.word()))
}

fn rows(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let state = view.state;
    let sessions = &state.sessions;
    let columns = [
        Column::new("Status", 14, 15, 1),
        Column::new("Node", 10, 24, 0),
        Column::new("Owner", 8, 20, 2),
        Column::new("Began", 6, 6, 3),
        Column::new("For", 5, 6, 4).right(),
        Column::new("Log", 3, 3, 5),
        Column::new("Reason", 8, 30, 6),
        Column::new("How it ended", 24, 60, 7),
        Column::new("Document", 20, 32, 8),
        Column::new("Id", 20, 40, 9),
    ];
    let chosen = Chosen::of(view, List::Sessions, columns, Some(&sessions.lens));
    let marked = |row: usize| sessions.row(row).is_some_and(|session| sessions.lens.marks.has(&session.key()));
    let grid = Grid {
        slot: Slot::Sessions,
        columns: &chosen.columns,
        len: sessions.lens.len(),
        cursor: &sessions.cursor,
        focused: !sessions.lens.filtering,
        marked: Some(&marked),
        scrolled: Some(chosen.scrolled),
    };
    let own = |view: &View<'_>, session: &Session, column: usize| match column {
        0 => {
            let (role, words) = status(view, session);
            Cell::role(view, role, words)
        }
        1 => Cell::plain(state.node_name(&session.node_id())),
        2 if state.is_own(session) => Cell::role(view, Role::Marked, session.owner.as_str()),
        2 => Cell::plain(session.owner.as_str()),
        3 => Cell::role(view, Role::Dim, fleet::ago(state.now, session.started)),
        4 => Cell::plain(session.lasted(state.now).map(text::span).unwrap_or_default()),
        5 => match &session.transcript {
            Some(_) => Cell::role(view, Role::Success, view.look.sign("≡", "log")),
            None => Cell::role(view, Role::Dim, view.look.sign("–", "-")),
        },
        6 => Cell::plain(session.reason.as_str()),
        7 => Cell::role(view, Role::Dim, session.details.as_str()),
        8 => Cell::role(view, Role::Dim, session.document.as_str()),
        _ => Cell::role(view, Role::Dim, text::clean(&session.id)),
    };
    grid.draw(view, frame, area, |view, row, column| match sessions.lens.place(row).zip(sessions.row(row)) {
        Some((place, session)) => chosen.cell(view, place, column, |column| own(view, session, column)),
        None => Cell::plain(""),
    });
}

/// The session under the cursor in full.
fn details(view: &View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let state = view.state;
    let Some(session) = state.sessions.current() else { return };
    let inner = super::panel(view, frame, area, &text::clean(&session.id), Role::Border);
    let width = usize::from(inner.width);
    let fact = |label: &str, role: Role, value: String| {
        let spans: Vec<Span<'static>> = vec![
            view.span(Role::Dim, text::fit(&format!(" {label}"), 12)),
            view.span(role, text::cut(&value, width.saturating_sub(13))),
        ];
        Line::from(spans)
    };
    let whose = if state.is_own(session) { " (you)" } else { "" };
    let mut lines = vec![fact("owner", Role::Text, format!("{}{whose}", session.arn))];
    let mut on = format!("{} ({})", state.node_name(&session.node_id()), text::clean(&session.node));
    if !session.document.is_empty() {
        on.push_str(&format!(", {}", session.document));
    }
    lines.push(fact("on", Role::Text, on));
    let (role, ended) = match (session.is_running(), session.details.is_empty()) {
        (true, _) => {
            let tab = state.shells.tabs.iter().find(|tab| tab.session.as_deref() == Some(&session.id));
            let left = tab.and_then(|tab| limits::countdown(tab, state.now));
            let left = left.map(|(_, left)| format!("; {} left", limits::clock(left))).unwrap_or_default();
            (Role::NodeOnline, format!("it runs{}{left}", if tab.is_some() { " in a tab here" } else { "" }))
        }
        (false, true) => (Role::Dim, "the service does not say".to_owned()),
        (false, false) => (Role::Text, session.details.clone()),
    };
    lines.push(fact(if session.is_running() { "now" } else { "ended" }, role, ended));
    let (role, written) = match (&session.transcript, session.can_have_transcript(), session.is_running()) {
        (Some(url), ..) => (Role::Text, text::clean(url)),
        (None, false, _) => (Role::Dim, "what passes through a port is never written down".to_owned()),
        (None, true, true) => (Role::Dim, "written when it ends, if logging is on".to_owned()),
        (None, true, false) => (Role::Dim, "none".to_owned()),
    };
    lines.push(fact("transcript", role, written));
    super::lines(view, frame, inner, lines);
}
