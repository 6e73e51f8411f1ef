//! Output of programs and of shells as lines.

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthChar;

use super::{Edit, Piece, Printable};

/// Columns a tab stop is apart in plain output.
const TAB: usize = 8;
/// No line of output is kept longer than this many columns. A document of JSON is often one line.
const LONGEST_LINE: usize = 4 * 1024 * 1024;
/// Nobody edits a line that is longer: what would be moved costs more than it says.
const LONGEST_EDITED: usize = 4 * 1024;
/// No terminal in which somebody types is narrower.
const NARROWEST: usize = 20;
/// So many characters at the beginning tell whether a row is the one before it, drawn again.
const ALIKE: usize = 8;
/// The second column of a wide character.
const COVERED: char = '\0';

/// Output of a program as the lines one would have seen: sequences dropped, tabs expanded, what follows a carriage return or a
/// backspace written over what stood there (progress bars keep their last state), what is inserted and erased in a line too.
pub fn plain_lines(text: &str) -> Vec<String> {
    lines(text, false)
}

/// What a shell has shown, as [`plain_lines`] has it, but that a command which went on in the next row of the terminal is one
/// line and whole. Its editor writes a blank and a carriage return at the right edge to get there.
pub fn shown_lines(text: &str) -> Vec<String> {
    lines(text, true)
}

fn lines(text: &str, typed: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = Line::default();
    let mut returned = false;
    let mut pieces = Printable::new(text);
    while let Some(piece) = pieces.piece() {
        match piece {
            Piece::Char('\n') => {
                lines.push(std::mem::take(&mut line).finish());
                returned = false;
                continue;
            }
            Piece::Char('\r') if !returned => {
                returned = true;
                continue;
            }
            _ => {}
        }
        if std::mem::take(&mut returned) {
            let next = match piece {
                Piece::Char(c) if typed => line.next_row(Some(c), &pieces),
                Piece::Edit(Edit::EraseRest | Edit::EraseBelow) if typed => line.next_row(None, &pieces),
                _ => None,
            };
            match next {
                Some(Next::Row) => line.wrap(),
                Some(Next::Prompt) => lines.push(std::mem::take(&mut line).finish().trim_end().to_owned()),
                None => line.begin_again(),
            }
        }
        match piece {
            Piece::Char('\r') => returned = true,
            Piece::Char('\t') => line.tab(),
            Piece::Char(c) => line.put(c),
            Piece::Edit(edit) => line.edit(edit),
        }
    }
    if !line.cells.is_empty() {
        lines.push(line.finish());
    }
    lines
}

/// Where what follows a return stands, if not where the return seems to lead.
enum Next {
    /// In the next row: what is typed goes on there.
    Row,
    /// In the next row: a prompt begins there, behind output that did not end its line.
    Prompt,
}

/// A line under way. It may take several rows of the terminal, of which only those are known that somebody typed to the end.
#[derive(Default)]
struct Line {
    /// What stands in each column.
    cells: Vec<char>,
    /// Marks without a width, by the column that they stand over.
    marks: BTreeMap<usize, String>,
    /// The column where one writes, and that where its row begins.
    at: usize,
    row: usize,
    /// How many columns a row has, once that is known.
    wide: Option<usize>,
    /// Whether something was written over.
    again: bool,
}

impl Line {
    fn put(&mut self, c: char) {
        if self.at >= LONGEST_LINE {
            if self.cells.len() == self.at {
                self.cells.push('…');
            }
            return;
        }
        match c.width().unwrap_or(0) {
            0 => self.marks.entry(self.at.saturating_sub(1)).or_default().push(c),
            1 => self.set(c),
            _ => {
                self.set(c);
                self.set(COVERED);
            }
        }
    }

    /// Puts something into a column and goes to the next one.
    fn set(&mut self, c: char) {
        if let Some(cell) = self.cells.get_mut(self.at) {
            let before = std::mem::replace(cell, c);
            if !self.marks.is_empty() {
                self.marks.remove(&self.at);
            }
            // Half a wide character is none.
            let other = if before == COVERED { self.at.checked_sub(1) } else { Some(self.at + 1) };
            let is_wide = |c: char| c.width().unwrap_or(0) > 1;
            match other.and_then(|other| self.cells.get_mut(other)) {
                Some(half) if before == COVERED && c != COVERED && is_wide(*half) => *half = ' ',
                Some(half) if *half == COVERED && is_wide(before) => *half = ' ',
                _ => {}
            }
        } else {
            self.cells.push(c);
        }
        self.at += 1;
    }

    fn tab(&mut self) {
        let pad = TAB - (self.at - self.row) % TAB;
        for _ in 0..pad {
            // A tab moves over what stands there.
            if self.at < self.cells.len() { self.at += 1 } else { self.put(' ') }
        }
    }

    fn edit(&mut self, edit: Edit) {
        let rest = self.cells.len() - self.at;
        match edit {
            Edit::Left(n) => self.at = self.at.saturating_sub(n).max(self.row),
            Edit::Right(n) => self.at += n.min(rest),
            Edit::Up(n) => {
                let column = self.at - self.row;
                match self.wide {
                    Some(wide) => self.row = self.row.saturating_sub(wide.saturating_mul(n)),
                    None => return,
                }
                self.at = self.row + column;
            }
            Edit::Insert(_) | Edit::Delete(_) if self.cells.len() > LONGEST_EDITED => {}
            Edit::Insert(n) if rest > 0 => {
                self.marks.clear();
                self.cells.splice(self.at..self.at, std::iter::repeat_n(' ', n.min(LONGEST_EDITED)));
            }
            Edit::Delete(n) => {
                self.marks.clear();
                self.cells.drain(self.at..self.at + n.min(rest));
            }
            Edit::Insert(_) => {}
            // What stands in the rows below is not erased with this one.
            Edit::EraseRest if self.wide.is_some_and(|wide| self.row + wide < self.cells.len()) => {
                let end = self.row + self.wide.unwrap_or_default();
                self.cells[self.at.min(end)..end].fill(' ');
            }
            Edit::EraseRest | Edit::EraseBelow => {
                self.cells.truncate(self.at);
                self.marks.split_off(&self.at);
            }
            Edit::EraseRow => {
                self.cells.truncate(self.at);
                self.cells[self.row..].fill(' ');
                self.marks.split_off(&self.row);
            }
        }
    }

    /// What comes is written from the beginning of the row, over what stands there.
    fn begin_again(&mut self) {
        self.again |= self.at > self.row;
        self.at = self.row;
    }

    /// Whether what follows a return, perhaps this character first, stands elsewhere than in this row.
    fn next_row(&self, first: Option<char>, rest: &Printable<'_>) -> Option<Next> {
        let (last, before) = self.cells[self.row..].split_last()?;
        let is_edge = *last == ' ' && self.at == self.cells.len() && before.len() >= NARROWEST;
        let mut comes = first.into_iter().chain(rest.clone()).take_while(|c| *c != '\n').peekable();
        comes.peek().filter(|_| is_edge)?;
        if first == Some(' ') && rest.clone().next() == Some('\r') {
            // So zsh begins each prompt: a mark where a line was not ended, blanks up to the edge, and back.
            let text = before.iter().rposition(|c| *c != ' ').map_or(before, |last| &before[..=last]);
            return (!matches!(text, ['%' | '#'])).then_some(Next::Prompt);
        }
        if let Some(wide) = self.wide {
            return (before.len() == wide).then_some(Next::Row);
        }
        // Progress often ends with a blank as well; all that changes in it are numbers.
        let kind = |c: char| if c.is_ascii_digit() || c == ' ' { '0' } else { c };
        let again = comes.map(kind).take(ALIKE).eq(before.iter().copied().map(kind).take(ALIKE));
        (!again).then_some(Next::Row)
    }

    /// Goes on in the next row, without the blank that led there.
    fn wrap(&mut self) {
        self.cells.pop();
        self.at = self.cells.len();
        self.wide = Some(self.at - self.row);
        self.row = self.at;
    }

    fn finish(self) -> String {
        let mut out = String::with_capacity(self.cells.len());
        if self.marks.is_empty() {
            out.extend(self.cells.iter().filter(|c| **c != COVERED));
        } else {
            for (column, c) in self.cells.iter().enumerate() {
                if *c != COVERED {
                    out.push(*c);
                }
                out.push_str(self.marks.get(&column).map_or("", String::as_str));
            }
        }
        if self.again {
            // Blanks that covered something longer say nothing.
            out.truncate(out.trim_end_matches(' ').len());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::text::width;

    #[test]
    fn an_endless_string_sequence_stops_at_the_line() {
        assert_eq!(plain_lines("\u{1b}]0;never closed\nnext\n"), ["", "next"]);
    }

    #[test]
    fn output_reads_as_it_was_seen() {
        assert_eq!(plain_lines("10%\r50%\r100%\ndone\r\na\tb"), ["100%", "done", "a       b"]);
    }

    #[test]
    fn a_document_that_is_one_line_is_whole() {
        for (word, columns) in [("abc\t", 8), ("\u{1b}[31m漢\t", 8), ("x", 1)] {
            let lines = plain_lines(&word.repeat(300_000));
            assert_eq!((lines.len(), width(&lines[0])), (1, columns * 300_000));
            assert!(!lines[0].ends_with('…'));
        }
        assert!(plain_lines(&"x".repeat(LONGEST_LINE + 1))[0].ends_with("x…"), "there is an end to it");
    }

    #[test]
    fn what_a_return_leads_back_to_stays_as_far_as_nothing_is_written_over_it() {
        assert_eq!(plain_lines("checking disks\rok\n"), ["okecking disks"]);
        assert_eq!(plain_lines("checking disks\r\u{1b}[Kok\n"), ["ok"]);
        assert_eq!(plain_lines("checking disks\rok\u{1b}[0K\r\r\n"), ["ok"]);
        assert_eq!(plain_lines("checking disks\u{1b}[2K\rok\n"), ["ok"]);
        assert_eq!(plain_lines("漢字 of it\ra\n"), ["a 字 of it"]);
        assert_eq!(plain_lines("漢字 of it\rab字\n"), ["ab字 of it"]);
        assert_eq!(plain_lines("e\u{301}te\u{301}\ra\n"), ["ate\u{301}"]);
        assert_eq!(plain_lines("50% of it   \r100%        \rdone\n"), ["done"]);
        assert_eq!(plain_lines("one\r\u{1b}[?2004l\rtwo"), ["two"]);
        // A row that is drawn again and again costs what it shows.
        let bar = "\rgetting it 42%".repeat(1_000_000);
        assert_eq!(plain_lines(&format!("{}{bar}\rgot it    ", "x".repeat(20))), ["got it     42%xxxxxx"]);
    }

    #[test]
    fn a_command_that_went_on_in_the_next_row_is_whole() {
        let prompt = "\u{1b}[?2004h\u{1b}[32mops@web-1\u{1b}[0m:~$ ";
        let command =
            "cp /etc/passwd /tmp/x && 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 && rm -r /srv/www/old";
        let all = format!("ops@web-1:~$ {command}");
        for wide in [24, 30, 31, 40, 56, 80] {
            let mut typed = prompt.to_owned();
            for (n, c) in command.chars().enumerate() {
                typed.push(c);
                if (14 + n) % wide == 0 {
                    typed.push_str(" \r");
                }
            }
            typed.push_str("\r\n\u{1b}[?2004l\rdone\r\n");
            assert_eq!(shown_lines(&typed), [all.as_str(), "done"], "{wide} columns");
        }
    }

    #[test]
    fn a_command_reads_as_its_editor_left_it() {
        // As bash writes it: a slip that is taken back, and a command that is pasted or fetched again and drawn once more.
        assert_eq!(shown_lines("$ cd /tmq\u{8}\u{1b}[Kp\r\n"), ["$ cd /tmp"]);
        assert_eq!(shown_lines("$ rm x\u{8}\u{1b}[3@-r \r\n"), ["$ rm -r x"]);
        assert_eq!(shown_lines("$ abc\u{8}\u{8}\u{8}\u{1b}[1Pxy\u{1b}[C\r\n"), ["$ xy"]);
        let command = "echo one two three four five six seven eight nine ten eleven";
        let drawn = format!("$ \u{1b}[7m{command}\u{1b}[27m\u{1b}[A\r\u{1b}[C\u{1b}[C{command}\r\n");
        assert_eq!(shown_lines(&drawn), [format!("$ {command}")]);
    }

    #[test]
    fn progress_in_a_shell_is_its_last_state() {
        let bars = "\r      1,024  10%  1.20MB/s  0:00:09  \r      2,048  20%  1.31MB/s  0:00:08  ";
        assert_eq!(shown_lines(&format!("sent\n{bars}\n"))[1].trim(), "2,048  20%  1.31MB/s  0:00:08");
        assert_eq!(shown_lines("10% \r20% \r100%\n"), ["100%"]);
    }

    #[test]
    fn a_prompt_that_begins_a_row_of_its_own_hides_no_output() {
        let prompt = |wide: usize| format!("\u{1b}[7m%\u{1b}[m{}\r \r\r\u{1b}[Jhost% ", " ".repeat(wide - 1));
        let text = format!("the secret{}ls\r\n{}", prompt(80), prompt(80));
        assert_eq!(shown_lines(&text), ["the secret%", "host% ls", "host%"]);
    }
}
