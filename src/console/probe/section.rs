//! Sections of an answer.

/// The line that ends an answer.
pub const END: &str = "#.";

/// An answer of a script, by its sections.
#[derive(Clone, Debug, Default)]
pub struct Sections<'a> {
    list: Vec<(&'a str, &'a str, Vec<&'a str>)>,
}

impl<'a> Sections<'a> {
    /// Reads an answer. Lines that belong to no section are left out.
    pub fn read(text: &'a str) -> Self {
        let mut list: Vec<(&str, &str, Vec<&str>)> = Vec::new();
        for line in text.lines() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if let Some(data) = line.strip_prefix('|') {
                if let Some((.., lines)) = list.last_mut() {
                    lines.push(data);
                }
            } else if let Some(head) = line.strip_prefix('#').filter(|head| *head != ".") {
                let (name, rest) = head.split_once(' ').unwrap_or((head, ""));
                list.push((name, rest, Vec::new()));
            }
        }
        Self { list }
    }

    /// The lines of the first section of that name, if it is there.
    pub fn get(&self, name: &str) -> Option<&[&'a str]> {
        self.list.iter().find(|(known, ..)| *known == name).map(|(.., lines)| lines.as_slice())
    }

    /// The lines of the first section of that name; none if it is not there.
    pub fn lines(&self, name: &str) -> &[&'a str] {
        self.get(name).unwrap_or_default()
    }

    /// What stands behind the name in the head of a section.
    pub fn head(&self, name: &str) -> Option<&'a str> {
        self.list.iter().find(|(known, ..)| *known == name).map(|(_, rest, _)| *rest)
    }
}

/// A path of `/proc/self/mountinfo`, where blanks and backslashes stand as three octal digits.
pub fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|digits| *first == b'\\' && digits.iter().all(|d| (b'0'..=b'7').contains(d)));
        match octal.and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|d| u8::from_str_radix(d, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_pass_for_a_head() {
        let sections = Sections::read("noise\n#up 1\n|a\n|#mem\n||b\r\n#mem\n|c\n#.\n");
        assert_eq!(sections.lines("up"), ["a", "#mem", "|b"]);
        assert_eq!((sections.head("up"), sections.lines("mem")), (Some("1"), ["c"].as_slice()));
        assert_eq!((sections.get("net"), sections.lines("net").len()), (None, 0));
    }

    #[test]
    fn mount_points_are_unescaped() {
        assert_eq!(unescaped(r"/mnt/my\040disk\134x\9"), r"/mnt/my disk\x\9");
        assert_eq!(unescaped(r"\777"), r"\777");
    }
}
