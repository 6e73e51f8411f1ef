//! Splits a command into words as a shell would, without expanding anything.

/// The words of a command line. The error is a sentence.
pub fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('\'') => break,
                        Some(letter) => word.push(letter),
                        None => return Err(unclosed(line)),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('"') => break,
                        Some('\\') => match letters.next() {
                            Some(letter @ ('"' | '\\' | '$' | '`')) => word.push(letter),
                            Some('\n') => {}
                            Some(letter) => word.extend(['\\', letter]),
                            None => return Err(unclosed(line)),
                        },
                        Some(letter) => word.push(letter),
                        None => return Err(unclosed(line)),
                    }
                }
            }
            '\\' => match letters.next() {
                Some('\n') => {}
                Some(letter) => word.get_or_insert_default().push(letter),
                None => word.get_or_insert_default().push('\\'),
            },
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Ok(words)
}

fn unclosed(line: &str) -> String {
    format!("the command has a quote without its end: {line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_hold_words_together() {
        for (line, words) in [
            ("echo hi", vec!["echo", "hi"]),
            ("  a\t b\n", vec!["a", "b"]),
            ("sh -c \"echo 'x y' | cat\"", vec!["sh", "-c", "echo 'x y' | cat"]),
            (r#"a'b 'c" d\" e\n""#, vec![r#"ab c d" e\n"#]),
            (r"a\ b ; c", vec!["a b", ";", "c"]),
            ("'' x", vec!["", "x"]),
            ("", vec![]),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
        assert!(split("echo 'x").is_err() && split("echo \"x\\").is_err());
    }
}
