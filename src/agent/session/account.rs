//! The user of the node that a session runs as, where that is not the agent's own.
//!
//! Changing user happens in a process of its own between the agent and the shell, because it has to be done after the fork
//! and before the program: [`become_user`] is what that process runs.

use std::{convert::Infallible, ffi::CString, os::unix::process::CommandExt, path::PathBuf};

use nix::unistd::{Uid, User, geteuid, initgroups, setgid, setuid};

/// The hidden verb of this program that changes the user.
pub const VERB: &str = "as-user";

/// A user of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The login name.
    pub name: String,
    /// The home directory.
    pub home: PathBuf,
    /// The login shell.
    pub shell: PathBuf,
}

impl Account {
    /// Finds the user that a session is to run as; `None` is the agent's own. Rather no session at all than one as
    /// somebody else. The error is a sentence for the user.
    pub fn find(name: &str) -> Result<Option<Self>, String> {
        let wanted = |what: &str| format!("the session is to run as the user {name}, but {what}");
        let user = User::from_name(name).map_err(|error| wanted(&format!("the node cannot look it up: {error}")))?;
        let user = user.ok_or_else(|| wanted("the node has no such user: add it, or name another one"))?;
        if user.uid == geteuid() {
            return Ok(None);
        }
        if !geteuid().is_root() {
            return Err(wanted("the agent can change to another user only when it runs as root"));
        }
        Ok(Some(Self { name: user.name, home: user.dir, shell: user.shell }))
    }

    /// What the environment of the user's programs says.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        [
            ("HOME", path(&self.home)),
            ("USER", self.name.clone()),
            ("LOGNAME", self.name.clone()),
            ("SHELL", path(&self.shell)),
        ]
    }
}

/// Turns this process into a program of another user: groups, user, home directory, then the program. Returns only if it
/// did not happen, with a sentence.
pub fn become_user(name: &str, program: &str, arguments: &[String]) -> Result<Infallible, String> {
    let failed = |what: &str, error: &dyn std::fmt::Display| format!("cannot {what}: {error}");
    let user = User::from_name(name).map_err(|error| failed("look the user up", &error))?;
    let user = user.ok_or_else(|| format!("the node has no user {name}"))?;
    if user.uid != Uid::current() {
        let name = CString::new(user.name).map_err(|error| failed("name the user", &error))?;
        initgroups(&name, user.gid).map_err(|error| failed("take the user's groups", &error))?;
        setgid(user.gid).map_err(|error| failed("take the user's group", &error))?;
        setuid(user.uid).map_err(|error| failed("become the user", &error))?;
    }
    // After the change: it may be a directory that only its owner can enter.
    if std::env::set_current_dir(&user.dir).is_err() {
        std::env::set_current_dir("/").map_err(|error| failed("find a directory to start in", &error))?;
    }
    let error = std::process::Command::new(program).args(arguments).exec();
    Err(format!("cannot start {program}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_that_are_not_there_are_refused_by_name() {
        let error = Account::find("nobody-at-all").unwrap_err();
        assert!(error.contains("nobody-at-all") && error.contains("no such user"), "{error}");
    }

    #[test]
    fn the_agents_own_user_needs_no_change() {
        let own = User::from_uid(geteuid()).unwrap().unwrap().name;
        assert_eq!(Account::find(&own).unwrap(), None);
    }

    #[test]
    fn others_need_root() {
        let daemon = Account::find("daemon");
        match geteuid().is_root() {
            true => assert_eq!(daemon.unwrap().unwrap().environment()[1].1, "daemon"),
            false => assert!(daemon.unwrap_err().contains("root")),
        }
    }
}
