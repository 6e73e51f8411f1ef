//! The bytes of a program, both ways, without a queue or a task in between: a key that is typed is with the program, and
//! its echo with the line, in the same turn of the session.

use std::{
    fs::File,
    future::poll_fn,
    hint::spin_loop,
    io::{self, Read},
    os::fd::{AsRawFd, RawFd},
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::{Duration, Instant},
};

use bytes::{Buf, Bytes};
use filedescriptor::{FileDescriptor, POLLHUP, poll, pollfd};
use nix::{
    sys::{
        signal::{Signal, killpg},
        termios::{LocalFlags, tcgetattr},
    },
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::unix::pipe::{Receiver, Sender},
};

use crate::wire::envelope::payload;

/// The most that is read at once.
const READ: usize = 32 * 1024;
/// The most that a terminal is given ahead of its echo. It has room for about 16 KiB of it, line ends and control characters are
/// two bytes each, and what has no room is lost.
const UNECHOED: usize = 8 * 1024;

/// What came of a program's turn.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// It wrote this, of this payload type.
    Output(u32, Vec<u8>),
    /// It has taken what it was given, or as much of it as a terminal takes before there is an echo.
    Room,
    /// It has ended and everything was read.
    Over,
}

/// Where a program's output comes from and its input goes to.
pub struct Flow {
    sources: Vec<Source>,
    sink: Sink,
    /// Input that the program has not taken yet. Nothing is added before it has.
    unwritten: Bytes,
    buffer: Box<[u8]>,
    /// The terminal, for whoever cannot wait until the runtime says that it has something.
    terminal: Option<File>,
    /// What a terminal was given and has not answered with as much output.
    unechoed: usize,
}

/// One of a program's outputs.
pub struct Source {
    from: Box<dyn AsyncRead + Send + Unpin>,
    payload_type: u32,
    /// Put before every piece.
    prefix: Vec<u8>,
}

impl Source {
    pub fn new(from: impl AsyncRead + Send + Unpin + 'static, payload_type: u32, prefix: &str) -> Self {
        Self { from: Box::new(from), payload_type, prefix: prefix.into() }
    }
}

/// Where a program's input goes.
pub enum Sink {
    /// To be read.
    Stream(Box<dyn AsyncWrite + Send + Unpin>),
    /// Nobody reads it, but a process group understands its control characters.
    Signals(Pid),
    /// Nobody takes it any more. The output says when the program has ended.
    Closed,
}

impl Flow {
    pub fn new(sources: Vec<Source>, sink: Sink) -> Self {
        Self { sources, sink, unwritten: Bytes::new(), buffer: vec![0; READ].into(), terminal: None, unechoed: 0 }
    }

    /// Both directions of a terminal, by the number of the file that leads to it. The file is the caller's to keep.
    pub fn terminal(master: RawFd) -> io::Result<Self> {
        let mut end = FileDescriptor::dup(&master).map_err(io::Error::other)?;
        end.set_non_blocking(true).map_err(io::Error::other)?;
        let file = || end.as_file().map_err(io::Error::other);
        let output = Receiver::from_file_unchecked(file()?)?;
        let input = Keys { terminal: Sender::from_file_unchecked(file()?)?, waits: false };
        let terminal = Some(file()?);
        let sources = vec![Source::new(output, payload::OUTPUT, "")];
        Ok(Self { terminal, ..Self::new(sources, Sink::Stream(Box::new(input))) })
    }

    /// Whether [`Flow::write`] may be called: what was given last is taken.
    pub fn has_room(&self) -> bool {
        self.unwritten.is_empty()
    }

    /// Gives the program input; as much as it takes at once is with it when this returns. To be called when there is room.
    pub fn write(&mut self, bytes: Bytes) {
        debug_assert!(self.has_room(), "input would be lost");
        self.unwritten = bytes;
        // What does not go now goes in the next turn, which waits for it.
        let _ = self.poll_write(&mut Context::from_waker(Waker::noop()));
    }

    /// Whether a terminal takes no more input before there is output.
    pub fn awaits_echo(&self) -> bool {
        !self.has_room() && self.is_ahead()
    }

    /// Whether a terminal has to echo some of its input first. Half of it at least: what is given in crumbs is echoed in crumbs.
    fn is_ahead(&self) -> bool {
        self.unechoed > UNECHOED / 2
    }

    /// The terminal may be given input although it does not echo: somebody may have stopped it with Ctrl-S, and the Ctrl-Q is
    /// among what waits.
    pub fn forgo_echo(&mut self) {
        self.unechoed = 0;
    }

    /// Waits for output, unless none is wanted, and for input to be taken. Cancel safe.
    pub async fn turn(&mut self, wants_output: bool) -> Turn {
        poll_fn(|context| {
            if !self.has_room() && self.poll_write(context).is_ready() {
                return Poll::Ready(Turn::Room);
            }
            match wants_output {
                true => self.poll_read(context),
                false => Poll::Pending,
            }
        })
        .await
    }

    /// Output that is there already.
    pub fn more(&mut self) -> Option<(u32, Vec<u8>)> {
        match self.poll_read(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Turn::Output(payload_type, bytes)) => Some((payload_type, bytes)),
            _ => None,
        }
    }

    /// What a terminal writes in so short a time that to wait for it takes less than to be woken.
    pub fn echo(&mut self, patience: Duration) -> Option<(u32, Vec<u8>)> {
        let terminal = self.terminal.as_mut()?;
        let begun = Instant::now();
        loop {
            match terminal.read(&mut self.buffer) {
                Ok(length) if length > 0 => {
                    self.unechoed = self.unechoed.saturating_sub(echoed(&self.buffer[..length]));
                    return Some((payload::OUTPUT, self.buffer[..length].to_vec()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && begun.elapsed() < patience => spin_loop(),
                // The end is the runtime's to tell.
                _ => return None,
            }
        }
    }

    /// Ready when all is written, or as much of it as a terminal takes before there is an echo.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut some = false;
        while !self.unwritten.is_empty() {
            let most = self.most();
            if most == 0 {
                // Whoever reads the echo comes again.
                return if some { Poll::Ready(()) } else { Poll::Pending };
            }
            match &mut self.sink {
                Sink::Stream(stream) => {
                    let piece = &self.unwritten[..self.unwritten.len().min(most)];
                    match ready!(Pin::new(stream).poll_write(context, piece)) {
                        Ok(written) if written > 0 => {
                            some = true;
                            self.unwritten.advance(written);
                            if self.terminal.is_some() {
                                self.unechoed += written;
                            }
                        }
                        _ => self.sink = Sink::Closed,
                    }
                }
                Sink::Signals(group) => {
                    for signal in std::mem::take(&mut self.unwritten).into_iter().filter_map(signal_of) {
                        let _ = killpg(*group, signal);
                    }
                }
                Sink::Closed => self.unwritten.clear(),
            }
        }
        Poll::Ready(())
    }

    /// How much may be written now.
    fn most(&mut self) -> usize {
        let Some(terminal) = &self.terminal else { return usize::MAX };
        if self.is_ahead() {
            let echoes = tcgetattr(terminal).is_ok_and(|terms| terms.local_flags.contains(LocalFlags::ECHO));
            if echoes {
                return 0;
            }
            self.unechoed = 0;
        }
        UNECHOED - self.unechoed
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        let mut index = 0;
        while let Some(Source { from, payload_type, prefix }) = self.sources.get_mut(index) {
            let mut buffer = ReadBuf::new(&mut self.buffer);
            match Pin::new(from).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.unechoed = self.unechoed.saturating_sub(echoed(buffer.filled()));
                    let output = Turn::Output(*payload_type, [prefix, buffer.filled()].concat());
                    // The others have their turn first next time.
                    self.sources.rotate_left(index + 1);
                    return Poll::Ready(output);
                }
                // Linux reports the end of a terminal as an error.
                Poll::Ready(_) => drop(self.sources.remove(index)),
                Poll::Pending => index += 1,
            }
        }
        if self.sources.is_empty() { Poll::Ready(Turn::Over) } else { Poll::Pending }
    }
}

/// How much input this is the echo of, if it is one: the end of a line is echoed as two bytes.
fn echoed(output: &[u8]) -> usize {
    output.len() - memchr::memchr_iter(b'\r', output).count()
}

/// The way of keys to a terminal.
struct Keys {
    /// To the runtime a terminal is as good as a pipe.
    terminal: Sender,
    /// It was full.
    waits: bool,
}

impl Keys {
    /// Whether nobody has the terminal open any more.
    fn are_for_nobody(&self) -> bool {
        let mut end = [pollfd { fd: self.terminal.as_raw_fd(), events: 0, revents: 0 }];
        poll(&mut end, Some(Duration::ZERO)).is_ok() && end[0].revents & POLLHUP != 0
    }
}

impl AsyncWrite for Keys {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // What hung up is ready for the runtime, and full for ever: there would be no end to trying, and no turn for anybody else.
        if self.waits && self.are_for_nobody() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let written = Pin::new(&mut self.terminal).poll_write(context, bytes);
        self.waits = written.is_pending();
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.terminal).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.terminal).poll_shutdown(context)
    }
}

/// What Ctrl-C and Ctrl-\ mean where there is no terminal that knows.
fn signal_of(byte: u8) -> Option<Signal> {
    match byte {
        0x03 => Some(Signal::SIGINT),
        0x1c => Some(Signal::SIGQUIT),
        _ => None,
    }
}
