//! The user's files read again while the console runs. What is in order takes effect at once; what is not is told with its
//! place, and what was in force stays.

use super::{
    action::Action,
    effect::Effect,
    looks::Looks,
    pulse::Pulse,
    state::State,
    watch::{Files, shown},
};
use crate::config::{
    context::Contexts,
    keymap::{Keymap, Problem},
    paths::{Paths, read_optional},
    settings::Settings,
};

/// What the command line and the place make of the user's settings.
pub type Adjust = Box<dyn Fn(&mut Settings) + Send>;

/// The user's files as they were last read.
pub(super) struct Read {
    pub paths: Paths,
    pub adjust: Adjust,
    /// Whether the command line names the theme: then no file does.
    pub theme_is_given: bool,
    pub settings: Settings,
    /// What is wrong with the settings, if they are not those in force for that.
    pub faults: Vec<Problem>,
    /// What is wrong with the theme, if it is not in force as its file is for that.
    pub theme_fault: Option<String>,
    pub keymap: Option<String>,
    pub contexts: Contexts,
    /// The state they were in.
    pub files: Files,
}

impl Pulse {
    /// Reads all files again. What is to be done for what they say.
    #[must_use]
    pub(super) fn reload(&mut self) -> Vec<Effect> {
        self.state.dirty = true;
        self.reload_settings();
        reload_keymap(&mut self.read, &mut self.state);
        let mut fx = Vec::new();
        reload_contexts(&mut self.read, &mut self.state, &mut fx);
        self.state.themes = Looks::names(&self.read.paths);
        let outcome = self.looks.reload();
        let told = std::mem::replace(&mut self.read.theme_fault, outcome.as_ref().err().cloned());
        match outcome {
            Ok(true) => self.state.tell(format!("The theme {} is as its file says now.", self.looks.name())),
            Ok(false) => {}
            // Another file changed, and this one is as it was.
            Err(problem) if told.as_ref() == Some(&problem) => {}
            Err(problem) => self.state.advise(problem, "The theme stays as it was until its file is in order."),
        }
        fx
    }

    fn reload_settings(&mut self) {
        let path = self.read.paths.settings();
        let mut settings = super::settings(&self.read.paths);
        if settings.is_damaged {
            let told = std::mem::replace(&mut self.read.faults, settings.problems);
            for problem in self.read.faults.iter().filter(|problem| !told.contains(problem)) {
                self.state.advise(problem.fault(), "The settings stay as they were until the file is in order.");
            }
            return;
        }
        self.read.faults.clear();
        (self.read.adjust)(&mut settings);
        if settings == self.read.settings {
            return;
        }
        let before = std::mem::replace(&mut self.read.settings, settings.clone());
        if settings.theme != before.theme && !self.read.theme_is_given {
            self.state.set_theme(&settings.theme);
        }
        self.looks.set(&settings);
        // One key may have changed it since the file was read.
        if settings.mouse != self.state.settings.mouse {
            // A terminal that is gone shows itself with the next frame.
            let _ = self.tty.set_mouse(settings.mouse);
        }
        let governed = self.state.govern(&settings);
        governed.refusing.into_iter().for_each(|origin| self.performer.refuse_changes(origin));
        self.state.tell(match path.exists() {
            true => format!("{} is in force.", shown(&path)),
            false => format!("{} is gone: the usual settings are in force again.", shown(&path)),
        });
        if settings.forwards != before.forwards || governed.later || (before.read_only && !settings.read_only) {
            self.state.tell("Forwards, and leave to change things or to look into nodes, count from the next start.");
        }
        let (keymap, _) = keymap_of(&shown(&self.read.paths.keymap()), self.read.keymap.as_deref());
        self.state.take_settings(settings, keymap);
    }
}

fn keymap_of(name: &str, text: Option<&str>) -> (Keymap<Action>, Vec<Problem>) {
    super::keymap(text.map(|text| (name, text)))
}

fn reload_keymap(read: &mut Read, state: &mut State) {
    let path = read.paths.keymap();
    let text = match read_optional(&path) {
        Ok(text) => text,
        Err(error) => return state.warn(format!("{}: {error}", shown(&path))),
    };
    if text == read.keymap {
        return;
    }
    let (keymap, problems) = keymap_of(&shown(&path), text.as_deref());
    let is_gone = text.is_none();
    read.keymap = text;
    if problems.is_empty() {
        state.take_keymap(keymap);
        return state.tell(match is_gone {
            true => format!("{} is gone: the shipped keys are in force again.", shown(&path)),
            false => format!("{} is in force.", shown(&path)),
        });
    }
    for problem in problems {
        state.advise(problem.fault(), "The keys stay as they were until the file is in order.");
    }
}

fn reload_contexts(read: &mut Read, state: &mut State, fx: &mut Vec<Effect>) {
    let contexts = Contexts::of_file(&read.paths);
    if contexts == read.contexts {
        return;
    }
    for problem in &contexts.problems {
        state.advise(problem.fault(), "The contexts stay as they were until the file is in order.");
    }
    if contexts.problems.is_empty() {
        state.take_contexts(contexts.clone(), fx);
        state.tell(format!("{} is in force: @ chooses among what it names.", shown(&read.paths.contexts())));
    }
    read.contexts = contexts;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::place::Place, console::testing::Bench};

    fn read(paths: Paths) -> Read {
        Read {
            paths,
            adjust: Box::new(|_| {}),
            theme_is_given: false,
            settings: Settings::default(),
            faults: Vec::new(),
            theme_fault: None,
            keymap: None,
            contexts: Contexts::default(),
            files: Files::default(),
        }
    }

    #[test]
    fn keys_that_are_not_in_order_are_told_and_change_nothing() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        std::fs::create_dir_all(&paths.config).unwrap();
        let mut bench = Bench::new(false);
        let mut read = read(paths);
        let write = |read: &Read, text: &str| std::fs::write(read.paths.keymap(), text).unwrap();

        write(&read, "[fleet]\nx = 'open-shell'\ns = 'none'\n");
        reload_keymap(&mut read, &mut bench.state);
        assert_eq!(bench.state.key_for(Action::OpenShell).as_deref(), Some("x"));

        write(&read, "[fleet]\nx = 'explode'\nhyperspace = 'mark'\n");
        reload_keymap(&mut read, &mut bench.state);
        assert_eq!(bench.state.key_for(Action::OpenShell).as_deref(), Some("x"));
        let told: Vec<_> = bench.state.notices.all().map(|notice| notice.trouble.what.clone()).collect();
        for line in ["keymap.toml:2: [fleet] \"x\"", "keymap.toml:3: [fleet] \"hyperspace\""] {
            assert!(told.iter().any(|told| told.contains(line)), "{line} in {told:#?}");
        }

        std::fs::remove_file(read.paths.keymap()).unwrap();
        reload_keymap(&mut read, &mut bench.state);
        assert_eq!(bench.state.key_for(Action::OpenShell).as_deref(), Some("s"));
        let told = bench.state.notices.all().next().map(|notice| notice.trouble.what.clone()).unwrap();
        assert!(told.contains("keymap.toml is gone: the shipped keys are in force again"), "{told}");
    }

    #[test]
    fn a_context_that_was_not_in_order_is_called_once_it_is() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        std::fs::create_dir_all(&paths.config).unwrap();
        std::fs::write(paths.contexts(), "[context.prod]\nregion = 3\n").unwrap();
        let contexts = Contexts::of_file(&paths);
        let broken = Place::from_context("prod", contexts.context["prod"].clone());
        assert!(
            broken.read_only && broken.context.broken.as_ref().unwrap().contains("contexts.toml:2: [context.prod]")
        );
        let mut bench = Bench::at(Settings::default(), vec![broken]);
        let mut read = read(paths);
        read.contexts = contexts;
        let mut fx = Vec::new();
        std::fs::write(read.paths.contexts(), "[context.prod]\nregion = 'eu-west-1'\n[context.new]\n").unwrap();
        reload_contexts(&mut read, &mut bench.state, &mut fx);
        let place = fx.iter().find_map(|effect| match effect {
            Effect::Connect { place, .. } => Some(place),
            _ => None,
        });
        let place = place.unwrap_or_else(|| panic!("{fx:#?}"));
        assert_eq!((place.context.region.as_deref(), place.context.broken.as_ref()), (Some("eu-west-1"), None));
        assert!(bench.state.catalogue.names().contains(&"new".to_owned()));
    }
}
