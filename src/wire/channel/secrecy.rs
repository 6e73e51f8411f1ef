//! The encryption of a session: which payloads are sealed, and how both ends prove that they hold the same key.

use aws_lc_rs::{constant_time::verify_slices_are_equal, rand};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::{Role, handshake::Answer, incoming::Content};
use crate::wire::{
    envelope::payload,
    messages::Challenge,
    sealed::{SealError, SessionKeys},
};

const CHALLENGE: usize = 64;

/// What a channel knows of its session's key.
#[derive(Debug, Default)]
pub(super) struct Secrecy {
    keys: Option<SessionKeys>,
    /// What an agent asked its client to send back.
    asked: Option<Vec<u8>>,
    /// A client's answer to the handshake that waits for the key.
    pub(super) answer: Option<Answer>,
}

impl Secrecy {
    pub(super) fn set(&mut self, keys: SessionKeys) {
        self.keys = Some(keys);
    }

    /// Whether payloads of this type are sealed by the end that sends them.
    fn seals(&self, sender: Role, payload_type: u32) -> bool {
        match sender {
            Role::Client => payload_type == payload::OUTPUT,
            Role::Agent => matches!(payload_type, payload::OUTPUT | payload::STDERR | payload::EXIT_CODE),
        }
    }

    /// What seals the payloads of this type that this end sends, if they are to be.
    pub(super) fn sealing(&mut self, own: Role, payload_type: u32) -> Option<&mut SessionKeys> {
        self.seals(own, payload_type).then_some(self.keys.as_mut()).flatten()
    }

    /// Opens what the peer sent, if it is sealed.
    pub(super) fn open(&self, peer: Role, content: Content) -> Result<Content, SealError> {
        match self.keys.as_ref().filter(|_| self.seals(peer, content.payload_type)) {
            Some(keys) => Ok(Content { payload: keys.open(&content.payload)?.into(), ..content }),
            None => Ok(content),
        }
    }

    /// The agent's question.
    pub(super) fn ask(&mut self) -> Result<Challenge, SealError> {
        let mut text = vec![0; CHALLENGE];
        rand::fill(&mut text).map_err(|_| SealError::Unavailable)?;
        let question = self.sealed(&text)?;
        self.asked = Some(text);
        Ok(question)
    }

    /// The client's answer to it.
    pub(super) fn answer(&mut self, question: &Bytes) -> Result<Challenge, SealError> {
        let text = self.opened(question)?;
        self.sealed(&text)
    }

    /// Whether an answer is the right one. `None` if nothing was asked.
    pub(super) fn check(&mut self, answer: &Bytes) -> Option<Result<(), SealError>> {
        let asked = self.asked.take()?;
        let check = |text: Vec<u8>| verify_slices_are_equal(&text, &asked).map_err(|_| SealError::Refused);
        Some(self.opened(answer).and_then(check))
    }

    fn sealed(&mut self, text: &[u8]) -> Result<Challenge, SealError> {
        let keys = self.keys.as_mut().ok_or(SealError::Unavailable)?;
        Ok(Challenge { challenge: STANDARD.encode(keys.seal(text)?) })
    }

    fn opened(&self, message: &Bytes) -> Result<Vec<u8>, SealError> {
        let message: Challenge = serde_json::from_slice(message).map_err(|_| SealError::Refused)?;
        let sealed = STANDARD.decode(message.challenge).map_err(|_| SealError::Refused)?;
        self.keys.as_ref().ok_or(SealError::Refused)?.open(&sealed)
    }
}
