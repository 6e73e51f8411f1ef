//! A look at a node: a session that runs a fixed script and is read answer by answer.

use tokio::{sync::mpsc, sync::oneshot, task::JoinHandle};

use super::perform::trouble;
use crate::{
    client::{Client, Session, SessionEvent, TerminalSize, word::quoted},
    console::{
        probe::{self, Probe},
        update::{LookUpdate, Trouble, Update},
    },
    ssm::StartSession,
};

/// Nobody is at a terminal, but some size is told all the same.
const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };
/// No answer is longer than this.
const LARGEST: usize = 8 * 1024 * 1024;
/// So much of what a script complains about is kept.
const COMPLAINT: usize = 2_048;

/// A look under way. Dropping it ends its session.
pub(super) struct Watch {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Watch {
    /// Whether it is not over yet.
    pub fn runs(&self) -> bool {
        !self.task.is_finished()
    }

    /// Tells it to end; the task is over when the service knows.
    pub fn end(self) -> JoinHandle<()> {
        drop(self.stop);
        self.task
    }
}

/// Begins a look.
pub(super) fn begin(client: Client, id: u64, node: String, probe: Probe, updates: mpsc::Sender<Update>) -> Watch {
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        let over = match start(&client, node, &probe).await {
            Ok(session) => follow(session, (id, probe.is_text()), &updates, stopped).await,
            Err(trouble) => Some(trouble),
        };
        let _ = updates.send(Update::Look { id, update: LookUpdate::Over(over) }).await;
    });
    Watch { stop, task }
}

async fn start(client: &Client, node: String, probe: &Probe) -> Result<Session, Trouble> {
    let parameters = [
        ("command".to_owned(), vec![format!("sh -c {}", quoted(&probe.script()))]),
        ("separateOutputStream".to_owned(), vec!["true".to_owned()]),
    ];
    let request = StartSession {
        target: node,
        document_name: Some(probe::DOCUMENT.to_owned()),
        reason: Some(format!("{}{}", probe::REASON, probe.reason())),
        parameters: parameters.into(),
    };
    client.start_session(request, SIZE).await.map_err(|error| trouble(&error))
}

/// Tells every answer until the session is over or nobody wants it any more; why it ended, if that was too early.
async fn follow(
    mut session: Session,
    (id, is_text): (u64, bool),
    updates: &mpsc::Sender<Update>,
    mut stopped: oneshot::Receiver<()>,
) -> Option<Trouble> {
    let (mut answers, mut complaint, mut ending) = (Answers::default(), Vec::new(), false);
    loop {
        tokio::select! {
            _ = &mut stopped, if !ending => {
                ending = true;
                session.terminate().await;
            }
            event = session.next() => match event {
                Some(SessionEvent::Output(bytes)) => {
                    let came = if is_text { answers.take_text(&bytes) } else { answers.take(&bytes) };
                    for answer in came {
                        let _ = updates.send(Update::Look { id, update: LookUpdate::Answer(answer) }).await;
                    }
                    if answers.is_too_long() {
                        session.terminate().await;
                        return Some(Trouble::new("The node says more than is read.", None));
                    }
                }
                Some(SessionEvent::Stderr(bytes)) => {
                    let room = COMPLAINT.saturating_sub(complaint.len());
                    complaint.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
                }
                Some(SessionEvent::Closed { reason }) => {
                    let complaint = String::from_utf8_lossy(&complaint);
                    let complaint = Some(complaint.trim()).filter(|text| !text.is_empty() && !answers.any);
                    let why = reason.as_deref().or(complaint).filter(|why| !why.is_empty() && !ending);
                    return why.map(|why| Trouble::new(format!("The look has ended: {why}"), None));
                }
                Some(_) => {}
                None => return None,
            },
        }
    }
}

/// Whole answers out of pieces that are cut anywhere.
#[derive(Debug, Default)]
struct Answers {
    rest: Vec<u8>,
    /// Where the last line of the rest begins.
    line: usize,
    /// Whether there was any answer.
    any: bool,
}

impl Answers {
    fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut answers = Vec::new();
        for byte in bytes {
            self.rest.push(*byte);
            if *byte != b'\n' {
                continue;
            }
            let line = self.rest.get(self.line..).unwrap_or_default();
            self.line = self.rest.len();
            if line.trim_ascii_end() == probe::END.as_bytes() {
                answers.push(String::from_utf8_lossy(&std::mem::take(&mut self.rest)).into_owned());
                (self.line, self.any) = (0, true);
            }
        }
        answers
    }

    /// Everything up to the last line end.
    fn take_text(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let rest = self.rest.split_off(end + 1);
        let whole = std::mem::replace(&mut self.rest, rest);
        self.any = true;
        vec![String::from_utf8_lossy(&whole).into_owned()]
    }

    fn is_too_long(&self) -> bool {
        self.rest.len() > LARGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_whole_wherever_they_are_cut() {
        let text = b"#up\n|1\n#.\r\n#up\n|#.\n|2\n#.\nrest";
        for cut in 0..=text.len() {
            let mut answers = Answers::default();
            let mut got = answers.take(&text[..cut]);
            got.extend(answers.take(&text[cut..]));
            assert_eq!(got, ["#up\n|1\n#.\r\n", "#up\n|#.\n|2\n#.\n"], "cut at {cut}");
        }
    }

    #[test]
    fn an_answer_without_an_end_is_not_kept_for_ever() {
        let mut answers = Answers::default();
        let flood = vec![b'x'; 1024 * 1024];
        assert!((0..10).any(|_| {
            answers.take(&flood);
            answers.is_too_long()
        }));
    }
}
