//! Writing a version of a parameter: everything that depends on what is there already.

use regex::Regex;
use rusqlite::Connection;

use super::{StoredParameter, Which, find, parent, remove};
use crate::{
    engine::store::{Outcome, Store, tags},
    ssm::{ApiError, ParameterTier, ParameterType, ResourceTypeForTagging, Sensitive, Tag, Timestamp},
};

/// How many versions are kept.
const VERSIONS: i64 = 100;
/// How many parameters of the standard tier there may be.
const STANDARD_COUNT: i64 = 10_000;
/// How many of the advanced tier.
const ADVANCED_COUNT: i64 = 100_000;
/// Bytes of a value in the standard tier.
const STANDARD_SIZE: usize = 4096;
/// Bytes of a value in the advanced tier.
const ADVANCED_SIZE: usize = 8192;

const LEARN_MORE: &str =
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html";

/// A version that is to be written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The name, with its slash.
    pub name: String,
    /// The name as the request spelled it.
    pub shown: String,
    /// The type; may be left out for a parameter that exists.
    pub kind: Option<ParameterType>,
    /// The text.
    pub value: Sensitive,
    /// The key for a SecureString, as the request named it.
    pub key_name: String,
    /// Whether a parameter that exists is to get a new version.
    pub overwrite: bool,
    /// What it is for; kept when left out.
    pub description: Option<String>,
    /// What values must match; kept when left out.
    pub allowed_pattern: Option<String>,
    /// The tier; kept when left out.
    pub tier: Option<ParameterTier>,
    /// The data type; kept when left out.
    pub data_type: Option<String>,
    /// The policies' JSON: kept when left out, taken away when empty.
    pub policies: Option<Option<String>>,
    /// When it expires, as the policies say.
    pub expires: Option<Option<Timestamp>>,
    /// The tags of a new parameter.
    pub tags: Vec<Tag>,
    /// The ARN of who puts it.
    pub user: String,
    /// The time.
    pub now: Timestamp,
}

impl Store {
    /// Writes a parameter or its next version; answers the version and the tier that it came to. `seal` is given name,
    /// version and text of a SecureString.
    ///
    /// Errors: those of `PutParameter`.
    pub(crate) async fn put_parameter(
        &self,
        draft: Draft,
        seal: impl FnOnce(&str, i64, &str) -> Result<Vec<u8>, ApiError> + Send + 'static,
    ) -> Result<(i64, ParameterTier), ApiError> {
        self.write(move |db| put(db, draft, seal)).await
    }
}

fn put(
    db: &Connection,
    draft: Draft,
    seal: impl FnOnce(&str, i64, &str) -> Result<Vec<u8>, ApiError>,
) -> Outcome<(i64, ParameterTier)> {
    let old = find(db, &draft.name, &Which::Latest, draft.now)?;
    if old.is_none() {
        // What has expired but was not swept yet makes room, with its versions and labels.
        remove(db, &draft.name)?;
    } else if !draft.overwrite {
        return Err(ApiError::new(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        )
        .into());
    }
    let kind = resolve_type(draft.kind.as_ref(), old.as_ref())?;
    let was = old.as_ref();
    let allowed_pattern = draft.allowed_pattern.or_else(|| was?.allowed_pattern.clone());
    if let Some(pattern) = &allowed_pattern {
        check_pattern(pattern, &draft.value)?;
    }
    let policies = draft.policies.unwrap_or_else(|| was?.policies.clone());
    let tier = resolve_tier(db, draft.tier.as_ref(), was, draft.value.len(), policies.is_some())?;
    let data_type = draft.data_type.or_else(|| Some(was?.data_type.clone())).unwrap_or_else(|| "text".to_owned());
    let description = draft.description.or_else(|| was?.description.clone());
    let version = was.map_or(1, |was| was.version + 1);
    if version > VERSIONS {
        drop_oldest(db, &draft.name, &draft.shown)?;
    }
    let secure = kind == ParameterType::SecureString;
    let value = if secure { seal(&draft.name, version, &draft.value)? } else { draft.value.0.into_bytes() };
    let key_id = secure.then_some(draft.key_name);
    db.prepare_cached(
        "INSERT INTO parameters (name, shown, parent, type, tier, key_id, data_type, version, expires) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
         ON CONFLICT (name) DO UPDATE SET type = excluded.type, tier = excluded.tier, key_id = excluded.key_id, \
         data_type = excluded.data_type, version = excluded.version, \
         expires = CASE WHEN ?10 THEN excluded.expires ELSE expires END",
    )?
    .execute((
        &draft.name,
        &draft.shown,
        parent(&draft.name),
        kind.as_str(),
        tier.as_str(),
        &key_id,
        &data_type,
        version,
        draft.expires.flatten().map(Timestamp::as_millis),
        draft.expires.is_some(),
    ))?;
    db.prepare_cached(
        "INSERT INTO parameter_versions (name, version, type, value, key_id, tier, data_type, description, \
         allowed_pattern, policies, modified, user) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute((
        &draft.name,
        version,
        kind.as_str(),
        value,
        key_id,
        tier.as_str(),
        data_type,
        description,
        allowed_pattern,
        policies,
        draft.now.as_millis(),
        draft.user,
    ))?;
    if !draft.tags.is_empty() {
        tags::put(db, &ResourceTypeForTagging::Parameter, &draft.name, &draft.tags)?;
    }
    Ok((version, tier))
}

fn resolve_type(wanted: Option<&ParameterType>, old: Option<&StoredParameter>) -> Result<ParameterType, ApiError> {
    match (wanted, old) {
        (None, None) => Err(ApiError::validation("A parameter type is required when you create a parameter.")),
        (Some(kind), Some(old)) if *kind != old.kind => Err(ApiError::new(
            "HierarchyTypeMismatchException",
            "Parameter Store doesn't support changing a parameter type in a hierarchy. For example, you can't change a \
             parameter from a String type to a SecureString type. You must create a new, unique parameter.",
        )),
        (Some(kind), _) => Ok(kind.clone()),
        (None, Some(old)) => Ok(old.kind.clone()),
    }
}

fn check_pattern(pattern: &str, value: &str) -> Result<(), ApiError> {
    let regex = Regex::new(pattern).map_err(|_| {
        ApiError::new("InvalidAllowedPatternException", "The request doesn't meet the regular expression requirement.")
    })?;
    if regex.is_match(value) {
        return Ok(());
    }
    Err(ApiError::new(
        "ParameterPatternMismatchException",
        format!("Parameter value, cannot be validated against allowedPattern: {pattern}"),
    ))
}

/// Comes to one of the two real tiers.
fn resolve_tier(
    db: &Connection,
    wanted: Option<&ParameterTier>,
    old: Option<&StoredParameter>,
    size: usize,
    policies: bool,
) -> Outcome<ParameterTier> {
    let was = old.map(|old| &old.tier);
    let room = |tier: &ParameterTier, limit: i64| -> Outcome<bool> {
        if was == Some(tier) {
            return Ok(true);
        }
        let mut statement =
            db.prepare_cached("SELECT coalesce(max(count), 0) FROM parameter_counts WHERE tier = ?1")?;
        Ok(statement.query_row([tier.as_str()], |row| row.get::<_, i64>(0))? < limit)
    };
    let tier = match wanted.or(was).unwrap_or(&ParameterTier::Standard) {
        ParameterTier::IntelligentTiering => {
            let standard = size <= STANDARD_SIZE
                && !policies
                && was != Some(&ParameterTier::Advanced)
                && room(&ParameterTier::Standard, STANDARD_COUNT)?;
            if standard { ParameterTier::Standard } else { ParameterTier::Advanced }
        }
        other => other.clone(),
    };
    let refuse = |message: String| Err(ApiError::validation(message).into());
    if tier == ParameterTier::Advanced {
        if size > ADVANCED_SIZE {
            return refuse(format!(
                "Advanced tier parameters support a maximum parameter value of {ADVANCED_SIZE} characters."
            ));
        }
        if !room(&tier, ADVANCED_COUNT)? {
            return Err(ApiError::new(
                "ParameterLimitExceeded",
                format!("You have reached the maximum number of advanced parameters for this AWS account and Region ({ADVANCED_COUNT})."),
            )
            .into());
        }
        return Ok(tier);
    }
    if was == Some(&ParameterTier::Advanced) {
        return refuse(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter \
             tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a \
             standard parameter."
                .to_owned(),
        );
    }
    if size > STANDARD_SIZE {
        return refuse(format!(
            "Standard tier parameters support a maximum parameter value of {STANDARD_SIZE} characters. To create a larger \
             parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see {LEARN_MORE}"
        ));
    }
    if policies {
        return refuse(format!(
            "Parameter policies are supported for parameters of the advanced-parameter tier only. To use policies, upgrade \
             the parameter to the advanced-parameter tier. For more information, see {LEARN_MORE}"
        ));
    }
    if !room(&tier, STANDARD_COUNT)? {
        return Err(ApiError::new(
            "ParameterLimitExceeded",
            format!(
                "You have reached the maximum number of standard parameters for this AWS account and Region \
                 ({STANDARD_COUNT}). To add more parameters, either delete existing parameters or upgrade to the \
                 advanced-parameter tier (charges apply)."
            ),
        )
        .into());
    }
    Ok(tier)
}

/// Makes room for one more version, unless a label holds the oldest.
fn drop_oldest(db: &Connection, name: &str, shown: &str) -> Outcome<()> {
    let (oldest, count): (i64, i64) = db
        .prepare_cached("SELECT min(version), count(*) FROM parameter_versions WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if count < VERSIONS {
        return Ok(());
    }
    let labelled =
        db.prepare_cached("SELECT 1 FROM parameter_labels WHERE name = ?1 AND version = ?2")?.exists((name, oldest))?;
    if labelled {
        return Err(ApiError::new(
            "ParameterMaxVersionLimitExceeded",
            format!(
                "You attempted to create a new version of {shown} by calling the PutParameter API with the overwrite flag. \
                 Version {oldest}, the oldest version, can't be deleted because it has a label associated with it. Move the \
                 label to another version of the parameter, and try again."
            ),
        )
        .into());
    }
    db.prepare_cached("DELETE FROM parameter_versions WHERE name = ?1 AND version = ?2")?.execute((name, oldest))?;
    Ok(())
}
