//! Parameter Store: the tree with the details of a parameter beside it, the versions of one, and two of them compared.

use ratatui::{Frame, layout::Rect};

use super::{
    View, cards,
    columns::Chosen,
    fleet,
    grid::{Cell, Column, Grid},
    lens, origin, viewer,
};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            list::List,
            parameters::{
                Level,
                facts::{Facts, kind_word},
                tree::{Row, RowKind},
            },
            seen::Slot,
        },
        text,
    },
};

mod details;
mod versions;

/// From this width on, the details stand beside the tree.
const SIDE_BY_SIDE: u16 = 64;

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let parameters = &view.state.parameters;
    if let (Level::Comparison, Some(text)) = (parameters.level, &parameters.viewer) {
        return viewer::draw(view, frame, area, text);
    }
    if let (Level::Versions, Some(focus)) = (parameters.level, parameters.focus()) {
        return versions::draw(view, frame, area, focus);
    }
    heading(view, frame, area);
    let mut body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if parameters.total() == 0 {
        if !cards::waiting(view, frame, body, &parameters.feed, "parameters") {
            let next = "Names with slashes, such as /team/app/key, make a tree.";
            cards::empty(view, frame, body, "No parameters", next, &[Action::CreateParameter, Action::Refresh]);
        }
        return;
    }
    body = cards::stale(view, frame, body, &parameters.feed, "The list may lack parameters");
    if lens::nothing(view, frame, body, &parameters.lens) {
        return;
    }
    match (parameters.level, body.width >= SIDE_BY_SIDE) {
        (Level::Details, _) => details::alone(view, frame, body),
        (_, true) => {
            let side = (body.width / 2).clamp(32, 90);
            let tree_area = Rect { width: body.width - side, ..body };
            tree(view, frame, tree_area);
            details::beside(view, frame, Rect { x: tree_area.right(), width: side, ..body });
        }
        (_, false) => tree(view, frame, body),
    }
}

fn heading(view: &View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let parameters = &view.state.parameters;
    let mut left =
        vec![view.span(Role::Title, format!(" {}", cards::counted(&parameters.feed, parameters.total(), "parameter")))];
    left.extend(origin::of_pane(view, parameters.origin));
    let example = "url type:secret path:/app by:ann changed<7d";
    left = match lens::typed(view, &parameters.lens, parameters.total(), example) {
        Some(typed) => typed,
        None => lens::beside(view, left, &parameters.lens, area.width),
    };
    cards::heading(view, frame, area, left, Some(&parameters.feed));
}

fn tree(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let parameters = &view.state.parameters;
    let columns = [
        Column::new("Name", 24, 80, 0),
        Column::new("Type", 6, 6, 1),
        Column::new("Ver", 3, 5, 3).named("version").right(),
        Column::new("Changed", 7, 7, 2).right(),
        Column::new("By", 8, 20, 4),
    ];
    let marked = |row: usize| {
        parameters.rows().get(row).is_some_and(|row| match row.kind {
            RowKind::Leaf => parameters.lens.marks.has(row.path(parameters.listed())),
            RowKind::Branch { count, .. } => parameters.lens.marks.below(row.path(parameters.listed())) >= count,
        })
    };
    let chosen = Chosen::of(view, List::Parameters, columns, Some(&parameters.lens));
    let grid = Grid {
        slot: Slot::Tree,
        columns: &chosen.columns,
        len: parameters.rows().len(),
        cursor: &parameters.cursor,
        focused: !parameters.lens.filtering,
        marked: Some(&marked),
        scrolled: Some(chosen.scrolled),
    };
    let own = |view: &View<'_>, row: &Row, column: usize| {
        let names = parameters.listed();
        let indent = "  ".repeat(row.depth);
        let label = text::clean(row.label(names));
        match row.kind {
            RowKind::Branch { count, open } if column == 0 => {
                let sign = if open { view.look.sign("▾", "-") } else { view.look.sign("▸", "+") };
                let parts = [
                    view.span(Role::Title, format!("{indent}{sign} {label}")),
                    view.span(Role::Dim, format!(" {}", text::thousands(count))),
                ];
                Cell::parts(parts.into_iter().collect())
            }
            RowKind::Branch { .. } => Cell::plain(""),
            RowKind::Leaf if column == 0 => Cell::plain(format!("{indent}  {label}")),
            RowKind::Leaf => match row.name(names).and_then(|name| parameters.facts(name)) {
                Some(facts) => fact(view, facts, column),
                None => Cell::plain(""),
            },
        }
    };
    grid.draw(view, frame, area, |view, row, column| {
        let Some(row) = parameters.rows().get(row) else { return Cell::plain("") };
        // A branch is no parameter: nothing but its name is told of it.
        let place = parameters.place_of(row).unwrap_or(usize::MAX);
        chosen.cell(view, place, column, |column| own(view, row, column))
    });
}

fn fact(view: &View<'_>, facts: &Facts, column: usize) -> Cell {
    match column {
        1 if facts.is_secret() => Cell::role(view, Role::Secret, kind_word(&facts.kind)),
        1 => Cell::role(view, Role::Dim, kind_word(&facts.kind)),
        2 => Cell::plain(facts.version.map(|version| version.to_string()).unwrap_or_default()),
        3 => Cell::role(view, Role::Dim, fleet::ago(view.state.now, facts.modified)),
        _ => Cell::role(view, Role::Dim, facts.user_short()),
    }
}

#[cfg(test)]
mod tests;
