//! A log of a node as it grows.

use std::collections::VecDeque;

use crate::console::{
    action::Action,
    state::viewer::{Tone, Viewer},
    text::{clean, plain_lines},
};

/// Lines that are kept, and their bytes.
const KEPT: (usize, usize) = (10_000, 8 * 1024 * 1024);
/// Bytes of a line that has not ended yet.
const UNENDED: usize = 64 * 1024;

/// What is followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The journal, or the file that stands for it.
    #[default]
    Journal,
    /// What a unit wrote into the journal.
    Unit(String),
    /// A file, by its path.
    File(String),
}

/// A log that is followed.
#[derive(Clone, Debug)]
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
    /// Bytes of the lines that are shown, and of those that wait.
    bytes: [usize; 2],
    /// Lines that are gone because there were too many.
    pub dropped: usize,
    /// Whether what is shown comes again, and goes when it is there.
    renewed: bool,
    rest: String,
}

impl Default for Log {
    fn default() -> Self {
        Self::of(Source::default())
    }
}

impl Log {
    /// A log from its beginning.
    pub fn of(source: Source) -> Self {
        let (title, file) = match &source {
            Source::Journal => ("Journal".to_owned(), "journal.txt".to_owned()),
            Source::Unit(name) => {
                let name = clean(name);
                (format!("Journal of {name}"), format!("{}.txt", name.replace('/', "-")))
            }
            Source::File(path) => {
                let path = clean(path);
                let name = path.rsplit('/').next().unwrap_or_default().to_owned();
                (path, name)
            }
        };
        Self {
            source,
            viewer: Viewer::new(title, file, Vec::new()),
            paused: false,
            away: false,
            waiting: VecDeque::new(),
            bytes: [0, 0],
            dropped: 0,
            renewed: false,
            rest: String::new(),
        }
    }

    /// Begins anew: what was there comes again. Whoever holds it back reads on meanwhile.
    pub fn restart(&mut self) {
        self.waiting.clear();
        self.rest.clear();
        (self.bytes[1], self.dropped, self.renewed) = (0, 0, true);
        if !self.paused {
            self.show();
        }
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
        let before = self.rest.len();
        self.rest.push_str(piece);
        let end = match piece.rfind('\n') {
            Some(end) => before + end + 1,
            None if self.rest.len() > UNENDED => self.rest.len(),
            None => return,
        };
        let rest = self.rest.split_off(end);
        let whole = std::mem::replace(&mut self.rest, rest);
        for line in plain_lines(&whole) {
            self.bytes[1] += line.len();
            self.waiting.push_back((tone(&line), line));
            while is_too_much(self.waiting.len(), self.bytes[1]) {
                let gone = self.waiting.pop_front();
                self.bytes[1] -= gone.map_or(0, |(_, line)| line.len());
                self.dropped = self.dropped.saturating_add(1);
            }
        }
        if !self.paused {
            self.show();
        }
    }

    /// What was held back joins the rest. Whoever stands at the end stays there.
    fn show(&mut self) {
        let lines = &self.viewer.lines;
        let mut gone = 0;
        if std::mem::take(&mut self.renewed) {
            (gone, self.bytes[0], self.away) = (lines.len(), 0, false);
        }
        self.bytes[0] += std::mem::take(&mut self.bytes[1]);
        while gone < lines.len() && is_too_much(lines.len() - gone + self.waiting.len(), self.bytes[0]) {
            self.bytes[0] -= lines[gone].1.len();
            self.dropped = self.dropped.saturating_add(1);
            gone += 1;
        }
        self.viewer.slide(self.waiting.drain(..), gone, !self.away);
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
        self.away = !self.viewer.is_at_end();
    }
}

/// Whether this is more than is kept.
pub(in crate::console::state) fn is_too_much(lines: usize, bytes: usize) -> bool {
    lines > KEPT.0 || bytes > KEPT.1
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
        log.take(&"x\n".repeat(KEPT.0 * 3));
        log.pause();
        log.take(&"y\n".repeat(KEPT.0 * 3));
        log.take(&"z".repeat(UNENDED * 2));
        assert!(log.viewer.lines.len() <= KEPT.0 && log.waiting() <= KEPT.0 && log.rest.is_empty());
        assert!(log.dropped >= KEPT.0 * 2);
        // Nor do few long lines fill the memory.
        let bytes = |lines: &mut dyn Iterator<Item = &(Tone, String)>| lines.map(|(_, line)| line.len()).sum::<usize>();
        for _ in 0..2 {
            log.take(&format!("{}\n", "w".repeat(10_000)).repeat(2_000));
            assert!(bytes(&mut log.waiting.iter()) <= KEPT.1 && bytes(&mut log.viewer.lines.iter()) <= KEPT.1);
            log.pause();
        }
        assert_eq!(log.bytes, [bytes(&mut log.viewer.lines.iter()), bytes(&mut log.waiting.iter())]);
    }

    /// A log of so many lines, each tenth an error, in which that is searched for.
    fn searched(lines: std::ops::Range<usize>) -> Log {
        let mut log = Log::default();
        log.viewer.cursor.height = 10;
        log.take(&text(lines));
        log.viewer.find = crate::console::state::input::LineInput::from("error");
        log.viewer.search();
        log.moved();
        log
    }

    fn text(lines: std::ops::Range<usize>) -> String {
        lines.map(|n| format!("line {n}{}\n", if n % 10 == 0 { " error" } else { "" })).collect()
    }

    fn current(log: &Log) -> &str {
        &log.viewer.lines[log.viewer.found[log.viewer.at_found]].1
    }

    #[test]
    fn one_walks_forwards_through_what_is_found_while_the_log_grows() {
        let mut log = searched(0..KEPT.0);
        log.act(Action::CursorTop);
        log.viewer.search();
        log.moved();
        for n in 1..6 {
            log.act(Action::FindNext);
            // Some of the first lines go for those that come.
            log.take(&text(KEPT.0 + n * 2 - 2..KEPT.0 + n * 2));
            assert_eq!(current(&log), format!("line {}0 error", n));
        }
        let line = log.viewer.lines[log.viewer.cursor.top].1.clone();
        log.take(&text(0..7));
        assert_eq!(log.viewer.lines[log.viewer.cursor.top].1, line, "what one reads stays where it is");
    }

    #[test]
    fn what_is_found_alone_is_followed_as_the_whole_is() {
        let mut log = searched(0..1_000);
        log.act(Action::OnlyFound);
        log.act(Action::CursorBottom);
        assert!(!log.is_away());
        log.take(&text(1_000..1_200));
        assert!(log.viewer.is_at_end());
        log.act(Action::PageUp);
        assert!(log.is_away());
        let row = |log: &Log| {
            let at = (log.viewer.cursor.top..).find_map(|at| match log.viewer.row(at) {
                Some(crate::console::state::viewer::Row::Line(line)) => Some(line),
                _ => None,
            });
            log.viewer.lines[at.unwrap()].1.clone()
        };
        let before = row(&log);
        for n in 0..8 {
            log.take(&text(1_200 + n * 1_140..2_340 + n * 1_140));
            assert_eq!(row(&log), before);
        }
        assert!(log.dropped > 0);
        log.act(Action::CursorBottom);
        log.take(&text(0..20));
        assert!(!log.is_away() && log.viewer.is_at_end());
    }

    #[test]
    fn a_log_that_begins_again_is_looked_at_as_before() {
        let mut log = searched(0..1_000);
        log.act(Action::OnlyFound);
        log.act(Action::ContextMore);
        log.pause();
        log.restart();
        log.take(&text(0..1_001));
        assert!(log.paused && log.viewer.only_found && log.viewer.context == 3);
        assert_eq!((log.viewer.lines.len(), log.waiting()), (1_000, 1_001), "one reads on meanwhile");
        log.pause();
        assert_eq!((log.viewer.lines.len(), log.viewer.found.len()), (1_001, 101), "no line stands twice");
        log.restart();
        assert!(log.viewer.lines.is_empty());
    }

    #[test]
    fn a_log_is_saved_under_its_name() {
        let file = |source| Log::of(source).viewer.file;
        assert_eq!(file(Source::Journal), "journal.txt");
        assert_eq!(file(Source::File("/var/log/app.log".to_owned())), "app.log");
        assert_eq!(Log::default().viewer.context, 2);
    }
}
