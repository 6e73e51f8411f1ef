//! A set of nodes by their place in the list of all nodes.

/// The set. Copying it costs a bit for each node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
    count: usize,
}

impl Bits {
    /// Whether a place is in it.
    pub fn has(&self, at: usize) -> bool {
        self.words.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// Puts a place in or takes it out.
    pub fn set(&mut self, at: usize, is_in: bool) {
        if self.has(at) == is_in {
            return;
        }
        if self.words.len() <= at / 64 {
            self.words.resize(at / 64 + 1, 0);
        }
        self.words[at / 64] ^= 1 << (at % 64);
        self.count = if is_in { self.count + 1 } else { self.count.saturating_sub(1) };
    }

    /// Places in it.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Empties it.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The places in it, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(|(at, word)| {
            let word = *word;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit)
        })
    }

    /// The same nodes after they moved: `to` has the new place of each, or `None` if it is gone.
    pub fn moved(&self, to: impl Fn(usize) -> Option<usize>) -> Self {
        let mut moved = Self::default();
        self.iter().filter_map(to).for_each(|at| moved.set(at, true));
        moved
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(steps in proptest::collection::vec((0usize..200, any::<bool>()), 0..60)) {
            let (mut bits, mut set) = (Bits::default(), BTreeSet::new());
            for (at, is_in) in steps {
                bits.set(at, is_in);
                if is_in { set.insert(at); } else { set.remove(&at); }
                prop_assert_eq!(bits.len(), set.len());
                prop_assert_eq!(bits.has(at), is_in);
            }
            prop_assert_eq!(bits.iter().collect::<Vec<_>>(), set.iter().copied().collect::<Vec<_>>());
            let halves = bits.moved(|at| at.is_multiple_of(2).then_some(at / 2));
            prop_assert_eq!(halves.len(), set.iter().filter(|at| at.is_multiple_of(2)).count());
        }
    }
}
