//! The entries that say what must not be changed, or what programs on nodes must not do here, and what is so like one that it
//! was probably meant. Whoever wrote one and did not hit its name, or its place, wanted less to be done and not more.

use toml::{Spanned, de::DeValue};

use super::written::nearest;

/// An entry of the settings that says what must not be done, or not without a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guard {
    /// `read-only`.
    ReadOnly,
    /// `[[policy]]`.
    Policy,
    /// `confirm-above`.
    ConfirmAbove,
    /// `clipboard`.
    Clipboard,
}

impl Guard {
    const ALL: [Self; 4] = [Self::ReadOnly, Self::Policy, Self::ConfirmAbove, Self::Clipboard];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Policy => "policy",
            Self::ConfirmAbove => "confirm-above",
            Self::Clipboard => "clipboard",
        }
    }

    /// The one that is called so, or so nearly that it was probably meant.
    pub fn near(name: &str) -> Option<Self> {
        let letters: String = name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        let near = nearest(name, Self::ALL.iter().map(|guard| guard.name()));
        let called = Self::ALL.into_iter().find(|guard| near == Some(guard.name()));
        called.or_else(|| match letters.as_str() {
            name if name.contains("readonly") => Some(Self::ReadOnly),
            name if name.contains("polic") => Some(Self::Policy),
            name if name.starts_with("confirm") => Some(Self::ConfirmAbove),
            name if name.contains("clipboard") => Some(Self::Clipboard),
            _ => None,
        })
    }

    /// Where it is written, in words.
    pub fn place(self) -> &'static str {
        match self {
            Self::Policy => "[[policy]] is a section of its own",
            Self::ReadOnly => "read-only stands above the first heading, or in a [[policy]]",
            Self::ConfirmAbove => "confirm-above stands above the first heading, or in a [[policy]]",
            Self::Clipboard => "clipboard stands above the first heading",
        }
    }
}

/// One that stands where it says nothing.
pub struct Misplaced {
    /// Where its name stands.
    pub start: usize,
    /// What was written.
    pub name: String,
    /// What it probably is.
    pub guard: Guard,
}

/// Takes the guards that `is_none_here` out of an entry. Where names are the user's own, as in `[aliases]` (`is_free`) and in
/// `parameters`, a text is what belongs there, whatever its name is.
pub fn take_misplaced(
    value: &mut DeValue<'_>,
    is_free: bool,
    is_none_here: impl Fn(Guard) -> bool + Copy,
) -> Vec<Misplaced> {
    let mut misplaced = Vec::new();
    match value {
        DeValue::Array(array) => {
            misplaced
                .extend(array.iter_mut().flat_map(|element| take_misplaced(element.get_mut(), is_free, is_none_here)));
        }
        DeValue::Table(table) => {
            let is_guard = |key: &str, value: &Spanned<DeValue<'_>>| {
                Guard::near(key).filter(|guard| is_none_here(*guard) && (!is_free || !is_text(value)))
            };
            let found = table.iter().filter_map(|(key, value)| Some((key.clone(), is_guard(key.get_ref(), value)?)));
            for (key, guard) in found.collect::<Vec<_>>() {
                table.remove(&key);
                misplaced.push(Misplaced { start: key.span().start, name: key.get_ref().to_string(), guard });
            }
            for (key, value) in table.iter_mut() {
                let is_free = is_free || &**key.get_ref() == "parameters";
                misplaced.extend(take_misplaced(value.get_mut(), is_free, is_none_here));
            }
        }
        _ => {}
    }
    misplaced
}

fn is_text(value: &Spanned<DeValue<'_>>) -> bool {
    match value.get_ref() {
        DeValue::String(_) => true,
        DeValue::Array(array) => array.iter().all(is_text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_probably_meant_is_known() {
        for (guard, names) in [
            (
                Guard::ReadOnly,
                "read-only read_only readonly Read-Only READONLY readOnly raed-only read-onyl readonly-mode",
            ),
            (Guard::Policy, "policy Policy polcy policys policies polices POLICY prod-policy plicy"),
            (
                Guard::ConfirmAbove,
                "confirm-above confirm_above confirmAbove confirm-abov confirm confirm-threshold confrim-above",
            ),
            (
                Guard::Clipboard,
                "clipboard Clipboard CLIPBOARD clip-board clipbord clibpoard clipboards clipboard-policy",
            ),
        ] {
            for name in names.split(' ') {
                assert_eq!(Guard::near(name), Some(guard), "{name}");
            }
        }
    }

    #[test]
    fn no_entry_that_says_something_else_is_taken_for_one() {
        let settings = "theme color refresh refresh-running ascii probe sample-every scrollback reveal mouse paste-guard cache \
                        copy recordings columns aliases view notify forward session command";
        let within = "name filter sort group node host remote local set start restart place match document parameters keepalive \
                      about key layer kind run shell changes fleet compliance compliance-nodes compliance-patches commands \
                      command-results sessions forwards compare node-processes node-services node-users node-groups node-files \
                      scope accent default context profile region endpoint-url credentials-file";
        for name in settings.split_whitespace().chain(within.split_whitespace()) {
            assert_eq!(Guard::near(name), None, "{name}");
        }
    }
}
