//! The box with the messages. It stays on what is read in it, whatever is reported meanwhile.

use super::{State, cursor::Cursor, notices::Notice, overlay::Overlay};
use crate::console::effect::Effect;

/// Where one is among the messages, of which the newest stands first.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    /// The message under the cursor.
    pub cursor: Cursor,
    /// The number of that message, and where it stood when it was last looked for.
    on: Option<(u64, usize)>,
    /// The number of the message that was copied last, and that of the copy.
    pub copied: Option<(u64, u64)>,
}

impl State {
    /// Copies the message under the cursor. That is said in the box: a message about it would stand before what is read.
    pub(super) fn copy_message(&mut self, fx: &mut Vec<Effect>) {
        let copy = self.next_copy();
        let Some(Overlay::Messages(messages)) = self.overlays.last_mut() else { return };
        let Some(notice) = self.notices.all().nth(messages.cursor.at) else { return };
        messages.copied = Some((notice.number, copy));
        fx.push(Effect::Copy { copy, text: Notice::whole(notice) });
    }

    /// Follows the message under the cursor to where it stands now.
    pub(super) fn settle_messages(&mut self) {
        let notices = &self.notices;
        let boxes = self.overlays.iter_mut().filter_map(|overlay| match overlay {
            Overlay::Messages(messages) => Some(messages),
            _ => None,
        });
        for Messages { cursor, on, copied } in boxes {
            if let Some((number, at)) = *on
                && cursor.at == at
                && let Some(place) = notices.place(number)
            {
                (cursor.at, cursor.top) = (place, (cursor.top + place).saturating_sub(at));
            }
            *on = notices.all().nth(cursor.at).map(|notice| (notice.number, cursor.at));
            copied.take_if(|(copied, _)| on.is_none_or(|(number, _)| number != *copied));
        }
    }
}
