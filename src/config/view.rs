//! How a list is looked at: the columns of `[columns]`, and the views of `[[view]]` and of the views file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::de::DeTable;

use super::{keymap::Problem, place::is_like};

/// The columns of lists, by the name of the list: `fleet`, `sessions`. A column is its name or `tag:KEY`. Which lists and columns
/// there are, the console knows: see [`unknown_columns`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Columns {
    /// Others for some places: `[[columns.scope]]`. The first that fits and names the list is taken.
    #[serde(default)]
    pub scope: Vec<ScopeColumns>,
    /// Those of each list.
    #[serde(flatten)]
    pub lists: BTreeMap<String, Vec<String>>,
}

/// The columns of lists in some places.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ScopeColumns {
    /// The place, the profile or the region, or profile and region with `/` between; `*` stands for anything, `?` for one
    /// character.
    #[serde(rename = "match")]
    pub pattern: String,
    /// Those of each list.
    #[serde(flatten)]
    pub lists: BTreeMap<String, Vec<String>>,
}

impl Columns {
    /// The columns of a list in a place that goes by these names.
    pub fn of(&self, list: &str, names: &[&str]) -> Option<&[String]> {
        let fits = |scope: &&ScopeColumns| names.iter().any(|name| is_like(&scope.pattern, name));
        let scoped = self.scope.iter().filter(fits).find_map(|scope| scope.lists.get(list));
        scoped.or_else(|| self.lists.get(list)).map(Vec::as_slice)
    }
}

/// What `[columns]` of a settings file names that is not there. `judge` is given the name of a list and that of each of its
/// columns, or of no column first, and says in words what is wrong.
pub fn unknown_columns(text: &str, judge: impl Fn(&str, Option<&str>) -> Result<(), String>) -> Vec<Problem> {
    let Ok(file) = DeTable::parse(text) else { return Vec::new() };
    let columns = file.get_ref().get("columns").and_then(|columns| columns.get_ref().as_table());
    let mut tables: Vec<_> = columns.map(|table| ("[columns]", table)).into_iter().collect();
    let scopes = columns.and_then(|columns| columns.get("scope")?.get_ref().as_array());
    tables.extend(
        scopes.into_iter().flatten().filter_map(|scope| Some(("[[columns.scope]]", scope.get_ref().as_table()?))),
    );
    let mut problems = Vec::new();
    for (place, table) in tables {
        // What a section has besides lists; the other one's is none here.
        let other = if place == "[columns]" { "scope" } else { "match" };
        for (list, names) in table.iter().filter(|(list, _)| &**list.get_ref() != other) {
            let name: &str = list.get_ref();
            let mut report = |start: usize, what: String| {
                problems.push(Problem::of_settings(text, start, format!("{place} {what}")))
            };
            if let Err(what) = judge(name, None) {
                report(list.span().start, what);
                continue;
            }
            for column in names.get_ref().as_array().into_iter().flatten() {
                if let Some(Err(what)) = column.get_ref().as_str().map(|column| judge(name, Some(column))) {
                    report(column.span().start, format!("{name}: {what}"));
                }
            }
        }
    }
    problems.sort_by_key(|problem| problem.line);
    problems
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

    const COLUMNS: &str = "[columns]\nfleet = ['name', 'ping']\nsessions = ['node']\n[[columns.scope]]\n\
                           match = 'prod*/eu-*'\nfleet = ['name', 'tag:Env']\n";

    #[test]
    fn a_place_may_have_columns_of_its_own() {
        let columns = crate::config::settings::Settings::parse(COLUMNS).unwrap().columns;
        assert_eq!(columns.of("fleet", &["prod-1/eu-west-1"]).unwrap(), ["name", "tag:Env"]);
        assert_eq!(columns.of("fleet", &["test", "eu-west-1"]).unwrap(), ["name", "ping"]);
        assert_eq!(columns.of("sessions", &["prod-1/eu-west-1"]).unwrap(), ["node"]);
        assert_eq!(Columns::default().of("fleet", &["x"]), None);
        assert!(crate::config::settings::Settings::parse("[columns]\nfleet = 3\n").is_err());
    }

    #[test]
    fn what_is_not_there_is_told_with_its_line() {
        let judge = |list: &str, column: Option<&str>| match (list, column) {
            ("fleet", Some("ping")) | ("sessions", _) => Err(format!("no {list} {}", column.unwrap_or("at all"))),
            _ => Ok(()),
        };
        let told: Vec<_> = unknown_columns(COLUMNS, judge).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["settings.toml:2: [columns] fleet: no fleet ping", "settings.toml:3: [columns] no sessions at all"]
        );
        let told = unknown_columns(COLUMNS, |_, column| column.map_or(Ok(()), |_| Err("x".to_owned())));
        assert_eq!(told.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2, 2, 3, 6, 6]);
        let judge = |list: &str, _: Option<&str>| if list == "fleet" { Ok(()) } else { Err(format!("no {list}")) };
        let text = "[columns]\nmatch = ['x']\n[[columns.scope]]\nmatch = 'x'\nscope = ['y']\nflet = ['name']\nfleet = ['name']\n";
        let told: Vec<_> =
            unknown_columns(text, judge).iter().map(|problem| (problem.line, problem.what.clone())).collect();
        let expected = [(2, "[columns] no match"), (5, "[[columns.scope]] no scope"), (6, "[[columns.scope]] no flet")];
        assert_eq!(told, expected.map(|(line, what)| (line, what.to_owned())));
        assert!(unknown_columns("[columns", judge).is_empty() && unknown_columns("columns = 3", judge).is_empty());
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
