//! Forms: fields that are filled in, one after the other.

use crossterm::event::KeyEvent;
use tui_textarea::TextArea;

use super::{Heard, input::LineInput, parameters::secret::Secret};
use crate::console::{
    action::Own,
    origin::{NodeId, Origin},
    text,
};

/// Several lines of text that are edited. The only widget that lives in the state, since the editor is one with its text.
#[derive(Clone, Debug)]
pub struct Editor {
    area: Box<TextArea<'static>>,
    /// The text it began with has control characters, which stand in it as their pictures.
    pictures: bool,
}

impl Editor {
    /// An editor with a text in it.
    pub fn new(content: &str) -> Self {
        let lines = content.split('\n').map(|line| line.chars().filter_map(picture).collect());
        let mut area = TextArea::new(lines.collect());
        area.move_cursor(tui_textarea::CursorMove::Bottom);
        area.move_cursor(tui_textarea::CursorMove::End);
        Self { area: Box::new(area), pictures: content.chars().any(is_hidden) }
    }

    /// The text. What was not edited is as it was, to the last line end and control character.
    pub fn text(&self) -> String {
        let text = self.area.lines().join("\n");
        if self.pictures { text.chars().map(pictured).collect() } else { text }
    }

    /// Whether an editor gives this text back as it is.
    pub fn keeps(content: &str) -> bool {
        Self::new(content).text() == content
    }

    /// Takes a key. Whether the text is another now.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        self.area.input(key)
    }

    /// Types a text, as pasting does.
    pub fn insert(&mut self, pasted: &str) {
        let clean: String = pasted
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .chars()
            .filter(|c| !c.is_control() || "\n\t".contains(*c))
            .collect();
        self.area.insert_str(clean);
    }

    /// Shows every character as a dot, or all as they are.
    pub fn mask(&mut self, hidden: bool) {
        if hidden {
            self.area.set_mask_char('•');
        } else {
            self.area.clear_mask_char();
        }
    }

    /// The widget, for drawing.
    pub fn area(&self) -> &TextArea<'static> {
        &self.area
    }
}

/// Whether a character would do something to a terminal instead of being seen.
fn is_hidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

/// A character as it stands in an editor: a control character as its picture, `␛` for escape; `None` if it has none.
fn picture(c: char) -> Option<char> {
    match c {
        '\u{7f}' => Some('\u{2421}'),
        c if !is_hidden(c) => Some(c),
        c => char::from_u32(0x2400 + u32::from(c)).filter(|_| c.is_ascii()),
    }
}

/// The character a picture stands for.
fn pictured(c: char) -> char {
    match c {
        '\u{2421}' => '\u{7f}',
        '\u{2400}'..='\u{241f}' => char::from_u32(u32::from(c) - 0x2400).unwrap_or(c),
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editor_gives_back_what_it_was_given() {
        for text in ["", "a", "a\n", "-----BEGIN-----\r\nabc\r\n", "\n\n", "\u{1b}[31mred\u{7}\u{7f}\tx", "␛ as text"]
        {
            assert!(Editor::keeps(text), "{text:?} became {:?}", Editor::new(text).text());
        }
        let shown = Editor::new("\u{1b}[31m\r").area().lines().concat();
        assert_eq!(shown, "␛[31m␍");
        for lost in ["\u{9b}2J", "␛ beside \u{1b}"] {
            assert!(!Editor::keeps(lost));
        }
    }
}

/// What a field holds.
#[derive(Clone, Debug)]
pub enum Value {
    /// One line.
    Line(LineInput),
    /// One line whose characters are not shown.
    Secret(LineInput),
    /// Several lines.
    Text(Editor),
    /// One of several.
    Choice { options: Vec<String>, at: usize },
    /// A document, chosen from a list.
    Document(LineInput),
    /// Something that is said and cannot be changed.
    Fixed(String),
}

/// A field.
#[derive(Clone, Debug)]
pub struct Field {
    /// What the answer to `name` is looked up by.
    pub name: String,
    /// What stands before it.
    pub label: String,
    /// What it is for.
    pub hint: String,
    /// What it holds.
    pub value: Value,
}

impl Field {
    /// A field of one line.
    pub fn line(name: &str, label: &str, hint: &str, value: &str) -> Self {
        Self::of(name, label, hint, Value::Line(LineInput::from(value)))
    }

    /// A field of any kind.
    pub fn of(name: &str, label: &str, hint: &str, value: Value) -> Self {
        Self { name: name.to_owned(), label: text::clean(label), hint: text::clean(hint), value }
    }

    /// Whether the cursor can stand in it.
    pub fn is_open(&self) -> bool {
        !matches!(self.value, Value::Fixed(_))
    }

    /// What is typed into it is taken for.
    pub fn heard(&self) -> Heard {
        match &self.value {
            Value::Line(_) if READABLE.contains(&self.name.as_str()) => Heard::Open,
            Value::Document(_) | Value::Choice { .. } | Value::Fixed(_) => Heard::Open,
            Value::Line(_) | Value::Secret(_) | Value::Text(_) => Heard::Form,
        }
    }

    /// The answer.
    pub fn text(&self) -> String {
        match &self.value {
            Value::Line(input) | Value::Secret(input) | Value::Document(input) => input.text().to_owned(),
            Value::Text(editor) => editor.text(),
            Value::Choice { options, at } => options.get(*at).cloned().unwrap_or_default(),
            Value::Fixed(text) => text.clone(),
        }
    }

    /// Types a text.
    pub fn paste(&mut self, pasted: &str) {
        match &mut self.value {
            Value::Line(input) | Value::Secret(input) => input.insert(pasted),
            Value::Text(editor) => editor.insert(pasted),
            _ => {}
        }
    }
}

/// Fields that hold names and numbers, which may be kept in a record. What any other line holds may be a secret.
const READABLE: &[&str] = &[
    "targets",
    "concurrency",
    "errors",
    "canary",
    "timeout",
    "comment",
    "name",
    "description",
    "key",
    "labels",
    "path",
    "node",
    "host",
    "remote",
    "local",
    "set",
];

/// What becomes of a form that is submitted.
#[derive(Clone, Debug, PartialEq)]
pub enum Purpose {
    /// The files of the node that is shown go to a path.
    GoToPath,
    /// Signing in to an origin with the code of a device.
    Code { origin: Origin },
    /// A command is sent.
    Command,
    /// A parameter is created.
    Create,
    /// A parameter gets a new version; the value it has, where that was shown, and the version that the fields were filled from.
    Edit { name: String, old: Option<Secret>, began: Option<i64> },
    /// A parameter will get a new version, once its value is there to begin with.
    Awaited { name: String },
    /// A version gets labels.
    Label { name: String, version: i64 },
    /// Labels are taken from a version.
    Unlabel { name: String, version: i64 },
    /// A resource gets other tags.
    Tags(Box<super::tagging::Tagged>),
    /// Tags are set or removed on these nodes.
    Retag { nodes: Vec<NodeId> },
    /// A text is written to a file.
    Save,
    /// The way the fleet is looked at is kept.
    SaveView,
    /// The rows of the fleet are written or copied.
    Export,
    /// It is found out why a node is not connected.
    Why,
    /// A text is given to a program.
    Pipe,
    /// One of the user's own commands wants to know something, before it is run on these nodes.
    Own { own: &'static Own, nodes: Vec<NodeId> },
    /// A port is forwarded, or the forward of this number is changed.
    Forward(Option<u64>),
    /// A file of a node is written: its node and path, what is in it, and the sum of that.
    EditFile { node: NodeId, path: String, old: String, sum: String },
    /// A file of a node is copied here.
    Download { node: NodeId, path: String },
    /// A file is copied to a folder of a node.
    Upload { node: NodeId, folder: String },
    /// A shell gets another name.
    RenameShell { tab: u64 },
}

/// A form.
#[derive(Clone, Debug)]
pub struct Form {
    /// Its heading.
    pub title: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The field the cursor is in.
    pub focus: usize,
    /// Why it cannot be submitted as it is.
    pub problem: Option<String>,
    /// The number of the yes with which it was submitted, while the answer is not there.
    pub sent: Option<u64>,
    /// Nobody knows whether what it was submitted for was done.
    pub in_doubt: bool,
    /// Something was typed into it.
    pub touched: bool,
}

impl Form {
    /// A form with the cursor in its first open field. Where it is one line alone, what that begins with is a proposal: what is
    /// typed first takes its place, unless one moves in it before.
    pub fn new(title: &str, purpose: Purpose, mut fields: Vec<Field>) -> Self {
        if let [Field { value: Value::Line(input), .. }] = fields.as_mut_slice() {
            input.begin_anew();
        }
        let focus = fields.iter().position(Field::is_open).unwrap_or(0);
        let title = title.to_owned();
        Self { title, purpose, fields, focus, problem: None, sent: None, in_doubt: false, touched: false }
    }

    /// The field the cursor is in.
    pub fn current(&self) -> Option<&Field> {
        self.fields.get(self.focus)
    }

    /// The field the cursor is in, to change it.
    pub fn current_mut(&mut self) -> Option<&mut Field> {
        self.problem = None;
        self.fields.get_mut(self.focus)
    }

    /// The field of a name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The answer of a name; empty if there is no such field.
    pub fn answer(&self, name: &str) -> String {
        self.field(name).map(Field::text).unwrap_or_default()
    }

    /// The answer of a name, if it is not empty.
    pub fn given(&self, name: &str) -> Option<String> {
        Some(self.answer(name).trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Moves to the next or the previous open field.
    pub fn move_focus(&mut self, forwards: bool) {
        let count = self.fields.len();
        for step in 1..=count {
            let at = if forwards { self.focus + step } else { self.focus + count - step } % count;
            if self.fields[at].is_open() {
                self.focus = at;
                return;
            }
        }
    }

    /// Moves to the field of a name.
    pub fn focus_on(&mut self, name: &str) {
        if let Some(at) = self.fields.iter().position(|field| field.name == name) {
            self.focus = at;
        }
    }

    /// Whether no open field comes after the one the cursor is in.
    pub fn is_last(&self) -> bool {
        !self.fields.iter().skip(self.focus + 1).any(Field::is_open)
    }

    /// Whether leaving it loses what nobody wants to type twice.
    pub fn is_worth_a_question(&self) -> bool {
        let long = matches!(
            self.purpose,
            Purpose::Command
                | Purpose::Create
                | Purpose::Edit { .. }
                | Purpose::EditFile { .. }
                | Purpose::Tags(_)
                | Purpose::Retag { .. }
        );
        long && self.touched && self.sent.is_none()
    }

    /// Whether it was submitted with the yes of this number, or with any, and its answer is not there.
    pub fn waits_for(&self, number: Option<u64>) -> bool {
        self.sent.is_some_and(|sent| number.is_none_or(|number| number == sent))
    }

    /// The version of a parameter that its fields were filled from, if it writes a new one.
    pub fn began(&self) -> Option<i64> {
        match self.purpose {
            Purpose::Edit { began, .. } => began,
            _ => None,
        }
    }

    /// Types a text into the field the cursor is in, as pasting does.
    pub fn paste(&mut self, pasted: &str) {
        if let Some(field) = self.current_mut() {
            field.paste(pasted);
            self.touched = true;
        }
    }

    /// Takes the next or the previous choice of the field.
    pub fn choose(&mut self, forwards: bool) {
        if let Some(Field { value: Value::Choice { options, at }, .. }) = self.current_mut()
            && !options.is_empty()
        {
            let count = options.len();
            *at = if forwards { *at + 1 } else { *at + count - 1 } % count;
        }
    }

    /// A key that no binding took.
    pub fn key(&mut self, key: KeyEvent) {
        let Some(field) = self.current_mut() else { return };
        match &mut field.value {
            Value::Line(input) | Value::Secret(input) => {
                let before = input.text().len();
                input.key(key);
                self.touched |= input.text().len() != before;
            }
            Value::Text(editor) => self.touched |= editor.key(key),
            Value::Choice { .. } => match key.code {
                crossterm::event::KeyCode::Right | crossterm::event::KeyCode::Char(' ') => self.choose(true),
                crossterm::event::KeyCode::Left => self.choose(false),
                _ => {}
            },
            Value::Document(_) | Value::Fixed(_) => {}
        }
    }
}
