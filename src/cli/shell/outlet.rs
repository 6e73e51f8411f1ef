//! An output that may not be read for long: a pager, a stopped terminal, a pipe to somebody who sleeps. Nothing here waits
//! inside a write, so that a signal ends a session all the same.

use std::{fs::File, io, io::Write, time::Duration};

#[cfg(unix)]
use std::{
    fs::OpenOptions,
    io::IsTerminal,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::fs::OpenOptionsExt,
    },
    time::Instant,
};

#[cfg(unix)]
use nix::{libc, unistd::ttyname};
#[cfg(unix)]
use tokio::io::{Interest, unix::AsyncFd};

/// What a terminal with any room takes whole, on every system. The mode of the output is shared with other processes, so
/// that it cannot be asked for half a write, unless it could be opened once more.
#[cfg(unix)]
const TERMINAL_PIECE: usize = 1024;
/// The same of a pipe: a page.
#[cfg(unix)]
const PIPE_PIECE: usize = 4096;

/// An output, and what waits to be written to it.
#[derive(Debug)]
pub struct Outlet {
    file: Option<File>,
    /// Tells when there is room. Files always have some, and so have things that the runtime cannot watch.
    #[cfg(unix)]
    room: Option<AsyncFd<OwnedFd>>,
    /// How much may be written at once where there is room. `None`: it takes as much as it has room for.
    #[cfg(unix)]
    piece: Option<usize>,
    waiting: Vec<u8>,
    hurried: bool,
}

impl Outlet {
    /// For an output of this process. Wants a runtime.
    #[cfg(unix)]
    pub fn new(output: &(impl AsFd + IsTerminal)) -> Self {
        let again = opened_again(output);
        let piece = match (&again, output.is_terminal()) {
            (Some(_), _) => None,
            (None, true) => Some(TERMINAL_PIECE),
            (None, false) => Some(PIPE_PIECE),
        };
        let own = || match &again {
            Some(again) => again.as_fd().try_clone_to_owned().ok(),
            None => output.as_fd().try_clone_to_owned().ok(),
        };
        #[allow(deprecated, reason = "what replaces it is unsafe for the sake of handles that nobody owns")]
        let room = own().and_then(|own| AsyncFd::with_interest(own, Interest::WRITABLE).ok());
        Self { file: own().map(File::from), room, piece, waiting: Vec::new(), hurried: false }
    }

    /// For an output of this process.
    #[cfg(not(unix))]
    pub fn new(output: &impl std::os::windows::io::AsHandle) -> Self {
        let own = output.as_handle().try_clone_to_owned().ok();
        Self { file: own.map(File::from), waiting: Vec::new(), hurried: false }
    }

    /// Writes what there is room for; the rest waits for [`Outlet::drain`].
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = if self.waits() { 0 } else { self.write(bytes)? };
        if !self.hurried {
            self.waiting.extend_from_slice(&bytes[written..]);
        }
        Ok(())
    }

    /// Whether something waits to be written. Then no more should be asked for.
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Waits until nothing waits any more. Cancel safe.
    pub async fn drain(&mut self) -> io::Result<()> {
        while self.waits() {
            #[cfg(unix)]
            if let Some(room) = &self.room {
                let mut room = room.writable().await?;
                if !has_room(room.get_inner(), Duration::ZERO) {
                    room.clear_ready();
                    continue;
                }
            }
            let waiting = std::mem::take(&mut self.waiting);
            let written = self.write(&waiting)?;
            self.waiting = waiting;
            self.waiting.drain(..written);
        }
        Ok(())
    }

    /// Forgets what waits, and from now on whatever finds no room.
    pub fn hurry(&mut self) {
        self.hurried = true;
        self.waiting.clear();
    }

    /// The last bytes: waits for room for so long at most, and only here.
    pub fn end(&mut self, bytes: &[u8], patience: Duration) {
        self.hurried = true;
        let mut left = std::mem::take(&mut self.waiting);
        left.extend_from_slice(bytes);
        #[cfg(unix)]
        let until = Instant::now() + patience;
        while !left.is_empty() {
            #[cfg(unix)]
            if let Some(room) = &self.room
                && !has_room(room.get_ref(), until.saturating_duration_since(Instant::now()))
            {
                return;
            }
            match self.write(&left) {
                Ok(written) => _ = left.drain(..written),
                Err(_) => return,
            }
        }
        #[cfg(not(unix))]
        let _ = patience;
    }

    /// Writes as much as there is room for; how much.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        // What cannot be had as a file is closed, which is nobody's error.
        let Some(file) = &mut self.file else { return Ok(bytes.len()) };
        while written < bytes.len() {
            let left = &bytes[written..];
            #[cfg(unix)]
            let left = match (&self.room, self.piece) {
                (Some(room), Some(_)) if !has_room(room.get_ref(), Duration::ZERO) => break,
                (Some(_), Some(piece)) => &left[..left.len().min(piece)],
                _ => left,
            };
            match file.write(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }
}

/// A terminal in a mode of our own, which does not make its writers wait. `None` if it is none, or not ours to open.
#[cfg(unix)]
fn opened_again(output: &impl AsFd) -> Option<File> {
    let name = ttyname(output).ok()?;
    OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(name).ok()
}

/// Whether a write to it goes through, or fails at once, within so long.
#[cfg(unix)]
fn has_room(output: &OwnedFd, patience: Duration) -> bool {
    let mut poll = [filedescriptor::pollfd { fd: output.as_raw_fd(), events: filedescriptor::POLLOUT, revents: 0 }];
    // One whose reader is gone has something to tell, and no room.
    filedescriptor::poll(&mut poll, Some(patience)).is_ok() && poll[0].revents != 0
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;

    use nix::{
        fcntl::{FcntlArg, fcntl},
        pty::openpty,
        sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr},
    };

    use super::*;

    #[tokio::test]
    async fn what_is_not_read_waits_and_comes_whole_or_is_forgotten() {
        let (mut reader, writer) = io::pipe().unwrap();
        let writer = OwnedFd::from(writer);
        let mut outlet = Outlet::new(&writer);
        let bytes: Vec<u8> = (0..1_000_000u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        outlet.put(&bytes).unwrap();
        assert!(outlet.waits());
        drop(writer);
        let length = bytes.len();
        let read = std::thread::spawn(move || {
            let mut read = vec![0; length];
            reader.read_exact(&mut read).unwrap();
            (reader, read)
        });
        outlet.drain().await.unwrap();
        let (reader, read) = read.join().unwrap();
        assert!(read == bytes && !outlet.waits());

        outlet.put(&bytes).unwrap();
        outlet.hurry();
        outlet.put(&bytes).unwrap();
        assert!(!outlet.waits());
        outlet.end(b"nobody hears it", Duration::ZERO);
        drop(reader);
        assert_eq!(outlet.put(b"more").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn a_terminal_takes_what_it_has_room_for_and_keeps_its_mode() {
        let pair = openpty(None, None).unwrap();
        let mut raw = tcgetattr(&pair.slave).unwrap();
        cfmakeraw(&mut raw);
        tcsetattr(&pair.slave, SetArg::TCSANOW, &raw).unwrap();
        let before = fcntl(&pair.slave, FcntlArg::F_GETFL).unwrap();
        let mut outlet = Outlet::new(&pair.slave);
        let bytes: Vec<u8> = (0..1_000_000u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        outlet.put(&bytes).unwrap();
        assert!(outlet.waits() && outlet.waiting.len() < bytes.len());
        let (mut master, length) = (File::from(pair.master), bytes.len());
        let read = std::thread::spawn(move || {
            let mut read = vec![0; length];
            master.read_exact(&mut read).unwrap();
            read
        });
        outlet.drain().await.unwrap();
        assert!(read.join().unwrap() == bytes);
        assert_eq!(fcntl(&pair.slave, FcntlArg::F_GETFL).unwrap(), before, "it is shared with other processes");
    }
}
