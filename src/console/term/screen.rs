//! One screen: feed it bytes, look at its cells.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    core::{Core, Glyph, Size},
    events::{ClipboardPolicy, Event},
    front::{Colours, Front, OwnColours},
    modes::Modes,
    scan::Scanner,
    style::Link,
};

/// How long a frame is held for a program that said it is not whole yet.
const LONGEST_HOLD: Duration = Duration::from_millis(150);

/// A screen with everything in front of it. Deterministic: the same bytes give the same cells however they are sliced.
///
/// Lines have absolute numbers. Those kept of the past come before [`Screen::live`], the first line of the live screen; a
/// line keeps its number when it scrolls away.
pub struct Screen {
    scanner: Scanner,
    pub(super) front: Front,
    /// A character that lacks its end.
    cut: Vec<u8>,
    /// The line at the top of the view, if it is scrolled back.
    view: Option<u64>,
    /// The number of a frame that is held, and since when.
    held: Option<(u64, Instant)>,
}

impl Screen {
    /// An empty screen that keeps `scrollback` lines that scrolled away, as far as all screens together leave room.
    pub fn new(size: Size, scrollback: usize) -> Self {
        Self {
            scanner: Scanner::default(),
            front: Front::new(size, scrollback, Colours::default()),
            cut: Vec::new(),
            view: None,
            held: None,
        }
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
        // Bytes to go before a flood is looked for again.
        let mut patience = 0;
        loop {
            if patience == 0 && self.scanner.is_between() {
                let tried = self.front.bulk(rest);
                rest = &rest[tried.taken..];
                patience = tried.patience;
            }
            let (token, used) = self.scanner.next(rest);
            rest = &rest[used..];
            patience = patience.saturating_sub(used);
            match token {
                Some(token) => self.front.take(token),
                None => break,
            }
        }
        self.cut.extend_from_slice(rest);
        self.front.settle();
        if self.view.is_some_and(|top| top < self.oldest()) {
            // The lines that were looked at are gone.
            self.scroll_to(self.history());
        }
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
        Modes { scrolled: self.scrolled(), ..self.front.modes() }
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

    /// The colours a program set for text and background, in place of the user's.
    pub fn own_colours(&self) -> OwnColours {
        self.front.own_colours()
    }

    /// Flags of kitty's keyboard protocol that programs may have beside 1: 2 and 8 only where the user's own terminal
    /// reports such keys.
    pub fn set_keyboard_flags(&mut self, flags: u8) {
        self.front.keyboard.able = 1 | flags & (2 | 8);
    }

    /// Tells the time, before the screen is looked at for a frame. Programs may then hold a frame until it is whole, at most
    /// for 150 ms; the time at which to look again, if one is held.
    pub fn tick(&mut self, now: Instant) -> Option<Instant> {
        let core = self.front.core_mut();
        core.allow_hold();
        let frame = core.held()?;
        let since = self.held.filter(|(known, _)| *known == frame).map_or(now, |(_, since)| since);
        self.held = Some((frame, since));
        let until = since + LONGEST_HOLD;
        if now >= until {
            core.show();
            return None;
        }
        Some(until)
    }

    /// Row and column of the cursor, from 0, always on the screen.
    pub fn cursor(&self) -> (u16, u16) {
        let (row, column, _) = self.core().shown_cursor();
        (row, column)
    }

    /// Whether the cursor is shown.
    pub fn cursor_is_shown(&self) -> bool {
        self.core().shown_cursor().2
    }

    /// Lines kept that scrolled away. None on the alternate screen.
    pub fn history(&self) -> usize {
        if self.core().alternate_screen() { 0 } else { self.core().history().lock().len() }
    }

    /// The number of the oldest line that can be looked at.
    pub fn oldest(&self) -> u64 {
        self.live() - self.history() as u64
    }

    /// The number of the first line of the live screen.
    pub fn live(&self) -> u64 {
        self.core().history().lock().end()
    }

    /// Lines the view is scrolled back from the live screen. It stays on its lines while output comes.
    pub fn scrolled(&self) -> usize {
        let back = self.view.map_or(0, |top| self.live().saturating_sub(top));
        usize::try_from(back).unwrap_or(usize::MAX).min(self.history())
    }

    /// Scrolls the view back so many lines from the live screen, as far as there are; 0 is the live screen.
    pub fn scroll_to(&mut self, lines: usize) {
        let lines = lines.min(self.history());
        self.view = (lines > 0).then(|| self.live() - lines as u64);
    }

    /// Scrolls the view as far as it takes to have a line in it.
    pub fn show_line(&mut self, line: u64) {
        let last = self.top() + u64::from(self.size().rows()) - 1;
        let back = if line < self.top() {
            self.live().saturating_sub(line)
        } else if line > last {
            (self.live() + u64::from(self.size().rows()) - 1).saturating_sub(line)
        } else {
            return;
        };
        self.scroll_to(usize::try_from(back).unwrap_or(usize::MAX));
    }

    /// The number of the line at the top of the view.
    pub fn top(&self) -> u64 {
        self.live() - self.scrolled() as u64
    }

    /// Goes through the cells of a line by number, from the left: the column of each, and what it shows. Cells that show
    /// nothing may be left out. Whether the line goes on in the next one; `None` if it is neither kept nor on the screen.
    pub fn each_glyph(&self, line: u64, mut visit: impl FnMut(u16, Glyph<'_>)) -> Option<bool> {
        let core = self.core();
        let history = core.history().lock();
        let columns = self.size().columns();
        if let Some(row) = line.checked_sub(history.end()) {
            drop(history);
            let row = u16::try_from(row).ok().filter(|row| *row < self.size().rows())?;
            for column in 0..columns {
                if let Some(glyph) = core.glyph(row, column) {
                    visit(column, glyph);
                }
            }
            return Some(core.wrapped(row));
        }
        let kept = history.line(line).filter(|_| !core.alternate_screen())?;
        super::line::each_glyph(kept.pieces(), visit);
        Some(kept.wrapped)
    }

    /// The address of a link that leads somewhere: one of the web, as the program wrote it.
    pub fn address(&self, link: Link) -> Option<Arc<str>> {
        self.core().address(link).cloned()
    }

    /// The link at a cell of the view.
    pub fn link_at(&self, row: u16, column: u16) -> Link {
        let mut link = Link::default();
        self.each_glyph(self.top() + u64::from(row), |at, glyph| {
            if at == column || glyph.wide && at + 1 == column {
                link = glyph.style.link;
            }
        });
        link
    }

    /// The text of the view, line by line, without blanks at the ends.
    pub fn text(&self) -> String {
        let top = self.top();
        let lines = (top..top + u64::from(self.size().rows())).map(|line| self.line(line).text);
        let lines: Vec<_> = lines.map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n").trim_end().to_owned()
    }

    pub(super) fn core(&self) -> &Core {
        self.front.core()
    }
}
