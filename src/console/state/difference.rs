//! What becomes of a text when it is written anew, as a question says it.

use super::viewer::{Tone, diff};
use crate::console::text::{clean, count};

/// The lines that differ with their signs, and those around them. Clean.
pub fn told(old: &str, new: &str) -> Vec<String> {
    let lines = |text: &str| text.split('\n').map(clean).collect::<Vec<_>>();
    let sign = |tone| match tone {
        Tone::Added => '+',
        Tone::Removed => '-',
        _ => ' ',
    };
    diff(&lines(old), &lines(new)).into_iter().map(|(tone, line)| format!("{} {line}", sign(tone))).collect()
}

/// How much differs, without a character of either: `1 line of 3 differs, 34 → 36 characters`.
pub fn measured(old: &str, new: &str) -> String {
    if old == new {
        return "the new value is the old one".to_owned();
    }
    let lines = |text: &str| text.split('\n').map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (lines(old), lines(new));
    let changed = diff(&before, &after);
    let of = |tone: Tone| changed.iter().filter(|(of, _)| *of == tone).count();
    let differ = of(Tone::Added).max(of(Tone::Removed));
    let verb = if differ == 1 { "differs" } else { "differ" };
    let all = before.len().max(after.len());
    let characters = |text: &str| text.chars().count();
    format!("{} of {all} {verb}, {} → {} characters", count(differ, "line"), characters(old), characters(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_with_signs_or_only_measured() {
        assert_eq!(told("a\nb\n\u{1b}[2J", "a\nc\n\u{1b}[2J"), ["  a", "- b", "+ c", "  "]);
        assert_eq!(measured("hunter2\nb", "hunter22\nb"), "1 line of 2 differs, 9 → 10 characters");
        assert_eq!(measured("a", "b\nc"), "2 lines of 2 differ, 1 → 3 characters");
        assert_eq!(measured("a", "a"), "the new value is the old one");
    }
}
