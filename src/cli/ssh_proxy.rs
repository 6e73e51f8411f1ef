//! `fleetdeck ssh-proxy`: a node's SSH server on standard input and output, for OpenSSH's `ProxyCommand`.

use std::{process::ExitCode, time::Duration};

use anyhow::bail;
use clap::Args;
use tokio::io::{AsyncReadExt, AsyncWriteExt, stdin, stdout};

use super::{Global, choice, nodes, stop::stopped, talk};
use crate::{
    client::{Client, Session, SessionEvent, TerminalSize},
    ssm::StartSession,
};

const DOCUMENT: &str = "AWS-StartSSHSession";
const READ: usize = 64 * 1024;
/// How long the server has to close its end once ours is closed.
const FAREWELL: Duration = Duration::from_secs(3);

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
            carry(open(&client, target, self.port).await?).await
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

async fn carry(mut session: Session) -> anyhow::Result<ExitCode> {
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
        loop {
            match session.next().await {
                Some(SessionEvent::Output(bytes)) => {
                    writer.write_all(&bytes).await?;
                    writer.flush().await?;
                }
                Some(SessionEvent::Reconnecting { attempt: 1 }) => {
                    talk::say("fleetdeck: connection lost, trying again")
                }
                Some(SessionEvent::Closed { reason }) => return anyhow::Ok(Some(reason)),
                Some(_) => {}
                None => return Ok(Some(None)),
            }
        }
    };
    let ended = tokio::select! {
        () = upwards => None,
        ended = downwards => ended?,
        () = &mut stop => None,
    };
    match ended {
        Some(Some(reason)) if !reason.is_empty() => bail!("the session has ended: {reason}"),
        Some(_) => {}
        None => {
            session.terminate().await;
            let end = async { while session.next().await.is_some() {} };
            let _ = tokio::time::timeout(FAREWELL, end).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}
