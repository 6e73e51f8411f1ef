//! The vocabulary of Systems Manager: operations as types, documents, statuses, errors and the service model.
//!
//! Everything here is a value. No I/O, no async, no knowledge of who speaks to whom.

mod macros;

mod activations;
mod associations;
mod commands;
mod common;
mod compliance;
mod documents;
mod inventory;
mod nodes;
mod parameters;
mod patch;
mod registration;
mod service;
mod sessions;
mod tags;
mod values;

pub mod clock;
pub mod document;
pub mod ec2messages;
pub mod error;
pub mod kms;
pub mod logs;
pub mod model;
pub mod redact;

pub use activations::*;
pub use associations::*;
pub use commands::*;
pub use common::*;
pub use compliance::*;
pub use documents::*;
pub use error::ApiError;
pub use inventory::*;
pub use nodes::*;
pub use parameters::*;
pub use patch::*;
pub use registration::*;
pub use service::Service;
pub use sessions::*;
pub use tags::*;
pub use values::{Sensitive, Timestamp};

use serde::{Serialize, de::DeserializeOwned};

/// One operation of Systems Manager, or of a service that its sessions lean on: the request is the type, its answer is [`Operation::Output`].
///
/// Both ends use it: the client calls it, the engine's router handles it.
pub trait Operation: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The operation's name as AWS spells it, `PutParameter`.
    const NAME: &'static str;
    /// The service that has it.
    const SERVICE: Service = Service::Ssm;
    /// What a successful call answers.
    type Output: Serialize + DeserializeOwned + Send + 'static;
}

/// A list operation that AWS pages with `NextToken`.
pub trait Paged: Operation + Clone {
    /// One entry of the list.
    type Item: Send + 'static;
    /// Puts the token of the page to fetch into the request.
    fn set_next_token(&mut self, token: Option<String>);
    /// Splits a page into its entries and the token of the next one. An empty token means the end, as for AWS's SDKs.
    fn split(output: Self::Output) -> (Vec<Self::Item>, Option<String>);
}
