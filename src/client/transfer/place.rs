//! Where a copy comes to lie on this machine. As with scp, a file that is there keeps its mode and its owner, a link stays
//! a link, and a new file has the mode of its source less the umask.

use std::{
    fs::{self, File},
    io::{self, Seek},
    path::{Path, PathBuf},
};

/// How many links are followed, as Linux has it.
const LINKS: usize = 40;

/// The file behind a path: where its links lead, whether or not there is a file yet. Refuses what no file can replace: a
/// directory, a device, a pipe.
pub(super) fn behind(path: &Path) -> io::Result<PathBuf> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(no_ordinary_file());
    }
    let mut real = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&real) {
            Ok(next) => real = real.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(real),
        }
    }
    Err(io::Error::other("too many links"))
}

/// What is wrong with a device or a pipe.
pub(super) fn no_ordinary_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "this is no ordinary file")
}

/// The permission bits in what `ls -l` begins a line with, as `-rwxr-x---`. Neither set-user-ID nor its like travels.
pub(super) fn mode_of(listed: &str) -> Option<u32> {
    let bits = listed.as_bytes().get(1..10)?;
    Some(bits.iter().zip((0..9).rev()).filter(|(bit, _)| b"rwxst".contains(bit)).map(|(_, at)| 1 << at).sum())
}

/// The permission bits of an open file; on systems that have none, those of an ordinary one.
pub(super) fn mode(file: &File) -> io::Result<u32> {
    let about = file.metadata()?;
    #[cfg(unix)]
    return Ok(std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777);
    #[cfg(not(unix))]
    return Ok(if about.permissions().readonly() { 0o444 } else { 0o666 });
}

/// Opens the beginning of a copy: it is nobody else's to read, and no link, which somebody else might have put there.
pub(super) fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, nix::fcntl::OFlag::O_NOFOLLOW.bits());
    let file = options.open(path)?;
    // An earlier try may have left it otherwise. Not every file system knows modes.
    #[cfg(unix)]
    let _ = set_mode(&file, PRIVATE);
    Ok(file)
}

#[cfg(unix)]
const PRIVATE: u32 = 0o600;

/// Puts a whole copy, which is at `part`, where it belongs. `mode` is that of its source, if it is known.
pub(super) fn put(copy: &mut File, part: &Path, real: &Path, mode: Option<u32>) -> io::Result<()> {
    if dress(copy, real, mode)? {
        return fs::rename(part, real);
    }
    pour(copy, real)?;
    fs::remove_file(part)
}

/// Gives a copy the owner and the mode that it is to have. `false`: it cannot have those of the file that is there.
#[cfg(unix)]
fn dress(copy: &File, real: &Path, mode: Option<u32>) -> io::Result<bool> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let old = match fs::metadata(real) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Without modes it has what the file system gives it.
            let _ = set_mode(copy, mode.unwrap_or(0o666) & !umask());
            return Ok(true);
        }
        Err(error) => return Err(error),
    };
    let own = copy.metadata()?;
    let owned =
        (old.uid(), old.gid()) == (own.uid(), own.gid()) || fchown(copy, Some(old.uid()), Some(old.gid())).is_ok();
    // After the owner, whose change takes set-user-ID away.
    Ok(owned && set_mode(copy, old.mode() & 0o7777).is_ok())
}

#[cfg(not(unix))]
fn dress(_: &File, _: &Path, _: Option<u32>) -> io::Result<bool> {
    Ok(true)
}

/// Writes a copy into the file that is there, which stays its owner's.
fn pour(copy: &mut File, real: &Path) -> io::Result<()> {
    let mut file = File::options().write(true).truncate(true).open(real)?;
    copy.rewind()?;
    io::copy(copy, &mut file)?;
    file.sync_all()
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

/// The umask of this process, which stays what it was at the first question: it can be asked for only by changing it.
#[cfg(unix)]
#[allow(clippy::useless_conversion, reason = "not every system's modes are as wide")]
fn umask() -> u32 {
    use nix::sys::stat::{Mode, umask};
    static UMASK: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *UMASK.get_or_init(|| {
        let mask = umask(Mode::from_bits_truncate(0o077));
        umask(mask);
        mask.bits().into()
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn mode_at(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn modes_are_read_as_they_are_listed() {
        for (listed, mode) in [
            ("-rwxr-x---", Some(0o750)),
            ("-rw-r--r--", Some(0o644)),
            ("-rwsr-xr-t+", Some(0o755)),
            ("-rwSr--r-T.", Some(0o644)),
            ("----------", Some(0)),
            ("", None),
            ("-rw", None),
        ] {
            assert_eq!(mode_of(listed), mode, "{listed}");
        }
    }

    #[test]
    fn a_file_that_is_there_keeps_its_mode_and_a_new_one_has_that_of_its_source() {
        let dir = tempfile::tempdir().unwrap();
        let (part, real) = (dir.path().join("part"), dir.path().join("file"));
        let copy = |mode| {
            fs::write(&part, "new").unwrap();
            let mut file = private(&part).unwrap();
            assert_eq!(mode_at(&part), 0o600, "nobody else reads it meanwhile");
            put(&mut file, &part, &real, mode).unwrap();
            assert_eq!((fs::read(&real).unwrap(), part.exists()), (b"new".to_vec(), false));
            mode_at(&real)
        };
        assert_eq!(copy(Some(0o600)), 0o600);
        assert_eq!(copy(Some(0o644)), 0o600, "a private file stays one");
        fs::set_permissions(&real, PermissionsExt::from_mode(0o755)).unwrap();
        assert_eq!(copy(Some(0o600)), 0o755);
        fs::remove_file(&real).unwrap();
        assert_eq!(copy(Some(0o777)), 0o777 & !umask());
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(&real, Some(12), Some(34)).unwrap();
            copy(None);
            let real = fs::metadata(&real).unwrap();
            assert_eq!((real.uid(), real.gid()), (12, 34));
        }
    }

    #[test]
    fn what_cannot_have_the_owner_of_the_file_that_is_there_is_written_into_it() {
        let dir = tempfile::tempdir().unwrap();
        let (part, real) = (dir.path().join("part"), dir.path().join("file"));
        fs::write(&part, "new").unwrap();
        fs::write(&real, "longer than that").unwrap();
        let inode = fs::metadata(&real).unwrap().ino();
        let mut file = private(&part).unwrap();
        file.seek(io::SeekFrom::End(0)).unwrap();
        pour(&mut file, &real).unwrap();
        assert_eq!((fs::read(&real).unwrap(), fs::metadata(&real).unwrap().ino()), (b"new".to_vec(), inode));
    }

    #[test]
    fn links_are_followed_and_devices_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("sub")).unwrap();
        symlink("sub/second", path("first")).unwrap();
        symlink("../file", path("sub/second")).unwrap();
        assert_eq!(behind(&path("first")).unwrap(), path("sub/../file"), "where nothing is yet");
        fs::write(path("file"), "").unwrap();
        assert_eq!(behind(&path("first")).unwrap(), path("sub/../file"));
        assert_eq!(behind(&path("file")).unwrap(), path("file"));
        symlink("round", path("round")).unwrap();
        assert!(behind(&path("round")).is_err());
        assert!(behind(&path("sub")).is_err() && behind(Path::new("/dev/null")).is_err());
        symlink(path("file"), path("part")).unwrap();
        assert!(private(&path("part")).is_err(), "a beginning is no link");
    }
}
