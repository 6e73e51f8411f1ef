//! Name spaces for agents that share one machine: a host name and a `/tmp` of their own, so that a local fleet looks like one.

use std::path::Path;

/// Moves this process into mount and host-name name spaces of its own. Has to be called before any thread is started.
/// `data` is the data directory, absolute. The error says why it did not happen; the agent can go on without.
#[cfg(target_os = "linux")]
pub fn isolate(hostname: &str, data: &Path) -> Result<(), String> {
    use std::fs;

    use nix::{
        mount::{MsFlags, mount},
        sched::{CloneFlags, unshare},
        unistd::sethostname,
    };
    let failed = |what: &'static str| move |error: nix::Error| format!("cannot {what}: {error}");
    let nothing: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS).map_err(failed("leave the machine's name spaces"))?;
    // What is mounted here must not show up outside.
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)
        .map_err(failed("make the mounts private"))?;
    sethostname(hostname).map_err(failed("set the host name"))?;
    // A directory of its own becomes /tmp. If the data directory lies below the old one it is carried over first.
    let own = data.join("tmp");
    fs::create_dir_all(&own).map_err(|error| format!("cannot make a /tmp: {error}"))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("fleetdeck"), &own, Some("tmpfs"), flags, Some("size=64m,mode=1777")).map_err(failed("mount a /tmp"))?;
    if let Ok(below) = data.strip_prefix("/tmp") {
        let place = own.join(below);
        fs::create_dir_all(&place).map_err(|error| format!("cannot carry the data directory over: {error}"))?;
        mount(Some(data), &place, nothing, MsFlags::MS_BIND, nothing)
            .map_err(failed("carry the data directory over"))?;
    }
    mount(Some(&own), "/tmp", nothing, MsFlags::MS_MOVE, nothing).map_err(failed("put the new /tmp in its place"))
}

/// Ends every other process in the mount name space of this one: what detached itself from its script or shell. Only for a
/// process that [`isolate`] gave a name space of its own; in any other one it would end the whole machine.
#[cfg(target_os = "linux")]
pub fn end_others() {
    use nix::{
        sys::signal::{Signal, kill},
        unistd::Pid,
    };
    /// What is forked while its parent is killed is found in the next round.
    const ROUNDS: usize = 20;
    let Ok(own) = std::fs::read_link("/proc/self/ns/mnt") else { return };
    for _ in 0..ROUNDS {
        let Ok(processes) = std::fs::read_dir("/proc") else { return };
        let numbers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let here = |pid: &i32| std::fs::read_link(format!("/proc/{pid}/ns/mnt")).is_ok_and(|space| space == own);
        let others: Vec<_> =
            numbers.map(Pid::from_raw).filter(|pid| *pid != Pid::this() && here(&pid.as_raw())).collect();
        if others.is_empty() {
            return;
        }
        for pid in others {
            let _ = kill(pid, Signal::SIGKILL);
        }
    }
}

/// Only Linux has name spaces.
#[cfg(not(target_os = "linux"))]
pub fn end_others() {}

/// Only Linux has name spaces.
#[cfg(not(target_os = "linux"))]
pub fn isolate(_hostname: &str, _data: &Path) -> Result<(), String> {
    Err("this system has no name spaces".to_owned())
}
