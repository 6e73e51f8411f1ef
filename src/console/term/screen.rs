//! One screen: feed it bytes, look at its cells.

use super::{
    core::{Core, Size},
    events::{ClipboardPolicy, Event},
    front::{Colours, Front},
    modes::Modes,
    scan::Scanner,
};

/// A screen with everything in front of it. Deterministic: the same bytes give the same cells however they are sliced.
pub struct Screen {
    scanner: Scanner,
    front: Front,
    /// A character that lacks its end.
    cut: Vec<u8>,
}

impl Screen {
    /// An empty screen that keeps `scrollback` lines that scrolled away.
    pub fn new(size: Size, scrollback: usize) -> Self {
        Self { scanner: Scanner::default(), front: Front::new(size, scrollback, Colours::default()), cut: Vec::new() }
    }

    /// Takes bytes of the session. What comes back goes to the session at once, before later keys; at most 4 KiB.
    #[must_use = "programs wait for the answers"]
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let joined;
        let mut rest = bytes;
        if !self.cut.is_empty() {
            self.cut.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.cut);
            rest = &joined;
        }
        loop {
            let (token, used) = self.scanner.next(rest);
            rest = &rest[used..];
            match token {
                Some(token) => self.front.take(token),
                None => break,
            }
        }
        self.cut.extend_from_slice(rest);
        self.front.take_replies()
    }

    /// Gives the screen another size. Lines are cut or extended, not wrapped anew.
    pub fn resize(&mut self, size: Size) {
        self.front.resize(size);
    }

    /// The size in cells.
    pub fn size(&self) -> Size {
        self.core().size()
    }

    /// What keys and mouse must know.
    pub fn modes(&self) -> Modes {
        self.front.modes()
    }

    /// The last title, clean; empty if none was given.
    pub fn title(&self) -> &str {
        &self.front.title
    }

    /// What happened for the user since the last call: at most one event of each kind.
    pub fn take_events(&mut self) -> Vec<Event> {
        let bells = self.front.core_mut().take_bells();
        self.front.pending.take(bells)
    }

    /// Decides on clipboard writes from now on.
    pub fn set_clipboard_policy(&mut self, policy: ClipboardPolicy) {
        self.front.pending.policy = policy;
    }

    /// The colours programs are told when they ask.
    pub fn set_colours(&mut self, colours: Colours) {
        self.front.set_colours(colours);
    }

    /// Row and column of the cursor, from 0, always on the screen.
    pub fn cursor(&self) -> (u16, u16) {
        let (row, column) = self.core().cursor();
        (row, column.min(self.size().columns() - 1))
    }

    /// Lines kept that scrolled away. None on the alternate screen.
    pub fn history(&self) -> usize {
        self.core().history()
    }

    /// Lines the view is scrolled back from the live screen. It stays on its lines while output comes.
    pub fn scrolled(&self) -> usize {
        self.core().scrolled()
    }

    /// Scrolls the view back so many lines from the live screen, as far as there are; 0 is the live screen.
    pub fn scroll_to(&mut self, lines: usize) {
        self.front.core_mut().scroll_to(lines);
    }

    /// The text of the view, line by line, without blanks at the ends.
    pub fn text(&self) -> String {
        let lines: Vec<_> = self.core().visible_lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n").trim_end().to_owned()
    }

    pub(super) fn core(&self) -> &Core {
        self.front.core()
    }

    pub(super) fn core_mut(&mut self) -> &mut Core {
        self.front.core_mut()
    }
}
