//! How shells on some nodes are begun: `[[session]]`.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Deserializer, Serialize};

use super::settings::Every;

/// How sessions on the nodes that a filter lets through are begun.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SessionProfile {
    /// The nodes, in the language of the fleet's filter: `tag:Env=prod`, `name:web origin:stage`. Empty: all of them.
    #[serde(rename = "match")]
    pub filter: String,
    /// The session document; the preferences of the account if none is named.
    pub document: Option<String>,
    /// The document's parameters: a text or a list of them each.
    #[serde(deserialize_with = "values")]
    pub parameters: BTreeMap<String, Vec<String>>,
    /// How often the connection is tried, such as `30s`, which it is if nothing is said.
    pub keepalive: Option<Every>,
}

impl SessionProfile {
    /// The time between two tries of the connection, if it says one.
    pub fn keep_alive(&self) -> Option<Duration> {
        self.keepalive.and_then(|every| every.0)
    }
}

fn values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text, or a list of texts, is expected here")]
    enum Written {
        One(String),
        Several(Vec<String>),
    }
    let written: BTreeMap<String, Written> = BTreeMap::deserialize(deserializer)?;
    let values = |written| match written {
        Written::One(value) => vec![value],
        Written::Several(values) => values,
    };
    Ok(written.into_iter().map(|(name, written)| (name, values(written))).collect())
}

#[cfg(test)]
mod tests {
    use crate::config::settings::Settings;

    #[test]
    fn sessions_are_begun_as_the_file_says() {
        let text = "[[session]]\nmatch = 'tag:Env=prod'\ndocument = 'Ops-Shell'\nkeepalive = '20s'\n\
                    parameters = { user = 'ops', groups = ['a', 'b'] }\n[[session]]\n";
        let profiles = Settings::parse(text).unwrap().sessions;
        assert_eq!((profiles[0].filter.as_str(), profiles[0].document.as_deref()), ("tag:Env=prod", Some("Ops-Shell")));
        assert_eq!(profiles[0].parameters["user"], ["ops"]);
        assert_eq!(profiles[0].parameters["groups"], ["a", "b"]);
        assert_eq!(profiles[0].keep_alive().unwrap().as_secs(), 20);
        assert_eq!((profiles[1].filter.as_str(), profiles[1].keep_alive()), ("", None));
        assert!(Settings::parse("[[session]]\nkeepalive = '1s'\n").is_err());
        assert!(Settings::parse("[[session]]\ndocumend = 'x'\n").unwrap_err().to_string().contains("documend"));
    }
}
