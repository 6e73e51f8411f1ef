//! Activations in the store, and the registration that uses one up.

use rusqlite::{Connection, OptionalExtension, Row};

use super::{Outcome, Store, query::Query, tags};
use crate::ssm::{
    Activation, ApiError, DescribeActivationsFilter, DescribeActivationsFilterKeys, ResourceTypeForTagging, Tag,
    Timestamp,
};

/// An activation that is to be made.
#[derive(Clone, Debug)]
pub struct NewActivation {
    /// A UUID.
    pub id: String,
    /// SHA-256 of the code, in hexadecimal digits.
    pub code_hash: String,
    /// What it is for.
    pub description: Option<String>,
    /// The name of the nodes that come with it.
    pub default_name: Option<String>,
    /// The role of the nodes that come with it.
    pub iam_role: String,
    /// How many nodes may come with it.
    pub limit: i32,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// The tags of the nodes that come with it.
    pub tags: Vec<Tag>,
}

/// A machine that asks to become a node.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The id that the node would have.
    pub instance_id: String,
    /// The activation that it presents.
    pub activation_id: String,
    /// SHA-256 of the code that it presents.
    pub code_hash: String,
    /// What it says about its hardware.
    pub fingerprint: String,
    /// Base64 of its SubjectPublicKeyInfo.
    pub public_key: String,
}

fn invalid(message: &str) -> super::Error {
    ApiError::new("InvalidActivation", message).into()
}

fn stored_tags(text: &str) -> Vec<Tag> {
    serde_json::from_str(text).unwrap_or_default()
}

fn activation(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<(i64, Activation)> {
    let expires = Timestamp::from_millis(row.get(8)?);
    let found = Activation {
        activation_id: row.get(1)?,
        description: row.get(2)?,
        default_instance_name: row.get(3)?,
        iam_role: row.get(4)?,
        registration_limit: row.get(5)?,
        registrations_count: row.get(6)?,
        created_date: Some(Timestamp::from_millis(row.get(7)?)),
        expiration_date: Some(expires),
        expired: Some(expires <= now),
        tags: stored_tags(&row.get::<_, String>(9)?),
    };
    Ok((row.get(0)?, found))
}

impl Store {
    /// Keeps a new activation.
    pub(crate) async fn create_activation(&self, new: NewActivation) -> Result<(), ApiError> {
        self.write(move |db| {
            let tags = serde_json::to_string(&new.tags).map_err(|_| ApiError::internal("Tags could not be kept."))?;
            db.execute(
                "INSERT INTO activations (id, seq, code_hash, description, default_name, iam_role, registration_limit, \
                 created, expires, tags) \
                 VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM activations), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                (
                    new.id,
                    new.code_hash,
                    new.description,
                    new.default_name,
                    new.iam_role,
                    new.limit,
                    new.created.as_millis(),
                    new.expires.as_millis(),
                    tags,
                ),
            )?;
            Ok(())
        })
        .await
    }

    /// A page of activations, newest first, behind `before`, each with its place in the order.
    pub(crate) async fn activations(
        &self,
        filters: Vec<DescribeActivationsFilter>,
        before: Option<i64>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(i64, Activation)>, ApiError> {
        self.read(move |db| {
            let mut query = Query::new(
                "SELECT seq, id, description, default_name, iam_role, registration_limit, registrations, created, expires, \
                 tags FROM activations WHERE seq < ",
            );
            query.bind(before.unwrap_or(i64::MAX));
            for filter in &filters {
                let column = match filter.filter_key {
                    Some(DescribeActivationsFilterKeys::ActivationIds) => "id",
                    Some(DescribeActivationsFilterKeys::DefaultInstanceName) => "default_name",
                    Some(DescribeActivationsFilterKeys::IamRole) => "iam_role",
                    _ => return Err(ApiError::bare("InvalidFilter").into()),
                };
                query.and_in(column, &filter.filter_values);
            }
            query.text(" ORDER BY seq DESC");
            query.limit(limit);
            query.run(db, |row| activation(row, now))
        })
        .await
    }

    /// Forgets an activation; its nodes stay. Answers whether it existed.
    pub(crate) async fn delete_activation(&self, id: String) -> Result<bool, ApiError> {
        self.write(move |db| Ok(db.execute("DELETE FROM activations WHERE id = ?1", [id])? > 0)).await
    }

    /// Makes a node of a machine, if its activation allows it.
    ///
    /// Errors: `InvalidActivation` for an unknown, wrong, expired or used-up one.
    pub(crate) async fn register_node(&self, machine: Registration, now: Timestamp) -> Result<(), ApiError> {
        self.write(move |db| register(db, &machine, now)).await
    }
}

fn register(db: &Connection, machine: &Registration, now: Timestamp) -> Outcome<()> {
    struct Found {
        code_hash: String,
        name: Option<String>,
        role: String,
        left: i64,
        expires: i64,
        tags: String,
    }
    let found = db
        .query_row(
            "SELECT code_hash, default_name, iam_role, registration_limit - registrations, expires, tags \
             FROM activations WHERE id = ?1",
            [&machine.activation_id],
            |row| {
                Ok(Found {
                    code_hash: row.get(0)?,
                    name: row.get(1)?,
                    role: row.get(2)?,
                    left: row.get(3)?,
                    expires: row.get(4)?,
                    tags: row.get(5)?,
                })
            },
        )
        .optional()?
        .filter(|found| found.code_hash == machine.code_hash)
        .ok_or_else(|| {
            invalid(
                "The activation isn't valid. The activation might have been deleted, or the ActivationId and the \
                 ActivationCode don't match.",
            )
        })?;
    if found.expires <= now.as_millis() {
        return Err(invalid("The activation has expired. Create a new activation."));
    }
    if found.left <= 0 {
        return Err(invalid("The registration limit of the activation has been reached. Create a new activation."));
    }
    db.execute("UPDATE activations SET registrations = registrations + 1 WHERE id = ?1", [&machine.activation_id])?;
    db.execute(
        "INSERT INTO nodes (id, activation_id, iam_role, name, registered, fingerprint, public_key) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (
            &machine.instance_id,
            &machine.activation_id,
            &found.role,
            &found.name,
            now.as_millis(),
            &machine.fingerprint,
            &machine.public_key,
        ),
    )?;
    tags::put(db, &ResourceTypeForTagging::ManagedInstance, &machine.instance_id, &stored_tags(&found.tags))
}
