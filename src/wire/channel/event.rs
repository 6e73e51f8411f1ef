//! What a channel tells its owner, and how a frame of the peer becomes that.

use bytes::Bytes;
use serde_json::Value;

use super::{Channel, Role, handshake::Opening, incoming::Content};
use crate::{
    ssm::Timestamp,
    wire::{
        envelope::payload,
        messages::{ChannelClosed, HandshakeComplete, HandshakeResponse, TerminalSize},
        sealed::SealError,
    },
};

/// What an event costs besides its payload, so that empty frames are bounded too.
const EVENT_COST: usize = 64;
/// How an exit code is told.
pub(super) const EXIT_CODE: &str = "EXIT_CODE: ";

/// What came in, in the order in which the peer sent it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Bytes of the stream: keystrokes for an agent, output for a client.
    Data(Bytes),
    /// Bytes of standard error, for a client.
    Stderr(Bytes),
    /// The exit code of the command, for a client.
    ExitCode(i32),
    /// The size of the user's terminal, for an agent.
    Size(TerminalSize),
    /// See [`crate::wire::envelope::flag`].
    Flag(u32),
    /// The agent told a client what kind of session this is. The answer is on its way.
    SessionType {
        /// `Standard_Stream`, `Port` and so on.
        session_type: String,
        /// The document's properties; null for shells.
        properties: Value,
        /// Four parts, `3.3.0.0`.
        agent_version: String,
    },
    /// The agent asked a client for something it cannot do, so the session will fail. One sentence.
    Unsupported(String),
    /// The agent asked a client for a key: [`Channel::answer_key`] or [`Channel::refuse_key`] lets the session go on.
    KeyWanted {
        /// The KMS key with which the data key is to be generated.
        key_id: String,
        /// To be part of the encryption context, if the agent sent one.
        challenge: Option<String>,
    },
    /// The client answered the handshake of an agent.
    Handshake(HandshakeResponse),
    /// The client holds the key of [`Channel::encrypt`]; everything an agent writes from now on is encrypted.
    Encrypted,
    /// What the peer sent cannot be decrypted: the session is of no more use.
    Broken(SealError),
    /// The agent ended the handshake; the text, if any, is for the user.
    HandshakeComplete(String),
    /// The peer is there, or it is not, as the service says.
    Peer {
        /// Whether it is there.
        present: bool,
    },
    /// The service says that the session is over.
    Closed(ChannelClosed),
}

impl Channel {
    /// Tells what the next frame of the peer says, and answers it where it is part of a handshake.
    pub(super) fn deliver(&mut self, content: Content, now: Timestamp) {
        let Content { payload_type, payload } = match self.secrecy.open(self.role.other(), content) {
            Ok(content) => content,
            Err(error) => return self.push(Event::Broken(error)),
        };
        let event = match (payload_type, self.role) {
            (payload::OUTPUT, _) => Some(Event::Data(payload)),
            (payload::STDERR, Role::Client) => Some(Event::Stderr(payload)),
            (payload::EXIT_CODE, Role::Client) => exit_code(&payload).map(Event::ExitCode),
            (payload::FLAG, _) => payload[..].try_into().ok().map(u32::from_be_bytes).map(Event::Flag),
            (payload::SIZE, Role::Agent) => serde_json::from_slice(&payload).ok().map(Event::Size),
            (payload::HANDSHAKE_RESPONSE, Role::Agent) => {
                let response: Option<HandshakeResponse> = serde_json::from_slice(&payload).ok();
                response.map(|response| {
                    self.agree(&response.abilities);
                    Event::Handshake(response)
                })
            }
            (payload::CHALLENGE_RESPONSE, Role::Agent) => self.secrecy.check(&payload).map(|outcome| match outcome {
                Ok(()) => Event::Encrypted,
                Err(error) => Event::Broken(error),
            }),
            (payload::HANDSHAKE_REQUEST, Role::Client) => {
                if let Ok(request) = serde_json::from_slice(&payload) {
                    self.shake_hands(request, now);
                }
                return;
            }
            (payload::CHALLENGE_REQUEST, Role::Client) => match self.secrecy.answer(&payload) {
                Ok(answer) => return self.send_json(payload::CHALLENGE_RESPONSE, &answer, now),
                Err(error) => Some(Event::Broken(error)),
            },
            (payload::HANDSHAKE_COMPLETE, Role::Client) => {
                self.opening = Opening::Done;
                let complete: HandshakeComplete = serde_json::from_slice(&payload).unwrap_or_default();
                Some(Event::HandshakeComplete(complete.customer_message))
            }
            _ => None,
        };
        self.opening.output();
        match event {
            Some(event) => self.push(event),
            None => tracing::debug!(payload_type, "a frame without an event"),
        }
    }
}

fn exit_code(payload: &[u8]) -> Option<i32> {
    std::str::from_utf8(payload).ok()?.trim().strip_prefix(EXIT_CODE.trim_end())?.trim().parse().ok()
}

/// What an event takes of the room for those that wait.
pub(super) fn cost(event: &Event) -> usize {
    EVENT_COST
        + match event {
            Event::Data(bytes) | Event::Stderr(bytes) => bytes.len(),
            _ => 0,
        }
}
