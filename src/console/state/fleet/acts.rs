//! What actions do in the pane beyond moving, marking and opening.

use super::{
    Column,
    why::{self, Findings},
};
use crate::{
    config::view::{View, Views},
    console::{
        action::Action,
        effect::{Effect, Query},
        origin::NodeId,
        state::{
            State,
            cursor::Cursor,
            form::{Field, Form, Purpose, Value},
            node::natural,
            overlay::{Overlay, Pick},
        },
        text::clean,
    },
};

impl State {
    /// The actions of the list itself. `false` if it is none of them.
    pub(in crate::console::state) fn arrange_fleet(&mut self, action: Action, fx: &mut Vec<Effect>) -> bool {
        let now = self.now;
        let fleet = &mut self.fleet;
        match action {
            Action::SortFurther => fleet.sort_further(),
            Action::Wide => {
                fleet.wide = !fleet.wide;
                fleet.scrolled = 0;
            }
            Action::Columns => self.open_columns(),
            Action::ScrollLeft | Action::Left => fleet.scrolled = fleet.scrolled.saturating_sub(1),
            Action::ScrollRight | Action::Right => {
                fleet.scrolled = (fleet.scrolled + 1).min(fleet.shown_columns().len().saturating_sub(2));
            }
            Action::GroupBy => self.pick_group(),
            Action::Views => self.pick_view(),
            Action::SaveView => self.name_view(),
            Action::Export => self.ask_export(),
            Action::CopyRow => {
                let cells: Vec<_> = fleet.current_cells(now).into_iter().map(|(_, text)| text).collect();
                self.copy_text(&cells.join("\t"), "the row", fx);
            }
            Action::CopyTable => self.copy_table(fx),
            Action::CopyCell => {
                let items = fleet.current_cells(now);
                let texts = items.iter().map(|(_, text)| text.clone()).collect();
                self.pick("Copy which cell?", items, Pick::Cell(texts));
            }
            Action::Why => match fleet.current().map(|node| (node.name.clone(), node.node_id())) {
                Some((name, node)) => self.ask_why(name, Some(node), fx),
                None => self.name_missing(),
            },
            Action::WhyMissing => self.name_missing(),
            Action::CompleteFilter if fleet.filtering => fleet.complete(),
            _ => return false,
        }
        true
    }

    /// The actions of the folded list. `false` if the list is not folded or it is none of them.
    pub(in crate::console::state) fn act_groups(&mut self, action: Action) -> bool {
        let fleet = &mut self.fleet;
        if fleet.grouped_by().is_none() || fleet.filtering {
            return false;
        }
        let len = fleet.groups().len();
        match action {
            _ if fleet.group_cursor.step(action, len) => {}
            Action::Mark => fleet.mark_group(self.now),
            Action::Open | Action::Right => {
                if !fleet.open_group() && len > 0 {
                    self.tell("No filter says what these nodes have in common.");
                }
            }
            Action::Back | Action::Left => fleet.set_group(None),
            Action::Detail => {}
            _ => return false,
        }
        true
    }

    fn pick(&mut self, title: &str, items: Vec<(String, String)>, pick: Pick) {
        let (input, cursor) = Default::default();
        self.overlays.push(Overlay::Picker { title: title.to_owned(), input, items, cursor, pick });
    }

    fn pick_group(&mut self) {
        let mut choices = vec![None];
        choices.extend(self.fleet.groups_by().into_iter().map(Some));
        let now = self.fleet.grouped_by().cloned();
        let item = |choice: &Option<Column>| {
            let about = if *choice == now { "as it is" } else { "" };
            match choice {
                None => ("no groups: every node".to_owned(), about.to_owned()),
                Some(column) => (column.name().into_owned(), about.to_owned()),
            }
        };
        let items = choices.iter().map(item).collect();
        self.pick("Group by", items, Pick::Group(choices));
    }

    fn pick_view(&mut self) {
        let views = self.settings.views.clone();
        if views.is_empty() {
            let key = self.key_for(Action::SaveView).unwrap_or_default();
            return self.tell(format!("There are no views yet; {key} saves how the fleet is looked at now."));
        }
        let item = |view: &View| {
            let parts = [
                (!view.filter.is_empty()).then(|| clean(&view.filter)),
                (!view.sort.is_empty()).then(|| format!("by {}", clean(&view.sort.join(", ")))),
                view.group.as_ref().map(|group| format!("grouped by {}", clean(group))),
            ];
            (clean(&view.name), parts.into_iter().flatten().collect::<Vec<_>>().join("  "))
        };
        let items = views.iter().map(item).collect();
        self.pick("Views", items, Pick::View(views));
    }

    /// Looks at the fleet as a view says.
    pub fn set_view(&mut self, view: &View) {
        let unknown = self.fleet.set_view(view);
        if !unknown.is_empty() {
            self.warn(format!("The view {} names no columns of the fleet with {}.", view.name, unknown.join(", ")));
        }
    }

    fn name_view(&mut self) {
        let name = self.fleet.view.clone().unwrap_or_default();
        let field = Field::line("name", "Name", "a view of this name is replaced", &name);
        let now = self.fleet.as_view("");
        let mut facts = vec![("filter", now.filter), ("sorted by", now.sort.join(", "))];
        facts.push((
            "columns",
            if now.columns.is_empty() { "the usual ones".to_owned() } else { now.columns.join(", ") },
        ));
        facts.extend(now.group.map(|group| ("grouped by", group)));
        let fixed = |(label, text): (&str, String)| {
            Field::of(label, label, "", Value::Fixed(if text.is_empty() { "–".to_owned() } else { text }))
        };
        let fields = std::iter::once(field).chain(facts.into_iter().map(fixed)).collect();
        self.overlays.push(Overlay::Form(Box::new(Form::new("Save this view", Purpose::SaveView, fields))));
    }

    /// Keeps how the fleet is looked at under a name.
    pub(in crate::console::state) fn save_view(&mut self, name: &str, fx: &mut Vec<Effect>) {
        let view = self.fleet.as_view(name);
        self.fleet.view = Some(name.to_owned());
        self.saved_views.retain(|known| known.name != view.name);
        self.saved_views.push(view.clone());
        self.settings.views.retain(|known| known.name != view.name);
        self.settings.views.push(view);
        let text = Views { views: self.saved_views.clone() }.text();
        fx.push(Effect::Keep { path: self.views_file.clone(), text: text.into() });
        self.tell(format!("The view {name} is kept."));
    }

    fn name_missing(&mut self) {
        let field = Field::line("node", "Node", "its id, i-… or mi-…, or its name", "");
        let form = Form::new("Why is this node not in the list?", Purpose::Why, vec![field]);
        self.overlays.push(Overlay::Form(Box::new(form)));
    }

    /// Finds out why a node is not connected. `called` is its id or its name.
    pub fn ask_why(&mut self, called: String, node: Option<NodeId>, fx: &mut Vec<Effect>) {
        let node = node.or_else(|| {
            let mut named = self.fleet.own().filter(|node| node.id == called || node.name == called);
            named.next().map(|node| node.node_id())
        });
        self.fleet.why.1 = None;
        self.overlays.retain(|overlay| !matches!(overlay, Overlay::Why { .. }));
        self.overlays.push(Overlay::Why { called: called.clone(), cursor: Cursor::default() });
        match node {
            Some(NodeId { origin, id }) => self.ask(origin, Query::Why { called, id: Some(id) }, fx),
            None => self.ask(self.origins.first(), Query::Why { called, id: None }, fx),
        }
    }

    pub(in crate::console::state) fn land_why(&mut self, findings: &Findings) {
        let versions = self.fleet.nodes().iter().map(|node| node.agent.as_str());
        let newest = versions.max_by(|a, b| natural(a, b)).map(str::to_owned);
        self.fleet.why.1 = Some(why::diagnose(findings, newest.as_deref(), self.now));
    }
}
