//! Mouse events as the bytes an xterm sends for them.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use crate::console::term::{Modes, MouseEncoding, MouseMode};

/// Lines a turn of the wheel moves where it stands for arrow keys.
const WHEEL_LINES: usize = 3;
/// The code of motion without a button, and of a release where the encoding does not tell which button.
const NO_BUTTON: u32 = 3;
/// Added to a button's code for motion.
const MOTION: u32 = 32;
/// The largest coordinate, from 1, of the encodings with one byte or character for each number.
const LARGEST_BYTE: u16 = 223;
const LARGEST_CHARACTER: u16 = 2015;

/// The bytes of a mouse event over the screen drawn at `area`; empty if it is elsewhere or the program does not want it.
///
/// Where a program on the alternate screen does not want the mouse, the wheel sends arrow keys.
pub fn encode(event: MouseEvent, area: Rect, modes: Modes) -> Vec<u8> {
    if !area.contains(Position::new(event.column, event.row)) {
        return Vec::new();
    }
    if modes.mouse == MouseMode::Off {
        return wheel_as_arrows(event.kind, modes);
    }
    let Some((button, released)) = code(event.kind, modes.mouse) else { return Vec::new() };
    let (column, row) = (event.column - area.x + 1, event.row - area.y + 1);
    let marks = if modes.mouse == MouseMode::Press { 0 } else { modifiers(event.modifiers) };
    let legacy = if released { NO_BUTTON } else { button } + marks;
    match modes.mouse_encoding {
        MouseEncoding::Sgr => {
            let last = if released { 'm' } else { 'M' };
            format!("\x1b[<{};{column};{row}{last}", button + marks).into_bytes()
        }
        MouseEncoding::Bytes if column.max(row) <= LARGEST_BYTE => {
            let numbers = [legacy, u32::from(column), u32::from(row)];
            let bytes = numbers.into_iter().filter_map(|n| u8::try_from(n + 32).ok());
            b"\x1b[M".iter().copied().chain(bytes).collect()
        }
        MouseEncoding::Utf8 if column.max(row) <= LARGEST_CHARACTER => {
            let numbers = [legacy, u32::from(column), u32::from(row)];
            let characters = numbers.into_iter().filter_map(|n| char::from_u32(n + 32));
            "\x1b[M".chars().chain(characters).collect::<String>().into_bytes()
        }
        MouseEncoding::Bytes | MouseEncoding::Utf8 => Vec::new(),
    }
}

/// The code of an event and whether it is a release; `None` if the mode leaves such events out.
fn code(kind: MouseEventKind, mode: MouseMode) -> Option<(u32, bool)> {
    let wanted = |wanted: bool, code| wanted.then_some((code, false));
    match kind {
        MouseEventKind::Down(button) => Some((number(button), false)),
        MouseEventKind::Up(button) => (mode != MouseMode::Press).then_some((number(button), true)),
        MouseEventKind::Drag(button) => {
            wanted(matches!(mode, MouseMode::Drag | MouseMode::Motion), number(button) + MOTION)
        }
        MouseEventKind::Moved => wanted(mode == MouseMode::Motion, NO_BUTTON + MOTION),
        MouseEventKind::ScrollUp => wanted(mode != MouseMode::Press, 64),
        MouseEventKind::ScrollDown => wanted(mode != MouseMode::Press, 65),
        MouseEventKind::ScrollLeft => wanted(mode != MouseMode::Press, 66),
        MouseEventKind::ScrollRight => wanted(mode != MouseMode::Press, 67),
    }
}

fn number(button: MouseButton) -> u32 {
    match button {
        MouseButton::Left => 0,
        MouseButton::Middle => 1,
        MouseButton::Right => 2,
    }
}

fn modifiers(modifiers: KeyModifiers) -> u32 {
    let mark = |modifier, code| if modifiers.contains(modifier) { code } else { 0 };
    mark(KeyModifiers::SHIFT, 4) + mark(KeyModifiers::ALT, 8) + mark(KeyModifiers::CONTROL, 16)
}

fn wheel_as_arrows(kind: MouseEventKind, modes: Modes) -> Vec<u8> {
    let last = match kind {
        MouseEventKind::ScrollUp => 'A',
        MouseEventKind::ScrollDown => 'B',
        _ => return Vec::new(),
    };
    if !modes.alternate_screen || !modes.alternate_scroll {
        return Vec::new();
    }
    let introducer = if modes.application_cursor { 'O' } else { '[' };
    format!("\x1b{introducer}{last}").repeat(WHEEL_LINES).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect::new(10, 5, 300, 40);

    fn sent(kind: MouseEventKind, mouse: MouseMode, mouse_encoding: MouseEncoding) -> String {
        let event = MouseEvent { kind, column: 12, row: 6, modifiers: KeyModifiers::CONTROL };
        let modes = Modes { mouse, mouse_encoding, ..Modes::default() };
        String::from_utf8(encode(event, AREA, modes)).unwrap().replace('\x1b', "^[")
    }

    #[test]
    fn each_mode_has_its_events() {
        use MouseEventKind::{Down, Drag, Moved, ScrollDown, Up};
        let left = MouseButton::Left;
        for (mode, expected) in [
            (MouseMode::Off, ["", "", "", "", ""]),
            (MouseMode::Press, ["^[[<0;3;2M", "", "", "", ""]),
            (MouseMode::PressRelease, ["^[[<16;3;2M", "^[[<16;3;2m", "", "", "^[[<81;3;2M"]),
            (MouseMode::Drag, ["^[[<16;3;2M", "^[[<16;3;2m", "^[[<48;3;2M", "", "^[[<81;3;2M"]),
            (MouseMode::Motion, ["^[[<16;3;2M", "^[[<16;3;2m", "^[[<48;3;2M", "^[[<51;3;2M", "^[[<81;3;2M"]),
        ] {
            let events = [Down(left), Up(left), Drag(left), Moved, ScrollDown];
            assert_eq!(events.map(|kind| sent(kind, mode, MouseEncoding::Sgr)), expected, "{mode:?}");
        }
    }

    #[test]
    fn old_encodings_have_their_limits() {
        let down = MouseEventKind::Down(MouseButton::Right);
        assert_eq!(sent(down, MouseMode::Press, MouseEncoding::Bytes), "^[[M\"#\"");
        assert_eq!(
            sent(MouseEventKind::Up(MouseButton::Right), MouseMode::PressRelease, MouseEncoding::Bytes),
            "^[[M3#\""
        );
        let mut event = MouseEvent { kind: down, column: 10 + 223, row: 5, modifiers: KeyModifiers::NONE };
        let mut modes = Modes { mouse: MouseMode::Press, ..Modes::default() };
        assert!(encode(event, AREA, modes).is_empty());
        modes.mouse_encoding = MouseEncoding::Utf8;
        assert_eq!(encode(event, AREA, modes), "\x1b[M\"\u{100}!".as_bytes());
        event.column = 9;
        assert!(encode(event, AREA, modes).is_empty());
    }

    #[test]
    fn the_wheel_moves_pagers() {
        let modes = Modes { alternate_screen: true, alternate_scroll: true, ..Modes::default() };
        assert_eq!(wheel_as_arrows(MouseEventKind::ScrollUp, modes), b"\x1b[A\x1b[A\x1b[A");
        assert!(wheel_as_arrows(MouseEventKind::ScrollUp, Modes { alternate_screen: false, ..modes }).is_empty());
    }
}
