//! Lines of the model as text and styles.
//!
//! The model hands a line over as text with renditions. It writes cells that were never written to as spaces before the
//! rendition of the cell that follows, so they would look like the cell before them; here they are told from others by the
//! way they are written, as far as that goes.

use std::fmt;

use vt100::capture::{BasicFormattedCaptureState, RowContents};

use crate::console::term::{extras::Extras, history::Row, style::Style};

/// A line while the model writes it.
#[derive(Default)]
pub(super) struct Capture {
    row: Row,
    /// The style in force, in the model's colours.
    style: Style,
    /// The same with what its foreground stands for.
    decoded: Style,
    /// Parameters of a rendition that is being written.
    rendition: Option<String>,
    /// Whether the next cell is the one for which a rendition was written.
    styled: bool,
    /// Blank cells since the last one with text.
    blanks: u16,
}

impl Capture {
    /// A line of the model.
    pub fn take(&mut self, line: &RowContents<'_>, extras: &Extras) -> &Row {
        self.row.clear();
        self.style = Style::default();
        self.decoded = Style::default();
        self.styled = false;
        let mut state = BasicFormattedCaptureState::new();
        // Writing to memory cannot fail.
        let _ = line.write_formatted_basic(&mut Writer { capture: self, extras }, &mut state);
        // Blanks at the end have a style: those that have none are not written.
        self.flush(self.decoded);
        // After a line that does not go on the next begins with a line feed.
        let mut next = Begin::default();
        let _ = line.write_formatted_basic(&mut next, &mut state);
        self.row.wrapped = !next.line_feed;
        &self.row
    }

    fn flush(&mut self, style: Style) {
        self.row.add_blanks(std::mem::take(&mut self.blanks), style);
    }
}

struct Writer<'a> {
    capture: &'a mut Capture,
    extras: &'a Extras,
}

impl Writer<'_> {
    fn end_rendition(&mut self) {
        let parameters = self.capture.rendition.take().unwrap_or_default();
        // Blanks before a change were most likely never written to.
        self.capture.flush(Style::default());
        let style = &mut self.capture.style;
        style.read(parameters.as_bytes(), &mut false);
        self.capture.decoded = self.extras.decode(style.foreground, style.background, style.marks);
        self.capture.styled = true;
    }
}

impl fmt::Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if let Some(begin) = text.strip_prefix("\x1b[") {
            self.capture.rendition = Some(begin.trim_end_matches('m').to_owned());
            if begin.ends_with('m') {
                self.end_rendition();
            }
        } else if let Some(rendition) = &mut self.capture.rendition {
            rendition.push_str(text);
        } else {
            let style = self.capture.decoded;
            self.capture.flush(style);
            self.capture.row.add(text, style);
            self.capture.styled = false;
        }
        Ok(())
    }

    fn write_char(&mut self, c: char) -> fmt::Result {
        match &mut self.capture.rendition {
            Some(_) if c == 'm' => self.end_rendition(),
            Some(rendition) => rendition.push(c),
            None => {
                let certain = std::mem::take(&mut self.capture.styled);
                self.capture.blanks += 1;
                if certain {
                    self.capture.flush(self.capture.decoded);
                }
            }
        }
        Ok(())
    }
}

/// Looks at the first thing written, and refuses the rest.
#[derive(Default)]
struct Begin {
    line_feed: bool,
}

impl fmt::Write for Begin {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Err(fmt::Error)
    }

    fn write_char(&mut self, c: char) -> fmt::Result {
        self.line_feed = c == '\n';
        Err(fmt::Error)
    }
}
