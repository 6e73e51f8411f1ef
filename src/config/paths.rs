//! Where the user's files are: the XDG directories, on every system.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::settings::Settings;

/// The directories fleetdeck reads and writes. Nothing is created by asking for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Settings, key bindings, themes, contexts: `$XDG_CONFIG_HOME/fleetdeck`.
    pub config: PathBuf,
    /// The embedded engine and its agents: `$XDG_DATA_HOME/fleetdeck`.
    pub data: PathBuf,
    /// Logs, saved outputs, recordings: `$XDG_STATE_HOME/fleetdeck`.
    pub state: PathBuf,
}

impl Paths {
    /// The directories of this user.
    ///
    /// # Errors
    /// When the system names no home directory.
    pub fn discover() -> Result<Self, etcetera::HomeDirError> {
        let base = etcetera::base_strategy::Xdg::new()?;
        let below = |directory: PathBuf| directory.join("fleetdeck");
        let state = base.state_dir().unwrap_or_else(|| base.data_dir());
        Ok(Self { config: below(base.config_dir()), data: below(base.data_dir()), state: below(state) })
    }

    /// All three below one directory: for tests and for throw-away runs.
    pub fn below(root: &Path) -> Self {
        Self { config: root.join("config"), data: root.join("data"), state: root.join("state") }
    }

    /// The user's key bindings.
    pub fn keymap(&self) -> PathBuf {
        self.config.join("keymap.toml")
    }

    /// The user's settings.
    pub fn settings(&self) -> PathBuf {
        self.config.join("settings.toml")
    }

    /// Where the console's recordings go: where the settings say, a leading `~` being the home directory, or below the
    /// state directory.
    pub fn recordings(&self, settings: &Settings) -> PathBuf {
        let Some(set) = &settings.recordings else { return self.state.join("recordings") };
        match (set.strip_prefix("~"), etcetera::home_dir()) {
            (Ok(below), Ok(home)) => home.join(below),
            _ => set.clone(),
        }
    }

    /// The views the console keeps.
    pub fn views(&self) -> PathBuf {
        self.state.join("views.toml")
    }

    /// The forwarded ports the console keeps.
    pub fn forwards(&self) -> PathBuf {
        self.state.join("forwards.toml")
    }

    /// Which forwards consoles have under way: a file for each console.
    pub fn running_forwards(&self) -> PathBuf {
        self.state.join("forwards")
    }

    /// Which canaries of consoles have a rest that waits: a file for each console.
    pub fn waiting_canaries(&self) -> PathBuf {
        self.state.join("canaries")
    }

    /// The names of the user's fleets.
    pub fn contexts(&self) -> PathBuf {
        self.config.join("contexts.toml")
    }

    /// What the console tells about itself. One older file is kept beside it.
    pub fn log(&self) -> PathBuf {
        self.state.join("fleetdeck.log")
    }

    /// Texts that were saved in the console.
    pub fn saved(&self) -> PathBuf {
        self.state.join("saved")
    }

    /// Where the console was left, and what it showed: a file for each scope.
    pub fn sessions(&self) -> PathBuf {
        self.state.join("sessions")
    }

    /// How far sessions have counted, for consoles that take them over.
    pub fn attached(&self) -> PathBuf {
        self.state.join("attached")
    }

    /// The user's themes.
    pub fn themes(&self) -> PathBuf {
        self.config.join("themes")
    }

    /// The user's theme of a name.
    pub fn theme(&self, name: &str) -> PathBuf {
        self.themes().join(format!("{name}.toml"))
    }
}

/// Reads a file that may be absent.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn read_optional(path: &Path) -> std::io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_go_where_the_settings_say() {
        let paths = Paths::below(Path::new("/p"));
        let at = |recordings: Option<&str>| {
            paths.recordings(&Settings { recordings: recordings.map(PathBuf::from), ..Settings::default() })
        };
        assert_eq!(at(None), Path::new("/p/state/recordings"));
        assert_eq!(at(Some("/srv/tapes")), Path::new("/srv/tapes"));
        assert_eq!(at(Some("~/tapes")), etcetera::home_dir().unwrap().join("tapes"));
    }
}
