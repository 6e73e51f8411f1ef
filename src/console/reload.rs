//! The user's files read again while the console runs. What is in order takes effect at once; what is not is told with its
//! place, and what was in force stays.

use super::{
    action::Action,
    looks::Looks,
    pulse::Pulse,
    state::State,
    watch::{Files, shown},
};
use crate::config::{
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
    pub keymap: Option<String>,
    /// The state they were in.
    pub files: Files,
}

impl Pulse {
    /// Reads all files again.
    pub(super) fn reload(&mut self) {
        self.state.dirty = true;
        self.reload_settings();
        reload_keymap(&mut self.read, &mut self.state);
        self.state.themes = Looks::names(&self.read.paths);
        match self.looks.reload() {
            Ok(true) => self.state.tell(format!("The theme {} is as its file says now.", self.looks.name())),
            Ok(false) => {}
            Err(problem) => self.state.advise(problem, "The theme stays as it was until its file is in order."),
        }
    }

    fn reload_settings(&mut self) {
        let path = self.read.paths.settings();
        let mut settings = match super::settings(&self.read.paths) {
            Ok(settings) => settings,
            Err(error) => {
                return self
                    .state
                    .advise(format!("{error:#}"), "The settings stay as they were until the file is in order.");
            }
        };
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
        self.state.tell(format!("{} is in force.", shown(&path)));
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
    read.keymap = text;
    if problems.is_empty() {
        state.take_keymap(keymap);
        return state.tell(format!("{} is in force.", shown(&path)));
    }
    for problem in problems {
        state.advise(problem.to_string(), "The keys stay as they were until the file is in order.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::testing::Bench;

    #[test]
    fn keys_that_are_not_in_order_are_told_and_change_nothing() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        std::fs::create_dir_all(&paths.config).unwrap();
        let mut bench = Bench::new(false);
        let settings = Settings::default();
        let mut read = Read {
            paths,
            adjust: Box::new(|_| {}),
            theme_is_given: false,
            settings,
            keymap: None,
            files: Files::default(),
        };
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
    }
}
