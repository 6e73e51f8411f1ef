//! What both ends agree on before a session begins: its kind, its key where it has one, and what our own two ends can do besides.

use super::{
    Channel, HUGE_FRAME, SMALL_FRAME,
    handshake::{self, Opening},
};
use crate::{
    ssm::Timestamp,
    wire::{
        envelope::{Checksum, payload},
        messages::{Abilities, CHECKSUM_CRC32, HandshakeComplete, HandshakeRequest, MULTIPLEXER_SMUX2},
        sealed::{SealError, SessionKeys},
        smux::StreamTerms,
    },
};

impl Channel {
    /// Asks the client for what a session needs; [`super::Event::Handshake`] brings the answer.
    pub fn send_handshake_request(&mut self, mut request: HandshakeRequest, now: Timestamp) {
        request.abilities = self.abilities();
        self.send_json(payload::HANDSHAKE_REQUEST, &request, now);
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
        self.agree(&request.abilities);
        let (mut answer, events) = handshake::answer(request);
        if self.is_between_our_own() {
            answer.set_abilities(self.abilities());
        }
        match answer.wants_key() {
            true => self.secrecy.answer = Some(answer),
            false => self.send_json(payload::HANDSHAKE_RESPONSE, &answer.ready(), now),
        }
        events.into_iter().for_each(|event| self.push(event));
    }

    /// Whether the other end is known to be our own.
    fn is_between_our_own(&self) -> bool {
        self.checksum == Checksum::Crc32
    }

    /// What the connections of a port session may count on.
    pub fn stream_terms(&self) -> StreamTerms {
        StreamTerms { halves: self.is_between_our_own(), windows: self.windows }
    }

    /// What this end can besides. Of AWS's service it is not known whether it looks into what it passes on.
    fn abilities(&self) -> Abilities {
        match self.frame_size > SMALL_FRAME {
            true => Abilities {
                checksums: vec![CHECKSUM_CRC32.to_owned()],
                multiplexers: vec![MULTIPLEXER_SMUX2.to_owned()],
            },
            false => Abilities::default(),
        }
    }

    /// The other end can do this besides. One that knows our checksum reads larger frames as well.
    pub(super) fn agree(&mut self, theirs: &Abilities) {
        let ours = self.abilities();
        if ours.checksums.iter().any(|own| theirs.checksums.contains(own)) {
            self.checksum = Checksum::Crc32;
            self.frame_size = HUGE_FRAME;
            self.windows = ours.multiplexers.iter().any(|own| theirs.multiplexers.contains(own));
        }
    }
}
