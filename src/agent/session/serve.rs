//! One session from its beginning to its end: bytes from the program to the channel and back, with back-pressure both ways.

use std::{collections::VecDeque, thread, time::Duration};

use bytes::Bytes;
use serde_json::Value;
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    link::Link,
    paste::{Paste, is_key},
    plan::Plan,
    port,
    program::{Program, Turn},
    terms::{LogTerms, Terms},
    transcript::{SPARE, Transcript},
    words,
};
use crate::{
    agent::Node,
    wire::{
        alarm::reached,
        channel::{Event, LARGE_FRAME},
        envelope::{flag, payload},
        messages::TerminalSize,
    },
};

/// How long the last output may stand still on its way to the client before the session is closed without it. A client
/// that has lost its line comes back in this time.
const DRAIN: Duration = Duration::from_secs(60);

/// How long a program on a terminal waits for the size of the user's. AWS's client tells it only after the first output.
const SIZE_WAIT: Duration = Duration::from_millis(if cfg!(test) { 5_000 } else { 500 });

/// How long the acknowledgement of a key may wait for the key's echo, to go out with it.
const ECHO: Duration = Duration::from_millis(2);
/// Bytes of input that are acknowledged ahead of a program on a terminal. Little: a paste that is stopped goes on with what was
/// acknowledged, and its progress is what was.
const AHEAD: usize = 16 * 1024;
/// How long the echo of a paste is left to the terminal, which has room for all of it.
const CRUMBS: Duration = Duration::from_micros(200);
/// How long a terminal may keep the echo of a paste back before it is given more of it.
const MUTE: Duration = Duration::from_millis(200);

/// How a session came to its end.
pub(super) enum End {
    /// The program ended.
    Program,
    /// The service or the user ended it.
    Terminated,
    /// The user's end of a connection is closed; there may be another one.
    Disconnected,
}

/// Serves a session, noting its output in the transcript. The error is a sentence for the user.
pub async fn serve(
    node: &Node,
    session_id: &str,
    (plan, terms): (Plan, Terms),
    transcript: &mut Transcript,
    cancel: &CancellationToken,
) -> Result<(), String> {
    let link = tokio::select! {
        link = Link::open(node, session_id) => link?,
        () = cancel.cancelled() => return Ok(()),
    };
    let mut session = Session {
        node,
        session_id,
        link,
        program: None,
        size: None,
        transcript,
        typed: false,
        paste: Paste::default(),
        pending: VecDeque::new(),
    };
    let outcome = tokio::select! {
        outcome = session.run(&plan, &terms) => outcome,
        () = cancel.cancelled() => Ok(End::Terminated),
    };
    if let Some(program) = &session.program {
        // Of a program that has ended by itself, what it left running is left running.
        if !matches!(outcome, Ok(End::Program)) {
            program.kill();
        }
    }
    if matches!(outcome, Ok(End::Program)) {
        tokio::select! {
            () = session.farewell() => {}
            () = cancel.cancelled() => {}
        }
    }
    session.link.close().await;
    outcome.map(drop)
}

pub(super) struct Session<'a> {
    pub(super) node: &'a Node,
    pub(super) session_id: &'a str,
    pub(super) link: Link<'a>,
    pub(super) program: Option<Program>,
    /// The size of the user's terminal, if it came before there was a program to tell.
    pub(super) size: Option<TerminalSize>,
    transcript: &'a mut Transcript,
    /// A key was handed to the program just now.
    typed: bool,
    paste: Paste,
    /// Output that the channel has no room for.
    pending: VecDeque<(u32, Vec<u8>)>,
}

impl Session<'_> {
    async fn run(&mut self, plan: &Plan, terms: &Terms) -> Result<End, String> {
        let key = terms.key.as_deref();
        let account = terms.account.clone();
        // Without a key the first frame of a shell is its first output, as clients expect of it.
        if plan.is_on_terminal() && key.is_some() {
            self.handshake(plan.session_type(), Value::Null, key).await?;
        }
        let mut early = None;
        if plan.is_on_terminal() && self.size.is_none() {
            early = self.await_size().await?;
        }
        let mut first = Vec::new();
        let mut program = match plan {
            Plan::Shell { profile } => {
                let size = self.size;
                let program = start(move || Program::shell(account.as_ref(), size)).await?;
                if !profile.trim().is_empty() {
                    first = format!("{}\n", profile.trim_end()).into_bytes();
                }
                program
            }
            Plan::Interactive { command } => {
                let (command, size) = (command.clone(), self.size);
                start(move || Program::interactive(&command, account.as_ref(), size)).await?
            }
            Plan::NonInteractive { command, separate } => {
                let words = words::split(command)?;
                self.handshake(plan.session_type(), Value::Null, key).await?;
                let separate = separate.clone();
                start(move || Program::on_pipes(&words, separate.as_ref(), account.as_ref())).await?
            }
            Plan::Port(port) => return port::serve(self, port).await,
        };
        first.extend(early.unwrap_or_default());
        program.write(first.into());
        if program.is_on_terminal() {
            self.link.channel.acknowledge_ahead(AHEAD);
            self.warn_of_transcript(&terms.log);
        }
        self.program = Some(program);
        if let Some(end) = self.pump().await? {
            return Ok(end);
        }
        if let Plan::NonInteractive { separate: Some(_), .. } = plan
            && let Some(program) = &mut self.program
            && let Ok(code) = (&mut program.exit).await
        {
            self.link.channel.send_exit_code(code, self.node.clock.now());
        }
        Ok(End::Program)
    }

    /// Waits a moment for the size of the user's terminal, so that a program that looks at it once sees the right one.
    /// Input that comes instead is answered.
    async fn await_size(&mut self) -> Result<Option<Bytes>, String> {
        let end = Instant::now() + SIZE_WAIT;
        loop {
            while let Some(event) = self.link.channel.poll_event() {
                match event {
                    Event::Size(size) => {
                        self.size = Some(size);
                        return Ok(None);
                    }
                    Event::Data(bytes) => return Ok(Some(bytes)),
                    event if ends(&event) => return Err("the session was ended before it began".to_owned()),
                    _ => {}
                }
            }
            let outcome = match self.link.flush().await {
                Ok(()) => match timeout_at(end, self.link.wait()).await {
                    Ok(outcome) => outcome,
                    Err(_) => return Ok(None),
                },
                lost => lost,
            };
            if let Err(lost) = outcome {
                self.link.reconnect(&lost).await?;
            }
        }
    }

    /// Carries bytes until the program has ended (`None`) or somebody has ended the session.
    pub(super) async fn pump(&mut self) -> Result<Option<End>, String> {
        loop {
            if let Some(end) = self.take_events() {
                return Ok(Some(end));
            }
            let has_room = self.transcript.has_room();
            if std::mem::take(&mut self.typed) && self.pending.is_empty() && has_room {
                self.await_echo().await;
            }
            let gathers = self.gathers_until();
            if gathers.is_none() {
                self.push_output();
            }
            if let Err(lost) = self.link.flush().await {
                self.link.reconnect(&lost).await?;
                continue;
            }
            let wants_output = has_room && (self.pending.is_empty() || gathers.is_some());
            if wants_output && gathers.is_some() && self.program.as_ref().is_some_and(Program::awaits_echo) {
                // Read at once, an echo is a crumb, and the kernel wakes us for each. Timers of the runtime take ten times as long.
                thread::sleep(CRUMBS);
            }
            // However much comes, the program has its turn.
            if wants_output && self.glance() {
                continue;
            }
            let Some(program) = &mut self.program else { return Ok(None) };
            let mute = (wants_output && program.awaits_echo()).then(|| Instant::now() + MUTE);
            tokio::select! {
                biased;
                outcome = self.link.wait() => if let Err(lost) = outcome {
                    self.link.reconnect(&lost).await?;
                },
                turn = program.turn(wants_output) => match turn {
                    Turn::Output(kind, bytes) => {
                        self.take_output((kind, bytes));
                        self.take_more_output();
                    }
                    Turn::Room => {}
                    Turn::Over => return Ok(None),
                },
                () = self.transcript.room(), if !has_room => {}
                () = reached(gathers) => {}
                () = reached(mute) => {
                    if let Some(program) = &mut self.program {
                        program.forgo_echo();
                    }
                }
            }
        }
    }

    /// Gives the program a moment to answer a key. Nearly always the terminal has echoed it at once, and two messages
    /// cost less together.
    async fn await_echo(&mut self) {
        let Some(program) = &mut self.program else { return };
        let mut echo = program.echo();
        if echo.is_none()
            && let Ok(Turn::Output(kind, bytes)) = timeout(ECHO, program.turn(true)).await
        {
            echo = Some((kind, bytes));
        }
        if let Some(echo) = echo {
            self.take_output(echo);
            self.take_more_output();
        }
    }

    /// Until when the echo of a paste is gathered, unless there is enough of it.
    fn gathers_until(&self) -> Option<Instant> {
        let gathered: usize = self.pending.iter().map(|(_, bytes)| bytes.len()).sum();
        self.paste.gathers_until(Instant::now()).filter(|_| gathered < LARGE_FRAME)
    }

    /// Takes what the program has written already. The answer is whether there was anything.
    fn glance(&mut self) -> bool {
        let Some(output) = self.program.as_mut().and_then(Program::more_output) else { return false };
        self.take_output(output);
        self.take_more_output();
        true
    }

    /// Hands what the client sent to the program, as long as there is room for it. What has no room stays in the channel,
    /// whose own limit then leaves it with the client.
    fn take_events(&mut self) -> Option<End> {
        while self.program.as_ref().is_none_or(Program::has_room) {
            let event = self.link.channel.poll_event()?;
            if ends(&event) {
                return Some(End::Terminated);
            }
            match event {
                Event::Flag(flag::DISCONNECT_TO_PORT) => return Some(End::Disconnected),
                Event::Broken(error) => {
                    tracing::warn!("session {} ends: {error}", self.session_id);
                    return Some(End::Terminated);
                }
                Event::Data(bytes) => {
                    if let Some(program) = &mut self.program {
                        self.typed = program.is_on_terminal() && is_key(&bytes);
                        if program.is_on_terminal() {
                            self.paste.given(&bytes, Instant::now());
                        }
                        program.write(bytes);
                    }
                }
                Event::Size(size) => {
                    if let Some(program) = &self.program {
                        program.resize(size);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Says on the terminal that the disk does not take the transcript, if it does not, and what becomes of it.
    fn warn_of_transcript(&mut self, terms: &LogTerms) {
        let Some(refused) = self.transcript.refused() else { return };
        let place = match terms.bucket.as_str() {
            "" => format!("the log group {}", terms.group),
            bucket => format!("s3://{bucket}/{}", terms.object_key(self.session_id)),
        };
        let refused = refused.split(" (os error").next().unwrap_or_default();
        let megabytes = SPARE / (1024 * 1024);
        let warning = format!(
            "[This node cannot write the session's transcript: {refused}.\r\n It is kept in memory, up to {megabytes} MiB, and \
             goes at the end of the session to\r\n {place}]\r\n"
        );
        self.take_output((payload::OUTPUT, warning.into_bytes()));
    }

    /// What the program wrote is on its way to the transcript before anybody sees it.
    fn take_output(&mut self, (kind, bytes): (u32, Vec<u8>)) {
        self.transcript.write(&bytes);
        match self.pending.back_mut() {
            Some((last, before)) if *last == kind => before.extend_from_slice(&bytes),
            _ => self.pending.push_back((kind, bytes)),
        }
    }

    /// Joins what is there already to what was just taken: terminals hand out crumbs, and every frame has its cost.
    fn take_more_output(&mut self) {
        while let Some(program) = &mut self.program
            && self.pending.back().is_some_and(|(_, bytes)| bytes.len() < LARGE_FRAME)
            && let Some(more) = program.more_output()
        {
            self.take_output(more);
        }
    }

    /// Hands the program's output to the channel, as far as it has room.
    fn push_output(&mut self) {
        if !self.pending.is_empty() {
            self.paste.sent(Instant::now());
        }
        while let Some((kind, bytes)) = self.pending.front_mut() {
            let taken = self.link.channel.write(*kind, bytes, self.node.clock.now());
            if taken < bytes.len() {
                bytes.drain(..taken);
                return;
            }
            self.pending.pop_front();
        }
    }

    /// The next bytes of the client; `None` when the session is ended instead.
    pub(super) async fn first_input(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            while let Some(event) = self.link.channel.poll_event() {
                match event {
                    Event::Data(bytes) => return Ok(Some(bytes)),
                    event if ends(&event) => return Ok(None),
                    _ => {}
                }
            }
            self.exchange().await?;
        }
    }

    /// Sends what is due and waits for what comes.
    pub(super) async fn exchange(&mut self) -> Result<(), String> {
        let outcome = match self.link.flush().await {
            Ok(()) => self.link.wait().await,
            lost => lost,
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(lost) => self.link.reconnect(&lost).await,
        }
    }

    /// Sends what is left and waits until the client has it, over a new line if this one breaks.
    async fn farewell(&mut self) {
        let mut left = usize::MAX;
        let mut last = Instant::now();
        loop {
            self.push_output();
            self.link.channel.press(self.node.clock.now());
            if let Err(lost) = self.link.flush().await {
                if self.link.reconnect(&lost).await.is_err() {
                    return;
                }
                continue;
            }
            let now_left = self.pending.len() + self.link.channel.unacknowledged();
            if now_left == 0 {
                break;
            }
            if now_left < left {
                (left, last) = (now_left, Instant::now());
            }
            match tokio::time::timeout_at(last + DRAIN, self.link.wait()).await {
                Ok(Ok(())) => {
                    while let Some(event) = self.link.channel.poll_event() {
                        if ends(&event) {
                            return;
                        }
                    }
                }
                Ok(Err(lost)) => {
                    if self.link.reconnect(&lost).await.is_err() {
                        return;
                    }
                }
                Err(_) => break,
            }
        }
        self.link.channel.send_session_state("Terminating", self.session_id, self.node.clock.now());
        let _ = self.link.flush().await;
    }
}

/// Starts a program by a thread that may wait for the disk it is on. One whose session has ended meanwhile is not started, or
/// killed: what somebody has terminated must not run after all.
async fn start(program: impl FnOnce() -> Result<Program, String> + Send + 'static) -> Result<Program, String> {
    let starting = AbortOnDropHandle::new(spawn_blocking(|| program().map(|program| Fresh(Some(program)))));
    let mut fresh = starting.await.map_err(|error| format!("cannot start a program: {error}"))??;
    fresh.0.take().ok_or_else(|| "the program was taken already".to_owned())
}

/// A program that nobody has taken yet, and that ends if nobody does.
struct Fresh(Option<Program>);

impl Drop for Fresh {
    fn drop(&mut self) {
        if let Some(program) = &self.0 {
            program.kill();
        }
    }
}

/// Whether an event ends the session.
pub(super) fn ends(event: &Event) -> bool {
    matches!(event, Event::Closed(_) | Event::Flag(flag::TERMINATE_SESSION))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;

    use super::*;
    use crate::agent::process::start_time;

    #[tokio::test]
    async fn a_program_that_starts_after_its_session_was_ended_does_not_run() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("pid");
        let (begun, wait_begun) = mpsc::channel();
        let (dropped, wait_dropped) = mpsc::channel::<()>();
        let command = format!("echo $$ > '{0}.part'; mv '{0}.part' '{0}'; exec sleep 1000", file.display());
        let mut starting = Box::pin(start({
            let file = file.clone();
            move || {
                begun.send(()).unwrap();
                wait_dropped.recv().unwrap();
                let program = Program::on_pipes(&["sh".to_owned(), "-c".to_owned(), command], None, None)?;
                // It runs before anybody knows of it.
                while !file.exists() {
                    std::thread::yield_now();
                }
                Ok(program)
            }
        }));
        assert!(starting.as_mut().now_or_never().is_none());
        wait_begun.recv().unwrap();
        drop(starting);
        dropped.send(()).unwrap();
        let gone = async {
            loop {
                let pid = std::fs::read_to_string(&file).ok().and_then(|pid| pid.trim().parse().ok());
                if pid.is_some_and(|pid| start_time(pid).is_none()) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(20), gone).await.expect("the program is killed");
    }
}
