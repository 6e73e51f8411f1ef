//! The bytes between the parties: AWS JSON 1.1, SigV4, the binary envelope, the data channel, multiplexing.
//!
//! Encoders, decoders and pure state machines. No policy, no sockets, no clock of its own.

pub mod channel;
pub mod digest;
pub mod envelope;
pub mod json;
pub mod messages;
pub mod partition;
pub mod rsa_auth;
pub mod sealed;
pub mod sigv4;
pub mod smux;
