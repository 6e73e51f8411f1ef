//! A screen shared between the task that feeds it and the painter.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{Modes, Screen, Size};
use crate::console::text;

/// Bytes taken under the lock in one go (about a millisecond), so that drawing never waits long.
const SLICE: usize = 64 * 1024;

/// A screen behind a lock. Fed off the render path; at most one piece of news for each time it is [`taken`](Self::taken).
pub struct Terminal {
    screen: Mutex<Screen>,
    generation: AtomicU64,
    announced: AtomicBool,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The content of a session is nobody's business.
        f.debug_struct("Terminal").field("generation", &self.generation()).finish_non_exhaustive()
    }
}

impl Terminal {
    /// An empty screen that keeps `scrollback` lines that scrolled away.
    pub fn new(rows: u16, columns: u16, scrollback: usize) -> Self {
        Self {
            screen: Mutex::new(Screen::new(Size::new(rows, columns), scrollback)),
            generation: AtomicU64::new(0),
            announced: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Screen> {
        // Panics of the screen model are caught inside, so a poisoned lock still guards a whole screen.
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes bytes of the session; the answers to what programs ask, to be sent at once.
    pub fn feed(&self, bytes: &[u8]) -> Vec<u8> {
        let mut answers = Vec::new();
        for slice in bytes.chunks(SLICE) {
            answers.append(&mut self.lock().feed(slice));
            self.generation.fetch_add(1, Ordering::Release);
        }
        answers
    }

    /// Writes a note of ours on the screen, in lines that break between words. Control characters in it are left out.
    pub fn note(&self, note: &str) {
        let columns = usize::from(self.with_screen(Screen::size).columns());
        let lines = text::wrap(&text::clean(note), columns.saturating_sub(2));
        let lines: String = lines.iter().map(|line| format!("\x1b[0;7m {line} \x1b[0m\r\n")).collect();
        // CAN ends a sequence the session left open; SI and the designation end its line drawing. A note asks nothing.
        self.feed(format!("\x18\x0f\x1b(B\r\n{lines}").as_bytes());
    }

    /// Gives the screen another size, between the limits. The size it has now, in rows and columns.
    pub fn resize(&self, rows: u16, columns: u16) -> (u16, u16) {
        let size = Size::new(rows, columns);
        self.with_screen_mut(|screen| screen.resize(size));
        (size.rows(), size.columns())
    }

    /// Looks at the screen.
    pub fn with_screen<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(&self.lock())
    }

    /// Changes how the screen is looked at or what it may do.
    pub fn with_screen_mut<T>(&self, change: impl FnOnce(&mut Screen) -> T) -> T {
        let result = change(&mut self.lock());
        self.generation.fetch_add(1, Ordering::Release);
        result
    }

    /// What keys and mouse must know.
    pub fn modes(&self) -> Modes {
        self.with_screen(Screen::modes)
    }

    /// The title the program gave, clean.
    pub fn title(&self) -> Option<String> {
        self.with_screen(|screen| (!screen.title().is_empty()).then(|| screen.title().to_owned()))
    }

    /// Looks back so many lines from the end; 0 is the live screen. How far it came.
    pub fn look_back(&self, lines: usize) -> usize {
        self.with_screen_mut(|screen| {
            screen.scroll_to(lines);
            screen.scrolled()
        })
    }

    /// A number that grows with every change: equal numbers, equal screens.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// After feeding: whether the news must be told. `true` once until it is taken, however many bytes come.
    pub fn announce(&self) -> bool {
        !self.announced.swap(true, Ordering::AcqRel)
    }

    /// The news was taken. To be called once a frame, before the screen is looked at.
    pub fn taken(&self) {
        self.announced.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_announced_once_a_frame() {
        let terminal = Terminal::new(4, 20, 100);
        let announced = (0..100).filter(|_| terminal.feed(b"y\r\n").is_empty() && terminal.announce()).count();
        assert_eq!(announced, 1);
        assert_eq!(terminal.generation(), 100);
        terminal.taken();
        assert!(terminal.announce());
    }

    #[test]
    fn size_title_and_view() {
        let terminal = Terminal::new(3, 20, 100);
        assert_eq!(terminal.resize(0, 9_000), (2, 500));
        assert_eq!(terminal.title(), None);
        terminal.feed(b"\x1b]2;me\x1b[31m@host\x07\x1b[c1\r\n2\r\n3\r\n4");
        assert_eq!(terminal.title().as_deref(), Some("me"), "a title ends at the next escape");
        terminal.feed(b"\x1b]2;me@host\x07");
        assert_eq!(terminal.title().as_deref(), Some("me@host"));
        assert_eq!(terminal.look_back(99), 2);
        assert_eq!(terminal.modes().scrolled, 2);
    }
}
