//! Forms: fields that are filled in, one after the other.

use crossterm::event::KeyEvent;
use tui_textarea::TextArea;

use super::input::LineInput;
use crate::console::text;

/// Several lines of text that are edited. The only widget that lives in the state, since the editor is one with its text.
#[derive(Clone, Debug)]
pub struct Editor(Box<TextArea<'static>>);

impl Editor {
    /// An editor with a text in it.
    pub fn new(content: &str) -> Self {
        let clean = |line: &str| line.chars().filter(|c| !c.is_control() || *c == '\t').collect::<String>();
        let mut area = TextArea::new(content.lines().map(clean).collect());
        area.move_cursor(tui_textarea::CursorMove::Bottom);
        area.move_cursor(tui_textarea::CursorMove::End);
        Self(Box::new(area))
    }

    /// The text.
    pub fn text(&self) -> String {
        self.0.lines().join("\n")
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) {
        self.0.input(key);
    }

    /// Types a text, as pasting does.
    pub fn insert(&mut self, pasted: &str) {
        let clean: String = pasted
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .chars()
            .filter(|c| !c.is_control() || "\n\t".contains(*c))
            .collect();
        self.0.insert_str(clean);
    }

    /// Shows every character as a dot, or all as they are.
    pub fn mask(&mut self, hidden: bool) {
        if hidden {
            self.0.set_mask_char('•');
        } else {
            self.0.clear_mask_char();
        }
    }

    /// The widget, for drawing.
    pub fn area(&self) -> &TextArea<'static> {
        &self.0
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

/// What becomes of a form that is submitted.
#[derive(Clone, Debug, PartialEq)]
pub enum Purpose {
    /// A command is sent.
    Command,
    /// A parameter is created.
    Create,
    /// A parameter gets a new version.
    Edit { name: String },
    /// A version gets labels.
    Label { name: String, version: i64 },
    /// Labels are taken from a version.
    Unlabel { name: String, version: i64 },
    /// A text is written to a file.
    Save,
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
    /// It was submitted and the answer is not there yet.
    pub sent: bool,
}

impl Form {
    /// A form with the cursor in its first open field.
    pub fn new(title: &str, purpose: Purpose, fields: Vec<Field>) -> Self {
        let focus = fields.iter().position(Field::is_open).unwrap_or(0);
        Self { title: title.to_owned(), purpose, fields, focus, problem: None, sent: false }
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
                input.key(key);
            }
            Value::Text(editor) => editor.key(key),
            Value::Choice { .. } => match key.code {
                crossterm::event::KeyCode::Right | crossterm::event::KeyCode::Char(' ') => self.choose(true),
                crossterm::event::KeyCode::Left => self.choose(false),
                _ => {}
            },
            Value::Document(_) | Value::Fixed(_) => {}
        }
    }
}
