//! The files of a node: the folder that is shown, and the file that is read.

use super::table::{Row, Table};
use crate::console::{
    probe::files::{Entry, File, Folder, Kind},
    state::{
        cursor::Cursor,
        form::Editor,
        list::Fact,
        viewer::{Tone, Viewer},
    },
    text::{bytes, clean, plain_lines},
};

/// What is done with a file that is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// It is shown.
    #[default]
    View,
    /// It is edited.
    Edit,
}

/// A file to be edited: what is in it, and the sum of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Editable {
    /// Its path, as the node has it.
    pub path: String,
    /// What is in it.
    pub text: String,
    /// The sum of that.
    pub sum: String,
}

/// The files of a node.
#[derive(Clone, Debug)]
pub struct Files {
    /// The folder that is asked for, as the node has it.
    pub asked: String,
    /// What the cursor shall stand on there.
    pub to: Option<String>,
    /// The folder that is shown, as the node has it.
    pub path: String,
    /// What is in it.
    pub table: Table<Entry>,
    /// Something about it: why another one was not opened, that not all is shown.
    pub note: Option<String>,
    /// The file that is fetched, and what for.
    pub wanted: Option<(String, Then)>,
    /// The file that is read.
    pub viewer: Option<Viewer>,
    /// Whether a folder was shown at all.
    listed: bool,
}

/// What an answer about a folder leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// It is shown, or the one before stays.
    Nowhere,
    /// It is a file, which is to be fetched.
    File,
    /// There is none before: the folder above is asked for.
    Above,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            asked: "/".to_owned(),
            to: None,
            path: "/".to_owned(),
            table: Table::default(),
            note: None,
            wanted: None,
            viewer: None,
            listed: false,
        }
    }
}

impl Row for Entry {
    const COLUMNS: &'static [&'static str] = &["mode", "owner", "size", "changed", "name", "target"];
    // It stands behind the name.
    const HIDDEN: &'static [&'static str] = &["target"];

    fn key(&self) -> String {
        self.name.clone()
    }

    fn fact(&self, column: usize) -> Fact {
        match column {
            0 => Fact::text(self.mode_text()),
            1 => Fact::text(format!("{}:{}", self.owner, self.group)),
            2 if self.kind == Kind::File => Fact::number(self.bytes),
            2 => Fact::Nothing,
            3 => Fact::time(self.modified),
            4 => Fact::text(&self.name),
            _ => Fact::text(self.target.as_ref().map_or("", |(target, _)| target)),
        }
    }
}

impl Files {
    /// The path of an entry of the shown folder. `None` if it did not come whole.
    pub fn path_of(&self, entry: &Entry) -> Option<String> {
        Some(join(&self.path, &entry.name)).filter(|path| !path.contains('\u{fffd}'))
    }

    /// The path of the entry under the cursor.
    pub fn current(&mut self) -> Option<String> {
        let entry = self.table.current()?.clone();
        let path = self.path_of(&entry);
        if path.is_none() {
            self.note = Some("its name is not in UTF-8 and cannot be told to the node".to_owned());
        }
        path
    }

    /// Asks for the folder above. `false` if there is none.
    pub fn go_up(&mut self) -> bool {
        let above = above(&self.path).map(str::to_owned);
        above.inspect(|above| self.asked.clone_from(above)).is_some()
    }

    /// Takes an answer about a folder.
    pub(super) fn take_folder(&mut self, text: &str) -> Leads {
        let asked = clean(&self.asked);
        let refused = match Folder::parse(text) {
            Folder::Entries { path, entries, cut } => {
                // On the way up the cursor stands on the folder one came from.
                let from = self.path.strip_prefix(&path).map(|rest| rest.trim_start_matches('/').to_owned());
                let moved = path != self.path;
                let to = self.to.take().or(from.filter(|_| moved));
                // Why this one is shown and not the one that was asked for.
                let why = self.note.take().filter(|_| !self.listed);
                self.note = why.or(cut.then(|| "only the first 5,000 are shown".to_owned()));
                self.listed = true;
                (self.asked, self.path) = (path.clone(), path);
                if moved {
                    self.table.lens.begin();
                    self.table.cursor = Cursor { height: self.table.cursor.height, ..Cursor::default() };
                }
                self.table.set(entries);
                if let Some(row) = to.and_then(|name| self.find(&name)) {
                    self.table.cursor.at = row;
                }
                return Leads::Nowhere;
            }
            Folder::File => {
                self.wanted = Some((std::mem::replace(&mut self.asked, self.path.clone()), Then::View));
                return Leads::File;
            }
            Folder::Denied => format!("{asked}: the user of sessions there may not look into it"),
            Folder::Gone => format!("{asked}: it is not there"),
        };
        match above(&self.asked).map(str::to_owned).filter(|_| !self.listed) {
            Some(above) => {
                // Of several that are not there the one that was asked for is told.
                self.note.get_or_insert(refused);
                self.asked = above;
                Leads::Above
            }
            None => {
                self.note = Some(refused);
                self.asked.clone_from(&self.path);
                Leads::Nowhere
            }
        }
    }

    fn find(&self, name: &str) -> Option<usize> {
        (0..self.table.len()).find(|row| self.table.row(*row).is_some_and(|entry| entry.name == name))
    }

    /// Takes a file. The answer is one that is to be edited.
    pub(super) fn take_file(&mut self, text: &str) -> Option<Editable> {
        let (path, then) = self.wanted.take()?;
        let shown = clean(&path);
        let (content, size, sum) = match File::parse(text) {
            File::Content { bytes, size, sum } => (bytes, size, sum),
            File::Denied => return self.refuse(format!("{shown}: the user of sessions there may not read it")),
            File::Gone => return self.refuse(format!("{shown}: it is not there")),
            File::Special => return self.refuse(format!("{shown}: it is no ordinary file")),
        };
        self.note = None;
        if content.contains(&0) {
            return self.refuse(format!("{shown}: {} that are no text; it can be downloaded", bytes(size)));
        }
        match (then, sum) {
            (Then::Edit, None) => self.refuse(format!("{shown}: {} are too much to edit here", bytes(size))),
            (Then::Edit, Some(sum)) => match String::from_utf8(content) {
                Ok(text) if Editor::keeps(&text) => Some(Editable { path, text, sum }),
                _ => self.refuse(format!("{shown}: an editor would change what is in it; it can be downloaded")),
            },
            (Then::View, sum) => {
                let text = String::from_utf8_lossy(&content);
                let lines = plain_lines(&text).into_iter().map(|line| (Tone::Plain, line)).collect();
                let file = shown.rsplit('/').next().unwrap_or_default().to_owned();
                let mut viewer = Viewer::new(shown, file, lines);
                viewer.note = sum.is_none().then(|| format!("the beginning of {}", bytes(size)));
                self.viewer = Some(viewer);
                None
            }
        }
    }

    fn refuse(&mut self, why: String) -> Option<Editable> {
        self.note = Some(why);
        None
    }
}

/// The folder above a path.
fn above(path: &str) -> Option<&str> {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", name)) if !name.is_empty() => Some("/"),
        Some((above, _)) if !above.is_empty() => Some(above),
        _ => None,
    }
}

/// A path below a folder.
pub fn join(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(path: &str, names: &[&str]) -> String {
        let entries: String = names.iter().map(|name| format!("|41ed 0 0 root root ./{name}/\n")).collect();
        format!("#at\n|{path}\n#entries\n{entries}#.\n")
    }

    #[test]
    fn one_goes_down_and_up_again() {
        let mut files = Files::default();
        assert!(!files.go_up());
        files.take_folder(&listing("/", &["etc", "var"]));
        files.table.cursor.at = 1;
        assert_eq!(files.current().as_deref(), Some("/var"));
        files.asked = "/var".to_owned();
        files.take_folder(&listing("/var", &["lib", "log"]));
        assert!(files.go_up() && files.asked == "/");
        files.take_folder(&listing("/", &["etc", "var"]));
        assert_eq!(files.table.current().unwrap().name, "var");
        files.asked = "/gone".to_owned();
        files.take_folder("#gone\n#.\n");
        assert_eq!((files.asked.as_str(), files.path.as_str()), ("/", "/"));
        assert!(files.note.as_deref().is_some_and(|note| note.contains("not there")));
    }

    #[test]
    fn where_there_is_nothing_the_folder_above_is_shown_and_why() {
        let mut files = Files { asked: "/srv/app/logs".to_owned(), ..Files::default() };
        assert_eq!((files.take_folder("#gone\n#.\n"), files.asked.as_str()), (Leads::Above, "/srv/app"));
        assert_eq!((files.take_folder("#gone\n#.\n"), files.asked.as_str()), (Leads::Above, "/srv"));
        assert_eq!(files.take_folder(&listing("/srv", &["web"])), Leads::Nowhere);
        assert_eq!((files.path.as_str(), files.note.as_deref()), ("/srv", Some("/srv/app/logs: it is not there")));
        files.take_folder(&listing("/srv", &["web"]));
        assert_eq!(files.note, None);
        assert_eq!(Files::default().take_folder("#denied\n#.\n"), Leads::Nowhere);
    }

    #[test]
    fn only_what_an_editor_gives_back_is_edited() {
        let mut files = Files::default();
        let mut edit = |data: &str, sum: &str| {
            files.wanted = Some(("/etc/motd".to_owned(), Then::Edit));
            let edited = files.take_file(&format!("#stat\n|5 0\n{sum}#data\n|{data}\n#.\n"));
            (edited.map(|edited| edited.text), files.note.clone())
        };
        let whole = |bytes: &[u8]| format!("#sum\n|{}\n", crate::console::probe::files::sum_of(bytes));
        assert_eq!(edit("aGVsbG8=", &whole(b"hello")), (Some("hello".to_owned()), None));
        assert!(edit("aGVsbG8=", "").1.is_some_and(|note| note.contains("too much")));
        assert!(edit("AAE=", &whole(&[0, 1])).1.is_some_and(|note| note.contains("no text")));
        assert!(edit("/w==", &whole(&[0xff])).1.is_some_and(|note| note.contains("would change")));
    }
}
