//! How often sessions were taken over from this machine. Each client that takes one over has to know of those before it.

use std::path::Path;

/// Sessions that are remembered; they last a day at most.
const REMEMBERED: usize = 100;

/// Notes that a session is taken over once more: which time it is, from 1. The file holds a line with a session's id and its
/// number for each.
pub(super) fn next(file: &Path, session: &str) -> std::io::Result<u32> {
    let known = crate::config::paths::read_optional(file)?.unwrap_or_default();
    let (mut lines, mut turn) = (Vec::new(), 1);
    for line in known.lines() {
        match line.split_once(' ') {
            Some((id, count)) if id == session => turn = count.parse::<u32>().unwrap_or(0).saturating_add(1),
            _ => lines.push(line.to_owned()),
        }
    }
    lines.push(format!("{session} {turn}"));
    let text = lines[lines.len().saturating_sub(REMEMBERED)..].join("\n");
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory)?;
    }
    std::fs::write(file, text + "\n")?;
    Ok(turn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_session_has_a_count_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state/attached");
        let turns = ["a", "b", "a", "a", "b"].map(|id| next(&file, id).unwrap());
        assert_eq!(turns, [1, 1, 2, 3, 2]);
        (0..200).for_each(|n| assert_eq!(next(&file, &format!("s{n}")).unwrap(), 1));
        assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), REMEMBERED);
    }
}
