//! Commands of the user's own in the settings: `[[command]]`. A template over the nodes that are chosen becomes a program on
//! this machine, a document or an address.

use std::{collections::BTreeMap, fmt};

use toml::{Spanned, Value, de::DeValue};

use super::written::{self, Problem, Written, line_of};

/// What a command of the user's own is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A program on this machine.
    Local,
    /// A line for a POSIX shell on this machine.
    Shell,
    /// A document of Systems Manager.
    Document,
    /// An address of the web.
    Open,
}

/// A command of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What it is called.
    pub name: String,
    /// What it does, in a sentence.
    pub about: String,
    /// The layer of the keymap and the keys in it.
    pub key: Option<(String, String)>,
    /// What it is.
    pub kind: Kind,
    /// The program and its arguments; the one line, document or address of the other kinds.
    pub run: Vec<Template>,
    /// Parameters of a document.
    pub parameters: BTreeMap<String, Vec<Template>>,
    /// Whether it changes something.
    pub changes: bool,
    /// The file it is from.
    pub file: String,
    /// Where it stands in it.
    pub line: usize,
}

/// A text with places for what is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(pub Vec<Piece>);

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// A place.
    Slot(Slot),
}

/// What a place in a template is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// The id of a node.
    Id,
    /// Its name.
    Name,
    /// Its address.
    Ip,
    /// The value of its tag with this key.
    Tag(String),
    /// The ids of all chosen nodes.
    Ids,
    /// The region.
    Region,
    /// The AWS profile.
    Profile,
    /// What the user answers to this question.
    Input(String),
}

impl Slot {
    /// Whether it stands for one node.
    pub fn is_of_one(&self) -> bool {
        matches!(self, Self::Id | Self::Name | Self::Ip | Self::Tag(_))
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id => f.write_str("{id}"),
            Self::Name => f.write_str("{name}"),
            Self::Ip => f.write_str("{ip}"),
            Self::Tag(key) => write!(f, "{{tag:{key}}}"),
            Self::Ids => f.write_str("{ids}"),
            Self::Region => f.write_str("{region}"),
            Self::Profile => f.write_str("{profile}"),
            Self::Input(question) => write!(f, "{{input:{question}}}"),
        }
    }
}

impl Template {
    /// Reads a template. Two braces are one that stands for itself.
    ///
    /// # Errors
    /// In words: a place that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut pieces, mut plain) = (Vec::new(), String::new());
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' | '}' if chars.next_if_eq(&c).is_some() => plain.push(c),
                '{' => {
                    let mut inside = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(c) => inside.push(c),
                            None => return Err(format!("{{{inside} has no end; write {{{{ for a brace")),
                        }
                    }
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(Piece::Slot(slot(&inside)?));
                }
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// Its places.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Slot(slot) => Some(slot),
            Piece::Text(_) => None,
        })
    }
}

fn slot(text: &str) -> Result<Slot, String> {
    Ok(match text.split_once(':') {
        None if text == "id" => Slot::Id,
        None if text == "name" => Slot::Name,
        None if text == "ip" => Slot::Ip,
        None if text == "ids" => Slot::Ids,
        None if text == "region" => Slot::Region,
        None if text == "profile" => Slot::Profile,
        Some(("tag", key)) if !key.is_empty() => Slot::Tag(key.to_owned()),
        Some(("input", question)) if !question.trim().is_empty() => Slot::Input(question.trim().to_owned()),
        _ => {
            return Err(format!(
                "{{{text}}} stands for nothing; there are {{id}}, {{name}}, {{ip}}, {{tag:Key}}, {{ids}}, {{region}}, \
                 {{profile}} and {{input:Question}}, and {{{{ is a brace"
            ));
        }
    })
}

/// The words of a line: spaces part them, quotes and backslashes hold them together, and so do the braces of a place.
fn words(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut chars = line.chars().peekable();
    let unclosed = |quote: char| format!("a {quote} is not closed");
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => return Err(unclosed('\'')),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => word.extend(chars.next_if(|c| "\"\\".contains(*c)).or(Some('\\'))),
                        Some(c) => word.push(c),
                        None => return Err(unclosed('"')),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '{' => {
                let word = word.get_or_insert_default();
                word.push('{');
                if chars.next_if_eq(&'{').is_some() {
                    word.push('{');
                    continue;
                }
                for c in chars.by_ref() {
                    word.push(c);
                    if c == '}' {
                        break;
                    }
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

type Entries = BTreeMap<Spanned<String>, Spanned<Value>>;

/// What the file is called until somebody who knows says where it is.
const FILE: &str = "settings.toml";

/// The entries a command may have.
const KNOWN: [&str; 9] = ["name", "about", "key", "layer", "kind", "run", "shell", "parameters", "changes"];

/// Reads the commands of a settings file: what it says under `command`. All problems are told; what is sound is kept.
pub fn read(file: &Written, written: &Spanned<DeValue<'_>>) -> (Vec<Command>, Vec<Problem>) {
    let line = |at: usize| line_of(file.text(), at);
    let problem = |at: usize, what: String| Problem::of_settings(file.text(), at, what).instead("it is left out");
    let (mut commands, mut problems) = (Vec::<Command>::new(), Vec::new());
    let Some(written_commands) = written.get_ref().as_array() else {
        let what = "[[command]] is expected here, with its entries below it".to_owned();
        return (commands, vec![problem(written.span().start, what)]);
    };
    for written in written_commands {
        let at = written.span().start;
        let entries = match written::value(written) {
            Ok(entries) => entries,
            Err((at, what)) => {
                problems.push(problem(at, format!("[[command]]: {what}")));
                continue;
            }
        };
        let mut reader = Reader { entries, at, problems: Vec::new() };
        let command = reader.command(line(at));
        if let Some(command) = &command
            && commands.iter().any(|known| known.name == command.name)
        {
            reader.problems.push((at, format!("a command called \"{}\" is there already", command.name)));
        }
        // One of which something is lost would do something else.
        if reader.problems.is_empty() && file.lost_of_section(at).is_none() {
            commands.extend(command);
        }
        problems.extend(reader.problems.into_iter().map(|(at, what)| problem(at, format!("[[command]]: {what}"))));
    }
    problems.sort_by_key(|problem| problem.line);
    (commands, problems)
}

struct Reader {
    entries: Entries,
    at: usize,
    problems: Vec<(usize, String)>,
}

impl Reader {
    fn value(&self, name: &str) -> Option<(usize, &Value)> {
        let (_, value) = self.entries.iter().find(|(key, _)| key.get_ref() == name)?;
        Some((value.span().start, value.get_ref()))
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            (_, Value::String(text)) if !text.trim().is_empty() => Some(text.clone()),
            (at, _) => {
                self.problems.push((at, format!("{name} is a text in quotes")));
                None
            }
        }
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        match self.value(name)? {
            (_, Value::Boolean(flag)) => Some(*flag),
            (at, _) => {
                self.problems.push((at, format!("{name} is true or false")));
                None
            }
        }
    }

    fn fault(&mut self, name: &str, what: impl Into<String>) {
        let at = self.value(name).map_or(self.at, |(at, _)| at);
        self.problems.push((at, what.into()));
    }

    fn template(&mut self, name: &str, text: &str) -> Option<Template> {
        Template::parse(text).map_err(|what| self.fault(name, what)).ok()
    }

    fn command(&mut self, line: usize) -> Option<Command> {
        let unknown: Vec<_> =
            self.entries.keys().filter(|key| !KNOWN.contains(&key.get_ref().as_str())).cloned().collect();
        for key in unknown {
            let known = KNOWN.join(", ");
            self.problems.push((key.span().start, format!("no entry called \"{}\"; there are {known}", key.get_ref())));
        }
        let name = self.text("name");
        if self.value("name").is_none() {
            self.fault("name", "it needs a name");
        }
        let about = self.text("about");
        let changes = self.flag("changes");
        if self.value("changes").is_none() {
            self.fault("changes", "it must say whether it changes something: changes = true or false");
        }
        let shell = self.flag("shell").unwrap_or(false);
        let kind = match self.text("kind").as_deref() {
            None | Some("local") => Some(if shell { Kind::Shell } else { Kind::Local }),
            Some("document") => Some(Kind::Document),
            Some("open") => Some(Kind::Open),
            Some(other) => {
                self.fault("kind", format!("no kind called \"{other}\"; there are local, document and open"));
                None
            }
        };
        if shell && matches!(kind, Some(Kind::Document | Kind::Open)) {
            self.fault("shell", "only a local command can be one of a shell");
        }
        match (kind, changes) {
            (Some(Kind::Document), Some(false)) => {
                self.fault("changes", "a document runs on nodes, so changes = true");
            }
            (Some(Kind::Open), Some(true)) => self.fault("changes", "an address that is opened changes nothing"),
            _ => {}
        }
        let run = self.run(kind.unwrap_or(Kind::Local));
        let parameters = self.parameters(kind);
        let (key, layer) = (self.text("key"), self.text("layer"));
        if key.is_none() && layer.is_some() {
            self.fault("layer", "a layer needs a key");
        }
        let (name, run) = (name?, run?);
        Some(Command {
            about: about.unwrap_or_else(|| format!("Your own command {name}")),
            key: key.map(|key| (layer.unwrap_or_else(|| "fleet".to_owned()), key)),
            kind: kind?,
            run,
            parameters,
            changes: changes?,
            file: FILE.to_owned(),
            line,
            name,
        })
    }

    fn run(&mut self, kind: Kind) -> Option<Vec<Template>> {
        let parts = match self.value("run") {
            Some((_, Value::String(text))) if !text.trim().is_empty() => match kind {
                Kind::Local => words(text),
                _ => Ok(vec![text.clone()]),
            },
            Some((_, Value::Array(values))) if kind == Kind::Local && !values.is_empty() => values
                .iter()
                .map(|value| value.as_str().map(str::to_owned).ok_or_else(|| "run is a list of texts".to_owned()))
                .collect(),
            Some(_) if kind == Kind::Local => Err("run is a text or a list of texts".to_owned()),
            Some(_) => Err("run is a text".to_owned()),
            None => Err("it needs run: what is done".to_owned()),
        };
        let parts = parts.map_err(|what| self.fault("run", what)).ok()?;
        let templates: Vec<_> = parts.iter().filter_map(|part| self.template("run", part)).collect();
        let fixed = kind == Kind::Document || kind == Kind::Local;
        if fixed && templates.first().is_some_and(|first| first.slots().next().is_some()) {
            let what = if kind == Kind::Document { "the document's name" } else { "the program" };
            self.fault("run", format!("{what} is fixed; places stand in what follows"));
        }
        (templates.len() == parts.len() && !templates.is_empty()).then_some(templates)
    }

    fn parameters(&mut self, kind: Option<Kind>) -> BTreeMap<String, Vec<Template>> {
        let mut parameters = BTreeMap::new();
        let Some((_, value)) = self.value("parameters") else { return parameters };
        let Value::Table(table) = value.clone() else {
            self.fault("parameters", "parameters is a table: parameters = { commands = [\"uptime\"] }");
            return parameters;
        };
        if kind.is_some_and(|kind| kind != Kind::Document) {
            self.fault("parameters", "only a document has parameters");
        }
        for (name, value) in table {
            let texts: Option<Vec<String>> = match value {
                Value::String(text) => Some(vec![text]),
                Value::Array(values) => values.iter().map(|value| value.as_str().map(str::to_owned)).collect(),
                _ => None,
            };
            match texts {
                Some(texts) => {
                    let templates = texts.iter().filter_map(|text| self.template("parameters", text)).collect();
                    parameters.insert(name, templates);
                }
                None => self.fault("parameters", format!("{name} is a text or a list of texts")),
            }
        }
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Command>, Vec<Problem>) {
        let file = Written::of(text);
        super::read(&file, file.table().get("command").unwrap())
    }

    fn one(text: &str) -> Command {
        let (mut commands, problems) = read(text);
        assert_eq!(problems, []);
        commands.remove(0)
    }

    #[test]
    fn a_line_is_parted_into_words_that_nothing_parts_again() {
        let parted = |line: &str| words(line).unwrap();
        assert_eq!(parted(r#"a 'b c' "d \"e" f\ g ''"#), ["a", "b c", "d \"e", "f g", ""]);
        assert_eq!(
            parted("x {input:Which service} --y={tag:Cost Centre}"),
            ["x", "{input:Which service}", "--y={tag:Cost Centre}"]
        );
        assert!(words("a 'b").unwrap_err().contains("not closed"));
        let command = one("[[command]]\nname = 'look'\nrun = \"ssh {name} -- 'uptime -p'\"\nchanges = false\n");
        assert_eq!((command.kind, command.run.len(), command.line), (Kind::Local, 4, 1));
        assert_eq!(command.run[1], Template(vec![Piece::Slot(Slot::Name)]));
    }

    #[test]
    fn places_and_braces_are_told_apart() {
        let template = Template::parse("a{{b}} {tag:Env}-{input: Which? }").unwrap();
        assert_eq!(
            template.0,
            [
                Piece::Text("a{b} ".into()),
                Piece::Slot(Slot::Tag("Env".into())),
                Piece::Text("-".into()),
                Piece::Slot(Slot::Input("Which?".into())),
            ]
        );
        for wrong in ["{", "{nmae}", "{tag:}", "{input: }", "awk '{print $1}'"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_problem_is_told_with_its_line_and_what_is_sound_is_kept() {
        let text = "theme = 'dark'\n\
                    [[command]]\nname = 'good'\nkey = 'x'\nrun = 'true'\nchanges = false\n\
                    [[command]]\nname = 'bad'\nkind = 'remote'\nrun = 'echo {nmae}'\ncolour = 'red'\n\
                    [[command]]\nname = 'good'\nrun = ['true', 1]\nchanges = 'no'\n\
                    [[command]]\nname = 'doc'\nkind = 'document'\nrun = 'AWS-RunShellScript'\nchanges = false\nparameters = { commands = 1 }\n";
        let (commands, problems) = read(text);
        assert_eq!(commands.iter().map(|command| command.name.as_str()).collect::<Vec<_>>(), ["good"]);
        assert_eq!(commands[0].key, Some(("fleet".to_owned(), "x".to_owned())));
        let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let expected = [
            "settings.toml:7: [[command]]: it must say whether it changes something",
            "settings.toml:9: [[command]]: no kind called \"remote\"",
            "settings.toml:10: [[command]]: {nmae} stands for nothing",
            "settings.toml:11: [[command]]: no entry called \"colour\"",
            "settings.toml:14: [[command]]: run is a list of texts",
            "settings.toml:15: [[command]]: changes is true or false",
            "settings.toml:20: [[command]]: a document runs on nodes, so changes = true",
            "settings.toml:21: [[command]]: commands is a text or a list of texts",
        ];
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told} is not {expected}");
        }
    }
}
