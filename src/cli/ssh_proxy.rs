//! `fleetdeck ssh-proxy`: a node's SSH server on standard input and output, for OpenSSH's `ProxyCommand`.

use std::{process::ExitCode, time::Duration};

use anyhow::bail;
use clap::Args;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, stdin, stdout},
    time::Instant,
};

use super::{Global, choice, nodes, stop::stopped, talk};
use crate::{
    client::{Client, Session, SessionEvent, TerminalSize},
    ssm::StartSession,
    wire::alarm::reached,
};

const DOCUMENT: &str = "AWS-StartSSHSession";
const READ: usize = 64 * 1024;
/// How long the server has to close its end once ours is closed.
const FAREWELL: Duration = Duration::from_secs(3);
/// How long a node that has fallen silent before the server's first word may stay so.
const PATIENCE: Duration = Duration::from_secs(9);

/// Connect standard input and output with the SSH server of a node.
///
/// In ~/.ssh/config: `ProxyCommand fleetdeck ssh-proxy %h %p` below `Host mi-* i-*`. ssh, scp, sftp and rsync then take
/// node ids and names as hosts.
#[derive(Debug, Args)]
pub struct SshProxy {
    /// Id or name of the node.
    node: String,
    /// Port of its SSH server.
    #[arg(default_value_t = 22)]
    port: u16,
}

impl SshProxy {
    /// Runs until either end closes.
    pub fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.may_change("open sessions")?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let outcome = runtime.block_on(async {
            let client = choice::connect(global).await?;
            let target = nodes::target(&client, &self.node).await?;
            carry(open(&client, target, self.port).await?, self.port).await
        });
        // Standard input is read by a thread that cannot be interrupted.
        runtime.shutdown_background();
        outcome
    }
}

async fn open(client: &Client, target: String, port: u16) -> anyhow::Result<Session> {
    let request = StartSession {
        target,
        document_name: Some(DOCUMENT.to_owned()),
        parameters: [("portNumber".to_owned(), vec![port.to_string()])].into(),
        ..StartSession::default()
    };
    let mut session = client.start_session(request, TerminalSize { cols: 80, rows: 24 }).await?;
    loop {
        match session.next().await {
            Some(SessionEvent::Ready { .. }) => return Ok(session),
            Some(SessionEvent::Closed { reason }) => {
                bail!("{}", reason.unwrap_or_else(|| "the session has ended".to_owned()))
            }
            Some(_) => {}
            None => bail!("the session has ended"),
        }
    }
}

async fn carry(mut session: Session, port: u16) -> anyhow::Result<ExitCode> {
    let mut stop = std::pin::pin!(stopped()?);
    let input = session.input_handle();
    let upwards = async {
        let (mut reader, mut buffer) = (stdin(), vec![0; READ]);
        while let Ok(count @ 1..) = reader.read(&mut buffer).await {
            input.send(&buffer[..count]).await;
        }
        // The server notices the end by what was said; it has a while to answer.
        tokio::time::sleep(FAREWELL).await;
    };
    let downwards = async {
        let mut writer = stdout();
        let mut silence = Silence::default();
        loop {
            let event = tokio::select! {
                event = session.next() => event,
                () = reached(silence.until) => {
                    return Ok(Ended::Unheard);
                }
            };
            match event {
                Some(SessionEvent::Output(bytes)) => {
                    silence.note(&SessionEvent::Output(bytes.clone()), Instant::now());
                    writer.write_all(&bytes).await?;
                    writer.flush().await?;
                }
                Some(event) => {
                    silence.note(&event, Instant::now());
                    match event {
                        SessionEvent::Reconnecting { attempt: 1 } => {
                            talk::say("fleetdeck: connection lost, trying again")
                        }
                        SessionEvent::Closed { reason } => return Ok(Ended::There(reason.unwrap_or_default())),
                        _ => {}
                    }
                }
                None => return anyhow::Ok(Ended::There(String::new())),
            }
        }
    };
    let ended = tokio::select! {
        () = upwards => Ended::Here,
        ended = downwards => ended?,
        () = &mut stop => Ended::Here,
    };
    match ended {
        Ended::There(reason) if reason.is_empty() => return Ok(ExitCode::SUCCESS),
        Ended::There(reason) => bail!("the session has ended: {reason}"),
        Ended::Here | Ended::Unheard => {
            session.terminate().await;
            let end = async { while session.next().await.is_some() {} };
            let _ = tokio::time::timeout(FAREWELL, end).await;
        }
    }
    if let Ended::Unheard = ended {
        bail!(
            "nothing comes from port {port} of the node. Probably nothing listens there: some agents then fall silent"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Who ended the connection.
enum Ended {
    /// The user, or whoever he was.
    Here,
    /// The service or the node; why, if it failed.
    There(String),
    /// Nobody: the server never said a word, and the node does not answer.
    Unheard,
}

/// Notices that there is no server. AWS's agent takes the session before it tries the port, and when the port refuses, the
/// program that serves the session goes down without a word; the service hears of it a minute later. What its user said by
/// then is never acknowledged. A server that has said something once is waited for, however long the line takes.
#[derive(Default)]
struct Silence {
    heard: bool,
    /// When it has been enough.
    until: Option<Instant>,
}

impl Silence {
    fn note(&mut self, event: &SessionEvent, now: Instant) {
        match event {
            SessionEvent::Output(_) => (self.heard, self.until) = (true, None),
            SessionEvent::Silent(_) if !self.heard => self.until = Some(now + PATIENCE),
            SessionEvent::Answered | SessionEvent::Reconnecting { .. } => self.until = None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_that_never_spoke_is_given_up() {
        let now = Instant::now();
        let silent = SessionEvent::Silent(Duration::from_secs(6));
        let mut silence = Silence::default();
        silence.note(&silent, now);
        assert_eq!(silence.until, Some(now + PATIENCE));
        silence.note(&SessionEvent::Answered, now);
        assert_eq!(silence.until, None, "the node was only slow");
        silence.note(&silent, now);
        silence.note(&SessionEvent::Reconnecting { attempt: 1 }, now);
        assert_eq!(silence.until, None, "the line was lost, and says nothing of the server");
        silence.note(&silent, now);
        silence.note(&SessionEvent::Output("SSH-2.0".into()), now);
        silence.note(&silent, now);
        assert_eq!(silence.until, None, "a session that works is not ended");
    }
}
