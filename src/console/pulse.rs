//! The loop. One task owns the state and the terminal; everything reaches it as a value, in one order, keys first. It draws
//! only when something changed, and at most once in a frame.

use std::{io, path::PathBuf, time::Duration};

use crossterm::event::{Event as TtyEvent, KeyEventKind};
use tokio::{sync::mpsc, time::Instant};

use super::{
    draw::{self, Look},
    effect::{Effect, perform::Performer},
    keyboard,
    record::{self, Recorder},
    state::{Event, State},
    tty::Tty,
    update::Update,
};
use crate::ssm::clock::Clock;

/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// The longest, when writing to the terminal is slow.
const SLOWEST_FRAME: Duration = Duration::from_millis(100);
/// Updates taken before keys get their turn again.
const DRAIN: usize = 255;

/// What the loop works with.
pub(super) struct Pulse {
    pub state: State,
    pub tty: Tty,
    pub looks: Vec<Look>,
    pub performer: Performer,
    pub updates: mpsc::Receiver<Update>,
    pub clock: Clock,
    /// Keeps what happens.
    pub recorder: Recorder,
    /// Where reports of bugs go.
    pub reports: PathBuf,
    /// When to look again at a shell whose program holds its frame back.
    pub held: Option<Instant>,
}

enum Flow {
    On,
    End,
}

impl Pulse {
    /// Runs until the user leaves or the process is told to end.
    pub async fn run(mut self) -> io::Result<()> {
        let mut keys = keyboard::listen()?;
        let mut signals = Signals::new()?;
        let mut next_frame = Instant::now();
        let mut leave_shells = false;
        self.draw()?;
        let mut first = Vec::new();
        self.state.connect(&mut first);
        self.perform(first)?;
        let ended = loop {
            let mut fx = Vec::new();
            let wait = self.state.deadline().since(self.clock.now());
            tokio::select! {
                biased;
                event = keys.recv() => match event {
                    Some(event) => {
                        if let Some(event) = read(event?, &mut self.state) {
                            self.state.feed(event.clone(), self.clock.now(), &mut fx);
                            self.recorder.event(&self.state, &event, self.state.heard());
                        }
                    }
                    None => break Ok(()),
                },
                signal = signals.next() => match signal {
                    Signal::End => break Ok(()),
                    Signal::Leave => {
                        leave_shells = true;
                        break Ok(());
                    }
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
                () = tokio::time::sleep_until(self.held.unwrap_or(next_frame)), if self.held.is_some() => {
                    self.held = None;
                    self.state.dirty = true;
                }
                Some(update) = self.updates.recv() => {
                    self.apply(update, &mut fx);
                    for _ in 0..DRAIN {
                        let Ok(update) = self.updates.try_recv() else { break };
                        self.apply(update, &mut fx);
                    }
                    self.state.settle(&mut fx);
                },
                () = tokio::time::sleep(wait) => {
                    self.state.tick(self.clock.now(), &mut fx);
                    self.recorder.tick(&self.state, fx.is_empty());
                }
            }
            match self.perform(fx) {
                Ok(Flow::On) => {}
                Ok(Flow::End) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.recorder.finish();
        self.performer.finish(leave_shells).await;
        ended
    }

    fn apply(&mut self, update: Update, fx: &mut Vec<Effect>) {
        let now = self.clock.now();
        self.recorder.update(&self.state, now, &update);
        let painted = record::painted(&update);
        self.state.apply(update, now, fx);
        self.recorder.applied(&self.state, painted);
    }

    fn perform(&mut self, fx: Vec<Effect>) -> io::Result<Flow> {
        for effect in fx {
            match self.performer.perform(effect) {
                Some(Effect::Quit) => return Ok(Flow::End),
                Some(Effect::Suspend) => {
                    self.tty.suspend()?;
                    self.state.dirty = true;
                }
                Some(Effect::Repaint) => {
                    self.tty.clear()?;
                    self.state.dirty = true;
                }
                Some(Effect::Report) => {
                    let time = self.clock.now().iso().replace([':', '.'], "-");
                    let path = self.reports.join(format!("fleetdeck-{time}.jsonl"));
                    let save = Effect::Save { path, text: self.recorder.report() };
                    self.performer.perform(save);
                }
                Some(Effect::Copy(text)) if !self.tty.copy(&text)? => {
                    let size = super::text::bytes(text.len() as u64);
                    let told = "are more than terminals take into the clipboard; nothing was copied";
                    self.state.warn(format!("{size} {told}."));
                    self.state.dirty = true;
                }
                _ => {}
            }
        }
        Ok(Flow::On)
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
        let look = &self.looks[self.state.theme_turns % self.looks.len().max(1)];
        let mut seen = Default::default();
        execute!(io::stdout(), BeginSynchronizedUpdate)?;
        let state = &self.state;
        self.tty.terminal.draw(|frame| seen = draw::draw(state, look, frame))?;
        execute!(io::stdout(), EndSynchronizedUpdate)?;
        let mut fx = Vec::new();
        self.state.seen(seen, &mut fx);
        self.recorder.drawn();
        if let Some(trouble) = self.recorder.trouble() {
            self.state.fail(trouble);
            self.state.dirty = true;
        }
        self.perform(fx).map(|_| ())
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
