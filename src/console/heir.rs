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
/// What a program on a node may have switched on in the terminal: mouse, focus, pasting in marks, another screen (without the jump
/// of the cursor, as there need not be one), no cursor, keypad, colours.
const UNDO: &[u8] =
    b"\x1b[?1006l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[?1047l\x1b[?47l\x1b[?25h\x1b[?1l\x1b>\x1b[0m";

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
    let _ = match console {
        true => tty::end(&mut terminal),
        false => terminal.write_all(UNDO),
    };
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

    #[test]
    fn only_what_was_taken_and_not_given_is_given_back() {
        for (said, taken) in [("", false), ("t", true), ("tg", false), ("tgt", true)] {
            assert_eq!(was_taken(said.as_bytes()), taken, "{said}");
        }
    }
}
