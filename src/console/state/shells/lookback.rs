//! Looking back in a shell: searching and selecting what scrolled away, by keys and with the mouse.
//!
//! [`Copy`] is the model; here actions of the keymap become the keys it knows, and what was selected goes to the clipboard.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::Shells;
use crate::{
    console::{
        action::Action,
        effect::Effect,
        state::{State, seen::Area},
        term::copy::{Copy, Outcome},
        text::count,
    },
    ssm::Timestamp,
};

/// Lines the wheel moves.
const WHEEL: usize = 3;
/// Presses of the button at one place within so many milliseconds belong together.
const DOUBLE_CLICK: u128 = 400;

/// The mouse's button, held down or just released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    at: Timestamp,
    /// Row and column of the screen.
    place: (u16, u16),
    clicks: u8,
    /// Whether looking back began with it, and ends with it.
    began: bool,
}

impl Shells {
    /// Whether one looks back in the shown shell instead of typing into it.
    pub fn is_looking_back(&self) -> bool {
        self.copy.is_some()
    }

    /// Begins to look back.
    pub fn look_back(&mut self) {
        if let Some(tab) = self.current() {
            self.copy = Some(Box::new(tab.terminal.with_screen(Copy::new)));
        }
    }

    /// Goes back to the live screen.
    pub fn leave_scrollback(&mut self) {
        self.copy = None;
        if let Some(tab) = self.current() {
            tab.terminal.look_back(0);
        }
    }

    fn with_copy<T>(&mut self, act: impl FnOnce(&mut Copy, &mut crate::console::term::Screen) -> T) -> Option<T> {
        let terminal = self.current()?.terminal.clone();
        let copy = self.copy.as_mut()?;
        Some(terminal.with_screen_mut(|screen| act(copy, screen)))
    }
}

/// The key by which the model knows an action.
fn key_of(action: Action) -> Option<KeyEvent> {
    let plain = |code| Some(KeyEvent::from(code));
    let control = |c| Some(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL));
    match action {
        Action::CursorUp => plain(KeyCode::Up),
        Action::CursorDown => plain(KeyCode::Down),
        Action::Left => plain(KeyCode::Left),
        Action::Right => plain(KeyCode::Right),
        Action::PageUp => plain(KeyCode::PageUp),
        Action::PageDown => plain(KeyCode::PageDown),
        Action::HalfUp => control('u'),
        Action::HalfDown => control('d'),
        Action::CursorTop => plain(KeyCode::Char('g')),
        Action::CursorBottom => plain(KeyCode::Char('G')),
        Action::WordNext => plain(KeyCode::Char('w')),
        Action::WordPrevious => plain(KeyCode::Char('b')),
        Action::LineStart => plain(KeyCode::Char('0')),
        Action::LineEnd => plain(KeyCode::Char('$')),
        Action::SelectText => plain(KeyCode::Char('v')),
        Action::SelectLines => plain(KeyCode::Char('V')),
        Action::SelectBlock => control('v'),
        Action::CopySelection => plain(KeyCode::Char('y')),
        Action::Find => plain(KeyCode::Char('/')),
        Action::FindNext => plain(KeyCode::Char('n')),
        Action::FindPrevious => plain(KeyCode::Char('N')),
        Action::Accept => plain(KeyCode::Enter),
        Action::Back | Action::Dismiss => plain(KeyCode::Esc),
        _ => None,
    }
}

impl State {
    /// Does an action while one looks back. `false` if it is for the shell itself.
    pub(in crate::console::state) fn act_lookback(&mut self, action: Action, fx: &mut Vec<Effect>) -> bool {
        if action == Action::OpenLink {
            self.ask_link_here();
            return true;
        }
        let Some(key) = key_of(action) else { return false };
        self.lookback_key(key, fx);
        true
    }

    /// A key for the model: of an action, or typed into its search.
    pub(in crate::console::state) fn lookback_key(&mut self, key: KeyEvent, fx: &mut Vec<Effect>) {
        match self.shells.with_copy(|copy, screen| copy.key(key, screen)) {
            Some(Outcome::Copied(text)) => {
                self.shells.leave_scrollback();
                self.copied(text, fx);
            }
            Some(Outcome::Leave) => self.shells.leave_scrollback(),
            Some(Outcome::Stay) | None => {}
        }
    }

    /// Whether a search is being typed.
    pub(in crate::console::state) fn lookback_finds(&self) -> bool {
        self.shells.copy.as_ref().is_some_and(|copy| copy.prompt().is_some())
    }

    fn copied(&mut self, text: String, fx: &mut Vec<Effect>) {
        let told = format!("Copied {}.", count(text.chars().count(), "character"));
        self.put_into_clipboard(text, told, fx);
    }

    /// The mouse over the screen of the shell that is typed into, where no program wants it. `false` if it means nothing.
    pub(in crate::console::state) fn select_with_mouse(
        &mut self,
        event: MouseEvent,
        (x, y, ..): Area,
        fx: &mut Vec<Effect>,
    ) -> bool {
        let place = (event.row.saturating_sub(y), event.column.saturating_sub(x));
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let again = |press: &Press| press.place == place && self.now.since(press.at).as_millis() < DOUBLE_CLICK;
                let clicks = self.shells.press.filter(again).map_or(1, |press| press.clicks % 3 + 1);
                self.shells.press = Some(Press { at: self.now, place, clicks, began: false });
                if clicks > 1 || self.shells.is_looking_back() {
                    self.press_at(place, clicks, event.modifiers.contains(KeyModifiers::ALT));
                }
            }
            MouseEventKind::Drag(MouseButton::Left) => {
                let Some(press) = self.shells.press else { return false };
                if !self.shells.is_looking_back() {
                    self.press_at(press.place, press.clicks, event.modifiers.contains(KeyModifiers::ALT));
                }
                let row = i32::from(event.row) - i32::from(y);
                self.shells.with_copy(|copy, screen| copy.drag(row, place.1, screen));
            }
            MouseEventKind::Up(MouseButton::Left) => {
                let selected = self.shells.with_copy(|copy, screen| copy.release(screen)).flatten();
                let back = self.shells.current().map_or(0, |tab| tab.terminal.modes().scrolled);
                match selected {
                    Some(text) => self.copied(text, fx),
                    None if self.shells.press.is_some_and(|press| press.place == place) => _ = self.ask_link(place),
                    None => {}
                }
                if back == 0 && self.shells.press.is_some_and(|press| press.began) {
                    self.shells.leave_scrollback();
                }
            }
            _ => return false,
        }
        true
    }

    fn press_at(&mut self, place: (u16, u16), clicks: u8, block: bool) {
        if !self.shells.is_looking_back() {
            self.shells.look_back();
            self.shells.press = self.shells.press.map(|press| Press { began: true, ..press });
        }
        self.shells.with_copy(|copy, screen| copy.press(place, clicks, block, screen));
    }

    fn ask_link_here(&mut self) {
        let here = self.shells.with_copy(|copy, screen| (copy.cursor(), screen.top()));
        if let Some((cursor, top)) = here {
            let row = u16::try_from(cursor.line.saturating_sub(top)).unwrap_or(u16::MAX);
            if !self.ask_link((row, cursor.column)) {
                self.tell("There is no link under the cursor.");
            }
        }
    }

    /// The wheel over a shell that does not want the mouse for itself.
    pub(in crate::console::state) fn wheel_in_shell(&mut self, up: bool, fx: &mut Vec<Effect>) {
        let Some(tab) = self.shells.current() else { return };
        let modes = tab.terminal.modes();
        if modes.alternate_screen && modes.alternate_scroll && self.shells.takes_keys() {
            let code = if up { KeyCode::Up } else { KeyCode::Down };
            let bytes = crate::console::term::keys::encode(KeyEvent::from(code), modes).repeat(WHEEL);
            fx.push(Effect::ShellInput { tab: tab.id, bytes });
            return;
        }
        let back =
            tab.terminal.look_back(if up { modes.scrolled + WHEEL } else { modes.scrolled.saturating_sub(WHEEL) });
        match (back > 0, self.shells.is_looking_back()) {
            (true, false) => self.shells.look_back(),
            (false, true) if !up => self.shells.leave_scrollback(),
            _ => {}
        }
    }
}
