//! A log of a node as it grows.

use std::collections::VecDeque;

use crate::console::{
    action::Action,
    state::viewer::{Tone, Viewer},
    text::plain_lines,
};

/// Lines that are kept.
const KEPT: usize = 10_000;
/// Bytes of a line that has not ended yet.
const UNENDED: usize = 64 * 1024;

/// What is followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The journal, or the file that stands for it.
    #[default]
    Journal,
    /// A file, by its path.
    File(String),
}

/// A log that is followed.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// What is followed.
    pub source: Source,
    /// Its lines.
    pub viewer: Viewer,
    /// Whether what comes is held back.
    pub paused: bool,
    /// Whether one reads further up, so that what comes does not carry one along.
    away: bool,
    waiting: VecDeque<(Tone, String)>,
    /// Lines that are gone because there were too many.
    pub dropped: usize,
    rest: String,
}

impl Log {
    /// A log from its beginning.
    pub fn of(source: Source) -> Self {
        Self { source, ..Self::default() }
    }

    /// Begins anew: what was there comes again.
    pub fn restart(&mut self) {
        let (find, source) = (std::mem::take(&mut self.viewer.find), std::mem::take(&mut self.source));
        *self = Self::of(source);
        self.viewer.find = find;
    }

    /// Whether one reads further up than at the end.
    pub fn is_away(&self) -> bool {
        self.away
    }

    /// Lines that are held back.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes a piece of the log, cut anywhere.
    pub fn take(&mut self, piece: &str) {
        self.rest.push_str(piece);
        let end = match self.rest.rfind('\n') {
            Some(end) => end + 1,
            None if self.rest.len() > UNENDED => self.rest.len(),
            None => return,
        };
        let rest = self.rest.split_off(end);
        let whole = std::mem::replace(&mut self.rest, rest);
        let lines = plain_lines(&whole).into_iter().map(|line| (tone(&line), line));
        self.waiting.extend(lines);
        let more = self.waiting.len().saturating_sub(KEPT);
        self.waiting.drain(..more);
        self.dropped = self.dropped.saturating_add(more);
        if !self.paused {
            self.show();
        }
    }

    /// What was held back joins the rest. Whoever stands at the end stays there.
    fn show(&mut self) {
        let viewer = &mut self.viewer;
        viewer.lines.extend(self.waiting.drain(..));
        let more = viewer.lines.len().saturating_sub(KEPT);
        viewer.lines.drain(..more);
        self.dropped = self.dropped.saturating_add(more);
        viewer.cursor.top = viewer.cursor.top.saturating_sub(more);
        let top = viewer.cursor.top;
        if !viewer.find.text().is_empty() {
            viewer.search();
            viewer.cursor.top = top;
        }
        if !self.away {
            viewer.cursor.top = viewer.lines.len().saturating_sub(viewer.cursor.height);
        }
    }

    /// Holds back what comes, or lets it come again.
    pub fn pause(&mut self) {
        self.paused = !self.paused;
        if !self.paused {
            self.show();
        }
    }

    /// Moves or searches. `false` if the action is neither.
    pub fn act(&mut self, action: Action) -> bool {
        let known = self.viewer.act(action);
        self.moved();
        known
    }

    /// One may stand elsewhere now, as after something was found.
    pub(super) fn moved(&mut self) {
        let cursor = &self.viewer.cursor;
        self.away = cursor.top + cursor.height < self.viewer.lines.len();
    }
}

/// What a line tells, by its words.
fn tone(line: &str) -> Tone {
    const ERRORS: [&str; 17] = [
        "alert",
        "crit",
        "critical",
        "denied",
        "emerg",
        "emergency",
        "err",
        "error",
        "errors",
        "exception",
        "fail",
        "failed",
        "failure",
        "fatal",
        "oops",
        "panic",
        "segfault",
    ];
    const WARNINGS: [&str; 6] = ["deprecated", "timeout", "timed", "warn", "warning", "warnings"];
    let mut tone = Tone::Plain;
    for word in line.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| (3..=10).contains(&word.len())) {
        let word = word.to_ascii_lowercase();
        if ERRORS.contains(&word.as_str()) {
            return Tone::Error;
        }
        if WARNINGS.contains(&word.as_str()) {
            tone = Tone::Warning;
        }
    }
    tone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_by_what_they_say() {
        assert_eq!(tone("Nov 26 nginx[1]: [error] open() failed"), Tone::Error);
        assert_eq!(tone("kernel: WARNING: CPU: 0"), Tone::Warning);
        assert_eq!(tone("errorless terror, preferred"), Tone::Plain);
    }

    #[test]
    fn whoever_reads_further_up_is_not_carried_along() {
        let mut log = Log::default();
        log.viewer.cursor.height = 10;
        log.take(&"line\n".repeat(100));
        assert_eq!(log.viewer.cursor.top, 90, "the end is followed");
        log.act(Action::PageUp);
        let top = log.viewer.cursor.top;
        log.take("half");
        log.take(" a line\nmore\n");
        assert_eq!((log.viewer.cursor.top, log.viewer.lines.len()), (top, 102));
        assert_eq!(log.viewer.lines[100].1, "half a line");
        log.act(Action::CursorBottom);
        log.pause();
        log.take("held back\n");
        assert_eq!((log.waiting(), log.viewer.lines.len()), (1, 102));
        log.pause();
        assert_eq!((log.waiting(), log.viewer.lines.len(), log.viewer.cursor.top), (0, 103, 93));
    }

    #[test]
    fn a_flood_is_bounded() {
        let mut log = Log::default();
        log.take(&"x\n".repeat(KEPT * 3));
        log.pause();
        log.take(&"y\n".repeat(KEPT * 3));
        log.take(&"z".repeat(UNENDED * 2));
        assert!(log.viewer.lines.len() <= KEPT && log.waiting() <= KEPT && log.rest.is_empty());
        assert!(log.dropped >= KEPT * 2);
    }
}
