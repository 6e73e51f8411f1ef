//! From a node to this machine.

use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Complaint, Copied, Progress, SIZE, TransferError, farewell, hash,
    lines::{Line, Lines},
    part_of, place, reason, script, text_of,
};
use crate::{
    client::{Client, Session, SessionEvent, word::quoted},
    ssm::StartSession,
};

const DOCUMENT: &str = "AWS-StartNonInteractiveCommand";

impl Client {
    /// Copies a file of a node to `local`. A file that is there is replaced when the copy is whole and keeps its mode and its
    /// owner; a new one has the mode of the node's file less the umask. `told` hears how far it is. When `stopped` is ready,
    /// the copy is broken off.
    pub async fn download(
        &self,
        target: String,
        remote: &str,
        local: &Path,
        mut told: impl FnMut(Progress),
        stopped: impl Future<Output = ()>,
    ) -> Result<Copied, TransferError> {
        let mut file = Partial::open(local)?;
        let script = script::download(remote, file.had, &file.sum());
        let parameters = [
            ("command".to_owned(), vec![format!("sh -c {}", quoted(&script))]),
            ("separateOutputStream".to_owned(), vec!["true".to_owned()]),
        ];
        let request = StartSession {
            target,
            document_name: Some(DOCUMENT.to_owned()),
            reason: Some(reason("copy of", remote)),
            parameters: parameters.into(),
        };
        let mut session = self.start_session(request, SIZE).await?;
        let mut complaint = Complaint::default();
        let outcome = receive(&mut session, &mut file, &mut complaint, &mut told, stopped).await;
        // Whatever came of it, its programs are not to go on.
        farewell(session).await;
        let (sum, reason) = outcome?;
        let Some(sum) = sum else { return Err(complaint.ended(remote, reason)) };
        match file.finish(&sum) {
            // What could not be read to its end has another sum.
            Err(TransferError::Differs) if complaint.words().is_some() => Err(complaint.ended(remote, reason)),
            outcome => outcome,
        }
    }
}

/// Takes what the script on the node says until the session ends: the sum of the file, if it came that far, and why the
/// session ended.
async fn receive(
    session: &mut Session,
    file: &mut Partial<'_>,
    complaint: &mut Complaint,
    told: &mut impl FnMut(Progress),
    stopped: impl Future<Output = ()>,
) -> Result<(Option<String>, Option<String>), TransferError> {
    let (mut lines, mut sum, mut total) = (Lines::default(), None, 0);
    tokio::pin!(stopped);
    loop {
        let event = tokio::select! {
            event = session.next() => event,
            () = &mut stopped, if sum.is_none() => return Err(TransferError::Stopped),
        };
        match event {
            Some(SessionEvent::Output(bytes)) => {
                lines.take(&bytes, |line| match line {
                    Line::Says(word, rest) => {
                        match word.as_str() {
                            "size" => {
                                let (offset, size) = rest.split_once(' ').unwrap_or_default();
                                total = size.parse().unwrap_or_default();
                                file.begin(offset.parse().unwrap_or_default())?;
                            }
                            "mode" => file.mode = place::mode_of(&rest),
                            "sum" => sum = Some(rest),
                            "error" => return Err(TransferError::Node(rest)),
                            _ => {}
                        }
                        Ok(())
                    }
                    Line::Data(line) => file.write(&line),
                })?;
                told(Progress { done: file.written, total });
            }
            Some(SessionEvent::Stderr(bytes)) => complaint.take(&bytes),
            Some(SessionEvent::Closed { reason }) => return Ok((sum, reason)),
            Some(_) => {}
            None => return Ok((sum, None)),
        }
    }
}

/// The copy on its way.
struct Partial<'a> {
    local: &'a Path,
    /// Where it belongs: behind the links of `local`.
    real: PathBuf,
    path: PathBuf,
    file: File,
    /// The permission bits of the file on the node.
    mode: Option<u32>,
    context: Context,
    /// What an earlier try left.
    had: u64,
    written: u64,
    /// Whether the file is where it belongs.
    done: bool,
}

impl<'a> Partial<'a> {
    fn open(local: &'a Path) -> Result<Self, TransferError> {
        let real = place::behind(local).map_err(TransferError::local(local))?;
        if let Some(folder) = real.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
            return Err(TransferError::NoFolder(folder.to_owned()));
        }
        let path = part_of(&real);
        let mut file = place::private(&path).map_err(TransferError::local(&path))?;
        let (context, had) = hash(&mut file, u64::MAX).map_err(TransferError::local(&path))?;
        Ok(Self { local, real, path, file, mode: None, context, had, written: had, done: false })
    }

    fn sum(&self) -> String {
        text_of(self.context.clone())
    }

    /// Goes on at an offset: behind what is here, or from the beginning.
    fn begin(&mut self, offset: u64) -> Result<(), TransferError> {
        if offset != self.had {
            self.had = 0;
            self.context = Context::new(&SHA256);
            self.file.set_len(0).map_err(TransferError::local(&self.path))?;
        }
        self.written = self.had;
        self.file.seek(SeekFrom::Start(self.written)).map(drop).map_err(TransferError::local(&self.path))
    }

    fn write(&mut self, line: &[u8]) -> Result<(), TransferError> {
        let bytes = STANDARD
            .decode(line)
            .map_err(|_| TransferError::Node("the node sent something else than the file".to_owned()))?;
        self.context.update(&bytes);
        self.written += bytes.len() as u64;
        self.file.write_all(&bytes).map_err(TransferError::local(&self.path))
    }

    fn finish(mut self, sum: &str) -> Result<Copied, TransferError> {
        let own = self.sum();
        if own != sum {
            let _ = fs::remove_file(&self.path);
            return Err(TransferError::Differs);
        }
        self.file.sync_all().map_err(TransferError::local(&self.path))?;
        place::put(&mut self.file, &self.path, &self.real, self.mode).map_err(TransferError::local(self.local))?;
        self.done = true;
        let path = self.local.display().to_string();
        Ok(Copied { path, bytes: self.written, resumed: self.had, sha256: own })
    }
}

/// A beginning stays for the next try; nothing is not worth a file.
impl Drop for Partial<'_> {
    fn drop(&mut self) {
        if !self.done && self.file.metadata().is_ok_and(|file| file.len() == 0) {
            let _ = fs::remove_file(&self.path);
        }
    }
}
