//! What stands in a pane that has nothing to list: it loads, it is empty, it failed, it is too small.

use std::time::Duration;

use ratatui::{
    Frame,
    layout::{Alignment, Rect},
    text::{Line, Span},
    widgets::Paragraph,
};

use super::View;
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        origin::{Connection, Known},
        state::feed::{Feed, SILENT},
        text,
        update::{Fault, Trouble},
    },
};

/// What to do where nothing answers.
const UNANSWERED: &str = "The endpoint took the question and says nothing: it hangs, or something between drops packets. Ask \
    again at once, or wait.";
/// What to do where credentials do not come.
const UNCREDITED: &str = "What gives out the profile's credentials does not return: a credential_process, single sign-on, or the \
    instance's metadata. `aws sts get-caller-identity` in another terminal shows what it waits for.";
/// Below this width what is wrong and when it is tried again have the line for themselves.
const NARROW: u16 = 60;
/// Above so many lines of a list there is one for what can be done about it.
const ADVISED: u16 = 10;

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
    failed(view, frame, area, title, trouble, None);
}

/// Something failed, and is perhaps tried again.
fn failed(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, title: &str, trouble: &Trouble, next: Option<String>) {
    let width = usize::from(area.width.saturating_sub(8)).min(90);
    let sign = view.look.sign("✗", "x");
    let mut lines = vec![Line::from(view.span(Role::Failed, format!("{sign} {title}"))), Line::default()];
    lines.extend(text::wrap(&trouble.what, width).into_iter().map(|line| Line::from(view.span(Role::Text, line))));
    if let Some(advice) = view.state.advice(trouble) {
        lines.push(Line::default());
        lines.extend(text::wrap(&advice, width).into_iter().map(|line| Line::from(view.span(Role::Info, line))));
    }
    lines.push(Line::default());
    let signs_in = signs_in(view, trouble);
    let actions = [Action::SignIn, Action::Refresh];
    let mut last = keys(view, if signs_in { &actions } else { &actions[1..] });
    last.spans.extend(next.map(|next| view.span(Role::Dim, format!("   {next}"))));
    lines.push(last);
    middle(frame, area, lines);
}

/// Whether a trouble goes away by signing in, and there is a way to.
fn signs_in(view: &View<'_>, trouble: &Trouble) -> bool {
    trouble.fault == Some(Fault::Credentials) && view.state.can_sign_in()
}

/// How long nothing has come of what is asked, once that is worth a word: nobody is to wait who could do something. An
/// operation that is throttled is told of as such.
pub(super) fn silence(view: &View<'_>, feed: &Feed) -> Option<Duration> {
    let waited = feed.waited(view.state.now).filter(|_| view.state.throttle.is_none())?;
    if waited < SILENT {
        text::changes_in(SILENT - waited);
    }
    (waited >= SILENT).then_some(waited)
}

/// What is waited for in vain, and what can be done: an answer, or the credentials to ask with.
fn silent(view: &View<'_>, feed: &Feed) -> Option<(String, &'static str)> {
    let silence = silence(view, feed)?;
    let waits = |known: &Known| known.waited(view.state.now);
    if let Some(waited) = view.state.origins.known().find_map(|(_, known)| waits(known)) {
        return Some((format!("no credentials for {}", text::seconds(waited)), UNCREDITED));
    }
    Some((format!("no answer for {}", text::seconds(silence)), UNANSWERED))
}

/// When a question that failed is put again.
fn next_try(view: &View<'_>, feed: &Feed) -> Option<String> {
    feed.trouble()?;
    if feed.is_loading() {
        return Some("trying again".to_owned());
    }
    match text::seconds_left(feed.due()?.since(view.state.now)) {
        0 => Some("trying again".to_owned()),
        seconds => Some(format!("next try in {seconds} s")),
    }
}

/// Whether what is listed has not been renewed for so long, although it should have been, that it says nothing about now.
pub(super) fn is_outdated(view: &View<'_>, feed: &Feed) -> bool {
    let Some(age) = feed.age(view.state.now) else { return false };
    if feed.trouble().is_none() && silence(view, feed).is_none() {
        return false;
    }
    let most = Duration::from_secs(view.state.settings.refresh).saturating_mul(2);
    if age < most {
        text::changes_in(most - age);
    }
    age >= most
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
    if let Some(trouble) = feed.trouble() {
        failed(view, frame, area, &format!("No {what}"), trouble, next_try(view, feed));
        return true;
    }
    if feed.at.is_some() {
        return false;
    }
    if let Some((what, next)) = silent(view, feed) {
        let sign = view.look.sign("✗", "x");
        let width = usize::from(area.width.saturating_sub(8)).min(90);
        let mut lines =
            vec![Line::from(view.span(Role::Failed, format!("{sign} {}", capital(&what)))), Line::default()];
        lines.extend(text::wrap(next, width).into_iter().map(|line| Line::from(view.span(Role::Info, line))));
        lines.push(Line::default());
        lines.push(keys(view, &[Action::Refresh]));
        middle(frame, area, lines);
        return true;
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
    if area.height < 2 {
        return area;
    }
    let (what, advice) = match (feed.trouble(), silent(view, feed)) {
        (Some(trouble), _) => (trouble.what.clone(), view.state.advice(trouble)),
        (None, Some((what, next))) => (what, Some(next.to_owned())),
        (None, None) => return area,
    };
    // What can be done stands at the right, whatever becomes of the words.
    let mut right = vec![view.span(Role::Text, "  ")];
    if let Some(next) = next_try(view, feed) {
        right.push(view.span(Role::Stale, format!("{next}  ")));
    }
    let signs_in = feed.trouble().is_some_and(|trouble| signs_in(view, trouble));
    let action = if signs_in { Action::SignIn } else { Action::Refresh };
    let narrow = area.width < NARROW;
    right.extend(view.hint(action).into_iter().filter(|_| !narrow));
    let room = usize::from(area.width).saturating_sub(right.iter().map(Span::width).sum::<usize>() + 1);
    let so = if narrow { String::new() } else { format!("{so}: ") };
    let words = format!(" {} {so}{what}", view.look.sign("✗", "x"));
    let mut spans = vec![view.span(Role::Stale, text::fit(&words, room))];
    spans.extend(right);
    let mut lines = vec![Line::from(spans)];
    if let Some(advice) = advice.filter(|_| area.height > ADVISED) {
        lines.push(Line::from(view.span(Role::Info, text::cut(&format!("   {advice}"), area.width.into()))));
    }
    let height = u16::try_from(lines.len()).unwrap_or(1);
    super::lines(view, frame, Rect { height, ..area }, lines);
    Rect { y: area.y + height, height: area.height - height, ..area }
}

/// With a capital letter at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
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
    let sign = view.look.sign("✗", "x");
    if let Some((what, _)) = silent(view, feed).filter(|_| feed.trouble().is_none()) {
        return (Role::Stale, format!("{sign} {what}"));
    }
    match (feed.trouble(), told) {
        (Some(_), Some(told)) => (Role::Stale, format!("{sign} stale, {told}")),
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
