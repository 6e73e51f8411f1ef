//! Keys as the bytes an xterm sends for them; see [`mouse`] and [`paste`] for what else goes to a program.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers};

use super::Modes;

mod extended;
pub mod mouse;
mod pasting;

pub use pasting::paste;

/// How a functional key is written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// `ESC [ X`, in application cursor mode `ESC O X`.
    Cursor(char),
    /// `ESC O X` in any mode.
    Function(char),
    /// `ESC [ n ~`.
    Number(u8),
}

/// The functional keys. With modifiers all of the first two forms are `ESC [ 1 ; m X`, the third is `ESC [ n ; m ~`.
const FUNCTIONAL: [(KeyCode, Form); 22] = [
    (KeyCode::Up, Form::Cursor('A')),
    (KeyCode::Down, Form::Cursor('B')),
    (KeyCode::Right, Form::Cursor('C')),
    (KeyCode::Left, Form::Cursor('D')),
    (KeyCode::Home, Form::Cursor('H')),
    (KeyCode::End, Form::Cursor('F')),
    (KeyCode::Insert, Form::Number(2)),
    (KeyCode::Delete, Form::Number(3)),
    (KeyCode::PageUp, Form::Number(5)),
    (KeyCode::PageDown, Form::Number(6)),
    (KeyCode::F(1), Form::Function('P')),
    (KeyCode::F(2), Form::Function('Q')),
    (KeyCode::F(3), Form::Function('R')),
    (KeyCode::F(4), Form::Function('S')),
    (KeyCode::F(5), Form::Number(15)),
    (KeyCode::F(6), Form::Number(17)),
    (KeyCode::F(7), Form::Number(18)),
    (KeyCode::F(8), Form::Number(19)),
    (KeyCode::F(9), Form::Number(20)),
    (KeyCode::F(10), Form::Number(21)),
    (KeyCode::F(11), Form::Number(23)),
    (KeyCode::F(12), Form::Number(24)),
];

/// Keypad keys in application keypad mode: what they print, and `X` of the `ESC O X` they send.
const KEYPAD: [(char, char); 16] = [
    ('0', 'p'),
    ('1', 'q'),
    ('2', 'r'),
    ('3', 's'),
    ('4', 't'),
    ('5', 'u'),
    ('6', 'v'),
    ('7', 'w'),
    ('8', 'x'),
    ('9', 'y'),
    ('*', 'j'),
    ('+', 'k'),
    (',', 'l'),
    ('-', 'm'),
    ('.', 'n'),
    ('/', 'o'),
];

/// The bytes of a key; empty if it has none, and for its release unless a program asked for that.
pub fn encode(key: KeyEvent, modes: Modes) -> Vec<u8> {
    let extended = match (modes.keyboard_flags, modes.modify_other_keys) {
        (1.., _) => extended::kitty(key, modes),
        (0, 1..) if key.kind != KeyEventKind::Release => extended::modified(key, modes),
        _ => None,
    };
    if let Some(bytes) = extended {
        return bytes;
    }
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    if modes.application_keypad
        && key.state.contains(KeyEventState::KEYPAD)
        && key.modifiers.is_empty()
        && let Some(last) = keypad(key.code)
    {
        return format!("\x1bO{last}").into_bytes();
    }
    if let Some((_, form)) = FUNCTIONAL.iter().find(|(code, _)| *code == key.code) {
        return functional(*form, modifier(key.modifiers), modes.application_cursor).into_bytes();
    }
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let bytes = match key.code {
        KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => b"\x1b[Z".to_vec(),
        KeyCode::BackTab => b"\x1b[Z".to_vec(),
        KeyCode::Tab => b"\t".to_vec(),
        KeyCode::Enter if modes.newline => b"\r\n".to_vec(),
        KeyCode::Enter => b"\r".to_vec(),
        KeyCode::Backspace if ctrl => b"\x08".to_vec(),
        KeyCode::Backspace => b"\x7f".to_vec(),
        KeyCode::Esc => b"\x1b".to_vec(),
        KeyCode::Char(c) => match control(c).filter(|_| ctrl) {
            Some(byte) => vec![byte],
            None => c.to_string().into_bytes(),
        },
        _ => return Vec::new(),
    };
    if key.modifiers.contains(KeyModifiers::ALT) { [b"\x1b", bytes.as_slice()].concat() } else { bytes }
}

/// What gaining or losing focus sends; empty unless the program wants it.
pub fn focus(gained: bool, modes: Modes) -> &'static [u8] {
    match (modes.focus_events, gained) {
        (false, _) => b"",
        (true, true) => b"\x1b[I",
        (true, false) => b"\x1b[O",
    }
}

/// xterm's number for modifiers: 1 for none, shift 1, alt 2 and control 4 on top.
fn modifier(modifiers: KeyModifiers) -> u8 {
    1 + u8::from(modifiers.contains(KeyModifiers::SHIFT))
        + 2 * u8::from(modifiers.contains(KeyModifiers::ALT))
        + 4 * u8::from(modifiers.contains(KeyModifiers::CONTROL))
}

fn functional(form: Form, modifier: u8, application: bool) -> String {
    match (form, modifier) {
        (Form::Cursor(last), 1) if application => format!("\x1bO{last}"),
        (Form::Cursor(last), 1) => format!("\x1b[{last}"),
        (Form::Function(last), 1) => format!("\x1bO{last}"),
        (Form::Cursor(last) | Form::Function(last), _) => format!("\x1b[1;{modifier}{last}"),
        (Form::Number(n), 1) => format!("\x1b[{n}~"),
        (Form::Number(n), _) => format!("\x1b[{n};{modifier}~"),
    }
}

fn keypad(code: KeyCode) -> Option<char> {
    match code {
        KeyCode::Enter => Some('M'),
        KeyCode::Char(c) => KEYPAD.iter().find(|(printed, _)| *printed == c).map(|(_, last)| *last),
        _ => None,
    }
}

/// The control character of a key with control; `None` if it has none and is sent as it is.
fn control(c: char) -> Option<u8> {
    let byte = u8::try_from(c).ok()?;
    match byte {
        b'@'..=b'_' | b'a'..=b'~' => Some(byte & 0x1f),
        b' ' | b'2' => Some(0),
        b'3'..=b'7' => Some(byte - b'3' + 0x1b),
        b'8' | b'?' => Some(0x7f),
        b'/' => Some(0x1f),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: KeyModifiers = KeyModifiers::NONE;
    const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
    const ALT: KeyModifiers = KeyModifiers::ALT;
    const CTRL: KeyModifiers = KeyModifiers::CONTROL;

    fn sent(code: KeyCode, modifiers: KeyModifiers, modes: Modes) -> String {
        String::from_utf8(encode(KeyEvent::new(code, modifiers), modes)).unwrap().replace('\x1b', "^[")
    }

    #[test]
    fn functional_keys_are_those_of_xterm() {
        let plain = Modes::default();
        let application = Modes { application_cursor: true, ..plain };
        for (code, normal, app, shift, all) in [
            (KeyCode::Up, "^[[A", "^[OA", "^[[1;2A", "^[[1;8A"),
            (KeyCode::Down, "^[[B", "^[OB", "^[[1;2B", "^[[1;8B"),
            (KeyCode::Right, "^[[C", "^[OC", "^[[1;2C", "^[[1;8C"),
            (KeyCode::Left, "^[[D", "^[OD", "^[[1;2D", "^[[1;8D"),
            (KeyCode::Home, "^[[H", "^[OH", "^[[1;2H", "^[[1;8H"),
            (KeyCode::End, "^[[F", "^[OF", "^[[1;2F", "^[[1;8F"),
            (KeyCode::PageUp, "^[[5~", "^[[5~", "^[[5;2~", "^[[5;8~"),
            (KeyCode::PageDown, "^[[6~", "^[[6~", "^[[6;2~", "^[[6;8~"),
            (KeyCode::Insert, "^[[2~", "^[[2~", "^[[2;2~", "^[[2;8~"),
            (KeyCode::Delete, "^[[3~", "^[[3~", "^[[3;2~", "^[[3;8~"),
            (KeyCode::F(1), "^[OP", "^[OP", "^[[1;2P", "^[[1;8P"),
            (KeyCode::F(4), "^[OS", "^[OS", "^[[1;2S", "^[[1;8S"),
            (KeyCode::F(5), "^[[15~", "^[[15~", "^[[15;2~", "^[[15;8~"),
            (KeyCode::F(6), "^[[17~", "^[[17~", "^[[17;2~", "^[[17;8~"),
            (KeyCode::F(10), "^[[21~", "^[[21~", "^[[21;2~", "^[[21;8~"),
            (KeyCode::F(11), "^[[23~", "^[[23~", "^[[23;2~", "^[[23;8~"),
            (KeyCode::F(12), "^[[24~", "^[[24~", "^[[24;2~", "^[[24;8~"),
        ] {
            assert_eq!(sent(code, NONE, plain), normal);
            assert_eq!(sent(code, NONE, application), app);
            assert_eq!(sent(code, SHIFT, application), shift);
            assert_eq!(sent(code, SHIFT | ALT | CTRL, plain), all);
        }
        assert_eq!(sent(KeyCode::Left, ALT, plain), "^[[1;3D");
        assert_eq!(sent(KeyCode::Left, CTRL, plain), "^[[1;5D");
    }

    #[test]
    fn editing_keys_and_characters() {
        let modes = Modes::default();
        for (code, modifiers, expected) in [
            (KeyCode::Enter, NONE, "\r"),
            (KeyCode::Enter, ALT, "^[\r"),
            (KeyCode::Tab, NONE, "\t"),
            (KeyCode::BackTab, SHIFT, "^[[Z"),
            (KeyCode::Tab, SHIFT, "^[[Z"),
            (KeyCode::Backspace, NONE, "\x7f"),
            (KeyCode::Backspace, CTRL, "\x08"),
            (KeyCode::Backspace, ALT, "^[\x7f"),
            (KeyCode::Esc, NONE, "^["),
            (KeyCode::Char('é'), NONE, "é"),
            (KeyCode::Char('A'), SHIFT, "A"),
            (KeyCode::Char('b'), ALT, "^[b"),
            (KeyCode::Char('c'), CTRL, "\x03"),
            (KeyCode::Char('C'), CTRL | SHIFT, "\x03"),
            (KeyCode::Char('x'), CTRL | ALT, "^[\x18"),
            (KeyCode::Char(' '), CTRL, "\0"),
            (KeyCode::Char('2'), CTRL, "\0"),
            (KeyCode::Char('3'), CTRL, "^["),
            (KeyCode::Char('7'), CTRL, "\x1f"),
            (KeyCode::Char('8'), CTRL, "\x7f"),
            (KeyCode::Char('/'), CTRL, "\x1f"),
            (KeyCode::Char('?'), CTRL, "\x7f"),
            (KeyCode::Char('['), CTRL, "^["),
            (KeyCode::Char('1'), CTRL, "1"),
            (KeyCode::CapsLock, NONE, ""),
        ] {
            assert_eq!(sent(code, modifiers, modes), expected, "{code:?} {modifiers:?}");
        }
        assert_eq!(sent(KeyCode::Enter, NONE, Modes { newline: true, ..modes }), "\r\n");
    }

    #[test]
    fn keypad_release_and_focus() {
        let modes = Modes { application_keypad: true, focus_events: true, ..Modes::default() };
        let mut key = KeyEvent::new(KeyCode::Char('5'), NONE);
        assert_eq!(encode(key, modes), b"5");
        key.state = KeyEventState::KEYPAD;
        assert_eq!(encode(key, modes), b"\x1bOu");
        assert_eq!(encode(key, Modes::default()), b"5");
        key.code = KeyCode::Enter;
        assert_eq!(encode(key, modes), b"\x1bOM");
        key.kind = KeyEventKind::Release;
        assert_eq!(encode(key, modes), b"");
        assert_eq!(focus(true, modes), b"\x1b[I");
        assert_eq!(focus(false, modes), b"\x1b[O");
        assert_eq!(focus(true, Modes::default()), b"");
    }
}
