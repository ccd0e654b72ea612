//! Path templates: which paths match one, and the text of their parameters.

/// The texts of the path parameters, as received; `None` if the path does not match the template.
pub(super) fn path_values<'p>(template: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
    let mut values = raw_values(template, path)?;
    values.reverse();
    Some(values)
}

/// Whether a path matches a template.
pub fn matches_path(template: &'static str, path: &str) -> bool {
    raw_values(template, path).is_some()
}

/// The text between a parameter and the next one in the same segment.
pub(super) fn text_behind<'t>(template: &'t str, name: &str) -> Option<&'t str> {
    let (_, behind) = template.split_once(&format!("{{{name}}}"))?;
    let (between, _) = behind.split_once('{')?;
    (!between.contains('/')).then_some(between)
}

/// The number of literal characters in a template. The more there are, the more specific the template is.
pub fn literal_length(template: &str) -> usize {
    let mut depth = 0;
    let is_literal = |character: &char| {
        depth += i32::from(*character == '{');
        let literal = depth == 0;
        depth -= i32::from(*character == '}');
        literal
    };
    template.chars().filter(is_literal).count()
}

/// The values of the path parameters, in reverse order. A value lies within one segment, is not empty, and is as short as the template
/// allows.
fn raw_values<'p>(template: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
    let Some((literal, rest)) = template.split_once('{') else { return (path == template).then(Vec::new) };
    let path = path.strip_prefix(literal)?;
    let (name, behind) = rest.split_once('}')?;
    if !behind.contains('{') {
        let value = path.strip_suffix(behind).filter(|value| !value.is_empty() && !value.contains('/'))?;
        return Some(vec![(name, value)]);
    }
    let segment = path.find('/').unwrap_or(path.len());
    let ends = path[..segment].char_indices().map(|(at, character)| at + character.len_utf8());
    ends.into_iter().find_map(|end| {
        let mut values = raw_values(behind, &path[end..])?;
        values.push((name, &path[..end]));
        Some(values)
    })
}
