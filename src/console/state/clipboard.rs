//! What is put into the clipboard, and what is said of it. Whether it got there is known only where the terminal is.

use super::{State, overlay::Overlay};
use crate::console::effect::Effect;

/// The name of a copy among what is under way.
const COPY: &str = "copy";

impl State {
    /// Puts a text into the clipboard and says so; it is taken back if that turns out not to be true.
    pub(super) fn put_into_clipboard(&mut self, text: String, told: impl AsRef<str>, fx: &mut Vec<Effect>) {
        self.tell_of(COPY.to_owned(), told);
        fx.push(Effect::Copy(text));
    }

    /// The last copy did not get there, and why.
    pub(super) fn not_copied(&mut self, why: &str) {
        // What was copied of the messages is told in their box alone.
        let in_box = self.overlays.iter_mut().find_map(|overlay| match overlay {
            Overlay::Messages(messages) => messages.copied.take(),
            _ => None,
        });
        if in_box.is_none() {
            self.notices.take_back(COPY);
        }
        self.warn(why);
    }
}
