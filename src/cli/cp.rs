//! `fleetdeck cp`: one file from a node or to it.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::bail;
use clap::Args;
use serde_json::json;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Global, Usage, choice, nodes, output::Format, stop::stopped, talk};
use crate::{
    client::{
        Client,
        transfer::{Copied, Progress, TransferError},
    },
    console::text,
};

/// The exit code after a signal.
const STOPPED: u8 = 130;
/// How long the end of a copy that is stopped may take: somewhat more than that of its session.
const FAREWELL: Duration = Duration::from_secs(3);

/// Copy a file from a node or to it.
///
/// One of the two is NODE:PATH, with the node's id or name. The SHA-256 of both files is compared. A copy that was broken
/// off goes on where it stopped when it is started again. A file that is there keeps its mode and its owner; a new one has
/// the mode of its source less the umask. For directories, pack them: `tar`.
#[derive(Debug, Args)]
pub struct Cp {
    /// NODE:PATH, or a file here.
    from: String,
    /// A file or directory here, or NODE:PATH.
    to: String,
}

/// One end of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Here(PathBuf),
    Node { node: String, path: String },
}

impl Cp {
    /// Copies it.
    pub fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.may_change("open sessions")?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let outcome = runtime.block_on(async {
            let (stop, stopping) = (stopped()?, CancellationToken::new());
            let mut copy = std::pin::pin!(self.copy(global, stopping.clone()));
            let copied = tokio::select! {
                copied = &mut copy => copied,
                () = stop => {
                    stopping.cancel();
                    // The node is told that nobody waits any more.
                    timeout(FAREWELL, copy).await.unwrap_or_else(|_| Err(TransferError::Stopped.into()))
                }
            };
            match copied {
                Ok(copied) => {
                    report(&copied, global.output);
                    Ok(ExitCode::SUCCESS)
                }
                Err(_) if stopping.is_cancelled() => {
                    talk::say("fleetdeck: stopped; copy again to go on from there");
                    Ok(ExitCode::from(STOPPED))
                }
                Err(error) => Err(error),
            }
        });
        runtime.shutdown_timeout(Duration::from_millis(200));
        outcome
    }

    async fn copy(&self, global: &Global, stopping: CancellationToken) -> anyhow::Result<Copied> {
        let mut meter = Meter::new();
        let told = |progress| meter.show(progress);
        let stopped = stopping.cancelled();
        let copied = match (place(&self.from), place(&self.to)) {
            (Place::Node { node, path }, Place::Here(local)) => {
                let local = into(&local, &path)?;
                let (client, target) = reach(global, &node, &stopping).await?;
                client.download(target, &path, &local, told, stopped).await
            }
            (Place::Here(local), Place::Node { node, path }) => {
                let (client, target) = reach(global, &node, &stopping).await?;
                client.upload(target, &local, &path, told, stopped).await
            }
            _ => bail!(Usage("one of the two has to be on a node, as NODE:PATH, and the other one here".to_owned())),
        };
        copied.map_err(|error| match error {
            // The service's errors come with advice.
            TransferError::Client(error) => anyhow::Error::from(error),
            error => error.into(),
        })
    }
}

/// The node, unless nobody wants to know it any more.
async fn reach(global: &Global, node: &str, stopping: &CancellationToken) -> anyhow::Result<(Client, String)> {
    let reached = async {
        let client = choice::connect(global).await?;
        let target = nodes::target(&client, node).await?;
        anyhow::Ok((client, target))
    };
    stopping.run_until_cancelled(reached).await.unwrap_or_else(|| Err(TransferError::Stopped.into()))
}

/// `NODE:PATH` or a path here. A colon behind a slash is part of a path; ids of containers have one colon of their own.
fn place(text: &str) -> Place {
    let (head, skipped) = match text.strip_prefix("ecs:") {
        Some(rest) => (rest, 4),
        None => (text, 0),
    };
    match head.find([':', '/']).filter(|at| head.as_bytes()[*at] == b':' && *at > 0) {
        Some(at) => Place::Node {
            node: text[..at + skipped].to_owned(),
            // As scp has it, nothing means the home directory.
            path: Some(&head[at + 1..]).filter(|path| !path.is_empty()).unwrap_or(".").to_owned(),
        },
        None => Place::Here(text.into()),
    }
}

/// The file that a copy becomes: a directory takes it under its own name.
fn into(local: &Path, remote: &str) -> anyhow::Result<PathBuf> {
    if !local.is_dir() {
        // Whoever ends a path like that means a directory.
        if local.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(TransferError::NoFolder(local.to_owned()).into());
        }
        return Ok(local.to_owned());
    }
    // A backslash divides only where no slash does, as on Windows: elsewhere it is part of a name.
    let divides = |c: char| if remote.contains('/') { c == '/' } else { c == '\\' };
    match remote.rsplit(divides).next().filter(|name| !matches!(*name, "" | "." | "..")) {
        Some(name) => Ok(local.join(name)),
        None => bail!(Usage(format!("{remote} is not the name of a file"))),
    }
}

fn report(copied: &Copied, format: Format) {
    let Copied { path, bytes, resumed, sha256 } = copied;
    match format {
        Format::Table => {
            let again = if *resumed > 0 {
                format!(", {} of it by an earlier try", text::bytes(*resumed))
            } else {
                String::new()
            };
            talk::say(&format!("{path}: {}{again}, sha256 {sha256}", text::bytes(*bytes)));
        }
        Format::Json => println!("{}", json!({"Path": path, "Bytes": bytes, "Resumed": resumed, "Sha256": sha256})),
        Format::Csv => {
            println!("path,bytes,resumed,sha256\n{},{bytes},{resumed},{sha256}", super::output::csv_cell(path))
        }
    }
}

/// How far it is, and how fast.
struct Meter {
    line: talk::Progress,
    began: Instant,
    first: Option<u64>,
}

impl Meter {
    fn new() -> Self {
        Self { line: talk::Progress::new(), began: Instant::now(), first: None }
    }

    fn show(&mut self, Progress { done, total }: Progress) {
        let first = *self.first.get_or_insert(done);
        let seconds = self.began.elapsed().as_secs().max(1);
        let percent = (done * 100).checked_div(total).unwrap_or(100).min(100);
        let speed = text::bytes((done - first.min(done)) / seconds);
        self.line.show(&format!("{percent:3} %  {} of {}  {speed}/s", text::bytes(done), text::bytes(total)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        let node = |node: &str, path: &str| Place::Node { node: node.into(), path: path.into() };
        assert_eq!(place("web-1:/etc/hosts"), node("web-1", "/etc/hosts"));
        assert_eq!(place("web-1:"), node("web-1", "."));
        assert_eq!(place("ecs:cluster_task_id:/x"), node("ecs:cluster_task_id", "/x"));
        for here in ["a/b:c", "/a:b", "file", "./x:y", ":x"] {
            assert_eq!(place(here), Place::Here(here.into()), "{here}");
        }
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(into(dir.path(), "/etc/hosts").unwrap(), dir.path().join("hosts"));
        assert_eq!(into(dir.path(), r"/srv/a\b").unwrap(), dir.path().join(r"a\b"));
        assert_eq!(into(dir.path(), r"C:\logs\a.log").unwrap(), dir.path().join("a.log"));
        assert!(into(&dir.path().join("new/"), "/etc/hosts").is_err());
        assert!(into(dir.path(), "/etc/").is_err() && into(dir.path(), r"C:\logs\").is_err());
    }
}
