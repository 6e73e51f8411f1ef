//! Tags that are set or removed on all marked nodes at once.

use super::{
    super::{
        State,
        form::{Editor, Field, Form, Purpose, Value},
        overlay::Overlay,
    },
    MOST_TAGS, own_tags, read,
};
use crate::{
    console::{
        effect::Retag,
        origin::{NodeId, Origin},
        text::{clean, count, cut},
    },
    ssm::{ResourceTypeForTagging, Tag},
};

/// What is to become of the tags of several nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Together {
    /// Tags they get.
    pub set: Vec<Tag>,
    /// Keys they lose.
    pub removed: Vec<String>,
}

impl Together {
    /// Reads lines: `Key=Value` sets a tag, `-Key` removes one.
    ///
    /// # Errors
    /// In words, when a line is neither, or nothing would be done.
    pub fn read(text: &str) -> Result<Self, String> {
        let is_removal = |line: &&str| line.starts_with('-');
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let (removals, settings): (Vec<&str>, Vec<&str>) = lines.partition(is_removal);
        let set = read(&settings.join("\n"))?;
        let removed: Vec<String> = removals.iter().map(|line| line[1..].trim().to_owned()).collect();
        for key in &removed {
            let wrong = match () {
                () if key.is_empty() => "a key stands behind its -",
                () if key.to_ascii_lowercase().starts_with("aws:") => "keys that begin with aws: are AWS's own",
                () if set.iter().any(|tag| tag.key == *key) => "this key is both set and removed",
                () => continue,
            };
            return Err(format!("-{}: {wrong}", cut(key, 40)));
        }
        match set.is_empty() && removed.is_empty() {
            true => Err("say what is to be set, Key=Value, or removed, -Key".to_owned()),
            false => Ok(Self { set, removed }),
        }
    }

    /// The tags of a node afterwards.
    fn after(&self, before: &[Tag]) -> Vec<Tag> {
        let stays = |tag: &&Tag| !self.removed.contains(&tag.key) && !self.set.iter().any(|set| set.key == tag.key);
        before.iter().filter(stays).chain(&self.set).cloned().collect()
    }
}

impl State {
    /// Opens the form for the tags of all marked nodes.
    pub(super) fn edit_marked_tags(&mut self) {
        let nodes = self.fleet.marked();
        let names: Vec<_> = nodes.iter().filter_map(|id| self.fleet.node(id)).map(|node| node.name.as_str()).collect();
        let on = format!("{}: {}", count(nodes.len(), "node"), cut(&names.join(", "), 200));
        let fields = vec![
            Field::of("of", "Of", "", Value::Fixed(on)),
            Field::of(
                "tags",
                "Tags",
                "one on each line: Key=Value sets a tag, -Key removes one; other tags stay",
                Value::Text(Editor::new("")),
            ),
        ];
        let form = Form::new("Tags of the marked nodes", Purpose::Retag { nodes }, fields);
        self.overlays.push(Overlay::Form(Box::new(form)));
    }

    /// Asks whether the tags of nodes shall be changed so. What is wrong with that, and in which field.
    pub(in crate::console::state) fn confirm_together(
        &mut self,
        nodes: &[NodeId],
        text: &str,
    ) -> Result<(), (&'static str, String)> {
        let wanted = Together::read(text).map_err(|problem| ("tags", problem))?;
        let (writable, refused) = self.writable(nodes);
        let (mut parts, mut told) = (Vec::new(), Vec::new());
        let (mut elsewhere, mut unknown, mut same, mut full) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (origin, nodes) in writable {
            let mut changes = Vec::new();
            for node in nodes.iter().filter_map(|id| self.fleet.node_in(origin, id)) {
                let name = node.name.clone();
                let Some(tags) = node.tags.as_ref().filter(|_| !node.wants_tags()) else {
                    unknown.push(name);
                    continue;
                };
                if !node.id.starts_with("mi-") {
                    elsewhere.push(name);
                    continue;
                }
                let before = own_tags(tags);
                let (after, kind) = (wanted.after(&before), ResourceTypeForTagging::ManagedInstance);
                let too_many = after.len() > MOST_TAGS;
                match Retag::between(kind, &node.id, before, after) {
                    _ if too_many => full.push(name),
                    Some(change) => changes.push(change),
                    None => same.push(name),
                }
            }
            if !changes.is_empty() {
                parts.push((origin, changes));
            }
        }
        for (names, why) in [
            (same, "as wanted already"),
            (elsewhere, "left out, EC2 instances have their tags from EC2"),
            (unknown, "left out, their tags are not known yet"),
            (full, "left out, a node has 50 tags at most"),
        ] {
            if !names.is_empty() {
                told.push(format!("{why}: {}", cut(&clean(&names.join(", ")), 60)));
            }
        }
        told.extend(self.left_out(&refused));
        if parts.is_empty() {
            return Err(("tags", format!("nothing would change; {}", told.join("; "))));
        }
        let nodes: usize = parts.iter().map(|(_, changes): &(Origin, Vec<Retag>)| changes.len()).sum();
        self.ask_retags(&format!("Change the tags of {}?", count(nodes, "node")), parts, told);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{
        effect::{Change, Source},
        testing::Bench,
        update::{Changed, Page, Trouble, Update},
    };

    fn tag(key: &str, value: &str) -> Tag {
        Tag { key: key.to_owned(), value: value.to_owned() }
    }

    /// Nodes whose tags are known but for the last one's.
    fn fleet(count: usize) -> Bench {
        let mut bench = Bench::new(false);
        let node = |n: usize| crate::ssm::InstanceInformation {
            instance_id: Some(if n == 1 { "i-1".to_owned() } else { format!("mi-{n}") }),
            computer_name: Some(format!("web-{n}")),
            ..Default::default()
        };
        bench.answer(Source::Nodes, Page::Nodes((0..count).map(node).collect()));
        let (_, epoch) = bench.asked(Source::Tags).unwrap();
        for n in 0..count.saturating_sub(1) {
            let tags = vec![tag("Env", if n == 0 { "prod" } else { "test" }), tag("Old", "1"), tag("aws:x", "y")];
            let node = if n == 1 { "i-1".to_owned() } else { format!("mi-{n}") };
            bench.apply(Update::Page { source: Source::Tags, epoch, page: Page::Tags { node, tags } });
        }
        bench
    }

    fn retags(bench: &Bench) -> Vec<Retag> {
        match bench.changes().last() {
            Some(Change::Tags(changes)) => changes.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn marked_nodes_are_retagged_together_as_planned_and_taken_back_together() {
        let mut bench = fleet(5);
        bench.press("a t");
        bench.type_text("Env=prod\n-Old");
        bench.press("ctrl-s");
        let screen = bench.screen(90, 30);
        for said in [
            "Change the tags of 3 nodes?",
            "web-0 (mi-0)",
            "web-3 (mi-3)",
            "~ Env=prod, was test on 2",
            "- Old=1",
            "left out, EC2 instances have their tags from EC2: web-1",
            "their tags are not known yet: web-4",
            "AddTagsToResource, RemoveTagsFromResource",
        ] {
            assert!(screen.contains(said), "{said}\n{screen}");
        }
        assert!(bench.changes().is_empty());
        bench.press("y");
        let sent = retags(&bench);
        assert_eq!(sent.len(), 3);
        // One of them was refused, which is told by itself.
        let failed = vec![Trouble::new("mi-3: TooManyUpdates", None)];
        let done = sent[..2].to_vec();
        bench.apply(Update::Changed(Origin::default(), Ok(Changed::Retagged { done: done.clone(), failed }), None));
        let told = |bench: &Bench, text: &str| bench.state.notices.all().any(|n| n.trouble.what.contains(text));
        assert!(told(&bench, "mi-3: TooManyUpdates") && told(&bench, "Changed the tags of 2 nodes"));
        let env = |bench: &Bench, id: &str| bench.state.fleet.node(&id.into()).unwrap().tag("Env").map(str::to_owned);
        assert_eq!((env(&bench, "mi-2"), env(&bench, "mi-3")), (Some("prod".to_owned()), Some("test".to_owned())));
        assert_eq!(bench.state.fleet.node(&"mi-2".into()).unwrap().tag("aws:x"), Some("y"));
        bench.press("z");
        assert!(bench.screen(90, 30).contains("Take back what was changed"));
        bench.press("y");
        let back = retags(&bench);
        assert_eq!(back, done.iter().map(Retag::inverse).collect::<Vec<_>>());
        bench.apply(Update::Changed(Origin::default(), Ok(Changed::Retagged { done: back, failed: vec![] }), None));
        assert_eq!(env(&bench, "mi-2"), Some("test".to_owned()));
        assert!(bench.state.undo.is_empty());
    }

    #[test]
    fn many_nodes_have_their_number_typed() {
        let mut bench = fleet(30);
        bench.press("a t");
        bench.type_text("Team=sre");
        bench.press("ctrl-s y enter");
        assert!(bench.changes().is_empty());
        bench.press("ctrl-u");
        bench.type_text("28");
        bench.press("enter");
        assert_eq!(retags(&bench).len(), 28);
    }

    #[test]
    fn what_is_no_tag_or_changes_nothing_stays_in_the_form() {
        for (text, told) in [("", "-Key"), ("-", "behind its -"), ("-aws:x", "AWS's own"), ("a=1\n-a", "both")] {
            assert!(Together::read(text).unwrap_err().contains(told), "{text}");
        }
        let mut bench = fleet(3);
        bench.press("home space t");
        bench.type_text("Env=prod");
        bench.press("ctrl-s");
        let screen = bench.screen(90, 30);
        assert!(screen.contains("nothing would change") && screen.contains("Tags of the marked nodes"), "{screen}");
    }
}
