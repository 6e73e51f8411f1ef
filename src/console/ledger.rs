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

use super::{effect::files::replace, state::canary::left::Entry as Canary};
use crate::config::forward::{Forward, Forwards};

/// What a ledger is about.
pub trait Entry: PartialEq + Sized {
    /// Reads what a console wrote down.
    ///
    /// # Errors
    /// In words, when it is not in order.
    fn parse(text: &str) -> Result<Vec<Self>, String>;

    /// What is written down.
    fn text(entries: &[Self]) -> String;
}

impl Entry for Forward {
    fn parse(text: &str) -> Result<Vec<Self>, String> {
        Forwards::parse(text).map(|forwards| forwards.forwards).map_err(|error| error.to_string())
    }

    fn text(forwards: &[Self]) -> String {
        Forwards { forwards: forwards.to_vec() }.text()
    }
}

impl Entry for Canary {
    fn parse(text: &str) -> Result<Vec<Self>, String> {
        Self::parse(text)
    }

    fn text(entries: &[Self]) -> String {
        Self::text(entries)
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
    /// Begins the ledger of this console, and takes what consoles of the same scope have left. That stands in its own ledger before
    /// theirs go.
    ///
    /// # Errors
    /// When its directory cannot be written to.
    pub fn begin(directory: &Path, scope: &str) -> io::Result<(Self, Vec<E>)> {
        fs::create_dir_all(directory)?;
        let (file, lock, held) = own(directory, scope, std::process::id())?;
        let (left, gone) = left(directory, scope, &lock);
        let ledger = Self { file, lock, _held: held, of: PhantomData };
        let text = if left.is_empty() { String::new() } else { E::text(&left) };
        // One of the same number that is gone may have left this file.
        if !left.is_empty() || ledger.file.exists() {
            replace(&ledger.file, &text)?;
        }
        for (lock, _held) in gone {
            let _ = fs::remove_file(lock.with_extension("toml"));
            let _ = fs::remove_file(lock);
        }
        Ok((ledger, left))
    }

    /// Where it says what is on.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The console is left, and what it had under way has ended with it. That of which nobody has decided anything is for the
    /// next one.
    pub fn end(self, undecided: Vec<E>) {
        if !undecided.is_empty() {
            if let Err(error) = replace(&self.file, &E::text(&undecided)) {
                tracing::warn!(%error, file = %self.file.display(), "not written");
            }
            return;
        }
        // Not there if nothing was ever on.
        let _ = fs::remove_file(&self.file);
        let _ = fs::remove_file(&self.lock);
    }
}

/// A ledger that nobody holds, of this number or the next one that is free, and its lock: in another namespace of processes a console
/// may live that has this number too.
fn own(directory: &Path, scope: &str, number: u32) -> io::Result<(PathBuf, PathBuf, File)> {
    let mut number = number;
    loop {
        let file = directory.join(format!("{scope}.{number}.toml"));
        let lock = file.with_extension("lock");
        let held = File::create(&lock)?;
        match held.try_lock() {
            Ok(()) => return Ok((file, lock, held)),
            Err(TryLockError::WouldBlock) => number = number.wrapping_add(1),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// What consoles of a scope that are gone had under way, and their locks, each held. `own` is held already.
fn left<E: Entry>(directory: &Path, scope: &str, own: &Path) -> (Vec<E>, Vec<(PathBuf, File)>) {
    let of_scope = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".lock"));
        let number = name.and_then(|name| name.strip_prefix(scope)?.strip_prefix('.'));
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let locks = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).filter(of_scope);
    let (mut left, mut gone) = (Vec::<E>::new(), Vec::new());
    for lock in locks {
        let is_own = lock == own;
        if !is_own {
            let Ok(held) = File::open(&lock) else { continue };
            match held.try_lock() {
                Ok(()) => gone.push((lock.clone(), held)),
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => continue,
            }
        }
        let file = lock.with_extension("toml");
        let text = crate::config::paths::read_optional(&file).ok().flatten().unwrap_or_default();
        match E::parse(&text) {
            Ok(entries) => {
                for entry in entries {
                    if !left.contains(&entry) {
                        left.push(entry);
                    }
                }
            }
            Err(error) => tracing::warn!(%error, file = %file.display(), "not read"),
        }
    }
    (left, gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "[[forward]]\nnode = 'web-1'\nremote = 80\n";

    #[test]
    fn what_a_console_left_is_found_once_and_what_one_has_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let begin = || Ledger::<Forward>::begin(directory.path(), "prod-1").unwrap();
        let (own, left) = begin();
        assert_eq!(left, []);
        fs::write(own.file(), ONE).unwrap();
        // One that was killed holds no lock any more.
        fs::write(directory.path().join("prod-1.7.lock"), "").unwrap();
        fs::write(directory.path().join("prod-1.7.toml"), ONE).unwrap();
        fs::write(directory.path().join("prod-1.8.lock"), "").unwrap();
        fs::write(directory.path().join("prod-1.8.toml"), "no ledger").unwrap();
        fs::write(directory.path().join("prod-12.9.lock"), "").unwrap();
        fs::write(directory.path().join("prod-12.9.toml"), ONE).unwrap();
        let (next, left) = begin();
        assert_eq!(left.iter().map(|forward| forward.remote).collect::<Vec<_>>(), [80]);
        assert!(!directory.path().join("prod-1.7.toml").exists());
        let text = fs::read_to_string(next.file()).unwrap();
        assert_eq!(Forward::parse(&text).unwrap(), left, "who is killed now has lost none of it");
        let (third, none) = begin();
        assert_eq!(none, []);
        assert!(own.file() != next.file() && next.file() != third.file());
        third.end(Vec::new());
        next.end(Vec::new());
        // What nobody decided about is there again after an ordinary end too.
        own.end(left.clone());
        let (own, again) = begin();
        assert_eq!(again, left);
        own.end(Vec::new());
        let mut names: Vec<_> =
            fs::read_dir(directory.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        assert_eq!(names, ["prod-12.9.lock", "prod-12.9.toml"], "another scope's");
    }
}
