//! Objects that are encrypted at rest: pieces of one size, each sealed for its place, the last one marked as such.
//!
//! They lie below a bucket name that no caller can use, so that nobody's bytes are ever taken for sealed ones.

use std::ops::Range;

use futures_util::{Stream, StreamExt, stream};
use object_store::path::Path as ObjectPath;
use uuid::Uuid;

use crate::{
    engine::seal::{Keyring, OVERHEAD},
    ssm::ApiError,
};

/// Plain bytes in a piece.
const PIECE: usize = 256 * 1024;
const SEALED: usize = PIECE + OVERHEAD;

/// Where the sealed form of an object lies.
pub(super) fn place(path: &ObjectPath) -> ObjectPath {
    ObjectPath::from_iter(std::iter::once(".sealed".into()).chain(path.parts()))
}

/// What a piece is bound to.
fn bound(path: &ObjectPath, number: u64, last: bool) -> Vec<u8> {
    format!("s3\0{path}\0{number}\0{last}").into_bytes()
}

/// Seals an object as its bytes come.
pub(super) struct Sealer<'a> {
    keyring: &'a Keyring,
    key: Uuid,
    path: &'a ObjectPath,
    number: u64,
    piece: Vec<u8>,
}

impl<'a> Sealer<'a> {
    pub(super) fn new(keyring: &'a Keyring, key: Uuid, path: &'a ObjectPath) -> Self {
        Self { keyring, key, path, number: 0, piece: Vec::new() }
    }

    /// Takes bytes; gives the pieces that are full. One piece is held back: it may be the last.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, ApiError> {
        let mut sealed = Vec::new();
        while !bytes.is_empty() {
            if self.piece.len() == PIECE {
                sealed.push(self.seal(false)?);
            }
            let taken = bytes.len().min(PIECE - self.piece.len());
            self.piece.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
        }
        Ok(sealed)
    }

    /// The last piece; there is always one.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, ApiError> {
        self.seal(true)
    }

    fn seal(&mut self, last: bool) -> Result<Vec<u8>, ApiError> {
        let sealed = self.keyring.seal(self.key, &bound(self.path, self.number, last), &self.piece)?;
        self.number += 1;
        self.piece.clear();
        Ok(sealed)
    }
}

/// How many plain bytes a sealed object of this size has.
pub(super) fn plain_length(sealed: u64) -> u64 {
    sealed.saturating_sub(sealed.div_ceil(SEALED as u64) * OVERHEAD as u64)
}

/// The plain bytes of `range` of a sealed object. `read` gives ranges of the sealed bytes.
pub(super) fn open<'a, R, F>(
    keyring: &'a Keyring,
    path: &'a ObjectPath,
    sealed: u64,
    range: Range<u64>,
    read: R,
) -> impl Stream<Item = Result<Vec<u8>, ApiError>> + 'a
where
    R: Fn(Range<u64>) -> F + 'a,
    F: Future<Output = Result<bytes::Bytes, ApiError>> + 'a,
{
    let pieces = sealed.div_ceil(SEALED as u64);
    let wanted = (range.start / PIECE as u64)..range.end.div_ceil(PIECE as u64).min(pieces);
    stream::iter(wanted).then(move |number| {
        let start = number * SEALED as u64;
        let bytes = read(start..(start + SEALED as u64).min(sealed));
        let range = range.clone();
        async move {
            let mut plain = keyring.open_value(&bound(path, number, number + 1 == pieces), &bytes.await?)?;
            let begin = number * PIECE as u64;
            let within = |at: u64| usize::try_from(at.saturating_sub(begin)).unwrap_or(usize::MAX).min(plain.len());
            let (from, to) = (within(range.start), within(range.end));
            plain.truncate(to);
            plain.drain(..from.min(to));
            Ok(plain)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssm::Timestamp;

    async fn read(keyring: &Keyring, sealed: &[u8], range: Range<u64>) -> Result<Vec<u8>, ApiError> {
        let path = ObjectPath::from("logs/a/x.log");
        let pieces = open(keyring, &path, sealed.len() as u64, range, |range: Range<u64>| {
            let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            let bytes = bytes::Bytes::copy_from_slice(&sealed[range]);
            async { Ok(bytes) }
        });
        let pieces: Vec<_> = pieces.collect().await;
        Ok(pieces.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
    }

    #[tokio::test]
    async fn an_object_comes_back_whole_or_in_part_and_no_damage_passes() {
        let home = tempfile::tempdir().unwrap();
        let keyring = Keyring::open(home.path(), &[], Timestamp::default()).unwrap();
        let key = keyring.resolve(crate::engine::seal::DEFAULT_KEY).unwrap();
        let path = ObjectPath::from("logs/a/x.log");
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE] {
            let plain: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let mut sealer = Sealer::new(&keyring, key, &path);
            let mut sealed: Vec<u8> = Vec::new();
            for chunk in plain.chunks(100_000) {
                sealed.extend(sealer.push(chunk).unwrap().concat());
            }
            sealed.extend(sealer.finish().unwrap());
            let length = plain_length(sealed.len() as u64);
            assert_eq!(length, size as u64);
            assert_eq!(read(&keyring, &sealed, 0..length).await.unwrap(), plain);
            if size > 2 {
                let part = 1..length - 1;
                assert_eq!(read(&keyring, &sealed, part).await.unwrap(), plain[1..size - 1]);
            }
            if size > PIECE {
                let short = &sealed[..SEALED];
                assert!(read(&keyring, short, 0..PIECE as u64).await.is_err(), "a part is not the whole");
            }
            sealed[OVERHEAD / 2] ^= 1;
            assert!(size == 0 || read(&keyring, &sealed, 0..length).await.is_err());
        }
    }
}
