//! Character sets a program can choose from: ASCII and DEC's line drawing, in four slots.

/// DEC special graphics for 0x5f to 0x7e.
const LINE_DRAWING: [char; 32] = [
    '\u{a0}', '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼', '⎽', '├',
    '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
];

/// What is designated to G0 to G3 and which of them is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Charsets {
    drawing: [bool; 4],
    active: usize,
}

impl Charsets {
    /// Designates a set to a slot: `0` is line drawing, any other set counts as ASCII.
    pub fn designate(&mut self, slot: usize, set: u8) {
        self.drawing[slot & 3] = set == b'0';
    }

    /// Brings a slot into use.
    pub fn shift(&mut self, slot: usize) {
        self.active = slot & 3;
    }

    /// Whether characters stand for themselves.
    pub fn is_plain(&self) -> bool {
        !self.drawing[self.active]
    }

    /// What a character stands for.
    pub fn map(&self, c: char) -> char {
        match c {
            '_'..='~' if !self.is_plain() => LINE_DRAWING[c as usize - '_' as usize],
            _ => c,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_of_a_dialog() {
        let mut sets = Charsets::default();
        sets.designate(1, b'0');
        assert_eq!(sets.map('q'), 'q');
        sets.shift(1);
        let frame: String = "lqk x x mqj tun vw a`~Z".chars().map(|c| sets.map(c)).collect();
        assert_eq!(frame, "┌─┐ │ │ └─┘ ├┤┼ ┴┬ ▒◆·Z");
        sets.designate(1, b'B');
        assert!(sets.is_plain());
    }
}
