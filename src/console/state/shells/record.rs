//! Recording a shell into files on this machine: what it shows, never what is typed.

use crate::{
    console::{
        effect::{Effect, Recording},
        state::State,
    },
    ssm::Timestamp,
};

/// Characters of a node's name in the name of a file.
const LONGEST_NAME: usize = 48;

impl State {
    /// Begins to record the shown shell, or stops.
    pub(in crate::console::state) fn toggle_recording(&mut self, fx: &mut Vec<Effect>) {
        let Some(tab) = self.shells.current() else { return };
        if !tab.is_running() {
            return self.tell("This shell is over; there is nothing to record.");
        }
        let recording = (!tab.recording).then(|| {
            Box::new(Recording {
                directory: self.recordings.clone(),
                name: file_name(&tab.name, self.now),
                title: tab.name.clone(),
                at: self.now,
            })
        });
        fx.push(Effect::RecordShell { tab: tab.id, recording });
    }
}

/// The name of a recording without its ending: what a file may be called everywhere, sorted by node and time.
fn file_name(shell: &str, at: Timestamp) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let name: String = shell.trim_start_matches('.').chars().take(LONGEST_NAME).map(safe).collect();
    let name = if name.is_empty() { "shell" } else { name.as_str() };
    let time: String = at.iso().chars().take_while(|c| *c != '.').filter(|c| !"-:".contains(*c)).collect();
    format!("{name}-{time}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_nodes_become_names_of_files() {
        let at = Timestamp::from_millis(crate::console::testing::BEGIN);
        let name = |shell: &str| file_name(shell, at);
        assert_eq!(name("web-1"), "web-1-20261122T100000Z");
        assert_eq!(name("../../etc/pass wd\x1b["), "_.._etc_pass_wd__-20261122T100000Z");
        assert_eq!(name(""), "shell-20261122T100000Z");
        assert_eq!(name("größe"), "gr__e-20261122T100000Z");
        assert!(name(&"x".repeat(1_000)).len() < 80);
    }
}
