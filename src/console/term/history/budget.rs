//! One limit over the lines of all shells.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, Weak,
    atomic::{AtomicUsize, Ordering},
};

use super::History;

/// Bytes of scrollback in this process.
const LIMIT: usize = 256 * 1024 * 1024;

static EVERY_SHELL: Budget = Budget { limit: LIMIT, used: AtomicUsize::new(0), members: Mutex::new(Vec::new()) };

/// What all members use together, and who they are.
struct Budget {
    limit: usize,
    used: AtomicUsize,
    members: Mutex<Vec<Weak<Member>>>,
}

struct Member {
    lines: Mutex<History>,
    /// What of the budget is booked for this one.
    booked: AtomicUsize,
    budget: &'static Budget,
}

impl Member {
    fn lock(&self) -> MutexGuard<'_, History> {
        // What is kept is whole between any two lines, so a panic elsewhere does no harm to it.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Books what is used now.
    fn book(&self, bytes: usize) {
        let before = self.booked.swap(bytes, Ordering::Relaxed);
        self.budget.used.fetch_add(bytes.wrapping_sub(before), Ordering::Relaxed);
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.book(0);
    }
}

/// The lines of one shell, under the limit that all share.
#[derive(Clone)]
pub(in crate::console::term) struct Shared(Arc<Member>);

impl Shared {
    /// Keeps at most so many lines.
    pub fn new(lines: usize) -> Self {
        Self::within(&EVERY_SHELL, lines)
    }

    fn within(budget: &'static Budget, lines: usize) -> Self {
        let member = Arc::new(Member { lines: Mutex::new(History::new(lines)), booked: AtomicUsize::new(0), budget });
        let mut members = budget.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.retain(|member| member.strong_count() > 0);
        members.push(Arc::downgrade(&member));
        Self(member)
    }

    /// The lines. Not to be held while [`settle`](Self::settle) is called.
    pub fn lock(&self) -> MutexGuard<'_, History> {
        self.0.lock()
    }

    /// Books what these lines use now. If all together use too much, whoever has most gives up its oldest.
    pub fn settle(&self) {
        let bytes = self.lock().bytes();
        self.0.book(bytes);
        let budget = self.0.budget;
        if budget.used.load(Ordering::Relaxed) <= budget.limit {
            return;
        }
        let members = budget.members.lock().unwrap_or_else(PoisonError::into_inner);
        let members: Vec<_> = members.iter().filter_map(Weak::upgrade).collect();
        while budget.used.load(Ordering::Relaxed) > budget.limit {
            let largest = members.iter().max_by_key(|member| member.booked.load(Ordering::Relaxed));
            let Some(largest) = largest else { return };
            let mut lines = largest.lock();
            let shed = lines.shed();
            largest.book(lines.bytes());
            if !shed {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::term::style::Style;

    #[test]
    fn the_largest_gives_way() {
        static BUDGET: Budget = Budget { limit: 400_000, used: AtomicUsize::new(0), members: Mutex::new(Vec::new()) };
        let fill = |shell: &Shared, lines| {
            for _ in 0..lines {
                shell.lock().push([("x".repeat(100).as_str(), Style::default())], false);
                shell.settle();
            }
        };
        let (idle, busy) = (Shared::within(&BUDGET, 10_000), Shared::within(&BUDGET, 10_000));
        fill(&idle, 3_000);
        let alone = idle.lock().len();
        fill(&busy, 3_000);
        let (idle_lines, busy_lines) = (idle.lock().len(), busy.lock().len());
        assert_eq!(alone, 3_000);
        assert!(idle_lines < 2_500 && busy_lines > 1_000, "{idle_lines} {busy_lines}");
        assert!(BUDGET.used.load(Ordering::Relaxed) <= 400_000);
        drop((idle, busy));
        assert_eq!(BUDGET.used.load(Ordering::Relaxed), 0);
    }
}
