//! The one place that starts work. Nothing that changes something gets past it in a read-only console.

use std::{
    collections::HashMap,
    ffi::OsString,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::{AbortHandle, JoinHandle, JoinSet},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    Change, Confirmed, Effect, Epoch, Programs, Query, Source, clipboard,
    files::{replace, save, unwritten},
    forward, look,
    make::make,
    shell, sign_in, transfer,
};
use crate::{
    client::{Client, Error, Throttle, is_loopback},
    config::place::Place,
    console::{
        opener::Opener,
        origin::Origin,
        text,
        update::{Facts, Fault, Trouble, Update},
    },
};

/// How a client for a place is made, however long that takes.
pub type Connect = Box<dyn Fn(&Place) -> BoxFuture<'static, Result<Client, Error>> + Send>;

/// Questions about single nodes that are under way at the same time.
pub(super) const AT_ONCE: usize = 8;
/// How long changes under way are waited for when the console is left.
const LAST_CHANGES: Duration = Duration::from_secs(10);

/// Starts work and sends what comes of it.
pub struct Performer {
    connect: Connect,
    ends: HashMap<Origin, End>,
    signing_in: Option<AbortHandle>,
    together: sign_in::Together,
    updates: mpsc::Sender<Update>,
    asked: HashMap<(Epoch, Source), AbortHandle>,
    /// Changes under way. Each answers what to tell of it should nobody have heard of it any more.
    changes: JoinSet<Option<String>>,
    /// The last of the files of the console's own that are being written.
    keeping: Option<Shared<BoxFuture<'static, ()>>>,
    /// What runs on this machine.
    programs: HashMap<u64, super::programs::Running>,
    /// The words before those of a program that start it away from our terminal.
    apart: Vec<OsString>,
    shells: HashMap<u64, shell::Line>,
    forwards: HashMap<u64, forward::Way>,
    /// Forwards that were told to end and may still be at it.
    stopping: HashMap<u64, forward::Way>,
    looks: HashMap<u64, look::Watch>,
    /// Files that are copied.
    copies: HashMap<u64, transfer::Carrier>,
    /// Looks and copies that were told to end and may still be at it.
    ending: Vec<JoinHandle<()>>,
    limit: Arc<Semaphore>,
}

/// The way to an origin.
struct End {
    /// Empty until there is a client.
    client: Arc<OnceLock<Client>>,
    /// Whether changes there are refused.
    read_only: bool,
    /// Whether nodes there may be looked into all the same; what the user set.
    probe: Option<bool>,
    connecting: JoinHandle<()>,
    /// Ends the questions that were put over it when another way takes its place.
    questions: DropGuard,
}

impl End {
    /// Whether nodes may be looked into although changes are refused. The state asks the same before it shows that it
    /// looks; what is enforced is enforced here.
    fn may_probe(&self) -> bool {
        let nearby = |client: &Client| !client.is_aws() && is_loopback(client.endpoint());
        self.probe.unwrap_or_else(|| self.client.get().is_some_and(nearby))
    }
}

/// An error in words for the user.
pub fn trouble(error: &Error) -> Trouble {
    let fault = match error {
        _ if error.is_of_credentials() => Some(Fault::Credentials),
        Error::Timeout { .. } => Some(Fault::Silence),
        _ if error.is_of_way() => Some(Fault::Way),
        _ => None,
    };
    Trouble { fault, ..Trouble::new(error.to_string(), error.advice().as_deref()) }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        trouble(&error)
    }
}

impl Performer {
    /// A performer that has no client yet and makes them in this way.
    pub fn new(connect: Connect, updates: mpsc::Sender<Update>) -> Self {
        let limit = Arc::new(Semaphore::new(AT_ONCE));
        Self {
            connect,
            ends: HashMap::new(),
            signing_in: None,
            together: sign_in::Together::default(),
            updates,
            asked: HashMap::new(),
            changes: JoinSet::new(),
            keeping: None,
            programs: HashMap::new(),
            apart: Vec::new(),
            shells: HashMap::new(),
            forwards: HashMap::new(),
            stopping: HashMap::new(),
            looks: HashMap::new(),
            copies: HashMap::new(),
            ending: Vec::new(),
            limit,
        }
    }

    /// From now on nothing is changed in an origin.
    pub fn refuse_changes(&mut self, origin: Origin) {
        if let Some(end) = self.ends.get_mut(&origin) {
            end.read_only = true;
        }
    }

    /// From now on changes in an origin are made again.
    pub fn allow_changes(&mut self, origin: Origin) {
        if let Some(end) = self.ends.get_mut(&origin) {
            end.read_only = false;
        }
    }

    /// Programs are started by these words, followed by their own: a command that leaves our terminal for a session of its own
    /// and becomes the program.
    #[must_use]
    pub fn starting(mut self, apart: Vec<OsString>) -> Self {
        self.apart = apart;
        self
    }

    /// Starts the work of an effect. Those the loop must do itself come back.
    pub fn perform(&mut self, effect: Effect) -> Option<Effect> {
        let refused = |origin| match self.ends.get(&origin) {
            Some(end) => end.read_only && !(effect.probes() && end.may_probe()),
            None => true,
        };
        if let Some(origin) = effect.changed().filter(|origin| refused(*origin)) {
            let trouble = Trouble::new("Refused: this origin is read-only.", None);
            self.say(match effect {
                // Somebody waits for what becomes of it.
                Effect::Change(change) => Update::Changed(origin, Err(trouble), Some(change.number())),
                _ => Update::FailedIn(origin, trouble),
            });
            return None;
        }
        match &effect {
            Effect::Ask { query, epoch } => tracing::debug!(source = ?query.source(), ?epoch, "asked"),
            Effect::Change(change) => {
                tracing::info!(operation = change.change().operation(), "the user agreed to a change")
            }
            Effect::OpenShell { tab, node, .. } => tracing::info!(tab, node, "a shell is opened"),
            Effect::StartForward { id, node, .. } => tracing::info!(id, node, "a port is forwarded"),
            _ => {}
        }
        match effect {
            Effect::Connect { origin, place } => self.connect(origin, &place),
            Effect::Ask { query, epoch } => self.ask(query, epoch),
            Effect::Arrange(job) => {
                let updates = self.updates.clone();
                tokio::task::spawn_blocking(move || {
                    let answer = Update::Arranged(Box::new(job.run()));
                    drop(job);
                    let _ = updates.blocking_send(answer);
                });
            }
            Effect::Count(job) => {
                let updates = self.updates.clone();
                tokio::task::spawn_blocking(move || {
                    let answer = Update::Counted(Box::new(job.run()));
                    drop(job);
                    let _ = updates.blocking_send(answer);
                });
            }
            Effect::SignIn(session) => {
                let signing = tokio::spawn(sign_in::sso(*session, self.updates.clone()));
                if let Some(older) = self.signing_in.replace(signing.abort_handle()) {
                    older.abort();
                }
            }
            Effect::CancelSignIn => {
                if let Some(signing) = self.signing_in.take() {
                    signing.abort();
                }
            }
            Effect::EnterCode { origin, profile, name, code } => {
                if let Some(client) = self.client(origin) {
                    let (together, updates) = (self.together.clone(), self.updates.clone());
                    tokio::spawn(sign_in::code(origin, client, together, (name, *profile), code, updates));
                }
            }
            Effect::Leave(origin) => {
                for (_, task) in self.asked.extract_if(|(of, _), _| of.origin == origin) {
                    task.abort();
                }
            }
            Effect::Forget { source, side } => {
                for (_, task) in self.asked.extract_if(|(of, asked), _| *asked == source && of.side == side) {
                    task.abort();
                }
            }
            Effect::LeaveSide(side) => {
                for (_, task) in self.asked.extract_if(|(of, asked), _| asked.is_of_side() && of.side == side) {
                    task.abort();
                }
            }
            Effect::Change(change) => self.change(change),
            Effect::OpenShell { tab, origin, node, profile, left, terminal } => {
                if let Some(client) = self.client(origin) {
                    let line = shell::open(client, tab, (node, profile, left), terminal, self.updates.clone());
                    // A session whose tab has a new one is left to itself.
                    if let Some(old) = self.shells.insert(tab, line) {
                        old.leave();
                    }
                }
            }
            Effect::ShellInput { tab, bytes } => {
                let full = self.shells.get(&tab).is_some_and(|line| !line.input(bytes));
                if full {
                    self.say(Update::Failed(Trouble::new(
                        "The session does not keep up; the input was dropped.",
                        None,
                    )));
                }
            }
            Effect::ShellPaste { tab, bytes } => {
                if self.shells.get(&tab).is_some_and(|line| !line.paste(bytes)) {
                    self.say(Update::Failed(Trouble::new(
                        "The session does not keep up; the paste was dropped.",
                        None,
                    )));
                }
            }
            Effect::CancelPaste { tab } => {
                if let Some(line) = self.shells.get(&tab) {
                    line.cancel_paste();
                }
            }
            Effect::ShellResize { tab, rows, columns } => {
                if let Some(line) = self.shells.get(&tab) {
                    line.resize(rows, columns);
                }
            }
            Effect::CloseShell { tab } => {
                self.shells.remove(&tab);
            }
            Effect::RecordShell { tab, recording } => {
                if self.shells.get(&tab).is_some_and(|line| !line.record(recording)) {
                    self.say(Update::Failed(Trouble::new(
                        "The session does not keep up; its recording is as it was.",
                        None,
                    )));
                }
            }
            Effect::StartForward { id, origin, node, entry } => {
                if let Some(client) = self.client(origin) {
                    let before = self.stopping.remove(&id).or(self.forwards.remove(&id));
                    let way = forward::start(client, (id, node, entry), before, self.updates.clone());
                    self.forwards.insert(id, way);
                }
            }
            Effect::StopForward { id } => {
                if let Some(way) = self.forwards.remove(&id) {
                    self.stopping.retain(|_, way| !way.is_over());
                    self.stopping.insert(id, way.stopping());
                }
            }
            Effect::ProbeForward { id } => {
                if let Some(way) = self.forwards.get(&id) {
                    way.probe();
                }
            }
            Effect::Look { id, origin, node, probe } => {
                if let Some(client) = self.client(origin) {
                    self.looks.retain(|_, look| look.runs());
                    self.looks.insert(id, look::begin(client, id, node, probe, self.updates.clone()));
                }
            }
            Effect::Download(copying) => {
                if let Some(client) = self.client(copying.origin) {
                    let (id, updates) = (copying.id, self.updates.clone());
                    self.carry(
                        id,
                        transfer::Carrier::begin(|stop| transfer::download(client, *copying, updates, stop)),
                    );
                }
            }
            Effect::StopCopying(id) => {
                if let Some(copy) = self.copies.get(&id) {
                    copy.stop();
                }
            }
            Effect::EndLook(id) => {
                self.ending.retain(|task| !task.is_finished());
                self.ending.extend(self.looks.remove(&id).map(look::Watch::end));
            }
            Effect::Fold { command, number, folding } => {
                let updates = self.updates.clone();
                tokio::task::spawn_blocking(move || {
                    let _ = updates.blocking_send(Update::Folded { command, number, groups: folding.groups() });
                });
            }
            Effect::Run(programs) => self.run(programs),
            Effect::StopPrograms(id) => {
                // Whoever runs them ends them when nobody wants to hear of them any more.
                self.programs.remove(&id);
            }
            Effect::Save { path, text } => {
                let updates = self.updates.clone();
                tokio::task::spawn_blocking(move || {
                    let update = match save(&path, &text) {
                        Ok(()) => Update::Told(format!("Saved {}", path.display())),
                        Err(error) => unwritten(&path, &error),
                    };
                    let _ = updates.blocking_send(update);
                });
            }
            Effect::Export { export, path } => {
                let updates = self.updates.clone();
                tokio::task::spawn_blocking(move || {
                    let rows = text::count(export.len(), "row");
                    let update = match save(&path, &export.text()) {
                        Ok(()) => Update::Told(format!("Wrote {rows} to {}", path.display())),
                        Err(error) => unwritten(&path, &error),
                    };
                    let _ = updates.blocking_send(update);
                });
            }
            Effect::Keep { path, text } => {
                let (updates, before) = (self.updates.clone(), self.keeping.take());
                let keeping = tokio::spawn(async move {
                    // What is kept last must be what stays.
                    if let Some(before) = before {
                        before.await;
                    }
                    let _ = tokio::task::spawn_blocking(move || {
                        if let Err(error) = replace(&path, &text) {
                            let _ = updates.blocking_send(unwritten(&path, &error));
                        }
                    })
                    .await;
                });
                self.keeping = Some(keeping.map(drop).boxed().shared());
            }
            Effect::OpenLink { opener, address } => return self.open_link(&opener, &address),
            own @ (Effect::Quit
            | Effect::Suspend
            | Effect::Repaint
            | Effect::TakeMouse(_)
            | Effect::ReadLog
            | Effect::Reload
            | Effect::Report
            | Effect::Copy { .. }
            | Effect::Notify(_)) => {
                return Some(own);
            }
        }
        None
    }

    fn run(&mut self, programs: Programs) {
        let id = programs.id;
        self.programs.retain(|_, running| !running.is_over());
        let running = super::programs::start(programs, self.apart.clone(), self.updates.clone());
        self.programs.insert(id, running);
    }

    /// Says something at once. If nobody has room to listen, it is lost, and so would its reader be.
    fn say(&self, update: Update) {
        let _ = self.updates.try_send(update);
    }

    /// Gives the text of a copy to the program that has the clipboard. What goes wrong is told where nobody else took it.
    pub fn give_copy(&self, words: &'static [&'static str], copy: u64, text: String, taken: bool) {
        let (apart, updates) = (self.apart.clone(), self.updates.clone());
        tokio::spawn(async move {
            if let Err(what) = clipboard::give(words, &apart, text).await {
                tracing::warn!("{what}");
                if !taken {
                    let why = format!("Nothing was copied: {what}.");
                    let _ = updates.send(Update::NotCopied { copy, why }).await;
                }
            }
        });
    }

    /// Opens an address. Where that fails at once, it is to be copied instead.
    fn open_link(&self, opener: &Opener, address: &str) -> Option<Effect> {
        let name = text::clean(opener.name());
        let mut child = match opener.start(address) {
            Ok(child) => child,
            Err(error) => {
                let what = format!("{name} could not be started: {error}. The address is in the clipboard instead.");
                self.say(Update::Failed(Trouble::new(what, None)));
                return Some(Effect::Copy { copy: 0, text: address.to_owned() });
            }
        };
        let updates = self.updates.clone();
        tokio::spawn(async move {
            // A browser may stay as long as it likes.
            if let Ok(status) = child.wait().await
                && !status.success()
            {
                let what = format!("{name} did not open the link: {status}.");
                let advice = "Copy it and open it where your browser is.";
                let _ = updates.send(Update::Failed(Trouble::new(what, Some(advice)))).await;
            }
        });
        None
    }

    fn client(&self, origin: Origin) -> Option<Client> {
        self.ends.get(&origin)?.client.get().cloned()
    }

    fn connect(&mut self, origin: Origin, place: &Place) {
        let client = Arc::<OnceLock<Client>>::default();
        let (making, held, updates) = ((self.connect)(place), client.clone(), self.updates.clone());
        let together = self.together.clone();
        let connecting = tokio::spawn(async move {
            let update = match making.await {
                Ok(client) => {
                    let facts = Box::new(facts(&client));
                    together.join(origin, &client).await;
                    tokio::spawn(tell_throttles(origin, client.throttles(), updates.clone()));
                    tokio::spawn(tell_waits(origin, client.waits_for_credentials(), updates.clone()));
                    // Nobody else fills it.
                    let _ = held.set(client);
                    Update::Connected(origin, facts)
                }
                Err(error) => Update::Unreachable(origin, trouble(&error)),
            };
            let _ = updates.send(update).await;
        });
        let questions = CancellationToken::new().drop_guard();
        let end = End { client, read_only: place.read_only, probe: place.probe, connecting, questions };
        if let Some(older) = self.ends.insert(origin, end) {
            older.connecting.abort();
        }
    }

    fn ask(&mut self, query: Query, epoch: Epoch) {
        let Some(end) = self.ends.get(&epoch.origin) else { return };
        let (Some(client), over) = (end.client.get().cloned(), end.questions.token().clone()) else { return };
        let source = query.source();
        let asker =
            super::queries::Asker { client, epoch, source, updates: self.updates.clone(), limit: self.limit.clone() };
        let updates = self.updates.clone();
        let asking = async move {
            if over.run_until_cancelled_owned(asker.ask(query)).await.is_none()
                && let Some(source) = source
            {
                // It is asked again over the new way.
                let result = Err(Trouble::new("The connection is being made anew.", None));
                let _ = updates.send(Update::End { source, epoch, result }).await;
            }
        };
        let task = tokio::spawn(asking).abort_handle();
        // A newer question ends the older one; questions about tags stand beside each other.
        if let Some(source) = source.filter(|source| *source != Source::Tags)
            && let Some(older) = self.asked.insert((Epoch { number: 0, ..epoch }, source), task)
        {
            older.abort();
        }
    }

    fn change(&mut self, confirmed: Confirmed) {
        let Confirmed { origin, change, number } = confirmed;
        if let Change::Run(programs) = change {
            return self.run(programs);
        }
        let Some(client) = self.client(origin) else {
            let trouble = Trouble::new("Nothing was changed: there is no connection yet.", None);
            return self.say(Update::Changed(origin, Err(trouble), Some(number)));
        };
        let updates = self.updates.clone();
        let copy = if let Change::Upload(copying) = &change { Some(copying.id) } else { None };
        if let Some(id) = copy {
            let making = |stop: CancellationToken| async move {
                let result = make(&client, change, &updates, &stop).await;
                let _ = updates.send(Update::Changed(origin, result, Some(number))).await;
            };
            return self.carry(id, transfer::Carrier::begin(making));
        }
        while self.changes.try_join_next().is_some() {}
        // What was written down of a command must stand before the command goes out.
        let noted = self.keeping.clone().filter(|_| matches!(change, Change::Send(_)));
        self.changes.spawn(async move {
            if let Some(noted) = noted {
                noted.await;
            }
            let operation = change.operation();
            let result = make(&client, change, &updates, &CancellationToken::new()).await;
            let unheard = match &result {
                Ok(_) => format!("{operation}: done"),
                Err(trouble) => format!("{operation} failed: {}", trouble.what),
            };
            updates.send(Update::Changed(origin, result, Some(number))).await.err().map(|_| unheard)
        });
    }

    fn carry(&mut self, id: u64, copy: transfer::Carrier) {
        self.copies.retain(|_, copy| copy.runs());
        self.copies.insert(id, copy);
    }

    /// How many changes are under way.
    pub fn changes(&mut self) -> usize {
        while self.changes.try_join_next().is_some() {}
        self.changes.len()
    }

    /// Ends every session and waits a moment for the service to hear of it; or leaves the shells to the service, to be
    /// attached to again. Changes under way are waited for, so that none is cut off halfway, for as long as somebody who
    /// leaves would. The answer is what the user has to know.
    pub async fn finish(mut self, leave_shells: bool) -> Vec<String> {
        if leave_shells {
            self.shells.drain().for_each(|(_, line)| line.leave());
        }
        self.asked.drain().for_each(|(_, task)| task.abort());
        let programs: Vec<_> = self.programs.drain().map(|(_, running)| running.end()).collect();
        let programs = futures_util::future::join_all(programs);
        let ends: Vec<_> = self.shells.drain().map(|(_, line)| line.end()).collect();
        let ways = self.forwards.drain().chain(self.stopping.drain()).map(|(_, way)| way.end());
        let ways: Vec<_> = ways.collect();
        for (_, end) in self.ends.drain() {
            // What starts a fleet must be over before the fleet is ended.
            end.connecting.abort();
            let _ = end.connecting.await;
        }
        let (shells, forwards) = (futures_util::future::join_all(ends), futures_util::future::join_all(ways));
        let keeping = self.keeping.take().unwrap_or_else(|| futures_util::future::ready(()).boxed().shared());
        self.ending.extend(self.looks.drain().map(|(_, look)| look.end()));
        self.ending.extend(self.copies.drain().map(|(_, copy)| copy.end()));
        let looks = std::mem::take(&mut self.ending);
        let looks = futures_util::future::join_all(looks);
        let all = futures_util::future::join5(shells, forwards, looks, programs, keeping);
        let all = tokio::time::timeout(Duration::from_secs(2), all);
        tokio::join!(all, last(&mut self.changes)).1
    }
}

/// Waits for the last changes; what is to be told of them.
async fn last(changes: &mut JoinSet<Option<String>>) -> Vec<String> {
    let mut told = Vec::new();
    let all = async {
        while let Some(change) = changes.join_next().await {
            told.extend(change.ok().flatten());
        }
    };
    if tokio::time::timeout(LAST_CHANGES, all).await.is_err() {
        let what = text::count(changes.len(), "change");
        told.push(format!("{what} still under way after {} s, perhaps done in part", LAST_CHANGES.as_secs()));
    }
    told
}

/// Tells whenever a service begins to throttle and ceases to.
async fn tell_throttles(
    origin: Origin,
    mut throttles: watch::Receiver<Option<Throttle>>,
    updates: mpsc::Sender<Update>,
) {
    while throttles.changed().await.is_ok() {
        let throttle = *throttles.borrow_and_update();
        let throttle = throttle.map(|throttle| {
            let wait = throttle.until.saturating_duration_since(std::time::Instant::now());
            (throttle.operation.to_owned(), wait)
        });
        if updates.send(Update::Throttled(origin, throttle)).await.is_err() {
            return;
        }
    }
}

/// Tells whenever credentials begin to be waited for and cease to.
async fn tell_waits(
    origin: Origin,
    mut waits: watch::Receiver<Option<std::time::Instant>>,
    updates: mpsc::Sender<Update>,
) {
    while waits.changed().await.is_ok() {
        let waited = waits.borrow_and_update().map(|since| since.elapsed());
        if updates.send(Update::Credentials { origin, waited }).await.is_err() {
            return;
        }
    }
}

/// What a client tells of the place it calls.
fn facts(client: &Client) -> Facts {
    Facts {
        profile: client.profile().map(text::clean),
        region: text::clean(client.region()),
        endpoint: (!client.is_aws()).then(|| text::clean(client.endpoint())),
        account: None,
        caller: None,
    }
}

#[cfg(test)]
mod tests;
