//! The canonical request: the one spelling of a request that both ends hash.

use std::borrow::Cow;

use super::Request;

/// Builds the canonical request. S3 encodes a path once; every other service encodes the encoded path again.
pub(super) fn request(request: &Request<'_>, signed_headers: &[&str], payload_hash: &str, s3: bool) -> String {
    let mut text = String::with_capacity(512);
    text.push_str(request.method);
    text.push('\n');
    path(&mut text, request.path, s3);
    text.push('\n');
    query(&mut text, request.query);
    text.push('\n');
    for name in signed_headers {
        text.push_str(name);
        text.push(':');
        let values = request.headers.iter().filter(|(header, _)| header == name);
        for (index, (_, value)) in values.enumerate() {
            if index > 0 {
                text.push(',');
            }
            collapse(&mut text, value);
        }
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&signed_headers.join(";"));
    text.push('\n');
    text.push_str(payload_hash);
    text
}

fn path(text: &mut String, path: &str, s3: bool) {
    if path.is_empty() {
        text.push('/');
    } else if s3 {
        encode(text, &decode(path), true);
    } else {
        let mut segments: Vec<&str> = Vec::new();
        for segment in path.split('/') {
            match segment {
                "" | "." => {}
                ".." => {
                    segments.pop();
                }
                other => segments.push(other),
            }
        }
        for segment in &segments {
            text.push('/');
            encode(text, segment.as_bytes(), false);
        }
        if segments.is_empty() || path.ends_with('/') {
            text.push('/');
        }
    }
}

fn query(text: &mut String, query: &str) {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (recode(name), recode(value))
        })
        .collect();
    pairs.sort();
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
}

fn recode(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    encode(&mut text, &decode(part), false);
    text
}

/// A URL whose path has every letter escaped that may be; its query stays as it is.
pub(super) fn strict_url(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let start = url[start..].find(['/', '?']).map_or(url.len(), |at| start + at);
    let end = url[start..].find('?').map_or(url.len(), |at| start + at);
    let mut strict = url[..start].to_owned();
    encode(&mut strict, &decode(&url[start..end]), true);
    strict.push_str(&url[end..]);
    strict
}

fn decode(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return Cow::Borrowed(text.as_bytes());
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    Cow::Owned(decoded)
}

fn encode(text: &mut String, bytes: &[u8], keep_slash: bool) {
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (keep_slash && byte == b'/') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push_str(&super::hex(&[byte]).to_ascii_uppercase());
        }
    }
}

/// Trims a header's value and makes every run of spaces one.
fn collapse(text: &mut String, value: &str) {
    for (index, word) in value.split(' ').filter(|word| !word.is_empty()).enumerate() {
        if index > 0 {
            text.push(' ');
        }
        text.push_str(word);
    }
}
