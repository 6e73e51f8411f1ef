//! What the console tells about itself: the last lines in memory, for whoever reads them in the console, and all of it in a
//! file below the state directory, which makes room for itself. Nothing that looks like a secret gets in.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
};

use tokio::sync::Notify;

use tracing::{Event, Level, Subscriber, field::Visit};
use tracing_subscriber::{Layer, filter::Targets, layer::Context, layer::SubscriberExt, util::SubscriberInitExt};

use super::text::clean;
use crate::ssm::{clock::Clock, redact};

/// Lines that are kept in memory.
const KEPT: usize = 1_000;
/// A file that is larger than this makes room for a new one; one older is kept.
const LARGEST: u64 = 4 * 1024 * 1024;
/// After so many bytes the file is looked at: others write into it too, and one of them may have put it aside.
const LOOK_AFTER: u64 = 64 * 1024;

/// The last lines, and the number of the first of them.
static TAIL: Mutex<(u64, VecDeque<String>)> = Mutex::new((0, VecDeque::new()));
/// Told with each line.
static GROWN: Notify = Notify::const_new();
/// Where the lines go.
static FILE: OnceLock<PathBuf> = OnceLock::new();

/// What `--log` and `RUST_LOG` ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    level: Level,
    file: PathBuf,
    /// Whether the console is not to start where the file cannot be written.
    asked: bool,
}

impl Wish {
    /// Reads the word after `--log`: a level, which goes to the usual file, or a file.
    pub fn read(word: &str, usual: &Path) -> Self {
        match word.parse::<Level>() {
            Ok(level) if word.chars().all(char::is_alphabetic) => Self { level, file: usual.to_owned(), asked: true },
            _ => Self { level: Level::INFO, file: PathBuf::from(word), asked: true },
        }
    }

    /// Without `--log`: what matters, or as much as `RUST_LOG` asks for, in the usual file if that can be.
    pub fn usual(usual: &Path, rust_log: Option<&str>) -> Self {
        let targets = rust_log.and_then(|text| text.parse::<Targets>().ok());
        let asked = |level: &Level| targets.as_ref().is_some_and(|targets| targets.would_enable("fleetdeck", level));
        let level = [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR].into_iter().find(asked);
        Self { level: level.unwrap_or(Level::INFO), file: usual.to_owned(), asked: false }
    }
}

/// Begins to listen to the program, once in a process.
///
/// # Errors
/// When a file that was asked for cannot be written. One that nobody asked for is done without.
pub fn begin(wish: &Wish) -> std::io::Result<()> {
    let book = match Book::open(&wish.file) {
        Ok(book) => Some(book),
        Err(error) if wish.asked => return Err(error),
        Err(_) => None,
    };
    if book.is_some() {
        // Only the first in a process counts, as with what listens.
        let _ = FILE.set(wish.file.clone());
    }
    let layer = Lines { book: book.map(Mutex::new), clock: Clock::system() };
    let targets = Targets::new().with_default(Level::WARN).with_target("fleetdeck", wish.level);
    // Somebody else may listen already; then the lines go there.
    let _ = tracing_subscriber::registry().with(layer.with_filter(targets)).try_init();
    Ok(())
}

/// A file that lines are written into, and that is put aside when it is too large.
#[derive(Debug)]
struct Book {
    path: PathBuf,
    file: File,
    /// Bytes since it was last looked at.
    written: u64,
}

impl Book {
    fn open(path: &Path) -> std::io::Result<Self> {
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory)?;
        }
        if std::fs::metadata(path).is_ok_and(|facts| facts.is_file() && facts.len() > LARGEST) {
            let mut old = path.as_os_str().to_owned();
            old.push(".old");
            std::fs::rename(path, old)?;
        }
        let mut options = File::options();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { path: path.to_owned(), file: options.open(path)?, written: 0 })
    }

    /// Writes a line. A full disk must not disturb the console: what finds no room is lost.
    fn write(&mut self, line: &str) {
        if self.written >= LOOK_AFTER {
            self.written = 0;
            if let Ok(book) = Self::open(&self.path) {
                *self = book;
            }
        }
        self.written += line.len() as u64 + 1;
        // In one piece: others may write there too.
        let _ = self.file.write_all(format!("{line}\n").as_bytes());
    }
}

/// The last lines of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// How many lines there were before them.
    pub before: u64,
    /// The lines, the oldest first.
    pub lines: Vec<String>,
    /// The file that has all of them, if there is one.
    pub file: Option<PathBuf>,
}

/// The last lines.
pub fn tail() -> Tail {
    let tail = TAIL.lock().unwrap_or_else(PoisonError::into_inner);
    Tail { before: tail.0, lines: tail.1.iter().cloned().collect(), file: FILE.get().cloned() }
}

/// Waits for another line.
pub async fn grown() {
    GROWN.notified().await;
}

struct Lines {
    book: Option<Mutex<Book>>,
    clock: Clock,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let facts = event.metadata();
        let mut said = Said::default();
        event.record(&mut said);
        let at = self.clock.now().civil().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let line = line(&at, *facts.level(), facts.target(), &said);
        if let Some(book) = &self.book {
            book.lock().unwrap_or_else(PoisonError::into_inner).write(&line);
        }
        let mut tail = TAIL.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.1.len() >= KEPT {
            tail.1.pop_front();
            tail.0 += 1;
        }
        tail.1.push_back(line);
        GROWN.notify_one();
    }
}

fn line(at: &str, level: Level, target: &str, said: &Said) -> String {
    let target = target.strip_prefix("fleetdeck::").unwrap_or(target);
    clean(&redact::mask(&format!("{at} {level:<5} {target}: {}{}", said.message, said.fields)))
}

#[derive(Default)]
struct Said {
    message: String,
    fields: String,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_a_level_or_a_file() {
        let usual = Path::new("/state/fleetdeck.log");
        let wish = |word| Wish::read(word, usual);
        assert_eq!(wish("debug"), Wish { level: Level::DEBUG, file: usual.into(), asked: true });
        assert_eq!(wish("./debug.txt"), Wish { level: Level::INFO, file: "./debug.txt".into(), asked: true });
        assert_eq!(wish("3").file, Path::new("3"));
    }

    #[test]
    fn without_a_word_the_environment_says_how_much() {
        let level = |rust_log| Wish::usual(Path::new("/state/fleetdeck.log"), rust_log).level;
        assert_eq!(
            (level(None), level(Some("debug")), level(Some("what=ever=?"))),
            (Level::INFO, Level::DEBUG, Level::INFO)
        );
        // Of other programs' parts too much would be said, and not only ours.
        assert_eq!((level(Some("hyper=trace")), level(Some("fleetdeck=warn,hyper=trace"))), (Level::INFO, Level::WARN));
        assert!(begin(&Wish::usual(Path::new("/dev/null/fleetdeck.log"), None)).is_ok(), "it is done without");
    }

    #[test]
    fn no_secret_and_no_sequence_gets_into_a_line() {
        let said =
            Said { message: "run mysql --password hunter2\u{1b}[2J".to_owned(), fields: " token=\"x\ny\"".to_owned() };
        let line = line("now", Level::INFO, "fleetdeck::console", &said);
        assert!(line.starts_with("now INFO  console: run mysql"), "{line}");
        assert!(!line.contains("hunter2") && !line.contains('\u{1b}') && !line.contains('\n'), "{line}");
    }

    #[test]
    fn lines_reach_file_and_memory_and_a_large_file_makes_room() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("deep/fleetdeck.log");
        let layer = Lines { book: Some(Mutex::new(Book::open(&path).unwrap())), clock: Clock::system() };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info!(node = "mi-1", "a line for the test of lines");
        });
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.contains("a line for the test of lines node=\"mi-1\""), "{written}");
        assert!(tail().lines.iter().any(|line| line.contains("a line for the test of lines")));
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777,
            0o600
        );
        File::options().write(true).open(&path).unwrap().set_len(LARGEST + 1).unwrap();
        assert_eq!(Book::open(&path).unwrap().file.metadata().unwrap().len(), 0);
    }

    #[test]
    fn a_file_makes_room_while_it_is_written_by_several() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("fleetdeck.log");
        let mut books = [Book::open(&path).unwrap(), Book::open(&path).unwrap()];
        let line = "x".repeat(1_000);
        for _ in 0..LARGEST / 1_000 + 200 {
            books.iter_mut().for_each(|book| book.write(&line));
        }
        let files: Vec<_> =
            std::fs::read_dir(root.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).collect();
        assert_eq!(files.len(), 2, "one that is written and one older");
        assert!(files.iter().all(|size| *size < LARGEST + 4 * LOOK_AFTER), "{files:?}");
        assert!(std::fs::read_to_string(&path).unwrap().lines().all(|line| line.len() == 1_000));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_disturbs_nobody() {
        let file = File::options().append(true).open("/dev/full").unwrap();
        let mut book = Book { path: "/dev/full".into(), file, written: LOOK_AFTER };
        book.write("there is no room for this");
    }
}
