//! What the cells of the model have no room for: struck out and blinking text, and links.
//!
//! The model keeps a foreground colour for every cell. A cell with more to say gets a colour that stands for an entry of a
//! table: the true colour and what else there is. Such colours have a red of [`RESERVED`]; a program's own colours are moved
//! off it by one in `style`, which nobody sees.

use std::{collections::HashMap, sync::Arc};

use super::style::{Colour, Link, Marks, RESERVED, Style};

/// Entries at most, so that a number fits into a green and a blue. Past that, extras are left out until the next reset.
const MOST: usize = 0xffff;
/// Bytes of addresses at most; a link that goes beyond is plain text.
const MOST_ADDRESSES: usize = 1024 * 1024;
/// Bytes of one address at most.
const LONGEST_ADDRESS: usize = 2_048;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Entry {
    colour: Colour,
    marks: Marks,
    link: Link,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Extras {
    entries: Vec<Entry>,
    numbers: HashMap<Entry, u16>,
    addresses: Vec<Arc<str>>,
    links: HashMap<Arc<str>, u16>,
    bytes: usize,
}

impl Extras {
    /// The foreground colour by which the model keeps a style.
    pub fn encode(&mut self, style: Style) -> Colour {
        let entry = Entry { colour: style.foreground, marks: style.marks.only(Marks::BEYOND_MODEL), link: style.link };
        if entry.marks == Marks::default() && !entry.link.is_some() {
            return style.foreground;
        }
        let number = self.numbers.get(&entry).copied().or_else(|| {
            let number = u16::try_from(self.entries.len()).ok().filter(|_| self.entries.len() < MOST)?;
            self.entries.push(entry);
            self.numbers.insert(entry, number);
            Some(number)
        });
        number.map_or(style.foreground, |number| {
            let [green, blue] = number.to_be_bytes();
            Colour::Rgb(RESERVED, green, blue)
        })
    }

    /// The style of what the model keeps: its colours, and the attributes it knows.
    pub fn decode(&self, foreground: Colour, background: Colour, marks: Marks) -> Style {
        let plain = Style { foreground, background, marks, link: Link::default() };
        let Colour::Rgb(RESERVED, green, blue) = foreground else { return plain };
        let Some(entry) = self.entries.get(usize::from(u16::from_be_bytes([green, blue]))) else { return plain };
        Style { foreground: entry.colour, background, marks: marks.with(entry.marks, true), link: entry.link }
    }

    /// The number of a link to an address; none if it is not one of the web, or there is no more room.
    pub fn link(&mut self, address: &str) -> Link {
        let web = address.starts_with("http://") || address.starts_with("https://");
        if !web || address.len() > LONGEST_ADDRESS || address.bytes().any(|b| !matches!(b, 0x21..=0x7e)) {
            return Link::default();
        }
        if let Some(number) = self.links.get(address) {
            return Link(*number);
        }
        let Ok(number) = u16::try_from(self.addresses.len() + 1) else { return Link::default() };
        if self.bytes + address.len() > MOST_ADDRESSES {
            return Link::default();
        }
        let address: Arc<str> = address.into();
        self.bytes += address.len();
        self.addresses.push(Arc::clone(&address));
        self.links.insert(address, number);
        Link(number)
    }

    /// The address of a link.
    pub fn address(&self, link: Link) -> Option<&Arc<str>> {
        self.addresses.get(usize::from(link.0).checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let mut extras = Extras::default();
        let link = extras.link("https://example.com/");
        let struck = Style {
            foreground: Colour::Rgb(1, 2, 3),
            background: Colour::Indexed(4),
            marks: Marks::STRIKE.with(Marks::BLINK, true).with(Marks::BOLD, true),
            link,
        };
        let kept = extras.encode(struck);
        assert_eq!(extras.decode(kept, Colour::Indexed(4), Marks::BOLD), struck);
        assert_eq!(extras.encode(struck), kept);
    }

    #[test]
    fn links_are_those_of_the_web_and_bounded() {
        let mut extras = Extras::default();
        for refused in ["file:///etc/passwd", "javascript:alert(1)", "https://a\u{202e}b", "http://a b", ""] {
            assert_eq!(extras.link(refused), Link::default(), "{refused}");
        }
        assert_eq!(extras.link(&format!("https://{}", "a".repeat(LONGEST_ADDRESS))), Link::default());
        for n in 0..100_000 {
            extras.link(&format!("https://example.com/{n}/{}", "a".repeat(100)));
        }
        assert!(extras.bytes <= MOST_ADDRESSES);
        assert_eq!(
            extras.link(&format!("https://example.com/{}", "b".repeat(200))),
            Link::default(),
            "no room is left"
        );
    }

    #[test]
    fn a_full_table_leaves_colours() {
        let mut extras = Extras::default();
        let style = |n: u32| Style {
            foreground: Colour::Rgb(9, n.to_be_bytes()[2], n.to_be_bytes()[3]),
            marks: Marks::STRIKE,
            background: Colour::Indexed(n.to_be_bytes()[1]),
            ..Style::default()
        };
        for n in 0..0x1_0000 {
            extras.encode(style(n));
        }
        assert!(extras.entries.len() <= MOST);
        let late = Style { foreground: Colour::Indexed(7), marks: Marks::STRIKE, ..Style::default() };
        assert_eq!(extras.encode(late), Colour::Indexed(7));
    }
}
