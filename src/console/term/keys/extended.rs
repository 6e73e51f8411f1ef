//! Keys as programs get them that asked for more: kitty's keyboard protocol and xterm's modifyOtherKeys.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{FUNCTIONAL, Form, control};
use crate::console::term::Modes;

/// Flags of kitty's protocol.
const EVENT_TYPES: u8 = 2;
const ALL_KEYS: u8 = 8;

/// The bytes of a key under kitty's protocol; `None` if the key is written as ever.
pub(super) fn kitty(key: KeyEvent, modes: Modes) -> Option<Vec<u8>> {
    let flags = modes.keyboard_flags;
    let all = flags & ALL_KEYS != 0;
    let events = flags & EVENT_TYPES != 0;
    if key.kind == KeyEventKind::Release && !events {
        return Some(Vec::new());
    }
    let event = match key.kind {
        KeyEventKind::Repeat if events => ":2",
        KeyEventKind::Release => ":3",
        _ => "",
    };
    let modifiers = modifiers(key.modifiers);
    let plain = modifiers == 1;
    let numbers = |plain_is_empty: bool| match (plain, event) {
        (true, "") if plain_is_empty => String::new(),
        _ => format!(";{modifiers}{event}"),
    };
    if let Some((_, form)) = FUNCTIONAL.iter().find(|(code, _)| *code == key.code) {
        let written = match form {
            // `CSI R` would be taken for a report of the cursor.
            Form::Function('R') => format!("\x1b[13{}~", numbers(true)),
            Form::Cursor(last) | Form::Function(last) if plain && event.is_empty() => format!("\x1b[{last}"),
            Form::Cursor(last) | Form::Function(last) => format!("\x1b[1{}{last}", numbers(false)),
            Form::Number(number) => format!("\x1b[{number}{}~", numbers(true)),
        };
        return Some(written.into_bytes());
    }
    let shifted_only = key.modifiers.difference(KeyModifiers::SHIFT).is_empty();
    let code = match key.code {
        KeyCode::Esc => 27,
        KeyCode::Enter | KeyCode::Tab | KeyCode::Backspace if plain && !all => {
            // A user who lost a program must be able to type a command.
            return (key.kind == KeyEventKind::Release).then(Vec::new);
        }
        KeyCode::Enter => 13,
        KeyCode::Tab => 9,
        KeyCode::BackTab => {
            let modifiers = self::modifiers(key.modifiers | KeyModifiers::SHIFT);
            return Some(format!("\x1b[9;{modifiers}{event}u").into_bytes());
        }
        KeyCode::Backspace => 127,
        KeyCode::Char(_) if shifted_only && !all => {
            return (key.kind == KeyEventKind::Release).then(Vec::new);
        }
        // The code is that of the key without shift.
        KeyCode::Char(c) => u32::from(c.to_lowercase().next().unwrap_or(c)),
        _ => return None,
    };
    Some(format!("\x1b[{code}{}u", numbers(true)).into_bytes())
}

/// The bytes of a key under modifyOtherKeys; `None` if the key is written as ever.
pub(super) fn modified(key: KeyEvent, modes: Modes) -> Option<Vec<u8>> {
    let modifiers = modifiers(key.modifiers);
    if modifiers == 1 {
        return None;
    }
    let shifted_only = key.modifiers.difference(KeyModifiers::SHIFT).is_empty();
    let every = modes.modify_other_keys >= 2;
    let code = match key.code {
        KeyCode::Char(_) if shifted_only => return None,
        // The first level leaves alone what has a code of its own.
        KeyCode::Char(c) if every || control(c).is_none() && key.modifiers.contains(KeyModifiers::CONTROL) => {
            u32::from(c)
        }
        KeyCode::Enter => 13,
        KeyCode::Tab if key.modifiers != KeyModifiers::SHIFT => 9,
        KeyCode::Esc if every => 27,
        KeyCode::Backspace if every => 127,
        _ => return None,
    };
    Some(format!("\x1b[27;{modifiers};{code}~").into_bytes())
}

fn modifiers(modifiers: KeyModifiers) -> u8 {
    const BITS: [(KeyModifiers, u8); 6] = [
        (KeyModifiers::SHIFT, 1),
        (KeyModifiers::ALT, 2),
        (KeyModifiers::CONTROL, 4),
        (KeyModifiers::SUPER, 8),
        (KeyModifiers::HYPER, 16),
        (KeyModifiers::META, 32),
    ];
    BITS.iter().filter(|(modifier, _)| modifiers.contains(*modifier)).fold(1, |sum, (_, bit)| sum + bit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::term::keys::encode;

    const NONE: KeyModifiers = KeyModifiers::NONE;
    const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
    const ALT: KeyModifiers = KeyModifiers::ALT;
    const CTRL: KeyModifiers = KeyModifiers::CONTROL;

    fn sent(key: KeyEvent, modes: Modes) -> String {
        String::from_utf8(encode(key, modes)).unwrap().replace('\x1b', "^[")
    }

    #[test]
    fn ambiguous_keys_are_told_apart() {
        let modes = Modes { keyboard_flags: 1, application_cursor: true, ..Modes::default() };
        for (code, modifiers, expected) in [
            (KeyCode::Esc, NONE, "^[[27u"),
            (KeyCode::Char('a'), NONE, "a"),
            (KeyCode::Char('A'), SHIFT, "A"),
            (KeyCode::Char('i'), CTRL, "^[[105;5u"),
            (KeyCode::Char('C'), CTRL | SHIFT, "^[[99;6u"),
            (KeyCode::Char('é'), ALT, "^[[233;3u"),
            (KeyCode::Enter, NONE, "\r"),
            (KeyCode::Enter, SHIFT, "^[[13;2u"),
            (KeyCode::Tab, NONE, "\t"),
            (KeyCode::BackTab, SHIFT, "^[[9;2u"),
            (KeyCode::Backspace, NONE, "\x7f"),
            (KeyCode::Backspace, CTRL, "^[[127;5u"),
            (KeyCode::Up, NONE, "^[[A"),
            (KeyCode::Up, CTRL, "^[[1;5A"),
            (KeyCode::F(1), NONE, "^[[P"),
            (KeyCode::F(3), NONE, "^[[13~"),
            (KeyCode::F(3), SHIFT, "^[[13;2~"),
            (KeyCode::Delete, NONE, "^[[3~"),
        ] {
            assert_eq!(sent(KeyEvent::new(code, modifiers), modes), expected, "{code:?} {modifiers:?}");
        }
    }

    #[test]
    fn events_and_all_keys() {
        let event = |code, kind| KeyEvent::new_with_kind(code, NONE, kind);
        let (a, up, enter) = (KeyCode::Char('a'), KeyCode::Up, KeyCode::Enter);
        for (flags, key, expected) in [
            (1, event(a, KeyEventKind::Release), ""),
            (3, event(a, KeyEventKind::Release), ""),
            (3, event(a, KeyEventKind::Repeat), "a"),
            (3, event(up, KeyEventKind::Release), "^[[1;1:3A"),
            (3, event(up, KeyEventKind::Repeat), "^[[1;1:2A"),
            (3, event(enter, KeyEventKind::Release), ""),
            (11, event(a, KeyEventKind::Press), "^[[97u"),
            (11, event(a, KeyEventKind::Release), "^[[97;1:3u"),
            (11, event(enter, KeyEventKind::Press), "^[[13u"),
        ] {
            let modes = Modes { keyboard_flags: flags, ..Modes::default() };
            assert_eq!(sent(key, modes), expected, "{flags} {key:?}");
        }
    }

    #[test]
    fn other_keys_are_modified() {
        let second = Modes { modify_other_keys: 2, ..Modes::default() };
        let first = Modes { modify_other_keys: 1, ..Modes::default() };
        for (code, modifiers, at_first, at_second) in [
            (KeyCode::Char('a'), CTRL, "\x01", "^[[27;5;97~"),
            (KeyCode::Char('1'), CTRL, "^[[27;5;49~", "^[[27;5;49~"),
            (KeyCode::Char('x'), ALT, "^[x", "^[[27;3;120~"),
            (KeyCode::Char('X'), SHIFT, "X", "X"),
            (KeyCode::Enter, CTRL, "^[[27;5;13~", "^[[27;5;13~"),
            (KeyCode::Enter, NONE, "\r", "\r"),
            (KeyCode::Up, CTRL, "^[[1;5A", "^[[1;5A"),
        ] {
            assert_eq!(sent(KeyEvent::new(code, modifiers), first), at_first, "{code:?}");
            assert_eq!(sent(KeyEvent::new(code, modifiers), second), at_second, "{code:?}");
        }
    }
}
