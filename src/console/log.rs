//! What the console tells about itself: the last lines in memory, for the box that shows them, and all of it in a file where
//! that is asked for. Nothing that looks like a secret gets in.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use tracing::{Event, Level, Subscriber, field::Visit};
use tracing_subscriber::{Layer, filter::Targets, layer::Context, layer::SubscriberExt, util::SubscriberInitExt};

use super::text::clean;
use crate::ssm::{clock::Clock, redact};

/// Lines that are kept in memory.
const KEPT: usize = 1_000;
/// A file that is larger than this makes room for a new one when the console starts.
const LARGEST: u64 = 4 * 1024 * 1024;

static TAIL: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// What `--log` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    level: Level,
    file: Option<PathBuf>,
}

impl Wish {
    /// Reads the word after `--log`: a level, which goes to the usual file, or a file.
    pub fn read(word: &str, usual: &Path) -> Self {
        match word.parse::<Level>() {
            Ok(level) if word.chars().all(char::is_alphabetic) => Self { level, file: Some(usual.to_owned()) },
            _ => Self { level: Level::INFO, file: Some(PathBuf::from(word)) },
        }
    }

    /// Without `--log`: what matters, in memory alone.
    pub fn none() -> Self {
        Self { level: Level::INFO, file: None }
    }
}

/// Begins to listen to the program, once in a process.
///
/// # Errors
/// When the file cannot be written.
pub fn begin(wish: &Wish) -> std::io::Result<()> {
    let file = wish.file.as_deref().map(open).transpose()?;
    let layer = Lines { file: file.map(Mutex::new), clock: Clock::system() };
    let targets = Targets::new().with_default(Level::WARN).with_target("fleetdeck", wish.level);
    // Somebody else may listen already; then the lines go there.
    let _ = tracing_subscriber::registry().with(layer.with_filter(targets)).try_init();
    Ok(())
}

fn open(path: &Path) -> std::io::Result<File> {
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
    options.open(path)
}

/// The last lines, the oldest first.
pub fn tail() -> Vec<String> {
    TAIL.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

struct Lines {
    file: Option<Mutex<File>>,
    clock: Clock,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let facts = event.metadata();
        let mut said = Said::default();
        event.record(&mut said);
        let at = self.clock.now().civil().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let line = line(&at, *facts.level(), facts.target(), &said);
        if let Some(file) = &self.file {
            // A full disk must not end the console.
            let _ = writeln!(file.lock().unwrap_or_else(PoisonError::into_inner), "{line}");
        }
        let mut tail = TAIL.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() >= KEPT {
            tail.pop_front();
        }
        tail.push_back(line);
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
        assert_eq!(wish("debug"), Wish { level: Level::DEBUG, file: Some(usual.into()) });
        assert_eq!(wish("./debug.txt"), Wish { level: Level::INFO, file: Some("./debug.txt".into()) });
        assert_eq!(wish("3").file, Some("3".into()));
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
        let layer = Lines { file: Some(Mutex::new(open(&path).unwrap())), clock: Clock::system() };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info!(node = "mi-1", "a line for the test of lines");
        });
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.contains("a line for the test of lines node=\"mi-1\""), "{written}");
        assert!(tail().iter().any(|line| line.contains("a line for the test of lines")));
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777,
            0o600
        );
        File::options().write(true).open(&path).unwrap().set_len(LARGEST + 1).unwrap();
        assert_eq!(open(&path).unwrap().metadata().unwrap().len(), 0);
    }
}
