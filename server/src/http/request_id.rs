//! The id of a request, from the client or a proxy, or generated here. Responses, problem documents and the log contain it.

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a client.
const LENGTH_MAX: usize = 64;

tokio::task_local! {
    static CURRENT: HeaderValue;
}

/// The id that a request carries, or a new one if it has no id that is safe to log.
pub fn of(headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(HEADER).filter(|id| is_plain(id.as_bytes()));
    given.cloned().unwrap_or_else(|| {
        let made = Uuid::from_u128(rand::random()).simple().to_string();
        // Hexadecimal digits are always a valid header value.
        HeaderValue::from_str(&made).unwrap_or(HeaderValue::from_static("none"))
    })
}

/// Whether the id has only letters, digits and the punctuation of usual ids. Control characters would change the display of a log or a
/// terminal.
fn is_plain(id: &[u8]) -> bool {
    (1..=LENGTH_MAX).contains(&id.len()) && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// Handles a request under its id.
pub async fn within<T>(id: HeaderValue, answer: impl Future<Output = T>) -> T {
    CURRENT.scope(id, answer).await
}

/// The id of the current request.
pub fn current() -> Option<String> {
    CURRENT.try_with(|id| id.to_str().map(str::to_owned).ok()).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ids_are_taken_over() {
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_static(text));
            super::of(&headers)
        };
        for plain in ["a", "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f", "web_1.2"] {
            assert_eq!(of(plain), plain);
        }
        for other in ["", "a b", "id=\"x\"", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            let made = of(other);
            assert!(made != other && made.len() == 32, "{made:?}");
        }
    }
}
