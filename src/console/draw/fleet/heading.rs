//! The line over the fleet: how many nodes there are and in what state, what is grouped, filtered and marked, and which
//! words of the filter the service evaluates.

use ratatui::{Frame, layout::Rect, style::Modifier, text::Span};

use super::super::{View, cards, grid, lens};
use crate::{
    config::theme::Role,
    console::{
        state::{feed::Feed, fleet::Fleet},
        text,
    },
};

/// From this width on, the states of the nodes stand as a bar beside their numbers.
const BAR: u16 = 100;
/// Columns for how fresh the list is.
const FRESH: usize = 10;
/// Columns that a filter has however little room there is.
const LEAST: usize = 8;

type Spans = Vec<Span<'static>>;

fn width(spans: &[Span<'_>]) -> usize {
    spans.iter().map(Span::width).sum()
}

pub(super) fn draw(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, feed: &Feed) {
    let fleet = &view.state.fleet;
    let room = usize::from(area.width).saturating_sub(FRESH);
    let marks = marks(view, fleet);
    let left = match fleet.filtering {
        true => typed(view, fleet, room.saturating_sub(width(&marks))),
        false => at_rest(view, fleet, area.width, feed, room.saturating_sub(width(&marks))),
    };
    cards::heading(view, frame, area, left.into_iter().chain(marks).collect(), Some(feed));
}

/// The filter while it is typed.
fn typed(view: &View<'_>, fleet: &Fleet, room: usize) -> Spans {
    let mut left = vec![view.span(Role::Text, " "), view.span(Role::Key, "/")];
    left.push(view.span(Role::Input, format!("{}{}", fleet.filter.text(), view.look.sign("▏", "_"))));
    if fleet.filter.text().is_empty() {
        left.push(view.span(Role::Placeholder, "web ping:lost tag:Env=prod compliance:missing "));
    }
    left.push(
        view.span(Role::Dim, format!(" {} of {}", text::thousands(fleet.shown()), text::thousands(fleet.total()))),
    );
    if !fleet.is_settled() {
        // The rows that are shown are still those of the filter before.
        left.push(view.span(Role::Running, view.look.sign(" ⋯", " ...")));
    }
    left.extend(lens::remarks(view, &fleet.filter_remarks()));
    left.extend(served_words(view, fleet, room.saturating_sub(width(&left))));
    if let Some(completion) = fleet.completion() {
        left.extend(lens::ends(view, completion));
    }
    left
}

/// How many nodes there are, and how they are looked at.
fn at_rest(view: &View<'_>, fleet: &Fleet, columns: u16, feed: &Feed, room: usize) -> Spans {
    let title = cards::counted(feed, fleet.total(), "node");
    let mut left = vec![view.span(Role::Text, " "), view.span(Role::Title, title)];
    if let Some(at) = fleet.cached_at {
        let age = text::span(view.state.now.since(at));
        left.push(view.span(Role::Stale, format!("  as they were {age} ago")));
    }
    let states = states(view, fleet, columns);
    let mut groups = Vec::new();
    if let Some(by) = fleet.grouped_by() {
        groups.push(view.span(Role::Dim, "  by "));
        groups.push(view.span(Role::Input, text::clean(&by.name())));
        groups.push(view.span(Role::Dim, format!(" {}", text::count(fleet.groups().len(), "group"))));
    }
    if fleet.filter.text().is_empty() {
        left.extend(states.into_iter().chain(groups));
        return left;
    }
    // Where there is no room for both, what hides rows is worth more than what the rows say themselves.
    let rest = room.saturating_sub(width(&left) + width(&groups));
    let whole = in_force(view, fleet, usize::MAX);
    if width(&whole) + width(&states) <= rest {
        left.extend(states.into_iter().chain(groups).chain(whole));
    } else {
        left.extend(groups);
        left.extend(in_force(view, fleet, rest));
    }
    left
}

/// How many nodes are in which state.
fn states(view: &View<'_>, fleet: &Fleet, columns: u16) -> Spans {
    let (online, lost, other) = fleet.pings();
    let mut spans = Vec::new();
    if fleet.total() > 0 && columns >= BAR {
        spans.push(view.span(Role::Dim, "  "));
        let parts = [
            (online, Role::NodeOnline, "█", "#"),
            (lost, Role::NodeLost, "▒", "x"),
            (other, Role::NodeInactive, "░", "-"),
        ];
        spans.extend(grid::bar(view, 16, &parts).spans);
    }
    for (n, word, role) in
        [(online, "online", Role::NodeOnline), (lost, "lost", Role::NodeLost), (other, "inactive", Role::NodeInactive)]
    {
        if n > 0 {
            spans.push(view.span(Role::Dim, "  "));
            spans.push(view.span(role, format!("{} {word}", text::thousands(n))));
        }
    }
    spans
}

fn marks(view: &View<'_>, fleet: &Fleet) -> Spans {
    let marked = fleet.marked_count();
    if marked == 0 {
        return Vec::new();
    }
    let mark = view.look.sign("▌", "*");
    let mut spans = vec![view.span(Role::Marked, format!("  {mark}{} marked", text::thousands(marked)))];
    let hidden = marked.saturating_sub(fleet.marked_shown());
    if hidden > 0 {
        spans.push(view.span(Role::Dim, format!(", {} of them not shown", text::thousands(hidden))));
    }
    spans
}

/// The sign of what the service evaluates.
fn sign(view: &View<'_>) -> &'static str {
    view.look.sign("⇡", "^")
}

/// A word of the filter that the service evaluates: the sign and the line below it are seen without colours too.
fn served(view: &View<'_>, word: &str) -> Span<'static> {
    let span = view.span(Role::Info, format!("{}{}", sign(view), text::clean(word)));
    let style = span.style.add_modifier(Modifier::UNDERLINED);
    span.style(style)
}

/// How many nodes the service named so far.
fn named(view: &View<'_>, fleet: &Fleet) -> String {
    let more = if fleet.served.feed.all().is_loading() { view.look.sign(" ⋯", " ...") } else { "" };
    format!("{}{more}", text::thousands(fleet.served_count()))
}

/// The filter in force, the words that the service evaluates with a sign each, and how many nodes pass. Where there is no room for
/// all words, it is still said how many of them the service evaluates.
fn in_force(view: &View<'_>, fleet: &Fleet, room: usize) -> Spans {
    let words = fleet.filter_words();
    let at_service = words.iter().filter(|(_, service)| *service).count();
    let shows = view.span(Role::Dim, format!(" shows {}", text::thousands(fleet.shown())));
    let told = match at_service {
        0 => vec![String::new()],
        n => vec![
            format!("  {} at the service: {}", sign(view), named(view, fleet)),
            format!("  {}{n} at the service", sign(view)),
            format!("  {}{n}", sign(view)),
        ],
    };
    let mut filter = Vec::new();
    match at_service {
        0 => filter.push(view.span(Role::Input, fleet.filter.text())),
        _ => {
            for (at, (word, service)) in words.iter().enumerate() {
                if at > 0 {
                    filter.push(view.span(Role::Input, " "));
                }
                filter.push(if *service { served(view, word) } else { view.span(Role::Input, text::clean(word)) });
            }
        }
    }
    let head = view.span(Role::Dim, "  filter ");
    let fixed = head.width() + shows.width();
    let words = width(&filter);
    let fits = |told: &&String| fixed.saturating_add(words).saturating_add(text::width(told)) <= room;
    let told = told.iter().find(fits).or(told.last()).cloned().unwrap_or_default();
    let told = view.span(Role::Info, told);
    let mut rest = room.saturating_sub(fixed + told.width()).max(LEAST);
    filter.retain_mut(|span| {
        if span.width() > rest {
            span.content = view.plain(text::cut(&span.content, rest)).into();
            rest = 0;
        }
        rest = rest.saturating_sub(span.width());
        !span.content.is_empty()
    });
    std::iter::once(head).chain(filter).chain([shows, told]).collect()
}

/// Which words of the filter the service evaluates, beside the line that is typed into, which shows them as they are typed. Of the
/// forms there are for it the longest that fits.
fn served_words(view: &View<'_>, fleet: &Fleet, room: usize) -> Spans {
    let words = fleet.filter_words();
    let count = words.iter().filter(|(_, service)| *service).count();
    if count == 0 {
        return Vec::new();
    }
    let found = named(view, fleet);
    let list =
        |service: bool| words.iter().filter(move |(_, served)| *served == service).map(|(word, _)| word.as_str());
    let marked = || {
        let words = list(true).flat_map(|word| [view.span(Role::Dim, " "), served(view, word)]);
        words.collect::<Vec<_>>()
    };
    let mut whole = vec![view.span(Role::Dim, "  at the service")];
    whole.extend(marked());
    whole.push(view.span(Role::Dim, format!(" {found}")));
    let here = list(false).collect::<Vec<_>>().join(" ");
    if !here.is_empty() {
        whole.push(view.span(Role::Dim, "  here "));
        whole.push(view.span(Role::Text, text::clean(&here)));
    }
    let mut short = vec![view.span(Role::Dim, " ")];
    short.extend(marked());
    short.push(view.span(Role::Dim, format!(" {found}")));
    let counted = vec![view.span(Role::Info, format!("  {}{count} at the service", sign(view)))];
    [whole, short].into_iter().find(|form| width(form) <= room).unwrap_or(counted)
}
