//! Pasted text as the bytes a terminal sends for it.

use crate::console::term::Modes;

const BEGIN: &str = "\x1b[200~";
const END: &str = "\x1b[201~";

/// The bytes of pasted text. In bracketed paste mode it stands between marks, which it cannot end itself; else its lines
/// end as if they were typed. Control characters other than tabs and line ends are left out: a paste presses no keys.
pub fn paste(text: &str, modes: Modes) -> Vec<u8> {
    let text = text.replace(END, "").replace("\u{9b}201~", "");
    let text = text.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r'));
    if modes.bracketed_paste {
        return format!("{BEGIN}{}{END}", text.collect::<String>()).into_bytes();
    }
    text.collect::<String>().replace("\r\n", "\r").replace('\n', "\r").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_cannot_leave_its_brackets() {
        let modes = Modes { bracketed_paste: true, ..Modes::default() };
        assert_eq!(paste("ls\n\tx", modes), b"\x1b[200~ls\n\tx\x1b[201~");
        for attack in
            ["a\x1b[201~b", "a\u{9b}201~b", "a\x1b[20\x1b[201~1~b", "a\x1b\x1b[201~[201~b", "\x03\x1ba\u{9b}b"]
        {
            let sent = String::from_utf8(paste(attack, modes)).unwrap();
            let inner = sent.strip_prefix(BEGIN).unwrap().strip_suffix(END).unwrap();
            assert!(!inner.contains(char::is_control), "{inner:?}");
        }
    }

    #[test]
    fn without_brackets_lines_end_as_typed() {
        assert_eq!(paste("a\nb\r\nc\x1b[A", Modes::default()), b"a\rb\rc[A");
    }
}
