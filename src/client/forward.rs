//! A port of a node, or of a host behind it, on this machine: connections made here come out there, through a session.
//!
//! A forward lasts until it is stopped. Its session is resumed when the line breaks; when the session itself ends, a new
//! one is started. Connections of the old session end with it.

mod held;
mod many;
mod single;
mod spec;
mod taken;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

pub use self::{
    held::Held,
    spec::{ForwardSpec, Restart, SpecError},
};
use super::{
    Client, Error, OWN_WORK, Session, SessionEvent, TerminalSize,
    retry::{chance, delay},
};
use crate::{
    ssm::StartSession,
    wire::{
        streams::Counts,
        version::{LAST_SINGLE_AGENT, is_after},
    },
};

const DOCUMENT: &str = "AWS-StartPortForwardingSession";
const REMOTE_HOST_DOCUMENT: &str = "AWS-StartPortForwardingSessionToRemoteHost";
/// Agents up to this one end a session in which they hear nothing for a while.
const LAST_WITH_KEEP_ALIVE: [u64; 4] = [3, 1, 1511, 0];
/// How often what was moved is told at most.
const NEWS: Duration = Duration::from_millis(250);
/// How long the end of a session is waited for.
const FAREWELL: Duration = Duration::from_secs(5);
/// A session that ends within this time and has brought nothing was in vain.
const SOON: Duration = Duration::from_secs(10);
/// So many sessions in vain one after the other end a forward that has worked.
const TRIES_IN_VAIN: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Characters that a session's reason may have.
const REASON: usize = 256;
/// Port sessions have no terminal, but every client tells a size.
const NO_TERMINAL: TerminalSize = TerminalSize { cols: 80, rows: 24 };

/// Where a forward stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ForwardPhase {
    /// The session is being opened.
    #[default]
    Connecting,
    /// Connections are taken.
    Open,
    /// The line or the session is lost; this is the try that begins now, from 1.
    Reconnecting {
        /// The number of the try.
        attempt: u32,
    },
    /// The session is lost, and a new one is not begun at once.
    Pausing {
        /// The number of the try that comes then, from 1.
        attempt: u32,
        /// How long it is until then.
        wait: Duration,
    },
    /// It is over: it was stopped, or its first session never came about.
    Closed {
        /// Why, if it was not stopped.
        reason: Option<String>,
    },
}

/// What is known of the port on the other side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Far {
    /// Nobody has tried it.
    #[default]
    Unknown,
    /// It is being tried.
    Asked,
    /// It answers.
    Reached,
    /// The node could not connect to it.
    Refused,
    /// There was neither a connection nor a refusal for so long that somebody should know.
    Silent,
}

/// What can be said of a forward.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardStatus {
    /// Where it stands.
    pub phase: ForwardPhase,
    /// What is known of the port on the other side.
    pub far: Far,
    /// Whether the node owes an answer for so long that somebody should know.
    pub silent: bool,
    /// The connection that holds up the others, when it does so for a while.
    pub held: Option<Held>,
    /// The agent's version, where it is so old that it carries one connection at a time.
    pub single: Option<String>,
    /// Connections now.
    pub connections: usize,
    /// Connections so far.
    pub accepted: u64,
    /// Bytes from this machine.
    pub sent: u64,
    /// Bytes to this machine.
    pub received: u64,
    /// The last thing that went wrong, in one sentence.
    pub note: Option<String>,
}

/// A running forward. Dropping it stops it without waiting for the end of its session.
#[derive(Debug)]
pub struct Forward {
    local: SocketAddr,
    status: watch::Receiver<ForwardStatus>,
    again: Arc<Notify>,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Forward {
    /// Listens on the local end and opens the session. Where the spec says to go on whatever happens, a session that cannot be
    /// opened is no error, and tried again.
    ///
    /// # Errors
    /// [`Error::Listen`] when the local end cannot be listened on, else what `StartSession` says: `TargetNotConnected`,
    /// `AccessDeniedException` and so on. Later failures are told by [`Forward::watch`], and tried again.
    pub async fn start(client: Client, spec: ForwardSpec) -> Result<Self, Error> {
        let listener = taken::listen(spec.local).await?;
        let local = listener.local_addr().map_err(|error| Error::Listen { detail: error.to_string() })?;
        let (session, note) = match open(&client, &spec).await {
            Ok(session) => (Some(session), None),
            Err(error) if spec.restart == Restart::Always => (None, Some(error.to_string())),
            Err(error) => return Err(error),
        };
        let (told, status) = watch::channel(ForwardStatus { note, ..ForwardStatus::default() });
        let (stop, again) = (CancellationToken::new(), Arc::<Notify>::default());
        let total = Arc::default();
        let runner = Runner { client, spec, listener, told, again: again.clone(), stop: stop.clone(), total };
        Ok(Self { local, status, again, stop, task: Some(tokio::spawn(runner.run(session))) })
    }

    /// Tries once more whether the port on the other side answers.
    pub fn probe(&self) {
        self.again.notify_one();
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// How it is, now and from now on.
    pub fn watch(&self) -> watch::Receiver<ForwardStatus> {
        self.status.clone()
    }

    /// Stops it and ends its session on the node.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn open(client: &Client, spec: &ForwardSpec) -> Result<Session, Error> {
    let mut request = StartSession { target: spec.node.clone(), ..StartSession::default() };
    let mut parameter = |name: &str, value: String| request.parameters.insert(name.to_owned(), vec![value]);
    parameter("portNumber", spec.remote.to_string());
    parameter("localPortNumber", spec.local.port().to_string());
    if let Some(host) = &spec.host {
        parameter("host", host.clone());
    }
    let what = spec.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    request.reason =
        Some(format!("{OWN_WORK}forward {spec}{what}").chars().filter(|c| !c.is_control()).take(REASON).collect());
    request.document_name = Some(if spec.host.is_some() { REMOTE_HOST_DOCUMENT } else { DOCUMENT }.to_owned());
    client.start_session(request, NO_TERMINAL).await
}

/// How one session of a forward ended.
enum End {
    Stopped,
    Lost(String),
}

struct Runner {
    client: Client,
    spec: ForwardSpec,
    listener: TcpListener,
    told: watch::Sender<ForwardStatus>,
    /// Somebody wants to know once more whether the port answers.
    again: Arc<Notify>,
    stop: CancellationToken,
    /// Over all sessions.
    total: Arc<Counts>,
}

impl Runner {
    async fn run(self, session: Option<Session>) {
        let (mut attempt, mut closed) = (0, None);
        let mut vain = 0;
        let mut next = match session {
            Some(session) => Some(session),
            None => self.reopen(&mut attempt).await,
        };
        while let Some(mut session) = next.take() {
            let began = Instant::now();
            let before = self.total.received.load(Ordering::Relaxed);
            let end = self.serve(&mut session).await;
            let received = self.total.received.load(Ordering::Relaxed);
            vain = if received == before && began.elapsed() < SOON { vain + 1 } else { 0 };
            // What never worked is not tried for ever: a forbidden address, a host without a name. AWS's agent finds
            // out when the session stands already.
            let in_vain = self.told.borrow().phase == ForwardPhase::Connecting
                || (vain > 0 && received == 0)
                || vain >= TRIES_IN_VAIN;
            let gives_up = match self.spec.restart {
                Restart::Always => false,
                Restart::OnFailure => in_vain,
                Restart::Never => true,
            };
            match end {
                End::Stopped => {
                    farewell(session).await;
                    break;
                }
                End::Lost(reason) if gives_up => {
                    closed = Some(reason);
                    break;
                }
                End::Lost(reason) => self.tell(|status| {
                    (status.note, status.connections, status.far) = (Some(reason), 0, Far::Unknown);
                    (status.silent, status.held) = (false, None);
                }),
            }
            if began.elapsed() > LONGEST_WAIT {
                attempt = 0;
            }
            next = self.reopen(&mut attempt).await;
        }
        self.tell(|status| (status.phase, status.connections) = (ForwardPhase::Closed { reason: closed }, 0));
    }

    /// Starts sessions until one stands; `None` when the forward is stopped meanwhile.
    async fn reopen(&self, attempt: &mut u32) -> Option<Session> {
        loop {
            *attempt += 1;
            let wait = delay(FIRST_WAIT, *attempt, chance()).min(LONGEST_WAIT);
            self.tell(|status| status.phase = ForwardPhase::Pausing { attempt: *attempt, wait });
            let opened = async {
                sleep(wait).await;
                self.tell(|status| status.phase = ForwardPhase::Reconnecting { attempt: *attempt });
                open(&self.client, &self.spec).await
            };
            let opened = tokio::select! {
                opened = opened => opened,
                () = self.stop.cancelled() => return None,
            };
            match opened {
                Ok(session) => return Some(session),
                Err(error) => self.tell(|status| status.note = Some(error.to_string())),
            }
        }
    }

    async fn serve(&self, session: &mut Session) -> End {
        let (agent, terms) = loop {
            tokio::select! {
                event = session.next() => match event {
                    Some(SessionEvent::Ready { agent_version, terms, .. }) => break (agent_version, terms),
                    Some(SessionEvent::Closed { reason }) => return End::Lost(in_words(reason)),
                    Some(event @ (SessionEvent::Silent(_) | SessionEvent::Answered)) => self.note(&event),
                    // A line is no session yet.
                    Some(_) => {}
                    None => return End::Lost(in_words(None)),
                },
                () = self.stop.cancelled() => return End::Stopped,
            }
        };
        let many = is_after(&agent, LAST_SINGLE_AGENT);
        self.tell(|status| {
            (status.phase, status.note, status.silent) = (ForwardPhase::Open, None, false);
            status.far = if many && self.spec.probe { Far::Asked } else { Far::Unknown };
            status.single = (!many).then(|| agent.chars().filter(|c| !c.is_control()).collect());
        });
        match many {
            true => self.carry_many(session, !is_after(&agent, LAST_WITH_KEEP_ALIVE), terms).await,
            false => self.carry_one_at_a_time(session).await,
        }
    }

    /// Hands a new connection on. One that cannot be taken is told; the forward goes on.
    async fn accept(&self, accepted: std::io::Result<(TcpStream, SocketAddr)>, take: impl FnOnce(TcpStream) -> bool) {
        match accepted {
            Ok((connection, _)) => {
                let _ = connection.set_nodelay(true);
                if !take(connection) {
                    self.tell(|status| status.note = Some("too many connections at a time".to_owned()));
                }
            }
            Err(error) => {
                self.tell(|status| status.note = Some(format!("a connection could not be taken: {error}")));
                // Mostly too many open files, which does not pass at once.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }

    fn note(&self, event: &SessionEvent) {
        match event {
            SessionEvent::Connected => self.tell(|status| {
                if let ForwardPhase::Reconnecting { .. } = status.phase {
                    status.phase = ForwardPhase::Open;
                }
            }),
            SessionEvent::Reconnecting { attempt } => {
                self.tell(|status| status.phase = ForwardPhase::Reconnecting { attempt: *attempt });
            }
            SessionEvent::Silent(_) => self.tell(|status| status.silent = true),
            SessionEvent::Answered => self.tell(|status| status.silent = false),
            SessionEvent::Refused => {
                let what = match &self.spec.host {
                    Some(host) => format!("the node could not connect to port {} of {host}", self.spec.remote),
                    None => format!("nothing listens on port {} of the node", self.spec.remote),
                };
                self.tell(|status| (status.far, status.note) = (Far::Refused, Some(what)));
            }
            _ => {}
        }
    }

    fn tell(&self, change: impl FnOnce(&mut ForwardStatus)) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        self.told.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            if count(&self.total.received) > status.received
                && matches!(status.far, Far::Unknown | Far::Refused | Far::Silent)
            {
                // Whatever was known of it: it answers.
                (status.far, status.note) = (Far::Reached, None);
            }
            status.accepted = count(&self.total.accepted);
            status.sent = count(&self.total.sent);
            status.received = count(&self.total.received);
            *status != before
        });
    }
}

/// Ends a session on the node and waits for its end, for a while.
async fn farewell(mut session: Session) {
    session.terminate().await;
    let end = async { while session.next().await.is_some() {} };
    let _ = tokio::time::timeout(FAREWELL, end).await;
}

fn in_words(reason: Option<String>) -> String {
    reason.filter(|reason| !reason.is_empty()).unwrap_or_else(|| "the session has ended".to_owned())
}
