//! Two looks at parameters, from the two sides of a split screen. Where both look at those of one origin the list is there once:
//! the side that is in front has it.

use super::{GROWTH, Parameters};
use crate::console::{origin::Origin, state::State};

impl Parameters {
    /// Changes places with the pane of the other side, which gets the list if it is of the same origin.
    pub fn turn(&mut self, other: &mut Self) {
        std::mem::swap(self, other);
        if self.origin == other.origin {
            self.take_list(other);
        }
    }

    /// Takes the list over, and what is known of fetching it.
    fn take_list(&mut self, from: &mut Self) {
        std::mem::swap(&mut self.feed, &mut from.feed);
        std::mem::swap(&mut self.names, &mut from.names);
        let revision = self.names.revision();
        // While pages land, the rows are made anew as seldom as on the side that fetches them.
        let untidy = self.names.untidy();
        let grown = untidy == 0 || untidy * GROWTH >= self.names.sorted().len();
        if self.seen != revision && grown {
            (self.outdated, self.seen) = (true, revision);
        }
        from.seen = revision;
    }
}

impl State {
    /// Shows the parameters of another origin. Those there were stay with the other side if it shows them; if it shows the new
    /// ones, their list is there already.
    pub(in crate::console::state) fn look_at_parameters(&mut self, origin: Origin) {
        let here = &mut self.parameters;
        let mut beside = self.split.parameters_beside();
        if let Some(beside) = beside.as_deref_mut().filter(|beside| beside.origin == here.origin) {
            beside.take_list(here);
        }
        here.look_at(origin);
        if let Some(beside) = beside.filter(|beside| beside.origin == origin) {
            here.take_list(beside);
        }
    }

    /// Parameters of an origin were changed: the other side fetches what it shows of them again.
    pub(in crate::console::state) fn outdate_parameters_beside(&mut self, origin: Origin) {
        let shared = self.parameters.origin == origin;
        self.on_other_side(|state| {
            if state.parameters.origin == origin {
                if !shared {
                    state.parameters.feed.asked = None;
                }
                state.parameters.refresh_details();
            }
        });
    }
}
