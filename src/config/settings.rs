//! The user's settings: one flat file, every entry optional, unknown entries refused with their line.

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
    /// From this many nodes on, a change must be confirmed by typing the count.
    pub confirm_above: usize,
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
    /// What is wrong with them; those that are sound stand.
    #[serde(skip)]
    pub problems: Vec<Problem>,
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
        #[serde(untagged)]
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

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: "auto".to_owned(),
            color: Colours::Auto,
            refresh: 15,
            refresh_running: 1,
            confirm_above: 10,
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

    /// Reads a settings file.
    ///
    /// # Errors
    /// With line and column, when the text is no TOML or names something unknown.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let mut settings: Self = toml::from_str(text)?;
        (settings.commands, settings.problems) = super::command::read(text);
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_overrides_only_what_it_names() {
        let settings = Settings::parse("theme = 'light'\nconfirm-above = 3\n").unwrap();
        assert_eq!(settings, Settings { theme: "light".to_owned(), confirm_above: 3, ..Settings::default() });
    }

    #[test]
    fn ports_are_forwarded_as_the_file_says() {
        let text = "[[forward]]\nname = 'db'\nnode = 'web-01'\nhost = 'db.internal'\nremote = 5432\nlocal = 15432\n\
                    [[forward]]\nnode = 'mi-1'\nremote = '80'\nlocal = '[::1]:8080'\nstart = false\n";
        let forwards = Settings::parse(text).unwrap().forwards;
        assert_eq!(forwards[0].host.as_deref(), Some("db.internal"));
        assert_eq!(
            (forwards[0].remote, forwards[0].local.to_string(), forwards[0].start),
            (5432, "127.0.0.1:15432".into(), true)
        );
        assert_eq!((forwards[1].local.to_string(), forwards[1].start), ("[::1]:8080".into(), false));
        let wrong = |line: &str| {
            let text = format!("[[forward]]\nnode = 'x'\nremote = 80\n{line}\n");
            Settings::parse(&text).unwrap_err().to_string()
        };
        assert!(wrong("local = '0.0.0.0:80'").contains("other machines"));
        assert!(wrong("local = 'here'").contains("no local end"));
        assert!(wrong("lokal = 1").contains("lokal"));
        assert!(
            Settings::parse("[[forward]]\nnode = 'x'\nremote = 0\n").unwrap_err().to_string().contains("1 to 65535")
        );
    }

    #[test]
    fn times_are_written_as_people_write_them() {
        let every = |text: &str| Settings::parse(&format!("sample-every = {text}\n")).map(|s| s.sample_every);
        let seconds = |n| Some(Every(Some(Duration::from_secs(n))));
        assert_eq!(every("'30s'").unwrap(), seconds(30));
        assert_eq!(every("45").unwrap(), seconds(45));
        assert_eq!(every("'2 m'").unwrap(), seconds(120));
        assert_eq!(every("'off'").unwrap(), Some(Every(None)));
        for wrong in ["'1s'", "'soon'", "'30 days'", "''", "-3", "'99999999999999999999h'"] {
            assert!(every(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_entry_is_named_with_its_line() {
        let error = Settings::parse("refresh = 5\nrefesh-running = 1\n").unwrap_err().to_string();
        assert!(error.contains("refesh-running") && error.contains("line 2"), "{error}");
    }
}
