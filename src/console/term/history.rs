//! The lines that scrolled away: compact, bounded in number for a shell and in bytes over all shells.
//!
//! Lines are kept in blocks of text with runs of styles, so that ordinary text costs little more than its bytes. Lines have
//! absolute numbers: the first line ever shown is 0, and a line keeps its number until it is dropped.

use std::collections::VecDeque;

use super::style::Style;

mod block;
mod budget;
mod row;

use block::Block;
pub(super) use budget::Shared;
pub(super) use row::Row;

/// A line that scrolled away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept<'a> {
    /// Its text, without blanks after it.
    pub text: &'a str,
    /// Whether the line goes on in the next one.
    pub wrapped: bool,
    runs: &'a [block::Run],
    styles: &'a [Style],
}

impl<'a> Kept<'a> {
    /// The text in pieces of one style.
    pub fn pieces(self) -> impl Iterator<Item = (&'a str, Style)> {
        let mut start = 0;
        let pieces = self.runs.iter().map(move |run| {
            let (from, to) = (start, usize::from(run.end));
            start = to;
            // Runs end between characters; were it otherwise the rest would not be shown.
            (self.text.get(from..to).unwrap_or_default(), self.styles[usize::from(run.style)])
        });
        let whole = self.runs.is_empty().then(|| (self.text, Style::default()));
        pieces.chain(whole)
    }
}

/// The lines.
#[derive(Debug)]
pub(super) struct History {
    blocks: VecDeque<Block>,
    /// The number of the oldest line kept.
    first: u64,
    lines: usize,
    limit: usize,
    /// Bytes of the blocks, without the one that is being filled.
    sealed: usize,
}

impl History {
    /// Keeps at most so many lines.
    pub fn new(limit: usize) -> Self {
        Self { blocks: VecDeque::new(), first: 0, lines: 0, limit, sealed: 0 }
    }

    /// Lines kept.
    pub fn len(&self) -> usize {
        self.lines
    }

    /// The number of the oldest line kept.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The number of the line after the last one, which is the first of the screen.
    pub fn end(&self) -> u64 {
        self.first + self.lines as u64
    }

    /// Lines kept at most.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Forgets all lines and passes over the numbers of so many that nobody would see.
    pub fn pass_over(&mut self, lines: u64) {
        self.clear();
        self.first += lines;
    }

    /// Bytes on the heap, about.
    pub fn bytes(&self) -> usize {
        self.sealed + self.blocks.back().map_or(0, Block::bytes)
    }

    /// Adds a line: pieces of text with their styles.
    pub fn push<'a>(&mut self, pieces: impl IntoIterator<Item = (&'a str, Style)>, wrapped: bool) {
        if self.limit == 0 {
            self.first += 1;
            return;
        }
        if self.blocks.back().is_none_or(Block::is_full) {
            if let Some(full) = self.blocks.back_mut() {
                full.seal();
                self.sealed += full.bytes();
            }
            self.blocks.push_back(Block::default());
        }
        if let Some(block) = self.blocks.back_mut() {
            block.push(pieces, wrapped);
        }
        self.lines += 1;
        while self.lines > self.limit {
            self.drop_line();
        }
    }

    fn drop_line(&mut self) {
        let Some(block) = self.blocks.front_mut() else { return };
        self.first += 1;
        self.lines -= 1;
        if block.drop_line() {
            self.drop_block();
        }
    }

    fn drop_block(&mut self) {
        let only = self.blocks.len() == 1;
        if let Some(block) = self.blocks.pop_front()
            && !only
        {
            self.sealed -= block.bytes();
        }
    }

    /// Drops the oldest block of lines, to make room for other shells. `false` if little is left.
    pub fn shed(&mut self) -> bool {
        if self.blocks.len() < 2 {
            return false;
        }
        let lines = self.blocks[0].len();
        self.first += lines as u64;
        self.lines -= lines;
        self.drop_block();
        true
    }

    /// Forgets all lines; numbers go on.
    pub fn clear(&mut self) {
        self.first = self.end();
        self.lines = 0;
        self.sealed = 0;
        self.blocks.clear();
    }

    /// Takes the newest line away, because it comes back to the screen.
    pub fn pop(&mut self) -> Option<(Vec<(String, Style)>, bool)> {
        let line = self.line(self.end().checked_sub(1)?)?;
        let popped = (line.pieces().map(|(text, style)| (text.to_owned(), style)).collect(), line.wrapped);
        let block = self.blocks.back_mut()?;
        self.lines -= 1;
        if block.pop() {
            self.blocks.pop_back();
            // The one before is filled on: what it holds is no longer counted as sealed.
            self.sealed -= self.blocks.back().map_or(0, Block::bytes);
        }
        Some(popped)
    }

    /// A line by number; `None` if it is not kept.
    pub fn line(&self, number: u64) -> Option<Kept<'_>> {
        let mut at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        if at >= self.lines {
            return None;
        }
        // From the nearer end; a view is mostly near one of them.
        if at > self.lines / 2 {
            let mut behind = self.lines - at;
            for block in self.blocks.iter().rev() {
                if behind <= block.len() {
                    return Some(block.line(block.len() - behind));
                }
                behind -= block.len();
            }
            return None;
        }
        for block in &self.blocks {
            if at < block.len() {
                return Some(block.line(at));
            }
            at -= block.len();
        }
        None
    }

    /// The styles of all lines, some of them several times.
    pub fn styles(&self) -> impl Iterator<Item = Style> {
        self.blocks.iter().flat_map(|block| block.styles().iter().copied())
    }

    /// All lines, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Kept<'_>> {
        self.blocks.iter().flat_map(|block| (0..block.len()).map(|at| block.line(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::term::style::Colour;

    fn red() -> Style {
        Style { foreground: Colour::Indexed(1), ..Style::default() }
    }

    fn filled(limit: usize, lines: usize) -> History {
        let mut history = History::new(limit);
        for n in 0..lines {
            history.push([(format!("line {n} ").as_str(), Style::default()), ("red", red())], n % 7 == 0);
        }
        history
    }

    #[test]
    fn lines_keep_their_numbers() {
        let history = filled(1_000, 5_000);
        assert_eq!((history.first(), history.len(), history.end()), (4_000, 1_000, 5_000));
        for number in [4_000, 4_001, 4_499, 4_500, 4_501, 4_999] {
            let line = history.line(number).unwrap();
            assert_eq!(line.text, format!("line {number} red"));
            assert_eq!(line.wrapped, number % 7 == 0);
            let pieces: Vec<_> = line.pieces().collect();
            assert_eq!(pieces, [(format!("line {number} ").as_str(), Style::default()), ("red", red())]);
        }
        assert!(history.line(3_999).is_none() && history.line(5_000).is_none());
        assert_eq!(history.iter().count(), 1_000);
        assert_eq!(filled(0, 5).len(), 0);
    }

    #[test]
    fn lines_come_back_and_go() {
        let mut history = filled(1_000, 1_000);
        for number in (400..1_000).rev() {
            let (pieces, _) = history.pop().unwrap();
            assert_eq!(pieces[0].0, format!("line {number} "));
        }
        history.push([("new", Style::default())], false);
        assert_eq!(history.line(400).unwrap().text, "new");
        let recounted: usize = history.blocks.iter().map(Block::bytes).sum();
        assert_eq!(history.bytes(), recounted);
        assert!(history.shed());
        assert!(history.line(400).is_some());
        let recounted: usize = history.blocks.iter().map(Block::bytes).sum();
        assert_eq!(history.bytes(), recounted);
        history.clear();
        assert_eq!((history.len(), history.end(), history.bytes()), (0, 401, 0));
        assert!(history.pop().is_none());
    }

    #[test]
    fn ordinary_text_costs_little() {
        let mut history = History::new(10_000);
        let line = "the quick brown fox jumps over the lazy dog; ".repeat(3);
        for _ in 0..20_000 {
            history.push([(&line[..60], Style::default()), (&line[60..120], red())], false);
        }
        let recounted: usize = history.blocks.iter().map(Block::bytes).sum();
        assert_eq!(history.bytes(), recounted);
        assert!(history.bytes() < 2_000_000, "{} bytes", history.bytes());
    }
}
