//! The terminal application: panes over a fleet, shells inside the panes.
//!
//! A loop of pure parts and one impure one: events and answers go into [`state::State`], effects come out as data,
//! [`effect::perform`] starts them, [`draw`] shows the state. It knows the client and nothing of engines or agents.

use std::{ffi::OsString, io::IsTerminal, path::PathBuf, sync::Arc};

use crate::{
    config::{
        keymap::{Keymap, Problem},
        paths::Paths,
        place::{Catalogue, Place},
        settings::Settings,
        written::{Written, line_of},
    },
    ssm::clock::Clock,
};

pub mod action;
mod alias;
pub mod command;
pub mod draw;
pub mod effect;
mod ground;
pub mod heir;
mod keeper;
mod keyboard;
pub mod keys;
mod ledger;
pub mod log;
mod looks;
pub mod opener;
pub mod origin;
pub mod probe;
mod pulse;
pub mod record;
mod reload;
pub mod replay;
mod reports;
pub mod sample;
pub mod session;
pub mod state;
pub mod term;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod text;
mod tty;
pub mod update;
mod watch;

pub use effect::perform::Connect;
pub use reload::Adjust;
pub use update::Trouble;

/// What the console is started with.
pub struct Options {
    /// The names of what to look at.
    pub scope: Vec<String>,
    /// What there is to look at. The settings' policies are added to it.
    pub catalogue: Catalogue,
    /// Makes the client for a place, however long that takes; the first frame does not wait for it.
    pub connect: Connect,
    /// The theme to use instead of the settings'.
    pub theme: Option<String>,
    /// The user's settings; see [`settings`].
    pub settings: Settings,
    /// What the command line and the place make of the user's settings, now and whenever they are read again.
    pub adjust: Adjust,
    /// Where the user's files are.
    pub paths: Paths,
    /// Where the console says how it was left, if it is to take that up again.
    pub session: Option<session::Session>,
    /// Where everything that happens is recorded, and whether with the output of commands and shells.
    pub record: Option<(PathBuf, bool)>,
    /// The words that start a program away from our terminal, before its own; without them it has a process group of its own.
    pub apart: Vec<OsString>,
}

/// So many messages can be read before they go.
const AT_ONCE: usize = 2;

/// Reads the user's settings file, if there is one. What is wrong with it is among its problems, and what is sound stands. Of a
/// file that cannot be read nobody knows what it says must not be done: then nothing is changed, and no program on a node writes the
/// clipboard.
pub fn settings(paths: &Paths) -> Settings {
    let path = paths.settings();
    let file = watch::shown(&path);
    match crate::config::paths::read_optional(&path) {
        Ok(Some(text)) => {
            let mut settings = read(&text);
            let unknown = looks::unknown(&text, &mut settings, &looks::Looks::names(paths));
            settings.problems.extend(unknown);
            settings.problems.sort_by_key(|problem| problem.line);
            settings.problems.iter_mut().for_each(|problem| problem.file.clone_from(&file));
            settings.commands.iter_mut().for_each(|command| command.file.clone_from(&file));
            settings
        }
        Ok(None) => Settings::default(),
        Err(error) => {
            let problem = Problem::at(&file, "", 0, format!("it cannot be read: {error}"));
            let problems = vec![problem.instead(crate::config::settings::UNREADABLE)];
            let clipboard = crate::config::settings::Clipboard::Deny;
            Settings { read_only: true, clipboard, is_damaged: true, problems, ..Settings::default() }
        }
    }
}

/// Reads a settings file. What it names that the console does not have is among its problems.
fn read(text: &str) -> Settings {
    let file = Written::of(text);
    let mut settings = Settings::read(&file);
    settings.problems.extend(state::list::columns::problems(file.text()));
    settings.problems.extend(state::shells::profile::problems(file.text()));
    let own: Vec<&str> = settings.commands.iter().map(|command| command.name.as_str()).collect();
    settings.problems.extend(alias::problems(file.text(), &own));
    settings.problems.sort_by_key(|problem| problem.line);
    settings
}

/// The accents that policies name, each with its line.
fn accents(paths: &Paths) -> Vec<(usize, String)> {
    let text = crate::config::paths::read_optional(&paths.settings()).ok().flatten().unwrap_or_default();
    let written = Written::of(&text);
    let table = written.table();
    let policies = table.get("policy").and_then(|policies| policies.get_ref().as_array()).into_iter().flatten();
    let accents = policies.filter_map(|policy| {
        let accent = policy.get_ref().as_table()?.get("accent")?;
        Some((line_of(&text, accent.span().start), accent.get_ref().as_str()?.to_owned()))
    });
    accents.collect()
}

/// The keymap in force: the shipped one with the user's over it, and what is wrong with them.
pub fn keymap(user: Option<(&str, &str)>) -> (Keymap<action::Action>, Vec<Problem>) {
    read_keymap(user, false)
}

/// The keymap of another console, which may have had commands of its user's own. Their keys do nothing here.
fn keymap_of_another(file: (&str, &str)) -> (Keymap<action::Action>, Vec<Problem>) {
    read_keymap(Some(file), true)
}

fn read_keymap(user: Option<(&str, &str)>, is_foreign: bool) -> (Keymap<action::Action>, Vec<Problem>) {
    let layers: Vec<&str> = action::Layer::ALL.iter().map(|(_, name, _)| *name).collect();
    let names: Vec<&str> = action::Action::ALL.iter().map(|entry| entry.name).chain(["none"]).collect();
    let vocabulary = crate::config::keymap::Vocabulary {
        layers: &layers,
        names: &names,
        action: &action::Action::named,
        outer: &|name| action::Layer::named(name).map_or(Vec::new(), action::Layer::outer_names),
        is_foreign,
    };
    Keymap::load(&vocabulary, user)
}

/// The keymap in force for this user, and what is wrong with it.
pub fn keymap_of_user(paths: &Paths) -> (Keymap<action::Action>, Vec<Problem>) {
    let path = paths.keymap();
    let file = watch::shown(&path);
    match crate::config::paths::read_optional(&path) {
        Ok(text) => keymap(text.as_deref().map(|text| (file.as_str(), text))),
        Err(error) => {
            let problem = Problem::at(&file, "", 0, format!("it cannot be read: {error}"));
            (keymap(None).0, vec![problem.instead("the shipped keys stand")])
        }
    }
}

/// What is wrong with the user's themes.
pub fn theme_problems(paths: &Paths) -> Vec<Problem> {
    let names = looks::Looks::names(paths);
    names.iter().flat_map(|name| looks::problems(paths, name)).collect()
}

/// Runs the console until the user leaves it.
///
/// # Errors
/// When there is no terminal, when a theme that was asked for cannot be used, or when the terminal is lost. That the service
/// cannot be reached is no error here: the console says so and stays.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let Options { scope, mut catalogue, connect, theme, mut settings, adjust, paths, session, record, apart } = options;
    adjust(&mut settings);
    let kind = std::env::var("TERM").ok();
    tty::check(std::io::stdout().is_terminal(), kind.as_deref()).map_err(anyhow::Error::msg)?;
    let files = watch::Files::look(&paths);
    let user = crate::config::paths::read_optional(&paths.keymap()).unwrap_or_default();
    let (keymap, problems) = keymap_of_user(&paths);
    let theme_is_given = theme.is_some();
    let theme = theme.unwrap_or_else(|| settings.theme.clone());
    // The first frame waits for no answer of the terminal: what is known of its ground is enough.
    let (mut looks, theme_problems) = match looks::Looks::new(paths.clone(), &settings, &theme) {
        Ok(begun) => begun,
        Err(problem) if theme_is_given => anyhow::bail!(problem),
        Err(problem) => {
            let usual = Settings::default().theme;
            let (looks, _) = looks::Looks::new(paths.clone(), &settings, &usual).map_err(anyhow::Error::msg)?;
            (looks, vec![format!("{}: theme: {problem}; {usual} stands", watch::shown(&paths.settings()))])
        }
    };
    let theme = looks.name().to_owned();
    let file = record.as_ref().map(|(path, _)| record::create(path)).transpose()?;
    let clock = Clock::system();
    catalogue.take(&settings);
    let places: Result<Vec<Place>, String> = scope.iter().map(|name| catalogue.place(name)).collect();
    let places = places.map_err(anyhow::Error::msg)?;
    let of_contexts: Vec<_> = catalogue.contexts.problems.iter().map(ToString::to_string).collect();
    let accents = accents(&paths).into_iter().filter(|(_, name)| looks.look().theme.accent(name).is_none());
    let unknown: Vec<String> = accents
        .map(|(line, name)| {
            format!("{}:{line}: [[policy]] accent: no role or colour \"{name}\"", watch::shown(&paths.settings()))
        })
        .collect();
    let mouse = settings.mouse;
    let recordings = paths.recordings(&settings);
    let (saved_views, views_problem) = match saved_views(&paths.views()) {
        Ok(views) => (views, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    let kept = kept_forwards(&paths.forwards());
    let mut forwards = state::forwards::Lasting { file: Some(paths.forwards()), ..Default::default() };
    let kept_problem = match kept {
        Ok(kept) => {
            forwards.kept = kept;
            None
        }
        Err(problem) => {
            forwards.file = None;
            Some(problem)
        }
    };
    let mut canaries = state::canary::left::Lasting::default();
    let mut ledgers = ledger::Ledgers::default();
    // A record begins where every console does.
    if let Some(session) = session.as_ref().filter(|_| file.is_none()) {
        if let Some((ledger, left)) = begin_ledger(&paths.running_forwards(), session) {
            (forwards.ledger, forwards.left) = (Some(ledger.file().to_owned()), left);
            ledgers.forwards = Some(ledger);
        }
        if let Some((ledger, left)) = begin_ledger(&paths.waiting_canaries(), session) {
            canaries = state::canary::left::Lasting::of(ledger.file().to_owned(), left);
            ledgers.canaries = Some(ledger);
        }
    }
    let kept = forwards.kept.clone();
    let read = reload::Read {
        paths: paths.clone(),
        adjust,
        theme_is_given,
        settings: settings.clone(),
        faults: if settings.is_damaged { settings.problems.clone() } else { Vec::new() },
        theme_fault: if theme_problems.is_empty() { None } else { looks.reload().err() },
        keymap: user,
        contexts: catalogue.contexts.clone(),
        files,
    };
    let mut state = state::State::new(state::Start {
        places,
        catalogue,
        settings,
        theme: theme.clone(),
        themes: looks::Looks::names(&paths),
        keymap: Arc::new(keymap),
        save_directory: paths.saved(),
        recordings,
        saved_views: (saved_views, paths.views()),
        forwards,
        canaries,
        opener: opener::Opener::here(),
        now: clock.now(),
    });
    // A record begins where every console does, so that it can be seen again.
    if let Some(left) = session.as_ref().filter(|_| file.is_none()).and_then(session::Session::read) {
        state.resume(left);
    }
    let problems = problems.iter().map(ToString::to_string).chain(theme_problems).chain(of_contexts);
    let problems: Vec<String> = problems.chain(unknown).collect();
    let wrong = problems.len() + read.settings.problems.len();
    problems.into_iter().for_each(|problem| state.warn(problem));
    if wrong > AT_ONCE {
        let what = format!("{wrong} things in your files are not in order; everything else in them is in force.");
        state.advise(what, "The messages list them all, with their lines; so does `fleetdeck paths`.");
    }
    let mut head = record::Head::of(&state, &theme, looks.look().ascii);
    // What is kept begins with the console like what the settings have.
    head.settings.forwards.extend(kept);
    head.size = crossterm::terminal::size().unwrap_or(head.size);
    let recorder = record::Recorder::new(head, file, record.is_some_and(|(_, output)| output));
    let reports = paths.state.join("reports");
    if let Some(problem) = views_problem {
        state.warn(format!("The saved views are left out: {problem}"));
    }
    if let Some(problem) = kept_problem {
        state.warn(format!("The kept forwards are left out: {problem}"));
    }
    let (sender, updates) = tokio::sync::mpsc::channel(256);
    let performer = effect::perform::Performer::new(connect, sender).starting(apart);
    let tty = tty::Tty::take(mouse)?;
    let ear = ground::Ear::default();
    let pulse = pulse::Pulse {
        state,
        tty,
        looks,
        read,
        keeper: session.map(keeper::Keeper::new),
        performer,
        updates,
        clock,
        recorder,
        reports,
        ear,
        noted: pulse::Noted::new(),
        held: None,
    };
    pulse.run(ledgers).await?;
    Ok(())
}

/// The ledger of this console in a directory, and what consoles of its scope have left there.
fn begin_ledger<E: ledger::Entry>(
    directory: &std::path::Path,
    session: &session::Session,
) -> Option<(ledger::Ledger<E>, Vec<E>)> {
    let begun = ledger::Ledger::begin(directory, &session.name());
    begun.inspect_err(|error| tracing::warn!(%error, directory = %directory.display(), "no ledger is kept")).ok()
}

/// The forwards that the console keeps.
///
/// # Errors
/// When their file cannot be read or is not in order; the error says where.
pub fn kept_forwards(path: &std::path::Path) -> anyhow::Result<Vec<crate::config::forward::Forward>> {
    let text = crate::config::paths::read_optional(path)?.unwrap_or_default();
    let forwards = crate::config::forward::Forwards::parse(&text);
    Ok(forwards.map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?.forwards)
}

/// The views that were saved.
fn saved_views(path: &std::path::Path) -> anyhow::Result<Vec<crate::config::view::View>> {
    let text = crate::config::paths::read_optional(path)?.unwrap_or_default();
    let views = crate::config::view::Views::parse(&text);
    Ok(views.map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?.views)
}
