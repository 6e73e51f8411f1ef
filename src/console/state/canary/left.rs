//! Canaries whose rest waited when a console ended or was killed: written down while they wait, and offered again by the next
//! console of the same scope. The ids alone are written down. What the rest is to run is what the canary ran, as the service
//! tells it: a script stands in no file of this machine.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::Staged;
use crate::{
    console::{
        effect::Effect,
        origin::Origin,
        state::{State, commands::command_outcome},
        text::{clean, count, cut},
    },
    ssm,
};

/// A canary and those that wait for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Whether the rest was agreed to and being sent, or had no answer: how much of it arrived, only the history knows.
    #[serde(default)]
    pub sending: bool,
    /// What of it is where.
    pub parts: Vec<Part>,
}

/// The part of a canary in one place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What the place is called.
    pub place: String,
    /// The ids of the commands that went ahead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// The ids of the nodes that wait.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "canary")]
    canaries: Vec<Entry>,
}

impl Entry {
    /// Reads the file of a console.
    ///
    /// # Errors
    /// With line and column, when the text is no TOML or names something unknown.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        toml::from_str::<File>(text).map(|file| file.canaries).map_err(|error| error.to_string())
    }

    /// The file's text.
    pub fn text(entries: &[Self]) -> String {
        toml::to_string(&File { canaries: entries.to_vec() }).unwrap_or_default()
    }

    fn waiting(&self) -> usize {
        self.parts.iter().map(|part| part.nodes.len()).sum()
    }
}

/// What outlasts a console.
#[derive(Clone, Debug, Default)]
pub struct Lasting {
    /// Where this console says what waits; nowhere if it leaves nothing behind.
    pub ledger: Option<PathBuf>,
    /// What earlier ones have left, and is not offered yet.
    pub left: Vec<Entry>,
    /// What the ledger says.
    noted: Vec<Entry>,
    /// The origins that have told what they know of those.
    answered: Vec<Origin>,
}

impl Lasting {
    /// What earlier consoles have left, and where this one says what waits, which is that so far.
    pub fn of(ledger: PathBuf, left: Vec<Entry>) -> Self {
        Self { ledger: Some(ledger), noted: left.clone(), left, ..Self::default() }
    }
}

impl State {
    /// What waits now, for the next console if this one ends.
    pub fn waiting_canaries(&self) -> Vec<Entry> {
        let place = |origin: Origin| self.origins.get(origin).map(|known| known.place.name.clone()).unwrap_or_default();
        let entry = |staged: &Staged| {
            let mut parts: BTreeMap<Origin, Part> = BTreeMap::new();
            for (origin, ids) in &staged.canary {
                parts.entry(*origin).or_default().commands.extend(ids.iter().cloned());
            }
            for (origin, rest) in &staged.rest {
                parts.entry(*origin).or_default().nodes.extend(rest.instance_ids.iter().cloned());
            }
            let parts = parts.into_iter().map(|(origin, part)| Part { place: place(origin), ..part }).collect();
            Entry { sending: staged.is_under_way() || staged.in_doubt, parts }
        };
        let waiting = self.staged.iter().filter(|staged| staged.is_known()).map(entry);
        waiting.chain(self.canaries.left.iter().cloned()).collect()
    }

    /// Says in the ledger what waits, when that has changed.
    pub(in crate::console::state) fn note_canaries(&mut self, fx: &mut Vec<Effect>) {
        let Some(path) = &self.canaries.ledger else { return };
        let waiting = self.waiting_canaries();
        if waiting != self.canaries.noted {
            fx.push(Effect::Keep { path: path.clone(), text: Entry::text(&waiting).into() });
            self.canaries.noted = waiting;
        }
    }

    /// Tells of what was being sent when a console ended: nobody knows here how far that came.
    pub(in crate::console::state) fn tell_left_canaries(&mut self) {
        let (sending, left) = std::mem::take(&mut self.canaries.left).into_iter().partition(|entry| entry.sending);
        self.canaries.left = left;
        let sending: Vec<Entry> = sending;
        for entry in sending {
            let ahead: Vec<_> =
                entry.parts.iter().flat_map(|part| &part.commands).map(|id| cut(&clean(id), 9)).collect();
            self.warn(format!(
                "fleetdeck ended while the rest of the canary {} ({}) was being sent. The history says which of them got it.",
                ahead.join(", "),
                count(entry.waiting(), "node")
            ));
        }
    }

    /// The canaries of an origin that earlier consoles have left, to ask what became of them.
    pub(in crate::console::state) fn left_canaries(&self, origin: Origin) -> Vec<String> {
        let parts = self.canaries.left.iter().flat_map(|entry| &entry.parts);
        let own = parts.filter(|part| self.origins.called(&part.place) == Some(origin));
        own.flat_map(|part| part.commands.clone()).collect()
    }

    /// More is known of commands: what waits for one of them can be offered again.
    pub(in crate::console::state) fn restore_canaries(&mut self) {
        for entry in std::mem::take(&mut self.canaries.left) {
            match self.restored(&entry) {
                None => self.canaries.left.push(entry),
                Some(staged) => {
                    for (origin, ids) in &staged.canary {
                        self.wait_for(*origin, ids.clone());
                    }
                    // Of one that has ended the end is told.
                    let ended = |origin: Origin, id: &String| {
                        let listed = self.commands.list.iter().find(|listed| listed.is(origin, id));
                        listed.is_some_and(|listed| command_outcome(&listed.command).is_final())
                    };
                    if !staged.canary.iter().all(|(origin, ids)| ids.iter().all(|id| ended(*origin, id))) {
                        let waiting = count(staged.waiting(), "node");
                        self.tell(format!("{waiting} wait for a canary that was sent before fleetdeck ended."));
                    }
                    self.agreed += 1;
                    self.staged.push(Staged { number: self.agreed, ..staged });
                }
            }
        }
    }

    /// What waits, as it was when it was written down; once the service has told what the canary ran.
    fn restored(&self, entry: &Entry) -> Option<Staged> {
        let parts: Option<Vec<_>> =
            entry.parts.iter().map(|part| Some((self.origins.called(&part.place)?, part))).collect();
        let parts = parts?;
        let known = |(origin, part): &(Origin, &Part)| {
            let listed = self.commands.list.iter().find(|listed| part.commands.iter().any(|id| listed.is(*origin, id)));
            listed.map(|listed| again(&listed.command))
        };
        let send = parts.iter().find_map(known)?;
        let ahead = parts.iter().filter(|(_, part)| !part.commands.is_empty());
        let after = parts.iter().filter(|(_, part)| !part.nodes.is_empty());
        let rest = |(origin, part): &(Origin, &Part)| {
            (*origin, ssm::SendCommand { instance_ids: part.nodes.clone(), ..send.clone() })
        };
        Some(Staged {
            canary: ahead.map(|(origin, part)| (*origin, part.commands.clone())).collect(),
            ..Staged::new(0, Vec::new(), after.map(rest).collect())
        })
    }

    /// An origin has told what it knows of them. What nobody knows any more cannot be sent, and that is said.
    pub(in crate::console::state) fn end_left_canaries(&mut self, origin: Origin) {
        if !self.canaries.left.is_empty() && !self.canaries.answered.contains(&origin) {
            self.canaries.answered.push(origin);
        }
        let answered = |part: &Part| {
            part.commands.is_empty()
                || self.origins.called(&part.place).is_some_and(|of| self.canaries.answered.contains(&of))
        };
        let (gone, left): (Vec<_>, Vec<_>) = self.canaries.left.iter().cloned().partition(|entry| {
            let here = entry.parts.iter().any(|part| self.origins.called(&part.place) == Some(origin));
            here && entry.parts.iter().all(answered)
        });
        self.canaries.left = left;
        for entry in gone {
            let waiting = count(entry.waiting(), "node");
            self.warn(format!(
                "{waiting} that waited for a canary when fleetdeck ended did not get its command: the service does not know the \
                 canary any more."
            ));
        }
    }
}

/// What a command ran, to be sent to other nodes.
fn again(command: &ssm::Command) -> ssm::SendCommand {
    // What a command has none of, the service tells as an empty text, and takes no such text.
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let logs = command.cloud_watch_output_config.as_ref();
    let logs = logs.filter(|config| config.cloud_watch_output_enabled == Some(true));
    ssm::SendCommand {
        document_name: command.document_name.clone().unwrap_or_default(),
        // The very document that the canary has shown to be good.
        document_version: text(&command.document_version),
        parameters: command.parameters.clone(),
        comment: text(&command.comment),
        timeout_seconds: command.timeout_seconds,
        max_concurrency: text(&command.max_concurrency),
        max_errors: text(&command.max_errors),
        output_s3_bucket_name: text(&command.output_s3_bucket_name),
        output_s3_key_prefix: text(&command.output_s3_key_prefix),
        cloud_watch_output_config: logs.map(|config| ssm::CloudWatchOutputConfig {
            cloud_watch_log_group_name: text(&config.cloud_watch_log_group_name),
            ..config.clone()
        }),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_read_as_it_was_written_and_says_no_more_than_ids() {
        let part = |place: &str, commands: &[&str], nodes: &[&str]| Part {
            place: place.to_owned(),
            commands: commands.iter().map(|id| (*id).to_owned()).collect(),
            nodes: nodes.iter().map(|id| (*id).to_owned()).collect(),
        };
        let parts = vec![part("prod", &["c-1"], &["mi-1", "mi-2"]), part("dev", &[], &["mi-3"])];
        let entries = vec![Entry { sending: true, parts }, Entry::default()];
        assert_eq!(Entry::parse(&Entry::text(&entries)), Ok(entries));
        assert_eq!(Entry::parse(""), Ok(Vec::new()));
        assert!(Entry::parse("[[canary]]\nscript = 'x'").is_err());
    }
}
