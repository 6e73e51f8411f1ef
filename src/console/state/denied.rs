//! What is not allowed: what is known here of the node that the refusal names. Policies go by the tags of nodes, and AWS's words
//! do not say which.

use super::State;
use crate::{client::denial::Denial, console::update::Trouble};

impl State {
    /// Adds to a refusal the tags of the node that it names.
    pub(super) fn explain(&self, trouble: Trouble) -> Trouble {
        let denial = Denial::read(&trouble.what);
        let Some(node) = denial.as_ref().and_then(|denial| self.fleet.listed(denial.resource_id()?).next()) else {
            return trouble;
        };
        let tags: Vec<_> = node
            .tags
            .iter()
            .flatten()
            .filter(|(key, _)| key != "Name")
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let told = match (&node.tags, tags.as_slice()) {
            (None, _) => return trouble,
            (_, []) => format!("{} has no tags, and policies allow nodes by their tags.", node.name),
            (_, tags) => {
                format!("{} has {}: policies allow nodes by such tags (ssm:resourceTag).", node.name, tags.join(", "))
            }
        };
        let advice = trouble.advice.as_deref().map_or_else(|| told.clone(), |advice| format!("{told} {advice}"));
        Trouble { advice: Some(advice), ..trouble }
    }
}
