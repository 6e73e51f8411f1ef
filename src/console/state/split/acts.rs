//! What keys, clicks and lines do with the sides.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{HALF, SeenSides};
use crate::console::{
    action::Action,
    effect::Effect,
    state::{Pane, State, seen::Area, shells::layout::Axis},
};

/// Cells that the edge moves with one key: columns, rows.
const EDGE_STEP: (u16, u16) = (4, 2);
/// Rows the wheel moves in a list.
const WHEEL: usize = 3;

fn inside((x, y, width, height): Area, column: u16, row: u16) -> bool {
    (x..x.saturating_add(width)).contains(&column) && (y..y.saturating_add(height)).contains(&row)
}

impl State {
    /// Splits the screen, or lets the side stand alone that has the keys.
    pub(super) fn toggle_split(&mut self, fx: &mut Vec<Effect>) {
        if self.split.is_open() {
            return self.only_side(fx);
        }
        let pane = match self.pane {
            Pane::Shell if self.left_pane == Pane::Shell => Pane::Fleet,
            Pane::Shell => self.left_pane,
            _ if !self.shells.tabs.is_empty() => Pane::Shell,
            pane => pane,
        };
        self.open_side(pane, fx);
    }

    /// Shows a pane on the other side, which gets the keys.
    pub(in crate::console::state) fn split_with(&mut self, pane: Pane, fx: &mut Vec<Effect>) -> Result<(), String> {
        if pane == Pane::Shell && self.pane == Pane::Shell {
            return Err("the shells are here already, and in one place only".to_owned());
        }
        match self.split.is_open() {
            true => {
                self.bring_over(fx);
                self.go(pane, fx);
            }
            false => self.open_side(pane, fx),
        }
        Ok(())
    }

    pub(super) fn only_side(&mut self, fx: &mut Vec<Effect>) {
        match self.split.is_open() {
            true => self.close_side(fx),
            false => self.tell("There is one side only."),
        }
    }

    pub(in crate::console::state) fn go_over(&mut self, fx: &mut Vec<Effect>) {
        match self.split.is_open() {
            true => self.bring_over(fx),
            false => self.tell_unsplit(),
        }
    }

    pub(super) fn tell_unsplit(&mut self) {
        let told = match self.key_for(Action::Split) {
            Some(key) => format!("There is one side only; {key} splits the screen."),
            None => "There is one side only; :split makes two.".to_owned(),
        };
        self.tell(told);
    }

    pub(super) fn arrange_sides(&mut self, action: Action) {
        let seen = self.seen.sides.as_deref();
        let axis = self.split.axis.or(seen.map(|seen| seen.axis)).unwrap_or(Axis::Rows);
        match action {
            Action::SwapSides => {
                self.split.first = !self.split.first;
                self.split.share = 2 * HALF - self.split.share;
            }
            Action::TurnSplit => {
                self.split.axis = Some(if axis == Axis::Rows { Axis::Columns } else { Axis::Rows });
                self.split.share = HALF;
            }
            Action::SplitEdgeBack | Action::SplitEdgeForth => {
                let Some(seen) = seen else { return self.tell("There is no room for both sides.") };
                let step = match axis {
                    Axis::Columns => share(EDGE_STEP.0, seen.area.2.saturating_sub(1)),
                    Axis::Rows => share(EDGE_STEP.1, seen.area.3),
                };
                let before = self.split.share;
                self.move_edge(match action {
                    Action::SplitEdgeBack => before.saturating_sub(step),
                    _ => before.saturating_add(step),
                });
            }
            _ => {}
        }
    }

    /// Something with the mouse that is about the sides: a press of the edge or of the other side, the wheel over that, or the
    /// edge drawn along. `true` if nothing else is to come of it.
    pub(in crate::console::state) fn mouse_at_sides(&mut self, event: MouseEvent, fx: &mut Vec<Effect>) -> bool {
        let Some(seen) = self.seen.sides.clone().filter(|_| self.split.is_open() && self.overlays.is_empty()) else {
            return false;
        };
        let (column, row) = (event.column, event.row);
        match event.kind {
            MouseEventKind::Down(_) => self.split.dragged = false,
            MouseEventKind::Drag(MouseButton::Left) if self.split.dragged => {
                self.drag_edge(&seen, column, row);
                return true;
            }
            MouseEventKind::Up(_) if std::mem::take(&mut self.split.dragged) => return true,
            _ => {}
        }
        let over = inside(seen.other, column, row);
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) if is_edge(&seen, self.split.first, column, row) => {
                self.split.dragged = true;
                // What stands beside the edge may be the head of the other side.
                if over {
                    self.bring_over(fx);
                }
                true
            }
            MouseEventKind::Down(MouseButton::Left) if over => {
                self.bring_over(fx);
                let front = std::mem::replace(&mut self.seen, seen.seen);
                self.point(column, row, fx);
                self.seen = front;
                true
            }
            MouseEventKind::ScrollUp | MouseEventKind::ScrollDown if over => {
                let up = event.kind == MouseEventKind::ScrollUp;
                self.on_other_side(|state| {
                    // What a program below would make of it is a matter of keys.
                    if state.pane != Pane::Shell {
                        let action = if up { Action::CursorUp } else { Action::CursorDown };
                        (0..WHEEL).for_each(|_| state.act(action, fx));
                    }
                });
                true
            }
            // What began on this side ends there.
            MouseEventKind::Drag(_) | MouseEventKind::Up(_) => false,
            _ => over,
        }
    }

    /// How the sides lay in the last frame, and where the one was that has not the keys.
    #[cfg(test)]
    pub fn sides_seen(&self) -> Option<(Axis, Area)> {
        self.seen.sides.as_ref().map(|sides| (sides.axis, sides.other))
    }

    fn drag_edge(&mut self, seen: &SeenSides, column: u16, row: u16) {
        let (x, y, width, height) = seen.area;
        self.move_edge(match seen.axis {
            Axis::Columns => share(column.saturating_sub(x), width.saturating_sub(1)),
            Axis::Rows => share(row.saturating_sub(y), height),
        });
    }
}

/// Whether a cell is the edge: the line between two columns, the head of the lower of two rows.
fn is_edge(seen: &SeenSides, first: bool, column: u16, row: u16) -> bool {
    if !inside(seen.area, column, row) {
        return false;
    }
    let (x, y, width, height) = seen.other;
    match (seen.axis, first) {
        (Axis::Columns, true) => column + 1 == x,
        (Axis::Columns, false) => column == x.saturating_add(width),
        (Axis::Rows, true) => row == y,
        (Axis::Rows, false) => row == y.saturating_add(height),
    }
}

/// Cells as thousandths of so many, rounded up: as many cells come of them again.
fn share(cells: u16, of: u16) -> u16 {
    let thousandths = u32::from(cells) * 2 * u32::from(HALF);
    u16::try_from(thousandths.div_ceil(u32::from(of).max(1))).unwrap_or(u16::MAX)
}
