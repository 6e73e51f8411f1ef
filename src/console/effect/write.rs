//! Writes a text over a file of a node: whole or not at all, with the owner and mode it had, and only if nobody has
//! changed it meanwhile.
//!
//! The text goes as base64 through a command on a terminal that passes everything on: it stands in no parameter and no
//! history. The new file begins as a copy of the old one, so that it never has a weaker mode than that.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::WriteFile;
use crate::{
    client::{Client, SessionEvent, TerminalSize, word::quoted},
    console::{
        probe::{self, files},
        text::clean,
        update::{Changed, Trouble},
    },
    ssm::StartSession,
};

const DOCUMENT: &str = "AWS-StartInteractiveCommand";
const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };
/// Characters of a line of base64. Terminals pass on lines only so long.
const LINE: usize = 2_048;
/// Characters of a reason that `StartSession` takes.
const REASON: usize = 256;
/// How long nothing may move.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says `#ready`, is sent the text, and says `#done`, `#changed` or `#error` and why.
fn script(path: &str, old: &str, new: &str, characters: usize) -> String {
    let path = quoted(path);
    format!(
        r##"stty raw -echo 2>/dev/null
umask 077
{sum}
no() {{ echo "#error $1"; exit 1; }}
own() {{ stat -c %u:%g "$1" 2>/dev/null; }}
f=$(readlink -f {path}) || f={path}
t="$f.fleetdeck-$$"
if [ "$(sum < "$f")" != {old} ]; then echo "#changed"; exit 1; fi
trap 'rm -f "$t"' EXIT
trap 'exit 1' HUP INT TERM
e=$(cp -a "$f" "$t" 2>&1) || no "$e"
o=$(own "$f")
if [ "$(own "$t")" != "$o" ]; then no "only root can leave the file to its owner ($o); nothing was written"; fi
echo "#ready"
e=$({{ head -c {characters} | base64 -d > "$t"; }} 2>&1) || no "$e"
if [ "$(sum < "$t")" != {new} ]; then no "it did not arrive as it was sent"; fi
if [ "$(sum < "$f")" != {old} ]; then echo "#changed"; exit 1; fi
e=$(mv -f "$t" "$f" 2>&1) || no "$e"
echo "#done""##,
        sum = files::SUM,
        old = quoted(old),
        new = quoted(new),
    )
}

/// Why the session was begun, as the service takes it.
fn reason(path: &str) -> String {
    clean(&format!("{}write {path}", probe::REASON)).chars().take(REASON).collect()
}

/// The text in lines that a terminal passes on.
fn encoded(text: &str) -> String {
    let plain = STANDARD.encode(text);
    let mut lines = String::with_capacity(plain.len() + plain.len() / LINE + 1);
    let mut rest = plain.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        lines.push_str(line);
        lines.push('\n');
        rest = after;
    }
    lines
}

/// Writes the file.
pub(super) async fn run(client: &Client, change: WriteFile) -> Result<Changed, Trouble> {
    let WriteFile { node, path, text, sum } = change;
    let lines = encoded(&text);
    let new = files::sum_of(text.as_bytes());
    let parameters = [("command".to_owned(), vec![script(&path, &sum, &new, lines.len())])];
    let request = StartSession {
        target: node.clone(),
        document_name: Some(DOCUMENT.to_owned()),
        reason: Some(reason(&path)),
        parameters: parameters.into(),
    };
    let mut session = client.start_session(request, SIZE).await?;
    let input = session.input_handle();
    let (mut said, mut sent, mut ready) = (String::new(), 0, false);
    let what = format!("write {}", clean(&path));
    let bytes = lines.as_bytes();
    let reason: Option<String> = loop {
        tokio::select! {
            event = session.next() => match event {
                Some(SessionEvent::Output(bytes)) => {
                    said.push_str(&String::from_utf8_lossy(&bytes));
                    ready |= said.lines().any(|line| line.trim() == "#ready");
                    if said.len() > 64 * 1024 {
                        session.terminate().await;
                        break Some("the node does not answer as it was asked to".to_owned());
                    }
                }
                Some(SessionEvent::Closed { reason }) => break reason,
                Some(_) => {}
                None => break None,
            },
            n = input.send_some(bytes.get(sent..).unwrap_or_default()), if ready && sent < bytes.len() => sent += n,
            () = tokio::time::sleep(PATIENCE) => {
                session.terminate().await;
                break Some(format!("nothing moved for {} s", PATIENCE.as_secs()));
            }
        }
    };
    let line = said.lines().map(str::trim).rfind(|line| line.starts_with('#') && *line != "#ready");
    match line {
        Some("#done") => Ok(Changed::OnNode { node, what }),
        Some("#changed") => Err(Trouble::new(
            format!("{what}: refused, the file was changed meanwhile"),
            Some("Open it again and look at what is in it now."),
        )),
        Some(other) => Err(Trouble::new(format!("{what}: {}", other.trim_start_matches("#error ")), None)),
        None => {
            let why = reason.unwrap_or_else(|| "the session ended before it was written".to_owned());
            // Once everything is sent, the node may have gone on without us.
            let advice = match sent < bytes.len() {
                true => "The file is as it was.",
                false => "It may have been written all the same: open it again and look.",
            };
            Err(Trouble::new(format!("{what}: {why}"), Some(advice)))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        os::unix::fs::PermissionsExt,
        process::{Command, Stdio},
    };

    use super::*;

    fn write(path: &str, old: &str, text: &str) -> String {
        let lines = encoded(text);
        let script = script(path, &files::sum_of(old.as_bytes()), &files::sum_of(text.as_bytes()), lines.len());
        let mut child =
            Command::new("sh").args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    }

    #[test]
    fn a_file_is_written_whole_with_the_mode_it_had_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("it's a file");
        std::fs::write(&path, "old\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let name = path.to_str().unwrap();
        let new = "new: $x `y` 'z'\n".repeat(2_000);
        assert!(write(name, "other\n", &new).ends_with("#changed\n"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old\n");
        assert!(write(name, "old\n", &new).ends_with("#ready\n#done\n"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), new);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn a_session_that_ends_while_the_text_is_awaited_leaves_nothing_behind() {
        use std::io::{BufRead, BufReader};
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "old").unwrap();
        let script = script(path.to_str().unwrap(), &files::sum_of(b"old"), &files::sum_of(b"new"), 1_000);
        // As on a terminal that is hung up on: everybody in its foreground is told.
        let mut child = std::os::unix::process::CommandExt::process_group(&mut Command::new("sh"), 0)
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert_eq!((said.as_str(), std::fs::read_dir(dir.path()).unwrap().count()), ("#ready\n", 2));
        let group = nix::unistd::Pid::from_raw(child.id().cast_signed());
        nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGHUP).unwrap();
        child.wait().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_whose_owner_would_change_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "old").unwrap();
        let script = script(path.to_str().unwrap(), &files::sum_of(b"old"), &files::sum_of(b"new"), 4);
        // What a copy belongs to that somebody else made.
        let other = "stat() { case $3 in *.fleetdeck-*) echo 1:1 ;; *) echo 0:0 ;; esac; }\n";
        let said = crate::console::probe::run(&format!("{other}{script}"));
        assert_eq!(said, "#error only root can leave the file to its owner (0:0); nothing was written\n");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_reason_is_one_that_the_service_takes() {
        let reason = reason(&format!("/a\nb/{}", "ä".repeat(300)));
        assert_eq!(reason.chars().count(), REASON);
        assert!(!reason.contains(char::is_control), "{reason}");
    }

    #[test]
    fn through_a_link_the_file_is_written_and_the_link_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        assert!(write(link.to_str().unwrap(), "old", "").ends_with("#done\n"));
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "");
    }
}
