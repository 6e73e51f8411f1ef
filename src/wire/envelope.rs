//! The binary envelope of the control channel and the data channel: a 116-byte header, a length, a payload.
//!
//! All integers are big-endian. The two halves of the message id are swapped on the wire. See [`View::decode`] for
//! what a reader insists on; it is what AWS's own peers insist on, and nothing a peer sends makes it panic.

use aws_lc_rs::digest;
use bytes::{Buf, BufMut};
use uuid::Uuid;

use crate::ssm::Timestamp;

/// Where the payload's length stands; the payload follows four bytes later.
const HEADER_LENGTH: usize = 116;
const PREFIX: usize = HEADER_LENGTH + 4;
/// Where the digest of the payload stands.
const DIGEST: std::ops::Range<usize> = 80..112;
/// What that field begins with when it holds a CRC-32, which stands in its last four bytes.
const CRC32: [u8; 28] = *b"CRC-32\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// The largest header a reader follows. Only 116 is ever written; the field exists so that headers may grow.
const HEADER_LIMIT: usize = 4096;
/// The largest message a reader takes.
pub const MESSAGE_LIMIT: usize = 8 * 1024 * 1024;

/// The message types, as they stand in the header.
pub mod kind {
    /// Client to agent: keystrokes, sizes, handshake answers, flags.
    pub const INPUT: &str = "input_stream_data";
    /// Agent to client: output, handshake requests, exit code, flags.
    pub const OUTPUT: &str = "output_stream_data";
    /// One for every stream frame received.
    pub const ACKNOWLEDGE: &str = "acknowledge";
    /// The service says that the session is over.
    pub const CHANNEL_CLOSED: &str = "channel_closed";
    /// The peer is there.
    pub const START_PUBLICATION: &str = "start_publication";
    /// The peer is not there.
    pub const PAUSE_PUBLICATION: &str = "pause_publication";
    /// The agent says that a session is connected or terminating.
    pub const SESSION_STATE: &str = "agent_session_state";
    /// The service asks the agent to start a session.
    pub const INTERACTIVE_SHELL: &str = "interactive_shell";
    /// The agent says that a session has ended.
    pub const TASK_COMPLETE: &str = "agent_task_complete";
    /// The service has noted that end.
    pub const TASK_ACKNOWLEDGE: &str = "agent_task_acknowledge";
    /// A command, or its cancellation.
    pub const JOB: &str = "agent_job";
    /// The agent has stored the job, or refused it.
    pub const JOB_ACK: &str = "agent_job_ack";
    /// What has come of the job so far.
    pub const JOB_REPLY: &str = "agent_job_reply";
    /// The service has stored that reply.
    pub const JOB_REPLY_ACK: &str = "agent_job_reply_ack";
}

/// The payload types of stream frames.
pub mod payload {
    /// Raw bytes.
    pub const OUTPUT: u32 = 1;
    /// `{"cols","rows"}`.
    pub const SIZE: u32 = 3;
    /// The agent asks for session type and encryption.
    pub const HANDSHAKE_REQUEST: u32 = 5;
    /// The client's answer.
    pub const HANDSHAKE_RESPONSE: u32 = 6;
    /// The agent closes the handshake.
    pub const HANDSHAKE_COMPLETE: u32 = 7;
    /// The agent proves the key.
    pub const CHALLENGE_REQUEST: u32 = 8;
    /// The client proves the key.
    pub const CHALLENGE_RESPONSE: u32 = 9;
    /// A big-endian u32, see [`super::flag`].
    pub const FLAG: u32 = 10;
    /// Raw bytes of standard error.
    pub const STDERR: u32 = 11;
    /// `EXIT_CODE: n`.
    pub const EXIT_CODE: u32 = 12;
}

/// The values of a flag payload.
pub mod flag {
    /// The local connection closed.
    pub const DISCONNECT_TO_PORT: u32 = 1;
    /// The user ends the session.
    pub const TERMINATE_SESSION: u32 = 2;
    /// The agent could not connect.
    pub const CONNECT_TO_PORT_ERROR: u32 = 3;
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// See [`kind`]; at most 32 ASCII characters.
    pub message_type: String,
    /// 1.
    pub schema_version: u32,
    /// Unix time in milliseconds.
    pub created_date: u64,
    /// Counted per direction for stream frames, 0 otherwise.
    pub sequence_number: i64,
    /// Bit 0: first of a stream, bit 1: last.
    pub flags: u64,
    /// Identifies the message in acknowledgements.
    pub message_id: Uuid,
    /// See [`payload`]; 0 where it has no meaning.
    pub payload_type: u32,
    /// The rest.
    pub payload: Vec<u8>,
}

/// Why bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Shorter than its header says.
    #[error("the message is shorter than its header")]
    Truncated,
    /// A header length that is zero or absurd.
    #[error("the message's header length is {0}")]
    HeaderLength(u32),
    /// No message type, or one that is not text.
    #[error("the message has no type")]
    NoType,
    /// A creation date of zero.
    #[error("the message has no creation date")]
    NoDate,
    /// The payload is not what was sent.
    #[error("the payload does not match its digest")]
    Digest,
    /// Larger than [`MESSAGE_LIMIT`].
    #[error("the message is too large")]
    TooLarge,
}

impl Envelope {
    /// A message of schema version 1 with a fresh id, sequence number 0 and no flags.
    pub fn new(message_type: &str, created: Timestamp, payload: Vec<u8>) -> Self {
        Self {
            message_type: message_type.to_owned(),
            schema_version: 1,
            created_date: created_date(created),
            sequence_number: 0,
            flags: 0,
            message_id: Uuid::new_v4(),
            payload_type: 0,
            payload,
        }
    }

    /// The bytes of the message.
    pub fn encode(&self) -> Vec<u8> {
        View {
            message_type: &self.message_type,
            schema_version: self.schema_version,
            created_date: self.created_date,
            sequence_number: self.sequence_number,
            flags: self.flags,
            message_id: self.message_id,
            payload_type: self.payload_type,
            payload: &self.payload,
        }
        .encode()
    }

    /// Reads a message, as [`View::decode`] does, and keeps a copy of its parts.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let view = View::decode(bytes)?;
        Ok(Self {
            message_type: view.message_type.to_owned(),
            schema_version: view.schema_version,
            created_date: view.created_date,
            sequence_number: view.sequence_number,
            flags: view.flags,
            message_id: view.message_id,
            payload_type: view.payload_type,
            payload: view.payload.to_vec(),
        })
    }
}

/// How the reader of a message sees that its payload is what was sent. None is a protection against somebody who means harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksum {
    /// As AWS's peers have it, and every reader knows it.
    #[default]
    Sha256,
    /// A twentieth of the work. Only this program's readers know it: a sender must have been told that it is understood.
    Crc32,
}

impl Checksum {
    /// The field of the header.
    fn of(self, payload: &[u8]) -> [u8; 32] {
        let mut field = [0; 32];
        match self {
            Self::Sha256 => field.copy_from_slice(digest::digest(&digest::SHA256, payload).as_ref()),
            Self::Crc32 => {
                field[..CRC32.len()].copy_from_slice(&CRC32);
                field[CRC32.len()..].copy_from_slice(&crc32fast::hash(payload).to_be_bytes());
            }
        }
        field
    }

    /// The one that a header has.
    fn in_field(field: &[u8; 32]) -> Self {
        if field.starts_with(&CRC32) { Self::Crc32 } else { Self::Sha256 }
    }
}

/// One message whose parts lie somewhere else: what streams are made of, where every copy counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View<'a> {
    /// See [`kind`].
    pub message_type: &'a str,
    /// 1.
    pub schema_version: u32,
    /// Unix time in milliseconds, see [`created_date`].
    pub created_date: u64,
    /// Counted per direction for stream frames, 0 otherwise.
    pub sequence_number: i64,
    /// Bit 0: first of a stream, bit 1: last.
    pub flags: u64,
    /// Identifies the message in acknowledgements.
    pub message_id: Uuid,
    /// See [`payload`]; 0 where it has no meaning.
    pub payload_type: u32,
    /// The rest.
    pub payload: &'a [u8],
}

impl<'a> View<'a> {
    /// The bytes of the message.
    pub fn encode(&self) -> Vec<u8> {
        self.encode_with(self.payload, Checksum::Sha256)
    }

    /// The bytes of the message with another payload, which may lie in pieces: it is copied once, to its place.
    pub fn encode_with(&self, payload: impl Buf, checksum: Checksum) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(PREFIX + payload.remaining());
        bytes.extend_from_slice(&(HEADER_LENGTH as u32).to_be_bytes());
        let mut name = [b' '; 32];
        let length = self.message_type.len().min(32);
        name[..length].copy_from_slice(&self.message_type.as_bytes()[..length]);
        bytes.extend_from_slice(&name);
        bytes.extend_from_slice(&self.schema_version.to_be_bytes());
        bytes.extend_from_slice(&self.created_date.to_be_bytes());
        bytes.extend_from_slice(&self.sequence_number.to_be_bytes());
        bytes.extend_from_slice(&self.flags.to_be_bytes());
        let id = self.message_id.as_bytes();
        bytes.extend_from_slice(&id[8..]);
        bytes.extend_from_slice(&id[..8]);
        bytes.extend_from_slice(&[0; 32]);
        bytes.extend_from_slice(&self.payload_type.to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(payload.remaining()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.put(payload);
        let checksum = checksum.of(&bytes[PREFIX..]);
        bytes[DIGEST].copy_from_slice(&checksum);
        bytes
    }

    /// Reads a message.
    ///
    /// As AWS's peers do, the payload is everything behind the header, whatever the length field says; the digest is
    /// checked where there is or should be a payload, except on the publication messages, whose payload nobody reads.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, EnvelopeError> {
        let view = Self::peek(bytes)?;
        let unread = matches!(view.message_type, kind::START_PUBLICATION | kind::PAUSE_PUBLICATION);
        let stated: [u8; 32] = field(bytes, DIGEST.start)?;
        let empty =
            view.payload.is_empty() && field(bytes, bytes.len() - 4).is_ok_and(|length: [u8; 4]| length == [0; 4]);
        if !empty && !unread && Checksum::in_field(&stated).of(view.payload) != stated {
            return Err(EnvelopeError::Digest);
        }
        Ok(view)
    }

    /// Reads a message without looking at its payload: enough for whoever only passes it on.
    pub fn peek(bytes: &'a [u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > MESSAGE_LIMIT {
            return Err(EnvelopeError::TooLarge);
        }
        let header = u32::from_be_bytes(field(bytes, 0)?);
        let start = header as usize;
        if !(HEADER_LENGTH..=HEADER_LIMIT).contains(&start) {
            return Err(EnvelopeError::HeaderLength(header));
        }
        let payload = bytes.get(start + 4..).ok_or(EnvelopeError::Truncated)?;
        let name = bytes.get(4..36).ok_or(EnvelopeError::Truncated)?;
        let name = std::str::from_utf8(name).map_err(|_| EnvelopeError::NoType)?;
        // Peers fill the field with NULs or with blanks.
        let message_type = name.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        if message_type.is_empty() {
            return Err(EnvelopeError::NoType);
        }
        let created_date = u64::from_be_bytes(field(bytes, 40)?);
        if created_date == 0 {
            return Err(EnvelopeError::NoDate);
        }
        let low: [u8; 8] = field(bytes, 64)?;
        let high: [u8; 8] = field(bytes, 72)?;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&high);
        id[8..].copy_from_slice(&low);
        Ok(Self {
            message_type,
            schema_version: u32::from_be_bytes(field(bytes, 36)?),
            created_date,
            sequence_number: i64::from_be_bytes(field(bytes, 48)?),
            flags: u64::from_be_bytes(field(bytes, 56)?),
            message_id: Uuid::from_bytes(id),
            payload_type: u32::from_be_bytes(field(bytes, 112)?),
            payload,
        })
    }
}

/// A time as the header has it: never 0, which readers refuse.
pub fn created_date(time: Timestamp) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(1).max(1)
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], EnvelopeError> {
    bytes.get(at..at + N).and_then(|slice| slice.try_into().ok()).ok_or(EnvelopeError::Truncated)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(payload: Vec<u8>) -> Envelope {
        Envelope {
            sequence_number: 7,
            flags: 3,
            payload_type: 1,
            message_id: Uuid::parse_str("00112233-4455-4677-8899-aabbccddeeff").unwrap(),
            ..Envelope::new(kind::OUTPUT, Timestamp::from_millis(1_700_000_000_123), payload)
        }
    }

    #[test]
    fn the_layout_is_the_one_on_the_wire() {
        let bytes = sample(b"hi".to_vec()).encode();
        assert_eq!(bytes.len(), 122);
        assert_eq!(&bytes[..4], [0, 0, 0, 116]);
        assert_eq!(&bytes[4..36], b"output_stream_data              ");
        assert_eq!(&bytes[64..72], [0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]);
        assert_eq!(&bytes[72..80], [0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x46, 0x77]);
        assert_eq!(&bytes[116..], [0, 0, 0, 2, b'h', b'i']);
    }

    #[test]
    fn a_wrong_digest_is_refused_except_on_publication_messages() {
        let mut bytes = sample(b"hi".to_vec()).encode();
        bytes[121] = b'o';
        assert_eq!(Envelope::decode(&bytes), Err(EnvelopeError::Digest));
        let mut bytes = Envelope::new(kind::START_PUBLICATION, Timestamp::from_millis(1), b"x".to_vec()).encode();
        bytes[120] = b'y';
        assert!(Envelope::decode(&bytes).is_ok());
    }

    #[test]
    fn a_reader_knows_either_checksum_and_misses_no_damage() {
        let message = sample(b"hush".to_vec());
        let view = View { payload_type: 1, payload: b"", ..View::decode(&message.encode()).unwrap() }
            .encode_with(&b"hush"[..], Checksum::Crc32);
        assert_eq!(&view[80..86], b"CRC-32");
        assert_eq!(View::decode(&view).unwrap().payload, b"hush");
        // The fields between the checksum and the payload are not checked by it.
        for at in DIGEST.chain(PREFIX..view.len()) {
            let mut bytes = view.clone();
            bytes[at] ^= 1;
            assert_eq!(View::decode(&bytes), Err(EnvelopeError::Digest), "{at}");
        }
        for end in PREFIX..view.len() {
            assert_eq!(View::decode(&view[..end]), Err(EnvelopeError::Digest), "{end}");
        }
    }

    #[test]
    fn a_payload_that_was_cut_off_is_missed() {
        let bytes = sample(b"hi".to_vec()).encode();
        assert_eq!(Envelope::decode(&bytes[..120]), Err(EnvelopeError::Digest));
        assert_eq!(Envelope::decode(&sample(Vec::new()).encode()).unwrap().payload, b"");
    }

    #[test]
    fn a_hostile_header_length_is_refused() {
        for length in [0u32, 1, 115, 5000, u32::MAX] {
            let mut bytes = sample(b"hi".to_vec()).encode();
            bytes[..4].copy_from_slice(&length.to_be_bytes());
            assert!(matches!(Envelope::decode(&bytes), Err(EnvelopeError::HeaderLength(_))), "{length}");
        }
    }

    proptest! {
        #[test]
        fn every_message_survives_the_round_trip(payload in proptest::collection::vec(any::<u8>(), 0..300), seq in any::<i64>()) {
            let message = Envelope { sequence_number: seq, ..sample(payload) };
            prop_assert_eq!(Envelope::decode(&message.encode()), Ok(message));
        }

        #[test]
        fn no_bytes_panic_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Envelope::decode(&bytes);
        }

        #[test]
        fn no_damage_panics_the_reader(at in 0usize..122, byte in any::<u8>(), cut in 0usize..122) {
            let mut bytes = sample(b"hi".to_vec()).encode();
            bytes[at] = byte;
            let _ = Envelope::decode(&bytes[..cut]);
            let _ = Envelope::decode(&bytes);
        }
    }
}
