//! The user's settings: one flat file, every entry optional.

mod read;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};

use super::{
    command::Command,
    forward::Forward,
    keymap::Problem,
    place::Policy,
    session::SessionProfile,
    theme::Colours,
    view::{Columns, View},
    written::Written,
};

/// What the user may set for the console. Times in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Theme by name: a shipped one or a file in the themes directory; `auto` is dark or light as the terminal is.
    pub theme: String,
    /// Colours: `auto`, `always`, `never`, `"16"`, `"256"` or `truecolor`.
    pub color: Colours,
    /// Seconds between background refreshes of the visible pane.
    pub refresh: u64,
    /// Seconds between looks at a command that is still running.
    pub refresh_running: u64,
    /// A change of more than so many nodes must be confirmed by typing the count.
    pub confirm_above: Threshold,
    /// Draw with ASCII alone.
    pub ascii: bool,
    /// Refuse everything that changes something, whatever the command line says.
    pub read_only: bool,
    /// Whether a read-only console may look into nodes, which begins sessions and commands with fixed scripts that change
    /// nothing. Not set: only where the endpoint is on this machine.
    pub probe: Option<bool>,
    /// Time between samples of the disks and the memory of all nodes, such as `30s` or `2m`; `off` for none. Not set: 30 s
    /// where the endpoint is on this machine, none elsewhere.
    pub sample_every: Option<Every>,
    /// Lines of scrollback a shell keeps.
    pub scrollback: usize,
    /// Seconds after which a revealed secret is hidden again.
    pub reveal: u64,
    /// Let clicks and the wheel reach the console. Off leaves selecting text to the terminal.
    pub mouse: bool,
    /// Ask before more than one line is pasted into a shell. Pasting into several shells is always asked about.
    pub paste_guard: bool,
    /// Keep the rows of the fleet (names, ids, tags, ping) for the first frame of the next start.
    pub cache: bool,
    /// What programs on nodes may do with the clipboard: `ask`, `allow` or `deny` to write; they never read it.
    pub clipboard: Clipboard,
    /// How copies reach the clipboard: `auto`, `osc52` (the terminal takes them), `native` (a program of this machine does) or
    /// `off`.
    pub copy: Copying,
    /// The directory of recordings of shells; below the state directory if it is not set. A leading `~` is the home.
    pub recordings: Option<PathBuf>,
    /// The columns of lists.
    pub columns: Columns,
    /// Lines of `:` by names of the user's own. What is wrong with them the console tells, which knows the verbs.
    pub aliases: BTreeMap<String, String>,
    /// Views of the fleet.
    #[serde(rename = "view")]
    pub views: Vec<View>,
    /// How the terminal tells what happened while the user looked elsewhere.
    pub notify: Notify,
    /// Ports that are forwarded.
    #[serde(rename = "forward")]
    pub forwards: Vec<Forward>,
    /// How shells are begun: the first whose filter lets a node through holds for it.
    #[serde(rename = "session")]
    pub sessions: Vec<SessionProfile>,
    /// What holds for places of a name.
    #[serde(rename = "policy")]
    pub policies: Vec<Policy>,
    /// Commands of the user's own.
    #[serde(rename = "command", deserialize_with = "read_apart", skip_serializing)]
    pub commands: Vec<Command>,
    /// What is wrong with the file; what is sound stands.
    #[serde(skip)]
    pub problems: Vec<Problem>,
    /// Whether some of it could not be read: entries of another kind than belongs there, names that are none, what is no TOML.
    #[serde(skip)]
    pub is_damaged: bool,
}

/// What is said of a file that cannot be read at all: nobody knows what it says must not be changed.
pub const UNREADABLE: &str = read::UNREADABLE;

/// What holds as long as something is wrong with the settings while they are in use, in a sentence. `None` where it is nothing that
/// may say what must not be done, or not without a question.
pub fn stricter(problem: &Problem) -> Option<&'static str> {
    match problem.instead.as_str() {
        read::GUARDED => Some("Nothing is changed anywhere until the file is in order."),
        read::UNREADABLE => {
            Some("Nothing is changed anywhere, and nodes write no clipboard, until the file is in order.")
        }
        read::GUARDED_THERE => Some("Its places are read-only until the file is in order."),
        read::DENIED => Some("Programs on nodes put nothing into the clipboard until the file is in order."),
        read::ASKED => Some("Whatever changes something is typed until the file is in order."),
        _ => None,
    }
}

/// Commands are read by [`super::command::read`], which tells all that is wrong at once.
fn read_apart<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Command>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| Vec::new())
}

/// Whether programs on nodes may write the clipboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clipboard {
    /// Each write is put to the user.
    #[default]
    Ask,
    /// Every write is carried out.
    Allow,
    /// None is.
    Deny,
}

impl Clipboard {
    /// The one of two that lets programs do less.
    #[must_use]
    pub fn or_stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::Deny, _) | (_, Self::Deny) => Self::Deny,
            (Self::Ask, _) | (_, Self::Ask) => Self::Ask,
            (Self::Allow, Self::Allow) => Self::Allow,
        }
    }
}

/// How copies reach the clipboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Copying {
    /// Through the terminal, and through a program of this machine where the terminal runs on it too.
    #[default]
    Auto,
    /// Through the terminal alone.
    Osc52,
    /// Through a program of this machine alone: `wl-copy`, `xclip`, `xsel` or `pbcopy`.
    Native,
    /// Not at all.
    Off,
}

/// Time between things that are done again and again. `None`: they are not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every(pub Option<Duration>);

impl Every {
    /// Samples are not taken more often than this.
    const LEAST: Duration = Duration::from_secs(5);

    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if matches!(text, "off" | "none" | "never" | "0") {
            return Ok(Self(None));
        }
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let unit = match unit.trim() {
            "" | "s" => Some(1),
            "m" => Some(60),
            "h" => Some(3_600),
            _ => None,
        };
        let seconds = number.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
        let every = seconds.map(Duration::from_secs).filter(|every| *every >= Self::LEAST);
        every
            .map(|every| Self(Some(every)))
            .ok_or_else(|| format!("{text:?} is no time: write 30s, 2m, 1h (5s is the least) or off"))
    }
}

impl Serialize for Every {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(every) => serializer.collect_str(&format_args!("{}s", every.as_secs())),
            None => serializer.serialize_str("off"),
        }
    }
}

impl<'de> Deserialize<'de> for Every {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a time such as \"30s\", or \"off\", is expected here")]
        enum Written {
            Seconds(u64),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Seconds(seconds) => seconds.to_string(),
            Written::Text(text) => text,
        };
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// How the terminal tells something to a user who looks elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notify {
    /// With a notification where the terminal is known to show them, else with the bell.
    #[default]
    Auto,
    /// With the bell.
    Bell,
    /// With the notification of iTerm2, WezTerm, Ghostty, kitty and Windows Terminal.
    Osc9,
    /// With the notification of rxvt, foot and VTE.
    Osc777,
    /// Not at all.
    Off,
}

/// Above how many nodes a change is confirmed by typing, where no policy says otherwise. It is read together with what a
/// policy says alone, so that none is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Threshold(usize);

impl Threshold {
    /// The number that holds in a place for which a policy says this, or nothing.
    pub fn under(self, policy: Option<usize>) -> usize {
        policy.unwrap_or(self.0)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: "auto".to_owned(),
            color: Colours::Auto,
            refresh: 15,
            refresh_running: 1,
            confirm_above: Threshold(10),
            ascii: false,
            read_only: false,
            probe: None,
            sample_every: None,
            scrollback: 10_000,
            reveal: 30,
            mouse: true,
            paste_guard: true,
            cache: true,
            clipboard: Clipboard::Ask,
            copy: Copying::Auto,
            recordings: None,
            columns: Columns::default(),
            aliases: BTreeMap::new(),
            views: Vec::new(),
            notify: Notify::Auto,
            forwards: Vec::new(),
            sessions: Vec::new(),
            policies: Vec::new(),
            commands: Vec::new(),
            problems: Vec::new(),
            is_damaged: false,
        }
    }
}

impl Settings {
    /// With views that were saved besides. Who saves one under a name of the settings means the saved one.
    #[must_use]
    pub fn with_views(mut self, saved: &[View]) -> Self {
        self.views.retain(|view| !saved.iter().any(|saved| saved.name == view.name));
        self.views.extend(saved.iter().cloned());
        self
    }

    /// Reads a settings file. What is wrong with it is among its problems, and the rest stands. Where something that says what must
    /// not be changed cannot be read, or stands under another name or in another place than its own, nothing is changed; where it
    /// says what becomes of the clipboard, no program on a node writes it.
    pub fn read(file: &Written) -> Self {
        read::settings(file)
    }

    /// Reads a settings file that is in order.
    ///
    /// # Errors
    /// All that is wrong with it.
    #[cfg(test)]
    pub fn parse(text: &str) -> Result<Self, String> {
        let settings = Self::read(&Written::of(text));
        let told: Vec<_> = settings.problems.iter().map(ToString::to_string).collect();
        if settings.is_damaged { Err(told.join("\n")) } else { Ok(settings) }
    }
}

#[cfg(test)]
mod tests;
