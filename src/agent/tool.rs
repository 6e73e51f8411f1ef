//! Asking the system's own tools: package managers and the like, in plain English, within a time limit.

use std::{process::Stdio, time::Duration};

use tokio::{io::AsyncReadExt, process::Command, time::timeout};

const LIMIT: Duration = Duration::from_secs(180);
/// The most output that is read.
const OUTPUT: u64 = 64 * 1024 * 1024;

/// Runs a tool and returns what it printed. The error is a sentence.
pub async fn ask(program: &str, arguments: &[&str]) -> Result<String, String> {
    let work = async {
        let mut child = Command::new(program)
            .args(arguments)
            .env("LC_ALL", "C")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env_remove("FLEETDECK_ACTIVATION_CODE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot run {program}: {error}"))?;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let read_stdout = async {
            if let Some(pipe) = child.stdout.take() {
                let _ = pipe.take(OUTPUT).read_to_end(&mut stdout).await;
            }
        };
        let read_stderr = async {
            if let Some(pipe) = child.stderr.take() {
                let _ = pipe.take(64 * 1024).read_to_end(&mut stderr).await;
            }
        };
        tokio::join!(read_stdout, read_stderr);
        let status = child.wait().await.map_err(|error| format!("cannot wait for {program}: {error}"))?;
        if status.success() {
            return Ok(String::from_utf8_lossy(&stdout).into_owned());
        }
        let complaint = String::from_utf8_lossy(&stderr);
        Err(format!("{program} failed ({status}): {}", complaint.trim()))
    };
    timeout(LIMIT, work).await.map_err(|_| format!("{program} did not end within {} s", LIMIT.as_secs()))?
}
