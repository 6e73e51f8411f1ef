//! What a node is busy with, and what it was in the last minutes.

use std::collections::VecDeque;

use crate::console::probe::{
    overview::{Interface, Sample},
    usage::Mount,
};

/// Samples that are kept.
const KEPT: usize = 300;

/// Rates of a network interface, in bytes a second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rate {
    /// `eth0`.
    pub name: String,
    /// What comes.
    pub received: u64,
    /// What goes.
    pub sent: u64,
}

/// One point of the past.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Time the processors worked, in percent.
    pub cpu: f64,
    /// Memory that programs have, in percent.
    pub memory: f64,
    /// Bytes that came in a second.
    pub received: u64,
    /// Bytes that went in a second.
    pub sent: u64,
}

/// The load of a node.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// The last sample.
    pub sample: Option<Sample>,
    /// Shares of the processors' time since the sample before: programs, kernel, waiting, stolen.
    pub cpu: Option<[f64; 4]>,
    /// The interfaces, the busiest first.
    pub rates: Vec<Rate>,
    /// The last file systems that were told.
    pub mounts: Vec<Mount>,
    /// The past, the newest last.
    pub past: VecDeque<Point>,
}

impl Load {
    /// Takes a sample. Rates need the one before; a node that was started again has none.
    pub fn take(&mut self, mut sample: Sample) {
        if let Some(mounts) = sample.mounts.take() {
            self.mounts = mounts;
        }
        let before = self.sample.replace(sample);
        let (Some(now), Some(before)) = (&self.sample, before) else { return };
        let seconds = now.uptime.saturating_sub(before.uptime).as_secs_f64();
        if seconds <= 0.0 {
            (self.cpu, self.rates) = (None, Vec::new());
            self.past.clear();
            return;
        }
        let shares = now.cpu.since(&before.cpu);
        self.cpu = Some(shares);
        let rate = |interface: &Interface| {
            let old = before.interfaces.iter().find(|old| old.name == interface.name)?;
            let per_second = |now: u64, old: u64| (now.saturating_sub(old) as f64 / seconds) as u64;
            Some(Rate {
                name: interface.name.clone(),
                received: per_second(interface.received, old.received),
                sent: per_second(interface.sent, old.sent),
            })
        };
        self.rates = now.interfaces.iter().filter_map(rate).collect();
        let busy = |rate: &Rate| std::cmp::Reverse(rate.received.saturating_add(rate.sent));
        self.rates.sort_by_key(busy);
        let sum = |part: fn(&Rate) -> u64| self.rates.iter().map(part).fold(0, u64::saturating_add);
        self.past.push_back(Point {
            cpu: shares.iter().sum(),
            memory: now.memory.percent().into(),
            received: sum(|rate| rate.received),
            sent: sum(|rate| rate.sent),
        });
        if self.past.len() > KEPT {
            self.past.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sample(uptime: u64, received: u64) -> Sample {
        Sample {
            uptime: Duration::from_secs(uptime),
            interfaces: vec![Interface { name: "eth0".to_owned(), received, sent: 0 }],
            ..Sample::default()
        }
    }

    #[test]
    fn rates_are_by_the_nodes_own_clock() {
        let mut load = Load::default();
        load.take(sample(100, 1_000));
        assert!(load.rates.is_empty() && load.past.is_empty());
        load.take(sample(104, 9_000));
        assert_eq!(load.rates[0].received, 2_000);
        // The node was started again.
        load.take(sample(3, 10));
        assert!(load.rates.is_empty() && load.cpu.is_none() && load.past.is_empty());
        for n in 0..1_000 {
            load.take(sample(10 + n, 10));
        }
        assert_eq!(load.past.len(), KEPT);
    }
}
