//! Pages of parameters by name and of versions by number, each served from an index.

use super::{COLUMNS, StoredParameter, Which, find, stored};
use crate::{
    engine::store::{Store, query::Query},
    ssm::{ApiError, Timestamp},
};

/// What a listed parameter must match. Several values mean any of them.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterTest {
    /// One of these names, with their slash.
    Name(Vec<String>),
    /// A name that begins so, with its slash.
    NameBegins(Vec<String>),
    /// A name, with its slash, that contains this.
    NameContains(Vec<String>),
    /// One of these types.
    Type(Vec<String>),
    /// Sealed with one of these keys, as they were named.
    Key(Vec<String>),
    /// Sealed with a key whose name begins so.
    KeyBegins(Vec<String>),
    /// One of these tiers.
    Tier(Vec<String>),
    /// One of these data types.
    DataType(Vec<String>),
    /// The version that has this label is listed instead of the newest.
    Label(Vec<String>),
    /// A tag of this key with one of these values; any value if there are none.
    Tag {
        /// The key.
        key: String,
        /// The values.
        values: Vec<String>,
        /// Whether the tag's value need only begin like one of them.
        begins: bool,
    },
    /// Below one of these paths (no slash at their end): directly, or at any depth.
    Path {
        /// The paths.
        paths: Vec<String>,
        /// Whether at any depth.
        recursive: bool,
    },
}

impl ParameterTest {
    fn apply(&self, query: &mut Query) {
        match self {
            Self::Name(names) => query.and_in("p.name", names),
            Self::NameBegins(starts) => any(query, starts, |query, start| begins(query, "p.name", start)),
            Self::NameContains(parts) => any(query, parts, |query, part| {
                query.text("instr(p.name, ");
                query.bind(part.to_owned());
                query.text(") > 0");
            }),
            Self::Type(values) => query.and_in("p.type", values),
            Self::Key(values) => query.and_in("p.key_id", values),
            Self::KeyBegins(starts) => any(query, starts, |query, start| begins(query, "p.key_id", start)),
            Self::Tier(values) => query.and_in("p.tier", values),
            Self::DataType(values) => query.and_in("p.data_type", values),
            Self::Label(_) => {}
            Self::Tag { key, values, begins: prefix } => {
                query.text(" AND p.name IN (SELECT resource_id FROM tags WHERE resource_type = 'Parameter' AND key = ");
                query.bind(key.clone());
                match (values.is_empty(), prefix) {
                    (true, _) => {}
                    (false, true) => any(query, values, |query, start| begins(query, "value", start)),
                    (false, false) => query.and_in("value", values),
                }
                query.text(")");
            }
            Self::Path { paths, recursive: true } => {
                any(query, paths, |query, path| begins(query, "p.name", &format!("{path}/")));
            }
            Self::Path { paths, recursive: false } => query.and_in("p.parent", paths),
        }
    }
}

fn any(query: &mut Query, values: &[String], mut one: impl FnMut(&mut Query, &str)) {
    query.text(" AND (");
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            query.text(" OR ");
        }
        one(query, value);
    }
    query.text(")");
}

/// `column` begins with `start`, written as a range that an index serves.
fn begins(query: &mut Query, column: &str, start: &str) {
    query.text(&format!("({column} >= "));
    query.bind(start.to_owned());
    query.text(&format!(" AND {column} < "));
    query.bind(format!("{start}\u{10ffff}"));
    query.text(")");
}

impl Store {
    /// A page of parameters by name, behind `after`, that match every test.
    pub(crate) async fn parameter_page(
        &self,
        tests: Vec<ParameterTest>,
        after: Option<String>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<StoredParameter>, ApiError> {
        self.read(move |db| {
            let labels = tests.iter().find_map(|test| match test {
                ParameterTest::Label(labels) => Some(labels),
                _ => None,
            });
            let mut query = Query::new(&format!(
                "SELECT {COLUMNS} FROM parameters p JOIN parameter_versions v ON v.name = p.name AND v.version = "
            ));
            match labels {
                None => query.text("p.version"),
                Some(labels) => {
                    query.text("(SELECT max(l.version) FROM parameter_labels l WHERE l.name = p.name");
                    query.and_in("l.label", labels);
                    query.text(")");
                }
            }
            query.text(" WHERE p.name > ");
            query.bind(after.unwrap_or_default());
            query.text(" AND (p.expires IS NULL OR p.expires > ");
            query.bind(now.as_millis());
            query.text(")");
            for test in &tests {
                test.apply(&mut query);
            }
            query.text(" ORDER BY p.name");
            query.limit(limit);
            query.run(db, stored)
        })
        .await
    }

    /// The versions of a parameter, oldest first, behind `after`; `None` if there is no such parameter.
    pub(crate) async fn parameter_history(
        &self,
        name: String,
        after: Option<i64>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Option<Vec<StoredParameter>>, ApiError> {
        self.read(move |db| {
            if find(db, &name, &Which::Latest, now)?.is_none() {
                return Ok(None);
            }
            let mut query = Query::new(&format!(
                "SELECT {COLUMNS} FROM parameters p JOIN parameter_versions v ON v.name = p.name WHERE p.name = "
            ));
            query.bind(name);
            query.text(" AND v.version > ");
            query.bind(after.unwrap_or(0));
            query.text(" ORDER BY v.version");
            query.limit(limit);
            let mut found = query.run(db, stored)?;
            let mut labels = db
                .prepare_cached("SELECT label FROM parameter_labels WHERE name = ?1 AND version = ?2 ORDER BY label")?;
            for version in &mut found {
                let names = labels.query_map((&version.name, version.version), |row| row.get(0))?;
                version.labels = names.collect::<Result<_, _>>()?;
            }
            Ok(Some(found))
        })
        .await
    }
}
