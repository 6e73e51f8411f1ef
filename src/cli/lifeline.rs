//! A child process that must not outlive the one that started it.
//!
//! The parent keeps the other end of the child's standard input and never writes to it. However the parent ends, the
//! system closes that end, and the child asks itself to stop as an operator would. Where several processes use a child,
//! each holds a shared lock on a file, which the system takes back in the same way.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    process::exit,
    thread,
    time::Duration,
};

/// How long a child may take to stop by itself.
const GRACE: Duration = Duration::from_secs(5);

/// Watches standard input from a thread of its own.
pub fn watch() {
    end_after(wait_for_end);
}

/// Watches the users of a file: ends this process when none of them holds its lock any more, and keeps new ones waiting
/// until it has ended.
pub fn watch_users(file: PathBuf) {
    let opened = match lock_file(&file) {
        Ok(opened) => opened,
        Err(error) => fail(&format!("{}: {error}", file.display())),
    };
    end_after(move || {
        while opened.lock().is_err_and(|error| error.kind() == ErrorKind::Interrupted) {}
        // Open, and so locked, to the end of the process.
        std::mem::forget(opened);
    });
}

/// Opens a file that is there to be locked, and makes it if need be.
pub fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).read(true).open(path)
}

fn end_after(event: impl FnOnce() + Send + 'static) {
    let watcher = thread::Builder::new().name("lifeline".to_owned()).spawn(|| {
        event();
        #[cfg(unix)]
        {
            let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGTERM);
            thread::sleep(GRACE);
        }
        exit(1);
    });
    if let Err(error) = watcher {
        // Without the watch an orphan could stay behind: better not to begin.
        fail(&format!("cannot watch the parent process: {error}"));
    }
}

fn fail(sentence: &str) -> ! {
    eprintln!("fleetdeck: {sentence}");
    exit(1);
}

/// Returns when nobody holds the other end of standard input any more.
pub fn wait_for_end() {
    let mut byte = [0];
    loop {
        match std::io::stdin().read(&mut byte) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
