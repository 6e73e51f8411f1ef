//! Some hundred lines in one piece of memory.

use crate::console::term::style::Style;

use super::Kept;

/// A block is full with this much text or so many lines.
const TEXT: usize = 16 * 1024;
const LINES: usize = 256;
/// Bytes of a line that are kept. A line of the widest screen with many marks can have more.
const LONGEST: usize = u16::MAX as usize;
/// Styles looked at for one that is there already.
const RECENT: usize = 8;

/// Text up to a byte of its line, in one style.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub end: u16,
    pub style: u16,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    /// Where text and runs end in those of the block.
    text: u32,
    runs: u32,
    wrapped: bool,
}

/// The lines. A line all in the default style has no runs.
#[derive(Debug, Default)]
pub(super) struct Block {
    text: String,
    lines: Vec<Line>,
    runs: Vec<Run>,
    styles: Vec<Style>,
    /// Lines dropped from the front.
    dropped: usize,
}

impl Block {
    /// Lines that are left.
    pub fn len(&self) -> usize {
        self.lines.len() - self.dropped
    }

    /// Whether the next line goes to another block.
    pub fn is_full(&self) -> bool {
        // A line adds at most as many styles as it has cells, which the largest screen bounds.
        self.text.len() >= TEXT || self.lines.len() >= LINES || self.styles.len() > usize::from(u16::MAX) / 2
    }

    /// Gives back what was reserved for more.
    pub fn seal(&mut self) {
        self.text.shrink_to_fit();
        self.lines.shrink_to_fit();
        self.runs.shrink_to_fit();
        self.styles.shrink_to_fit();
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.text.capacity()
            + self.lines.capacity() * size_of::<Line>()
            + self.runs.capacity() * size_of::<Run>()
            + self.styles.capacity() * size_of::<Style>()
    }

    /// Adds a line.
    pub fn push<'a>(&mut self, pieces: impl IntoIterator<Item = (&'a str, Style)>, wrapped: bool) {
        let (text, runs) = (self.text.len(), self.runs.len());
        for (piece, style) in pieces {
            let before = self.text.len() - text;
            if piece.is_empty() || before + piece.len() > LONGEST {
                continue;
            }
            self.text.push_str(piece);
            let plain = self.runs.len() == runs;
            if plain && style == Style::default() {
                continue;
            }
            if plain && before > 0 {
                // What came before was all in the default style.
                self.run(before, Style::default(), runs);
            }
            self.run(before + piece.len(), style, runs);
        }
        self.lines.push(Line { text: length(self.text.len()), runs: length(self.runs.len()), wrapped });
    }

    /// Adds a run that ends so many bytes into its line, whose runs begin at `first`.
    fn run(&mut self, end: usize, style: Style, first: usize) {
        let end = u16::try_from(end).unwrap_or(u16::MAX);
        let style = self.style(style);
        match self.runs.get_mut(first..).and_then(<[Run]>::last_mut) {
            Some(last) if last.style == style => last.end = end,
            _ => self.runs.push(Run { end, style }),
        }
    }

    fn style(&mut self, style: Style) -> u16 {
        let recent = self.styles.len().saturating_sub(RECENT);
        let at = self.styles[recent..].iter().position(|known| *known == style).map_or_else(
            || {
                self.styles.push(style);
                self.styles.len() - 1
            },
            |at| recent + at,
        );
        u16::try_from(at).unwrap_or(0)
    }

    /// The styles of its lines.
    pub fn styles(&self) -> &[Style] {
        &self.styles
    }

    /// Drops the first line that is left; `true` if it was the last one.
    pub fn drop_line(&mut self) -> bool {
        self.dropped += 1;
        self.dropped == self.lines.len()
    }

    /// Takes the last line away; `true` if none is left.
    pub fn pop(&mut self) -> bool {
        self.lines.pop();
        let (text, runs) = self.starts(self.lines.len());
        self.text.truncate(text);
        self.runs.truncate(runs);
        self.lines.len() == self.dropped
    }

    fn starts(&self, at: usize) -> (usize, usize) {
        let before = at.checked_sub(1).and_then(|before| self.lines.get(before));
        before.map_or((0, 0), |line| (line.text as usize, line.runs as usize))
    }

    /// A line, counted from the first that is left. There must be one.
    pub fn line(&self, at: usize) -> Kept<'_> {
        let at = self.dropped + at;
        let (text, runs) = self.starts(at);
        let line = self.lines[at];
        Kept {
            text: &self.text[text..line.text as usize],
            wrapped: line.wrapped,
            runs: &self.runs[runs..line.runs as usize],
            styles: &self.styles,
        }
    }
}

fn length(bytes: usize) -> u32 {
    // A block ends soon after its first TEXT bytes.
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
