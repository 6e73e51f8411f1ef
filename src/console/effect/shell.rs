//! A session's task: keys to the node, bytes to the screen, answers of the screen back to the node.

use std::{collections::VecDeque, sync::Arc};

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::task::AbortOnDropHandle;

use super::{Progress, Recording, follows, perform::trouble, tape::Tape, turns::Turns};
use crate::{
    client::{Client, Session, SessionEvent, SessionInput, SessionOptions, TerminalSize},
    config::{paths::Paths, session::SessionProfile},
    console::{
        term::{Event, Screen, Terminal},
        update::{ShellUpdate, Trouble, Update},
    },
    ssm::StartSession,
};

/// Inputs that wait for a session; more are refused.
const WAITING: usize = 1_024;
/// Bytes of a paste that may be under way: few, as what has left is not taken back when it is stopped.
const UNDER_WAY: usize = 32 * 1024;
/// Bytes of a paste that are sent at once.
const PIECE: usize = 8 * 1024;
/// What ends a paste that began in marks.
const END_OF_PASTE: &[u8] = b"\x1b[201~";

enum Order {
    Input(Vec<u8>),
    Paste(Arc<[u8]>),
    CancelPaste,
    Resize(TerminalSize),
    Record(Option<Box<Recording>>),
}

/// The way to a session. Dropping it ends the session.
pub(super) struct Line {
    orders: mpsc::Sender<Order>,
    task: JoinHandle<()>,
}

impl Line {
    /// Sends keys. `false` if the session does not keep up.
    pub fn input(&self, bytes: Vec<u8>) -> bool {
        self.order(Order::Input(bytes))
    }

    /// Sends a large paste, piece by piece. `false` if the session does not keep up.
    pub fn paste(&self, bytes: Arc<[u8]>) -> bool {
        self.order(Order::Paste(bytes))
    }

    /// Stops the paste under way, and drops what was typed behind it.
    pub fn cancel_paste(&self) {
        self.order(Order::CancelPaste);
    }

    /// Tells the size of the screen.
    pub fn resize(&self, rows: u16, columns: u16) {
        self.order(Order::Resize(TerminalSize { rows: rows.into(), cols: columns.into() }));
    }

    /// Begins to record what the session shows, or stops. `false` if the session does not keep up.
    pub fn record(&self, recording: Option<Box<Recording>>) -> bool {
        self.order(Order::Record(recording))
    }

    fn order(&self, order: Order) -> bool {
        !matches!(self.orders.try_send(order), Err(mpsc::error::TrySendError::Full(_)))
    }

    /// Lets the session go on without a client.
    pub fn leave(self) {
        self.task.abort();
    }

    /// Ends the session; done when the service knows.
    pub async fn end(self) {
        drop(self.orders);
        let _ = self.task.await;
    }
}

/// Opens a session on a node, or goes on with the one of this id that was left there, and shows it on a terminal.
pub(super) fn open(
    client: Client,
    tab: u64,
    (node, profile, left): (String, Option<Box<SessionProfile>>, Option<String>),
    terminal: Arc<Terminal>,
    updates: mpsc::Sender<Update>,
) -> Line {
    let (orders, inbox) = mpsc::channel(WAITING);
    let task = tokio::spawn(async move {
        let told = Told { tab, updates };
        let session = match left {
            None => start(&client, node, profile.map(|profile| *profile).unwrap_or_default(), &terminal, &told).await,
            Some(left) => take_over(&client, node, left, &terminal, &told).await,
        };
        let closed = match session {
            Ok((session, turns, _reading)) => {
                let mut tape = Tape::default();
                let closed = carry((session, turns), &terminal, &told, inbox, &mut tape).await;
                told.recorded(tape.end()).await;
                closed
            }
            Err(trouble) => trouble,
        };
        told.send(ShellUpdate::Closed(closed)).await;
    });
    Line { orders, task }
}

/// A session, how its turns are written down, and the reading of its document where that is under way.
type Begun = (Session, Option<Turns>, Option<AbortOnDropHandle<()>>);

async fn start(
    client: &Client,
    node: String,
    profile: SessionProfile,
    terminal: &Terminal,
    told: &Told,
) -> Result<Begun, Trouble> {
    let mut options = SessionOptions::new(size_of(terminal));
    options.keep_alive = profile.keep_alive().unwrap_or(options.keep_alive);
    let SessionProfile { document: document_name, parameters, .. } = profile;
    let (document, given) = (document_name.clone(), parameters.clone());
    let request = StartSession { target: node, document_name, parameters, ..Default::default() };
    let session = client.open_session(request, options).await.map_err(|error| trouble(&error))?;
    told.send(ShellUpdate::Started(session.id().to_owned())).await;
    // With each opening, as it may have been changed since the last one; the shell does not wait for it.
    let (client, told) = (client.clone(), told.clone());
    let reading = tokio::spawn(async move {
        if let Some(preferences) = follows::read(&client, document, &given).await.ok().flatten() {
            told.send(ShellUpdate::Follows { preferences: Box::new(preferences), began: None }).await;
        }
    });
    // Without a place to write to, it can still be used, and taken over after little input.
    let turns = Paths::discover().ok().map(|paths| Turns::of(paths.attached(), session.id().to_owned()));
    Ok((session, turns, Some(AbortOnDropHandle::new(reading))))
}

async fn take_over(
    client: &Client,
    node: String,
    left: String,
    terminal: &Terminal,
    told: &Told,
) -> Result<Begun, Trouble> {
    let failed =
        |error: &dyn std::fmt::Display| Trouble::new(format!("The session was not taken over: {error}."), None);
    let (preferences, began) = follows::of_session(client, &left).await?;
    if let Some(key) = preferences.as_ref().and_then(|preferences| preferences.key.as_ref()) {
        let what =
            format!("The session was not taken over: it is encrypted with {key}, for the client that began it alone.");
        return Err(Trouble::new(what, Some("End it and open a new one.")));
    }
    let mut turns = Turns::of(Paths::discover().map_err(|error| failed(&error))?.attached(), left.clone());
    let before = tokio::task::spawn_blocking(move || turns.take_over().map(|unsure| (unsure, turns)));
    let (unsure, turns) = before.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    let taken = client.take_over_session(left, node, unsure, other_size(size_of(terminal))).await;
    let session = taken.map_err(|error| trouble(&error))?;
    terminal.feed(b"[the session goes on here; what it showed before is not kept]\r\n");
    told.send(ShellUpdate::Started(session.id().to_owned())).await;
    if let Some(preferences) = preferences {
        told.send(ShellUpdate::Follows { preferences: Box::new(preferences), began }).await;
    }
    Ok((session, Some(turns), None))
}

/// Writes down how far a session has counted, when it is time to.
fn write_down(session: &Session, turns: &mut Option<Turns>) {
    if let Some(write) = turns.as_mut().and_then(|turns| turns.counted(&session.counted())) {
        tokio::task::spawn_blocking(move || {
            if let Err(error) = write() {
                tracing::warn!(%error, "how far a session has counted is not written down");
            }
        });
    }
}

fn size_of(terminal: &Terminal) -> TerminalSize {
    let size = terminal.with_screen(Screen::size);
    TerminalSize { rows: size.rows().into(), cols: size.columns().into() }
}

/// A size that differs in a row. What programs have drawn is not kept by anybody: they draw it again for a size that changes,
/// and the right one is told after this.
fn other_size(size: TerminalSize) -> TerminalSize {
    TerminalSize { rows: if size.rows > 1 { size.rows - 1 } else { size.rows + 1 }, ..size }
}

/// Where the news of a session go.
#[derive(Clone)]
struct Told {
    tab: u64,
    updates: mpsc::Sender<Update>,
}

impl Told {
    async fn send(&self, update: ShellUpdate) {
        let _ = self.updates.send(Update::Shell { tab: self.tab, update }).await;
    }

    /// Tells that a recording is over, if it is. Whoever closed the tab wants to know as well.
    async fn recorded(&self, over: Option<Result<String, Trouble>>) {
        let Some(over) = over else { return };
        self.send(ShellUpdate::Recording(false)).await;
        let _ = self.updates.send(over.map_or_else(Update::Failed, Update::Told)).await;
    }

    async fn record(&self, tape: &mut Tape, recording: Option<Box<Recording>>, terminal: &Terminal) {
        let Some(recording) = recording else { return self.recorded(tape.end()).await };
        let still = terminal.with_screen(Screen::still);
        let begun = tape.begin(&recording, size_of(terminal), &still);
        self.send(ShellUpdate::Recording(tape.runs())).await;
        let _ = self.updates.send(begun.map_or_else(Update::Failed, Update::Told)).await;
    }
}

/// A paste under way.
struct Paste {
    bytes: Arc<[u8]>,
    sent: usize,
    /// What the node has taken of it.
    done: usize,
    /// Bytes that were pasted before it.
    before: u64,
}

impl Paste {
    fn new(bytes: Arc<[u8]>, before: u64) -> Self {
        Self { bytes, sent: 0, done: 0, before }
    }

    /// Sends the next piece, or waits until the node has taken some. Cancel safe.
    async fn step(&mut self, input: &mut SessionInput) {
        if self.sent < self.bytes.len() && self.sent - self.done < UNDER_WAY {
            let end = self.bytes.len().min(self.sent + PIECE);
            // A paste that is stopped ends with a whole line, where it has lines.
            let line = self.bytes[self.sent..end].iter().rposition(|byte| matches!(byte, b'\r' | b'\n'));
            let end = line.map_or(end, |line| self.sent + line + 1);
            self.sent += input.send_some(&self.bytes[self.sent..end]).await;
        } else {
            input.more_taken(self.before + self.done as u64).await;
        }
        let taken = usize::try_from(input.taken().saturating_sub(self.before)).unwrap_or(usize::MAX);
        self.done = taken.min(self.sent);
    }

    fn progress(&self) -> Progress {
        Progress { done: self.done, total: self.bytes.len() }
    }

    /// Bytes that were pasted up to now, this one with them.
    fn after(&self) -> u64 {
        self.before + self.sent as u64
    }
}

/// Carries bytes both ways until the session is over; why it is.
async fn carry(
    (mut session, mut turns): (Session, Option<Turns>),
    terminal: &Terminal,
    told: &Told,
    mut inbox: mpsc::Receiver<Order>,
    tape: &mut Tape,
) -> Trouble {
    let mut input = session.input_handle();
    let mut pasted = 0;
    let mut exit = None;
    // The last word about a line that is lost: of a session that ends meanwhile it is how.
    let mut lost = None;
    let mut ending = false;
    let mut paste: Option<Paste> = None;
    // What was typed behind a paste arrives behind it.
    let mut behind: VecDeque<Order> = VecDeque::new();
    loop {
        write_down(&session, &mut turns);
        if paste.is_none() {
            match behind.pop_front() {
                Some(Order::Input(bytes)) => {
                    session.input(bytes);
                    continue;
                }
                Some(Order::Paste(bytes)) => paste = Some(Paste::new(bytes, pasted)),
                Some(_) | None => {}
            }
        }
        let piece = async {
            match &mut paste {
                Some(paste) => paste.step(&mut input).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            order = inbox.recv(), if !ending && behind.len() < WAITING => match order {
                Some(order @ (Order::Input(_) | Order::Paste(_))) if paste.is_some() => behind.push_back(order),
                Some(Order::Input(bytes)) => session.input(bytes),
                Some(Order::Paste(bytes)) => paste = Some(Paste::new(bytes, pasted)),
                Some(Order::CancelPaste) => {
                    behind.clear();
                    if let Some(stopped) = paste.take() {
                        pasted = stopped.after();
                        input.drop_stream();
                        // The program must learn that the paste is over.
                        if stopped.bytes.ends_with(END_OF_PASTE) {
                            session.input(END_OF_PASTE.to_vec());
                        }
                        told.send(ShellUpdate::Pasting(None)).await;
                    }
                }
                Some(Order::Resize(size)) => {
                    session.resize(size);
                    told.recorded(tape.resize(size).err().map(Err)).await;
                }
                Some(Order::Record(recording)) => told.record(tape, recording, terminal).await,
                None => {
                    ending = true;
                    session.terminate().await;
                }
            },
            () = piece => {
                let progress = paste.as_ref().map(Paste::progress);
                let left = progress.filter(|progress| progress.done < progress.total);
                if left.is_none() {
                    pasted = paste.take().map_or(pasted, |paste| paste.after());
                }
                told.send(ShellUpdate::Pasting(left)).await;
            },
            event = session.next() => match event {
                Some(SessionEvent::Output(bytes) | SessionEvent::Stderr(bytes)) => {
                    let answers = terminal.feed(&bytes);
                    if !answers.is_empty() {
                        session.input(answers);
                    }
                    told.recorded(tape.output(&bytes).err().map(Err)).await;
                    tell_events(terminal, told).await;
                    if terminal.announce() {
                        told.send(ShellUpdate::Output).await;
                    }
                }
                Some(SessionEvent::Exit(code)) => exit = Some(code),
                // Of ports and handshakes a shell has nothing to show.
                Some(SessionEvent::Ready { .. } | SessionEvent::Refused) => {}
                Some(SessionEvent::Trouble(why)) => {
                    lost = Some(why.clone());
                    told.send(ShellUpdate::Trouble(why)).await;
                }
                Some(SessionEvent::Connected) => {
                    lost = None;
                    told.send(ShellUpdate::Connected).await;
                }
                Some(SessionEvent::Silent(silence)) => told.send(ShellUpdate::Silent(silence)).await,
                Some(SessionEvent::Answered) => told.send(ShellUpdate::Answered).await,
                Some(SessionEvent::Reconnecting { attempt }) => told.send(ShellUpdate::Reconnecting { attempt }).await,
                Some(SessionEvent::Closed { reason }) => {
                    if let Some(turns) = turns.take() {
                        tokio::task::spawn_blocking(move || turns.forget());
                    }
                    let what = reason.or(lost).filter(|reason| !reason.is_empty()).map_or_else(
                        || "The session has ended.".to_owned(),
                        |reason| format!("The session has ended: {reason}"),
                    );
                    let what = exit.map_or(what.clone(), |code| format!("{what} Exit code {code}."));
                    return Trouble::new(what, None);
                }
                None => return Trouble::new("The session has ended.", None),
            },
        }
    }
}

/// Tells what programs want the user to have past the screen. Titles are read from the screen when it is drawn.
async fn tell_events(terminal: &Terminal, told: &Told) {
    for event in terminal.with_screen_mut(Screen::take_events) {
        match event {
            Event::Bell(_) => told.send(ShellUpdate::Bell).await,
            Event::Copy { text, ask } => told.send(ShellUpdate::Copy { text: text.into(), ask }).await,
            Event::Title(_) | Event::Restarted => {}
        }
    }
}
