//! Links that programs on nodes show. A node chose where they lead, so nothing is done with one before the user has seen
//! the whole address and said yes.

use std::sync::Arc;

use crate::console::{
    effect::Effect,
    opener,
    state::{
        State,
        overlay::{Question, Then},
    },
    text::clean,
};

impl State {
    /// Asks what to do with the link at a place of the shown shell. `false` if there is none.
    pub(in crate::console::state) fn ask_link(&mut self, (row, column): (u16, u16)) -> bool {
        let Some(tab) = self.shells.current() else { return false };
        let (link, address) = tab.terminal.with_screen(|screen| {
            let link = screen.link_at(row, column);
            (link, screen.address(link))
        });
        if !link.is_some() {
            return false;
        }
        let address: Arc<str> = match opener::address(address.as_deref().unwrap_or_default()) {
            Ok(address) => address.into(),
            Err(refusal) => {
                self.warn(refusal);
                return true;
            }
        };
        // What matters most comes first: the address may be longer than the window.
        let mut lines = vec![format!("a program on {} shows this link to {}", tab.name, clean(opener::host(&address)))];
        let whole = [String::new(), clean(&address)];
        let question = match &self.opener {
            Ok(opener) => {
                lines.push(format!("{} opens it.", clean(opener.name())));
                lines.extend(whole);
                Question::new("Open this link?", lines, Then::OpenLink(Arc::clone(&address)))
                    .or_copy(Then::CopyLink(address))
            }
            Err(reason) => {
                lines.push(format!("It cannot be opened from here: {reason}. It can be copied."));
                lines.extend(whole);
                Question::new("Copy this link?", lines, Then::CopyLink(address))
            }
        };
        self.pose(question);
        true
    }

    /// Opens a link the user has seen and agreed to.
    pub(in crate::console::state) fn open_link(&mut self, address: Arc<str>, fx: &mut Vec<Effect>) {
        let Ok(opener) = self.opener.clone() else { return self.copy_link(&address, fx) };
        self.tell(format!("{} is told to open it.", clean(opener.name())));
        fx.push(Effect::OpenLink { opener, address });
    }

    /// Puts the address of a link into the clipboard.
    pub(in crate::console::state) fn copy_link(&mut self, address: &str, fx: &mut Vec<Effect>) {
        self.put_into_clipboard(address.to_owned(), "Copied the address of the link.", fx);
    }
}
