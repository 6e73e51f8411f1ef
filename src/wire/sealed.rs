//! The encryption of a session with a KMS key: AES-256-GCM between the two ends, unknown to whoever carries the bytes.
//!
//! KMS gives both ends the same 64 bytes, which are two keys, one a direction. A sealed text is the nonce, the cipher text
//! and the tag. Nothing here is ever shown: not in `Debug`, not in errors.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};

use super::channel::Role;

/// The length of the plain data key that KMS generates for a session.
pub const DATA_KEY: usize = 64;
const KEY: usize = DATA_KEY / 2;
const TAG: usize = 16;

/// A text cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was not sealed with this key, or it was changed on the way.
    #[error("the data cannot be decrypted with the session's key")]
    Refused,
    /// The system has no randomness, or the text is absurdly long.
    #[error("the data cannot be encrypted")]
    Unavailable,
}

/// The keys of one end of a session. The library wipes them when they are dropped.
pub struct SessionKeys {
    sealing: LessSafeKey,
    opening: LessSafeKey,
    /// The next nonce: a random beginning, counted up, so that none comes twice under one key.
    nonce: u128,
}

impl SessionKeys {
    /// Splits a data key: its first half seals what the agent sends, its second half what the client sends. The caller
    /// wipes its own copy.
    pub fn split(plain: &[u8; DATA_KEY], role: Role) -> Result<Self, SealError> {
        let (agent, client) = plain.split_at(KEY);
        let (sealing, opening) = match role {
            Role::Agent => (agent, client),
            Role::Client => (client, agent),
        };
        let key = |bytes: &[u8]| {
            UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new).map_err(|_| SealError::Unavailable)
        };
        let mut start = [0; NONCE_LEN];
        rand::fill(&mut start).map_err(|_| SealError::Unavailable)?;
        let nonce = start.iter().fold(0, |number, byte| number << 8 | u128::from(*byte));
        Ok(Self { sealing: key(sealing)?, opening: key(opening)?, nonce })
    }

    /// Seals a text for the other end.
    pub fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        self.nonce = self.nonce.wrapping_add(1);
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&self.nonce.to_le_bytes()[..NONCE_LEN]);
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + TAG);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.sealing.seal_in_place_separate_tag(nonce, Aad::empty(), &mut sealed[NONCE_LEN..]);
        sealed.extend_from_slice(tag.map_err(|_| SealError::Unavailable)?.as_ref());
        Ok(sealed)
    }

    /// Opens a text of the other end.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Refused)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.opening.open_in_place(nonce, Aad::empty(), &mut text).map_err(|_| SealError::Refused)?;
        let length = plain.len();
        text.truncate(length);
        Ok(text)
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKeys(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ends() -> (SessionKeys, SessionKeys) {
        let plain: [u8; DATA_KEY] = std::array::from_fn(|n| u8::try_from(n).unwrap());
        (SessionKeys::split(&plain, Role::Client).unwrap(), SessionKeys::split(&plain, Role::Agent).unwrap())
    }

    #[test]
    fn a_text_is_nonce_cipher_text_and_tag_and_opens_only_at_the_other_end() {
        let (mut client, mut agent) = ends();
        let sealed = client.seal(b"ls\r").unwrap();
        assert_eq!(sealed.len(), 12 + 3 + 16);
        assert_eq!(agent.open(&sealed).unwrap(), b"ls\r");
        assert_eq!(client.open(&sealed), Err(SealError::Refused), "the directions have keys of their own");
        let sealed = agent.seal(b"").unwrap();
        assert_eq!(client.open(&sealed).unwrap(), b"");
    }

    #[test]
    fn the_agent_seals_with_the_first_half() {
        let plain: [u8; DATA_KEY] = std::array::from_fn(|n| if n < KEY { 1 } else { 2 });
        let mut agent = SessionKeys::split(&plain, Role::Agent).unwrap();
        let mut sealed = agent.seal(b"text").unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[1; KEY]).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(&sealed[..NONCE_LEN]).unwrap();
        let opened = key.open_in_place(nonce, Aad::empty(), &mut sealed[NONCE_LEN..]).unwrap();
        assert_eq!(opened, b"text");
    }

    #[test]
    fn no_nonce_comes_twice() {
        let (mut client, _) = ends();
        let mut seen = std::collections::HashSet::new();
        client.nonce = (1 << 96) - 5;
        assert!((0..10_000).all(|_| seen.insert(client.seal(b"x").unwrap()[..NONCE_LEN].to_vec())));
    }

    #[test]
    fn keys_are_not_shown() {
        let (client, _) = ends();
        assert_eq!(format!("{client:?}"), "SessionKeys(..)");
    }

    proptest! {
        #[test]
        fn every_text_survives_and_no_damage_passes(text in proptest::collection::vec(any::<u8>(), 0..2000), at: usize, bit in 0u8..8) {
            let (mut client, agent) = ends();
            let mut sealed = client.seal(&text).unwrap();
            prop_assert_eq!(agent.open(&sealed).unwrap(), text);
            let at = at % sealed.len();
            sealed[at] ^= 1 << bit;
            prop_assert_eq!(agent.open(&sealed), Err(SealError::Refused));
            prop_assert_eq!(agent.open(&sealed[..at]), Err(SealError::Refused));
        }
    }
}
