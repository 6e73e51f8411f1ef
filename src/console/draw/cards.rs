//! What stands in a pane that has nothing to list: it loads, it is empty, it failed, it is too small.

use ratatui::{
    Frame,
    layout::{Alignment, Rect},
    text::Line,
    widgets::Paragraph,
};

use super::View;
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        origin::Connection,
        state::feed::Feed,
        text,
        update::{Fault, Trouble},
    },
};

/// Lines in the middle of an area.
pub(super) fn middle(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>) {
    let height = u16::try_from(lines.len()).unwrap_or(area.height).min(area.height);
    let y = area.y + (area.height - height) / 3;
    frame.render_widget(Paragraph::new(lines).alignment(Alignment::Center), Rect { y, height, ..area });
}

pub(super) fn too_small(view: &View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let size = format!("{}x{}", area.width, area.height);
    let lines = vec![
        Line::from(view.span(Role::Title, "fleetdeck")),
        Line::from(view.span(Role::Dim, format!("{size} is too small"))),
        Line::from(view.span(Role::Dim, "40x10 is enough")),
    ];
    middle(frame, area, lines);
}

/// Something failed: what, and what to do next.
pub(super) fn trouble(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, title: &str, trouble: &Trouble) {
    let width = usize::from(area.width.saturating_sub(8)).min(90);
    let sign = view.look.sign("✗", "x");
    let mut lines = vec![Line::from(view.span(Role::Failed, format!("{sign} {title}"))), Line::default()];
    lines.extend(text::wrap(&trouble.what, width).into_iter().map(|line| Line::from(view.span(Role::Text, line))));
    if let Some(advice) = &trouble.advice {
        lines.push(Line::default());
        lines.extend(text::wrap(advice, width).into_iter().map(|line| Line::from(view.span(Role::Info, line))));
    }
    if matches!(view.state.origins.connection(), Connection::Ready) {
        lines.push(Line::default());
        let signs_in = trouble.fault == Some(Fault::Credentials);
        let actions = [Action::SignIn, Action::Refresh];
        lines.push(keys(view, if signs_in { &actions } else { &actions[1..] }));
    }
    middle(frame, area, lines);
}

/// There is nothing: why, and what to do next.
pub(super) fn empty(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, what: &str, next: &str, actions: &[Action]) {
    let width = usize::from(area.width.saturating_sub(8)).min(90);
    let mut lines = vec![Line::from(view.span(Role::Title, what)), Line::default()];
    lines.extend(text::wrap(next, width).into_iter().map(|line| Line::from(view.span(Role::Dim, line))));
    lines.push(Line::default());
    lines.push(keys(view, actions));
    middle(frame, area, lines);
}

fn keys(view: &View<'_>, actions: &[Action]) -> Line<'static> {
    let mut spans = Vec::new();
    for action in actions {
        let hint = view.hint(*action);
        if !hint.is_empty() && !spans.is_empty() {
            spans.push(view.span(Role::Dim, "   "));
        }
        spans.extend(hint);
    }
    Line::from(spans)
}

/// The card for a list without rows, by the state of its feed. `false` if the list is empty in earnest.
pub(super) fn waiting(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, feed: &Feed, what: &str) -> bool {
    if let Some(failed) = feed.trouble() {
        trouble(view, frame, area, &format!("No {what}"), failed);
        return true;
    }
    if feed.at.is_some() {
        return false;
    }
    let sign = view.look.sign("⋯", "...");
    let doing = match view.state.origins.connection() {
        Connection::None | Connection::Connecting => format!("{sign} connecting"),
        _ => format!("{sign} fetching {what}"),
    };
    middle(frame, area, vec![Line::from(view.span(Role::Running, doing))]);
    true
}

/// Says above a list why it is not renewed, if it is not. The room that is left for the list.
pub(super) fn stale(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, feed: &Feed, so: &str) -> Rect {
    let Some(trouble) = feed.trouble().filter(|_| area.height > 1) else { return area };
    let words = format!(" {} {so}: {}", view.look.sign("✗", "x"), trouble.what);
    let line = Line::from(view.span(Role::Stale, text::cut(&words, area.width.into())));
    super::lines(view, frame, Rect { height: 1, ..area }, vec![line]);
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}

/// How many there are, or only what they are called while nobody knows.
pub(super) fn counted(feed: &Feed, n: usize, noun: &str) -> String {
    match n > 0 || feed.at.is_some() {
        true => text::count(n, noun),
        false => format!("{noun}s"),
    }
}

/// How fresh a list is, in few words: `3s ago`, `loading 150`, `stale 4m`.
pub(super) fn freshness(view: &View<'_>, feed: &Feed) -> (Role, String) {
    let now = view.state.now;
    let age = feed.age(now);
    let told = age.map(|age| (age, text::span(age)));
    let told = told.map(|(age, span)| if age.as_secs() == 0 { "now".to_owned() } else { format!("{span} ago") });
    match (feed.trouble(), told) {
        (Some(_), Some(told)) => (Role::Stale, format!("{} stale, {told}", view.look.sign("✗", "x"))),
        (Some(_), None) => (Role::Error, "failed".to_owned()),
        (None, _) if feed.is_loading() && (age.is_none() || feed.landed > 0) => {
            let so_far = if feed.landed > 0 { format!(" {}", text::thousands(feed.landed)) } else { String::new() };
            (Role::Running, format!("loading{so_far}"))
        }
        (None, Some(told)) => {
            let old = age.is_some_and(|age| age.as_secs() > view.state.settings.refresh * 4);
            (if old { Role::Stale } else { Role::Dim }, told)
        }
        (None, None) => (Role::Dim, String::new()),
    }
}

/// A line over a pane: a title on the left, facts, and how fresh it is on the right.
pub(super) fn heading(
    view: &View<'_>,
    frame: &mut Frame<'_>,
    area: Rect,
    mut left: Vec<ratatui::text::Span<'static>>,
    feed: Option<&Feed>,
) {
    let (role, fresh) = feed.map(|feed| freshness(view, feed)).unwrap_or((Role::Dim, String::new()));
    let width = usize::from(area.width);
    let fresh = if fresh.is_empty() { fresh } else { format!("{fresh} ") };
    let room = width.saturating_sub(text::width(&fresh) + 1);
    let mut used = 0;
    left.retain_mut(|span| {
        let rest = room.saturating_sub(used);
        if text::width(&span.content) > rest {
            span.content = view.plain(text::cut(&span.content, rest)).into();
        }
        used += text::width(&span.content);
        !span.content.is_empty()
    });
    left.push(view.span(Role::Text, " ".repeat((width).saturating_sub(used + text::width(&fresh)))));
    left.push(view.span(role, fresh));
    frame.render_widget(Paragraph::new(Line::from(left)), Rect { height: 1, ..area });
}
