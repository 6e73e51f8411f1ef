//! What the line over a list says of how the list is looked at, and what stands in the place of rows that are filtered away.

use ratatui::{Frame, layout::Rect, text::Span};

use super::{View, cards, grid::Column};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::list::{Lens, column_name},
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
    spans.extend(marked(view, lens));
    Some(spans)
}

/// The filter in force and the marks, beside other facts.
pub(super) fn facts(view: &View<'_>, lens: &Lens) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    if !lens.filter.text().is_empty() {
        spans.push(view.span(Role::Dim, "  filter "));
        spans.push(view.span(Role::Input, lens.filter.text()));
        spans.push(view.span(Role::Dim, format!(" shows {}", text::thousands(lens.len()))));
    }
    spans.extend(marked(view, lens));
    spans
}

fn marked(view: &View<'_>, lens: &Lens) -> Option<Span<'static>> {
    let mark = view.look.sign("▌", "*");
    let words = || format!("  {mark}{} marked", text::thousands(lens.marks.len()));
    (!lens.marks.is_empty()).then(|| view.span(Role::Marked, words()))
}

/// Says in the headings by which columns a list is sorted: they go by the names of its sheet.
pub(super) fn sorted(mut columns: Vec<Column>, lens: &Lens, names: &[&str]) -> Vec<Column> {
    for column in &mut columns {
        let name = column_name(&column.title);
        let at = names.iter().position(|known| **known == *name);
        if let Some((reversed, place)) = at.and_then(|at| lens.sorted(at)) {
            (column.sorted, column.place) = (Some(reversed), place);
        }
    }
    columns
}

/// The card where the filter lets nothing through. `false` if it does.
pub(super) fn nothing(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, lens: &Lens) -> bool {
    if !lens.is_empty() || !lens.is_filtered() {
        return false;
    }
    let next = format!("The filter \"{}\" lets none of them through.", lens.filter.text());
    cards::empty(view, frame, area, "Nothing matches", &next, &[Action::Filter, Action::Back]);
    true
}
