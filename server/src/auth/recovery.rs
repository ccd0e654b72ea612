//! Recovery codes: 100 random bits as 20 characters that a person can write down and type.

/// Digits and letters without I, L, O and U, which are easily misread or form words (Crockford's Base32).
const ALPHABET: [u8; 32] = *b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUPS: usize = 4;
const GROUP_CHARS: usize = 5;

/// Generates a code, in groups separated by hyphens.
pub fn new_code() -> String {
    let mut bits: u128 = rand::random();
    let mut code = String::with_capacity(GROUPS * (GROUP_CHARS + 1));
    for place in 0..GROUPS * GROUP_CHARS {
        if place > 0 && place % GROUP_CHARS == 0 {
            code.push('-');
        }
        code.push(char::from(ALPHABET[(bits & 31) as usize]));
        bits >>= 5;
    }
    code
}

/// A code in the form that is hashed: without hyphens and spaces, in upper case, and with letters that look like digits read as digits.
pub fn plain(code: &str) -> String {
    let char = |char: char| match char.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    code.chars().filter(|char| !char.is_whitespace() && *char != '-').map(char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_as_it_is_read() {
        let code = new_code();
        assert_eq!((code.len(), code.split('-').count()), (23, 4), "{code}");
        assert_ne!(code, new_code());
        assert_eq!(plain(&code), code.replace('-', ""));
        assert_eq!(plain(&format!(" {} ", code.to_lowercase().replace('-', " "))), plain(&code));
        assert_eq!(plain("o1iL0-u"), "01110U");
    }
}
