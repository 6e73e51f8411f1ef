//! `fleetdeck sessions replay`: a recording, as it went; a transcript, as it was kept.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::Args;

use super::{find, tame::Tame};
use crate::{
    cli::{
        Global,
        shell::{modes::Modes, outlet::Outlet, screen::Sink},
        stop::stopped,
        talk,
    },
    client::recording::{Event, Plain, Player, RecordingError},
    console::term::lines,
    ssm::SessionState,
};

/// The exit code after a signal.
const STOPPED: u8 = 130;
/// How long a terminal that takes nothing is waited for in the end.
const PATIENCE: Duration = Duration::from_millis(300);

/// Replay a recording (`shell --record`, asciinema) or show the transcript of a session that has ended.
#[derive(Debug, Args)]
pub struct Replay {
    /// A recording, or the id of a session.
    what: String,
    /// So many times as fast.
    #[arg(long, default_value_t = 1.0, value_name = "TIMES", value_parser = speed)]
    speed: f64,
    /// No pause longer than this.
    #[arg(long, default_value_t = 2.0, value_name = "SECONDS", value_parser = speed)]
    idle_limit: f64,
}

fn speed(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number| (0.01..=10_000.0).contains(number))
        .ok_or_else(|| "expected a number from 0.01 to 10000".to_owned())
}

impl Replay {
    pub(super) fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        let path = PathBuf::from(&self.what);
        match path.is_file() {
            true => self.play(&path),
            false => self.show(global),
        }
    }

    /// Plays a recording at its own pace; into a file or a pipe all at once and as text.
    fn play(&self, path: &Path) -> anyhow::Result<ExitCode> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let mut player = Player::open(BufReader::new(file)).with_context(|| path.display().to_string())?;
        if !io::stdout().is_terminal() {
            let broken = write_text(&mut player, io::stdout().lock())?;
            return broken.map_or(Ok(ExitCode::SUCCESS), |error| Err(error.into()));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut stop = std::pin::pin!(stopped()?);
            let mut screen = Stage::new();
            let mut at = Duration::ZERO;
            while let Some(frame) = player.next_frame()? {
                // Whose terminal this is has chosen its size.
                let Event::Output(output) = frame.event else { continue };
                let pause = frame.at.saturating_sub(at).min(Duration::from_secs_f64(self.idle_limit));
                at = frame.at;
                let shown = async {
                    tokio::time::sleep(pause.div_f64(self.speed)).await;
                    screen.show(output.as_bytes()).await
                };
                tokio::select! {
                    outcome = shown => outcome?,
                    () = &mut stop => {
                        screen.out.hurry();
                        return Ok(ExitCode::from(STOPPED));
                    }
                }
            }
            Ok(ExitCode::SUCCESS)
        })
    }

    /// Shows what a session's preferences had kept.
    fn show(&self, global: &Global) -> anyhow::Result<ExitCode> {
        global.with_client(async |client| {
            let id = &self.what;
            let Some(session) = find(&client, SessionState::History, id).await? else {
                match find(&client, SessionState::Active, id).await? {
                    Some(_) => bail!("the session {id} is still running; its transcript is kept when it has ended"),
                    None => bail!("there is neither a file nor a session {id}; see `fleetdeck sessions ls --state history`"),
                }
            };
            let Some(transcript) = client.transcript(&session).await? else {
                bail!(
                    "no transcript of {id} was kept: the session preferences name no bucket and no log group, or it carried a port"
                )
            };
            talk::say(&format!("from {}", transcript.source));
            let mut out = Sink::stdout();
            out.write(&transcript.text)?;
            out.drain().await?;
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// Writes a recording as the lines that its terminal showed. What breaks off is written up to there; the answer is why.
fn write_text<R: BufRead>(player: &mut Player<R>, out: impl Write) -> io::Result<Option<RecordingError>> {
    let mut text = Plain::new(out, lines(player.size()));
    let broken = loop {
        match player.next_frame() {
            Ok(Some(frame)) => match frame.event {
                Event::Output(output) => text.output(output.as_bytes())?,
                Event::Resize(size) => text.resize(size)?,
            },
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    text.finish()?;
    Ok(broken)
}

/// The terminal on which a recording is played.
struct Stage {
    tame: Tame,
    modes: Modes,
    out: Outlet,
}

impl Stage {
    /// Wants a runtime.
    fn new() -> Self {
        Self { tame: Tame::default(), modes: Modes::default(), out: Outlet::new(&io::stdout()) }
    }

    /// Shows what a program wrote, when the terminal takes it.
    async fn show(&mut self, bytes: &[u8]) -> io::Result<()> {
        let shown = self.tame.clean(bytes);
        self.modes.watch(&shown);
        self.out.put(&shown)?;
        self.out.drain().await
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.out.end(format!("{}\x1b[0m\n", self.modes.undo()).as_bytes(), PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_lines_of_a_terminal_whose_size_changed() {
        let recording = "{\"version\": 2, \"width\": 10, \"height\": 5}\n[0.1, \"o\", \"$ \"]\n[0.2, \"r\", \"40x5\"]\n\
                         [0.3, \"o\", \"a prompt that is drawn anew\\r$ a prompt\\u001b[K\"]\n";
        let text = |recording: &str| {
            let mut written = Vec::new();
            let broken = write_text(&mut Player::open(recording.as_bytes()).unwrap(), &mut written).unwrap();
            (String::from_utf8(written).unwrap(), broken.is_some())
        };
        assert_eq!(text(recording), ("$ a prompt\n".to_owned(), false));
        assert_eq!(text(&format!("{recording}junk\n")), ("$ a prompt\n".to_owned(), true));
    }
}
