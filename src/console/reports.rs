//! What the terminal reports by itself: that its colours turned dark or light (mode 2031).
//!
//! Such a report comes among the keys in a form that crossterm does not know: it would wait for its end with every key that
//! follows. So what the terminal sends goes through here first, over a pseudo-terminal that is standard input meanwhile.

use std::{
    fs::File,
    io::{self, IsTerminal, PipeReader, PipeWriter, Read, Write},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    sync::{LazyLock, Mutex, PoisonError},
    thread,
    time::Duration,
};

use filedescriptor::{POLLIN, poll, pollfd};
use nix::{
    fcntl::{FcntlArg, FdFlag, fcntl},
    pty::openpty,
    sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr},
    unistd::dup2_stdin,
};
use tokio::sync::watch;

/// Asks the terminal to report.
pub(super) const SUBSCRIBE: &[u8] = b"\x1b[?2031h";
/// Asks it to cease.
pub(super) const UNSUBSCRIBE: &[u8] = b"\x1b[?2031l";
/// What a report begins with; `1n` (dark) or `2n` (light) ends it.
const REPORT: &[u8] = b"\x1b[?997;";

/// Whether the ground is light, as was reported last.
static LIGHT: LazyLock<watch::Sender<Option<bool>>> = LazyLock::new(|| watch::Sender::new(None));
/// The terminal and what stands before it, once that was wanted.
static BETWEEN: Mutex<Option<Between>> = Mutex::new(None);

struct Between {
    /// The user's terminal.
    real: OwnedFd,
    /// What keys are read from instead.
    slave: OwnedFd,
    /// What they are written to; nothing once the terminal is gone.
    keys: Option<OwnedFd>,
    /// As long as it is there, what comes from the terminal is handed on.
    going: Option<PipeWriter>,
}

/// Whether the ground is light, whenever the terminal reports that.
pub(super) fn grounds() -> watch::Receiver<Option<bool>> {
    LIGHT.subscribe()
}

/// Takes reports out of what comes in, from now on. `false` where that cannot be, so that none may be asked for.
pub(super) fn stand_between() -> bool {
    if !io::stdin().is_terminal() {
        return false;
    }
    let mut between = BETWEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let stood = match &mut *between {
        Some(between) => between.stand(),
        None => Between::begin().and_then(|begun| between.insert(begun).stand()),
    };
    if let Err(error) = &stood {
        tracing::debug!(%error, "no reports of the terminal");
    }
    stood.is_ok()
}

/// Standard input is the terminal again, from which nothing is taken any more: what is typed from now on is somebody else's.
pub(super) fn step_aside() {
    if let Some(between) = &mut *BETWEEN.lock().unwrap_or_else(PoisonError::into_inner) {
        between.going = None;
        let _ = dup2_stdin(&between.real);
    }
}

/// Whether something was taken from the terminal that nobody has read.
pub(super) fn has_more() -> bool {
    let between = BETWEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let slave = between.as_ref().map(|between| between.slave.as_raw_fd());
    slave
        .is_some_and(|fd| poll(&mut [pollfd { fd, events: POLLIN, revents: 0 }], Some(Duration::ZERO)).unwrap_or(0) > 0)
}

impl Between {
    fn begin() -> io::Result<Self> {
        let real = io::stdin().as_fd().try_clone_to_owned()?;
        let pair = openpty(None, None)?;
        for end in [&pair.master, &pair.slave] {
            // No program that is started may have it.
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        }
        // The terminal has done already what terminals do to keys.
        let mut settings = tcgetattr(&pair.slave)?;
        cfmakeraw(&mut settings);
        tcsetattr(&pair.slave, SetArg::TCSANOW, &settings)?;
        Ok(Self { real, slave: pair.slave, keys: Some(pair.master), going: None })
    }

    /// What comes from the terminal is handed on, and read from here.
    fn stand(&mut self) -> io::Result<()> {
        if let (Some(keys), None) = (&self.keys, &self.going) {
            let (goes, going) = io::pipe()?;
            let (terminal, keys) = (File::from(self.real.try_clone()?), File::from(keys.try_clone()?));
            let work = move || {
                if hand_on(&terminal, keys, || waits(&terminal, &goes))
                    && let Some(between) = &mut *BETWEEN.lock().unwrap_or_else(PoisonError::into_inner)
                {
                    between.keys = None;
                }
            };
            thread::Builder::new().name("terminal".to_owned()).spawn(work)?;
            self.going = Some(going);
        }
        Ok(dup2_stdin(&self.slave)?)
    }
}

/// Waits until something comes from the terminal. `false` if that is to be left where it is from now on.
fn waits(terminal: &impl AsRawFd, goes: &PipeReader) -> bool {
    let mut ends = [terminal.as_raw_fd(), goes.as_raw_fd()].map(|fd| pollfd { fd, events: POLLIN, revents: 0 });
    loop {
        match poll(&mut ends, None) {
            Err(filedescriptor::Error::Poll(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            // Reading says what is wrong.
            Err(_) => return true,
            Ok(_) => return ends[1].revents == 0,
        }
    }
}

/// Hands on what comes, as long as `waits` says so. `true` once the terminal is gone, of which whoever reads the keys is to hear.
fn hand_on(mut terminal: impl Read, mut keys: impl Write, waits: impl Fn() -> bool) -> bool {
    let mut sieve = Sieve::default();
    let mut buffer = [0; 4096];
    while waits() {
        let bytes = match terminal.read(&mut buffer) {
            Ok(count @ 1..) => &buffer[..count],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(0) | Err(_) => return true,
        };
        let (rest, light) = sieve.pass(bytes);
        if light.is_some() {
            LIGHT.send_replace(light);
        }
        if !rest.is_empty() && keys.write_all(&rest).is_err() {
            return true;
        }
    }
    false
}

/// Takes reports out of bytes, however they are cut into pieces.
#[derive(Debug, Default)]
struct Sieve {
    /// What may be the beginning of a report.
    held: Vec<u8>,
}

impl Sieve {
    /// What is left of these bytes, and what the last report among them says.
    fn pass(&mut self, bytes: &[u8]) -> (Vec<u8>, Option<bool>) {
        let (mut rest, mut light) = (Vec::with_capacity(bytes.len()), None);
        for byte in bytes {
            self.held.push(*byte);
            let (begin, end) = self.held.split_at(self.held.len().min(REPORT.len()));
            match end {
                [] if REPORT.starts_with(begin) => {}
                [b'1' | b'2'] => {}
                [which @ (b'1' | b'2'), b'n'] => {
                    light = Some(*which == b'2');
                    self.held.clear();
                }
                _ => {
                    // The byte that does not fit may begin another one.
                    let again = self.held.pop_if(|byte| *byte == 0x1b);
                    rest.append(&mut self.held);
                    self.held.extend(again);
                }
            }
        }
        // The Escape key, and Alt with a bracket, are not held back: no key begins with more than that.
        if self.held.len() < 3 {
            rest.append(&mut self.held);
        }
        (rest, light)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reports_are_taken_out_and_keys_are_not() {
        let passed = |bytes: &str| {
            let (rest, light) = Sieve::default().pass(bytes.as_bytes());
            (String::from_utf8(rest).unwrap(), light)
        };
        for (bytes, rest, light) in [
            ("abc", "abc", None),
            ("\x1b[?997;1n", "", Some(false)),
            ("a\x1b[?997;2nb", "ab", Some(true)),
            ("\x1b[?997;2n\x1b[?997;1n", "", Some(false)),
            ("\x1b\x1b[?997;1n\x1b[A", "\x1b\x1b[A", Some(false)),
            ("\x1b[?997;3n", "\x1b[?997;3n", None),
            ("\x1b[?62;22c", "\x1b[?62;22c", None),
            ("\x1b", "\x1b", None),
            ("\x1b[", "\x1b[", None),
            ("\x1b[<0;10;20M", "\x1b[<0;10;20M", None),
        ] {
            assert_eq!(passed(bytes), (rest.to_owned(), light), "{bytes:?}");
        }
    }

    #[test]
    fn a_report_in_pieces_is_one() {
        let mut sieve = Sieve::default();
        assert_eq!(sieve.pass(b"x\x1b[?9"), (b"x".to_vec(), None));
        assert_eq!(sieve.pass(b"97;2"), (Vec::new(), None));
        assert_eq!(sieve.pass(b"ny"), (b"y".to_vec(), Some(true)));
        // What only began like one comes whole.
        assert_eq!(sieve.pass(b"\x1b[?99"), (Vec::new(), None));
        assert_eq!(sieve.pass(b"z"), (b"\x1b[?99z".to_vec(), None));
    }

    /// A text without any report, even those that come about where one between two parts is taken out.
    fn bare(text: &str) -> String {
        let less = text.replace("\x1b[?997;1n", "").replace("\x1b[?997;2n", "");
        if less.len() == text.len() { less } else { bare(&less) }
    }

    proptest! {
        #[test]
        fn nothing_else_is_lost_or_turned_around(pieces in prop::collection::vec("[\x1b\\[?979;12na-c]{0,12}", 0..8)) {
            let mut sieve = Sieve::default();
            let mut rest: Vec<u8> = pieces.iter().flat_map(|piece| sieve.pass(piece.as_bytes()).0).collect();
            rest.append(&mut sieve.held);
            prop_assert_eq!(bare(&String::from_utf8(rest).unwrap()), bare(&pieces.concat()));
        }
    }

    #[test]
    fn a_terminal_that_is_gone_is_heard_of() {
        let mut keys = Vec::new();
        assert!(hand_on(&b"q\x1b[?997;2n"[..], &mut keys, || true));
        assert_eq!((keys.as_slice(), *grounds().borrow()), (&b"q"[..], Some(true)));
    }

    /// Takes keys, of which the first bring the end; somebody types on meanwhile.
    struct Quitting<'a> {
        keys: Vec<u8>,
        going: Option<PipeWriter>,
        typed: &'a PipeWriter,
    }

    impl Write for Quitting<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.going = None;
            self.typed.write_all(b"ls")?;
            self.keys.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_typed_after_the_end_is_left_to_who_reads_next() {
        let ((terminal, mut typed), (goes, going)) = (io::pipe().unwrap(), io::pipe().unwrap());
        typed.write_all(b"qy").unwrap();
        let mut keys = Quitting { keys: Vec::new(), going: Some(going), typed: &typed };
        assert!(!hand_on(&terminal, &mut keys, || waits(&terminal, &goes)), "the terminal is still there");
        assert_eq!(keys.keys, b"qy");
        let mut rest = [0; 8];
        let count = (&terminal).read(&mut rest).unwrap();
        assert_eq!(&rest[..count], b"ls");
    }
}
