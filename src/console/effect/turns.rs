//! How far sessions have counted the frames of their input. A console that takes one over has to know: the node drops what
//! has a number that it has seen.
//!
//! The file holds a line for each session: its id, the number below which the node has every frame, and the number from which
//! on none was used. The second is written down ahead, so that a write is needed only every few thousand frames.

use std::{fs, io, ops::Range, path::PathBuf};

/// Sessions that are remembered; they last a day at most.
const REMEMBERED: usize = 100;
/// How far ahead is written down.
const AHEAD: i64 = 4_096;

/// What is written down of one session.
pub(super) struct Turns {
    file: PathBuf,
    session: String,
    /// No number from here on is used before it is written down.
    end: i64,
}

impl Turns {
    /// For the session with this id; nothing is written yet.
    pub fn of(file: PathBuf, session: String) -> Self {
        Self { file, session, end: 0 }
    }

    /// Takes the session over: what its last client had counted to, and from now on that is this one's business. `None` if
    /// nobody has written that down.
    pub fn take_over(&mut self) -> io::Result<Option<Range<i64>>> {
        let mut before = None;
        let session = &self.session;
        edit(&self.file, session, |known| {
            before.clone_from(&known);
            known.map(|known| known.start..known.end.saturating_add(AHEAD))
        })?;
        self.end = before.as_ref().map_or(0, |before| before.end.saturating_add(AHEAD));
        Ok(before)
    }

    /// The session has counted so far. If that comes near what is written down, the answer writes down more.
    pub fn counted(&mut self, counted: &Range<i64>) -> Option<impl FnOnce() -> io::Result<()> + Send + use<>> {
        if counted.end.saturating_add(AHEAD / 2) <= self.end {
            return None;
        }
        self.end = counted.end.saturating_add(AHEAD);
        let (file, session, more) = (self.file.clone(), self.session.clone(), counted.start..self.end);
        Some(move || {
            edit(&file, &session, |known| {
                // Whichever of two writes comes last: both numbers only grow.
                let known = known.unwrap_or_else(|| more.clone());
                Some(more.start.max(known.start)..more.end.max(known.end))
            })
        })
    }

    /// The session is over.
    pub fn forget(self) -> io::Result<()> {
        edit(&self.file, &self.session, |_| None)
    }
}

/// Changes what is written down of a session. One console at a time does so, and whoever reads finds the old or the new.
fn edit(
    file: &std::path::Path,
    session: &str,
    change: impl FnOnce(Option<Range<i64>>) -> Option<Range<i64>>,
) -> io::Result<()> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    let lock = fs::File::create(file.with_extension("lock"))?;
    lock.lock()?;
    let text = crate::config::paths::read_optional(file)?.unwrap_or_default();
    let (mut lines, mut known) = (Vec::new(), None);
    for line in text.lines() {
        match line.split_once(' ') {
            Some((id, numbers)) if id == session => known = range(numbers),
            _ => lines.push(line.to_owned()),
        }
    }
    if let Some(Range { start, end }) = change(known) {
        lines.push(format!("{session} {start} {end}"));
    }
    let text: String = lines[lines.len().saturating_sub(REMEMBERED)..].iter().map(|line| format!("{line}\n")).collect();
    let fresh = file.with_extension("new");
    fs::write(&fresh, text)?;
    fs::rename(fresh, file)
}

/// `17 4113`.
fn range(numbers: &str) -> Option<Range<i64>> {
    let (start, end) = numbers.split_once(' ')?;
    Some(start.parse().ok()?..end.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_console_counts_on_where_the_one_before_it_may_have_stopped() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state/attached");
        let turns = |id: &str| Turns::of(file.clone(), id.to_owned());
        let mut first = turns("a");
        assert_eq!(first.take_over().unwrap(), None);
        // Twenty thousand frames cost a handful of writes, and what is written is always ahead of them.
        let mut writes = 0;
        for frame in 0..20_000 {
            if let Some(write) = first.counted(&(frame - 3..frame)) {
                write().unwrap();
                writes += 1;
            }
        }
        assert!(writes < 12, "{writes}");
        let mut second = turns("a");
        let unsure = second.take_over().unwrap().unwrap();
        assert!(unsure.start > 15_000 && unsure.start < 19_996 && unsure.end >= 20_000, "{unsure:?}");
        // It may end before it has said anything.
        let again = turns("a").take_over().unwrap().unwrap();
        assert_eq!((again.start, again.end), (unsure.start, unsure.end + AHEAD));
        turns("a").forget().unwrap();
        assert_eq!(turns("a").take_over().unwrap(), None);
    }

    #[test]
    fn consoles_that_write_at_the_same_time_lose_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("attached");
        std::thread::scope(|scope| {
            for n in 0..16 {
                let mut turns = Turns::of(file.clone(), format!("s{n}"));
                scope.spawn(move || turns.counted(&(0..1)).unwrap()().unwrap());
            }
        });
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 16);
        let fill = |n: usize| Turns::of(file.clone(), format!("t{n}")).counted(&(0..1)).unwrap()().unwrap();
        (0..200).for_each(fill);
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), REMEMBERED);
    }
}
