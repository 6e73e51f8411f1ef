//! Values of tokens that are more than texts: ages, days, quantities.

use std::time::Duration;

/// Whether a text is a day: `2026-11-22`.
pub fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() })
}

/// A span of time as it is typed: `90s`, `5m`, `1h30m`, `2d`, `1w`.
pub fn age(text: &str) -> Option<Duration> {
    let mut seconds = 0u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = match rest[digits..].chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        seconds = seconds.saturating_add(number.saturating_mul(unit));
        rest = &rest[digits + 1..];
    }
    (!text.is_empty()).then(|| Duration::from_secs(seconds))
}

/// A number as it is typed: `12`, `1.5`, `80%`, `100k`, `20MB`, `2G`, in thousands as sizes are shown; an age is its seconds.
pub fn quantity(text: &str) -> Option<f64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.to_ascii_lowercase().trim_end_matches('b') {
        "" | "%" => 1.0,
        "k" => 1e3,
        "m" => 1e6,
        "g" => 1e9,
        "t" => 1e12,
        _ => return age(text).map(|age| age.as_secs_f64()),
    };
    number.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_as_they_are_shown() {
        let known =
            [("12", 12.0), ("1.5", 1.5), ("80%", 80.0), ("-1", -1.0), ("20MB", 2e7), ("3k", 3e3), ("2h", 7_200.0)];
        for (text, wanted) in known {
            assert_eq!(quantity(text), Some(wanted), "{text}");
        }
        for text in ["", "x", "1x", "k", "inf", "nan", "1e999", "b"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_text_is_read_or_not(text in ".{0,12}") {
            let _ = (quantity(&text), age(&text), is_date(&text));
        }
    }
}
