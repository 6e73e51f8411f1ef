//! The context `local`: an engine and one agent for this machine, kept in the user's data directory.
//!
//! Whoever needs it first starts it, others use what is running, and it ends with the last of them. For one that stays
//! there is `fleetdeck serve`.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use etcetera::BaseStrategy;
use tokio::{net::TcpStream, time::timeout};

use super::{
    children::{Agent, Bond, Children, Engine},
    lifeline::lock_file,
};
use crate::{
    client::{Client, Settings},
    config::context::LOCAL,
    ssm::{CreateActivation, Sensitive, Tag},
};

/// Where `fleetdeck serve` listens by default; the local engine prefers it too.
const USUAL: &str = "127.0.0.1:7700";
/// How long an engine on this machine may take to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Where the local fleet is kept.
#[derive(Clone, Debug)]
struct Home(PathBuf);

impl Home {
    fn discover() -> anyhow::Result<Self> {
        let base = etcetera::choose_base_strategy().context("there is no home directory for the context local")?;
        Ok(Self(base.data_dir().join("fleetdeck")))
    }

    fn engine(&self) -> PathBuf {
        self.0.join("engine")
    }

    fn agent(&self) -> PathBuf {
        self.0.join("agent")
    }

    /// Where the address of the engine that runs here is noted.
    fn address(&self) -> PathBuf {
        self.0.join("engine.url")
    }

    /// Locked by everybody who uses what runs here.
    fn users(&self) -> PathBuf {
        self.0.join("users")
    }

    /// Locked by whoever is starting what is missing.
    fn starting(&self) -> PathBuf {
        self.0.join("starting")
    }

    fn credentials(&self) -> PathBuf {
        self.engine().join("credentials")
    }
}

/// The engine of the local fleet, if one is running.
pub async fn running() -> anyhow::Result<Option<Engine>> {
    let home = Home::discover()?;
    let noted = fs::read_to_string(home.address()).ok().map(|text| text.trim().to_owned());
    for url in noted.into_iter().chain([format!("http://{USUAL}")]) {
        let engine = Engine { url, credentials: home.credentials() };
        if answers(&engine).await {
            return Ok(Some(engine));
        }
    }
    Ok(None)
}

/// How verbs reach the local fleet; they do not start it.
pub async fn settings() -> anyhow::Result<Settings> {
    let engine = running().await?.context(
        "there is no AWS configuration, and the engine of the context local is not running; \
         `fleetdeck` or `fleetdeck serve` starts it, `--profile` names an AWS profile",
    )?;
    Ok(engine.settings(LOCAL))
}

/// The local fleet in use: while this value lives, engine and agent do.
#[derive(Debug)]
pub struct Tenancy {
    home: Home,
    /// The engine.
    pub engine: Engine,
    children: Children,
    _user: File,
}

impl Tenancy {
    /// Starts the engine unless it is running.
    pub async fn begin() -> anyhow::Result<Self> {
        let home = Home::discover()?;
        private_directory(&home.0)?;
        // First this: an engine that has been left by its last user ends before there is a new one.
        let user = locked(home.users(), File::lock_shared).await?;
        let _starting = locked(home.starting(), File::lock).await?;
        let mut children = Children::bound(Bond::Users(home.users()));
        let engine = match running().await? {
            Some(engine) => engine,
            None => {
                let engine = match children.engine(USUAL, &home.engine()).await {
                    Ok(engine) => engine,
                    // The port may be somebody else's. What else is wrong shows again.
                    Err(_) => children.engine("127.0.0.1:0", &home.engine()).await?,
                };
                fs::write(home.address(), &engine.url).context("cannot note the engine's address")?;
                engine
            }
        };
        Ok(Self { home, engine, children, _user: user })
    }

    /// Starts the agent of this machine; one that is running already keeps its data directory, and the second ends.
    pub async fn agent(&mut self, client: &Client) -> anyhow::Result<()> {
        let data = self.home.agent();
        let activation = match data.join("registration.json").exists() {
            true => None,
            false => activate(client).await?,
        };
        let activation = activation.as_ref().map(|(id, code)| (id.as_str(), code.0.as_str()));
        let endpoint = &self.engine.url;
        self.children.agent(&Agent { endpoint, data: &data, activation, isolate: None, throwaway: false })
    }
}

/// Waits for a lock without keeping the console waiting.
async fn locked(path: PathBuf, lock: fn(&File) -> io::Result<()>) -> anyhow::Result<File> {
    let said = path.display().to_string();
    let waiting = tokio::task::spawn_blocking(move || {
        let file = lock_file(&path)?;
        lock(&file)?;
        Ok::<File, io::Error>(file)
    });
    waiting.await?.context(said)
}

/// An activation for the agent of this machine: id and code.
async fn activate(client: &Client) -> anyhow::Result<Option<(String, Sensitive)>> {
    let request = CreateActivation {
        description: Some("The agent of the context local".to_owned()),
        default_instance_name: Some(hostname().unwrap_or_else(|| "this-machine".to_owned())),
        iam_role: "service-role/AmazonEC2RunCommandRoleForManagedInstances".to_owned(),
        registration_limit: Some(1),
        tags: vec![Tag { key: "Environment".to_owned(), value: "Local".to_owned() }],
        ..CreateActivation::default()
    };
    let answer = client.call(request).await?;
    Ok(answer.activation_id.zip(answer.activation_code))
}

/// Whether it is this user's engine that answers there: its answer is signed for with the credentials it wrote.
async fn answers(engine: &Engine) -> bool {
    let Some(address) = engine.url.split_once("://").map(|(_, address)| address) else { return false };
    if !engine.credentials.exists() || !matches!(timeout(ANSWER, TcpStream::connect(address)).await, Ok(Ok(_))) {
        return false;
    }
    let Ok(client) = Client::connect(engine.settings(LOCAL)).await else { return false };
    matches!(timeout(ANSWER, client.caller_identity()).await, Ok(Ok(_)))
}

fn private_directory(path: &Path) -> anyhow::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_context(|| format!("cannot make {}", path.display()))
}

fn hostname() -> Option<String> {
    #[cfg(unix)]
    return nix::unistd::gethostname().ok()?.into_string().ok();
    #[cfg(not(unix))]
    std::env::var("COMPUTERNAME").ok()
}
