//! The line after `:`: what completes it, what was typed there before, and what becomes of it.
//!
//! It is palette and command line in one. While the first word is typed, the list above holds every action, pane and verb that
//! matches it loosely; enter does the best one, as in a palette. With a verb and a space, the list holds what the verb can
//! take, and enter does what the line says, as in vim and k9s. Up and down move in the list; above its first row they go
//! through what was typed before.

use super::{
    Pane, State,
    cursor::Cursor,
    filter::find_folded,
    input::LineInput,
    node::{Node, natural},
    overlay::Overlay,
};
use crate::console::{
    action::{Action, Kind, Layer},
    command::{About, Command, DEFAULT, NONE, Verb, split},
    effect::{Effect, Query},
    origin::NodeId,
    text::clean,
};

/// Lines that are kept.
const KEPT: usize = 100;
/// Completions that are listed; who wants others types on.
const LISTED: usize = 200;

/// Something the line can become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The line, completed.
    pub line: String,
    /// What the list shows.
    pub name: String,
    /// What there is to say about it.
    pub about: String,
    /// The action, if it is one: its key is shown.
    pub action: Option<Action>,
    /// Whether the line is whole with it. A verb still wants its word.
    pub whole: bool,
}

/// The line, and the list above it.
#[derive(Clone, Debug, Default)]
pub struct CommandLine {
    /// What was typed.
    pub input: LineInput,
    /// What it can become, the best first.
    pub candidates: Vec<Candidate>,
    /// Where one is among them.
    pub cursor: Cursor,
    /// Whether the cursor was moved since something was typed: then enter means what it is on.
    pub chosen: bool,
    /// Why the line was not carried out.
    pub problem: Option<String>,
    /// The actions that have a meaning where the line was opened.
    actions: Vec<Action>,
    /// The theme to go back to.
    theme: String,
    /// What was typed before and is on the line again.
    recalled: Option<Recalled>,
    /// The text the list belongs to.
    listed: Option<String>,
    /// How many nodes, documents and parameters were known then.
    known: [usize; 3],
}

/// A line that was typed before.
#[derive(Clone, Debug)]
struct Recalled {
    /// How far back it is, from 1.
    back: usize,
    /// The line as it was.
    text: String,
    /// What was being typed instead.
    draft: String,
}

impl State {
    /// Opens the line.
    pub(super) fn open_command(&mut self, prefixed: bool) {
        self.prefixed = prefixed;
        let mut layers = self.layers();
        self.prefixed = false;
        layers.push(Layer::Global);
        // What a layer's keys borrow from another's actions can be done here as well.
        let bound =
            |action: Action| layers.iter().any(|layer| self.keymap.of(layer.name()).any(|b| b.action == action));
        let meant = |action: Action| layers.contains(&action.entry().layer) || bound(action);
        let allowed = |action: Action| !self.is_refused(action);
        let own = self.own.iter().map(|own| Action::Own(own));
        let mut actions: Vec<_> = Action::ALL.iter().map(|entry| entry.action).chain(own).collect();
        actions
            .retain(|action| !matches!(action, Action::Palette | Action::Prefix) && meant(*action) && allowed(*action));
        // What belongs to this pane stands before what works everywhere.
        actions.sort_by_key(|action| match action.entry().layer {
            Layer::Global => 2,
            Layer::List => 1,
            _ => 0,
        });
        let line = CommandLine { actions, theme: self.theme.clone(), ..CommandLine::default() };
        self.overlays.push(Overlay::Command(Box::new(line)));
        self.list_candidates(&mut Vec::new());
    }

    /// Makes the list anew after the line or what is known changed, and shows the theme that is being chosen.
    pub(super) fn list_candidates(&mut self, fx: &mut Vec<Effect>) {
        let Some(Overlay::Command(line)) = self.overlays.last() else { return };
        let typed = line.input.text().to_owned();
        let documents = self.documents.list.len() + self.documents.sessions.len();
        let known = [self.fleet.total(), documents, self.parameters.total()];
        let same = line.listed.as_ref() == Some(&typed) && line.known == known;
        let candidates = (!same).then(|| self.candidates(&typed, &line.actions));
        let said = self.aliases.expand(&typed);
        let (wants, about) = match split(&said) {
            (word, Some(rest)) => (Verb::named(word).map(|verb| verb.takes), rest.to_owned()),
            _ => (None, String::new()),
        };
        let Some(Overlay::Command(line)) = self.overlays.last_mut() else { return };
        if line.listed.as_ref() != Some(&typed) {
            line.cursor = Cursor { height: line.cursor.height, ..Cursor::default() };
            line.chosen = false;
            line.problem = None;
            line.recalled.take_if(|recalled| recalled.text != typed);
            line.listed = Some(typed);
        }
        if let Some(candidates) = candidates {
            (line.candidates, line.known) = (candidates, known);
        }
        line.cursor.clamp(line.candidates.len());
        if wants == Some(About::Theme) {
            // One begins where one is.
            if !line.chosen && split(line.input.text()).1 == Some("") {
                let here = line.candidates.iter().position(|candidate| candidate.name == line.theme);
                line.cursor.at = here.unwrap_or(0);
            }
            let chosen = line.candidates.get(line.cursor.at).filter(|_| line.chosen);
            self.theme = chosen.map_or(&line.theme, |candidate| &candidate.name).clone();
        }
        match wants {
            Some(About::Shell) => {
                if let Some(node) = self.node_before(&about) {
                    self.want_documents(node.origin, fx);
                }
            }
            Some(About::Document) => {
                let chosen = self.fleet.chosen();
                let origin = chosen.first().map_or_else(|| self.origins.first(), |node| node.origin);
                self.want_documents(origin, fx);
            }
            Some(About::Parameter) if self.parameters.feed.asked.is_none() => {
                self.ask(self.parameters.origin, Query::Parameters, fx);
            }
            _ => {}
        }
    }

    /// Does an action in the line.
    pub(super) fn act_command(&mut self, action: Action, fx: &mut Vec<Effect>) {
        let history = self.command_history.len();
        let Some(Overlay::Command(line)) = self.overlays.last_mut() else { return };
        let len = line.candidates.len();
        match action {
            Action::Dismiss => {
                self.theme = line.theme.clone();
                self.overlays.pop();
            }
            Action::Accept => self.accept_command(fx),
            Action::CursorUp if line.cursor.at == 0 => self.recall(true),
            Action::CursorDown if line.recalled.is_some() && !line.chosen => self.recall(false),
            Action::RecallOlder if history > 0 => self.recall(true),
            Action::RecallNewer => self.recall(false),
            Action::Complete => {
                if let Some(candidate) = line.candidates.get(line.cursor.at) {
                    line.input = LineInput::from(candidate.line.as_str());
                    if !candidate.whole && !candidate.line.ends_with(':') {
                        line.input.insert(" ");
                    }
                }
            }
            // The first row is what enter means anyway: the first step down chooses the row below it.
            _ if line.cursor.step(action, len) => (line.chosen, line.problem) = (true, None),
            _ => {}
        }
    }

    fn recall(&mut self, older: bool) {
        let Some(Overlay::Command(line)) = self.overlays.last_mut() else { return };
        let (back, draft) = match line.recalled.take() {
            Some(recalled) => (recalled.back, recalled.draft),
            None => (0, line.input.text().to_owned()),
        };
        let back = if older { (back + 1).min(self.command_history.len()) } else { back.saturating_sub(1) };
        let known = back.checked_sub(1).and_then(|at| self.command_history.iter().rev().nth(at)).cloned();
        line.input = LineInput::from(known.as_ref().unwrap_or(&draft).as_str());
        line.recalled = known.map(|text| Recalled { back, text, draft });
    }

    /// Does what the line says; if it says nothing whole, what the list's cursor is on.
    fn accept_command(&mut self, fx: &mut Vec<Effect>) {
        let (own, aliases) = (self.own.clone(), self.aliases.clone());
        // A command of the user's own is called by its name, which may have spaces in it.
        let read = |line: &str| {
            let line = aliases.expand(line);
            let named = own.iter().find(|own| own.command.name == line.trim());
            Command::parse(&line).or_else(|problem| named.map(|own| Command::Act(Action::Own(own))).ok_or(problem))
        };
        let Some(Overlay::Command(line)) = self.overlays.last_mut() else { return };
        let typed = line.input.text().trim().to_owned();
        if typed.is_empty() && !line.chosen {
            self.overlays.pop();
            return;
        }
        let candidate = line.candidates.get(line.cursor.at).cloned();
        let is_bare = |verb: &Verb| verb.name == aliases.expand(&typed).trim() && verb.takes.is_closed();
        // A verb that wants a word has the list of them shown.
        if let Some(verb) = Verb::ALL.iter().find(|verb| is_bare(verb) && verb.alone.is_none())
            && !line.chosen
            && split(line.input.text()).1.is_none()
        {
            line.input = LineInput::from(format!("{} ", verb.name).as_str());
            return;
        }
        let expanded = aliases.expand(&typed);
        let (word, rest) = split(&expanded);
        let verb = Verb::named(word);
        let names = || line.candidates.iter().map(|candidate| candidate.name.as_str()).collect::<Vec<_>>().join(", ");
        let parsed = match verb.filter(|verb| rest.is_none_or(str::is_empty) && verb.alone.is_none()) {
            Some(verb) if verb.takes.is_closed() => Err(format!("{} what? There are {}", verb.name, names())),
            _ => read(&typed),
        };
        let whole = |rest: &str| line.candidates.iter().any(|candidate| candidate.name.eq_ignore_ascii_case(rest));
        // Where there are only so many words, the best one is meant by the beginning of it.
        let begun = verb.is_some_and(|verb| verb.takes.is_closed())
            && rest.is_some_and(|rest| !rest.is_empty() && !whole(rest));
        let by_list = line.chosen || begun || parsed.is_err() && verb.is_none();
        let (said, parsed) = match candidate.filter(|_| by_list) {
            Some(candidate) if candidate.whole => (candidate.line.clone(), read(&candidate.line)),
            Some(candidate) => {
                let gap = if candidate.line.ends_with(':') { "" } else { " " };
                line.input = LineInput::from(format!("{}{gap}", candidate.line).as_str());
                return;
            }
            None => (typed, parsed),
        };
        let theme = line.theme.clone();
        let overlay = self.overlays.pop();
        self.theme = theme;
        match parsed.and_then(|command| self.carry_out(command, fx)) {
            Ok(()) => self.remember(said),
            Err(problem) => {
                self.overlays.extend(overlay);
                if let Some(Overlay::Command(line)) = self.overlays.last_mut() {
                    line.problem = Some(clean(&problem));
                }
            }
        }
    }

    fn remember(&mut self, line: String) {
        self.command_history.retain(|known| *known != line);
        self.command_history.push_back(line);
        if self.command_history.len() > KEPT {
            self.command_history.pop_front();
        }
    }

    /// Carries a command out.
    ///
    /// # Errors
    /// In words, when there is nothing of that name or it has no meaning here. Nothing has changed then.
    pub(super) fn carry_out(&mut self, command: Command, fx: &mut Vec<Effect>) -> Result<(), String> {
        match command {
            Command::Act(action) => {
                let global = action.entry().layer == Layer::Global;
                let here = self.is_bound_here(action);
                // In the shell pane the actions after the prefix need no prefix when they are said.
                let shell = self.pane == Pane::Shell && matches!(action.entry().layer, Layer::Prefix | Layer::Shell);
                if !(global || here || shell || self.is_refused(action)) {
                    let entry = action.entry();
                    return Err(format!(
                        "{} has no meaning here; it belongs to: {}",
                        entry.name,
                        entry.layer.heading()
                    ));
                }
                self.act(action, fx);
            }
            Command::Theme(name) => {
                if !self.themes.contains(&name) {
                    return Err(format!("there is no theme \"{name}\"; there are {}", self.themes.join(", ")));
                }
                self.theme = name;
            }
            Command::Sort { column, descending } if self.sort_columns().is_some() => {
                self.sort_list(&column, descending)?;
            }
            Command::Sort { column, descending } => {
                self.fleet.sort_on(&column, descending)?;
                self.go(Pane::Fleet, fx);
            }
            Command::Columns(names) => {
                self.choose_columns_named(&names)?;
                if self.list().is_none() {
                    self.go(Pane::Fleet, fx);
                }
            }
            Command::UsualColumns => {
                self.usual_columns();
                if self.list().is_none() {
                    self.go(Pane::Fleet, fx);
                }
            }
            Command::Group(name) => {
                let column = if name == NONE { None } else { Some(self.fleet.groupable(&name)?) };
                self.fleet.set_group(column);
                self.go(Pane::Fleet, fx);
            }
            Command::View(name) => {
                let known = self.settings.views.iter().find(|view| view.name.eq_ignore_ascii_case(&name)).cloned();
                let Some(view) = known else {
                    let names: Vec<_> = self.settings.views.iter().map(|view| clean(&view.name)).collect();
                    let there = match names.is_empty() {
                        true => "there are none yet".to_owned(),
                        false => format!("there are {}", names.join(", ")),
                    };
                    return Err(format!("there is no view \"{name}\"; {there}"));
                };
                self.set_view(&view);
                self.go(Pane::Fleet, fx);
            }
            Command::Scope(names) => {
                if let Some(problem) = names.iter().find_map(|name| self.catalogue.place(name).err()) {
                    return Err(problem);
                }
                self.set_scope(&names, fx);
            }
            Command::Filter(text) if self.lens().is_some() => drop(self.filter_list(&text)),
            Command::Filter(text) => {
                self.fleet.filter = LineInput::from(text.as_str());
                self.fleet.rearrange();
                self.go(Pane::Fleet, fx);
            }
            Command::Node(name) => {
                let id = self.fleet.called(&name)?;
                self.go(Pane::Fleet, fx);
                self.fleet.go_to(&id);
            }
            Command::Files(text) => self.files_called(&text, fx)?,
            Command::Logs(text) => self.logs_called(&text, fx)?,
            Command::Shell(name) => {
                if !self.refuses(Action::OpenShell) {
                    self.shell_called(&name, fx)?;
                }
            }
            Command::Run(document) => {
                if !self.refuses(Action::RunCommand) {
                    let nodes = self.fleet.chosen();
                    self.compose(nodes, fx);
                    self.picked_document(document, fx);
                }
            }
            Command::Parameter(path) => {
                let (now, known) = (self.now, self.parameters.facts(&path).is_some());
                if !known && self.parameters.feed.at.is_some() && !self.parameters.names().any(|n| n.starts_with(&path))
                {
                    return Err(format!("there is no parameter \"{path}\""));
                }
                self.go(Pane::Parameters, fx);
                if known {
                    self.parameters.go_to(&path, now);
                } else {
                    // A branch of the tree, or a name that is still on its way.
                    self.parameters.set_filter(&format!("path:{path}"));
                }
            }
            Command::Split(pane) => self.split_with(pane, fx)?,
            Command::Help(action) => self.open_help_on(action),
        }
        Ok(())
    }

    /// What a line can become.
    fn candidates(&self, typed: &str, actions: &[Action]) -> Vec<Candidate> {
        let said = self.aliases.expand(typed);
        match split(&said) {
            // With a space behind it an alias is the line it stands for.
            (word, Some(rest)) if split(typed).1.is_some() => match Verb::named(word) {
                Some(verb) => self.arguments(verb, rest, typed.ends_with(' ')),
                None => self.first_words(typed.trim(), actions),
            },
            _ => self.first_words(typed.trim(), actions),
        }
    }

    fn first_words(&self, word: &str, actions: &[Action]) -> Vec<Candidate> {
        let verbs = Verb::ALL.iter().filter(|verb| !(self.origins.are_read_only() && verb.kind == Kind::Change));
        let verbs = verbs.map(|verb| Candidate {
            line: verb.name.to_owned(),
            name: format!("{} {}", verb.name, verb.usage),
            about: verb.about.to_owned(),
            action: None,
            whole: false,
        });
        let aliases = self.aliases.iter().map(|(name, line)| Candidate {
            line: name.to_owned(),
            name: name.to_owned(),
            about: format!("alias: {}", clean(line)),
            action: None,
            whole: Command::parse(&self.aliases.expand(line)).is_ok(),
        });
        let actions = actions.iter().map(|action| Candidate {
            line: action.entry().name.to_owned(),
            name: action.entry().name.to_owned(),
            about: action.entry().about.to_owned(),
            action: Some(*action),
            whole: true,
        });
        // A verb stands for the action of its name: it does the same without a word.
        let doubled = |candidate: &Candidate| Verb::named(&candidate.line).is_none() || candidate.action.is_none();
        best(word, aliases.chain(verbs).chain(actions).filter(doubled), |candidate| &candidate.line)
    }

    /// What can come after a verb; `ended` if a space was typed last.
    fn arguments(&self, verb: &Verb, typed: &str, ended: bool) -> Vec<Candidate> {
        match verb.takes {
            About::Node => return self.nodes_like(verb, typed),
            About::Shell | About::Files | About::Logs => {
                let (node, begun) = self.split_node(typed, ended);
                return match node {
                    Some(node) => self.on_node(verb, &typed[..typed.len() - begun.len()], &node, begun),
                    None => self.nodes_like(verb, typed),
                };
            }
            _ => {}
        }
        let words: Vec<(String, String)> = match verb.takes {
            About::Theme => {
                let here = |name: &String| if *name == self.theme { "in force" } else { "" }.to_owned();
                self.themes.iter().map(|name| (name.clone(), here(name))).collect()
            }
            About::Group => {
                let here = self.fleet.grouped_by().map(|column| column.name().into_owned());
                let about = |name: &str| if here.as_deref() == Some(name) { "as it is" } else { "" }.to_owned();
                let names = self.fleet.groups_by().into_iter().map(|column| column.name().into_owned());
                names.chain([NONE.to_owned()]).map(|name| (name.clone(), about(&name))).collect()
            }
            About::View => self.settings.views.iter().map(|view| (view.name.clone(), clean(&view.filter))).collect(),
            About::Column => match self.sort_columns() {
                Some(columns) => columns.into_iter().map(|name| (name, String::new())).collect(),
                None => self.fleet.sortable().into_iter().map(|name| (name, String::new())).collect(),
            },
            About::Action => {
                let all = Action::ALL.iter();
                all.map(|entry| (entry.name.to_owned(), entry.about.to_owned())).collect()
            }
            About::Pane => Pane::ALL.iter().map(|pane| (pane.title().to_lowercase(), String::new())).collect(),
            About::Node | About::Shell | About::Files | About::Logs => Vec::new(),
            About::Document => self.documents.list.clone(),
            About::Parameter => self.parameters.names().map(|name| (clean(name), String::new())).collect(),
            About::Filter => return self.filter_words(verb, typed),
            About::Columns => {
                let mut names: Vec<_> = self.columns_here().into_iter().map(|(name, _)| name).collect();
                names.extend((!typed.contains(',')).then(|| DEFAULT.to_owned()));
                return listed(verb, typed, &[','], names);
            }
            About::Scope => {
                let names = self.catalogue.names().into_iter().chain(self.catalogue.further_names());
                return listed(verb, typed, &[' ', ','], names.collect());
            }
        };
        let candidates = words.into_iter().map(|(name, about)| Candidate {
            line: format!("{} {name}", verb.name),
            name,
            about,
            action: None,
            whole: true,
        });
        best(typed, candidates, |candidate| &candidate.name)
    }

    /// The node at the beginning of what was typed, once there is more than its name, and the rest.
    fn split_node<'a>(&self, typed: &'a str, ended: bool) -> (Option<NodeId>, &'a str) {
        let found = |name: &str| self.fleet.called(name.trim()).ok();
        match typed.rsplit_once(' ') {
            _ if typed.is_empty() => (None, typed),
            _ if ended => (found(typed), ""),
            _ if typed.starts_with('/') => (self.node_and_path(typed).ok().map(|(node, _)| node), typed),
            // A name may have spaces in it.
            Some((name, begun)) if found(typed).is_none() => (found(name), begun),
            _ => (None, typed),
        }
    }

    /// The node whose name stands before a document.
    fn node_before(&self, typed: &str) -> Option<NodeId> {
        let before = typed.rsplit_once(' ').map(|(name, _)| name);
        [Some(typed), before].into_iter().flatten().find_map(|name| self.fleet.called(name.trim()).ok())
    }

    /// What can come behind the name of a node.
    fn on_node(&self, verb: &Verb, before: &str, node: &NodeId, begun: &str) -> Vec<Candidate> {
        let words: Vec<String> = match verb.takes {
            About::Shell => self.session_documents(),
            About::Files => self.paths_like(node, begun),
            _ if begun.starts_with('/') => self.paths_like(node, begun),
            _ => self.units_of(node),
        };
        let gap = if before.is_empty() || before.ends_with(' ') { "" } else { " " };
        let candidates = words.into_iter().map(|word| Candidate {
            line: format!("{} {before}{gap}{word}", verb.name),
            name: clean(&word),
            about: String::new(),
            action: None,
            whole: true,
        });
        best(begun, candidates, |candidate| &candidate.name)
    }

    /// The documents that sessions can be begun with: those of the place, and those the settings name.
    fn session_documents(&self) -> Vec<String> {
        let named = self.settings.sessions.iter().filter_map(|profile| profile.document.clone());
        let mut known: Vec<String> = self.documents.sessions.iter().cloned().chain(named).collect();
        known.sort();
        known.dedup();
        known
    }

    /// The nodes that fit best. There may be a hundred thousand: only those that are shown are copied.
    fn nodes_like(&self, verb: &Verb, typed: &str) -> Vec<Candidate> {
        let typed = typed.to_lowercase();
        let rank = |node: &Node| rank(&typed, &node.name.to_lowercase(), &[&node.id, &node.platform]);
        let mut ranked: Vec<_> = self
            .fleet
            .own()
            .filter_map(|node| Some((rank(node)?, node)))
            .take(if typed.is_empty() { LISTED } else { usize::MAX })
            .collect();
        ranked.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| natural(&one.name, &other.name)));
        ranked.truncate(LISTED);
        let many = |name: &str| ranked.iter().filter(|(_, node)| node.name == name).count() > 1;
        let candidate = |node: &Node| Candidate {
            // A name that several have says nothing.
            line: match many(&node.name) {
                true => format!("{} {}", verb.name, self.fleet.said(node)),
                false => format!("{} {}", verb.name, node.name),
            },
            name: node.name.clone(),
            about: format!("{}  {} {}", node.id, node.platform, node.origin_label).trim_end().to_owned(),
            action: None,
            whole: true,
        };
        ranked.iter().map(|(_, node)| candidate(node)).collect()
    }

    /// The keys a filter's last word can begin with.
    fn filter_words(&self, verb: &Verb, typed: &str) -> Vec<Candidate> {
        let (before, last) = typed.rsplit_once(' ').unwrap_or(("", typed));
        if last.contains(':') {
            return Vec::new();
        }
        let gap = if before.is_empty() { "" } else { " " };
        let keys: Vec<&str> = match self.filter_keys() {
            Some(keys) => keys,
            None => super::fleet::query::KEYS.iter().map(|key| key.name).collect(),
        };
        let keys = keys.into_iter().filter(|key| key.starts_with(last));
        let candidates = keys.map(|key| Candidate {
            line: format!("{} {before}{gap}{key}:", verb.name),
            name: format!("{key}:"),
            about: String::new(),
            action: None,
            whole: false,
        });
        candidates.collect()
    }
}

/// The words that the last one of several can become.
fn listed(verb: &Verb, typed: &str, between: &[char], words: Vec<String>) -> Vec<Candidate> {
    // What stands between them is one byte long.
    let (before, last) = typed.split_at(typed.rfind(between).map_or(0, |at| at + 1));
    let candidates = words.into_iter().map(|name| Candidate {
        line: format!("{} {before}{name}", verb.name),
        name,
        about: String::new(),
        action: None,
        whole: true,
    });
    best(last.trim_start(), candidates, |candidate| &candidate.name)
}

/// The candidates that match what was typed, the best first: the name itself, its beginning, a part of it, its letters in
/// order, at last words of what is said about it.
fn best(typed: &str, candidates: impl Iterator<Item = Candidate>, name: fn(&Candidate) -> &str) -> Vec<Candidate> {
    let typed = typed.to_lowercase();
    let mut ranked: Vec<(usize, Candidate)> = candidates
        .filter_map(|candidate| {
            let lower = name(&candidate).to_lowercase();
            rank(&typed, &lower, &[&candidate.about]).map(|rank| (rank, candidate))
        })
        .take(if typed.is_empty() { LISTED } else { usize::MAX })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.truncate(LISTED);
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

/// How well a name in small letters fits, the less the better.
fn rank(typed: &str, name: &str, about: &[&str]) -> Option<usize> {
    let letters = || {
        let mut rest = name.chars();
        typed.chars().filter(|c| *c != ' ').all(|wanted| rest.any(|c| c == wanted))
    };
    let words = || {
        let said = |word: &str| name.contains(word) || about.iter().any(|text| find_folded(text, word));
        typed.split(' ').all(said)
    };
    if name == typed {
        Some(0)
    } else if name.starts_with(typed) {
        Some(1)
    } else if name.contains(typed) {
        Some(2)
    } else if words() {
        Some(3)
    } else {
        letters().then_some(4)
    }
}
