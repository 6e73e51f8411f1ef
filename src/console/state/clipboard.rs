//! What is put into the clipboard, and what is said of it. Whether it got there is known only where the terminal is.

use super::{
    State,
    overlay::{Overlay, Then},
};
use crate::{
    config::settings::Clipboard,
    console::{effect::Effect, term::ClipboardPolicy},
};

/// The name of a copy among what is under way.
fn named(copy: u64) -> String {
    format!("copy {copy}")
}

impl State {
    /// The number of a copy that begins.
    pub(super) fn next_copy(&mut self) -> u64 {
        self.copies += 1;
        self.copies
    }

    /// Puts a text into the clipboard and says so; it is taken back if that turns out not to be true.
    pub(super) fn put_into_clipboard(&mut self, text: String, told: impl AsRef<str>, fx: &mut Vec<Effect>) {
        let copy = self.next_copy();
        self.tell_of(named(copy), told);
        fx.push(Effect::Copy { copy, text });
    }

    /// What becomes of what programs on nodes put into the clipboard. Settings that are not in order may make it stricter.
    pub(in crate::console) fn clipboard_policy(&self) -> ClipboardPolicy {
        let in_force = self.settings.clipboard;
        match self.catalogue.doubtful_clipboard().map_or(in_force, |written| in_force.or_stricter(written)) {
            Clipboard::Ask => ClipboardPolicy::Ask,
            Clipboard::Allow => ClipboardPolicy::Allow,
            Clipboard::Deny => ClipboardPolicy::Off,
        }
    }

    /// The settings say what becomes of it: in the shells that are open as well, and of what was asked for before.
    pub(super) fn take_clipboard(&mut self) {
        let policy = self.clipboard_policy();
        for tab in &mut self.shells.tabs {
            tab.terminal.with_screen_mut(|screen| screen.set_clipboard_policy(policy));
            tab.wants_copied.take_if(|_| policy == ClipboardPolicy::Off);
        }
        if policy == ClipboardPolicy::Off {
            let asks = |overlay: &Overlay| matches!(overlay, Overlay::Question(question) if matches!(question.then, Then::Copy { .. }));
            self.overlays.retain(|overlay| !asks(overlay));
        }
    }

    /// The settings are not in order, and may make it stricter than it was before.
    pub(super) fn doubt_clipboard(&mut self, before: ClipboardPolicy) {
        let policy = self.clipboard_policy();
        if policy == before {
            return;
        }
        self.take_clipboard();
        match (policy, self.settings.clipboard) {
            (ClipboardPolicy::Off, _) => {
                self.warn("Programs on nodes put nothing into the clipboard until the settings are in order.");
            }
            (_, Clipboard::Allow) => self
                .warn("What programs on nodes put into the clipboard is asked about until the settings are in order."),
            _ => {}
        }
    }

    /// A copy did not get there, and why.
    pub(super) fn not_copied(&mut self, copy: u64, why: &str) {
        // What was copied of the messages is told in their box alone.
        for overlay in &mut self.overlays {
            if let Overlay::Messages(messages) = overlay {
                messages.copied.take_if(|(_, of_box)| *of_box == copy);
            }
        }
        self.notices.take_back(&named(copy));
        self.warn(why);
    }
}
