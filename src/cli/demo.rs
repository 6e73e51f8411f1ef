//! `fleetdeck demo`: a throw-away fleet on this machine, with sample data, and the console on it.

mod fleet;
mod sample;

use std::{fs, io::IsTerminal, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use clap::{Args, value_parser};
use tokio::{sync::Mutex, task::JoinSet, time::Instant};

use super::{
    children::{Agent, Children, Engine, REGION},
    choice, face, janitor,
    stop::stopped,
};
use crate::{
    client::Client,
    config::place::{NEARBY_REFRESH, Place},
    ssm::{DescribeInstanceInformation, PingStatus},
};

/// What the demo is called as a place.
const DEMO: &str = "demo";
/// What to do when its engine has ended.
const GONE: &str = "The demo's engine has ended, and its nodes with it: leave, and start `fleetdeck demo` again.";
/// How long the nodes may take to come online before the first commands go without those that are missing.
const PATIENCE: Duration = Duration::from_secs(60);

/// Open the console on a throw-away fleet of real agents on this machine.
///
/// An engine and N agents are started as processes of their own. Commands and shells run for real, on this machine, as
/// the user who starts the demo. Everything is removed at the end.
#[derive(Debug, Args)]
pub struct Demo {
    /// How many nodes.
    #[arg(long, default_value_t = 6, value_name = "N", value_parser = value_parser!(u16).range(0..=500))]
    nodes: u16,
    /// Start the fleet without the console: print how to reach it and wait for a signal.
    #[arg(long)]
    headless: bool,
    /// Address of the engine; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    listen: String,
    /// Empty or new directory for the data, removed at the end; a temporary one without it.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    record: super::record::Record,
}

/// A directory that is gone when this is.
#[derive(Debug)]
struct Scratch {
    path: PathBuf,
    /// Removes the directory when this process is killed; its standard input is its lifeline.
    _janitor: tokio::process::Child,
}

impl Scratch {
    fn new(wanted: Option<PathBuf>) -> anyhow::Result<Self> {
        let path =
            wanted.unwrap_or_else(|| std::env::temp_dir().join(format!("fleetdeck-demo-{}", uuid::Uuid::new_v4())));
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        let path = path.canonicalize().with_context(|| path.display().to_string())?;
        // What somebody else put there must not be removed later.
        anyhow::ensure!(fs::read_dir(&path)?.next().is_none(), "{} is not empty", path.display());
        let janitor = Children::janitor(&path)?;
        Ok(Self { path, _janitor: janitor })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        janitor::remove(&self.path);
    }
}

impl Demo {
    /// Runs until the console is left or a signal comes.
    pub fn run(self, global: &super::Global) -> anyhow::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let outcome = runtime.block_on(self.live(global));
        runtime.shutdown_timeout(Duration::from_millis(200));
        outcome
    }

    async fn live(self, global: &super::Global) -> anyhow::Result<ExitCode> {
        if self.headless {
            // With the console the terminal is not for words.
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::WARN)
                .with_ansi(std::io::stderr().is_terminal())
                .with_writer(std::io::stderr)
                // A full disk under the log would otherwise end the thread that has something to say.
                .log_internal_errors(false)
                .init();
        }
        let stop = stopped()?;
        let scratch = Scratch::new(self.data.clone())?;
        let fleet = Fleet { directory: scratch.path.clone(), children: Arc::default() };
        // Dropped at the end of the console or the wait, whatever it is doing then.
        let work = Arc::<Mutex<JoinSet<()>>>::default();
        let outcome = match self.headless {
            true => match fleet.start(&self.listen, self.nodes, &work).await {
                Ok((engine, _)) => {
                    self.announce(&engine)?;
                    stop.await;
                    Ok(ExitCode::SUCCESS)
                }
                Err(error) => Err(error),
            },
            false => {
                let (listen, nodes) = (self.listen.clone(), self.nodes);
                let (fleet, work) = (fleet.clone(), work.clone());
                let own: face::Own = Box::new(move |place| {
                    if place.name != DEMO {
                        return None;
                    }
                    let (listen, fleet, work) = (listen.clone(), fleet.clone(), work.clone());
                    Some(Box::pin(async move {
                        let started = fleet.start(&listen, nodes, &work).await;
                        started.map(|(_, client)| client).map_err(face::in_words)
                    }))
                });
                let notice = "demo: commands and shells run for real here; all of it is removed at the end";
                let place = Place {
                    name: DEMO.to_owned(),
                    notice: Some(notice.to_owned()),
                    when_gone: Some(GONE.to_owned()),
                    arriving: self.nodes > 0,
                    refresh: Some(NEARBY_REFRESH),
                    ..Place::default()
                };
                face::open(choice::catalogue(global)?, vec![place], own, false, global, self.record.clone()).await
            }
        };
        work.lock().await.shutdown().await;
        std::mem::take(&mut *fleet.children.lock().await).stop().await;
        drop(scratch);
        outcome
    }

    /// Data on standard output, words on standard error.
    fn announce(&self, engine: &Engine) -> anyhow::Result<()> {
        use std::io::Write;
        eprintln!(
            "fleetdeck: {} nodes are starting. Commands and shells run for real on this machine, as this user. Ctrl-C ends it all.",
            self.nodes
        );
        let mut out = std::io::stdout();
        writeln!(out, "endpoint {}", engine.url)?;
        writeln!(out, "credentials {}", engine.credentials.display())?;
        writeln!(out, "region {REGION}")?;
        out.flush()?;
        Ok(())
    }
}

/// The engine and the agents of one demo.
#[derive(Clone, Debug)]
struct Fleet {
    directory: PathBuf,
    children: Arc<Mutex<Children>>,
}

impl Fleet {
    /// Starts the engine, and in the background all the rest.
    async fn start(&self, listen: &str, nodes: u16, work: &Mutex<JoinSet<()>>) -> anyhow::Result<(Engine, Client)> {
        let engine = self.children.lock().await.engine(listen, &self.directory.join("engine")).await?;
        let client = Client::connect(engine.settings("demo")).await?;
        work.lock().await.spawn(self.clone().populate(client.clone(), engine.clone(), usize::from(nodes)));
        Ok((engine, client))
    }

    /// Brings nodes and sample data in. What fails is said in the log alone: the console shows what is there.
    async fn populate(self, client: Client, engine: Engine, count: usize) {
        let warn = |outcome: anyhow::Result<()>| {
            if let Err(error) = outcome {
                tracing::warn!("demo: {error:#}");
            }
        };
        let parameters = async { warn(sample::parameters(&client).await.map_err(Into::into)) };
        let nodes = async {
            let nodes = fleet::nodes(count);
            let starts = nodes.iter().map(|node| self.start_node(&client, &engine, node));
            futures_util::future::join_all(starts).await.into_iter().for_each(warn);
            if count > 0 {
                wait_online(&client, count).await;
                warn(sample::commands(&client).await.map_err(Into::into));
            }
        };
        tokio::join!(parameters, nodes);
    }

    async fn start_node(&self, client: &Client, engine: &Engine, node: &fleet::Node) -> anyhow::Result<()> {
        let (id, code) = fleet::activate(client, node).await?;
        let data = self.directory.join(&node.name);
        let isolate = can_isolate().then_some(node.name.as_str());
        let agent =
            Agent { endpoint: &engine.url, data: &data, activation: Some((&id, &code)), isolate, throwaway: true };
        self.children.lock().await.agent(&agent)
    }
}

/// Name spaces of one's own need Linux and root.
fn can_isolate() -> bool {
    #[cfg(target_os = "linux")]
    return nix::unistd::Uid::effective().is_root();
    #[cfg(not(target_os = "linux"))]
    false
}

async fn wait_online(client: &Client, count: usize) {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let nodes = client.all(DescribeInstanceInformation { max_results: Some(50), ..Default::default() }).await;
        let online = |nodes: Vec<crate::ssm::InstanceInformation>| {
            nodes.iter().filter(|node| node.ping_status == Some(PingStatus::Online)).count()
        };
        if nodes.is_ok_and(|nodes| online(nodes) >= count) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
