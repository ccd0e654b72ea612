//! The settings of the engine, which an app may change.

/// How often the engine pulls, and how much it requests and sends at a time. Build it with `..Settings::default()`: a later version may add
/// members.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The interval between pulls when nothing else triggers one, in milliseconds.
    pub poll_ms: i64,
    /// The maximum number of changes in a page.
    pub page_changes_max: usize,
    /// The maximum number of edits in a push.
    pub push_changes_max: usize,
    /// The maximum number of bytes in a push.
    pub push_bytes_max: usize,
    /// A resync asks the user before it deletes more live records than this number or a fifth of them, whichever is greater. It also asks
    /// before it deletes nine tenths of them, if that is ten or more.
    pub deletions_unasked: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            poll_ms: 60_000,
            page_changes_max: 1_000,
            push_changes_max: 500,
            push_bytes_max: 1024 * 1024 - 4096,
            deletions_unasked: 50,
        }
    }
}
