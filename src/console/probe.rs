//! Looks at a node: small fixed scripts for the shell of any Linux system, and readers of what they say.
//!
//! The scripts need a POSIX shell, `/proc` and what coreutils or busybox bring; nothing is installed. None of them changes
//! anything on the node. What they print stands in sections: a line `#name` begins one, its lines begin with `|`, and a
//! line `#.` ends the answer, so that no file name and no command line can pass for the script's own words. All of it
//! comes from the node and may be anything: the readers are pure, take what they understand and leave out the rest.

pub mod disk;
pub mod files;
pub mod overview;
pub mod processes;
mod section;
pub mod services;
pub mod usage;
pub mod vitals;

pub use section::{END, Sections, unescaped};

/// The document that runs a command without a terminal.
pub const DOCUMENT: &str = "AWS-StartNonInteractiveCommand";

/// What every script begins with: plain words whatever the node's language, `s` prints standard input as a section whether
/// it ends with a line or not, `t` bounds a command in time where the node can, and `$q` before a command lets it yield to
/// what the node is there for.
const PRELUDE: &str = r##"LC_ALL=C; export LC_ALL
s() { echo "#$1"; sed 's/^/|/'; echo; }
t() { t_n=$1; shift; if command -v timeout >/dev/null 2>&1; then timeout "$t_n" "$@"; else "$@"; fi; }
q='nice -n 19'; if command -v ionice >/dev/null 2>&1; then q="ionice -c3 $q"; fi
"##;

/// How the reasons begin of sessions that are no shells of the user's but work of the console's.
pub use crate::client::OWN_WORK as REASON;

/// Something to look at on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Load, memory, disks and network, every two seconds.
    Overview,
    /// The largest files and folders of the file system mounted there.
    Largest(String),
    /// Files that are deleted but still open, and so still take room.
    Held,
    /// Every process, every three seconds.
    Processes,
    /// Every service, every five seconds.
    Services,
    /// Users and groups.
    Accounts,
    /// What is in a folder.
    Folder(String),
    /// The beginning of a file.
    File(String),
    /// A file as it grows, line by line.
    Follow(String),
    /// The journal as it grows, line by line.
    Journal,
    /// What a unit writes into the journal, line by line.
    Unit(String),
}

impl Probe {
    /// The script, for `sh -c`.
    pub fn script(&self) -> String {
        let body = match self {
            Self::Overview => overview::script(),
            Self::Largest(mount) => disk::largest(mount),
            Self::Held => disk::held(),
            Self::Processes => processes::script(),
            Self::Services => services::script(),
            Self::Accounts => services::accounts(),
            Self::Folder(path) => files::folder(path),
            Self::File(path) => files::file(path),
            Self::Follow(path) => files::follow(path),
            Self::Journal => files::journal(),
            Self::Unit(name) => files::unit(name),
        };
        format!("{PRELUDE}{body}")
    }

    /// Why the session was begun, for its place in the history of sessions.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Overview => "look at load, memory, disks and network",
            Self::Largest(_) => "look for the largest files and folders",
            Self::Held => "look for deleted files that are still open",
            Self::Processes => "look at processes",
            Self::Services => "look at services",
            Self::Accounts => "look at users and groups",
            Self::Folder(_) => "look into a folder",
            Self::File(_) => "read a file",
            Self::Follow(_) => "follow a file",
            Self::Journal => "follow the journal",
            Self::Unit(_) => "follow the journal of a unit",
        }
    }

    /// Whether it says lines that are no answers with an end, but a text that goes on.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Follow(_) | Self::Journal | Self::Unit(_))
    }
}

/// Runs a script as a node would.
#[cfg(test)]
pub(crate) fn run(script: &str) -> String {
    let run = std::process::Command::new("sh").args(["-c", script]).output().unwrap();
    String::from_utf8_lossy(&run.stdout).into_owned()
}
