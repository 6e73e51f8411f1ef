//! JSON and YAML into one value, within bounds that the size of the text does not give: depth, and what YAML's aliases
//! expand to.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep objects and lists nest.
const DEPTH: usize = 48;
/// What a document may weigh once read: one per value, one per byte of text. Four times what a text without aliases
/// can reach.
const WEIGHT: usize = 4 * super::MAX_CONTENT;

/// Reads JSON.
pub(super) fn json(text: &str) -> Result<Value, String> {
    let budget = Cell::new(WEIGHT);
    let mut reader = serde_json::Deserializer::from_str(text);
    Bounded { depth: 0, budget: &budget }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| malformed("JSON", Some((error.line(), error.column())), &error))
}

/// Reads YAML; one document only.
pub(super) fn yaml(text: &str) -> Result<Value, String> {
    let budget = Cell::new(WEIGHT);
    Bounded { depth: 0, budget: &budget }.deserialize(serde_norway::Deserializer::from_str(text)).map_err(|error| {
        let at = error.location().map(|location| (location.line(), location.column()));
        malformed("YAML", at, &error)
    })
}

fn malformed(format: &str, at: Option<(usize, usize)>, error: &dyn fmt::Display) -> String {
    match at {
        Some((line, column)) => format!("{format} not well-formed. at Line: {line}, Column: {column}"),
        None => format!("{format} not well-formed. {error}"),
    }
}

#[derive(Clone, Copy)]
struct Bounded<'a> {
    depth: usize,
    budget: &'a Cell<usize>,
}

impl Bounded<'_> {
    fn spend<E: Error>(self, weight: usize) -> Result<(), E> {
        let left = self.budget.get().checked_sub(weight).ok_or_else(|| E::custom("the document is too large"))?;
        self.budget.set(left);
        Ok(())
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH {
            return Err(E::custom("the document is nested too deeply"));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.spend(1)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that JSON does not have"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.spend(value.len())?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.spend(key.len())?;
            let value = entries.next_value_seed(inner)?;
            if members.insert(key, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Object(members))
    }
}
