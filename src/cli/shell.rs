//! `fleetdeck shell`: a shell on a node in this terminal, or one command with its exit code.

mod escape;
mod keys;
pub mod modes;
mod outbox;
pub mod outlet;
mod record;
pub mod screen;
mod unsent;

use std::{
    io::{self, IsTerminal},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use super::{Global, choice, nodes, stop::stopped, talk};
use crate::{
    client::{Client, Session, SessionEvent, word::quoted},
    console::text,
    ssm::StartSession,
    wire::alarm::reached,
};
use anyhow::Context;
use clap::Args;
use escape::{Escape, Typed};
use keys::Keys;
use outbox::Outbox;
use record::Record;
use screen::{Screen, terminal_size};
use tokio::time::Instant;
use unsent::Unsent;

/// Runs a command on a node, keeps its outputs apart and tells its exit code.
const COMMAND_DOCUMENT: &str = "AWS-StartNonInteractiveCommand";
/// The exit code after a signal.
const STOPPED: u8 = 130;
/// The exit code of a program that wrote to a pipe which nobody reads any more, as shells tell it.
const UNREAD: u8 = 141;
/// How long the words at the end of a session that was to end may take.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Runs a command on a terminal of its own.
const TERMINAL_DOCUMENT: &str = "AWS-StartInteractiveCommand";
/// A connection that is back so soon is not told of in the middle of what a program shows.
const UNNOTICED: Duration = Duration::from_secs(1);

/// Open a shell on a node, or run one command there.
///
/// In a shell, `~.` at the beginning of a line ends the session and `~?` lists what else there is. A command's exit code
/// becomes that of this program; it has no standard input unless `-t` gives it a terminal.
#[derive(Debug, Args)]
pub struct Shell {
    /// Id or name of the node.
    node: String,
    /// Session document instead of the default one.
    #[arg(long, value_name = "NAME")]
    document: Option<String>,
    /// Why; kept in the session's record.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Record what the node writes into FILE (asciicast v2), and as plain text beside it. What is typed is not recorded.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Give the command a terminal; it then has no exit code of its own.
    #[arg(short, long, requires = "command")]
    tty: bool,
    /// The command, after `--`.
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

impl Shell {
    /// Runs until the session ends.
    pub fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.may_change("open sessions")?;
        // One thread: between a key and its echo nobody else has to be woken.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let outcome = runtime.block_on(async {
            let client = choice::connect(global).await?;
            self.session(client).await
        });
        runtime.shutdown_timeout(Duration::from_millis(200));
        outcome
    }

    async fn session(self, client: Client) -> anyhow::Result<ExitCode> {
        let target = nodes::target(&client, &self.node).await?;
        let interactive = self.command.is_empty() || self.tty;
        let record = Record::begin(self.record.as_deref(), &self.node, !interactive)?;
        let session = client.start_session(self.request(target), terminal_size()).await?;
        // As a task, so that it has its turn before the tasks that are woken after it.
        let task = if interactive {
            tokio::spawn(talk(session, record, self.command.is_empty()))
        } else {
            tokio::spawn(execute(session, record))
        };
        task.await?
    }

    fn request(&self, target: String) -> StartSession {
        let mut request = StartSession {
            target,
            document_name: self.document.clone(),
            reason: self.reason.clone(),
            ..StartSession::default()
        };
        if self.command.is_empty() {
            return request;
        }
        // As ssh does: the words become one line for the shell on the node.
        let line = self.command.join(" ");
        let mut parameter = |name: &str, value: String| request.parameters.insert(name.to_owned(), vec![value]);
        match (&self.document, self.tty) {
            (Some(_), _) => _ = parameter("command", line),
            (None, true) => {
                parameter("command", line);
                request.document_name = Some(TERMINAL_DOCUMENT.to_owned());
            }
            (None, false) => {
                // No shell reads this document's command, so it names one.
                parameter("command", format!("sh -c {}", quoted(&line)));
                parameter("separateOutputStream", "true".to_owned());
                request.document_name = Some(COMMAND_DOCUMENT.to_owned());
            }
        }
        request
    }
}

/// What happens in a shell.
enum Next {
    Event(Option<SessionEvent>),
    /// Everything is shown, or nothing more can be.
    Shown(io::Result<()>),
    Keys(Option<Vec<u8>>),
    /// Some of what was piped in or pasted has left.
    Sent,
    /// It is time to say once more that nothing more is typed.
    Ended,
    /// It is time to say that the connection is lost.
    Loss,
    Resized,
    Stop,
}

/// A shell: keystrokes one way, the screen the other, whatever the connection does. `shell`: no command was named.
async fn talk(mut session: Session, mut record: Record, shell: bool) -> anyhow::Result<ExitCode> {
    let mut stop = std::pin::pin!(stopped()?);
    let mut screen = Screen::raw().context("cannot take over the terminal")?;
    let mut keys = Keys::listen();
    let mut outbox = Outbox::new(&session, io::stdin().is_terminal());
    let mut escape = Escape::default();
    let mut resized = screen::resizes()?;
    let (mut typing, mut stopping, mut leaving) = (true, false, false);
    let (mut code, mut told, mut lost) = (ExitCode::SUCCESS, false, None);
    // Whether the cursor stands behind something, mostly a prompt.
    let mut midway = false;
    // When a lost connection is told of, and whether it was.
    let (mut tell_loss, mut told_loss) = (None, false);
    // What was looked at last is looked at last the next time: neither keys nor output keep the other waiting, and nothing
    // stands in the way of what somebody waits for.
    let mut shown = false;
    let reason = loop {
        let (loss, ended) = (reached(tell_loss), reached(outbox.again_at()));
        let here = async {
            tokio::select! {
                biased;
                () = outbox.step(), if outbox.waits() => Next::Sent,
                bytes = keys.next(), if typing && outbox.has_room() => Next::Keys(bytes),
                () = resized.next() => Next::Resized,
                () = &mut stop, if !stopping => Next::Stop,
                () = loss => Next::Loss,
                () = ended => Next::Ended,
            }
        };
        // Nothing is asked of the node as long as nobody reads what came.
        let there = async {
            match screen.waits() {
                true => Next::Shown(screen.drain().await),
                false => Next::Event(session.next().await),
            }
        };
        let next = match shown {
            false => tokio::select! { biased; next = there => next, next = here => next },
            true => tokio::select! { biased; next = here => next, next = there => next },
        };
        shown = matches!(next, Next::Event(_) | Next::Shown(_));
        match next {
            Next::Event(event) => match event {
                Some(SessionEvent::Output(bytes) | SessionEvent::Stderr(bytes)) => {
                    record.output(&bytes);
                    lost = lost.or(screen.write(&bytes).err());
                    midway = bytes.last().map_or(midway, |last| *last != b'\n');
                }
                Some(SessionEvent::Exit(exit)) => (code, told) = (exit_code(exit), true),
                Some(SessionEvent::Reconnecting { attempt: 1 }) => tell_loss = Some(Instant::now() + UNNOTICED),
                Some(SessionEvent::Connected) => {
                    tell_loss = None;
                    if std::mem::take(&mut told_loss) {
                        screen.say("connected again");
                    }
                }
                Some(SessionEvent::Trouble(what)) => screen.say(&text::clean(&what)),
                Some(SessionEvent::Silent(_)) => {
                    screen.say("the node does not answer; what you type waits, ~. ends the session")
                }
                Some(SessionEvent::Answered) => screen.say("the node answers again"),
                Some(SessionEvent::Closed { reason }) => break reason,
                Some(_) => {}
                None => break None,
            },
            Next::Shown(outcome) => lost = lost.or(outcome.err()),
            Next::Keys(bytes) => match bytes {
                Some(bytes) => match escape.take(&bytes) {
                    Typed::Send(bytes) => outbox.put(&session, bytes),
                    Typed::Help(bytes) => {
                        screen.say("~. ends the session   ~~ sends a tilde   ~? this help");
                        outbox.put(&session, bytes);
                    }
                    Typed::End => {
                        screen.say("ending the session");
                        screen.hurry();
                        leaving = true;
                        session.terminate().await;
                    }
                },
                None => {
                    outbox.end(&session, shell);
                    typing = false;
                }
            },
            Next::Sent => {}
            Next::Ended => outbox.say_again(&session),
            Next::Loss => {
                (tell_loss, told_loss) = (None, true);
                screen.say("connection lost, trying again; ~. ends the session");
            }
            Next::Resized => {
                session.resize(terminal_size());
                record.resize(terminal_size());
            }
            Next::Stop => {
                stopping = true;
                code = ExitCode::from(STOPPED);
                screen.hurry();
                session.terminate().await;
            }
        }
        if lost.is_some() && !stopping {
            stopping = true;
            screen.hurry();
            session.terminate().await;
        }
    };
    if stopping {
        end_soon();
    }
    drop(screen);
    record.end();
    if let Some(error) = lost {
        return untaken(error);
    }
    if reason.is_some() && !told {
        if midway {
            talk::say("");
        }
        if !stopping && !leaving {
            code = ExitCode::FAILURE;
        }
    }
    part(reason, told);
    Ok(code)
}

/// One command: its outputs where they belong, its exit code as ours.
async fn execute(mut session: Session, mut record: Record) -> anyhow::Result<ExitCode> {
    let mut stop = std::pin::pin!(stopped()?);
    let (mut out, mut err) = (screen::Sink::stdout(), screen::Sink::stderr());
    let (mut code, mut told, mut stopping, mut lost) = (None, false, false, None);
    let mut unsent = Unsent::default();
    unsent.tell();
    let closed = loop {
        // Nothing is asked of the node as long as nobody reads what came.
        let free = !out.waits() && !err.waits();
        tokio::select! {
            event = session.next(), if free => match event {
                Some(SessionEvent::Output(bytes)) => {
                    record.output(&bytes);
                    lost = lost.or(out.write(&bytes).err());
                }
                Some(SessionEvent::Stderr(bytes)) => {
                    record.output(&bytes);
                    lost = lost.or(err.write(&bytes).err());
                }
                Some(SessionEvent::Exit(exit)) => (code, told) = (Some(exit), true),
                Some(SessionEvent::Reconnecting { attempt: 1 }) => err.say("fleetdeck: connection lost, trying again"),
                Some(SessionEvent::Trouble(what)) => err.say(&format!("fleetdeck: {what}")),
                Some(SessionEvent::Closed { reason }) => break Some(reason),
                Some(_) => {}
                None => break None,
            },
            outcome = out.drain(), if out.waits() => lost = lost.or(outcome.err()),
            outcome = err.drain(), if err.waits() => lost = lost.or(outcome.err()),
            () = &mut stop, if !stopping => {
                stopping = true;
                code = Some(STOPPED.into());
                out.hurry();
                err.hurry();
                session.terminate().await;
            }
        }
        // The command would go on for nobody.
        if lost.is_some() && !stopping {
            stopping = true;
            out.hurry();
            err.hurry();
            session.terminate().await;
        }
    };
    if stopping {
        end_soon();
    }
    record.end();
    if let Some(error) = lost {
        return untaken(error);
    }
    let Some(reason) = closed else { return Ok(code.map_or(ExitCode::FAILURE, exit_code)) };
    // Whoever writes into a pipe may have begun only now.
    unsent.tell();
    let unknown = if reason.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    part(reason, told);
    Ok(code.map_or(unknown, exit_code))
}

/// Lets the last words find no reader for so long at most: whoever asked the process to end is not kept by them.
fn end_soon() {
    let watch = std::thread::Builder::new().name("end".to_owned());
    let _ = watch.spawn(|| {
        std::thread::sleep(LAST_WORDS);
        std::process::exit(STOPPED.into());
    });
}

/// What comes of a session that was ended because its output could not be written: whoever closes a pipe has seen enough.
fn untaken(error: io::Error) -> anyhow::Result<ExitCode> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(ExitCode::from(UNREAD)),
        _ => Err(error.into()),
    }
}

/// Says why a session has ended, if that is news: a command that has told its exit code has ended by itself, whatever was lost
/// behind it.
fn part(reason: Option<String>, told: bool) {
    if let Some(reason) = reason.filter(|_| !told) {
        talk::say(&format!("fleetdeck: the session has ended: {reason}"));
    }
}

/// Exit codes of nodes may be wider than a process's.
fn exit_code(code: i32) -> ExitCode {
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_one_word_for_the_shell_on_the_node() {
        let shell = Shell {
            node: "web-01".into(),
            document: None,
            reason: None,
            record: None,
            tty: false,
            command: vec!["echo".into(), "it's; $HOME".into()],
        };
        let request = shell.request("mi-1".into());
        assert_eq!(request.parameters["command"], [r"sh -c 'echo it'\''s; $HOME'"]);
        assert_eq!(request.document_name.as_deref(), Some(COMMAND_DOCUMENT));
    }
}
