//! Numbers as pictures of one line: a course in time, a share of a whole. Each has a twin in ASCII, and none needs colour.

use super::Look;

/// The steps of a bar's height, from nothing to full.
const HEIGHTS: [(&str, &str); 8] =
    [("▁", "_"), ("▂", "."), ("▃", ":"), ("▄", "-"), ("▅", "="), ("▆", "+"), ("▇", "*"), ("█", "#")];
/// The last cell of a meter, in eighths.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// The course of values, one cell each, the newest at the right and the oldest left out where there is no room. The scale
/// begins at nothing and ends at `top`, or at the largest value shown if none is given. What is no number is a gap.
#[allow(dead_code, reason = "the courses of a node's live figures are its first user")]
pub(in crate::console::draw) fn sparkline(look: &Look, values: &[f64], top: Option<f64>, width: usize) -> String {
    let shown = &values[values.len().saturating_sub(width)..];
    let largest = shown.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
    let top = top.filter(|top| top.is_finite() && *top > 0.0).unwrap_or(largest);
    let mut line = " ".repeat(width.saturating_sub(shown.len()));
    line.extend(shown.iter().map(|value| {
        if !value.is_finite() {
            return " ";
        }
        let share = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
        let (sign, ascii) = HEIGHTS[step(share, HEIGHTS.len() - 1)];
        look.sign(sign, ascii)
    }));
    line
}

/// A share of a whole from 0 to 1, as a bar of exactly this many cells. What is more than nothing shows, and what is less
/// than all leaves a gap.
#[allow(dead_code, reason = "as above")]
pub(in crate::console::draw) fn meter(look: &Look, share: f64, width: usize) -> String {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let parts = if look.ascii { width } else { width.saturating_mul(EIGHTHS.len()) };
    let mut filled = step(share, parts);
    if share > 0.0 && share < 1.0 {
        filled = filled.clamp(1.min(parts), parts.saturating_sub(1).max(1).min(parts));
    }
    if look.ascii {
        return "#".repeat(filled) + &".".repeat(width - filled);
    }
    let (whole, rest) = (filled / EIGHTHS.len(), filled % EIGHTHS.len());
    let empty = width - whole - usize::from(rest > 0);
    "█".repeat(whole) + EIGHTHS[rest] + &" ".repeat(empty)
}

/// A share from 0 to 1 in steps from 0 to `most`.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]
fn step(share: f64, most: usize) -> usize {
    // The share is no less than nothing and no more than one, so the product is within 0 and `most`.
    ((share * most as f64).round() as usize).min(most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{config::theme::Theme, console::text};

    fn look(ascii: bool) -> Look {
        Look { theme: Theme::shipped("dark"), ascii }
    }

    #[test]
    fn the_newest_value_stands_at_the_right() {
        let values = [0.0, 1.0, 2.0, 4.0, 8.0];
        assert_eq!(sparkline(&look(false), &values, None, 8), "   ▁▂▃▅█");
        assert_eq!(sparkline(&look(false), &values, None, 2), "▅█");
        assert_eq!(sparkline(&look(true), &values, None, 5), "_.:=#");
        assert_eq!(sparkline(&look(false), &[50.0, f64::NAN, 100.0, 700.0], Some(100.0), 4), "▅ ██");
        assert_eq!(sparkline(&look(false), &[0.0, 0.0], None, 2), "▁▁");
    }

    #[test]
    fn a_meter_shows_that_it_is_not_empty_and_not_full() {
        assert_eq!(meter(&look(false), 0.5, 5), "██▌  ");
        assert_eq!(meter(&look(false), 0.001, 5), "▏    ");
        assert_eq!(meter(&look(false), 0.999, 5), "████▉");
        assert_eq!(meter(&look(false), 1.0, 5), "█████");
        assert_eq!(meter(&look(true), 0.999, 5), "####.");
        assert_eq!(meter(&look(true), 0.001, 5), "#....");
        assert_eq!(meter(&look(true), 0.0, 5), ".....");
    }

    proptest! {
        #[test]
        fn charts_are_as_wide_as_they_are_told(
            values in proptest::collection::vec(any::<f64>(), 0..40),
            share in any::<f64>(),
            width in 0usize..60,
            ascii in any::<bool>(),
        ) {
            let look = look(ascii);
            for line in [sparkline(&look, &values, None, width), sparkline(&look, &values, Some(share), width), meter(&look, share, width)] {
                prop_assert_eq!(text::width(&line), width);
                prop_assert!(!ascii || line.is_ascii());
            }
        }
    }
}
