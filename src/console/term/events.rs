//! What a program says to the user past the screen: titles, bells, clipboard writes. All of it clean and bounded.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::console::text;

/// Characters of a title that are kept.
const LONGEST_TITLE: usize = 80;
/// Base64 bytes of a clipboard write; a longer one is dropped.
const LARGEST_COPY: usize = 100 * 1024;

/// Base64 as programs write it: with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether a program may write the user's clipboard. It may never read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClipboardPolicy {
    /// Writes are dropped.
    Off,
    /// Each write is put to the user.
    #[default]
    Ask,
    /// Writes are carried out.
    Allow,
}

/// Something a program wants the user to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A new title: without control and reordering characters, at most 80 characters, possibly empty.
    Title(String),
    /// The bell rang so many times.
    Bell(u64),
    /// Text for the clipboard, after consent if `ask`. As the program wrote it: never print it raw.
    Copy { text: String, ask: bool },
    /// The screen began again because its content could not be shown.
    Restarted,
}

/// What waits to be told. Holds at most one of each kind, whatever a program sends.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Whether clipboard writes are told.
    pub policy: ClipboardPolicy,
    title: Option<String>,
    copy: Option<String>,
    restarted: bool,
}

impl Pending {
    /// A title from a program; the clean one.
    pub fn title(&mut self, raw: &[u8]) -> String {
        let title = clean_title(&String::from_utf8_lossy(raw));
        self.title = Some(title.clone());
        title
    }

    /// The arguments of a clipboard command: `selection;base64`. Reading (`?`) and clearing are refused in silence.
    pub fn clipboard(&mut self, arguments: &[u8]) {
        let Some(split) = arguments.iter().position(|b| *b == b';') else { return };
        let data = &arguments[split + 1..];
        if self.policy == ClipboardPolicy::Off || data.is_empty() || data.len() > LARGEST_COPY {
            return;
        }
        if let Ok(bytes) = BASE64.decode(data) {
            self.copy = Some(String::from_utf8_lossy(&bytes).into_owned());
        }
    }

    /// The model began again.
    pub fn restarted(&mut self) {
        self.restarted = true;
    }

    /// Everything since the last call; `bells` are those rung.
    pub fn take(&mut self, bells: u64) -> Vec<Event> {
        let ask = self.policy == ClipboardPolicy::Ask;
        [
            std::mem::take(&mut self.restarted).then_some(Event::Restarted),
            self.title.take().map(Event::Title),
            (bells > 0).then_some(Event::Bell(bells)),
            self.copy.take().map(|text| Event::Copy { text, ask }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn clean_title(raw: &str) -> String {
    text::clean(raw).chars().take(LONGEST_TITLE).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_clean_and_short() {
        let mut pending = Pending::default();
        assert_eq!(pending.title("me\u{202e}@\u{9b}31mhost\u{7f} ".as_bytes()), "me@host");
        assert_eq!(pending.title("x".repeat(5_000).as_bytes()).len(), LONGEST_TITLE);
        assert_eq!(pending.take(3), [Event::Title("x".repeat(80)), Event::Bell(3)]);
        assert_eq!(pending.take(0), []);
    }

    #[test]
    fn the_clipboard_is_written_under_the_policy_and_never_read() {
        let mut pending = Pending::default();
        for refused in [&b"c;?"[..], b"c;", b"c", b"c;%%%", &[b"c;".as_slice(), &[b'A'; LARGEST_COPY + 4]].concat()] {
            pending.clipboard(refused);
            assert_eq!(pending.take(0), []);
        }
        pending.clipboard(b"c;aGVsbG8");
        assert_eq!(pending.take(0), [Event::Copy { text: "hello".into(), ask: true }]);
        pending.policy = ClipboardPolicy::Off;
        pending.clipboard(b"c;aGVsbG8=");
        assert_eq!(pending.take(0), []);
    }
}
