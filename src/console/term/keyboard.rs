//! Which keyboard protocol a program asked for: kitty's flags on a stack for each screen, and xterm's modifyOtherKeys.

use super::sequence::Sequence;

/// Flags a program can get without help of the user's terminal: keys that are ambiguous are told apart.
const DISAMBIGUATE: u8 = 1;
/// Entries of a stack; the oldest gives way.
const DEEPEST: usize = 16;

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Keyboard {
    /// One stack for the primary and one for the alternate screen. The last entry is in force.
    stacks: [Vec<u8>; 2],
    /// Flags that can be kept; others are not taken on.
    pub able: u8,
    /// 0, 1 or 2.
    pub modify_other_keys: u8,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self { stacks: [Vec::new(), Vec::new()], able: DISAMBIGUATE, modify_other_keys: 0 }
    }
}

impl Keyboard {
    /// The flags in force.
    pub fn flags(&self, alternate: bool) -> u8 {
        self.stacks[usize::from(alternate)].last().copied().unwrap_or(0) & self.able
    }

    /// Begins anew; what can be kept stays.
    pub fn reset(&mut self) {
        *self = Self { able: self.able, ..Self::default() };
    }

    /// Forgets what programs of one screen asked for.
    pub fn forget(&mut self, alternate: bool) {
        self.stacks[usize::from(alternate)].clear();
    }

    /// `CSI > flags u`, `CSI < count u` and `CSI = flags ; mode u`.
    pub fn take(&mut self, sequence: Sequence<'_>, alternate: bool) {
        let able = self.able;
        let stack = &mut self.stacks[usize::from(alternate)];
        let mut numbers = sequence.numbers();
        let first = numbers.next().unwrap_or(0);
        let flags = u8::try_from(first).unwrap_or(0) & able;
        match sequence.prefix {
            b'>' => {
                if stack.len() == DEEPEST {
                    stack.remove(0);
                }
                stack.push(flags);
            }
            b'<' => stack.truncate(stack.len().saturating_sub(usize::from(first.max(1)))),
            b'=' => {
                if stack.is_empty() {
                    stack.push(0);
                }
                if let Some(now) = stack.last_mut() {
                    match numbers.next().unwrap_or(1) {
                        0 | 1 => *now = flags,
                        2 => *now |= flags,
                        3 => *now &= !flags,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}
