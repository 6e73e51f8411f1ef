//! Which forwards a console has on, written down while it runs: after it was killed, the next one of the same scope says so.
//!
//! Each console has a file of its own and holds a lock beside it for as long as it lives, whatever becomes of it. A file whose lock
//! can be had is that of a console that is gone and did not say goodbye.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::config::forward::{Forward, Forwards};

/// A console's ledger.
#[derive(Debug)]
pub struct Ledger {
    file: PathBuf,
    lock: PathBuf,
    _held: File,
}

impl Ledger {
    /// Begins the ledger of this console, and takes what consoles of the same scope have left.
    ///
    /// # Errors
    /// When its directory cannot be written to.
    pub fn begin(directory: &Path, scope: &str) -> io::Result<(Self, Vec<Forward>)> {
        fs::create_dir_all(directory)?;
        let left = take_left(directory, scope);
        let file = directory.join(format!("{scope}.{}.toml", std::process::id()));
        let lock = file.with_extension("lock");
        let held = File::create(&lock)?;
        held.lock()?;
        Ok((Self { file, lock, _held: held }, left))
    }

    /// Where it says what is on.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The console is left, and its forwards have ended with it. Those that an earlier one had left, and of which nobody has
    /// decided anything, are for the next one.
    pub fn end(self, undecided: Vec<Forward>) {
        if !undecided.is_empty() {
            let text = Forwards { forwards: undecided }.text();
            if let Err(error) = fs::write(&self.file, text) {
                tracing::warn!(%error, file = %self.file.display(), "not written");
            }
            return;
        }
        // Not there if nothing was ever on.
        let _ = fs::remove_file(&self.file);
        let _ = fs::remove_file(&self.lock);
    }
}

/// What consoles of a scope that are gone had on; their files go with them.
fn take_left(directory: &Path, scope: &str) -> Vec<Forward> {
    let of_scope = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".lock"));
        let number = name.and_then(|name| name.strip_prefix(scope)?.strip_prefix('.'));
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let locks = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).filter(of_scope);
    let mut left = Vec::new();
    for lock in locks {
        let Ok(held) = File::open(&lock) else { continue };
        match held.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => continue,
        }
        let file = lock.with_extension("toml");
        let text = crate::config::paths::read_optional(&file).ok().flatten().unwrap_or_default();
        match Forwards::parse(&text) {
            Ok(forwards) => left.extend(forwards.forwards),
            Err(error) => tracing::warn!(%error, file = %file.display(), "not read"),
        }
        let _ = fs::remove_file(file);
        let _ = fs::remove_file(lock);
    }
    let mut once: Vec<Forward> = Vec::new();
    for forward in left {
        if !once.contains(&forward) {
            once.push(forward);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "[[forward]]\nnode = 'web-1'\nremote = 80\n";

    #[test]
    fn what_a_console_left_is_found_once_and_what_one_has_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let (own, left) = Ledger::begin(directory.path(), "prod-1").unwrap();
        assert_eq!(left, []);
        fs::write(own.file(), ONE).unwrap();
        // One that was killed holds no lock any more.
        fs::write(directory.path().join("prod-1.7.lock"), "").unwrap();
        fs::write(directory.path().join("prod-1.7.toml"), ONE).unwrap();
        fs::write(directory.path().join("prod-1.8.lock"), "").unwrap();
        fs::write(directory.path().join("prod-1.8.toml"), "no ledger").unwrap();
        fs::write(directory.path().join("prod-12.9.lock"), "").unwrap();
        fs::write(directory.path().join("prod-12.9.toml"), ONE).unwrap();
        let left = take_left(directory.path(), "prod-1");
        assert_eq!(left.iter().map(|forward| forward.remote).collect::<Vec<_>>(), [80]);
        assert_eq!(take_left(directory.path(), "prod-1"), []);
        // What nobody decided about is there again after an ordinary end too.
        own.end(left.clone());
        let (own, again) = Ledger::begin(directory.path(), "prod-1").unwrap();
        assert_eq!(again, left);
        own.end(Vec::new());
        let mut names: Vec<_> =
            fs::read_dir(directory.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        assert_eq!(names, ["prod-12.9.lock", "prod-12.9.toml"], "another scope's");
    }
}
