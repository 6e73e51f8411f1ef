//! The nodes of the demo: names, tags, and one activation each.

use crate::{
    client::{Client, Error},
    ssm::{CreateActivation, Sensitive, Tag},
};

/// What one node is called and where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name and, where the system allows it, its host name.
    pub name: String,
    /// The value of the tag `Environment`.
    pub environment: &'static str,
    /// The value of the tag `Role`.
    pub role: &'static str,
    /// The value of the tag `PatchGroup`.
    pub patch_group: &'static str,
}

/// A small company's machines; a larger fleet has more of the same.
const PLAN: &[(&str, &str, &str, &str)] = &[
    ("web", "Production", "web", "linux-critical"),
    ("web", "Production", "web", "linux-critical"),
    ("api", "Production", "api", "linux-critical"),
    ("db", "Production", "database", "linux-manual"),
    ("web", "Staging", "web", "linux-early"),
    ("build", "Development", "build", "linux-early"),
];

/// The first `count` nodes, with names of their own.
pub fn nodes(count: usize) -> Vec<Node> {
    let mut used = std::collections::BTreeMap::new();
    let plan = PLAN.iter().cycle().take(count);
    plan.map(|(kind, environment, role, patch_group)| {
        let number = used.entry(*kind).and_modify(|number| *number += 1).or_insert(1);
        Node { name: format!("{kind}-{number:02}"), environment, role, patch_group }
    })
    .collect()
}

/// Makes the activation that gives a node its name and tags: id and code.
pub async fn activate(client: &Client, node: &Node) -> Result<(String, Sensitive), Error> {
    let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
    let request = CreateActivation {
        description: Some("Sample data: a node of the demo".to_owned()),
        default_instance_name: Some(node.name.clone()),
        iam_role: "service-role/AmazonEC2RunCommandRoleForManagedInstances".to_owned(),
        registration_limit: Some(1),
        tags: vec![tag("Environment", node.environment), tag("Role", node.role), tag("PatchGroup", node.patch_group)],
        ..CreateActivation::default()
    };
    let answer = client.call(request).await?;
    match (answer.activation_id, answer.activation_code) {
        (Some(id), Some(code)) => Ok((id, code)),
        _ => Err(Error::Protocol("the answer to CreateActivation has no code".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_has_a_name_of_its_own() {
        let nodes = nodes(40);
        let names: std::collections::BTreeSet<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!((names.len(), nodes[0].name.as_str(), nodes[4].name.as_str()), (40, "web-01", "web-03"));
    }
}
