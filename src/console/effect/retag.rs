//! Tags that are to be others: what is added, what is taken away, and how it is taken back.

use serde::{Deserialize, Serialize};

use crate::{
    console::text::clean,
    ssm::{self, Operation, ResourceTypeForTagging, Tag},
};

/// New tags for a resource, against those it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retag {
    /// What kind of resource it is.
    pub resource: ResourceTypeForTagging,
    /// Its id, or its name.
    pub id: String,
    /// Its tags before.
    before: Vec<Tag>,
    /// Its tags after.
    after: Vec<Tag>,
}

impl Retag {
    /// The change from some tags to others; `None` if they are the same.
    pub fn between(resource: ResourceTypeForTagging, id: &str, before: Vec<Tag>, after: Vec<Tag>) -> Option<Self> {
        let change = Self { resource, id: id.to_owned(), before, after };
        (!change.added().is_empty() || !change.removed().is_empty()).then_some(change)
    }

    /// What takes it back.
    pub fn inverse(&self) -> Self {
        Self { before: self.after.clone(), after: self.before.clone(), ..self.clone() }
    }

    /// The tags that are new or have another value: for `AddTagsToResource`.
    pub fn added(&self) -> Vec<Tag> {
        self.after.iter().filter(|tag| !self.before.contains(tag)).cloned().collect()
    }

    /// The keys that go: for `RemoveTagsFromResource`.
    pub fn removed(&self) -> Vec<String> {
        let stays = |key: &str| self.after.iter().any(|tag| tag.key == key);
        self.before.iter().filter(|tag| !stays(&tag.key)).map(|tag| tag.key.clone()).collect()
    }

    /// The tags afterwards.
    pub fn after(&self) -> &[Tag] {
        &self.after
    }

    /// The operations it takes.
    pub fn operation(&self) -> &'static str {
        operations(!self.added().is_empty(), !self.removed().is_empty())
    }

    /// The operations that several of them take.
    pub fn operations(changes: &[Self]) -> &'static str {
        let adds = changes.iter().any(|change| !change.added().is_empty());
        let removes = changes.iter().any(|change| !change.removed().is_empty());
        operations(adds, removes)
    }

    /// Each tag that changes, as a line.
    pub fn lines(&self) -> Vec<String> {
        let before = |key: &str| self.before.iter().find(|tag| tag.key == key);
        let added = self.added().into_iter().map(|tag| match before(&tag.key) {
            Some(old) => format!("~ {}={}, was {}", tag.key, tag.value, old.value),
            None => format!("+ {}={}", tag.key, tag.value),
        });
        let removed = self.removed().into_iter().filter_map(|key| before(&key));
        let removed = removed.map(|old| format!("- {}={}", old.key, old.value));
        added.chain(removed).map(|line| clean(&line)).collect()
    }
}

fn operations(adds: bool, removes: bool) -> &'static str {
    match (adds, removes) {
        (true, false) => ssm::AddTagsToResource::NAME,
        (false, _) => ssm::RemoveTagsFromResource::NAME,
        (true, true) => "AddTagsToResource, RemoveTagsFromResource",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(list: &[(&str, &str)]) -> Vec<Tag> {
        list.iter().map(|(key, value)| Tag { key: (*key).to_owned(), value: (*value).to_owned() }).collect()
    }

    #[test]
    fn a_change_and_its_inverse_touch_what_differs_alone() {
        let before = tags(&[("Env", "test"), ("Role", "web"), ("Old", "1")]);
        let after = tags(&[("Env", "prod"), ("Role", "web"), ("New", "2")]);
        let kind = || ResourceTypeForTagging::ManagedInstance;
        assert_eq!(Retag::between(kind(), "mi-1", before.clone(), before.clone()), None);
        let change = Retag::between(kind(), "mi-1", before, after).unwrap();
        assert_eq!(change.lines(), ["~ Env=prod, was test", "+ New=2", "- Old=1"]);
        assert_eq!(
            (change.added(), change.removed()),
            (tags(&[("Env", "prod"), ("New", "2")]), vec!["Old".to_owned()])
        );
        let back = change.inverse();
        assert_eq!(back.lines(), ["~ Env=test, was prod", "+ Old=1", "- New=2"]);
        assert_eq!(back.inverse(), change);
    }
}
