//! Standard input of a command without a terminal: the protocol carries none, and whoever pipes something in has to know.

#[cfg(unix)]
use std::{
    fs::File,
    io::Seek,
    os::fd::{AsFd, AsRawFd, BorrowedFd},
    time::Duration,
};

#[cfg(unix)]
use crate::cli::talk;

/// What is said of it once, or not at all.
#[derive(Debug, Default)]
pub struct Unsent {
    #[cfg(unix)]
    told: bool,
}

impl Unsent {
    /// Says that standard input goes nowhere, if it is known by now that there is some. Waits for none: a pipe that is only
    /// inherited, as from cron, may stay silent for ever.
    pub fn tell(&mut self) {
        #[cfg(unix)]
        if !self.told && is_waiting(std::io::stdin().as_fd()) {
            self.told = true;
            talk::say(
                "fleetdeck: standard input is not sent to a command without a terminal: bring it as a file with \
                 `fleetdeck cp`, or give the command a terminal with `-t`",
            );
        }
    }
}

/// Whether a pipe or a file has something that is not read yet.
#[cfg(unix)]
fn is_waiting(input: BorrowedFd<'_>) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let Ok(mut file) = input.try_clone_to_owned().map(File::from) else { return false };
    let Ok(about) = file.metadata() else { return false };
    if about.is_file() {
        return file.stream_position().is_ok_and(|at| at < about.len());
    }
    // A terminal is nobody's input yet, and /dev/null never is.
    about.file_type().is_fifo() && {
        let mut poll = [filedescriptor::pollfd { fd: file.as_raw_fd(), events: filedescriptor::POLLIN, revents: 0 }];
        filedescriptor::poll(&mut poll, Some(Duration::ZERO)).is_ok() && poll[0].revents & filedescriptor::POLLIN != 0
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn only_what_is_there_to_be_read_is_waiting() {
        let (mut reader, mut writer) = std::io::pipe().unwrap();
        assert!(!is_waiting(reader.as_fd()), "an idle pipe says nothing, and nobody waits for it");
        writer.write_all(b"data").unwrap();
        assert!(is_waiting(reader.as_fd()));
        drop(writer);
        assert!(is_waiting(reader.as_fd()));
        reader.read_to_end(&mut Vec::new()).unwrap();
        assert!(!is_waiting(reader.as_fd()), "at its end");

        let mut file = tempfile::tempfile().unwrap();
        assert!(!is_waiting(file.as_fd()));
        file.write_all(b"data").unwrap();
        assert!(!is_waiting(file.as_fd()), "somebody has read it to its end");
        file.rewind().unwrap();
        assert!(is_waiting(file.as_fd()));
        assert!(!is_waiting(File::open("/dev/null").unwrap().as_fd()));
    }
}
