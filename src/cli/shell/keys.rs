//! What is typed, or piped in.

use std::io::Read;
#[cfg(unix)]
use std::{fs::File, io::IsTerminal, os::fd::AsFd};

use tokio::sync::mpsc;
#[cfg(unix)]
use tokio::{io::AsyncReadExt, net::unix::pipe::Receiver};

/// More than a terminal holds, so that a read that fills it, and leaves it open whether there is more, is none of a
/// terminal's.
const READ: usize = 64 * 1024;
/// Reads that may wait when standard input is no terminal.
const QUEUE: usize = 16;

/// Standard input.
pub enum Keys {
    /// A terminal: the runtime says when a key is there, and no thread has to be woken for it.
    #[cfg(unix)]
    Watched { terminal: Receiver, buffer: Vec<u8> },
    /// Anything else: a read by a thread of its own, because it cannot be given up.
    Read(mpsc::Receiver<Vec<u8>>),
}

impl Keys {
    /// Begins to listen.
    pub fn listen() -> Self {
        #[cfg(unix)]
        if let Some(terminal) = watched() {
            return Self::Watched { terminal, buffer: vec![0; READ] };
        }
        let (keys, read) = mpsc::channel(QUEUE);
        let reader = std::thread::Builder::new().name("keyboard".to_owned());
        let _ = reader.spawn(move || {
            let mut buffer = vec![0; READ];
            loop {
                match std::io::stdin().read(&mut buffer) {
                    Ok(0) | Err(_) => return,
                    Ok(length) if keys.blocking_send(buffer[..length].to_vec()).is_err() => return,
                    Ok(_) => {}
                }
            }
        });
        Self::Read(read)
    }

    /// What comes next; `None` at its end. Cancel safe.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        match self {
            #[cfg(unix)]
            Self::Watched { terminal, buffer } => match terminal.read(buffer).await {
                Ok(0) | Err(_) => None,
                Ok(length) => Some(buffer[..length].to_vec()),
            },
            Self::Read(read) => read.recv().await,
        }
    }
}

/// The terminal of standard input. It stays in blocking mode, which others share: it is read when something is there.
#[cfg(unix)]
fn watched() -> Option<Receiver> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return None;
    }
    let own = stdin.as_fd().try_clone_to_owned().ok()?;
    // To the runtime a terminal is as good as a pipe.
    Receiver::from_file_unchecked(File::from(own)).ok()
}
