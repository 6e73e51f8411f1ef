//! What is known of one parameter, and its value.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::super::{View, cards, fleet, grid, panel};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            parameters::{
                facts::{Facts, value_lines},
                focus::Focus,
                secret::Shown,
                tree::RowKind,
            },
            seen::Slot,
        },
        text,
    },
    ssm::{ParameterType, Timestamp, redact::MASK},
};

/// Columns a label takes.
const LABEL: usize = 12;
/// From this width on, a caller is shown with the whole ARN.
const WIDE: usize = 70;
/// Lines of a value that are laid out; the largest value fits in them many times.
const MOST_LINES: usize = 4_000;

/// The details in a panel beside the tree.
pub(super) fn beside(view: &View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let parameters = &view.state.parameters;
    let Some(row) = parameters.current_row() else { return };
    let path = text::clean(row.path(parameters.listed()));
    let title = text::cut_middle(&path, area.width.saturating_sub(6).into());
    let inner = panel(view, frame, area, &title, Role::Border);
    let width = usize::from(inner.width);
    let content = match (row.kind, parameters.current(), parameters.focus()) {
        (RowKind::Branch { count, .. }, ..) => branch(view, count),
        (_, Some((_, facts)), Some(focus)) => lines(view, facts, focus, width),
        _ => Vec::new(),
    };
    let height = usize::from(inner.height);
    let cut = content.len() > height;
    let mut shown: Vec<_> = content.into_iter().take(if cut { height.saturating_sub(1) } else { height }).collect();
    if cut {
        let mut more = vec![view.span(Role::Dim, format!(" {} more: ", view.look.sign("…", "...")))];
        more.extend(view.hint(Action::Open));
        shown.push(Line::from(more));
    }
    super::super::lines(view, frame, inner, shown);
}

/// The details alone in the pane, scrolled.
pub(super) fn alone(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let parameters = &view.state.parameters;
    let (Some((name, facts)), Some(focus)) = (parameters.current(), parameters.focus()) else { return };
    let inner = panel(view, frame, area, &text::clean(name), Role::Border);
    let content = lines(view, facts, focus, inner.width.into());
    let height = usize::from(inner.height);
    let len = content.len();
    let top = parameters.reading.top.min(len.saturating_sub(height));
    view.window(Slot::Details, top, height);
    super::super::lines(view, frame, inner, content.into_iter().skip(top).take(height).collect());
    grid::scrollbar(view, frame.buffer_mut(), inner, top, height, len);
}

fn branch(view: &View<'_>, count: usize) -> Vec<Line<'static>> {
    let words = format!(" {} below here", text::count(count, "parameter"));
    let mut keys = vec![view.span(Role::Dim, " ")];
    for action in [Action::Open, Action::CreateParameter] {
        keys.extend(view.hint(action));
        keys.push(view.span(Role::Dim, "   "));
    }
    vec![Line::from(view.span(Role::Text, words)), Line::default(), Line::from(keys)]
}

/// Everything about a parameter in lines of this width.
fn lines(view: &View<'_>, facts: &Facts, focus: &Focus, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut fact = |label: &str, role: Role, value: &str| {
        if !value.is_empty() {
            let wrapped = text::wrap(value, width.saturating_sub(LABEL + 2));
            for (at, part) in wrapped.into_iter().enumerate() {
                let label = if at == 0 { label } else { "" };
                lines.push(Line::from(vec![
                    view.span(Role::Dim, text::fit(&format!(" {label}"), LABEL + 1)),
                    view.span(role, part),
                ]));
            }
        }
    };
    let separator = view.look.sign(" · ", " - ");
    let tier = facts.tier.as_ref().map(|tier| text::clean(tier.as_str())).unwrap_or_default();
    let version = facts.version.map(|version| format!("version {version}")).unwrap_or_default();
    let kind = [text::clean(facts.kind.as_str()), tier.to_lowercase(), version];
    fact("type", Role::Text, &kind.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(separator));
    fact("changed", Role::Text, &changed(view, facts.modified));
    fact("by", Role::Text, if width < WIDE { facts.user_short() } else { &facts.user });
    fact("about", Role::Text, &facts.description);
    fact("key", Role::Text, &facts.key);
    fact("pattern", Role::Text, &facts.pattern);
    if facts.data_type != "text" {
        fact("data type", Role::Text, &facts.data_type);
    }
    let labels: Vec<_> = focus.versions.labels().map(|(label, number)| format!("{label} (v{number})")).collect();
    fact("labels", Role::Key, &labels.join(", "));
    let tags: Vec<_> = focus.tags.iter().flatten().map(|(key, value)| format!("{key}={value}")).collect();
    fact("tags", Role::Text, &tags.join("  "));
    for policy in &facts.policies {
        fact("policy", Role::Text, &format!("{} {} ({})", policy.kind, policy.terms, policy.status.to_lowercase()));
    }
    lines.push(Line::default());
    lines.extend(value(view, facts, focus, width));
    lines
}

fn changed(view: &View<'_>, at: Option<Timestamp>) -> String {
    let Some(at) = at else { return String::new() };
    format!("{} ago, {}", fleet::ago(view.state.now, Some(at)), at.civil().strftime("%Y-%m-%d %H:%M UTC"))
}

fn value(view: &View<'_>, facts: &Facts, focus: &Focus, width: usize) -> Vec<Line<'static>> {
    let feed = &view.state.parameters.value_feed;
    match (&focus.shown, feed.trouble()) {
        (Some(shown), _) => shown_value(view, facts, shown, width),
        (None, Some(trouble)) => {
            let sign = view.look.sign("✗", "x");
            let mut told = text::wrap(&format!("{sign} No value: {}", trouble.what), width.saturating_sub(2));
            told.extend(trouble.advice.iter().flat_map(|advice| text::wrap(advice, width.saturating_sub(2))));
            told.into_iter().map(|line| Line::from(view.span(Role::Failed, format!(" {line}")))).collect()
        }
        (None, None) if facts.is_secret() && !feed.is_loading() => {
            let mask = if view.look.ascii { "********" } else { MASK };
            let mut hint = vec![view.span(Role::Secret, format!(" {mask}  "))];
            hint.extend(view.hint(Action::Reveal));
            vec![Line::from(hint)]
        }
        (None, None) => vec![Line::from(view.span(Role::Running, format!(" {} value", view.look.sign("⋯", "..."))))],
    }
}

fn shown_value(view: &View<'_>, facts: &Facts, shown: &Shown, width: usize) -> Vec<Line<'static>> {
    let role = if shown.until.is_some() { Role::Secret } else { Role::Text };
    let raw = value_lines(&facts.kind, shown.value.expose());
    let list = facts.kind == ParameterType::StringList;
    let size = match list {
        true => text::count(raw.len(), "item"),
        false => text::count(shown.value.expose().chars().count(), "character"),
    };
    let mut head: Vec<Span<'static>> =
        vec![view.span(Role::Title, " value"), view.span(Role::Dim, format!("  {size}"))];
    if let Some(until) = shown.until {
        let left = text::left(until.since(view.state.now));
        head.push(view.span(Role::Stale, format!("  hides in {left}")));
    }
    let mut lines = vec![Line::from(head)];
    let digits = raw.len().to_string().len();
    for (at, line) in raw.iter().enumerate() {
        let (first, next) = match list {
            true => (format!(" {:>digits$}  ", at + 1), " ".repeat(digits + 3)),
            false => (" ".to_owned(), " ".to_owned()),
        };
        for (part, wrapped) in text::wrap(line, width.saturating_sub(first.len() + 1)).into_iter().enumerate() {
            let margin = if part == 0 { &first } else { &next };
            lines.push(Line::from(vec![view.span(Role::Dim, margin.clone()), view.span(role, wrapped)]));
        }
        if lines.len() > MOST_LINES {
            lines.push(Line::from(view.span(Role::Stale, " more lines than are shown")));
            break;
        }
    }
    lines
}

/// Whether a card has to stand where versions are listed; drawn if so.
pub(super) fn no_versions(view: &View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let feed = &view.state.parameters.history_feed;
    if !cards::waiting(view, frame, area, feed, "versions") {
        let next = "The parameter may have been deleted meanwhile.";
        cards::empty(view, frame, area, "No versions", next, &[Action::Back, Action::Refresh]);
    }
}
