//! Which nodes targets stand for and what is wrong with the document, asked before anything is sent.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::queries::Asker;
use crate::{
    client::Error,
    console::{effect::Linted, state::plan::Resolved, update::Page},
    ssm::{
        self, DescribeDocument, GetDocument, Target,
        document::lint::{Finding, lint},
    },
};

/// The nodes that match one target: exactly, and but for capitals with the tag as they have it.
#[derive(Default)]
struct Matching {
    exact: HashSet<String>,
    near: BTreeMap<String, String>,
}

impl Asker {
    /// Resolves targets as `SendCommand` does: a node must match all of them. Without targets there is nothing to resolve,
    /// and a document that may not be looked at has no findings.
    ///
    /// Errors: those of `DescribeInstanceInformation`; [`Error::Config`] for targets that only the service can resolve.
    pub(super) async fn plan(&self, targets: Vec<Target>, document: Option<Linted>) -> Result<(), Error> {
        let findings = match &document {
            Some(document) => self.findings(document).await.unwrap_or_else(|error| {
                tracing::debug!("the document {} was not looked at: {error}", document.name);
                Vec::new()
            }),
            None => Vec::new(),
        };
        let mut known: BTreeMap<String, ssm::InstanceInformation> = BTreeMap::new();
        let mut all = Vec::new();
        for target in &targets {
            all.push(self.matching(target, &mut known).await?);
        }
        let matches = |id: &str| all.iter().all(|m: &Matching| m.exact.contains(id));
        let (mut nodes, mut near) = (Vec::new(), Vec::new());
        for (id, node) in known {
            if matches(&id) {
                nodes.push(node);
            } else if all.iter().all(|m| m.exact.contains(&id) || m.near.contains_key(&id)) {
                let tag = all.iter().find_map(|m| m.near.get(&id).filter(|_| !m.exact.contains(&id)));
                near.extend(tag.map(|tag| (node, tag.clone())));
            }
        }
        self.send(Page::Plan(Box::new(Resolved { nodes, near, findings }))).await;
        Ok(())
    }

    /// What is wrong with a document, in the lines of its text as it was written.
    async fn findings(&self, document: &Linted) -> Result<Vec<Finding>, Error> {
        let name = document.name.clone();
        let described = self.client.call(DescribeDocument { name: name.clone(), ..Default::default() }).await?;
        let document_format = described.document.and_then(|document| document.document_format);
        let answer = self.client.call(GetDocument { name, document_format, ..Default::default() }).await?;
        let format = answer.document_format.unwrap_or(ssm::DocumentFormat::Json);
        Ok(lint(answer.content.as_deref().unwrap_or_default(), &format, &document.given))
    }

    async fn matching(
        &self,
        target: &Target,
        known: &mut BTreeMap<String, ssm::InstanceInformation>,
    ) -> Result<Matching, Error> {
        let key = target.key.as_deref().unwrap_or_default();
        let mut matching = Matching::default();
        let by_id = key.eq_ignore_ascii_case("InstanceIds");
        if by_id && target.values.iter().any(|value| value == "*") {
            matching.exact = self.filtered(None, known).await?;
            return Ok(matching);
        }
        let name = match key {
            _ if by_id => "InstanceIds",
            key if key == "tag-key" || key.starts_with("tag:") => key,
            key => return Err(Error::Config(format!("only the service knows which nodes {key} stands for"))),
        };
        matching.exact = self.filtered(Some((name, target.values.clone())), known).await?;
        let Some(tag) = name.strip_prefix("tag:") else { return Ok(matching) };
        for spelling in spellings(&target.values) {
            for id in self.filtered(Some((name, vec![spelling.clone()])), known).await? {
                matching.near.entry(id).or_insert_with(|| format!("{tag}={spelling}"));
            }
        }
        Ok(matching)
    }

    /// The ids of nodes that pass a filter; what is known of them is kept.
    async fn filtered(
        &self,
        filter: Option<(&str, Vec<String>)>,
        known: &mut BTreeMap<String, ssm::InstanceInformation>,
    ) -> Result<HashSet<String>, Error> {
        let filter = filter.map(|(key, values)| ssm::InstanceInformationStringFilter { key: key.to_owned(), values });
        let list = ssm::DescribeInstanceInformation {
            filters: filter.into_iter().collect(),
            max_results: Some(50),
            ..Default::default()
        };
        let mut ids = HashSet::new();
        for node in self.client.all(list).await? {
            if let Some(id) = node.instance_id.clone() {
                known.insert(id.clone(), node);
                ids.insert(id);
            }
        }
        Ok(ids)
    }
}

/// The usual other spellings of values: in small letters, in capitals, with one capital first.
fn spellings(values: &[String]) -> BTreeSet<String> {
    let mut spellings = BTreeSet::new();
    for value in values {
        let lower = value.to_lowercase();
        let mut chars = lower.chars();
        let capital = chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>());
        spellings.extend([value.to_uppercase(), lower.clone()]);
        spellings.extend(capital);
    }
    spellings.retain(|spelling| !values.contains(spelling));
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_are_those_people_use() {
        let of = |value: &str| spellings(&[value.to_owned()]).into_iter().collect::<Vec<_>>();
        assert_eq!(of("Production"), ["PRODUCTION", "production"]);
        assert_eq!(of("WebServer"), ["WEBSERVER", "Webserver", "webserver"]);
        assert_eq!(of("42"), Vec::<String>::new());
        assert_eq!(spellings(&["a".to_owned(), "A".to_owned()]).len(), 0);
    }
}
