//! Programs on this machine: what the user pipes a text into, and the user's own commands. Their input is a text or nothing,
//! their output comes back as updates; our terminal is never theirs. Whoever drops [`Running`] ends them.

use std::{ffi::OsString, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Programs, Step, queries::LARGEST_OUTPUT};
use crate::console::update::{ProgramUpdate, Update};

/// How long a program may take.
const LIMIT: Duration = Duration::from_secs(120);
/// Between the request to end and the end by force.
const GRACE: Duration = Duration::from_secs(1);
/// Bytes of output that are sent on at once.
const PIECE: usize = 64 * 1024;

/// Programs that run.
pub(super) struct Running {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Running {
    /// Whether the last of them has ended.
    pub fn is_over(&self) -> bool {
        self.task.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Ends them and waits until they are gone.
    pub async fn end(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Starts programs, one after the other, until one fails or all are done.
pub(super) fn start(programs: Programs, apart: Vec<OsString>, updates: mpsc::Sender<Update>) -> Running {
    start_with(programs, apart, updates, LIMIT)
}

fn start_with(programs: Programs, apart: Vec<OsString>, updates: mpsc::Sender<Update>, limit: Duration) -> Running {
    let stop = CancellationToken::new();
    let runner = Runner { id: programs.id, apart, updates, stop: stop.clone(), limit };
    Running { stop, task: Some(tokio::spawn(runner.run(programs))) }
}

struct Runner {
    id: u64,
    apart: Vec<OsString>,
    updates: mpsc::Sender<Update>,
    stop: CancellationToken,
    limit: Duration,
}

/// How a program ended.
enum End {
    Well,
    Badly(String),
}

impl Runner {
    async fn run(self, programs: Programs) {
        let mut failed = Vec::new();
        for step in &programs.steps {
            if let Some(heading) = &step.heading {
                self.tell(ProgramUpdate::Heading(heading.clone())).await;
            }
            if let End::Badly(how) = self.step(step, &programs).await {
                failed.push(how);
            }
            if self.stop.is_cancelled() {
                break;
            }
        }
        let word = match (failed.as_slice(), programs.steps.len()) {
            ([], 1) => "done".to_owned(),
            ([], n) => format!("all {n} done"),
            ([how], 1) => how.clone(),
            ([.., last], n) => format!("{} of {n} failed, the last: {last}", failed.len()),
        };
        self.tell(ProgramUpdate::Ended { word, well: failed.is_empty() }).await;
    }

    async fn tell(&self, update: ProgramUpdate) {
        let _ = self.updates.send(Update::Program { id: self.id, update }).await;
    }

    async fn step(&self, step: &Step, programs: &Programs) -> End {
        let name = step.words.first().map(String::as_str).unwrap_or_default();
        let mut child = match self.spawn(step, programs) {
            Ok(child) => child,
            Err(error) => return End::Badly(format!("{name} could not be started: {error}")),
        };
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        // A program that does not read all of its input is none that failed.
        let text = programs.stdin.clone();
        let feed = async move {
            if let (Some(mut stdin), Some(text)) = (stdin, text) {
                let _ = stdin.write_all(text.as_bytes()).await;
                let _ = stdin.shutdown().await;
            }
        };
        let work = async {
            tokio::join!(feed, self.relay(stdout, false), self.relay(stderr, true));
            child.wait().await
        };
        let deadline = Instant::now() + self.limit;
        let end = tokio::select! {
            status = work => match status {
                Ok(status) if status.success() => return End::Well,
                Ok(status) => return End::Badly(format!("{name}: {status}")),
                Err(error) => End::Badly(format!("{name}: {error}")),
            },
            () = tokio::time::sleep_until(deadline) => {
                End::Badly(format!("{name} was ended: it took longer than {} s", self.limit.as_secs()))
            }
            () = self.stop.cancelled() => End::Badly(format!("{name} was ended")),
        };
        kill(&mut child).await;
        end
    }

    fn spawn(&self, step: &Step, programs: &Programs) -> std::io::Result<Child> {
        let mut words = self.apart.iter().cloned().chain(step.words.iter().map(OsString::from));
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .envs(step.environment.iter().map(|(name, value)| (name, value)))
            .stdin(if programs.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Without a session of its own at least a group of its own, which our terminal's keys do not reach.
        #[cfg(unix)]
        if self.apart.is_empty() {
            command.process_group(0);
        }
        command.spawn()
    }

    /// Sends on what a stream says, up to a limit; the rest is read and dropped, so that the program can end.
    async fn relay(&self, stream: Option<impl AsyncRead + Unpin>, error: bool) {
        let Some(mut stream) = stream else { return };
        let (mut buffer, mut all) = (vec![0; PIECE], 0);
        let mut rest: Vec<u8> = Vec::new();
        while let Ok(n @ 1..) = stream.read(&mut buffer).await {
            if all > LARGEST_OUTPUT {
                continue;
            }
            all += n;
            rest.extend_from_slice(buffer.get(..n).unwrap_or_default());
            // A character may be cut in two by the end of a piece.
            let whole = match std::str::from_utf8(&rest) {
                Err(fault) if fault.error_len().is_none() => fault.valid_up_to(),
                _ => rest.len(),
            };
            let text = String::from_utf8_lossy(rest.get(..whole).unwrap_or_default()).into_owned();
            rest.drain(..whole);
            if !text.is_empty() {
                self.tell(ProgramUpdate::Output { text, error }).await;
            }
            if all > LARGEST_OUTPUT {
                let text = "\n(more than 16 MB; the rest is not shown)\n".to_owned();
                self.tell(ProgramUpdate::Output { text, error }).await;
            }
        }
    }
}

/// Ends a program and everything it started.
async fn kill(child: &mut Child) {
    #[cfg(unix)]
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        use nix::{
            sys::signal::{Signal, killpg},
            unistd::Pid,
        };
        // The id is that of the group too, and not reused while the child was not waited for.
        let _ = killpg(Pid::from_raw(pid), Signal::SIGTERM);
        let ended = timeout(GRACE, child.wait()).await.is_ok();
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        if ended {
            return;
        }
    }
    let _ = child.kill().await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn programs(words: &[&str], stdin: Option<&str>) -> Programs {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let steps = vec![Step { heading: None, words, environment: vec![("WHERE".into(), "here".into())] }];
        Programs { id: 7, title: "t".to_owned(), steps, stdin: stdin.map(Arc::from) }
    }

    async fn outcome(programs: Programs, limit: Duration) -> (String, String, bool) {
        let (sender, mut updates) = mpsc::channel(16);
        let running = start_with(programs, Vec::new(), sender, limit);
        let mut said = String::new();
        while let Some(Update::Program { id: 7, update }) = updates.recv().await {
            match update {
                ProgramUpdate::Output { text, error } => {
                    said.push_str(&format!("{}{text}", if error { "!" } else { "" }))
                }
                ProgramUpdate::Heading(heading) => said.push_str(&heading),
                ProgramUpdate::Ended { word, well } => {
                    running.end().await;
                    return (said, word, well);
                }
            }
        }
        panic!("no end")
    }

    #[tokio::test]
    async fn a_text_goes_in_and_what_is_said_comes_out() {
        let ok = |said: &str| (said.to_owned(), "done".to_owned(), true);
        let limit = Duration::from_secs(60);
        assert_eq!(outcome(programs(&["sort"], Some("b\na\n")), limit).await, ok("a\nb\n"));
        assert_eq!(outcome(programs(&["sh", "-c", "echo $WHERE >&2"], None), limit).await, ok("!here\n"));
        // One that does not read all has not failed.
        let long = "line\n".repeat(100_000);
        assert_eq!(outcome(programs(&["head", "-n1"], Some(&long)), limit).await, ok("line\n"));
        // No shell reads the words.
        assert_eq!(outcome(programs(&["echo", "$(id)", "a;b"], None), limit).await, ok("$(id) a;b\n"));
    }

    #[tokio::test]
    async fn what_fails_is_told() {
        let limit = Duration::from_secs(60);
        let (said, word, well) = outcome(programs(&["sh", "-c", "echo no >&2; exit 3"], None), limit).await;
        assert_eq!((said.as_str(), word.as_str(), well), ("!no\n", "sh: exit status: 3", false));
        let (_, word, well) = outcome(programs(&["/nowhere/program"], None), limit).await;
        assert!(word.contains("/nowhere/program could not be started") && !well, "{word}");
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_ended_with_what_it_started() {
        let (_, word, well) =
            outcome(programs(&["sh", "-c", "sleep 1000 & sleep 1000"], None), Duration::from_millis(50)).await;
        assert!(word.contains("took longer") && !well, "{word}");
    }

    #[tokio::test]
    async fn nobody_who_listens_is_the_end() {
        let (sender, mut updates) = mpsc::channel(16);
        let running = start_with(programs(&["sleep", "1000"], None), Vec::new(), sender, LIMIT);
        drop(running);
        let end = updates.recv().await;
        assert!(
            matches!(&end, Some(Update::Program { update: ProgramUpdate::Ended { word, .. }, .. }) if word.contains("ended")),
            "{end:?}"
        );
    }
}
