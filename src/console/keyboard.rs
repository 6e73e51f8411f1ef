//! What happens at the terminal, read on a thread of its own: half a control sequence (Alt+[ and no more) keeps this thread
//! waiting, and nobody else.

use std::{io, thread};

use crossterm::event::{Event, read};
use nix::sys::termios::{FlushArg, tcflush};
use tokio::sync::mpsc;

use super::reports;

/// What happens at the terminal, as it is read.
pub(super) type Keys = mpsc::Receiver<io::Result<Event>>;

/// Events that may wait for the loop. Beyond that the terminal itself holds back what is typed.
const WAITING: usize = 1024;

/// Starts reading. The last event is the error after which nothing more comes.
///
/// The thread cannot be interrupted: it ends with the process, or at the first event after the receiver is gone.
///
/// # Errors
/// When no thread can be started.
pub(super) fn listen() -> io::Result<Keys> {
    let (sender, events) = mpsc::channel(WAITING);
    thread::Builder::new().name("keyboard".to_owned()).spawn(move || {
        while !sender.is_closed() {
            let event = read();
            match &event {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                _ => {}
            }
            let last = event.is_err();
            if sender.blocking_send(event).is_err() || last {
                return;
            }
        }
    })?;
    Ok(events)
}

/// Nothing more is taken from the terminal, which is about to be given back. Where a part of what was typed has been read and
/// goes nowhere, what came right behind it is dropped too: whoever reads the terminal next is not to take half a line for a
/// whole one.
pub(super) fn end(mut keys: Keys) {
    reports::step_aside();
    let mut lost = reports::has_more();
    while let Ok(event) = keys.try_recv() {
        lost |= is_typed(&event);
    }
    if lost {
        let _ = tcflush(io::stdin(), FlushArg::TCIFLUSH);
    }
}

fn is_typed(event: &io::Result<Event>) -> bool {
    matches!(event, Ok(Event::Key(_) | Event::Paste(_)))
}
