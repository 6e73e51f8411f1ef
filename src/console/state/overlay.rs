//! Boxes over the panes: help, palette, messages, pickers, forms and questions.

use std::{cell::RefCell, sync::Arc};

use super::{
    command::CommandLine,
    confirm::Target,
    cursor::Cursor,
    filter::find_folded,
    fleet::Column,
    form::Form,
    input::LineInput,
    list::List,
    messages::Messages,
    plan::Plan,
    shells::{layout::Axis, paste::Pasted},
    viewer::Viewer,
};
use crate::{
    config::{theme::Role, view::View},
    console::{
        effect::{Change, Confirmed},
        keys::HelpLine,
        origin::{NodeId, Origin},
        probe::processes::Process,
    },
    ssm::{self, Operation, Timestamp},
};

/// What a question is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    /// Changes that are agreed to together, each in its origin.
    Change(Vec<(Origin, Change)>),
    /// Leaving the program.
    Quit,
    /// Ending the shown shell.
    CloseShell,
    /// Taking forwards off the list, by their numbers.
    RemoveForwards(Vec<u64>),
    /// Asking these nodes for their vitals.
    Sample(Vec<NodeId>),
    /// Opening a shell on each of these nodes.
    OpenShells(Vec<NodeId>),
    /// Begin a new session in a tab that is cut off.
    Anew { tab: u64 },
    /// Pasting into shells.
    Paste(Pasted),
    /// Opening the address of a link.
    OpenLink(Arc<str>),
    /// Putting the address of a link into the clipboard.
    CopyLink(Arc<str>),
    /// Putting the line for the AWS CLI that does the same into the clipboard.
    CopyLine(Arc<str>),
    /// Putting a text that a program offers into the clipboard; the tab it runs in.
    Copy { tab: u64, text: Arc<str> },
    /// Leaving the form below with what was typed into it.
    DropForm,
}

impl Then {
    /// A change in one origin.
    pub fn change(origin: Origin, change: Change) -> Self {
        Self::Change(vec![(origin, change)])
    }

    /// The operation that is called after a yes, or what happens instead. Nothing for what is the console's own.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Change(changes) => changes.first().map_or("", |(_, change)| change.operation()),
            Self::OpenShells(_) | Self::Anew { .. } => ssm::StartSession::NAME,
            Self::Sample(_) => ssm::SendCommand::NAME,
            _ => "",
        }
    }
}

/// What is said of something that is asked about after it was agreed to once, and what is typed for it.
const IN_DOUBT: &str = "The last try had no answer, and may have been done all the same: look whether it was.";
const AGAIN: &str = "again";

/// A question that is asked before something is done.
#[derive(Clone, Debug)]
pub struct Question {
    /// The heading.
    pub title: String,
    /// What will happen, line by line.
    pub lines: Vec<String>,
    /// Those of the lines that are shown as they are, to the last blank: a script, or a difference with its signs.
    pub as_is: std::ops::Range<usize>,
    /// What is done after a yes.
    pub then: Then,
    /// What is done after `copy-instead`, if that is offered.
    pub copies: Option<Then>,
    /// What must be typed for a yes, and what was typed.
    pub typed: Option<(String, LineInput)>,
    /// What must be typed at least, however few things it is about.
    pub least: Option<String>,
    /// The nodes it is about, where they are known better than from what is done.
    pub targets: Vec<Target>,
    /// How many things it is about, where that is another number.
    pub reached: Option<usize>,
    /// Whether its lines name every node already.
    pub is_listed: bool,
    /// What waits for what is agreed to here: the command for the nodes that come after a canary.
    pub rest: Vec<(Origin, crate::ssm::SendCommand)>,
    /// The number of the canary whose rest this is about.
    pub rest_of: Option<u64>,
    /// Until when keys do not answer it: they may belong to what was pasted.
    pub deaf_until: Option<Timestamp>,
    /// How far one has read, if it is more than the box has room for. Its window alone counts.
    pub scroll: Cursor,
    /// Whether somebody has looked at how much a yes takes: without that nothing comes of one.
    is_weighed: bool,
    /// Its lines as they were wrapped last, and for how wide a screen.
    wrapped: RefCell<Option<(u16, Arc<Wrapped>)>>,
}

/// The lines of a question as they stand in its box.
#[derive(Debug)]
pub struct Wrapped {
    /// Columns of the box.
    pub width: u16,
    /// The lines, none of which is wider.
    pub lines: Vec<(Role, String)>,
}

impl Question {
    /// A question answered with one key, unless what it is about wants more than that.
    pub fn new(title: &str, lines: Vec<String>, then: Then) -> Self {
        Self {
            title: title.to_owned(),
            lines,
            as_is: 0..0,
            then,
            copies: None,
            typed: None,
            least: None,
            targets: Vec::new(),
            reached: None,
            is_listed: false,
            rest: Vec::new(),
            rest_of: None,
            deaf_until: None,
            scroll: Cursor::default(),
            is_weighed: false,
            wrapped: RefCell::default(),
        }
    }

    /// Its lines for a screen of so many columns. A question may name ten thousand nodes: they are wrapped once, and not with
    /// every frame.
    pub fn wrapped(&self, columns: u16, wrap: impl FnOnce() -> Wrapped) -> Arc<Wrapped> {
        let mut last = self.wrapped.borrow_mut();
        if let Some((_, wrapped)) = last.as_ref().filter(|(known, _)| *known == columns) {
            return wrapped.clone();
        }
        let wrapped = Arc::new(wrap());
        *last = Some((columns, wrapped.clone()));
        wrapped
    }

    /// A question that can be answered by copying as well.
    #[must_use]
    pub fn or_copy(mut self, copies: Then) -> Self {
        self.copies = Some(copies);
        self
    }

    /// A question that shows text as it is below the rest: a script, or a difference with its signs.
    #[must_use]
    pub fn showing(mut self, text: Vec<String>) -> Self {
        let from = self.lines.len();
        self.lines.extend(text);
        self.as_is = from..self.lines.len();
        self
    }

    /// A question about these nodes.
    #[must_use]
    pub(super) fn about(mut self, targets: Vec<Target>) -> Self {
        self.targets = targets;
        self
    }

    /// A question for which a word has to be typed even where one key would do.
    #[must_use]
    pub fn typing_at_least(mut self, word: &str) -> Self {
        self.least = Some(word.to_owned());
        self
    }

    /// A question about what may have been done already: it says so, and one key does not do it again.
    #[must_use]
    pub(super) fn in_doubt(mut self) -> Self {
        self.lines.insert(0, IN_DOUBT.to_owned());
        self.as_is = self.as_is.start + 1..self.as_is.end + 1;
        self.least.get_or_insert_with(|| AGAIN.to_owned());
        self
    }

    /// A question that says in which places something happens, above all but the doubt.
    #[must_use]
    pub(super) fn in_places(mut self, places: &[&str]) -> Self {
        let at = usize::from(self.lines.first().is_some_and(|line| line == IN_DOUBT));
        self.lines.insert(at, format!("in {}", places.join(", ")));
        self.as_is = self.as_is.start + 1..self.as_is.end + 1;
        self
    }

    /// A question of which is known how much a yes takes.
    #[must_use]
    pub(super) fn weighed(mut self) -> Self {
        self.is_weighed = true;
        self
    }

    /// A question that no key answers until then.
    #[must_use]
    pub fn deaf_until(mut self, at: Timestamp) -> Self {
        self.deaf_until = Some(at);
        self
    }

    /// Whether keys answer it by now.
    pub fn listens(&self, now: Timestamp) -> bool {
        self.deaf_until.is_none_or(|until| until <= now)
    }

    /// A question answered by typing a text, whatever it is about.
    #[must_use]
    pub fn typing(mut self, expected: &str) -> Self {
        self.typed = Some((expected.to_owned(), LineInput::default()));
        self
    }

    /// Whether what had to be typed was typed.
    pub fn is_satisfied(&self) -> bool {
        self.typed.as_ref().is_none_or(|(expected, typed)| typed.text().trim() == expected)
    }

    /// The changes that were agreed to with the yes of this number, if the question was about some. Nothing comes of one that
    /// is not satisfied, or of which nobody knows how much a yes takes.
    pub fn answered(self, number: u64) -> Result<Vec<Confirmed>, Then> {
        if !self.is_weighed || !self.is_satisfied() {
            return Err(Then::Change(Vec::new()));
        }
        match self.then {
            Then::Change(changes) => {
                let agreed = |(origin, change)| Confirmed::by_the_user(origin, change, number);
                Ok(changes.into_iter().map(agreed).collect())
            }
            other => Err(other),
        }
    }
}

/// What a question is about, one on a line: all of it, since it can be scrolled.
pub fn listed<T>(items: &[T], line: impl Fn(&T) -> String) -> Vec<String> {
    items.iter().map(|item| format!("  {}", line(item))).collect()
}

/// What a picker of shells offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellChoice {
    /// A new shell on this node.
    Node(NodeId),
    /// An open shell, by the number of its tab.
    Open(u64),
}

/// What is done with what was picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The document of the form below.
    Document,
    /// A signal is sent to a process of a node.
    Signal { node: NodeId, process: Box<Process> },
    /// A shell is shown: in a split along an axis, or alone. The choices stand in the order of the rows.
    Shell { place: Option<Axis>, choices: Vec<ShellChoice> },
    /// The fleet is grouped by a column, or by none.
    Group(Vec<Option<Column>>),
    /// The fleet is looked at as a view says.
    View(Vec<View>),
    /// The text of a cell is copied.
    Cell(Vec<String>),
}

/// A text that is read over everything else.
#[derive(Clone, Debug)]
pub struct Text {
    /// The text.
    pub viewer: Viewer,
    /// The number of the programs that still write it.
    pub program: Option<u64>,
    /// The lines that they have not ended yet, of output and of errors. Raw.
    pub(super) begun: [String; 2],
    /// It is the log of the console; how many lines of that were read.
    pub(super) log: Option<u64>,
}

/// The box in which is chosen what is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeBox {
    /// What is typed to find a name.
    pub input: LineInput,
    /// Every name, and whether it is marked.
    pub names: Vec<(String, bool)>,
    /// So many of them are offered as long as nothing was typed; the others are to be found by typing. Not set: all.
    pub usual: Option<usize>,
    /// Whether something was marked or unmarked here.
    pub touched: bool,
    /// Where one is.
    pub cursor: Cursor,
}

impl ScopeBox {
    /// What is taken: the marked names, or the one of this row if no mark was set or taken.
    pub fn taken(&self, row: Option<usize>) -> Vec<String> {
        let here = row.and_then(|row| self.names.get(row)).map(|(name, _)| name.clone());
        match self.touched {
            true => self.names.iter().filter(|(_, marked)| *marked).map(|(name, _)| name.clone()).collect(),
            false => here.into_iter().collect(),
        }
    }
}

/// A box.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// Every key that works here.
    Help { lines: Vec<HelpLine>, filter: LineInput, cursor: Cursor },
    /// The line after `:`.
    Command(Box<CommandLine>),
    /// What was reported.
    Messages(Messages),
    /// One of several things.
    Picker { title: String, input: LineInput, items: Vec<(String, String)>, cursor: Cursor, pick: Pick },
    /// Why a node is not connected.
    Why { called: String, cursor: Cursor },
    /// The names of the columns of a list, or of the fleet, and whether they are shown.
    Columns { list: Option<List>, items: Vec<(String, bool)>, cursor: Cursor },
    /// What could be looked at, and what was marked of it.
    Scope(ScopeBox),
    /// Signing in by single sign-on.
    SignIn(Box<super::sign_in::SigningIn>),
    /// A form.
    Form(Box<Form>),
    /// A question.
    Question(Box<Question>),
    /// A text.
    Text(Box<Text>),
    /// What a command would do.
    Plan(Box<Plan>),
}

impl Overlay {
    /// The line that is typed into, if there is one.
    pub fn input_mut(&mut self) -> Option<&mut LineInput> {
        match self {
            Self::Help { filter, .. } => Some(filter),
            Self::Command(line) => Some(&mut line.input),
            Self::Picker { input, .. } => Some(input),
            Self::Scope(scope) => Some(&mut scope.input),
            Self::Question(question) => question.typed.as_mut().map(|(_, input)| input),
            Self::Text(text) if text.viewer.finding => Some(&mut text.viewer.find),
            Self::Messages(_) | Self::Columns { .. } | Self::Why { .. } => None,
            Self::Form(_) | Self::SignIn(_) | Self::Text(_) | Self::Plan(_) => None,
        }
    }

    /// Whether everybody may read what is typed into its line.
    pub fn is_open(&self) -> bool {
        match self {
            // Names to search for, and what must be typed for a yes.
            Self::Help { .. }
            | Self::Command(_)
            | Self::Picker { .. }
            | Self::Scope(_)
            | Self::SignIn(_)
            | Self::Question(_)
            | Self::Columns { .. }
            | Self::Why { .. }
            | Self::Messages(_)
            | Self::Text(_)
            | Self::Plan(_) => true,
            // Its fields differ.
            Self::Form(_) => false,
        }
    }

    /// The cursor, if it is a list.
    pub fn cursor_mut(&mut self) -> Option<&mut Cursor> {
        match self {
            Self::Help { cursor, .. }
            | Self::Columns { cursor, .. }
            | Self::Why { cursor, .. }
            | Self::Picker { cursor, .. } => Some(cursor),
            Self::Command(line) => Some(&mut line.cursor),
            Self::Messages(messages) => Some(&mut messages.cursor),
            Self::Scope(scope) => Some(&mut scope.cursor),
            Self::Plan(plan) => Some(&mut plan.cursor),
            Self::Question(question) => Some(&mut question.scroll),
            Self::Form(_) | Self::SignIn(_) | Self::Text(_) => None,
        }
    }

    /// The rows that pass what was typed, by their place in the list.
    pub fn rows(&self) -> Vec<usize> {
        // A list may hold a whole fleet, and is asked for with every frame.
        fn passing<T>(items: &[T], typed: &str, has: impl Fn(&T, &str) -> bool) -> Vec<usize> {
            let words: Vec<_> = typed.split_whitespace().collect();
            let found = |item: &T| words.iter().all(|word| has(item, word));
            items.iter().enumerate().filter(|(_, item)| found(item)).map(|(at, _)| at).collect()
        }
        match self {
            Self::Help { lines, filter, .. } => passing(lines, filter.text(), |line, word| {
                let entry = line.action.entry();
                let texts = [line.keys.as_str(), entry.name, entry.about, line.layer.heading()];
                let mut texts = texts.into_iter().chain(line.sources.iter().map(String::as_str));
                texts.any(|text| find_folded(text, word))
            }),
            Self::Picker { input, items, .. } => {
                passing(items, input.text(), |(name, about), word| find_folded(name, word) || find_folded(about, word))
            }
            Self::Command(line) => (0..line.candidates.len()).collect(),
            Self::Scope(scope) => {
                let typed = scope.input.text();
                let mut rows = passing(&scope.names, typed, |(name, _), word| find_folded(name, word));
                if typed.trim().is_empty() {
                    let usual = scope.usual.unwrap_or(scope.names.len());
                    rows.retain(|row| *row < usual || scope.names[*row].1);
                }
                rows
            }
            Self::Columns { items, .. } => (0..items.len()).collect(),
            Self::Messages(_) | Self::Why { .. } | Self::Form(_) | Self::Question(_) => Vec::new(),
            Self::SignIn(_) | Self::Text(_) | Self::Plan(_) => Vec::new(),
        }
    }
}
