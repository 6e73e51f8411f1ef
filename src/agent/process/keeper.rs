//! What ends a program with its agent, whatever becomes of that. A killed agent can do nothing any more, and its next life may
//! never come; so a small shell waits beside the program for the end of a pipe that only the agent holds open.
//!
//! It is in the program's process group. That group cannot be another one under the same number as long as the shell is there,
//! so nobody else is hit, neither by the shell nor by an agent that signals the group after its leader has ended.

use std::{
    io::{self, PipeWriter, pipe},
    process::Stdio,
};

use tokio::process::{Child, Command};

/// Keys that mean signals are for the program alone. The kill at the end takes the shell along.
const SCRIPT: &str = "trap '' HUP INT QUIT TERM; read -r gone; kill -KILL 0";
/// What the shell is called where processes are listed.
const NAME: &str = "ends-with-the-agent";

/// Ends a process group when this process does. Where it is dropped first, what the group left running is left running.
#[derive(Debug)]
pub struct Keeper {
    // Dropped, and by that killed, before its pipe ends.
    _shell: Child,
    _pipe: PipeWriter,
}

impl Keeper {
    /// Keeps the group of this leader, whom nobody has waited for yet. To be called on a runtime.
    ///
    /// Errors: there is no room for another process, or no shell.
    pub fn of(leader: i32) -> io::Result<Self> {
        let (end, pipe) = pipe()?;
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, NAME])
            .env_remove("FLEETDECK_ACTIVATION_CODE")
            .current_dir("/")
            .stdin(end)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(leader)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { _shell: shell, _pipe: pipe })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::agent::process::start_time;

    /// A program with a child in its group, the ids of both.
    async fn group() -> (Child, [i32; 2]) {
        use tokio::io::{AsyncBufReadExt, BufReader};
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' INT; sleep 1000 & echo $!; wait; sleep 1000"]).process_group(0);
        let mut program = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        let leader = i32::try_from(program.id().unwrap()).unwrap();
        (program, [leader, line.trim().parse().unwrap()])
    }

    #[tokio::test]
    async fn a_group_ends_with_the_process_that_kept_it() {
        let (mut program, [leader, child]) = group().await;
        let Keeper { _shell: mut shell, _pipe } = Keeper::of(leader).unwrap();
        // As the kernel does for one that is killed.
        drop(_pipe);
        let gone = async {
            program.wait().await.unwrap();
            shell.wait().await.unwrap();
            while start_time(child).is_some() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.expect("all of it ends");
    }

    #[tokio::test]
    async fn what_a_program_left_running_outlives_its_session() {
        let (mut program, [leader, child]) = group().await;
        let keeper = Keeper::of(leader).unwrap();
        let shell = i32::try_from(keeper._shell.id().unwrap()).unwrap();
        program.kill().await.unwrap();
        drop(keeper);
        let gone = async {
            while start_time(shell).is_some() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.expect("nothing is kept for it");
        assert!(start_time(child).is_some());
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(child), nix::sys::signal::Signal::SIGKILL).unwrap();
    }
}
