//! Copies a file from or to a node over an ordinary session, with AWS's agent as with ours.
//!
//! Bytes travel as base64: what AWS's agent reads from a command it takes for text, and replaces what is none. A download
//! is a command without a terminal, whose output comes as it is made. Such commands have no input, so an upload is a
//! command on a terminal that is set to pass everything on. Both ends take the SHA-256 of the whole file. A copy that was
//! broken off leaves its beginning under a hidden name; the next one goes on from there if it still is a beginning.

mod download;
mod lines;
mod place;
mod script;
mod upload;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256};

use super::{Error, Session, TerminalSize};
use crate::wire::digest::hex;

/// Sessions without anybody at a terminal tell some size all the same.
const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };

/// How long the end of a session that is of no more use is waited for. Whoever drops it at once may end before it does.
const FAREWELL: Duration = Duration::from_secs(2);

/// Characters of a reason that `StartSession` takes.
const REASON: usize = 256;

/// How far a copy is, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Copied, what was there from an earlier try included.
    pub done: u64,
    /// Of so many.
    pub total: u64,
}

/// A finished copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Where it is now.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// How many of them an earlier try had copied.
    pub resumed: u64,
    /// The same at both ends.
    pub sha256: String,
}

/// Why a file was not copied.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The session could not be started.
    #[error(transparent)]
    Client(#[from] Error),
    /// A file on this machine.
    #[error("{}: {error}", .path.display())]
    Local {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: io::Error,
    },
    /// The folder on this machine that the copy was to lie in.
    #[error("there is no folder {}; create it first", .0.display())]
    NoFolder(PathBuf),
    /// What was to be copied from this machine is no file, but holds some.
    #[error("{} is a directory: pack it first, for example with tar", .0.display())]
    Directory(PathBuf),
    /// The node says why.
    #[error("{0}")]
    Node(String),
    /// The node broke off on the way: the file there, and why.
    #[error("{0}: {1}; what has arrived is kept, copy again to go on")]
    Cut(String, String),
    /// The session ended too early.
    #[error("the session ended before the file was copied{}; what has arrived is kept, copy again to go on", .0.as_deref().map(|reason| format!(": {}", reason.trim_end_matches('.'))).unwrap_or_default())]
    Ended(Option<String>),
    /// Nobody wanted it any more.
    #[error("stopped; what has arrived is kept, copy again to go on")]
    Stopped,
    /// Both files were there, but differ.
    #[error("the copy differs from the file, which may have changed meanwhile: copy it again")]
    Differs,
}

impl TransferError {
    fn local(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Local { path: path.to_owned(), error }
    }
}

/// Ends a session on the node and waits for its end, for a while; at once if it has ended already.
async fn farewell(mut session: Session) {
    session.terminate().await;
    let end = async { while session.next().await.is_some() {} };
    let _ = tokio::time::timeout(FAREWELL, end).await;
}

/// The hidden name of a copy that is not whole yet.
fn part_of(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".fleetdeck-part");
    path.with_file_name(name)
}

/// Why the session was begun, as the service takes it: one line, and not too long.
fn reason(what: &str, path: &str) -> String {
    let told = what.chars().chain([' ']).chain(path.chars()).map(|c| if c.is_control() { ' ' } else { c });
    told.take(REASON).collect()
}

/// What a program or the shell of a node said beside the copy: it knows better why that failed than whoever ended the session.
#[derive(Debug, Default)]
struct Complaint(Vec<u8>);

impl Complaint {
    /// Bytes of it that are worth reading.
    const LIMIT: usize = 4096;

    fn take(&mut self, bytes: &[u8]) {
        let room = Self::LIMIT.saturating_sub(self.0.len());
        self.0.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// The copy of this file was not whole when the session ended.
    fn ended(&self, path: &str, reason: Option<String>) -> TransferError {
        match self.words() {
            Some(words) => TransferError::Cut(path.to_owned(), words),
            None => TransferError::Ended(reason),
        }
    }

    /// Its lines as one.
    fn words(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.0);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines = lines.take(4).map(|line| line.trim_end_matches('.'));
        Some(lines.collect::<Vec<_>>().join("; ")).filter(|words| !words.is_empty())
    }
}

/// SHA-256 of the first `limit` bytes of a file, and how many there were.
fn hash(file: &mut File, limit: u64) -> io::Result<(Context, u64)> {
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 128 * 1024];
    let (mut file, mut total) = (file.take(limit), 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((context, total)),
            read => {
                context.update(&buffer[..read]);
                total += read as u64;
            }
        }
    }
}

fn text_of(context: Context) -> String {
    hex(context.finish().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_complaint_of_the_node_is_read_before_the_reason_of_the_session() {
        let mut complaint = Complaint::default();
        let reason = || Some("the process exited".to_owned());
        assert!(complaint.ended("/f", reason()).to_string().contains("ended before the file was copied: the process"));
        let sentence = complaint.ended("/f", Some("The agent was restarted.".to_owned())).to_string();
        assert!(sentence.contains(": The agent was restarted; what has arrived is kept"), "{sentence}");
        complaint.take(b"tail: error reading '/f': Input/output error\r\n\n");
        complaint.take(b"sh: bad\n");
        assert_eq!(
            complaint.ended("/f", reason()).to_string(),
            "/f: tail: error reading '/f': Input/output error; sh: bad; what has arrived is kept, copy again to go on"
        );
        complaint.take(&[b'x'; 10_000]);
        assert_eq!(complaint.0.len(), Complaint::LIMIT);
    }

    #[test]
    fn a_reason_is_one_that_the_service_takes() {
        assert_eq!(reason("copy of", "/etc/two\nlines"), "copy of /etc/two lines");
        let long = reason("copy of", &format!("/{}", "ä".repeat(400)));
        assert_eq!(long.chars().count(), REASON);
    }

    #[cfg(unix)]
    #[test]
    fn two_files_have_two_beginnings() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let part = |name: &[u8]| part_of(Path::new(OsStr::from_bytes(name)));
        assert_ne!(part(b"a/\xff"), part(b"a/\xfe"));
        assert_eq!(part(b"a/b"), Path::new("a/.b.fleetdeck-part"));
    }
}
