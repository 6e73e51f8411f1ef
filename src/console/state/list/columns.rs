//! Which columns a list shows: those of `[columns]` in the settings, for its name and the place that is looked at, or what was
//! chosen since; all of them in the wide list. The same holds for every list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ColumnAt, List, ORIGIN, Sheet, column_name};
use crate::{
    config::{keymap::Problem, settings::Settings, view::unknown_columns},
    console::{
        action::Action,
        state::{State, cursor::Cursor, fleet, overlay::Overlay},
    },
};

/// The name of the fleet where its columns are named.
pub const FLEET: &str = "fleet";

/// How a list is looked at from the side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The columns the settings have for it, as they were last taken.
    configured: Option<Vec<String>>,
    /// The chosen columns; `None` for the usual ones.
    chosen: Option<Vec<String>>,
    /// Whether all others are shown too.
    pub wide: bool,
    /// Columns that were scrolled past, behind the first.
    pub scrolled: usize,
}

impl Choice {
    /// Whether the columns are the usual ones as they stand where all there is to see is seen.
    pub fn is_usual(&self) -> bool {
        self.chosen.is_none() && !self.wide && self.scrolled == 0
    }
}

/// What was chosen for each list.
#[derive(Clone, Debug, Default)]
pub struct Choices(BTreeMap<List, Choice>);

impl Choices {
    /// What was chosen for a list.
    pub fn of(&self, list: List) -> Choice {
        self.0.get(&list).cloned().unwrap_or_default()
    }

    fn of_mut(&mut self, list: List) -> &mut Choice {
        self.0.entry(list).or_default()
    }

    /// What was chosen for each list, to be taken up again.
    pub fn left(&self) -> BTreeMap<String, LeftColumns> {
        let chosen = self.0.iter().filter(|(_, choice)| choice.chosen != choice.configured || choice.wide);
        let left = |choice: &Choice| LeftColumns {
            configured: choice.configured.clone(),
            chosen: choice.chosen.clone(),
            wide: choice.wide,
        };
        chosen.map(|(list, choice)| (list.key().to_owned(), left(choice))).collect()
    }

    /// Takes up what was chosen. If the settings have others by now, those count.
    pub fn resume(&mut self, left: &BTreeMap<String, LeftColumns>) {
        for list in List::ALL {
            let Some(left) = left.get(list.key()) else { continue };
            let choice = self.of_mut(*list);
            (choice.configured, choice.chosen, choice.wide) = (left.configured.clone(), left.chosen.clone(), left.wide);
        }
    }
}

/// The columns of a list as they were left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftColumns {
    /// Those that the settings had for it.
    pub configured: Option<Vec<String>>,
    /// The chosen ones; the usual ones if there are none.
    pub chosen: Option<Vec<String>>,
    /// Whether all others were shown too.
    pub wide: bool,
}

/// Whether a list has a column.
fn has(list: List, column: &str) -> bool {
    list.columns().any(|known| known == column) || list.has_tags() && tag(column).is_some()
}

/// The key of the tag that a column shows.
pub fn tag(column: &str) -> Option<&str> {
    column.strip_prefix("tag:").filter(|key| !key.is_empty())
}

/// What `[columns]` of a settings file names that is not there.
pub fn problems(text: &str) -> Vec<Problem> {
    unknown_columns(text, |list, column| {
        let known = List::ALL.iter().find(|known| known.key() == list);
        match (known, column) {
            (None, _) if list != FLEET => {
                let lists: Vec<_> = std::iter::once(FLEET).chain(List::ALL.iter().map(|list| list.key())).collect();
                Err(format!("there is no list \"{list}\"; there are {}", lists.join(", ")))
            }
            (_, None) => Ok(()),
            (None, Some(column)) if fleet::Column::named(column).is_some() => Ok(()),
            (None, Some(column)) => {
                let known: Vec<_> = fleet::Column::all().map(|column| column.name().into_owned()).collect();
                Err(unknown(column, known, true))
            }
            (Some(list), Some(column)) if has(*list, &column_name(column)) || has(*list, column) => Ok(()),
            (Some(list), Some(column)) => {
                Err(unknown(column, list.columns().map(str::to_owned).collect(), list.has_tags()))
            }
        }
    })
}

fn unknown(column: &str, known: Vec<String>, tags: bool) -> String {
    no_column(&[format!("\"{column}\"")], known, tags)
}

fn no_column(wrong: &[String], mut known: Vec<String>, tags: bool) -> String {
    known.retain(|name| tag(name).is_none());
    known.extend(tags.then(|| "tag:KEY".to_owned()));
    let what = if wrong.is_empty() {
        "no column is named".to_owned()
    } else {
        format!("there is no column {}", wrong.join(", "))
    };
    format!("{what}; there are {}", known.join(", "))
}

/// What of a list can be shown: the columns of its rows, and tags.
pub(super) struct Possible<'a>(pub &'a dyn Sheet);

impl Possible<'_> {
    /// A name as it is written, as the list has it.
    pub fn named(&self, name: &str) -> Option<String> {
        let Self(sheet) = self;
        let bare = column_name(name);
        let known = sheet.columns().iter().find(|known| **known == bare).map(|known| (*known).to_owned());
        known.or_else(|| tag(name).filter(|_| sheet.has_tags()).map(|_| name.to_owned()))
    }

    /// The columns that are shown.
    fn shown(&self, choice: &Choice) -> Vec<String> {
        let Self(sheet) = self;
        let mut shown: Vec<String> = Vec::new();
        for name in choice.chosen.iter().flatten().filter_map(|name| self.named(name)) {
            if !shown.contains(&name) {
                shown.push(name);
            }
        }
        if shown.is_empty() {
            shown = sheet.usual().into_iter().map(str::to_owned).collect();
        }
        let all = sheet.columns();
        if all.contains(&ORIGIN) && !shown.iter().any(|name| name == ORIGIN) {
            shown.insert(shown.len().min(1), ORIGIN.to_owned());
        }
        if choice.wide {
            let others: Vec<_> = all.iter().filter(|name| !shown.iter().any(|shown| shown == *name)).collect();
            shown.extend(others.into_iter().map(|name| (*name).to_owned()));
        }
        shown
    }
}

impl State {
    /// The names of the columns that a list shows.
    pub fn shown_columns(&self, list: List) -> Vec<String> {
        Possible(&*self.sheet(list)).shown(&self.columns.of(list))
    }

    /// Everything that can be a column of a list: what is shown first, then the others, then the tags that are known.
    fn possible_columns(&self, list: List) -> Vec<(String, bool)> {
        let sheet = self.sheet(list);
        let choice = Choice { wide: false, ..self.columns.of(list) };
        let shown = Possible(&*sheet).shown(&choice);
        let tags = self.fleet.tag_keys().into_iter().filter(|_| sheet.has_tags()).map(|key| format!("tag:{key}"));
        let others: Vec<_> = sheet.columns().iter().map(|name| (*name).to_owned()).chain(tags).collect();
        let others = others.into_iter().filter(|name| !shown.contains(name)).map(|name| (name, false));
        shown.iter().map(|name| (name.clone(), true)).chain(others).collect()
    }

    /// Everything that can be a column of what is shown.
    pub(in crate::console::state) fn columns_here(&self) -> Vec<(String, bool)> {
        match self.list() {
            Some(list) => self.possible_columns(list),
            None => {
                let all = self.fleet.possible_columns().into_iter();
                all.map(|(column, shown)| (column.name().into_owned(), shown)).collect()
            }
        }
    }

    /// Opens the box of columns of what is shown.
    pub(in crate::console::state) fn open_columns(&mut self) {
        let (list, items) = (self.list(), self.columns_here());
        self.overlays.push(Overlay::Columns { list, items, cursor: Cursor::default() });
    }

    /// Shows these columns of a list, or of the fleet. Those there are not are left out.
    pub(in crate::console::state) fn choose_columns(&mut self, list: Option<List>, names: Vec<String>) {
        let Some(list) = list else { return drop(self.fleet.set_columns_named(&names)) };
        let choice = self.columns.of_mut(list);
        (choice.chosen, choice.scrolled) = (Some(names), 0);
    }

    /// Shows the columns of these names in what is shown.
    ///
    /// # Errors
    /// In words, when one of them is not there. Nothing has changed then.
    pub(in crate::console::state) fn choose_columns_named(&mut self, names: &[String]) -> Result<(), String> {
        let list = self.list();
        let unknown = |name: &&String| match list {
            Some(list) => Possible(&*self.sheet(list)).named(name).is_none(),
            None => fleet::Column::named(name).is_none(),
        };
        let wrong: Vec<_> = names.iter().filter(unknown).map(|name| format!("\"{name}\"")).collect();
        if names.is_empty() || !wrong.is_empty() {
            let known = self.columns_here().into_iter().map(|(name, _)| name).collect();
            let tags = list.is_none_or(List::has_tags);
            return Err(no_column(&wrong, known, tags));
        }
        self.choose_columns(list, names.to_vec());
        Ok(())
    }

    /// Shows the columns of the settings in what is shown, or the usual ones.
    pub(in crate::console::state) fn usual_columns(&mut self) {
        match self.list() {
            Some(list) => {
                let choice = self.columns.of_mut(list);
                *choice = Choice {
                    configured: choice.configured.clone(),
                    chosen: choice.configured.clone(),
                    ..Choice::default()
                };
            }
            None => {
                self.fleet.wide = false;
                match self.fleet.configured.clone() {
                    Some(columns) => drop(self.fleet.set_columns_named(&columns)),
                    None => self.fleet.set_columns(fleet::Column::usual()),
                }
            }
        }
    }

    /// Shows all columns of the list, or the chosen ones again.
    pub(super) fn widen(&mut self, list: List) {
        let choice = self.columns.of_mut(list);
        (choice.wide, choice.scrolled) = (!choice.wide, 0);
    }

    /// Scrolls the columns of a list behind the first.
    pub(super) fn scroll_columns(&mut self, list: List, right: bool) {
        let last = self.shown_columns(list).len().saturating_sub(2);
        let choice = self.columns.of_mut(list);
        choice.scrolled = if right { (choice.scrolled + 1).min(last) } else { choice.scrolled.saturating_sub(1) };
    }

    /// The actions of the box of columns. `false` if it is none of them.
    pub(in crate::console::state) fn act_columns(&mut self, action: Action) -> bool {
        let Some(Overlay::Columns { list, items, cursor }) = self.overlays.last_mut() else { return false };
        let (list, at) = (*list, cursor.at);
        let Some((column, _)) = items.get(at).cloned() else { return false };
        match action {
            Action::ToggleColumn => {
                let chosen = items.iter().filter(|(_, shown)| *shown).count();
                let shown = &mut items[at].1;
                if *shown && chosen == 1 {
                    return true;
                }
                *shown = !*shown;
            }
            Action::ColumnUp if at > 0 => {
                items.swap(at, at - 1);
                cursor.at -= 1;
            }
            Action::ColumnDown if at + 1 < items.len() => {
                items.swap(at, at + 1);
                cursor.at += 1;
            }
            Action::ColumnUp | Action::ColumnDown => {}
            Action::SortOn | Action::SortAlso => self.sort_in_box(list, &column, action == Action::SortAlso),
            _ => return false,
        }
        if let Some(Overlay::Columns { items, .. }) = self.overlays.last() {
            let chosen = items.iter().filter(|(_, shown)| *shown).map(|(column, _)| column.clone()).collect();
            self.choose_columns(list, chosen);
        }
        true
    }

    /// Sorts by a column of the box: by it alone, or by it too.
    fn sort_in_box(&mut self, list: Option<List>, column: &str, also: bool) {
        let Some(list) = list else {
            let Some(column) = fleet::Column::named(column) else { return };
            return if also { self.fleet.sort_also(column) } else { self.fleet.sort_alone(column) };
        };
        match ColumnAt::of(&*self.sheet(list), column).is_some() && self.lens().is_some() {
            false => self.tell("This list is not sorted by that."),
            true if also => self.change_lens(|lens| lens.sort_also(column)),
            true => self.change_lens(|lens| lens.sort_alone(column)),
        }
    }

    /// Whether a list, or the fleet, is sorted by a column: whether the most of it stands first, and which column it is of
    /// several, from 1.
    pub fn sorted_by(&self, list: Option<List>, column: &str) -> Option<(bool, usize)> {
        let Some(list) = list else {
            let named = fleet::Column::named(column)?;
            let place = self.fleet.sort().iter().position(|(sorted, _)| *sorted == named)?;
            return Some((named.falls() != self.fleet.sort()[place].1, place + 1));
        };
        let sheet = self.sheet(list);
        let (reversed, place) = self.lens()?.sorted(column)?;
        Some((ColumnAt::of(&*sheet, column)?.falls(&*sheet) != reversed, place.unwrap_or(1)))
    }

    /// Shows the columns the settings have for the place that is looked at, if they have not been taken before: what the user
    /// chose since then stays.
    pub(in crate::console::state) fn take_columns(&mut self) {
        let names = self.origins.known().flat_map(|(_, known)| {
            let (profile, region) = (known.facts.profile.clone().unwrap_or_default(), &known.facts.region);
            [known.place.name.clone(), format!("{profile}/{region}"), profile, region.clone()]
        });
        let names: Vec<String> = names.collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let of = |settings: &Settings, list: &str| settings.columns.of(list, &names).map(<[String]>::to_vec);
        for list in List::ALL {
            let columns = of(&self.settings, list.key());
            let choice = self.columns.of_mut(*list);
            if choice.configured != columns {
                (choice.configured, choice.chosen, choice.scrolled) = (columns.clone(), columns, 0);
            }
        }
        let columns = of(&self.settings, FLEET);
        let before = std::mem::replace(&mut self.fleet.configured, columns.clone());
        if before != columns {
            match columns {
                Some(columns) => drop(self.fleet.set_columns_named(&columns)),
                None => self.fleet.set_columns(fleet::Column::usual()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_settings_name_that_is_not_there_is_told_with_its_line() {
        let text = "[columns]\nfleet = ['name', 'pong']\nsesions = ['node']\nsessions = ['Node', 'tag:Env',\n'nodes']\n\
                    node-files = ['name', 'tag:Env']\n[[columns.scope]]\nmatch = 'x'\nfleet = ['tag:']\n";
        let told: Vec<_> = problems(text).iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 5, "{told:#?}");
        assert!(
            told[0].starts_with("settings.toml:2: [columns] fleet: there is no column \"pong\"; there are name, ping")
        );
        assert!(told[1].starts_with("settings.toml:3: [columns] there is no list \"sesions\"; there are fleet, "));
        assert!(told[2].starts_with("settings.toml:5: [columns] sessions: there is no column \"nodes\""), "{told:#?}");
        assert!(told[3].starts_with("settings.toml:6: [columns] node-files: there is no column \"tag:Env\""));
        assert!(told[4].starts_with("settings.toml:9: [[columns.scope]] fleet: there is no column \"tag:\""));
    }

    #[test]
    fn every_list_has_a_name_and_columns_of_its_own() {
        let keys: std::collections::BTreeSet<_> = List::ALL.iter().map(|list| list.key()).collect();
        assert!(keys.len() == List::ALL.len() && !keys.contains(FLEET));
        for list in List::ALL {
            assert!(list.columns().count() > 1, "{list:?}");
        }
    }
}
