//! What the line over a list says of how the list is looked at, and what stands in the place of rows that are filtered away.

use ratatui::{Frame, layout::Rect, text::Span};

use super::{View, cards};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            filter::Completion,
            list::{Lens, Marks},
        },
        text,
    },
};

/// The filter while it is typed, with an example of one as long as nothing was: instead of anything else.
pub(super) fn typed(view: &View<'_>, lens: &Lens, total: usize, example: &str) -> Option<Vec<Span<'static>>> {
    if !lens.filtering {
        return None;
    }
    let mut spans = vec![
        view.span(Role::Key, " /"),
        view.span(Role::Input, format!("{}{}", lens.filter.text(), view.look.sign("▏", "_"))),
    ];
    if lens.filter.text().is_empty() {
        spans.push(view.span(Role::Placeholder, format!("{example} ")));
    }
    spans.push(view.span(Role::Dim, format!(" {} of {}", text::thousands(lens.len()), text::thousands(total))));
    spans.extend(remarks(view, &view.state.filter_remarks()));
    spans.extend(lens.completion().into_iter().flat_map(|completion| ends(view, completion)));
    spans.extend(marked(view, &lens.marks));
    Some(spans)
}

/// What is to be said about a filter.
pub(super) fn remarks(view: &View<'_>, remarks: &[String]) -> Vec<Span<'static>> {
    remarks.iter().map(|remark| view.span(Role::Warning, format!("  {}", text::clean(remark)))).collect()
}

/// What the end of a filter can be completed to, around the one that stands there now.
pub(super) fn ends(view: &View<'_>, completion: &Completion) -> Vec<Span<'static>> {
    /// More are counted.
    const MOST: usize = 8;
    let mut spans = vec![view.span(Role::Dim, "  ")];
    let from = completion.at.unwrap_or(0).saturating_sub(2);
    for (at, end) in completion.ends.iter().enumerate().skip(from).take(MOST) {
        let role = if completion.at == Some(at) { Role::TabActive } else { Role::Dim };
        spans.push(view.span(role, format!(" {} ", text::clean(end))));
    }
    if completion.ends.len() > MOST {
        spans.push(view.span(Role::Dim, format!(" of {}", completion.ends.len())));
    }
    spans
}

/// Where one is, and beside it the filter in force and the marks: what is hidden is said even where there is little room.
pub(super) fn beside(view: &View<'_>, left: Vec<Span<'static>>, lens: &Lens, width: u16) -> Vec<Span<'static>> {
    /// Columns for how fresh the list is.
    const FRESH: usize = 9;
    let facts = facts(view, lens);
    let used: usize = facts.iter().map(Span::width).sum();
    let mut room = usize::from(width).saturating_sub(used + FRESH).max(usize::from(width) / 3);
    let cut = |span: Span<'static>| {
        let content = match facts.is_empty() {
            true => span.content.into_owned(),
            false => text::cut(&span.content, room),
        };
        room = room.saturating_sub(text::width(&content));
        Span::styled(content, span.style)
    };
    let mut spans: Vec<_> = left.into_iter().map(cut).collect();
    spans.extend(facts);
    spans
}

fn facts(view: &View<'_>, lens: &Lens) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    if !lens.filter.text().is_empty() {
        spans.push(view.span(Role::Dim, "  filter "));
        spans.push(view.span(Role::Input, lens.filter.text()));
        spans.push(view.span(Role::Dim, format!(" shows {}", text::thousands(lens.len()))));
    }
    spans.extend(marked(view, &lens.marks));
    spans
}

/// How many rows are marked, if any is.
pub(super) fn marked(view: &View<'_>, marks: &Marks) -> Option<Span<'static>> {
    let mark = view.look.sign("▌", "*");
    let words = || format!("  {mark}{} marked", text::thousands(marks.len()));
    (!marks.is_empty()).then(|| view.span(Role::Marked, words()))
}

/// The card where the filter lets nothing through. `false` if it does.
pub(super) fn nothing(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, lens: &Lens) -> bool {
    if !lens.is_empty() || !lens.is_filtered() {
        return false;
    }
    unmatched(view, frame, area, lens.filter.text(), "them", &view.state.filter_remarks());
    true
}

/// The card where a filter lets nothing through, of what is listed. What is wrong with the filter is the likely reason.
pub(super) fn unmatched(
    view: &View<'_>,
    frame: &mut Frame<'_>,
    area: Rect,
    filter: &str,
    of: &str,
    remarks: &[String],
) {
    let next = format!("The filter \"{filter}\" lets none of {of} through.");
    let end = |remark: &str| if remark.ends_with('?') { "" } else { "." };
    let remarks = remarks.iter().map(|remark| text::clean(&format!(" {}{}", cards::capital(remark), end(remark))));
    let next = std::iter::once(next).chain(remarks).collect::<String>();
    cards::empty(view, frame, area, "Nothing matches", &next, &[Action::Filter, Action::Back]);
}
