//! What both ends agree on before a session begins: its kind, and its key where it has one.

use super::{
    Channel,
    handshake::{self, Opening},
};
use crate::{
    ssm::Timestamp,
    wire::{
        envelope::payload,
        messages::{HandshakeComplete, HandshakeRequest},
        sealed::{SealError, SessionKeys},
    },
};

impl Channel {
    /// Asks the client for what a session needs; [`super::Event::Handshake`] brings the answer.
    pub fn send_handshake_request(&mut self, request: &HandshakeRequest, now: Timestamp) {
        self.send_json(payload::HANDSHAKE_REQUEST, request, now);
    }

    /// Gives a client the key that [`super::Event::KeyWanted`] asked for: as it is to be sent to the agent, and as it is used.
    /// `challenged` says that the challenge is part of the encryption context.
    pub fn answer_key(&mut self, cipher_text: &[u8], keys: SessionKeys, challenged: bool, now: Timestamp) {
        if let Some(answer) = self.secrecy.answer.take() {
            self.secrecy.set(keys);
            self.send_json(payload::HANDSHAKE_RESPONSE, &answer.with_key(cipher_text, challenged), now);
        }
    }

    /// Tells the agent that a client has no key, and why. The agent then ends the session.
    pub fn refuse_key(&mut self, reason: &str, now: Timestamp) {
        if let Some(answer) = self.secrecy.answer.take() {
            self.send_json(payload::HANDSHAKE_RESPONSE, &answer.without_key(reason), now);
        }
    }

    /// Encrypts an agent's channel from now on and asks the client to prove that it holds the same key;
    /// [`super::Event::Encrypted`] or [`super::Event::Broken`] follows.
    pub fn encrypt(&mut self, keys: SessionKeys, now: Timestamp) -> Result<(), SealError> {
        self.secrecy.set(keys);
        let question = self.secrecy.ask()?;
        self.send_json(payload::CHALLENGE_REQUEST, &question, now);
        Ok(())
    }

    /// Ends the handshake.
    pub fn send_handshake_complete(&mut self, complete: &HandshakeComplete, now: Timestamp) {
        self.send_json(payload::HANDSHAKE_COMPLETE, complete, now);
    }

    /// Answers the agent's handshake, or lets the answer wait for the key. A session has one handshake.
    pub(super) fn shake_hands(&mut self, request: HandshakeRequest, now: Timestamp) {
        if !matches!(self.opening, Opening::Quiet | Opening::Acknowledged(_)) {
            return tracing::debug!("a handshake in the middle of a session");
        }
        self.opening = Opening::Shaking;
        let (answer, events) = handshake::answer(request);
        match answer.wants_key() {
            true => self.secrecy.answer = Some(answer),
            false => self.send_json(payload::HANDSHAKE_RESPONSE, &answer.ready(), now),
        }
        events.into_iter().for_each(|event| self.push(event));
    }
}
