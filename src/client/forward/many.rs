//! Forwarding with agents that multiplex: any number of connections through one session, and the question whether there is
//! somebody on the other side.

use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::time::Instant;

use super::{End, Far, NEWS, Runner, held::Watch, in_words};
use crate::{
    client::{Session, SessionEvent},
    ssm::clock::Clock,
    wire::{
        alarm::reached,
        smux::{Side, StreamTerms},
        streams::{Streams, Turn},
    },
};

/// After so long without an answer of the other side somebody should know. Our agent gives up to connect after ten seconds, AWS's
/// when its system does.
const PATIENCE: Duration = Duration::from_secs(12);

impl Runner {
    pub(super) async fn carry_many(&self, session: &mut Session, keep_alive: bool, terms: StreamTerms) -> End {
        let clock = Clock::system();
        let mut streams = Streams::new(Side::Client, self.total.clone(), terms);
        if keep_alive {
            streams.keep_alive(clock.now());
        }
        let input = session.input_handle();
        let mut output = Bytes::new();
        let mut news: Option<Instant> = None;
        let mut silent = self.spec.probe.then(|| self.knock(&mut streams));
        let mut watch = Watch::default();
        loop {
            if output.is_empty() {
                output = streams.poll_output().unwrap_or_default();
            }
            let now = clock.now();
            let held = watch.look(streams.held_up_by(), now);
            if self.told.borrow().held != held {
                self.tell(|status| status.held = held);
            }
            let due = [streams.deadline(), watch.deadline(now)].into_iter().flatten().min();
            let due = due.map(|due| Instant::now() + due.since(now));
            let moved = tokio::select! {
                event = session.next(), if streams.wants_input() => match event {
                    Some(SessionEvent::Output(bytes)) => match streams.receive(bytes) {
                        Ok(_) => {
                            if streams.take_answer() {
                                silent = None;
                                self.reached();
                            }
                            true
                        }
                        Err(error) => return End::Lost(error.to_string()),
                    },
                    Some(SessionEvent::Closed { reason }) => return End::Lost(in_words(reason)),
                    Some(event) => {
                        self.note(&event);
                        false
                    }
                    None => return End::Lost(in_words(None)),
                },
                sent = input.send_some(&output), if !output.is_empty() => {
                    output.advance(sent);
                    true
                }
                // A client only opens streams, so none is refused at this end.
                Turn::Moved | Turn::Refused { .. } = streams.next() => true,
                accepted = self.listener.accept() => {
                    self.accept(accepted, |connection| streams.open(connection)).await;
                    true
                }
                () = self.again.notified() => {
                    silent = Some(self.knock(&mut streams));
                    true
                }
                () = reached(silent) => {
                    silent = None;
                    self.silent();
                    false
                }
                () = reached(due) => {
                    streams.tick(clock.now());
                    false
                }
                () = reached(news) => {
                    news = None;
                    self.tell(|status| status.connections = streams.connections());
                    false
                }
                () = self.stop.cancelled() => return End::Stopped,
            };
            if moved && news.is_none() {
                news = Some(Instant::now() + NEWS);
            }
        }
    }

    /// Makes a connection and closes it, to know whether there is somebody. The answer is when that is told not to be so.
    fn knock(&self, streams: &mut Streams) -> Instant {
        streams.knock();
        self.tell(|status| status.far = Far::Asked);
        Instant::now() + PATIENCE
    }

    /// The connection was made, unless it was said before that it could not be.
    fn reached(&self) {
        self.tell(|status| {
            if matches!(status.far, Far::Asked | Far::Silent) {
                (status.far, status.note) = (Far::Reached, None);
            }
        });
    }

    fn silent(&self) {
        let what = match &self.spec.host {
            Some(host) => format!("no answer on port {} of {host}", self.spec.remote),
            None => format!("no answer on port {} of the node", self.spec.remote),
        };
        self.tell(|status| {
            if status.far == Far::Asked {
                (status.far, status.note) = (Far::Silent, Some(what));
            }
        });
    }
}
