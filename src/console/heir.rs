//! Whoever gives the terminal back where this process is killed and cannot: a small process of its own, which waits at a pipe
//! that nobody else has the other end of.

use std::{
    env,
    fs::OpenOptions,
    io::{self, ErrorKind, Read, Write},
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, Command, Stdio},
};

use nix::{
    libc::tcflag_t,
    sys::{
        signal::{SigSet, Signal},
        termios::{ControlFlags, InputFlags, LocalFlags, OutputFlags, SetArg, Termios, tcgetattr, tcsetattr},
    },
};

use super::tty;

/// The name of the verb that it is.
pub const VERB: &str = "heir";
/// Said to it when the terminal is taken over.
const TAKEN: u8 = b't';
/// Said to it when the terminal is given back.
const GIVEN: u8 = b'g';
/// Before everything else: whatever was cut off in the middle of a sequence is none (CAN), and what is painted is shown.
const BEGIN: &[u8] = b"\x18\x1b[?2026l";
/// Another screen, and how keys are told there and here. The cursor is laid aside on the screen that is in force: where that is
/// the only one, leaving none does not move it to wherever it was laid aside before. Then margins, which move it too.
const SCREEN: &[u8] = b"\x1b7\x1b[<99u\x1b[=0u\x1b[?1049l\x1b[?1047l\x1b[?47l\x1b[<99u\x1b[=0u\x1b[?69l\x1b[r\x1b8";
/// Modes that nobody needs in a terminal at rest, and those that it has: wrapping and the cursor. They move nothing, unlike the
/// origin (6), which counts for nothing without margins. Then the rest: how keys are told, letters that are drawn as lines, the
/// keypad, colours.
const MODES: &[u8] =
    b"\x1b[?1l\x1b[?5l\x1b[?9l\x1b[?66l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\
    \x1b[?1015l\x1b[?1016l\x1b[?2004l\x1b[?2031l\x1b[?7h\x1b[?25h\x1b[4l\x1b[20l\x1b[>m\x1b[>4m\x1b(B\x0f\x1b>\x1b[0m";

/// The process, as long as it is of use.
#[derive(Debug)]
pub struct Heir {
    child: Child,
    pipe: Option<ChildStdin>,
    /// Whether the terminal is taken, and would be given back by it.
    taken: bool,
}

impl Heir {
    /// Starts it for the console or for the shell of a node, while the terminal still is as it is to be again. `None` where it
    /// cannot be: then whoever kills this process finds the terminal as it was left.
    pub fn start(console: bool) -> Option<Self> {
        let settings = text(&tcgetattr(io::stdin()).ok()?);
        let mut command = Command::new(env::current_exe().ok()?);
        command.arg(VERB).args(console.then_some("--console")).arg(settings);
        // A group of its own: what is sent to ours, and kills it, is not for it.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn().ok()?;
        let pipe = child.stdin.take();
        Some(Self { child, pipe, taken: false })
    }

    /// The terminal is taken over.
    pub fn taken(&mut self) {
        self.taken = true;
        self.say(TAKEN);
    }

    /// The terminal is given back.
    pub fn given(&mut self) {
        self.taken = false;
        self.say(GIVEN);
    }

    fn say(&mut self, what: u8) {
        if let Some(pipe) = &mut self.pipe {
            // One that is gone is of no use any more.
            let _ = pipe.write_all(&[what]);
        }
    }
}

impl Drop for Heir {
    fn drop(&mut self) {
        self.pipe = None;
        if !self.taken {
            // It has nothing more to do, and may be stopped like any other process.
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// What the process does: waits for the end of the other one, and gives the terminal back where that did not.
pub fn wait(console: bool, settings: &str) {
    let mut signals = SigSet::empty();
    // It may be in the background by then, and has to write all the same.
    for signal in [Signal::SIGTTOU, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTSTP] {
        signals.add(signal);
    }
    let _ = signals.thread_block();
    let Ok(mut terminal) = OpenOptions::new().read(true).write(true).open("/dev/tty") else { return };
    if !was_taken(io::stdin().lock()) {
        return;
    }
    // A shell may have its own by now.
    if let Some(settings) = tcgetattr(&terminal).ok().filter(is_raw).and_then(|now| restored(now, settings)) {
        let _ = tcsetattr(&terminal, SetArg::TCSANOW, &settings);
    }
    let _ = terminal.write_all(&if console { self::console() } else { shell() });
}

/// What gives back a terminal that was the shell's of a node, whatever the programs there have switched on. It does nothing to a
/// terminal at rest.
pub fn shell() -> Vec<u8> {
    [BEGIN, SCREEN, MODES].concat()
}

/// What gives back a terminal that was the console's, whose own screen goes last: whoever sees that it has gone may type.
fn console() -> Vec<u8> {
    let mut undo = [BEGIN, MODES].concat();
    // Nothing fails that is written into memory.
    let _ = tty::end(&mut undo);
    undo
}

/// Waits until the other end of the pipe is closed. Whether the terminal was taken over then.
fn was_taken(mut pipe: impl Read) -> bool {
    let (mut taken, mut bytes) = (false, [0; 64]);
    loop {
        match pipe.read(&mut bytes) {
            Ok(count @ 1..) => taken = bytes[count - 1] == TAKEN,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return taken,
        }
    }
}

/// Whether a terminal is as the console and the shells of nodes have it, and no line editor.
fn is_raw(settings: &Termios) -> bool {
    !settings.local_flags.intersects(LocalFlags::ISIG | LocalFlags::ICANON | LocalFlags::ECHO)
        && !settings.output_flags.contains(OutputFlags::OPOST)
}

/// Settings of a terminal in one word, as `stty -g` has them.
fn text(settings: &Termios) -> String {
    let flags = [
        settings.input_flags.bits(),
        settings.output_flags.bits(),
        settings.control_flags.bits(),
        settings.local_flags.bits(),
    ];
    let flags = flags.iter().map(|bits| format!("{bits:x}"));
    flags.chain(settings.control_chars.iter().map(|c| format!("{c:x}"))).collect::<Vec<_>>().join(":")
}

/// These settings with what such a word says; `None` if it is none.
fn restored(mut settings: Termios, word: &str) -> Option<Termios> {
    let mut words = word.split(':');
    let mut flags = || tcflag_t::from_str_radix(words.next()?, 16).ok();
    settings.input_flags = InputFlags::from_bits_retain(flags()?);
    settings.output_flags = OutputFlags::from_bits_retain(flags()?);
    settings.control_flags = ControlFlags::from_bits_retain(flags()?);
    settings.local_flags = LocalFlags::from_bits_retain(flags()?);
    for place in &mut settings.control_chars {
        *place = u8::from_str_radix(words.next()?, 16).ok()?;
    }
    words.next().is_none().then_some(settings)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use nix::{pty::openpty, sys::termios::cfmakeraw};

    use super::*;

    #[test]
    fn settings_survive_a_word_and_a_raw_terminal_is_known() {
        // The other end is held too: without it there is no terminal.
        let pair = openpty(None, None).unwrap();
        let terminal = &pair.slave;
        let before = tcgetattr(terminal).unwrap();
        assert!(!is_raw(&before));
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        tcsetattr(terminal, SetArg::TCSANOW, &raw).unwrap();
        let now = tcgetattr(terminal).unwrap();
        assert!(is_raw(&now));
        tcsetattr(terminal, SetArg::TCSANOW, &restored(now.clone(), &text(&before)).unwrap()).unwrap();
        assert_eq!(tcgetattr(terminal).unwrap(), before);
        assert!(["", "1:2", "x"].iter().all(|word| restored(now.clone(), word).is_none()));
    }

    /// A terminal with two lines in colour above the cursor, which stands behind a prompt.
    fn at_rest() -> vt100::Parser {
        let [rows, columns] = [6, 20].map(|cells| NonZeroU16::new(cells).unwrap());
        let mut parser = vt100::Parser::new(rows, columns, 10);
        parser.process(b"\x1b[31mone\x1b[0m\r\ntwo\r\n$ sleep");
        parser
    }

    #[test]
    fn a_terminal_at_rest_stays_as_it_is() {
        let mut parser = at_rest();
        parser.process(&shell());
        assert_eq!(parser.screen().state_formatted(), at_rest().screen().state_formatted());
        assert_eq!(parser.screen().cursor_position(), (2, 7));
    }

    #[test]
    fn wherever_a_program_was_killed_its_terminal_is_at_rest_again() {
        let before = at_rest();
        let left = b"\x1b[?1049h\x1b[H\x1b[?2026h\x1b[?25l\x1b[?1;1002;1006;2004h\x1b=\x1b[3;5r\x1b[4;3Hfull\x1b[1;44m";
        let mut half = left.to_vec();
        for more in ["", "\x1b", "\x1b[38;5", "\x1b]52;c;aGVsbG8=", "\x1bP$q", "\u{e4}"] {
            half.truncate(left.len());
            half.extend(&more.as_bytes()[..more.len().saturating_sub(usize::from(!more.is_ascii()))]);
            for undo in [shell(), console()] {
                let mut parser = at_rest();
                parser.process(&half);
                parser.process(&undo);
                assert_eq!(parser.screen().state_formatted(), before.screen().state_formatted(), "{more:?}");
            }
        }
    }

    #[test]
    fn a_screen_that_is_the_main_one_keeps_what_a_program_wrote_into_it() {
        let mut parser = at_rest();
        parser.process(b"\x1b[1;3r\x1b[5;4Hhere\x1b[?1000h");
        parser.process(&shell());
        assert_eq!(parser.screen().cursor_position(), (4, 7), "margins are gone without a jump");
        assert!(parser.screen().contents().contains("here"));
        parser.process(b"\n\n");
        assert_eq!(parser.screen().contents(), "two\n$ sleep\n\n   here", "all of it scrolls");
    }

    #[test]
    fn only_what_was_taken_and_not_given_is_given_back() {
        for (said, taken) in [("", false), ("t", true), ("tg", false), ("tgt", true)] {
            assert_eq!(was_taken(said.as_bytes()), taken, "{said}");
        }
    }
}
