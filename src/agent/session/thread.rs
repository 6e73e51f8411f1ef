//! The thread that sessions run on. The agent's own waits for its disk now and then, and a key must not wait with it.

use std::{
    io,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Threads that wait for the disk and for names at a time.
const WAITING: usize = 16;
/// How long such a thread stays without anything to wait for.
const KEPT: Duration = Duration::from_secs(2);

/// The thread, which begins with the first session: agents are many, and most of them never have one. It ends when this is
/// dropped, and with it whatever runs on it.
#[derive(Debug, Default)]
pub struct SessionThread(Mutex<Option<(Handle, DropGuard)>>);

impl SessionThread {
    /// Where its tasks are spawned.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn get(&self) -> io::Result<Handle> {
        // Nothing panics while the lock is held, so a poisoned one is as good as any.
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((handle, _)) = &*begun {
            return Ok(handle.clone());
        }
        let runtime =
            Builder::new_current_thread().enable_all().max_blocking_threads(WAITING).thread_keep_alive(KEPT).build()?;
        let (handle, over) = (runtime.handle().clone(), CancellationToken::new());
        let end = over.clone().drop_guard();
        thread::Builder::new().name("sessions".to_owned()).spawn(move || {
            runtime.block_on(over.cancelled());
            // Whoever waits for the disk is not waited for.
            runtime.shutdown_background();
        })?;
        *begun = Some((handle.clone(), end));
        Ok(handle)
    }
}
