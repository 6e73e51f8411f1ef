//! The two scripts for the shell of a node. They need nothing but what every system has.

use crate::client::word::quoted;

/// SHA-256 of standard input, with whatever the node has for it.
const SUM: &str = r#"sum() { { if command -v sha256sum >/dev/null 2>&1; then sha256sum
elif command -v shasum >/dev/null 2>&1; then shasum -a 256
else openssl dgst -sha256 -r; fi; } | cut -c1-64; }"#;

/// `says` prints a word of the script's own with a path or what a program complains of, on one line whatever is in it. What begins
/// with a hyphen is a file of the home directory and no option.
const OWN: &str = r##"says() { printf '#%s\n' "$(printf %s "$1" | tr '\n' ' ')"; }
case $f in -*) f=./$f ;; esac"##;

/// Says the file's mode as `ls` has it, size and offset, then the file from the offset on as base64, then its sum. `have`
/// is how many bytes are here already, and `sum` theirs.
///
/// Some files below `/proc` have no length and all the same something in them; others, the kernel's log, have no end either,
/// and are found out by being read for some seconds.
pub(super) fn download(path: &str, have: u64, sum: &str) -> String {
    let path = quoted(path);
    format!(
        r##"{SUM}
f={path}
{OWN}
if [ -d "$f" ]; then says "error $f is a directory on the node: pack it first, for example with tar"; exit 1; fi
if [ -e "$f" ] && [ ! -f "$f" ]; then says "error $f is no ordinary file on the node"; exit 1; fi
if ! e=$({{ : < "$f"; }} 2>&1); then says "error $f cannot be read on the node: ${{e##*: }}"; exit 1; fi
if ! command -v base64 >/dev/null 2>&1; then says "error the node has no base64"; exit 1; fi
if [ ! -s "$f" ]; then
cat "$f" >/dev/null 2>&1 & r=$!
{{ sleep 5; kill $r; }} >/dev/null 2>&1 & k=$!
if ! wait $r 2>/dev/null; then says "error $f is no ordinary file on the node"; exit 1; fi
kill $k 2>/dev/null
fi
s=$(wc -c < "$f" | tr -d " ")
l=$(ls -ldL "$f" 2>/dev/null); echo "#mode ${{l%% *}}"
o=0
if [ {have} -gt 0 ] && [ {have} -le "$s" ] && [ "$(head -c {have} "$f" | sum)" = "{sum}" ]; then o={have}; fi
echo "#size $o $s"
tail -c "+$((o + 1))" "$f" | base64
echo "#sum $(sum < "$f")""##
    )
}

/// Says what is there already, is told where to begin, how many characters of base64 come and what the sum must be, and
/// puts the file in its place when it is whole.
///
/// An earlier copy may still be at it, of a client that is gone: an agent may feed it long after. Its bytes so far are taken
/// over into a file of our own, and its own file is removed, so that nobody writes between ours.
///
/// While it comes, the file is its owner's alone. In the end it has owner and mode of the file that it replaces, or `mode`
/// less the umask. Where it cannot have them, because only root gives files away, or where the old file has rights beside
/// its mode (`+` in a listing), what came is written into the old file instead, as scp does.
pub(super) fn upload(path: &str, name: &str, mode: u32) -> String {
    let (path, name) = (quoted(path), quoted(name));
    format!(
        r##"stty raw -echo 2>/dev/null
u=$(umask); umask 077
{SUM}
f={path}
{OWN}
if [ -d "$f" ]; then f="${{f%/}}/"{name}; fi
t=$f; k=0
while [ -L "$f" ]; do
k=$((k + 1)); l=$(readlink "$f" && echo x) || k=99; l=${{l%?x}}
if [ $k -gt 40 ]; then says "error $f is a link that the node cannot follow"; exit 1; fi
case $l in /*) f=$l ;; *) case $f in */*) f=${{f%/*}}/$l ;; *) f=./$l ;; esac ;; esac
done
d=./; case $f in */*) d=${{f%/*}}/ ;; esac
p="$d.${{f##*/}}.fleetdeck-part"; w="$p.$$"
if [ ! -d "$d" ]; then says "error $d is not a directory on the node"; exit 1; fi
if [ -e "$f" ] && [ ! -f "$f" ]; then says "error $f is no ordinary file on the node"; exit 1; fi
set -f; set -- $(ls -ldn "$f" 2>/dev/null); set +f
if [ -e "$f" ] && [ ! -w "$f" ] && [ "$3" != "$(id -u)" ]; then says "error the node cannot write $f: Permission denied"; exit 1; fi
if ! e=$({{ set -C; : > "$w"; }} 2>&1); then says "error the node cannot write to $d: ${{e##*: }}"; exit 1; fi
for q in "$p" "$p".*; do
if [ -f "$q" ] && [ "$q" != "$w" ]; then
if [ -r "$q" ] && [ "$(wc -c < "$q")" -gt "$(wc -c < "$w")" ]; then cat "$q" 2>/dev/null > "$w"; fi
rm -f "$q" 2>/dev/null
fi
done
echo "#have $(wc -c < "$w" | tr -d " ") $(sum < "$w")"
read -r o n h || exit 1
if [ "$o" -eq 0 ]; then : > "$w"; fi
if ! e=$({{ head -c "$n" | base64 -d >> "$w"; }} 2>&1); then says "error the node cannot write $f: $(printf %s "$e" | head -n 1 | sed 's/.*: //')"; exit 1; fi
if [ ! -f "$w" ]; then says "error another copy to $f has taken over"; exit 1; fi
if [ "$(sum < "$w")" != "$h" ]; then rm -f "$w"; echo "#differs"; exit 1; fi
i=
if [ -e "$f" ]; then
set -f; set -- $(ls -ldn "$f" 2>/dev/null); set +f
m=$(echo "$1" | sed 's/^.\(...\)\(...\)\(...\).*/u=\1,g=\2,o=\3/; s/-//g; s/s/xs/g; s/S/s/g; s/t/x/; s/T//')
case $1 in
*+) i=1 ;;
*) chown "$3:$4" "$w" 2>/dev/null && chmod "$m" "$w" 2>/dev/null || i=1 ;;
esac
else
chmod "$(printf %o $((0{mode:o} & ~0$u)))" "$w" 2>/dev/null
fi
put() {{ if [ "$i" ]; then cat "$w" > "$f" && rm -f "$w"; else mv -f "$w" "$f"; fi; }}
if e=$(put 2>&1); then says "done $t"; else says "error the node cannot write $f: ${{e##*: }}"; fi"##
    )
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        os::unix::fs::PermissionsExt,
        process::{Command, Stdio},
    };

    use super::*;

    /// The shell of a node whose programs complain in English, as the tests expect.
    fn shell() -> Command {
        let mut shell = Command::new("sh");
        shell.env("LC_ALL", "C");
        shell
    }

    #[test]
    fn a_download_goes_on_from_a_beginning_that_still_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("it's a $file");
        std::fs::write(&path, "hello world").unwrap();
        let path = path.to_str().unwrap();
        let run = |script: &str| {
            let run = shell().args(["-c", script]).output().unwrap();
            String::from_utf8(run.stdout).unwrap()
        };
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o640)).unwrap();
        let sum = crate::wire::digest::sha256_hex;
        let whole = format!("#sum {}\n", sum(b"hello world"));
        assert_eq!(run(&download(path, 0, "")), format!("#mode -rw-r-----\n#size 0 11\naGVsbG8gd29ybGQ=\n{whole}"));
        assert_eq!(
            run(&download(path, 6, &sum(b"hello "))),
            format!("#mode -rw-r-----\n#size 6 11\nd29ybGQ=\n{whole}")
        );
        assert_eq!(
            run(&download(path, 6, &sum(b"jello "))),
            format!("#mode -rw-r-----\n#size 0 11\naGVsbG8gd29ybGQ=\n{whole}")
        );
        let said = run(&download("/nowhere/at all", 0, ""));
        assert!(said.starts_with("#error /nowhere/at all cannot be read on the node: No such file"), "{said}");
        assert!(run(&download("/", 0, "")).contains("is a directory"));
        // What has no end is not begun.
        let pipe = dir.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [pipe.to_str().unwrap(), "/dev/zero", "/dev/null"] {
            assert_eq!(run(&download(path, 0, "")), format!("#error {path} is no ordinary file on the node\n"));
        }
        let empty = dir.path().join("empty");
        std::fs::write(&empty, "").unwrap();
        assert!(run(&download(empty.to_str().unwrap(), 0, "")).contains("#size 0 0\n#sum "));
        assert!(!run(&download("/proc/version", 0, "")).contains("#size 0 0\n") || !cfg!(target_os = "linux"));
    }

    #[test]
    fn an_upload_replaces_the_file_only_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let sum = crate::wire::digest::sha256_hex(b"hello");
        let run = |answer: String| {
            let mut child = shell()
                .args(["-c", &upload(dir.path().to_str().unwrap(), "it's", 0o644)])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            std::io::Write::write_all(child.stdin.as_mut().unwrap(), answer.as_bytes()).unwrap();
            String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
        };
        let said = run(format!("0 9 {sum}\naGVsbG8=\n"));
        assert!(said.starts_with("#have 0 e3b0c442") && said.contains("\n#done "), "{said}");
        assert_eq!(std::fs::read(dir.path().join("it's")).unwrap(), b"hello");
        let said = run(format!("0 9 {sum}\naGVsbG9=\n").replace("bG9", "bG8A"));
        assert!(said.ends_with("#differs\n") || said.contains("#error"), "{said}");
        assert_eq!(std::fs::read(dir.path().join("it's")).unwrap(), b"hello");
    }

    #[test]
    fn what_the_node_cannot_write_is_told_with_its_path_and_the_systems_word_for_why() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let path = path.to_str().unwrap();
        let run = |before: &str, script: String| {
            let mut child = shell()
                .args(["-c", &format!("{before}\n{script}")])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"0 9 x\naGVsbG8=\n");
            String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
        };
        // A limit stands for a full disk.
        let said = run("trap '' XFSZ; ulimit -f 0", upload(path, "x", 0o644));
        assert!(said.ends_with(&format!("#error the node cannot write {path}: File too large\n")), "{said}");
        // A device or a pipe is not replaced by a file.
        let pipe = dir.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let said = run("", upload(pipe.to_str().unwrap(), "x", 0o644));
        assert!(said.ends_with("/pipe is no ordinary file on the node\n"), "{said}");
        let said = run("", upload("/proc/file", "x", 0o644));
        assert!(said.starts_with("#error the node cannot write to /proc/: "), "{said}");
        assert!(!said.trim_end().ends_with(':'), "{said}");
    }

    #[test]
    fn a_copy_whose_client_is_gone_writes_nothing_into_the_next_one() {
        use std::io::{BufRead, BufReader, Write};
        let dir = tempfile::tempdir().unwrap();
        let sum = crate::wire::digest::sha256_hex(b"hello world!");
        let begin = || {
            let mut child = shell()
                .args(["-c", &upload(dir.path().to_str().unwrap(), "file", 0o644)])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let output = BufReader::new(child.stdout.take().unwrap());
            (child.stdin.take().unwrap(), output, child)
        };
        let line = |output: &mut BufReader<_>| {
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            line
        };
        let (mut stale, mut stale_says, mut child) = begin();
        assert!(line(&mut stale_says).starts_with("#have 0 "));
        write!(stale, "0 17 {sum}\naGVsbG8g").unwrap();

        let (mut fresh, mut says, mut other) = begin();
        assert!(line(&mut says).starts_with("#have "));
        write!(fresh, "0 17 {sum}\naGVsbG8g").unwrap();
        // What was under way to the first one still comes.
        stale.write_all(b"d29ybGQh\n").unwrap();
        drop(stale);
        assert!(line(&mut stale_says).starts_with("#error another copy to "));
        fresh.write_all(b"d29ybGQh\n").unwrap();
        assert!(line(&mut says).starts_with("#done "));
        child.wait().unwrap();
        other.wait().unwrap();
        assert_eq!(std::fs::read(dir.path().join("file")).unwrap(), b"hello world!");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else stays");
    }

    #[test]
    fn files_of_any_name_come_and_go() {
        let dir = tempfile::tempdir().unwrap();
        let run = |script: String, input: &str| {
            let mut child = shell()
                .args(["-c", &script])
                .current_dir(dir.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            // A script that says why it cannot reads nothing.
            let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
            String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
        };
        let sum = crate::wire::digest::sha256_hex(b"hello");
        let send = format!("0 9 {sum}\naGVsbG8=\n");
        for name in
            ["-n", "--", "two\nlines", "end\n", "a\\nb\\c", "it's $(id) `id` $HOME *", "\"x\" ", "#done", "ü", "~"]
        {
            let told = name.replace('\n', " ");
            for path in [name.to_owned(), format!("{}/{name}", dir.path().display())] {
                let said = run(upload(&path, "x", 0o644), &send);
                assert_eq!(std::fs::read(dir.path().join(name)).ok().as_deref(), Some(&b"hello"[..]), "{said}");
                let last = said.lines().last().unwrap();
                assert!(last.starts_with("#done ") && last.ends_with(&told), "{said}");
                let said = run(download(&path, 0, ""), "");
                assert!(said.ends_with(&format!("\n#size 0 5\naGVsbG8=\n#sum {sum}\n")), "{path:?}: {said}");
                std::fs::remove_file(dir.path().join(name)).unwrap();
                assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing else is left");
                // What goes wrong with it is one line.
                let said = run(download(&path, 0, ""), "");
                assert!(said.starts_with("#error ") && said.contains(&told) && said.lines().count() == 1, "{said}");
            }
            // Into a directory it goes under its own name.
            run(upload(&dir.path().display().to_string(), name, 0o644), &send);
            assert_eq!(std::fs::read(dir.path().join(name)).unwrap(), b"hello");
            std::fs::remove_file(dir.path().join(name)).unwrap();
        }
    }

    #[test]
    fn a_file_keeps_mode_and_owner_a_link_stays_one_and_a_new_file_has_the_mode_of_its_source() {
        use std::{
            fs,
            io::{BufRead, BufReader, Write},
            os::unix::fs::{MetadataExt, chown, symlink},
        };
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let mode = |name: &str| fs::metadata(path(name)).unwrap().mode() & 0o7777;
        let sum = crate::wire::digest::sha256_hex(b"hello");
        let copy = |to: &str, source: u32| {
            let script = format!("umask 027\n{}", upload(path(to).to_str().unwrap(), "x", source));
            let mut child = shell().args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let (mut says, mut line) = (BufReader::new(child.stdout.take().unwrap()), String::new());
            says.read_line(&mut line).unwrap();
            let files = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path());
            let part = files.into_iter().find(|file| file.display().to_string().contains(".fleetdeck-part")).unwrap();
            assert_eq!(fs::metadata(part).unwrap().mode() & 0o7777, 0o600, "nobody else reads it meanwhile");
            child.stdin.take().unwrap().write_all(format!("0 9 {sum}\naGVsbG8=\n").as_bytes()).unwrap();
            line.clear();
            says.read_line(&mut line).unwrap();
            assert_eq!(line, format!("#done {}\n", path(to).display()));
            child.wait().unwrap();
            assert_eq!(fs::read(path(to)).unwrap(), b"hello");
        };
        copy("new", 0o777);
        assert_eq!(mode("new"), 0o750);
        fs::write(path("old"), "").unwrap();
        symlink("old", path("link")).unwrap();
        symlink(path("link"), path("second")).unwrap();
        for had in [0o600, 0o755, 0o4711, 0o2440, 0] {
            fs::set_permissions(path("old"), PermissionsExt::from_mode(had)).unwrap();
            copy("second", 0o644);
            assert_eq!(mode("old"), had, "{had:o}");
        }
        assert!(path("link").is_symlink() && path("second").is_symlink());
        symlink("later", path("dangling")).unwrap();
        copy("dangling", 0o600);
        assert_eq!((mode("later"), path("dangling").is_symlink()), (0o600, true));
        if nix::unistd::geteuid().is_root() {
            chown(path("old"), Some(12), Some(34)).unwrap();
            copy("old", 0o644);
            let old = fs::metadata(path("old")).unwrap();
            assert_eq!((old.uid(), old.gid()), (12, 34));
        }
        assert!(fs::read_dir(dir.path()).unwrap().all(|file| !file.unwrap().path().to_str().unwrap().contains("part")));
    }

    #[test]
    fn a_file_of_somebody_else_is_written_into_or_refused_before_anything_is_sent() {
        use std::{
            fs,
            os::unix::{
                fs::{MetadataExt, chown},
                process::CommandExt,
            },
        };
        if !nix::unistd::geteuid().is_root() {
            eprintln!("not tried: only root can be two users");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let path = dir.path().join("file");
        let sum = crate::wire::digest::sha256_hex(b"hello");
        let copy = |mode| {
            fs::write(&path, "old").unwrap();
            chown(&path, Some(12), Some(34)).unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            let mut child = shell()
                .args(["-c", &upload(path.to_str().unwrap(), "x", 0o755)])
                .uid(65534)
                .gid(65534)
                .current_dir("/")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let answer = format!("0 9 {sum}\naGVsbG8=\n");
            // A script that says why it cannot reads nothing.
            let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), answer.as_bytes());
            let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
            let about = fs::metadata(&path).unwrap();
            assert_eq!((about.uid(), about.gid(), about.mode() & 0o7777), (12, 34, mode), "{said}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else stays: {said}");
            (said, fs::read_to_string(&path).unwrap())
        };
        let (said, text) = copy(0o666);
        assert!(said.contains("\n#done ") && text == "hello", "{said}");
        let (said, text) = copy(0o644);
        assert_eq!(said, format!("#error the node cannot write {}: Permission denied\n", path.display()));
        assert_eq!(text, "old");
    }
}
