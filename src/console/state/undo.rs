//! Changes that were made here and can be taken back: tags, and new versions of parameters. Taking back is a change like any
//! other, asked about and refused where one may only look.

use super::{
    State,
    overlay::{Question, Then},
};
use crate::{
    console::{
        action::Action,
        effect::{Change, Effect, Query, Retag, TakeBack},
        origin::Origin,
        text::{clean, count, span},
    },
    ssm::Timestamp,
};

/// Changes that can be taken back.
const KEPT: usize = 50;

/// A change that was made and can be taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct Undoable {
    /// When it was made.
    pub at: Timestamp,
    /// Where it was made.
    pub origin: Origin,
    /// What was changed: `the tags of web-1`.
    pub what: String,
    /// What takes it back.
    pub inverse: Inverse,
}

/// What takes a change back.
#[derive(Clone, Debug, PartialEq)]
pub enum Inverse {
    /// The tags that were there, for each resource that was changed.
    Tags(Vec<Retag>),
    /// The version of a parameter that was there.
    Parameter(TakeBack),
}

impl Undoable {
    /// What would change, line by line; of several resources each line once.
    pub fn lines(&self) -> Vec<String> {
        match &self.inverse {
            Inverse::Tags(inverse) => {
                let mut lines: Vec<String> = inverse.iter().flat_map(Retag::lines).collect();
                lines.sort();
                lines.dedup();
                lines
            }
            Inverse::Parameter(back) => vec![match back.before {
                Some(before) => format!("version {before} again"),
                None => "delete it".to_owned(),
            }],
        }
    }
}

impl State {
    /// A change was made that can be taken back. What to add to the words that tell of it.
    pub(super) fn can_be_taken_back(&mut self, origin: Origin, what: String, inverse: Inverse) -> String {
        self.undo.push(Undoable { at: self.now, origin, what, inverse });
        if self.undo.len() > KEPT {
            self.undo.remove(0);
        }
        let key = self.keymap.key_for(&self.layer_names(), Action::Undo);
        key.map(|key| format!(" {key} takes it back.")).unwrap_or_default()
    }

    /// Asks whether the last change that can be taken back shall be.
    pub(super) fn ask_undo(&mut self) {
        let Some(last) = self.undo.last().cloned() else {
            return self
                .tell("Nothing was changed here that can be taken back; changed tags and written parameters can.");
        };
        let ago = span(self.now.since(last.at));
        let title = format!("Take back what was changed {ago} ago?");
        // Nobody shall take them for a part of what is asked.
        let earlier = self.undo.len() - 1;
        let others = (earlier > 0).then(|| {
            format!("Nothing else is taken back; {} can be taken back after it.", count(earlier, "earlier change"))
        });
        let others: Vec<String> = others.into_iter().collect();
        match last.inverse {
            Inverse::Tags(inverse) => self.ask_retags(&title, vec![(last.origin, inverse)], others),
            Inverse::Parameter(back) => self.ask_take_back(&title, last.origin, back, others),
        }
    }

    fn ask_take_back(&mut self, title: &str, origin: Origin, back: TakeBack, others: Vec<String>) {
        if self.protects(origin) {
            return;
        }
        let mut lines = vec![clean(&back.name)];
        match back.before {
            Some(before) => lines.extend([
                format!("version {before} is written again, as the newest; {} is in force now", back.written),
                "Its value is fetched for that and not shown. If another version was written since, nothing changes; one that \
                 is written in that very moment would be overwritten, which is then told."
                    .to_owned(),
            ]),
            None => lines.push(
                "It was created then and is deleted, which cannot be taken back; what reads it will fail.".to_owned(),
            ),
        }
        lines.extend(others);
        let is_deleted = back.before.is_none();
        let mut question = Question::new(title, lines, Then::change(origin, Change::TakeBack(Box::new(back))));
        if is_deleted {
            question = question.typing_at_least("delete");
        }
        self.pose(question);
    }

    /// A version of a parameter was written here. What to add to the words that tell of it.
    pub(super) fn version_written(&mut self, origin: Origin, name: &str, written: i64) -> String {
        let before = (written > 1).then(|| written - 1);
        let back = TakeBack { name: name.to_owned(), written, before, made: None };
        self.can_be_taken_back(origin, clean(name), Inverse::Parameter(back))
    }

    /// What is known of parameters has come: when those were written that were written here.
    pub(super) fn date_versions(&mut self) {
        for undo in self.undo.iter_mut().filter(|undo| undo.origin == self.parameters.origin) {
            if let Inverse::Parameter(back) = &mut undo.inverse
                && back.made.is_none()
                && let Some(facts) = self.parameters.facts(&back.name)
                && facts.version == Some(back.written)
            {
                back.made = facts.modified;
            }
        }
    }

    /// A parameter is gone: no version of it can be written again.
    pub(super) fn forget_versions(&mut self, origin: Origin, name: &str) {
        self.undo.retain(|undo| !undo.is_of(origin, name));
    }

    /// A version of a parameter was taken back: the one before it is in force again as this version, or the parameter is gone.
    pub(super) fn taken_back(&mut self, origin: Origin, back: &TakeBack, version: Option<i64>, fx: &mut Vec<Effect>) {
        self.undo.retain(|undo| !undo.takes_back(origin, back));
        let name = clean(&back.name);
        let Some(version) = version else {
            self.tell(format!("Took back that {name} was created: it is deleted."));
            self.forget_versions(origin, &back.name);
            if origin == self.parameters.origin {
                self.parameters.remove(&back.name, self.now);
            }
            return;
        };
        // What was written before that one is in force again, under another number.
        for undo in self.undo.iter_mut().filter(|undo| undo.origin == origin) {
            if let Inverse::Parameter(earlier) = &mut undo.inverse
                && earlier.name == back.name
                && Some(earlier.written) == back.before
            {
                (earlier.written, earlier.made) = (version, None);
            }
        }
        let before = back.before.unwrap_or_default();
        self.tell(format!("Took back the change of {name}: version {version} says what {before} did."));
        if version > back.written + 1 {
            self.warn(format!(
                "{name} was written by someone else in the same moment: version {} was overwritten. Compare the versions, and \
                 restore it if it is the right one.",
                version - 1
            ));
        } else if version <= back.written {
            // Numbers begin anew only where there was none.
            self.warn(format!("{name} was deleted by someone else in the same moment, and is there again by this."));
            self.forget_versions(origin, &back.name);
        }
        if origin == self.parameters.origin {
            self.parameters.hide();
            self.parameters.go_to(&back.name, self.now);
            self.ask(origin, Query::Parameter(back.name.clone()), fx);
        }
    }

    /// A version was not taken back, since another is in force by now, or the parameter is gone. It never can be: what was
    /// written since would be lost.
    pub(super) fn overtaken(&mut self, origin: Origin, back: &TakeBack, newest: Option<i64>, fx: &mut Vec<Effect>) {
        self.undo.retain(|undo| !undo.takes_back(origin, back));
        let Some(newest) = newest else {
            self.warn(format!("{} is deleted already. Nothing was changed.", clean(&back.name)));
            self.forget_versions(origin, &back.name);
            if origin == self.parameters.origin {
                self.parameters.remove(&back.name, self.now);
            }
            return;
        };
        if newest == back.written {
            self.forget_versions(origin, &back.name);
            return self.warn(format!(
                "{} was deleted and created again by someone else since. Nothing was changed.",
                clean(&back.name)
            ));
        }
        self.warn(format!(
            "{} was written by someone else since: version {newest} is in force and not {}. Nothing was changed; its versions \
             can be compared and restored.",
            clean(&back.name),
            back.written
        ));
        if origin == self.parameters.origin {
            self.ask(origin, Query::Parameter(back.name.clone()), fx);
        }
    }
}

impl Undoable {
    /// Whether it is this version of a parameter; when that was written may have become known meanwhile.
    fn takes_back(&self, origin: Origin, back: &TakeBack) -> bool {
        let is_it = |own: &TakeBack| own.name == back.name && own.written == back.written;
        self.origin == origin && matches!(&self.inverse, Inverse::Parameter(own) if is_it(own))
    }

    /// Whether it is of a parameter.
    fn is_of(&self, origin: Origin, name: &str) -> bool {
        self.origin == origin && matches!(&self.inverse, Inverse::Parameter(back) if back.name == name)
    }
}
