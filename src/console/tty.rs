//! The user's terminal: taken over at the start, given back whatever happens.

use std::{
    io::{self, Stdout, Write, stdout},
    mem::ManuallyDrop,
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crossterm::{
    cursor::Show,
    event::{DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange},
    execute,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    layout::{Position, Rect},
};

use super::{heir::Heir, reports};
use crate::config::settings::Notify;

/// Whether the terminal is taken over right now.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Base64 bytes that common terminals take into the clipboard: xterm and tmux cut or drop what is longer than about this.
const LARGEST_COPY: usize = 100_000;
static HOOK: Once = Once::new();
/// Who gives the terminal back if this process is killed.
static HEIR: Mutex<Option<Heir>> = Mutex::new(None);
/// Presses, moves with a button down, and positions as numbers (SGR). Not every move (1003), which nothing here asks for, and
/// not the older ways to write positions (1015), which some terminals and tmux would choose instead.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1002h\x1b[?1006h";
/// The opposite, in the opposite order.
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l\x1b[?1000l";

/// The terminal, taken over. Dropping it gives it back.
pub struct Tty {
    /// Draws. Never dropped: it would show the cursor, which [`give_back`] does, and panic where nobody can be told that it could
    /// not, as after a hang-up.
    pub terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    mouse: bool,
}

impl Tty {
    /// Takes the terminal over: raw, the alternate screen, pasting in marks, the mouse if wanted.
    ///
    /// # Errors
    /// When standard output is no terminal.
    pub fn take(mouse: bool) -> io::Result<Self> {
        HOOK.call_once(give_back_on_panic);
        *HEIR.lock().unwrap_or_else(PoisonError::into_inner) = Heir::start(true);
        // Colours are our themes' business: crossterm would undo attributes together with colours it leaves out.
        crossterm::style::force_color_output(true);
        enter(mouse)?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout())).inspect_err(|_| give_back())?;
        Ok(Self { terminal: ManuallyDrop::new(terminal), mouse })
    }

    /// Stops the process as the shell's job control does, and takes the terminal over again when it goes on.
    ///
    /// # Errors
    /// When the terminal cannot be taken over again.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        #[cfg(unix)]
        {
            // SIGTSTP is caught by the loop, SIGSTOP cannot be: this returns when somebody sends SIGCONT.
            nix::sys::signal::raise(nix::sys::signal::Signal::SIGSTOP)?;
        }
        self.resume()
    }

    /// Takes the terminal over again.
    ///
    /// # Errors
    /// When it is gone.
    pub fn resume(&mut self) -> io::Result<()> {
        enter(self.mouse)?;
        // Whoever waits for keys has gone on waiting at what was standard input when the process did, and would hear the first key
        // with the second. A change of the window's size is heard anywhere, and makes it look again.
        #[cfg(unix)]
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGWINCH)?;
        self.clear()
    }

    /// Lets the mouse reach the console, or leaves it to the terminal.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn set_mouse(&mut self, mouse: bool) -> io::Result<()> {
        self.mouse = mouse;
        stdout().write_all(if mouse { MOUSE_ON } else { MOUSE_OFF })?;
        stdout().flush()
    }

    /// Asks the terminal something. It answers among the keys.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn ask(&mut self, question: &[u8]) -> io::Result<()> {
        stdout().write_all(question)?;
        stdout().flush()
    }

    /// Empties the screen, so that the next frame draws every cell.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn clear(&mut self) -> io::Result<()> {
        // Not Terminal::clear: it asks where the cursor is, and the answer would be read as keys.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }

    /// Tells something to a user who looks elsewhere.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn notify(&mut self, text: &str, how: Notify) -> io::Result<()> {
        if let Some(sequence) = notification(text, how, |name| std::env::var(name).ok()) {
            stdout().write_all(sequence.as_bytes())?;
            stdout().flush()?;
        }
        Ok(())
    }

    /// Puts a text into the clipboard of the terminal, wherever it runs (OSC 52). `false` if it is too large for that.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<bool> {
        let Some(sequence) = clipboard(text, std::env::var_os("TMUX").is_some()) else { return Ok(false) };
        stdout().write_all(sequence.as_bytes())?;
        stdout().flush()?;
        Ok(true)
    }
}

/// The sequence that tells something to a user who looks elsewhere; `None` if that is not wanted.
fn notification(text: &str, how: Notify, env: impl Fn(&str) -> Option<String>) -> Option<String> {
    const LONGEST: usize = 250;
    // A semicolon would end the text.
    let text = super::text::cut(&super::text::clean(text), LONGEST).replace(';', ",");
    let plain = match how {
        Notify::Off => return None,
        Notify::Auto => return notification(&text, known_terminal(&env), env),
        Notify::Bell => return Some("\x07".to_owned()),
        Notify::Osc9 => format!("\x1b]9;{text}\x07"),
        Notify::Osc777 => format!("\x1b]777;notify;fleetdeck;{text}\x07"),
    };
    // tmux passes on what comes in an envelope, with every escape doubled; it rings its own bell beside.
    Some(match env("TMUX").filter(|value| !value.is_empty()) {
        Some(_) => format!("\x1bPtmux;{}\x1b\\\x07", plain.replace('\x1b', "\x1b\x1b")),
        None => plain,
    })
}

/// What this terminal understands, as far as its environment says. What it says is kept inside tmux too.
fn known_terminal(env: &impl Fn(&str) -> Option<String>) -> Notify {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    let program = set("TERM_PROGRAM").unwrap_or_default();
    let term = set("TERM").unwrap_or_default();
    let signs = ["ITERM_SESSION_ID", "WEZTERM_PANE", "GHOSTTY_RESOURCES_DIR", "KITTY_WINDOW_ID", "WT_SESSION"];
    let nine =
        ["iTerm.app", "WezTerm", "ghostty"].contains(&program.as_str()) || signs.iter().any(|name| set(name).is_some());
    match (nine, term.starts_with("foot") || term.starts_with("rxvt")) {
        (true, _) => Notify::Osc9,
        (_, true) => Notify::Osc777,
        _ => Notify::Bell,
    }
}

/// Whether there is something to draw on.
///
/// # Errors
/// In words, with what works instead.
pub fn check(terminal: bool, kind: Option<&str>) -> Result<(), &'static str> {
    match kind {
        _ if !terminal => Err("the console needs a terminal to draw on, and standard output is none; \
                               without one there are the verbs, such as `fleetdeck nodes`, and `fleetdeck demo --headless`"),
        Some("dumb") => Err("this terminal (TERM=dumb) cannot place a cursor, so the console cannot draw on it; \
                             the verbs work here, such as `fleetdeck nodes`; or set TERM to what the terminal is"),
        _ => Ok(()),
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back();
        // It has nothing to wait for any more.
        drop(HEIR.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Says to the heir, where there is one, what became of the terminal.
fn tell_heir(what: fn(&mut Heir)) {
    if let Ok(mut heir) = HEIR.try_lock()
        && let Some(heir) = &mut *heir
    {
        what(heir);
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    tell_heir(Heir::taken);
    begin(&mut stdout(), mouse, reports::stand_between()).inspect_err(|_| give_back())
}

/// Sets what the console wants of the terminal.
fn begin(out: &mut impl Write, mouse: bool, reports: bool) -> io::Result<()> {
    execute!(out, EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)?;
    if mouse {
        out.write_all(MOUSE_ON)?;
    }
    if reports {
        out.write_all(reports::SUBSCRIBE)?;
    }
    out.flush()
}

/// Takes back all that [`begin`] sets, whatever of it was set.
pub(super) fn end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(reports::UNSUBSCRIBE)?;
    out.write_all(MOUSE_OFF)?;
    execute!(out, DisableFocusChange, DisableBracketedPaste, Show, LeaveAlternateScreen)
}

/// The sequence that puts a text into the clipboard; `None` if terminals would refuse it. tmux takes it for itself, and
/// passes a copy in an envelope on to the terminal around it.
fn clipboard(text: &str, tmux: bool) -> Option<String> {
    use base64::Engine;
    let data = base64::engine::general_purpose::STANDARD.encode(text);
    let plain = format!("\x1b]52;c;{data}\x07");
    let enveloped = if tmux { format!("\x1bPtmux;\x1b{plain}\x1b\\") } else { String::new() };
    (data.len() <= LARGEST_COPY).then(|| plain + &enveloped)
}

/// Gives the terminal back. Does nothing if it is not taken. Failures are of no use to anybody here.
pub fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Only then it is the terminal whose settings are put back.
        reports::step_aside();
        let _ = disable_raw_mode();
        // The console's screen goes last: whoever sees that it has gone may type.
        let _ = end(&mut stdout());
        tell_heir(Heir::given);
    }
}

fn give_back_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if super::term::is_guarded() {
            return;
        }
        give_back();
        before(info);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_drawn_on_is_told_before_anything_starts() {
        assert!(check(false, Some("xterm")).unwrap_err().contains("fleetdeck nodes"));
        assert!(check(true, Some("dumb")).unwrap_err().contains("TERM"));
        assert_eq!((check(true, Some("linux")), check(true, None)), (Ok(()), Ok(())));
    }

    #[test]
    fn what_is_set_is_exactly_what_is_wanted_and_is_taken_back() {
        // Numbers of private modes that end with this letter.
        let modes = |bytes: &[u8], letter: char| -> Vec<u16> {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let modes = text.split("\u{1b}[?").filter_map(|rest| rest.split_once(letter));
            let mut modes: Vec<u16> = modes.filter_map(|(number, _)| number.parse().ok()).collect();
            modes.sort_unstable();
            modes
        };
        let all = [1000, 1002, 1004, 1006, 1049, 2004, 2031];
        for (mouse, reports, wanted) in
            [(true, true, &all[..]), (true, false, &all[..6]), (false, false, &[1004, 1049, 2004])]
        {
            let mut set = Vec::new();
            begin(&mut set, mouse, reports).unwrap();
            assert_eq!(modes(&set, 'h'), wanted);
            assert!(modes(&set, 'l').is_empty());
        }
        let (mut set, mut back) = (Vec::new(), Vec::new());
        begin(&mut set, true, true).unwrap();
        end(&mut back).unwrap();
        assert_eq!(modes(&back, 'l'), modes(&set, 'h'));
        // The cursor is shown again too.
        assert_eq!(modes(&back, 'h'), [25]);
    }

    #[test]
    fn a_notification_is_what_the_terminal_understands() {
        let told = |how, env: &[(&str, &str)]| {
            let of = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            notification("a;b\u{1b}]0;x\u{7}c\n", how, of).unwrap_or_default()
        };
        assert_eq!(told(Notify::Off, &[]), "");
        assert_eq!(told(Notify::Auto, &[("TERM", "xterm-256color")]), "\x07");
        assert_eq!(told(Notify::Auto, &[("TERM_PROGRAM", "WezTerm")]), "\x1b]9;a,bc \x07");
        assert_eq!(told(Notify::Auto, &[("TERM", "foot")]), "\x1b]777;notify;fleetdeck;a,bc \x07");
        let tmux = [("TMUX", "/tmp/tmux"), ("KITTY_WINDOW_ID", "1"), ("TERM_PROGRAM", "tmux")];
        assert_eq!(told(Notify::Auto, &tmux), "\x1bPtmux;\x1b\x1b]9;a,bc \x07\x1b\\\x07");
    }

    #[test]
    fn a_copy_reaches_the_terminal_around_tmux_too() {
        assert_eq!(clipboard("hi", false).as_deref(), Some("\x1b]52;c;aGk=\x07"));
        assert_eq!(clipboard("hi", true).as_deref(), Some("\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\"));
        assert_eq!(clipboard(&"x".repeat(80_000), false), None);
    }
}
