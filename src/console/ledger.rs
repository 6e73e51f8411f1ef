//! What a console has under way, written down while it runs: forwards that are on, and canaries whose rest waits. After it was
//! killed, the next one of the same scope says so.
//!
//! Each console has a file of its own and holds a lock beside it for as long as it lives, whatever becomes of it. A file whose lock
//! can be had is that of a console that is gone and did not say goodbye.

use std::{
    fs::{self, File, TryLockError},
    io,
    marker::PhantomData,
    path::{Path, PathBuf},
};

use super::state::canary::left::Entry as Canary;
use crate::config::forward::{Forward, Forwards};

/// What a ledger is about.
pub trait Entry: PartialEq + Sized {
    /// Reads what a console wrote down.
    ///
    /// # Errors
    /// In words, when it is not in order.
    fn parse(text: &str) -> Result<Vec<Self>, String>;

    /// What is written down.
    fn text(entries: Vec<Self>) -> String;
}

impl Entry for Forward {
    fn parse(text: &str) -> Result<Vec<Self>, String> {
        Forwards::parse(text).map(|forwards| forwards.forwards).map_err(|error| error.to_string())
    }

    fn text(forwards: Vec<Self>) -> String {
        Forwards { forwards }.text()
    }
}

impl Entry for Canary {
    fn parse(text: &str) -> Result<Vec<Self>, String> {
        Self::parse(text)
    }

    fn text(entries: Vec<Self>) -> String {
        Self::text(&entries)
    }
}

/// A console's ledger.
#[derive(Debug)]
pub struct Ledger<E> {
    file: PathBuf,
    lock: PathBuf,
    _held: File,
    of: PhantomData<E>,
}

/// The ledgers of a console that leaves something behind.
#[derive(Debug, Default)]
pub struct Ledgers {
    /// Which forwards are on.
    pub forwards: Option<Ledger<Forward>>,
    /// Which canaries wait.
    pub canaries: Option<Ledger<Canary>>,
}

impl<E: Entry> Ledger<E> {
    /// Begins the ledger of this console, and takes what consoles of the same scope have left.
    ///
    /// # Errors
    /// When its directory cannot be written to.
    pub fn begin(directory: &Path, scope: &str) -> io::Result<(Self, Vec<E>)> {
        fs::create_dir_all(directory)?;
        let left = take_left(directory, scope);
        let file = directory.join(format!("{scope}.{}.toml", std::process::id()));
        let lock = file.with_extension("lock");
        let held = File::create(&lock)?;
        held.lock()?;
        Ok((Self { file, lock, _held: held, of: PhantomData }, left))
    }

    /// Where it says what is on.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The console is left, and what it had under way has ended with it. That of which nobody has decided anything is for the
    /// next one.
    pub fn end(self, undecided: Vec<E>) {
        if !undecided.is_empty() {
            if let Err(error) = fs::write(&self.file, E::text(undecided)) {
                tracing::warn!(%error, file = %self.file.display(), "not written");
            }
            return;
        }
        // Not there if nothing was ever on.
        let _ = fs::remove_file(&self.file);
        let _ = fs::remove_file(&self.lock);
    }
}

/// What consoles of a scope that are gone had under way; their files go with them.
fn take_left<E: Entry>(directory: &Path, scope: &str) -> Vec<E> {
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
        match E::parse(&text) {
            Ok(entries) => left.extend(entries),
            Err(error) => tracing::warn!(%error, file = %file.display(), "not read"),
        }
        let _ = fs::remove_file(file);
        let _ = fs::remove_file(lock);
    }
    let mut once: Vec<E> = Vec::new();
    for entry in left {
        if !once.contains(&entry) {
            once.push(entry);
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
        let (own, left) = Ledger::<Forward>::begin(directory.path(), "prod-1").unwrap();
        assert_eq!(left, []);
        fs::write(own.file(), ONE).unwrap();
        // One that was killed holds no lock any more.
        fs::write(directory.path().join("prod-1.7.lock"), "").unwrap();
        fs::write(directory.path().join("prod-1.7.toml"), ONE).unwrap();
        fs::write(directory.path().join("prod-1.8.lock"), "").unwrap();
        fs::write(directory.path().join("prod-1.8.toml"), "no ledger").unwrap();
        fs::write(directory.path().join("prod-12.9.lock"), "").unwrap();
        fs::write(directory.path().join("prod-12.9.toml"), ONE).unwrap();
        let left: Vec<Forward> = take_left(directory.path(), "prod-1");
        assert_eq!(left.iter().map(|forward| forward.remote).collect::<Vec<_>>(), [80]);
        assert_eq!(take_left::<Forward>(directory.path(), "prod-1"), []);
        // What nobody decided about is there again after an ordinary end too.
        own.end(left.clone());
        let (own, again) = Ledger::<Forward>::begin(directory.path(), "prod-1").unwrap();
        assert_eq!(again, left);
        own.end(Vec::new());
        let mut names: Vec<_> =
            fs::read_dir(directory.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        assert_eq!(names, ["prod-12.9.lock", "prod-12.9.toml"], "another scope's");
    }
}
