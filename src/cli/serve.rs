//! `fleetdeck serve`: the embedded engine.

use std::{io::Write, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Args;

use super::log;
use crate::{
    engine::{Engine, Listen, Server, Settings, TlsFiles},
    ssm::clock::Clock,
};

/// Run the embedded engine.
#[derive(Debug, Args)]
pub struct Serve {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:7700", value_name = "ADDR")]
    listen: String,
    /// Data directory.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Certificate chain in PEM; the engine then speaks TLS.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Speak plain HTTP on an address that other machines can reach.
    #[arg(long)]
    insecure_http: bool,
    /// Skip the signature check: every caller is the account root. Loopback only.
    #[arg(long)]
    accept_any_credentials: bool,
    /// Let `POST /_reset` empty the engine. Loopback only.
    #[arg(long)]
    reset_hook: bool,
    /// Close the data channels of sessions at this age, as AWS does every hour; the ends connect again.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    close_channels_after: Option<u64>,
    /// Make an encryption key for SecureString parameters if it is not there yet, such as `alias/app`.
    #[arg(long = "key", value_name = "ALIAS")]
    keys: Vec<String>,
}

impl Serve {
    /// Serves until a signal ends it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        log::begin("warn", true);
        let settings = Settings {
            accept_any_credentials: self.accept_any_credentials,
            reset_hook: self.reset_hook,
            keys: self.keys.clone(),
            channel_age: self.close_channels_after.map(Duration::from_secs),
        };
        let data = self.data.clone().map_or_else(default_data, Ok)?;
        let engine = Engine::open_with(&data, Clock::system(), settings)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.serve(engine))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn serve(self, engine: std::sync::Arc<Engine>) -> anyhow::Result<()> {
        let tls = self.tls_cert.zip(self.tls_key).map(|(certificate, key)| TlsFiles { certificate, key });
        let plain = tls.is_none();
        let listen = Listen { address: self.listen, tls, insecure: self.insecure_http };
        let server = Server::bind(engine, &listen).await.map_err(anyhow::Error::msg)?;
        if plain && !server.address().ip().is_loopback() {
            eprintln!(
                "fleetdeck: WARNING: plain HTTP on {}: everybody on the way reads and changes what is sent, secrets included",
                server.address()
            );
        }
        if self.accept_any_credentials {
            eprintln!("fleetdeck: WARNING: signatures are not checked; every caller is the account root");
        }
        let stop = signal()?;
        let mut out = std::io::stdout();
        writeln!(out, "listening on {}", server.url()).and_then(|()| out.flush()).context("standard output")?;
        server.run(stop).await.context("the engine stopped serving")
    }
}

/// `$XDG_DATA_HOME/fleetdeck/engine`.
fn default_data() -> anyhow::Result<PathBuf> {
    use etcetera::BaseStrategy;
    let base = etcetera::choose_base_strategy().context("no home directory; say where the data goes with --data")?;
    Ok(base.data_dir().join("fleetdeck").join("engine"))
}

/// Ready when the process is asked to end.
fn signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
