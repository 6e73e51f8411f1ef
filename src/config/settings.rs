//! The user's settings: one flat file, every entry optional. What is wrong in it is told with its line, and what stands instead.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{
    command::{self, Command},
    forward::Forward,
    guard::{self, Guard},
    keymap::Problem,
    place::Policy,
    session::SessionProfile,
    theme::Colours,
    view::{Columns, ScopeColumns, View},
    written::{self, Written},
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
    /// not be changed cannot be read, or stands under another name or in another place than its own, nothing is changed.
    pub fn read(file: &Written) -> Self {
        let mut reader = Reader::of(file);
        let mut settings = reader.settings();
        settings.read_only |= reader.guards;
        if reader.asks {
            settings.confirm_above = Threshold(0);
        }
        settings.is_damaged = !reader.problems.is_empty();
        let text = file.text();
        let told = reader.problems.into_iter();
        let told = told.map(|(at, what, instead)| Problem::of_settings(text, at, what).instead(instead));
        settings.problems = told.chain(reader.of_commands).collect();
        settings.problems.sort_by_key(|problem| problem.line);
        settings
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

/// What stands in a message where nothing is changed because it cannot be known what must not be.
const GUARDED: &str = "nothing is changed anywhere until a start with it in order";

/// The same for the places of a policy.
const GUARDED_THERE: &str = "its places are read-only until a start with it in order";

/// What stands where it cannot be known above how many nodes a change is to be confirmed.
const ASKED: &str = "confirm-above = 0 stands";

struct Reader<'a> {
    file: &'a Written,
    /// Where something is wrong, what it is and what stands instead.
    problems: Vec<(usize, String, String)>,
    /// What is wrong with the user's own commands.
    of_commands: Vec<Problem>,
    /// Whether something is lost that may have said what must not be changed.
    guards: bool,
    /// Whether something is lost that may have said what must be confirmed.
    asks: bool,
    /// Where something is lost of a policy.
    of_policies: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn of(file: &'a Written) -> Self {
        let (problems, of_commands, of_policies) = Default::default();
        Self { file, problems, of_commands, guards: false, asks: false, of_policies }
    }

    fn report(&mut self, at: usize, what: String, instead: impl Into<String>) {
        self.problems.push((at, what, instead.into()));
    }

    fn settings(&mut self) -> Settings {
        let file = self.file;
        let (mut plain, mut columns, mut aliases) = (DeTable::new(), Columns::default(), BTreeMap::new());
        let (mut views, mut forwards, mut sessions, mut policies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut commands = Vec::new();
        for (key, mut value) in file.table() {
            let name = key.get_ref().to_string();
            if name == "policy" {
                policies.extend(self.policies(&value));
                continue;
            }
            if Guard::near(&name) == Some(Guard::Policy) {
                policies.extend(self.misspelt_policies(&name, &value));
                continue;
            }
            self.misplaced(&name, &mut value);
            match name.as_str() {
                "view" => views = self.entries("[[view]]", &value, |_| None),
                "forward" => forwards = self.entries("[[forward]]", &value, |_| None),
                "session" => sessions = self.entries("[[session]]", &value, |_| None),
                "columns" => columns = self.columns(&value),
                "aliases" => aliases = self.texts("[aliases]", &value),
                "command" => (commands, self.of_commands) = command::read(file, &value),
                _ => self.plain(&mut plain, key, value),
            }
        }
        self.lost();
        let read = written::whole::<Settings>(plain, 0).unwrap_or_else(|(at, what)| {
            self.guards = true;
            self.report(at, what, GUARDED);
            Settings::default()
        });
        Settings { columns, aliases, views, forwards, sessions, policies, commands, ..read }
    }

    fn policies(&mut self, value: &Spanned<DeValue<'a>>) -> Vec<Policy> {
        let sections = value.get_ref().as_array().into_iter().flatten();
        let lost = sections.flat_map(|section| self.file.all_lost_of_section(section.span().start));
        self.of_policies.extend(lost.map(|lost| lost.start).collect::<Vec<_>>());
        self.entries("[[policy]]", value, |entry| Some(Policy::strict(entry)))
    }

    /// Policies under a name that is none, but like theirs: where they would hold nothing is changed.
    fn misspelt_policies(&mut self, name: &str, value: &Spanned<DeValue<'a>>) -> Vec<Policy> {
        let sections: Vec<_> = match value.get_ref() {
            DeValue::Array(array) => array.iter().collect(),
            _ => vec![value],
        };
        let what = format!("no section is called \"{name}\", but [[policy]] is");
        sections.iter().for_each(|section| self.report(section.span().start, what.clone(), GUARDED_THERE));
        sections.into_iter().map(Policy::strict).collect()
    }

    /// Takes out of an entry what says what must not be changed, and says nothing where it stands.
    fn misplaced(&mut self, name: &str, value: &mut Spanned<DeValue<'a>>) {
        let heading = match value.get_ref() {
            DeValue::Array(_) => format!("[[{name}]]"),
            _ => format!("[{name}]"),
        };
        for found in guard::take_misplaced(value.get_mut(), name == "aliases") {
            let (what, stands) = (found.name, found.guard.place());
            let instead = self.strictest(found.guard);
            self.report(found.start, format!("\"{what}\" says nothing below {heading}; {stands}"), instead);
        }
    }

    /// What stands where something that says this cannot be read.
    fn strictest(&mut self, guard: Guard) -> &'static str {
        match guard {
            Guard::ReadOnly | Guard::Policy => {
                self.guards = true;
                GUARDED
            }
            Guard::ConfirmAbove => {
                self.asks = true;
                ASKED
            }
        }
    }

    /// One of the entries that stand for themselves.
    fn plain(&mut self, sound: &mut DeTable<'a>, key: Spanned<DeString<'a>>, value: Spanned<DeValue<'a>>) {
        let name = key.get_ref().to_string();
        let mut alone = DeTable::new();
        alone.insert(key.clone(), value.clone());
        match written::whole::<Settings>(alone, key.span().start) {
            Ok(_) => drop(sound.insert(key, value)),
            Err((at, what)) => match Guard::near(&name) {
                Some(guard) => {
                    let what = match guard.name() {
                        called if called == name => format!("{name}: {what}"),
                        called => format!("no entry is called \"{name}\", but \"{called}\" is"),
                    };
                    let instead = self.strictest(guard);
                    self.report(at, what, instead);
                }
                // No entry is called so.
                None if at == key.span().start => self.report(at, what, "it is left out"),
                None => self.report(at, format!("{name}: {what}"), usual(&name)),
            },
        }
    }

    /// The tables of a list. One with something wrong in it is left out whole, or what `instead` makes of it stands.
    fn entries<T: Deserialize<'a>>(
        &mut self,
        heading: &str,
        value: &Spanned<DeValue<'a>>,
        instead: impl Fn(&Spanned<DeValue<'a>>) -> Option<T>,
    ) -> Vec<T> {
        let Some(array) = value.get_ref().as_array() else {
            self.report(value.span().start, format!("{heading} is expected here, with its entries below it"), "");
            // What it says of one place it says of all.
            return instead(value).into_iter().collect();
        };
        let mut sound = Vec::new();
        for element in array {
            let lost = self.file.lost_of_section(element.span().start).is_some();
            match written::entry(element) {
                Ok(entry) if !lost => sound.push(entry),
                read => {
                    let instead = instead(element);
                    let left = match &instead {
                        Some(_) => GUARDED_THERE,
                        None => "this one is left out",
                    };
                    for (at, what) in read.err().into_iter().flatten() {
                        self.report(at, format!("{heading}: {what}"), left);
                    }
                    sound.extend(instead);
                }
            }
        }
        sound
    }

    fn columns(&mut self, value: &Spanned<DeValue<'a>>) -> Columns {
        let mut columns = Columns::default();
        let Some(table) = value.get_ref().as_table() else {
            self.report(value.span().start, "[columns] is expected here, with the lists below it".to_owned(), "");
            return columns;
        };
        columns.lists = self.lists("[columns]", table, "scope");
        let (heading, left) = ("[[columns.scope]]", "this one is left out");
        let Some(scopes) = table.get("scope") else { return columns };
        let Some(sections) = scopes.get_ref().as_array() else {
            let what = format!("{heading} is expected here, with match and the lists below it");
            self.report(scopes.span().start, what, "it is left out");
            return columns;
        };
        for scope in sections {
            let Some(table) = scope.get_ref().as_table() else {
                self.report(scope.span().start, format!("{heading} is a table"), left);
                continue;
            };
            let lists = self.lists(heading, table, "match");
            match table.get("match").map(written::value::<String>) {
                Some(Ok(pattern)) => columns.scope.push(ScopeColumns { pattern, lists }),
                Some(Err((at, what))) => self.report(at, format!("{heading} match: {what}"), left),
                None => self.report(scope.span().start, format!("{heading}: it needs match"), left),
            }
        }
        columns
    }

    fn lists(&mut self, heading: &str, table: &DeTable<'a>, other: &str) -> BTreeMap<String, Vec<String>> {
        let mut lists = BTreeMap::new();
        for (name, value) in table.iter().filter(|(name, _)| **name.get_ref() != *other) {
            let name = name.get_ref().to_string();
            match written::value(value) {
                Ok(columns) => drop(lists.insert(name, columns)),
                Err((at, what)) => self.report(at, format!("{heading} {name}: {what}"), "the usual columns stand"),
            }
        }
        lists
    }

    fn texts(&mut self, heading: &str, value: &Spanned<DeValue<'a>>) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        let Some(table) = value.get_ref().as_table() else {
            self.report(value.span().start, format!("{heading} is expected here, with its entries below it"), "");
            return texts;
        };
        for (name, value) in table {
            let name = name.get_ref().to_string();
            match written::value(value) {
                Ok(text) => drop(texts.insert(name, text)),
                Err((at, what)) => self.report(at, format!("{heading} \"{name}\": {what}"), "it is left out"),
            }
        }
        texts
    }

    /// What is no TOML.
    fn lost(&mut self) {
        for lost in self.file.lost() {
            let part = self.file.original(lost);
            let what = match self.file.name_of(lost) {
                Some(name) => format!("{name}: {}", lost.what),
                None => lost.what.clone(),
            };
            if self.of_policies.contains(&lost.start) && !part.trim_end().contains('\n') {
                self.report(lost.start, what, GUARDED_THERE);
                continue;
            }
            let says = part.contains(Guard::ReadOnly.name()) || part.contains(Guard::Policy.name()) || lost.is_all;
            let near = self.file.names_in(lost).filter_map(Guard::near).min();
            let guard = if says { Some(Guard::ReadOnly) } else { near };
            let instead = guard.map(|guard| self.strictest(guard));
            let name = self.file.name_of(lost).filter(|_| self.file.is_before_sections(lost.start));
            match (instead, name) {
                (Some(instead), _) => self.report(lost.start, what, instead),
                (None, Some(name)) if has_entry(name) => self.report(lost.start, what, usual(name)),
                _ => self.report(lost.start, what, self.file.left_out(lost)),
            }
        }
    }
}

/// Whether an entry of this name stands for itself.
fn has_entry(name: &str) -> bool {
    toml::Table::try_from(Settings::default()).is_ok_and(|usual| usual.contains_key(name))
}

/// What stands in place of an entry that cannot be read.
fn usual(name: &str) -> String {
    let usual = toml::Value::try_from(Settings::default()).ok();
    match usual.as_ref().and_then(|usual| usual.get(name)) {
        Some(usual) => format!("{usual} stands"),
        None => "it counts as not set".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_overrides_only_what_it_names() {
        let settings = Settings::parse("theme = 'light'\nconfirm-above = 3\n").unwrap();
        assert_eq!(
            settings,
            Settings { theme: "light".to_owned(), confirm_above: Threshold(3), ..Settings::default() }
        );
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
    fn all_that_is_wrong_is_told_with_its_line_and_the_rest_stands() {
        let text = "theme = 'light'\nrefresh = 'soon'\nascii = 1\nconfirm-above = -1\nrefesh-running = 1\nclipboard = 'alow'\n\
                    sample-every = []\nscrollback = many\nmouse = false\nnotify = true\n\
                    [columns]\nfleet = 3\nsessions = ['node']\nforwards = ['name',\n 4]\n\
                    [[columns.scope]]\nfleet = ['name']\n[aliases]\na = 1\nb = 'help'\n\
                    [[view]]\nfilter = 'x'\n[[view]]\nname = 'ok'\n[[view]]\nname = 'v'\nsort = 'seen'\ngrup = 'tag:Env'\n\
                    [[forward]]\nnode = 'x'\nremote = 'ssh'\nhost = 3\n[[forward]]\nnode = 'x'\nremote = 22\n\
                    [[command]]\nname = 'c'\nrun = 'true'\nchanges = maybe\n[[forward]\nnode = 'y'\n";
        let settings = Settings::read(&Written::of(text));
        let told: Vec<_> = settings.problems.iter().map(ToString::to_string).collect();
        for expected in [
            "2: refresh: a whole number, 0 or more, is expected here, not a text; 15 stands",
            "3: ascii: true or false is expected here, not a number; false stands",
            "4: confirm-above: a whole number, 0 or more, is expected here, not a number below 0; confirm-above = 0 stands",
            "5: no entry is called \"refesh-running\", but \"refresh-running\" is; it is left out",
            "6: clipboard: there is no \"alow\"; there are ask, allow, deny; \"ask\" stands",
            "7: sample-every: a time such as \"30s\", or \"off\", is expected here; it counts as not set",
            "8: scrollback: a text stands in quotes; 10000 stands",
            "10: notify: a text in quotes is expected here; \"auto\" stands",
            "12: [columns] fleet: a list in brackets is expected here, not a number; the usual columns stand",
            "15: [columns] forwards: a text in quotes is expected here, not a number; the usual columns stand",
            "16: [[columns.scope]]: it needs match; this one is left out",
            "19: [aliases] \"a\": a text in quotes is expected here, not a number; it is left out",
            "21: [[view]]: it needs name; this one is left out",
            "27: [[view]]: sort: a list in brackets is expected here, not a text; this one is left out",
            "28: [[view]]: no entry is called \"grup\", but \"group\" is; this one is left out",
            "31: [[forward]]: remote: a port is a number from 1 to 65535; this one is left out",
            "32: [[forward]]: host: a text in quotes is expected here, not a number; this one is left out",
            "36: [[command]]: it must say whether it changes something: changes = true or false; it is left out",
            "39: changes: a text stands in quotes; the line is left out",
            "40: unclosed array table, expected `]`; what stands below it is left out too",
        ] {
            let expected = format!("settings.toml:{expected}");
            assert!(told.contains(&expected), "{expected} in {told:#?}");
        }
        assert_eq!(told.len(), 20, "{told:#?}");
        assert!(settings.is_damaged && !settings.read_only && !settings.mouse);
        assert_eq!((settings.theme.as_str(), settings.refresh, settings.columns.lists.len()), ("light", 15, 1));
        assert_eq!((settings.views.len(), settings.forwards.len(), settings.aliases.len()), (1, 1, 1));
    }

    #[test]
    fn nothing_is_changed_where_it_cannot_be_read_what_must_not_be() {
        let read = |text: &str| Settings::read(&Written::of(text));
        for text in [
            "read-only = 'yes'\n",
            "read-only = yes\n",
            "read_only = true\n",
            "[[policy]\nmatch = 'x'\n",
            "[[view]\nname = 'x'\nread-only = true\n",
            "= = =\n",
        ] {
            assert!(read(text).is_damaged, "{text}");
            assert_eq!(read(text).read_only, text != "= = =\n", "{text}: {:#?}", read(text).problems);
        }
        assert!(read("\u{1}\n".repeat(100).as_str()).read_only, "this is no settings file at all");
        let policy = |text: &str| {
            let settings = read(&format!("[[policy]]\n{text}\n"));
            assert!(settings.is_damaged && !settings.read_only, "{text}");
            let policy = &settings.policies[0];
            let told = settings.problems.iter().any(|problem| problem.to_string().ends_with(GUARDED_THERE));
            assert!(told, "{:#?}", settings.problems);
            (policy.pattern.clone(), policy.read_only, policy.theme.clone())
        };
        assert_eq!(policy("match = 'p*'\ntheme = 'dark'\nread_only = true"), ("p*".into(), true, Some("dark".into())));
        assert_eq!(policy("match = 'p*'\nconfirm-above = 'all'"), ("p*".into(), true, None));
        assert_eq!(policy("match = 'p*'\naccent = red"), ("p*".into(), true, None));
        assert_eq!(policy("match = 'p*'\nread-only = yes"), ("p*".into(), true, None));
        assert_eq!(policy("accent = 'production'"), ("*".into(), true, None));
        assert_eq!(policy("match = 3"), ("*".into(), true, None));
        let probe = |text: &str| read(&format!("[[policy]]\nmatch = 3\n{text}")).policies[0].probe;
        assert_eq!(
            ["", "probe = true", "probe = false", "probe = 'no'"].map(probe),
            [None, Some(true), Some(false), Some(false)]
        );
    }

    /// The lines that are told of a text, without what is wrong, and whether nothing is changed.
    fn guarded(text: &str) -> (Vec<String>, bool) {
        let settings = Settings::read(&Written::of(text));
        (settings.problems.iter().map(ToString::to_string).collect(), settings.read_only)
    }

    #[test]
    fn a_guard_that_is_misspelt_still_holds() {
        for (text, told) in [
            ("read_only = true\n", "1: no entry is called \"read_only\", but \"read-only\" is"),
            ("\nread_only = yes\n", "2: read_only: a text stands in quotes"),
            ("READONLY = 'yes'\n", "1: no entry is called \"READONLY\", but \"read-only\" is"),
            ("[read-only]\nx = 1\n", "1: read-only: true or false is expected here, not a table"),
            ("theme = 'dark'\n[[polcy]\nmatch = 'x'\n", "2: unclosed array table"),
            ("x = { read_only = yes }\n", "1: x: a text stands in quotes"),
        ] {
            let (problems, is_read_only) = guarded(text);
            let said = problems.iter().any(|said| said.contains(told) && said.ends_with(GUARDED));
            assert!(is_read_only && said, "{text}: {problems:#?}");
        }
        for name in ["polcy", "Policy", "policies"] {
            let text =
                format!("ascii = true\n[[{name}]]\nmatch = '*prod*'\nread-only = true\n[[{name}]]\nmatch = 'x'\n");
            let settings = Settings::read(&Written::of(&text));
            let places: Vec<_> =
                settings.policies.iter().map(|policy| (policy.pattern.as_str(), policy.read_only)).collect();
            assert_eq!(places, [("*prod*", true), ("x", true)], "{name}");
            let told: Vec<_> = settings.problems.iter().map(ToString::to_string).collect();
            let expected = format!("no section is called \"{name}\", but [[policy]] is; {GUARDED_THERE}");
            assert_eq!(told, [2, 5].map(|line| format!("settings.toml:{line}: {expected}")));
            assert!(settings.is_damaged && !settings.read_only && settings.ascii);
        }
        let settings = Settings::read(&Written::of("[policy]\nread-only = true\n"));
        assert!(settings.policies[0].read_only && settings.policies[0].pattern == "*");
    }

    #[test]
    fn a_guard_in_a_place_where_it_says_nothing_still_holds() {
        for (text, told) in [
            (
                "[columns]\nfleet = ['name']\nread-only = true\n",
                "3: \"read-only\" says nothing below [columns]; read-only stands above",
            ),
            (
                "[aliases]\nlost = 'filter ping:lost'\nread_only = true\n",
                "3: \"read_only\" says nothing below [aliases]",
            ),
            (
                "[[columns.scope]]\nmatch = 'x'\nfleet = ['name']\nread-only = true\n",
                "4: \"read-only\" says nothing below [columns]",
            ),
            ("[[view]]\nname = 'x'\nread-only = true\n", "3: \"read-only\" says nothing below [[view]]"),
            (
                "[[command]]\nname = 'c'\nrun = 'true'\nchanges = true\nread-only = true\n",
                "5: \"read-only\" says nothing below [[command]]",
            ),
            (
                "[[session]]\n[session.parameters]\nuser = 'ops'\nread-only = true\n",
                "4: \"read-only\" says nothing below [[session]]",
            ),
            ("[general]\nread-only = 'yes'\n", "2: \"read-only\" says nothing below [general]"),
            (
                "[[view]]\nname = 'x'\n[[view.policy]]\nmatch = '*'\n",
                "3: \"policy\" says nothing below [[view]]; [[policy]] is a section",
            ),
            ("[columns]\nread-only = yes\n", "2: read-only: a text stands in quotes"),
        ] {
            let (problems, is_read_only) = guarded(text);
            let said: Vec<_> = problems.iter().filter(|said| said.ends_with(GUARDED)).collect();
            assert!(is_read_only && said.len() == 1 && said[0].contains(told), "{text}: {problems:#?}");
            let settings = Settings::read(&Written::of(text));
            let sound =
                (settings.views.len(), settings.sessions.len(), settings.commands.len(), settings.aliases.len());
            let written =
                ["[[view]]", "[[session]]", "[[command]]", "lost"].map(|what| usize::from(text.contains(what)));
            assert_eq!(sound, written.into(), "what else stands there is sound: {text}");
        }
        for fine in [
            "[aliases]\nread-only = 'help'\npolicy = 'pane compliance'\n",
            "[[session]]\nparameters = { read-only = 'true', policy = ['a', 'b'] }\n",
            "[[policy]]\nmatch = 'x'\nread-only = false\nconfirm-above = 3\n",
        ] {
            assert_eq!(guarded(fine), (Vec::new(), false), "{fine}");
        }
    }

    #[test]
    fn columns_of_places_that_are_not_in_order_are_told() {
        for (text, told) in [
            ("[columns.scope]\nmatch = 'x'\nfleet = ['name']\n", "1: [[columns.scope]] is expected here"),
            ("[columns]\nscope = 3\n", "2: [[columns.scope]] is expected here"),
            ("[columns]\nscope = [3]\n", "2: [[columns.scope]] is a table"),
            ("[[columns.scope]]\nmatch = ['x']\n", "2: [[columns.scope]] match: a text in quotes"),
            ("[[columns.scope]]\nmatch = 'x'\nfleet = 'name'\n", "3: [[columns.scope]] fleet: a list in brackets"),
        ] {
            let settings = Settings::read(&Written::of(text));
            let all: Vec<_> = settings.problems.iter().map(ToString::to_string).collect();
            assert!(all.len() == 1 && all[0].starts_with(&format!("settings.toml:{told}")), "{text}: {all:#?}");
        }
    }

    #[test]
    fn where_it_cannot_be_read_what_is_confirmed_everything_is() {
        for text in [
            "confirm_above = 3\n",
            "confirm-above = 'all'\n",
            "confirm-above = many\n",
            "[columns]\nconfirm-above = 3\n",
        ] {
            let settings = Settings::read(&Written::of(text));
            let told: Vec<_> = settings.problems.iter().map(ToString::to_string).collect();
            assert!(told.len() == 1 && told[0].ends_with(ASKED), "{told:#?}");
            assert_eq!((settings.confirm_above.under(None), settings.read_only), (0, false), "{text}");
        }
        assert_eq!(Settings::parse("confirm-above = 3\n").unwrap().confirm_above.under(None), 3);
    }
}
