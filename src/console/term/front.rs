//! The layer in front of the screen model: keeps what the model lacks, answers questions, and keeps everything that is not
//! for the screen away from it.
//!
//! Plain text goes straight through. A control function is passed on, rewritten to others the model knows, or swallowed;
//! strings (titles, clipboard, device control) never reach the model, so nothing unbounded is kept there.

use super::{
    charset::Charsets,
    core::{Core, Size},
    events::Pending,
    modes::{Modes, MouseEncoding, MouseMode},
    scan::Token,
    sequence::{Sequence, rendition},
};

mod cursor;
mod print;
mod reply;
mod switch;

pub use reply::Colours;

use reply::Replies;

/// What stands on a screen that had to begin again.
const RESTARTED: &[u8] = b"\x1b[7m the screen was cleared: its content could not be shown \x1b[0m\r\n";

/// What is kept for the model, and the model.
pub(super) struct Front {
    core: Core,
    state: State,
    saved: Saved,
    replies: Replies,
    /// What waits to be told to the user.
    pub pending: Pending,
    /// The last title.
    pub title: String,
    scratch: String,
}

/// What the model does not keep.
#[derive(Clone, Debug)]
struct State {
    charsets: Charsets,
    hidden: bool,
    insert: bool,
    autowrap: bool,
    newline: bool,
    origin: bool,
    focus_events: bool,
    alternate_scroll: bool,
    /// The last character that was printed, for its repetition.
    printed: Option<char>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            charsets: Charsets::default(),
            hidden: false,
            insert: false,
            autowrap: true,
            newline: false,
            origin: false,
            focus_events: false,
            alternate_scroll: true,
            printed: None,
        }
    }
}

/// What is saved with the cursor, besides what the model saves.
#[derive(Clone, Copy, Debug, Default)]
struct Saved {
    charsets: Charsets,
    hidden: bool,
    origin: bool,
}

impl Front {
    /// An empty screen that keeps so many lines that scrolled away.
    pub fn new(size: Size, scrollback: usize, colours: Colours) -> Self {
        Self {
            core: Core::new(size, scrollback),
            state: State::default(),
            saved: Saved::default(),
            replies: Replies::new(colours),
            pending: Pending::default(),
            title: String::new(),
            scratch: String::new(),
        }
    }

    /// The model.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// The model, to scroll its view or ask for its bells.
    pub fn core_mut(&mut self) -> &mut Core {
        &mut self.core
    }

    /// The answers since the last call.
    pub fn take_replies(&mut self) -> Vec<u8> {
        self.replies.take()
    }

    /// The colours programs are told.
    pub fn set_colours(&mut self, colours: Colours) {
        self.replies.colours = colours;
    }

    /// Gives the screen another size.
    pub fn resize(&mut self, size: Size) {
        self.core.resize(size);
        self.mend();
    }

    /// Takes a piece of the stream.
    pub fn take(&mut self, token: Token<'_>) {
        match token {
            Token::Text(text) => self.print(text),
            Token::Control(byte) => self.print(&[byte]),
            Token::Shift(out) => self.state.charsets.shift(usize::from(out)),
            Token::Escape(bytes) => self.escape(bytes),
            Token::Sequence(bytes) => {
                if let Some(sequence) = Sequence::parse(bytes) {
                    self.sequence(sequence, bytes);
                }
            }
            Token::Command(payload, bell) => self.command(payload, bell),
        }
        self.mend();
    }

    /// After a panic the model began again: what is kept here does too, and the user is told.
    fn mend(&mut self) {
        if self.core.take_restarted() {
            self.state = State::default();
            self.saved = Saved::default();
            self.pending.restarted();
            self.core.process(RESTARTED);
        }
    }

    fn escape(&mut self, bytes: &[u8]) {
        match &bytes[1..] {
            [slot @ b'('..=b'+', set] => self.state.charsets.designate(usize::from(slot - b'('), *set),
            b"n" => self.state.charsets.shift(2),
            b"o" => self.state.charsets.shift(3),
            b"7" => self.save_cursor(),
            b"8" => self.restore_cursor(),
            b"D" => self.core.process(b"\n"),
            b"E" => self.core.process(b"\r\n"),
            b"#8" => self.alignment_pattern(),
            b"c" => {
                self.state = State::default();
                self.saved = Saved::default();
                self.core.process(bytes);
            }
            [b'=' | b'>' | b'M' | b'g'] => self.core.process(bytes),
            _ => {}
        }
    }

    fn sequence(&mut self, sequence: Sequence<'_>, bytes: &[u8]) {
        let Sequence { prefix, intermediate, last, .. } = sequence;
        match (prefix, intermediate, last) {
            (0, 0, b'm') => {
                rendition(sequence.parameters, &mut self.state.hidden, &mut self.scratch);
                self.core.process(self.scratch.as_bytes());
            }
            (b'?', 0, b'h' | b'l') => sequence.numbers().for_each(|mode| self.set_private_mode(mode, last == b'h')),
            (0, 0, b'h' | b'l') => sequence.numbers().for_each(|mode| self.set_mode(mode, last == b'h')),
            (0, b'!', b'p') => self.soft_reset(),
            (0, 0, b's') if sequence.parameters.is_empty() => self.save_cursor(),
            (0, 0, b'u') if sequence.parameters.is_empty() => self.restore_cursor(),
            (0, 0, b'a') => self.forward('C', sequence.count(1)),
            (0, 0, b'e') => self.forward('B', sequence.count(1)),
            (0, 0, b'I') => self.tab(sequence.count(1), true),
            (0, 0, b'Z') => self.tab(sequence.count(1), false),
            (0, 0, b'b') => self.repeat(sequence.count(1)),
            (0, 0, b'r') => self.margins(sequence),
            (_, _, b'c' | b'n' | b'q' | b'p') if self.answer(sequence) => {}
            // Resizing, reading the title, and the checksum of cells would let a program act or read behind the user's back.
            (_, _, b't') | (_, b'*', b'y') => {}
            _ => self.core.process(bytes),
        }
    }

    fn command(&mut self, payload: &[u8], bell: bool) {
        let split = payload.iter().position(|b| *b == b';').unwrap_or(payload.len());
        let arguments = payload.get(split + 1..).unwrap_or_default();
        match &payload[..split] {
            b"0" | b"2" => self.title = self.pending.title(arguments),
            b"52" => self.pending.clipboard(arguments),
            b"10" => self.replies.colour(10, arguments, bell),
            b"11" => self.replies.colour(11, arguments, bell),
            _ => {}
        }
    }

    /// The modes now.
    pub fn modes(&self) -> Modes {
        let model = self.core.state();
        Modes {
            application_cursor: model.application_cursor(),
            application_keypad: model.application_keypad(),
            newline: self.state.newline,
            bracketed_paste: model.bracketed_paste(),
            mouse: match model.mouse_protocol_mode() {
                vt100::MouseProtocolMode::None => MouseMode::Off,
                vt100::MouseProtocolMode::Press => MouseMode::Press,
                vt100::MouseProtocolMode::PressRelease => MouseMode::PressRelease,
                vt100::MouseProtocolMode::ButtonMotion => MouseMode::Drag,
                vt100::MouseProtocolMode::AnyMotion => MouseMode::Motion,
            },
            mouse_encoding: match model.mouse_protocol_encoding() {
                vt100::MouseProtocolEncoding::Default => MouseEncoding::Bytes,
                vt100::MouseProtocolEncoding::Utf8 => MouseEncoding::Utf8,
                vt100::MouseProtocolEncoding::Sgr => MouseEncoding::Sgr,
            },
            focus_events: self.state.focus_events,
            alternate_screen: model.alternate_screen(),
            alternate_scroll: self.state.alternate_scroll,
            hide_cursor: model.hide_cursor(),
            scrolled: self.core.scrolled(),
        }
    }
}
