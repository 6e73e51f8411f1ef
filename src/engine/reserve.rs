//! Space that the engine holds back: on a full disk SQLite cannot even delete, since a deletion is written first.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{datadir, random};

/// How much is held back, in bytes.
const SIZE: usize = 4 << 20;
/// How much has to be free before it is held back again, so that it is not taken from those who need it now.
const ROOM: u64 = 64 << 20;

/// A file that is there to be given up.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    /// Whether it has been written, or given up, by this process.
    held: AtomicBool,
}

impl Reserve {
    /// Nothing is written before [`Reserve::hold`].
    pub fn at(path: PathBuf) -> Self {
        Self { path, held: AtomicBool::new(false) }
    }

    /// Holds the space back if it is not and so many bytes are free. Errors: it cannot be written.
    pub fn hold(&self, free: impl FnOnce() -> u64) -> io::Result<()> {
        if self.is_held() || self.is_whole() {
            self.held.store(true, Ordering::Relaxed);
            return Ok(());
        }
        if free() < ROOM {
            return Ok(());
        }
        // Noise, since file systems that compress hold nothing back for zeros.
        let noise = random::bytes::<{ 64 << 10 }>().map_err(|error| io::Error::other(error.to_string()))?;
        // Not brought to the disk: it would only keep the database waiting.
        let write =
            |mut file: fs::File| file.set_len(0).and_then(|()| file.write_all(&noise.repeat(SIZE / noise.len())));
        datadir::private_file(&self.path).and_then(write).inspect_err(|_| drop(fs::remove_file(&self.path)))?;
        self.held.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether it is known to be held back.
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    /// Gives the space up. Answers whether there was any.
    pub fn give_up(&self) -> bool {
        self.held.store(false, Ordering::Relaxed);
        fs::remove_file(&self.path).is_ok()
    }

    /// What is free where the reserve is; nothing, if that cannot be told.
    pub fn free(&self) -> u64 {
        #[cfg(unix)]
        {
            let told = self.path.parent().and_then(|directory| nix::sys::statvfs::statvfs(directory).ok());
            // The types of the fields differ from system to system.
            #[allow(clippy::useless_conversion)]
            told.map_or(0, |told| u64::from(told.blocks_available()).saturating_mul(u64::from(told.fragment_size())))
        }
        #[cfg(not(unix))]
        u64::MAX
    }

    fn is_whole(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|file| file.len() == SIZE as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_held_back_while_there_is_room_and_given_up_once() {
        let dir = tempfile::tempdir().unwrap();
        let reserve = || Reserve::at(dir.path().join("reserve"));
        let (first, length) = (reserve(), || fs::metadata(dir.path().join("reserve")).map(|file| file.len()).ok());
        first.hold(|| ROOM - 1).unwrap();
        assert_eq!(length(), None, "what others need is left to them");
        first.hold(|| ROOM).unwrap();
        assert_eq!(length(), Some(SIZE as u64));
        // The next life of the engine finds it.
        let second = reserve();
        second.hold(|| panic!("it is there already")).unwrap();
        assert!(second.give_up() && !second.give_up());
        assert_eq!(length(), None);
        second.hold(|| ROOM).unwrap();
        assert_eq!(length(), Some(SIZE as u64));
    }
}
