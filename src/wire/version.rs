//! Versions of agents and clients, which say what the other end may count on.

/// Agents after this one carry many connections of a forwarded port at a time; those up to it carry one.
pub const LAST_SINGLE_AGENT: [u64; 4] = [3, 0, 196, 0];
/// The same of clients.
pub const LAST_SINGLE_CLIENT: [u64; 4] = [1, 1, 69, u64::MAX];

/// Compares versions of four numbers. One of another form is not after anything.
pub fn is_after(version: &str, other: [u64; 4]) -> bool {
    let numbers: Option<Vec<u64>> = version.split('.').map(|part| part.parse().ok()).collect();
    numbers.is_some_and(|numbers| numbers.len() == other.len() && numbers.as_slice() > other.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart_by_number() {
        assert!(is_after("3.3.0.0", LAST_SINGLE_AGENT) && is_after("3.0.1000.0", LAST_SINGLE_AGENT));
        for version in ["3.0.196.0", "2.3.1550.0", "3.3.0", "", "new"] {
            assert!(!is_after(version, LAST_SINGLE_AGENT), "{version}");
        }
        assert!(is_after("1.1.70.0", LAST_SINGLE_CLIENT) && !is_after("1.1.69.0", LAST_SINGLE_CLIENT));
    }
}
