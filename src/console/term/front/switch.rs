//! Modes that are switched on and off, and their reset.

use super::{Front, Saved};
use crate::console::term::modes::MouseMode;

impl Front {
    /// An ANSI mode.
    pub(super) fn set_mode(&mut self, mode: u16, on: bool) {
        match mode {
            4 => self.state.insert = on,
            20 => self.state.newline = on,
            _ => {}
        }
    }

    /// A DEC private mode.
    pub(super) fn set_private_mode(&mut self, mode: u16, on: bool) {
        match mode {
            7 => self.state.autowrap = on,
            1004 => self.state.focus_events = on,
            1007 => self.state.alternate_scroll = on,
            1048 if on => self.save_cursor(),
            1048 => self.restore_cursor(),
            47 | 1047 | 1049 => self.switch_screen(mode, on),
            6 => {
                self.state.origin = on;
                self.pass_mode(mode, on);
            }
            _ => self.pass_mode(mode, on),
        }
    }

    fn pass_mode(&mut self, mode: u16, on: bool) {
        let last = if on { 'h' } else { 'l' };
        self.core.process(format!("\x1b[?{mode}{last}").as_bytes());
    }

    /// Enters or leaves the alternate screen. The model keeps a cursor for each screen; programs expect that one is left
    /// where it was.
    fn switch_screen(&mut self, mode: u16, on: bool) {
        let alternate = self.core.state().alternate_screen();
        let cursor = self.core.cursor();
        match (mode, on) {
            (1049, true) => {
                if !alternate {
                    self.saved =
                        Saved { charsets: self.state.charsets, hidden: self.state.hidden, origin: self.state.origin };
                }
                self.pass_mode(1049, true);
            }
            (1049, false) => {
                self.pass_mode(1049, false);
                self.restore_saved();
                return;
            }
            // Mode 1047 clears the alternate screen when it is left.
            (1047, false) if alternate => self.core.process(b"\x1b[2J\x1b[?47l"),
            _ if on != alternate => self.pass_mode(47, on),
            _ => return,
        }
        if !self.state.origin {
            self.go_to_cell(cursor);
        }
    }

    /// Soft reset (DECSTR): modes, margins and attributes as at the start; screen and cursor stay.
    pub(super) fn soft_reset(&mut self) {
        let cursor = self.core.cursor();
        self.state = super::State {
            focus_events: self.state.focus_events,
            alternate_scroll: self.state.alternate_scroll,
            printed: self.state.printed,
            ..super::State::default()
        };
        self.core.process(b"\x1b[?25h\x1b[?1l\x1b[?6l\x1b>\x1b[r\x1b[m\x1b[H\x1b7");
        self.saved = Saved::default();
        self.go_to_cell(cursor);
    }

    /// Whether an ANSI mode is on; `None` if it is not known.
    pub(super) fn mode(&self, mode: u16) -> Option<bool> {
        match mode {
            4 => Some(self.state.insert),
            20 => Some(self.state.newline),
            _ => None,
        }
    }

    /// Whether a DEC private mode is on; `None` if it is not known.
    pub(super) fn private_mode(&self, mode: u16) -> Option<bool> {
        let model = self.core.state();
        let modes = self.modes();
        Some(match mode {
            1 => modes.application_cursor,
            6 => self.state.origin,
            7 => self.state.autowrap,
            9 => modes.mouse == MouseMode::Press,
            25 => !modes.hide_cursor,
            47 | 1047 | 1049 => modes.alternate_screen,
            66 => modes.application_keypad,
            1000 => modes.mouse == MouseMode::PressRelease,
            1002 => modes.mouse == MouseMode::Drag,
            1003 => modes.mouse == MouseMode::Motion,
            1004 => modes.focus_events,
            1005 => model.mouse_protocol_encoding() == vt100::MouseProtocolEncoding::Utf8,
            1006 => model.mouse_protocol_encoding() == vt100::MouseProtocolEncoding::Sgr,
            1007 => modes.alternate_scroll,
            2004 => modes.bracketed_paste,
            _ => return None,
        })
    }
}
