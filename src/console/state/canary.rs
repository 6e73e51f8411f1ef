//! A command that goes to a few nodes first: who they are, and the rest, which waits until somebody has looked at what came
//! of them and says yes or no.

pub mod left;

use super::{
    Pane, State,
    commands::{Outcome, Results, command_outcome, summary},
    compose::MOST_IDS,
    overlay::{Question, Then},
    overlays::{Part, nodes_of},
    plan::Reached,
};
use crate::{
    console::{
        effect::{Change, Effect},
        origin::Origin,
        text::{clean, count},
    },
    ssm::{self, redact::mask},
};

/// Who gets a command first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Canary {
    /// So many nodes.
    Number(usize),
    /// So many of a hundred, and one at least.
    Percent(usize),
    /// These, by name or id.
    Named(Vec<String>),
}

impl Canary {
    /// Reads `2`, `10%` or `web-1,db-1`. Nothing without a word.
    ///
    /// # Errors
    /// In words.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let text = text.trim();
        let number = |digits: &str, most: usize| match digits.trim().parse() {
            Ok(n) if (1..=most).contains(&n) => Some(n),
            _ => None,
        };
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(digits) = text.strip_suffix('%') {
            let percent = number(digits, 99).ok_or("a percentage of the nodes is from 1% to 99%")?;
            return Ok(Some(Self::Percent(percent)));
        }
        if text.chars().all(|c| c.is_ascii_digit()) {
            return Ok(Some(Self::Number(number(text, usize::MAX).ok_or("a number of nodes is 1 or more")?)));
        }
        let names = text.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Ok(Some(Self::Named(names)))
    }

    /// The places of those that are first among all nodes. Of a number those that answer are taken first: what does not answer
    /// shows nothing.
    ///
    /// # Errors
    /// In words, if nobody is left for later, or somebody that is named is not among them.
    pub fn pick(&self, nodes: &[Reached]) -> Result<Vec<usize>, String> {
        let most = |wanted: usize| {
            let (online, away): (Vec<usize>, Vec<usize>) = (0..nodes.len()).partition(|at| nodes[*at].online);
            online.into_iter().chain(away).take(wanted).collect::<Vec<_>>()
        };
        let mut first = match self {
            Self::Number(number) => most(*number),
            Self::Percent(percent) => most(nodes.len().saturating_mul(*percent).div_ceil(100)),
            Self::Named(names) => {
                let mut first = Vec::new();
                for name in names {
                    let is = |node: &Reached| node.id == *name || node.name == *name;
                    let before = first.len();
                    first.extend((0..nodes.len()).filter(|at| is(&nodes[*at])));
                    if first.len() == before {
                        return Err(format!("{} is none of the nodes of this command", clean(name)));
                    }
                }
                first
            }
        };
        first.sort_unstable();
        first.dedup();
        match nodes.len() {
            all if first.len() >= all => Err(format!("the command reaches {}: a canary is fewer", count(all, "node"))),
            _ => Ok(first),
        }
    }
}

/// The rest of a command, which waits for what comes of its canary, whatever is looked at. That it waits is written down, and
/// offered again by the next console where this one ends before that was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Staged {
    /// The number of the yes with which the canary was sent.
    number: u64,
    /// The commands of the canary, in each origin those that were accepted.
    canary: Vec<(Origin, Vec<String>)>,
    /// Those of the rest that were accepted since.
    after: Vec<(Origin, Vec<String>)>,
    /// The command as each origin is to have it, for the nodes that wait.
    rest: Vec<(Origin, ssm::SendCommand)>,
    /// The number of the yes with which the rest was sent, while not every origin has answered.
    sent: Option<u64>,
    /// The origins whose answer is not there yet.
    awaited: Vec<Origin>,
    /// Whether some of the rest was sent of which nobody knows whether it arrived.
    in_doubt: bool,
}

impl Staged {
    /// The rest of a command whose canary was agreed to, in these origins, with the yes of this number.
    pub fn new(number: u64, awaited: Vec<Origin>, rest: Vec<(Origin, ssm::SendCommand)>) -> Self {
        Self { number, canary: Vec::new(), after: Vec::new(), rest, sent: None, awaited, in_doubt: false }
    }

    /// Nodes that wait.
    pub fn waiting(&self) -> usize {
        self.rest.iter().map(|(_, part)| part.instance_ids.len()).sum()
    }

    /// The commands it takes to reach them.
    fn batches(&self) -> usize {
        self.rest.iter().map(|(_, part)| part.instance_ids.len().div_ceil(MOST_IDS)).sum()
    }

    /// Whether it is known as which commands the canary went out, in one origin at least.
    pub fn is_known(&self) -> bool {
        !self.canary.is_empty()
    }

    /// Whether the rest is being sent.
    pub fn is_under_way(&self) -> bool {
        self.sent.is_some()
    }

    /// Whether some of the rest was sent of which nobody knows whether it arrived.
    pub fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// An origin has answered, in whatever way.
    fn heard(&mut self, origin: Origin) {
        self.awaited.retain(|awaited| *awaited != origin);
        self.sent.take_if(|_| self.awaited.is_empty());
    }

    fn has(&self, origin: Origin, id: &str) -> bool {
        self.canary.iter().chain(&self.after).any(|(of, ids)| *of == origin && ids.iter().any(|known| known == id))
    }
}

impl State {
    /// What waits for the canary that a command is.
    pub fn staged(&self, origin: Origin, id: &str) -> Option<&Staged> {
        self.staged.iter().find(|staged| staged.has(origin, id))
    }

    /// What waits for the canary whose results are these.
    pub fn staged_of(&self, results: &Results) -> Option<&Staged> {
        self.staged(results.origin, &results.id)
    }

    /// Canaries whose rest waits.
    pub fn all_staged(&self) -> &[Staged] {
        &self.staged
    }

    /// Part of a command was accepted in an origin: of a canary, or of what waited for one. `silent`: what came after that part
    /// had no answer. What of the same command was accepted there before.
    pub(super) fn stage(
        &mut self,
        origin: Origin,
        commands: &[String],
        number: Option<u64>,
        silent: bool,
    ) -> Vec<String> {
        let of = |sent: u64| number.is_none_or(|number| number == sent);
        if let Some(staged) = self.staged.iter_mut().find(|staged| staged.sent.is_some_and(of)) {
            let taken = commands.len().saturating_mul(MOST_IDS);
            for (_, part) in staged.rest.iter_mut().filter(|(whose, _)| *whose == origin) {
                part.instance_ids.drain(..taken.min(part.instance_ids.len()));
            }
            staged.rest.retain(|(_, part)| !part.instance_ids.is_empty());
            staged.in_doubt |= silent;
            // What was not accepted waits again, with the reason told.
            staged.heard(origin);
            let before = staged.canary.iter().chain(&staged.after).filter(|(whose, _)| *whose == origin);
            let before = before.flat_map(|(_, ids)| ids.clone()).collect();
            staged.after.push((origin, commands.to_vec()));
            self.staged.retain(|staged| !staged.rest.is_empty());
            return before;
        }
        if let Some(staged) = self.staged.iter_mut().rev().find(|staged| of(staged.number)) {
            staged.canary.push((origin, commands.to_vec()));
            staged.heard(origin);
        }
        Vec::new()
    }

    /// A part of a command was refused in an origin, or had no answer. A canary that went nowhere has no rest; a rest waits
    /// again.
    pub(super) fn unstage(&mut self, origin: Origin, number: Option<u64>, silent: bool) {
        let of = |sent: u64| number.is_none_or(|number| number == sent);
        for staged in self.staged.iter_mut().filter(|staged| of(staged.sent.unwrap_or(staged.number))) {
            staged.in_doubt |= silent && staged.is_under_way();
            staged.heard(origin);
        }
        self.staged.retain(|staged| !staged.canary.is_empty() || !staged.awaited.is_empty());
    }

    /// The canary that is looked at: that of the results, or that under the cursor.
    fn staged_here(&self) -> Option<&Staged> {
        match (&self.commands.results, self.commands.current()) {
            (Some(results), _) => self.staged_of(results),
            (None, Some(listed)) => self.staged(listed.origin, listed.command.command_id.as_deref()?),
            (None, None) => None,
        }
    }

    /// What came of a canary, in words; and whether it ended well.
    pub fn canary_words(&self, staged: &Staged) -> (String, bool) {
        let ids = staged.canary.iter().flat_map(|(origin, ids)| ids.iter().map(move |id| (*origin, id)));
        let find = |(origin, id): (Origin, &String)| self.commands.list.iter().find(|listed| listed.is(origin, id));
        let known: Option<Vec<_>> = ids.map(|id| find(id).map(|listed| &listed.command)).collect();
        let Some(commands) = known.filter(|known| !known.is_empty()) else {
            return ("the canary has not ended".to_owned(), false);
        };
        let sum = |of: fn(&ssm::Command) -> Option<i32>| {
            usize::try_from(commands.iter().filter_map(|command| of(command)).map(i64::from).sum::<i64>()).unwrap_or(0)
        };
        let (nodes, errors) = (sum(|c| c.target_count), sum(|c| c.error_count));
        let outcomes: Vec<_> = commands.iter().map(|command| command_outcome(command)).collect();
        match outcomes.iter().min() {
            _ if outcomes.iter().any(|outcome| !outcome.is_final()) => ("the canary has not ended".to_owned(), false),
            Some(Outcome::Success) => (format!("the canary succeeded on {}", count(nodes, "node")), true),
            _ if errors > 0 => (format!("the canary failed on {errors} of {}", count(nodes, "node")), false),
            worst => (format!("the canary: {}", worst.map_or("", |outcome| outcome.word())), false),
        }
    }

    /// Asks whether the rest of the command shall be sent now. What did not go well is not answered by one key.
    pub(super) fn ask_rest(&mut self) {
        let Some(staged) = self.staged_here().cloned() else {
            return self.tell("No node waits for what comes of this command.");
        };
        if staged.is_under_way() {
            return self.tell("The rest is being sent.");
        }
        if let Some((origin, _)) = staged.rest.iter().find(|(origin, _)| self.origins.is_read_only(*origin)) {
            self.protects(*origin);
            return;
        }
        let (came, well) = self.canary_words(&staged);
        let nodes = staged.waiting();
        let mut lines = vec![format!("{came}; {} more", count(nodes, "node"))];
        if staged.batches() > 1 {
            let of =
                format!("{} of {MOST_IDS} ids at most, sent one after the other", count(staged.batches(), "command"));
            lines.push(of);
        }
        let part = |(origin, part): &(Origin, ssm::SendCommand)| (*origin, part.instance_ids.clone());
        let waiting: Vec<Part> = staged.rest.iter().map(part).collect();
        let targets = self.targets_of(nodes_of(&waiting));
        lines.extend(self.told_targets(&targets));
        let script = staged.rest.first().map(|(_, send)| script(send)).unwrap_or_default();
        lines.extend((!script.is_empty()).then(String::new));
        let send = |(origin, part): &(Origin, ssm::SendCommand)| (*origin, Change::Send(Box::new(part.clone())));
        let then = Then::Change(staged.rest.iter().map(send).collect());
        let mut question = Question::new("Send it to the rest?", lines, then).showing(script);
        if !well {
            question = question.typing(&nodes.to_string());
        }
        if staged.in_doubt {
            question = question.in_doubt();
        }
        question.rest_of = Some(staged.number);
        self.pose(question.about(targets));
    }

    /// The rest of the command is not sent.
    pub(super) fn drop_rest(&mut self) {
        match self.staged_here().map(|staged| (staged.number, staged.waiting(), staged.is_under_way())) {
            None => self.tell("No node waits for what comes of this command."),
            Some((_, _, true)) => self.tell("The rest is being sent."),
            Some((number, waiting, false)) => {
                self.staged.retain(|staged| staged.number != number);
                self.tell(format!("The other {} do not get it.", count(waiting, "node")));
            }
        }
    }

    /// The rest of a canary was agreed to, and is sent in these origins.
    pub(super) fn begin_rest(&mut self, number: u64, yes: u64, awaited: Vec<Origin>) {
        if let Some(staged) = self.staged.iter_mut().find(|staged| staged.number == number) {
            (staged.sent, staged.awaited) = (Some(yes), awaited);
        }
    }

    /// Tells that a canary has ended, and of what waits for it. `false` if these commands are none.
    pub(super) fn tell_of_canary(&mut self, origin: Origin, commands: &[ssm::Command], fx: &mut Vec<Effect>) -> bool {
        let ids = commands.iter().filter_map(|command| command.command_id.as_deref());
        let Some(staged) = ids.filter_map(|id| self.staged(origin, id)).find(|staged| !staged.is_under_way()) else {
            return false;
        };
        let (came, well) = self.canary_words(staged);
        let what = commands.first().map(summary).unwrap_or_default();
        let waiting = count(staged.waiting(), "node");
        let words = format!(
            "{}: {came}; {waiting} more wait for your word in its results.",
            crate::console::text::cut(&what, 40)
        );
        match well {
            true => self.tell(&words),
            false => self.warn(&words),
        }
        if self.pane != Pane::Commands {
            fx.push(Effect::Notify(clean(&words)));
        }
        true
    }
}

/// What a command runs, line by line, as it may be shown.
pub(super) fn script(send: &ssm::SendCommand) -> Vec<String> {
    let lines = send.parameters.iter().flat_map(|(name, values)| {
        let said = move |value: &String| if name == "commands" { value.clone() } else { format!("{name}: {value}") };
        values.iter().map(said).flat_map(|value| value.split('\n').map(str::to_owned).collect::<Vec<_>>())
    });
    lines.map(|line| format!("  {}", clean(&mask(&line)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes() -> Vec<Reached> {
        let node = |n: usize| Reached {
            origin: Origin::default(),
            id: format!("mi-{n}"),
            name: format!("web-{n}"),
            online: n != 0,
            is_first: false,
        };
        (0..10).map(node).collect()
    }

    #[test]
    fn a_canary_is_a_number_a_share_or_names() {
        let pick = |text: &str| Canary::parse(text).and_then(|canary| canary.expect("a canary").pick(&nodes()));
        assert_eq!(pick("2").unwrap(), [1, 2], "those that answer come first");
        assert_eq!(pick("11%").unwrap(), [1, 2], "rounded up");
        assert_eq!(pick("1 %").unwrap(), [1]);
        assert_eq!(pick("mi-3, web-0 web-3").unwrap(), [0, 3]);
        for wrong in ["0", "10", "100%", "0%", "web-77", "x%"] {
            assert!(pick(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Canary::parse(" ").unwrap(), None);
    }
}
