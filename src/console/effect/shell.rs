//! A session's task: keys to the node, bytes to the screen, answers of the screen back to the node.

use std::sync::Arc;

use tokio::{sync::mpsc, task::JoinHandle};

use super::perform::trouble;
use crate::{
    client::{Client, SessionEvent, TerminalSize},
    console::{
        term::{Screen, Terminal},
        update::{ShellUpdate, Trouble, Update},
    },
    ssm::StartSession,
};

/// Inputs that wait for a session; more are refused.
const WAITING: usize = 1_024;

enum Order {
    Input(Vec<u8>),
    Resize(TerminalSize),
}

/// The way to a session. Dropping it ends the session.
pub(super) struct Line {
    orders: mpsc::Sender<Order>,
    task: JoinHandle<()>,
}

impl Line {
    /// Sends keys. `false` if the session does not keep up.
    pub fn input(&self, bytes: Vec<u8>) -> bool {
        !matches!(self.orders.try_send(Order::Input(bytes)), Err(mpsc::error::TrySendError::Full(_)))
    }

    /// Tells the size of the screen.
    pub fn resize(&self, rows: u16, columns: u16) {
        let _ = self.orders.try_send(Order::Resize(TerminalSize { rows: rows.into(), cols: columns.into() }));
    }

    /// Ends the session; done when the service knows.
    pub async fn end(self) {
        drop(self.orders);
        let _ = self.task.await;
    }
}

/// Opens a session on a node and shows it on a terminal.
pub(super) fn open(
    client: Client,
    tab: u64,
    node: String,
    terminal: Arc<Terminal>,
    updates: mpsc::Sender<Update>,
) -> Line {
    let (orders, inbox) = mpsc::channel(WAITING);
    let task = tokio::spawn(async move {
        let closed = run(&client, tab, node, &terminal, &updates, inbox).await;
        let _ = updates.send(Update::Shell { tab, update: ShellUpdate::Closed(closed) }).await;
    });
    Line { orders, task }
}

async fn run(
    client: &Client,
    tab: u64,
    node: String,
    terminal: &Terminal,
    updates: &mpsc::Sender<Update>,
    mut inbox: mpsc::Receiver<Order>,
) -> Trouble {
    let size = terminal.with_screen(Screen::size);
    let size = TerminalSize { rows: size.rows().into(), cols: size.columns().into() };
    let request = StartSession { target: node, ..Default::default() };
    let mut session = match client.start_session(request, size).await {
        Ok(session) => session,
        Err(error) => return trouble(&error),
    };
    let tell = |update| updates.send(Update::Shell { tab, update });
    let mut exit = None;
    let mut ending = false;
    loop {
        tokio::select! {
            order = inbox.recv(), if !ending => match order {
                Some(Order::Input(bytes)) => session.input(bytes),
                Some(Order::Resize(size)) => session.resize(size),
                None => {
                    ending = true;
                    session.terminate().await;
                }
            },
            event = session.next() => match event {
                Some(SessionEvent::Output(bytes) | SessionEvent::Stderr(bytes)) => {
                    let answers = terminal.feed(&bytes);
                    if !answers.is_empty() {
                        session.input(answers);
                    }
                    if terminal.announce() {
                        let _ = tell(ShellUpdate::Output).await;
                    }
                }
                Some(SessionEvent::Exit(code)) => exit = Some(code),
                Some(SessionEvent::Connected) => {
                    let _ = tell(ShellUpdate::Connected).await;
                }
                Some(SessionEvent::Reconnecting { attempt }) => {
                    let _ = tell(ShellUpdate::Reconnecting { attempt }).await;
                }
                Some(SessionEvent::Closed { reason }) => {
                    let what = reason.filter(|reason| !reason.is_empty()).map_or_else(
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
