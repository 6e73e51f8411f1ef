//! The user's terminal: taken over at the start, given back whatever happens.

use std::{
    io::{self, Stdout, Write, stdout},
    mem::ManuallyDrop,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use crossterm::{
    cursor::Show,
    event::{
        DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
        EnableMouseCapture,
    },
    execute,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    layout::{Position, Rect},
};

use crate::config::settings::Notify;

/// Whether the terminal is taken over right now.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Base64 bytes that common terminals take into the clipboard: xterm and tmux cut or drop what is longer than about this.
const LARGEST_COPY: usize = 100_000;
static HOOK: Once = Once::new();

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
        self.clear()
    }

    /// Lets the mouse reach the console, or leaves it to the terminal.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn set_mouse(&mut self, mouse: bool) -> io::Result<()> {
        self.mouse = mouse;
        if mouse { execute!(stdout(), EnableMouseCapture) } else { execute!(stdout(), DisableMouseCapture) }
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
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange).inspect_err(|_| give_back())?;
    if mouse {
        execute!(stdout(), EnableMouseCapture).inspect_err(|_| give_back())?;
    }
    Ok(())
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
        let _ = execute!(
            stdout(),
            DisableMouseCapture,
            DisableFocusChange,
            DisableBracketedPaste,
            Show,
            LeaveAlternateScreen
        );
        let _ = disable_raw_mode();
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
