//! The screen model: the `vt100` crate behind an interface of our own, guarded.
//!
//! The crate is known to panic on rare input (wide characters next to an edge, after a resize). A panic is caught here and
//! the model begins again at the same size; [`Core::take_restarted`] tells it. It keeps no scrollback: lines that leave
//! the screen at the top are handed to [`Shared`] by `hooks`, and come back from there when the screen grows.

use std::{
    cell::Cell as Flag,
    fmt::Write as _,
    num::NonZeroU16,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use unicode_width::UnicodeWidthChar as _;

use super::{
    history::Shared,
    style::{Colour, Link, Marks, Style},
};

mod capture;
mod hooks;
mod sweep;

use hooks::Hooks;

/// The smallest size given to the model, in both directions: below it wide characters have no place.
const SMALLEST: u16 = 2;
/// The largest size given to the model, in both directions.
const LARGEST: u16 = 500;

/// The size of a screen, in cells, between 2x2 and 500x500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    rows: u16,
    columns: u16,
}

impl Size {
    /// A size, brought between the limits.
    pub fn new(rows: u16, columns: u16) -> Self {
        Self { rows: rows.clamp(SMALLEST, LARGEST), columns: columns.clamp(SMALLEST, LARGEST) }
    }

    /// Lines.
    pub fn rows(self) -> u16 {
        self.rows
    }

    /// Cells of a line.
    pub fn columns(self) -> u16 {
        self.columns
    }

    fn non_zero(self) -> (NonZeroU16, NonZeroU16) {
        let cells = |n| NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN);
        (cells(self.rows), cells(self.columns))
    }
}

/// What a cell shows: nothing, or a character with its marks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glyph<'a> {
    /// Empty where nothing was ever written.
    pub text: &'a str,
    /// Whether it takes two cells.
    pub wide: bool,
    /// How it looks.
    pub style: Style,
}

/// The screen model.
pub(super) struct Core {
    parser: vt100::Parser<Hooks>,
    size: Size,
    restarted: bool,
    /// What is shown while a program draws a frame that is to be shown whole.
    held: Option<Box<vt100::Screen>>,
    /// Frames held so far.
    holds: u64,
    /// Whether a frame may be held: not more than one in a slice, as each costs a copy of the screen.
    may_hold: bool,
}

impl Core {
    /// An empty screen that hands on lines that scroll away.
    pub fn new(size: Size, history: Shared) -> Self {
        Self {
            parser: parser(size, Hooks::new(history)),
            size,
            restarted: false,
            held: None,
            holds: 0,
            may_hold: false,
        }
    }

    /// Takes text and control functions; a control function must be whole.
    pub fn process(&mut self, bytes: &[u8]) {
        self.guarded(|parser| parser.process(bytes));
    }

    /// Gives the screen another size. The attributes of the model are those of lines that came back afterwards.
    pub fn resize(&mut self, size: Size) {
        if size == self.size {
            return;
        }
        let more = size.rows.saturating_sub(self.size.rows);
        self.held = None;
        self.size = size;
        let (rows, columns) = size.non_zero();
        let alternate = self.alternate_screen();
        self.forget_left();
        self.guarded(|parser| parser.set_size(rows, columns));
        if alternate {
            self.parser.callbacks_mut().grew_behind(more);
            return;
        }
        self.forget_left();
        let back = usize::from(more).min(self.parser.callbacks().history.lock().len());
        let back = u16::try_from(back).unwrap_or(0);
        if back > 0 {
            let (row, column) = self.cursor();
            self.process(format!("\x1b[{back}T").as_bytes());
            self.bring_back(back);
            self.process(format!("\x1b[{};{}H", row + back + 1, column + 1).as_bytes());
        }
    }

    /// To be called when the primary screen is shown again: lines its blank ones at the top stand for come back.
    pub fn returned(&mut self) {
        let owed = self.parser.callbacks_mut().take_owed().min(self.size.rows);
        self.forget_left();
        if owed > 0 {
            let (row, column) = self.cursor();
            self.bring_back(owed);
            self.process(format!("\x1b[{};{}H", row + 1, column + 1).as_bytes());
        }
    }

    /// Without scrollback the model has nothing to pull lines from when it grows, but counts those that left and would
    /// show blank ones for them. This makes it forget the count, unless the primary screen is out of reach.
    pub fn forget_left(&mut self) {
        if !self.alternate_screen() {
            self.parser.screen_mut().clear_scrollback();
            self.parser.callbacks_mut().forget_left();
        }
    }

    /// Writes the newest lines that scrolled away over the first rows.
    fn bring_back(&mut self, rows: u16) {
        let mut written = String::from("\x1b[?6l");
        for row in (0..rows).rev() {
            let Some((pieces, _)) = self.parser.callbacks().history.lock().pop() else { break };
            let _ = write!(written, "\x1b[{}H", row + 1);
            let mut left = usize::from(self.size.columns);
            for (text, style) in &pieces {
                self.write_style(*style, &mut written);
                let fits = text.char_indices().find(|(_, c)| {
                    let width = c.width().unwrap_or(0);
                    let full = width > left;
                    left = left.saturating_sub(width);
                    full
                });
                written.push_str(&text[..fits.map_or(text.len(), |(at, _)| at)]);
                if fits.is_some() {
                    break;
                }
            }
        }
        self.process(written.as_bytes());
    }

    /// Makes a style the one of what is written from now on.
    pub fn set_style(&mut self, style: Style) {
        let mut rendition = String::new();
        self.write_style(style, &mut rendition);
        self.process(rendition.as_bytes());
    }

    /// Adds the rendition by which the model takes a style.
    pub fn write_style(&mut self, style: Style, out: &mut String) {
        const NUMBERS: [(Marks, &str); 5] = [
            (Marks::BOLD, ";1"),
            (Marks::DIM, ";2"),
            (Marks::ITALIC, ";3"),
            (Marks::UNDERLINE, ";4"),
            (Marks::INVERSE, ";7"),
        ];
        out.push_str("\x1b[0");
        NUMBERS.iter().filter(|(mark, _)| style.marks.contains(*mark)).for_each(|(_, number)| out.push_str(number));
        let foreground = self.parser.callbacks_mut().extras.encode(style);
        for (target, colour) in [(38, foreground), (48, style.background)] {
            // Writing to a string cannot fail.
            let _ = match colour {
                Colour::Default => Ok(()),
                Colour::Indexed(index) => write!(out, ";{target};5;{index}"),
                Colour::Rgb(r, g, b) => write!(out, ";{target};2;{r};{g};{b}"),
            };
        }
        out.push('m');
    }

    fn guarded(&mut self, run: impl FnOnce(&mut vt100::Parser<Hooks>)) {
        let parser_of_old = &mut self.parser;
        if quietly(|| run(parser_of_old)).is_err() {
            let fresh = self.parser.callbacks_mut().successor();
            self.parser = parser(self.size, fresh);
            self.held = None;
            self.restarted = true;
        }
    }

    /// Keeps showing what is on the screen now, if that is allowed.
    pub fn hold(&mut self) {
        if std::mem::take(&mut self.may_hold) {
            self.held = Some(Box::new(self.parser.screen().clone()));
            self.holds += 1;
        }
    }

    /// Allows that the next frame is held.
    pub fn allow_hold(&mut self) {
        self.may_hold = true;
    }

    /// The number of the frame that is held.
    pub fn held(&self) -> Option<u64> {
        self.held.is_some().then_some(self.holds)
    }

    /// Shows the screen as it is.
    pub fn show(&mut self) {
        self.held = None;
    }

    fn shown(&self) -> &vt100::Screen {
        self.held.as_deref().unwrap_or_else(|| self.parser.screen())
    }

    /// Row and column of the cursor as it is shown, and whether it is.
    pub fn shown_cursor(&self) -> (u16, u16, bool) {
        let shown = self.shown();
        let (row, column) = shown.cursor_position();
        (row, column.min(self.size.columns - 1), !shown.hide_cursor())
    }

    /// Whether the model began again since the last call.
    pub fn take_restarted(&mut self) -> bool {
        std::mem::take(&mut self.restarted)
    }

    /// The size, in cells.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Bells since the last call.
    pub fn take_bells(&mut self) -> u64 {
        std::mem::take(&mut self.parser.callbacks_mut().bells)
    }

    /// Row and column of the cursor, from 0. The column equals the width when the next character goes to the next line.
    pub fn cursor(&self) -> (u16, u16) {
        self.parser.screen().cursor_position()
    }

    /// A cell of what is shown; `None` for the second half of a wide character, and outside.
    pub fn glyph(&self, row: u16, column: u16) -> Option<Glyph<'_>> {
        let cell = self.shown().cell(row, column).filter(|cell| !cell.is_wide_continuation())?;
        let marks = [
            (cell.bold(), Marks::BOLD),
            (cell.dim(), Marks::DIM),
            (cell.italic(), Marks::ITALIC),
            (cell.underline(), Marks::UNDERLINE),
            (cell.inverse(), Marks::INVERSE),
        ];
        let marks = marks.into_iter().fold(Marks::default(), |all, (on, mark)| all.with(mark, on));
        let extras = &self.parser.callbacks().extras;
        let style = extras.decode(hooks::colour(cell.fgcolor()), hooks::colour(cell.bgcolor()), marks);
        Some(Glyph { text: cell.contents(), wide: cell.is_wide(), style })
    }

    /// Whether a line of the screen goes on in the next one.
    pub fn wrapped(&self, row: u16) -> bool {
        self.shown().row_wrapped(row)
    }

    /// Whether the alternate screen is shown.
    pub fn alternate_screen(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// The modes of the model.
    pub fn state(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// The lines that scrolled away.
    pub fn history(&self) -> &Shared {
        &self.parser.callbacks().history
    }

    /// The number of a link to an address, none if it may not be one.
    pub fn link(&mut self, address: &str) -> Link {
        self.parser.callbacks_mut().extras.link(address)
    }

    /// The address of a link.
    pub fn address(&self, link: Link) -> Option<&Arc<str>> {
        self.parser.callbacks().extras.address(link)
    }
}

fn parser(size: Size, hooks: Hooks) -> vt100::Parser<Hooks> {
    let (rows, columns) = size.non_zero();
    vt100::Parser::new_with_callbacks(rows, columns, 0, hooks)
}

thread_local! {
    static GUARDED: Flag<bool> = const { Flag::new(false) };
}

/// Whether a panic on this thread is about to be caught by the terminal, so that a panic hook has nothing to say or restore.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs the model on bytes from elsewhere. What a panic leaves half done is thrown away by the caller.
fn quietly(run: impl FnOnce()) -> std::thread::Result<()> {
    GUARDED.set(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    GUARDED.set(false);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_under_guard_is_caught_and_the_guard_is_lifted() {
        assert!(quietly(|| assert!(is_guarded())).is_ok());
        assert!(quietly(|| panic!("as the model does on some resizes")).is_err());
        assert!(!is_guarded());
    }
}
