//! Folders, files and logs of a node.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Sections;
use crate::{client::word::quoted, console::text::clean, ssm::Timestamp};

/// Entries of a folder that are told.
const MOST: usize = 5_000;
/// Bytes of a file that are shown; larger ones cannot be edited.
pub const SHOWN: u64 = 512 * 1024;
/// Lines of a log that were there before.
const BEFORE: u32 = 500;

/// SHA-256 of standard input, with whatever the node has for it.
pub const SUM: &str = r#"sum() { { if command -v sha256sum >/dev/null 2>&1; then sha256sum
elif command -v shasum >/dev/null 2>&1; then shasum -a 256
else openssl dgst -sha256 -r; fi; } | cut -c1-64; }"#;

/// SHA-256 of bytes as the node writes it.
pub fn sum_of(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A name may have line breaks in it, but no slash: one ends each record, and so `//` ends the name of a link.
pub(super) fn folder(path: &str) -> String {
    let path = quoted(path);
    format!(
        r##"d={path}
if ! cd "$d" 2>/dev/null; then
if [ -f "$d" ]; then echo '#file'; elif [ -e "$d" ]; then echo '#denied'; else echo '#gone'; fi
echo '#.'; exit
fi
pwd -P | s at
find . ! -name . -prune -exec stat -c '%f %s %Y %U %G %n/' {{}} + 2>/dev/null | head -n {MOST} | s entries
find . ! -name . -prune -type l -exec sh -c 'for l do
if [ -d "$l" ]; then k=d; else k=f; fi
printf "%s %s//%s/\n" "$k" "$l" "$(readlink "$l")"
done' _ {{}} + 2>/dev/null | head -n {MOST} | s links
echo '#.'"##
    )
}

/// What the node said of an entry before its name, the name, and what comes behind the slash at its end.
fn record(text: &str) -> Option<(&str, &str, &str)> {
    let (head, rest) = text.split_once(" ./")?;
    let (name, rest) = rest.split_once('/')?;
    Some((head, name, rest))
}

/// What kind of thing a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Folder,
    #[default]
    File,
    Link,
    Other,
}

/// An entry of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its name, as the node has it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Type and mode as the kernel counts them.
    pub mode: u32,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was changed.
    pub modified: Option<Timestamp>,
    /// Whose it is.
    pub owner: String,
    /// The group it belongs to.
    pub group: String,
    /// Where it leads, if it is a link, and whether that is a folder.
    pub target: Option<(String, bool)>,
}

impl Entry {
    /// Whether it can be gone into.
    pub fn is_folder(&self) -> bool {
        self.kind == Kind::Folder || self.target.as_ref().is_some_and(|(_, folder)| *folder)
    }

    /// The mode as `ls` writes it: `drwxr-xr-x`.
    pub fn mode_text(&self) -> String {
        let kind = match self.mode & 0o170_000 {
            0o040_000 => 'd',
            0o120_000 => 'l',
            0o020_000 => 'c',
            0o060_000 => 'b',
            0o010_000 => 'p',
            0o140_000 => 's',
            _ => '-',
        };
        let bit = |bit: u32, sign: char| if self.mode & bit != 0 { sign } else { '-' };
        let last = |special: u32, execute: u32, both: char, alone: char| match (
            self.mode & special != 0,
            self.mode & execute != 0,
        ) {
            (true, true) => both,
            (true, false) => alone,
            (false, true) => 'x',
            (false, false) => '-',
        };
        [
            kind,
            bit(0o400, 'r'),
            bit(0o200, 'w'),
            last(0o4000, 0o100, 's', 'S'),
            bit(0o040, 'r'),
            bit(0o020, 'w'),
            last(0o2000, 0o010, 's', 'S'),
            bit(0o004, 'r'),
            bit(0o002, 'w'),
            last(0o1000, 0o001, 't', 'T'),
        ]
        .into_iter()
        .collect()
    }
}

/// A folder of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Folder {
    /// Its path without links, and what is in it: folders first, then by name.
    Entries { path: String, entries: Vec<Entry>, cut: bool },
    /// It is a file.
    File,
    /// It may not be looked into.
    Denied,
    /// It is not there.
    Gone,
}

impl Folder {
    /// Reads an answer.
    pub fn parse(text: &str) -> Self {
        let sections = Sections::read(text);
        let Some(path) = sections.get("at").map(|lines| lines.join("\n")).filter(|path| !path.is_empty()) else {
            return match (sections.get("file").is_some(), sections.get("denied").is_some()) {
                (true, _) => Self::File,
                (_, true) => Self::Denied,
                _ => Self::Gone,
            };
        };
        let (links, lines) = (sections.lines("links").join("\n"), sections.lines("entries"));
        let (mut targets, mut rest) = (HashMap::new(), links.as_str());
        while let Some((kind, name, after)) = record(rest) {
            let (target, after) = after.split_once("/\n").unwrap_or((after.strip_suffix('/').unwrap_or(after), ""));
            if let Some(target) = target.strip_prefix('/') {
                targets.insert(name, (clean(target), kind == "d"));
            }
            rest = after;
        }
        let (listed, mut entries) = (lines.join("\n"), Vec::new());
        let mut rest = listed.as_str();
        while let Some((head, name, after)) = record(rest) {
            entries.extend(entry(head, name, &targets));
            rest = after.trim_start_matches('\n');
        }
        let order = |entry: &Entry| (!entry.is_folder(), entry.name.to_lowercase());
        entries.sort_by_key(order);
        Self::Entries { path, entries, cut: lines.len() >= MOST }
    }
}

fn entry(head: &str, name: &str, targets: &HashMap<&str, (String, bool)>) -> Option<Entry> {
    // Groups of a domain may have blanks in their names.
    let mut words = head.splitn(5, ' ');
    let mode = u32::from_str_radix(words.next()?, 16).ok()?;
    let bytes = words.next()?.parse().ok()?;
    let modified: i64 = words.next()?.parse().ok()?;
    let (owner, group) = (clean(words.next()?), clean(words.next()?));
    let kind = match mode & 0o170_000 {
        0o040_000 => Kind::Folder,
        0o100_000 => Kind::File,
        0o120_000 => Kind::Link,
        _ => Kind::Other,
    };
    Some(Entry {
        name: name.to_owned(),
        kind,
        mode,
        bytes,
        modified: modified.checked_mul(1_000).map(Timestamp::from_millis),
        owner,
        group,
        target: targets.get(name).cloned().filter(|_| kind == Kind::Link),
    })
}

pub(super) fn file(path: &str) -> String {
    let path = quoted(path);
    format!(
        r##"{SUM}
f={path}
if [ ! -e "$f" ]; then echo '#gone'
elif [ ! -f "$f" ]; then echo '#special'
elif [ ! -r "$f" ]; then echo '#denied'
else
stat -L -c '%s %Y' "$f" | s stat
n=$(wc -c < "$f" | tr -d ' ')
if [ "$n" -le {SHOWN} ]; then sum < "$f" | s sum; fi
head -c {SHOWN} "$f" | base64 | s data
fi
echo '#.'"##
    )
}

/// A file of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum File {
    /// Its beginning, and its sum if that is all of it.
    Content { bytes: Vec<u8>, size: u64, sum: Option<String> },
    /// It may not be read.
    Denied,
    /// It is not there.
    Gone,
    /// It is no file that can be shown: a device, a socket.
    Special,
}

impl File {
    /// Reads an answer.
    pub fn parse(text: &str) -> Self {
        let sections = Sections::read(text);
        if let Some(lines) = sections.get("data") {
            let mut bytes = Vec::new();
            for line in lines {
                bytes.extend(STANDARD.decode(line.trim_end()).unwrap_or_default());
            }
            let size = sections.lines("stat").first().and_then(|line| line.split(' ').next()?.parse().ok());
            let size = size.unwrap_or(bytes.len() as u64);
            let sum = sections.lines("sum").first().map(|sum| sum.trim().to_owned());
            // What did not arrive whole must not be written back.
            let sum = sum.filter(|sum| *sum == sum_of(&bytes));
            return Self::Content { bytes, size, sum };
        }
        match (sections.get("special").is_some(), sections.get("denied").is_some()) {
            (true, _) => Self::Special,
            (_, true) => Self::Denied,
            _ => Self::Gone,
        }
    }
}

/// Follows a file as it grows, also when another one takes its name.
pub(super) fn follow(path: &str) -> String {
    let path = quoted(path);
    format!(
        r##"f={path}
if [ ! -r "$f" ]; then echo "the file is not there, or cannot be read" >&2; exit 1; fi
exec tail -n {BEFORE} -F "$f" 2>/dev/null"##
    )
}

/// Follows the journal; where there is none, the file that stands for it.
pub(super) fn journal() -> String {
    format!(
        r##"if command -v journalctl >/dev/null 2>&1 && [ -n "$(journalctl -q -n 1 --no-pager 2>/dev/null)" ]; then
exec journalctl -q -f -n {BEFORE} -o short-iso --no-pager 2>/dev/null
fi
for f in /var/log/syslog /var/log/messages; do
if [ -r "$f" ]; then exec tail -n {BEFORE} -F "$f" 2>/dev/null; fi
done
echo 'there is no journal, no /var/log/syslog and no /var/log/messages that can be read' >&2
exit 1"##
    )
}

/// Follows what a unit writes into the journal.
pub(super) fn unit(name: &str) -> String {
    let name = quoted(name);
    format!(
        r##"if ! command -v journalctl >/dev/null 2>&1; then echo 'there is no journal on this node' >&2; exit 1; fi
exec journalctl -q -f -n {BEFORE} -o short-iso --no-pager --unit={name} 2>/dev/null"##
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{Probe, run},
        *,
    };

    #[test]
    fn a_folder_is_listed_with_folders_first() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("z folder")).unwrap();
        std::fs::write(dir.path().join("it's"), "12345").unwrap();
        std::fs::write(dir.path().join(".hidden"), "").unwrap();
        std::os::unix::fs::symlink("z folder", dir.path().join("link")).unwrap();
        let answer = Folder::parse(&run(&Probe::Folder(dir.path().to_str().unwrap().to_owned()).script()));
        let Folder::Entries { path, entries, cut } = answer else { panic!("{answer:?}") };
        assert_eq!((path.as_str(), cut), (dir.path().canonicalize().unwrap().to_str().unwrap(), false));
        let names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["link", "z folder", ".hidden", "it's"]);
        assert_eq!(entries[0].target, Some(("z folder".to_owned(), true)));
        assert_eq!((entries[3].bytes, entries[3].kind), (5, Kind::File));
        assert!(entries[1].mode_text().starts_with("drwx") && !entries[3].owner.is_empty());
        assert!(entries[3].modified.is_some());
        let look = |path: &str| Folder::parse(&run(&Probe::Folder(path.to_owned()).script()));
        assert_eq!(look(dir.path().join("it's").to_str().unwrap()), Folder::File);
        assert_eq!(look("/nowhere/at all"), Folder::Gone);
    }

    #[test]
    fn a_listing_that_was_cut_off_has_no_half_entries() {
        let answer = "#at\n|/srv\n#entries\n|41ed 1 1 DOM\\eve domain users ./a b/\n|81a4 1 1 a b ./c\n|d/\n|81a4 1 1 a b ./half\n#.\n";
        let Folder::Entries { entries, .. } = Folder::parse(answer) else { panic!() };
        let told: Vec<_> = entries.iter().map(|e| (e.name.as_str(), e.owner.as_str(), e.group.as_str())).collect();
        assert_eq!(told, [("a b", "DOM\\eve", "domain users"), ("c\nd", "a", "b")]);
    }

    #[test]
    fn a_file_comes_byte_by_byte() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a 'file'");
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        std::fs::write(&path, &bytes).unwrap();
        let look = |path: &std::path::Path| File::parse(&run(&Probe::File(path.to_str().unwrap().to_owned()).script()));
        let sum = sum_of(&bytes);
        assert_eq!(look(&path), File::Content { bytes, size: 10_000, sum: Some(sum) });
        assert_eq!(look(&dir.path().join("none")), File::Gone);
        assert_eq!(look(std::path::Path::new("/dev/null")), File::Special);
        std::fs::write(&path, vec![b'x'; 600_000]).unwrap();
        let File::Content { bytes, size, sum } = look(&path) else { panic!() };
        assert_eq!((bytes.len() as u64, size, sum), (SHOWN, 600_000, None));
    }

    #[test]
    fn a_file_of_which_a_line_was_lost_is_not_taken_for_all_of_it() {
        let sum = sum_of(b"hello world\n");
        let answer = |data: &str| File::parse(&format!("#stat\n|12 0\n#sum\n|{sum}\n#data\n{data}\n#."));
        let known = |file| matches!(file, File::Content { sum: Some(_), .. });
        assert!(known(answer("|aGVsbG8g\n|d29ybGQK")));
        assert!(!known(answer("|aGVsbG8g\n|d29y*GQK")));
    }

    #[test]
    fn modes_are_written_as_ls_does() {
        let mode = |mode| Entry { mode, ..Entry::default() }.mode_text();
        assert_eq!(mode(0o100_644), "-rw-r--r--");
        assert_eq!(mode(0o041_777), "drwxrwxrwt");
        assert_eq!(mode(0o104_755), "-rwsr-xr-x");
        assert_eq!(mode(0o102_640), "-rw-r-S---");
        assert_eq!(mode(0o120_777), "lrwxrwxrwx");
    }

    /// A name that a file system takes.
    fn name() -> impl Strategy<Value = String> {
        let odd = [
            "\n",
            "-",
            "'",
            "\"",
            "$(id)",
            "`id`",
            "\\",
            "\t",
            " ",
            "*",
            "|",
            "#.",
            "\u{1b}[2J",
            "ü",
            "a",
            "\n81a4 1 1 a b .",
        ];
        let name =
            proptest::collection::vec(proptest::sample::select(odd.to_vec()), 1..6).prop_map(|parts| parts.concat());
        name.prop_filter("no file is called so", |name| !matches!(name.as_str(), "." | ".."))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn files_of_any_name_are_listed_and_opened(names in proptest::collection::btree_set(name(), 1..8)) {
            let dir = tempfile::tempdir().unwrap();
            for (n, name) in names.iter().enumerate() {
                match n % 3 {
                    0 => std::fs::create_dir(dir.path().join(name)).unwrap(),
                    1 => std::os::unix::fs::symlink("tar\nget/\n", dir.path().join(name)).unwrap(),
                    _ => std::fs::write(dir.path().join(name), name).unwrap(),
                }
            }
            let root = dir.path().canonicalize().unwrap().to_str().unwrap().to_owned();
            let Folder::Entries { entries, .. } = Folder::parse(&run(&Probe::Folder(root.clone()).script())) else {
                panic!("no folder");
            };
            let listed: std::collections::BTreeSet<_> = entries.iter().map(|entry| entry.name.clone()).collect();
            prop_assert_eq!(&listed, &names);
            for entry in entries {
                let path = format!("{root}/{}", entry.name);
                match entry.kind {
                    Kind::Folder => {
                        let below = Folder::parse(&run(&Probe::Folder(path.clone()).script()));
                        prop_assert_eq!(below, Folder::Entries { path, entries: Vec::new(), cut: false });
                    }
                    Kind::Link => prop_assert_eq!(entry.target, Some(("tar get/".to_owned(), false))),
                    _ => {
                        let File::Content { bytes, .. } = File::parse(&run(&Probe::File(path).script())) else {
                            panic!("{:?} is not there", entry.name);
                        };
                        prop_assert_eq!(bytes, entry.name.into_bytes());
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_a_node_says_breaks_it(lines in proptest::collection::vec(
            prop_oneof!["#(at|entries|links|data|stat|sum|file|denied)", "\\|.{0,60}", "\\|[0-9a-f]{1,12} [0-9]{1,22} -?[0-9]{1,22} a b \\./.{0,12}/?", "\\|[df] \\./.{0,9}//.{0,9}/?"], 0..40)
        ) {
            let text = lines.join("\n");
            if let Folder::Entries { entries, .. } = Folder::parse(&text) {
                for entry in entries {
                    prop_assert_eq!(entry.mode_text().len(), 10);
                }
            }
            File::parse(&text);
        }
    }
}
