//! A record of the console, seen again: the same state is driven by what was recorded, and nothing is asked of any service.
//!
//! A record may come from anywhere. What is wrong with it is told in words of ours, and it reaches the terminal only as the
//! console's own screens.

use std::{collections::HashMap, io::BufRead, path::Path, sync::Arc, time::Duration};

use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};

use super::{
    draw,
    effect::{Effect, Epoch, Source},
    looks::Looks,
    record::{self, Head, Line, What},
    state::{Start, State, commands::Results},
    update::Update,
};
use crate::{
    config::{
        paths::Paths,
        place::{Catalogue, Place},
        settings::Settings,
        theme,
    },
    ssm::Timestamp,
};

mod read;
mod show;

pub use read::{Broken, Lines};

/// The sizes a screen may have, in columns and rows.
const SIZES: ((u16, u16), (u16, u16)) = ((1, 1), (500, 300));
/// More scrollback than this is not made for a record.
const SCROLLBACK: usize = 10_000;

/// How a record is shown.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many times faster than it was.
    pub speed: f64,
    /// Wait for a key before every screen.
    pub step: bool,
    /// How far to go.
    pub until: Option<Duration>,
    /// Columns and rows to draw in, whatever the terminal had.
    pub size: Option<(u16, u16)>,
    /// Print the last screen instead of playing on the terminal.
    pub headless: bool,
    /// Print every screen that is another one than before.
    pub print_screens: bool,
}

/// Shows a record.
///
/// # Errors
/// When it cannot be read or is none, or when the terminal or standard output is lost.
pub fn run(path: &Path, options: &Options, paths: &Paths) -> anyhow::Result<()> {
    let lines = read::open(path)?;
    let mut replay = Replay::new(lines, options, paths)?;
    if options.headless {
        print(&mut replay, options, &mut std::io::stdout().lock())
    } else {
        show::show(replay, options)
    }
}

/// Prints screens as text.
fn print<R: BufRead>(replay: &mut Replay<R>, options: &Options, out: &mut impl std::io::Write) -> anyhow::Result<()> {
    loop {
        let more = replay.step_screen();
        if options.print_screens && replay.is_new() {
            writeln!(out, "--- {}", clock(replay.at()))?;
            writeln!(out, "{}", replay.text())?;
        }
        if !more {
            break;
        }
    }
    if !options.print_screens {
        writeln!(out, "{}", replay.text())?;
    }
    out.flush()?;
    match replay.broken() {
        Some(broken) => Err(anyhow::anyhow!("{broken}")),
        None => Ok(()),
    }
}

/// A time since the beginning: `1:02.345`.
fn clock(at: Duration) -> String {
    format!("{}:{:02}.{:03}", at.as_secs() / 60, at.as_secs() % 60, at.subsec_millis())
}

/// A record under way.
pub struct Replay<R> {
    lines: Lines<R>,
    next: Option<Line>,
    broken: Option<Broken>,
    head: Head,
    state: State,
    looks: Looks,
    terminal: Terminal<TestBackend>,
    sized: bool,
    until: Option<Duration>,
    at: Duration,
    fx: Vec<Effect>,
    /// For a record without its beginning: what the questions of its answers are numbered here.
    numbers: HashMap<(Source, Epoch), Epoch>,
    drew: bool,
    new: bool,
}

impl<R: BufRead> Replay<R> {
    /// A record at its beginning.
    ///
    /// # Errors
    /// When it is none that can be read.
    pub fn new(mut lines: Lines<R>, options: &Options, paths: &Paths) -> anyhow::Result<Self> {
        let head = lines.head()?;
        let state = state(&head);
        let size = clamp(options.size.unwrap_or(head.size));
        let settings = Settings { ascii: head.ascii, ..Settings::default() };
        let looks = Looks::new(paths.clone(), &settings, &head.theme);
        // A theme that is not here does not keep a bug from being seen.
        let looks = looks.or_else(|_| Looks::new(paths.clone(), &settings, &settings.theme));
        let (looks, _) = looks.map_err(anyhow::Error::msg)?;
        let mut replay = Self {
            lines,
            next: None,
            broken: None,
            state,
            looks,
            terminal: Terminal::new(TestBackend::new(size.0, size.1))?,
            sized: options.size.is_some(),
            until: options.until,
            at: Duration::ZERO,
            fx: Vec::new(),
            numbers: HashMap::new(),
            drew: false,
            new: false,
            head,
        };
        replay.advance();
        replay.begin();
        Ok(replay)
    }

    /// What stands before the first line.
    fn begin(&mut self) {
        if !self.head.whole {
            self.state.now = self.time(self.next_at().unwrap_or_default());
            for origin in self.state.origins.scope().to_vec() {
                let connected = Update::Connected(origin, Box::default());
                self.state.apply(connected, self.state.now, &mut self.fx);
            }
            self.state.pane = self.head.pane;
            self.state.tell("The record begins in the middle: what came before is not in it.");
        }
        self.draw();
    }

    /// Goes on to the next frame that was drawn. `false` at the end.
    pub fn step(&mut self) -> bool {
        loop {
            let Some(line) = self.next.take() else {
                // What has no frame of its own is seen at the end, if there was none at all.
                if !self.drew {
                    self.draw();
                }
                return false;
            };
            self.at = Duration::from_millis(line.at);
            let drawn = line.drawn;
            self.take(line.what);
            self.advance();
            if drawn {
                self.drew = true;
                self.draw();
                return true;
            }
        }
    }

    /// Goes on to the next screen that is another one. `false` at the end.
    pub fn step_screen(&mut self) -> bool {
        while self.step() {
            if self.new {
                return true;
            }
        }
        false
    }

    /// Reads the line after this one.
    fn advance(&mut self) {
        self.next = match self.lines.next_line() {
            Ok(next) => next,
            Err(broken) => {
                self.state.warn(broken.to_string());
                self.broken = Some(broken);
                None
            }
        };
        let until = self.until;
        self.next.take_if(|line| until.is_some_and(|until| Duration::from_millis(line.at) > until));
    }

    fn take(&mut self, what: What) {
        let now = self.time(self.at);
        match what {
            What::Event(event) => self.state.feed(event, now, &mut self.fx),
            What::Update(mut update) => {
                self.number(&mut update);
                self.state.apply(update, now, &mut self.fx);
                self.state.settle(&mut self.fx);
            }
            What::Tick => self.state.tick(now, &mut self.fx),
            What::Size(columns, rows) if !self.sized => {
                let (columns, rows) = clamp((columns, rows));
                self.terminal.backend_mut().resize(columns, rows);
            }
            What::Size(..) => {}
            What::Shell { tab, screen } => {
                if let Some(tab) = self.state.shells.tab(tab) {
                    tab.terminal.feed(b"\x18\x1b[?1049l");
                    tab.terminal.feed(screen.as_bytes());
                }
            }
            What::LeftOut { bytes } => {
                let size = super::text::bytes(bytes as u64);
                self.state.now = now;
                self.state.warn(format!("Something of {size} happened here that was too large for the record."));
            }
        }
        // Nobody does what the state wants done: what came of it stands in the record, but for the order of large fleets.
        let fx = std::mem::take(&mut self.fx);
        self.state.arrange(fx);
    }

    fn time(&self, at: Duration) -> Timestamp {
        Timestamp::from_millis(self.head.began).plus(at)
    }

    /// In a record without its beginning, the questions its answers belong to may not have been asked, and have other numbers.
    fn number(&mut self, update: &mut Update) {
        if self.head.whole {
            return;
        }
        let state = &mut self.state;
        match update {
            Update::Changed(_, _, number) => *number = None,
            Update::Folded { number, .. } => {
                let folding = state.commands.results.as_ref().and_then(Results::folding);
                *number = folding.unwrap_or(*number);
            }
            _ => {}
        }
        let Some((source, epoch)) = record::epoch_of(update) else { return };
        *epoch = *self.numbers.entry((source, *epoch)).or_insert_with(|| state.expect(source, epoch.origin));
    }

    fn draw(&mut self) {
        let before = self.terminal.backend().buffer().clone();
        self.state.before_frame(std::time::Instant::now());
        if self.looks.follow(&self.state.theme).is_err() {
            self.looks.name().clone_into(&mut self.state.theme);
        }
        let look = self.looks.look();
        let mut seen = Default::default();
        let state = &mut self.state;
        // Drawing into memory cannot fail.
        let _ = self.terminal.draw(|frame| seen = draw::draw(state, look, frame));
        self.state.seen(seen, &mut self.fx);
        self.fx.clear();
        self.new = *self.terminal.backend().buffer() != before;
    }

    /// Whether the last step drew another screen.
    pub fn is_new(&self) -> bool {
        self.new
    }

    /// How long after the beginning.
    pub fn at(&self) -> Duration {
        self.at
    }

    /// When the next line comes, after the beginning.
    pub fn next_at(&self) -> Option<Duration> {
        self.next.as_ref().map(|line| Duration::from_millis(line.at))
    }

    /// What is wrong with the record, once it has come to it.
    pub fn broken(&self) -> Option<&Broken> {
        self.broken.as_ref()
    }

    /// The screen.
    pub fn screen(&self) -> &Buffer {
        self.terminal.backend().buffer()
    }

    /// The screen as text, without the spaces at the ends of its lines.
    pub fn text(&self) -> String {
        text(self.screen())
    }
}

/// A screen as text. A cell covered by the wide character before it has none of its own.
pub fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let row = |cells: &[ratatui::buffer::Cell]| {
        let mut line = String::new();
        let mut covered = 0;
        for cell in cells {
            if covered == 0 {
                line.push_str(cell.symbol());
                covered = super::text::width(cell.symbol()).max(1);
            }
            covered -= 1;
        }
        line.trim_end().to_owned()
    };
    buffer.content().chunks(width).map(row).collect::<Vec<_>>().join("\n")
}

fn clamp((columns, rows): (u16, u16)) -> (u16, u16) {
    let ((narrow, low), (wide, high)) = SIZES;
    (columns.clamp(narrow, wide), rows.clamp(low, high))
}

/// The state a record begins with.
fn state(head: &Head) -> State {
    let (keymap, problems) = super::keymap_of_another(("the keys of the record", &head.keymap));
    let clean = |place: &Place| Place {
        name: super::text::clean(&place.name),
        notice: place.notice.as_deref().map(super::text::clean),
        ..place.clone()
    };
    let places: Vec<Place> = head.places.iter().map(clean).collect();
    let mut settings = head.settings.clone();
    settings.scrollback = settings.scrollback.min(SCROLLBACK);
    let mut state = State::new(Start {
        catalogue: Catalogue { own: places.clone(), ..Catalogue::default() },
        places,
        settings,
        theme: head.theme.clone(),
        themes: theme::SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect(),
        keymap: Arc::new(keymap),
        save_directory: "saved".into(),
        recordings: "recordings".into(),
        saved_views: Default::default(),
        canaries: Default::default(),
        forwards: Default::default(),
        opener: Err("this is a record"),
        now: Timestamp::from_millis(head.began),
    });
    for problem in &problems {
        state.warn(problem.to_string());
    }
    state
}

#[cfg(test)]
mod tests;
