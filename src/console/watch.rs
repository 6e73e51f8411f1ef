//! The user's files while the console runs: told when one of them changes, and read again.
//!
//! The system tells of changes by itself, so nothing wakes up while nothing happens. Where it cannot (a link that leads out of
//! the directory, a file system of the network), the files are looked at when the window gets the focus back.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::config::paths::Paths;

/// How long a file has to be left alone: editors write in more than one step.
pub(super) const REST: Duration = Duration::from_millis(100);

/// Watches the user's directory.
pub(super) struct Watch {
    files: Files,
    changes: mpsc::Receiver<()>,
    _watcher: Option<RecommendedWatcher>,
}

impl Watch {
    /// Begins to watch files that were in this state when they were read. A directory that is not there is not waited for.
    pub fn begin(paths: &Paths, files: Files) -> Self {
        let (sender, changes) = mpsc::channel(1);
        let told = move |event: notify::Result<notify::Event>| {
            let is_ours = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "toml");
            let read = |event: &notify::Event| event.kind.is_access();
            if event.is_ok_and(|event| !read(&event) && event.paths.iter().any(is_ours)) {
                // A full channel says the same.
                let _ = sender.try_send(());
            }
        };
        let watcher = notify::recommended_watcher(told).ok().map(|mut watcher| {
            for directory in [paths.config.clone(), paths.themes()] {
                if let Err(error) = watcher.watch(&directory, RecursiveMode::NonRecursive) {
                    tracing::debug!(%error, directory = %directory.display(), "not watched");
                }
            }
            watcher
        });
        Self { files, changes, _watcher: watcher }
    }

    /// Waits until something changed.
    pub async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            std::future::pending().await
        }
    }

    /// Whether the files are others than when they were last looked at.
    pub fn look(&mut self, paths: &Paths) -> bool {
        let files = Files::look(paths);
        let changed = files != self.files;
        self.files = files;
        changed
    }
}

/// What tells one state of the files from another: the time and size of each, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Files(Vec<(PathBuf, SystemTime, u64)>);

impl Files {
    /// The state they are in now.
    pub fn look(paths: &Paths) -> Self {
        let themes = std::fs::read_dir(paths.themes()).into_iter().flatten().flatten();
        let themes = themes.map(|file| file.path());
        let state = |path: PathBuf| {
            let facts = std::fs::metadata(&path).ok()?;
            Some((path, facts.modified().unwrap_or(SystemTime::UNIX_EPOCH), facts.len()))
        };
        let mut files: Vec<_> =
            [paths.settings(), paths.keymap()].into_iter().chain(themes).filter_map(state).collect();
        files.sort();
        Self(files)
    }
}

/// A file's name for people: below the home directory where it is there.
pub(super) fn shown(path: &Path) -> String {
    let home = etcetera::home_dir().ok();
    let below = home.as_deref().and_then(|home| path.strip_prefix(home).ok());
    super::text::clean(&below.map_or_else(|| path.display().to_string(), |below| format!("~/{}", below.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_is_told_and_seen() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        std::fs::create_dir_all(paths.themes()).unwrap();
        let mut watch = Watch::begin(&paths, Files::look(&paths));
        assert!(!watch.look(&paths));
        std::fs::write(paths.keymap(), "[fleet]\n").unwrap();
        watch.changed().await;
        assert!(watch.look(&paths) && !watch.look(&paths));
        std::fs::write(paths.theme("mine"), "name = 'mine'\n").unwrap();
        watch.changed().await;
        assert!(watch.look(&paths));
    }

    #[test]
    fn without_a_directory_there_is_nothing_to_see() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(&root.path().join("nowhere"));
        assert!(!Watch::begin(&paths, Files::look(&paths)).look(&paths));
    }
}
