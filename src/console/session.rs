//! The file in which a console says how it was left: one for each scope, read before the first frame, written while it runs and at
//! its end.

use std::{fs, io, path::PathBuf};

use super::{effect::files::replace, state::left::Left};
use crate::config::paths::Paths;

/// A file that is larger was not written by us, or not for a first frame.
const LARGEST: u64 = 8 * 1024 * 1024;

/// Where the console of a scope says how it was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session(PathBuf);

impl Session {
    /// The file of a scope: what the command line and the context say about it.
    pub fn of(paths: &Paths, scope: &[Option<&str>]) -> Self {
        let said: Vec<_> = scope.iter().flatten().copied().collect();
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let name: String = said.join("-").chars().map(plain).take(80).collect();
        // Different scopes may look alike once they are file names.
        let number = fnv(scope.iter().flat_map(|part| part.unwrap_or("\u{1}").bytes().chain([0])));
        Self(paths.sessions().join(format!("{name}-{number:016x}.json")))
    }

    /// The name of the scope, as files have it.
    pub fn name(&self) -> String {
        self.0.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// How it was left. A file that cannot be read or is not in order is no reason not to begin.
    pub fn read(&self) -> Option<Left> {
        let facts = fs::metadata(&self.0).ok().filter(|facts| facts.len() <= LARGEST)?;
        let text = fs::read(&self.0).ok().filter(|_| facts.is_file())?;
        serde_json::from_slice(&text)
            .inspect_err(|error| tracing::warn!(%error, file = %self.0.display(), "not read"))
            .ok()
    }

    /// Says how it is left. Only the user may read it; a half written file never takes the place of a whole one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, left: &Left) -> io::Result<()> {
        replace(&self.0, &serde_json::to_string(left)?)
    }
}

/// A number for a text that stays the same over all builds (FNV-1a).
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_scope_has_its_own_file() {
        let paths = Paths::below(Path::new("/p"));
        let file = |scope: &[Option<&str>]| Session::of(&paths, scope).0;
        let prod = file(&[Some("prod"), Some("eu-west-1"), None]);
        assert!(prod.starts_with("/p/state/sessions") && prod.to_string_lossy().contains("prod-eu-west-1-"));
        assert_ne!(prod, file(&[Some("prod"), None, Some("eu-west-1")]));
        assert_ne!(file(&[Some("a/b")]), file(&[Some("a_b")]));
        assert!(!file(&[Some("../../etc")]).to_string_lossy().contains("/.."));
    }

    #[test]
    fn what_was_written_is_read_by_its_user_alone() {
        let root = tempfile::tempdir().unwrap();
        let session = Session::of(&Paths::below(root.path()), &[Some("x")]);
        assert_eq!(session.read(), None);
        let left = Left { pane: "Commands".to_owned(), ..Left::default() };
        session.write(&left).unwrap();
        session.write(&left).unwrap();
        assert_eq!(session.read(), Some(left));
        assert_eq!(fs::read_dir(session.0.parent().unwrap()).unwrap().count(), 1, "no draft is left behind");
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&session.0).unwrap().permissions()) & 0o777,
            0o600
        );
        for wrong in ["", "7", "{\"nodes\": 7}", "{\"at\": \"soon\"}"] {
            fs::write(&session.0, wrong).unwrap();
            assert_eq!(session.read(), None, "{wrong}");
        }
        fs::write(&session.0, "{\"pane\": \"Nowhere\", \"news\": 1}").unwrap();
        assert!(session.read().is_some(), "another build may know more");
    }
}
