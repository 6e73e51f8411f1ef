//! The bytes between the parties: AWS JSON 1.1, SigV4, the binary envelope, the data channel, multiplexing.
//!
//! Encoders, decoders and pure state machines. No policy, no sockets, no clock of its own; only [`streams`] moves the bytes of
//! connections, because both ends of a port session do that in the same way.

pub mod alarm;
pub mod channel;
pub mod digest;
pub mod envelope;
pub mod json;
pub mod memory;
pub mod messages;
pub mod partition;
pub mod rope;
pub mod rsa_auth;
pub mod sealed;
pub mod sigv4;
pub mod smux;
pub mod streams;
pub mod version;
