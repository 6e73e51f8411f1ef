//! The versions of a parameter, their labels, and what differs between two of them.

use super::{
    facts::value_lines,
    secret::{Secret, wipe},
};
use crate::{
    console::{
        state::{
            cursor::Cursor,
            viewer::{Tone, Viewer, diff},
        },
        text::clean,
    },
    ssm::{self, ParameterType, Timestamp},
};

/// A version of a parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Its number.
    pub number: i64,
    /// Its labels.
    pub labels: Vec<String>,
    /// When it was made.
    pub at: Option<Timestamp>,
    /// By whom.
    pub by: String,
    /// Its type.
    pub kind: ParameterType,
    /// Its tier.
    pub tier: String,
    /// Its description.
    pub description: String,
    /// The key that seals it.
    pub key: String,
    /// The pattern its value had to match.
    pub pattern: String,
    /// Its value; of a secret, only while it is revealed.
    pub value: Option<Secret>,
    generation: u64,
}

impl Version {
    /// What it holds, line by line.
    pub fn lines(&self) -> Option<Vec<String>> {
        self.value.as_ref().map(|value| value_lines(&self.kind, value.expose()))
    }

    /// Facts and value as the lines that are compared.
    fn all_lines(&self) -> Vec<String> {
        self.lines_with(self.lines())
    }

    /// The same without the value of a secret, revealed or not.
    fn open_lines(&self) -> Vec<String> {
        self.lines_with(self.lines().filter(|_| self.kind != ParameterType::SecureString))
    }

    fn lines_with(&self, value: Option<Vec<String>>) -> Vec<String> {
        let facts = [
            ("type", self.kind.as_str()),
            ("tier", &self.tier),
            ("description", &self.description),
            ("key", &self.key),
            ("pattern", &self.pattern),
        ];
        let facts = facts.into_iter().filter(|(_, text)| !text.is_empty());
        let facts = facts.map(|(name, text)| format!("{name}: {}", clean(text)));
        let value = value.unwrap_or_else(|| vec![ssm::redact::MASK.to_owned()]);
        facts.chain(["value:".to_owned()]).chain(value.into_iter().map(|line| format!("  {line}"))).collect()
    }
}

/// The versions of one parameter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Versions {
    /// The versions, the newest first.
    pub list: Vec<Version>,
    /// Where one is.
    pub cursor: Cursor,
    /// The version kept for comparing.
    pub picked: Option<i64>,
    /// When revealed values are hidden again. `None`: none is revealed.
    pub until: Option<Timestamp>,
    generation: u64,
}

impl Versions {
    /// A refresh begins.
    pub fn begin(&mut self) {
        self.generation += 1;
    }

    /// Takes over a page. Values of secrets are kept only if they were asked for.
    pub fn land(&mut self, page: Vec<ssm::ParameterHistory>, revealed: bool) {
        let kept = self.current().map(|version| version.number);
        for source in page {
            let version = Version { generation: self.generation, ..version(source, revealed) };
            match self.list.iter_mut().find(|known| known.number == version.number) {
                Some(known) => *known = version,
                None => self.list.push(version),
            }
        }
        self.list.sort_by_key(|version| std::cmp::Reverse(version.number));
        self.stay_at(kept.filter(|_| self.cursor.at > 0));
    }

    /// The refresh is whole.
    pub fn finish(&mut self) {
        let (kept, generation) = (self.current().map(|version| version.number), self.generation);
        self.list.retain(|version| version.generation == generation);
        self.stay_at(kept);
    }

    fn stay_at(&mut self, number: Option<i64>) {
        if let Some(row) = number.and_then(|number| self.list.iter().position(|version| version.number == number)) {
            self.cursor.at = row;
        }
        self.cursor.clamp(self.list.len());
    }

    /// The version under the cursor.
    pub fn current(&self) -> Option<&Version> {
        self.list.get(self.cursor.at)
    }

    /// Every label with its version.
    pub fn labels(&self) -> impl Iterator<Item = (&str, i64)> {
        self.list.iter().flat_map(|version| version.labels.iter().map(|label| (label.as_str(), version.number)))
    }

    /// Keeps the version under the cursor for comparing, or lets it go.
    pub fn pick(&mut self) {
        let here = self.current().map(|version| version.number);
        self.picked = if self.picked == here { None } else { here };
    }

    /// Hides the values of secrets. Whether there were any.
    pub fn hide(&mut self) -> bool {
        let secrets = self.list.iter_mut().filter(|version| version.kind == ParameterType::SecureString);
        secrets.for_each(|version| version.value = None);
        self.until.take().is_some()
    }

    /// What writes the version under the cursor again: its number, the request without the value, and what differs from the
    /// version in force, line by line. Secrets stay hidden.
    ///
    /// # Errors
    /// In words, if there is nothing to restore.
    pub fn restoration(
        &self,
        name: &str,
        data_type: Option<String>,
    ) -> Result<(i64, ssm::PutParameter, Vec<String>), &'static str> {
        let here = self.current().ok_or("There is no version here.")?;
        let newest = self.list.first().filter(|newest| newest.number != here.number);
        let newest = newest.ok_or("This is the version in force.")?;
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        // What a request does not say stays as the version in force has it.
        let replaced = |text: &String, newest: &String| given(text).or_else(|| given(newest).map(|_| String::new()));
        // An advanced parameter cannot become a standard one again.
        let tier = if newest.tier == "Advanced" { &newest.tier } else { &here.tier };
        let put = ssm::PutParameter {
            name: name.to_owned(),
            r#type: Some(here.kind.clone()),
            description: replaced(&here.description, &newest.description),
            key_id: given(&here.key),
            allowed_pattern: replaced(&here.pattern, &newest.pattern),
            tier: given(tier).map(ssm::ParameterTier::from),
            data_type,
            overwrite: Some(true),
            ..Default::default()
        };
        let mut lines =
            vec![clean(name), format!("version {} in force now, {} again", newest.number, here.number), String::new()];
        let differs =
            diff(&newest.open_lines(), &here.open_lines()).into_iter().filter_map(|(tone, line)| match tone {
                Tone::Added => Some(format!("+ {line}")),
                Tone::Removed => Some(format!("- {line}")),
                _ => None,
            });
        let differs: Vec<_> = differs.collect();
        match (here.kind == ParameterType::SecureString, differs.is_empty()) {
            (true, _) => {
                lines.push("The value is a secret and stays hidden; reveal the versions to compare them.".to_owned())
            }
            (false, true) => lines.push("The two are the same.".to_owned()),
            (false, false) => {}
        }
        lines.extend(differs);
        Ok((here.number, put, lines))
    }

    /// The picked version compared with the one under the cursor, or that one with the one before it.
    ///
    /// # Errors
    /// In words, if there are not two.
    pub fn compare(&self, name: &str) -> Result<Viewer, &'static str> {
        let here = self.current().ok_or("There is no version here.")?;
        let other = match self.picked.filter(|picked| *picked != here.number) {
            Some(picked) => self.list.iter().find(|version| version.number == picked),
            None => self.list.get(self.cursor.at + 1),
        };
        let other = other.ok_or("There is no older version to compare with; pick another one first.")?;
        let (old, new) = if other.number < here.number { (other, here) } else { (here, other) };
        let title = format!("{} · version {} → {}", clean(name), old.number, new.number);
        let hidden = old.value.is_none() || new.value.is_none();
        let mut lines = diff(&old.all_lines(), &new.all_lines());
        if hidden {
            // Hidden values look the same whatever they are.
            lines.retain(|(tone, _)| matches!(tone, Tone::Added | Tone::Removed));
            lines.insert(0, (Tone::Heading, "The values are hidden and not compared.".to_owned()));
        }
        let mut viewer = Viewer::new(title, "versions.diff".to_owned(), lines);
        viewer.note = hidden.then(|| "The values are hidden: go back and reveal them to compare them.".to_owned());
        Ok(viewer)
    }
}

/// Overwrites the lines of a comparison.
pub fn wipe_lines(lines: &mut Vec<(Tone, String)>) {
    std::mem::take(lines).into_iter().for_each(|(_, line)| wipe(line));
}

fn version(source: ssm::ParameterHistory, revealed: bool) -> Version {
    let text = |value: &Option<String>| value.as_deref().map(clean).unwrap_or_default();
    let secret = source.r#type == Some(ParameterType::SecureString);
    // Without decryption the service answers the sealed value, which says nothing to anybody.
    let value = source.value.map(Secret::from).filter(|_| !secret || revealed);
    Version {
        number: source.version.unwrap_or(0),
        labels: source.labels.iter().map(|label| clean(label)).collect(),
        at: source.last_modified_date,
        by: text(&source.last_modified_user),
        kind: source.r#type.unwrap_or_default(),
        tier: source.tier.map(|tier| clean(tier.as_str())).unwrap_or_default(),
        description: text(&source.description),
        key: text(&source.key_id),
        pattern: text(&source.allowed_pattern),
        value,
        generation: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(number: i64, kind: ParameterType, value: &str) -> ssm::ParameterHistory {
        ssm::ParameterHistory {
            version: Some(number),
            r#type: Some(kind),
            value: Some(value.into()),
            labels: vec![format!("v{number}")],
            ..Default::default()
        }
    }

    #[test]
    fn the_newest_stands_first_and_what_a_refresh_lacks_is_gone() {
        let mut versions = Versions::default();
        versions.begin();
        versions.land((1..=3).map(|n| history(n, ParameterType::String, "x")).collect(), false);
        versions.finish();
        versions.cursor.at = 2;
        assert_eq!(versions.current().unwrap().number, 1);
        versions.begin();
        versions.land((2..=4).map(|n| history(n, ParameterType::String, "y")).collect(), false);
        versions.finish();
        assert_eq!(versions.list.iter().map(|v| v.number).collect::<Vec<_>>(), [4, 3, 2]);
        assert_eq!(versions.labels().next(), Some(("v4", 4)));
    }

    #[test]
    fn secrets_are_compared_only_while_they_are_revealed() {
        let secret = |n: i64, value: &str| history(n, ParameterType::SecureString, value);
        let mut versions = Versions::default();
        versions.land(vec![secret(1, "sealed-1"), secret(2, "sealed-2")], false);
        let viewer = versions.compare("/a").unwrap();
        assert!(viewer.note.is_some());
        assert!(!format!("{viewer:?}{versions:?}").contains("sealed"));
        versions.land(vec![secret(1, "old"), secret(2, "new")], true);
        versions.until = Some(Timestamp::from_millis(1));
        let tones: Vec<_> = versions.compare("/a").unwrap().lines.iter().map(|(tone, _)| *tone).collect();
        assert_eq!(tones, [Tone::Plain, Tone::Plain, Tone::Removed, Tone::Added]);
        assert!(versions.hide() && !versions.hide());
        assert!(versions.list.iter().all(|version| version.value.is_none()));
    }

    #[test]
    fn an_earlier_version_is_written_again_after_a_look_at_the_difference() {
        let mut versions = Versions::default();
        versions.land(vec![history(1, ParameterType::String, "old"), history(2, ParameterType::String, "new")], false);
        assert_eq!(versions.restoration("/a", None), Err("This is the version in force."));
        versions.cursor.at = 1;
        let (number, put, lines) = versions.restoration("/a", Some("text".to_owned())).unwrap();
        assert_eq!((number, put.overwrite, put.value.as_str()), (1, Some(true), ""));
        assert!(lines.contains(&"-   new".to_owned()) && lines.contains(&"+   old".to_owned()), "{lines:?}");
        assert_eq!((put.description, put.allowed_pattern), (None, None));
        // The old value need not match the new pattern.
        let mut versions = Versions::default();
        let mut newest = history(2, ParameterType::String, "new");
        (newest.description, newest.allowed_pattern) = (Some("new".to_owned()), Some("^n".to_owned()));
        versions.land(vec![history(1, ParameterType::String, "old"), newest], false);
        versions.cursor.at = 1;
        let (_, put, _) = versions.restoration("/a", None).unwrap();
        assert_eq!((put.description.as_deref(), put.allowed_pattern.as_deref()), (Some(""), Some("")));
        // A secret stays one, even while it is revealed.
        let secret = |n: i64, value: &str| history(n, ParameterType::SecureString, value);
        let mut versions = Versions::default();
        versions.land(vec![secret(1, "hunter1"), secret(2, "hunter2")], true);
        versions.cursor.at = 1;
        let (_, _, lines) = versions.restoration("/a", None).unwrap();
        assert!(!lines.concat().contains("hunter") && lines.concat().contains("stays hidden"), "{lines:?}");
    }

    #[test]
    fn any_two_versions_can_be_compared() {
        let mut versions = Versions::default();
        assert!(versions.compare("/a").is_err());
        versions.land((1..=4).map(|n| history(n, ParameterType::StringList, &format!("a,b{n}"))).collect(), false);
        versions.pick();
        versions.cursor.at = 3;
        assert_eq!(versions.compare("/a\u{1b}[2J").unwrap().title, "/a · version 1 → 4");
        versions.cursor.at = 0;
        versions.pick();
        versions.cursor.at = 3;
        assert!(versions.compare("/a").is_err());
    }
}
