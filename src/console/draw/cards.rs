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
    client::silence_advice,
    config::theme::Role,
    console::{
        action::Action,
        origin::{Connection, Known},
        state::feed::{Feed, SILENT},
        text,
        update::{Fault, Trouble},
    },
};

/// What to do where credentials do not come.
const UNCREDITED: &str = "What gives out the profile's credentials does not return: a credential_process, single sign-on, or the \
    instance's metadata. `aws sts get-caller-identity` in another terminal shows what it waits for.";
/// Below this width what is wrong and when it is tried again have the line for themselves.
const NARROW: u16 = 60;
/// Above so many lines of a list there is one for what can be done about it.
const ADVISED: u16 = 10;
/// Lines of what is wrong, and of what can be done about it.
const ADVICE: usize = 3;

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
    trouble.fault == Some(Fault::Credentials) && view.state.can_sign_in_for(trouble)
}

/// How long nothing has come of what is asked, once that is worth a word: nobody is to wait who could do something. An
/// operation that is throttled is told of as such.
pub(super) fn silence(view: &View<'_>, feed: &Feed) -> Option<Duration> {
    let waited = feed.waited(view.state.now).filter(|_| view.state.throttled().is_none())?;
    worth_a_word(waited)
}

/// How long something has had no answer, once that is worth a word.
pub(super) fn worth_a_word(waited: Duration) -> Option<Duration> {
    if waited < SILENT {
        text::changes_in(SILENT - waited);
    }
    (waited >= SILENT).then_some(waited)
}

/// What is waited for in vain, and what can be done: an answer, or the credentials to ask with.
fn silent(view: &View<'_>, feed: &Feed) -> Option<(String, String)> {
    let silence = silence(view, feed)?;
    let waits = |known: &Known| known.waited(view.state.now);
    if let Some(waited) = view.state.origins.known().find_map(|(_, known)| waits(known)) {
        return Some((format!("no credentials for {}", text::seconds(waited)), UNCREDITED.to_owned()));
    }
    let known = view.state.origins.known().next();
    let endpoint = known.and_then(|(_, known)| known.facts.endpoint.as_deref());
    Some((format!("no answer for {}", text::seconds(silence)), silence_advice(endpoint)))
}

/// When a question that failed is put again.
fn next_try(view: &View<'_>, feed: &Feed) -> Option<String> {
    // Whoever waits for credentials has not asked yet.
    let waits = view.state.origins.known().any(|(_, known)| known.waited(view.state.now).is_some());
    let silent = feed.is_silent(view.state.now) && !waits;
    if feed.trouble().is_none() && !silent {
        return None;
    }
    let next = match feed.is_loading() {
        false => feed.due()?,
        // A question that hangs is put again.
        true if silent => feed.gives_up_at()?,
        true => return Some("trying again".to_owned()),
    };
    match text::seconds_left(next.since(view.state.now)) {
        0 => Some("trying again".to_owned()),
        seconds => Some(format!("next try in {seconds} s")),
    }
}

/// Whether what is listed has not been renewed for so long, although it should have been, that it says nothing about now.
pub(super) fn is_outdated(view: &View<'_>, feed: &Feed) -> bool {
    let feed = &*view.state.told(feed);
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
    let feed = &*view.state.told(feed);
    if let Some(trouble) = feed.trouble() {
        failed(view, frame, area, &format!("No {what}"), trouble, next_try(view, feed));
        return true;
    }
    if let Some((what, next)) = silent(view, feed) {
        let sign = view.look.sign("✗", "x");
        let width = usize::from(area.width.saturating_sub(8)).min(90);
        let mut lines =
            vec![Line::from(view.span(Role::Failed, format!("{sign} {}", capital(&what)))), Line::default()];
        lines.extend(text::wrap(&next, width).into_iter().map(|line| Line::from(view.span(Role::Info, line))));
        lines.push(Line::default());
        let mut last = keys(view, &[Action::Refresh]);
        last.spans.extend(next_try(view, feed).map(|next| view.span(Role::Dim, format!("   {next}"))));
        lines.push(last);
        middle(frame, area, lines);
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
    if area.height < 2 {
        return area;
    }
    let feed = &*view.state.told(feed);
    let (what, advice) = match (feed.trouble(), silent(view, feed)) {
        (Some(trouble), _) => (trouble.what.clone(), view.state.advice(trouble)),
        (None, Some((what, next))) => (what, Some(next)),
        (None, None) => return area,
    };
    // What can be done stands at the right, whatever becomes of the words.
    let narrow = area.width < NARROW;
    let signs_in = feed.trouble().is_some_and(|trouble| signs_in(view, trouble));
    let hint = view.hint(if signs_in { Action::SignIn } else { Action::Refresh });
    let mut right = Vec::new();
    if let Some(next) = next_try(view, feed) {
        right.push(view.span(Role::Stale, format!("  {next}")));
    }
    if !narrow {
        right.push(view.span(Role::Text, "  "));
        right.extend(hint);
    }
    let width = usize::from(area.width);
    let room = width.saturating_sub(right.iter().map(Span::width).sum::<usize>());
    let sign = view.look.sign("✗", "x");
    let (roomy, inside) = (area.height > ADVISED, width.saturating_sub(4));
    let whole = if narrow { format!(" {sign} {what}") } else { format!(" {sign} {so}: {what}") };
    let mut below = Vec::new();
    let words = match (text::width(&whole) > room, roomy) {
        (false, _) => whole,
        (true, false) => format!(" {sign} {what}"),
        // What is wrong is read to its end, below what follows from it.
        (true, true) => {
            below.extend(told(Role::Stale, &what, inside));
            format!(" {sign} {so}:")
        }
    };
    let mut spans = vec![view.span(Role::Stale, text::fit(&words, room))];
    spans.extend(right);
    let mut lines = vec![Line::from(spans)];
    below.extend(advice.filter(|_| roomy).into_iter().flat_map(|advice| told(Role::Info, &advice, inside)));
    lines.extend(below.into_iter().map(|(role, line)| Line::from(view.span(role, format!("   {line}")))));
    let height = u16::try_from(lines.len()).unwrap_or(1);
    super::lines(view, frame, Rect { height, ..area }, lines);
    Rect { y: area.y + height, height: area.height - height, ..area }
}

/// A text in a few lines, with a mark where that is not all of it.
fn told(role: Role, text: &str, room: usize) -> Vec<(Role, String)> {
    let mut lines = text::wrap(text, room);
    if lines.len() > ADVICE {
        lines.truncate(ADVICE);
        lines.iter_mut().skip(ADVICE - 1).for_each(|last| *last = text::cut(&format!("{last} …"), room));
    }
    lines.into_iter().map(|line| (role, line)).collect()
}

/// With a capital letter at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Says above what is shown why nothing of it is renewed, where it has no list: its origin is not reached, or says nothing.
pub(super) fn unreached(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, so: &str) -> Rect {
    match view.state.worst(view.state.origins.first()).filter(|_| !view.state.origins.are_several()) {
        Some(worst) => stale(view, frame, area, worst, so),
        None => area,
    }
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
    let feed = &*view.state.told(feed);
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
