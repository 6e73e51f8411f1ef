//! Data that is fetched: where it stands and how old it is.

use std::{cell::Cell, time::Duration};

use crate::{
    console::{effect::Epoch, origin::Origin, update::Trouble},
    ssm::Timestamp,
};

/// A question that has brought nothing for so long is told to be without an answer, however long it is still waited for.
pub const SILENT: Duration = Duration::from_secs(5);

/// A question that has brought nothing for so long is put again.
const GIVEN_UP: Duration = Duration::from_secs(20);

/// The longest wait after an answer that did not come.
const RETRY: Duration = Duration::from_secs(5);

/// Between two answers passes this many times what the last one took: a list of hundreds of pages that is asked for again
/// and again would leave nothing of the account's rate to others.
const REST: u32 = 3;

/// Where fetched data stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nobody asked yet.
    #[default]
    Idle,
    /// An answer is on its way.
    Loading,
    /// The answer is whole.
    Ready,
    /// It did not come. What was there before is still there.
    Failed(Trouble),
}

/// The state of one source of data.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    /// Where it stands.
    pub phase: Phase,
    /// When the last whole answer came.
    pub at: Option<Timestamp>,
    /// When it was last asked for.
    pub asked: Option<Timestamp>,
    /// When the answer under way was last heard of: its question, or the last of its pages. Where the one before was given up,
    /// since when that was waited for.
    heard: Option<Timestamp>,
    /// When the last question was put; [`Feed::asked`] may be forgotten so that the next one is due.
    put: Option<Timestamp>,
    /// Whether the last question was given up.
    unheard: bool,
    /// Entries that came in the answer under way.
    pub landed: usize,
    number: u64,
    /// Whom the last question was put to.
    origin: Origin,
    /// Why the last answer did not come, until one does.
    failed: Option<Trouble>,
    /// How often it is wanted, as was asked last.
    every: Cell<Option<Duration>>,
    /// How long the last whole answer took, of each silence no more than [`SILENT`]: a service that hangs is not one that has much
    /// to say.
    took: Duration,
    /// The same of the answer under way.
    busy: Duration,
}

impl Feed {
    /// A feed whose questions have higher numbers than this, so that answers to those of another one are known as such.
    pub fn after(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// A question begins; its number.
    pub fn begin(&mut self, now: Timestamp) -> u64 {
        self.phase = Phase::Loading;
        self.heard = self.heard.filter(|_| std::mem::take(&mut self.unheard)).or(Some(now));
        (self.asked, self.put) = (Some(now), Some(now));
        (self.landed, self.busy) = (0, Duration::ZERO);
        self.number += 1;
        self.number
    }

    /// A question to an origin begins; its mark.
    pub fn begin_of(&mut self, origin: Origin, now: Timestamp) -> Epoch {
        self.origin = origin;
        Epoch { origin, number: self.begin(now), side: 0 }
    }

    /// Whether an answer is of the origin asked last, and belongs to the question asked last.
    pub fn is_current_of(&self, epoch: Epoch) -> bool {
        self.origin == epoch.origin && self.is_current(epoch.number)
    }

    /// The number of the question under way, which begins if there is none.
    pub fn expect(&mut self, now: Timestamp) -> u64 {
        match self.phase {
            Phase::Loading => self.number,
            _ => self.begin(now),
        }
    }

    /// Whether an answer belongs to the question asked last.
    pub fn is_current(&self, number: u64) -> bool {
        self.number == number && self.phase == Phase::Loading
    }

    /// A page came.
    pub fn land(&mut self, entries: usize, now: Timestamp) {
        self.landed += entries;
        self.count(now);
        self.heard = Some(now);
    }

    /// Adds what passed since something was heard to what the answer takes.
    fn count(&mut self, now: Timestamp) {
        let passed = self.heard.or(self.asked).map(|heard| now.since(heard)).unwrap_or_default();
        self.busy += passed.min(SILENT);
    }

    /// How long the last whole answer took. Of a silence no more counts than it takes to be one.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// How long nothing has come of the answer that is on its way.
    pub fn waited(&self, now: Timestamp) -> Option<Duration> {
        self.heard.filter(|_| self.is_loading()).map(|heard| now.since(heard))
    }

    /// Whether the answer under way is so late that nobody need wait for it.
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.waited(now).is_some_and(|waited| waited >= SILENT)
    }

    /// The same, of which an answer may take as long as it takes: those of nodes are no sign of the way to the service.
    #[must_use]
    pub fn patient(self) -> Self {
        Self { heard: None, ..self }
    }

    /// Since when nothing has come of the answer that is on its way.
    pub fn waits_since(&self) -> Option<Timestamp> {
        self.heard.filter(|_| self.is_loading())
    }

    /// When the question under way, or the last of its pages, is old enough for something.
    fn aged(&self, age: Duration) -> Option<Timestamp> {
        Some(self.waits_since()?.max(self.put?).plus(age))
    }

    /// The question may be put again at once; an answer that is very late is not waited for any longer.
    pub fn hurry(&mut self, now: Timestamp) {
        if self.aged(SILENT).is_some_and(|at| at <= now) {
            self.drop_question();
        }
        self.asked = None;
    }

    /// A question that has been waited for in vain for very long is put again.
    pub fn give_up(&mut self, now: Timestamp) {
        if self.gives_up_at().is_some_and(|at| at <= now) {
            self.drop_question();
            self.asked = None;
        }
    }

    /// When the question under way is put again.
    pub fn gives_up_at(&self) -> Option<Timestamp> {
        self.aged(GIVEN_UP)
    }

    /// The answer under way is nobody's any more.
    fn drop_question(&mut self) {
        self.phase = if self.at.is_some() { Phase::Ready } else { Phase::Idle };
        self.number += 1;
        self.unheard = true;
    }

    /// The same as far as it is known, and as late as another one.
    #[must_use]
    pub fn as_late_as(&self, late: &Self) -> Self {
        Self { at: self.at, landed: self.landed, ..late.clone() }
    }

    /// Whether the last question was put to this origin.
    pub fn is_of(&self, origin: Origin) -> bool {
        self.asked.is_some() && self.origin == origin
    }

    /// The answer ended. Answers to old questions change nothing and give `false`.
    pub fn end(&mut self, number: u64, result: Result<(), Trouble>, now: Timestamp) -> bool {
        if !self.is_current(number) {
            return false;
        }
        match result {
            Ok(()) => {
                self.phase = Phase::Ready;
                self.count(now);
                self.took = self.busy;
                self.at = Some(now);
                self.failed = None;
            }
            Err(trouble) => {
                self.failed = Some(trouble.clone());
                self.phase = Phase::Failed(trouble);
            }
        }
        true
    }

    /// Nothing is wanted any more; answers under way are dropped.
    pub fn forget(&mut self) {
        *self = Self { number: self.number + 1, ..Self::default() };
    }

    /// How old the data is.
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        self.at.map(|at| now.since(at))
    }

    /// Whether it is time to ask again: sooner if the last answer did not come.
    pub fn is_due(&self, now: Timestamp, every: Duration) -> bool {
        let rested = every.max(self.took.saturating_mul(REST + 1));
        let every = if self.trouble().is_some() { every.min(RETRY) } else { rested };
        self.every.set(Some(every));
        self.phase != Phase::Loading && self.asked.is_none_or(|asked| now.since(asked) >= every)
    }

    /// Nobody wants it until [`Feed::is_due`] is asked again.
    pub fn rest(&self) {
        self.every.set(None);
    }

    /// When it is time to ask again, if somebody wants it and no answer is on its way.
    pub fn due(&self) -> Option<Timestamp> {
        let every = self.every.get().filter(|_| self.phase != Phase::Loading)?;
        Some(self.asked?.plus(every))
    }

    /// Whether an answer is on its way.
    pub fn is_loading(&self) -> bool {
        self.phase == Phase::Loading
    }

    /// Why there is no new data. It stays while the question is put again: a line that is dead must not look alive in between.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.failed.as_ref()
    }
}

/// The state of a list that several origins are asked for, each at its own pace.
#[derive(Clone, Debug, Default)]
pub struct Feeds {
    list: Vec<(Origin, Feed)>,
    /// The origins of which it tells as a whole, where those are not all.
    among: Option<Vec<Origin>>,
}

impl Feeds {
    /// The part of an origin.
    pub fn of(&mut self, origin: Origin) -> &mut Feed {
        let at = match self.list.iter().position(|(of, _)| *of == origin) {
            Some(at) => at,
            None => {
                self.list.push((origin, Feed::default()));
                self.list.len() - 1
            }
        };
        &mut self.list[at].1
    }

    /// The part of an origin, if it was ever asked.
    pub fn get(&self, origin: Origin) -> Option<&Feed> {
        self.list.iter().find(|(of, _)| *of == origin).map(|(_, feed)| feed)
    }

    /// Whether it is time to ask an origin.
    pub fn is_due(&self, origin: Origin, now: Timestamp, every: Duration) -> bool {
        self.get(origin).is_none_or(|feed| feed.is_due(now, every))
    }

    /// Whether an origin gave a whole answer.
    pub fn is_known(&self, origin: Origin) -> bool {
        self.get(origin).is_some_and(|feed| feed.at.is_some())
    }

    /// What is told of as a whole.
    fn feeds(&self) -> impl Iterator<Item = &Feed> {
        let told = |origin: &Origin| self.among.as_ref().is_none_or(|among| among.contains(origin));
        self.list.iter().filter(move |(origin, _)| told(origin)).map(|(_, feed)| feed)
    }

    /// Tells as a whole of these origins alone, or of all.
    pub fn tell_of(&mut self, among: Option<&[Origin]>) {
        self.among = among.map(<[Origin]>::to_vec);
    }

    /// Takes over from another one where all of it stands. Which of it is told as a whole stays as it is in each.
    pub fn take_over(&mut self, from: &mut Self) {
        std::mem::swap(&mut self.list, &mut from.list);
    }

    /// Whether every origin that was asked gave a whole answer.
    pub fn are_known(&self) -> bool {
        let mut feeds = self.feeds().peekable();
        feeds.peek().is_some() && feeds.all(|feed| feed.at.is_some())
    }

    /// All of it as one: as old as its oldest part, failed only where every part has.
    pub fn all(&self) -> Feed {
        let feeds = || self.feeds();
        if let (Some(one), None) = (feeds().next(), feeds().nth(1)) {
            return one.clone();
        }
        let failed = feeds().all(|feed| feed.trouble().is_some());
        let sound = || feeds().filter(|feed| failed || feed.trouble().is_none());
        let rank =
            |phase: &&Phase| [Phase::Ready, Phase::Idle, Phase::Loading].iter().position(|known| known == *phase);
        // Of several that failed, the next try is the first that is due.
        let next = feeds().filter(|_| failed).filter_map(|feed| Some((feed.due()?, feed))).min_by_key(|(at, _)| *at);
        let next = next.map(|(_, feed)| feed);
        Feed {
            phase: sound().map(|feed| &feed.phase).max_by_key(rank).cloned().unwrap_or_default(),
            at: sound().filter_map(|feed| feed.at).min(),
            asked: next.map_or_else(|| feeds().filter_map(|feed| feed.asked).max(), |feed| feed.asked),
            // Where one answered, it is not the whole that is silent.
            heard: sound().all(Feed::is_loading).then(|| sound().filter_map(|feed| feed.heard).max()).flatten(),
            landed: sound().filter(|feed| feed.is_loading()).map(|feed| feed.landed).sum(),
            number: 0,
            origin: Origin::default(),
            failed: feeds().find_map(|feed| feed.failed.clone()).filter(|_| failed),
            every: next.map(|feed| feed.every.clone()).unwrap_or_default(),
            ..Feed::default()
        }
    }

    /// The origins whose answer did not come, and why.
    pub fn troubles(&self) -> impl Iterator<Item = (Origin, &Trouble)> {
        self.list.iter().filter_map(|(origin, feed)| Some((*origin, feed.trouble()?)))
    }

    /// Nothing is wanted any more; answers under way are dropped.
    pub fn forget(&mut self) {
        self.list.iter_mut().for_each(|(_, feed)| feed.forget());
    }

    /// Forgets what is not of these origins.
    pub fn keep(&mut self, scope: &[Origin]) {
        self.list.retain(|(origin, _)| scope.contains(origin));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_answers_are_dropped() {
        let now = Timestamp::from_millis(1_000);
        let mut feed = Feed::default();
        let old = feed.begin(now);
        let new = feed.begin(now);
        assert!(!feed.end(old, Ok(()), now));
        assert!(feed.is_loading());
        assert!(feed.end(new, Err(Trouble::new("no", None)), now));
        assert_eq!(feed.age(now), None);
        feed.begin(now);
        assert!(feed.trouble().is_some(), "until an answer comes");
        assert!(feed.end(new + 1, Err(Trouble::new("no", None)), now));
        assert!(!feed.is_due(now, Duration::from_secs(1)));
        assert_eq!(feed.due(), Some(now.plus(Duration::from_secs(1))));
        assert!(feed.is_due(now.plus(Duration::from_secs(1)), Duration::from_secs(1)));
    }

    #[test]
    fn what_takes_long_is_asked_for_less_often() {
        let (begun, every) = (Timestamp::from_millis(1_000), Duration::from_secs(15));
        let mut feed = Feed::default();
        let epoch = feed.begin(begun);
        let whole = begun.plus(Duration::from_secs(20));
        (1..20).for_each(|second| feed.land(50, begun.plus(Duration::from_secs(second))));
        feed.end(epoch, Ok(()), whole);
        assert!(!feed.is_due(whole.plus(Duration::from_secs(59)), every));
        assert!(feed.is_due(whole.plus(Duration::from_secs(60)), every));
        // Whoever asks for it by hand gets it.
        feed.asked = None;
        assert!(feed.is_due(whole, every));
    }

    #[test]
    fn a_list_whose_pages_come_slowly_is_asked_for_less_often_too() {
        let (begun, every) = (Timestamp::from_millis(1_000), Duration::from_secs(15));
        let mut feed = Feed::default();
        let epoch = feed.begin(begun);
        (1..=20).for_each(|page| feed.land(50, begun.plus(Duration::from_secs(page * 6))));
        let whole = begun.plus(Duration::from_secs(120));
        feed.end(epoch, Ok(()), whole);
        assert!(!feed.is_due(whole.plus(Duration::from_secs(200)), every), "it would be asked for all the time");
        assert!(feed.is_due(whole.plus(Duration::from_secs(280)), every));
    }

    #[test]
    fn what_hung_is_asked_for_as_often_as_before() {
        let (begun, every) = (Timestamp::from_millis(1_000), Duration::from_secs(5));
        let mut feed = Feed::default();
        let epoch = feed.begin(begun);
        let whole = begun.plus(Duration::from_secs(20));
        feed.end(epoch, Ok(()), whole);
        assert!(feed.is_due(whole, every), "the service hung for twenty seconds; it had nothing to say");
    }

    #[test]
    fn an_answer_that_does_not_come_is_told_and_need_not_be_waited_for() {
        let (begun, every) = (Timestamp::from_millis(1_000), Duration::from_secs(15));
        let at = |seconds| begun.plus(Duration::from_secs(seconds));
        let mut feed = Feed::default();
        let epoch = feed.begin(begun);
        assert!(!feed.is_silent(at(4)) && feed.is_silent(at(5)));
        // A list that is still coming is slow and not silent.
        feed.land(50, at(4));
        assert_eq!((feed.is_silent(at(8)), feed.waited(at(10))), (false, Some(Duration::from_secs(6))));
        feed.hurry(at(8));
        assert!(!feed.is_due(at(8), every), "its answer is on its way");
        feed.hurry(at(10));
        assert!(feed.is_due(at(10), every) && !feed.end(epoch, Ok(()), at(11)));
        assert_eq!(feed.waited(at(11)), None);
    }

    #[test]
    fn a_question_without_an_answer_is_put_again_and_waited_for_since_the_first() {
        let at = |seconds| Timestamp::from_millis(1_000).plus(Duration::from_secs(seconds));
        let mut feed = Feed::default();
        let first = feed.begin(at(0));
        feed.give_up(at(19));
        assert!(feed.is_current(first));
        assert_eq!(feed.gives_up_at(), Some(at(20)));
        feed.give_up(at(20));
        assert!(!feed.is_current(first) && feed.is_due(at(20), Duration::from_secs(60)));
        let second = feed.begin(at(20));
        assert_eq!((feed.waited(at(21)), feed.gives_up_at()), (Some(Duration::from_secs(21)), Some(at(40))));
        feed.hurry(at(21));
        assert!(feed.is_current(second), "it has just been put");
        feed.land(1, at(22));
        assert_eq!(feed.waited(at(23)), Some(Duration::from_secs(1)));
        assert!(feed.end(second, Ok(()), at(23)));
        feed.begin(at(30));
        assert_eq!(feed.waited(at(31)), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_failure_is_asked_again_soon() {
        let (now, every) = (Timestamp::from_millis(1_000), Duration::from_secs(60));
        let mut feed = Feed::default();
        let epoch = feed.begin(now);
        feed.end(epoch, Err(Trouble::new("no", None)), now);
        assert!(!feed.is_due(now.plus(Duration::from_secs(4)), every));
        assert!(feed.is_due(now.plus(RETRY), every));
        let epoch = feed.begin(now);
        feed.end(epoch, Ok(()), now);
        assert!(!feed.is_due(now.plus(RETRY), every));
    }
}
