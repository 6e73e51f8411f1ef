//! The clipboard of this machine, for terminals that do not take a copy themselves (OSC 52): the usual programs, found in the
//! environment. What is copied goes in as their input, and stands in no argument, variable, file or log.

use std::{ffi::OsString, process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt, process::Command};

use crate::config::settings::Copying;

/// How long a program may take to read what is copied.
const LIMIT: Duration = Duration::from_secs(3);
/// More than this is not copied into any clipboard, in bytes.
pub const LARGEST: usize = 16 * 1024 * 1024;

/// Which ways a copy goes, here and with these settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clipboard {
    /// Whether the terminal is asked to take it.
    pub terminal: bool,
    /// The program that takes it, and its words.
    pub program: Option<&'static [&'static str]>,
}

impl Clipboard {
    /// The ways in this environment. At the far end of SSH there is nobody's clipboard but the terminal's.
    pub fn find(
        copying: Copying,
        env: impl Fn(&str) -> Option<String>,
        is_program: impl Fn(&str) -> bool,
        macos: bool,
    ) -> Self {
        let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
        let remote = set("SSH_TTY") || set("SSH_CONNECTION");
        // X11 that SSH carries would do, but takes what a program says as slowly as the line is.
        let native = match copying {
            Copying::Native => true,
            Copying::Auto => !remote,
            Copying::Osc52 | Copying::Off => false,
        };
        let programs: [(bool, &'static [&'static str]); 4] = [
            (macos, &["pbcopy"]),
            (set("WAYLAND_DISPLAY"), &["wl-copy"]),
            (set("DISPLAY"), &["xclip", "-selection", "clipboard", "-in"]),
            (set("DISPLAY"), &["xsel", "--clipboard", "--input"]),
        ];
        let mut known = programs.into_iter().filter(|(here, words)| *here && native && is_program(words[0]));
        Self {
            terminal: matches!(copying, Copying::Auto | Copying::Osc52),
            program: known.next().map(|(_, words)| words),
        }
    }

    /// The ways of this process.
    pub fn here(copying: Copying) -> Self {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let is_program = |name: &str| std::env::split_paths(&paths).any(|path| path.join(name).is_file());
        Self::find(copying, |name| std::env::var(name).ok(), is_program, cfg!(target_os = "macos"))
    }
}

/// Gives a text to a program, which is started by these words: away from our terminal.
///
/// # Errors
/// In words, without anything of the text.
pub(super) async fn give(words: &[&str], apart: &[OsString], text: String) -> Result<(), String> {
    give_within(words, apart, text, LIMIT).await
}

async fn give_within(words: &[&str], apart: &[OsString], text: String, limit: Duration) -> Result<(), String> {
    let name = words.first().copied().unwrap_or_default();
    let mut all = apart.iter().cloned().chain(words.iter().map(OsString::from));
    let mut command = Command::new(all.next().unwrap_or_default());
    // Some of them stay in the background to serve the clipboard: nothing of ours may keep them, nor they anything of ours.
    command.args(all).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    #[cfg(unix)]
    if apart.is_empty() {
        command.process_group(0);
    }
    let mut child = command.spawn().map_err(|error| format!("{name} could not be started: {error}"))?;
    let stdin = child.stdin.take();
    let work = async {
        if let Some(mut stdin) = stdin {
            // One that does not read to the end says so with its status.
            let _ = stdin.write_all(text.as_bytes()).await;
            let _ = stdin.shutdown().await;
        }
        child.wait().await
    };
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("{name} did not take the copy: {status}")),
        Ok(Err(error)) => Err(format!("{name} did not take the copy: {error}")),
        Err(_) => Err(format!("{name} did not take the copy within {} s", limit.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_goes_where_the_user_sits() {
        let found = |copying, set: &[&str], programs: &[&str]| {
            let env = |name: &str| set.contains(&name).then(|| "x".to_owned());
            let found = Clipboard::find(copying, env, |name| programs.contains(&name), false);
            (found.terminal, found.program.map(|words| words[0]))
        };
        let all = ["wl-copy", "xclip", "xsel", "pbcopy"];
        assert_eq!(found(Copying::Auto, &["WAYLAND_DISPLAY", "DISPLAY"], &all), (true, Some("wl-copy")));
        assert_eq!(found(Copying::Auto, &["WAYLAND_DISPLAY", "DISPLAY"], &["xsel"]), (true, Some("xsel")));
        assert_eq!(found(Copying::Auto, &["DISPLAY"], &all), (true, Some("xclip")));
        assert_eq!(found(Copying::Auto, &[], &all), (true, None), "there is no display");
        assert_eq!(found(Copying::Auto, &["SSH_TTY", "DISPLAY"], &all), (true, None), "the screen is elsewhere");
        assert_eq!(found(Copying::Native, &["SSH_TTY", "DISPLAY"], &all), (false, Some("xclip")));
        assert_eq!(found(Copying::Osc52, &["DISPLAY"], &all), (true, None));
        assert_eq!(found(Copying::Off, &["DISPLAY"], &all), (false, None));
        let mac = Clipboard::find(Copying::Auto, |_| None, |_| true, true);
        assert_eq!(mac.program, Some(&["pbcopy"][..]));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_text_is_the_programs_input_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let into = root.path().join("taken");
        let script = format!("cat > {0}; tr '\\0' ' ' < /proc/$$/cmdline >> {0}; env >> {0}", into.display());
        give(&["sh", "-c", &script], &[], "s3cret\n".to_owned()).await.unwrap();
        let taken = std::fs::read_to_string(&into).unwrap();
        assert!(taken.starts_with("s3cret\n"), "{taken}");
        assert_eq!(taken.matches("s3cret").count(), 1, "{taken}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_that_does_not_take_it_is_told_of_without_the_text() {
        let told = |words: &'static [&'static str], limit| async move {
            give_within(words, &[], "s3cret".repeat(100_000), limit).await.unwrap_err()
        };
        let long = Duration::from_secs(60);
        let errors = [
            told(&["false"], long).await,
            told(&["/nowhere/xclip"], long).await,
            told(&["sleep", "1000"], Duration::from_millis(50)).await,
        ];
        for (error, expected) in errors.iter().zip(["exit status: 1", "could not be started", "within"]) {
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
        }
    }
}
