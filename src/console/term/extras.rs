//! What the cells of the model have no room for: struck out and blinking text, and links.
//!
//! The model keeps a foreground colour for every cell. A cell with more to say gets a colour that stands for an entry of a
//! table: the true colour and what else there is. Such colours have a red of [`RESERVED`]; a program's own colours are moved
//! off it by one in `style`, which nobody sees.
//!
//! A table that is full is swept: what no cell, no line that scrolled away and no style in force uses makes room for others.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::style::{Colour, Link, Marks, RESERVED, Style};

/// Entries at most, so that a number fits into a green and a blue. Past that, extras are left out.
const MOST: usize = 0xffff;
/// Addresses at most; the last number is that of [`Link::REFUSED`].
const MOST_LINKS: usize = 0xfffe;
/// Bytes of addresses at most; a link that goes beyond is plain text.
const MOST_ADDRESSES: usize = 1024 * 1024;
/// Bytes of one address at most.
const LONGEST_ADDRESS: usize = 2_048;
/// What must be left out for want of room before a sweep that freed little is followed by another: it costs a walk over
/// everything that is kept.
const PATIENCE: usize = 4_096;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Entry {
    colour: Colour,
    marks: Marks,
    link: Link,
}

/// The table.
#[derive(Debug)]
pub(super) struct Extras {
    entries: Vec<Entry>,
    numbers: HashMap<Entry, u16>,
    /// Numbers of entries that are no longer used.
    spare: Vec<u16>,
    addresses: Vec<Option<Arc<str>>>,
    links: HashMap<Arc<str>, u16>,
    /// Numbers of addresses that are no longer used.
    spare_links: Vec<u16>,
    bytes: usize,
    /// What was left out for want of room since the last sweep.
    left_out: usize,
}

/// What is still used of a table.
#[derive(Debug, Default)]
pub(super) struct Used {
    entries: HashSet<u16>,
    links: HashSet<Link>,
}

impl Used {
    /// A foreground colour of the model.
    pub fn colour(&mut self, foreground: Colour) {
        if let Colour::Rgb(RESERVED, green, blue) = foreground {
            self.entries.insert(u16::from_be_bytes([green, blue]));
        }
    }

    /// A style outside the model.
    pub fn style(&mut self, style: Style) {
        self.links.insert(style.link);
    }
}

impl Default for Extras {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            numbers: HashMap::new(),
            spare: Vec::new(),
            addresses: Vec::new(),
            links: HashMap::new(),
            spare_links: Vec::new(),
            bytes: 0,
            left_out: PATIENCE,
        }
    }
}

impl Extras {
    /// The foreground colour by which the model keeps a style.
    pub fn encode(&mut self, style: Style) -> Colour {
        let entry = Entry { colour: style.foreground, marks: style.marks.only(Marks::BEYOND_MODEL), link: style.link };
        if entry.marks == Marks::default() && !entry.link.is_some() {
            return style.foreground;
        }
        let number = self.numbers.get(&entry).copied().or_else(|| self.enter(entry));
        number.map_or(style.foreground, |number| {
            let [green, blue] = number.to_be_bytes();
            Colour::Rgb(RESERVED, green, blue)
        })
    }

    fn enter(&mut self, entry: Entry) -> Option<u16> {
        let number = match self.spare.pop() {
            Some(number) => {
                self.entries[usize::from(number)] = entry;
                number
            }
            None if self.entries.len() < MOST => {
                self.entries.push(entry);
                u16::try_from(self.entries.len() - 1).ok()?
            }
            None => {
                self.left_out += 1;
                return None;
            }
        };
        self.numbers.insert(entry, number);
        Some(number)
    }

    /// Whether a sweep is worth its cost: there is little room, and much was left out.
    pub fn wants_sweep(&self) -> bool {
        let full = self.entries.len() >= MOST && self.spare.is_empty()
            || self.bytes + LONGEST_ADDRESS > MOST_ADDRESSES
            || self.addresses.len() >= MOST_LINKS && self.spare_links.is_empty();
        full && self.left_out >= PATIENCE
    }

    /// Forgets what is not used; `in_force` are styles that were, or may be, written with.
    pub fn sweep(&mut self, mut used: Used, in_force: &[Style]) {
        for style in in_force {
            used.style(*style);
            used.colour(self.encode(*style));
        }
        let before = (self.numbers.len(), self.bytes);
        let (entries, links) = (&self.entries, &mut used.links);
        links.extend(used.entries.iter().filter_map(|number| Some(entries.get(usize::from(*number))?.link)));
        let Self { numbers, spare, .. } = self;
        numbers.retain(|_, number| {
            let kept = used.entries.contains(number);
            if !kept {
                spare.push(*number);
            }
            kept
        });
        for (at, slot) in self.addresses.iter_mut().enumerate() {
            let Some(number) = u16::try_from(at + 1).ok().filter(|number| !used.links.contains(&Link(*number))) else {
                continue;
            };
            if let Some(address) = slot.take() {
                self.bytes -= address.len();
                self.links.remove(&address);
                self.spare_links.push(number);
            }
        }
        let much = self.numbers.len() < before.0 / 2 || self.bytes < before.1 / 2;
        self.left_out = if much { PATIENCE } else { 0 };
    }

    /// The style of what the model keeps: its colours, and the attributes it knows.
    pub fn decode(&self, foreground: Colour, background: Colour, marks: Marks) -> Style {
        let plain = Style { foreground, background, marks, link: Link::default() };
        let Colour::Rgb(RESERVED, green, blue) = foreground else { return plain };
        let Some(entry) = self.entries.get(usize::from(u16::from_be_bytes([green, blue]))) else { return plain };
        Style { foreground: entry.colour, background, marks: marks.with(entry.marks, true), link: entry.link }
    }

    /// The number of a link to an address: [`Link::REFUSED`] if it is not one of the web, none if there is no more room.
    pub fn link(&mut self, address: &str) -> Link {
        let web = address.starts_with("http://") || address.starts_with("https://");
        if !web || address.len() > LONGEST_ADDRESS || address.bytes().any(|b| !matches!(b, 0x21..=0x7e)) {
            return Link::REFUSED;
        }
        if let Some(number) = self.links.get(address) {
            return Link(*number);
        }
        let room = self.bytes + address.len() <= MOST_ADDRESSES;
        let number = match if room { self.spare_links.pop() } else { None } {
            Some(number) => number,
            None if room && self.addresses.len() < MOST_LINKS => {
                self.addresses.push(None);
                u16::try_from(self.addresses.len()).unwrap_or(0)
            }
            None => {
                self.left_out += 1;
                return Link::default();
            }
        };
        let address: Arc<str> = address.into();
        self.bytes += address.len();
        self.addresses[usize::from(number) - 1] = Some(Arc::clone(&address));
        self.links.insert(address, number);
        Link(number)
    }

    /// The address of a link.
    pub fn address(&self, link: Link) -> Option<&Arc<str>> {
        self.addresses.get(usize::from(link.0).checked_sub(1)?)?.as_ref()
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
            assert_eq!(extras.link(refused), Link::REFUSED, "{refused}");
        }
        assert_eq!(extras.link(&format!("https://{}", "a".repeat(LONGEST_ADDRESS))), Link::REFUSED);
        assert_eq!(extras.address(Link::REFUSED), None);
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
    fn what_is_used_survives_a_sweep_and_the_rest_makes_room() {
        let mut extras = Extras::default();
        let linked = |link| Style { link, ..Style::default() };
        let [cell, line, pen, none] =
            ["cell", "line", "pen", "none"].map(|name| extras.link(&format!("https://example.com/{name}")));
        let (on_cell, dead) = (extras.encode(linked(cell)), extras.encode(linked(none)));
        let mut used = Used::default();
        used.colour(on_cell);
        used.style(linked(line));
        extras.sweep(used, &[linked(pen)]);
        let has = |extras: &Extras, link| extras.address(link).map(|address| address.to_string());
        assert_eq!(has(&extras, cell).as_deref(), Some("https://example.com/cell"));
        assert_eq!(has(&extras, line).as_deref(), Some("https://example.com/line"));
        assert_eq!(has(&extras, pen).as_deref(), Some("https://example.com/pen"));
        assert_eq!(has(&extras, none), None);
        assert_eq!(extras.decode(on_cell, Colour::Default, Marks::default()), linked(cell));
        let new = extras.link("https://example.com/new");
        assert_eq!((new, extras.encode(linked(new))), (none, dead), "numbers are used again");
        assert_eq!(extras.bytes, "https://example.com/".len() * 4 + "celllinepennew".len());
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
