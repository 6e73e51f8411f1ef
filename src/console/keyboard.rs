//! What happens at the terminal, read on a thread of its own: half a control sequence (Alt+[ and no more) keeps this thread
//! waiting, and nobody else.

use std::{io, thread};

use crossterm::event::{Event, read};
use tokio::sync::mpsc;

/// Events that may wait for the loop. Beyond that the terminal itself holds back what is typed.
const WAITING: usize = 1024;

/// Starts reading. The last event is the error after which nothing more comes.
///
/// The thread cannot be interrupted: it ends with the process, or at the first event after the receiver is gone.
///
/// # Errors
/// When no thread can be started.
pub(super) fn listen() -> io::Result<mpsc::Receiver<io::Result<Event>>> {
    let (sender, events) = mpsc::channel(WAITING);
    thread::Builder::new().name("keyboard".to_owned()).spawn(move || {
        loop {
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
