//! Two sides of the screen: where they lie, what stands over each of them, and what is seen where there is room for one alone.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{Look, View, origin};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            Pane, State,
            seen::Hit,
            shells::layout::Axis,
            split::{SeenSides, Split},
        },
        text,
    },
};

/// The smallest screen that is split: columns and rows.
const LEAST: (u16, u16) = (80, 20);
/// From this width on the sides lie side by side, unless the user said otherwise.
const WIDE: u16 = 160;
/// The least that a side has: columns and rows, with its head.
const SIDE: (u16, u16) = (39, 6);

/// Where the sides lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sides {
    pub axis: Axis,
    pub area: Rect,
    /// The side that has the keys.
    pub front: Rect,
    pub other: Rect,
}

/// Where the sides lie in an area of a screen, if it is split and there is room for both.
pub(super) fn plan(split: &Split, screen: Rect, area: Rect) -> Option<Sides> {
    if !split.is_open() || screen.width < LEAST.0 || screen.height < LEAST.1 {
        return None;
    }
    let axis = split.axis.unwrap_or(if area.width >= WIDE { Axis::Columns } else { Axis::Rows });
    let (all, least) = match axis {
        Axis::Columns => (area.width.saturating_sub(1), SIDE.0),
        Axis::Rows => (area.height, SIDE.1),
    };
    if all < 2 * least {
        return None;
    }
    let first = u16::try_from(u32::from(all) * u32::from(split.share) / 1_000).unwrap_or(all);
    let first = first.clamp(least, all - least);
    let (one, two) = match axis {
        Axis::Columns => {
            let x = area.x + first + 1;
            (Rect { width: first, ..area }, Rect { x, width: all - first, ..area })
        }
        Axis::Rows => (Rect { height: first, ..area }, Rect { y: area.y + first, height: all - first, ..area }),
    };
    let (front, other) = if split.first { (one, two) } else { (two, one) };
    Some(Sides { axis, area, front, other })
}

/// Draws the side that has not the keys, and what lies between the sides.
pub(super) fn other(state: &mut State, look: &Look, frame: &mut Frame<'_>, sides: Sides) -> SeenSides {
    state.turn();
    let mut view = View::new(state, look, true);
    side(&mut view, frame, sides.other);
    let seen = view.seen;
    state.turn();
    if sides.axis == Axis::Columns {
        let view = View::new(state, look, true);
        let x = sides.front.x.max(sides.other.x).saturating_sub(1);
        for y in sides.area.top()..sides.area.bottom() {
            frame.buffer_mut().set_string(x, y, look.sign("│", "|"), view.style(Role::Border));
        }
    }
    let area = |rect: Rect| (rect.x, rect.y, rect.width, rect.height);
    SeenSides { axis: sides.axis, area: area(sides.area), other: area(sides.other), seen }
}

/// A side: its head, what ails its origins, its pane.
pub(super) fn side(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let [top, rest] = ratatui::layout::Layout::vertical([
        ratatui::layout::Constraint::Length(1),
        ratatui::layout::Constraint::Fill(1),
    ])
    .areas(area);
    head(view, frame, top);
    let ailing = origin::troubles_height(view, rest);
    let [ill, body] = ratatui::layout::Layout::vertical([
        ratatui::layout::Constraint::Length(ailing),
        ratatui::layout::Constraint::Fill(1),
    ])
    .areas(rest);
    origin::troubles(view, frame, ill);
    super::pane(view, frame, body);
}

/// What a side shows, and whose it is.
fn head(view: &View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let state = view.state;
    let (role, sign) = match view.away {
        true => (Role::Tab, " "),
        false => (Role::TabActive, view.look.sign("▸", ">")),
    };
    let mut spans = vec![view.span(role, format!(" {sign} {} ", state.pane.title())), view.span(Role::Header, " ")];
    let room = usize::from(area.width).saturating_sub(spans.iter().map(Span::width).sum::<usize>() + 1);
    // Shells and forwards are there whatever a side looks at.
    if !matches!(state.pane, Pane::Shell | Pane::Forwards) {
        let word = origin::production(view).filter(|word| word.width() < room / 2);
        let room = room.saturating_sub(word.as_ref().map_or(0, |word| word.width() + 1));
        spans.extend(word.into_iter().flat_map(|word| [word, view.span(Role::Header, " ")]));
        spans.extend(origin::chips(view, room));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)).style(view.style(Role::Header)), area);
}

/// A mark for the head of the screen that there is another side, where there is no room for it.
pub(super) fn mark(view: &View<'_>) -> Option<Span<'static>> {
    let pane = view.state.split.other_pane()?;
    Some(view.span(Role::TabActive, format!(" {}{} ", view.look.sign("⇆ ", "<> "), pane.shortest())))
}

/// What a click on that mark means.
pub(super) fn mark_hit(view: &mut View<'_>, area: Rect, mark: &Span<'_>) {
    let width = u16::try_from(text::width(&mark.content)).unwrap_or(0).min(area.width);
    let x = area.right().saturating_sub(width);
    view.hit(Rect { x, width, height: 1, ..area }, Hit::Act(Action::OtherSide));
}
