//! What must not be shown: names that announce a secret, and text that carries one.

use std::{cell::Cell, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

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
        | (?P<header>\bauthorization\\?["']?\s*[=:]\s*\\?["']?(?:(?:basic|bearer|digest|negotiate|token)\s+)?)[^\s'"\\]+
        | (?P<bearer>\bbearer\s+)[A-Za-z0-9._~+/=-]{16,}
        | (?P<name>(?:--?)?[\w-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key)[\w-]*\\?["']?\s*[=:]\s*)(?P<value>\\"[^"]*"|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s'"]+)
        | (?P<url>://[^\s/:@]+:)[^\s/@]+(?P<at>@)
        | (?P<flag>--?(?:password|token|secret)\s+)(?P<word>"[^"]*"|'[^']*'|[^\s'"]+)
        "#,
    )
    .ok()
});

thread_local! {
    static MASKING: Cell<bool> = const { Cell::new(false) };
}

/// Does the work; whatever [`Sensitive`](super::Sensitive) is serialised in it, on this thread, is written masked: for what
/// leaves the program as something to read, such as records of the console.
pub fn masking<T>(work: impl FnOnce() -> T) -> T {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            MASKING.set(self.0);
        }
    }
    let _before = Before(MASKING.replace(true));
    work()
}

/// Whether this thread serialises inside [`masking`].
pub fn is_masking() -> bool {
    MASKING.get()
}

/// Masks a sensitive value and keeps its shape. A single text is a secret as a whole. In named lists, such as the parameters
/// of a command, a value is one if its name says so; of the others what looks like a secret is masked.
pub fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if is_secret_name(name) { hide_all(member) } else { mask_all(member) }
            }
        }
        other => hide_all(other),
    }
}

/// [`mask`] for every text in a value; names stay.
pub fn mask_all(value: &mut Value) {
    each_text(value, &mut |text| {
        // What has none of these carries no secret by its look, and most texts are ids.
        let suspect = text.contains(['=', ':', ' ']) || text.contains("AKIA") || text.contains("ASIA");
        if suspect {
            *text = mask(text);
        }
    });
}

fn hide_all(value: &mut Value) {
    each_text(value, &mut |text| MASK.clone_into(text));
}

fn each_text(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(list) => list.iter_mut().for_each(|value| each_text(value, change)),
        Value::Object(members) => members.values_mut().for_each(|value| each_text(value, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a name (of a parameter, of an environment variable) says that its value is a secret.
pub fn is_secret_name(name: &str) -> bool {
    SECRET_NAME.as_ref().is_none_or(|regex| regex.is_match(name))
}

/// A text with everything that looks like a secret masked: `--password x`, `TOKEN=x`, access keys.
pub fn mask(text: &str) -> String {
    let Some(regex) = SECRET_TEXT.as_ref() else { return MASK.to_owned() };
    regex
        .replace_all(text, |found: &regex::Captures<'_>| {
            let kept = |name: &str| found.name(name).map_or("", |kept| kept.as_str());
            let before = ["header", "bearer", "name", "flag", "url"].map(kept).concat();
            format!("{before}{MASK}{}", kept("at"))
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sensitive_is_masked_where_it_is_told_to_be() {
        use crate::ssm::{Parameter, SendCommand};
        let parameter = Parameter { value: Some("hunter2".into()), ..Default::default() };
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let parameters = [
            ("commands".to_owned(), lines(&["uname -a", "export TOKEN=hunter2"])),
            ("dbPassword".to_owned(), lines(&["hunter2"])),
        ];
        let send = SendCommand { parameters: crate::ssm::Sensitive(parameters.into()), ..Default::default() };
        let masked = masking(|| serde_json::to_string(&(&parameter, &send)).unwrap());
        assert!(!masked.contains("hunter2") && masked.contains("uname -a"), "{masked}");
        assert!(serde_json::from_str::<(Parameter, SendCommand)>(&masked).is_ok());
        let plain = serde_json::to_string(&(&parameter, &send)).unwrap();
        assert_eq!(plain.matches("hunter2").count(), 3);
    }

    #[test]
    fn assignments_and_flags_lose_their_values() {
        for text in [
            "mysql --password hunter2 -e 'select 1'",
            "DB_PASSWORD=hunter2 ./run",
            "curl -H 'x-token: hunter2'",
            "export API_KEY=\"hunter2\"",
            "--secret=hunter2",
            "psql postgres://app:hunter2@db.internal/app",
            r#"curl -d '{"user": "ann", "password": "hunter2", "x": 1}'"#,
            r#"curl -d '{"password":"a\"hunter2"}'"#,
            r#"curl -d "{\"password\": \"hunter2\"}""#,
            "curl -H 'Authorization: Bearer hunter2'",
            "curl -H \"authorization: hunter2\"",
            r#"{"Authorization": "Basic hunter2"}"#,
            "set bearer hunter2hunter2hunter2",
        ] {
            let masked = mask(text);
            assert!(!masked.contains("hunter2"), "{masked}");
        }
        for plain in ["the bearer of this", "uname -a", "curl http://127.0.0.1:8080/a@b", "ssh ann@host"] {
            assert_eq!(mask(plain), plain);
        }
        assert!(!mask("aws configure AKIAIOSFODNN7EXAMPLE").contains("AKIA"));
    }
}
