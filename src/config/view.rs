//! How a list is looked at: the columns of `[columns]`, and the views of `[[view]]` and of the views file.

use serde::{Deserialize, Serialize};

use super::place::is_like;

/// The columns of lists. A name is that of a column or `tag:KEY`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Columns {
    /// Those of the fleet.
    pub fleet: Option<Vec<String>>,
    /// Others for some places: `[[columns.scope]]`. The first that fits is taken.
    pub scope: Vec<ScopeColumns>,
}

/// The columns of lists in some places.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScopeColumns {
    /// The place, the profile or the region, or profile and region with `/` between; `*` stands for anything, `?` for one
    /// character.
    #[serde(rename = "match")]
    pub pattern: String,
    /// The columns of the fleet.
    pub fleet: Vec<String>,
}

impl Columns {
    /// The columns of the fleet in a place that goes by these names.
    pub fn of_fleet(&self, names: &[&str]) -> Option<&[String]> {
        let fits = |scope: &&ScopeColumns| names.iter().any(|name| is_like(&scope.pattern, name));
        let scoped = self.scope.iter().find(fits).map(|scope| &scope.fleet);
        scoped.or(self.fleet.as_ref()).map(Vec::as_slice)
    }
}

/// A way to look at the fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct View {
    /// What it is called.
    pub name: String,
    /// The filter.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// The columns it is sorted by, the first one first; a `-` before one turns its order around.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sort: Vec<String>,
    /// The columns it shows; those of the settings if it names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The column it is grouped by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// The file the console keeps views in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Views {
    /// The views.
    #[serde(default, rename = "view")]
    pub views: Vec<View>,
}

impl Views {
    /// Reads the file.
    ///
    /// # Errors
    /// With line and column, when the text is no TOML or names something unknown.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The file's text.
    pub fn text(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_may_have_columns_of_its_own() {
        let settings = crate::config::settings::Settings::parse(
            "[columns]\nfleet = ['name', 'ping']\n[[columns.scope]]\nmatch = 'prod*/eu-*'\nfleet = ['name', 'tag:Env']\n",
        );
        let columns = settings.unwrap().columns;
        assert_eq!(columns.of_fleet(&["prod-1/eu-west-1"]).unwrap(), ["name", "tag:Env"]);
        assert_eq!(columns.of_fleet(&["test", "eu-west-1"]).unwrap(), ["name", "ping"]);
        assert_eq!(Columns::default().of_fleet(&["x"]), None);
    }

    #[test]
    fn views_are_written_as_they_are_read() {
        let view = View {
            name: "lost \"ones\"".to_owned(),
            filter: "ping:lost".to_owned(),
            group: Some("tag:Env".to_owned()),
            ..View::default()
        };
        let views = Views {
            views: vec![view, View { name: "all".to_owned(), sort: vec!["-seen".to_owned()], ..View::default() }],
        };
        assert_eq!(Views::parse(&views.text()).unwrap(), views);
        assert!(Views::parse("[[view]]\nname = 'x'\ncolour = 'red'\n").is_err());
    }
}
