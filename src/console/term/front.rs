//! The layer in front of the screen model: keeps what the model lacks, answers questions, and keeps everything that is not
//! for the screen away from it.
//!
//! Plain text goes straight through. A control function is passed on, rewritten to others the model knows, or swallowed;
//! strings (titles, clipboard, device control) never reach the model, so nothing unbounded is kept there. What is passed on
//! is gathered and given to the model at once, before anything that depends on it is looked at.

use super::{
    charset::Charsets,
    core::{Core, Size},
    events::Pending,
    history::Shared,
    keyboard::Keyboard,
    modes::{CursorShape, Modes, MouseEncoding, MouseMode},
    scan::Token,
    sequence::Sequence,
    style::{Link, Style},
    tabs::Tabs,
};

mod bulk;
mod cursor;
mod keep;
mod print;
mod reply;
mod strings;
mod switch;

pub use reply::{Colours, OwnColours};

use reply::Replies;

/// What stands on a screen that had to begin again.
const RESTARTED: &[u8] = b"\x1b[7m the screen was cleared: its content could not be shown \x1b[0m\r\n";
/// Bytes gathered for the model before it takes them.
const GATHERED: usize = 64 * 1024;

/// What is kept for the model, and the model.
pub(super) struct Front {
    core: Core,
    /// Bytes the model has not taken yet.
    gathered: Vec<u8>,
    state: State,
    saved: [Saved; 2],
    replies: Replies,
    /// What waits to be told to the user.
    pub pending: Pending,
    /// The last title.
    pub title: String,
    titles: Vec<String>,
    /// Keys a program asked for.
    pub keyboard: Keyboard,
    /// Whether nothing that was shown may be lost: what is erased with the whole screen scrolls away before.
    pub keeps: bool,
}

/// What the model does not keep.
#[derive(Clone, Debug)]
struct State {
    charsets: Charsets,
    style: Style,
    hidden: bool,
    insert: bool,
    autowrap: bool,
    reverse_wrap: bool,
    newline: bool,
    origin: bool,
    /// First and last line of the scroll region, from 0; `None` for the whole screen.
    margins: Option<(u16, u16)>,
    tabs: Tabs,
    focus_events: bool,
    alternate_scroll: bool,
    synchronized: bool,
    /// The VT level a program chose.
    level: Option<u16>,
    /// The last character that was printed, for its repetition.
    printed: Option<char>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            charsets: Charsets::default(),
            style: Style::default(),
            hidden: false,
            insert: false,
            autowrap: true,
            reverse_wrap: false,
            newline: false,
            origin: false,
            margins: None,
            tabs: Tabs::default(),
            focus_events: false,
            alternate_scroll: true,
            synchronized: false,
            level: None,
            printed: None,
        }
    }
}

/// What is saved with the cursor, besides what the model saves.
#[derive(Clone, Copy, Debug, Default)]
struct Saved {
    charsets: Charsets,
    style: Style,
    hidden: bool,
    origin: bool,
}

impl Front {
    /// An empty screen that keeps so many lines that scrolled away.
    pub fn new(size: Size, scrollback: usize, colours: Colours) -> Self {
        Self {
            core: Core::new(size, Shared::new(scrollback)),
            gathered: Vec::new(),
            state: State::default(),
            saved: [Saved::default(); 2],
            replies: Replies::new(colours),
            pending: Pending::default(),
            title: String::new(),
            titles: Vec::new(),
            keyboard: Keyboard::default(),
            keeps: false,
        }
    }

    /// The model, as it is after [`settle`](Self::settle).
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// The model, to ask for its bells.
    pub fn core_mut(&mut self) -> &mut Core {
        &mut self.core
    }

    /// The model after everything that came before.
    fn model(&mut self) -> &mut Core {
        if !self.gathered.is_empty() {
            self.core.process(&self.gathered);
            self.gathered.clear();
            self.mend();
        }
        &mut self.core
    }

    /// Gathers bytes for the model: text, or whole control functions.
    fn send(&mut self, bytes: &[u8]) {
        if self.gathered.len() + bytes.len() > GATHERED {
            self.model();
        }
        self.gathered.extend_from_slice(bytes);
    }

    /// Gives the model everything that came, at the end of a slice.
    pub fn settle(&mut self) {
        self.model();
        self.core.history().settle();
    }

    /// The answers since the last call.
    pub fn take_replies(&mut self) -> Vec<u8> {
        self.replies.take()
    }

    /// The colours programs are told.
    pub fn set_colours(&mut self, colours: Colours) {
        self.replies.colours = colours;
    }

    /// The colours a program set in place of the user's, for text and background.
    pub fn own_colours(&self) -> OwnColours {
        self.replies.own_colours()
    }

    /// Gives the screen another size.
    pub fn resize(&mut self, size: Size) {
        if size == self.model().size() {
            return;
        }
        self.core.resize(size);
        self.state.margins = None;
        let cursor = self.core.cursor();
        self.core.set_style(self.state.style);
        if self.state.origin {
            self.core.process(b"\x1b[?6h");
            self.go_to_cell(cursor);
        }
        self.mend();
        self.model();
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
            Token::Device(payload) => self.device(payload),
        }
    }

    /// After a panic the model began again: what is kept here does too, and the user is told.
    fn mend(&mut self) {
        if self.core.take_restarted() {
            self.state = State::default();
            self.saved = [Saved::default(); 2];
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
            b"D" => self.send(b"\n"),
            b"E" => self.send(b"\r\n"),
            b"H" => {
                let column = self.column();
                self.state.tabs.set(column, true);
            }
            b"#8" => self.alignment_pattern(),
            b"c" => self.reset(),
            [b'=' | b'>' | b'M' | b'g'] => self.send(bytes),
            _ => {}
        }
    }

    fn sequence(&mut self, sequence: Sequence<'_>, bytes: &[u8]) {
        let Sequence { prefix, intermediate, last, .. } = sequence;
        match (prefix, intermediate, last) {
            (0, 0, b'm') => self.rendition(sequence, bytes),
            (b'>', 0, b'm') => self.modify_keys(sequence),
            (b'?', 0, b'h' | b'l') => sequence.numbers().for_each(|mode| self.set_private_mode(mode, last == b'h')),
            (0, 0, b'h' | b'l') => sequence.numbers().for_each(|mode| self.set_mode(mode, last == b'h')),
            (0, b'!', b'p') => self.soft_reset(),
            (0, b'"', b'p') => self.state.level = Some(sequence.count(62)),
            (0, 0, b's') if sequence.parameters.is_empty() => self.save_cursor(),
            (0, 0, b'u') if sequence.parameters.is_empty() => self.restore_cursor(),
            (b'<' | b'=' | b'>', 0, b'u') => {
                let alternate = self.model().alternate_screen();
                self.keyboard.take(sequence, alternate);
            }
            (0, 0, b'D') => self.left(sequence.count(1)),
            (0, 0, b'a') => self.forward('C', sequence.count(1)),
            (0, 0, b'e') => self.forward('B', sequence.count(1)),
            (0, 0, b'I') => self.tab(sequence.count(1), true),
            (0, 0, b'Z') => self.tab(sequence.count(1), false),
            (0, 0, b'g') => self.clear_tabs(sequence.count(0)),
            (0, 0, b'b') => self.repeat(sequence.count(1)),
            (0, 0, b'r') => self.margins(sequence),
            (0 | b'?', 0, b'J') if sequence.count(0) == 3 && self.keeps => {}
            (0 | b'?', 0, b'J') if sequence.count(0) == 3 => self.model().history().lock().clear(),
            (0, 0, b'J') if self.keeps => {
                self.keep_erased(sequence.count(0));
                self.send(bytes);
            }
            (0, 0, b't') => self.window(sequence),
            (_, _, b'c' | b'n' | b'q' | b'p' | b'm' | b'u') if self.answer(sequence) => {}
            // Resizing, reading the title, and the checksum of cells would let a program act or read behind the user's back.
            (_, _, b't') | (_, b'*', b'y') => {}
            _ => self.send(bytes),
        }
    }

    /// Follows a graphic rendition. It is passed on as it is if the model reads it likewise and has room for the style.
    fn rendition(&mut self, sequence: Sequence<'_>, bytes: &[u8]) {
        let style = &mut self.state.style;
        let same = style.apply(sequence.parameters, &mut self.state.hidden);
        if same && style.is_of_model() {
            self.send(bytes);
        } else {
            self.send_style();
        }
    }

    /// Makes the style that is kept here that of the model.
    fn send_style(&mut self) {
        self.make_room();
        let mut rendition = String::new();
        self.core.write_style(self.state.style, &mut rendition);
        self.send(rendition.as_bytes());
    }

    /// Sweeps the table of what cells have no room for, if it is full.
    fn make_room(&mut self) {
        if self.core.wants_sweep() {
            let in_force = [self.state.style, self.saved[0].style, self.saved[1].style];
            self.model().sweep(&in_force);
        }
    }

    /// The column of the cursor, on the screen.
    fn column(&mut self) -> u16 {
        let core = self.model();
        core.cursor().1.min(core.size().columns() - 1)
    }

    /// Puts a link under what is written from now on.
    fn set_link(&mut self, link: Link) {
        self.state.style.link = link;
        self.send_style();
    }

    /// The modes now, without the view's.
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
            cursor_shape: match model.cursor_style() {
                vt100::CursorStyle::Default => CursorShape::Default,
                vt100::CursorStyle::BlinkBlock => CursorShape::Block { blinks: true },
                vt100::CursorStyle::SteadyBlock => CursorShape::Block { blinks: false },
                vt100::CursorStyle::BlinkUnderline => CursorShape::Underline { blinks: true },
                vt100::CursorStyle::SteadyUnderline => CursorShape::Underline { blinks: false },
                vt100::CursorStyle::BlinkVerticalBar => CursorShape::Bar { blinks: true },
                vt100::CursorStyle::SteadyVerticalBar => CursorShape::Bar { blinks: false },
            },
            keyboard_flags: self.keyboard.flags(model.alternate_screen()),
            modify_other_keys: self.keyboard.modify_other_keys,
            scrolled: 0,
        }
    }
}
