//! Server-sent events: a stream is parsed as the HTML standard of the WHATWG says (section 9.2.6).

use std::time::Duration;

use super::report::Report;
use super::schema::Schema;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEvent {
    /// The type; `message` if the server names none.
    pub event: String,
    /// The id of the last event that has one; empty if there is none.
    pub id: String,
    /// The lines of data, with line breaks between them.
    pub data: String,
}

impl ServerEvent {
    /// Reads the data as JSON of a generated type.
    ///
    /// # Errors
    /// Returns all violations.
    pub fn read<T: Schema>(&self) -> Result<T, Report> {
        T::from_json(self.data.as_bytes())
    }
}

/// Parses a stream, whose bytes may be cut anywhere. An event that the stream does not end is discarded.
#[derive(Debug, Default)]
pub struct Events {
    line: Vec<u8>,
    /// Whether the last byte was a carriage return, to which a line feed after it belongs.
    is_after_return: bool,
    /// Whether there was a line. A byte order mark may precede the first.
    has_begun: bool,
    event: String,
    id: String,
    data: Option<String>,
    last_id: String,
    retry: Option<Duration>,
}

impl Events {
    /// Parses the next bytes, and returns the events that they end.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<ServerEvent> {
        let mut found = Vec::new();
        for byte in bytes {
            let is_pair = std::mem::replace(&mut self.is_after_return, *byte == b'\r') && *byte == b'\n';
            match byte {
                _ if is_pair => {}
                b'\r' | b'\n' => found.extend(self.end_line()),
                byte => self.line.push(*byte),
            }
        }
        found
    }

    /// The id of the last event that had one, for the header `Last-Event-ID` of a new connection; empty if there was none.
    pub fn last_id(&self) -> &str {
        &self.last_id
    }

    /// How long the server asks to wait before a new connection.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    fn end_line(&mut self) -> Option<ServerEvent> {
        let line = std::mem::take(&mut self.line);
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let line = line.strip_prefix(b"\xEF\xBB\xBF").filter(|_| is_first).unwrap_or(&line);
        if line.is_empty() {
            return self.end_event();
        }
        let line = String::from_utf8_lossy(line);
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.event),
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = Some(Duration::from_millis(value.parse().unwrap_or(u64::MAX)));
            }
            "data" => match &mut self.data {
                Some(data) => data.extend(["\n", value]),
                None => self.data = Some(value.to_owned()),
            },
            // A comment, whose name is empty, or an unknown field.
            _ => {}
        }
        None
    }

    fn end_event(&mut self) -> Option<ServerEvent> {
        self.id.clone_into(&mut self.last_id);
        let event = std::mem::take(&mut self.event);
        let event = if event.is_empty() { "message".to_owned() } else { event };
        self.data.take().map(|data| ServerEvent { event, id: self.id.clone(), data })
    }
}
