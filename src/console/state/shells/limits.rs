//! How long a session may last: the idle time-out and the maximum duration of the session document it follows, counted down.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Tab;
use crate::{
    console::{
        effect::Effect,
        origin::Origin,
        state::{Pane, State},
    },
    ssm::{Timestamp, document::substitute::substitute},
};

/// The document that every session without a document of its own follows.
pub const PREFERENCES: &str = "SSM-SessionManagerRunShell";
/// The idle time-out of the service where the document says nothing.
const IDLE: Duration = Duration::from_secs(20 * 60);
/// From here on a countdown is urgent at most.
const URGENT: Duration = Duration::from_secs(60);
/// From here on it is worth a place in the tab.
pub const SOON: Duration = Duration::from_secs(5 * 60);

/// What becomes of the output of sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logging {
    /// The bucket that takes transcripts.
    pub bucket: Option<String>,
    /// The log group that takes them.
    pub group: Option<String>,
    /// Whether they are encrypted there by what the document demands.
    pub encrypted: bool,
}

/// What a session document says that a user should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Without input and output for so long a session ends.
    pub idle: Duration,
    /// After so long it ends in any case.
    pub longest: Option<Duration>,
    /// The key its bytes are sealed with on top of TLS.
    pub key: Option<String>,
    /// The user a shell runs as, where the document says so.
    pub run_as: Option<String>,
    /// Where transcripts go.
    pub logging: Logging,
}

/// What holds where no document says anything.
static UNSAID: Preferences = Preferences {
    idle: IDLE,
    longest: None,
    key: None,
    run_as: None,
    logging: Logging { bucket: None, group: None, encrypted: false },
};

impl Default for Preferences {
    fn default() -> Self {
        UNSAID.clone()
    }
}

/// The session document in force in each origin.
#[derive(Clone, Debug, Default)]
pub struct Known(Vec<(Origin, Preferences)>);

impl Known {
    /// What is said in an origin.
    pub fn of(&self, origin: Origin) -> &Preferences {
        self.0.iter().find(|(of, _)| *of == origin).map_or(&UNSAID, |(_, preferences)| preferences)
    }

    /// An origin says this.
    pub fn set(&mut self, origin: Origin, preferences: Preferences) {
        self.0.retain(|(of, _)| *of != origin);
        self.0.push((origin, preferences));
    }
}

impl Preferences {
    /// Reads the content of a session document: its `inputs`. What cannot be read counts as not said.
    pub fn parse(content: &str) -> Self {
        Self::parse_with(content, &BTreeMap::new())
    }

    /// [`parse`](Self::parse), with the values that a session was given for the document's parameters; those that it was not
    /// given have their defaults.
    pub fn parse_with(content: &str, given: &BTreeMap<String, Vec<String>>) -> Self {
        let document: Value = serde_json::from_str(content).unwrap_or_default();
        let defaults = document["parameters"].as_object().into_iter().flatten();
        let mut values: BTreeMap<String, Value> = defaults
            .filter_map(|(name, definition)| Some((name.clone(), definition.get("default")?.clone())))
            .collect();
        values.extend(given.iter().map(|(name, value)| (name.clone(), Value::from(value.join(",")))));
        let inputs = &substitute(&document["inputs"], &values);
        let text = |name: &str| inputs[name].as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let minutes = |name: &str| {
            let number = inputs[name].as_u64().or_else(|| text(name)?.parse().ok());
            number.filter(|minutes| *minutes > 0).map(|minutes| Duration::from_secs(minutes.saturating_mul(60)))
        };
        let yes = |name: &str| inputs[name].as_bool().unwrap_or_else(|| text(name).as_deref() == Some("true"));
        let (bucket, group) = (text("s3BucketName"), text("cloudWatchLogGroupName"));
        let encrypted = (bucket.is_none() || yes("s3EncryptionEnabled"))
            && (group.is_none() || yes("cloudWatchEncryptionEnabled"))
            && (bucket.is_some() || group.is_some());
        Self {
            idle: minutes("idleSessionTimeout").unwrap_or(IDLE),
            longest: minutes("maxSessionDuration"),
            key: text("kmsKeyId"),
            run_as: text("runAsDefaultUser").filter(|_| yes("runAsEnabled")),
            logging: Logging { bucket, group, encrypted },
        }
    }
}

/// What ends a session by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Nothing was typed or shown for too long.
    Idle,
    /// It lasted as long as it may.
    Duration,
}

/// What ends a session first if nothing happens, and in how long. `None` where its document could not be read: no clock is
/// better than a wrong one.
pub fn countdown(tab: &Tab, now: Timestamp) -> Option<(Ends, Duration)> {
    let preferences = tab.preferences.as_ref()?;
    let started = tab.started.filter(|_| tab.is_running())?;
    let idle = (Ends::Idle, preferences.idle.saturating_sub(now.since(tab.active.max(started))));
    let longest = longest_left(tab, now).map(|left| (Ends::Duration, left));
    Some(longest.filter(|longest| longest.1 <= idle.1).unwrap_or(idle))
}

/// From when on its countdown is urgent: in the last minute, and not before half of its time is over.
pub fn urgent(tab: &Tab, ends: Ends) -> Duration {
    let whole = tab.preferences.as_ref().and_then(|preferences| match ends {
        Ends::Idle => Some(preferences.idle),
        Ends::Duration => preferences.longest,
    });
    whole.map_or(URGENT, |whole| URGENT.min(whole / 2))
}

/// How long a session may last yet, whatever happens in it, where its document says that.
pub fn longest_left(tab: &Tab, now: Timestamp) -> Option<Duration> {
    let longest = tab.preferences.as_ref()?.longest?;
    Some(longest.saturating_sub(now.since(tab.started.filter(|_| tab.is_running())?)))
}

/// A time left as a clock shows it: `4:09`, above an hour `1:04:09`.
pub fn clock(left: Duration) -> String {
    crate::console::text::changes_in(Duration::from_nanos(u64::from(left.subsec_nanos())) + Duration::from_millis(1));
    let seconds = left.as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

impl State {
    /// Warns of shells that end soon and that nobody looks at.
    pub(in crate::console::state) fn warn_of_ends(&mut self, fx: &mut Vec<Effect>) {
        let now = self.now;
        let shown = self.shows(Pane::Shell) && self.window_focused;
        let looked_at = |id: u64| shown && self.shells.is_shown(id);
        let mut due = Vec::new();
        for tab in &self.shells.tabs {
            let left = countdown(tab, now).filter(|(ends, left)| *left <= urgent(tab, *ends) && !left.is_zero());
            let tell = left.filter(|_| !tab.warned_of_end && !looked_at(tab.id));
            due.push((tab.id, left.is_some() && (tab.warned_of_end || tell.is_some())));
            let Some((ends, left)) = tell else { continue };
            let idle = tab.preferences.as_ref().map_or(IDLE, |preferences| preferences.idle).as_secs() / 60;
            let (why, advice) = match ends {
                Ends::Idle => (
                    format!("it is ended after {idle} min in which nothing is typed or shown"),
                    "A key in it keeps it open.",
                ),
                Ends::Duration => ("it has lasted as long as sessions may".to_owned(), "Save what you have there."),
            };
            let words = format!("{} ends in {} s: {why}.", tab.name, left.as_secs());
            fx.push(Effect::Notify(words.clone()));
            self.notices.add(
                now,
                crate::console::state::notices::Weight::Warning,
                crate::console::update::Trouble::new(words, Some(advice)),
            );
            self.dirty = true;
        }
        for (id, warned) in due {
            if let Some(tab) = self.shells.tab_mut(id) {
                tab.warned_of_end = warned;
            }
        }
    }

    /// When the next shell has to be warned of.
    pub(in crate::console::state) fn ends_deadline(&self) -> Option<Timestamp> {
        let left = |tab: &Tab| countdown(tab, self.now).and_then(|(ends, left)| left.checked_sub(urgent(tab, ends)));
        let unwarned = self.shells.tabs.iter().filter(|tab| !tab.warned_of_end);
        let until = unwarned.filter_map(left);
        until.filter(|until| !until.is_zero()).min().map(|until| self.now.plus(until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_says_what_is_true_of_sessions() {
        let said = Preferences::parse(
            r#"{"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":{"idleSessionTimeout":"5",
            "maxSessionDuration":60,"s3BucketName":"logs","s3EncryptionEnabled":true,"kmsKeyId":"alias/shells",
            "runAsEnabled":"true","runAsDefaultUser":"ops"}}"#,
        );
        assert_eq!(said.idle, Duration::from_secs(300));
        assert_eq!(said.longest, Some(Duration::from_secs(3_600)));
        assert_eq!((said.key.as_deref(), said.run_as.as_deref()), (Some("alias/shells"), Some("ops")));
        assert_eq!(said.logging, Logging { bucket: Some("logs".into()), group: None, encrypted: true });
        for nothing in ["", "no json", "[]", r#"{"inputs":{"idleSessionTimeout":"","maxSessionDuration":"x"}}"#] {
            assert_eq!(Preferences::parse(nothing), Preferences::default());
        }
    }

    #[test]
    fn a_document_says_it_through_its_parameters_too() {
        let content = r#"{"schemaVersion":"1.0","sessionType":"Standard_Stream",
            "parameters":{"idle":{"type":"String","default":"7"},"most":{"type":"String"}},
            "inputs":{"idleSessionTimeout":"{{ idle }}","maxSessionDuration":"{{ most }}"}}"#;
        let minutes = |given: &[(&str, &str)]| {
            let given = given.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect();
            let said = Preferences::parse_with(content, &given);
            (said.idle.as_secs() / 60, said.longest.map(|longest| longest.as_secs() / 60))
        };
        assert_eq!(minutes(&[]), (7, None));
        assert_eq!(minutes(&[("idle", "3"), ("most", "90")]), (3, Some(90)));
    }

    #[test]
    fn times_left_read_like_a_clock() {
        assert_eq!(clock(Duration::from_secs(249)), "4:09");
        assert_eq!(clock(Duration::from_secs(3_849)), "1:04:09");
    }
}
