//! What a token asks of a tag: `tag:Env`, `tag:Env=prod,test`, `tag:Build>=40`.

use super::{Op, comparison, like};
use crate::console::state::node::natural;

/// The key of a tag, and what its value is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagTest {
    /// The key.
    pub key: String,
    /// How the value compares.
    pub op: Op,
    /// The value; `*` stands for anything, also within it.
    pub value: String,
}

impl TagTest {
    /// Reads a value of `tag:`; `before` is what the value before it asked for, as in `tag:Env=prod,test`, which means two
    /// values of one tag.
    pub fn read(text: &str, before: Option<&Self>) -> Self {
        let end = text.find(['=', '<', '>']);
        let (key, compared) = text.split_at(end.unwrap_or(text.len()));
        if let (None, Some(before)) = (end, before.filter(|before| before.value != "*")) {
            return Self { value: text.to_owned(), ..before.clone() };
        }
        let (op, value) = match compared.strip_prefix('=') {
            Some(value) => (Op::Is, value),
            None => comparison(compared).unwrap_or((Op::Is, "*")),
        };
        // Nothing behind the sign, as after a completion: the value is still to come, and every one will do.
        let (op, value) = if value.is_empty() { (Op::Is, "*") } else { (op, value) };
        Self { key: key.to_owned(), op, value: value.to_owned() }
    }

    /// Whether the value of the tag is so; `None` where there is no such tag.
    pub fn holds(&self, value: Option<&str>) -> bool {
        match (value, self.op) {
            (None, _) => false,
            (Some(value), Op::Is) => like(value, &self.value),
            (Some(value), op) => op.holds(natural(value, &self.value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_there_or_has_one_of_some_values() {
        let env = TagTest::read("Env=prod", None);
        let test = TagTest::read("test", Some(&env));
        assert!(env.holds(Some("prod")) && test.holds(Some("test")) && !test.holds(Some("prod")));
        assert_eq!(test.key, "Env");
        let any = TagTest::read("Env=", None);
        assert!(any.holds(Some("")) && !any.holds(None));
        assert_eq!(TagTest::read("Role", Some(&any)).key, "Role", "a tag that is enough is followed by another one");
        assert!(TagTest::read("Build>9", None).holds(Some("10")) && !TagTest::read("Build>9", None).holds(Some("8")));
    }
}
