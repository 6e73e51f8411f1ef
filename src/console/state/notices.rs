//! What is reported to the user: shown for a while, kept in a list.

use std::{collections::VecDeque, time::Duration};

use crate::{console::update::Trouble, ssm::Timestamp};

/// Messages kept.
const KEPT: usize = 500;
/// How long a message stands on the screen.
const SHOWN: Duration = Duration::from_secs(6);
/// How long an error does.
const SHOWN_ERROR: Duration = Duration::from_secs(15);

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Info,
    Warning,
    Error,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number, higher than those of all before it.
    pub number: u64,
    /// When it came.
    pub at: Timestamp,
    /// How much it matters.
    pub weight: Weight,
    /// What it says.
    pub trouble: Trouble,
    /// How often it came in a row.
    pub times: usize,
    /// What is under way, if it is about that; nothing once that has ended.
    under_way: Option<String>,
    /// Whether what it tells of has ended, so that it need not stand on the screen.
    is_over: bool,
    /// What the origin is called that it is about, where several are looked at.
    pub origin: Option<String>,
}

impl Notice {
    /// What it says, and of which origin.
    pub fn told(&self) -> String {
        match &self.origin {
            Some(origin) => format!("{origin}: {}", self.trouble.what),
            None => self.trouble.what.clone(),
        }
    }

    /// All of it, for who hands it on: when it was, what it says and what can be done.
    pub fn whole(&self) -> String {
        let advice = self.trouble.advice.as_ref().map(|advice| format!("\n{advice}")).unwrap_or_default();
        format!("{} {}{advice}", self.at.iso(), self.told())
    }

    fn until(&self) -> Timestamp {
        self.at.plus(if self.weight == Weight::Error { SHOWN_ERROR } else { SHOWN })
    }
}

/// All messages.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    list: VecDeque<Notice>,
    /// Messages that were added so far.
    added: u64,
    /// What the origin is called that messages are about just now.
    origin: Option<String>,
    dismissed: Option<Timestamp>,
}

impl Notices {
    /// Adds a message.
    pub fn add(&mut self, now: Timestamp, weight: Weight, trouble: Trouble) {
        let origin = self.origin.clone();
        let same = |last: &&mut Notice| {
            last.trouble == trouble && last.weight == weight && last.origin == origin && !last.is_over
        };
        if let Some(last) = self.list.back_mut().filter(same) {
            last.at = now;
            last.times += 1;
        } else {
            let (number, under_way, is_over) = (self.added, None, false);
            self.added += 1;
            self.list.push_back(Notice { number, at: now, weight, trouble, times: 1, under_way, is_over, origin });
        }
        if self.list.len() > KEPT {
            self.list.pop_front();
        }
        self.dismissed = None;
    }

    /// Adds that something is under way, by a name for it.
    pub fn begin(&mut self, now: Timestamp, work: String, trouble: Trouble) {
        self.add(now, Weight::Info, trouble);
        if let Some(last) = self.list.back_mut() {
            last.under_way = Some(work);
        }
    }

    /// Something that was under way has ended: that it is need not stand on the screen any more.
    pub fn end(&mut self, work: &str) {
        for notice in self.list.iter_mut().filter(|notice| notice.under_way.as_deref() == Some(work)) {
            (notice.under_way, notice.is_over) = (None, true);
        }
    }

    /// What was told of something that was under way did not come true: the last time it was told is taken back.
    pub fn take_back(&mut self, work: &str) {
        let of_work = |notice: &Notice| notice.under_way.as_deref() == Some(work);
        let Some(at) = self.list.iter().rposition(of_work) else { return };
        match self.list.get_mut(at) {
            Some(notice) if notice.times > 1 => notice.times -= 1,
            _ => _ = self.list.remove(at),
        }
    }

    /// Something that was under way has ended, and how is told next, which says all there is to say: that it was under way is
    /// not in the list any more.
    pub fn conclude(&mut self, work: &str) {
        self.list.retain(|notice| notice.under_way.as_deref() != Some(work));
    }

    /// What is added from now on is about an origin of this name, or about none.
    pub fn about(&mut self, origin: Option<String>) {
        self.origin = origin;
    }

    /// The messages that stand on the screen, the newest last.
    pub fn shown(&self, now: Timestamp) -> Vec<&Notice> {
        let fresh = |n: &&Notice| !n.is_over && n.until() > now && self.dismissed.is_none_or(|at| n.at > at);
        let mut shown: Vec<_> = self.list.iter().rev().filter(fresh).take(3).collect();
        shown.reverse();
        shown
    }

    /// Takes the shown messages off the screen. `true` if one of them was more than information: only then has the key
    /// done enough, because nobody looks for news to dismiss before going back.
    pub fn dismiss(&mut self, now: Timestamp) -> bool {
        let mattered = self.shown(now).iter().any(|notice| notice.weight != Weight::Info);
        self.dismissed = Some(now);
        mattered
    }

    /// When the next shown message goes away.
    pub fn deadline(&self, now: Timestamp) -> Option<Timestamp> {
        self.shown(now).iter().map(|notice| notice.until()).min()
    }

    /// Where the message of a number stands among all of them.
    pub fn place(&self, number: u64) -> Option<usize> {
        self.all().position(|notice| notice.number == number)
    }

    /// Every message, the newest first.
    pub fn all(&self) -> impl Iterator<Item = &Notice> {
        self.list.iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_is_told_until_its_end() {
        let (mut notices, now) = (Notices::default(), Timestamp::from_millis(0));
        notices.begin(now, "cancel c-1".to_owned(), Trouble::new("is being cancelled", None));
        notices.begin(now, "cancel c-2".to_owned(), Trouble::new("the other too", None));
        notices.end("cancel c-1");
        notices.add(now, Weight::Info, Trouble::new("was cancelled", None));
        let shown: Vec<_> = notices.shown(now).iter().map(|notice| notice.trouble.what.clone()).collect();
        assert_eq!(shown, ["the other too", "was cancelled"]);
        assert_eq!(notices.all().count(), 3, "what was told is still in the list");
    }

    #[test]
    fn what_did_not_come_true_is_nowhere() {
        let (mut notices, now) = (Notices::default(), Timestamp::from_millis(0));
        for told in ["copied a", "copied b", "copied b"] {
            notices.begin(now, "copy".to_owned(), Trouble::new(told, None));
        }
        let told = |notices: &Notices| {
            let all = notices.all().map(|notice| (notice.trouble.what.clone(), notice.times));
            all.collect::<Vec<_>>()
        };
        notices.take_back("copy");
        assert_eq!(told(&notices), [("copied b".to_owned(), 1), ("copied a".to_owned(), 1)]);
        notices.take_back("copy");
        assert_eq!(told(&notices), [("copied a".to_owned(), 1)]);
        notices.take_back("something else");
        assert_eq!(told(&notices).len(), 1);
    }

    #[test]
    fn what_came_to_an_end_that_is_told_is_one_message() {
        let (mut notices, now) = (Notices::default(), Timestamp::from_millis(0));
        notices.begin(now, "cancel c-1".to_owned(), Trouble::new("is being cancelled", None));
        notices.add(now, Weight::Info, Trouble::new("something else", None));
        notices.conclude("cancel c-1");
        notices.add(now, Weight::Info, Trouble::new("was cancelled", None));
        let all: Vec<_> = notices.all().map(|notice| notice.trouble.what.as_str()).collect();
        assert_eq!(all, ["was cancelled", "something else"]);
    }
}
