//! What keys, mouse and painter must know of a screen.

/// Which events of the mouse a program wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MouseMode {
    /// None.
    #[default]
    Off,
    /// Presses (mode 9).
    Press,
    /// Presses and releases (mode 1000).
    PressRelease,
    /// Also motion while a button is held (mode 1002).
    Drag,
    /// Any motion (mode 1003).
    Motion,
}

/// How mouse events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MouseEncoding {
    /// One byte for each number.
    #[default]
    Bytes,
    /// One character for each number (mode 1005).
    Utf8,
    /// Decimal numbers (mode 1006).
    Sgr,
}

/// How a program wants the cursor drawn (DECSCUSR).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CursorShape {
    /// As the user's terminal has it.
    #[default]
    Default,
    /// Over the whole cell.
    Block { blinks: bool },
    /// Below the character.
    Underline { blinks: bool },
    /// Before the character.
    Bar { blinks: bool },
}

/// The modes of a screen at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// Arrow keys are sent in application form (DECCKM).
    pub application_cursor: bool,
    /// Keypad keys are sent in application form (DECKPAM).
    pub application_keypad: bool,
    /// Enter sends a line feed after the return (LNM).
    pub newline: bool,
    /// Pasted text is put between marks (mode 2004).
    pub bracketed_paste: bool,
    /// Which mouse events the program wants.
    pub mouse: MouseMode,
    /// How they are written.
    pub mouse_encoding: MouseEncoding,
    /// Gaining and losing focus is told (mode 1004).
    pub focus_events: bool,
    /// The program draws on the alternate screen.
    pub alternate_screen: bool,
    /// There the wheel sends arrow keys if the program does not want the mouse (mode 1007).
    pub alternate_scroll: bool,
    /// The cursor is not shown.
    pub hide_cursor: bool,
    /// How the cursor is drawn.
    pub cursor_shape: CursorShape,
    /// Flags of kitty's keyboard protocol: 1 tells ambiguous keys apart, 2 repeats and releases, 8 writes all keys as
    /// sequences.
    pub keyboard_flags: u8,
    /// xterm's modifyOtherKeys: 0, 1 or 2.
    pub modify_other_keys: u8,
    /// Lines the view is scrolled back.
    pub scrolled: usize,
}
