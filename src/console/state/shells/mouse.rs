//! The mouse over shells: for the program that wants it, else for moving the focus and looking back.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use crate::console::{
    action::Action,
    effect::Effect,
    state::{Pane, State, seen::Area},
    term::{
        MouseMode,
        keys::{self, mouse},
    },
};

/// Rows the wheel moves in a list.
const WHEEL: usize = 3;

/// A button of the mouse that went down over a shell. Until it is up again its drags are that shell's, wherever they lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    button: MouseButton,
    tab: u64,
    area: Area,
    /// Whether the program there got it, and not the selection.
    program: bool,
}

impl State {
    /// Something happened with the mouse.
    pub(in crate::console::state) fn mouse(&mut self, event: MouseEvent, fx: &mut Vec<Effect>) {
        if self.mouse_held(event, fx) || self.mouse_at_sides(event, fx) {
            return;
        }
        let over_shells = self.pane == Pane::Shell && self.overlays.is_empty();
        if over_shells && self.mouse_in_shell(event, fx) {
            return;
        }
        match event.kind {
            MouseEventKind::Down(MouseButton::Left)
                if !event.modifiers.is_empty() && self.click_also(event.column, event.row) => {}
            MouseEventKind::Down(MouseButton::Left) => self.click(event.column, event.row, fx),
            MouseEventKind::Drag(MouseButton::Left) => self.drag(event.column, event.row),
            MouseEventKind::ScrollUp if over_shells => self.wheel_in_shell(true, fx),
            MouseEventKind::ScrollDown if over_shells => self.wheel_in_shell(false, fx),
            MouseEventKind::ScrollUp => (0..WHEEL).for_each(|_| self.act(Action::CursorUp, fx)),
            MouseEventKind::ScrollDown => (0..WHEEL).for_each(|_| self.act(Action::CursorDown, fx)),
            _ => {}
        }
    }

    /// Gives what a held button does to the shell over which it went down. `false` if there is none.
    fn mouse_held(&mut self, event: MouseEvent, fx: &mut Vec<Effect>) -> bool {
        let is = |button: MouseButton| move |held: &Held| held.button == button;
        let (button, over) = match event.kind {
            // Of one that comes down twice a release was lost.
            MouseEventKind::Down(button) => {
                self.shells.held.retain(|held| held.button != button);
                return false;
            }
            MouseEventKind::Drag(button) => (button, false),
            MouseEventKind::Up(button) => (button, true),
            _ => return false,
        };
        let Some(held) = self.shells.held.iter().copied().find(is(button)) else { return false };
        if over {
            self.shells.held.retain(|held| held.button != button);
        }
        let shown = self.seen_shells().iter().find(|(id, _)| *id == held.tab);
        let area = shown.map_or(held.area, |(_, area)| *area);
        if !held.program {
            if self.shells.current().is_some_and(|tab| tab.id == held.tab) {
                self.select_with_mouse(event, area, fx);
            }
            return true;
        }
        let (x, y, width, height) = area;
        let event = MouseEvent {
            column: event.column.clamp(x, x + width.saturating_sub(1)),
            row: event.row.clamp(y, y + height.saturating_sub(1)),
            ..event
        };
        self.mouse_to_program(held.tab, event, area, fx);
        true
    }

    /// Gives an event to the program of a shell, if it wants it.
    fn mouse_to_program(&self, id: u64, event: MouseEvent, (x, y, width, height): Area, fx: &mut Vec<Effect>) {
        let Some(tab) = self.shells.tab(id).filter(|tab| tab.is_running()) else { return };
        let modes = tab.terminal.modes();
        if modes.mouse == MouseMode::Off {
            return;
        }
        let bytes = mouse::encode(event, Rect { x, y, width, height }, modes);
        if !bytes.is_empty() {
            fx.push(Effect::ShellInput { tab: id, bytes });
        }
    }

    /// Gives an event to the shell it happened over. `false` if it is not for the program there.
    fn mouse_in_shell(&mut self, event: MouseEvent, fx: &mut Vec<Effect>) -> bool {
        if matches!(event.kind, MouseEventKind::Drag(_) | MouseEventKind::Up(_)) {
            // Its button went down elsewhere.
            return false;
        }
        let inside = |(x, y, width, height): &(u16, u16, u16, u16)| {
            (*x..x + width).contains(&event.column) && (*y..y + height).contains(&event.row)
        };
        let shown = self.seen_shells().iter().find(|(_, area)| inside(area)).copied();
        let Some((id, area)) = shown else { return false };
        let pressed = matches!(event.kind, MouseEventKind::Down(_));
        let wheel = matches!(event.kind, MouseEventKind::ScrollUp | MouseEventKind::ScrollDown);
        let current = self.shells.current().map(|tab| tab.id);
        if (pressed || wheel) && current != Some(id) {
            self.shells.focus(id);
            // The first click says where keys go, nothing more.
            return pressed;
        }
        let Some(tab) = self.shells.tab(id) else { return false };
        let modes = tab.terminal.modes();
        // As in any terminal, shift keeps the mouse for the user.
        let own = event.modifiers.contains(KeyModifiers::SHIFT) || self.shells.is_looking_back() || current != Some(id);
        let program = !own && modes.mouse != MouseMode::Off && tab.is_running();
        let taken = if program {
            self.mouse_to_program(id, event, area, fx);
            true
        } else {
            current == Some(id) && self.select_with_mouse(event, area, fx)
        };
        if let (MouseEventKind::Down(button), true) = (event.kind, taken) {
            self.shells.held.push(Held { button, tab: id, area, program });
        }
        taken
    }

    /// Programs that want to know whether they have the focus are told when that changes.
    pub(in crate::console::state) fn settle_focus(&mut self, fx: &mut Vec<Effect>) {
        let here = self.window_focused && self.pane == Pane::Shell && self.overlays.is_empty();
        let now = self.shells.current().filter(|tab| here && tab.is_running()).map(|tab| tab.id);
        let before = std::mem::replace(&mut self.shells.told_focus, now);
        if before == now {
            return;
        }
        for (id, gained) in [(before, false), (now, true)] {
            let Some(tab) = id.and_then(|id| self.shells.tab(id)) else { continue };
            let bytes = keys::focus(gained, tab.terminal.modes());
            if !bytes.is_empty() {
                fx.push(Effect::ShellInput { tab: tab.id, bytes: bytes.to_vec() });
            }
        }
    }
}
