//! The loop. One task owns the state and the terminal; everything reaches it as a value, in one order, keys first. It draws
//! only when something changed, and at most once in a frame.

use std::{
    collections::HashMap,
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use crossterm::event::{Event as TtyEvent, KeyEventKind};
use tokio::{sync::mpsc, time::Instant};

use super::{
    draw,
    effect::{
        Effect, Source,
        clipboard::{self, Clipboard},
        perform::Performer,
    },
    ground::{self, Ear, Heard},
    keeper::Keeper,
    keyboard,
    ledger::Ledgers,
    looks::{AUTO, Looks},
    origin::Origin,
    record::Recorder,
    reload::Read,
    reports,
    state::{Event, State},
    tty::Tty,
    update::Update,
    watch::{REST, Watch},
};
use crate::{config::settings::Copying, ssm::clock::Clock};

/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// The longest, when writing to the terminal is slow.
const SLOWEST_FRAME: Duration = Duration::from_millis(100);
/// How long updates are taken before keys and frames get their turn again.
const DRAIN: Duration = Duration::from_millis(4);

/// What the loop works with.
pub(super) struct Pulse {
    pub state: State,
    pub tty: Tty,
    pub looks: Looks,
    /// The user's files as they were last read.
    pub read: Read,
    /// Says how the console is left.
    pub keeper: Option<Keeper>,
    pub performer: Performer,
    pub updates: mpsc::Receiver<Update>,
    pub clock: Clock,
    /// Keeps what happens.
    pub recorder: Recorder,
    /// Where reports of bugs go.
    pub reports: PathBuf,
    /// What failed last of each list, so that the log says once what is tried again and again.
    pub noted: Noted,
    /// Hears what the terminal answers about its ground.
    pub ear: Ear,
    /// When to look again at a shell whose program holds its frame back.
    pub held: Option<Instant>,
}

/// What failed last, by origin and source.
pub(super) type Noted = HashMap<(Origin, Source), String>;

enum Flow {
    On,
    End,
}

/// Why the loop is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    /// The user wants it: shells end with the console.
    Wanted,
    /// Nobody asked the user: shells are left to be attached to again.
    Lost,
}

impl Pulse {
    /// Runs until the user leaves, the process is told to end or the terminal is lost.
    pub async fn run(mut self, ledgers: Ledgers) -> io::Result<()> {
        let mut signals = Signals::new()?;
        let mut keys = keyboard::listen()?;
        let over = self.beat(&mut signals, &mut keys).await;
        // A terminal that fails is one that hung up: that can come to light before the signal arrives.
        let leave_shells = !matches!(over, Ok(Over::Wanted));
        // Nobody hears updates any more; whoever has one must not wait for room.
        self.updates.close();
        // What is typed from now on is for whoever reads the terminal next, however long the rest takes.
        keyboard::end(keys);
        drop(self.tty);
        self.recorder.finish();
        if let Some(keeper) = self.keeper.take() {
            keeper.finish(&self.state.left()).await;
        }
        finish(self.performer, leave_shells, &mut signals).await;
        if let Some(ledger) = ledgers.forwards {
            ledger.end(self.state.forwards.undecided().cloned().collect());
        }
        if let Some(ledger) = ledgers.canaries {
            ledger.end(self.state.waiting_canaries());
        }
        over.map(|_| ())
    }

    /// The loop itself.
    async fn beat(&mut self, signals: &mut Signals, keys: &mut keyboard::Keys) -> io::Result<Over> {
        let mut next_frame = Instant::now();
        self.draw()?;
        let mut first = Vec::new();
        self.state.connect(&mut first);
        self.perform(first)?;
        let mut grounds = reports::grounds();
        let mut watch = Watch::begin(&self.read.paths, self.read.files.clone());
        // Nobody would tell of what changed before anybody watched.
        let mut changed = watch.look(&self.read.paths).then(Instant::now);
        self.ask_ground()?;
        loop {
            let mut fx = Vec::new();
            let wait = self.state.deadline().since(self.clock.now());
            tokio::select! {
                biased;
                event = keys.recv() => match event {
                    Some(event) => {
                        let event = event?;
                        if event == TtyEvent::FocusGained {
                            changed = changed.or(watch.look(&self.read.paths).then(Instant::now));
                            self.ask_ground()?;
                        }
                        self.take(event, &mut fx);
                    }
                    None => return Ok(Over::Lost),
                },
                signal = signals.next() => match signal {
                    Signal::End => return Ok(Over::Wanted),
                    Signal::Leave => return Ok(Over::Lost),
                    Signal::Suspend => {
                        self.tty.suspend()?;
                        self.state.dirty = true;
                    }
                    Signal::Resumed => {
                        self.tty.resume()?;
                        self.state.dirty = true;
                    }
                },
                () = tokio::time::sleep_until(next_frame), if self.state.dirty => {
                    let began = Instant::now();
                    self.draw()?;
                    // A slow line gets fewer frames.
                    next_frame = Instant::now() + (began.elapsed() * 2).clamp(FRAME, SLOWEST_FRAME);
                },
                () = tokio::time::sleep_until(self.keeps().unwrap_or(next_frame)), if self.keeps().is_some() => {
                    if let Some(keeper) = &mut self.keeper {
                        keeper.keep(self.state.left());
                    }
                }
                () = tokio::time::sleep_until(self.held.unwrap_or(next_frame)), if self.held.is_some() => {
                    self.held = None;
                    self.state.dirty = true;
                }
                Ok(()) = grounds.changed() => {
                    if let Some(light) = *grounds.borrow_and_update() {
                        self.looks.set_light(light);
                        self.state.dirty = true;
                    }
                }
                () = super::log::grown(), if self.state.reads_log() => self.state.show_log(super::log::tail()),
                () = watch.changed() => changed = Some(Instant::now() + REST),
                () = tokio::time::sleep_until(changed.unwrap_or(next_frame)), if changed.is_some() => {
                    changed = None;
                    watch.look(&self.read.paths);
                    fx.extend(self.reload());
                }
                Some(update) = self.updates.recv() => {
                    let end = Instant::now() + DRAIN;
                    self.apply(update, &mut fx);
                    while Instant::now() < end && let Ok(update) = self.updates.try_recv() {
                        self.apply(update, &mut fx);
                    }
                    self.state.settle(&mut fx);
                },
                () = tokio::time::sleep(wait) => {
                    self.state.tick(self.clock.now(), &mut fx);
                    self.recorder.tick(&self.state, fx.is_empty());
                }
            }
            if let Flow::End = self.perform(fx)? {
                return Ok(Over::Wanted);
            }
        }
    }

    /// When it is to be written down how the console would be left.
    fn keeps(&self) -> Option<Instant> {
        self.keeper.as_ref().and_then(Keeper::due)
    }

    fn apply(&mut self, update: Update, fx: &mut Vec<Effect>) {
        note(&update, &mut self.noted);
        let now = self.clock.now();
        self.recorder.update(&self.state, now, &update);
        self.state.apply(update, now, fx);
    }

    /// Asks the terminal whether its ground is light, where that decides about the theme.
    fn ask_ground(&mut self) -> io::Result<()> {
        if self.looks.name() == AUTO {
            self.ear.listen(std::time::Instant::now());
            self.tty.ask(ground::QUESTION)?;
        }
        Ok(())
    }

    /// Takes what happened at the terminal. What is no key of the user's goes no further.
    fn take(&mut self, event: TtyEvent, fx: &mut Vec<Effect>) {
        let events = match event {
            TtyEvent::Key(key) => match self.ear.key(key, std::time::Instant::now()) {
                Heard::Keys(keys) => keys.into_iter().map(TtyEvent::Key).collect(),
                Heard::Ground(Some(light)) => {
                    self.looks.set_light(light);
                    self.state.dirty = true;
                    Vec::new()
                }
                Heard::Ground(None) | Heard::Nothing => Vec::new(),
            },
            event => vec![event],
        };
        for event in events {
            if let Some(event) = read(event, &mut self.state) {
                self.state.feed(event.clone(), self.clock.now(), fx);
                self.recorder.event(&self.state, &event, self.state.heard());
                if let Some(keeper) = &mut self.keeper {
                    keeper.touch(Instant::now());
                }
            }
        }
    }

    fn perform(&mut self, fx: Vec<Effect>) -> io::Result<Flow> {
        for effect in fx {
            match self.performer.perform(effect) {
                Some(Effect::Quit) => return Ok(Flow::End),
                Some(Effect::Suspend) => {
                    self.tty.suspend()?;
                    self.state.dirty = true;
                }
                Some(Effect::ReadLog) => self.state.show_log(super::log::tail()),
                Some(Effect::Reload) => {
                    for effect in self.reload() {
                        self.performer.perform(effect);
                    }
                }
                Some(Effect::TakeMouse(mouse)) => self.tty.set_mouse(mouse)?,
                Some(Effect::Repaint) => {
                    // Who paints anew may have changed the terminal's colours.
                    self.ask_ground()?;
                    self.tty.clear()?;
                    self.state.dirty = true;
                }
                Some(Effect::Report) => {
                    let time = self.clock.now().iso().replace([':', '.'], "-");
                    let path = self.reports.join(format!("fleetdeck-{time}.jsonl"));
                    let save = Effect::Save { path, text: self.recorder.report() };
                    self.performer.perform(save);
                }
                Some(Effect::Notify(text)) => self.tty.notify(&text, self.state.settings.notify)?,
                Some(Effect::Copy { copy, text }) => self.copy(copy, text)?,
                _ => {}
            }
        }
        Ok(Flow::On)
    }

    /// Copies a text, whichever way there is; says so where there is none.
    fn copy(&mut self, copy: u64, text: String) -> io::Result<()> {
        let copying = self.state.settings.copy;
        let Clipboard { terminal, program } = Clipboard::here(copying);
        let size = text.len();
        let taken = terminal && self.tty.copy(&text)?;
        let told = match program.filter(|_| size <= clipboard::LARGEST) {
            // Where the terminal was asked too, it may be the one that took it.
            Some(words) => {
                self.performer.give_copy(words, copy, text, taken);
                return Ok(());
            }
            None if taken => return Ok(()),
            None if copying == Copying::Off => "Nothing was copied: copy = \"off\" in the settings.".to_owned(),
            None if copying == Copying::Native && program.is_none() => {
                "Nothing was copied: there is no wl-copy, xclip, xsel or pbcopy with a display here.".to_owned()
            }
            None => {
                let size = super::text::bytes(size as u64);
                format!("{size} are more than terminals take into the clipboard; nothing was copied.")
            }
        };
        self.apply(Update::NotCopied { copy, why: told }, &mut Vec::new());
        self.state.dirty = true;
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        use crossterm::{
            execute,
            terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate},
        };
        let size = self.tty.terminal.size()?;
        self.recorder.size(&self.state, (size.width, size.height));
        self.state.dirty = false;
        self.held = self.state.before_frame(std::time::Instant::now()).map(Instant::from_std);
        let before = self.looks.name() == AUTO;
        if let Err(problem) = self.looks.follow(&self.state.theme) {
            self.state.theme = self.looks.name().to_owned();
            self.state.warn(problem);
        }
        if !before {
            // It may have been light or dark for long, and nobody asked.
            self.ask_ground()?;
        }
        let look = self.looks.look();
        let mut seen = Default::default();
        execute!(io::stdout(), BeginSynchronizedUpdate)?;
        let state = &mut self.state;
        self.tty.terminal.draw(|frame| seen = draw::draw(state, look, frame))?;
        execute!(io::stdout(), EndSynchronizedUpdate)?;
        let mut fx = Vec::new();
        self.state.seen(seen, &mut fx);
        self.recorder.frame(&self.state);
        self.recorder.drawn();
        if let Some(trouble) = self.recorder.trouble() {
            self.state.fail(trouble);
            self.state.dirty = true;
        }
        self.perform(fx).map(|_| ())
    }
}

/// Waits for what must not be cut off halfway, and says so; the terminal is the user's again, who can interrupt it.
async fn finish(mut performer: Performer, leave_shells: bool, signals: &mut Signals) {
    // There may be nobody left to read it.
    let say = |text: &str| {
        let _ = writeln!(io::stderr(), "fleetdeck: {text}");
    };
    let changes = performer.changes();
    if changes > 0 {
        let what = super::text::count(changes, "change");
        say(&format!("waiting for {what} under way; interrupt to leave at once"));
    }
    let interrupted = async { while !matches!(signals.next().await, Signal::End) {} };
    tokio::select! {
        told = performer.finish(leave_shells) => told.iter().for_each(|line| say(line)),
        () = interrupted => say("interrupted: what was under way may be done in part"),
    }
}

/// What fails is written down.
fn note(update: &Update, noted: &mut Noted) {
    match update {
        Update::Connected(origin, facts) => tracing::info!(?origin, region = facts.region, "connected"),
        Update::Unreachable(_, trouble) | Update::Failed(trouble) | Update::FailedIn(_, trouble) => {
            tracing::warn!("{}", trouble.what);
        }
        // The service says what it did not like, which may be a value; and a node what it wrote.
        Update::Changed(_, Err(trouble), _) => {
            let (what, _) = trouble.what.split_once(':').unwrap_or((&trouble.what, ""));
            tracing::warn!("a change failed: {what}");
        }
        Update::End { source, epoch, result: Err(trouble) } => {
            let before = noted.insert((epoch.origin, *source), trouble.what.clone());
            if before.as_ref() != Some(&trouble.what) {
                tracing::warn!(?source, "{}", trouble.what);
            }
        }
        Update::End { source, epoch, result: Ok(()) } => match noted.remove(&(epoch.origin, *source)) {
            Some(_) => tracing::info!(?source, "answered again"),
            None => tracing::debug!(?source, "answered"),
        },
        _ => {}
    }
}

/// What happened at the terminal, if the state has to know.
fn read(event: TtyEvent, state: &mut State) -> Option<Event> {
    match event {
        TtyEvent::Key(key) if key.kind != KeyEventKind::Release => Some(Event::Key(key)),
        TtyEvent::Paste(text) => Some(Event::Paste(text)),
        TtyEvent::Mouse(mouse) => Some(Event::Mouse(mouse)),
        TtyEvent::FocusGained => Some(Event::Focus(true)),
        TtyEvent::FocusLost => Some(Event::Focus(false)),
        TtyEvent::Resize(..) => {
            state.dirty = true;
            None
        }
        _ => None,
    }
}

enum Signal {
    /// The user wants it.
    End,
    /// Nobody asked the user: a line was lost, a machine goes down.
    Leave,
    Suspend,
    Resumed,
}

#[cfg(unix)]
struct Signals {
    term: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    stop: tokio::signal::unix::Signal,
    resume: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(nix::sys::signal::Signal::SIGTSTP as i32))?,
            resume: signal(SignalKind::from_raw(nix::sys::signal::Signal::SIGCONT as i32))?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.term.recv() => Signal::Leave,
            _ = self.hangup.recv() => Signal::Leave,
            _ = self.interrupt.recv() => Signal::End,
            _ = self.stop.recv() => Signal::Suspend,
            _ = self.resume.recv() => Signal::Resumed,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        std::future::pending().await
    }
}
