//! Expressions that say whether a part of a value is spoken of, as Rust and TypeScript both write them.

/// What `unevaluatedProperties` and `unevaluatedItems` speak of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A member of an object.
    Member,
    /// An item of an array.
    Item,
}

/// Whether both hold; `true` and `false` are decided here.
pub fn both(left: &str, right: String) -> String {
    match right.as_str() {
        "false" => right,
        "true" => left.to_owned(),
        _ => format!("({left} && ({right}))"),
    }
}

/// Whether any holds.
pub fn either(mut terms: Vec<String>) -> String {
    terms.retain(|term| term != "false");
    if terms.iter().any(|term| term == "true") {
        return "true".to_owned();
    }
    match terms.as_slice() {
        [] => "false".to_owned(),
        [only] => only.clone(),
        _ => terms.iter().map(|term| format!("({term})")).collect::<Vec<_>>().join(" || "),
    }
}
