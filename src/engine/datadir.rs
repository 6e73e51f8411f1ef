//! The data directory: who may read it, who holds it, and the files in it that are not the database.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use super::random;
use crate::wire::sigv4::Credentials;

/// Why a data directory could not be opened; every text says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another engine has it.
    #[error("{} is in use by another fleetdeck engine: stop that one, or give this one another directory with --data", .0.display())]
    InUse(PathBuf),
    /// Others could read secrets.
    #[error("{} can be read by others (mode {mode:o}): run `chmod {} {}`", path.display(), if *directory { "700" } else { "600" }, path.display())]
    Exposed {
        /// What is exposed.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Whether it is a directory.
        directory: bool,
    },
    /// The database is of a later version.
    #[error(
        "the database was written by a newer fleetdeck (schema {found}, this one knows {known}): use that version, or another directory with --data"
    )]
    NewerSchema {
        /// The version in the file.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The credentials file says nothing useful.
    #[error("{} has no usable profile: it needs aws_access_key_id and aws_secret_access_key; delete the file to have a new one made", .0.display())]
    Credentials(PathBuf),
    /// A key file says nothing useful.
    #[error("{} is not a key file of fleetdeck: restore it from a backup, or move it away if nothing needs it", .0.display())]
    Key(PathBuf),
    /// The name of a key is not one.
    #[error("{0:?} is not the name of a key: write it like alias/app, letters, digits and /_- only")]
    KeyName(String),
    /// The system refused.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// SQLite refused.
    #[error("the database {} cannot be opened: {message}", path.display())]
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        message: String,
    },
}

/// A locked data directory.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory if need be, checks who can read it and takes the lock.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        make_directory(path)?;
        let lock_path = path.join("lock");
        let lock = private_file(&lock_path).map_err(|error| OpenError::Io { path: lock_path.clone(), error })?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(OpenError::Io { path: lock_path, error }),
        }
    }

    /// Where the database is.
    pub fn database(&self) -> PathBuf {
        self.path.join("fleetdeck.db")
    }

    /// The file that is given up on a full disk.
    pub fn reserve(&self) -> PathBuf {
        self.path.join("reserve")
    }

    /// The directory of the encryption keys.
    pub fn keys(&self) -> Result<PathBuf, OpenError> {
        let path = self.path.join("keys");
        make_directory(&path)?;
        Ok(path)
    }

    /// The directory of whole outputs.
    pub fn output(&self) -> Result<PathBuf, OpenError> {
        let path = self.path.join("output");
        make_directory(&path)?;
        Ok(path)
    }

    /// The account's credentials, made on first start: `DIR/credentials` in AWS's shared-credentials format.
    pub fn credentials(&self) -> Result<Vec<Credentials>, OpenError> {
        let path = self.path.join("credentials");
        let io_error = |error| OpenError::Io { path: path.clone(), error };
        if !path.try_exists().map_err(io_error)? {
            let made = || -> Result<String, crate::ssm::ApiError> {
                let (id, secret) = (random::key_letters(16)?, random::secret()?);
                Ok(format!("[default]\naws_access_key_id = AKIA{id}\naws_secret_access_key = {secret}\n"))
            };
            let text = made().map_err(|error| io_error(io::Error::other(error.to_string())))?;
            write_private(&path, text.as_bytes())?;
        }
        let found = parse_credentials(&read_private(&path)?);
        if found.is_empty() { Err(OpenError::Credentials(path)) } else { Ok(found) }
    }
}

/// Reads a file that holds a secret; refuses if others can read it too.
pub fn read_private(path: &Path) -> Result<String, OpenError> {
    check_private(path, false)?;
    let mut text = String::new();
    File::open(path)
        .and_then(|mut file| file.read_to_string(&mut text))
        .map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
    Ok(text)
}

/// Writes a file that only this user can read: whole and on the disk, or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), OpenError> {
    let partial = path.with_extension("partial");
    let write = || -> io::Result<()> {
        let mut file = private_file(&partial)?;
        file.set_len(0)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().map_err(|error| OpenError::Io { path: path.to_owned(), error })
}

/// Opens a file that only this user can read, or makes it.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn make_directory(path: &Path) -> Result<(), OpenError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
    check_private(path, true)
}

#[cfg(unix)]
fn check_private(path: &Path, directory: bool) -> Result<(), OpenError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(OpenError::Exposed { path: path.to_owned(), mode, directory }) }
}

#[cfg(not(unix))]
fn check_private(_: &Path, _: bool) -> Result<(), OpenError> {
    Ok(())
}

fn parse_credentials(text: &str) -> Vec<Credentials> {
    let mut found = Vec::new();
    let mut current = Credentials::default();
    for line in text.lines().map(str::trim).chain(["["]) {
        if line.starts_with('[') {
            let done = std::mem::take(&mut current);
            if !done.access_key_id.is_empty() && !done.secret_access_key.is_empty() {
                found.push(done);
            }
        } else if let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with(['#', ';'])) {
            match name.trim() {
                "aws_access_key_id" => current.access_key_id = value.trim().to_owned(),
                "aws_secret_access_key" => current.secret_access_key = value.trim().into(),
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_made_once_and_stay() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("data");
        let first = DataDir::open(&directory).unwrap().credentials().unwrap();
        let second = DataDir::open(&directory).unwrap().credentials().unwrap();
        assert_eq!(first, second);
        assert!(first[0].access_key_id.starts_with("AKIA") && first[0].access_key_id.len() == 20);
    }

    #[test]
    fn a_directory_in_use_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("data");
        let _held = DataDir::open(&directory).unwrap();
        assert!(matches!(DataDir::open(&directory), Err(OpenError::InUse(_))));
    }

    #[cfg(unix)]
    #[test]
    fn what_others_can_read_is_refused_with_the_remedy() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("data");
        let opened = DataDir::open(&directory).unwrap();
        opened.credentials().unwrap();
        fs::set_permissions(directory.join("credentials"), fs::Permissions::from_mode(0o644)).unwrap();
        let error = opened.credentials().unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        drop(opened);
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let error = DataDir::open(&directory).unwrap_err().to_string();
        assert!(error.contains("chmod 700"), "{error}");
    }
}
