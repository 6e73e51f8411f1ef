//! What streams ask of the allocator, and what they keep of it.

use std::{hint::black_box, sync::Once};

use bytes::Bytes;

/// The window of a channel. As much again is kept for the buffers around it.
const KEPT: usize = 4 * 1024 * 1024;

/// What a data channel's socket reads at once, in bytes: as much as one record of TLS holds. The buffer is cleared before
/// each read, and with a larger one a key pays for it.
pub const STREAM_READS: usize = 16 * 1024;

/// What is written to it at once, in bytes: room for two of the large frames. A larger one is written by itself.
pub const STREAM_WRITES: usize = 64 * 1024;

/// What is smaller than this is copied before it is kept.
const SMALL: usize = 8 * 1024;

/// A part of a message that may be kept for as long as somebody is slow to take it. Sharing it would keep the whole message with
/// it, and the read buffer of the socket that the message lies in: 16 KiB for a single byte, if a peer wants it so.
pub fn lasting(message: &Bytes, part: &[u8]) -> Bytes {
    if part.len() < SMALL { Bytes::copy_from_slice(part) } else { message.slice_ref(part) }
}

/// To be called before a stream begins. glibc gives freed memory back to the kernel beyond 128 KiB, so that a stream, whose
/// frames come and go by the megabyte, faults in the same pages all over again. It learns better from the first large
/// piece that is freed: from then on it keeps twice as much. Costs nothing while no stream runs.
pub fn keep_for_streams() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(black_box(Vec::<u8>::with_capacity(KEPT))));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_large_shares_its_message() {
        let message = Bytes::from(vec![7; 2 * SMALL]);
        for (size, shares) in [(1, false), (SMALL - 1, false), (SMALL, true)] {
            let part = lasting(&message, &message[1..=size]);
            assert_eq!(part, message[1..=size]);
            assert_eq!(message.as_ptr_range().contains(&part.as_ptr()), shares, "{size}");
        }
        assert_eq!(lasting(&message, &[]), Bytes::new());
    }
}
