//! The user's files while the console runs: told when one of them changes, and read again.
//!
//! The system tells of changes by itself, so nothing wakes up while nothing happens. Where it cannot (a link that leads out of
//! the directory, a file system of the network), the files are looked at when the window gets the focus back. A directory that is
//! not there yet is waited for where it will be made.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::config::paths::Paths;

/// How long a file has to be left alone: editors write in more than one step.
pub(super) const REST: Duration = Duration::from_millis(100);

/// Watches the user's directories.
pub(super) struct Watch {
    files: Files,
    changes: mpsc::Receiver<()>,
    watcher: Option<RecommendedWatcher>,
    /// What is watched: the directories, or what there is of the way to them, as they were then.
    watched: BTreeMap<PathBuf, SystemTime>,
}

impl Watch {
    /// Begins to watch files that were in this state when they were read.
    pub fn begin(paths: &Paths, files: Files) -> Self {
        let (sender, changes) = mpsc::channel(1);
        let directories = directories(paths);
        let told = move |event: notify::Result<notify::Event>| {
            let is_file = |path: &Path| {
                path.extension().is_some_and(|ending| ending == "toml")
                    && directories.iter().any(|directory| path.parent() == Some(directory))
            };
            let is_on_the_way = |path: &Path| directories.iter().any(|directory| directory.starts_with(path));
            let is_ours = |path: &PathBuf| is_file(path) || is_on_the_way(path);
            let read = |event: &notify::Event| event.kind.is_access();
            if event.is_ok_and(|event| !read(&event) && event.paths.iter().any(is_ours)) {
                // A full channel says the same.
                let _ = sender.try_send(());
            }
        };
        let watcher = notify::recommended_watcher(told).ok();
        let mut watch = Self { files, changes, watcher, watched: BTreeMap::new() };
        watch.follow(paths);
        watch
    }

    /// Watches each directory, or the nearest one above it that is there.
    fn follow(&mut self, paths: &Paths) {
        let Some(watcher) = &mut self.watcher else { return };
        let there = |directory: PathBuf| directory.ancestors().find(|path| path.is_dir()).map(Path::to_owned);
        let wanted = directories(paths).into_iter().filter_map(there);
        let wanted: BTreeMap<PathBuf, SystemTime> =
            wanted.map(|directory| (directory.clone(), state(&directory))).collect();
        // One that was made anew under its old name wants to be watched anew; its watch went with the old one.
        let is_kept = |(directory, at): (&PathBuf, &SystemTime)| wanted.get(directory) == Some(at);
        for (left, _) in self.watched.iter().filter(|watched| !is_kept(*watched)) {
            let _ = watcher.unwatch(left);
        }
        for directory in
            wanted.iter().filter(|(directory, at)| self.watched.get(*directory) != Some(*at)).map(|(d, _)| d)
        {
            if let Err(error) = watcher.watch(directory, RecursiveMode::NonRecursive) {
                tracing::debug!(%error, directory = %directory.display(), "not watched");
            }
        }
        self.watched = wanted;
    }

    /// Waits until something changed.
    pub async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            std::future::pending().await
        }
    }

    /// Whether the files are others than when they were last looked at.
    pub fn look(&mut self, paths: &Paths) -> bool {
        self.follow(paths);
        let files = Files::look(paths);
        let changed = files != self.files;
        self.files = files;
        changed
    }
}

/// When what is in a directory changed last, which tells it from another one of its name.
fn state(directory: &Path) -> SystemTime {
    let facts = std::fs::metadata(directory).and_then(|facts| facts.modified());
    facts.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Where the user's files are.
fn directories(paths: &Paths) -> [PathBuf; 2] {
    [paths.config.clone(), paths.themes()]
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
            [paths.settings(), paths.keymap(), paths.contexts()].into_iter().chain(themes).filter_map(state).collect();
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

    #[tokio::test]
    async fn a_directory_that_is_made_later_is_seen_and_its_files_are() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(&root.path().join("later"));
        let mut watch = Watch::begin(&paths, Files::look(&paths));
        assert!(!watch.look(&paths));
        std::fs::create_dir_all(&paths.config).unwrap();
        watch.changed().await;
        watch.look(&paths);
        for _ in 0..2 {
            std::fs::create_dir_all(&paths.config).unwrap();
            std::fs::write(paths.settings(), "ascii = true\n").unwrap();
            watch.changed().await;
            assert!(watch.look(&paths));
            // Whoever keeps these files elsewhere may take the whole directory away and put another one there.
            std::fs::remove_dir_all(&paths.config).unwrap();
            watch.changed().await;
            assert!(watch.look(&paths));
        }
    }
}
