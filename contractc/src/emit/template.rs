//! Renders templates: Handlebars in strict mode, without escaping, from views prepared in code.

use handlebars::{Handlebars, no_escape};
use serde::Serialize;

/// Renders a template. An error in the template itself, which only a change of this crate can introduce, becomes the output, where a
/// snapshot test shows it.
pub fn fill(template: &str, view: &impl Serialize) -> String {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(no_escape);
    handlebars.render_template(template, view).unwrap_or_else(|error| format!("the template cannot be filled: {error}\n"))
}
