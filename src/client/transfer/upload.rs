//! From this machine to a node.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Complaint, Copied, Progress, SIZE, TransferError, farewell, hash,
    lines::{Line, Lines},
    place, reason, script, text_of,
};
use crate::{
    client::{Client, Session, SessionEvent},
    ssm::StartSession,
};

const DOCUMENT: &str = "AWS-StartInteractiveCommand";
/// Bytes of one line of base64; a multiple of three, so that the lines add up to one text.
const BLOCK: u64 = 24 * 1024;

impl Client {
    /// Copies `local` to a node, to a file or into a directory there. A file that is there is replaced when the copy is
    /// whole and keeps its mode and its owner; a new one has the mode of `local` less the node's umask. `told` hears how
    /// far it is. When `stopped` is ready, the copy is broken off.
    pub async fn upload(
        &self,
        target: String,
        local: &Path,
        remote: &str,
        mut told: impl FnMut(Progress),
        stopped: impl Future<Output = ()>,
    ) -> Result<Copied, TransferError> {
        let mut source = Source::open(local)?;
        let name = local.file_name().unwrap_or_default().to_string_lossy();
        let parameters = [("command".to_owned(), vec![script::upload(remote, &name, source.mode)])];
        let request = StartSession {
            target,
            document_name: Some(DOCUMENT.to_owned()),
            reason: Some(reason("copy to", remote)),
            parameters: parameters.into(),
        };
        let mut session = self.start_session(request, SIZE).await?;
        let outcome = send(&mut session, &mut source, remote, &mut told, stopped).await;
        // Whatever came of it, its programs are not to wait for more.
        farewell(session).await;
        Ok(source.finish(outcome?))
    }
}

/// Sends a file to the script on the node; where it lies then.
async fn send(
    session: &mut Session,
    source: &mut Source<'_>,
    remote: &str,
    told: &mut impl FnMut(Progress),
    stopped: impl Future<Output = ()>,
) -> Result<String, TransferError> {
    let input = session.input_handle();
    let (mut lines, mut complaint) = (Lines::default(), Complaint::default());
    // What is to be sent next, and where in it.
    let (mut block, mut at, mut begun) = (Vec::new(), 0, false);
    let mut placed = None;
    tokio::pin!(stopped);
    loop {
        if begun && at == block.len() {
            block = source.next()?;
            at = 0;
            told(Progress { done: source.sent, total: source.total });
        }
        tokio::select! {
            event = session.next() => match event {
                Some(SessionEvent::Output(bytes)) => lines.take(&bytes, |line| {
                    let (word, rest) = match line {
                        Line::Says(word, rest) => (word, rest),
                        // The script says nothing else: it is a program or the shell that complains.
                        Line::Data(line) => {
                            complaint.take(&[line.as_slice(), b"\n"].concat());
                            return Ok(());
                        }
                    };
                    match word.as_str() {
                        "have" if !begun => {
                            begun = true;
                            (block, at) = (source.begin(&rest)?, 0);
                        }
                        "done" => placed = Some(rest),
                        "differs" => return Err(TransferError::Differs),
                        "error" => return Err(TransferError::Node(rest)),
                        _ => {}
                    }
                    Ok(())
                })?,
                Some(SessionEvent::Closed { reason }) => {
                    return placed.ok_or_else(|| complaint.ended(remote, reason));
                }
                Some(_) => {}
                None => return Err(TransferError::Ended(None)),
            },
            // It may be whole by now, and its place is told with the end.
            () = &mut stopped, if placed.is_none() => return Err(TransferError::Stopped),
            sent = input.send_some(&block[at..]), if at < block.len() => at += sent,
        }
    }
}

/// The file being sent.
struct Source<'a> {
    path: &'a Path,
    file: File,
    /// Its permission bits.
    mode: u32,
    total: u64,
    sum: String,
    resumed: u64,
    sent: u64,
}

impl<'a> Source<'a> {
    fn open(path: &'a Path) -> Result<Self, TransferError> {
        // A pipe would be waited for as soon as it is opened.
        let about = fs::metadata(path).map_err(TransferError::local(path))?;
        if about.is_dir() {
            return Err(TransferError::Directory(path.to_owned()));
        }
        if !about.is_file() {
            return Err(TransferError::local(path)(place::no_ordinary_file()));
        }
        let mut file = File::open(path).map_err(TransferError::local(path))?;
        let mode = place::mode(&file).map_err(TransferError::local(path))?;
        let (context, total) = hash(&mut file, u64::MAX).map_err(TransferError::local(path))?;
        Ok(Self { path, file, mode, total, sum: text_of(context), resumed: 0, sent: 0 })
    }

    /// The answer to what the node has already: `<bytes> <sum>`.
    fn begin(&mut self, have: &str) -> Result<Vec<u8>, TransferError> {
        let (bytes, sum) = have.split_once(' ').unwrap_or_default();
        let have: u64 = bytes.parse().unwrap_or_default();
        let mut offset = 0;
        if (1..=self.total).contains(&have) {
            self.rewind(0)?;
            let (context, _) = hash(&mut self.file, have).map_err(TransferError::local(self.path))?;
            offset = if text_of(context) == sum { have } else { 0 };
        }
        self.rewind(offset)?;
        (self.resumed, self.sent) = (offset, offset);
        Ok(format!("{offset} {} {}\n", encoded(self.total - offset), self.sum).into_bytes())
    }

    /// The next line; nothing at the end.
    fn next(&mut self) -> Result<Vec<u8>, TransferError> {
        let mut block = Vec::new();
        let left = (self.total - self.sent).min(BLOCK);
        (&mut self.file).take(left).read_to_end(&mut block).map_err(TransferError::local(self.path))?;
        if (block.len() as u64) < left {
            // Sending less than was promised would keep the node waiting.
            return Err(TransferError::Differs);
        }
        self.sent += left;
        if block.is_empty() {
            return Ok(block);
        }
        let mut line = STANDARD.encode(&block).into_bytes();
        line.push(b'\n');
        Ok(line)
    }

    fn rewind(&mut self, to: u64) -> Result<(), TransferError> {
        self.file.seek(SeekFrom::Start(to)).map(drop).map_err(TransferError::local(self.path))
    }

    fn finish(self, path: String) -> Copied {
        Copied { path, bytes: self.total, resumed: self.resumed, sha256: self.sum }
    }
}

/// How many characters so many bytes come to, line ends included.
fn encoded(bytes: u64) -> u64 {
    bytes.div_ceil(3) * 4 + bytes.div_ceil(BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_is_what_is_sent_from_any_offset() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let bytes: Vec<u8> = (0..60_001u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        std::fs::write(&path, &bytes).unwrap();
        for have in [0usize, 1, 24 * 1024, 60_000, 60_001, 70_000] {
            let mut source = Source::open(&path).unwrap();
            let sum = crate::wire::digest::sha256_hex(&bytes[..have.min(bytes.len())]);
            let answer = String::from_utf8(source.begin(&format!("{have} {sum}")).unwrap()).unwrap();
            let mut words = answer.split_whitespace();
            let offset: usize = words.next().unwrap().parse().unwrap();
            assert_eq!(offset, if have <= bytes.len() { have } else { 0 });
            let mut sent = Vec::new();
            while let Some(line) = Some(source.next().unwrap()).filter(|line| !line.is_empty()) {
                sent.extend(line);
            }
            assert_eq!(words.next().unwrap(), sent.len().to_string());
            let data: Vec<u8> =
                sent.split(|byte| *byte == b'\n').flat_map(|line| STANDARD.decode(line).unwrap()).collect();
            assert!(data == bytes[offset..]);
        }
        let mut source = Source::open(&path).unwrap();
        assert!(source.begin("100 nonsense").unwrap().starts_with(b"0 "));
    }
}
