//! A refusal for want of a permission, taken apart: AWS names in one long sentence what is not allowed, on what, and why.

/// What a refusal names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// What is not allowed: `ssm:StartSession`.
    pub action: String,
    /// The ARN that it is not allowed on, if the words name one.
    pub resource: Option<String>,
    /// Why.
    pub because: Because,
}

/// Why something is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// A policy denies it; its ARN.
    Policy(String),
    /// A policy of this kind denies it: `service control policy`. AWS names the policy only within its account or organisation.
    Deny(String),
    /// No policy of this kind allows it: `identity-based policy`.
    NoAllow(String),
    /// The words do not say.
    Unsaid,
}

/// What a service answers with where a permission is missing. `UnauthorizedOperation` is EC2's.
pub const CODES: [&str; 3] = ["AccessDeniedException", "AccessDenied", "UnauthorizedOperation"];

impl Denial {
    /// Reads the message of an `AccessDeniedException`. `None` if it is worded in another way.
    pub fn read(message: &str) -> Option<Self> {
        let (_, rest) = message.split_once("is not authorized to perform: ")?;
        let word = |text: &str| text.split_whitespace().next().map(|word| word.trim_end_matches('.').to_owned());
        let action = word(rest)?;
        let resource = rest.split_once(" on resource: ").and_then(|(_, rest)| word(rest));
        let because = if let Some((_, why)) = rest.split_once("with an explicit deny in ") {
            match why.split_once(": ").and_then(|(_, arn)| word(arn)).filter(|arn| arn.starts_with("arn:")) {
                Some(arn) => Because::Policy(arn),
                None => Because::Deny(kind(why)),
            }
        } else if let Some((_, why)) = rest.split_once("because no ") {
            Because::NoAllow(kind(why.split_once(" allows").map_or(why, |(kind, _)| kind)))
        } else {
            Because::Unsaid
        };
        Some(Self { action, resource, because })
    }

    /// The id of what it is not allowed on: the last part of the ARN, a node's `mi-…`.
    pub fn resource_id(&self) -> Option<&str> {
        self.resource.as_deref().and_then(|arn| arn.rsplit(['/', ':']).next()).filter(|id| !id.is_empty())
    }

    /// What the user can do next, as one sentence.
    pub fn advice(&self) -> String {
        let action = &self.action;
        match &self.because {
            Because::Policy(arn) => {
                let name = arn.rsplit('/').next().unwrap_or(arn);
                format!("The policy {name} denies {action}: ask who keeps it, or use another profile.")
            }
            Because::Deny(kind) => format!("A {kind} denies {action}: ask who keeps it, or use another profile."),
            Because::NoAllow(_) => format!("No policy allows {action} there: ask for it, or use another profile."),
            Because::Unsaid => format!("The caller may not {action}: ask for it, or use another profile."),
        }
    }
}

/// A kind of policy without article and what follows it.
fn kind(words: &str) -> String {
    let words = words.trim_end_matches('.').trim();
    let words = ["an ", "a "].iter().find_map(|article| words.strip_prefix(article)).unwrap_or(words);
    words.split_once(':').map_or(words, |(kind, _)| kind).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_aws_are_taken_apart() {
        let who =
            "User: arn:aws:sts::123456789012:assumed-role/developer/ann is not authorized to perform: ssm:StartSession";
        let node = "arn:aws:ssm:us-east-1:123456789012:managed-instance/mi-0123";
        let read = |rest: &str| Denial::read(&format!("{who}{rest}")).unwrap();
        let policy = "arn:aws:iam::123456789012:policy/team/NoShell";
        let named = read(&format!(" on resource: {node} with an explicit deny in an identity-based policy: {policy}"));
        assert_eq!((named.action.as_str(), named.resource_id()), ("ssm:StartSession", Some("mi-0123")));
        assert_eq!(named.because, Because::Policy(policy.to_owned()));
        assert!(named.advice().starts_with("The policy NoShell denies ssm:StartSession"));
        let unnamed = read(&format!(" on resource: {node} with an explicit deny in a service control policy"));
        assert_eq!(unnamed.because, Because::Deny("service control policy".to_owned()));
        let none =
            read(&format!(" on resource: {node} because no identity-based policy allows the ssm:StartSession action"));
        assert_eq!(none.because, Because::NoAllow("identity-based policy".to_owned()));
        let bare = read(".");
        assert_eq!(
            (bare.action.as_str(), bare.resource_id(), &bare.because),
            ("ssm:StartSession", None, &Because::Unsaid)
        );
        assert_eq!(Denial::read("You do not have access"), None);
    }
}
