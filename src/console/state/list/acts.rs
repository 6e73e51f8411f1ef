//! What actions do in a list, whichever it is.

use std::path::PathBuf;

use super::{
    Lens, Marks, Sheet,
    columns::{Possible, tag},
    lens::filter_keys,
};
use crate::console::{
    action::Action,
    effect::Effect,
    probe::{
        files::Entry,
        services::{Group, Service, User},
    },
    state::{
        Pane, State,
        commands::{CommandRows, ResultRows},
        compare::ComparedRows,
        compliance::{GroupRows, Known, Level, MemberRows, PatchRows},
        export::{Export, Format, Which, Worked, plain},
        form::{Field, Form, Purpose, Value},
        forwards::ForwardRows,
        input::LineInput,
        node_view::{
            Tab,
            processes::Shown,
            table::{Row, TableRows},
        },
        overlay::Overlay,
        parameters::{Level as Depth, ParameterRows},
        sessions::{Session, SessionRows},
    },
    text::{clean, count, cut},
};

/// Rows that are put into a clipboard at most; terminals take no more.
const MOST_COPIED: usize = 5_000;

/// A list that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// The history of commands.
    Commands,
    /// The results of a command.
    Results,
    /// The groups of compliance, their nodes, the patches of a node.
    Groups,
    Members,
    Patches,
    /// The tree of parameters.
    Parameters,
    /// Sessions.
    Sessions,
    /// Forwarded ports.
    Forwards,
    /// Nodes that are compared.
    Compared,
    /// What a node consists of.
    Processes,
    Services,
    Users,
    UserGroups,
    Files,
}

impl List {
    /// Every list.
    pub const ALL: &'static [Self] = &[
        Self::Groups,
        Self::Members,
        Self::Patches,
        Self::Commands,
        Self::Results,
        Self::Parameters,
        Self::Sessions,
        Self::Forwards,
        Self::Compared,
        Self::Processes,
        Self::Services,
        Self::Users,
        Self::UserGroups,
        Self::Files,
    ];

    /// Its name where its columns are named.
    pub fn key(self) -> &'static str {
        match self {
            Self::Groups => "compliance",
            Self::Members => "compliance-nodes",
            Self::Patches => "compliance-patches",
            Self::Commands => "commands",
            Self::Results => "command-results",
            Self::Parameters => "parameters",
            Self::Sessions => "sessions",
            Self::Forwards => "forwards",
            Self::Compared => "compare",
            Self::Processes => "node-processes",
            Self::Services => "node-services",
            Self::Users => "node-users",
            Self::UserGroups => "node-groups",
            Self::Files => "node-files",
        }
    }

    /// The names of its columns, whatever it shows.
    pub fn columns(self) -> impl Iterator<Item = &'static str> {
        let (usual, others): (&[_], &[_]) = match self {
            Self::Groups => (GroupRows::COLUMNS, &[]),
            Self::Members => (MemberRows::COLUMNS, &[]),
            Self::Patches => (PatchRows::COLUMNS, &[]),
            Self::Commands => (CommandRows::COLUMNS, &[]),
            // Folded, and node by node.
            Self::Results => (ResultRows::FOLDED, ResultRows::SINGLE),
            Self::Parameters => (ParameterRows::COLUMNS, &[]),
            Self::Sessions => (SessionRows::COLUMNS, &[]),
            Self::Forwards => (ForwardRows::COLUMNS, &[]),
            Self::Compared => (ComparedRows::COLUMNS, &[]),
            Self::Processes => (<Shown as Row>::COLUMNS, &[]),
            Self::Services => (<Service as Row>::COLUMNS, &[]),
            Self::Users => (<User as Row>::COLUMNS, &[]),
            Self::UserGroups => (<Group as Row>::COLUMNS, &[]),
            Self::Files => (<Entry as Row>::COLUMNS, &[]),
        };
        usual.iter().chain(others.iter().filter(move |name| !usual.contains(name))).copied()
    }

    /// Whether the tags of nodes can be columns of it.
    pub fn has_tags(self) -> bool {
        matches!(self, Self::Members | Self::Sessions | Self::Compared)
    }

    /// What it lists.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Results => "results",
            Self::Groups => "compliance",
            Self::Members | Self::Compared => "nodes",
            Self::Patches => "patches",
            Self::Parameters => "parameters",
            Self::Sessions => "sessions",
            Self::Forwards => "forwards",
            Self::Processes => "processes",
            Self::Services => "services",
            Self::Users => "users",
            Self::UserGroups => "groups",
            Self::Files => "files",
        }
    }
}

impl State {
    /// The list that is shown: none while a text is read, and not that of the fleet, which has its own ways.
    pub fn list(&self) -> Option<List> {
        let tab = self.node_view.as_ref().map(|view| view.tab);
        Some(match self.pane {
            _ if self.viewer().is_some() => return None,
            Pane::Fleet => match (tab, &self.compare) {
                (Some(Tab::Processes), _) => List::Processes,
                (Some(Tab::Services), _) => List::Services,
                (Some(Tab::Users), _) if self.node_view.as_ref().is_some_and(|view| view.users.by_group) => {
                    List::UserGroups
                }
                (Some(Tab::Users), _) => List::Users,
                (Some(Tab::Files), _) => List::Files,
                (None, Some(_)) => List::Compared,
                _ => return None,
            },
            Pane::Compliance => match self.compliance.level {
                Level::Groups => List::Groups,
                Level::Nodes(_) => List::Members,
                Level::Patches { .. } => List::Patches,
            },
            Pane::Commands if self.commands.results.is_some() => List::Results,
            Pane::Commands => List::Commands,
            Pane::Parameters if self.parameters.level == Depth::Tree => List::Parameters,
            Pane::Sessions => List::Sessions,
            Pane::Forwards => List::Forwards,
            Pane::Parameters | Pane::Shell => return None,
        })
    }

    /// A list as rows in columns.
    pub fn sheet(&self, list: List) -> Box<dyn Sheet + '_> {
        let view = self.node_view.as_ref();
        match list {
            List::Commands => Box::new(CommandRows { list: &self.commands.list, origins: &self.origins }),
            List::Results => match &self.commands.results {
                Some(results) => Box::new(ResultRows(results)),
                None => Box::new(CommandRows { list: &[], origins: &self.origins }),
            },
            List::Groups => Box::new(GroupRows(&self.compliance.groups)),
            List::Members => {
                Box::new(MemberRows { members: &self.compliance.members, fleet: Known::Fleet(&self.fleet) })
            }
            List::Patches => Box::new(PatchRows(&self.compliance.patches)),
            List::Parameters => Box::new(self.parameters.sheet()),
            List::Sessions => {
                Box::new(SessionRows { list: &self.sessions.list, fleet: &self.fleet, origins: &self.origins })
            }
            List::Forwards => {
                Box::new(ForwardRows { list: &self.forwards.list, lines: &self.forwards.lines, origins: &self.origins })
            }
            List::Compared => {
                let nodes = self.compare.as_ref().map_or(&[][..], |compare| &compare.nodes);
                Box::new(ComparedRows { nodes, fleet: &self.fleet })
            }
            List::Processes => Box::new(TableRows(view.map(|view| view.processes.table.rows()))),
            List::Services => Box::new(TableRows(view.map(|view| view.services.table.rows()))),
            List::Users => Box::new(TableRows(view.map(|view| view.users.table.rows()))),
            List::UserGroups => Box::new(TableRows(view.map(|view| view.users.groups.rows()))),
            List::Files => Box::new(TableRows(view.map(|view| view.files.table.rows()))),
        }
    }

    fn lens_of(&self, list: List) -> Option<&Lens> {
        Some(match list {
            List::Commands => &self.commands.lens,
            List::Results => &self.commands.results.as_ref()?.lens,
            List::Groups | List::Members | List::Patches => &self.compliance.lenses[self.compliance.depth()],
            List::Sessions => &self.sessions.lens,
            List::Forwards => &self.forwards.lens,
            List::Processes => &self.node_view.as_ref()?.processes.table.lens,
            List::Services => &self.node_view.as_ref()?.services.table.lens,
            List::Users => &self.node_view.as_ref()?.users.table.lens,
            List::UserGroups => &self.node_view.as_ref()?.users.groups.lens,
            List::Files => &self.node_view.as_ref()?.files.table.lens,
            List::Compared => &self.compare.as_ref()?.lens,
            List::Parameters => &self.parameters.lens,
        })
    }

    /// How the list that is shown is looked at. Some lists have ways of their own, and so no lens.
    pub fn lens(&self) -> Option<&Lens> {
        self.lens_of(self.list()?)
    }

    fn lens_mut(&mut self) -> Option<&mut Lens> {
        Some(match self.list()? {
            List::Commands => &mut self.commands.lens,
            List::Results => &mut self.commands.results.as_mut()?.lens,
            List::Groups | List::Members | List::Patches => &mut self.compliance.lenses[self.compliance.depth()],
            List::Sessions => &mut self.sessions.lens,
            List::Forwards => &mut self.forwards.lens,
            List::Processes => &mut self.node_view.as_mut()?.processes.table.lens,
            List::Services => &mut self.node_view.as_mut()?.services.table.lens,
            List::Users => &mut self.node_view.as_mut()?.users.table.lens,
            List::UserGroups => &mut self.node_view.as_mut()?.users.groups.lens,
            List::Files => &mut self.node_view.as_mut()?.files.table.lens,
            List::Compared => &mut self.compare.as_mut()?.lens,
            List::Parameters => &mut self.parameters.lens,
        })
    }

    /// The row the cursor is on, among those that are shown.
    fn list_row(&self, list: List) -> usize {
        let view = self.node_view.as_ref();
        let cursor = match list {
            List::Commands => Some(&self.commands.cursor),
            List::Results => self.commands.results.as_ref().map(|results| &results.cursor),
            List::Groups | List::Members | List::Patches => self.compliance.cursors.get(self.compliance.depth()),
            List::Parameters => Some(&self.parameters.cursor),
            List::Sessions => Some(&self.sessions.cursor),
            List::Forwards => Some(&self.forwards.cursor),
            List::Compared => self.compare.as_ref().map(|compare| &compare.cursor),
            List::Processes => view.map(|view| &view.processes.table.cursor),
            List::Services => view.map(|view| &view.services.table.cursor),
            List::Users => view.map(|view| &view.users.table.cursor),
            List::UserGroups => view.map(|view| &view.users.groups.cursor),
            List::Files => view.map(|view| &view.files.table.cursor),
        };
        cursor.map_or(0, |cursor| cursor.at)
    }

    /// The place in its sheet of the row under the cursor.
    fn list_place(&self, list: List) -> Option<usize> {
        let row = self.list_row(list);
        match (list, self.lens_of(list)) {
            // The rows of the tree are branches too; those of the sheet are parameters alone.
            (List::Parameters, _) => self.parameters.place(),
            (_, Some(lens)) => lens.place(row),
            (_, None) => Some(row).filter(|row| *row < self.sheet(list).count()),
        }
    }

    /// Looks at the list that is shown in another way. The cursor stays on its row.
    pub(in crate::console) fn change_lens(&mut self, change: impl FnOnce(&mut Lens)) {
        let Some(list) = self.list() else { return };
        let here = self.list_place(list).map(|place| self.sheet(list).key(place).into_owned());
        let now = self.now;
        if let Some(lens) = self.lens_mut() {
            lens.now = now;
            lens.typed();
            lens.outdate(here);
            change(lens);
        }
    }

    /// Completes the filter that is being typed.
    fn complete_filter(&mut self, list: List) {
        let Some(mut lens) = self.lens_mut().map(std::mem::take) else { return };
        lens.complete(&*self.sheet(list));
        if let Some(place) = self.lens_mut() {
            *place = lens;
        }
        let completed = self.lens().and_then(Lens::completion).cloned();
        self.change_lens(|lens| lens.offer(completed));
    }

    /// Works out anew what lists show that changed.
    pub(in crate::console::state) fn settle_lists(&mut self) {
        self.commands.settle(&self.origins);
        if let Some(results) = &mut self.commands.results {
            results.arrange();
        }
        self.sessions.settle(&self.fleet, &self.origins);
        self.forwards.settle(&self.origins);
        self.compliance.arrange();
        if let Some(compare) = &mut self.compare {
            compare.settle(&self.fleet);
        }
        if let Some(view) = &mut self.node_view {
            view.settle();
        }
    }

    /// Whether the filter of the list that is shown is being typed.
    pub(in crate::console::state) fn types_filter(&self) -> bool {
        self.lens().is_some_and(|lens| lens.filtering)
    }

    /// Types into the filter of the list that is shown.
    pub(in crate::console::state) fn type_filter(&mut self, typed: impl FnOnce(&mut LineInput)) {
        self.change_lens(|lens| typed(&mut lens.filter));
    }

    /// Filters the list that is shown; `false` if it has no such filter.
    pub(in crate::console::state) fn filter_list(&mut self, text: &str) -> bool {
        let has = self.lens().is_some();
        self.change_lens(|lens| lens.filter = LineInput::from(text));
        has
    }

    /// The columns by which the list that is shown can be sorted, if it can: its own, and the tags that are known.
    pub fn sort_columns(&self) -> Option<Vec<String>> {
        self.lens()?;
        let sheet = self.sheet(self.list()?);
        let tags = self.fleet.tag_keys().into_iter().filter(|_| sheet.has_tags()).map(|key| format!("tag:{key}"));
        Some(sheet.columns().iter().map(|name| (*name).to_owned()).chain(tags).collect())
    }

    /// The keys that the filter of the list that is shown can have, if it has one.
    pub(in crate::console::state) fn filter_keys(&self) -> Option<Vec<&'static str>> {
        self.lens()?;
        Some(filter_keys(&*self.sheet(self.list()?)))
    }

    /// What is to be said about the filter of the list that is shown.
    pub fn filter_remarks(&self) -> Vec<String> {
        let list = self.list().zip(self.lens());
        list.map(|(list, lens)| lens.remarks(&*self.sheet(list))).unwrap_or_default()
    }

    /// Sorts the list that is shown by a column.
    ///
    /// # Errors
    /// In words, when there is no such column.
    pub(in crate::console::state) fn sort_list(&mut self, column: &str, reversed: bool) -> Result<(), String> {
        let named = self.list().and_then(|list| {
            // A tag whose column is shown is known by its heading as well.
            let titled = |name: &String| tag(name).is_some_and(|key| key.eq_ignore_ascii_case(column));
            let known = Possible(&*self.sheet(list)).named(column);
            known.or_else(|| self.shown_columns(list).into_iter().find(titled))
        });
        let named = named.ok_or_else(|| {
            let columns = self.sort_columns().unwrap_or_default();
            format!("there is no column \"{column}\"; there are {}", columns.join(", "))
        })?;
        self.change_lens(|lens| lens.sort_on(&named, reversed));
        Ok(())
    }

    /// Does what an action means in every list. `false` if it is no such action, or means something else here.
    pub(in crate::console::state) fn act_list(&mut self, action: Action, fx: &mut Vec<Effect>) -> bool {
        let Some(list) = self.list() else { return false };
        match action {
            Action::Export => self.ask_export(),
            Action::CopyRow => self.copy_list_row(list, fx),
            Action::CopyTable => self.copy_table(fx),
            Action::Columns => self.open_columns(),
            Action::Wide => self.widen(list),
            Action::ScrollLeft | Action::ScrollRight => self.scroll_columns(list, action == Action::ScrollRight),
            Action::CompleteFilter => self.complete_filter(list),
            _ => return self.mark(list, action) || self.look_through(list, action),
        }
        true
    }

    /// Marks rows where they can be marked. `false` if they cannot, or the action is no marking.
    fn mark(&mut self, list: List, action: Action) -> bool {
        match list {
            List::Sessions => {
                let sessions = &mut self.sessions;
                let rows: Vec<String> =
                    sessions.lens.places().filter_map(|at| sessions.list.get(at)).map(Session::key).collect();
                let marked = sessions.lens.marks.act(action, &rows, sessions.cursor.at);
                if action == Action::Mark {
                    sessions.cursor.step(Action::CursorDown, rows.len());
                }
                marked
            }
            List::Parameters if !self.parameters.lens.filtering => self.parameters.mark(action),
            _ => false,
        }
    }

    /// Filters, sorts and marks.
    fn look_through(&mut self, list: List, action: Action) -> bool {
        let Some(lens) = self.lens_of(list) else { return false };
        let (typing, filtered) = (lens.filtering, !lens.filter.text().is_empty());
        match action {
            Action::Filter => {
                if let Some(lens) = self.lens_mut() {
                    lens.filtering = true;
                    lens.filter.begin_anew();
                }
                if list == List::Parameters {
                    self.parameters.begin_filter();
                }
            }
            Action::Accept if typing => {
                for remark in self.filter_remarks() {
                    self.warn(format!("In the filter {remark}"));
                }
                if let Some(lens) = self.lens_mut() {
                    lens.filtering = false;
                }
            }
            Action::Dismiss if typing => {
                self.change_lens(|lens| {
                    lens.filtering = false;
                    lens.filter.clear();
                });
                if list == List::Parameters {
                    self.parameters.give_up_filter();
                }
            }
            Action::Back if filtered => self.change_lens(|lens| lens.filter.clear()),
            Action::SortNext | Action::SortPrevious | Action::SortFurther | Action::SortReverse => {
                let shown = self.shown_columns(list);
                self.change_lens(|lens| {
                    lens.sort_by(action, &shown);
                });
            }
            _ => return false,
        }
        true
    }

    /// The marks on a list, if rows can be marked in it.
    pub fn marks_of(&self, list: List) -> Option<&Marks> {
        match list {
            List::Sessions => Some(&self.sessions.lens.marks),
            List::Parameters => Some(&self.parameters.lens.marks),
            _ => None,
        }
    }

    /// Rows of the list that is shown, or of the fleet, for an export.
    fn export_of(&mut self, which: Which, format: Format) -> Export {
        let Some(list) = self.list() else { return self.fleet.export(which, format, self.now) };
        let sheet = self.sheet(list);
        let columns = sheet.columns();
        let marks = self.marks_of(list);
        let is_marked = |place: &usize| marks.is_some_and(|marks| marks.has(&sheet.key(*place)));
        let places: Vec<usize> = match (which, self.lens_of(list)) {
            (Which::Shown, Some(lens)) => lens.places().collect(),
            (Which::Marked, _) => (0..sheet.count()).filter(is_marked).collect(),
            (Which::Shown | Which::All, _) => (0..sheet.count()).collect(),
        };
        let cells = |place: usize| (0..columns.len()).map(|column| sheet.fact(place, column).value()).collect();
        let rows = places.into_iter().map(cells).collect();
        Export::new(Worked { heads: columns.iter().map(|name| (*name).to_owned()).collect(), rows }, format)
    }

    fn copy_list_row(&mut self, list: List, fx: &mut Vec<Effect>) {
        let sheet = self.sheet(list);
        let cells = self.list_place(list).map(|place| {
            let texts = (0..sheet.columns().len()).map(|column| plain(sheet.fact(place, column).value()));
            texts.collect::<Vec<_>>()
        });
        drop(sheet);
        match cells {
            Some(cells) => self.copy_text(&cells.join("\t"), &format!("the row, {}", count(cells.len(), "cell")), fx),
            None => self.tell("There is no row here to copy."),
        }
    }

    /// Copies every row that is shown.
    pub(in crate::console::state) fn copy_table(&mut self, fx: &mut Vec<Effect>) {
        let export = self.export_of(Which::Shown, Format::Tabs);
        match export.len() {
            rows @ 0..=MOST_COPIED => {
                let what = format!("{} of {}", count(rows, "row"), count(export.width(), "column"));
                self.copy_text(&export.text(), &what, fx);
            }
            rows => self.advise(format!("{} are too many for the clipboard.", count(rows, "row")), "Export them."),
        }
    }

    /// Opens the form for an export of the list that is shown, or of the fleet.
    pub(in crate::console::state) fn ask_export(&mut self) {
        let (name, marked) = match self.list() {
            Some(list) => (list.name(), self.marks_of(list).map(|marks| !marks.is_empty())),
            None => ("fleet", Some(self.fleet.marked_count() > 0 && self.fleet.grouped_by().is_none())),
        };
        let offered = Which::ALL.iter().filter(|(which, _)| *which != Which::Marked || marked.is_some());
        let which: Vec<String> = offered.map(|(_, name)| (*name).to_owned()).collect();
        let formats: Vec<String> = Format::FILES.iter().map(|(_, name, _)| (*name).to_owned()).collect();
        let choice = |options, at| Value::Choice { options, at };
        let time = self.now.civil().strftime("%Y%m%d-%H%M%S");
        let path = self.save_directory.join(format!("{name}-{time}"));
        let fields = vec![
            Field::of("which", "Rows", "space changes it", choice(which, usize::from(marked == Some(true)))),
            Field::of("format", "Format", "space changes it", choice(formats, 0)),
            Field::of("to", "To", "space changes it", choice(vec!["file".to_owned(), "clipboard".to_owned()], 0)),
            Field::line("path", "File", "an existing file is not overwritten", &path.to_string_lossy()),
        ];
        let title = format!("Export the {name}");
        self.overlays.push(Overlay::Form(Box::new(Form::new(&title, Purpose::Export, fields))));
    }

    /// Exports as the form says. What is wrong with it, and in which field.
    pub(in crate::console::state) fn export(
        &mut self,
        form: &Form,
        fx: &mut Vec<Effect>,
    ) -> Result<(), (&'static str, String)> {
        let which = Which::ALL.iter().find(|(_, name)| *name == form.answer("which")).map_or(Which::Shown, |(w, _)| *w);
        let format = Format::FILES.iter().find(|(_, name, _)| *name == form.answer("format")).copied();
        let (format, _, ending) = format.unwrap_or(Format::FILES[0]);
        let export = self.export_of(which, format);
        if export.is_empty() {
            return Err(("which", "there are no such rows".to_owned()));
        }
        let rows = count(export.len(), "row");
        if form.answer("to") == "clipboard" {
            if export.len() > MOST_COPIED {
                return Err(("to", format!("{rows} are too many for the clipboard")));
            }
            self.copy_text(&export.text(), &rows, fx);
            return Ok(());
        }
        let path = form.given("path").ok_or_else(|| ("path", "name a file".to_owned()))?;
        let mut path = PathBuf::from(path);
        if path.extension().is_none() {
            path.set_extension(ending);
        }
        fx.push(Effect::Export { export: Box::new(export), path });
        Ok(())
    }

    pub(in crate::console::state) fn copy_text(&mut self, text: &str, what: &str, fx: &mut Vec<Effect>) {
        if text.is_empty() {
            return self.tell("There is nothing to copy here.");
        }
        self.put_into_clipboard(text.to_owned(), format!("Copied {}", cut(&clean(what), 60)), fx);
    }
}
