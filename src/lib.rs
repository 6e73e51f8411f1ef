//! fleetdeck: a terminal fleet console for AWS Systems Manager, with an engine and an agent of its own.
//!
//! * [`ssm`] is the vocabulary: typed operations, documents, statuses, errors and the service model.
//! * [`wire`] is the bytes: AWS JSON 1.1, SigV4, the binary envelope, the data channel.
//! * [`client`] is what a user of the service needs, [`engine`] the embedded control plane, [`agent`] the managed node.
//!   These three never import each other: whatever they say to one another, they say in AWS's protocol.
//! * [`console`] is the terminal application and [`cli`] the verbs, which also start the other faces.
//! * [`config`] is what lives in the user's files.

pub mod agent;
pub mod cli;
pub mod client;
pub mod config;
pub mod console;
pub mod engine;
pub mod ssm;
pub mod wire;
