//! A control sequence taken apart, and the rewriting of graphic renditions (SGR) to what the model reads.

use std::fmt::Write as _;

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
        self.parameters.split(|b| *b == b';').map(|parameter| part(parameter, 0))
    }

    /// The first parameter; `default` if it is missing or 0.
    pub fn count(&self, default: u16) -> u16 {
        self.numbers().next().filter(|n| *n != 0).unwrap_or(default)
    }
}

/// A part of a parameter (`4:3` has two), 0 if missing, the largest number if too large.
fn part(parameter: &[u8], index: usize) -> u16 {
    let digits = parameter.split(|b| *b == b':').nth(index).unwrap_or_default();
    digits.iter().fold(0, |n: u16, digit| n.saturating_mul(10).saturating_add(u16::from(digit.wrapping_sub(b'0'))))
}

/// Rewrites a graphic rendition to what the model reads, into `out` (emptied first). Hidden text is not among that:
/// `hidden` says whether it is on, before and after. `out` stays empty if nothing is left to say.
pub(super) fn rendition(parameters: &[u8], hidden: &mut bool, out: &mut String) {
    out.clear();
    let mut rest = parameters.split(|b| *b == b';');
    while let Some(parameter) = rest.next() {
        let parts = parameter.iter().filter(|b| **b == b':').count() + 1;
        match (part(parameter, 0), parts) {
            (8, _) => *hidden = true,
            (28, _) => *hidden = false,
            (0, _) => {
                *hidden = false;
                say(out, 0);
            }
            // Every kind of underline is an underline.
            (4, 2..) if part(parameter, 1) == 0 => say(out, 24),
            (4 | 21, _) => say(out, 4),
            (target @ (38 | 48 | 58), 1) => {
                let mut argument = || rest.next().map_or(0, |parameter| part(parameter, 0));
                match argument() {
                    2 => colour(out, target, &[2, argument(), argument(), argument()]),
                    5 => colour(out, target, &[5, argument()]),
                    _ => {}
                }
            }
            (target @ (38 | 48 | 58), _) => {
                // `38:2::r:g:b` names a colour space that nobody fills in; `38:2:r:g:b` leaves it out.
                let red = if parts >= 6 { 3 } else { 2 };
                match part(parameter, 1) {
                    2 => colour(
                        out,
                        target,
                        &[2, part(parameter, red), part(parameter, red + 1), part(parameter, red + 2)],
                    ),
                    5 => colour(out, target, &[5, part(parameter, 2)]),
                    _ => {}
                }
            }
            (other, _) => say(out, other),
        }
    }
    if !out.is_empty() {
        out.insert_str(0, "\x1b[");
        out.push('m');
    }
}

/// A colour, unless it is that of underlines, which the model does not have.
fn colour(out: &mut String, target: u16, arguments: &[u16]) {
    if target != 58 {
        say(out, target);
        arguments.iter().for_each(|argument| say(out, *argument));
    }
}

fn say(out: &mut String, number: u16) {
    let separator = if out.is_empty() { "" } else { ";" };
    // Writing to a string cannot fail.
    let _ = write!(out, "{separator}{number}");
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

    #[test]
    fn renditions_are_rewritten() {
        let mut out = String::new();
        for (from, to, hides) in [
            ("", "0", false),
            ("1;31", "1;31", false),
            ("4:3", "4", false),
            ("4:0;21", "24;4", false),
            ("38:2::1:2:3;48:5:9", "38;2;1;2;3;48;5;9", false),
            ("38:2:1:2:3", "38;2;1;2;3", false),
            ("38;5;8;1", "38;5;8;1", false),
            ("58;2;8;8;8;58:5:1;7", "7", false),
            ("8", "", true),
            ("1;8;28;8", "1", true),
            ("8;0", "0", false),
        ] {
            let mut hidden = false;
            rendition(from.as_bytes(), &mut hidden, &mut out);
            let expected = if to.is_empty() { String::new() } else { format!("\x1b[{to}m") };
            assert_eq!((out.as_str(), hidden), (expected.as_str(), hides), "{from}");
        }
    }
}
