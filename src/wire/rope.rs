//! Bytes that lie in pieces: what is put together of headers and large payloads need not be copied for it.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

/// Pieces of a stream, one after the other, none of them empty.
#[derive(Clone, Debug, Default)]
pub struct Rope {
    pieces: VecDeque<Bytes>,
    length: usize,
}

impl Rope {
    /// Adds a piece at the end.
    pub fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.length += piece.len();
            self.pieces.push_back(piece);
        }
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl Buf for Rope {
    fn remaining(&self) -> usize {
        self.length
    }

    fn chunk(&self) -> &[u8] {
        self.pieces.front().map_or(&[], |piece| piece)
    }

    fn advance(&mut self, mut count: usize) {
        count = count.min(self.length);
        self.length -= count;
        while let Some(piece) = self.pieces.front_mut() {
            if piece.len() > count {
                piece.advance(count);
                break;
            }
            count -= piece.len();
            self.pieces.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_one_stream() {
        let mut rope = Rope::default();
        for piece in ["ab", "", "cde", "f"] {
            rope.push(Bytes::from_static(piece.as_bytes()));
        }
        assert_eq!((rope.len(), rope.chunk()), (6, &b"ab"[..]));
        rope.advance(3);
        assert_eq!(rope.copy_to_bytes(2), &b"de"[..]);
        assert_eq!((rope.len(), rope.chunk()), (1, &b"f"[..]));
        rope.advance(1);
        assert!(rope.is_empty() && rope.chunk().is_empty());
    }
}
