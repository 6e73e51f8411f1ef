//! The versions of one parameter, with the value of the one under the cursor below or beside them.

use ratatui::{Frame, layout::Rect, text::Line};

use super::{
    super::{
        View, cards, fleet,
        grid::{Cell, Column, Grid},
        panel,
    },
    details,
};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            parameters::{facts::short_user, focus::Focus, versions::Version},
            seen::Slot,
        },
        text,
    },
    ssm::redact::MASK,
};

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, focus: &Focus) {
    let versions = &focus.versions;
    let separator = view.look.sign(" › ", " > ");
    let mut left = vec![
        view.span(Role::Dim, format!(" Parameters{separator}")),
        view.span(Role::Title, text::cut_middle(&text::clean(&focus.name), usize::from(area.width / 2))),
        view.span(Role::Dim, format!("  {}", text::count(versions.list.len(), "version"))),
    ];
    if let Some(until) = versions.until {
        let left_over = text::left(until.since(view.state.now));
        left.push(view.span(Role::Stale, format!("  hides in {left_over}")));
    }
    cards::heading(view, frame, area, left, Some(&view.state.parameters.history_feed));
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if versions.list.is_empty() {
        return details::no_versions(view, frame, body);
    }
    let (list, side) = if body.width >= 120 {
        let side = body.width / 2;
        let list = Rect { width: body.width - side, ..body };
        (list, Rect { x: list.right(), width: side, ..body })
    } else if body.height >= 12 {
        let below = body.height / 2;
        let list = Rect { height: body.height - below, ..body };
        (list, Rect { y: list.bottom(), height: below, ..body })
    } else {
        (body, Rect { height: 0, ..body })
    };
    rows(view, frame, list, focus, side.height == 0);
    if let Some(version) = versions.current().filter(|_| side.height > 2) {
        value(view, frame, side, version);
    }
}

fn rows(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, focus: &Focus, with_value: bool) {
    let versions = &focus.versions;
    let mut columns = vec![
        Column::new("Version", 7, 7, 0).right(),
        Column::new("Labels", 10, 30, 1),
        Column::new("Changed", 7, 7, 2).right(),
        Column::new("By", 8, 24, 3),
        Column::new("Tier", 8, 10, 4),
    ];
    if with_value {
        columns.push(Column::new("Value", 10, 100, 1));
    }
    let picked = |row: usize| versions.list.get(row).is_some_and(|version| Some(version.number) == versions.picked);
    let grid = Grid {
        slot: Slot::Versions,
        columns: &columns,
        len: versions.list.len(),
        cursor: &versions.cursor,
        focused: true,
        marked: Some(&picked),
        scrolled: None,
    };
    grid.draw(view, frame, area, |view, row, column| {
        let Some(version) = versions.list.get(row) else { return Cell::plain("") };
        match column {
            0 => Cell::plain(version.number.to_string()),
            1 => Cell::role(view, Role::Key, version.labels.join(", ")),
            2 => Cell::role(view, Role::Dim, fleet::ago(view.state.now, version.at)),
            3 => Cell::role(view, Role::Dim, short_user(&version.by)),
            4 => Cell::role(view, Role::Dim, version.tier.to_lowercase()),
            _ => match version.lines() {
                Some(lines) => Cell::plain(lines.join(" ")),
                None => Cell::role(view, Role::Secret, mask(view)),
            },
        }
    });
}

fn value(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, version: &Version) {
    let title = format!("version {}", version.number);
    let inner = panel(view, frame, area, &title, Role::Border);
    let width = usize::from(inner.width).saturating_sub(2);
    let mut lines = Vec::new();
    if !version.description.is_empty() {
        lines.push(Line::from(view.span(Role::Dim, text::cut(&format!(" {}", version.description), width))));
    }
    match version.lines() {
        Some(value) => {
            let wrapped = value.iter().flat_map(|line| text::wrap(line, width));
            let role = if version.kind == crate::ssm::ParameterType::SecureString { Role::Secret } else { Role::Text };
            let shown = wrapped.take(usize::from(inner.height)).map(|line| view.span(role, format!(" {line}")));
            lines.extend(shown.map(Line::from));
        }
        None => {
            let mut hint = vec![view.span(Role::Secret, format!(" {}  ", mask(view)))];
            hint.extend(view.hint(Action::Reveal));
            lines.push(Line::from(hint));
        }
    }
    super::super::lines(view, frame, inner, lines);
}

fn mask(view: &View<'_>) -> &'static str {
    if view.look.ascii { "********" } else { MASK }
}
