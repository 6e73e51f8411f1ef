//! Tags of nodes and parameters that are edited.

use std::collections::BTreeMap;

use super::{
    Pane, State,
    form::{Editor, Field, Form, Purpose, Value},
    overlay::{Overlay, Question, Then, listed},
    undo::Inverse,
};
use crate::{
    console::{
        effect::{Change, Retag},
        origin::Origin,
        text::{clean, count},
    },
    ssm::{ResourceTypeForTagging, Tag},
};

mod together;

pub use together::Together;

/// Tags a resource may have.
pub(super) const MOST_TAGS: usize = 50;
/// Characters of a key, and of a value.
const LONGEST: (usize, usize) = (128, 256);

/// The resource whose tags a form edits.
#[derive(Clone, Debug, PartialEq)]
pub struct Tagged {
    /// Where it is.
    pub origin: Origin,
    /// What kind it is.
    pub resource: ResourceTypeForTagging,
    /// Its id, or its name.
    pub id: String,
    /// Its tags as the form began with them.
    pub before: Vec<Tag>,
}

impl Tagged {
    /// The change a form wants; `None` if it is none.
    ///
    /// # Errors
    /// In words, with the name of the field, when a line is no tag.
    pub fn change(&self, form: &Form) -> Result<Option<Retag>, (&'static str, String)> {
        let after = read(&form.answer("tags")).map_err(|problem| ("tags", problem))?;
        Ok(Retag::between(self.resource.clone(), &self.id, self.before.clone(), after))
    }
}

/// Reads tags, one on each line: `Key=Value`.
pub(super) fn read(text: &str) -> Result<Vec<Tag>, String> {
    let mut tags: Vec<Tag> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let (key, value) = (key.trim(), value.trim());
        let wrong = match () {
            () if key.is_empty() => Some("a tag needs a key before its ="),
            () if key.chars().count() > LONGEST.0 => Some("a key has 128 characters at most"),
            () if value.chars().count() > LONGEST.1 => Some("a value has 256 characters at most"),
            () if key.to_ascii_lowercase().starts_with("aws:") => Some("keys that begin with aws: are AWS's own"),
            () if tags.iter().any(|tag| tag.key == key) => Some("this key stands here twice"),
            () => None,
        };
        if let Some(wrong) = wrong {
            return Err(format!("{}: {wrong}", crate::console::text::cut(line, 40)));
        }
        tags.push(Tag { key: key.to_owned(), value: value.to_owned() });
    }
    match tags.len() {
        n if n > MOST_TAGS => Err(format!("{n} tags; a resource has {MOST_TAGS} at most")),
        _ => Ok(tags),
    }
}

/// The tags that are the user's to change: AWS's own are not.
fn own_tags(tags: &[(String, String)]) -> Vec<Tag> {
    let own = tags.iter().filter(|(key, _)| !key.starts_with("aws:"));
    own.map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

impl State {
    /// Opens the tags of what the cursor is on.
    pub(super) fn edit_tags(&mut self) {
        if self.pane == Pane::Fleet
            && self.node_view.is_none()
            && self.compare.is_none()
            && self.fleet.marked_count() > 0
        {
            return self.edit_marked_tags();
        }
        let found = match self.pane {
            Pane::Fleet | Pane::Compliance => self.tags_of_node(),
            Pane::Parameters => self.tags_of_parameter(),
            _ => Err("Nothing here has tags that can be edited; nodes and parameters have."),
        };
        let (origin, resource, id, name, known) = match found {
            Ok(found) => found,
            Err(why) => return self.tell(why),
        };
        if self.protects(origin) {
            return;
        }
        let before = own_tags(&known);
        if before.iter().any(|tag| tag.key.contains('=')) {
            return self.tell("A key of these tags has a = in it, which cannot be edited here.");
        }
        let text: Vec<_> = before.iter().map(|tag| format!("{}={}", tag.key, tag.value)).collect();
        let fields = vec![
            Field::of("of", "Of", "", Value::Fixed(name)),
            Field::of(
                "tags",
                "Tags",
                "one on each line: Key=Value; a line that goes is a tag that goes",
                Value::Text(Editor::new(&text.join("\n"))),
            ),
        ];
        let purpose = Purpose::Tags(Box::new(Tagged { origin, resource, id, before }));
        self.overlays.push(Overlay::Form(Box::new(Form::new("Tags", purpose, fields))));
    }

    fn tags_of_node(&self) -> Result<Found, &'static str> {
        let here = match self.pane {
            Pane::Compliance => self.compliance.node().and_then(|id| self.fleet.node(id)),
            _ => self.fleet.current(),
        };
        let node = here.ok_or("There is no node here.")?;
        if !node.id.starts_with("mi-") {
            return Err("An EC2 instance has its tags from EC2; they are changed there.");
        }
        // Those of the last time may have been changed since.
        let tags = node.tags.clone().filter(|_| !node.wants_tags());
        let tags = tags.ok_or("The tags of this node are not known yet.")?;
        Ok((
            node.origin,
            ResourceTypeForTagging::ManagedInstance,
            node.id.clone(),
            format!("{} ({})", node.name, node.id),
            tags,
        ))
    }

    fn tags_of_parameter(&self) -> Result<Found, &'static str> {
        let focus = self.parameters.focus().ok_or("Put the cursor on a parameter to edit its tags.")?;
        let tags = focus.tags.clone().ok_or("The tags of this parameter are not known yet.")?;
        Ok((
            self.parameters.origin,
            ResourceTypeForTagging::Parameter,
            focus.name.to_string(),
            clean(&focus.name),
            tags,
        ))
    }

    /// Asks whether tags shall be changed. `None`: nothing would be.
    pub(super) fn confirm_tags(&mut self, origin: Origin, change: Option<Retag>) {
        let Some(change) = change else {
            self.overlays.pop();
            return self.tell("The tags are as they were.");
        };
        self.ask_retag("Change these tags?", origin, change);
    }

    fn ask_retag(&mut self, title: &str, origin: Origin, change: Retag) {
        self.ask_retags(title, vec![(origin, vec![change])], Vec::new());
    }

    /// Asks whether the tags of some resources shall be changed: says what changes, and on which.
    pub(super) fn ask_retags(&mut self, title: &str, parts: Vec<(Origin, Vec<Retag>)>, told: Vec<String>) {
        if let [(origin, _)] = parts.as_slice()
            && self.protects(*origin)
        {
            return;
        }
        let all: Vec<(Origin, &Retag)> =
            parts.iter().flat_map(|(origin, changes)| changes.iter().map(|change| (*origin, change))).collect();
        let mut lines = match all.as_slice() {
            [(origin, one)] => vec![self.named(*origin, one), String::new()],
            _ => listed(&all, |(origin, change)| self.told_in(*origin, &self.named(*origin, change))),
        };
        match all.as_slice() {
            [(_, one)] => lines.extend(one.lines()),
            _ => {
                lines.push(String::new());
                let mut counts: BTreeMap<String, usize> = BTreeMap::new();
                for line in all.iter().flat_map(|(_, change)| change.lines()) {
                    *counts.entry(line).or_default() += 1;
                }
                // Where it is the same for all, nobody has to be counted.
                let on = |n: usize| if n < all.len() { format!(" on {n}") } else { String::new() };
                lines.extend(listed(&counts.into_iter().collect::<Vec<_>>(), |(line, n)| format!("{line}{}", on(*n))));
            }
        }
        lines.extend(told);
        let changes = parts.into_iter().map(|(origin, mut changes)| match changes.len() {
            1 => (origin, Change::Tag(Box::new(changes.remove(0)))),
            _ => (origin, Change::Tags(changes)),
        });
        self.pose(Question::new(title, lines, Then::Change(changes.collect())));
    }

    pub(super) fn named(&self, origin: Origin, change: &Retag) -> String {
        let node = self
            .fleet
            .node_in(origin, &change.id)
            .filter(|_| change.resource == ResourceTypeForTagging::ManagedInstance);
        node.map_or_else(|| clean(&change.id), |node| self.told_node(&node.node_id()))
    }

    /// Tags of some resources were changed.
    pub(super) fn tagged(&mut self, origin: Origin, changes: Vec<Retag>) {
        for change in &changes {
            self.take_tags(origin, change);
        }
        let what = match changes.as_slice() {
            [] => return,
            [one] => format!("the tags of {}", self.named(origin, one)),
            several => format!("the tags of {}", count(several.len(), "node")),
        };
        let taken_back = self.undo.last_mut().filter(|last| last.origin == origin).is_some_and(|last| {
            // What could not be taken back can be tried again.
            match &mut last.inverse {
                Inverse::Tags(inverse) if changes.iter().all(|change| inverse.contains(change)) => {
                    inverse.retain(|inverse| !changes.contains(inverse));
                    true
                }
                _ => false,
            }
        });
        if taken_back {
            self.undo.pop_if(|last| matches!(&last.inverse, Inverse::Tags(left) if left.is_empty()));
            return self.tell(format!("Took back the change of {what}."));
        }
        let inverse = Inverse::Tags(changes.iter().map(Retag::inverse).collect());
        let advice = self.can_be_taken_back(origin, what.clone(), inverse);
        self.tell(format!("Changed {what}.{advice}"));
    }

    fn take_tags(&mut self, origin: Origin, change: &Retag) {
        match change.resource {
            ResourceTypeForTagging::ManagedInstance => {
                if let Some(node) = self.fleet.node_mut(origin, &change.id) {
                    let tags = node.tags.take().unwrap_or_default();
                    let own = tags.into_iter().filter(|(key, _)| key.starts_with("aws:"));
                    let own = own.map(|(key, value)| Tag { key, value });
                    node.set_tags(&own.chain(change.after().iter().cloned()).collect::<Vec<_>>());
                }
            }
            _ => self.parameters.refresh_details(),
        }
    }
}

/// Where it is, kind, id, name to show, tags.
type Found = (Origin, ResourceTypeForTagging, String, String, Vec<(String, String)>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        console::{
            effect::Source,
            testing::Bench,
            update::{Changed, Page, Trouble, Update},
        },
        ssm,
    };

    fn fleet(read_only: bool) -> Bench {
        let mut bench = Bench::new(read_only);
        let node = |id: &str, name: &str| ssm::InstanceInformation {
            instance_id: Some(id.to_owned()),
            computer_name: Some(name.to_owned()),
            ..Default::default()
        };
        let nodes = vec![node("mi-1", "web-1"), node("i-2", "web-2")];
        bench.answer(Source::Nodes, Page::Nodes(nodes));
        let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
        let tags = vec![tag("Env", "test"), tag("aws:owner", "x"), tag("Old", "1")];
        let (_, epoch) = bench.asked(Source::Tags).unwrap();
        let page = Page::Tags { node: "mi-1".to_owned(), tags };
        bench.apply(Update::Page { source: Source::Tags, epoch, page });
        bench
    }

    fn retag(bench: &Bench) -> Retag {
        match bench.changes().last() {
            Some(Change::Tag(change)) => (**change).clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn tags_are_edited_and_taken_back_each_after_a_yes() {
        let mut bench = fleet(false);
        bench.press("t");
        assert!(bench.screen(80, 24).contains("Old=1"));
        bench.press("ctrl-a ctrl-k");
        bench.type_text("New=2");
        bench.press("ctrl-s");
        assert!(bench.changes().is_empty());
        let screen = bench.screen(80, 24);
        for said in ["web-1 (mi-1)", "+ New=2", "- Old=1", "AddTagsToResource, RemoveTagsFromResource"] {
            assert!(screen.contains(said), "{said}\n{screen}");
        }
        bench.press("y");
        let change = retag(&bench);
        bench.apply(Update::Changed(Origin::default(), Ok(Changed::Tagged(Box::new(change.clone()))), None));
        let tags = |bench: &Bench| bench.state.fleet.node(&"mi-1".into()).unwrap().tags.clone().unwrap();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(tags(&bench), [pair("Env", "test"), pair("New", "2"), pair("aws:owner", "x")]);
        bench.press("shift-m");
        assert!(bench.screen(100, 30).contains("the tags of web-1"));
        bench.press("esc z");
        assert!(bench.screen(80, 24).contains("+ Old=1"));
        bench.press("y");
        assert_eq!(retag(&bench), change.inverse());
        let back = retag(&bench);
        bench.apply(Update::Changed(Origin::default(), Ok(Changed::Tagged(Box::new(back))), None));
        assert_eq!(tags(&bench), [pair("Env", "test"), pair("Old", "1"), pair("aws:owner", "x")]);
        bench.press("z");
        assert!(bench.state.overlays.is_empty(), "what was taken back is not offered again");
    }

    #[test]
    fn a_refused_change_leaves_form_and_tags() {
        let mut bench = fleet(false);
        bench.press("t");
        bench.type_text("\nNew=2");
        bench.press("ctrl-s y");
        bench.apply(Update::Changed(Origin::default(), Err(Trouble::new("TooManyTagsError: no", None)), None));
        assert!(bench.screen(80, 24).contains("TooManyTagsError"));
        assert_eq!(bench.state.fleet.node(&"mi-1".into()).unwrap().tags.as_ref().map(Vec::len), Some(3));
        assert!(bench.state.undo.is_empty());
    }

    #[test]
    fn lines_that_are_no_tags_are_told() {
        for (text, told) in [("=x", "needs a key"), ("aws:x=1", "AWS's own"), ("a=1\na=2", "twice")] {
            assert!(read(text).unwrap_err().contains(told), "{text}");
        }
        assert!(read(&"k".repeat(129)).is_err() && read(&format!("k={}", "v".repeat(257))).is_err());
        assert_eq!(read("\n a = b=c \nflag\n").unwrap().len(), 2);
        let mut bench = fleet(true);
        bench.press("t z");
        assert!(bench.state.overlays.is_empty(), "a read-only console edits nothing");
        let mut bench = fleet(false);
        bench.press("j t");
        assert!(bench.state.overlays.is_empty() && bench.screen(80, 24).contains("from EC2"));
    }
}
