//! The names of parameters: paths, ARNs, selectors, and what AWS refuses.

use std::fmt;

use crate::{engine::ACCOUNT, ssm::ApiError};

/// How deep a hierarchy may be.
const LEVELS: usize = 15;
/// How long a name may be with the ARN in front of it.
const LONGEST: usize = 1011;

const PATH_RULE: &str = "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can \
                         consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, \
                         numbers and the following 3 symbols .-_";

/// A parameter as a request names it: `x`, `/a/b`, `/a/b:3`, `/a/b:live` or an ARN.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reference {
    /// The name as the store knows it.
    pub name: String,
    /// The name as the answer repeats it; an ARN is answered with the stored name.
    pub shown: Option<String>,
    /// Which version.
    pub selector: Option<Selector>,
}

/// Which version of a parameter is meant.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Selector {
    Version(i64),
    Label(String),
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => version.fmt(f),
            Self::Label(label) => f.write_str(label),
        }
    }
}

impl Reference {
    /// Errors: `ValidationException` for what cannot be a name.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let text = text.trim();
        let (bare, is_arn) = strip_arn(text);
        let (name, selector) = match bare.split_once(':') {
            Some((name, selector)) => (name, Some(selector)),
            None => (bare, None),
        };
        let selector = match selector {
            None => None,
            Some(text) => Some(match text.parse() {
                Ok(version) => Selector::Version(version),
                Err(_) if is_plain(text) => Selector::Label(text.to_owned()),
                Err(_) => return Err(ApiError::validation(PATH_RULE)),
            }),
        };
        let one_level = !name.contains('/');
        let path = name.strip_prefix('/').unwrap_or(name);
        if !(one_level || name.starts_with('/')) || !path.split('/').all(is_plain) {
            return Err(ApiError::validation(PATH_RULE));
        }
        Ok(Self { name: with_slash(name), shown: (!is_arn).then(|| name.to_owned()), selector })
    }
}

/// The name under which the store knows a parameter: `x` and `/x` are the same, and so is their ARN.
pub fn canonical(name: &str) -> String {
    with_slash(strip_arn(name.trim()).0)
}

fn with_slash(name: &str) -> String {
    if name.starts_with('/') { name.to_owned() } else { format!("/{name}") }
}

/// The path in an ARN of ours, and whether it was one.
fn strip_arn(text: &str) -> (&str, bool) {
    let path = text.strip_prefix("arn:aws:ssm:").and_then(|rest| {
        let (_region, rest) = rest.split_once(':')?;
        let (account, rest) = rest.split_once(':')?;
        (account == ACCOUNT).then(|| rest.strip_prefix("parameter")).flatten().filter(|path| path.starts_with('/'))
    });
    path.map_or((text, false), |path| (path, true))
}

fn is_plain(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

/// Whether a text can be a label. Those that cannot are listed in the answer, which is no error.
pub(super) fn is_label(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    is_plain(label)
        && !label.starts_with(|first: char| first.is_ascii_digit())
        && !lower.starts_with("aws")
        && !lower.starts_with("ssm")
}

/// Checks the name of a parameter that is to be put; answers it without outer spaces.
///
/// Errors: `ValidationException`, `AccessDeniedException`, `HierarchyLevelLimitExceededException`.
pub(super) fn check_new(name: &str) -> Result<&str, ApiError> {
    let name = name.trim();
    let inner = name.strip_prefix('/').unwrap_or(name);
    if inner.contains('/') && !name.starts_with('/') {
        return Err(ApiError::validation("Parameter name must be a fully qualified name."));
    }
    let is_path = inner.contains('/');
    let lower = inner.to_ascii_lowercase();
    if is_path && lower.starts_with("aws") {
        return Err(ApiError::access_denied(format!("No access to reserved parameter name: {name}.")));
    }
    if is_path && lower.starts_with("ssm") {
        return Err(ApiError::validation(PATH_RULE));
    }
    if lower.starts_with("aws") || lower.starts_with("ssm") {
        return Err(ApiError::validation(
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
        ));
    }
    if !inner.split('/').all(is_plain) {
        return Err(ApiError::validation(PATH_RULE));
    }
    if inner.split('/').count() > LEVELS {
        return Err(ApiError::new(
            "HierarchyLevelLimitExceededException",
            format!(
                "A hierarchy can have a maximum of {LEVELS} levels. For more information, see Requirements and constraints for parameter names."
            ),
        ));
    }
    // `arn:aws:ssm:us-east-1:123456789012:parameter` stands in front of every name.
    if "arn:aws:ssm:us-east-1:123456789012:parameter/".len() + inner.len() > LONGEST {
        return Err(ApiError::validation(format!(
            "Parameter name: the length of the name with its ARN must be at most {LONGEST} characters."
        )));
    }
    Ok(name)
}

/// Checks a path to list; answers it without a slash at its end.
///
/// Errors: `ValidationException`.
pub(super) fn check_path(path: &str) -> Result<&str, ApiError> {
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    let lower = trimmed.to_ascii_lowercase();
    let reserved = lower.starts_with("/ssm") || (lower.starts_with("/aws") && !lower.starts_with("/aws/"));
    let valid = path.starts_with('/') && (trimmed.is_empty() || trimmed.split('/').skip(1).all(is_plain));
    if valid && !reserved {
        return Ok(trimmed);
    }
    Err(ApiError::validation(
        "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \
         \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the \
         following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if \
         specified, must use the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_parameter_has_several_spellings() {
        for (text, name, shown) in [
            ("x", "/x", Some("x")),
            ("/x", "/x", Some("/x")),
            ("/a/b", "/a/b", Some("/a/b")),
            ("arn:aws:ssm:us-east-1:123456789012:parameter/x", "/x", None),
            ("arn:aws:ssm:us-east-1:123456789012:parameter/a/b", "/a/b", None),
        ] {
            let reference = Reference::parse(text).unwrap();
            assert_eq!((reference.name.as_str(), reference.shown.as_deref()), (name, shown), "{text}");
            assert_eq!(canonical(text), name);
        }
        let selector = |text: &str| Reference::parse(text).unwrap().selector;
        assert_eq!(selector("/a/b:3"), Some(Selector::Version(3)));
        assert_eq!(
            selector("arn:aws:ssm:us-east-1:123456789012:parameter/a:live"),
            Some(Selector::Label("live".into()))
        );
        for wrong in ["a/b", "/a//b", "/a b", "/a/", "", "x:", "x:a b"] {
            assert!(Reference::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_that_aws_refuses_are_refused_in_its_words() {
        let refused = |name: &str| check_new(name).unwrap_err();
        assert_eq!(refused("a/b").message.unwrap(), "Parameter name must be a fully qualified name.");
        assert!(
            refused("awsome")
                .message
                .unwrap()
                .ends_with("can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).")
        );
        assert!(refused("/SSM/x").message.unwrap().contains("sub-paths divided by slash"));
        assert_eq!(refused("/aws/x").code, "AccessDeniedException");
        assert_eq!(refused(&"/a".repeat(16)).code, "HierarchyLevelLimitExceededException");
        assert_eq!(check_new(&"/a".repeat(15)).unwrap().len(), 30);
        assert!(refused(&"a".repeat(1000)).message.is_some());
        assert_eq!(check_new("  x ").unwrap(), "x");
        assert!(check_new("a b").is_err() && check_new("/a//b").is_err() && check_new("/a/").is_err());
    }

    #[test]
    fn labels_follow_their_own_rules() {
        for (label, valid) in
            [("live", true), ("v1.2-b_c", true), ("1st", false), ("AWSlive", false), ("a b", false), ("ssm", false)]
        {
            assert_eq!(is_label(label), valid, "{label}");
        }
    }
}
