//! The terminal application: panes over a fleet, shells inside the panes.
//!
//! A loop of pure parts and one impure one: events and answers go into [`state::State`], effects come out as data,
//! [`effect::perform`] starts them, [`draw`] shows the state. It knows the client and nothing of engines or agents.

use std::{io::IsTerminal, path::PathBuf, sync::Arc};

use crate::{
    config::{
        keymap::{Keymap, Problem},
        paths::Paths,
        place::Place,
        settings::Settings,
        theme::{Depth, Theme},
    },
    ssm::clock::Clock,
};

pub mod action;
pub mod draw;
pub mod effect;
mod keyboard;
pub mod opener;
pub mod origin;
mod pulse;
pub mod record;
pub mod replay;
pub mod sample;
pub mod state;
pub mod term;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod text;
mod tty;
pub mod update;

pub use effect::perform::Connect;
pub use update::Trouble;

/// What the console is started with.
pub struct Options {
    /// What to look at.
    pub places: Vec<Place>,
    /// Makes the client for a place, however long that takes; the first frame does not wait for it.
    pub connect: Connect,
    /// Refuse everything that changes something.
    pub read_only: bool,
    /// The theme to use instead of the settings'.
    pub theme: Option<String>,
    /// The user's settings; see [`settings`].
    pub settings: Settings,
    /// Where the user's files are.
    pub paths: Paths,
    /// Where everything that happens is recorded, and whether with the output of commands and shells.
    pub record: Option<(PathBuf, bool)>,
}

/// Reads the user's settings file, if there is one.
///
/// # Errors
/// When it cannot be read or is not in order; the error says where.
pub fn settings(paths: &Paths) -> anyhow::Result<Settings> {
    let path = paths.settings();
    match crate::config::paths::read_optional(&path)? {
        Some(text) => Settings::parse(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display())),
        None => Ok(Settings::default()),
    }
}

/// The keymap in force: the shipped one with the user's over it, and what is wrong with them.
pub fn keymap(user: Option<(&str, &str)>) -> (Keymap<action::Action>, Vec<Problem>) {
    let layers: Vec<&str> = action::Layer::ALL.iter().map(|(_, name, _)| *name).collect();
    let vocabulary = crate::config::keymap::Vocabulary { layers: &layers, action: &action::Action::named };
    Keymap::load(&vocabulary, user)
}

/// Runs the console until the user leaves it.
///
/// # Errors
/// When there is no terminal, when a theme that was asked for cannot be used, or when the terminal is lost. That the service
/// cannot be reached is no error here: the console says so and stays.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let Options { mut places, connect, read_only, theme, settings, paths, record } = options;
    let kind = std::env::var("TERM").ok();
    tty::check(std::io::stdout().is_terminal(), kind.as_deref()).map_err(anyhow::Error::msg)?;
    let path = paths.keymap();
    let user = crate::config::paths::read_optional(&path)?;
    let name = path.display().to_string();
    let (keymap, problems) = keymap(user.as_deref().map(|text| (name.as_str(), text)));
    let theme = theme.unwrap_or_else(|| settings.theme.clone());
    let looks = looks(&theme, &settings, &paths)?;
    let file = record.as_ref().map(|(path, _)| record::create(path)).transpose()?;
    let clock = Clock::system();
    for place in &mut places {
        place.read_only |= read_only || settings.read_only;
        place.name = text::clean(&place.name);
    }
    let mouse = settings.mouse;
    let recordings = paths.recordings(&settings);
    let mut state = state::State::new(state::Start {
        places,
        settings,
        keymap: Arc::new(keymap),
        save_directory: paths.state.join("saved"),
        recordings,
        opener: opener::Opener::here(),
        now: clock.now(),
    });
    for problem in &problems {
        state.warn(problem.to_string());
    }
    let mut head = record::Head::of(&state, &theme, looks.first().is_some_and(|look| look.ascii));
    head.size = crossterm::terminal::size().unwrap_or(head.size);
    let recorder = record::Recorder::new(head, file, record.is_some_and(|(_, output)| output));
    let reports = paths.state.join("reports");
    let (sender, updates) = tokio::sync::mpsc::channel(256);
    let performer = effect::perform::Performer::new(connect, sender);
    let tty = tty::Tty::take(mouse)?;
    let pulse = pulse::Pulse { state, tty, looks, performer, updates, clock, recorder, reports, held: None };
    pulse.run().await?;
    Ok(())
}

/// The looks to change through: the wanted theme first, then the other shipped ones.
fn looks(wanted: &str, settings: &Settings, paths: &Paths) -> anyhow::Result<Vec<draw::Look>> {
    let env = |name: &str| std::env::var(name).ok();
    let depth = Depth::from_env(env);
    let utf8 = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env(name).filter(|value| !value.is_empty()));
    let ascii = settings.ascii || utf8.is_some_and(|l| !l.to_lowercase().replace('-', "").contains("utf8"));
    let source = |name: &str| {
        let user = crate::config::paths::read_optional(&paths.theme(name)).ok().flatten();
        user.or_else(|| crate::config::theme::shipped(name))
    };
    let wanted = if wanted == "high-contrast" { "contrast" } else { wanted };
    let first = Theme::load(wanted, &source).map_err(|problems| {
        let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", texts.join("\n"))
    })?;
    let others = crate::config::theme::SHIPPED.iter().map(|(name, _)| *name).filter(|name| *name != wanted);
    let themes = std::iter::once(first).chain(others.map(Theme::shipped));
    Ok(themes.map(|theme| draw::Look { theme: theme.reduced(depth), ascii }).collect())
}
