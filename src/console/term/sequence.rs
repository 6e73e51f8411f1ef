//! A control sequence taken apart.

/// A control sequence (`ESC [ … final`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sequence<'a> {
    /// One of `<`, `=`, `>`, `?`, or 0.
    pub prefix: u8,
    /// The parameter bytes: digits, `;` and `:`.
    pub parameters: &'a [u8],
    /// The intermediate byte, or 0.
    pub intermediate: u8,
    /// The final byte.
    pub last: u8,
}

impl<'a> Sequence<'a> {
    /// Takes a whole sequence apart; `None` if it is malformed and so means nothing.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&last, body) = bytes.strip_prefix(b"\x1b[")?.split_last()?;
        let (prefix, body) = match body.first() {
            Some(&prefix @ b'<'..=b'?') => (prefix, &body[1..]),
            _ => (0, body),
        };
        let end = body.iter().position(|b| !matches!(b, b'0'..=b';')).unwrap_or(body.len());
        let (parameters, rest) = body.split_at(end);
        let intermediate = match rest {
            [] => 0,
            [one @ b' '..=b'/'] => *one,
            _ => return None,
        };
        Some(Self { prefix, parameters, intermediate, last })
    }

    /// The parameters; a missing one is 0, of one with parts the first part counts.
    pub fn numbers(&self) -> impl Iterator<Item = u16> + 'a {
        self.parameters.split(|b| *b == b';').map(first_part)
    }

    /// The first parameter; `default` if it is missing or 0.
    pub fn count(&self, default: u16) -> u16 {
        self.numbers().next().filter(|n| *n != 0).unwrap_or(default)
    }
}

/// The first part of a parameter (`4:3` has two), 0 if missing, the largest number if too large.
fn first_part(parameter: &[u8]) -> u16 {
    let digits = parameter.iter().take_while(|b| **b != b':');
    digits.fold(0, |n: u16, digit| n.saturating_mul(10).saturating_add(u16::from(digit.wrapping_sub(b'0'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_taken_apart() {
        let parsed = Sequence::parse(b"\x1b[?2026;;70000$p").unwrap();
        assert_eq!((parsed.prefix, parsed.intermediate, parsed.last), (b'?', b'$', b'p'));
        assert_eq!(parsed.numbers().collect::<Vec<_>>(), [2026, 0, u16::MAX]);
        assert_eq!(Sequence::parse(b"\x1b[H").unwrap().count(1), 1);
        assert_eq!(Sequence::parse(b"\x1b[1?h"), None);
        assert_eq!(Sequence::parse(b"\x1b[1$$p"), None);
    }
}
