//! Modes that are switched on and off, and their reset.

use super::{Front, Saved, State};
use crate::console::term::{modes::MouseMode, sequence::Sequence};

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
            45 => self.state.reverse_wrap = on,
            1004 => self.state.focus_events = on,
            1007 => self.state.alternate_scroll = on,
            2026 => self.synchronize(on),
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
        self.send(format!("\x1b[?{mode}{last}").as_bytes());
    }

    /// A program begins to draw a frame that is to be shown whole, or it is done.
    fn synchronize(&mut self, on: bool) {
        if on && !self.state.synchronized {
            self.model().hold();
        } else if !on {
            self.core.show();
        }
        self.state.synchronized = on;
    }

    /// Enters or leaves the alternate screen. The model keeps cursor, margins and origin mode for each screen; programs
    /// expect that the cursor is left where it was, and margins are those of the whole screen here.
    fn switch_screen(&mut self, mode: u16, on: bool) {
        if self.keeps && on {
            self.note_full_screen();
        }
        let core = self.model();
        let alternate = core.alternate_screen();
        let cursor = core.cursor();
        match (mode, on) {
            (1049, true) => {
                if alternate {
                    return;
                }
                self.save_cursor();
                self.model().forget_left();
                self.pass_mode(1049, true);
            }
            (1049, false) => {
                if !alternate {
                    return self.restore_cursor();
                }
                self.pass_mode(47, false);
            }
            // Mode 1047 clears the alternate screen when it is left.
            (1047, false) if alternate => self.send(b"\x1b[2J\x1b[?47l"),
            _ if on != alternate => {
                self.model().forget_left();
                self.pass_mode(47, on);
            }
            _ => return,
        }
        self.state.margins = None;
        self.send(b"\x1b[?6l\x1b[r");
        if on {
            self.keyboard.forget(true);
        } else {
            self.model().returned();
            self.send_style();
        }
        if (mode, on) == (1049, false) {
            return self.restore_cursor();
        }
        if self.state.origin {
            self.pass_mode(6, true);
        }
        self.go_to_cell(cursor);
    }

    /// Soft reset (DECSTR): modes, margins and attributes as at the start; screen and cursor stay.
    pub(super) fn soft_reset(&mut self) {
        let cursor = self.model().cursor();
        self.state = State {
            focus_events: self.state.focus_events,
            alternate_scroll: self.state.alternate_scroll,
            tabs: std::mem::take(&mut self.state.tabs),
            printed: self.state.printed,
            ..State::default()
        };
        self.core.show();
        self.keyboard.reset();
        self.send(b"\x1b[?25h\x1b[?1l\x1b[?6l\x1b>\x1b[r\x1b[m\x1b[H\x1b7");
        self.saved = [Saved::default(); 2];
        self.go_to_cell(cursor);
    }

    /// Full reset (RIS).
    pub(super) fn reset(&mut self) {
        if self.keeps {
            // It erases the primary screen whichever is shown, and all of it whatever scrolls.
            if self.model().alternate_screen() {
                self.switch_screen(47, false);
            }
            self.state.margins = None;
            self.send(b"\x1b[?6l\x1b[r");
            self.keep_erased(2);
        }
        self.state = State::default();
        self.saved = [Saved::default(); 2];
        self.keyboard.reset();
        self.replies.reset_colours();
        self.core.show();
        self.send(b"\x1bc");
        self.model().forget_left();
    }

    /// xterm's modifyOtherKeys (`CSI > 4 ; n m`); other resources mean nothing here.
    pub(super) fn modify_keys(&mut self, sequence: Sequence<'_>) {
        let mut numbers = sequence.numbers();
        if numbers.next() == Some(4) {
            self.keyboard.modify_other_keys = u8::try_from(numbers.next().unwrap_or(0)).unwrap_or(0).min(2);
        }
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
            45 => self.state.reverse_wrap,
            1007 => modes.alternate_scroll,
            1048 => true,
            2004 => modes.bracketed_paste,
            2026 => self.state.synchronized,
            _ => return None,
        })
    }
}
