//! How much of a step's output travels and is kept. All limits count characters, and no cut splits one.

/// `standardOutput` of a reply, `StandardOutputContent` of an invocation.
pub const STDOUT_LIMIT: usize = 24_000;
/// `standardError` of a reply.
pub const STDERR_REPLY_LIMIT: usize = 24_000;
/// `StandardErrorContent` of an invocation.
pub const STDERR_LIMIT: usize = 8_000;
/// `output` of a step: both streams joined.
pub const OUTPUT_LIMIT: usize = 2_500;

const TRUNCATED: &str = "--output truncated--";
const ERROR_SEPARATOR: &str = "\n----------ERROR-------\n";
const OUTPUT_TRUNCATED: &str = "\n---Output truncated---";
const ERROR_TRUNCATED: &str = "\n---Error truncated----";

/// At most `limit` characters of a text, with a mark at the end (inside the limit) if something is missing.
pub fn truncate(text: &str, limit: usize) -> String {
    cut(text, limit, TRUNCATED)
}

/// Standard output and, if there is any, standard error in at most `limit` characters. If both are long each has half; if
/// one is short it is kept whole and the other has the rest.
pub fn join(stdout: &str, stderr: &str, limit: usize) -> String {
    if stderr.is_empty() {
        return cut(stdout, limit, OUTPUT_TRUNCATED);
    }
    let room = limit.saturating_sub(ERROR_SEPARATOR.len());
    let (out, err) = (count(stdout), count(stderr));
    let (for_out, for_err) = if out + err <= room {
        (out, err)
    } else if out <= room / 2 {
        (out, room - out)
    } else if err <= room / 2 {
        (room - err, err)
    } else {
        (room / 2, room / 2)
    };
    format!("{}{ERROR_SEPARATOR}{}", cut(stdout, for_out, OUTPUT_TRUNCATED), cut(stderr, for_err, ERROR_TRUNCATED))
}

fn count(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: &str, limit: usize, mark: &str) -> String {
    if text.char_indices().nth(limit).is_none() {
        return text.to_owned();
    }
    let Some(room) = limit.checked_sub(mark.len()) else { return head(text, limit).to_owned() };
    format!("{}{mark}", head(text, room))
}

fn head(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}
