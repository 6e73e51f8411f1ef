//! What the scripts on the node say: lines of data, and lines that begin with a hash sign and mean something.

use super::TransferError;

/// The longest line of a node.
const LIMIT: usize = 1024 * 1024;

/// Lines out of pieces that are cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A word of the script and what follows it: `#size 0 10`.
    Says(String, String),
    /// Data.
    Data(Vec<u8>),
}

impl Lines {
    /// Takes a piece and hands on the lines that it ends.
    pub(super) fn take(
        &mut self,
        mut piece: &[u8],
        mut each: impl FnMut(Line) -> Result<(), TransferError>,
    ) -> Result<(), TransferError> {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(&piece[..end]);
            piece = &piece[end + 1..];
            let mut line = std::mem::take(&mut self.rest);
            line.retain(|byte| *byte != b'\r');
            each(read(line))?;
        }
        self.rest.extend_from_slice(piece);
        match self.rest.len() > LIMIT {
            true => Err(TransferError::Node("the node does not answer as it was asked to".to_owned())),
            false => Ok(()),
        }
    }
}

fn read(line: Vec<u8>) -> Line {
    match line.strip_prefix(b"#") {
        Some(words) => {
            let words = String::from_utf8_lossy(words);
            let (word, rest) = words.split_once(' ').unwrap_or((&words, ""));
            Line::Says(word.to_owned(), rest.trim().to_owned())
        }
        None => Line::Data(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_wherever_they_are_cut() {
        let text = b"#size 0 3\r\nYWJj\n#sum x\n";
        for cut in 0..=text.len() {
            let (mut lines, mut got) = (Lines::default(), Vec::new());
            for piece in [&text[..cut], &text[cut..]] {
                lines
                    .take(piece, |line| {
                        got.push(line);
                        Ok(())
                    })
                    .unwrap();
            }
            let says = |word: &str, rest: &str| Line::Says(word.into(), rest.into());
            assert_eq!(got, [says("size", "0 3"), Line::Data(b"YWJj".to_vec()), says("sum", "x")], "cut at {cut}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_an_error() {
        let mut lines = Lines::default();
        let flood = vec![b'x'; 64 * 1024];
        assert!((0..100).any(|_| lines.take(&flood, |_| Ok(())).is_err()));
    }
}
