//! The user's own commands: from a template and the nodes that are chosen to programs, a document or an address.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Pane, State,
    compose::Written,
    form::{Field, Form, Purpose, Value},
    input::LineInput,
    overlay::{Overlay, Question, Then},
    overlays::nodes_of,
};
use crate::{
    client::word::quoted,
    config::{
        command::{Command, Kind, Piece, Slot, Template},
        keymap::{Keymap, Problem},
        settings::Settings,
    },
    console::{
        action::{Action, Own},
        alias::Aliases,
        effect::{Change, Effect, Programs, Step},
        keys,
        origin::{NodeId, Origin},
        text::{clean, count},
        update::Facts,
    },
    ssm::{self, redact},
};

/// What the places of a template stand for.
struct Context<'a> {
    state: &'a State,
    /// The node whose turn it is.
    node: Option<&'a NodeId>,
    /// All that are chosen.
    nodes: &'a [NodeId],
    answers: &'a BTreeMap<String, String>,
}

/// The ids of nodes.
fn ids(nodes: &[NodeId]) -> Vec<String> {
    nodes.iter().map(|node| node.id.clone()).collect()
}

impl Context<'_> {
    /// What is known of the place where the node is.
    fn facts(&self) -> Option<&Facts> {
        let node = self.node.or(self.nodes.first());
        let origin = node.map_or_else(|| self.state.origins.first(), |node| node.origin);
        self.state.origins.get(origin).map(|known| &known.facts)
    }

    /// What a place stands for.
    ///
    /// # Errors
    /// In words, when there is nothing for it.
    fn value(&self, slot: &Slot) -> Result<String, String> {
        let node = || {
            let node = self.node.ok_or("no node is chosen")?;
            Ok::<_, String>((&node.id, self.state.fleet.node(node)))
        };
        let missing = |what: String| Err(what);
        match slot {
            Slot::Id => node().map(|(id, _)| id.to_owned()),
            Slot::Name => node().map(|(id, node)| node.map_or_else(|| id.to_owned(), |node| node.name.clone())),
            Slot::Ip => match node()? {
                (_, Some(node)) if !node.ip.is_empty() => Ok(node.ip.clone()),
                (id, _) => missing(format!("no address of {id} is known")),
            },
            Slot::Tag(key) => match node()? {
                (_, Some(node)) if node.tag(key).is_some() => Ok(node.tag(key).unwrap_or_default().to_owned()),
                (_, Some(node)) if node.tags.is_none() => {
                    missing(format!("the tags of {} are not known yet", node.name))
                }
                (id, node) => {
                    missing(format!("{} has no tag {key}", node.map_or_else(|| clean(id), |node| node.name.clone())))
                }
            },
            Slot::Ids if self.nodes.is_empty() => missing("no node is chosen".to_owned()),
            Slot::Ids => Ok(ids(self.nodes).join(",")),
            Slot::Region => Ok(self.facts().map(|facts| facts.region.clone()).unwrap_or_default()),
            Slot::Profile => match self.facts().and_then(|facts| facts.profile.clone()) {
                Some(profile) => Ok(profile),
                None => missing("no AWS profile is in use".to_owned()),
            },
            Slot::Input(question) => Ok(self.answers.get(question).cloned().unwrap_or_default()),
        }
    }

    /// A template filled in, each value as `how` makes it fit.
    fn fill(
        &self,
        template: &Template,
        how: impl Fn(&Slot, String) -> Result<String, String>,
    ) -> Result<String, String> {
        let mut out = String::new();
        for piece in &template.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Slot(slot) => out.push_str(&how(slot, self.value(slot)?)?),
            }
        }
        Ok(out)
    }

    /// The words of a program. A value is never more than one word, except that a word of `{ids}` alone is one for each.
    fn words(&self, templates: &[Template]) -> Result<Vec<String>, String> {
        let mut words = Vec::new();
        for template in templates {
            match template.0.as_slice() {
                [Piece::Slot(Slot::Ids)] if !self.nodes.is_empty() => words.extend(ids(self.nodes)),
                _ => {
                    let word = self.fill(template, |_, value| Ok(value))?;
                    if let Some(Piece::Slot(slot)) = template.0.first() {
                        no_option(slot, &word)?;
                    }
                    words.push(word);
                }
            }
        }
        Ok(words)
    }

    /// A line for a shell, and the variables it reads its values from: no value is ever part of what the shell parses.
    fn script(&self, template: &Template) -> Result<(String, Vec<(String, String)>), String> {
        let (mut line, mut variables) = (String::new(), Vec::new());
        let mut quote = None;
        for piece in &template.0 {
            match piece {
                Piece::Text(text) => {
                    quote = quote_after(quote, text);
                    line.push_str(text);
                }
                Piece::Slot(Slot::Ids) if quote.is_none() => {
                    if self.nodes.is_empty() {
                        return Err("no node is chosen".to_owned());
                    }
                    line.push_str(&self.nodes.iter().map(|node| quoted(&node.id)).collect::<Vec<_>>().join(" "));
                }
                Piece::Slot(slot) => {
                    let name = format!("FLEETDECK_{}", variables.len() + 1);
                    line.push_str(&match quote {
                        None => format!("\"${{{name}}}\""),
                        Some('"') => format!("${{{name}}}"),
                        Some(_) => format!("'\"${{{name}}}\"'"),
                    });
                    let value = self.value(slot)?;
                    // Whether it begins a word, nobody but the shell knows for sure.
                    no_option(slot, &value)?;
                    variables.push((name, value));
                }
            }
        }
        Ok((line, variables))
    }
}

/// What a node says of itself must not be read as an option: `-oProxyCommand=…` is a name for `ssh`, but no harmless one.
///
/// # Errors
/// In words, when it begins like one. What the user typed may.
fn no_option(slot: &Slot, value: &str) -> Result<(), String> {
    match slot {
        Slot::Input(_) | Slot::Region | Slot::Profile => Ok(()),
        _ if !value.starts_with('-') => Ok(()),
        slot => Err(format!("the value of {slot} begins with \"-\", which a program could take for an option")),
    }
}

/// The quote that is open after a text of a shell.
fn quote_after(mut quote: Option<char>, text: &str) -> Option<char> {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None | Some('"'), '\\') => {
                chars.next();
            }
            _ => {}
        }
    }
    quote
}

/// A value that goes into a document, where a shell of the node may read it: one that none takes for more than a word.
fn harmless(slot: &Slot, value: String) -> Result<String, String> {
    let plain = |c: char| c.is_alphanumeric() || " _.:/@+,-".contains(c);
    match slot {
        // What the user typed is what the user wants run.
        Slot::Input(_) => Ok(value),
        _ if value.chars().all(plain) && !value.starts_with('-') => Ok(value),
        slot => Err(format!("the value of {slot} has characters that a shell on the node could take for a command")),
    }
}

/// A value in an address.
fn encoded(_: &Slot, value: String) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~,".contains(&b);
    Ok(value
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect())
}

/// Before the question in the name of its field: a question may be worded like a field of ours, whose text may be recorded.
const ANSWER: &str = "answer to ";

/// What was answered, by the questions.
pub(super) fn answers(form: &Form) -> BTreeMap<String, String> {
    let answer = |field: &Field| Some((field.name.strip_prefix(ANSWER)?.to_owned(), field.text()));
    form.fields.iter().filter_map(answer).collect()
}

fn templates(command: &Command) -> impl Iterator<Item = &Template> {
    command.run.iter().chain(command.parameters.values().flatten())
}

impl State {
    /// Makes actions of the user's own commands and binds their keys; tells what is wrong with them and with the rest of the settings.
    pub(super) fn take_own(&mut self) {
        let (own, wrong) = keys::own(std::mem::take(&mut self.settings.commands));
        self.faults = std::mem::take(&mut self.settings.problems);
        self.faults.extend(wrong);
        self.own = own;
        self.bind_own();
        let own: Vec<&str> = self.own.iter().map(|own| own.command.name.as_str()).collect();
        self.aliases = Aliases::of(&self.settings.aliases, &own);
    }

    /// Binds the keys of the user's own commands. What is wrong is told, unless that was so before.
    fn bind_own(&mut self) {
        let keymap = Arc::make_mut(&mut self.keymap);
        let of_keys = self.own.iter().flat_map(|own| keys::bind(keymap, own));
        let problems: Vec<Problem> = self.faults.iter().cloned().chain(of_keys).collect();
        // What stands above it in its file may have moved it.
        let what = |problem: &Problem| (problem.file.clone(), problem.what.clone());
        let told = std::mem::replace(&mut self.told, problems.iter().map(what).collect());
        for problem in problems.into_iter().filter(|problem| !told.contains(&what(problem))) {
            self.warn(problem.to_string());
        }
    }

    /// These keys are in force from now on, with those of the user's own commands.
    pub fn take_keymap(&mut self, keymap: Keymap<Action>) {
        self.keymap = Arc::new(keymap);
        self.typed.clear();
        self.bind_own();
    }

    /// The user's settings are these from now on. `keymap` has the keys without those of the user's own commands.
    pub fn take_settings(&mut self, settings: Settings, keymap: Keymap<Action>) {
        self.keymap = Arc::new(keymap);
        self.typed.clear();
        self.settings = settings.with_views(&self.saved_views);
        self.take_clipboard();
        self.take_own();
        self.take_columns();
    }

    /// The nodes that what is looked at is about: the marked ones, or those under the cursor.
    fn chosen_nodes(&self) -> Vec<NodeId> {
        match self.pane {
            Pane::Fleet => self.fleet.chosen(),
            Pane::Commands => match &self.commands.results {
                Some(results) => results.current_nodes(),
                None => self.fleet.marked(),
            },
            Pane::Sessions => {
                let session = self.sessions.current();
                session.map(|session| NodeId::new(session.origin, &*session.node)).into_iter().collect()
            }
            Pane::Shell => {
                let tab = self.shells.current();
                tab.map(|tab| NodeId::new(tab.origin, &*tab.node)).into_iter().collect()
            }
            _ => self.fleet.chosen(),
        }
    }

    /// Begins one of the user's own commands: asks what it wants to know, then does it.
    pub(super) fn run_own(&mut self, own: &'static Own, fx: &mut Vec<Effect>) {
        let command = &own.command;
        let nodes = self.chosen_nodes();
        let wants_nodes = command.kind == Kind::Document
            || templates(command).flat_map(Template::slots).any(|slot| slot.is_of_one() || *slot == Slot::Ids);
        if wants_nodes && nodes.is_empty() {
            return self.tell(format!("{} needs a node: mark some, or put the cursor on one.", clean(&command.name)));
        }
        let mut questions: Vec<&String> = Vec::new();
        for slot in templates(command).flat_map(Template::slots) {
            if let Slot::Input(question) = slot
                && !questions.contains(&question)
            {
                questions.push(question);
            }
        }
        if questions.is_empty() {
            return self.prepare_own(own, &nodes, &BTreeMap::new(), fx);
        }
        let fields = questions.into_iter().map(|question| {
            let value = match redact::is_secret_name(question) {
                true => Value::Secret(LineInput::default()),
                false => Value::Line(LineInput::default()),
            };
            Field::of(&format!("{ANSWER}{question}"), question, "", value)
        });
        let form = Form::new(&clean(&command.name), Purpose::Own { own, nodes }, fields.collect());
        self.overlays.push(Overlay::Form(Box::new(form)));
    }

    /// Does what a command says with these answers; asks before, if it changes something.
    pub(super) fn prepare_own(
        &mut self,
        own: &'static Own,
        nodes: &[NodeId],
        answers: &BTreeMap<String, String>,
        fx: &mut Vec<Effect>,
    ) {
        let outcome = match own.command.kind {
            Kind::Local | Kind::Shell => self.prepare_local(&own.command, nodes, answers, fx),
            Kind::Document => self.prepare_document(&own.command, nodes, answers, fx),
            Kind::Open => self.prepare_open(&own.command, nodes, answers, fx),
        };
        if let Err(problem) = outcome {
            self.warn(format!("{}: {problem}.", own.command.name));
        }
    }

    fn prepare_local(
        &mut self,
        command: &Command,
        nodes: &[NodeId],
        answers: &BTreeMap<String, String>,
        fx: &mut Vec<Effect>,
    ) -> Result<(), String> {
        let each = templates(command).flat_map(Template::slots).any(Slot::is_of_one);
        // Where changes are refused, nodes are left out before the question and not after the yes.
        let (parts, refused) = self.writable(nodes);
        if command.changes && parts.is_empty() {
            self.protects(refused.first().map_or_else(|| self.origins.first(), |(origin, _)| *origin));
            return Ok(());
        }
        let targets = match command.changes {
            true => self.targets_of(nodes_of(&parts)),
            false => Vec::new(),
        };
        let writable: Vec<NodeId> = targets.iter().map(|target| target.node.clone()).collect();
        let nodes = if command.changes { writable.as_slice() } else { nodes };
        let turns: Vec<Option<&NodeId>> = if each { nodes.iter().map(Some).collect() } else { vec![None] };
        let mut steps = Vec::new();
        for node in &turns {
            let context = Context { state: self, node: *node, nodes, answers };
            let (words, variables) = match (command.kind, command.run.as_slice()) {
                (Kind::Shell, [line]) => {
                    let (line, variables) = context.script(line)?;
                    (vec!["sh".to_owned(), "-c".to_owned(), line], variables)
                }
                (_, words) => (context.words(words)?, Vec::new()),
            };
            // The tools of AWS ask the same account and region that the console shows.
            let facts = context.facts().cloned().unwrap_or_default();
            let known = [("AWS_PROFILE", facts.profile), ("AWS_REGION", Some(facts.region))];
            let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            let known = known.filter(|(_, value)| !value.is_empty());
            let heading = node.filter(|_| turns.len() > 1).map(|id| self.node_name(id));
            let origin = node.or(nodes.first()).map(|node| node.origin);
            let origin = origin.unwrap_or_else(|| self.origins.first());
            steps.push((origin, Step { heading, words, environment: known.chain(variables).collect() }));
        }
        if !command.changes {
            let steps = steps.into_iter().map(|(_, step)| step).collect();
            let programs = Programs { id: self.next_program(), title: command.name.clone(), steps, stdin: None };
            self.read_programs(&programs.title, programs.id);
            fx.push(Effect::Run(programs));
            return Ok(());
        }
        let secrets: Vec<&String> =
            answers.iter().filter(|(question, _)| redact::is_secret_name(question)).map(|(_, answer)| answer).collect();
        let shown = |text: &str| {
            let hide = |text: String, secret: &&String| match secret.is_empty() {
                true => text,
                false => text.replace(secret.as_str(), redact::MASK),
            };
            clean(&redact::mask(&secrets.iter().fold(text.to_owned(), hide)))
        };
        let mut lines = vec![match nodes.len() {
            _ if !each && nodes.is_empty() => "on this machine".to_owned(),
            n => format!("on this machine, for {}", count(n, "node")),
        }];
        lines.extend(self.told_targets(&targets));
        if !refused.iter().all(|(_, nodes)| nodes.is_empty()) {
            lines.extend(self.left_out(&refused));
        }
        lines.push(String::new());
        for (_, step) in &steps {
            let own = step.environment.iter().filter(|(name, _)| name.starts_with("FLEETDECK_"));
            let variables: String = own.map(|(name, value)| format!("{name}={} ", quoted(value))).collect();
            let words = step.words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
            lines.push(format!("  {}", shown(&format!("{variables}{words}"))));
        }
        let mut parts: BTreeMap<Origin, Vec<Step>> = BTreeMap::new();
        for (origin, step) in steps {
            parts.entry(origin).or_default().push(step);
        }
        let mut changes = Vec::new();
        for (origin, steps) in parts {
            let programs = Programs { id: self.next_program(), title: command.name.clone(), steps, stdin: None };
            changes.push((origin, Change::Run(programs)));
        }
        let title = format!("{}?", clean(&command.name));
        self.pose(Question::new(&title, lines, Then::Change(changes)).about(targets));
        Ok(())
    }

    fn prepare_document(
        &mut self,
        command: &Command,
        nodes: &[NodeId],
        answers: &BTreeMap<String, String>,
        fx: &mut Vec<Effect>,
    ) -> Result<(), String> {
        let of_one = command.parameters.values().flatten().flat_map(Template::slots).find(|slot| slot.is_of_one());
        if let Some(slot) = of_one.filter(|_| nodes.len() > 1) {
            return Err(format!("{slot} is of one node, and {} are chosen", count(nodes.len(), "node")));
        }
        let context = Context { state: self, node: nodes.first(), nodes, answers };
        let mut parameters = BTreeMap::new();
        for (name, values) in &command.parameters {
            let values: Result<Vec<_>, _> = values.iter().map(|value| context.fill(value, harmless)).collect();
            parameters.insert(name.clone(), values?);
        }
        let document = command.run.first().map(|name| context.fill(name, harmless)).transpose()?;
        let send = ssm::SendCommand {
            instance_ids: ids(nodes),
            document_name: document.unwrap_or_default(),
            comment: Some(command.name.chars().take(100).collect()),
            parameters: ssm::Sensitive(parameters),
            ..Default::default()
        };
        self.plan_send(Written { send, nodes: nodes.to_vec(), canary: None }, true, fx);
        Ok(())
    }

    fn prepare_open(
        &mut self,
        command: &Command,
        nodes: &[NodeId],
        answers: &BTreeMap<String, String>,
        fx: &mut Vec<Effect>,
    ) -> Result<(), String> {
        let context = Context { state: self, node: nodes.first(), nodes, answers };
        let address = command.run.first().map(|address| context.fill(address, encoded)).transpose()?;
        let address = crate::console::opener::address(&address.unwrap_or_default())
            .map_err(|_| "this is no address of the web (http or https)".to_owned())?;
        self.open_link(address.into(), fx);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_never_parses_a_value() {
        for (text, open) in [("echo ", None), ("echo \"a ", Some('"')), ("echo 'a ", Some('\'')), ("a\\' ", None)] {
            assert_eq!(quote_after(None, text), open, "{text}");
        }
        assert_eq!(quote_after(Some('"'), "b\" '"), Some('\''));
        assert_eq!(quote_after(Some('\''), "\\' "), None);
    }

    #[test]
    fn a_document_gets_no_value_that_a_shell_would_run() {
        for value in ["web-1", "10.0.0.1", "eu-west-1", "Cost Centre"] {
            assert_eq!(harmless(&Slot::Name, value.to_owned()).as_deref(), Ok(value));
        }
        for value in ["$(id)", "a;b", "`x`", "a\nb", "a'b", "-rf", "a|b", "*"] {
            assert!(harmless(&Slot::Name, value.to_owned()).is_err(), "{value}");
            assert!(harmless(&Slot::Input("x".into()), value.to_owned()).is_ok());
        }
        assert_eq!(encoded(&Slot::Name, "a b&c/ü".to_owned()).as_deref(), Ok("a%20b%26c%2F%C3%BC"));
    }
}
