//! What of an event or update may be kept.
//!
//! Values of a sensitive type mask themselves where a record is written. What is typed is kept only where the state says that it
//! meant an action or stands where everybody may read it. Output, which has no type of its own, is taken out here: the
//! matches below have no wildcard, so that a new kind of update is not kept before somebody has said what of it may be.

use std::hash::{BuildHasher, RandomState};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::{
    console::{
        state::{Event, Heard, commands::Group},
        update::{
            LookUpdate, Page, ProgramUpdate, Said, ShellUpdate, SignInUpdate, Transcript, Trouble, Update, Whole,
        },
    },
    ssm,
};

/// What stands for a character that was typed.
const DOT: char = '•';
/// Characters of a pasted line that are counted.
const COUNTED: usize = 512;
/// Lines of a pasted text that are counted.
const LINES: usize = 64;

/// What of an event may be kept.
pub fn event(event: &Event, heard: Heard) -> Event {
    match (event, heard) {
        (Event::Key(_) | Event::Paste(_), Heard::Open) | (Event::Mouse(_) | Event::Focus(_), _) => event.clone(),
        (Event::Key(key), heard) => Event::Key(dotted(*key, heard)),
        (Event::Paste(text), _) => {
            let dots = |line: &str| line.chars().take(COUNTED).map(|_| DOT).collect::<String>();
            Event::Paste(text.split('\n').take(LINES).map(dots).collect::<Vec<_>>().join("\n"))
        }
    }
}

/// A key without its character. In a form the keys that move and erase are what they are.
fn dotted(key: KeyEvent, heard: Heard) -> KeyEvent {
    let moves = !matches!(key.code, KeyCode::Char(_)) || key.modifiers == KeyModifiers::CONTROL;
    match heard {
        Heard::Form if moves => key,
        _ => KeyEvent::from(KeyCode::Char(DOT)),
    }
}

/// How output is masked.
#[derive(Debug)]
pub struct Masks {
    output: bool,
    /// Equal outputs stay equal, and nobody can try out what they were.
    hashes: RandomState,
}

impl Masks {
    /// Masks that keep the output of commands and shells only if `output`.
    pub fn new(output: bool) -> Self {
        Self { output, hashes: RandomState::new() }
    }

    /// What of an update may be kept.
    pub fn update(&self, update: &Update) -> Update {
        match update {
            Update::Page { source, epoch, page } => {
                Update::Page { source: *source, epoch: *epoch, page: self.page(page) }
            }
            Update::Shell { tab, update } => Update::Shell { tab: *tab, update: shell(update) },
            // What a look brings may be what stands in a file.
            Update::Look { id, update } => Update::Look { id: *id, update: self.look(update) },
            Update::Folded { command, number, groups } => {
                let mask = |group: &Group| Group { first: self.output(&group.first), ..group.clone() };
                Update::Folded { command: command.clone(), number: *number, groups: groups.iter().map(mask).collect() }
            }
            Update::Program { id, update } => Update::Program { id: *id, update: self.program(update) },
            // What a node wrote to standard error may be why.
            Update::Changed(origin, Err(trouble), number) => {
                Update::Changed(*origin, Err(self.trouble(trouble)), *number)
            }
            // Names, numbers, ids, and words of ours and of the service.
            Update::SignIn { identifier, update: SignInUpdate::Code { .. } } => {
                // Whoever has both could agree for somebody else.
                let masked = SignInUpdate::Code { url: "…".to_owned(), code: "…".to_owned() };
                Update::SignIn { identifier: identifier.clone(), update: masked }
            }
            Update::SignIn { .. }
            | Update::CodeTaken(..)
            | Update::Connected(..)
            | Update::Unreachable(..)
            | Update::Caller { .. }
            | Update::Left { .. }
            | Update::End { .. }
            | Update::Changed(_, Ok(_), _)
            | Update::Forward { .. }
            | Update::Copying { .. }
            | Update::Arranged(_)
            | Update::Counted(_)
            | Update::Throttled(..)
            | Update::Credentials { .. }
            | Update::Told(_)
            | Update::NotCopied { .. }
            | Update::Failed(_)
            | Update::FailedIn(..) => update.clone(),
        }
    }

    fn page(&self, page: &Page) -> Page {
        match page {
            Page::NodeCommands(list) => Page::NodeCommands(self.invocations(list)),
            Page::Invocations(list) => Page::Invocations(self.invocations(list)),
            Page::Whole(whole) => Page::Whole(Box::new(self.whole(whole))),
            Page::Followed(followed) => {
                let mut followed = followed.clone();
                followed.pieces.iter_mut().for_each(|piece| piece.text = self.output(&piece.text));
                Page::Followed(followed)
            }
            Page::Earlier { command, whole } => {
                Page::Earlier { command: command.clone(), whole: Box::new(self.whole(whole)) }
            }
            Page::Transcript(transcript) => {
                let Transcript { session, text, note } = &**transcript;
                let text = self.output(text);
                Page::Transcript(Box::new(Transcript { session: session.clone(), text, note: note.clone() }))
            }
            // Values of parameters and parameters of commands are of a sensitive type.
            Page::Parameters(_) | Page::Value(_) | Page::History(_) | Page::Commands(_) | Page::Running(_) => {
                page.clone()
            }
            // Facts that every reader of the account sees.
            Page::Nodes(_)
            // Of a node: how full it is, and how busy.
            | Page::Sample { .. }
            | Page::Forgotten { .. }
            | Page::Plan(_)
            | Page::Tags { .. }
            | Page::PatchStates { .. }
            | Page::Summaries(_)
            | Page::ComplianceTypes(_)
            | Page::Patches(_)
            | Page::Why(_)
            | Page::Documents(_)
            | Page::Document(_)
            | Page::ParameterTags(_)
            | Page::Preferences(_)
            | Page::Sessions(_) => page.clone(),
        }
    }

    fn look(&self, update: &LookUpdate) -> LookUpdate {
        match update {
            LookUpdate::Answer(text) => LookUpdate::Answer(self.output(text)),
            LookUpdate::Over(trouble) => LookUpdate::Over(trouble.as_ref().map(|trouble| self.trouble(trouble))),
        }
    }

    /// Why something failed may be said in the words of a node or of a program.
    fn trouble(&self, trouble: &Trouble) -> Trouble {
        Trouble { what: self.output(&trouble.what), ..trouble.clone() }
    }

    fn whole(&self, whole: &Whole) -> Whole {
        let mut whole = whole.clone();
        for Said { step: _, status: _, details: _, code: _, stdout, stderr } in &mut whole.steps {
            (*stdout, *stderr) = (self.output(stdout), self.output(stderr));
        }
        whole
    }

    /// What a program on this machine said is output too, and its name may be a line that was typed.
    fn program(&self, update: &ProgramUpdate) -> ProgramUpdate {
        match update {
            ProgramUpdate::Output { text, error } => ProgramUpdate::Output { text: self.output(text), error: *error },
            ProgramUpdate::Heading(text) => ProgramUpdate::Heading(self.output(text)),
            ProgramUpdate::Ended { well: true, .. } => update.clone(),
            ProgramUpdate::Ended { word, well } => ProgramUpdate::Ended { word: self.output(word), well: *well },
        }
    }

    fn invocations(&self, list: &[ssm::CommandInvocation]) -> Vec<ssm::CommandInvocation> {
        let mut list = list.to_vec();
        for invocation in &mut list {
            let plugins = invocation.command_plugins.iter_mut().filter_map(|plugin| plugin.output.as_mut());
            for output in plugins.chain(invocation.trace_output.as_mut()) {
                *output = self.output(output);
            }
        }
        list
    }

    /// Output, or a line that says that there was some. Equal outputs have equal lines.
    fn output(&self, text: &str) -> String {
        if self.output || text.is_empty() {
            return text.to_owned();
        }
        let mark = self.hashes.hash_one(text) & 0xffff;
        format!(
            "[{} of output that is not in the record: {mark:04x}]",
            super::super::text::count(text.lines().count(), "line")
        )
    }
}

fn shell(update: &ShellUpdate) -> ShellUpdate {
    match update {
        // A program's text for the clipboard may be a password.
        ShellUpdate::Copy { text, ask } => {
            let dots: String = text.chars().take(COUNTED).map(|_| DOT).collect();
            ShellUpdate::Copy { text: dots.into(), ask: *ask }
        }
        ShellUpdate::Connected
        | ShellUpdate::Reconnecting { .. }
        | ShellUpdate::Trouble(_)
        | ShellUpdate::Silent(_)
        | ShellUpdate::Answered
        | ShellUpdate::Started(_)
        | ShellUpdate::Follows { .. }
        | ShellUpdate::Output
        | ShellUpdate::Bell
        | ShellUpdate::Pasting(_)
        | ShellUpdate::Recording(_)
        | ShellUpdate::Closed(_) => update.clone(),
    }
}
