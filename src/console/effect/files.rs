//! Files on this machine: those of the user, which are never overwritten, and the console's own.

use std::{fs, io, io::Write, path::Path};

use crate::console::update::{Trouble, Update};

/// What is told of a file that could not be written.
pub(super) fn unwritten(path: &Path, error: &io::Error) -> Update {
    let what = format!("{} was not written: {error}", path.display());
    Update::Failed(Trouble::new(what, Some("Choose another file or directory.")))
}

/// Writes a file of the console's own in the place of the old one, whole or not at all.
pub(in crate::console) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let _ = fs::remove_file(&new);
    let written = save(&new, text).and_then(|()| fs::rename(&new, path));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&new);
    })
}

/// Writes a new file that only its owner may read: outputs can hold secrets.
pub(super) fn save(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
