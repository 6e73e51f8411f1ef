//! Tab stops, where a program set other ones than every eight columns.

use super::core::Size;

const EVERY: u16 = 8;
const COLUMNS: usize = 500;

/// The stops. `None` inside stands for the usual ones, which the model has too.
#[derive(Clone, Debug, Default)]
pub(super) struct Tabs(Option<Box<[bool; COLUMNS]>>);

impl Tabs {
    /// Whether they are as the model has them.
    pub fn are_usual(&self) -> bool {
        self.0.is_none()
    }

    /// Sets a stop, or takes it away.
    pub fn set(&mut self, column: u16, stop: bool) {
        let stops = self.0.get_or_insert_with(|| {
            let mut stops = Box::new([false; COLUMNS]);
            stops.iter_mut().step_by(usize::from(EVERY)).for_each(|stop| *stop = true);
            stops
        });
        if let Some(at) = stops.get_mut(usize::from(column)) {
            *at = stop;
        }
    }

    /// Takes all stops away.
    pub fn clear(&mut self) {
        self.0 = Some(Box::new([false; COLUMNS]));
    }

    fn is_stop(&self, column: u16) -> bool {
        match &self.0 {
            Some(stops) => stops.get(usize::from(column)).copied().unwrap_or(false),
            None => column.is_multiple_of(EVERY),
        }
    }

    /// The column so many stops on, or the last one.
    pub fn on(&self, column: u16, count: u16, size: Size) -> u16 {
        let last = size.columns() - 1;
        let mut stops = (column + 1..=last).filter(|column| self.is_stop(*column));
        stops.nth(usize::from(count.max(1)) - 1).unwrap_or(last)
    }

    /// The column so many stops back, or the first one.
    pub fn back(&self, column: u16, count: u16) -> u16 {
        let mut stops = (0..column).rev().filter(|column| self.is_stop(*column));
        stops.nth(usize::from(count.max(1)) - 1).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_are_set_and_cleared() {
        let size = Size::new(24, 80);
        let mut tabs = Tabs::default();
        assert_eq!((tabs.on(0, 1, size), tabs.on(8, 2, size), tabs.on(72, 1, size)), (8, 24, 79));
        assert_eq!((tabs.back(9, 1), tabs.back(8, 1), tabs.back(3, 9)), (8, 0, 0));
        tabs.set(8, false);
        tabs.set(11, true);
        assert_eq!((tabs.on(0, 1, size), tabs.on(11, 1, size)), (11, 16));
        tabs.clear();
        assert_eq!((tabs.on(0, 1, size), tabs.back(70, 1)), (79, 0));
    }
}
