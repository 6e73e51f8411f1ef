//! Equal results are shown once, with the nodes that gave them. What went wrong comes first, then the few before the many.

use std::io::{self, Write};

use super::outcome::Outcome;
use crate::{
    cli::{output::program_output, talk},
    console::{state::node::natural, text},
};

/// Writes the groups, and in the end says how it went.
pub(super) fn print(out: &mut impl Write, terminal: bool, outcomes: &[Outcome]) -> io::Result<()> {
    for (at, group) in groups(outcomes).iter().enumerate() {
        let Some(first) = group.first() else { continue };
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "== {}", heading(group, first))?;
        stream(out, terminal, &first.stdout)?;
        if !first.stderr.is_empty() {
            writeln!(out, "-- standard error")?;
            stream(out, terminal, &first.stderr)?;
        }
    }
    for outcome in outcomes {
        outcome.notes.iter().for_each(|note| talk::say(&format!("fleetdeck: {}: {note}", outcome.name)));
    }
    talk::say(&verdict(outcomes));
    Ok(())
}

fn stream(out: &mut impl Write, terminal: bool, bytes: &[u8]) -> io::Result<()> {
    program_output(out, terminal, bytes)?;
    match bytes.last() {
        Some(last) if !terminal && *last != b'\n' => writeln!(out),
        _ => Ok(()),
    }
}

/// The nodes with the same result, whatever white space ends their output.
fn groups(outcomes: &[Outcome]) -> Vec<Vec<&Outcome>> {
    let mut groups: Vec<Vec<&Outcome>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for outcome in outcomes {
        let streams = (outcome.stdout.trim_ascii_end(), outcome.stderr.trim_ascii_end());
        let place = *places.entry((&outcome.details, outcome.code, streams)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(outcome),
            None => groups.push(vec![outcome]),
        }
    }
    for group in &mut groups {
        group.sort_by(|a, b| natural(&a.name, &b.name).then_with(|| a.id.cmp(&b.id)));
    }
    groups.sort_by_key(|group| group.first().map(|first| (first.success, group.len(), first.name.clone())));
    groups
}

fn heading(group: &[&Outcome], first: &Outcome) -> String {
    let names: Vec<_> = group.iter().map(|outcome| outcome.name.as_str()).collect();
    let code = first.code.filter(|code| *code >= 0).map(|code| format!(", exit code {code}")).unwrap_or_default();
    let count = if group.len() > 1 { format!(" ({})", text::count(group.len(), "node")) } else { String::new() };
    format!("{}{count}: {}{code}", names.join(", "), first.details)
}

fn verdict(outcomes: &[Outcome]) -> String {
    let good = outcomes.iter().filter(|outcome| outcome.success).count();
    let all = text::count(outcomes.len(), "node");
    match outcomes.len() - good {
        0 => format!("{all}: all succeeded"),
        bad => format!("{all}: {} succeeded, {} did not", text::thousands(good), text::thousands(bad)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(name: &str, code: i32, stdout: &str) -> Outcome {
        let details = if code == 0 { "Success" } else { "Failed" };
        Outcome {
            id: format!("mi-{name}"),
            name: name.to_owned(),
            success: code == 0,
            details: details.to_owned(),
            code: Some(code),
            stdout: stdout.to_owned().into(),
            ..Outcome::default()
        }
    }

    #[test]
    fn equal_results_stand_together_and_odd_ones_first() {
        let outcomes = [
            outcome("web-10", 0, "up\n"),
            outcome("web-1", 0, "up"),
            outcome("db-1", 0, "down\n"),
            outcome("web-2", 0, "up\n"),
            outcome("cache-1", 7, ""),
        ];
        let groups = groups(&outcomes);
        let headings: Vec<_> = groups.iter().map(|group| heading(group, group[0])).collect();
        assert_eq!(
            headings,
            [
                "cache-1: Failed, exit code 7",
                "db-1: Success, exit code 0",
                "web-1, web-2, web-10 (3 nodes): Success, exit code 0",
            ]
        );
        assert_eq!(verdict(&outcomes), "5 nodes: 4 succeeded, 1 did not");
    }

    #[test]
    fn an_exit_code_that_never_was_is_not_shown() {
        let away = Outcome { details: "Delivery Timed Out".into(), code: Some(-1), ..outcome("away", 1, "") };
        assert_eq!(heading(&[&away], &away), "away: Delivery Timed Out");
    }
}
