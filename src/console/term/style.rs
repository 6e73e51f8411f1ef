//! How a cell looks, and the graphic renditions (SGR) that say so.

/// A colour of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Colour {
    /// The terminal's own.
    #[default]
    Default,
    /// One of the 256 of the palette.
    Indexed(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// Attributes that are on or off, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks(u8);

impl Marks {
    pub const BOLD: Self = Self(1);
    pub const DIM: Self = Self(1 << 1);
    pub const ITALIC: Self = Self(1 << 2);
    pub const UNDERLINE: Self = Self(1 << 3);
    pub const INVERSE: Self = Self(1 << 4);
    pub const STRIKE: Self = Self(1 << 5);
    pub const BLINK: Self = Self(1 << 6);
    /// Those the model has no room for.
    pub(super) const BEYOND_MODEL: Self = Self(Self::STRIKE.0 | Self::BLINK.0);

    /// Whether all of these are on.
    pub fn contains(self, marks: Self) -> bool {
        self.0 & marks.0 == marks.0
    }

    /// These, switched on or off.
    #[must_use]
    pub fn with(self, marks: Self, on: bool) -> Self {
        if on { Self(self.0 | marks.0) } else { Self(self.0 & !marks.0) }
    }

    /// Those that are in both sets.
    pub(super) fn only(self, marks: Self) -> Self {
        Self(self.0 & marks.0)
    }
}

/// A link (OSC 8) of a screen, by number; 0 is none. [`Screen::address`](super::Screen::address) gives its address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Link(pub(super) u16);

impl Link {
    /// A link whose address is none of the web, or no plain one; it is not kept.
    pub const REFUSED: Self = Self(u16::MAX);

    /// Whether there is one.
    pub fn is_some(self) -> bool {
        self.0 != 0
    }

    /// Whether there is one that leads somewhere.
    pub fn leads(self) -> bool {
        self.is_some() && self != Self::REFUSED
    }
}

/// How a cell looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Style {
    pub foreground: Colour,
    pub background: Colour,
    pub marks: Marks,
    pub link: Link,
}

/// Parameters the parser of the model takes; what is longer is written anew.
const MOST_PARAMETERS: usize = 32;

impl Style {
    /// Whether the model has room for all of it.
    pub(super) fn is_of_model(self) -> bool {
        !self.link.is_some() && self.marks.only(Marks::BEYOND_MODEL) == Marks::default()
    }

    /// Follows a graphic rendition of a program; `hidden` says whether hidden text is on, before and after. `true` if the
    /// model reads the rendition in the same way.
    pub(super) fn apply(&mut self, parameters: &[u8], hidden: &mut bool) -> bool {
        let same = self.read(parameters, hidden);
        if let Colour::Rgb(red @ RESERVED, ..) = &mut self.foreground {
            *red += 1;
            return false;
        }
        same
    }

    /// Follows a graphic rendition, which may be one of ours with colours that stand for something else.
    pub(super) fn read(&mut self, parameters: &[u8], hidden: &mut bool) -> bool {
        let mut same = true;
        let mut count = 0;
        let mut rest = Parameters { rest: Some(parameters) };
        while let Some(parameter) = rest.next() {
            count += 1;
            match (parameter.first, parameter.parts()) {
                (0, _) => {
                    *self = Self { link: self.link, ..Self::default() };
                    same &= !std::mem::take(hidden);
                }
                // Bold and faint exclude each other, as in the model.
                (1, _) => self.marks = self.marks.with(Marks::DIM, false).with(Marks::BOLD, true),
                (2, _) => self.marks = self.marks.with(Marks::BOLD, false).with(Marks::DIM, true),
                (3, _) => self.mark(Marks::ITALIC, true),
                (4, 1) => self.mark(Marks::UNDERLINE, true),
                // Every kind of underline is an underline.
                (4, _) => {
                    self.mark(Marks::UNDERLINE, parameter.at(1) != 0);
                    same = false;
                }
                (5 | 6, _) => {
                    self.mark(Marks::BLINK, true);
                    same = false;
                }
                (7, _) => self.mark(Marks::INVERSE, true),
                (8, _) => {
                    *hidden = true;
                    same = false;
                }
                (9, _) => {
                    self.mark(Marks::STRIKE, true);
                    same = false;
                }
                (21, _) => {
                    self.mark(Marks::UNDERLINE, true);
                    same = false;
                }
                (22, _) => self.marks = self.marks.with(Marks::BOLD, false).with(Marks::DIM, false),
                (23, _) => self.mark(Marks::ITALIC, false),
                (24, _) => self.mark(Marks::UNDERLINE, false),
                (25, _) => {
                    self.mark(Marks::BLINK, false);
                    same = false;
                }
                (27, _) => self.mark(Marks::INVERSE, false),
                (28, _) => {
                    *hidden = false;
                    same = false;
                }
                (29, _) => {
                    self.mark(Marks::STRIKE, false);
                    same = false;
                }
                (n @ 30..=37, _) => self.foreground = Colour::Indexed(low(n - 30)),
                (n @ 40..=47, _) => self.background = Colour::Indexed(low(n - 40)),
                (n @ 90..=97, _) => self.foreground = Colour::Indexed(low(n - 82)),
                (n @ 100..=107, _) => self.background = Colour::Indexed(low(n - 92)),
                (39, _) => self.foreground = Colour::Default,
                (49, _) => self.background = Colour::Default,
                (target @ (38 | 48 | 58), 1) => {
                    let mut argument = || {
                        count += 1;
                        rest.next().map_or(0, |parameter| parameter.first)
                    };
                    let kind = argument();
                    let colour = match kind {
                        2 => rgb(argument(), argument(), argument()),
                        5 => indexed(argument()),
                        _ => None,
                    };
                    same &= self.colour(target, colour);
                }
                (target @ (38 | 48 | 58), parts) => {
                    // `38:2::r:g:b` names a colour space that nobody fills in; `38:2:r:g:b` leaves it out.
                    let red = if parts >= 6 { 3 } else { 2 };
                    let colour = match parameter.at(1) {
                        2 => rgb(parameter.at(red), parameter.at(red + 1), parameter.at(red + 2)),
                        5 => indexed(parameter.at(2)),
                        _ => None,
                    };
                    self.colour(target, colour);
                    same = false;
                }
                // A parameter with parts that nobody knows.
                (_, 2..) => same = false,
                _ => {}
            }
        }
        same && count <= MOST_PARAMETERS
    }

    fn mark(&mut self, mark: Marks, on: bool) {
        self.marks = self.marks.with(mark, on);
    }

    /// Sets a colour; that of underlines is not kept. Whether there was one to set.
    fn colour(&mut self, target: u16, colour: Option<Colour>) -> bool {
        match (target, colour) {
            (38, Some(colour)) => self.foreground = colour,
            (48, Some(colour)) => self.background = colour,
            _ => return false,
        }
        true
    }
}

/// The red of colours that stand for something else in the model; see `extras`. Colours of programs keep off it.
pub(super) const RESERVED: u8 = 1;

fn low(n: u16) -> u8 {
    // All callers stay below 16.
    u8::try_from(n).unwrap_or(0)
}

fn rgb(red: u16, green: u16, blue: u16) -> Option<Colour> {
    let (red, green, blue) = (u8::try_from(red).ok()?, u8::try_from(green).ok()?, u8::try_from(blue).ok()?);
    Some(Colour::Rgb(red, green, blue))
}

fn indexed(index: u16) -> Option<Colour> {
    u8::try_from(index).ok().map(Colour::Indexed)
}

/// A parameter, perhaps in parts (`4:3` has two).
struct Parameter<'a> {
    /// The number of the first part.
    first: u16,
    /// The other parts, with the colon before each; empty for nearly all.
    others: &'a [u8],
}

impl Parameter<'_> {
    fn parts(&self) -> usize {
        1 + self.others.iter().filter(|b| **b == b':').count()
    }

    /// The number of a part after the first.
    fn at(&self, index: usize) -> u16 {
        let part = self.others.split(|b| *b == b':').nth(index).unwrap_or_default();
        part.iter().fold(0, digit)
    }
}

fn digit(number: u16, byte: &u8) -> u16 {
    number.saturating_mul(10).saturating_add(u16::from(byte.wrapping_sub(b'0')))
}

/// The parameters of a sequence, in one pass: there are programs that set every cell's.
struct Parameters<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Parameter<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        let mut first = 0;
        for (at, byte) in rest.iter().enumerate() {
            match byte {
                b';' => {
                    self.rest = Some(&rest[at + 1..]);
                    return Some(Parameter { first, others: &[] });
                }
                b':' => {
                    let end = at + rest[at..].iter().position(|b| *b == b';').unwrap_or(rest.len() - at);
                    self.rest = rest.get(end + 1..);
                    return Some(Parameter { first, others: &rest[at..end] });
                }
                byte => first = digit(first, byte),
            }
        }
        self.rest = None;
        Some(Parameter { first, others: &[] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The style after a rendition, whether text is hidden, and whether the model reads it likewise.
    fn after(parameters: &str) -> (Style, bool, bool) {
        let (mut style, mut hidden) = (Style::default(), false);
        let same = style.apply(parameters.as_bytes(), &mut hidden);
        (style, hidden, same)
    }

    #[test]
    fn renditions_are_read() {
        let plain = Style::default();
        let marked = |marks: &[Marks]| {
            let marks = marks.iter().fold(Marks::default(), |all, one| all.with(*one, true));
            Style { marks, ..plain }
        };
        let foreground = |foreground| Style { foreground, ..plain };
        for (parameters, style, hidden, same) in [
            ("", plain, false, true),
            ("1;31", Style { foreground: Colour::Indexed(1), ..marked(&[Marks::BOLD]) }, false, true),
            ("1;2", marked(&[Marks::DIM]), false, true),
            ("4:3", marked(&[Marks::UNDERLINE]), false, false),
            ("4:0", plain, false, false),
            ("4;21;24", plain, false, false),
            ("9;5;3", marked(&[Marks::STRIKE, Marks::BLINK, Marks::ITALIC]), false, false),
            ("9;29;5;25", plain, false, false),
            ("38:2::7:2:3", foreground(Colour::Rgb(7, 2, 3)), false, false),
            ("38:2:7:2:3", foreground(Colour::Rgb(7, 2, 3)), false, false),
            ("38:5:9", foreground(Colour::Indexed(9)), false, false),
            ("38;5;8", foreground(Colour::Indexed(8)), false, true),
            ("38;2;9;8;7", foreground(Colour::Rgb(9, 8, 7)), false, true),
            ("38;2;1;8;7", foreground(Colour::Rgb(2, 8, 7)), false, false),
            ("97;107", Style { background: Colour::Indexed(15), ..foreground(Colour::Indexed(15)) }, false, true),
            ("58;2;8;8;8;58:5:1;7", marked(&[Marks::INVERSE]), false, false),
            ("38;5;300;1", marked(&[Marks::BOLD]), false, false),
            ("38;9", plain, false, false),
            ("8", plain, true, false),
            ("8;28", plain, false, false),
            ("8;0", plain, false, false),
            ("1;4;0;53;99", plain, false, true),
        ] {
            assert_eq!(after(parameters), (style, hidden, same), "{parameters}");
        }
        assert!(!after(&"1;".repeat(40)).2, "the model takes only so many");
    }
}
