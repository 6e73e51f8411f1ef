//! Words for the shell of a node, or of whoever reads a command line.

/// A word as a POSIX shell reads it back; one that needs no quotes stays as it is.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_needs_no_quotes_has_none() {
        for (word, expected) in
            [("/var/log", "/var/log"), ("", "''"), ("it's", r"'it'\''s'"), ("~", "'~'"), ("a b", "'a b'")]
        {
            assert_eq!(quoted(word), expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_shell_reads_back_what_was_quoted(words in proptest::collection::vec("[ -~\n\tä]{0,12}", 1..20)) {
            let line: String = words.iter().map(|word| format!(" {}", quoted(word))).collect();
            let script = format!("printf '%s\\0'{line}; x={}; printf '%s\\0' \"$x\"", quoted(&words[0]));
            let run = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            let read: String = words.iter().chain([&words[0]]).map(|word| format!("{word}\0")).collect();
            prop_assert_eq!(String::from_utf8(run.stdout).unwrap(), read);
        }
    }
}
