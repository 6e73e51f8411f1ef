//! Records of the console: what happened at the terminal and what the service answered, line by line, so that a bug can be seen
//! again by [`super::replay`] without the terminal and the fleet it happened on.
//!
//! A record is text: a line with the [`Head`], then one line for each [`What`], as JSON. What came last is always kept in memory,
//! for a report after the fact. Secrets never get there: values of sensitive types mask themselves, and the
//! rest is masked before a line is made.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write},
    path::Path,
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{
    effect::{Epoch, Source},
    state::{Event, Heard, Pane, State},
    update::{Trouble, Update},
};
use crate::{
    config::{
        context::Context,
        keymap::{self, Keymap, spelled_chord},
        place::Place,
        settings::Settings,
    },
    ssm::{Timestamp, redact},
};

mod mask;
mod ring;

use mask::Masks;
use ring::Ring;

/// The number of the form that records have; another one cannot be read.
pub const FORMAT: u32 = 1;
/// A longer line is left out of a record, and refused when one is read.
pub const LONGEST_LINE: usize = 32 * 1024 * 1024;

/// How a record begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Head {
    /// [`FORMAT`].
    pub record: u32,
    /// The version of fleetdeck that made it.
    pub version: String,
    /// When it begins, in milliseconds since the epoch.
    pub began: i64,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The pane at its beginning.
    pub pane: Pane,
    /// Whether it begins with the console. What was kept in memory may not.
    pub whole: bool,
    /// Whether the output of commands and shells is in it.
    pub output: bool,
    /// What is looked at, without addresses and files of this machine.
    pub places: Vec<Place>,
    /// The user's settings, without paths of this machine.
    pub settings: Settings,
    /// The theme.
    pub theme: String,
    /// Drawn with ASCII alone.
    pub ascii: bool,
    /// What the user's keys change in the shipped ones, as a file of keys.
    pub keymap: String,
}

impl Head {
    /// The head for a console that begins now.
    pub fn of(state: &State, theme: &str, ascii: bool) -> Self {
        let open = |place: &Place| Place {
            context: Context { endpoint_url: None, credentials_file: None, ..place.context.clone() },
            ..place.clone()
        };
        let places = state.origins.known().map(|(_, known)| open(&known.place)).collect();
        Self {
            record: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            began: state.now.as_millis(),
            size: (80, 24),
            pane: state.pane,
            whole: true,
            output: false,
            places,
            settings: Settings { recordings: None, ..state.settings.clone() },
            theme: theme.to_owned(),
            ascii,
            keymap: differences(&state.keymap),
        }
    }
}

/// What a keymap has that the shipped one has not, and the other way round, as a user would write it.
fn differences(keymap: &Keymap<super::action::Action>) -> String {
    let (shipped, _) = super::keymap(None);
    let mut out = String::new();
    for (_, layer, _) in super::action::Layer::ALL {
        let gone = shipped.of(layer).filter(|binding| !keymap.of(layer).any(|other| other.chord == binding.chord));
        let gone = gone.map(|binding| binding.chord.as_slice());
        let gone: BTreeSet<_> = gone.chain(keymap.silent_in(layer)).map(spelled_chord).collect();
        let gone = gone.into_iter().map(|keys| (keys, "none"));
        let own = keymap.of(layer).filter(|binding| binding.origin == keymap::Origin::User);
        let own = own.map(|binding| (spelled_chord(&binding.chord), binding.action.entry().name));
        let lines: Vec<_> = gone.chain(own).collect();
        if lines.is_empty() {
            continue;
        }
        out.push_str(&format!("[{layer}]\n"));
        for (keys, action) in lines {
            let keys = keys.replace('\\', "\\\\").replace('"', "\\\"");
            out.push_str(&format!("\"{keys}\" = \"{action}\"\n"));
        }
    }
    out
}

/// One line of a record.
#[derive(Debug, Deserialize)]
pub struct Line {
    /// Milliseconds since the record began.
    pub at: u64,
    /// Whether a frame was drawn after it.
    #[serde(default)]
    pub drawn: bool,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Something at the terminal.
    Event(Event),
    /// Something a task had to say.
    Update(Update),
    /// Time passed.
    Tick,
    /// The terminal has so many columns and rows.
    Size(u16, u16),
    /// What a shell showed then, as the bytes that paint it; only in records with output.
    Shell { tab: u64, screen: String },
    /// Something so large that it is not in the record.
    LeftOut { bytes: usize },
}

/// A line that waits for its frame.
#[derive(Debug)]
struct Pending {
    at: u64,
    drawn: bool,
    what: String,
    /// It is a tick after which nothing was asked: another one takes its place.
    idle: bool,
}

impl Pending {
    fn line(&self) -> String {
        let Self { at, what, .. } = self;
        match self.drawn {
            true => format!("{{\"at\":{at},\"drawn\":true,\"what\":{what}}}"),
            false => format!("{{\"at\":{at},\"what\":{what}}}"),
        }
    }
}

/// Keeps what happens: the last of it in memory, all of it in a file if there is one.
#[derive(Debug)]
pub struct Recorder {
    head: Head,
    masks: Masks,
    ring: Ring,
    file: Option<BufWriter<File>>,
    pending: Option<Pending>,
    size: (u16, u16),
    pane: Pane,
    /// What shells showed in the last frame.
    screens: HashMap<u64, String>,
    trouble: Option<Trouble>,
}

impl Recorder {
    /// A recorder that keeps the last of what happens, and writes all of it to `file`; with the output of commands and
    /// shells only if `output`.
    pub fn new(head: Head, file: Option<File>, output: bool) -> Self {
        let head = Head { output, ..head };
        let (size, pane) = (head.size, head.pane);
        let mut recorder = Self {
            head,
            masks: Masks::new(output),
            ring: Ring::default(),
            file: file.map(BufWriter::new),
            pending: None,
            size,
            pane,
            screens: HashMap::new(),
            trouble: None,
        };
        let head = recorder.head_line(&recorder.head);
        recorder.write(&head);
        recorder
    }

    /// Something happened at the terminal; `heard`: what the state took it for.
    pub fn event(&mut self, state: &State, event: &Event, heard: Heard) {
        self.add(state, &What::Event(mask::event(event, heard)), false);
    }

    /// A task has something to say. To be told before it is applied.
    pub fn update(&mut self, state: &State, now: Timestamp, update: &Update) {
        // Whoever replays the record works the order out again.
        if matches!(update, Update::Arranged(_) | Update::Counted(_)) {
            return;
        }
        let what = What::Update(self.masks.update(update));
        self.add_at(state, now, &what, false);
    }

    /// A frame was drawn: of shells, what they show is kept where output is. Not when their news come, because what is drawn
    /// may be newer than these.
    pub fn frame(&mut self, state: &State) {
        if !self.head.output {
            return;
        }
        for tab in &state.shells.tabs {
            let screen = tab.terminal.with_screen(super::term::Screen::still);
            if self.screens.get(&tab.id) != Some(&screen) {
                self.add(state, &What::Shell { tab: tab.id, screen: screen.clone() }, false);
                self.screens.insert(tab.id, screen);
            }
        }
        self.screens.retain(|id, _| state.shells.tab(*id).is_some());
    }

    /// Time passed; `idle`: nothing came of it.
    pub fn tick(&mut self, state: &State, idle: bool) {
        self.add(state, &What::Tick, idle);
    }

    /// A frame is about to be drawn in so many columns and rows.
    pub fn size(&mut self, state: &State, size: (u16, u16)) {
        if self.size != size {
            self.size = size;
            self.add(state, &What::Size(size.0, size.1), false);
        }
    }

    /// A frame was drawn.
    pub fn drawn(&mut self) {
        let Some(pending) = &mut self.pending else { return };
        pending.drawn = true;
        if !pending.idle {
            self.settle();
            self.flush();
        }
    }

    /// The end, or a moment at which everything is to be in the file.
    pub fn finish(&mut self) {
        self.settle();
        self.flush();
    }

    /// Why there is no record any more. Once.
    pub fn trouble(&mut self) -> Option<Trouble> {
        self.trouble.take()
    }

    /// What is kept in memory, as a record of its own.
    pub fn report(&mut self) -> Arc<str> {
        self.settle();
        let (size, pane) = self.ring.begins_in().unwrap_or((self.head.size, self.head.pane));
        let whole = self.head.whole && !self.ring.has_lost();
        let head = match whole {
            true => self.head.clone(),
            false => Head { size, pane, whole, ..self.head.clone() },
        };
        let mut out = self.head_line(&head);
        out.push('\n');
        self.ring.lines().for_each(|line| {
            out.push_str(line);
            out.push('\n');
        });
        out.into()
    }

    fn head_line(&self, head: &Head) -> String {
        redact::masking(|| serde_json::to_string(head)).unwrap_or_default()
    }

    fn add(&mut self, state: &State, what: &What, idle: bool) {
        self.add_at(state, state.now, what, idle);
    }

    fn add_at(&mut self, state: &State, now: Timestamp, what: &What, idle: bool) {
        let mut pending = Pending { at: self.since(now), drawn: false, what: masked(what), idle };
        if let Some(before) = &self.pending
            && before.idle
            && idle
        {
            pending.drawn = before.drawn;
            self.pending = None;
        }
        self.settle();
        self.pane = state.pane;
        self.pending = Some(pending);
    }

    fn since(&self, now: Timestamp) -> u64 {
        u64::try_from(now.as_millis().saturating_sub(self.head.began)).unwrap_or(0)
    }

    /// The line that waits takes its place.
    fn settle(&mut self) {
        let Some(mut pending) = self.pending.take() else { return };
        if pending.what.len() > LONGEST_LINE / 2 {
            pending.what = left_out(pending.what.len());
        }
        let line = pending.line();
        self.write(&line);
        if line.len() > ring::LONGEST {
            pending.what = left_out(line.len());
        }
        self.ring.push(pending.line().into(), self.size, self.pane);
    }

    fn write(&mut self, line: &str) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write_all(line.as_bytes()).and_then(|()| file.write_all(b"\n")) {
            self.fail(&error);
        }
    }

    fn flush(&mut self) {
        if let Some(Err(error)) = self.file.as_mut().map(Write::flush) {
            self.fail(&error);
        }
    }

    fn fail(&mut self, error: &io::Error) {
        // Its buffer cannot be written either.
        if let Some(file) = self.file.take() {
            drop(file.into_parts());
        }
        let what = format!("The record is not complete, and over: {error}");
        self.trouble = Some(Trouble::new(what, Some("Make room and begin another one with --record.")));
    }
}

fn left_out(bytes: usize) -> String {
    masked(&What::LeftOut { bytes })
}

/// What happened as JSON. Nothing is written that was not through this: sensitive values by their type, then whatever looks
/// like a secret in any other text.
fn masked(what: &What) -> String {
    let value = redact::masking(|| serde_json::to_value(what));
    let mut value = value.unwrap_or_else(|_| serde_json::json!("tick"));
    if !matches!(what, What::Event(_)) {
        redact::mask_all(&mut value);
    }
    value.to_string()
}

/// Creates the file of a record, which nobody else may read.
///
/// # Errors
/// When it is there already or cannot be made; in words.
pub fn create(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => anyhow::anyhow!("{} exists; name a new file for the record", path.display()),
        _ => anyhow::anyhow!("no record could be made at {}: {error}", path.display()),
    })
}

/// The epoch an answer in a record has, to put another one in its place.
pub(super) fn epoch_of(update: &mut Update) -> Option<(Source, &mut Epoch)> {
    match update {
        Update::Page { source, epoch, .. } | Update::End { source, epoch, .. } => Some((*source, epoch)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
