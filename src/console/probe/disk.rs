//! What fills a disk: its largest files and folders, and files that are deleted but still open.

use std::collections::{HashMap, HashSet};

use super::{Sections, unescaped, usage};
use crate::{client::word::quoted, console::text::clean};

/// Seconds that the search for large files may take.
const PATIENCE: u32 = 20;
/// Files and folders that are shown.
const MOST: u32 = 60;

/// What is large, below one mount point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Largest {
    /// The largest first. A folder counts everything below it that is on the same file system.
    pub entries: Vec<Entry>,
    /// The search was stopped before it had seen everything.
    pub stopped: bool,
}

/// A file or a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its path, fit for the screen.
    pub path: String,
    /// Whether that is its path, letter by letter, so that one can go there.
    pub exact: bool,
    /// Its size on the disk in bytes.
    pub bytes: u64,
    /// Whether it is a folder.
    pub folder: bool,
}

/// Keeps the largest lines of `du` in memory: sorting all of them would write temporary files, and the disk may be full.
const KEEP: &str = r##"function least(  i) { w = 0; for (i = 1; i < n; i++) if (v[i] < v[w]) w = i }
$1 !~ /^[0-9]+$/ { next }
n < m { v[n] = $1 + 0; l[n++] = $0; if (n == m) least(); next }
$1 + 0 > v[w] { v[w] = $1 + 0; l[w] = $0; least() }
END { for (i = 0; i < n; i++) print l[i] }"##;

pub(super) fn largest(mount: &str) -> String {
    let mount = quoted(mount);
    format!(
        r##"d={mount}
a=$(date +%s)
l=$(t {PATIENCE} $q du -xak -- "$d" 2>/dev/null | $q awk -F '\t' -v m={MOST} '{KEEP}' | sort -rn)
b=$(date +%s)
if [ $((b - a)) -ge {PATIENCE} ]; then echo '#stopped'; fi
echo '#largest'
tab=$(printf '\t')
printf '%s\n' "$l" | while IFS="$tab" read -r k p; do
if [ -L "$p" ]; then y=f; elif [ -d "$p" ]; then y=d; elif [ -e "$p" ]; then y=f; else y=x; fi
printf '|%s %s %s\n' "$k" "$y" "$p"
done
echo '#.'"##
    )
}

impl Largest {
    /// Reads an answer. The mount point itself, which is all of it, is left out.
    pub fn parse(text: &str, mount: &str) -> Self {
        let sections = Sections::read(text);
        let entries = sections.lines("largest").iter().filter_map(|line| {
            let (size, rest) = line.split_once(' ')?;
            let (kind, path) = rest.split_once(' ')?;
            let bytes = size.parse::<u64>().ok()?.saturating_mul(1_024);
            // `du` says `//x` below `/`.
            let path = if path.starts_with("//") { &path[1..] } else { path };
            // A line break in a name makes lines that are no entries.
            (path != mount && path.starts_with(mount) && bytes > 0).then(|| {
                let shown = clean(path);
                // What is not there goes on behind a line break, or has gone.
                let exact = shown == path && kind != "x" && !path.contains('\u{fffd}');
                Entry { path: shown, exact, bytes, folder: kind == "d" }
            })
        });
        Self { entries: entries.collect(), stopped: sections.get("stopped").is_some() }
    }
}

/// Files that are deleted but still open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The largest first; each once, with every process that holds it.
    pub files: Vec<HeldFile>,
    /// Files on file systems that are not mounted where the agent is, as those of containers are.
    pub elsewhere: usize,
    /// The user of sessions is not root, and so sees only processes of its own.
    pub own_only: bool,
}

/// A deleted file and who holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldFile {
    /// Where it was.
    pub path: String,
    /// Its size on the disk in bytes.
    pub bytes: u64,
    /// The file system it is on.
    pub mount: String,
    /// The processes that hold it: number and program.
    pub holders: Vec<(u32, String)>,
}

/// Walks over the open files of every process. `ls` prints a heading for each folder and the target of each link; `stat`
/// follows the link, which leads to the file although it has no name any more.
pub(super) fn held() -> String {
    r##"echo "#user $(id -u)"
MOUNTSecho '#held'
ls -l /proc/[0-9]*/fd 2>/dev/null | awk '
/^\/proc\/[0-9]+\/fd:$/ { split($0, a, "/"); pid = a[3]; next }
/ -> \/.* \(deleted\)$/ { n = index($0, " -> "); m = split(substr($0, 1, n - 1), w, " "); print pid, w[m] }' |
while read -r p n; do
f=/proc/$p/fd/$n
v=$(stat -L -c '%d %i %b %B %F' "$f" 2>/dev/null) || continue
case $v in *regular*) ;; *) continue ;; esac
c=; read -r c < "/proc/$p/comm" 2>/dev/null
l=$(readlink "$f" 2>/dev/null | head -n 1)
printf '|%s\t%s\t%s\t%s\n' "$p" "$v" "$c" "$l"
done
echo '#.'"##
        .replace("MOUNTS", usage::MOUNTS)
}

impl Held {
    /// Reads an answer.
    pub fn parse(text: &str) -> Self {
        let sections = Sections::read(text);
        let mut mounts = HashMap::new();
        for line in sections.lines("mounts") {
            let mut words = line.split(' ');
            if let (Some(number), Some(path)) = (words.next(), words.next()) {
                let path = clean(&unescaped(path));
                let shorter = |known: &mut String| {
                    if path.len() < known.len() {
                        known.clone_from(&path);
                    }
                };
                mounts.entry(number.to_owned()).and_modify(shorter).or_insert_with(|| path.clone());
            }
        }
        let (mut files, mut elsewhere) = (HashMap::<(u64, &str), HeldFile>::new(), HashSet::new());
        for line in sections.lines("held") {
            let mut parts = line.splitn(4, '\t');
            let (Some(pid), Some(facts), Some(program), Some(path)) =
                (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let mut facts = facts.split(' ');
            let (Some(device), Some(inode)) = (facts.next().and_then(|d| d.parse().ok()), facts.next()) else {
                continue;
            };
            let (Some(blocks), Some(size)) = (number(facts.next()), number(facts.next())) else { continue };
            let Ok(pid) = pid.parse() else { continue };
            let Some(mount) = mounts.get(&device_number(device)) else {
                elsewhere.insert((device, inode));
                continue;
            };
            let file = files.entry((device, inode)).or_insert_with(|| HeldFile {
                path: clean(path.strip_suffix(" (deleted)").unwrap_or(path)),
                bytes: blocks.saturating_mul(size),
                mount: mount.clone(),
                holders: Vec::new(),
            });
            if !file.holders.iter().any(|(known, _)| *known == pid) {
                file.holders.push((pid, clean(program)));
            }
        }
        let mut files: Vec<_> = files.into_values().filter(|file| file.bytes > 0).collect();
        files.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
        let own_only = sections.head("user").is_some_and(|user| user != "0");
        Self { files, elsewhere: elsewhere.len(), own_only }
    }
}

fn number(word: Option<&str>) -> Option<u64> {
    word?.parse().ok()
}

/// A device as `stat` prints it, written as mountinfo writes it: `254:0`.
fn device_number(device: u64) -> String {
    let major = ((device >> 8) & 0xfff) | ((device >> 32) & !0xfff);
    let minor = (device & 0xff) | ((device >> 12) & !0xff & 0xffff_ffff);
    format!("{major}:{minor}")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::{
        super::{Probe, run},
        *,
    };

    #[test]
    fn the_largest_below_a_folder_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("it's a folder");
        std::fs::create_dir(&below).unwrap();
        std::fs::write(below.join("a log.1"), vec![b'x'; 300_000]).unwrap();
        std::fs::write(dir.path().join("small"), "x").unwrap();
        let mount = dir.path().to_str().unwrap();
        let found = Largest::parse(&run(&Probe::Largest(mount.to_owned()).script()), mount);
        assert!(!found.stopped && found.entries.len() == 3, "{found:?}");
        assert_eq!(found.entries[0].path, format!("{mount}/it's a folder"));
        assert!(found.entries[0].folder && !found.entries[1].folder);
        assert!(found.entries[1].path.ends_with("a log.1") && found.entries[1].bytes >= 300_000);
        assert!(found.entries[1].exact);
        // Of a name with a line break in it only the beginning is known, which is no name of anything.
        std::fs::write(dir.path().join("two\nlines"), vec![b'x'; 400_000]).unwrap();
        let found = Largest::parse(&run(&Probe::Largest(mount.to_owned()).script()), mount);
        assert_eq!((found.entries[0].path.as_str(), found.entries[0].exact), (&*format!("{mount}/two"), false));
    }

    #[test]
    fn a_full_disk_is_searched_without_writing_to_it() {
        let dir = tempfile::tempdir().unwrap();
        // More than a pipe or a small sort takes at once.
        for n in 0..3_000 {
            std::fs::write(dir.path().join(format!("{n:04}-{}", "x".repeat(200))), vec![b'x'; n % 7 * 4_096]).unwrap();
        }
        std::fs::write(dir.path().join("large"), vec![b'x'; 500_000]).unwrap();
        std::fs::write(dir.path().join("9999\tnot a size\n77777777\tno entry"), "x").unwrap();
        let mount = dir.path().to_str().unwrap();
        let nowhere = "TMPDIR=/nonexistent; export TMPDIR; ulimit -f 0\n";
        let script = format!("{nowhere}{}", Probe::Largest(mount.to_owned()).script());
        let found = Largest::parse(&run(&script), mount);
        assert_eq!(
            found.entries.len(),
            usize::try_from(MOST).unwrap() - 2,
            "all but the folder itself and what is no entry"
        );
        assert!(found.entries[0].path.ends_with("/large") && found.entries[1].bytes == 24_576);
        assert!(found.entries.is_sorted_by_key(|entry| std::cmp::Reverse(entry.bytes)));
    }

    #[test]
    fn a_deleted_file_names_its_holder() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("old name.log");
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(&vec![b'x'; 200_000]).unwrap();
        file.sync_all().unwrap();
        std::fs::remove_file(&path).unwrap();
        let text = run(&Probe::Held.script());
        let held = Held::parse(&text);
        let ours = held.files.iter().find(|file| file.path == path.to_str().unwrap());
        let ours = ours.unwrap_or_else(|| panic!("not found: {text}"));
        assert!(ours.bytes >= 200_000 && ours.holders.iter().any(|(pid, _)| *pid == std::process::id()), "{ours:?}");
        assert!(!ours.mount.is_empty());
    }

    #[test]
    fn a_file_counts_once_however_many_hold_it() {
        let text = "#user 1000\n#mounts\n|254:0 / ext4\n#held\n\
                    |7\t65024 99 20480 512 regular file\tnginx\t/var/log/x (deleted)\n\
                    |8\t65024 99 20480 512 regular file\tnginx\t/var/log/x (deleted)\n\
                    |8\t65024 99 20480 512 regular file\tnginx\t/var/log/x (deleted)\n\
                    |9\t41 5 8 512 regular file\tsh\t/tmp/y (deleted)\n#.\n";
        let held = Held::parse(text);
        assert_eq!(held.files.len(), 1);
        assert_eq!((held.files[0].bytes, held.files[0].holders.len()), (10_485_760, 2));
        assert_eq!((held.elsewhere, held.own_only), (1, true));
    }

    proptest! {
        #[test]
        fn nothing_a_node_says_breaks_it(lines in proptest::collection::vec(
            prop_oneof!["#(held|largest|mounts|user 0)", "\\|.{0,60}", "\\|[0-9]{1,20} [df] /.{0,20}",
                        "\\|[0-9]{1,12}\t[0-9]{1,21} [0-9]{1,21} [0-9]{1,21} [0-9]{1,21} x\t.{0,9}\t.{0,9}"], 0..40)
        ) {
            let text = lines.join("\n");
            let held = Held::parse(&text);
            let clean = held.files.iter().all(|file| !file.path.contains(char::is_control));
            prop_assert!(clean);
            Largest::parse(&text, "/");
        }
    }
}
