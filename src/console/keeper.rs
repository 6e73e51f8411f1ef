//! Says how the console is left while it still runs: whoever kills it, or a machine that goes down, does not ask first.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{task::JoinHandle, time::Instant};

use super::{session::Session, state::left::Left};

/// So long after the user did something it is written down, with whatever was done in that time.
const PAUSE: Duration = Duration::from_secs(2);

/// Writes down how the console would be left, where that changed.
pub(super) struct Keeper {
    session: Session,
    due: Option<Instant>,
    /// What was written last, without the rows. What could not be written is not, and is tried again.
    kept: Arc<Mutex<Option<Left>>>,
    writing: Option<JoinHandle<()>>,
}

impl Keeper {
    /// One that has written nothing yet.
    pub fn new(session: Session) -> Self {
        Self { session, due: None, kept: Arc::default(), writing: None }
    }

    /// The user did something, which may have changed how it would be left.
    pub fn touch(&mut self, now: Instant) {
        self.due = self.due.or_else(|| Some(now + PAUSE));
    }

    /// When something is to be written down, if it is.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Writes it down on another thread, if it is not what was written last. Rows come and go by themselves, and are written with the
    /// rest.
    pub fn keep(&mut self, left: Left) {
        self.due = None;
        let look = Left { nodes: Vec::new(), at: 0, ..left.clone() };
        if self.kept.lock().unwrap_or_else(PoisonError::into_inner).as_ref() == Some(&look) {
            return;
        }
        if self.writing.as_ref().is_some_and(|writing| !writing.is_finished()) {
            return self.touch(Instant::now());
        }
        let (session, kept) = (self.session.clone(), self.kept.clone());
        self.writing = Some(tokio::task::spawn_blocking(move || {
            if write(&session, &left) {
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(look);
            }
        }));
    }

    /// Writes down how it is left in the end.
    pub async fn finish(mut self, left: &Left) {
        if let Some(writing) = self.writing.take() {
            // Two of them would take each other's draft.
            let _ = writing.await;
        }
        write(&self.session, left);
    }
}

/// Whether it is written down now.
fn write(session: &Session, left: &Left) -> bool {
    let written = session.write(left);
    written.inspect_err(|error| tracing::warn!(%error, "how the console was left is not written down")).is_ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::paths::Paths;

    fn left(pane: &str, at: i64) -> Left {
        Left { pane: pane.to_owned(), at, ..Left::default() }
    }

    #[tokio::test]
    async fn what_changed_is_written_down_soon_and_once() {
        let root = tempfile::tempdir().unwrap();
        let session = Session::of(&Paths::below(Path::new(root.path())), &[Some("x")]);
        let mut keeper = Keeper::new(session.clone());
        assert_eq!(keeper.due(), None, "nothing happens while nobody does anything");

        let now = Instant::now();
        keeper.touch(now);
        keeper.touch(now + PAUSE / 2);
        assert_eq!(keeper.due(), Some(now + PAUSE), "who never rests is not to put it off for ever");
        keeper.keep(left("Commands", 1));
        assert_eq!(keeper.due(), None);
        keeper.writing.take().unwrap().await.unwrap();
        assert_eq!(session.read(), Some(left("Commands", 1)));
        keeper.keep(left("Commands", 2));
        assert!(keeper.writing.is_none(), "younger rows alone are not worth a file");
        keeper.keep(left("Sessions", 3));
        keeper.finish(&left("Sessions", 4)).await;
        assert_eq!(session.read(), Some(left("Sessions", 4)));
    }

    #[tokio::test]
    async fn what_could_not_be_written_is_tried_again() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        let session = Session::of(&paths, &[Some("x")]);
        let mut keeper = Keeper::new(session.clone());
        // Where its directory is to be, there is a file.
        std::fs::create_dir_all(&paths.state).unwrap();
        std::fs::write(paths.sessions(), "").unwrap();
        keeper.keep(left("Commands", 1));
        keeper.writing.take().unwrap().await.unwrap();
        assert_eq!(session.read(), None);
        std::fs::remove_file(paths.sessions()).unwrap();
        keeper.keep(left("Commands", 2));
        keeper.writing.take().expect("nothing is kept so far").await.unwrap();
        assert_eq!(session.read(), Some(left("Commands", 2)));
    }
}
