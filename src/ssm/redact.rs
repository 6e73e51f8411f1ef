//! What must not be shown: names that announce a secret, and text that carries one.

use std::sync::LazyLock;

use regex::Regex;

/// What stands where a secret stood.
pub const MASK: &str = "••••••••";

static SECRET_NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(pass(word|wd|phrase)?|secret|token|credential|api[_-]?key|private[_-]?key|access[_-]?key|auth)")
        .ok()
});

static SECRET_TEXT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?ix)
        \b(AKIA|ASIA)[A-Z0-9]{16}\b
        | (?P<name>(?:--?)?[\w-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key)[\w-]*\s*[=:]\s*)(?P<value>"[^"]*"|'[^']*'|[^\s'"]+)
        | (?P<flag>--?(?:password|token|secret)\s+)(?P<word>"[^"]*"|'[^']*'|[^\s'"]+)
        "#,
    )
    .ok()
});

/// Whether a name (of a parameter, of an environment variable) says that its value is a secret.
pub fn is_secret_name(name: &str) -> bool {
    SECRET_NAME.as_ref().is_none_or(|regex| regex.is_match(name))
}

/// A text with everything that looks like a secret masked: `--password x`, `TOKEN=x`, access keys.
pub fn mask(text: &str) -> String {
    let Some(regex) = SECRET_TEXT.as_ref() else { return MASK.to_owned() };
    regex
        .replace_all(text, |found: &regex::Captures<'_>| {
            let kept = found.name("name").or_else(|| found.name("flag")).map_or("", |m| m.as_str());
            format!("{kept}{MASK}")
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_and_flags_lose_their_values() {
        for text in [
            "mysql --password hunter2 -e 'select 1'",
            "DB_PASSWORD=hunter2 ./run",
            "curl -H 'x-token: hunter2'",
            "export API_KEY=\"hunter2\"",
            "--secret=hunter2",
        ] {
            let masked = mask(text);
            assert!(!masked.contains("hunter2"), "{masked}");
        }
        assert_eq!(mask("uname -a"), "uname -a");
        assert!(!mask("aws configure AKIAIOSFODNN7EXAMPLE").contains("AKIA"));
    }
}
