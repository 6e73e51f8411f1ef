//! Scripts as processes that outlive the agent: each runs under a small wrapper shell in a process group of its own, writes
//! to files, and leaves its exit status in a file, so that an agent that was killed finds it again.
//!
//! The wrapper waits at a gate (its standard input) until the agent has written its process id into the journal. If the
//! agent dies before that, the gate falls and the script never starts: it runs once or not at all.

mod keeper;

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdin, Command},
    signal::unix::{SignalKind, signal},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

pub use keeper::Keeper;

/// `$1` is the exit-status file, the rest is the program. The wrapper itself says nothing: its standard error is closed
/// before the shell could report a killed child there.
const WRAPPER: &str = r#"
status=$1; shift
leave() { printf '%s\n' "$1" >"$status.part" && mv -f "$status.part" "$status"; }
exec 3>&2 2>/dev/null
read -r gate || { leave unstarted; exit 125; }
(exec "$@" </dev/null 2>&3 3>&-)
code=$?
leave "$code"
exit "$code"
"#;

/// What stands in the exit-status file of a script that was never started.
const UNSTARTED: &str = "unstarted";

/// How often a script that is not a child of this process is looked at.
const ATTACHED_POLL: Duration = Duration::from_millis(100);

/// What to run.
#[derive(Debug)]
pub struct Script {
    /// The program and its arguments.
    pub program: Vec<String>,
    /// Where to run it; the agent's own directory if absent.
    pub working_directory: Option<PathBuf>,
    /// Variables besides the agent's own.
    pub environment: Vec<(String, String)>,
    /// Standard output is appended here.
    pub stdout: PathBuf,
    /// Standard error is appended here.
    pub stderr: PathBuf,
    /// Where the exit status is left.
    pub status: PathBuf,
}

/// Enough to find a process again: ids are reused, ids with a start time are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// Id of the process and of its group.
    pub pid: i32,
    /// When it started, in the kernel's ticks since boot.
    pub started: u64,
}

/// How a script ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code; 128 + n if signal n killed it.
    Exited(i32),
    /// Killed, because its time was over.
    TimedOut,
    /// Killed, because the command was cancelled.
    Cancelled,
    /// It is gone and left no status: killed from outside, or the machine went down.
    Lost,
    /// It never ran.
    Unstarted,
}

/// A wrapper that waits at its gate.
pub struct Gate {
    child: Child,
    stdin: ChildStdin,
    record: ProcessRecord,
    status: PathBuf,
}

/// A script that runs, or may have ended while nobody looked.
pub struct Running {
    child: Option<Child>,
    record: ProcessRecord,
    status: PathBuf,
}

impl Script {
    /// Starts the wrapper. The script does not run before [`Gate::open`].
    pub fn spawn(&self) -> io::Result<Gate> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(WRAPPER).arg("sh").arg(&self.status).args(&self.program);
        if let Some(directory) = &self.working_directory {
            command.current_dir(directory);
        }
        command
            .env_remove("FLEETDECK_ACTIVATION_CODE")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(append(&self.stdout)?)
            .stderr(append(&self.stderr)?)
            .process_group(0);
        let mut child = command.spawn()?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        let (Some(pid), Some(stdin)) = (pid, child.stdin.take()) else {
            return Err(io::Error::other("the shell ended before it began"));
        };
        let started = start_time(pid).ok_or_else(|| io::Error::other("the shell ended before it began"))?;
        Ok(Gate { child, stdin, record: ProcessRecord { pid, started }, status: self.status.clone() })
    }
}

impl Gate {
    /// What to write down before opening.
    pub fn record(&self) -> ProcessRecord {
        self.record
    }

    /// Lets the script run.
    pub async fn open(mut self) -> io::Result<Running> {
        self.stdin.write_all(b"go\n").await?;
        Ok(Running { child: Some(self.child), record: self.record, status: self.status })
    }
}

impl Running {
    /// A script that an earlier life of the agent started.
    pub fn attach(record: ProcessRecord, status: PathBuf) -> Self {
        Self { child: None, record, status }
    }

    /// Waits for the end. At the deadline or on cancellation the whole process group is killed.
    pub async fn wait(mut self, timeout: Duration, cancel: &CancellationToken) -> Ending {
        let deadline = Instant::now() + timeout;
        let forced = tokio::select! {
            biased;
            ending = self.ended() => return ending,
            () = cancel.cancelled() => Ending::Cancelled,
            () = tokio::time::sleep_until(deadline) => Ending::TimedOut,
        };
        self.kill();
        if let Some(child) = &mut self.child {
            let _ = child.wait().await;
        }
        forced
    }

    /// Resolves when the script has ended. Dropping the future changes nothing.
    async fn ended(&mut self) -> Ending {
        let outcome = match &mut self.child {
            Some(child) => child.wait().await.ok(),
            None => {
                while left_status(&self.status).is_none() && self.is_alive() {
                    tokio::time::sleep(ATTACHED_POLL).await;
                }
                None
            }
        };
        if let Some(ending) = left_status(&self.status) {
            return ending;
        }
        // No status on the disk: the disk is full, or the wrapper was killed. Its own exit still tells.
        match outcome {
            Some(status) => {
                use std::os::unix::process::ExitStatusExt;
                self.kill();
                Ending::Exited(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
            }
            None => Ending::Lost,
        }
    }

    fn is_alive(&self) -> bool {
        start_time(self.record.pid) == Some(self.record.started)
    }

    /// Kills the process group. A child's id cannot have been reused, for it has not been waited for; of an attached one
    /// the start time is compared first.
    fn kill(&self) {
        if self.child.is_some() || self.is_alive() {
            let _ = killpg(Pid::from_raw(self.record.pid), Signal::SIGKILL);
        }
    }
}

/// What the exit-status file says, if it is there.
pub fn left_status(path: &Path) -> Option<Ending> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim();
    Some(match text.parse() {
        Ok(code) => Ending::Exited(code),
        Err(_) if text == UNSTARTED => Ending::Unstarted,
        Err(_) => Ending::Lost,
    })
}

/// Has programs begin with the usual meaning of the signals that a starter may have made the agent ignore: an ignored signal
/// stays ignored in what a process starts, a caught one does not. A shell makes what it starts with `&` ignore Ctrl-C.
pub fn restore_signals() -> io::Result<()> {
    for kind in [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::quit()] {
        if is_ignored(kind) {
            // The handler stays when this is dropped, and does nothing: for the agent the signal is as good as ignored.
            drop(signal(kind)?);
        }
    }
    Ok(())
}

/// Whether this process ignores a signal. Without `/proc` none is known to be ignored.
pub fn is_ignored(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    ignored & 1 << (kind.as_raw_value() - 1) != 0
}

/// Opens a private file for appending, as the standard output or error of a script.
pub fn append(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// The start time of a live process, `None` if there is none or only its remains.
#[cfg(target_os = "linux")]
pub fn start_time(pid: i32) -> Option<u64> {
    let (state, started, _) = stat(pid)?;
    (!matches!(state, 'Z' | 'X')).then_some(started)
}

/// Without `/proc` the id alone must do.
#[cfg(not(target_os = "linux"))]
pub fn start_time(pid: i32) -> Option<u64> {
    nix::sys::signal::kill(Pid::from_raw(pid), None).is_ok().then_some(0)
}

/// Kills every process of a terminal session, whatever groups its shell has made.
#[cfg(target_os = "linux")]
pub fn kill_session(leader: i32) {
    let Ok(processes) = fs::read_dir("/proc") else { return };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    for pid in pids.filter(|pid| stat(*pid).is_some_and(|(_, _, session)| session == leader)) {
        let _ = nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

/// Without `/proc` the shell's own group must do.
#[cfg(not(target_os = "linux"))]
pub fn kill_session(leader: i32) {
    let _ = killpg(Pid::from_raw(leader), Signal::SIGKILL);
}

/// State, start time and session of a process. The name before them may hold blanks and brackets.
#[cfg(target_os = "linux")]
fn stat(pid: i32) -> Option<(char, u64, i32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some((fields.first()?.chars().next()?, fields.get(19)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Case {
        dir: tempfile::TempDir,
    }

    impl Case {
        fn new() -> Self {
            Self { dir: tempfile::tempdir().unwrap() }
        }

        fn script(&self, text: &str) -> Script {
            Script {
                program: vec!["sh".into(), "-c".into(), text.into()],
                working_directory: None,
                environment: vec![("GREETING".into(), "hello".into())],
                stdout: self.dir.path().join("stdout"),
                stderr: self.dir.path().join("stderr"),
                status: self.dir.path().join("status"),
            }
        }

        fn read(&self, name: &str) -> String {
            fs::read_to_string(self.dir.path().join(name)).unwrap()
        }

        /// Waits until a file holds something, which a script writes when it is as far as that.
        async fn wait_for(&self, name: &str) -> String {
            let path = self.dir.path().join(name);
            for _ in 0..500 {
                if let Ok(text) = fs::read_to_string(&path)
                    && text.ends_with('\n')
                {
                    return text;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            panic!("{name} was never written");
        }
    }

    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn output_exit_code_and_environment_arrive() {
        let case = Case::new();
        let script = case.script("echo $GREETING; echo bad >&2; cat; exit 7");
        let running = script.spawn().unwrap().open().await.unwrap();
        assert_eq!(running.wait(LONG, &CancellationToken::new()).await, Ending::Exited(7));
        assert_eq!((case.read("stdout").as_str(), case.read("stderr").as_str()), ("hello\n", "bad\n"));
        assert_eq!(case.read("status"), "7\n");
    }

    #[tokio::test]
    async fn a_script_that_a_signal_kills_has_128_and_the_signal_and_no_word_of_the_wrapper() {
        let case = Case::new();
        let running = case.script("kill -9 $$").spawn().unwrap().open().await.unwrap();
        assert_eq!(running.wait(LONG, &CancellationToken::new()).await, Ending::Exited(137));
        assert_eq!(case.read("stderr"), "");
    }

    #[tokio::test]
    async fn a_time_out_kills_the_whole_group() {
        let case = Case::new();
        let script = case.script("sleep 1000 & echo $!; wait");
        let running = script.spawn().unwrap().open().await.unwrap();
        let grandchild: i32 = case.wait_for("stdout").await.trim().parse().unwrap();
        assert!(start_time(grandchild).is_some());
        assert_eq!(running.wait(Duration::ZERO, &CancellationToken::new()).await, Ending::TimedOut);
        for _ in 0..500 {
            if start_time(grandchild).is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the grandchild lives on");
    }

    #[tokio::test]
    async fn a_cancellation_kills_too() {
        let case = Case::new();
        let cancel = CancellationToken::new();
        let running = case.script("echo up; sleep 1000").spawn().unwrap().open().await.unwrap();
        case.wait_for("stdout").await;
        cancel.cancel();
        assert_eq!(running.wait(LONG, &cancel).await, Ending::Cancelled);
    }

    #[tokio::test]
    async fn a_gate_that_falls_lets_nothing_through() {
        let case = Case::new();
        let mut gate = case.script("echo ran").spawn().unwrap();
        drop(gate.stdin);
        gate.child.wait().await.unwrap();
        assert_eq!(left_status(&case.dir.path().join("status")), Some(Ending::Unstarted));
        assert_eq!(case.read("stdout"), "");
    }

    #[tokio::test]
    async fn a_script_is_found_again_by_a_later_agent() {
        let case = Case::new();
        let script = case.script("echo up; while ! test -e \"$GO\"; do sleep 0.01; done; echo done; exit 3");
        let go = case.dir.path().join("go");
        let script = Script { environment: vec![("GO".into(), go.to_str().unwrap().to_owned())], ..script };
        let running = script.spawn().unwrap().open().await.unwrap();
        case.wait_for("stdout").await;
        let again = Running::attach(running.record, running.status.clone());
        assert!(again.is_alive());
        fs::write(&go, "").unwrap();
        assert_eq!(again.wait(LONG, &CancellationToken::new()).await, Ending::Exited(3));
        assert_eq!(case.read("stdout"), "up\ndone\n");
        drop(running);
    }

    #[tokio::test]
    async fn a_script_that_is_gone_without_a_word_is_lost() {
        let case = Case::new();
        let record = ProcessRecord { pid: i32::MAX, started: 1 };
        let lost = Running::attach(record, case.dir.path().join("status"));
        assert_eq!(lost.wait(LONG, &CancellationToken::new()).await, Ending::Lost);
    }
}
