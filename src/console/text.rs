//! Text from elsewhere, made fit for cells: no control character, no escape sequence, no invisible or reordering mark
//! comes past here. Also widths, cutting and wrapping, all by what a terminal shows.

use std::{cell::Cell, time::Duration};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

mod lines;

pub use lines::{plain_lines, shown_lines};

/// One line: sequences dropped, line ends and tabs become spaces.
pub fn clean(text: &str) -> String {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in Printable::new(text) {
        out.push(if matches!(c, '\n' | '\t' | '\r') { ' ' } else { c });
    }
    out
}

/// The characters of a text without control characters and escape sequences; line feed, return and tab stay.
#[derive(Clone)]
struct Printable<'a> {
    chars: std::iter::Peekable<std::str::Chars<'a>>,
}

/// What a text consists of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// What [`Printable`] gives.
    Char(char),
    /// Something that an editor of lines does to the line it stands in.
    Edit(Edit),
}

/// Moves of the place in a line, and what changes the line there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edit {
    Left(usize),
    Right(usize),
    Up(usize),
    Insert(usize),
    Delete(usize),
    EraseRest,
    EraseBelow,
    EraseRow,
}

impl<'a> Printable<'a> {
    fn new(text: &'a str) -> Self {
        Self { chars: text.chars().peekable() }
    }

    /// The next character, or what is done to a line.
    fn piece(&mut self) -> Option<Piece> {
        loop {
            let edit = match self.chars.next()? {
                c @ ('\n' | '\r' | '\t') => return Some(Piece::Char(c)),
                '\u{8}' => Some(Edit::Left(1)),
                '\u{1b}' => self.sequence(),
                '\u{9b}' => self.csi(),
                '\u{90}' | '\u{9d}' | '\u{98}' | '\u{9e}' | '\u{9f}' => self.string(),
                c if c.is_control() || is_invisible(c) => None,
                c => return Some(Piece::Char(c)),
            };
            if let Some(edit) = edit {
                return Some(Piece::Edit(edit));
            }
        }
    }

    /// Takes what follows an ESC.
    fn sequence(&mut self) -> Option<Edit> {
        match self.chars.next() {
            Some('[') => return self.csi(),
            Some(']' | 'P' | 'X' | '^' | '_') => return self.string(),
            Some(' '..='/') => {
                while self.chars.next_if(|c| (' '..='/').contains(c)).is_some() {}
                self.chars.next();
            }
            _ => {}
        }
        None
    }

    fn csi(&mut self) -> Option<Edit> {
        let mut given = Some(None);
        while let Some(c) = self.chars.next_if(|c| (' '..='?').contains(c)) {
            let digit = c.to_digit(10).and_then(|digit| usize::try_from(digit).ok());
            given = given.zip(digit).map(|(before, digit): (Option<usize>, _)| {
                Some(before.unwrap_or(0).saturating_mul(10).saturating_add(digit))
            });
        }
        let what = self.chars.next_if(|c| ('@'..='~').contains(c))?;
        let given = given?;
        let times = given.unwrap_or(1).max(1);
        match (what, given) {
            ('A', _) => Some(Edit::Up(times)),
            ('C', _) => Some(Edit::Right(times)),
            ('D', _) => Some(Edit::Left(times)),
            ('@', _) => Some(Edit::Insert(times)),
            ('P', _) => Some(Edit::Delete(times)),
            ('K', None | Some(0)) => Some(Edit::EraseRest),
            ('J', None | Some(0)) => Some(Edit::EraseBelow),
            ('K', Some(2)) => Some(Edit::EraseRow),
            _ => None,
        }
    }

    /// A string sequence ends with BEL or ST. One that never ends must not swallow the text: it stops at a line feed.
    fn string(&mut self) -> Option<Edit> {
        while let Some(c) = self.chars.next_if(|c| *c != '\n') {
            match c {
                '\u{7}' | '\u{9c}' => break,
                '\u{1b}' if self.chars.next_if_eq(&'\\').is_some() => break,
                _ => {}
            }
        }
        None
    }
}

impl Iterator for Printable<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        loop {
            if let Piece::Char(c) = self.piece()? {
                return Some(c);
            }
        }
    }
}

/// Marks that show nothing or turn the text around. The joiners stay, since emoji and scripts need them.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'
        | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Columns a text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { UnicodeWidthStr::width(text) }
}

/// The text cut to a width, with a mark where something was cut.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = prefix(text, columns.saturating_sub(1));
    if columns > 0 {
        out.push('…');
    }
    out
}

/// The text cut in the middle, so that beginning and end stay: for paths and ids.
pub fn cut_middle(text: &str, columns: usize) -> String {
    if width(text) <= columns || columns < 5 {
        return cut(text, columns);
    }
    let head = (columns - 1) / 2;
    let mut tail = String::new();
    for grapheme in text.graphemes(true).rev() {
        if width(&tail) + width(grapheme) > columns - 1 - head {
            break;
        }
        tail.insert_str(0, grapheme);
    }
    format!("{}…{tail}", prefix(text, head))
}

/// As many whole graphemes as fit.
pub fn prefix(text: &str, columns: usize) -> String {
    if text.is_ascii() {
        return text.get(..columns).unwrap_or(text).to_owned();
    }
    let mut used = 0;
    text.graphemes(true)
        .take_while(|grapheme| {
            used += width(grapheme);
            used <= columns
        })
        .collect()
}

/// The text without its first columns. A wide character that is cut in two leaves a space.
pub fn skip(text: &str, columns: usize) -> String {
    if columns == 0 {
        return text.to_owned();
    }
    if text.is_ascii() {
        return text.get(columns..).unwrap_or_default().to_owned();
    }
    let mut out = String::new();
    let mut passed = 0;
    for grapheme in text.graphemes(true) {
        if passed >= columns {
            out.push_str(grapheme);
        } else {
            passed += width(grapheme);
            out.extend(std::iter::repeat_n(' ', passed.saturating_sub(columns)));
        }
    }
    out
}

/// The text in exactly this many columns.
pub fn fit(text: &str, columns: usize) -> String {
    let mut out = cut(text, columns);
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&out))));
    out
}

/// The text in lines of at most this many columns, broken between words where possible.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let gap = usize::from(!line.is_empty());
            if width(&line) + gap + width(word) <= columns {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(word);
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            let mut rest = word.to_owned();
            while width(&rest) > columns {
                let head = prefix(&rest, columns);
                if head.is_empty() {
                    break;
                }
                rest = rest.split_off(head.len());
                lines.push(head);
            }
            line = rest;
        }
        lines.push(line);
    }
    lines
}

/// A number with its noun: `1 node`, `1,024 nodes`.
pub fn count(n: usize, noun: &str) -> String {
    let plural = match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    };
    format!("{} {}", thousands(n), if n == 1 { noun } else { &plural })
}

/// `1024` as `1,024`.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of bytes: `512 B`, `1.4 kB`, `23 MB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    let mut tenths = u128::from(n) * 10;
    let mut unit = "B";
    for next in UNITS {
        if tenths < 10_000 {
            break;
        }
        (tenths, unit) = (tenths / 1_000, next);
    }
    match unit {
        "B" => format!("{n} B"),
        _ if tenths < 100 => format!("{}.{} {unit}", tenths / 10, tenths % 10),
        _ => format!("{} {unit}", tenths / 10),
    }
}

thread_local! {
    /// Inside [`watching`]: when the first of the spans of time so far reads differently.
    static CHANGES: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// Does the work and tells in how long the first of the spans of time that it wrote reads differently; at most [`LATEST`].
/// So nobody draws again before there is something to see.
pub fn watching<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let before = CHANGES.replace(Some(LATEST));
    let done = work();
    let changes = CHANGES.replace(before);
    (done, changes.unwrap_or(LATEST))
}

/// A text that is on the screen changes in so long.
pub fn changes_in(time: Duration) {
    CHANGES.set(CHANGES.get().map(|first| first.min(time)));
}

/// As long as a screen without any span of time may stand.
pub const LATEST: Duration = Duration::from_secs(3_600);

/// A time that grows, such as an age, in its largest unit and in the steps in which it matters: `4s`, `20s`, `3m`, `2h`, `5d`.
pub fn span(duration: Duration) -> String {
    in_units(stepped(duration))
}

/// The last step of a time that grows: what it reads as until the next one.
fn stepped(duration: Duration) -> Duration {
    let step = match duration.as_secs() {
        10..=59 => Duration::from_secs(10),
        _ => unit_of(duration),
    };
    let into = over(duration, step);
    changes_in(step - into);
    duration - into
}

/// A time that is left, which is counted: `43s`, `3m`.
pub fn left(duration: Duration) -> String {
    changes_in(over(duration, unit_of(duration)) + Duration::from_millis(1));
    in_units(duration)
}

/// A time in seconds that is left, rounded up: one of which something is left is not over.
pub fn seconds_left(duration: Duration) -> u64 {
    let whole = over(duration, Duration::from_secs(1));
    if !duration.is_zero() {
        changes_in(if whole.is_zero() { Duration::from_secs(1) } else { whole });
    }
    duration.as_secs() + u64::from(!whole.is_zero())
}

/// The same in words, for what is waited for: `4 s`, `20 s`, `3 min`.
pub fn seconds(duration: Duration) -> String {
    match stepped(duration).as_secs() {
        seconds @ 0..=59 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

/// The unit a span is written in.
fn unit_of(duration: Duration) -> Duration {
    Duration::from_secs(match duration.as_secs() {
        0..=59 => 1,
        60..=3_599 => 60,
        3_600..=172_799 => 3_600,
        _ => 86_400,
    })
}

/// How much of another step there is. Steps are whole seconds.
fn over(duration: Duration, step: Duration) -> Duration {
    Duration::new(duration.as_secs() % step.as_secs().max(1), duration.subsec_nanos())
}

fn in_units(duration: Duration) -> String {
    match duration.as_secs() {
        s @ 0..=59 => format!("{s}s"),
        s @ 60..=3_599 => format!("{}m", s / 60),
        s @ 3_600..=172_799 => format!("{}h", s / 3_600),
        s => format!("{}d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_raw_comes_through() {
        assert_eq!(clean("a\u{1b}[31mb\u{1b}]0;title\u{7}c\u{9b}2Jd\u{0}\u{202e}e\nf"), "abcde f");
        assert_eq!(clean("\u{1b}Pq payload \u{1b}\\x"), "x");
        assert_eq!(clean("plain"), "plain");
    }

    #[test]
    fn ten_megabytes_of_sequences_are_harmless() {
        let text = "\u{1b}[31m\u{1b}]8;;x\u{7}\u{1b}P\u{1b}[?1049h".repeat(400_000);
        assert!(text.len() > 8_000_000);
        assert!(plain_lines(&text).iter().all(|line| line.chars().all(|c| !c.is_control())));
    }

    #[test]
    fn a_screen_stands_until_a_span_on_it_reads_differently() {
        let at = Duration::from_millis;
        for (age, changes) in
            [(4_900, 100), (9_000, 1_000), (13_400, 6_600), (59_000, 1_000), (200_000, 40_000), (7_200_000, 3_600_000)]
        {
            let (text, changed) = watching(|| span(at(age)));
            assert_eq!(changed, at(changes).min(LATEST));
            assert_eq!(span(at(age) + at(changes) - at(1)), text);
            assert_ne!(span(at(age) + at(changes)), text);
        }
        for (time, changes) in [(4_900, 901), (61_000, 1_001), (200_000, 20_001)] {
            let (text, changed) = watching(|| left(at(time)));
            assert_eq!((changed, left(at(time) - at(changes) + at(1))), (at(changes), text));
        }
        for (time, changes, told) in [(4_900, 900, 5), (4_000, 1_000, 4), (1, 1, 1)] {
            assert_eq!(watching(|| seconds_left(at(time))), (told, at(changes)));
            assert_eq!(seconds_left(at(time) - at(changes)), told - 1);
        }
        assert_eq!(watching(|| seconds_left(at(0))), (0, LATEST));
        assert_eq!(watching(|| (span(at(90_000)), span(at(100)))).1, at(900));
        assert_eq!(watching(|| ()).1, LATEST);
    }

    #[test]
    fn cutting_counts_columns() {
        assert_eq!((skip("abc", 2).as_str(), skip("abc", 9).as_str()), ("c", ""));
        assert_eq!(cut("漢字漢字", 5), "漢字…");
        assert_eq!(cut("漢字漢字", 4), "漢…");
        assert_eq!(width(&fit("e\u{301}tude 漢字", 7)), 7);
        assert_eq!(skip("漢字abc", 1), " 字abc");
        assert_eq!(cut_middle("mi-0123456789abcdef0", 9), "mi-0…def0");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        let sizes = [0, 999, 1_000, 9_949, 12_300, 999_999, 1_000_000, 5_250_000_000].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "9.9 kB", "12 kB", "999 kB", "1.0 MB", "5.2 GB"]);
        assert_eq!(count(1, "node"), "1 node");
        assert_eq!(count(12_345, "reply"), "12,345 replies");
    }
}
